"""The plain-text part: lines wrapped for reading, flowed for rewrapping (RFC 3676). Pure.

Each line that a text template prints is one paragraph. It is broken at 72 columns, counted as a terminal shows them
(a Chinese character takes two); a line that ends in a space goes on in the next. Links are never broken.
"""

import re
import unicodedata
from dataclasses import dataclass, field

from alerts.mail.fill import one_line
from alerts.mail.mime import delsp
from alerts.mail.variant import Context, Hole, Part, Slot
from alerts.templating.compile import joined
from alerts.templating.vault import Vault

COLUMNS = 72
#: how wide a reader's name or address is taken to be
_HOLE_COLUMNS = 24


@dataclass(slots=True)
class Word:
    """What must not be broken: literals and holes."""

    #: what joins it to the word before: a space, or nothing where the language writes none
    glue: str = " "
    pieces: list[str | Hole] = field(default_factory=list)

    @property
    def width(self) -> int:
        """Columns it takes."""
        return sum(width(piece) if isinstance(piece, str) else _HOLE_COLUMNS for piece in self.pieces)


def to_part(rendered: str, vault: Vault, *, language: str) -> Part:
    """Turn a rendered text template into literals and holes, wrapped and flowed."""
    deletes_space = delsp(language)
    lines: list[list[str | Hole]] = []
    blank = True
    for line in rendered.split("\n"):
        words = _words(line, vault, deletes_space)
        if not words:
            if not blank:
                lines.append([])
            blank = True
            continue
        blank = False
        lines += _wrapped(words, deletes_space)
    while lines and not lines[-1]:
        lines.pop()
    pieces: list[str | Hole] = []
    for wrapped in lines:
        pieces += [*wrapped, "\n"]
    return joined(pieces)


def width(text: str) -> int:
    """Count the columns a terminal gives to text."""
    return sum(_cells(character) for character in text)


def _cells(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _words(line: str, vault: Vault, deletes_space: bool) -> list[Word]:
    """Open the tokens of a line and part it at its spaces; in languages without spaces, at every wide character."""
    words = [Word()]
    start = 0
    for match in vault.pattern.finditer(line):
        _append(words, line[start : match.start()], deletes_space)
        value = vault.value(match[0])
        if isinstance(value, Slot):
            words[-1].pieces.append(Hole(value, Context.PLAIN))
        else:
            _append(words, value, deletes_space)
        start = match.end()
    _append(words, line[start:], deletes_space)
    return [word for word in words if word.pieces]


def _append(words: list[Word], text: str, deletes_space: bool) -> None:
    for index, run in enumerate(_edges(text).split(" ")):
        if index:
            words.append(Word())
        if not deletes_space:
            words[-1].pieces += [run] if run else []
            continue
        for part in re.findall(_WIDE_OR_RUN, run):
            if words[-1].pieces:
                words.append(Word(glue=""))
            words[-1].pieces.append(part)


#: a wide character with what must not begin a line after it, or a run of anything else
_WIDE_OR_RUN = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]+"
    r"|[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uff60\U00020000-\U0003ffff][、。，．：；？！）」』】〉》]*"
    r"|[^\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uff60\U00020000-\U0003ffff]+"
)


def _edges(text: str) -> str:
    """Make text one line, but keep that white space stood at its edges."""
    inner = one_line(text)
    if not inner:
        return " " if text else ""
    return (" " if text[0].isspace() else "") + inner + (" " if text[-1].isspace() else "")


def _wrapped(words: list[Word], deletes_space: bool) -> list[list[str | Hole]]:
    """Break one paragraph; every line but the last ends in a space, which tells that it goes on."""
    rows: list[list[str | Hole]] = [[]]
    column = 0
    for word in words:
        if rows[-1] and column + len(word.glue) + word.width > COLUMNS and rows[-1] != ["--"]:
            # With delsp the last space is deleted, so a real one needs a second.
            rows[-1].append(word.glue + " " if deletes_space else " ")
            rows.append([])
            column = 0
        elif rows[-1] and word.glue:
            rows[-1].append(word.glue)
            column += len(word.glue)
        rows[-1] += word.pieces
        column += word.width
    return [_stuffed(row) for row in rows]


def _stuffed(row: list[str | Hole]) -> list[str | Hole]:
    """Put a space before what would be read as a quote or a mailbox separator (RFC 3676 §4.4)."""
    first = row[0]
    if isinstance(first, Hole):
        return row if first.slot in (Slot.UNSUBSCRIBE_URL, Slot.CONFIRM_URL) else [" ", *row]
    return [" ", *row] if first.startswith(">") or first == "From" else row
