"""Filling a variant's slots for one reader. Pure.

A slot's value comes from a stranger (a name somebody typed into a form), so it is made one line and escaped for the
place it stands in, always here and nowhere else.
"""

import html
import re
import unicodedata
from collections.abc import Mapping

from alerts.mail.variant import Context, Part, Slot

#: what a reader's link becomes when it is no link
BLOCKED = "#blocked"

#: holds nothing to escape; what our own links look like
_PLAIN_LINK = re.compile(r"https?://[A-Za-z0-9._~:/?=-]+")
_LINK = re.compile(r"(?:https?://|mailto:)[^\s\\]+", re.IGNORECASE)


def one_line(text: str) -> str:
    """Make any text one printable line: no controls, no lone surrogates, single spaces."""
    # What Python calls printable holds no control, surrogate or separator but the space.
    if text.isprintable() and "  " not in text:
        return text.strip(" ")
    kept = (_harmless(character) for character in text)
    return " ".join("".join(kept).split())


def _harmless(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cs":
        return "\N{REPLACEMENT CHARACTER}"
    if category in ("Zl", "Zp"):
        return " "
    if category == "Cc":
        return " " if character.isspace() else ""
    return character


def escaped(value: str, context: Context) -> str:
    """Escape a slot's value for the place it stands in."""
    if context is Context.URL and _PLAIN_LINK.fullmatch(value):
        return value
    line = one_line(value)
    if context is Context.PLAIN:
        return line
    if context is Context.URL and not _LINK.fullmatch(line):
        return BLOCKED
    return html.escape(line, quote=True)


def fill(part: Part, slots: Mapping[Slot, str]) -> str:
    """Write a part for one reader. Raises KeyError when a slot has no value."""
    return "".join([piece if isinstance(piece, str) else escaped(slots[piece.slot], piece.context) for piece in part])


def tagged(part: Part, tags: Mapping[tuple[Slot, Context], str]) -> str:
    """Write a part with a tag in each hole, for providers that substitute by themselves.

    The provider must be given `escaped(value, context)` for each tag: it does not escape.
    """
    return "".join(piece if isinstance(piece, str) else tags[piece.slot, piece.context] for piece in part)
