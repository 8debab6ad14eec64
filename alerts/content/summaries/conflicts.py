"""Finding numbers on which the articles of a story disagree. Pure.

Two numbers are held against each other if they count the same: a toll (`40 dead`, `kills 45`), or the same thing in
sentences that tell the same (`214 passengers`, `240 passengers`). An earlier article of one outlet is no second voice:
what it said has been overtaken.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from alerts.content import sentences
from alerts.content.breaking.counts import tolls
from alerts.content.guard.figures import Figure, figures
from alerts.content.rules import stopwords
from alerts.content.rules.cutting import cutting_for
from alerts.content.summaries.candidates import overlap
from alerts.content.text import stem, words
from alerts.model import Article

_LOOKED_AT = 8
#: sentences that share so much tell the same
_ALIKE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """A number in an article."""

    article: Article
    value: float
    #: with what it counts, as written: `45 people`
    written: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """A number that another article gives differently."""

    #: the one at hand first
    tellings: tuple[Telling, ...]

    @property
    def in_words(self) -> str:
        """Name every voice with its number."""
        return ", ".join(f"“{telling.written}” ({telling.article.outlet})" for telling in self.tellings)


def disputes(text: str, article: Article, others: Sequence[Article]) -> list[Dispute]:
    """List the numbers of a text of an article on which other articles differ."""
    found = []
    for figure, classes, noun in _counted(text, article.language):
        mine = Telling(article=article, value=figure.value, written=_written(text, figure, article.language))
        against = [
            telling
            for other in others
            if not _is_overtaken(other, by=article)
            and (telling := _differs(other, figure.value, classes, noun, text)) is not None
        ]
        if against:
            found.append(Dispute(tellings=(mine, *against)))
    return found


def _is_overtaken(other: Article, *, by: Article) -> bool:
    return other.id == by.id or (other.outlet == by.outlet and other.told_at <= by.told_at)


def _differs(other: Article, value: float, classes: set[str], noun: str, text: str) -> Telling | None:
    """Find what another article has in a number's place; None: nothing, or the same among others."""
    language = other.language
    parts = [other.title, other.standfirst, *other.paragraphs[:4]]
    told = islice((one for part in parts for one in sentences.split(part)), _LOOKED_AT)
    different: Telling | None = None
    for sentence in told:
        for figure, theirs, their_noun in _counted(sentence, language):
            same_thing = bool(classes & theirs) or (
                bool(noun) and noun == their_noun and not classes and overlap(text, sentence) >= _ALIKE
            )
            if same_thing and figure.value == value:
                return None
            # Rather `45 people` of the text than the bare `45` of a headline.
            if same_thing and (different is None or " " not in different.written):
                different = Telling(article=other, value=figure.value, written=_written(sentence, figure, language))
    return different


def _counted(text: str, language: str) -> list[tuple[Figure, set[str], str]]:
    """List the numbers of a text with the tolls they are and the thing they count."""
    known = {name: value for name, value in tolls(text, language or "en").items() if name != "money"}
    found = []
    for figure in figures(text, language):
        is_year = figure.value == int(figure.value) and 1900 <= figure.value <= 2100 and figure.written.isdigit()
        if is_year or figure.value <= 1:
            continue
        classes = {name for name, value in known.items() if value == figure.value}
        after = [word for word in words(text[figure.end : figure.end + 40])[:2] if word not in stopwords()]
        found.append((figure, classes, stem(after[0]) if after else ""))
    return found


def _written(text: str, figure: Figure, language: str) -> str:
    """Write a number with what it counts, as the text has it."""
    after = text[figure.end : figure.end + 40].split()[:2]
    kept = figure.written
    for word in after:
        bare = word.strip('.,;:!?)”"’')
        if not bare or bare.casefold() in cutting_for(language).ending:
            break
        kept += f" {bare}"
        if bare != word:
            break
    return kept
