"""What outlets published over some days, read from TOML files, and what stood in their feeds at any instant. Pure.

The files of tests/features/two_days show the form. Everything is told in UTC.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

#: Between two texts of an archive that are put into a feed at once.
_APART = timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True)
class Outage:
    """When a feed answers nothing but 503."""

    start: datetime
    end: datetime


@dataclass(frozen=True, kw_only=True)
class Paper:
    """An outlet: what alerts is told of it, and how its feed behaves."""

    name: str
    #: for the configuration: relation, owner, trust, automatic, priority
    settings: Mapping[str, Any]
    #: rss, rdf, atom or json
    format: str
    language: str
    #: the feed tells only how the text begins
    teaser: bool
    #: entries in the feed
    listed: int
    #: from then on all ids and tracking parameters are others
    renumbered: datetime | None
    #: from then on the feed is found at another address
    moved: datetime | None
    down: tuple[Outage, ...]


@dataclass(frozen=True, kw_only=True)
class Printed:
    """An article as it stood at its outlet from some instant on."""

    outlet: str
    path: str
    title: str
    text: str
    #: when it appeared in the feed
    at: datetime
    #: when these words appeared
    changed: datetime
    #: what the feed says; None: nothing
    published: datetime | None
    categories: tuple[str, ...] = ()
    #: the event it tells of, for the reader of the test; empty: nothing that matters
    story: str = ""

    @property
    def paragraphs(self) -> list[str]:
        return [" ".join(paragraph.split()) for paragraph in self.text.strip().split("\n\n")]

    @property
    def label(self) -> str:
        """What the test calls it: its event, else where it stands."""
        return self.story or f"{self.outlet} {self.path}"


@dataclass(frozen=True, kw_only=True)
class Press:
    """All that was published."""

    papers: tuple[Paper, ...]
    #: every version of every article, oldest first
    printed: tuple[Printed, ...]

    def feed(self, outlet: str, at: datetime) -> list[Printed]:
        """Tell what stands in a feed, newest first."""
        listed = next(paper.listed for paper in self.papers if paper.name == outlet)
        latest = self._pages(outlet, at).values()
        return sorted(latest, key=lambda one: one.at, reverse=True)[:listed]

    def page(self, outlet: str, path: str, at: datetime) -> Printed | None:
        """Tell what stands on a page; None: nothing yet."""
        return self._pages(outlet, at).get(path)

    def _pages(self, outlet: str, at: datetime) -> dict[str, Printed]:
        return {one.path: one for one in self.printed if one.outlet == outlet and one.changed <= at}


def read(folder: Path) -> Press:
    """Read `outlets.toml` and every other file of days in a folder."""
    papers = tuple(_paper(written) for written in _toml(folder / "outlets.toml")["outlet"])
    printed: list[Printed] = []
    for file in sorted(folder.glob("*.toml")):
        written = _toml(file)
        if "date" in written:
            for article in written["article"]:
                printed += _versions(article, written["date"])
            for archive in written.get("archive", []):
                printed += _archive(archive, written["date"])
    return Press(papers=papers, printed=tuple(sorted(printed, key=lambda one: one.changed)))


def _toml(file: Path) -> dict[str, Any]:
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _paper(written: Mapping[str, Any]) -> Paper:
    told = ("relation", "owner", "trust", "automatic", "priority")
    return Paper(
        name=written["name"],
        settings={name: written[name] for name in told if name in written},
        format=written["format"],
        language=written.get("language", "en"),
        teaser=written["teaser"],
        listed=written.get("listed", 20),
        renumbered=written.get("renumbered"),
        moved=written.get("moved"),
        down=tuple(Outage(start=one["from"], end=one["to"]) for one in written.get("down", [])),
    )


def _instant(day: date, at: time) -> datetime:
    return datetime.combine(day, at, tzinfo=UTC)


def _versions(written: Mapping[str, Any], day: date) -> Iterable[Printed]:
    at = _instant(day, written["at"])
    current = Printed(
        outlet=written["outlet"],
        path=written["path"],
        title=written["title"],
        text=written["text"],
        at=at,
        changed=at,
        published=None if written.get("undated") else written.get("published", at),
        categories=tuple(written.get("categories", [])),
        story=written.get("story", ""),
    )
    yield current
    for change in written.get("changes", []):
        current = replace(
            current,
            title=change.get("title", current.title),
            text=change.get("text", current.text),
            changed=_instant(day, change["at"]),
        )
        yield current


def _archive(written: Mapping[str, Any], day: date) -> Iterable[Printed]:
    start = _instant(day, written["at"])
    for number, title in enumerate(written["titles"]):
        at = start - number * _APART
        yield Printed(
            outlet=written["outlet"],
            path=f"{written['path']}/{number + 1}",
            title=title,
            text=written["text"].format(title=title.rpartition(" : ")[2]),
            at=at,
            changed=start,
            published=at,
            categories=tuple(written["categories"]),
        )
