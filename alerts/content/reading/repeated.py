"""Boilerplate that no rule knows, but that an outlet prints under article after article. Pure.

A paragraph that stood in several of an outlet's articles on several days is none of the news. Two things are never it:
the first two paragraphs, and a paragraph that shares a word with the headline (the background of a story that runs for
days is repeated too).
"""

import hashlib
from dataclasses import replace

from alerts.content.reading.articles import content_hash
from alerts.content.rules import stopwords
from alerts.content.text import key, stem, words
from alerts.model import Article, Removed

#: in so many articles, on so many days, a paragraph is boilerplate from then on
ARTICLES, DAYS = 3, 2
_SAFE = 2


def marks(article: Article) -> dict[str, int]:
    """Name the paragraphs of an article that may be boilerplate: mark → position."""
    about = _weighty(article.title)
    found: dict[str, int] = {}
    for at, paragraph in enumerate(article.paragraphs[_SAFE:], start=_SAFE):
        bare = key(paragraph)
        if len(bare) >= 3 and not about & _weighty(paragraph):
            found.setdefault(hashlib.sha256(bare.encode()).hexdigest()[:32], at)
    return found


def without(article: Article, boilerplate: set[str]) -> Article:
    """Take the marked paragraphs out, saying who repeats them; its identity stays."""
    places = {at for mark, at in marks(article).items() if mark in boilerplate}
    if not places:
        return article
    kept = tuple(text for at, text in enumerate(article.paragraphs) if at not in places)
    gone = tuple(Removed(text=article.paragraphs[at], rule=f"repeated by {article.outlet}") for at in sorted(places))
    return replace(
        article,
        paragraphs=kept,
        removed=(*article.removed, *gone),
        content_hash=content_hash(article.title, kept),
    )


def _weighty(text: str) -> set[str]:
    return {stem(word) for word in words(text) if len(word) >= 3 and word not in stopwords()}
