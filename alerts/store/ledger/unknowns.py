"""Deliveries whose fate nobody knows: where they come from and how they are resolved. Edge: inside a transaction.

Unknown is not failed. A delivery leaves this state by proof (an event, a look-up with authority), by the edition's
policy, once and counted as a possible double, or by an operator.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, or_, select, true, update

from alerts.model import DeliveryId, DeliveryState, EditionId, EditionState, SubmissionId, UnknownPolicy
from alerts.ports import Found, UnknownSubmission
from alerts.store.ledger.settle import note_accepted
from alerts.store.ledger.states import reopen_or_stop
from alerts.store.ledger.transitions import OPEN, STANDING
from alerts.store.statements import chunks
from alerts.store.tables import deliveries, editions, submissions

#: a reader may get two of one mail where nobody knows, but never three
_RESENDS = 1
_MAY_RESEND = [state.value for state in (*OPEN, EditionState.DONE_UNRESOLVED)]
_STANDING = [state.value for state in STANDING]


def lease_owners(connection: Connection) -> set[str]:
    """Name those who hold a lease."""
    return set(connection.execute(select(submissions.c.owner).where(submissions.c.state == "open")).scalars())


def expire_leases(connection: Connection, *, now: datetime, dead: Collection[str]) -> int:
    """Take leases away: what was being handed over becomes unknown, and whoever held them is locked out."""
    over = select(submissions.c.id).where(
        submissions.c.state == "open", or_(submissions.c.lease_until <= now, submissions.c.owner.in_(dead))
    )
    changed = 0
    for some in chunks(connection.execute(over.with_for_update(skip_locked=True)).scalars().all()):
        connection.execute(
            update(submissions)
            .where(submissions.c.id.in_(some))
            .values(state="expired", epoch=submissions.c.epoch + 1, settled_at=now)
        )
        changed += connection.execute(
            update(deliveries)
            .where(deliveries.c.submission_id.in_(some), deliveries.c.state == DeliveryState.SUBMITTING.value)
            .values(
                state=DeliveryState.UNKNOWN.value,
                unknown_at=now,
                changed_at=now,
                reason="the sender stopped before the answer",
            )
        ).rowcount
    return changed


def unknown_submissions(connection: Connection, *, before: datetime) -> list[UnknownSubmission]:
    """List submissions with deliveries unknown since before an instant, oldest first."""
    found = (
        select(
            deliveries.c.submission_id,
            deliveries.c.edition_id,
            deliveries.c.id,
            deliveries.c.unknown_at,
            editions.c.unknown_policy,
            submissions.c.provider,
        )
        .join(editions, editions.c.id == deliveries.c.edition_id)
        .join(submissions, submissions.c.id == deliveries.c.submission_id)
        .where(deliveries.c.state == DeliveryState.UNKNOWN.value, deliveries.c.unknown_at <= before)
        .order_by(deliveries.c.unknown_at, deliveries.c.submission_id, deliveries.c.id)
    )
    grouped = defaultdict(list)
    for row in connection.execute(found):
        grouped[row.submission_id].append(row)
    return [
        UnknownSubmission(
            submission=SubmissionId(submission),
            edition=EditionId(rows[0].edition_id),
            deliveries=tuple(DeliveryId(row.id) for row in rows),
            policy=UnknownPolicy(rows[0].unknown_policy),
            unknown_at=rows[0].unknown_at,
            provider=rows[0].provider,
        )
        for submission, rows in grouped.items()
    ]


def resolve_unknown(
    connection: Connection,
    submission: SubmissionId,
    found: Mapping[DeliveryId, Found],
    *,
    now: datetime,
    resend: bool,
) -> int:
    """Settle unknowns of a submission; see `ports.DispatchLedger.resolve_unknown`."""
    edition = connection.execute(
        select(editions.c.id, editions.c.state, editions.c.expires_at)
        .join(submissions, submissions.c.edition_id == editions.c.id)
        .where(submissions.c.id == submission)
    ).one()
    goes_on = edition.state in _MAY_RESEND and (edition.expires_at is None or edition.expires_at > now)
    accepted = _change(connection, submission, _with(found, Found.ACCEPTED), to=DeliveryState.ACCEPTED, now=now)
    if accepted:
        note_accepted(connection, edition.id, now=now)
    changed = accepted + _change(
        connection,
        submission,
        _with(found, Found.ABSENT),
        to=DeliveryState.PENDING,
        now=now,
        # the look-up speaks of the last submission; of one before it nobody knows, and nothing will be sent any more
        resent_too=goes_on,
    )
    # what is held stays unknown: after its release the next look at it hands it over again
    if resend and goes_on and edition.state not in _STANDING:
        changed += _resend(connection, submission, edition.id, _with(found, Found.UNKNOWN), now=now)
    reopen_or_stop(connection, EditionId(edition.id), now=now)
    return changed


def _with(found: Mapping[DeliveryId, Found], answer: Found) -> list[DeliveryId]:
    return [delivery for delivery, found_answer in found.items() if found_answer is answer]


def _still_unknown(submission: SubmissionId, some: Sequence[DeliveryId]) -> ColumnElement[bool]:
    return and_(
        deliveries.c.id.in_(some),
        deliveries.c.submission_id == submission,
        deliveries.c.state == DeliveryState.UNKNOWN.value,
    )


def _change(
    connection: Connection,
    submission: SubmissionId,
    which: Sequence[DeliveryId],
    *,
    to: DeliveryState,
    now: datetime,
    resent_too: bool = True,
) -> int:
    changed = 0
    for some in chunks(which):
        changed += connection.execute(
            update(deliveries)
            .where(_still_unknown(submission, some), true() if resent_too else deliveries.c.resends == 0)
            .values(state=to.value, unknown_at=None, not_before_at=None, reason="", changed_at=now)
        ).rowcount
    return changed


def _resend(
    connection: Connection,
    submission: SubmissionId,
    edition: str,
    which: Sequence[DeliveryId],
    *,
    now: datetime,
) -> int:
    changed = 0
    for some in chunks(which):
        changed += connection.execute(
            update(deliveries)
            .where(_still_unknown(submission, some), deliveries.c.resends < _RESENDS)
            .values(
                state=DeliveryState.PENDING.value,
                resends=deliveries.c.resends + 1,
                unknown_at=None,
                not_before_at=None,
                reason="",
                changed_at=now,
            )
        ).rowcount
    connection.execute(
        update(editions).where(editions.c.id == edition).values(possible_doubles=editions.c.possible_doubles + changed)
    )
    return changed
