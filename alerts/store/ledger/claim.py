"""Claims: lease the next submission to one worker. Edge: works inside the transaction that it is given.

The intent is on disk before a byte goes to the provider; whatever is asked here is asked again at every claim, so that
a hold, a stop or an unsubscription takes effect within one submission.
"""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, exists, func, insert, or_, select, true, update

from alerts.model import DeliveryId, DeliveryState, EditionId, EditionState, Lane, Mailbox, SubmissionId
from alerts.ports import Claim, ClaimedDelivery
from alerts.store.ledger.freeze import suppressed_because
from alerts.store.ledger.transitions import unless_it_may_have_gone
from alerts.store.tables import control, deliveries, edition_variants, editions, submissions, subscribers

#: the row of `control` that stops everything
STOP = "stop"

_SENDABLE = (EditionState.READY.value, EditionState.SENDING.value)


def claim(
    connection: Connection,
    *,
    owner: str,
    provider: str,
    now: datetime,
    lease_until: datetime,
    limit: Mapping[Lane, int],
    edition: EditionId | None,
    rehearsal_only: bool,
) -> Claim | None:
    """Lease the next submission; None: nothing is due, or everything is stopped."""
    if is_stopped(connection):
        return None
    may_go = _may_go(now, rehearsal_only=rehearsal_only)
    while (due := _next_edition(connection, may_go, provider=provider, now=now, only=edition)) is not None:
        size = max(1, limit[list(Lane)[due.lane]])
        found = _next_deliveries(connection, due, now=now, size=size)
        if not found:
            return None  # PostgreSQL: another worker holds them at this moment
        taken = _without_suppressed(connection, found, now=now)
        if taken:
            return _lease(connection, due, taken, owner=owner, now=now, lease_until=lease_until)
        # all of them must get no mail any more; that many fewer are pending in the next turn
    return None


def next_due_at(
    connection: Connection,
    *,
    now: datetime,
    provider: str | None,
    edition: EditionId | None,
    rehearsal_only: bool,
) -> datetime | None:
    """Tell when the next pending delivery may go; None: none waits, or nothing may go."""
    if is_stopped(connection):
        return None
    may_go = _may_go(now, rehearsal_only=rehearsal_only)
    open_editions = select(editions.c.id, editions.c.not_before_at).where(may_go)
    if provider is not None:
        open_editions = open_editions.where(editions.c.provider == provider)
    if edition is not None:
        open_editions = open_editions.where(editions.c.id == edition)
    instants = []
    for found, starts_at in connection.execute(open_editions).all():
        waits_until = _first_pending(connection, found, now=now)
        if waits_until is not None:
            instants.append(max(waits_until, starts_at or now))
    return min(instants, default=None)


def _first_pending(connection: Connection, edition: str, *, now: datetime) -> datetime | None:
    pending = and_(deliveries.c.edition_id == edition, deliveries.c.state == DeliveryState.PENDING.value)
    if connection.execute(select(deliveries.c.id).where(pending, _due_delivery(now)).limit(1)).first() is not None:
        return now
    first: datetime | None = connection.execute(select(func.min(deliveries.c.not_before_at)).where(pending)).scalar()
    return first


def is_stopped(connection: Connection) -> bool:
    """Tell whether somebody stopped all sending."""
    return connection.execute(select(control.c.name).where(control.c.name == STOP)).first() is not None


def _may_go(now: datetime, *, rehearsal_only: bool) -> ColumnElement[bool]:
    """Whether anything of an edition may be handed over.

    In rehearsal, only what was frozen as one: what was approved for everybody must not go out because a newsroom that
    was live went back to rehearsing.
    """
    return and_(
        editions.c.state.in_(_SENDABLE),
        or_(editions.c.expires_at.is_(None), editions.c.expires_at > now),
        editions.c.rehearsal if rehearsal_only else true(),
    )


def _due_edition(now: datetime) -> ColumnElement[bool]:
    return or_(editions.c.not_before_at.is_(None), editions.c.not_before_at <= now)


def _due_delivery(now: datetime) -> ColumnElement[bool]:
    return or_(deliveries.c.not_before_at.is_(None), deliveries.c.not_before_at <= now)


