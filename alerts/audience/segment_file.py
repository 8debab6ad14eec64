"""Reads what stands in `segments.toml` and finds every mistake in it. Pure: gets the text, opens no file."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from alerts.errors import Problem
from alerts.model import Condition, Look, Mailbox, Segment, Segments, folded

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,99}")
_KEYS = ("title", "from", "include", "exclude", "sample", "theme", "language", "sender", "reply_to")
_WORD = re.compile(r"[A-Za-z0-9-]{1,40}")
_MAILBOX = re.compile(r"(?:([^<>\x00-\x1f]*?)\s*<([^\s@<>]+@[^\s@<>]+)>|([^\s@<>]+@[^\s@<>]+))")


@dataclass(slots=True, kw_only=True)
class SegmentFile:
    """A file of segments, and what is wrong with it."""

    shown: str
    text: str
    raw: Mapping[str, Any]
    #: the lists there are; None: nobody knows
    lists: Collection[str] | None
    _problems: list[Problem] = field(default_factory=list)

    def read(self) -> tuple[Segments, list[Problem]]:
        """Read every segment; with problems, the segments are not to be used."""
        segments = {name: self._segment(name, table) for name, table in self.raw.items()}
        for segment in segments.values():
            self._check_names(segment, segments)
        if not self._problems:
            self._check_circles(segments)
        return segments, sorted(self._problems, key=lambda problem: problem.line or 0)

    def _wrong(self, path: tuple[str, ...], text: str, remedy: str) -> None:
        line = line_of(self.text, path)
        self._problems.append(Problem(file=self.shown, line=line, path=".".join(path), text=text, remedy=remedy))

    # --- one segment ------------------------------------------------------------------------------

    def _segment(self, name: str, table: object) -> Segment:
        if not isinstance(table, dict):
            self._wrong((name,), "stands outside of a segment", f"put it below a line such as [{name}]")
            return Segment(name=name, sources=())
        if not _NAME.fullmatch(name):
            self._wrong((name,), "is no name for a segment", "use small letters, digits and hyphens")
        for key in table.keys() - set(_KEYS):
            nearest = get_close_matches(key, _KEYS, n=1)
            remedy = f"did you mean {nearest[0]}?" if nearest else f"keys are {', '.join(_KEYS)}"
            self._wrong((name, key), "is not a key", remedy)
        return Segment(
            name=name,
            title=self._title(name, table.get("title", "")),
            sources=self._sources(name, table),
            include=self._conditions(name, "include", table.get("include", {})),
            exclude=self._conditions(name, "exclude", table.get("exclude", {})),
            sample=self._sample(name, table.get("sample", 1.0)),
            look=Look(
                theme=self._word(name, "theme", table.get("theme", "")),
                language=self._word(name, "language", table.get("language", "")),
                sender=self._mailbox(name, "sender", table.get("sender")),
                reply_to=self._mailbox(name, "reply_to", table.get("reply_to")),
            ),
        )

    def _word(self, name: str, key: str, written: object) -> str:
        if written == "" or (isinstance(written, str) and _WORD.fullmatch(written)):
            return str(written)
        self._wrong((name, key), "must be one word", 'such as "en"' if key == "language" else "the name of a theme")
        return ""

    def _mailbox(self, name: str, key: str, written: object) -> Mailbox | None:
        if written is None:
            return None
        match = _MAILBOX.fullmatch(written.strip()) if isinstance(written, str) else None
        if match is None:
            self._wrong((name, key), "must be an address, or a name with one", '"The Desk <desk@example.org>"')
            return None
        return Mailbox(address=match[2] or match[3], name=(match[1] or "").strip('" '))

    def _title(self, name: str, written: object) -> str:
        if isinstance(written, str) and written.isprintable():
            return written
        self._wrong((name, "title"), "must be text on one line", 'such as "Breaking news"')
        return ""

    def _sources(self, name: str, table: Mapping[str, object]) -> tuple[str, ...]:
        remedy = 'name lists or other segments, such as ["readers"]'
        if "from" not in table:
            self._wrong((name, "from"), "is missing", remedy)
            return ()
        written = table["from"]
        names = [written] if isinstance(written, str) else written
        if not isinstance(names, list) or not names or not all(isinstance(item, str) and item for item in names):
            self._wrong((name, "from"), "must be the names of lists or segments", remedy)
            return ()
        return tuple(dict.fromkeys(names))

    def _sample(self, name: str, written: object) -> float:
        if isinstance(written, int | float) and not isinstance(written, bool) and 0 <= written <= 1:
            return float(written)
        self._wrong((name, "sample"), "must be a share from 0 to 1", "0.1 picks a tenth, always the same people")
        return 1.0

    def _conditions(self, name: str, key: str, written: object) -> tuple[Condition, ...]:
        if not isinstance(written, dict):
            self._wrong((name, key), "must be fields with values", '{ topics = ["politics", "economy"] }')
            return ()
        return tuple(self._condition((name, key, asked), asked, values) for asked, values in written.items())

    def _condition(self, path: tuple[str, ...], asked: str, written: object) -> Condition:
        values = [_text(value) for value in (written if isinstance(written, list) else [written])]
        if not values or not all(values):
            self._wrong(path, "must be a value or several", 'such as "europe" or ["europe", "asia"]')
        # Columns of a list are known by their folded names too.
        return Condition(field=re.sub(r"\s+", "_", folded(asked)), values=tuple(dict.fromkeys(values)))

    # --- names of other things --------------------------------------------------------------------

    def _check_names(self, segment: Segment, segments: Segments) -> None:
        for source in segment.sources:
            path = (segment.name, "from")
            if source in segments and self.lists is not None and source in self.lists:
                self._wrong(path, f'"{source}" is a list and a segment', "rename one")
            else:
                self._check_known(path, source, {*segments, *(self.lists or ())}, open_end=self.lists is None)
        for key, conditions in (("include", segment.include), ("exclude", segment.exclude)):
            for condition in conditions:
                place = (segment.name, key, condition.field)
                for value in map(folded, condition.values):
                    if condition.field == "segment":
                        self._check_known(place, value, segments, open_end=False)
                    elif condition.field == "list":
                        self._check_known(place, value, self.lists or (), open_end=self.lists is None)

    def _check_known(self, path: tuple[str, ...], name: str, known: Collection[str], *, open_end: bool) -> None:
        if name in known or (open_end and not get_close_matches(name, known, n=1, cutoff=0.8)):
            return
        nearest = get_close_matches(name, sorted(known), n=1)
        there = f"there are {', '.join(sorted(known))}" if known else "there are none"
        self._wrong(path, f'"{name}" is unknown', f'did you mean "{nearest[0]}"?' if nearest else there)

    def _check_circles(self, segments: Segments) -> None:
        done: set[str] = set()

        def visit(name: str, trail: tuple[str, ...]) -> None:
            if name in trail:
                circle = " → ".join((*trail[trail.index(name) :], name))
                self._wrong((name, "from"), f"goes round in a circle: {circle}", "take one of them out")
            elif name not in done:
                for reference in _references(segments[name], segments):
                    visit(reference, (*trail, name))
                done.add(name)

        for name in segments:
            visit(name, ())


def _references(segment: Segment, segments: Segments) -> Iterator[str]:
    named = [value for condition in (*segment.include, *segment.exclude) for value in _segments_of(condition)]
    yield from (name for name in dict.fromkeys((*segment.sources, *named)) if name in segments)


def _segments_of(condition: Condition) -> list[str]:
    return [folded(value) for value in condition.values] if condition.field == "segment" else []


def _text(value: object) -> str:
    """Read a value as the text that a column of a list would have; empty: it is none."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value).strip() if isinstance(value, str | int | float) else ""


def line_of(text: str, path: tuple[str, ...]) -> int | None:
    """Find the line that a path of keys stands on; the nearest line above it in the path where it has none."""
    found, depth = None, 0
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[([^\[\]]+)\]", line):
            here = table = tuple(part.strip().strip("\"'") for part in header[1].split("."))
        elif key := re.match(r"""\s*([\w-]+|"[^"]+"|'[^']+')\s*[.=]""", line):
            here = (*table, key[1].strip("\"'"))
        else:
            continue
        if len(here) > depth and here == path[: len(here)]:
            found, depth = number, len(here)
    return found
