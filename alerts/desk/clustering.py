"""Put articles into stories and judge them; keep both in the archive.

articles ─► known home? copy? likest open story? ─► stories ─► (now and then) those that grew alike ─► judge ─► save
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from alerts.content.clusters import copies
from alerts.content.clusters.stories import WINDOW, Alike, Placement, joined
from alerts.desk import judging
from alerts.desk.newsdesk import Newsdesk
from alerts.log import log
from alerts.model import Article, ArticleId, Level, Story, StoryId
from alerts.store.records import Joining

#: Stories are compared with one another so often.
_COMPARE_EVERY = timedelta(minutes=15)
_COMPARED = "stories-compared"
#: Articles placed while others wait.
_AT_ONCE = 100
#: Stories that grew alike may make others alike; nobody waits for the last of them.
_ROUNDS = 10


def cluster(desk: Newsdesk, articles: Iterable[Article]) -> list[Story]:
    """Place articles into stories, open or new; judge, save and return the stories that changed."""
    waiting = sorted(articles, key=lambda found: (found.told_at, found.id))
    changed: dict[StoryId, Story] = {}
    for start in range(0, len(waiting), _AT_ONCE):
        # A push and a poll at the same moment would each begin a story for one event; but a push must not wait for
        # a thousand articles of an outlet's first feed.
        with desk.placing:
            for story in _Placing(desk).run(waiting[start : start + _AT_ONCE]):
                changed[story.id] = story
            # What was joined to another story meanwhile goes by that one's name.
            names = {story.id for story in desk.open_stories.known}
            changed = {name: story for name, story in changed.items() if name in names}
    return [*changed.values()]


def judged(desk: Newsdesk, story: Story, *, now: datetime | None = None) -> Story:
    """Judge a story as it stands at an instant; None: now."""
    return judging.judged(desk, [story], now=desk.clock() if now is None else now)[0]


def combined(desk: Newsdesk, stories: Sequence[Story]) -> Story:
    """Make one story of several; the first one keeps its name."""
    whole = stories[0]
    for article in (article for story in stories[1:] for article in story.articles):
        whole = _joined(desk, whole, article)
    return whole


def remade(desk: Newsdesk, story: Story) -> Story:
    """Choose a story's lead and times anew, after articles left it."""
    rest: Story | None = None
    for article in story.articles:
        rest = _joined(desk, rest, article)
    assert rest is not None
    return Story(
        id=story.id,
        lead=rest.lead,
        articles=rest.articles,
        first_seen_at=rest.first_seen_at,
        last_seen_at=rest.last_seen_at,
        verdict=story.verdict,
    )


def _joined(desk: Newsdesk, story: Story | None, article: Article) -> Story:
    ours = desk.ours_among((article, *(story.articles if story else ())))
    return joined(story, article, lead_outlets=frozenset(one.outlet for one in ours))


