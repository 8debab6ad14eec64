"""A feed that lists many articles at once: which of them are news."""

from datetime import UTC, datetime, timedelta

from alerts.content.fetching.polling import is_upheaval, relisted
from alerts.model import Article, ArticleId

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def articles(*dates: datetime | None) -> list[Article]:
    return [
        Article(
            id=ArticleId(str(number)),
            url=f"https://herald.example/{number}",
            title=f"Headline number {number}",
            paragraphs=("A text.",),
            outlet="The Harwick Herald",
            published_at=date,
            seen_at=NOON,
            content_hash=str(number),
        )
        for number, date in enumerate(dates)
    ]


def old(new: list[Article], *, hours_ago: float = 1) -> list[str]:
    assert is_upheaval(len(new), len(new))
    return sorted(relisted(new, looked_at=NOON - timedelta(hours=hours_ago), known_titles=()), key=int)


def test_an_import_that_dates_an_archive_with_the_present_minute_is_no_news() -> None:
    stamped = articles(*(NOON - timedelta(seconds=second) for second in range(40)))
    assert len(old(stamped)) == 40


def test_what_the_same_feed_dated_before_the_import_stays_news() -> None:
    stamped = articles(NOON - timedelta(minutes=20), *(NOON - timedelta(seconds=second) for second in range(40)))
    assert "0" not in old(stamped)


def test_a_big_day_is_news_however_much_is_published() -> None:
    busy = articles(*(NOON - timedelta(seconds=20 * number) for number in range(40)))
    assert old(busy) == []


def test_what_is_undated_or_older_than_our_last_look_is_no_news() -> None:
    mixed = articles(None, NOON - timedelta(days=2), *(NOON - timedelta(minutes=2 * number) for number in range(8)))
    assert old(mixed) == ["0", "1"]
