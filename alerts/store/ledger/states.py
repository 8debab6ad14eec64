"""Where editions stand: changed by people, finished by the passing of time. Edge: works inside a given transaction."""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, func, select, update

from alerts.model import DeliveryState, EditionId, EditionState
from alerts.store.ledger.transitions import LEGAL, OPEN, STANDING, STOPPED, unless_it_may_have_gone
from alerts.store.tables import deliveries, editions

_WAITING = (DeliveryState.PENDING.value, DeliveryState.DEFERRED.value)
_MOVING = (*_WAITING, DeliveryState.SUBMITTING.value)
_STANDING = frozenset(state.value for state in STANDING)
_FINAL = frozenset(EditionState) - LEGAL.keys() | {EditionState.DONE_UNRESOLVED}


def change_state(
    connection: Connection, edition: EditionId, to: EditionState, *, now: datetime, reason: str, by: str
) -> bool:
    """Move an edition where that is legal; killing cancels all that waits."""
    legal_from = [state.value for state, following in LEGAL.items() if to in following]
    changes = {
        "state": to.value,
        "state_reason": f"{reason} ({by})" if reason and by else reason or by,
        "finished_at": now if to in _FINAL else None,
    }
    legal = and_(editions.c.id == edition, editions.c.state.in_(legal_from))
    if connection.execute(update(editions).where(legal).values(changes)).rowcount == 0:
        return False
    if to is EditionState.KILLED:
        _stop_waiting(connection, edition, DeliveryState.CANCELLED, why=reason or "killed", now=now)
    elif to is EditionState.EXPIRED:
        _stop_waiting(connection, edition, DeliveryState.EXPIRED, why="too late", now=now)
    return True


def finish_editions(connection: Connection, *, now: datetime) -> list[EditionId]:
    """Expire what is too old, close what is done; return the editions that changed state."""
    concerned = select(editions.c.id, editions.c.state, editions.c.expires_at).where(
        editions.c.state.in_([state.value for state in (*OPEN, EditionState.DONE_UNRESOLVED)])
    )
    changed = []
    for row in connection.execute(concerned).all():
        if row.expires_at is not None and row.expires_at <= now:
            _stop_waiting(connection, row.id, DeliveryState.EXPIRED, why="too late", now=now)
        to = _where_it_stands(counts(connection, row.id))
        if to is None or to.value == row.state or (to is EditionState.DONE_UNRESOLVED and row.state in _STANDING):
            # resolving an unknown reopens what is unresolved: it would go on past whoever holds it
            continue
        connection.execute(update(editions).where(editions.c.id == row.id).values(state=to.value, finished_at=now))
        changed.append(EditionId(row.id))
    return changed


def reopen_or_stop(connection: Connection, edition: EditionId, *, now: datetime) -> None:
    """Put an edition and deliveries that came back to pending in step: go on sending, or cancel where nothing goes."""
    state = connection.execute(select(editions.c.state).where(editions.c.id == edition)).scalar_one()
    if state == EditionState.DONE_UNRESOLVED.value:
        waiting = select(deliveries.c.id).where(_waits(edition)).limit(1)
        if connection.execute(waiting).first() is not None:
            connection.execute(
                update(editions)
                .where(editions.c.id == edition)
                .values(state=EditionState.SENDING.value, finished_at=None)
            )
    elif state in {stopped.value for stopped in STOPPED}:
        _stop_waiting(connection, edition, DeliveryState.CANCELLED, why=f"the edition is {state}", now=now)


def counts(connection: Connection, edition: EditionId | str) -> dict[DeliveryState, int]:
    """Count deliveries by state, every state present."""
    by_state = (
        select(deliveries.c.state, func.count().label("number"))
        .where(deliveries.c.edition_id == edition)
        .group_by(deliveries.c.state)
    )
    found = {row.state: row.number for row in connection.execute(by_state)}
    return {state: found.get(state.value, 0) for state in DeliveryState}


def _where_it_stands(number: dict[DeliveryState, int]) -> EditionState | None:
    """Decide how an edition ended; None: it has not."""
    if any(number[DeliveryState(state)] for state in _MOVING):
        return None
    if number[DeliveryState.UNKNOWN]:
        return EditionState.DONE_UNRESOLVED
    if number[DeliveryState.EXPIRED] and not number[DeliveryState.ACCEPTED]:
        return EditionState.EXPIRED
    return EditionState.DONE


def _waits(edition: EditionId | str) -> ColumnElement[bool]:
    return and_(deliveries.c.edition_id == edition, deliveries.c.state.in_(_WAITING))


def _stop_waiting(
    connection: Connection, edition: EditionId | str, to: DeliveryState, *, why: str, now: datetime
) -> None:
    connection.execute(
        update(deliveries)
        .where(deliveries.c.edition_id == edition, deliveries.c.state.in_(_WAITING))
        .values(state=unless_it_may_have_gone(to), reason=why, changed_at=now, unknown_at=now)
    )
