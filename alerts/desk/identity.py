"""Know an article again under another address: the same text of the same outlet is the same article.

A content system that was replaced, a feed that changes all its addresses or lists old articles anew: whatever the
address, what is known joins nothing, changes nothing and alerts nobody. And one address is one outlet's: who lists
another's article does not put words under it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

from alerts.content.clusters import copies
from alerts.desk.newsdesk import Newsdesk
from alerts.log import log
from alerts.model import Article, ArticleId, Relation

#: of the new articles that share hashes with a text, so many are worth comparing
_WORTH_COMPARING = 5
#: A few words with a publisher's date so much later are news again: warnings are worded alike, and a new one must not
#: go unseen. A whole report in the same words is an old one, whatever date an import or a re-promotion gives it.
_NEWS_AGAIN, _FEW_WORDS = timedelta(hours=72), 50


def recognised(desk: Newsdesk, articles: Iterable[Article]) -> list[Article]:
    """Give every article the id under which it is known; what is new keeps its own."""
    waiting = list(articles)
    archive, identities = desk.store.archive, desk.store.identities
    ids = [article.id for article in waiting]
    known, aliases = archive.known(ids), identities.aliases(ids)
    listed = {article.url for article in waiting}
    fresh = _Fresh()
    found: list[Article] = []
    learned: dict[ArticleId, ArticleId] = {}
    for article in waiting:
        if article.id in known or article.id in fresh:
            found.append(article)
        elif article.id in aliases:
            found.append(replace(article, id=aliases[article.id]))
        elif same := _known(desk, article, fresh):
            learned[article.id] = same.id
            found.append(replace(article, id=same.id))
            _move(desk, same, article, listed=listed)
        else:
            fresh.add(article)
            found.append(article)
    if fresh.keys:
        identities.add_keys(fresh.keys)
    if learned:
        log.info("articles_recognised", articles=len(learned))
        identities.add_aliases(learned)
    return found


class _Fresh:
    """The new articles of one answer, looked up as the kept ones are: comparing each with all takes minutes."""

    def __init__(self) -> None:
        self.keys: dict[ArticleId, tuple[int, ...]] = {}
        self._by_key: defaultdict[int, list[Article]] = defaultdict(list)
        self._by_words: dict[str, Article] = {}

    def __contains__(self, article: ArticleId) -> bool:
        return article in self.keys

    def add(self, article: Article) -> None:
        keys = copies.sketch_of(article).keys
        self.keys[article.id] = keys
        self._by_words.setdefault(article.content_hash, article)
        for one in keys:
            self._by_key[one].append(article)

    def like(self, keys: Iterable[int], *, content_hash: str) -> list[Article]:
        """List those that may be made from the same text, the very same one before."""
        same = self._by_words.get(content_hash)
        # A wall of articles with one text is known by its first ones.
        alike = [article for one in keys for article in self._by_key.get(one, ())[:_WORTH_COMPARING]]
        by_id = {article.id: article for article in alike}
        likest = [by_id[known] for known, _ in Counter(one.id for one in alike).most_common(_WORTH_COMPARING)]
        return [same, *likest] if same is not None else likest


def _known(desk: Newsdesk, article: Article, fresh: _Fresh) -> Article | None:
    """Find the known article that this one is; None: there is none."""
    keys = copies.sketch_of(article).keys
    stored = desk.store.identities.like(keys, content_hash=article.content_hash, besides=article.id)
    near = (*stored, *fresh.like(keys, content_hash=article.content_hash))
    return next((known for known in near if not _is_later(article, known) and copies.is_same(article, known)), None)


def _is_later(article: Article, known: Article) -> bool:
    if article.published_at is None or article.published_at - known.told_at <= _NEWS_AGAIN:
        return False
    return sum(len(paragraph.split()) for paragraph in article.paragraphs) < _FEW_WORDS


def _move(desk: Newsdesk, known: Article, article: Article, *, listed: set[str]) -> None:
    """Link to the new address if the feed that brought the article does not list the old one any more."""
    stays = not article.url or known.feed != article.feed or known.url in listed
    if stays:
        return
    # What was read before may have been handed over anew since, under an embargo even.
    with desk.placing:
        now = desk.store.archive.article(known.id)
        if now is not None:
            desk.store.archive.put_article(replace(now, url=article.url))


# --- whose it is ----------------------------------------------------------------------------------


def rightful(desk: Newsdesk, articles: Sequence[Article]) -> list[Article]:
    """Leave out articles that another outlet has the better claim to: an aggregator, or a rival, may list ours."""
    owners = desk.store.identities.outlets(article.id for article in articles)
    for article in articles:
        owner = owners.setdefault(article.id, article.outlet)
        if owner != article.outlet and is_rather_of(desk, article.outlet, owner, url=article.url):
            owners[article.id] = article.outlet
    strange = [article for article in articles if owners[article.id] != article.outlet]
    if strange:
        log.info("articles_of_others_left_out", articles=len(strange), outlets=sorted({one.outlet for one in strange}))
    return [article for article in articles if owners[article.id] == article.outlet]


def is_rather_of(desk: Newsdesk, outlet: str, owner: str, *, url: str) -> bool:
    """Tell whether an address is an outlet's rather than its owner's so far: by its host, else ours before watched."""
    return _claim(desk, outlet, url) > _claim(desk, owner, url)


def _claim(desk: Newsdesk, name: str, url: str) -> tuple[bool, bool, bool]:
    outlet = desk.outlets.get(name)
    if outlet is None:
        return (False, False, False)
    hosts = {_host(feed) for feed in outlet.feeds}
    return (True, bool(_host(url)) and _host(url) in hosts, outlet.relation is Relation.OURS)


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").removeprefix("www.")
