"""The demonstration: fresh dates, whole feeds, and the story breaks where it should."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alerts import config, demo
from alerts.content import breaking
from alerts.content.clusters.stories import Clusterer, joined
from alerts.content.guard.faithfulness import unsupported
from alerts.content.reading import feeds
from alerts.content.reading.articles import from_entry
from alerts.content.summaries.summary import summarise
from alerts.guarded import Worker
from alerts.model import Article, Level, Relation, Story

NOW = datetime(2026, 11, 23, 18, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker(processes=1) as running:
        yield running


def read(folder: Path, worker: Worker) -> dict[str, list[Article]]:
    outlets = config.load(folder / "config.toml").all_outlets
    found: dict[str, list[Article]] = {}
    for outlet in outlets:
        for feed in outlet.feeds:
            reading = feeds.read(Path(feed).read_bytes(), url=feed, worker=worker)
            made = (from_entry(entry, outlet=outlet.name, feed=feed, now=NOW) for entry in reading.entries)
            found[outlet.name] = [article for article in made if article is not None]
    return found


def stories_of(folder: Path, worker: Worker) -> list[Story]:
    outlets = {outlet.name: outlet for outlet in config.load(folder / "config.toml").all_outlets}
    ours = frozenset(name for name, outlet in outlets.items() if outlet.relation is Relation.OURS)
    articles = sorted((one for some in read(folder, worker).values() for one in some), key=lambda one: one.told_at)
    clusterer, stories = Clusterer(), dict[str, Story]()
    for article in articles:
        home = clusterer.place(article).story
        story = joined(stories.get(home) if home else None, article, lead_outlets=ours)
        clusterer.add(article, story.id)
        stories[story.id] = story
    # As at the desk, where stories are compared before one is proposed.
    for pair in clusterer.alike():
        clusterer.join(pair.story, pair.other)
        for article in stories.pop(pair.other).articles:
            stories[pair.story] = joined(stories[pair.story], article, lead_outlets=ours)
    policy = breaking.BreakingPolicy(watch_words=("Port Ellery",))
    return [
        replace(story, verdict=breaking.judge(story, outlets=outlets, policy=policy, now=NOW))
        for story in stories.values()
    ]


def test_dates_are_fresh_and_no_placeholder_is_left(tmp_path: Path, worker: Worker) -> None:
    written = demo.materialise(tmp_path, NOW)
    assert {file.name for file in written} >= {
        "config.toml",
        "courier.xml",
        "coastline-radio.json",
        "skarrow-talks.txt",
    }
    assert not any("{{" in file.read_text(encoding="utf-8") for file in written)
    articles = [one for some in read(tmp_path, worker).values() for one in some]
    assert all(article.published_at is not None and article.published_at < NOW for article in articles)
    ferry = next(article for article in articles if article.title.startswith("Ferry with 214"))
    assert ferry.published_at == NOW - timedelta(minutes=22)
    assert len(ferry.paragraphs) == 7


def test_as_of_an_hour_ago_the_ferry_had_not_run_aground(tmp_path: Path, worker: Worker) -> None:
    demo.materialise(tmp_path, NOW, as_of=NOW - timedelta(hours=1))
    before = {article.title for some in read(tmp_path, worker).values() for article in some}
    demo.materialise(tmp_path, NOW)
    after = {article.title for some in read(tmp_path, worker).values() for article in some}
    assert before < after
    # Four outlets report it, each under a headline of its own.
    assert len(after - before) == 4
    assert all("erry" in title for title in after - before)


def test_exactly_one_story_breaks_and_other_outlets_bear_it_out(tmp_path: Path, worker: Worker) -> None:
    demo.materialise(tmp_path, NOW)
    stories = stories_of(tmp_path, worker)
    (breaks,) = [story for story in stories if story.verdict and story.verdict.level is not Level.DIGEST_ONLY]
    assert breaks.lead is not None
    assert breaks.lead.title == "Ferry with 214 aboard runs aground off Port Ellery"
    assert len(breaks.articles) == 4
    # The post copied the agency: three voices, not four.
    assert breaks.verdict is not None
    assert any("3 independent outlets" in reason for reason in breaks.verdict.reasons)


def test_a_digest_has_plenty_to_tell_and_says_only_what_stands_in_its_articles(tmp_path: Path, worker: Worker) -> None:
    demo.materialise(tmp_path, NOW)
    ours = [story for story in stories_of(tmp_path, worker) if story.lead is not None]
    assert len(ours) >= 12
    assert len({story.lead.section for story in ours if story.lead}) >= 8
    for story in ours:
        assert story.lead is not None
        summary = summarise([story.lead])
        assert len(summary.headline) <= 70
        assert not summary.headline.endswith("…")
        assert 20 <= len(summary.preheader) <= 110
        source = [story.lead.title, story.lead.standfirst, "\n".join(story.lead.paragraphs)]
        for sentence in (*summary.sentences, *summary.blurb):
            assert [found for found in unsupported(sentence.text, source) if not found.misplaced] == []


def test_nothing_of_the_demonstration_can_leave_the_machine(tmp_path: Path) -> None:
    demo.materialise(tmp_path, NOW)
    loaded = config.load(tmp_path / "config.toml")
    assert loaded.provider.use == "outbox"
    assert all(not feed.startswith("http") for outlet in loaded.all_outlets for feed in outlet.feeds)
    assert all(Path(feed).is_file() for outlet in loaded.all_outlets for feed in outlet.feeds)


def test_files_of_the_newsroom_itself_are_left_alone(tmp_path: Path) -> None:
    mine = tmp_path / "notes.txt"
    mine.write_text("mine")
    demo.materialise(tmp_path, NOW)
    assert mine.read_text() == "mine"
