"""How well are feeds read? Our public function against feedparser, on the same feeds in the same run.

    make bench-content_feeds

Four sets (`feeds/README.md` of the data tells where they are from): feeds with stated field values, malformed feeds,
feeds with hostile HTML, and real feeds. What is measured is `content.feeds.read`; its parsing is called in this process
instead of the guarded one, which changes nothing but the cost of starting it. Peer: feedparser with its defaults (its
sanitiser on), read by the plainest adapter there is. Seconds are of CPU.
"""

import base64
import calendar
import importlib
import importlib.util
import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.table import Row, show

#: where every feed is said to come from: ours is never read without an address, so the peer gets one too
ADDRESS = "https://feeds.example/news.xml"
#: longer than this for one feed counts as a hang
HANG_SECONDS = 10.0
Reader = Callable[[bytes], dict[str, Any]]


class InProcess:
    """Stands where the guarded worker stands, and calls at once."""

    def call(self, function: str, *args: object) -> object:
        """Call `module:name`."""
        module, _, name = function.partition(":")
        return getattr(importlib.import_module(module), name)(*args)


def data_folder() -> Path:
    """Tell where the data lies."""
    beside = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
    return Path(os.environ.get("ALERTS_BENCH_DATA", beside))


def scorer(name: str) -> ModuleType:
    """Import a scorer that lies beside the data."""
    spec = importlib.util.spec_from_file_location(f"score_{name}", data_folder() / "score" / f"{name}.py")
    if spec is None or spec.loader is None:
        raise SystemExit(f"there is no scorer {name} in {data_folder()}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def ours(body: bytes) -> dict[str, Any]:
    """Read a feed as the product does."""
    from alerts.content.reading import feeds
    from alerts.errors import ContentError

    try:
        reading = feeds.read(body, url=ADDRESS, worker=InProcess())  # type: ignore[arg-type]
    except ContentError:
        return {"title": "", "link": "", "entries": [], "refused": True}
    return {
        "title": reading.title,
        "link": reading.url,
        "entries": [
            {
                "title": entry.title,
                "link": entry.url,
                "id": entry.id,
                "published": entry.published_at or entry.updated_at,
                "summary": "\n".join(entry.summary),
                "content": "\n".join(entry.body),
                "author": ", ".join(entry.authors),
            }
            for entry in reading.entries
        ],
    }


def peer(body: bytes) -> dict[str, Any]:
    """Read a feed by feedparser."""
    import feedparser

    parsed = feedparser.parse(body, response_headers={"content-location": ADDRESS})
    return {
        "title": parsed.feed.get("title"),
        "link": parsed.feed.get("link"),
        "entries": [
            {
                "title": entry.get("title"),
                "link": entry.get("link"),
                "id": entry.get("id"),
                "published": _moment(entry.get("published_parsed") or entry.get("updated_parsed")),
                "summary": entry.get("summary"),
                "content": " ".join(part.get("value") or "" for part in entry.get("content", [])),
                "author": entry.get("author"),
            }
            for entry in parsed.entries
        ],
    }


def _moment(parsed: Any) -> datetime | None:
    return datetime.fromtimestamp(calendar.timegm(parsed), UTC) if parsed else None


class Tally:
    """What one reader came to over all sets."""

    def __init__(self, read: Reader, score: ModuleType) -> None:
        self._read, self._score = read, score
        self.exceptions = self.hangs = 0
        self.seconds = 0.0

    def run(self, folder: Path) -> dict[str, float]:
        """Read every set; tell the shares."""
        return {
            "conformance": self._conformance(folder / "conformance.jsonl"),
            "recall": self._recall(folder / "robustness.jsonl"),
            "unsafe": self._unsafe(folder / "unsafe_html.jsonl"),
            **self._real(folder / "real.jsonl.gz"),
        }

    def _one(self, given: dict[str, Any]) -> dict[str, Any]:
        started = time.process_time()
        try:
            return self._read(base64.b64decode(given["feed_b64"]))
        except Exception as error:
            print(f"  {self._read.__name__}: {given.get('id')}: {type(error).__name__}: {error}", file=sys.stderr)
            self.exceptions += 1
            return {"entries": []}
        finally:
            took = time.process_time() - started
            self.seconds += took
            self.hangs += took > HANG_SECONDS

    def _conformance(self, file: Path) -> float:
        met = asked = 0
        for given in self._score.rows(str(file)):
            read = self._one(given)
            for path, value in given["asserts"]:
                asked += 1
                met += bool(self._score.check(read, path, value))
        return met / asked

    def _recall(self, file: Path) -> float:
        found = wanted = 0
        for given in self._score.rows(str(file)):
            wanted += given["min_entries"]
            found += min(given["min_entries"], len(self._one(given)["entries"]))
        return found / wanted

    def _unsafe(self, file: Path) -> int:
        left = 0
        for given in self._score.rows(str(file)):
            texts = [
                str(entry.get(name) or "")
                for entry in self._one(given)["entries"][:1]
                for name in ("title", "summary", "content")
            ]
            left += any(self._score.BAD.search(text) for text in texts)
        return left

    def _real(self, file: Path) -> dict[str, float]:
        exact = dated = linked = entries = files = 0
        before = self.seconds
        for given in self._score.rows(str(file)):
            found = self._one(given)["entries"]
            files += 1
            exact += len(found) == given["n_entries"]
            entries += len(found)
            dated += sum(self._score.dt(entry.get("published")) is not None for entry in found)
            linked += sum(bool(entry.get("link")) for entry in found)
        return {
            "real": exact / files,
            "dated": dated / max(entries, 1),
            "linked": linked / max(entries, 1),
            "real_seconds": self.seconds - before,
        }


def measure() -> list[Row]:
    """Read every set with both; give the rows."""
    score, folder = scorer("feeds"), data_folder() / "feeds"
    theirs, mine = Tally(peer, score), Tally(ours, score)
    first, second = theirs.run(folder), mine.run(folder)
    never_below = [
        ("feeds: stated field values met", "conformance"),
        ("feeds: entries of malformed feeds found", "recall"),
        ("feeds: real feeds with the exact number of entries", "real"),
        ("feeds: real entries with a date", "dated"),
        ("feeds: real entries with a link", "linked"),
    ]
    rows = [
        Row(work=work, peer=f"{first[name]:.4f}", ours=f"{second[name]:.4f}", reach=">= peer",
            ok=second[name] >= first[name])
        for work, name in never_below
    ]  # fmt: skip
    fallen = (f"{one.exceptions} / {one.hangs}" for one in (theirs, mine))
    return [
        *rows,
        Row(work="feeds: exceptions / hangs, all sets", peer=next(fallen), ours=next(fallen), reach="0 / 0",
            ok=mine.exceptions + mine.hangs == 0),
        Row(work="feeds: hostile HTML left", peer=f"{first['unsafe']:.0f}", ours=f"{second['unsafe']:.0f}", reach="0",
            ok=second["unsafe"] == 0),
        Row(work="feeds: reading the real feeds, CPU", peer=f"{first['real_seconds']:.1f} s",
            ours=f"{second['real_seconds']:.1f} s", ratio=second["real_seconds"] / first["real_seconds"],
            reach="<= 1.5 x", ok=second["real_seconds"] <= 1.5 * first["real_seconds"]),
    ]  # fmt: skip


if __name__ == "__main__":
    sys.exit(show(measure()))
