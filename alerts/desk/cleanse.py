"""Take out of articles what their outlet prints under all of them, and learn it from new ones.

articles ─► what is known of their outlet's paragraphs ─► without them ─► count those of new articles

What was counted before an article came decides about it: no article is cleansed by itself. One that was kept whole
before its boilerplate was known stays as it is while its outlet lists it again unchanged; nobody edited it.
"""

from collections import defaultdict
from collections.abc import Sequence

from alerts.content.reading import repeated
from alerts.desk.newsdesk import Newsdesk
from alerts.model import Article


def cleansed(desk: Newsdesk, articles: Sequence[Article]) -> list[Article]:
    """Return the articles, in their order, without what their outlets repeat.

    A teaser that will be completed by its page is neither cleansed nor counted: the page will be.
    """
    store = desk.store.boilerplate
    kept = store.hashes(article.id for article in articles)
    marks = {at: repeated.marks(article) for at, article in enumerate(articles) if not article.truncated}
    by_outlet: defaultdict[str, set[str]] = defaultdict(set)
    for at, found in marks.items():
        by_outlet[articles[at].outlet].update(found)
    known = {
        outlet: store.known(outlet, wanted, articles=repeated.ARTICLES, days=repeated.DAYS)
        for outlet, wanted in by_outlet.items()
        if wanted
    }
    store.learn((articles[at], found) for at, found in marks.items() if articles[at].id not in kept)
    return [
        repeated.without(article, known.get(article.outlet, set()))
        if at in marks and kept.get(article.id) != article.content_hash
        else article
        for at, article in enumerate(articles)
    ]


def completed(desk: Newsdesk, article: Article) -> Article:
    """Return an article whose page has just come without what its outlet repeats, and learn from it."""
    store, marks = desk.store.boilerplate, repeated.marks(article)
    known = store.known(article.outlet, marks, articles=repeated.ARTICLES, days=repeated.DAYS)
    store.learn([(article, marks)])
    return repeated.without(article, known)
