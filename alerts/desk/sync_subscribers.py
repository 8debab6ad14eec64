"""Bring the roster in line with the list files: plan first, apply in one transaction, wipe nobody by mistake."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from alerts.audience import lists
from alerts.desk.newsdesk import Newsdesk
from alerts.errors import ConfigError, Problem, SendRefused
from alerts.model import ListDiff

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
    #: when the list was last brought up to date; None: never
    synced_at: datetime | None = None


def list_files(desk: Newsdesk) -> list[Path]:
    """Find the list files. Raises ConfigError when the folder is missing."""
    folder = desk.config.base / desk.config.subscribers.directory / "lists"
    if not folder.is_dir():
        raise ConfigError(f"{folder}: there is no such folder", hint="`alerts init` makes one with examples")
    return list(lists.files(folder).values())


def plan(desk: Newsdesk, file: Path, *, shrink: bool = False) -> ListPlan:
    """Compare a list file with the roster without changing anything."""
    problems: list[Problem] = []
    diff = desk.store.roster.diff_list(file.stem, lists.rows(file, problems))
    refused = "" if shrink else _suspicion(desk, file, diff)
    last = desk.store.roster.last_sync(file.stem)
    return ListPlan(
        list=file.stem,
        file=file,
        diff=diff,
        problems=tuple(problems),
        refused=refused,
        synced_at=last.at if last else None,
    )


def apply(desk: Newsdesk, file: Path, *, shrink: bool = False) -> ListPlan:
    """Apply a list file in one transaction. Raises SendRefused when it shrank suspiciously and `shrink` is off."""
    problems: list[Problem] = []

    def refuse(diff: ListDiff) -> None:
        if not shrink and (why := _suspicion(desk, file, diff)):
            raise SendRefused(why, hint="if the file is right: alerts subscribers sync --allow-shrink")

    rows = lists.rows(file, problems)
    diff = desk.store.roster.apply_list(
        file.stem, rows, now=desk.clock(), file_hash=lists.fingerprint(file), check=refuse
    )
    return ListPlan(list=file.stem, file=file, diff=diff, problems=tuple(problems))


def _suspicion(desk: Newsdesk, file: Path, diff: ListDiff) -> str:
    emptied = diff.before > 0 and diff.after == 0
    shrunk = diff.gone > _HARMLESS_LOSS and diff.gone > diff.before * desk.config.subscribers.max_shrink
    if emptied or shrunk:
        return f"{file.name} would end {diff.gone} of {diff.before} memberships of the list {file.stem}"
    return ""
