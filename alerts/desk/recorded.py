"""Recorded feeds in a folder: whose they are, and when each was fetched. Edge: reads the folder's names.

    DIR/OUTLET/2026-10-01T0700Z.xml            one feed of the outlet
    DIR/OUTLET/world/2026-10-01T0700Z.xml      another feed of it, named by its folder

OUTLET is the outlet's name in the configuration, or that name in lower case with hyphens. A file's time is that of its
name (`2026-10-01T0700Z`, `20261001T070000Z`, `2026-10-01T07:00:00+02:00`; without a zone it is UTC), else when it was
last changed.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from alerts.errors import ContentError
from alerts.model import Outlet

_INSTANT = re.compile(
    r"(?<!\d)(\d{4})-?(\d\d)-?(\d\d)[T_ -]?(\d\d)[:.]?(\d\d)(?:[:.]?(\d\d))?(Z|[+-]\d\d:?\d\d)?(?!\d)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A feed as it was fetched at an instant."""

    file: Path
    at: datetime
    #: the outlet's name, and the folder below it; empty: none
    feed: tuple[str, str]


def recordings(folder: Path, outlets: Sequence[Outlet]) -> list[Recording]:
    """List what was recorded, oldest first. Raises ContentError for a folder that holds nothing of our outlets."""
    if not folder.is_dir():
        raise ContentError(f"{folder}: there is no such folder", hint="name one that holds OUTLET/TIME.xml")
    known = {name: outlet.name for outlet in outlets for name in (outlet.name, slug(outlet.name))}
    found: list[Recording] = []
    for file in sorted(folder.rglob("*")):
        parts = file.relative_to(folder).parts
        if not file.is_file() or any(part.startswith(".") for part in parts):
            continue
        if len(parts) < 2 or parts[0] not in known:
            raise ContentError(
                f"{file}: is in no outlet's folder",
                hint=f"put it into {folder}/OUTLET/; outlets: " + ", ".join(outlet.name for outlet in outlets),
            )
        found.append(Recording(file=file, at=instant_of(file), feed=(known[parts[0]], "/".join(parts[1:-1]))))
    if not found:
        raise ContentError(f"{folder}: nothing is recorded there", hint="it must hold OUTLET/TIME.xml")
    return sorted(found, key=lambda one: (one.at, str(one.file)))


def slug(name: str) -> str:
    """Write an outlet's name as a folder's: lower case, hyphens."""
    return re.sub(r"[\W_]+", "-", name.casefold()).strip("-")


def instant_of(file: Path) -> datetime:
    """Tell when a feed was fetched: by its file's name, else by when the file was last changed."""
    match = _INSTANT.search(file.name)
    if match is None:
        return datetime.fromtimestamp(int(file.stat().st_mtime), UTC)
    year, month, day, hour, minute, second, zone = match.groups()
    offset = "+00:00" if zone in {None, "Z"} else zone
    written = f"{year}-{month}-{day}T{hour}:{minute}:{second or '00'}{offset}"
    try:
        return datetime.fromisoformat(written).astimezone(UTC)
    except ValueError as error:
        raise ContentError(f"{file}: its name tells no time: {error}", hint="such as 2026-10-01T0700Z.xml") from error
