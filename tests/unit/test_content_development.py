"""What develops a story that was told: the whole article behind the link counts as told, and headlines may be brief."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from alerts.content import editions
from alerts.content.breaking import develops
from alerts.content.summary import summarise
from alerts.model import Article, ArticleId, Edition, Story, StoryId

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def article(title: str, *paragraphs: str, minutes: float = 0) -> Article:
    at = NOW + timedelta(minutes=minutes)
    return Article(
        id=ArticleId(title),
        url=f"https://herald.example/{len(title)}",
        title=title,
        paragraphs=paragraphs,
        outlet="The Harwick Herald",
        language="en",
        published_at=at,
        seen_at=at,
        content_hash=title,
    )


def story(*articles: Article) -> Story:
    return Story(
        id=StoryId("s"), lead=articles[-1], articles=articles, first_seen_at=NOW, last_seen_at=articles[-1].seen_at
    )


def told(articles: Sequence[Article]) -> Edition:
    before = story(*articles)
    assert before.lead is not None
    return editions.alert(before, summarise([before.lead]), segments=["breaking"], made_at=NOW + timedelta(minutes=1))


LANDING = article(
    "Airliner makes emergency landing at Harwick airport",
    "An airliner with 180 people aboard made an emergency landing at Harwick airport after an engine caught fire.",
    "All passengers left the aircraft on slides, the airport said.",
    "Nine were slightly injured.",
)
LEAK = article(
    "Gas leak at Harwick chemical works, 3,000 people evacuated",
    "About 3,000 people were told to leave their homes after chlorine gas leaked at the chemical works in Harwick.",
)


def test_what_stands_in_the_linked_article_but_not_in_the_mail_is_told() -> None:
    assert develops(story(LANDING), [told([LANDING])]) is None
    again = article(
        "Airliner lands in Harwick with burning engine, nine injured",
        "Nine people were injured when an airliner landed at Harwick airport with a burning engine.",
        minutes=20,
    )
    assert develops(story(LANDING, again), [told([LANDING])]) is None


def test_what_was_written_into_the_linked_article_since_is_not_told() -> None:
    rewritten = replace(
        LANDING,
        title="Two die after airliner's emergency landing at Harwick airport",
        updated_at=NOW + timedelta(minutes=40),
    )
    assert "2 dead" in (develops(story(rewritten), [told([LANDING])]) or "")


def test_a_headline_that_turns_the_story_is_news_although_most_of_its_words_are_known() -> None:
    over = article(
        "Gas leak at Harwick chemical works over, people return",
        "The gas leak at the chemical works in Harwick is over and the 3,000 people may return to their homes.",
        minutes=60,
    )
    assert "return" in (develops(story(LEAK, over), [told([LEAK])]) or "")
