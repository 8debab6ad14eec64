"""Whether two texts are one: excerpts, updates, syndicated copies. Pure.

A text is cut into its runs of three words; the smallest hashes of them are its *sketch*. Two sketches tell which share
of the shorter text stands in the longer one (containment): an excerpt stands wholly in its article, an update mostly
in what it updates. Comparing whole-text fingerprints (simhash) finds neither.
"""

import heapq
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from zlib import crc32

from alerts.content.text import key, words
from alerts.model import Article

#: half of the shorter text stands in the other: one is made from the other
COPY = 0.5
#: nearly all of it does: there is nothing new in it
SAME = 0.85
_RUN = 3
#: what news articles have of runs and more, so that most sketches are whole
_KEPT = 256
#: of fewer runs nothing can be said: an agency's stock phrase is as long
_LEAST = 12
#: of fewer runs that can be compared chance says as much
_LEAST_COMPARED = 8
_KEYS = 16
#: no two bulletins of so many runs are alike in every word
_NO_TEMPLATE = 60
#: a headline of so many words is not hit upon twice
_WORDS_OF_A_HEADLINE = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """The smallest hashes of a text's runs of three words."""

    #: ascending
    hashes: tuple[int, ...]
    #: there are no others
    is_whole: bool

    @property
    def keys(self) -> tuple[int, ...]:
        """The few hashes to look a text up by: one made from another has one of them, but for 1 in 100."""
        return self.hashes[:_KEYS]


def sketch(text: str) -> Sketch:
    """Sketch a text; one of a few words has an empty sketch, which is like no other."""
    tokens = words(text)
    runs = {
        crc32(f"{one} {two} {three}".encode())
        for one, two, three in zip(tokens, tokens[1:], tokens[_RUN - 1 :], strict=False)
    }
    if len(runs) < _LEAST:
        return Sketch(hashes=(), is_whole=True)
    if len(runs) <= _KEPT:
        return Sketch(hashes=tuple(sorted(runs)), is_whole=True)
    return Sketch(hashes=tuple(heapq.nsmallest(_KEPT, runs)), is_whole=False)


def sketch_of(article: Article) -> Sketch:
    """Sketch an article's text, without the headline: each outlet writes its own."""
    return sketch("\n".join(article.paragraphs) or article.standfirst)


def contained(one: Sketch, other: Sketch) -> float:
    """Tell which share of the shorter of two texts stands in the other: 0…1."""
    # Below the last hash that both could have kept, both know all of theirs.
    bounds = [known.hashes[-1] for known in (one, other) if known.hashes and not known.is_whole]
    bound = min(bounds, default=1 << 32)
    mine = {found for found in one.hashes if found <= bound}
    theirs = {found for found in other.hashes if found <= bound}
    fewer = min(len(mine), len(theirs))
    return len(mine & theirs) / fewer if fewer >= _LEAST_COMPARED else 0.0


def is_same(article: Article, known: Article) -> bool:
    """Tell whether an article of the same outlet is a known one under a new address: there is nothing new in it.

    A text that only one number or name tells from another – lottery draws, quake bulletins, a toll that rose – is not.
    """
    if article.outlet != known.outlet:
        return False
    if article.content_hash == known.content_hash:
        return True
    mine, theirs = sketch_of(article), sketch_of(known)
    if contained(mine, theirs) < SAME:
        return False
    # The very same text of some length is the same under any headline, unless that counts anew.
    if mine == theirs and len(mine.hashes) >= _NO_TEMPLATE and _numbers(article.title) == _numbers(known.title):
        return True
    return _facts(article) <= _facts(known) or _facts(known) <= _facts(article)


def _facts(article: Article) -> frozenset[str]:
    """Collect the headline's words that tell one event from another of its kind, and the numbers of the opening."""
    return frozenset(words(article.title)) | _numbers(" ".join(article.paragraphs[:3]))


def _numbers(text: str) -> frozenset[str]:
    return frozenset(word for word in words(text) if any(char.isdigit() for char in word))


# --- voices ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """Somebody who tells a story in words of their own, and whoever repeats them."""

    #: the first to tell it
    first: Article
    #: all, the first included, in the order they told it
    articles: tuple[Article, ...]
    #: the agency whose text it is; empty: its own
    agency: str = ""


def voices(articles: Collection[Article], *, owner: Callable[[Article], str]) -> list[Voice]:
    """Tell who reports a story independently, the first to tell it first.

    Outlets of one owner are one voice; so are all that carry the text of one agency, or a text of each other.
    """
    groups: list[list[tuple[Article, Sketch]]] = []
    for article in sorted(articles, key=lambda one: (one.told_at, one.id)):
        mine = sketch_of(article)
        heard = [group for group in groups if any(_echoes(article, mine, *known, owner=owner) for known in group)]
        # It may carry what until now seemed two voices.
        joined = [known for group in heard for known in group]
        groups = [group for group in groups if group not in heard]
        groups.append(sorted([*joined, (article, mine)], key=lambda known: (known[0].told_at, known[0].id)))
    groups.sort(key=lambda group: (group[0][0].told_at, group[0][0].id))
    return [_voice([article for article, _ in group]) for group in groups]


def _voice(articles: Sequence[Article]) -> Voice:
    agency = next((article.agency for article in articles if article.agency), "")
    return Voice(first=articles[0], articles=tuple(articles), agency=agency)


def _echoes(article: Article, mine: Sketch, known: Article, theirs: Sketch, *, owner: Callable[[Article], str]) -> bool:
    if owner(article) == owner(known) or (article.agency and article.agency == known.agency):
        return True
    if mine.hashes and theirs.hashes:
        return contained(mine, theirs) >= COPY
    return key(article.title) == key(known.title) and len(words(article.title)) >= _WORDS_OF_A_HEADLINE
