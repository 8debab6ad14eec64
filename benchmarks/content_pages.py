"""How well are pages read? Our public function against trafilatura, on the same pages in the same run.

    make bench-content_pages

Body: pages with a hand-marked text, F1 of 4-word shingles. Facts: pages whose title, author and date people typed in.
What is measured is `content.pages.read`; its parsing is called in this process instead of the guarded one. Peer:
trafilatura with `favor_precision`. Seconds are of CPU.
"""

import collections
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from types import ModuleType
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.content_feeds import InProcess, data_folder, scorer
from benchmarks.table import Row, show

#: what a page may cost
REACH_MS = 100.0
#: how much better than the peer the facts must be
FACTS = {"title": 0.12, "author": 0.08, "date": 0.05}
Reader = Callable[[str, str], dict[str, Any]]


def ours(html: str, url: str) -> dict[str, Any]:
    """Read a page as the product does."""
    from alerts.content.reading import pages
    from alerts.errors import ContentError

    worker: Any = InProcess()
    try:
        article = pages.read(
            html.encode("utf-8", "replace"),
            url=url,
            content_type="text/html; charset=utf-8",
            worker=worker,
            now=datetime.now(UTC),
        )
    except ContentError:
        return {}
    return {
        "text": "\n".join(article.paragraphs),
        "title": article.title,
        "author": "; ".join(article.authors),
        "date": article.published_at.date().isoformat() if article.published_at else "",
    }


def peer(html: str, url: str) -> dict[str, Any]:
    """Read a page by trafilatura."""
    import trafilatura

    found: Any = trafilatura.bare_extraction(
        html, url=url, favor_precision=True, include_comments=False, with_metadata=True
    )
    if found is None:
        return {}
    return {"text": found.text, "title": found.title, "author": found.author, "date": found.date}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """What one reader came to."""

    f1: float
    exact: float
    facts: dict[str, float]
    milliseconds: list[float]


def run(read: Reader, score: ModuleType, folder: Path) -> Scored:
    """Read every page."""
    took: list[float] = []

    def one(given: dict[str, Any]) -> dict[str, Any]:
        started = time.process_time()
        try:
            return read(given["html"], given["url"])
        except Exception as error:
            print(f"  {read.__name__}: {given['url']}: {type(error).__name__}: {error}", file=sys.stderr)
            return {}
        finally:
            took.append((time.process_time() - started) * 1000)

    f1, exact = body_of(score, ((given["articleBody"], one(given)) for given in score.rows(f"{folder}/body.jsonl.xz")))
    met: collections.Counter[str] = collections.Counter()
    asked: collections.Counter[str] = collections.Counter()
    for given in score.rows(f"{folder}/metadata.jsonl.xz"):
        found = one(given)
        for name in FACTS:
            if given.get(name):
                asked[name] += 1
                met[name] += fact_met(score, name, found.get(name), given[name])
    return Scored(f1=f1, exact=exact, facts={name: met[name] / asked[name] for name in FACTS}, milliseconds=took)


def fact_met(score: ModuleType, name: str, found: Any, wanted: str) -> bool:
    """Compare as the scorer beside the data does."""
    if name == "date":
        return str(found or "")[:10] == str(wanted)[:10]
    return bool(score.norm(found) == score.norm(wanted))


def body_of(score: ModuleType, pairs: Iterable[tuple[str, dict[str, Any]]]) -> tuple[float, float]:
    """Tell F1 of shingles (every page counts the same) and the share of pages read exactly."""
    precisions, recalls, exact, pages = [], [], 0, 0
    for wanted, found in pairs:
        theirs, mine = score.sh(wanted), score.sh(found.get("text"))
        both = (theirs & mine).total()
        precisions += [both / mine.total()] if mine else []
        recalls += [both / theirs.total()] if theirs else []
        exact += theirs == mine
        pages += 1
    precision, recall = sum(precisions) / len(precisions), sum(recalls) / len(recalls)
    return 2 * precision * recall / (precision + recall), exact / pages


def measure() -> list[Row]:
    """Read every page with both; give the rows."""
    score, folder = scorer("articles"), data_folder() / "articles"
    mine, theirs = run(ours, score, folder), run(peer, score, folder)
    facts = [
        Row(
            work=f"pages: {name}",
            peer=f"{theirs.facts[name]:.3f}",
            ours=f"{mine.facts[name]:.3f}",
            reach=f">= peer + {more}",
            ok=mine.facts[name] >= theirs.facts[name] + more,
        )
        for name, more in FACTS.items()
    ]
    middle, tail = median(mine.milliseconds), quantiles(mine.milliseconds, n=20)[-1]
    return [
        Row(work="pages: body F1", peer=f"{theirs.f1:.4f}", ours=f"{mine.f1:.4f}", reach=">= peer (+ 0.003)",
            ok=mine.f1 >= theirs.f1),
        Row(work="pages: body exact", peer=f"{theirs.exact:.3f}", ours=f"{mine.exact:.3f}", reach=">= peer",
            ok=mine.exact >= theirs.exact),
        *facts,
        Row(work="pages: an article with its page, CPU, median (95th)",
            peer=f"{median(theirs.milliseconds):.0f} ms",
            ours=f"{middle:.0f} ms ({tail:.0f})", ratio=middle / median(theirs.milliseconds),
            reach=f"<= {REACH_MS:.0f} ms", ok=sum(mine.milliseconds) / len(mine.milliseconds) <= REACH_MS),
    ]  # fmt: skip


if __name__ == "__main__":
    sys.exit(show(measure()))
