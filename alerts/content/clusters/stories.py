"""Which articles tell of one event: online clustering. Pure.

Each article becomes a vector of its words (TF-IDF) and a second one of its names and numbers; it joins the most similar
open story if it is similar enough, else it begins one. From time to time stories that grew alike are found, so that
the order in which articles came does not matter. An inverted index keeps it fast: only stories that share one of the
telling words are compared.

Measured on sets that were not fitted to: `benchmarks/content_stories.py`. The constants stand in the middle of a
range in which the figures hardly move.
"""

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.content.clusters.likeness import Open, Sum, fading, shared, similarity
from alerts.content.clusters.traits import Traits, traits_of
from alerts.model import Article, Story, StoryId

#: a story that nothing joined for so long is closed
WINDOW = timedelta(hours=72)
#: an article joins a story at once from this likeness on; a headline has few words to be alike in, but each counts
_JOIN, _JOIN_SHORT = 0.27, 0.25
#: when stories are compared, the one article of a story joins from this likeness on: the likest went first by then
_REJOIN, _REJOIN_SHORT = 0.18, 0.22
#: two large stories are one from this likeness on: what they have in common is more than one article's chance
_MERGE, _MERGE_SHORT = 0.6, 0.25
#: one place name in two short texts looks like much; this many words of a text must stand in the story
_LEAST_SHARED = 4
_TERMS_LOOKED_UP = 12
#: of the stories that share a telling word, so many of the likeliest are compared in full
_COMPARED = 12
#: as if so many articles had been seen before the first: idf must not swing at the start
_PRIOR = 40
#: how many articles' words are counted
_REMEMBERED = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where an article belongs."""

    #: None: it begins a story
    story: StoryId | None
    #: 0…1
    similarity: float
    #: the words that both share, most telling first
    shared: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """Two open stories that seem to tell of one event."""

    #: the one that was open first
    story: StoryId
    other: StoryId
    similarity: float
    shared: tuple[str, ...]


class Clusterer:
    """The open stories, kept in memory; articles are placed one after another. Not for use by two threads at once."""

    def __init__(self) -> None:
        self._stories: dict[StoryId, Open] = {}
        self._index: defaultdict[str, set[StoryId]] = defaultdict(set)
        self._seen: Counter[str] = Counter()
        self._articles = 0
        #: grew since they were last compared with the others
        self._grown: set[StoryId] = set()
        #: the last article and what it would be alone: it is added after it was placed
        self._last: tuple[Article, Traits, Open] | None = None

    @classmethod
    def of(cls, stories: Iterable[Story]) -> "Clusterer":
        """Begin with stories known from before."""
        clusterer = cls()
        for story in stories:
            for article in story.articles:
                clusterer.add(article, story.id)
        return clusterer

    def __contains__(self, story: StoryId) -> bool:
        return story in self._stories

    def place(self, article: Article) -> Placement:
        """Tell which open story an article belongs to, without adding it."""
        traits, mine = self._alone(article)
        best = Placement(story=None, similarity=0.0)
        least = 1 if traits.is_short else _LEAST_SHARED
        for story in self._candidates(mine):
            if article.seen_at - story.seen_at > WINDOW:
                continue
            likeness = similarity(mine, story) * fading(mine, story)
            if likeness > best.similarity and len(mine.words.terms.keys() & story.words.terms.keys()) >= least:
                best = Placement(story=story.id, similarity=likeness, shared=shared(mine, story))
        need = _JOIN_SHORT if traits.is_short else _JOIN
        return best if best.similarity >= need else Placement(story=None, similarity=best.similarity)

    def add(self, article: Article, story: StoryId, *, again: bool = False) -> None:
        """Add an article to a story, which may be a new one; `again`: its words were counted before."""
        traits, alone = self._alone(article)
        if not again:
            self._count(traits)
        self._put(alone, story)

    def alike(self, only: Collection[StoryId] | None = None) -> list[Alike]:
        """List pairs of stories that seem to be one, most alike first, no story twice; only what grew since last time.

        `only` those are compared with the others, and stay to be compared with all that grew. It changes nothing:
        whoever keeps the stories joins them, with `join`, and may ask again.
        """
        found: list[tuple[float, Open, Open]] = []
        grown = self._grown if only is None else self._grown.intersection(only)
        for story in [self._stories[name] for name in sorted(grown) if name in self._stories]:
            for other in self._candidates(story):
                if other.id == story.id or abs(other.seen_at - story.seen_at) > WINDOW:
                    continue
                likeness = similarity(story, other) * fading(story, other)
                if likeness >= _needed(story, other) and _share_enough(story, other):
                    first, second = sorted((story, other), key=lambda one: (one.first_at, one.id))
                    found.append((likeness, first, second))
        if only is None:
            self._grown.clear()
        used: set[StoryId] = set()
        pairs = []
        for likeness, first, second in sorted(found, key=lambda pair: (-pair[0], pair[1].id, pair[2].id)):
            if used.isdisjoint((first.id, second.id)):
                used |= {first.id, second.id}
                both = shared(second, first)
                pairs.append(Alike(story=first.id, other=second.id, similarity=likeness, shared=both))
        return pairs

    def join(self, story: StoryId, other: StoryId) -> None:
        """Make one of two stories; the other one is gone."""
        gone = self._stories[other]
        self.drop(other)
        self._put(gone, story)

    def drop(self, story: StoryId) -> None:
        """Forget a story, to take it in anew or because it is no more."""
        gone = self._stories.pop(story, None)
        if gone is not None:
            self._unlist(story, (*gone.words.terms, *gone.names.terms))
        self._grown.discard(story)

    def forget(self, *, before: datetime) -> None:
        """Close stories that nothing joined since."""
        for closed in [story.id for story in self._stories.values() if story.seen_at < before]:
            self.drop(closed)

    def _count(self, traits: Traits) -> None:
        self._articles += 1
        self._seen.update(traits.words.keys() | traits.names.keys())
        if self._articles > _REMEMBERED:
            # What was said long ago counts half, and what was said once is forgotten.
            self._articles //= 2
            self._seen = Counter({term: count // 2 for term, count in self._seen.items() if count > 1})

    def _alone(self, article: Article) -> tuple[Traits, Open]:
        """Tell what an article is about, and make the story that it alone would be."""
        if self._last is None or self._last[0] is not article:
            traits = traits_of(article)
            self._last = article, traits, self._as_story(article, traits)
        return self._last[1], self._last[2]

    def _put(self, part: Open, story: StoryId) -> None:
        known = self._stories.get(story)
        if known is None:
            known = self._stories[story] = Open(story, part.first_at, part.last_at, part.seen_at)
        known.first_at, known.last_at = min(known.first_at, part.first_at), max(known.last_at, part.last_at)
        known.seen_at = max(known.seen_at, part.seen_at)
        known.articles += part.articles
        known.short += part.short
        lost = known.words.add(part.words.terms) + known.names.add(part.names.terms)
        for term in (*part.words.terms, *part.names.terms):
            self._index[term].add(story)
        self._unlist(story, lost)
        self._grown.add(story)

    def _unlist(self, story: StoryId, terms: Iterable[str]) -> None:
        for term in terms:
            holders = self._index[term]
            holders.discard(story)
            if not holders:
                del self._index[term]

    def _as_story(self, article: Article, traits: Traits) -> Open:
        """Make the story that this article alone would be."""
        alone = Open(StoryId(""), article.told_at, article.told_at, article.seen_at, articles=1)
        alone.short = int(traits.is_short)
        alone.words, alone.names = self._weighed(traits.words), self._weighed(traits.names)
        return alone

    def _weighed(self, counted: Counter[str]) -> Sum:
        total, seen = math.log(self._articles + _PRIOR), self._seen
        vector = {
            term: (1 + math.log(count)) * (total - math.log(seen[term] + 1) + 0.1) if count > 0 else 0.0
            for term, count in counted.items()
        }
        length = math.hypot(*vector.values())
        return Sum({term: weight / length for term, weight in vector.items()}, 1.0) if length else Sum()

    def _candidates(self, mine: Open) -> list[Open]:
        """Find the stories that share most of the telling words."""
        scores: defaultdict[StoryId, float] = defaultdict(float)
        for bag, of_names in ((mine.words.terms, False), (mine.names.terms, True)):
            for term in sorted(bag, key=bag.__getitem__, reverse=True)[:_TERMS_LOOKED_UP]:
                weight = bag[term]
                for candidate in self._index.get(term, ()):
                    story = self._stories[candidate]
                    there = story.names if of_names else story.words
                    if there.length:
                        scores[candidate] += weight * there.terms.get(term, 0.0) / there.length
        likeliest = sorted(scores, key=lambda candidate: (-scores[candidate], candidate))[:_COMPARED]
        return [self._stories[candidate] for candidate in likeliest]


def _share_enough(one: Open, other: Open) -> bool:
    """Tell whether two texts have more in common than a place and a time of day."""
    if one.is_short or other.is_short:
        return True
    return sum(not term.startswith("^") for term in one.words.terms.keys() & other.words.terms.keys()) >= _LEAST_SHARED


def _needed(one: Open, other: Open) -> float:
    """Tell how alike two stories must be to be one: a single article as much as a new one, large ones far more."""
    both_short = one.is_short and other.is_short
    joining, merging = (_REJOIN_SHORT, _MERGE_SHORT) if both_short else (_REJOIN, _MERGE)
    return merging - (merging - joining) / min(one.articles, other.articles)


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
