"""Take in what outlets publish, and propose what is breaking.

due feeds ─► fetch ─► read (guarded) ─► articles ─► stories ─► judge ─► draft or automatic alert ─► desk told
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from alerts.content import breaking, feeds
from alerts.content.articles import from_entry
from alerts.content.fetch import Fetched
from alerts.content.topics import topics_of
from alerts.desk import clustering, compose, send
from alerts.desk.newsdesk import Newsdesk
from alerts.desk.notify import note
from alerts.errors import AlertsError, ContentError
from alerts.model import (
    Article,
    Edition,
    EditionState,
    Kind,
    Level,
    NoticeKind,
    Outlet,
    Story,
    Urgency,
)
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
    new = [article for one in polled for article in one.new]
    if new:
        touched = clustering.cluster(desk, new)
        propose(desk, touched)
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


def propose(desk: Newsdesk, stories: Iterable[Story]) -> list[Edition]:
    """Make drafts of the stories that are breaking, strongest first; tell the desk of each."""
    made = []
    for story in sorted(stories, key=lambda found: -(found.verdict.score if found.verdict else 0)):
        if story.verdict is None or story.verdict.level is Level.DIGEST_ONLY:
            continue
        try:
            edition = _propose_one(desk, story)
        except AlertsError as error:
            log.warning("proposal_failed", story=story.id, error=str(error))
            continue
        if edition is not None:
            made.append(edition)
    return made


def _propose_one(desk: Newsdesk, story: Story) -> Edition | None:
    now = desk.clock()
    if story.lead is None:
        note(
            desk,
            NoticeKind.NOT_OURS_YET,
            key=f"not-ours/{story.id}",
            text=f'We do not have this yet: "{story.title}" ({", ".join(sorted({a.outlet for a in story.articles}))}). '
            f"{'; '.join(story.verdict.reasons if story.verdict else ())}",
        )
        return None
    # What would expire before an editor can look at it is not proposed.
    oldest = min(desk.config.breaking.max_age, desk.config.delivery.alert_expires)
    if desk.store.archive.backfill([story.lead.id]) or now - story.lead.told_at >= oldest:
        return None
    kind, reasons = _kind(desk, story, now=now)
    if kind is None or _over_budget(desk, now=now):
        return None
    ours = (story.lead, *(a for a in story.articles if a.id != story.lead.id and _ours(desk, a)))
    edition = replace(
        compose.alert(
            desk,
            compose.Found(articles=ours, story=story, by_story=True),
            segments=desk.config.breaking.segments,
            urgency=Urgency.ALERT,
            made_by="alerts",
            update=kind is Kind.UPDATE,
        ),
        reasons=reasons,
        expires_at=min(
            now + desk.config.breaking.draft_expires, story.lead.told_at + desk.config.delivery.alert_expires
        ),
    )
    if not desk.store.ledger.add_draft(edition):
        return None
    log.info("alert_proposed", edition=edition.id, story=story.id, kind=kind.value)
    if _goes_by_itself(desk, story) and _launch(desk, story, edition):
        return edition
    count = desk.store.ledger.count_audience(edition, desk.audience(edition.segments))
    note(
        desk,
        NoticeKind.DRAFT_WAITS,
        key=f"draft/{edition.id}",
        text=f'"{edition.subject}" waits for approval ({count.to_send} readers, until '
        f"{edition.expires_at:%H:%M} UTC). Why: {'; '.join(reasons)}. "
        f"Approve: alerts approve {edition.id}",
        edition=edition.id,
    )
    return edition


def _ours(desk: Newsdesk, article: Article) -> bool:
    outlet = desk.outlets.get(article.outlet)
    return outlet is None or outlet.relation.value == "ours"


def _kind(desk: Newsdesk, story: Story, *, now: datetime) -> tuple[Kind | None, tuple[str, ...]]:
    """Alert, update, or nothing because it was told (or refused) and has not developed."""
    reasons = story.verdict.reasons if story.verdict else ()
    records = desk.store.ledger.story_editions([story.id])
    if any(record.state is EditionState.DRAFT for record in records):
        return None, ()
    recent = [r for r in records if now - r.edition.made_at < desk.config.breaking.window]
    if not recent:
        return Kind.ALERT, reasons
    why = breaking.develops(story, recent[0].edition)
    if why is None:
        return None, ()
    sent = [record for record in recent if record.state not in {EditionState.REJECTED, EditionState.EXPIRED}]
    return (Kind.UPDATE if sent else Kind.ALERT), (why, *reasons)


def _over_budget(desk: Newsdesk, *, now: datetime) -> bool:
    settings = desk.config.breaking
    today = [
        record
        for record in desk.store.ledger.editions(
            kinds=(Kind.ALERT, Kind.UPDATE), since=now - timedelta(days=1), limit=1000
        )
        if record.ready_at is not None
    ]
    return len(today) >= settings.max_per_day


def _goes_by_itself(desk: Newsdesk, story: Story) -> bool:
    """Only a trusted outlet of ours, with an explicit marker of its own, goes without an editor's eyes."""
    outlet = desk.outlets.get(story.lead.outlet) if story.lead else None
    marked = story.verdict is not None and any(s.name == "marker" and s.points > 0 for s in story.verdict.signals)
    level = story.verdict.level if story.verdict else None
    if outlet is None or not outlet.automatic or not marked or level is not Level.ALERT:
        return False
    now = desk.clock()
    last = desk.store.ledger.editions(
        kinds=(Kind.ALERT, Kind.UPDATE), since=now - desk.config.breaking.min_gap, limit=20
    )
    return not any(record.ready_at is not None for record in last)


def _launch(desk: Newsdesk, story: Story, edition: Edition) -> bool:
    assert story.lead is not None
    edition = replace(edition, expires_at=story.lead.told_at + desk.config.delivery.alert_expires)
    try:
        send.launch(desk, send.plan(desk, edition), editor="alerts (automatic)")
    except AlertsError as error:
        log.warning("automatic_alert_refused", edition=edition.id, error=str(error))
        return False
    return True


def expire_drafts(desk: Newsdesk) -> None:
    """Let drafts lapse that nobody approved in time; tell the desk of each."""
    now = desk.clock()
    for record in desk.store.ledger.editions(states=(EditionState.DRAFT,), limit=1000):
        edition = record.edition
        if edition.expires_at is None or edition.expires_at > now:
            continue
        if desk.store.ledger.change_state(
            edition.id, EditionState.EXPIRED, now=now, reason="nobody approved it in time"
        ):
            note(
                desk,
                NoticeKind.EXPIRED,
                key=f"expired/{edition.id}",
                text=f'Nobody approved "{edition.subject}" in time; it was not sent.',
                edition=edition.id,
            )
