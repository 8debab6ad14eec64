"""How good are summaries, and how well does the guard guard them?

    make bench-content_summaries

Alert lines against what the BBC's breaking desk really sent, summaries against the highlights of CNN and Daily Mail
journalists, each through our own code and beside the plain beginning of the same text; the guard on our summaries of
real articles, as they are and with one fact changed (`changed.py`).
"""

import gzip
import json
import lzma
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from rouge_score import rouge_scorer

from alerts.content import sentences
from alerts.content.guard.faithfulness import Guard
from alerts.content.reading.articles import make
from alerts.content.summaries.summary import LINE_LIMIT, Budget, extract, summarise
from alerts.model import Article
from benchmarks import changed
from benchmarks.table import Row, show

DATA = Path(os.environ.get("ALERTS_BENCH_DATA") or Path(__file__).resolve().parent.parent.parent / "shared" / "data")
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_ROUGE = rouge_scorer.RougeScorer(["rouge1", "rouge2", "rougeLsum"], use_stemmer=True)
_WORDS = 75
#: change of a fact → share of the changed texts that the guard must find
_CHANGES: dict[str, tuple[Callable[[str, str], Iterator[str]], float]] = {
    "a number changed": (changed.numbers, 0.95),
    "a foreign name": (changed.names, 0.95),
    "a quotation changed": (changed.quotes, 0.95),
    "denied what was affirmed": (changed.negated, 0.85),
    "affirmed what was denied": (changed.affirmed, 0.85),
    "another name of the article": (changed.swapped_names, 0.65),
    "another number of the article": (changed.swapped_numbers, 0.65),
}


def measure() -> list[Row]:
    """Measure lines, summaries, the guard, and what a sentence costs."""
    return [*_lines(), *_summaries(), *_guard(), _splitting()]


def _rows(name: str) -> list[dict[str, Any]]:
    opened = lzma.open if name.endswith(".xz") else gzip.open
    with opened(DATA / name, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def _article(title: str, paragraphs: tuple[str, ...], standfirst: str = "") -> Article:
    return make(
        url="https://news.example/1",
        title=title,
        standfirst=standfirst,
        paragraphs=paragraphs,
        outlet="BBC" if standfirst else "The news",
        seen_at=_NOW,
        language="en",
    )


def _paragraphs(text: str) -> tuple[str, ...]:
    """The sets have no paragraphs: two sentences make one."""
    split = sentences.split(text)
    return tuple(" ".join(split[at : at + 2]) for at in range(0, len(split), 2))


def _rouge(reference: str, text: str) -> dict[str, float]:
    return {name: 100 * score.fmeasure for name, score in _ROUGE.score(reference, text).items()}


def _lines() -> Iterator[Row]:
    rows = [row for row in _rows("alerts/bbc_alerts.jsonl.gz") if row["headline"] and row["description"]]
    peer = ours = over = 0.0
    for row in rows:
        line = summarise([_article(row["headline"], (), row["description"])]).line
        said = line.text if line else ""
        over += len(said) > LINE_LIMIT
        ours += _rouge(row["text"], said)["rouge1"] / len(rows)
        peer += _rouge(row["text"], row["description"][:LINE_LIMIT])["rouge1"] / len(rows)
    yield Row(
        work=f"alert line, {len(rows):,} of the BBC, ROUGE-1",
        peer=f"{peer:.1f}",
        ours=f"{ours:.1f}",
        ratio=ours / peer,
        reach="description cut to 116",
        ok=ours >= peer,
    )
    yield Row(work="alert lines over 116 characters", ours=f"{over:.0f}", reach="0", ok=not over)


def _summaries() -> Iterator[Row]:
    for name, must in (("cnndm", True), ("xsum", False)):
        rows = _rows(f"summaries/{name}.jsonl.gz")
        peer: Counter[str] = Counter()
        ours: Counter[str] = Counter()
        most = over = 0
        for row in rows:
            reference = "\n".join(row["reference_sentences"])
            lead = "\n".join(sentences.split(" ".join(row["article"].split()[:_WORDS])))
            budget = Budget(limit=10_000, sentences=9, words=_WORDS)
            said = [one.text for one in extract([_article("", _paragraphs(row["article"]))], budget)]
            if not must:
                lead, said = sentences.split(row["article"])[0], said[:1]
            words = len(" ".join(said).split())
            most, over = max(most, words), over + (words > _WORDS)
            for kind, score in _rouge(reference, lead).items():
                peer[kind] += score / len(rows)
            for kind, score in _rouge(reference, "\n".join(said)).items():
                ours[kind] += score / len(rows)
        for kind in ("rouge1", "rouge2", "rougeLsum"):
            yield Row(
                work=f"summary, {name}, {kind}",
                peer=f"{peer[kind]:.1f}",
                ours=f"{ours[kind]:.1f}",
                ratio=ours[kind] / peer[kind],
                reach="lead of 75 words" if must else "lead sentence; report only",
                ok=ours[kind] >= peer[kind] or not must,
            )
        if must:
            yield Row(work=f"longest summary, {name}", ours=f"{most} words", reach="75", ok=not over)


def _bodies() -> Iterator[tuple[str, ...]]:
    for row in _rows("articles/body.jsonl.xz"):
        yield tuple(part.strip() for part in row["articleBody"].split("\n\n") if part.strip())
    for name in ("cnndm", "xsum"):
        yield from (_paragraphs(row["article"]) for row in _rows(f"summaries/{name}.jsonl.gz"))


def _guard() -> Iterator[Row]:
    tried: Counter[str] = Counter()
    caught: Counter[str] = Counter()
    alarms = articles = 0
    began = time.process_time()
    for paragraphs in _bodies():
        summary = summarise([_article(paragraphs[0][:60], paragraphs)])
        source = "\n".join(paragraphs)
        guard = Guard([source])
        said = list(dict.fromkeys(one.text for one in (*summary.sentences, *summary.blurb)))
        articles += 1
        alarms += any(guard.check(text) for text in said)
        for name, (change, _) in _CHANGES.items():
            for text in (made for one in said for made in change(one, source)):
                tried[name] += 1
                caught[name] += bool(guard.check(text))
    spent = time.process_time() - began
    yield Row(work=f"guard: false alarms in {articles} summaries", ours=str(alarms), reach="0", ok=not alarms)
    for name, (_, least) in _CHANGES.items():
        share = caught[name] / tried[name]
        yield Row(
            work=f"guard: {name}, {tried[name]:,} found",
            ours=f"{100 * share:.1f} %",
            reach=f"{100 * least:.0f} %",
            ok=share >= least,
        )
    checks = tried.total()
    yield Row(work=f"guard: CPU for {checks:,} checks", ours=f"{1000 * spent / checks:.1f} ms each", reach="-", ok=True)


def _splitting() -> Row:
    text = [paragraph for paragraphs in _bodies() for paragraph in paragraphs]
    began = time.process_time()
    found = sum(len(sentences.split(paragraph)) for paragraph in text)
    spent = time.process_time() - began
    return Row(work=f"splitting {found:,} sentences", ours=f"{1e6 * spent / found:.0f} µs each", reach="-", ok=True)


if __name__ == "__main__":
    sys.exit(show(measure()))
