"""How fetching the pages of truncated articles went. Edge: reads and writes the database."""

from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime

from sqlalchemy import Engine, select

from alerts.model import ArticleId
from alerts.store import tables
from alerts.store.engine import reading, writing
from alerts.store.records import Completion
from alerts.store.statements import chunks, insert_or_update


class Completions:
    """Remembers which teasers were completed, which wait and which were given up. Each method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def known(self, article_ids: Iterable[ArticleId]) -> dict[ArticleId, Completion]:
        """Find what is known of articles; those never tried are not in it."""
        table = tables.completions
        found: dict[ArticleId, Completion] = {}
        with reading(self._engine) as connection:
            for chunk in chunks(article_ids):
                for row in connection.execute(select(table).where(table.c.article_id.in_(chunk))):
                    found[ArticleId(row.article_id)] = Completion(**row._mapping)
        return found

    def due(self, *, now: datetime, limit: int) -> list[Completion]:
        """List those to be tried by now, longest waiting first."""
        table = tables.completions
        wanted = select(table).where(table.c.next_at <= now).order_by(table.c.next_at, table.c.article_id).limit(limit)
        with reading(self._engine) as connection:
            return [Completion(**row._mapping) for row in connection.execute(wanted)]

    def save(self, completions: Iterable[Completion]) -> None:
        """Remember how it went."""
        rows = [{field.name: getattr(one, field.name) for field in fields(one)} for one in completions]
        if rows:
            with writing(self._engine) as connection:
                connection.execute(insert_or_update(connection, tables.completions), rows)
