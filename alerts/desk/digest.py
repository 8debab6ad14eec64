"""Make and send digests: choose the stories, open the occurrence once, draft it for the desk if asked.

due occurrence ─► compose ─► thin? skip and say so ─► open occurrence ─► [draft, desk told] ─► launch
"""

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from alerts.config import Digest, day_names
from alerts.content import editions
from alerts.content.summary import summarise
from alerts.desk import drafts, send
from alerts.desk.newsdesk import Newsdesk
from alerts.desk.notify import note
from alerts.errors import AlertsError, NeedsAgain, SendRefused
from alerts.model import Article, Edition, EditionId, EditionState, NoticeKind, Occurrence, Relation, Story
from alerts.timetable.occurrences import Rule, due, of_date, upcoming

log = structlog.get_logger()

#: Occurrences older than this are neither caught up nor reported.
_LOOK_BACK = timedelta(days=7)


def rule_of(desk: Newsdesk, digest: Digest) -> Rule:
    """Read when a digest is due."""
    return Rule(
        digest=digest.name,
        at=digest.at,
        days=day_names(digest.days),
        zone=digest.zone or desk.config.newsroom.timezone,
    )


def compose(desk: Newsdesk, digest: Digest, occurrence: Occurrence) -> Edition:
    """Choose what a digest says at an occurrence. Raises SendRefused when the day is too thin."""
    ledger = desk.store.ledger
    now = desk.clock()
    since = ledger.digest_watermark(digest.name) or _previous(desk, digest, occurrence)
    stories = [story for story in desk.store.archive.stories(since=since, limit=1000) if story.lead is not None]
    chosen = editions.pick_for_digest(
        stories,
        told=ledger.told_stories(digest=digest.name),
        topics=digest.topics,
        max_stories=digest.max_stories,
        since=since,
    )
    if len(chosen) < digest.min_stories:
        raise SendRefused(
            f"{digest.name}: {len(chosen)} new stories since {since:%d %b %H:%M} UTC, "
            f"at least {digest.min_stories} wanted",
            hint="`alerts feeds fetch` brings in what is new",
        )
    edition = editions.digest(
        [(story, summarise(_ours(desk, story))) for story in chosen],
        digest=digest.name,
        title=digest.title or digest.name.capitalize(),
        occurrence=occurrence,
        segments=digest.segment,
        language=desk.config.newsroom.language,
        made_at=now,
        made_by="alerts",
    )
    expires_at = occurrence.due_at + (digest.expires or desk.config.delivery.digest_expires)
    # By hand it may be sent early or late; its life counts from whichever comes last.
    return replace(edition, expires_at=max(expires_at, now + desk.config.delivery.digest_expires))


def _ours(desk: Newsdesk, story: Story) -> tuple[Article, ...]:
    outlets = desk.outlets
    ours = [a for a in story.articles if a.outlet not in outlets or outlets[a.outlet].relation is Relation.OURS]
    assert story.lead is not None
    return (story.lead, *(article for article in ours if article.id != story.lead.id))


def _previous(desk: Newsdesk, digest: Digest, occurrence: Occurrence) -> datetime:
    """The occurrence before this one: a first run takes its last period, not the archive."""
    before = due(rule_of(desk, digest), after=occurrence.due_at - timedelta(days=8), until=occurrence.due_at)
    earlier = [found for found in before if found.due_at < occurrence.due_at]
    return earlier[-1].due_at if earlier else occurrence.due_at - timedelta(days=1)


def plan(desk: Newsdesk, digest: Digest, occurrence: Occurrence) -> send.SendPlan:
    """Plan a digest at an occurrence; one that was opened before is taken up where it is.

    Raises SendRefused when the day is too thin, or the occurrence was skipped.
    """
    recorded = desk.store.daybook.occurrence(occurrence.key)
    if recorded is not None and recorded.edition is not None:
        known = desk.store.ledger.find(recorded.edition)
        if known is not None and known.state is not EditionState.DRAFT:
            return send.plan(desk, known.edition, existing=known)
        if known is not None:
            return send.plan(desk, known.edition)
        return send.plan(desk, replace(compose(desk, digest, occurrence), id=recorded.edition))
    if recorded is not None:
        raise SendRefused(f"{digest.name} of {occurrence.nominal_on} was skipped: {recorded.reason}")
    return send.plan(desk, compose(desk, digest, occurrence))


def launch(desk: Newsdesk, occurrence: Occurrence, made: send.SendPlan, *, editor: str) -> None:
    """Take the occurrence and freeze its edition. Raises NeedsAgain when another process was faster."""
    if not desk.store.daybook.open_occurrence(occurrence, edition=made.edition.id, now=desk.clock()):
        recorded = desk.store.daybook.occurrence(occurrence.key)
        if recorded is None or recorded.edition != made.edition.id:
            raise NeedsAgain(f"{occurrence.digest} of {occurrence.nominal_on} was just taken by another process")
    send.launch(desk, made, editor=editor)


def occurrence_on(desk: Newsdesk, digest: Digest, on: date | None, *, next_ok: bool = False) -> Occurrence:
    """Find a digest's occurrence on a date; without one today's: the latest that is due, else the first to come.

    On a day without any, `next_ok` takes the next one: to show it. Otherwise raises SendRefused: what was asked for
    as today's must not be another day's.
    """
    rule = rule_of(desk, digest)
    now = desk.clock()
    if on is not None:
        found = of_date(rule, on)
        if not found:
            raise SendRefused(f"{on} does not exist in {rule.zone}", hint="the clocks skipped that day there")
        return found[0]
    today = _today(rule, now)
    todays = of_date(rule, today) if today.weekday() in rule.days else []
    if todays:
        past = [occurrence for occurrence in todays if occurrence.due_at <= now]
        return past[-1] if past else todays[0]
    following = upcoming(rule, now=now, count=1)[0]
    if next_ok:
        return following
    raise SendRefused(
        f"{digest.name} is not due today",
        hint=f"the next one: alerts digest {digest.name} --date {following.nominal_on}",
    )


