"""What an article is about, as terms that can be counted and compared. Pure.

Two bags: the words of headline and opening, and among them the names and numbers. Look-alike events – two quakes, two
trials – share every word but those, so they are kept apart.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from alerts.content.rules import stopwords, urgency_words_for
from alerts.content.text import key, stem, words
from alerts.model import Article

#: the opening of a text tells the event; what comes later is background that other events share
_OPENING_CHARACTERS = 1200
#: the headline counts so often
_TITLE_WEIGHT = 2
#: fewer counted words than this below the headline: as good as no text
_SHORT = 8
#: a headline says a thing once: `Ukrainian` must meet `Ukraine`, so the beginnings of its words count too, by half
_BEGINNING = 4
_BEGINNING_WEIGHT = 0.5
#: scripts that write no blanks between words: their pairs of letters are the terms
_UNSPACED = re.compile("[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")
_CAPITAL = re.compile(r"[^\W\d_a-zß-öø-ÿ][\w’'-]+")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_MARKER = re.compile(r"\s*([^\W\d_][\w ]{2,15}?)\s*[:|–—!-]\s*")
_SENTENCE_ENDS = frozenset(".!?…:")
_BEFORE_A_WORD = " \"'“‘«„(["


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What an article is about."""

    #: term → how often, more where it tells more
    words: Counter[str]
    #: names (`=ruiz`) and numbers (`#6.1`)
    names: Counter[str]
    #: hardly more than a headline
    is_short: bool


def traits_of(article: Article) -> Traits:
    """Count the words of an article's headline and opening, and its names and numbers."""
    parts = _opening(article.paragraphs or (article.standfirst,))
    title = _unmarked(article.title, article.language)
    counted: Counter[str] = Counter(_terms(title) * _TITLE_WEIGHT)
    body = [term for part in parts for term in _terms(part)]
    counted.update(body)
    is_short = len(body) < _SHORT
    if is_short:
        for term, count in list(counted.items()):
            if len(term) > _BEGINNING:
                counted[f"^{term[:_BEGINNING]}"] += count * _BEGINNING_WEIGHT  # type: ignore[assignment]
    return Traits(words=counted, names=_names(title, parts), is_short=is_short)


def _unmarked(title: str, language: str) -> str:
    """Take the publisher's marker off a headline: two stories that are both breaking are not alike for that."""
    marker = _MARKER.match(title)
    return title[marker.end() :] if marker and key(marker[1]) in _markers(language) else title


@lru_cache(maxsize=64)
def _markers(language: str) -> frozenset[str]:
    return frozenset(map(key, urgency_words_for(language).markers))


def _opening(paragraphs: Sequence[str]) -> list[str]:
    """Take the first paragraphs, the last of them cut where the opening ends."""
    taken: list[str] = []
    left = _OPENING_CHARACTERS
    for paragraph in paragraphs:
        if left <= 0:
            break
        taken.append(paragraph if len(paragraph) <= left else paragraph[:left].rpartition(" ")[0])
        left -= len(paragraph)
    return [part for part in taken if part]


def _terms(text: str) -> list[str]:
    found = words(text)
    if _UNSPACED.search(text):
        found = [part for word in found for part in _parts(word)]
    return [term for word in found if (term := _term(word))]


def _parts(word: str) -> list[str]:
    """Cut a word of an unspaced script into its pairs of letters."""
    return [word[at : at + 2] for at in range(max(1, len(word) - 1))] if _UNSPACED.match(word) else [word]


@lru_cache(maxsize=50_000)
def _term(word: str) -> str:
    """Reduce a word to what it counts as; empty: it tells nothing."""
    return "" if word in stopwords() or (len(word) < 3 and word.isascii()) else stem(word)


def _names(title: str, parts: Sequence[str]) -> Counter[str]:
    named: Counter[str] = Counter()
    texts = list(parts)
    capitals = [word[:1].isupper() for word in title.split() if word[:1].isalpha()]
    # In A Title Like This every word looks like a name.
    if capitals and sum(capitals) / len(capitals) < 0.7:
        texts.append(title)
    for text in texts:
        for match in _CAPITAL.finditer(text):
            if not _begins_sentence(text, match.start()):
                word = match[0].casefold().removesuffix("'s").removesuffix("’s")
                if word not in stopwords():
                    named[f"={word}"] += 1
        for match in _NUMBER.finditer(text):
            named[f"#{match[0]}"] += 1
    return named


def _begins_sentence(text: str, start: int) -> bool:
    """Tell whether a word has its capital because a sentence begins with it."""
    before = text[max(0, start - 4) : start].rstrip(_BEFORE_A_WORD)
    return not before or before[-1] in _SENTENCE_ENDS
