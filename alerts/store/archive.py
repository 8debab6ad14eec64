"""The archive: feeds, articles and stories, as they were seen. Edge: reads and writes the database.

It never decides what belongs together or what is news; `content` does.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, select, update

from alerts.model import Article, ArticleId, Level, Story, StoryId
from alerts.store import tables
from alerts.store.archived import article_from_json, article_to_json, verdict_from_json, verdict_to_json
from alerts.store.engine import reading, writing
from alerts.store.records import FeedState, Joining
from alerts.store.statements import chunks, insert_or_update

#: what tells where an article belongs, and why; whoever brings the article does not know it
_PLACE = ("story_id", "similarity", "shared")


class Archive:
    """What was published. Each method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # --- feeds ------------------------------------------------------------------------------------

    def feed_state(self, url: str) -> FeedState | None:
        """Tell how polling a feed went."""
        with reading(self._engine) as connection:
            row = connection.execute(select(tables.feeds).where(tables.feeds.c.url == url)).one_or_none()
        return FeedState(**row._mapping) if row else None

    def feed_states(self) -> list[FeedState]:
        """Tell how polling went of every feed ever polled, by address."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(tables.feeds).order_by(tables.feeds.c.url)).all()
        return [FeedState(**row._mapping) for row in rows]

    def save_feed_states(self, states: Sequence[FeedState]) -> None:
        """Remember how polling went."""
        if not states:
            return
        rows = [{field.name: getattr(state, field.name) for field in fields(state)} for state in states]
        with writing(self._engine) as connection:
            connection.execute(insert_or_update(connection, tables.feeds), rows)

    # --- articles ---------------------------------------------------------------------------------

    def add_articles(self, articles: Sequence[tuple[Article, bool]]) -> list[Article]:
        """Keep articles, each with whether it is backfill; return those that are new or whose text changed.

        What we first saw stays first seen: a changed article keeps its `seen_at`, its story and its backfill mark,
        and an embargo that its new telling does not speak of.
        """
        changed: list[Article] = []
        with writing(self._engine) as connection:
            for chunk in chunks(articles):
                changed += _add(connection, chunk)
        return changed

    def put_article(self, article: Article, *, backfill: bool = False) -> None:
        """Keep an article exactly as it is given, its embargo and `seen_at` too.

        One that is known keeps its story and whether it is backfill.
        """
        with writing(self._engine) as connection:
            row = _article_row(article, backfill)
            connection.execute(insert_or_update(connection, tables.articles, keep=(*_PLACE, "backfill")), row)

    def embargoes(self, *, since: datetime, until: datetime | None = None) -> list[Article]:
        """List the articles whose embargo ends after an instant (and not after another), soonest first."""
        table = tables.articles
        found = select(table.c.article).where(table.c.embargo_until > since)
        if until is not None:
            found = found.where(table.c.embargo_until <= until)
        with reading(self._engine) as connection:
            rows = connection.scalars(found.order_by(table.c.embargo_until, table.c.id))
            return [article_from_json(written) for written in rows]

    def known(self, article_ids: Iterable[ArticleId]) -> set[ArticleId]:
        """Tell which of these are kept already."""
        found: set[ArticleId] = set()
        with reading(self._engine) as connection:
            for chunk in chunks(article_ids):
                ids = select(tables.articles.c.id).where(tables.articles.c.id.in_(chunk))
                found |= {ArticleId(article_id) for article_id in connection.scalars(ids)}
        return found

    def titles(self, *, outlet: str, since: datetime) -> set[str]:
        """List the titles of an outlet's articles first seen since an instant."""
        table = tables.articles
        with reading(self._engine) as connection:
            found = select(table.c.title).where(table.c.outlet == outlet, table.c.seen_at >= since)
            return set(connection.scalars(found))

    def article(self, article_id: ArticleId) -> Article | None:
        """Find an article by id."""
        return self._first_article(select(tables.articles.c.article).where(tables.articles.c.id == article_id))

    def articles(
        self, *, since: datetime, outlet: str | None = None, backfill: bool | None = None, limit: int | None = None
    ) -> list[Article]:
        """List articles first seen since an instant, newest first."""
        table = tables.articles
        found = select(table.c.article).where(table.c.seen_at >= since)
        if outlet is not None:
            found = found.where(table.c.outlet == outlet)
        if backfill is not None:
            found = found.where(table.c.backfill == backfill)
        found = found.order_by(table.c.seen_at.desc(), table.c.id).limit(limit)
        with reading(self._engine) as connection:
            return [article_from_json(written) for written in connection.scalars(found)]

    def unplaced(self, *, since: datetime) -> list[Article]:
        """List articles first seen since an instant that belong to no story yet, oldest first."""
        table = tables.articles
        found = select(table.c.article).where(table.c.story_id.is_(None), table.c.seen_at >= since)
        with reading(self._engine) as connection:
            rows = connection.scalars(found.order_by(table.c.seen_at, table.c.id))
            return [article_from_json(written) for written in rows]

    def backfill(self, article_ids: Iterable[ArticleId]) -> set[ArticleId]:
        """Tell which of these came with the first fetch of their feed or were old when they came."""
        found: set[ArticleId] = set()
        with reading(self._engine) as connection:
            for chunk in chunks(article_ids):
                ids = select(tables.articles.c.id).where(tables.articles.c.id.in_(chunk), tables.articles.c.backfill)
                found |= {ArticleId(article_id) for article_id in connection.scalars(ids)}
        return found

    def _first_article(self, statement: Select[Any]) -> Article | None:
        with reading(self._engine) as connection:
            written = connection.scalars(statement.limit(1)).first()
        return article_from_json(written) if written else None

    # --- stories ----------------------------------------------------------------------------------

    def save_story(self, story: Story, *, why: Mapping[ArticleId, Joining] | None = None) -> int | None:
        """Keep a story; its articles, and no others, belong to it from now on. `why` tells why some of them joined it.

        Return its version; None: it was merged into another one meanwhile, nothing was kept, and its new articles
        wait to be placed.
        """
        return self.save_stories([story], why={story.id: why or {}})[story.id]

    def save_stories(
        self, stories: Iterable[Story], *, why: Mapping[StoryId, Mapping[ArticleId, Joining]]
    ) -> dict[StoryId, int | None]:
        """Keep stories as `save_story` does, all or none of them; return their versions."""
        with writing(self._engine) as connection:
            return {story.id: _save_story(connection, story, why=why.get(story.id, {})) for story in stories}

    def story(self, ref: str) -> Story | None:
        """Find a story by id or by the beginning of its id; None when that fits none or several.

        One that was merged into another is found as that one.
        """
        stories = tables.stories
        with reading(self._engine) as connection:
            rows = connection.execute(select(stories).where(stories.c.id == ref)).all()
            if not rows and ref:
                by_prefix = select(stories).where(stories.c.id.startswith(ref, autoescape=True)).limit(2)
                rows = connection.execute(by_prefix).all()
            if len(rows) == 1 and rows[0].merged_into:
                rows = connection.execute(select(stories).where(stories.c.id == rows[0].merged_into)).all()
            found = _stories(connection, rows) if len(rows) == 1 else []
        return found[0] if found else None

    def story_of(self, article_id: ArticleId) -> Story | None:
        """Find the story that an article belongs to."""
        table = tables.articles
        with reading(self._engine) as connection:
            story_id = connection.scalars(select(table.c.story_id).where(table.c.id == article_id)).one_or_none()
        return self.story(story_id) if story_id else None

    def named_stories(self, ids: Iterable[StoryId]) -> list[Story]:
        """Find the stories of these ids; those without articles are left out."""
        stories = tables.stories
        found: list[Story] = []
        with reading(self._engine) as connection:
            for chunk in chunks(ids):
                found += _stories(connection, connection.execute(select(stories).where(stories.c.id.in_(chunk))).all())
        return found

    def open_stories(self, *, since: datetime) -> list[Story]:
        """List the stories that something was added to since an instant, oldest first."""
        stories = tables.stories
        found = select(stories).where(stories.c.last_seen_at >= since).order_by(stories.c.first_seen_at, stories.c.id)
        with reading(self._engine) as connection:
            return _stories(connection, connection.execute(found).all())

    def stories(self, *, since: datetime, level: Level | None = None, limit: int | None = None) -> list[Story]:
        """List the stories that something was added to since an instant, newest first."""
        stories = tables.stories
        found = select(stories).where(stories.c.last_seen_at >= since)
        if level is not None:
            found = found.where(stories.c.level == level.value)
        found = found.order_by(stories.c.last_seen_at.desc(), stories.c.id).limit(limit)
        with reading(self._engine) as connection:
            return _stories(connection, connection.execute(found).all())


