"""Whether a story that was told has moved on enough to be told again. Pure.

Likeness alone must not decide: two alerts that share four words of five may differ in the one that matters. So an
update needs something material: a toll that grew by half, a state that turned, a name that is new in the headline.
Where the headline does not say it in a number or a turn, a sentence must also say something new against everything
sent of the story so far, the linked articles included.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from itertools import pairwise

from alerts.content import sentences
from alerts.content.breaking.counts import figures, tolls
from alerts.content.rules import developments_for, stopwords
from alerts.content.text import containment, stem, words
from alerts.content.topics import mention
from alerts.model import Article, Edition, Story

#: a toll counts as grown from here on
GROWN = 1.5
#: this share of what a sentence says must be new
NOVEL = 0.6
_LEAD_SENTENCES = 4
_LEAD_PARAGRAPHS = 2
#: letters of earlier reports that a headline is held against
_REMEMBERED = 4000


def develops(story: Story, told: Sequence[Edition], *, within_window: bool = True) -> str | None:
    """Say why a story that was told has moved on enough for an update; None: it has not.

    `told` is everything sent or proposed of it, newest first. After the window it is enough that a sentence of the
    opening is new.
    """
    lead = story.lead
    if lead is None or not told or not _is_news(lead, told):
        return None
    before = " \n".join((*map(_said, told), *(_text(article) for article in story.articles if _is_told(article, told))))
    # What a headline says in a number or a turn is the news, however much of the text was read before.
    headline = _grown(lead.title, before, lead.language) or _turned(lead.title, before, lead.language)
    if headline or novelty(lead, before) < NOVEL:
        return headline
    opening = ". ".join((lead.title, *lead.paragraphs[:_LEAD_PARAGRAPHS]))
    material = (
        _grown(opening, before, lead.language) or _turned(opening, before, lead.language) or _named(lead.title, before)
    )
    return material or (None if within_window else "it is told anew, with much that was not told before")


def moved_on_at(articles: Sequence[Article]) -> datetime | None:
    """Tell when a headline first told the last thing that moved a story on: a toll that grew, a state that turned.

    None: its reports all tell what the first one told.
    """
    ordered = sorted(articles, key=lambda one: (one.told_at, one.id))
    told = ((one.title, one.paragraphs[0] if one.paragraphs else "", one.language, one.told_at) for one in ordered)
    return _moved_on_at(tuple(told))


# Every poll asks this of every open story of note, and most have not changed.
@lru_cache(maxsize=1024)
def _moved_on_at(reports: tuple[tuple[str, str, str, datetime], ...]) -> datetime | None:
    moved, said = None, ""
    for title, opening, language, told_at in reports:
        if said and (_grown(title, said, language) or _turned(title, said, language)):
            moved = told_at
        said = (said + f" \n{title}. {opening}")[-_REMEMBERED:]
    return moved


def _is_news(lead: Article, told: Sequence[Edition]) -> bool:
    """Another article counts only if it reached us since; one that was told may have been rewritten in its place."""
    last = max(edition.made_at for edition in told)
    return lead.seen_at > last or (lead.updated_at is not None and lead.updated_at > last)


def _is_told(article: Article, told: Sequence[Edition]) -> bool:
    """Tell whether an article stands behind a link as it stood when it was told: nothing in it develops the story."""
    linked = [edition.made_at for edition in told for entry in edition.entries if entry.article == article.id]
    return bool(linked) and not (article.updated_at is not None and article.updated_at > max(linked))


def _text(article: Article) -> str:
    return ". ".join((article.title, article.standfirst, *article.paragraphs))


def _said(edition: Edition) -> str:
    parts = [edition.subject, edition.preheader]
    for entry in edition.entries:
        parts += [entry.headline, *(sentence.text for sentence in entry.sentences)]
    return ". ".join(parts)


def novelty(article: Article, before: str) -> float:
    """Tell how much of the newest sentence of an article's opening was not said before: 0…1."""
    known = _stems(before)
    body = [text for part in article.paragraphs[:_LEAD_PARAGRAPHS] for text in sentences.split(part)]
    opening = [_stems(text) for text in (article.title, *body[:_LEAD_SENTENCES])]
    return max((1 - containment(text, known) for text in opening if len(text) > 2), default=0.0)


def _stems(text: str) -> set[str]:
    return {stem(word) for word in words(text) if word not in stopwords()}


def _grown(text: str, before: str, language: str) -> str | None:
    """A toll that was told as something else, at least half as large again, or that was not told at all."""
    counted = tolls(text, language)
    if not counted:
        return None
    told = tolls(before, language)
    known = _numbers(before)
    for name, value in counted.items():
        if value in known:
            continue
        if name not in told:
            return f"a number is new: {value:,.0f} {name}"
        if value >= GROWN * told[name]:
            return f"a number grew: {told[name]:,.0f} {name} before, now {value:,.0f}"
    return None


@lru_cache(maxsize=1024)
def _numbers(text: str) -> frozenset[float]:
    # 19 dead are news also where 19:40 was told.
    return frozenset(figures(text))


def _turned(opening: str, before: str, language: str) -> str | None:
    """A state that was told has become another one, for which no word was told."""
    for was, became in developments_for(language).turns:
        stood, turned = mention(was), mention(became)
        if stood is None or turned is None:
            continue
        fresh = turned.search(opening)
        old = stood.search(before) if fresh and not turned.search(before) else None
        if fresh is not None and old is not None:
            return f"it turned: “{old[0]}” before, now “{fresh[0]}”"
    return None


def _named(title: str, before: str) -> str | None:
    """A name in the headline that was not told before, where headlines do not capitalise every word."""
    tokens = title.split()
    capitals = [token for token in tokens if token[:1].isupper()]
    if len(tokens) < 4 or len(capitals) / len(tokens) > 0.6:
        return None
    known = set(words(before)) | _stems(before)
    for before_it, token in pairwise(tokens):
        word = "".join(words(token)).removesuffix("'s").removesuffix("’s")
        # After a colon or a full stop any word has its capital.
        if before_it[-1:] in ":.!?–—|" or not token[:1].isupper() or len(word) < 3 or word in stopwords():
            continue
        if word not in known and stem(word) not in known:
            return f"a new name: {token.strip('.,:;“”‘’')}"
    return None


def last_at(told: Sequence[Edition]) -> datetime | None:
    """Tell when something was last sent or proposed; None: never."""
    return max((edition.made_at for edition in told), default=None)
