"""Does the score know what newsrooms pushed, and does the policy say it once?

One outlet's whole stream of 2017 with a silver label: whether a breaking desk elsewhere pushed the same event within
12 hours. Every item is put into its story by the real clustering and judged at the minute it came, with the shipped
weights, which were fitted to none of it. Peers, on the same items: the number of urgency words of the same word list,
and the outlet's own tag (“BREAKING”, “URGENT” …). Then the stream runs through the policy, every proposal approved at
once: a story inside its window must not be alerted again unless it developed.
"""

import gzip
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from alerts.content import breaking, editions
from alerts.content.clusters.stories import WINDOW, Clusterer, joined, new_story_id
from alerts.content.reading.articles import make
from alerts.content.rules import stopwords, urgency_words_for
from alerts.content.summaries.summary import summarise
from alerts.content.text import stem, words
from alerts.content.topics import mention
from alerts.model import Article, Edition, Outlet, Story, StoryId
from benchmarks.table import Row, show

DATA = Path(os.environ.get("ALERTS_BENCH_DATA") or Path(__file__).resolve().parent.parent.parent / "shared" / "data")
OUTLET = Outlet(name="Stream", trust=0.5)
OUTLETS = {OUTLET.name: OUTLET}
POLICY = breaking.BreakingPolicy()
ALERTING = breaking.Alerting()
#: what has been silent for so long is not looked through for usual rates
_RATES_EVERY = timedelta(hours=1)


def measure() -> list[Row]:
    """Score the stream, then run it through the policy."""
    items = list(_items())
    began = time.process_time()
    scores, alerts = _run(items)
    spent = time.process_time() - began
    peers = {"keyword rules": _keywords(items), "BREAKING tag": _tags(items)}
    ours = _graded(scores)
    rows = []
    for name, figures in ((name, _graded(peer)) for name, peer in peers.items()):
        for what, short in (("AP", "average precision"), ("R8", "recall at 8 a day")):
            rows.append(
                Row(
                    work=f"what was pushed, {short}, against {name}",
                    peer=f"{figures[what]:.3f}",
                    ours=f"{ours[what]:.3f}",
                    ratio=ours[what] / max(figures[what], 1e-9),
                    reach="above it",
                    ok=ours[what] > figures[what],
                )
            )
    again = [alert for alert in alerts if alert.again and not alert.developed]
    updates = sum(bool(alert.developed) for alert in alerts)
    rows.append(
        Row(
            work=f"second alerts in a window without a development ({len(alerts)} alerts, {updates} updates)",
            ours=str(len(again)),
            reach="0",
            ok=not again,
        )
    )
    twice = _said_twice(alerts)
    rows.append(
        Row(
            work="alerts that repeat an earlier one of 12 h nearly word for word",
            ours=str(twice),
            reach="0",
            ok=twice == 0,
        )
    )
    each = 1000 * spent / len(items)
    rows.append(
        Row(work="CPU for one item: place, judge, decide", ours=f"{each:.1f} ms", reach="≤ 50 ms", ok=each <= 50)
    )
    return rows


def _items() -> Iterator[tuple[str, Article]]:
    with gzip.open(DATA / "alerts" / "importance.jsonl.gz", "rt", encoding="utf-8") as lines:
        for row in sorted(map(json.loads, lines), key=lambda one: one["ts"]):
            at = datetime.fromtimestamp(row["ts"], UTC)
            text = re.sub(r"\s*https?://\S+", "", row["text"]).strip() or row["text"]
            url = f"https://stream.example/{row['id']}"
            yield (
                row["id"],
                make(
                    url=url, title=text, paragraphs=(), outlet=OUTLET.name, seen_at=at, published_at=at, language="en"
                ),
            )


class Alert:
    """An alert that the policy would have sent."""

    def __init__(self, edition: Edition, at: datetime, *, again: bool, developed: str) -> None:
        self.edition, self.at, self.again, self.developed = edition, at, again, developed


