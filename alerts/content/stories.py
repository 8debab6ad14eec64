"""Which articles tell of one event: online clustering. Pure.

Each article becomes a vector of its words (TF-IDF) and a second one of its names and numbers; it joins the most similar
open story if it is similar enough, else it begins one. Names and numbers count apart because look-alike events – two
quakes, two trials – share every word but those. An inverted index keeps it fast: only stories that share one of the
telling words are compared.
"""

import hashlib
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from alerts.content import sentences
from alerts.content.rules import stopwords
from alerts.content.text import stem, words
from alerts.model import Article, Story, StoryId

#: a story that nothing joined for so long is closed
WINDOW = timedelta(hours=72)
_DECAY_HOURS = 72.0
#: how far names and numbers that differ cast doubt on two texts that are alike; a headline has few of them
_DOUBT, _DOUBT_SHORT = 0.7, 0.3
_JOIN = 0.16
_JOIN_SHORT = 0.11
#: two texts that name so much and have no name or number in common tell of two events
_NAMES_OF_AN_EVENT = 3
#: a headline without a text has fewer words than this (its words count twice)
_SHORT = 20
_TERMS_KEPT = 300
#: one place name in two short texts looks like much; this many words of a text must stand in the story
_LEAST_SHARED = 4
_TERMS_LOOKED_UP = 12
#: as if so many articles had been seen before the first: idf must not swing at the start
_PRIOR = 40
_BODY_SENTENCES = 8