def _save_story(connection: Connection, story: Story, *, why: Mapping[ArticleId, Joining]) -> int | None:
    articles, ids = tables.articles, [article.id for article in story.articles]
    verdict = story.verdict
    row = connection.execute(
        select(tables.stories.c.version, tables.stories.c.merged_into).where(tables.stories.c.id == story.id)
    ).one_or_none()
    if row is not None and row.merged_into is not None:
        return None
    version: int = 1 + (row.version if row is not None else 0)
    connection.execute(
        insert_or_update(connection, tables.stories).values(
            id=story.id,
            lead_article=story.lead.id if story.lead else None,
            first_seen_at=story.first_seen_at,
            last_seen_at=story.last_seen_at,
            score=verdict.score if verdict else 0.0,
            level=(verdict.level if verdict else Level.DIGEST_ONLY).value,
            verdict=verdict_to_json(verdict),
            merged_into=None,
            version=version,
        )
    )
    mine = connection.scalars(select(articles.c.id).where(articles.c.story_id == story.id)).all() if row else ()
    nowhere = dict.fromkeys(_PLACE)
    for chunk in chunks(set(mine) - set(ids)):
        connection.execute(update(articles).where(articles.c.id.in_(chunk)).values(nowhere))
    reasons = {one: {"similarity": why[one].similarity, "shared": " ".join(why[one].shared)} for one in why}
    came = set(ids) - set(mine)
    for chunk in chunks(came - reasons.keys()):
        there = {**nowhere, "story_id": story.id}
        connection.execute(update(articles).where(articles.c.id.in_(chunk)).values(there))
    for article_id, reason in reasons.items():
        there = {"story_id": story.id} if article_id in came else {}
        connection.execute(update(articles).where(articles.c.id == article_id).values({**there, **reason}))
    return version


