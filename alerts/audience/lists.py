"""Reads lists: CSV files, one person a row. Edge: reads files, writes none.

Only `email` is obligatory; `name`, `language`, `timezone` and `joined` mean something to us, every other column is an
attribute that segments can ask for (values parted by `|`). A row is never skipped in silence: where its person cannot
be known it is left out and reported, where a detail is wrong it is used without the detail, and that is reported too.
A file that cannot be trusted as a whole (encoding, header, a quote that never ends) is refused.
"""

import csv
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from alerts.audience.list_rows import EMAIL, RowReader
from alerts.errors import ConfigError, Problem
from alerts.model import SIGNUP, ListRow, folded

#: What a list may be called: the name of its file without `.csv`.
LIST_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    """The columns of a file."""

    #: column names, folded
    names: tuple[str, ...]
    delimiter: str


def files(directory: Path) -> Mapping[str, Path]:
    """Find the lists of a folder: name → file. Raises ConfigError for files that cannot be lists."""
    found = {path.stem: path for path in sorted(directory.glob("*.csv"))}
    problems = [
        Problem(file=str(path), text=text, remedy="rename it")
        for name, path in found.items()
        if (text := _bad_name(name))
    ]
    if problems:
        raise ConfigError(f"{directory}: a list cannot be called so", problems=tuple(problems))
    return found


def read(path: Path) -> Iterator[ListRow | Problem]:
    """Read a list row by row, in memory that does not grow with the rows but for one number each.

    Yields a Problem for what is wrong with a row. Raises ConfigError where the whole file cannot be used.
    """
    shown = str(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = _header(shown, file)
            yield from _rows(shown, header, file)
    except UnicodeDecodeError as error:
        raise _not_utf8(path) from error
    except OSError as error:
        raise ConfigError(f"{shown}: cannot be read: {error.strerror or error}") from error


def rows(path: Path, problems: list[Problem]) -> Iterator[ListRow]:
    """Read the rows of a list that can be used; what is wrong with it is added to `problems`."""
    for item in read(path):
        if isinstance(item, Problem):
            problems.append(item)
        else:
            yield item


def fingerprint(path: Path) -> str:
    """Tell the SHA-256 of a file, hex. Raises ConfigError."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from error


def _bad_name(name: str) -> str:
    if name == SIGNUP:
        return f'"{SIGNUP}" is the list of those who signed up themselves; no file may own it'
    if not LIST_NAME.fullmatch(name):
        return f'"{name}" is no name for a list: small letters, digits, "-" and "_" only'
    return ""


# --- the whole file ------------------------------------------------------------------------------


def _refused(shown: str, line: int, text: str, remedy: str) -> ConfigError:
    problem = Problem(file=shown, line=line, text=text, remedy=remedy)
    return ConfigError(f"{shown}: this list cannot be used", problems=(problem,))


def _not_utf8(path: Path) -> ConfigError:
    """Find where a file stops being UTF-8: the reader saw only its own chunk."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if number == 1 and line.startswith((b"\xff\xfe", b"\xfe\xff")):
                return _refused(str(path), 1, "is UTF-16, not UTF-8", 'save it as "CSV UTF-8"')
            try:
                line.decode()
            except UnicodeDecodeError as error:
                shown = line[max(0, error.start - 15) : error.end + 15].decode("cp1252", "replace").strip()
                text = f'is not UTF-8 (byte 0x{line[error.start]:02x} in "{shown}")'
                return _refused(str(path), number, text, 'save the file as "CSV UTF-8"')
    return _refused(str(path), 1, "is not UTF-8", 'save it as "CSV UTF-8"')


def _header(shown: str, lines: Iterator[str]) -> _Header:
    first = next(lines, "")
    if not first.strip():
        text = "the first line is empty" if first else "the file is empty"
        raise _refused(shown, 1, text, 'it must name the columns, such as "email,name,region"')
    if "\0" in first:
        raise _refused(shown, 1, "is not text", 'save it as "CSV UTF-8"')
    delimiter = max(",;\t", key=first.count)
    try:
        names = [name.strip() for name in next(csv.reader([first], delimiter=delimiter, strict=True))]
    except csv.Error as error:
        raise _refused(shown, 1, f"the header cannot be read: {error}", "mend its quotes") from error
    while names and not names[-1]:
        names.pop()
    _check_header(shown, names)
    return _Header(names=tuple(_column(name) for name in names), delimiter=delimiter)


def _check_header(shown: str, names: Sequence[str]) -> None:
    columns = [_column(name) for name in names]
    if EMAIL not in columns:
        if any("@" in name for name in names):
            remedy = 'put a line before it that names the columns, such as "email,name,region"'
            raise _refused(shown, 1, "there is no header: the first line is a row already", remedy)
        like = next((name for name in names if "mail" in name.casefold()), None)
        like = like or next(iter(get_close_matches(EMAIL, names, n=1)), None)
        remedy = f'rename the column "{like}" to "email"' if like else 'call the column with the addresses "email"'
        raise _refused(shown, 1, 'no column is called "email"', remedy)
    for number, column in enumerate(columns, start=1):
        if not column or len(column) > 100:
            raise _refused(shown, 1, f"column {number} has no usable name", "name it, or remove it")
        if columns.count(column) > 1:
            raise _refused(shown, 1, f'two columns are called "{column}"', "rename one")


def _column(name: str) -> str:
    return re.sub(r"\s+", "_", folded(name))


# --- rows ----------------------------------------------------------------------------------------


def _rows(shown: str, header: _Header, lines: Iterator[str]) -> Iterator[ListRow | Problem]:
    cells_of = csv.reader(lines, delimiter=header.delimiter, strict=True)
    rows_of = RowReader(shown=shown, columns=header.names)
    while True:
        # the header is line 1, and the reader counts from behind it
        line = cells_of.line_num + 2
        try:
            cells = next(cells_of, None)
        except csv.Error as error:
            if "unexpected end" in str(error):
                remedy = "close it, or bring back the missing end of the file"
                raise _refused(shown, line, "a quote is opened here and never closed", remedy) from error
            yield rows_of.left_out(line, f"cannot be read: {error}")
            continue
        if cells is None:
            return
        if any(map(str.strip, cells)):
            yield from rows_of.read(line, cells)
