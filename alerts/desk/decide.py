"""An editor decides: approve, reject, edit, hold, release, kill. Every decision is written down with its maker."""

from dataclasses import dataclass, replace
from datetime import timedelta

from alerts import tokens
from alerts.desk import compose, drafts, embargo, recheck, send
from alerts.desk.newsdesk import Newsdesk
from alerts.desk.notify import note
from alerts.errors import AlertsError, SendRefused, StoreError
from alerts.model import AudienceCount, DeliveryState, Edition, EditionState, NoticeKind
from alerts.store.records import EditionRecord


def approve(
    desk: Newsdesk,
    ref: str,
    *,
    editor: str,
    seen: str | None = None,
    expected: int | None = None,
    despite: str = "",
) -> AudienceCount:
    """Let a draft go out, or, while its article is under embargo, let it go out when that ends.

    Raises SendRefused when it does not wait any more, was changed since it was `seen`, or its article is gone or tells
    something else now, unless `despite` says why it goes out all the same.
    """
    record = _draft(desk, ref)
    made = plan(desk, record, seen=seen)
    return send.launch(desk, made, editor=editor, expected=expected, despite=despite)


def plan(desk: Newsdesk, record: EditionRecord, *, seen: str | None = None) -> send.SendPlan:
    """Plan what approving a draft would send, and when: not before the embargoes of what it says have ended."""
    edition = _due_now(desk, embargo.scheduled(desk, record.edition))
    return send.plan(desk, edition, shown=seen or record.content_hash)


def _due_now(desk: Newsdesk, edition: Edition) -> Edition:
    """A proposal's draft expiry ends with its approval; then its news ages from when it was told."""
    if edition.digest:
        return edition
    told_at = min([edition.made_at, *(entry.published_at for entry in edition.entries if entry.published_at)])
    if edition.not_before_at is not None:
        told_at = max(told_at, edition.not_before_at)
    return replace(edition, expires_at=told_at + desk.config.delivery.alert_expires)


def reject(desk: Newsdesk, ref: str, *, editor: str, reason: str = "") -> EditionRecord:
    """Say no to a draft; its story is not proposed again unless it develops."""
    record = _draft(desk, ref)
    _change(desk, record, EditionState.REJECTED, editor=editor, reason=reason, decision="reject")
    return record


def edit(desk: Newsdesk, ref: str, written: str, *, editor: str) -> Edition:
    """Replace a draft's words by an editor's. Raises SendRefused when it does not wait any more."""
    record = _draft(desk, ref)
    edition = compose.edited(record.edition, written)
    if not desk.store.ledger.replace_draft(edition):
        raise SendRefused(f"{edition.id} does not wait any more", hint=f"alerts receipt {edition.id}")
    drafts.write_down(desk, record, decision="edit", editor=editor)
    return edition


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """What a kill or hold left behind."""

    edition: EditionRecord
    accepted: int
    stopped: int
    #: handed over at this moment; the provider may still take them
    in_flight: int


def kill(desk: Newsdesk, ref: str, *, editor: str, reason: str = "") -> Stopped:
    """Stop an edition for good: nothing of it is submitted after this."""
    return _stop(desk, ref, EditionState.KILLED, editor=editor, reason=reason, decision="kill")


def hold(desk: Newsdesk, ref: str, *, editor: str, reason: str = "") -> Stopped:
    """Stop an edition for now."""
    stopped = _stop(desk, ref, EditionState.HELD, editor=editor, reason=reason, decision="hold")
    edition = stopped.edition.edition
    note(
        desk,
        NoticeKind.HELD,
        key=f"held/{edition.id}/{desk.clock().isoformat()}",
        text=f'{editor} holds "{edition.subject}": {stopped.accepted} have it, {stopped.stopped} wait. '
        f"Go on: alerts release {edition.id}",
        edition=edition.id,
    )
    return stopped


def release(desk: Newsdesk, ref: str, *, editor: str) -> EditionRecord:
    """Let a held or blocked edition go on. Raises SendRefused while what it says is under embargo."""
    record = desk.edition(ref, among="frozen")
    embargo.refuse(desk, record.edition)
    _change(desk, record, EditionState.SENDING, editor=editor, reason="", decision="release")
    return record


def _stop(desk: Newsdesk, ref: str, to: EditionState, *, editor: str, reason: str, decision: str) -> Stopped:
    record = desk.edition(ref, among="frozen")
    before = desk.store.ledger.counts(record.edition.id)
    _change(desk, record, to, editor=editor, reason=reason, decision=decision)
    after = desk.store.ledger.counts(record.edition.id)
    waiting = (DeliveryState.PENDING, DeliveryState.DEFERRED)
    return Stopped(
        edition=record,
        accepted=after.get(DeliveryState.ACCEPTED, 0),
        stopped=sum(before.get(state, 0) for state in waiting),
        in_flight=after.get(DeliveryState.SUBMITTING, 0) + after.get(DeliveryState.UNKNOWN, 0),
    )


def _draft(desk: Newsdesk, ref: str) -> EditionRecord:
    record = desk.edition(ref, among="drafts")
    until = drafts.waits_until(desk, record.edition)
    expired = until is not None and until <= desk.clock()
    if record.state is not EditionState.DRAFT or expired:
        state = "has expired" if expired and record.state is EditionState.DRAFT else f"is {record.state.value}"
        raise SendRefused(
            f'{record.edition.id} "{record.edition.subject}" {state}; it does not wait for approval',
            hint=f"alerts receipt {record.edition.id}",
        )
    return record


def _change(
    desk: Newsdesk, record: EditionRecord, to: EditionState, *, editor: str, reason: str, decision: str
) -> None:
    if not desk.store.ledger.change_state(record.edition.id, to, now=desk.clock(), reason=reason, by=editor):
        now = desk.store.ledger.find(record.edition.id)
        raise SendRefused(
            f"{record.edition.id} is {now.state.value if now else 'gone'}: {decision} is not possible",
            hint=f"alerts receipt {record.edition.id}",
        )
    drafts.write_down(desk, record, decision=decision, editor=editor, reason=reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftPage:
    """What an editor sees behind the link in a notice."""

    record: EditionRecord
    editor: str
    #: it can still be decided
    waits: bool
    #: until when, from now
    time_left: timedelta | None
    plan: send.SendPlan | None
    #: why there is no plan although it waits: it can be rejected, not approved
    trouble: str = ""
    #: why the last look at its article's page held it
    held: str = ""
    #: `under embargo until 14:00 CET`; empty: it is not
    embargo: str = ""


def draft_page(desk: Newsdesk, token: str) -> DraftPage | None:
    """Read the token of a notice's link; None: it is not ours."""
    fields = tokens.read(desk.token_keys, "desk", token)
    if fields is None or len(fields) != 2:
        return None
    record = desk.store.ledger.find(fields[0])
    if record is None:
        return None
    now = desk.clock()
    until = drafts.waits_until(desk, record.edition)
    waits = record.state is EditionState.DRAFT and (until is None or until > now)
    made, trouble = None, ""
    if waits:
        try:
            made = plan(desk, record)
        except StoreError:
            raise
        except AlertsError as error:
            trouble = str(error)
    return DraftPage(
        record=record,
        editor=fields[1],
        waits=waits,
        time_left=until - now if waits and until else None,
        plan=made,
        trouble=trouble,
        held=recheck.held_because(desk, record.edition.id) if waits else "",
        embargo=embargo.spoken(desk, ends_at) if (ends_at := embargo.until(desk, record.edition)) else "",
    )
