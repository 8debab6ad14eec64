"""Reading the numbers of a text: in digits or words, with their scale. Pure.

`1.5 million` and `1,500,000` are one number. A word that also means something else (`one`) is none.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from alerts.content.rules.numerals import numerals_for

_NUMBER = re.compile(r"\d+(?:[.,’'\u202f]\d+)*")
_WORD = re.compile(r"[^\W\d_]+")
#: what may stand between a number and its scale, or between two words of one number
_JOINTS = re.compile(r"[\s\u202f-]{1,2}(?:and\s)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number in a text."""

    value: float
    written: str
    start: int
    end: int


def numbers(text: str, language: str = "en") -> dict[float, str]:
    """Read every number of a text, in digits or words, scaled: value → as written."""
    return {figure.value: figure.written for figure in figures(text, language)}


def figures(text: str, language: str = "en") -> list[Figure]:
    """List the numbers of a text in order, with their places."""
    # Arabic, Persian and Indic digits read like ours; one character stays one.
    plain = "".join(str(unicodedata.digit(char)) if char.isdecimal() and not char.isascii() else char for char in text)
    folded = "".join(char.lower() if len(char.lower()) == 1 else char for char in plain)
    values, scales = numerals_for(language or "en")
    found = [_scaled(match, _value(match[0]), folded, text, scales) for match in _NUMBER.finditer(folded)]
    taken = {at for figure in found for at in range(figure.start, figure.end)}
    position = 0
    for match in _WORD.finditer(folded):
        if match.start() < position or match.start() in taken or match[0] not in values:
            continue
        figure = _in_words(match, folded, text, values, scales)
        position = figure.end
        found.append(figure)
    return sorted(found, key=lambda figure: figure.start)


def _scaled(match: re.Match[str], value: float, folded: str, text: str, scales: Mapping[str, int]) -> Figure:
    """Read the scale behind a number."""
    end = match.end()
    while (after := _next_word(folded, end)) and after[0] in scales:
        if len(after[0]) == 1 and after.start() > end:
            break  # 5m is five million, 5 m five metres
        value *= scales[after[0]]
        end = after.end()
    return Figure(value=value, written=text[match.start() : end], start=match.start(), end=end)


def _next_word(folded: str, end: int) -> re.Match[str] | None:
    """Find the word that belongs to what ends here: `5m`, `5 million`, `twenty-five`."""
    joint = _JOINTS.match(folded, end)
    return _WORD.match(folded, joint.end() if joint else end)


def _in_words(
    match: re.Match[str], folded: str, text: str, values: Mapping[str, int], scales: Mapping[str, int]
) -> Figure:
    """Read a number that is written in words: `two hundred and forty thousand`."""
    total, group, end = 0.0, float(values[match[0]]), match.end()
    while after := _next_word(folded, end):
        word = after[0]
        if word in scales:
            group *= scales[word]
            if scales[word] >= 1000:
                total, group = total + group, 0.0
        elif word in values and _continues(group, values[word]):
            group += values[word]
        else:
            break
        end = after.end()
    return Figure(value=total + group, written=text[match.start() : end], start=match.start(), end=end)


def _continues(group: float, more: int) -> bool:
    """Tell whether a numeral goes on with the one before: forty-two does, forty fifty does not."""
    return (more < 10 and 20 <= group < 100 and group % 10 == 0) or (group >= 100 and group % 100 == 0 and more < 100)


def _value(written: str) -> float:
    bare = re.sub("[’'\u202f]", "", written)
    if re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+", bare):
        return float(re.sub(r"[.,]", "", bare))
    head, _, tail = bare.replace(",", ".").rpartition(".")
    return float(f"{head.replace('.', '')}.{tail}" if head else tail)
