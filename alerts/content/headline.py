"""Fitting a title into a subject line. Pure."""

import re
from collections.abc import Sequence

from alerts.content.text import shorten, tidy, width

#: longer subjects are cut by phones; 30 to 50 is best
SUBJECT_LIMIT = 70
_MARKER = re.compile(
    r"^\s*(?:(?:breaking(?: news)?|just in|urgent|flash|news alert|alert|update[ds]?|developing|live|"
    r"exclusive|watch|video|eilmeldung|eil|urgente|dernière minute|عاجل)\s*[:|–—!-]+\s*)+",
    re.IGNORECASE,
)
_SMALL_WORDS = "a an and as at but by for from in into of off on or over the to up via vs with after amid"
_SMALL = frozenset(_SMALL_WORDS.split())


def bare(title: str) -> str:
    """Take `BREAKING:` off a title: the template says so; and turn SHOUTING into sentence case."""
    text = _MARKER.sub("", tidy(title)) or tidy(title)
    letters = [char for char in text if char.isalpha()]
    if len(letters) > 10 and sum(char.isupper() for char in letters) / len(letters) > 0.7:
        text = text[:1] + text[1:].lower() if text.isupper() else text
    return text[:1].upper() + text[1:]


def subject_of(titles: Sequence[str]) -> str:
    """Choose a subject of at most 70 columns: the first title, else its main clause, another title, or a cut."""
    cleaned = [bare(title) for title in titles if title.strip()]
    if not cleaned:
        return ""
    for text in (cleaned[0], *_clauses(cleaned[0]), *cleaned[1:]):
        if width(text) <= SUBJECT_LIMIT:
            return text
    text = shorten(cleaned[0], SUBJECT_LIMIT)
    while width(text) > SUBJECT_LIMIT:
        text = shorten(text.rstrip("…"), len(text) - 1)
    # “… talks with the…” reads worse than “… talks…”
    while text.endswith("…") and (head := text[:-1].rsplit(" ", 1)) and len(head) == 2 and head[1].lower() in _SMALL:
        text = head[0].rstrip(" ,;:–—-") + "…"
    return text


def _clauses(title: str) -> list[str]:
    """Split a title where it says a second thing; the longer half that can stand alone comes first."""
    halves: list[str] = []
    for mark in (": ", " – ", " — ", " - ", "; ", " | "):
        parts = title.split(mark)
        if len(parts) == 2:
            halves += sorted((bare(part) for part in parts if len(part.split()) >= 4), key=len, reverse=True)
    return halves
