"""Put articles into stories and judge them; keep both in the archive."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from alerts.content.stories import WINDOW, Clusterer, joined
from alerts.desk import judging
from alerts.desk.newsdesk import Newsdesk
from alerts.model import Article, ArticleId, Relation, Story, StoryId


def cluster(desk: Newsdesk, articles: Iterable[Article]) -> list[Story]:
    """Place articles into stories, open or new; judge, save and return the stories that changed."""
    waiting = sorted(articles, key=lambda found: (found.told_at, found.id))
    if not waiting:
        return []
    # A push and a poll at the same moment would each begin a story for one event.
    with desk.placing:
        return _place(desk, waiting)


def _place(desk: Newsdesk, waiting: Sequence[Article]) -> list[Story]:
    now = desk.clock()
    known = {story.id: story for story in desk.store.archive.open_stories(since=now - WINDOW)}
    home: dict[ArticleId, StoryId] = {a.id: story.id for story in known.values() for a in story.articles}
    clusterer = Clusterer.of(known.values())
    watched = {outlet.name for outlet in desk.config.all_outlets if outlet.relation is Relation.WATCHED}
    touched: dict[StoryId, Story] = {}
    for article in waiting:
        # An article that changed stays in its story, whatever it says now.
        placed = home.get(article.id) or clusterer.place(article).story
        story = known.get(placed) if placed else None
        outlets = {article.outlet, *(a.outlet for a in (story.articles if story else ()))}
        grown = joined(story, article, lead_outlets=frozenset(outlets - watched))
        clusterer.add(article, grown.id)
        home[article.id] = grown.id
        known[grown.id] = touched[grown.id] = grown
    changed = judging.judged(desk, [*touched.values()], among=known.values(), now=now)
    for story in changed:
        desk.store.archive.save_story(story)
    return changed


def judged(desk: Newsdesk, story: Story, *, now: datetime | None = None) -> Story:
    """Judge a story as it stands at an instant; None: now."""
    return judging.judged(desk, [story], now=desk.clock() if now is None else now)[0]
