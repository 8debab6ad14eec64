"""Finding what a text says that its sources do not. Pure.

Every number, name and quotation must stand in a source, names and numbers near the sentence that the claim comes from,
and a claim must not be denied or affirmed where its source does the opposite. It runs on every text that is sent: as
a gate on what a machine wrote, as a warning on what an editor wrote.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from alerts.content import sentences
from alerts.content.rules import stopwords
from alerts.content.text import key, stem, words

#: more words than this share that no source knows: it is somebody else's text
_FOREIGN_SHARE = 0.35
#: no article is longer; what is, is read so far
_MOST_SENTENCES = 2000
_NUMBER = re.compile(r"\d+(?:[.,’']\d+)*")
_SCALES = {
    "thousand": 10**3,
    "million": 10**6,
    "m": 10**6,
    "mn": 10**6,
    "billion": 10**9,
    "bn": 10**9,
    "trillion": 10**12,
}
_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_NUMERALS = {name: value for value, name in enumerate(_SMALL.split())}
_NUMERALS |= {name: 10 * value for value, name in enumerate(_TENS.split(), start=2)}
_QUOTES = re.compile(r"“([^“”]{2,})”|«\s*([^«»]{2,}?)\s*»|„([^„“”]{2,})[“”]|\"([^\"]{2,})\"")
_NAME = re.compile(r"[^\W\d_a-zß-öø-ÿ][\w’'.-]*(?:\s+[^\W\d_a-zß-öø-ÿ][\w’'.-]*)*")
_NEGATION_WORDS = (
    "not no never none neither nor without cannot isn't aren't wasn't weren't don't doesn't didn't won't wouldn't "
    "can't couldn't shouldn't hasn't haven't hadn't denies denied deny rejects rejected refuses refused nicht "
    "kein keine keinen nie pas jamais aucun aucune ne nunca jamás ningún sin لا لم لن ليس ليست"
)
_NEGATIONS = frozenset(_NEGATION_WORDS.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsupported:
    """Something that no source says."""

    #: the words in question
    text: str
    #: in words an editor reads, such as `number not in the source`
    what: str
    #: the source has it, but not near the sentence that this one comes from
    misplaced: bool = False


def unsupported(text: str, sources: Sequence[str]) -> list[Unsupported]:
    """List what a text says beyond its sources; an empty list: every claim stands in one of them."""
    source = _Source(sources)
    found: list[Unsupported] = []
    for paragraph in text.split("\n"):
        for sentence in sentences.split(paragraph):
            found += source.check(sentence)
    return list(dict.fromkeys(found))


class _Source:
    """The sentences that a text may draw on."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._sentences = [
            sentence for text in texts for part in text.split("\n") for sentence in sentences.split(part)
        ]
        del self._sentences[_MOST_SENTENCES:]
        self._keys = "\0".join(key(sentence) for sentence in self._sentences)
        self._numbers_of = [frozenset(numbers(sentence)) for sentence in self._sentences]
        self._all_numbers = frozenset().union(*self._numbers_of)
        self._words = [frozenset(_tokens(sentence)) for sentence in self._sentences]
        self._all_words = frozenset().union(*self._words)
        self._stems = {stem(word) for word in self._all_words}
        self._key = key(" ".join(texts))
        self._plain = " " + " ".join(_tokens(" ".join(texts))) + " "

    def check(self, sentence: str) -> list[Unsupported]:
        """List what one sentence says beyond the sources."""
        mark = key(sentence.rstrip("… "))
        if mark and mark in self._keys:
            return []
        near = self._near(sentence)
        found = [Unsupported(text=quote, what="not said so in the source") for quote in self._quotes(sentence)]
        found += self._numbers(sentence, near)
        found += self._names(sentence, near)
        found += self._polarity(sentence, near)
        claims = [word for word in _tokens(sentence) if word not in stopwords()]
        foreign = [word for word in claims if not self._knows(word)]
        if claims and len(foreign) / len(claims) > _FOREIGN_SHARE:
            found.append(Unsupported(text=sentence, what="most of it stands in no source"))
        return found

    def _near(self, sentence: str) -> list[int]:
        """Find the source sentence that a claim comes from, with its neighbours; best first."""
        mine = set(_tokens(sentence)) - stopwords()
        scores = [len(mine & there) / (4 + len(there)) for there in self._words]
        if not scores or max(scores) == 0:
            return []
        # A sentence may join two of the source: the two best, each with its neighbours.
        best = sorted(range(len(scores)), key=lambda at: -scores[at])[:2]
        around = [at + step for at in best for step in (0, -1, 1)]
        return list(dict.fromkeys(at for at in around if 0 <= at < len(scores)))

    def _quotes(self, sentence: str) -> list[str]:
        quoted = ["".join(groups) for groups in _QUOTES.findall(sentence)]
        return [quote for quote in quoted if key(quote) not in self._key]

    def _numbers(self, sentence: str, near: list[int]) -> list[Unsupported]:
        close = {value for at in near for value in self._numbers_of[at]}
        found = []
        for value, written in numbers(sentence).items():
            if value not in self._all_numbers:
                found.append(Unsupported(text=written, what="number not in the source"))
            elif value not in close:
                found.append(Unsupported(text=written, what="number stands elsewhere in the source", misplaced=True))
        return found

    def _names(self, sentence: str, near: list[int]) -> list[Unsupported]:
        close = " ".join(f" {' '.join(_tokens(self._sentences[at]))} " for at in near)
        found = []
        for match in _NAME.finditer(sentence):
            tokens = _tokens(match[0])
            if match.start() == 0 or sentence[: match.start()].rstrip(" “‘\"'(«„") == "":
                # The first word has its capital from standing first.
                tokens = tokens[1:] if tokens and (len(tokens) > 1 or self._knows(tokens[0])) else tokens
            tokens = [token for token in tokens if token not in stopwords()]
            if not tokens:
                continue
            name = " ".join(tokens)
            if not all(self._knows(token) for token in tokens):
                found.append(Unsupported(text=match[0], what="name not in the source"))
            elif (
                f" {name} " not in self._plain
                and len(tokens) > 1
                and not all(token in close.split() for token in tokens)
            ):
                found.append(Unsupported(text=match[0], what="name not in the source in this form"))
            elif near and not any(token in close.split() for token in tokens):
                found.append(Unsupported(text=match[0], what="name stands elsewhere in the source", misplaced=True))
        return found

    def _polarity(self, sentence: str, near: list[int]) -> list[Unsupported]:
        if not near:
            return []
        mine, theirs = set(_tokens(sentence)), self._words[near[0]]
        claims = (mine - stopwords()) - _NEGATIONS
        if len(claims & theirs) < 0.6 * max(1, len(claims)):
            return []
        # What is nearly a copy is held to its very sentence; freer words to those around it, too.
        copied = len(theirs & mine) >= 0.8 * min(len(theirs), len(mine - _NEGATIONS))
        around = near[:1] if copied else near
        if mine & _NEGATIONS and not any(self._words[at] & _NEGATIONS for at in around):
            return [Unsupported(text=sentence, what="denied here, not in the source")]
        # A negation may stand in a part of the source sentence that was left out: only whole copies are judged.
        whole = len(theirs & mine) >= 0.8 * len(theirs - _NEGATIONS)
        if whole and theirs & _NEGATIONS and not mine & _NEGATIONS:
            return [Unsupported(text=sentence, what="denied in the source, not here")]
        return []

    def _knows(self, word: str) -> bool:
        if word in self._all_words:
            return True
        return len(word) > 3 and stem(word) in self._stems


