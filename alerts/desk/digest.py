"""Make and send digests: choose the stories, open the occurrence once, draft it for the desk if asked.

due occurrence ─► compose ─► thin? skip and say so ─► open occurrence ─► [draft, desk told] ─► launch
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from alerts.config import Digest
from alerts.content import editions
from alerts.desk import drafts, embargo, putting_right, send, told
from alerts.desk.compose import outlets_of
from alerts.desk.newsdesk import Newsdesk
from alerts.desk.notify import note
from alerts.desk.summarising import summary_of
from alerts.errors import AlertsError, NeedsAgain, SendRefused
from alerts.log import log
from alerts.model import Article, Edition, EditionId, EditionState, NoticeKind, Occurrence, Story, StoryId
from alerts.store.daybook import occurrence_key
from alerts.store.records import EditionRecord, OccurrenceRecord
from alerts.timetable.occurrences import Rule, due, of_date, upcoming

#: Occurrences older than this are neither caught up nor reported.
_LOOK_BACK = timedelta(days=7)

#: As long as an edition may take to be written once its occurrence is opened.
_WRITING = timedelta(minutes=10)


def compose(desk: Newsdesk, digest: Digest, occurrence: Occurrence) -> Edition:
    """Choose what a digest says at an occurrence. Raises SendRefused when the day is too thin."""
    ledger = desk.store.ledger
    now = desk.clock()
    since = ledger.digest_watermark(digest.name, rehearsal=not desk.live) or _previous(desk, digest, occurrence)
    told_of = [embargo.tellable(desk, story) for story in desk.store.archive.stories(since=since, limit=1000)]
    stories = [one.story for one in told_of if one.story.lead is not None and one.not_before_at is None]
    chosen = editions.pick_for_digest(
        stories,
        told=_told(desk, digest, stories),
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
        [(story, summary_of(desk, _ours(desk, story), kind="digest")) for story in chosen],
        digest=digest.name,
        title=digest.title or digest.name.capitalize(),
        occurrence=occurrence,
        segments=digest.segment,
        language=desk.config.newsroom.language,
        made_at=now,
        made_by="alerts",
    )
    tellings = {story.id: outlets_of(desk, _ours(desk, story)) for story in chosen}
    edition = replace(
        edition,
        entries=tuple(
            replace(entry, outlets=tellings.get(entry.story, ()) if entry.story else ()) for entry in edition.entries
        ),
        corrections=putting_right.owed(desk, digest.name, segments=digest.segment, since=since),
        expires_at=occurrence.due_at + _life(desk, digest),
    )
    return told.keyed(desk, putting_right.alerted(desk, edition))


def _told(desk: Newsdesk, digest: Digest, stories: Sequence[Story]) -> set[StoryId]:
    """Name the stories that a digest told or that were withdrawn, also what such ones were merged into since."""
    told = desk.store.ledger.told_stories(digest=digest.name, rehearsal=not desk.live) | putting_right.withdrawn(desk)
    formerly = desk.store.placements.formerly(story.id for story in stories)
    return told | {into for gone, into in formerly.items() if gone in told}


def _life(desk: Newsdesk, digest: Digest) -> timedelta:
    return digest.expires or desk.config.delivery.digest_expires


def _ours(desk: Newsdesk, story: Story) -> tuple[Article, ...]:
    assert story.lead is not None
    return (story.lead, *(article for article in desk.ours_among(story.articles) if article.id != story.lead.id))


def _previous(desk: Newsdesk, digest: Digest, occurrence: Occurrence) -> datetime:
    """The occurrence before this one: a first run takes its last period, not the archive."""
    before = due(desk.rule_of(digest), after=occurrence.due_at - timedelta(days=8), until=occurrence.due_at)
    earlier = [found for found in before if found.due_at < occurrence.due_at]
    return earlier[-1].due_at if earlier else occurrence.due_at - timedelta(days=1)


def plan(desk: Newsdesk, digest: Digest, occurrence: Occurrence) -> send.SendPlan:
    """Plan to send a digest now, by hand; one that was opened before is taken up where it is, its draft as it stands.

    Raises SendRefused when the day is too thin, or the occurrence was skipped.
    """
    recorded = _recorded(desk, occurrence)
    if recorded is None:
        return send.plan(desk, _now(desk, digest, compose(desk, digest, occurrence)))
    if recorded.edition is None:
        raise SendRefused(f"{digest.name} of {occurrence.nominal_on} was skipped: {recorded.reason}")
    known = desk.store.ledger.find(recorded.edition)
    if known is None:
        made = replace(compose(desk, digest, occurrence), id=recorded.edition)
        return send.plan(desk, _now(desk, digest, made))
    if known.state is EditionState.DRAFT:
        return send.plan(desk, _now(desk, digest, known.edition), shown=known.content_hash)
    if known.ready_at is None:
        # Its draft was rejected or lapsed, so nobody was told: this is another edition.
        return send.plan(desk, _now(desk, digest, compose(desk, digest, occurrence)))
    return send.plan(desk, known.edition, existing=known)


def _now(desk: Newsdesk, digest: Digest, edition: Edition) -> Edition:
    """Let an edition go at once: whoever sends it by hand may do so before it is due, or long after."""
    lives_until = desk.clock() + _life(desk, digest)
    return replace(edition, not_before_at=None, expires_at=max(edition.expires_at or lives_until, lives_until))


def launch(
    desk: Newsdesk, occurrence: Occurrence, made: send.SendPlan, *, editor: str, expected: int | None = None
) -> None:
    """Take the occurrence and freeze its edition.

    Raises NeedsAgain when another process was faster, and what `send.launch` raises.
    """
    if not _take(desk, occurrence, made.edition.id):
        raise NeedsAgain(f"{occurrence.digest} of {occurrence.nominal_on} was just taken by another process")
    send.launch(desk, made, editor=editor, expected=expected)


def _take(desk: Newsdesk, occurrence: Occurrence, edition: EditionId) -> bool:
    """Open an occurrence for an edition, or take it over from one that came to nothing; True: it is this edition's."""
    book, now, rehearsal = desk.store.daybook, desk.clock(), not desk.live
    if book.open_occurrence(occurrence, edition=edition, now=now, rehearsal=rehearsal):
        return True
    recorded = book.occurrence(occurrence.key, rehearsal=rehearsal)
    if recorded is None or recorded.edition is None or recorded.edition == edition:
        return recorded is not None and recorded.edition == edition
    known = desk.store.ledger.find(recorded.edition)
    if known is None or known.state is EditionState.DRAFT or _went_out(desk, known):
        return False
    return book.replace_occurrence(
        occurrence, instead_of=recorded.edition, edition=edition, now=now, rehearsal=rehearsal
    )


