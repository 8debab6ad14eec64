"""The cleaning rules of each language, read from the data files beside this one. Edge: reads our own files, once."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_CAPITALISED = r"[^\W\d_a-zß-öø-ÿ][\w.'’-]*"
#: a person's name, which may hold particles
_NAME = (
    rf"{_CAPITALISED}(?:\s(?:(?:van|von|de|der|den|del|du|la|le|al|bin|ibn|da|di|dos)\s){{0,2}}{_CAPITALISED}){{1,3}}"
)

#: rules are tried on short paragraphs only: what is longer is prose, and no pattern may run wild on it
LONGEST = 420


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What cleaning knows of one language, with English beside it: sites mix them."""

    home: frozenset[str]
    #: rule → pattern that matches a whole paragraph
    paragraphs: tuple[tuple[str, re.Pattern[str]], ...]
    #: rule → pattern at the end of a paragraph
    endings: tuple[tuple[str, re.Pattern[str]], ...]
    bylines: tuple[re.Pattern[str], ...]

    def rule_for(self, paragraph: str) -> str:
        """Name the rule by which a paragraph is not part of the article; empty: it is."""
        if len(paragraph) > LONGEST:
            return ""
        return next((rule for rule, pattern in self.paragraphs if pattern.fullmatch(paragraph)), "")


@cache
def rules_for(language: str) -> Rules:
    """Read the rules of a language, followed by the English ones."""
    here = Path(__file__).parent
    files = [here / f"{name}.toml" for name in dict.fromkeys((language, "en")) if re.fullmatch("[a-z]{2,3}", name)]
    tables = [tomllib.loads(file.read_text(encoding="utf-8")) for file in files if file.is_file()]
    return Rules(
        home=frozenset(word for table in tables for word in table.get("home", ())),
        paragraphs=_patterns(tables, "paragraphs", r"(?:{})[.!]?"),
        endings=_patterns(tables, "endings", r"(?:{})\s*$"),
        # A name begins with a capital: not case-insensitive but for the first word.
        bylines=tuple(
            re.compile(f"(?i:{pattern.partition(' ')[0]}) {pattern.partition(' ')[2].replace('{name}', _NAME)}")
            for table in tables
            for pattern in table.get("bylines", {}).get("author", ())
        ),
    )


def _patterns(
    tables: list[dict[str, dict[str, list[str]]]], part: str, frame: str
) -> tuple[tuple[str, re.Pattern[str]], ...]:
    found: dict[str, list[str]] = {}
    for table in tables:
        for rule, patterns in table.get(part, {}).items():
            found.setdefault(rule, []).extend(patterns)
    return tuple((rule, re.compile(frame.format("|".join(some)), re.IGNORECASE)) for rule, some in found.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Openings:
    """How sentences of a language begin that cannot stand alone."""

    dangling: tuple[str, ...]
    connectors: tuple[str, ...]
    personal: frozenset[str]


@cache
def openings_for(language: str) -> Openings:
    """Read the openings of a language; nothing is known of one that has none."""
    tables = tomllib.loads((Path(__file__).parent / "openings.toml").read_text(encoding="utf-8"))
    table = tables.get(language or "en", {"dangling": [], "connectors": [], "personal": []})
    return Openings(
        dangling=tuple(table["dangling"]), connectors=tuple(table["connectors"]), personal=frozenset(table["personal"])
    )


@cache
def stopwords() -> frozenset[str]:
    """Read the words that tell nothing, of all languages together."""
    table = tomllib.loads((Path(__file__).parent / "stopwords.toml").read_text(encoding="utf-8"))
    return frozenset(word for text in table.values() for word in text.split())


#: What a newsroom adds of its own: kind of word → words.
MoreWords = tuple[tuple[str, tuple[str, ...]], ...]


# eq off: told apart by identity, so that they may stand in the key of a cache
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UrgencyWords:
    """What sounds urgent in a language."""

    markers: tuple[str, ...]
    #: class of events → its words; the lifts say what each class is worth
    events: tuple[tuple[str, tuple[str, ...]], ...]
    #: sections and labels of what somebody paid for
    paid: tuple[str, ...]
    soft: tuple[str, ...]
    soft_openings: tuple[str, ...]
    speech: tuple[str, ...]


@cache
def urgency_words_for(language: str, more: MoreWords = ()) -> UrgencyWords:
    """Read the urgency words of a language, followed by the English ones; `more` are the newsroom's own."""
    tables = _urgency()
    used = [
        *({name: words} for name, words in more),
        *(tables[name] for name in dict.fromkeys((language, "en")) if name in tables),
    ]

    def together(name: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(word for table in used for word in table.get(name, ())))

    return UrgencyWords(
        markers=together("markers"),
        events=tuple((name, together(name)) for name in EVENT_CLASSES),
        paid=together("paid"),
        soft=together("soft"),
        soft_openings=together("soft_openings"),
        speech=together("speech"),
    )


#: the kinds of events that words tell of
EVENT_CLASSES = ("disaster", "harm", "decision")


@cache
def lifts() -> dict[str, float]:
    """Tell how many times likelier a story with such a word was pushed than one without."""
    return {name: float(lift) for name, lift in _urgency()["lifts"].items()}


@cache
def _urgency() -> dict[str, dict[str, Any]]:
    return tomllib.loads((Path(__file__).parent / "urgency.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Developments:
    """How stories move on in a language."""

    #: what a number counts → the words beside it
    tolls: tuple[tuple[str, tuple[str, ...]], ...]
    #: words of a state → words of what it turned into
    turns: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]


@cache
def developments_for(language: str) -> Developments:
    """Read how stories move on in a language, with English beside it."""
    tables = tomllib.loads((Path(__file__).parent / "development.toml").read_text(encoding="utf-8"))
    used = [tables[name] for name in dict.fromkeys((language, "en")) if name in tables]
    classes = dict.fromkeys(name for table in used for name in table["tolls"])
    return Developments(
        tolls=tuple((name, tuple(word for table in used for word in table["tolls"].get(name, ()))) for name in classes),
        turns=tuple((tuple(turn["from"]), tuple(turn["to"])) for table in used for turn in table["turns"]),
    )