class _Placing:
    """Placing some articles, once."""

    def __init__(self, desk: Newsdesk) -> None:
        self._desk = desk
        self._now = desk.clock()
        self._open = desk.open_stories
        self._touched: dict[StoryId, Story] = {}
        self._why: defaultdict[StoryId, dict[ArticleId, Joining]] = defaultdict(dict)

    def run(self, waiting: Sequence[Article]) -> list[Story]:
        desk, now = self._desk, self._now
        self._open.refresh(desk.store, now=now)
        homes = desk.store.placements.homes(article.id for article in waiting)
        new = {one.id: keys for one in waiting if one.id not in homes and (keys := copies.sketch_of(one).keys)}
        desk.store.identities.add_keys(new)
        for article in waiting:
            # An article that changed stays in its story, whatever it says now.
            self._place(article, homes.get(article.id))
        if self._is_due():
            self._compare()
        changed = self._judged()
        # What is about to be told must not be one with what was told: it is compared at once.
        of_note = {one.id for one in changed if one.verdict and one.verdict.level is not Level.DIGEST_ONLY}
        if of_note and self._compare(of_note):
            changed = self._judged()
        for story, version in desk.store.archive.save_stories(changed, why=self._why).items():
            self._open.saved(story, version)
        return changed

    def _judged(self) -> list[Story]:
        return judging.judged(self._desk, [*self._touched.values()], among=self._open.known, now=self._now)

    def _story(self, story: StoryId) -> Story | None:
        return self._touched.get(story) or self._desk.store.archive.story(story)

    def _place(self, article: Article, home: StoryId | None) -> None:
        placed = None if home else self._copy(article) or self._open.clusterer.place(article)
        story = self._story(home or (placed.story if placed else None) or StoryId(""))
        grown = _joined(self._desk, story, article)
        if placed is not None:
            began = story is None
            joining = Joining() if began else Joining(similarity=round(placed.similarity, 3), shared=placed.shared)
            self._why[grown.id][article.id] = joining
        self._touched[grown.id] = grown
        self._open.grow(grown, article)

    def _copy(self, article: Article) -> Placement | None:
        """Find the open story that carries the same text: an agency's, an earlier version."""
        identities = self._desk.store.identities
        sketch = copies.sketch_of(article)
        if not sketch.keys:
            return None
        for known in identities.like(sketch.keys, content_hash=article.content_hash, besides=article.id):
            share = copies.contained(sketch, copies.sketch_of(known))
            home = self._desk.store.placements.homes([known.id]).get(known.id)
            is_open = home is not None and home in self._open.clusterer and self._now - known.seen_at <= WINDOW
            if share >= copies.COPY and is_open:
                return Placement(story=home, similarity=share, shared=("same", "text"))
        return None

    # --- stories that grew alike ---

    def _is_due(self) -> bool:
        """Tell whether it is time to compare all stories."""
        daybook = self._desk.store.daybook
        last = daybook.get(_COMPARED)
        if last is not None and self._now - last.at < _COMPARE_EVERY:
            return False
        daybook.put(_COMPARED, "", now=self._now)
        return last is not None

    def _compare(self, only: Collection[StoryId] | None = None) -> bool:
        """Join stories that turned out to tell of one event; an editor's word stands. Tell whether any were joined.

        `only` those are joined with stories that were told, for little is known yet of what has just come.
        """
        for number in range(_ROUNDS):
            alike = [pair for pair in self._open.clusterer.alike(only) if only is None or self._was_told(pair)]
            if not sum([self._merge(pair) for pair in alike]):
                return number > 0
        return True

    def _was_told(self, pair: Alike) -> bool:
        return bool(self._desk.store.ledger.story_editions([pair.story, pair.other]))

    def _merge(self, pair: Alike) -> bool:
        """Join two stories, unless editors keep them apart."""
        store = self._desk.store
        arranged = store.placements.arranged([pair.story, pair.other])
        if len(arranged) == 2:
            return False
        told = {
            entry.story
            for one in store.ledger.story_editions([pair.story, pair.other])
            for entry in one.edition.entries
        }
        # What readers or editors know keeps its name.
        into, gone = sorted((pair.story, pair.other), key=lambda one: (one not in arranged, one not in told))
        both = [self._story(into), self._story(gone)]
        stories = [story for story in both if story is not None]
        if len(stories) < 2:
            return False
        # What waits to be saved must be in the archive before its articles move.
        store.archive.save_story(stories[1], why=self._why.pop(gone, None))
        store.placements.merge(into, [gone], now=self._now)
        because = Joining(similarity=round(pair.similarity, 3), shared=pair.shared)
        moved = store.placements.reasons(into)
        self._why[into] |= {one.id: because for one in stories[1].articles if moved[one.id].similarity is None}
        self._touched.pop(gone, None)
        self._touched[into] = combined(self._desk, stories)
        self._open.forget(gone)
        self._open.take(self._touched[into], version=None)
        log.info("stories_merged", into=into, gone=gone, similarity=because.similarity)
        return True
