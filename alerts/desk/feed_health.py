"""How feeds fare: what an answer or a failure changes in a feed's record, what the desk is told, what the list shows.

`answered` and `failed` are pure; `tell` writes notices. A notice is written before the record that it follows from, so
that a crash between the two repeats the notice's key, not the notice.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alerts.content.fetching import polling
from alerts.content.fetching.answers import Fetched
from alerts.desk.newsdesk import Newsdesk
from alerts.desk.notify import note
from alerts.model import NoticeKind, Outlet, Relation
from alerts.store.records import FeedState

#: How long the list says that a feed listed old articles anew.
_RELISTED_SHOWN = timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """What a good answer of a feed brought."""

    entries: int
    new: int = 0
    #: of its entries, as published
    dates: Sequence[datetime | None] = ()
    #: it was asked at its configured address, so that a redirect says where it has moved
    at_home: bool = True
    #: the publisher says that its answer holds for so long
    holds: timedelta | None = None
    #: so much of it was no news that none of that may alert anybody
    relisted: bool = False


def answered(state: FeedState, outlet: Outlet, answer: Fetched, brought: Brought, *, now: datetime) -> FeedState:
    """Record a good answer, a 304 included."""
    seconds = polling.interval(
        state.interval_seconds, priority=outlet.priority, news=brought.new > 0, asked=brought.holds
    )
    known = _with_rhythm(_moved(state, answer) if brought.at_home else state, brought, now)
    return replace(
        known,
        etag=answer.etag,
        last_modified=answer.last_modified,
        interval_seconds=seconds,
        next_poll_at=now + polling.jittered(seconds, luck=polling.luck_of(state.url, now)),
        first_success_at=state.first_success_at or now,
        last_success_at=now,
        entries=brought.entries,
        failures=0,
        last_error="",
        retired_at=None,
        relisted_at=now if brought.relisted else state.relisted_at,
    )


def failed(
    state: FeedState, outlet: Outlet, why: str, *, asked: timedelta | None = None, gone: bool = False, now: datetime
) -> FeedState:
    """Record a failure; `asked`: how long the host wants to be left alone; `gone`: for good."""
    failures = state.failures + 1
    wait = polling.back_off(failures, priority=outlet.priority, asked=asked, luck=polling.luck_of(state.url, now))
    return replace(
        state,
        failures=failures,
        last_error=why,
        next_poll_at=now + wait,
        retired_at=now if gone else state.retired_at,
    )


def renamed(state: FeedState, url: str) -> FeedState:
    """Carry a feed's record over to its new address: what it lists there is nothing new."""
    return replace(state, url=url, moved_to="", moved_times=0, failures=0, last_error="", next_poll_at=None)


def _moved(state: FeedState, answer: Fetched) -> FeedState:
    """Count how often in a row it was sent to one place for good."""
    times = (state.moved_times if answer.moved_to == state.moved_to else 0) + 1
    return replace(state, moved_to=answer.moved_to, moved_times=times if answer.moved_to else 0)


def _with_rhythm(state: FeedState, brought: Brought, now: datetime) -> FeedState:
    """Note when it last brought something, and its longest pause."""
    if state.first_success_at is None:
        return replace(state, last_new_at=now, usual_gap_seconds=polling.pause_of(brought.dates))
    if not brought.new:
        return state
    gap = now - (state.last_new_at or now)
    return replace(state, last_new_at=now, usual_gap_seconds=polling.pause_after(state.usual_gap_seconds, gap))


# --- what the desk is told ------------------------------------------------------------------------


