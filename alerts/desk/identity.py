"""Know an article again under another address: the same text of the same outlet is the same article.

A content system that was replaced, a feed that changes all its addresses or lists old articles anew: whatever the
address, what is known joins nothing, changes nothing and alerts nobody.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from alerts.content import copies
from alerts.desk.newsdesk import Newsdesk
from alerts.log import log
from alerts.model import Article, ArticleId


def recognised(desk: Newsdesk, articles: Iterable[Article]) -> list[Article]:
    """Give every article the id under which it is known; what is new keeps its own."""
    waiting = list(articles)
    archive, identities = desk.store.archive, desk.store.identities
    ids = [article.id for article in waiting]
    known, aliases = archive.known(ids), identities.aliases(ids)
    listed = {article.url for article in waiting}
    fresh: dict[ArticleId, Article] = {}
    found: list[Article] = []
    learned: dict[ArticleId, ArticleId] = {}
    for article in waiting:
        if article.id in known or article.id in fresh:
            found.append(article)
        elif article.id in aliases:
            found.append(replace(article, id=aliases[article.id]))
        elif same := _known(desk, article, [*fresh.values()]):
            learned[article.id] = same.id
            found.append(replace(article, id=same.id))
            _move(desk, same, article, listed=listed)
        else:
            fresh[article.id] = article
            found.append(article)
    if fresh:
        identities.add_keys({article.id: copies.sketch_of(article).keys for article in fresh.values()})
    if learned:
        log.info("articles_recognised", articles=len(learned))
        identities.add_aliases(learned)
    return found


def _known(desk: Newsdesk, article: Article, fresh: Sequence[Article]) -> Article | None:
    """Find the known article that this one is; None: there is none."""
    keys = copies.sketch_of(article).keys
    stored = desk.store.identities.like(keys, content_hash=article.content_hash, besides=article.id)
    return next((known for known in (*stored, *fresh) if copies.is_same(article, known)), None)


def _move(desk: Newsdesk, known: Article, article: Article, *, listed: set[str]) -> None:
    """Link to the new address if the feed that brought the article does not list the old one any more."""
    stays = not article.url or known.feed != article.feed or known.url in listed
    if not stays and desk.store.archive.article(known.id) is not None:
        desk.store.archive.put_article(replace(known, url=article.url))