Vector = dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where an article belongs."""

    #: None: it begins a story
    story: StoryId | None
    #: 0…1
    similarity: float
    #: the words that both share, most telling first
    shared: tuple[str, ...] = ()


@dataclass(slots=True)
class _Centroid:
    """The sum of unit vectors, and its length."""

    terms: Vector = field(default_factory=dict)
    length: float = 0.0

    def add(self, vector: Vector) -> None:
        for term, weight in vector.items():
            self.terms[term] = self.terms.get(term, 0.0) + weight
        if len(self.terms) > 2 * _TERMS_KEPT:
            self.terms = dict(sorted(self.terms.items(), key=lambda pair: -pair[1])[:_TERMS_KEPT])
        self.length = math.sqrt(sum(weight * weight for weight in self.terms.values()))

    def cosine(self, vector: Vector) -> float:
        dot = sum(weight * self.terms[term] for term, weight in vector.items() if term in self.terms)
        return dot / self.length if self.length else 0.0


@dataclass(slots=True)
class _Open:
    id: StoryId
    last_at: datetime
    #: the sums of its articles' vectors
    words: _Centroid = field(default_factory=_Centroid)
    names: _Centroid = field(default_factory=_Centroid)


class Clusterer:
    """The open stories, kept in memory; articles are placed one after another. Not for use by two threads at once."""

    def __init__(self) -> None:
        self._stories: dict[StoryId, _Open] = {}
        self._index: defaultdict[str, set[StoryId]] = defaultdict(set)
        self._seen: Counter[str] = Counter()
        self._articles = 0

    @classmethod
    def of(cls, stories: Iterable[Story]) -> "Clusterer":
        """Begin with stories known from before."""
        clusterer = cls()
        for story in stories:
            for article in story.articles:
                clusterer.add(article, story.id)
        return clusterer

    def place(self, article: Article) -> Placement:
        """Tell which open story an article belongs to, without adding it."""
        mine, names = features(article)
        vector, name_vector = self._weighed(mine), self._weighed(names)
        is_short = sum(mine.values()) < _SHORT
        need, least = (_JOIN_SHORT, 1) if is_short else (_JOIN, _LEAST_SHARED)
        best = Placement(story=None, similarity=0.0)
        for candidate in self._candidates(vector, name_vector):
            story = self._stories[candidate]
            if article.seen_at - story.last_at > WINDOW:
                continue
            likeness = self._similarity(vector, name_vector, story, is_short=is_short)
            likeness *= self._fading(story, article.seen_at)
            if likeness > best.similarity and sum(term in story.words.terms for term in vector) >= least:
                best = Placement(story=candidate, similarity=likeness, shared=_shared(vector, story.words.terms))
        return best if best.similarity >= need else Placement(story=None, similarity=best.similarity)

    def add(self, article: Article, story: StoryId) -> None:
        """Add an article to a story, which may be a new one."""
        mine, names = features(article)
        self._articles += 1
        self._seen.update(mine.keys() | names.keys())
        known = self._stories.setdefault(story, _Open(story, article.seen_at))
        known.last_at = max(known.last_at, article.seen_at)
        known.words.add(self._weighed(mine))
        known.names.add(self._weighed(names))
        for term in (*mine, *names):
            self._index[term].add(story)

    def forget(self, *, before: datetime) -> None:
        """Close stories that nothing joined since."""
        closed = {story.id for story in self._stories.values() if story.last_at < before}
        for story in closed:
            del self._stories[story]
        if closed:
            for term in list(self._index):
                self._index[term] -= closed
                if not self._index[term]:
                    del self._index[term]

    def _idf(self, term: str) -> float:
        return math.log((self._articles + _PRIOR) / (self._seen[term] + 1.0)) + 0.1

    def _weighed(self, terms: Counter[str]) -> Vector:
        vector = {term: (1 + math.log(count)) * self._idf(term) for term, count in terms.items()}
        length = math.sqrt(sum(weight * weight for weight in vector.values())) or 1.0
        return {term: weight / length for term, weight in vector.items()}

    def _candidates(self, vector: Vector, names: Vector) -> set[StoryId]:
        """Find the stories that share one of the most telling words."""
        telling = sorted(vector, key=lambda term: -vector[term])[:_TERMS_LOOKED_UP]
        named = sorted(names, key=lambda term: -names[term])[:_TERMS_LOOKED_UP]
        found: set[StoryId] = set()
        for term in (*telling, *named):
            found |= self._index.get(term, set())
        return found

    def _similarity(self, vector: Vector, names: Vector, story: _Open, *, is_short: bool) -> float:
        by_words = story.words.cosine(vector)
        if not names or not story.names.terms:
            return by_words
        # Names and numbers confirm or cast doubt; alone – one place, two events – they prove nothing.
        enough = min(len(names), len(story.names.terms)) >= _NAMES_OF_AN_EVENT and not is_short
        if enough and names.keys().isdisjoint(story.names.terms):
            return 0.0
        doubt = _DOUBT_SHORT if is_short else _DOUBT
        return min(1.0, by_words * (1 - doubt + 2 * doubt * story.names.cosine(names)))

    def _fading(self, story: _Open, at: datetime) -> float:
        hours = max(0.0, (at - story.last_at).total_seconds() / 3600)
        return math.exp(-hours / _DECAY_HOURS)


def place(article: Article, open_stories: Sequence[Story]) -> StoryId | None:
    """Tell which of some stories an article belongs to; None: it begins one."""
    return Clusterer.of(open_stories).place(article).story


def new_story_id(article: Article) -> StoryId:
    """Name the story that an article begins; the same article always begins the same one."""
    return StoryId(hashlib.sha256(f"story\0{article.id}".encode()).hexdigest()[:16])


def joined(story: Story | None, article: Article, *, lead_outlets: frozenset[str]) -> Story:
    """Make the story that an article joins or begins. Only outlets in `lead_outlets` (ours) can give its lead.

    An article that is there already (the same address) is replaced by its newer text.
    """
    kept = [known for known in (story.articles if story else ()) if known.id != article.id]
    articles = tuple(sorted((*kept, article), key=lambda one: (one.told_at, one.id)))
    ours = [one for one in articles if one.outlet in lead_outlets]
    return Story(
        id=story.id if story else new_story_id(article),
        lead=_lead(ours),
        articles=articles,
        first_seen_at=min(one.seen_at for one in articles),
        last_seen_at=max(article.seen_at, story.last_seen_at) if story else article.seen_at,
        verdict=story.verdict if story else None,
    )


def _lead(ours: Sequence[Article]) -> Article | None:
    """Choose the article to link: one that has a text, the newest of those that tell most."""
    if not ours:
        return None
    longest = max(min(3000, _length(article)) for article in ours)
    full = [article for article in ours if min(3000, _length(article)) >= 0.5 * longest]
    return max(full, key=lambda article: (article.told_at, _length(article), article.id))


def _length(article: Article) -> int:
    return sum(map(len, article.paragraphs))


# --- what an article is about ---------------------------------------------------------------------

_CAPITAL = re.compile(r"[^\W\d_a-zß-öø-ÿ][\w’'-]+")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


def features(article: Article) -> tuple[Counter[str], Counter[str]]:
    """Count an article's words, and its names and numbers. The headline counts twice."""
    body = [text for part in article.paragraphs[:_BODY_SENTENCES] for text in sentences.split(part[:5000])]
    opening = body[:_BODY_SENTENCES] or [article.standfirst]
    counted: Counter[str] = Counter()
    for text, weight in ((article.title, 2), *((text, 1) for text in opening)):
        for word in words(text):
            if word not in stopwords() and (len(word) > 2 or not word.isascii()):
                counted[stem(word)] += weight
    return counted, _names(article.title, opening)


def _names(title: str, opening: Sequence[str]) -> Counter[str]:
    named: Counter[str] = Counter()
    texts = list(opening)
    capitals = [word[:1].isupper() for word in title.split() if word[:1].isalpha()]
    # In A Title Like This every word looks like a name.
    if capitals and sum(capitals) / len(capitals) < 0.7:
        texts.append(title)
    for text in texts:
        for match in _CAPITAL.finditer(text):
            word = match[0].casefold().removesuffix("'s").removesuffix("’s")
            if word not in stopwords() and (match.start() > 1 or len(texts) == 1):
                named[f"={word}"] += 1
        for match in _NUMBER.finditer(text):
            named[f"#{match[0]}"] += 1
    return named


def _shared(vector: Vector, story: Vector) -> tuple[str, ...]:
    both = [term for term in vector if term in story]
    return tuple(sorted(both, key=lambda term: -vector[term])[:6])
