"""Take in what outlets publish, and propose what is breaking.

due feeds ─► fetch ─► read (guarded) ─► articles ─► stories ─► judge ─► `propose`

Each arrow may be the last thing a process did: what was taken in but not placed, placed but not proposed, is found
again at the next poll.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from alerts.content import feeds
from alerts.content.articles import from_entry
from alerts.content.fetch import Fetched
from alerts.content.topics import topics_of
from alerts.desk import clustering
from alerts.desk.newsdesk import Newsdesk
from alerts.desk.notify import note
from alerts.desk.propose import propose
from alerts.errors import ContentError
from alerts.model import Article, NoticeKind, Outlet
from alerts.store.records import FeedState

log = structlog.get_logger()

#: Feeds fetched at the same time.
_FETCHERS = 8
#: Seconds between polls of a priority feed and of any other; the longest a quiet feed waits.
_PRIORITY_SECONDS, _USUAL_SECONDS, _LONGEST_SECONDS = 60, 300, 3600
#: A feed that failed this often in a row is reported.
_DEAD_AFTER = 5
#: An article older than this when first seen is for digests only.
_STALE = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Polled:
    """What one poll of a feed came to."""

    feed: str
    outlet: str
    #: entries in the feed; None: not modified or failed
    entries: int | None = None
    new: tuple[Article, ...] = ()
    error: str = ""


def poll(desk: Newsdesk, *, everything: bool = False) -> list[Polled]:
    """Fetch the feeds that are due (or all), take their articles in, and propose what is breaking."""
    now = desk.clock()
    wanted = [
        (outlet, feed, state)
        for outlet in desk.config.all_outlets
        for feed in outlet.feeds
        if (state := desk.store.archive.feed_state(feed) or FeedState(url=feed, outlet=outlet.name))
        and state.retired_at is None
        and (everything or state.next_poll_at is None or state.next_poll_at <= now)
    ]
    with ThreadPoolExecutor(max_workers=_FETCHERS, thread_name_prefix="fetch") as pool:
        fetched = list(pool.map(lambda item: _fetch(desk, item[2]), wanted))
    polled = [
        _take_in(desk, outlet, state, answer, now=now)
        for (outlet, _, state), answer in zip(wanted, fetched, strict=True)
    ]
    if polled:
        unplaced = desk.store.archive.unplaced(since=now - _STALE)
        changed = [article for one in polled for article in one.new]
        clustering.cluster(desk, {article.id: article for article in (*unplaced, *changed)}.values())
        propose(desk)
    return polled


def _fetch(desk: Newsdesk, state: FeedState) -> Fetched | ContentError:
    try:
        return desk.fetcher.fetch(state.moved_to or state.url, etag=state.etag, last_modified=state.last_modified)
    except ContentError as error:
        return error


def _take_in(
    desk: Newsdesk, outlet: Outlet, state: FeedState, answer: Fetched | ContentError, *, now: datetime
) -> Polled:
    polled = Polled(feed=state.url, outlet=outlet.name)
    if isinstance(answer, Fetched) and answer.status == 200:
        try:
            reading = feeds.read(answer.body, url=answer.url, content_type=answer.content_type, worker=desk.worker)
            articles = _articles(desk, outlet, state, reading, now=now)
        except ContentError as error:
            answer = error
        else:
            first = state.first_success_at is None
            added = desk.store.archive.add_articles(
                [(article, first or _is_stale(article, now)) for article in articles]
            )
            _save(desk, outlet, state, answer, now=now, new=len(added), entries=len(articles))
            log.info("feed_read", feed=state.url, entries=len(articles), new=len(added))
            return replace(polled, entries=len(articles), new=tuple(added))
    if isinstance(answer, Fetched) and answer.status == 304:
        _save(desk, outlet, state, answer, now=now, new=0, entries=state.entries)
        return polled
    why = str(answer) if isinstance(answer, ContentError) else f"the server answered {answer.status}"
    _failed(desk, outlet, state, answer, why, now=now)
    return replace(polled, error=why)


def _articles(
    desk: Newsdesk, outlet: Outlet, state: FeedState, reading: feeds.FeedReading, *, now: datetime
) -> list[Article]:
    articles = []
    for entry in reading.entries:
        article = from_entry(entry, outlet=outlet.name, feed=state.url, now=now)
        if article is not None:
            articles.append(replace(article, topics=topics_of(article, desk.config.topics)))
    return articles


def _is_stale(article: Article, now: datetime) -> bool:
    return article.published_at is not None and now - article.published_at > _STALE


def _interval(outlet: Outlet, state: FeedState, *, new: int) -> int:
    least = _PRIORITY_SECONDS if outlet.priority else _USUAL_SECONDS
    return (
        least
        if new
        else min(max(least, int(state.interval_seconds * 1.5)), least if outlet.priority else _LONGEST_SECONDS)
    )


def _save(
    desk: Newsdesk, outlet: Outlet, state: FeedState, answer: Fetched, *, now: datetime, new: int, entries: int
) -> None:
    seconds = _interval(outlet, state, new=new)
    moved_times = state.moved_times + 1 if answer.moved_to and answer.moved_to == state.moved_to else 1
    desk.store.archive.save_feed_state(
        replace(
            state,
            etag=answer.etag or (state.etag if answer.status == 304 else ""),
            last_modified=answer.last_modified or (state.last_modified if answer.status == 304 else ""),
            moved_to=answer.moved_to or state.moved_to,
            moved_times=moved_times if answer.moved_to else state.moved_times,
            interval_seconds=seconds,
            next_poll_at=now + timedelta(seconds=seconds),
            first_success_at=state.first_success_at or now,
            last_success_at=now,
            last_new_at=now if new else state.last_new_at,
            entries=entries,
            failures=0,
            last_error="",
        )
    )


def _failed(
    desk: Newsdesk, outlet: Outlet, state: FeedState, answer: Fetched | ContentError, why: str, *, now: datetime
) -> None:
    failures = state.failures + 1
    gone = isinstance(answer, Fetched) and answer.status == 410
    wait = timedelta(seconds=min(_USUAL_SECONDS * 2 ** min(failures, 6), 6 * 3600))
    if isinstance(answer, Fetched) and answer.retry_after:
        wait = max(wait, min(answer.retry_after, timedelta(hours=24)))
    desk.store.archive.save_feed_state(
        replace(
            state,
            failures=failures,
            last_error=why,
            next_poll_at=now + wait,
            retired_at=now if gone else None,
            # A feed that moved and then fails is looked for where the configuration says it is.
            moved_to="",
        )
    )
    log.warning("feed_failed", feed=state.url, failures=failures, error=why)
    if gone or failures == _DEAD_AFTER:
        since = f"since {state.last_success_at:%d %b %H:%M} UTC" if state.last_success_at else "ever"
        note(
            desk,
            NoticeKind.FEED_DEAD,
            key=f"feed-dead/{state.url}/{(state.last_success_at or now).isoformat()}",
            text=f"{outlet.name}: the feed {state.url} has not been readable {since}: {why}"
            + (". It says it is gone for good and is polled no more." if gone else ""),
        )
