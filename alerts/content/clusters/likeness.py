"""How alike two stories are, as sums of the terms of their articles. Pure."""

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from alerts.model import StoryId

_DECAY_HOURS = 72.0
#: how far names and numbers that differ cast doubt on two texts that are alike; a headline has too few of them
_DOUBT = 0.7
#: two texts that name so much and have no name or number in common tell of two events
_NAMES_OF_AN_EVENT = 3
_TERMS_KEPT = 300
_TERMS_SHOWN = 6

Vector = dict[str, float]


@dataclass(slots=True)
class Sum:
    """A sum of unit vectors, and its length."""

    terms: Vector = field(default_factory=dict)
    length: float = 0.0

    def add(self, vector: Vector) -> list[str]:
        """Add a vector; return the terms that had to go because they tell least."""
        terms, lost = self.terms, []
        for term, weight in vector.items():
            terms[term] = terms.get(term, 0.0) + weight
        if len(terms) > 2 * _TERMS_KEPT:
            ranked = sorted(terms, key=terms.__getitem__, reverse=True)
            lost = ranked[_TERMS_KEPT:]
            self.terms = terms = {term: terms[term] for term in ranked[:_TERMS_KEPT]}
        self.length = math.hypot(*terms.values())
        return lost

    def cosine(self, other: "Sum") -> float:
        """Tell how far both point the same way: 0…1."""
        few, many = sorted((self.terms, other.terms), key=len)
        dot = sum([few[term] * many[term] for term in few.keys() & many.keys()])
        return dot / (self.length * other.length) if dot else 0.0


@dataclass(slots=True)
class Open:
    """A story that articles may join."""

    id: StoryId
    #: what was told first and last, and when it was last seen
    first_at: datetime
    last_at: datetime
    seen_at: datetime
    #: the sums of its articles' vectors
    words: Sum = field(default_factory=Sum)
    names: Sum = field(default_factory=Sum)
    articles: int = 0
    short: int = 0

    @property
    def is_short(self) -> bool:
        """Whether it consists of headlines."""
        return 2 * self.short > self.articles


def similarity(one: Open, other: Open) -> float:
    """Tell how alike two stories are: 0…1."""
    by_words = one.words.cosine(other.words)
    if one.is_short or other.is_short or not one.names.terms or not other.names.terms:
        return by_words
    by_names = one.names.cosine(other.names)
    if not by_names and min(len(one.names.terms), len(other.names.terms)) >= _NAMES_OF_AN_EVENT:
        return 0.0
    # Names and numbers confirm or cast doubt; alone – one place, two events – they prove nothing.
    return min(1.0, by_words * (1 - _DOUBT + 2 * _DOUBT * by_names))


def fading(one: Open, other: Open) -> float:
    """Tell how far the time between two stories casts doubt on their likeness: 0…1."""
    between = max(one.first_at - other.last_at, other.first_at - one.last_at, timedelta())
    return math.exp(-between.total_seconds() / 3600 / _DECAY_HOURS)


def shared(one: Open, other: Open) -> tuple[str, ...]:
    """Name the words that both share, most telling first."""
    both = [term for term in one.words.terms if term in other.words.terms and not term.startswith("^")]
    return tuple(sorted(both, key=lambda term: -one.words.terms[term])[:_TERMS_SHOWN])