def _recorded(desk: Newsdesk, occurrence: Occurrence) -> OccurrenceRecord | None:
    """Tell what became of an occurrence, in rehearsals or in earnest as alerts is now.

    A draft belongs to neither: it becomes what alerts is when it is frozen, also when only_to came or went meanwhile.
    """
    own, other = (desk.store.daybook.occurrence(occurrence.key, rehearsal=mode) for mode in (not desk.live, desk.live))
    if own is not None:
        known = _written(desk, own)
        return own if known is None or known.ready_at is None or _went_out(desk, known) else None
    known = _written(desk, other)
    return other if known is not None and (known.state is EditionState.DRAFT or _went_out(desk, known)) else None


def _written(desk: Newsdesk, record: OccurrenceRecord | None) -> EditionRecord | None:
    return desk.store.ledger.find(record.edition) if record is not None and record.edition else None


def _went_out(desk: Newsdesk, known: EditionRecord) -> bool:
    return known.ready_at is not None and known.rehearsal is not desk.live


def occurrence_on(desk: Newsdesk, digest: Digest, on: date | None, *, next_ok: bool = False) -> Occurrence:
    """Find a digest's occurrence on a date; without one today's: the latest that is due, else the first to come.

    On a day without any, `next_ok` takes the next one: to show it. Otherwise raises SendRefused: what was asked for
    as today's must not be another day's.
    """
    rule = desk.rule_of(digest)
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
                key=f"digest-failed/{digest.name}/{_today(desk.rule_of(digest), desk.clock())}",
                text=f"The digest {digest.name} could not be made: {error}",
            )


def _tick_one(desk: Newsdesk, digest: Digest) -> None:
    now = desk.clock()
    since = _first_seen(desk, digest, now)
    lead_time = digest.draft or timedelta()
    found = due(desk.rule_of(digest), after=max(now - _LOOK_BACK, since), until=now + lead_time)
    for position, occurrence in enumerate(found):
        superseded = any(later.due_at <= now for later in found[position + 1 :])
        _tick_occurrence(desk, digest, occurrence, superseded=superseded, now=now)


