"""Placements: which article belongs to which story, why, and what an editor changed about it. Edge: the database.

It moves articles between stories; what belongs together, others decide.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, Engine, or_, select, update

from alerts.model import ArticleId, StoryId
from alerts.store import tables
from alerts.store.engine import reading, writing
from alerts.store.records import Joining
from alerts.store.statements import chunks, insert_or_update

_articles, _stories, _placements = tables.articles, tables.stories, tables.placements


class Placements:
    """Where articles belong. Each method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def versions(self, *, since: datetime) -> dict[StoryId, int]:
        """Tell the version of every story that something was added to since an instant; merged ones are none."""
        found = select(_stories.c.id, _stories.c.version).where(
            _stories.c.last_seen_at >= since, _stories.c.merged_into.is_(None)
        )
        with reading(self._engine) as connection:
            return {StoryId(row.id): row.version for row in connection.execute(found)}

    def homes(self, articles: Iterable[ArticleId]) -> dict[ArticleId, StoryId]:
        """Tell the stories of those articles that have one; an editor's word comes first."""
        found: dict[ArticleId, StoryId] = {}
        with reading(self._engine) as connection:
            for chunk in chunks(articles):
                here = select(_articles.c.id, _articles.c.story_id).where(
                    _articles.c.id.in_(chunk), _articles.c.story_id.is_not(None)
                )
                put = select(_placements.c.article_id, _placements.c.story_id).where(
                    _placements.c.article_id.in_(chunk)
                )
                for article, story in (*connection.execute(here), *connection.execute(put)):
                    found[ArticleId(article)] = StoryId(story)
        return found

    def arranged(self, stories: Iterable[StoryId]) -> set[StoryId]:
        """Tell which of these stories hold articles that an editor put there."""
        found: set[StoryId] = set()
        with reading(self._engine) as connection:
            for chunk in chunks(stories):
                named = select(_placements.c.story_id).where(_placements.c.story_id.in_(chunk)).distinct()
                found |= {StoryId(story) for story in connection.scalars(named)}
        return found

    def reasons(self, story: StoryId) -> dict[ArticleId, Joining]:
        """Tell why the articles of a story joined it."""
        found = (
            select(_articles.c.id, _articles.c.similarity, _articles.c.shared, _placements.c.editor)
            .outerjoin(_placements, _placements.c.article_id == _articles.c.id)
            .where(_articles.c.story_id == story)
        )
        with reading(self._engine) as connection:
            return {
                ArticleId(row.id): Joining(
                    similarity=row.similarity, shared=tuple((row.shared or "").split()), editor=row.editor or ""
                )
                for row in connection.execute(found)
            }

    def formerly(self, stories: Iterable[StoryId]) -> dict[StoryId, StoryId]:
        """Tell which stories were merged into one of these: gone → into."""
        found: dict[StoryId, StoryId] = {}
        with reading(self._engine) as connection:
            for chunk in chunks(stories):
                gone = select(_stories.c.id, _stories.c.merged_into).where(_stories.c.merged_into.in_(chunk))
                found |= {StoryId(row.id): StoryId(row.merged_into) for row in connection.execute(gone)}
        return found

    def merge(self, into: StoryId, gone: Sequence[StoryId], *, editor: str = "", now: datetime) -> None:
        """Move the articles of stories into another one; the emptied ones point to it.

        With `editor` all its articles stay where they are from now on.
        """
        with writing(self._engine) as connection:
            connection.execute(update(_articles).where(_articles.c.story_id.in_(gone)).values(story_id=into))
            connection.execute(update(_placements).where(_placements.c.story_id.in_(gone)).values(story_id=into))
            connection.execute(
                update(_stories)
                .where(or_(_stories.c.id.in_(gone), _stories.c.merged_into.in_(gone)))
                .values(merged_into=into, version=_stories.c.version + 1)
            )
            _changed(connection, into)
            if editor:
                _arrange(connection, into, editor=editor, now=now)

    def split(self, story: StoryId, articles: Sequence[ArticleId], new: StoryId, *, editor: str, now: datetime) -> None:
        """Move some articles of a story into a new one; all of both stay where they are from now on."""
        with writing(self._engine) as connection:
            old = connection.execute(select(_stories).where(_stories.c.id == story)).one()
            row = {**old._mapping, "id": new, "lead_article": None, "version": 0, "merged_into": None}
            connection.execute(insert_or_update(connection, _stories).values(row))
            moved = {"story_id": new, "similarity": None, "shared": None}
            connection.execute(
                update(_articles).where(_articles.c.story_id == story, _articles.c.id.in_(articles)).values(moved)
            )
            _changed(connection, story)
            for one in (story, new):
                _arrange(connection, one, editor=editor, now=now)


def _changed(connection: Connection, story: StoryId) -> None:
    connection.execute(update(_stories).where(_stories.c.id == story).values(version=_stories.c.version + 1))


def _arrange(connection: Connection, story: StoryId, *, editor: str, now: datetime) -> None:
    """Write down that an editor wants the articles of a story where they are."""
    held = connection.scalars(select(_articles.c.id).where(_articles.c.story_id == story)).all()
    rows = [{"article_id": article, "story_id": story, "editor": editor, "at": now} for article in held]
    if rows:
        connection.execute(insert_or_update(connection, _placements), rows)
