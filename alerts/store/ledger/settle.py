"""Settling: write down what became of a submission. Edge: works inside the transaction that it is given.

Only a delivery that is still `submitting` under this very submission changes state; whoever comes late changes nothing,
but for the good news that the mail was accepted after all.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Integer, String, bindparam, case, func, literal, or_, select, update

from alerts.model import SCOPE_ALL, DeliveryId, DeliveryState, EditionState, Outcome, OutcomeKind, SuppressionReason
from alerts.ports import Claim, Settled
from alerts.store.ledger.states import reopen_or_stop
from alerts.store.ledger.transitions import AFTER_OUTCOME, LEGAL, unless_it_may_have_gone
from alerts.store.statements import insert_or_update
from alerts.store.tables import deliveries, editions, submissions, suppressions

# not an IN: SQLAlchemy expands those anew for each row, and refuses to for many rows at once
_LATE = or_(
    deliveries.c.state == DeliveryState.UNKNOWN.value,
    deliveries.c.state == DeliveryState.PENDING.value,
)


def settle(
    connection: Connection,
    claim: Claim,
    outcomes: Sequence[Outcome],
    *,
    now: datetime,
    final: bool,
    max_attempts: int,
    lease_until: datetime | None,
) -> Settled:
    """Record outcomes; see `ports.DispatchLedger.settle`."""
    if not _hold_lease(connection, claim, now=now, final=final, lease_until=lease_until):
        return Settled(changed=_good_news(connection, claim, outcomes, now=now), holds=False)
    changed = _record(connection, claim, outcomes, now=now, max_attempts=max_attempts)
    if final:
        changed += _forget_nobody(connection, claim, now=now)
    _suppress_invalid(connection, claim, outcomes, now=now)
    _note_accepted(connection, claim, outcomes, now=now)
    _block_if_halted(connection, claim, outcomes)
    reopen_or_stop(connection, claim.edition, now=now)
    return Settled(changed=changed, holds=True)


def _hold_lease(
    connection: Connection, claim: Claim, *, now: datetime, final: bool, lease_until: datetime | None
) -> bool:
    """Make sure that the lease was not taken away; end or lengthen it. The first write: it locks the row."""
    changes: dict[str, Any] = {"state": "settled", "settled_at": now} if final else {"state": "open"}
    if lease_until is not None:
        changes["lease_until"] = lease_until
    ours = (
        update(submissions)
        .where(
            submissions.c.id == claim.submission,
            submissions.c.epoch == claim.epoch,
            submissions.c.state == "open",
        )
        .values(changes)
    )
    return connection.execute(ours).rowcount == 1


def _record(
    connection: Connection, claim: Claim, outcomes: Sequence[Outcome], *, now: datetime, max_attempts: int
) -> int:
    if not outcomes:
        return 0
    counts = bindparam("counts", type_=Integer)
    worn_out = case(
        (deliveries.c.attempts + counts >= max_attempts, unless_it_may_have_gone(DeliveryState.DEAD)),
        else_=literal(DeliveryState.PENDING.value),
    )
    statement = (
        update(deliveries)
        .where(
            deliveries.c.id == bindparam("delivery"),
            deliveries.c.submission_id == claim.submission,
            deliveries.c.state == DeliveryState.SUBMITTING.value,
        )
        .values(
            # only a try that counts can wear a delivery out
            state=case((counts == 1, worn_out), else_=bindparam("becomes", type_=String)),
            attempts=deliveries.c.attempts + counts,
            reason=bindparam("why"),
            provider_ref=bindparam("ref"),
            not_before_at=bindparam("waits_until", type_=deliveries.c.not_before_at.type),
            unknown_at=bindparam("since", type_=deliveries.c.unknown_at.type),
            changed_at=now,
        )
    )
    return connection.execute(statement, [_parameters(outcome, now=now) for outcome in outcomes]).rowcount


def _parameters(outcome: Outcome, *, now: datetime) -> dict[str, Any]:
    busy = outcome.kind is OutcomeKind.BUSY
    return {
        "delivery": outcome.delivery,
        "becomes": AFTER_OUTCOME[outcome.kind].value,
        # a provider that refuses us altogether says nothing about this delivery
        "counts": int(busy and not outcome.halts),
        "why": outcome.reason,
        "ref": outcome.provider_ref,
        "waits_until": now + outcome.retry_after if busy and outcome.retry_after else None,
        # also for a worn-out one that may have gone before; means nothing in other states
        "since": now if outcome.kind in {OutcomeKind.UNKNOWN, OutcomeKind.BUSY} else None,
    }


def _forget_nobody(connection: Connection, claim: Claim, *, now: datetime) -> int:
    """Call unknown whatever the provider said nothing of."""
    silent = (
        update(deliveries)
        .where(deliveries.c.submission_id == claim.submission, deliveries.c.state == DeliveryState.SUBMITTING.value)
        .values(state=DeliveryState.UNKNOWN.value, unknown_at=now, changed_at=now, reason="no answer")
    )
    return connection.execute(silent).rowcount


def _good_news(connection: Connection, claim: Claim, outcomes: Sequence[Outcome], *, now: datetime) -> int:
    accepted = {outcome.delivery: outcome for outcome in outcomes if outcome.kind is OutcomeKind.ACCEPTED}
    if not accepted:
        return 0
    statement = (
        update(deliveries)
        .where(
            deliveries.c.id == bindparam("delivery"),
            deliveries.c.submission_id == claim.submission,
            _LATE,
        )
        .values(
            state=DeliveryState.ACCEPTED.value,
            provider_ref=bindparam("ref"),
            reason="",
            unknown_at=None,
            not_before_at=None,
            changed_at=now,
        )
    )
    rows = [{"delivery": delivery, "ref": outcome.provider_ref} for delivery, outcome in accepted.items()]
    changed = connection.execute(statement, rows).rowcount
    if changed:
        note_accepted(connection, claim.edition, now=now)
    return changed


def _suppress_invalid(connection: Connection, claim: Claim, outcomes: Sequence[Outcome], *, now: datetime) -> None:
    invalid = {
        outcome.delivery: outcome.reason
        for outcome in outcomes
        if outcome.kind is OutcomeKind.REJECTED and outcome.invalid_address
    }
    if not invalid:
        return
    # only those that were ours to settle
    found = select(deliveries.c.id, deliveries.c.address_hash).where(
        deliveries.c.id.in_(invalid),
        deliveries.c.submission_id == claim.submission,
        deliveries.c.state == DeliveryState.REJECTED.value,
    )
    for delivery, address_hash in connection.execute(found).all():
        suppress(
            connection,
            address_hash,
            scope=SCOPE_ALL,
            reason=SuppressionReason.INVALID,
            evidence=invalid[DeliveryId(delivery)],
            now=now,
        )


def suppress(
    connection: Connection, address_hash: str, *, scope: str, reason: SuppressionReason, evidence: str, now: datetime
) -> None:
    """Suppress an address; again, if it was lifted."""
    row = {
        "address_hash": address_hash,
        "scope": scope,
        "reason": reason.value,
        "at": now,
        "evidence": evidence,
        "lifted_at": None,
        "lifted_by": "",
    }
    connection.execute(insert_or_update(connection, suppressions).values(row))


def _note_accepted(connection: Connection, claim: Claim, outcomes: Sequence[Outcome], *, now: datetime) -> None:
    if any(outcome.kind is OutcomeKind.ACCEPTED for outcome in outcomes):
        note_accepted(connection, claim.edition, now=now)


def note_accepted(connection: Connection, edition: str, *, now: datetime) -> None:
    """Remember when the first and the last mail of an edition were accepted."""
    connection.execute(
        update(editions)
        .where(editions.c.id == edition)
        .values(first_accepted_at=func.coalesce(editions.c.first_accepted_at, now), last_accepted_at=now)
    )


def _block_if_halted(connection: Connection, claim: Claim, outcomes: Sequence[Outcome]) -> None:
    halts = [outcome.reason for outcome in outcomes if outcome.halts]
    if not halts:
        return
    from_states = [state.value for state, to in LEGAL.items() if EditionState.BLOCKED in to]
    connection.execute(
        update(editions)
        .where(editions.c.id == claim.edition, editions.c.state.in_(from_states))
        .values(state=EditionState.BLOCKED.value, state_reason=halts[0])
    )