def _tick_occurrence(
    desk: Newsdesk, digest: Digest, occurrence: Occurrence, *, superseded: bool, now: datetime
) -> None:
    recorded = _recorded(desk, occurrence)
    if recorded is not None and recorded.edition is None:
        return  # skipped
    written = _written(desk, recorded)
    if written is not None:
        _launch_draft(desk, digest, occurrence, written, now=now)
    elif not superseded and not _too_late(desk, digest, occurrence, now=now):
        _open(desk, digest, occurrence, edition=recorded.edition if recorded else None, now=now)
    elif recorded is not None:
        _abandon(desk, digest, occurrence, recorded, now=now)
    elif desk.store.daybook.occurrence(occurrence.key, rehearsal=desk.live) is None:
        # Not when it was only rehearsed, or went out before a rehearsal: alerts ran then.
        _skip(desk, digest, occurrence, f"{_was_due(occurrence, now)}, when alerts did not run")


def _too_late(desk: Newsdesk, digest: Digest, occurrence: Occurrence, *, now: datetime) -> bool:
    late = now - occurrence.due_at
    return late > digest.catch_up or late >= _life(desk, digest)


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
    elif not _take(desk, occurrence, made.id):
        return
    if digest.draft is not None and occurrence.due_at > now:
        made = replace(made, not_before_at=occurrence.due_at)
        if desk.store.ledger.add_draft(made):
            drafts.tell_of(desk, made)
        return
    _launch(desk, digest, made)


def _launch_draft(
    desk: Newsdesk, digest: Digest, occurrence: Occurrence, record: EditionRecord, *, now: datetime
) -> None:
    if record.state is not EditionState.DRAFT:
        return
    if _too_late(desk, digest, occurrence, now=now):
        _give_up(desk, digest, record.edition, f"{_was_due(occurrence, now)}, when alerts did not run")
    elif occurrence.due_at <= now and _take(desk, occurrence, record.edition.id):
        edition = record.edition
        if embargo.until(desk, edition):
            # Something in it came under embargo after it was drafted: the rest of the day goes out without it.
            edition = replace(compose(desk, digest, occurrence), id=edition.id)
        _launch(desk, digest, edition, shown=record.content_hash)


def _launch(desk: Newsdesk, digest: Digest, edition: Edition, *, shown: str | None = None) -> None:
    try:
        send.launch(desk, send.plan(desk, edition, shown=shown), editor="alerts (schedule)")
    except NeedsAgain:
        return  # another scheduler was faster; its edition is the one
    except SendRefused as refused:
        written = desk.store.ledger.find(edition.id)
        if written is not None and written.edition != edition:
            return  # an editor changed it at this moment: the next tick takes the new words
        if written is None:
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


def _abandon(
    desk: Newsdesk, digest: Digest, occurrence: Occurrence, recorded: OccurrenceRecord, *, now: datetime
) -> None:
    """Give up an occurrence whose edition was never written."""
    if recorded.edition is None or now - recorded.at < _WRITING:
        return  # another process may be writing it at this moment
    reason = f"{_was_due(occurrence, now)}, and whoever was making it did not finish"
    if desk.store.daybook.replace_occurrence(
        occurrence, instead_of=recorded.edition, edition=None, reason=reason, now=now, rehearsal=not desk.live
    ):
        _tell_of_skipped(desk, digest, occurrence, reason)


def _skip(desk: Newsdesk, digest: Digest, occurrence: Occurrence, reason: str) -> None:
    if desk.store.daybook.skip_occurrence(occurrence, reason=reason, now=desk.clock(), rehearsal=not desk.live):
        _tell_of_skipped(desk, digest, occurrence, reason)


def _tell_of_skipped(desk: Newsdesk, digest: Digest, occurrence: Occurrence, reason: str) -> None:
    note(
        desk,
        NoticeKind.DIGEST_SKIPPED,
        key=f"skipped/{occurrence_key(occurrence.key, rehearsal=not desk.live)}",
        text=f"The digest {digest.name} of {occurrence.nominal_on} {occurrence.slot} was skipped: {reason}",
    )


def _was_due(occurrence: Occurrence, now: datetime) -> str:
    return f"it was due {_spoken(now - occurrence.due_at)} ago"


def _spoken(span: timedelta) -> str:
    hours = span.total_seconds() / 3600
    if hours < 1:
        return f"{max(1, round(hours * 60))} min"
    return f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.0f} days"
