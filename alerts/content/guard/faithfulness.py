"""Finding what a text says that its sources do not. Pure.

Every number, name and quotation must stand in a source, names and numbers near the sentence that the claim comes from,
and a claim must not be denied or affirmed where its source does the opposite. It runs on every text that is sent: as
a gate on what a machine wrote, as a warning on what an editor wrote.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from alerts.content import sentences
from alerts.content.guard.figures import Figure, figures
from alerts.content.guard.figures import numbers as numbers
from alerts.content.guard.polarity import NEGATIONS, Denial, denials
from alerts.content.rules import openings_for, stopwords
from alerts.content.text import key, stem, words

#: more words than this share that no source knows: it is somebody else's text
_FOREIGN_SHARE = 0.35
#: they tell little of what a text is about, but one day for another is wrong
_WEEKDAYS = frozenset({"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"})
#: no article is longer; what is, is read so far
_MOST_SENTENCES = 2000
#: this share of a claim's words in one sentence: the claim is nearly its copy and is held to that very sentence
_COPIED = 0.75
#: a negation so many words before a claim is about it
_DENIED_BEFORE = 6
_QUOTES = re.compile(r"“([^“”]{2,})”|«\s*([^«»]{2,}?)\s*»|„([^„“”]{2,})[“”]|\"([^\"]{2,})\"")
_CLAUSE_ENDS = re.compile(r"[.!?;:,—–][\"”’)]*\s")
_NAME = re.compile(r"(?<!\w)[^\W\d_a-zß-öø-ÿ][\w’'.-]*(?:\s+[^\W\d_a-zß-öø-ÿ][\w’'.-]*)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsupported:
    """Something that no source says."""

    #: the words in question
    text: str
    #: in words an editor reads, such as `number not in the source`
    what: str
    #: the source has it, but not near the sentence that this one comes from
    misplaced: bool = False


def unsupported(text: str, sources: Sequence[str], *, language: str = "en") -> list[Unsupported]:
    """List what a text says beyond its sources; an empty list: every claim stands in one of them."""
    return Guard(sources, language=language).check(text)


@dataclass(frozen=True, slots=True)
class _Told:
    """One sentence of a source, read once."""

    text: str
    tokens: tuple[str, ...]
    words: frozenset[str]
    claims: frozenset[str]
    figures: tuple[Figure, ...]
    denials: tuple[Denial, ...]

    @property
    def values(self) -> frozenset[float]:
        return frozenset(figure.value for figure in self.figures)


class Guard:
    """The sentences that a text may draw on."""

    def __init__(self, sources: Sequence[str], *, language: str = "en") -> None:
        self._language = language or "en"
        parts = (part for source in sources for part in source.split("\n"))
        texts = [sentence for part in parts for sentence in sentences.split(part)][:_MOST_SENTENCES]
        self._told = [self._read(text) for text in texts]
        # Others may split sentences elsewhere: a text is read on, one source ends where another begins.
        self._keys = "\0".join(key(source) for source in sources)
        self._values = frozenset(value for told in self._told for value in told.values)
        self._words = frozenset(word for told in self._told for word in told.words)
        self._stems = {stem(word) for word in self._words}
        self._plain = f" {' '.join(_tokens(' '.join(sources)))} "

    def check(self, text: str) -> list[Unsupported]:
        """List what a text says beyond the sources."""
        found: list[Unsupported] = []
        for paragraph in text.split("\n"):
            for sentence in sentences.split(paragraph):
                found += self._sentence(sentence)
        return list(dict.fromkeys(found))

    def origin(self, sentence: str) -> str:
        """Find the source sentence that a claim comes from; empty: none is like it."""
        mark = key(sentence.rstrip("… "))
        if mark:
            for told in self._told:
                if mark in key(told.text):
                    return told.text
        near, _ = self._near(self._read(sentence))
        return near[0].text if near else ""

    def _read(self, text: str) -> _Told:
        tokens = tuple(_tokens(text))
        known = frozenset(tokens)
        return _Told(
            text=text,
            tokens=tokens,
            words=known,
            claims=known - stopwords() - NEGATIONS,
            figures=tuple(figures(text, self._language)),
            denials=tuple(denials(tokens)),
        )

    def _sentence(self, text: str) -> list[Unsupported]:
        mark = key(text.rstrip("… "))
        said = self._read(text)
        # As it stands; but `1` also stands in `31`, `is` in `this`.
        if (len(mark) > 20 and mark in self._keys) or f" {' '.join(said.tokens)} " in self._plain:
            return list(self._torn(said, mark))
        near, copied = self._near(said)
        found = list(self._quotes(text))
        found += self._numbers(said, near, copied=copied)
        found += self._names(said, near, copied=copied)
        found += self._polarity(said, near, copied=copied)
        claims = [word for word in said.tokens if word not in stopwords()]
        foreign = [word for word in claims if not self._knows(word)]
        if claims and len(foreign) / len(claims) > _FOREIGN_SHARE:
            found.append(Unsupported(text=text, what="most of it stands in no source"))
        return found

    def _torn(self, said: _Told, mark: str) -> Iterator[Unsupported]:
        """Find what was torn out of a denial: `Nobody believes that` is gone, the rest stands word for word."""
        torn = False
        for told in self._told:
            at = key(told.text).find(mark)
            if at < 0:
                continue
            clause = _CLAUSE_ENDS.split(_head(told.text, at))[-1]
            torn = len(said.tokens) > 2 and bool(NEGATIONS.intersection(_tokens(clause)[-_DENIED_BEFORE:]))
            if not torn:
                return
        if torn:
            yield Unsupported(text=said.text, what="denied in the source, not here")

    def _near(self, said: _Told) -> tuple[list[_Told], bool]:
        """Find the source sentences that a claim may come from, best first; True: it is nearly a copy of the best."""
        mine = said.words - stopwords()
        scores = [len(mine & told.words) / (4 + len(told.words)) for told in self._told]
        if not scores or max(scores) == 0:
            return [], False
        # A sentence may join two of the source: the two best, each with its neighbours.
        best = sorted(range(len(scores)), key=lambda at: -scores[at])[:2]
        whole = max(range(len(scores)), key=lambda at: (len(mine & self._told[at].words), scores[at]))
        copied = len(said.claims & self._told[whole].words) >= _COPIED * max(1, len(said.claims))
        first = [whole] if copied else best
        around = [at + step for at in first for step in (0, -1, 1)]
        return [self._told[at] for at in dict.fromkeys(around) if 0 <= at < len(scores)], copied

    def _within(self, said: _Told, near: Sequence[_Told], *, copied: bool) -> Sequence[_Told]:
        """Choose the sentences in which a claim's names and numbers must stand."""
        if not copied:
            return near
        # A name that stands for a `he` comes from the sentence before.
        pronouns = set(openings_for(self._language).dangling) & near[0].words - said.words
        return near if pronouns else near[:1]

    def _quotes(self, text: str) -> Iterator[Unsupported]:
        for groups in _QUOTES.findall(text):
            quote = "".join(groups)
            if f" {' '.join(_tokens(quote))} " not in self._plain:
                yield Unsupported(text=quote, what="not said so in the source")

    def _numbers(self, said: _Told, near: Sequence[_Told], *, copied: bool) -> Iterator[Unsupported]:
        close = {value for told in near for value in told.values}
        there = near[0] if copied else None
        for figure in said.figures:
            if figure.value not in self._values:
                yield Unsupported(text=figure.written, what="number not in the source")
            elif figure.value not in close or (there and not self._counts_the_same(figure, said, there, near)):
                yield Unsupported(text=figure.written, what="number stands elsewhere in the source", misplaced=True)

    def _counts_the_same(self, figure: Figure, said: _Told, there: _Told, near: Sequence[_Told]) -> bool:
        """Tell whether a number counts what it counts in the sentence that is copied."""
        if figure.value not in there.values:
            return len(self._within(said, near, copied=True)) > 1
        counted = _following(said.text, figure)
        same = {_following(there.text, other) for other in there.figures if other.value == figure.value}
        others = {_following(there.text, other) for other in there.figures if other.value != figure.value}
        return not counted or counted in same or counted not in others

    def _names(self, said: _Told, near: Sequence[_Told], *, copied: bool) -> Iterator[Unsupported]:
        close = {word for told in self._within(said, near, copied=copied) for word in told.words}
        for match in _NAME.finditer(said.text):
            tokens = _tokens(match[0])
            if said.text[: match.start()].rstrip(" “‘\"'(«„") == "":
                # The first word has its capital from standing first.
                tokens = tokens[1:] if tokens and (len(tokens) > 1 or self._knows(tokens[0])) else tokens
            tokens = [token for token in tokens if token in _WEEKDAYS or token not in stopwords()]
            if not tokens:
                continue
            if not all(self._knows(token) for token in tokens):
                yield Unsupported(text=match[0], what="name not in the source")
            elif len(tokens) > 1 and f" {' '.join(tokens)} " not in self._plain and not set(tokens) <= close:
                yield Unsupported(text=match[0], what="name not in the source in this form")
            elif near and not set(tokens) & close:
                yield Unsupported(text=match[0], what="name stands elsewhere in the source", misplaced=True)

    def _polarity(self, said: _Told, near: Sequence[_Told], *, copied: bool) -> Iterator[Unsupported]:
        if not near or len(said.claims & near[0].words) < 0.6 * max(1, len(said.claims)):
            return
        theirs = [denial for told in (near[:1] if copied else near) for denial in told.denials]
        alone = not copied and not any(told.words & NEGATIONS for told in near)
        unlike = any(not any(denial.like(other) for other in theirs) for denial in said.denials)
        if unlike or (alone and said.words & NEGATIONS):
            yield Unsupported(text=said.text, what="denied here, not in the source")
        # What was denied may have been left out: only where its own words are said is it missed.
        if any(
            denial.said_in(said.tokens) and not any(denial.like(mine) for mine in said.denials)
            for denial in near[0].denials
        ) or (near[0].words & NEGATIONS and not said.words & NEGATIONS and near[0].claims <= said.words):
            yield Unsupported(text=said.text, what="denied in the source, not here")

    def _knows(self, word: str) -> bool:
        if word in self._words:
            return True
        return len(word) > 3 and stem(word) in self._stems


def _head(text: str, length: int) -> str:
    """Take the first characters of a text, so many as make a key of this length, with the marks behind them."""
    for at, char in enumerate(text):
        mine = len(key(char))
        if mine and length <= 0:
            return text[:at]
        length -= mine
    return text


def _following(text: str, figure: Figure) -> str:
    """Name what a number counts: the next word that says something, before another number."""
    after = _tokens(re.split(r"\d", text[figure.end : figure.end + 60])[0])
    return next((stem(word) for word in after[:3] if word not in stopwords()), "")


def _tokens(text: str) -> list[str]:
    """Split into words; `Ellery’s` is `ellery`."""
    return [word.removesuffix("'s") for word in words(text.replace("’", "'").replace("‘", "'"))]
