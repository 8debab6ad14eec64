"""Reading what the numbers of a text count. Pure.

Two numbers are compared only if they count the same: 214 aboard are no 214 dead.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from alerts.content.guard.faithfulness import numbers
from alerts.content.rules import developments_for
from alerts.content.topics import mention

_TIME = re.compile(r"\b\d{1,2}[:h.]\d{2}\b(?!\d)")
_YEAR = re.compile(r"(?<![\d,.])(?:19|20)\d\d(?![\d,.]|\s*(?:people|dead|killed))")
#: a number belongs to the words of its own clause
_CLAUSES = re.compile(r"[;:()–—]|,(?!\d{3})\s|\.\s|\s(?:and|but|while|as|et|und|y)\s")
_AGE = re.compile(
    r"\b\d{1,3}[- ]?(?:year|month|week|day|hour|minute|yr)s?\b(?:[- ]old)?|\b(?:aged?|at) \d{1,3}\b", re.IGNORECASE
)
_MOST_COUNTED = 10**13
#: what counts people who came to harm
CASUALTIES = frozenset({"dead", "hurt", "missing"})


# The same story is looked at again with every poll.
@lru_cache(maxsize=2048)
def tolls(text: str, language: str = "en") -> Mapping[str, float]:
    """Tell what a text counts: class (`dead`, `hurt`, `moved`, `money` …) → the largest number of it."""
    found: dict[str, float] = {}
    for clause in _CLAUSES.split(_countable(text)):
        counted = [value for value in numbers(clause) if value == int(value) or value > 1000]
        if not counted:
            continue
        for name, wanted in developments_for(language).tolls:
            pattern = mention(wanted)
            hit = pattern.search(clause) if pattern else None
            if hit:
                value = _nearest(clause, hit.start(), hit.end())
                if value is not None and 1 < value < _MOST_COUNTED:
                    found[name] = max(value, found.get(name, 0.0))
    return found


def _nearest(clause: str, start: int, end: int) -> float | None:
    """Read the number that stands before a word, else the one after it; the last before and the first after."""
    before = [value for value in numbers(clause[:end]) if value == int(value) or value > 1000]
    after = [value for value in numbers(clause[start:]) if value == int(value) or value > 1000]
    # “14 dead”, “kills 14”: the side on which the number stands
    if before:
        return before[-1]
    return after[0] if after else None


def figures(text: str) -> list[float]:
    """List the numbers of a text that count something: no years, times or single ones."""
    return [value for value in numbers(_countable(text)) if value > 1]


def _countable(text: str) -> str:
    """Take out what is written in digits and counts nothing: times, years, ages and spans."""
    for pattern in (_TIME, _AGE, _YEAR):
        text = pattern.sub(" ", text)
    return text