def _today(rule: Rule, now: datetime) -> date:
    return now.astimezone(ZoneInfo(rule.zone)).date()


def tick(desk: Newsdesk) -> None:
    """Do what is due: open, draft, launch or skip occurrences. Called every few seconds; safe in many processes."""
    for digest in desk.config.digests:
        try:
            _tick_one(desk, digest)
        except AlertsError as error:
            # One digest's mistake must not keep the others from going out; the desk hears of it.
            log.warning("digest_failed", digest=digest.name, error=str(error))
            note(
                desk,
                NoticeKind.DIGEST_SKIPPED,
                key=f"digest-failed/{digest.name}/{_today(rule_of(desk, digest), desk.clock())}",
                text=f"The digest {digest.name} could not be made: {error}",
            )


def _tick_one(desk: Newsdesk, digest: Digest) -> None:
    now = desk.clock()
    since = _first_seen(desk, digest, now)
    lead_time = digest.draft or timedelta()
    found = due(rule_of(desk, digest), after=max(now - _LOOK_BACK, since), until=now + lead_time)
    for position, occurrence in enumerate(found):
        recorded = desk.store.daybook.occurrence(occurrence.key)
        if recorded is not None and (recorded.state == "skipped" or recorded.edition is None):
            continue
        if recorded is not None and desk.store.ledger.find(recorded.edition or "") is not None:
            _launch_draft(desk, digest, recorded.edition, now=now)
            continue
        superseded = any(later.due_at <= now for later in found[position + 1 :])
        late = now - occurrence.due_at
        if recorded is None and (late > digest.catch_up or superseded):
            _skip(desk, digest, occurrence, f"it was due {_spoken(late)} ago, when alerts did not run")
            continue
        _open(desk, digest, occurrence, edition=recorded.edition if recorded else None, now=now)


def _first_seen(desk: Newsdesk, digest: Digest, now: datetime) -> datetime:
    """When this digest came into the configuration: what was due before is nobody's debt."""
    name = f"digest-since:{digest.name}"
    known = desk.store.daybook.get(name)
    if known is not None:
        return known.at
    desk.store.daybook.put(name, digest.name, now=now)
    return now


def _open(desk: Newsdesk, digest: Digest, occurrence: Occurrence, *, edition: EditionId | None, now: datetime) -> None:
    try:
        made = compose(desk, digest, occurrence)
    except SendRefused as thin:
        # Before it is due, stories may still come in.
        if occurrence.due_at <= now:
            _skip(desk, digest, occurrence, str(thin))
        return
    if edition is not None:
        # An earlier process opened the occurrence and died before its edition was written.
        made = replace(made, id=edition)
    elif not desk.store.daybook.open_occurrence(occurrence, edition=made.id, now=now):
        return
    if digest.draft is not None and occurrence.due_at > now:
        made = replace(made, not_before_at=occurrence.due_at)
        if desk.store.ledger.add_draft(made):
            drafts.tell_of(desk, made)
        return
    _launch(desk, digest, occurrence, made)


def _launch_draft(desk: Newsdesk, digest: Digest, edition: EditionId | None, *, now: datetime) -> None:
    record = desk.store.ledger.find(edition or "")
    if record is None or record.state is not EditionState.DRAFT:
        return
    due_at = record.edition.not_before_at
    if due_at is not None and now - due_at > digest.catch_up:
        _give_up(desk, digest, record.edition, f"it was due {_spoken(now - due_at)} ago, when alerts did not run")
    elif due_at is None or due_at <= now:
        _launch(desk, digest, None, record.edition)


def _launch(desk: Newsdesk, digest: Digest, occurrence: Occurrence | None, edition: Edition) -> None:
    try:
        send.launch(desk, send.plan(desk, edition), editor="alerts (schedule)")
    except NeedsAgain:
        return  # another scheduler was faster; its edition is the one
    except SendRefused as refused:
        if occurrence is not None and desk.store.ledger.find(edition.id) is None:
            desk.store.ledger.add_draft(edition)
        _give_up(desk, digest, edition, str(refused))


def _give_up(desk: Newsdesk, digest: Digest, edition: Edition, reason: str) -> None:
    if not desk.store.ledger.change_state(edition.id, EditionState.SKIPPED, now=desk.clock(), reason=reason):
        return  # another scheduler was faster: it went out, or was given up there
    note(
        desk,
        NoticeKind.DIGEST_SKIPPED,
        key=f"skipped/{edition.id}",
        text=f"The digest {digest.name} was not sent: {reason}",
        edition=edition.id,
    )


def _skip(desk: Newsdesk, digest: Digest, occurrence: Occurrence, reason: str) -> None:
    if desk.store.daybook.skip_occurrence(occurrence, reason=reason, now=desk.clock()):
        note(
            desk,
            NoticeKind.DIGEST_SKIPPED,
            key=f"skipped/{occurrence.key}",
            text=f"The digest {digest.name} of {occurrence.nominal_on} {occurrence.slot} was skipped: {reason}",
        )


def _spoken(span: timedelta) -> str:
    hours = span.total_seconds() / 3600
    if hours < 1:
        return f"{max(1, round(hours * 60))} min"
    return f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.0f} days"
