"""Bring the roster in line with the list files: plan first, apply in one transaction, wipe nobody by mistake."""

from dataclasses import dataclass
from pathlib import Path

from alerts.audience import lists
from alerts.desk.newsdesk import Newsdesk
from alerts.errors import ConfigError, Problem, SendRefused
from alerts.store.records import ListDiff

#: A list may lose this many people without anybody asking.
_HARMLESS_LOSS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPlan:
    """What a file would change."""

    list: str
    file: Path
    diff: ListDiff
    problems: tuple[Problem, ...]
    #: why it is refused; empty: it may be applied
    refused: str = ""


def list_files(desk: Newsdesk) -> list[Path]:
    """Find the list files. Raises ConfigError when the folder is missing."""
    folder = desk.config.base / desk.config.subscribers.directory / "lists"
    if not folder.is_dir():
        raise ConfigError(f"{folder}: there is no such folder", hint="`alerts init` makes one with examples")
    return sorted(folder.glob("*.csv"))


def plan(desk: Newsdesk, file: Path, *, shrink: bool = False) -> ListPlan:
    """Compare a list file with the roster without changing anything."""
    return _run(desk, file, apply=False, shrink=shrink)


def apply(desk: Newsdesk, file: Path, *, shrink: bool = False) -> ListPlan:
    """Apply a list file. Raises SendRefused when it shrank suspiciously and `shrink` does not allow it."""
    found = _run(desk, file, apply=False, shrink=shrink)
    if found.refused:
        raise SendRefused(found.refused, hint="if the file is right: alerts subscribers sync --allow-shrink")
    return _run(desk, file, apply=True, shrink=shrink)


def _run(desk: Newsdesk, file: Path, *, apply: bool, shrink: bool) -> ListPlan:
    problems: list[Problem] = []
    rows = lists.rows(file, problems)
    roster = desk.store.roster
    now = desk.clock()
    diff = roster.apply_list(file.stem, rows, now=now) if apply else roster.diff_list(file.stem, rows, now=now)
    return ListPlan(
        list=file.stem,
        file=file,
        diff=diff,
        problems=tuple(problems),
        refused="" if shrink else _suspicion(desk, file, diff),
    )


def _suspicion(desk: Newsdesk, file: Path, diff: ListDiff) -> str:
    before = diff.kept + diff.changed + diff.gone
    if diff.gone and diff.gone == before:
        return f"{file.name} would end all {before} memberships of the list {file.stem}"
    if diff.gone > _HARMLESS_LOSS and diff.gone > before * desk.config.subscribers.max_shrink:
        return f"{file.name} would end {diff.gone} of {before} memberships of the list {file.stem}"
    return ""