def tell(desk: Newsdesk, outlet: Outlet, before: FeedState, after: FeedState) -> None:
    """Tell the desk, once each, of a feed that died, fell silent, came back or moved."""
    feed = f"{outlet.name}: the feed {after.url}"
    if after.failures:
        _tell_of_trouble(desk, feed, before, after)
        return
    silence = f"{after.url}/{before.last_new_at.isoformat() if before.last_new_at else ''}"
    was_silent = before.last_success_at is not None and _silent(before, before.last_success_at)
    is_silent = after.last_success_at is not None and _silent(after, after.last_success_at)
    if before.failures >= polling.DEAD_AFTER or before.retired_at:
        since = before.last_success_at or before.retired_at or before.next_poll_at or after.last_success_at
        note(
            desk,
            NoticeKind.FEED_BACK,
            key=f"feed-back/{after.url}/{since.isoformat() if since else ''}",
            text=f"{feed} can be read again.",
        )
    if is_silent and not was_silent:
        assert after.last_new_at is not None
        text = f"{feed} answers but has brought nothing new since {after.last_new_at:%d %b %H:%M} UTC; its longest "
        text += f"pause lately was {_span(timedelta(seconds=after.usual_gap_seconds))}. Look whether it still works."
        note(desk, NoticeKind.FEED_SILENT, key=f"feed-silent/{silence}", text=text)
    elif was_silent and not is_silent:
        text = f"{feed} brings something new again."
        note(desk, NoticeKind.FEED_BACK, key=f"feed-back/silent/{silence}", text=text)
    if after.moved_times >= polling.MOVED_AFTER > before.moved_times:
        text = f"{feed} says it has moved for good to {after.moved_to} and is read there from now on. "
        text += f"Write the new address into {desk.config.file}."
        note(desk, NoticeKind.FEED_MOVED, key=f"feed-moved/{after.url}/{after.moved_to}", text=text)


def _tell_of_trouble(desk: Newsdesk, feed: str, before: FeedState, after: FeedState) -> None:
    retired = after.retired_at is not None and before.retired_at is None
    if not retired and after.failures != polling.DEAD_AFTER:
        return
    last = after.last_success_at
    since = f"since {last:%d %b %H:%M} UTC" if last else "ever"
    text = f"{feed} has not been readable {since}: {after.last_error}"
    if retired:
        text += (
            f". It says it is gone for good and is polled no more. Take it out of {desk.config.file}; "
            "should it come back: alerts feeds fetch"
        )
    kind = "gone" if retired else "dead"
    note(desk, NoticeKind.FEED_DEAD, key=f"feed-{kind}/{after.url}/{last.isoformat() if last else 'ever'}", text=text)


def _silent(state: FeedState, now: datetime) -> bool:
    return polling.is_silent(state.last_new_at, state.usual_gap_seconds, now)


# --- what the list shows --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedHealth:
    """How a configured feed fares."""

    outlet: str
    relation: Relation
    feed: str
    #: `ok`, `new` (never read yet), `failing`, `dead`, `silent` or `gone`
    health: str
    #: in words, where there is something to say
    note: str
    #: how long it has brought nothing; None: not known
    silent_for: timedelta | None
    #: None: never polled
    state: FeedState | None


def listing(desk: Newsdesk) -> list[FeedHealth]:
    """Tell how every configured feed fares."""
    now = desk.clock()
    states = {state.url: state for state in desk.store.archive.feed_states()}
    return [_health(outlet, feed, states.get(feed), now) for outlet in desk.config.all_outlets for feed in outlet.feeds]


def _health(outlet: Outlet, feed: str, state: FeedState | None, now: datetime) -> FeedHealth:
    word, text = _word(state, now) if state else ("new", "")
    if state and state.moved_times >= polling.MOVED_AFTER:
        text = f"moved to {state.moved_to}: change the configuration" + (f"; {text}" if text else "")
    if state and state.relisted_at and now - state.relisted_at < _RELISTED_SHOWN:
        text = f"listed old articles anew {_span(now - state.relisted_at)} ago: kept, but they alert nobody" + (
            f"; {text}" if text else ""
        )
    return FeedHealth(
        outlet=outlet.name,
        relation=outlet.relation,
        feed=feed,
        health=word,
        note=text,
        silent_for=now - state.last_new_at if state and state.last_new_at else None,
        state=state,
    )


def _word(state: FeedState, now: datetime) -> tuple[str, str]:
    """Say in a word and a line how a feed fares."""
    if state.retired_at:
        return "gone", state.last_error
    if state.failures >= polling.DEAD_AFTER:
        return "dead", state.last_error
    if state.failures:
        return "failing", state.last_error
    if state.last_new_at and _silent(state, now):
        usual = _span(timedelta(seconds=state.usual_gap_seconds))
        return "silent", f"nothing new for {_span(now - state.last_new_at)}; its longest pause lately was {usual}"
    return ("ok" if state.last_success_at else "new"), ""


def _span(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size or (seconds >= size and size < 86400):
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