def numbers(text: str) -> dict[float, str]:
    """Read every number of a text, in digits or English words, scaled: value → as written."""
    plain = "".join(str(unicodedata.digit(char)) if char.isdigit() and not char.isascii() else char for char in text)
    found: dict[float, str] = {}
    for match in _NUMBER.finditer(plain):
        value = _value(match[0])
        following = re.match(r"[\s-]*([a-z]+)\b", plain[match.end() :].casefold())
        scale = _SCALES.get(following[1], 1) if following else 1
        found[value * scale] = match[0] + (following[0] if following and scale > 1 else "")
    for match in re.finditer(r"\b([a-z]+)(?:[\s-]([a-z]+))?\b", plain.casefold()):
        if match[1] in _NUMERALS and match[1] not in {"one", "zero"}:
            tens = _NUMERALS[match[1]]
            ones = _NUMERALS.get(match[2] or "", 0) if tens >= 20 else 0
            found[float((tens + (ones if ones < 10 else 0)) * _SCALES.get(match[2] or "", 1))] = match[0]
    return found


def _value(written: str) -> float:
    bare = written.replace("’", "").replace("'", "")
    if re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+", bare):
        return float(re.sub(r"[.,]", "", bare))
    head, _, tail = bare.replace(",", ".").rpartition(".")
    return float(f"{head.replace('.', '')}.{tail}" if head else tail)


def _tokens(text: str) -> list[str]:
    """Split into words; `Ellery’s` is `ellery`."""
    return [word.removesuffix("'s") for word in words(text.replace("’", "'").replace("‘", "'"))]