def _add(connection: Connection, chunk: Sequence[tuple[Article, bool]]) -> list[Article]:
    table = tables.articles
    ids = [article.id for article, _ in chunk]
    known = {
        row.id: row
        for row in connection.execute(
            select(
                table.c.id,
                table.c.outlet,
                table.c.feed,
                table.c.content_hash,
                table.c.seen_at,
                table.c.embargo_until,
                table.c.article,
            ).where(table.c.id.in_(ids))
        )
    }
    changed: dict[ArticleId, tuple[Article, bool]] = {}
    for article, backfill in chunk:
        row = known.get(article.id)
        if row is None:
            changed[article.id] = (article, backfill)
        elif _says_more(article, row):
            until = article.embargo_until or row.embargo_until
            # Where the publisher does not say when it rewrote its text, we noticed it now.
            rewritten_at = article.updated_at or article.seen_at
            kept = replace(article, seen_at=row.seen_at, embargo_until=until, updated_at=rewritten_at)
            changed[article.id] = (kept, backfill)
    if changed:
        rows = [_article_row(article, backfill) for article, backfill in changed.values()]
        connection.execute(insert_or_update(connection, table, keep=(*_PLACE, "seen_at", "backfill")), rows)
    return [article for article, _ in changed.values()]


def _says_more(article: Article, row: Any) -> bool:
    """Tell whether what came takes the place of what is kept: a rewritten text, or the rightful outlet's.

    Two feeds of one outlet may word an article differently for good. The one that brought it is believed; the other
    only where it tells more or says that it is newer.
    """
    if row.outlet != article.outlet:
        return True
    if row.content_hash == article.content_hash:
        return False
    if not row.feed or row.feed == article.feed:
        return True
    kept = article_from_json(row.article)
    newer = article.updated_at is not None and article.updated_at > (kept.updated_at or kept.told_at)
    return newer or _length(article) > _length(kept)


def _length(article: Article) -> int:
    return len(article.title) + sum(map(len, article.paragraphs))


def _article_row(article: Article, backfill: bool) -> dict[str, Any]:
    return {
        "id": article.id,
        "url": article.url,
        "outlet": article.outlet,
        "feed": article.feed,
        "title": article.title,
        "seen_at": article.seen_at,
        "published_at": article.published_at,
        "embargo_until": article.embargo_until,
        "content_hash": article.content_hash,
        "story_id": None,
        "similarity": None,
        "shared": None,
        "article": article_to_json(article),
        "backfill": backfill,
    }


def _stories(connection: Connection, rows: Sequence[Row[Any]]) -> list[Story]:
    """Fill stories with their articles, oldest news first; leave out those whose articles all went elsewhere."""
    table = tables.articles
    members: defaultdict[str, list[Article]] = defaultdict(list)
    for chunk in chunks(row.id for row in rows):
        found = select(table.c.story_id, table.c.article).where(table.c.story_id.in_(chunk))
        for story_id, written in connection.execute(found):
            members[story_id].append(article_from_json(written))
    return [_story(row, members[row.id]) for row in rows if members[row.id]]


def _story(row: Row[Any], articles: list[Article]) -> Story:
    articles.sort(key=lambda article: (article.told_at, article.id))
    return Story(
        id=StoryId(row.id),
        lead=next((article for article in articles if article.id == row.lead_article), None),
        articles=tuple(articles),
        first_seen_at=row.first_seen_at,
        last_seen_at=row.last_seen_at,
        verdict=verdict_from_json(row.verdict),
    )
