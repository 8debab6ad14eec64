"""A newsroom to try things on: outlets, feeds and articles of our own invention. Edge: writes files.

The files beside this one are templates: `{{minutes_ago:7}}` stands for an instant, so that the news is always fresh.
"""

import json
import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

from alerts.errors import ContentError

_INSTANT = re.compile(r"\{\{minutes_ago:(\d+)\}\}")
_ENTRY = re.compile(r"[ \t]*<(item|entry)>.*?</\1>\n?", re.DOTALL)


def materialise(directory: Path, now: datetime, *, as_of: datetime | None = None) -> list[Path]:
    """Write the demonstration into a folder, with dates relative to `now`; return the files written.

    With `as_of`, feeds hold only what was published by then: written twice, with a later `as_of`, they show a story
    breaking. Files that are there and no part of the demonstration are left alone; its own are replaced.
    """
    here = Path(__file__).parent
    written: list[Path] = []
    for source in sorted(here.rglob("*")):
        if not source.is_file() or source.suffix in {".py", ".pyc"}:
            continue
        target = directory / source.relative_to(here)
        text = source.read_text(encoding="utf-8")
        if target.parent.name == "feeds":
            text = _until(text, source.suffix, (now - as_of) if as_of else timedelta())
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(_dated(text, source.suffix, now), encoding="utf-8")
        except OSError as error:
            raise ContentError(f"{target}: cannot be written: {error.strerror}") from error
        written.append(target)
    return written


def _until(text: str, suffix: str, age: timedelta) -> str:
    """Leave out entries that were published less than `age` ago."""
    least = age.total_seconds() / 60

    def is_out(entry: str) -> bool:
        return any(int(minutes) >= least for minutes in _INSTANT.findall(entry))

    if suffix == ".json":
        feed = json.loads(text)
        feed["items"] = [item for item in feed["items"] if is_out(item["date_published"])]
        return json.dumps(feed, ensure_ascii=False, indent=2) + "\n"
    return _ENTRY.sub(lambda match: match[0] if is_out(match[0]) else "", text)


def _dated(text: str, suffix: str, now: datetime) -> str:
    """Write the instants: RSS wants RFC 2822, everything else ISO 8601."""

    def instant(match: re.Match[str]) -> str:
        at = (now - timedelta(minutes=int(match[1]))).astimezone(UTC).replace(microsecond=0)
        return format_datetime(at) if suffix == ".xml" and "<rss" in text else at.isoformat()

    return _INSTANT.sub(instant, text)
