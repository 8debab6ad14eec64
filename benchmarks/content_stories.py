"""Is one text known again, and are articles of one event put together? Against peers, in the same run.

    make bench-content_stories

Copies are made from real articles (`articles/body`): excerpts, updates, merges; peer: simhash at the widest distance
that makes no false pair. Stories (`clusters/`): all sets with the one setting that ships, articles in three shuffled
orders one after another, `alike` asked after every 300, as the desk does from time to time; peer: the usual single
pass of TF-IDF over whole texts, its weights from the whole set at once and its threshold tuned for each set. Neither
sees times: the sets have none. Articles per second are of CPU.
"""

import gzip
import json
import lzma
import math
import os
import random
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from simhash import Simhash  # type: ignore[import-untyped]

from alerts.content.clusters import copies, stories
from alerts.content.reading.articles import make
from alerts.content.rules import stopwords
from alerts.model import Article, StoryId
from benchmarks.table import Row, show

#: all at once: nobody told the sets when
NOW = datetime(2026, 1, 1, tzinfo=UTC)
ORDERS = (1, 2, 3)
MERGE_EVERY = 300
#: set → what must be reached beyond the peer's B³ F1
REACH = {"fnc_body": -1.0, "fnc_head": -1.0, "uci": 2.0, "ecb": 1.0}
THRESHOLDS = (0.06, 0.08, 0.1, 0.12, 0.14, 0.16, 0.18, 0.2, 0.22, 0.25, 0.3)


def data(name: str) -> Path:
    """Find a file of the data."""
    beside = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
    return Path(os.environ.get("ALERTS_BENCH_DATA", beside)) / name


# --- copies ---------------------------------------------------------------------------------------


