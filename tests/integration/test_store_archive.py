"""The archive gives back what was published, as it was."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.model import Article, ArticleId, Image, Level, Removed, Signal, Story, StoryId, Verdict
from alerts.store import Store
from alerts.store.archived import article_from_json, article_to_json, verdict_from_json, verdict_to_json
from alerts.store.records import FeedState
from tests.databases import store_in

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = store_in(tmp_path)
    yield opened
    opened.close()


def article(number: int, **given: Any) -> Article:
    known: dict[str, Any] = {
        "id": ArticleId(f"article{number}"),
        "url": f"https://news.example.org/{number}",
        "title": f"Headline {number}",
        "paragraphs": ("First.", "Second."),
        "outlet": "Example",
        "seen_at": NOW + number * HOUR,
        "content_hash": f"hash{number}",
    }
    return Article(**{**known, **given})


def story(name: str, *articles: Article, verdict: Verdict | None = None) -> Story:
    return Story(
        id=StoryId(name),
        lead=articles[0] if articles else None,
        articles=articles,
        first_seen_at=NOW,
        last_seen_at=max((one.seen_at for one in articles), default=NOW),
        verdict=verdict,
    )


VERDICT = Verdict(score=7.25, level=Level.ALERT, signals=(Signal(name="marker", points=3.5, evidence="“Breaking”"),))

TEXT = st.text(max_size=20)
TEXTS = st.lists(TEXT, max_size=3).map(tuple)
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45))])
INSTANTS = st.datetimes(timezones=ZONES)
ARTICLES = st.builds(
    Article,
    id=TEXT.map(ArticleId),
    image=st.none() | st.builds(Image, url=TEXT, alt=TEXT, caption=TEXT, credit=TEXT),
    paragraphs=TEXTS,
    authors=TEXTS,
    categories=TEXTS,
    topics=TEXTS,
    published_at=st.none() | INSTANTS,
    seen_at=INSTANTS,
    removed=st.lists(st.builds(Removed, text=TEXT, rule=TEXT), max_size=2).map(tuple),
    **dict.fromkeys(("url", "title", "outlet", "standfirst", "section", "language", "content_hash", "feed"), TEXT),
)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
SIGNALS = st.lists(st.builds(Signal, name=TEXT, points=NUMBERS, evidence=TEXT), max_size=3).map(tuple)
VERDICTS = st.builds(Verdict, score=NUMBERS, level=st.sampled_from(Level), signals=SIGNALS)


@settings(max_examples=150, deadline=None)
@given(ARTICLES, st.none() | VERDICTS)
def test_articles_and_verdicts_survive_writing_down(written: Article, verdict: Verdict | None) -> None:
    assert article_from_json(article_to_json(written)) == written
    assert verdict_from_json(verdict_to_json(verdict)) == verdict


class TestArticles:
    def test_only_what_is_new_or_changed_is_handed_back(self, store: Store) -> None:
        one, two = article(1), article(2)
        assert store.archive.add_articles([(one, False), (two, False)]) == [one, two]
        assert store.archive.add_articles([(one, False), (two, False)]) == []
        rewritten = article(1, paragraphs=("Other.",), content_hash="other", seen_at=NOW + 9 * HOUR)
        (changed,) = store.archive.add_articles([(rewritten, False), (two, False)])
        assert changed.paragraphs == ("Other.",)
        assert changed.seen_at == one.seen_at
        assert store.archive.article(one.id) == changed

    def test_an_article_twice_in_one_go_is_one(self, store: Store) -> None:
        assert store.archive.add_articles([(article(1), False), (article(1), False)]) == [article(1)]

    def test_backfill_stays_backfill_and_a_changed_article_stays_in_its_story(self, store: Store) -> None:
        store.archive.add_articles([(article(1), True), (article(2), False)])
        store.archive.save_story(story("s", article(1), article(2)))
        store.archive.add_articles([(article(1, content_hash="other"), False)])
        assert store.archive.backfill([ArticleId("article1"), ArticleId("article2")]) == {"article1"}
        kept = store.archive.story("s")
        assert kept is not None
        assert [one.content_hash for one in kept.articles] == ["other", "hash2"]

    def test_they_are_found_by_id_outlet_and_time(self, store: Store) -> None:
        articles = [article(n, outlet="Other" if n % 2 else "Example") for n in range(6)]
        store.archive.add_articles([(one, False) for one in articles])
        assert store.archive.article(ArticleId("nothing")) is None
        assert store.archive.articles(since=NOW + 4 * HOUR) == [articles[5], articles[4]]
        assert store.archive.articles(since=NOW, outlet="Other", limit=2) == [articles[5], articles[3]]

    def test_more_than_one_statement_holds(self, store: Store) -> None:
        articles = [(article(n), n % 2 == 0) for n in range(1203)]
        assert len(store.archive.add_articles(articles)) == 1203
        assert store.archive.add_articles(articles) == []
        assert len(store.archive.backfill(one.id for one, _ in articles)) == 602


class TestStories:
    def test_a_story_comes_back_as_it_was_saved(self, store: Store) -> None:
        saved = story("s1", article(1), article(2), verdict=VERDICT)
        store.archive.add_articles([(one, False) for one in saved.articles])
        store.archive.save_story(saved)
        assert store.archive.story("s1") == saved
        assert store.archive.story_of(ArticleId("article2")) == saved
        assert store.archive.story_of(ArticleId("article3")) is None

    def test_it_is_known_by_the_beginning_of_its_id_if_no_other_begins_so(self, store: Store) -> None:
        store.archive.add_articles([(article(n), False) for n in range(3)])
        for number, name in enumerate(["abc1", "abd2", "ab"]):
            store.archive.save_story(story(name, article(number)))
        named = {ref: store.archive.story(ref) for ref in ("abc", "ab", "abd2", "a", "", "%", "x")}
        assert {ref: found.id for ref, found in named.items() if found} == {"abc": "abc1", "ab": "ab", "abd2": "abd2"}

    def test_an_article_goes_from_one_story_to_another(self, store: Store) -> None:
        one, two, three = article(1), article(2), article(3)
        store.archive.add_articles([(one, False), (two, False), (three, False)])
        store.archive.save_story(story("old", one, two))
        store.archive.save_story(story("new", two, three))
        store.archive.save_story(story("new", two))
        listed = {found.id: [part.id for part in found.articles] for found in store.archive.open_stories(since=NOW)}
        assert listed == {"old": [one.id], "new": [two.id]}
        assert store.archive.story_of(three.id) is None
        store.archive.save_story(story("old", one, two))
        assert [found.id for found in store.archive.open_stories(since=NOW)] == ["old"]

    def test_open_ones_come_oldest_first_and_listed_ones_newest_first(self, store: Store) -> None:
        for number in range(5):
            store.archive.add_articles([(article(number), False)])
            store.archive.save_story(story(f"s{number}", article(number), verdict=VERDICT if number % 2 else None))
        since = NOW + HOUR
        assert [found.id for found in store.archive.open_stories(since=since)] == ["s1", "s2", "s3", "s4"]
        assert [found.id for found in store.archive.stories(since=since, limit=3)] == ["s4", "s3", "s2"]
        assert [found.id for found in store.archive.stories(since=NOW, level=Level.ALERT)] == ["s3", "s1"]


def test_what_polling_learnt_is_remembered(store: Store) -> None:
    url = "https://news.example.org/rss"
    assert store.archive.feed_state(url) is None
    store.archive.save_feed_states([FeedState(url=url, outlet="Example")])
    learnt = FeedState(
        url=url,
        outlet="Example",
        etag='"e"',
        last_modified="Sun, 01 Mar 2026 12:00:00 GMT",
        moved_to="https://news.example.org/feed",
        moved_times=2,
        next_poll_at=NOW + HOUR,
        interval_seconds=60,
        first_success_at=NOW,
        last_success_at=NOW,
        last_new_at=NOW,
        entries=30,
        failures=3,
        last_error="time-out",
        retired_at=NOW,
    )
    store.archive.save_feed_states([learnt])
    assert store.archive.feed_state(url) == learnt
    assert store.archive.feed_states() == [learnt]


def test_two_feeds_that_word_an_article_differently_do_not_rewrite_it_in_turn(store: Store) -> None:
    long = article(1, feed="https://herald.example/all", paragraphs=("A ferry ran aground off Port Ellery.",) * 3)
    short = article(1, feed="https://herald.example/top", paragraphs=("A ferry ran aground.",), content_hash="short")
    store.archive.add_articles([(long, False)])
    assert store.archive.add_articles([(short, False)]) == []
    newer = replace(short, updated_at=NOW + 2 * HOUR)
    assert [one.content_hash for one in store.archive.add_articles([(newer, False)])] == ["short"]