def _run(items: list[tuple[str, Article]]) -> tuple[dict[str, float], list[Alert]]:
    clusterer, stories = Clusterer(), dict[StoryId, Story]()
    past: dict[StoryId, list[breaking.Proposed]] = {}
    scores: dict[str, float] = {}
    alerts: list[Alert] = []
    rates, rated_at = dict[str, float](), None
    for name, article in items:
        now = article.seen_at
        if rated_at is None or now - rated_at >= _RATES_EVERY:
            clusterer.forget(before=now - WINDOW)
            stories = {key: story for key, story in stories.items() if story.last_seen_at >= now - WINDOW}
            rates, rated_at = breaking.usual_rates(stories.values(), now=now), now
        home = clusterer.place(article).story or new_story_id(article)
        story = joined(stories.get(home), article, lead_outlets=frozenset(OUTLETS))
        clusterer.add(article, home)
        before = tuple(past.get(home, ()))
        since = max((one.at for one in before), default=None)
        stories[home] = story = _judged(story, now, rates, since)
        scores[name] = story.verdict.score if story.verdict else 0.0
        alert = _decided(story, before, now, alerts)
        if alert is not None:
            alerts.append(alert)
            past[home] = [breaking.Proposed(edition=alert.edition, told=True, at=now), *before]
    return scores, alerts


def _judged(story: Story, now: datetime, rates: Mapping[str, float], since: datetime | None) -> Story:
    from dataclasses import replace

    verdict = breaking.judge(story, outlets=OUTLETS, policy=POLICY, now=now, rates=rates, since=since)
    return replace(story, verdict=verdict)


def _decided(story: Story, before: tuple[breaking.Proposed, ...], now: datetime, alerts: list[Alert]) -> Alert | None:
    sent = tuple(alert.at for alert in alerts[-200:] if now - alert.at < timedelta(days=1))
    ruling = breaking.rule(
        story,
        outlets=OUTLETS,
        policy=POLICY,
        alerting=ALERTING,
        history=breaking.History(story=before, alerts_at=sent),
        now=now,
    )
    if ruling.kind is None or story.lead is None:
        return None
    edition = editions.alert(
        story, summarise([story.lead]), segments=["breaking"], made_at=now, revision=len(before) + 1
    )
    again = any(now - one.at < ALERTING.window for one in before)
    return Alert(edition, now, again=again, developed=ruling.developed)


def _said_twice(alerts: list[Alert]) -> int:
    """Count alerts of which nine words of ten stood in one alert of the 12 hours before, whatever its story."""
    said = [
        (alert.at, {stem(word) for word in words(alert.edition.subject) if word not in stopwords()}) for alert in alerts
    ]
    return sum(
        any(
            at - then < ALERTING.window and len(mine & theirs) >= 0.9 * len(mine | theirs)
            for then, theirs in said[max(0, number - 200) : number]
        )
        for number, (at, mine) in enumerate(said)
    )


def _keywords(items: list[tuple[str, Article]]) -> dict[str, float]:
    vocabulary = urgency_words_for("en")
    pattern = mention(tuple(word for _, wanted in vocabulary.events for word in wanted) + vocabulary.markers)
    assert pattern is not None
    return {name: float(len(pattern.findall(article.title))) for name, article in items}


def _tags(items: list[tuple[str, Article]]) -> dict[str, float]:
    tag = re.compile(r"\b(BREAKING|URGENT|UPDATE|JUST IN|ALERT)\b")
    return {name: float(bool(tag.search(article.title))) for name, article in items}


def _graded(scores: Mapping[str, float]) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "scores.json"
        file.write_text(json.dumps(scores), encoding="utf-8")
        scorer = [sys.executable, str(DATA / "score" / "alerts.py"), "importance", str(DATA / "alerts"), str(file)]
        graded: dict[str, float] = json.loads(subprocess.run(scorer, capture_output=True, check=True, text=True).stdout)
    return graded


if __name__ == "__main__":
    sys.exit(show(measure()))
