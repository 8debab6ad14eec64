"""Whose text it is: the agency named in a dateline, a byline or a notice of copyright. Pure.

Two papers that print one agency's text are one voice. Only names of `rules/agencies.toml` count, and only where an
agency signs: in `LONDON (AP) —`, as the author, in `© 2024 Reuters`; a text that mentions Reuters is not Reuters'.
"""

import re
import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

_PLACE = r"[^\W\d_][\w.'’\- ]{1,40}(?:,\s?[^\W\d_][\w.'’ ]{1,30}){0,2}"
_DAY = r"(?:,?\s(?:\d{1,2}\.?\s)?[^\W\d_]{3,10}\.?(?:\s\d{1,2})?(?:,?\s\d{4})?)?"
#: `LONDON, Jan 5 (Reuters) - `, `(AP) — `; the name in brackets is looked up
_SIGNED = re.compile(rf"\s*(?:({_PLACE}){_DAY}\s?)?\(([^()]{{2,40}})\)\.?\s?(?:(?:--|[—–―:-])\s?)")
_LONGEST = 110


@cache
def _names() -> dict[str, str]:
    tables: dict[str, list[str]] = tomllib.loads(
        (Path(__file__).parent.parent / "rules" / "agencies.toml").read_text(encoding="utf-8")
    )
    return {spelling: name for name, spellings in tables.items() for spelling in spellings}


@cache
def _anywhere() -> re.Pattern[str]:
    either = "|".join(sorted(map(re.escape, _names()), key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:{either})(?!\w)")


def agency_of(signature: str) -> str:
    """Name the agency that a signature is; empty: it is none, or more than one."""
    return _names().get(" ".join(signature.split()).strip(" .,;:()[]/–—-"), "")


def named_in(line: str) -> str:
    """Name the agency that a short line such as `By Jane Doe, Associated Press` names; empty: none."""
    found = _anywhere().search(line) if len(line) <= 240 else None
    return _names()[found[0]] if found else ""


def in_dateline(paragraph: str) -> str:
    """Name the agency in the dateline with which a text begins: `LONDON, Jan 5 (AP) —`; empty: none."""
    match = _SIGNED.match(paragraph[:_LONGEST])
    # `The minister (AP) — as he is known —`: a place has capitals.
    if match is None or any(word[0].islower() for word in re.findall(r"[^\W\d_]{4,}", (match[1] or "").split(",")[0])):
        return ""
    return _first_of(match[2])


def among(authors: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Tell an agency from people among authors: its name, and who is left."""
    agency, people = "", []
    for author in authors:
        found = agency_of(author)
        if found:
            agency = agency or found
            continue
        # `Jane Doe, Associated Press`, `Jane Doe (Reuters)`
        match = re.fullmatch(r"(.{2,80}?)\s*[,(/|]\s*([^,()/|]{2,40})\)?", author)
        found = agency_of(match[2]) if match else ""
        agency = agency or found
        people.append(match[1].strip() if match and found else author)
    return agency, tuple(people)


def _first_of(signature: str) -> str:
    """Read `AP`, `dpa/AFP`, `Reuters Breakingviews`: the first that is an agency."""
    parts = re.split(r"\s*[/,+|]\s*", signature)
    return next((found for part in parts if (found := agency_of(part))), "")
