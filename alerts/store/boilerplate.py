"""The paragraphs that outlets repeat, counted. Edge: reads and writes the database.

It never decides what boilerplate is; `content.repeated` does.
"""

from collections.abc import Collection, Iterable
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Engine, case, delete, or_, select

from alerts.model import Article, ArticleId
from alerts.store import tables
from alerts.store.engine import reading, writing
from alerts.store.statements import chunks, counting_insert

#: What was not repeated in this time is forgotten: paragraphs of one article sooner.
_SINGLE_KEPT, _KEPT = timedelta(days=7), timedelta(days=90)


class Boilerplate:
    """Counts paragraphs of articles by outlet. Each method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._pruned_on: date | None = None

    def known(self, outlet: str, marks: Collection[str], *, articles: int, days: int) -> set[str]:
        """Tell which of these paragraphs stood in so many of an outlet's articles, on so many days."""
        table = tables.boilerplate
        found: set[str] = set()
        with reading(self._engine) as connection:
            for chunk in chunks(marks):
                wanted = select(table.c.paragraph).where(
                    table.c.outlet == outlet,
                    table.c.paragraph.in_(chunk),
                    table.c.articles >= articles,
                    table.c.days >= days,
                )
                found.update(connection.scalars(wanted))
        return found

    def learn(self, seen: Iterable[tuple[Article, Collection[str]]]) -> None:
        """Count the paragraphs of new articles on the day of their news; once a day, forget what was not repeated."""
        days = sorted(((article.told_at.date(), article, marks) for article, marks in seen), key=lambda one: one[0])
        rows = [
            {
                "outlet": article.outlet,
                "paragraph": mark,
                "last_article": article.id,
                "articles": 1,
                "days": 1,
                "first_on": day,
                "last_on": day,
            }
            for day, article, marks in days
            for mark in marks
        ]
        if not rows:
            return
        table = tables.boilerplate
        latest = max(day for day, _, _ in days)
        with writing(self._engine) as connection:
            statement = counting_insert(connection, table)
            new = statement.excluded
            another = new.last_article != table.c.last_article
            later, earlier = new.last_on > table.c.last_on, new.first_on < table.c.first_on
            counted: dict[str, Any] = {
                "articles": table.c.articles + case((another, 1), else_=0),
                # A day between the first and the last may have been counted: it is not counted again.
                "days": table.c.days + case((another & or_(later, earlier), 1), else_=0),
                "last_article": new.last_article,
                "first_on": case((earlier, new.first_on), else_=table.c.first_on),
                "last_on": case((later, new.last_on), else_=table.c.last_on),
            }
            statement = statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=counted)
            connection.execute(statement, rows)
            if self._pruned_on is None or latest > self._pruned_on:
                old = (table.c.articles < 2) & (table.c.last_on < latest - _SINGLE_KEPT)
                connection.execute(delete(table).where(or_(old, table.c.last_on < latest - _KEPT)))
                self._pruned_on = latest

    def hashes(self, article_ids: Iterable[ArticleId]) -> dict[ArticleId, str]:
        """Tell the content hashes of the articles that are kept."""
        table = tables.articles
        found: dict[ArticleId, str] = {}
        with reading(self._engine) as connection:
            for chunk in chunks(article_ids):
                rows = connection.execute(select(table.c.id, table.c.content_hash).where(table.c.id.in_(chunk)))
                found |= {ArticleId(row.id): row.content_hash for row in rows}
        return found
