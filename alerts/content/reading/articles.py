"""What makes an Article one and the same: its address and its words. Pure.

Publishers change GUIDs, schemes and tracking parameters at will, so none of them counts.
"""

import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from alerts.content.reading import agencies
from alerts.content.reading.cleaning import clean
from alerts.content.reading.feeds import FeedEntry
from alerts.content.text import containment, key, language_by_script, words
from alerts.model import Article, ArticleId, Image, Removed, Urgency

_TRACKING = re.compile(
    r"utm_\w+|fbclid|gclid|dclid|msclkid|igshid|mc_[ce]id|yclid|_hs\w+|wt_?mc|xtor|cmpid?|at_\w+|ns_\w+|ito|smid|"
    r"smtyp|ocid|ref_?src|taid|feedtype|feedname|partner|ftag|ncid|guce\w*|spm|share|cid|rss",
    re.IGNORECASE,
)
#: IPTC: 1 the most urgent (a flash), 2 next (a bulletin); what is below says nothing
_URGENCIES = {1: Urgency.FLASH, 2: Urgency.ALERT}
_EPOCH = datetime(1995, 1, 1, tzinfo=UTC)


def canonical(url: str) -> str:
    """Write an address without tracking parameters, fragment, default port; empty for what is no web address."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme.lower() not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        return ""
    standard = {"http": 80, "https": 443}[parts.scheme.lower()]
    host = parts.hostname.lower() if ":" not in parts.hostname else f"[{parts.hostname.lower()}]"
    netloc = host if port in {None, standard} else f"{host}:{port}"
    pairs = [
        (name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if not _TRACKING.fullmatch(name)
    ]
    return urlunsplit((parts.scheme.lower(), netloc, parts.path or "/", urlencode(pairs), ""))


def article_id(url: str, content: str) -> ArticleId:
    """Name an article by its address, whatever its scheme, `www.` or order of parameters; without one, by its words."""
    parts = urlsplit(canonical(url))
    address = "/".join(
        (parts.netloc.removeprefix("www."), parts.path.strip("/"), "&".join(sorted(parts.query.split("&"))))
    )
    named = f"url\0{address}" if parts.netloc else f"words\0{content}"
    return ArticleId(hashlib.sha256(named.encode()).hexdigest()[:20])


def content_hash(title: str, paragraphs: Sequence[str]) -> str:
    """Hash the words, not how they are spaced or punctuated."""
    return hashlib.sha256("\0".join([key(title), *map(key, paragraphs)]).encode()).hexdigest()


def make(
    *,
    url: str,
    title: str,
    paragraphs: tuple[str, ...],
    outlet: str,
    seen_at: datetime,
    standfirst: str = "",
    section: str = "",
    authors: tuple[str, ...] = (),
    categories: tuple[str, ...] = (),
    language: str = "",
    image: Image | None = None,
    agency: str = "",
    truncated: bool = False,
    urgency: Urgency | None = None,
    published_at: datetime | None = None,
    updated_at: datetime | None = None,
    feed: str = "",
    removed: tuple[Removed, ...] = (),
) -> Article:
    """Make an article from cleaned text, with its identity."""
    url = canonical(url)
    words_hash = content_hash(title, paragraphs)
    if published_at is not None:
        published_at = _believable(published_at, seen_at)
    if updated_at is not None:
        updated_at = _believable(updated_at, seen_at)
    signed, people = agencies.among(authors)
    return Article(
        id=article_id(url, words_hash),
        url=url,
        title=title,
        paragraphs=paragraphs,
        outlet=outlet,
        standfirst=standfirst if key(standfirst) != key(title) else "",
        section=section[:80],
        authors=tuple(dict.fromkeys(author for author in people if author))[:10],
        categories=categories,
        language=language,
        image=image,
        agency=agency or signed,
        truncated=truncated,
        urgency=urgency,
        published_at=published_at,
        # The first version is no update.
        updated_at=updated_at if updated_at != published_at else None,
        seen_at=seen_at,
        content_hash=words_hash,
        feed=feed,
        removed=removed,
    )


def _believable(published_at: datetime, seen_at: datetime) -> datetime | None:
    """Correct a date: one to come is a mistake, one before the web a default, today's midnight only a day."""
    if published_at < _EPOCH:
        return None
    if published_at.date() == seen_at.date() and (published_at.hour, published_at.minute, published_at.second) == (
        0,
        0,
        0,
    ):
        return None
    return min(published_at, seen_at)


def from_entry(
    entry: FeedEntry,
    page: Article | None = None,
    *,
    outlet: str,
    feed: str,
    now: datetime,
    language: str = "",
) -> Article | None:
    """Make an article of a feed's entry and, where it was fetched, its page; the page knows the text better.

    None: the entry says nothing, neither headline nor text nor where to find them.
    """
    if not (entry.title or entry.url or entry.summary or entry.body):
        return None
    body = entry.body if not _is_teaser(entry, page) else ()
    cleaned = clean(body or entry.summary, title=entry.title, language=entry.language or language)
    title = cleaned.title or (page.title if page else "")
    text = " ".join((title, *cleaned.paragraphs))
    summary = clean(entry.summary, title=title, language=entry.language or language) if entry.body else cleaned
    use_page = page is not None and sum(map(len, page.paragraphs)) > sum(map(len, cleaned.paragraphs))
    return make(
        url=(page.url if page and page.url else "") or entry.original_url or entry.url,
        title=title,
        paragraphs=page.paragraphs if page and use_page else cleaned.paragraphs,
        outlet=outlet,
        seen_at=now,
        standfirst=_standfirst(summary.paragraphs, summary.truncated or entry.truncated)
        or (page.standfirst if page else ""),
        section=(page.section if page else "") or cleaned.section or _first_short(entry.categories),
        authors=entry.authors or cleaned.authors or (page.authors if page else ()),
        categories=entry.categories,
        language=entry.language or (page.language if page else "") or language_by_script(text) or language,
        image=(page.image if page else None) or entry.image,
        agency=cleaned.agency or agencies.agency_of(entry.source) or (page.agency if page else ""),
        truncated=page.truncated if page and use_page else cleaned.truncated or (not body and entry.truncated),
        urgency=_URGENCIES.get(entry.urgency or 0),
        updated_at=entry.updated_at or (page.updated_at if page else None),
        published_at=entry.published_at or (page.published_at if page else None) or entry.updated_at,
        feed=feed,
        removed=page.removed if page and use_page else cleaned.removed,
    )


def _first_short(categories: Sequence[str]) -> str:
    """Take the first category as the section; feeds put the part of the paper first, keywords after it."""
    return next((name for name in categories[:1] if len(name) <= 40), "")


def _is_teaser(entry: FeedEntry, page: Article | None) -> bool:
    """Tell whether the feed's text is only the beginning of the page's."""
    if page is None or not entry.body:
        return False
    return containment(words(" ".join(entry.body)), words(" ".join(page.paragraphs))) > 0.9


def _standfirst(paragraphs: Sequence[str], truncated: bool) -> str:
    text = " ".join(paragraphs)
    return text if text and not truncated and len(text) <= 600 else ""
