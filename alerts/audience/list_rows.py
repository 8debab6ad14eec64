"""Reads one row of a list after the other. Pure: gets cells, opens no file.

Where its person cannot be known, a row is left out; where a detail is wrong, it is used without the detail. Both are
reported.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from alerts.audience.address import normalise
from alerts.errors import Problem
from alerts.model import ListRow, folded

EMAIL = "email"

_LEFT_OUT = "mend it; until then this row is left out"
_WITHOUT_IT = "mend it; until then the row is used without it"
_MOST_CHARACTERS = 400
_LANGUAGE = re.compile(r"([A-Za-z]{2,3})((?:[-_][A-Za-z0-9]{2,8})*)")


@dataclass(slots=True, kw_only=True)
class RowReader:
    """Reads the rows of one file; remembers which addresses it saw."""

    #: the file, as the person named it
    shown: str
    #: folded names
    columns: tuple[str, ...]
    # Numbers instead of texts: a million addresses would take a hundred megabytes more.
    _lines_by_address: dict[int, int] = field(default_factory=dict)

    def read(self, line: int, cells: list[str]) -> list[ListRow | Problem]:
        """Read a row: the problems it has, and the person if there is one."""
        problem = self._misshapen(line, cells)
        if problem is not None:
            return [problem]
        said = dict(zip(self.columns, map(str.strip, cells), strict=False))
        try:
            address = normalise(said[EMAIL])
        except ValueError as error:
            return [self.left_out(line, f'"{said[EMAIL]}" is no address: {error}' if said[EMAIL] else str(error))]
        earlier = self._lines_by_address.setdefault(hash(address.lower()), line)
        if earlier != line:
            text = f"{address} stands on line {earlier} already"
            return [Problem(file=self.shown, line=line, text=text, remedy="remove one; the first counts")]
        return self._person(line, address, said)

    def left_out(self, line: int, text: str) -> Problem:
        """Say that a row cannot be used."""
        return Problem(file=self.shown, line=line, text=text, remedy=_LEFT_OUT)

    def _misshapen(self, line: int, cells: list[str]) -> Problem | None:
        wanted = len(self.columns)
        if len(cells) != wanted and (len(cells) < wanted or any(cell.strip() for cell in cells[wanted:])):
            return self.left_out(line, f"has {len(cells)} columns, the header {wanted}")
        together = "".join(cells)
        if "\n" in together or "\r" in together:
            return self.left_out(line, "a value goes over several lines; perhaps a quote is not closed")
        return self.left_out(line, "holds a NUL character") if "\0" in together else None

    def _person(self, line: int, address: str, said: Mapping[str, str]) -> list[ListRow | Problem]:
        details: dict[str, str] = {}
        attributes: dict[str, frozenset[str]] = {}
        wrong: list[str] = []
        for column, cell in said.items():
            if not cell or column == EMAIL:
                continue
            if column in _DETAILS:
                read, wanted = _DETAILS[column]
                details[column] = read(cell)
                if not details[column]:
                    wrong.append(f'{column} "{cell}" is not {wanted}')
            elif (values := _values(cell)) is None:
                wrong.append(f"{column} has a value of more than {_MOST_CHARACTERS} characters")
            elif values:
                attributes[column] = values
        joined = details.get("joined")
        person = ListRow(
            address=address,
            name=details.get("name", ""),
            language=details.get("language", ""),
            timezone=details.get("timezone", ""),
            joined_at=datetime.fromisoformat(joined) if joined else None,
            attributes=attributes,
        )
        return [*(Problem(file=self.shown, line=line, text=text, remedy=_WITHOUT_IT) for text in wrong), person]


# The same few values stand in many rows, so reading them is remembered.


@lru_cache(maxsize=10_000)
def _values(cell: str) -> frozenset[str] | None:
    """Read the values of an attribute; None: one is too long to keep."""
    values = frozenset(value for part in cell.split("|") if (value := folded(part)))
    return None if any(len(value) > _MOST_CHARACTERS for value in values) else values


def _name(written: str) -> str:
    return written if len(written) <= _MOST_CHARACTERS else ""


@lru_cache(maxsize=1000)
def _language(written: str) -> str:
    """Write a language tag as RFC 5646 recommends: `pt_br` is `pt-BR`."""
    match = _LANGUAGE.fullmatch(written)
    if match is None or len(written) > 35:
        return ""
    cases: dict[int, Callable[[str], str]] = {2: str.upper, 4: str.title}
    parts = (cases.get(len(part), str.lower)(part) for part in re.split("[-_]", match[2])[1:])
    return "-".join([match[1].lower(), *parts])


@lru_cache(maxsize=1000)
def _zone(written: str) -> str:
    try:
        return ZoneInfo(written).key
    except (KeyError, ValueError, OSError):
        return ""


@lru_cache(maxsize=1000)
def _instant(written: str) -> str:
    try:
        at = datetime.fromisoformat(written)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        return ""


#: columns with a meaning of their own: how they are read (empty: not at all), and what is wanted
_DETAILS: Mapping[str, tuple[Callable[[str], str], str]] = {
    "name": (_name, "a name: too long"),
    "language": (_language, 'a language such as "en" or "pt-BR"'),
    "timezone": (_zone, 'a time zone such as "Europe/Paris"'),
    "joined": (_instant, "a date such as 2026-03-31"),
}