def variants(text: str, other: str, chance: random.Random) -> dict[str, str]:
    """Make what becomes of an article: its beginning, its update, its merger with another."""
    words = text.split()
    vocabulary = other.split()
    replaced = [chance.choice(vocabulary) if chance.random() < 0.1 else word for word in words]
    kept = words[len(words) // 8 : -max(1, len(words) // 8)]
    return {
        "first half": " ".join(words[: len(words) // 2]),
        "first quarter": " ".join(words[: len(words) // 4]),
        "10 % of words replaced": " ".join(replaced),
        "new lead and tail": " ".join([*vocabulary[:60], *kept, *vocabulary[-60:]]),
        "merged with another": f"{text}\n{other}",
    }


def measure_copies() -> list[Row]:
    """Count copies found and false pairs, and the speed of both."""
    with lzma.open(data("articles/body.jsonl.xz"), "rt") as lines:
        found = [json.loads(line)["articleBody"] for line in lines]
    texts = [text for text in found if len(text.split()) >= 100]
    chance = random.Random(3)
    made = [variants(text, texts[number - 1], chance) for number, text in enumerate(texts)]
    ours, seconds = timed(lambda: [copies.sketch(text) for text in texts])
    theirs, peer_seconds = timed(lambda: [Simhash(text) for text in texts])
    mine = [{kind: copies.sketch(text) for kind, text in one.items()} for one in made]
    hashes = [{kind: Simhash(text) for kind, text in one.items()} for one in made]
    unrelated = [
        (one, other, kind)
        for one in range(len(texts))
        for other in range(len(texts))
        for kind in made[other]
        # The new lead and the merger come from the article before.
        if one not in {other, (other - 1) % len(texts)}
    ]
    nearest = min(theirs[one].distance(hashes[other][kind]) for one, other, kind in unrelated)
    widest = min(10, nearest - 1)
    false = sum(copies.contained(ours[one], mine[other][kind]) >= copies.COPY for one, other, kind in unrelated)
    rows = []
    for kind in made[0]:
        hits = [copies.contained(a, b[kind]) >= copies.COPY for a, b in zip(ours, mine, strict=True)]
        peer = [a.distance(b[kind]) <= widest for a, b in zip(theirs, hashes, strict=True)]
        rows.append(share_row(f"copies found: {kind}", hits, peer))
    looked_up = [not set(a.keys).isdisjoint(b[kind].keys) for a, b in zip(ours, mine, strict=True) for kind in b]
    rows.append(share_row("copies found by the keys of the index", looked_up, None))
    rows.append(
        Row(
            work=f"false pairs among {len(unrelated):,} unrelated",
            peer=f"0 (distance ≤ {widest})",
            ours=str(false),
            reach="0 in 10,000",
            ok=not false and len(unrelated) >= 10_000,
        )
    )
    rate, peer_rate = len(texts) / seconds, len(texts) / peer_seconds
    rows.append(
        Row(
            work="sketches per CPU second",
            peer=f"{peer_rate:,.0f}",
            ours=f"{rate:,.0f}",
            ratio=rate / peer_rate,
            reach="≥ peer",
            ok=rate >= peer_rate,
        )
    )
    return rows


def share_row(work: str, hits: Sequence[bool], peer: Sequence[bool] | None) -> Row:
    """Put a share of hits into the table."""
    share = sum(hits) / len(hits)
    return Row(
        work=work,
        peer="" if peer is None else f"{sum(peer) / len(peer):.1%}",
        ours=f"{share:.1%}",
        reach="≥ 95 %",
        ok=share >= 0.95,
    )


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """Do something; tell how many CPU seconds it took."""
    began = time.process_time()
    result = work()
    return result, time.process_time() - began


# --- stories --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An article of a set, and the story it belongs to."""

    gold: str
    text: str
    article: Article


def items(name: str) -> list[Item]:
    """Read a set: documents have a headline on top, bodies none, headlines no text."""
    with gzip.open(data(f"clusters/{name.partition('_')[0]}.jsonl.gz"), "rt") as lines:
        records = [json.loads(line) for line in lines]
    kinds = {"fnc_body": "body", "fnc_head": "headline"}
    if name in kinds:
        records = [record for record in records if record["kind"] == kinds[name]]
    return [_item(name, record) for record in records]


def _item(name: str, record: dict[str, Any]) -> Item:
    text = record.get("text") or record["title"]
    parts = [part.strip() for part in text.split("\n") if part.strip()]
    title = "" if name == "fnc_body" else record.get("title") or parts[0]
    paragraphs = [part for part in parts if part != title.strip()]
    article = make(
        url=f"https://outlet.example/{name}/{record['id']}",
        title=title,
        paragraphs=tuple(paragraphs),
        outlet="outlet",
        seen_at=NOW,
    )
    return Item(gold=record["cluster"], text=text, article=article)


def grouped(order: Sequence[Item]) -> list[StoryId]:
    """Put articles into stories one after another, as the desk does; tell the story of each."""
    clusterer = stories.Clusterer()
    homes: list[StoryId] = []
    into: dict[str, StoryId] = {}
    for number, item in enumerate(order, start=1):
        home = clusterer.place(item.article).story or stories.new_story_id(item.article)
        clusterer.add(item.article, home)
        homes.append(home)
        if number % MERGE_EVERY == 0 or number == len(order):
            while pairs := clusterer.alike():
                for pair in pairs:
                    clusterer.join(pair.story, pair.other)
                    into[pair.other] = pair.story
    return [_last(home, into) for home in homes]


def _last(home: StoryId, into: dict[str, StoryId]) -> StoryId:
    while home in into:
        home = into[home]
    return home


def vectors(order: Sequence[Item]) -> list[dict[str, float]]:
    """Weigh whole texts as the peer does: sublinear counts, smooth idf of the whole set, unit length."""
    counted = [
        Counter(word for word in re.findall(r"\b\w\w+\b", item.text.lower()) if word not in stopwords())
        for item in order
    ]
    seen = Counter(word for words in counted for word in words)
    weighed = []
    for words in counted:
        vector = {
            word: (1 + math.log(count)) * (math.log((1 + len(order)) / (1 + seen[word])) + 1)
            for word, count in words.items()
        }
        length = math.hypot(*vector.values()) or 1.0
        weighed.append({word: weight / length for word, weight in vector.items()})
    return weighed


def single_pass(weighed: Sequence[dict[str, float]], threshold: float) -> list[int]:
    """Put each vector to the nearest centroid from a threshold on: the peer."""
    squares: list[float] = []
    index: defaultdict[str, dict[int, float]] = defaultdict(dict)
    labels = []
    for vector in weighed:
        dots: defaultdict[int, float] = defaultdict(float)
        for word, weight in vector.items():
            for cluster, there in index[word].items():
                dots[cluster] += weight * there
        best = max(dots, key=lambda cluster: dots[cluster] / math.sqrt(squares[cluster]), default=-1)
        if best < 0 or dots[best] / math.sqrt(squares[best]) < threshold:
            best = len(squares)
            squares.append(0.0)
        for word, weight in vector.items():
            before = index[word].get(best, 0.0)
            index[word][best] = before + weight
            squares[best] += (before + weight) ** 2 - before**2
        labels.append(best)
    return labels


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How well a grouping fits; the mean of several orders."""

    f1: float
    lookalikes: float
    topics: int


def scored(order: Sequence[Item], labels: Sequence[object]) -> Score:
    """Score as `score/clusters.py` does: B³ F1, and topics of which both look-alike events share a story."""
    gold = [item.gold for item in order]
    theirs, real, both = Counter(labels), Counter(gold), Counter(zip(labels, gold, strict=True))
    precision = sum(both[pair] / theirs[pair[0]] for pair in zip(labels, gold, strict=True)) / len(order)
    recall = sum(both[pair] / real[pair[1]] for pair in zip(labels, gold, strict=True)) / len(order)
    events: defaultdict[object, set[str]] = defaultdict(set)
    for label, event in zip(labels, gold, strict=True):
        events[label].add(event)
    mixed = {
        first.split("_")[0]
        for together in events.values()
        for first, second in pairwise(sorted(together))
        if first.split("_")[0] == second.split("_")[0]
    }
    return Score(
        f1=200 * precision * recall / (precision + recall),
        lookalikes=len(mixed),
        topics=len({event.split("_")[0] for event in real}),
    )


def mean(scores: Iterable[Score]) -> Score:
    """Average over orders."""
    some = list(scores)
    return Score(
        f1=sum(one.f1 for one in some) / len(some),
        lookalikes=sum(one.lookalikes for one in some) / len(some),
        topics=some[0].topics,
    )


def measure_stories(name: str) -> list[Row]:
    """Measure one set against the peer."""
    known = items(name)
    orders = [random.Random(number).sample(known, len(known)) for number in ORDERS]
    peer = max(_peer(orders), key=lambda score: score.f1)
    results, seconds = timed(lambda: [grouped(order) for order in orders])
    ours = mean(scored(order, labels) for order, labels in zip(orders, results, strict=True))
    rate = len(ORDERS) * len(known) / seconds
    reach = REACH[name]
    rows = [
        Row(
            work=f"stories, B³ F1: {name}",
            peer=f"{peer.f1:.1f}",
            ours=f"{ours.f1:.1f}",
            ratio=ours.f1 / peer.f1,
            reach=f"peer {reach:+.0f}",
            ok=ours.f1 >= peer.f1 + reach,
        )
    ]
    if name == "ecb":
        rows.append(
            Row(
                work=f"look-alike events merged, of {ours.topics}",
                peer=f"{peer.lookalikes:.1f}",
                ours=f"{ours.lookalikes:.1f}",
                ratio=ours.lookalikes / peer.lookalikes,
                reach="≤ peer − 2",
                ok=ours.lookalikes <= peer.lookalikes - 2,
            )
        )
    rows.append(Row(work=f"articles per CPU second: {name}", ours=f"{rate:,.0f}", reach="≥ 1,000", ok=rate >= 1000))
    return rows


def _peer(orders: Sequence[Sequence[Item]]) -> list[Score]:
    weighed = [vectors(order) for order in orders]
    return [
        mean(scored(order, single_pass(vector, threshold)) for order, vector in zip(orders, weighed, strict=True))
        for threshold in THRESHOLDS
    ]


def measure() -> list[Row]:
    """Measure copies and stories."""
    return [*measure_copies(), *(row for name in REACH for row in measure_stories(name))]


if __name__ == "__main__":
    sys.exit(show(measure()))
