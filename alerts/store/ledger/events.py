"""What providers tell us later. Edge: works inside the transaction that it is given.

Events come repeated, late and out of order: each counts once, and every change only ever moves forward.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, or_, select, update

from alerts.model import SCOPE_ALL, DeliveryState, Event, EventKind, Fate
from alerts.store.ledger.claim import STOP
from alerts.store.ledger.settle import note_accepted, suppress
from alerts.store.ledger.transitions import FATE_OF, PROVABLE, SUPPRESSION_OF, earlier_fates
from alerts.store.statements import chunks, insert_or_skip
from alerts.store.tables import control, deliveries, editions, events

#: after one of these the edition's own answer to a reader who leaves applies, not everything
_LEAVES_SCOPE = {EventKind.UNSUBSCRIBED}


def apply_events(connection: Connection, told: Sequence[Event], *, now: datetime) -> int:
    """Take in events; return how many were new and ours."""
    ours = _known_deliveries(connection, told)
    new = 0
    for event in told:
        row = ours.get(event.delivery) if event.delivery is not None else None
        if row is None and event.kind is not EventKind.ACCOUNT_SUSPENDED:
            continue  # of mail that we never sent
        if not _journal(connection, event, now=now):
            continue
        new += 1
        if row is None:
            _stop_everything(connection, event, now=now)
        else:
            _apply(connection, event, row, now=now)
    return new


def _known_deliveries(connection: Connection, told: Sequence[Event]) -> dict[int, Any]:
    named = {event.delivery for event in told if event.delivery is not None}
    known: dict[int, Any] = {}
    for some in chunks(named):
        found = (
            select(deliveries.c.id, deliveries.c.edition_id, deliveries.c.address_hash, editions.c.scope)
            .join(editions, editions.c.id == deliveries.c.edition_id)
            # an event of a delivery that was never handed over is not ours, whatever it says
            .where(deliveries.c.id.in_(some), deliveries.c.submission_id.is_not(None))
        )
        known.update((row.id, row) for row in connection.execute(found))
    return known


def _journal(connection: Connection, event: Event, *, now: datetime) -> bool:
    """Write it down, once; False: we had it."""
    row = {
        "provider": event.provider,
        "event_id": event.event_id,
        "kind": event.kind.value,
        "at": event.at,
        "received_at": now,
        "delivery_id": event.delivery,
        "submission_id": event.submission,
        "reason": event.reason,
    }
    return bool(connection.execute(insert_or_skip(connection, events).values(row)).rowcount)


def _apply(connection: Connection, event: Event, row: Row[Any], *, now: datetime) -> None:
    _prove(connection, row, now=now)
    if (fate := FATE_OF.get(event.kind)) is not None:
        _move_fate(connection, row.id, fate, reason=event.reason, now=now)
    if (reason := SUPPRESSION_OF.get(event.kind)) is not None:
        suppress(
            connection,
            row.address_hash,
            scope=row.scope if event.kind in _LEAVES_SCOPE else SCOPE_ALL,
            reason=reason,
            evidence=f"{event.provider} {event.kind.value} {event.event_id}",
            now=now,
        )


def _prove(connection: Connection, row: Row[Any], *, now: datetime) -> None:
    """Call the delivery accepted: a provider that tells of it has taken it."""
    taken = (
        update(deliveries)
        .where(deliveries.c.id == row.id, deliveries.c.state.in_([state.value for state in PROVABLE]))
        .values(state=DeliveryState.ACCEPTED.value, unknown_at=None, not_before_at=None, reason="", changed_at=now)
    )
    if connection.execute(taken).rowcount:
        note_accepted(connection, row.edition_id, now=now)


def _move_fate(connection: Connection, delivery: int, fate: Fate, *, reason: str, now: datetime) -> None:
    connection.execute(
        update(deliveries)
        .where(
            and_(
                deliveries.c.id == delivery,
                deliveries.c.state == DeliveryState.ACCEPTED.value,
                or_(*(deliveries.c.fate == earlier.value for earlier in earlier_fates(fate))),
            )
        )
        .values(fate=fate.value, reason=reason if fate is not Fate.DELIVERED else "", changed_at=now)
    )


def _stop_everything(connection: Connection, event: Event, *, now: datetime) -> None:
    row = {"name": STOP, "value": f"{event.provider} suspended the account", "at": now}
    connection.execute(insert_or_skip(connection, control).values(row))