def _next_edition(
    connection: Connection, may_go: ColumnElement[bool], *, provider: str, now: datetime, only: EditionId | None
) -> Row[Any] | None:
    """Find the edition to go on with: urgent lane first, then the one that waits longest.

    One that was frozen for another provider is left alone: what was approved for the outbox must not go out live
    because somebody changed the configuration.
    """
    waiting = exists().where(
        deliveries.c.edition_id == editions.c.id,
        deliveries.c.state == DeliveryState.PENDING.value,
        _due_delivery(now),
    )
    due: Select[Any] = (
        select(editions.c.id, editions.c.lane, editions.c.scope, editions.c.provider)
        .where(may_go, _due_edition(now), editions.c.provider == provider, waiting)
        .order_by(editions.c.lane, editions.c.ready_at, editions.c.id)
        .limit(1)
    )
    if only is not None:
        due = due.where(editions.c.id == only)
    return connection.execute(due).first()


def _next_deliveries(connection: Connection, due: Row[Any], *, now: datetime, size: int) -> Sequence[Row[Any]]:
    """Read the next deliveries of one rendering, oldest first."""
    pending = and_(
        deliveries.c.edition_id == due.id, deliveries.c.state == DeliveryState.PENDING.value, _due_delivery(now)
    )
    first = select(deliveries.c.language).where(pending).order_by(deliveries.c.id).limit(1)
    found = (
        select(
            deliveries.c.id,
            deliveries.c.language,
            deliveries.c.attempts,
            subscribers.c.address,
            subscribers.c.name,
            subscribers.c.public_id,
            suppressed_because(due.scope).label("suppressed"),
        )
        .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
        .where(pending, deliveries.c.language == first.scalar_subquery())
        .order_by(deliveries.c.id)
        .limit(size)
        .with_for_update(of=deliveries, skip_locked=True)
    )
    return connection.execute(found).all()


def _without_suppressed(connection: Connection, found: Sequence[Row[Any]], *, now: datetime) -> list[Row[Any]]:
    """Turn the deliveries of those who must get no mail any more into suppressed; hand back the others."""
    gone = {row.id: row.suppressed or "erased" for row in found if row.suppressed or row.address is None}
    for reason in set(gone.values()):
        connection.execute(
            update(deliveries)
            .where(deliveries.c.id.in_([delivery for delivery, why in gone.items() if why == reason]))
            .values(
                state=unless_it_may_have_gone(DeliveryState.SUPPRESSED), reason=reason, changed_at=now, unknown_at=now
            )
        )
    return [row for row in found if row.id not in gone]


def _lease(
    connection: Connection,
    due: Row[Any],
    taken: Sequence[Row[Any]],
    *,
    owner: str,
    now: datetime,
    lease_until: datetime,
) -> Claim:
    submission = SubmissionId(secrets.token_hex(16))
    connection.execute(
        insert(submissions).values(
            id=submission,
            edition_id=due.id,
            provider=due.provider,
            owner=owner,
            epoch=1,
            state="open",
            size=len(taken),
            claimed_at=now,
            lease_until=lease_until,
        )
    )
    connection.execute(
        update(deliveries)
        .where(deliveries.c.id.in_([row.id for row in taken]))
        .values(
            state=DeliveryState.SUBMITTING.value,
            submission_id=submission,
            not_before_at=None,
            reason="",
            changed_at=now,
        )
    )
    connection.execute(
        update(editions)
        .where(editions.c.id == due.id, editions.c.state == EditionState.READY.value)
        .values(state=EditionState.SENDING.value)
    )
    variant_hash = connection.execute(
        select(edition_variants.c.variant_hash).where(
            edition_variants.c.edition_id == due.id, edition_variants.c.language == taken[0].language
        )
    ).scalar_one()
    return Claim(
        submission=submission,
        edition=EditionId(due.id),
        epoch=1,
        variant_hash=variant_hash,
        scope=due.scope,
        deliveries=tuple(
            ClaimedDelivery(
                id=DeliveryId(row.id),
                to=Mailbox(address=row.address, name=row.name),
                subscriber_public_id=row.public_id,
                attempts=row.attempts,
            )
            for row in taken
        ),
    )
