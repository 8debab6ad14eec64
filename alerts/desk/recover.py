"""Put right what a crash, a silent provider or the passing of time left behind. Safe to call at any moment."""

from alerts.delivery.recover import Recovered
from alerts.delivery.recover import recover as recover_submissions
from alerts.desk.dispatching import dispatch_settings
from alerts.desk.newsdesk import Newsdesk
from alerts.desk.notify import note
from alerts.model import EditionState, NoticeKind
from alerts.store.records import EditionRecord


def recover(desk: Newsdesk) -> Recovered:
    """Resolve unknowns as far as possible, close what is finished, expire what is too old, tell the desk."""
    _hold_what_was_live(desk)
    found = recover_submissions(desk.store.ledger, desk.provider, desk.clock, dispatch_settings(desk))
    for edition in desk.store.ledger.finish_editions(now=desk.clock()):
        record = desk.store.ledger.find(edition)
        if record is not None:
            _tell(desk, record)
    return found


def _hold_what_was_live(desk: Newsdesk) -> None:
    """Hold what was approved for everybody when the configuration went back to rehearsal, and tell the desk."""
    if desk.live:
        return
    for record in desk.store.ledger.editions(states=(EditionState.READY, EditionState.SENDING), limit=1000):
        edition = record.edition
        reason = "it was approved live, and the configuration is in rehearsal now"
        if not record.rehearsal and desk.store.ledger.change_state(
            edition.id, EditionState.HELD, now=desk.clock(), reason=reason
        ):
            note(
                desk,
                NoticeKind.HELD,
                key=f"held-live/{edition.id}/{desk.clock().isoformat()}",
                text=f'"{edition.subject}" is held: {reason}. Live again: alerts release {edition.id}',
                edition=edition.id,
            )


_KINDS = {
    EditionState.EXPIRED: NoticeKind.EXPIRED,
    EditionState.BLOCKED: NoticeKind.BLOCKED,
    EditionState.HELD: NoticeKind.HELD,
    EditionState.DONE_UNRESOLVED: NoticeKind.UNRESOLVED,
}


def _tell(desk: Newsdesk, record: EditionRecord) -> None:
    kind = _KINDS.get(record.state)
    if kind is None:
        return
    receipt = desk.store.ledger.receipt(record.edition.id)
    left = ", ".join(f"{number} {state.value}" for state, number in receipt.deliveries.items() if number)
    note(
        desk,
        kind,
        key=f"{record.state.value}/{record.edition.id}",
        text=f'"{record.edition.subject}" is {record.state.value.replace("_", " ")}: {left or "nothing went out"}. '
        f"Look: alerts receipt {record.edition.id}",
        edition=record.edition.id,
    )
