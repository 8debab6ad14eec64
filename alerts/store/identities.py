"""Identities: texts that came before, whatever their address. Edge: the database.

It keeps hashes and finds them again; whether two texts are one, `content.copies` decides.
"""

from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import Engine, func, select

from alerts.model import Article, ArticleId
from alerts.store import tables
from alerts.store.archived import article_from_json
from alerts.store.engine import reading, writing
from alerts.store.statements import chunks, insert_or_skip, insert_or_update

_articles, _sketches, _aliases = tables.articles, tables.sketches, tables.aliases
#: of the articles that share hashes with a text, so many are worth comparing
_WORTH_COMPARING = 5


class Identities:
    """What texts are known by. Each method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def aliases(self, ids: Iterable[ArticleId]) -> dict[ArticleId, ArticleId]:
        """Tell which of these ids are another address of a known article: alias → article."""
        found: dict[ArticleId, ArticleId] = {}
        with reading(self._engine) as connection:
            for chunk in chunks(ids):
                rows = connection.execute(select(_aliases).where(_aliases.c.alias.in_(chunk)))
                found |= {ArticleId(row.alias): ArticleId(row.article_id) for row in rows}
        return found

    def add_aliases(self, aliases: Mapping[ArticleId, ArticleId]) -> None:
        """Remember other addresses of known articles: alias → article."""
        rows = [{"alias": alias, "article_id": article} for alias, article in aliases.items()]
        if rows:
            with writing(self._engine) as connection:
                connection.execute(insert_or_update(connection, _aliases), rows)

    def outlets(self, ids: Iterable[ArticleId]) -> dict[ArticleId, str]:
        """Tell which outlets the kept ones of these articles are of."""
        found: dict[ArticleId, str] = {}
        with reading(self._engine) as connection:
            for chunk in chunks(ids):
                rows = connection.execute(select(_articles.c.id, _articles.c.outlet).where(_articles.c.id.in_(chunk)))
                found |= {ArticleId(row.id): row.outlet for row in rows}
        return found

    def add_keys(self, keys: Mapping[ArticleId, Collection[int]]) -> None:
        """Remember the hashes that articles can be looked up by."""
        rows = [{"hash": one, "article_id": article} for article, some in keys.items() for one in some]
        with writing(self._engine) as connection:
            for chunk in chunks(rows):
                connection.execute(insert_or_skip(connection, _sketches), chunk)

    def like(self, keys: Collection[int], *, content_hash: str, besides: ArticleId) -> list[Article]:
        """List articles that may be made from the same text: most hashes in common first, the very same text before."""
        with reading(self._engine) as connection:
            same = select(_articles.c.id).where(_articles.c.content_hash == content_hash, _articles.c.id != besides)
            found = list(connection.scalars(same.order_by(_articles.c.seen_at).limit(_WORTH_COMPARING)))
            if keys:
                count = func.count()
                sharing = (
                    select(_sketches.c.article_id)
                    .where(_sketches.c.hash.in_(keys), _sketches.c.article_id != besides)
                    .group_by(_sketches.c.article_id)
                    .order_by(count.desc(), _sketches.c.article_id)
                    .limit(_WORTH_COMPARING)
                )
                found += list(connection.scalars(sharing))
            rows = connection.execute(select(_articles.c.id, _articles.c.article).where(_articles.c.id.in_(found)))
            written = {row.id: row.article for row in rows}
        return [article_from_json(written[one]) for one in dict.fromkeys(found) if one in written]
