"""Whether the links of a mail lead somewhere: asked by `alerts preflight`, never while an alert waits to go out.

Before an alert is sent, its article's page is looked at by `recheck`. Here every story's link and picture is asked for
its status, two at a time per host, and not for long: what did not answer in time is named and holds nothing up.
"""

import re
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from alerts.content.fetching.addresses import Resolve, resolve
from alerts.content.fetching.answers import NoHost
from alerts.content.fetching.fetch import Fetcher
from alerts.desk import embargo
from alerts.desk.newsdesk import Newsdesk
from alerts.errors import ContentError
from alerts.model import Article, ArticleId, Edition, Finding, Severity

#: for one link, and for all of them
_SECONDS, _SECONDS_IN_ALL = 4.0, 8.0
_AT_ONCE = 8
#: Names that stand for none (RFC 2606): samples and demos are written with them.
_INVENTED = re.compile(r"(?:^|\.)(?:example(?:\.(?:com|net|org))?|test|invalid|localhost|local)\.?$", re.IGNORECASE)
#: a name that exists as long as there is a name service
_KNOWN_HOST = "example.com"
_GONE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link of a mail."""

    url: str
    place: str
    #: what a reader is asked to press; else a picture
    is_button: bool = True


def dead(desk: Newsdesk, edition: Edition, *, resolver: Resolve = resolve) -> list[Finding]:
    """Ask for every link's status; find those that are gone, refuse us or do not answer."""
    links = [link for link in _links(desk, edition) if not _INVENTED.search(urlsplit(link.url).hostname or "")]
    if not links:
        return []
    settings = desk.config.fetching
    fetcher = Fetcher(
        timeout=min(_SECONDS, settings.timeout.total_seconds()),
        max_bytes=settings.max_bytes,
        allow_private=settings.allow_private,
        user_agent=settings.user_agent,
        resolver=resolver,
    )
    pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="links")
    try:
        control = pool.submit(_has_names, resolver)
        asked = {url: pool.submit(fetcher.look, url) for url in dict.fromkeys(link.url for link in links)}
        wait(asked.values(), timeout=_SECONDS_IN_ALL)
        online = control.done() and control.result()
        return [finding for link in links if (finding := _judged(link, asked[link.url], online=online))]
    finally:
        # What still waits for an answer fails within a moment.
        fetcher.close()
        pool.shutdown(wait=False, cancel_futures=True)


def _links(desk: Newsdesk, edition: Edition) -> Iterator[Link]:
    """List what can be asked: not what was read from a file, whose page may not be there yet, or is under embargo."""
    for number, entry in enumerate(edition.entries, start=1):
        article = desk.store.archive.article(ArticleId(entry.article)) if entry.article else None
        if article is not None and _is_unpublished(desk, article):
            continue
        if _is_web(entry.url):
            yield Link(url=entry.url, place=f"story {number}")
        if entry.image is not None and _is_web(entry.image.url):
            yield Link(url=entry.image.url, place=f"story {number}, picture", is_button=False)


def _is_unpublished(desk: Newsdesk, article: Article) -> bool:
    return article.feed.startswith("/") or bool(embargo.running(desk, article))


def _is_web(url: str) -> bool:
    return url.startswith(("https://", "http://"))


def _has_names(resolver: Resolve) -> bool:
    try:
        return bool(resolver(_KNOWN_HOST, 443))
    except OSError:
        return False


def _judged(link: Link, asked: "Future[int]", *, online: bool) -> Finding | None:
    """Make a finding of an answer; None: the link is alive."""
    if not asked.done():
        return _unknown(link, f"no answer within {_SECONDS_IN_ALL:g} s")
    try:
        status = asked.result()
    except NoHost as error:
        # Without a name service every link looks dead.
        return _dead(link, "there is no such host") if online else _unknown(link, _reason(link, error))
    except ContentError as error:
        return _unknown(link, _reason(link, error))
    if status in _GONE:
        return _dead(link, f"the server answers {status}: {HTTPStatus(status).phrase.lower()}")
    return _unknown(link, f"the server answered us {status}") if status >= HTTPStatus.BAD_REQUEST else None


def _reason(link: Link, error: ContentError) -> str:
    return str(error).removeprefix(f"{link.url}: ")


def _dead(link: Link, why: str) -> Finding:
    return Finding(
        code="link-dead",
        severity=Severity.ERROR if link.is_button else Severity.WARNING,
        text=f"{link.url[:120]} leads nowhere: {why}",
        place=link.place,
        remedy="mend the address, or publish the page first",
    )


def _unknown(link: Link, why: str) -> Finding:
    return Finding(
        code="link-unchecked",
        severity=Severity.WARNING,
        text=f"{link.url[:120]} could not be checked: {why}",
        place=link.place,
        remedy="open it in a browser",
    )
