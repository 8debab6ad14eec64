"""Looking things up in the ledger, and the receipt. Edge: works inside the transaction that it is given."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, or_, select

from alerts.mail.variant import Variant
from alerts.model import (
    DeliveryId,
    DeliveryState,
    EditionId,
    EditionState,
    Fate,
    Kind,
    Receipt,
    StoryId,
    SubscriberId,
)
from alerts.store.ledger.states import counts
from alerts.store.ledger.transitions import CUT_SHORT, MAY_HAVE_GONE, TOLD
from alerts.store.ledger.written import record_of
from alerts.store.records import DeliveryRecord, EditionRecord, ExclusionRecord
from alerts.store.statements import chunks
from alerts.store.tables import (
    deliveries,
    edition_stories,
    edition_variants,
    editions,
    exclusions,
    subscribers,
    variants,
)

#: reasons for failure that a receipt lists; providers put numbers into their words, so there may be thousands
_REASONS = 20
_TOLD = [state.value for state in TOLD]
_FAILED = (DeliveryState.REJECTED.value, DeliveryState.DEAD.value)
#: a provider was too busy for it, or would have none of it at all
_PUT_OFF = and_(deliveries.c.state == DeliveryState.PENDING.value, deliveries.c.reason != "")


def find(connection: Connection, ref: str, *, among: Literal["drafts", "frozen"] | None) -> EditionRecord | None:
    """Find an edition by id, by the beginning of one, or the newest as `last`; None: none, or several begin so."""
    if ref == "last":
        return _first(connection, _last(among))
    exact = _first(connection, select(editions).where(editions.c.id == ref))
    if exact is not None or not ref:
        return exact
    rows = connection.execute(select(editions).where(editions.c.id.startswith(ref, autoescape=True)).limit(2)).all()
    return record_of(rows[0]) if len(rows) == 1 else None


def by_key(connection: Connection, key: str) -> EditionRecord | None:
    """Find the edition of a key."""
    return _first(connection, select(editions).where(editions.c.key == key))


def by_told_key(connection: Connection, told_key: str) -> list[EditionRecord]:
    """List the editions of a told key, newest first."""
    return _records(connection, _newest().where(editions.c.told_key == told_key))


def listed(
    connection: Connection,
    *,
    states: Collection[EditionState] | None,
    kinds: Collection[Kind] | None,
    digest: str | None,
    since: datetime | None,
    limit: int,
) -> list[EditionRecord]:
    """List editions, newest first."""
    wanted = _newest().limit(limit)
    if states is not None:
        wanted = wanted.where(editions.c.state.in_([state.value for state in states]))
    if kinds is not None:
        wanted = wanted.where(editions.c.kind.in_([kind.value for kind in kinds]))
    if digest is not None:
        wanted = wanted.where(editions.c.digest == digest)
    if since is not None:
        wanted = wanted.where(editions.c.made_at >= since)
    return _records(connection, wanted)


def story_editions(connection: Connection, stories: Iterable[StoryId]) -> list[EditionRecord]:
    """List the alerts and updates that name one of the stories, drafts too, newest first."""
    found: dict[EditionId, EditionRecord] = {}
    for some in chunks(stories):
        naming = select(edition_stories.c.edition_id).where(edition_stories.c.story_id.in_(some))
        wanted = _newest().where(editions.c.kind.in_([Kind.ALERT.value, Kind.UPDATE.value]), editions.c.id.in_(naming))
        found.update((record.edition.id, record) for record in _records(connection, wanted))
    return sorted(found.values(), key=lambda record: (record.edition.made_at, record.edition.id), reverse=True)


def told_stories(connection: Connection, *, digest: str, rehearsal: bool) -> set[StoryId]:
    """Name the stories that a digest told, or is about to; a rehearsal tells nobody but those who rehearse."""
    told = (
        select(edition_stories.c.story_id)
        .join(editions, editions.c.id == edition_stories.c.edition_id)
        .where(
            editions.c.digest == digest,
            editions.c.rehearsal == rehearsal,
            or_(editions.c.state.in_(_TOLD), _reached_somebody()),
            edition_stories.c.story_id.is_not(None),
        )
    )
    return {StoryId(story) for story in connection.execute(told).scalars()}


def digest_watermark(connection: Connection, digest: str, *, rehearsal: bool) -> datetime | None:
    """Tell when the newest edition of a digest was made that went to anybody or still may: a draft counts."""
    draft = editions.c.state == EditionState.DRAFT.value
    newest = select(func.max(editions.c.made_at)).where(
        editions.c.digest == digest,
        # whether a draft becomes a rehearsal is decided when it is frozen
        or_(draft, and_(editions.c.rehearsal == rehearsal, or_(editions.c.state.in_(_TOLD), _reached_somebody()))),
    )
    made_at: datetime | None = connection.execute(newest).scalar()
    return made_at


def _reached_somebody() -> ColumnElement[bool]:
    gone = deliveries.c.state.in_([state.value for state in MAY_HAVE_GONE])
    some = exists().where(deliveries.c.edition_id == editions.c.id, gone)
    return and_(editions.c.state.in_([state.value for state in CUT_SHORT]), some)


def variant(connection: Connection, variant_hash: str) -> Variant:
    """Read a frozen rendering."""
    written = connection.execute(select(variants.c.variant).where(variants.c.hash == variant_hash)).scalar_one()
    return Variant.from_json(written)


def renderings(connection: Connection, edition: EditionId) -> dict[str, Variant]:
    """Read what an edition was frozen with, by language; empty: for everybody else."""
    wanted = (
        select(edition_variants.c.language, variants.c.variant)
        .join(variants, variants.c.hash == edition_variants.c.variant_hash)
        .where(edition_variants.c.edition_id == edition)
    )
    return {row.language: Variant.from_json(row.variant) for row in connection.execute(wanted)}


def deliveries_of(
    connection: Connection,
    *,
    edition: EditionId | None,
    state: DeliveryState | None,
    address_hash: str | None,
    limit: int,
    after: int,
) -> list[DeliveryRecord]:
    """List deliveries in the order of their ids."""
    wanted = (
        select(deliveries, subscribers.c.address)
        .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
        .where(deliveries.c.id > after)
        .order_by(deliveries.c.id)
        .limit(limit)
    )
    if edition is not None:
        wanted = wanted.where(deliveries.c.edition_id == edition)
    if state is not None:
        wanted = wanted.where(deliveries.c.state == state.value)
    if address_hash is not None:
        wanted = wanted.where(deliveries.c.address_hash == address_hash)
    return [
        DeliveryRecord(
            id=DeliveryId(row.id),
            edition=EditionId(row.edition_id),
            subscriber_id=SubscriberId(row.subscriber_id),
            address=row.address or "",
            state=DeliveryState(row.state),
            fate=Fate(row.fate),
            attempts=row.attempts,
            reason=row.reason,
            changed_at=row.changed_at,
        )
        for row in connection.execute(wanted)
    ]


def exclusions_of(
    connection: Connection,
    edition: EditionId | None,
    *,
    reason: str | None,
    address_hash: str | None,
    limit: int,
    after: int,
) -> list[ExclusionRecord]:
    """List exclusions in the order of the subscribers' ids."""
    wanted = (
        select(exclusions, subscribers.c.address)
        .join(subscribers, subscribers.c.id == exclusions.c.subscriber_id)
        .where(exclusions.c.subscriber_id > after)
        .order_by(exclusions.c.subscriber_id, exclusions.c.edition_id)
        .limit(limit)
    )
    if edition is not None:
        wanted = wanted.where(exclusions.c.edition_id == edition)
    if reason is not None:
        wanted = wanted.where(exclusions.c.reason == reason)
    if address_hash is not None:
        wanted = wanted.where(exclusions.c.address_hash == address_hash)
    return [
        ExclusionRecord(
            edition=EditionId(row.edition_id),
            subscriber_id=SubscriberId(row.subscriber_id),
            address=row.address or "",
            reason=row.reason,
        )
        for row in connection.execute(wanted)
    ]


def receipt(connection: Connection, edition: EditionId) -> Receipt | None:
    """Draw up the account of an edition; None: there is no such edition."""
    row = connection.execute(select(editions).where(editions.c.id == edition)).first()
    if row is None:
        return None
    record = record_of(row)
    return Receipt(
        edition=record.edition.id,
        kind=record.edition.kind,
        state=record.state,
        subject=record.edition.subject,
        candidates=record.candidates,
        excluded=_counted(connection, exclusions.c.reason, exclusions.c.edition_id == edition),
        deliveries=counts(connection, edition),
        fates=_fates(connection, edition),
        possible_doubles=row.possible_doubles,
        segments=record.edition.segments,
        provider=record.provider,
        rehearsal=record.rehearsal,
        approved_by=record.approved_by,
        content_hash=record.content_hash,
        made_at=record.edition.made_at,
        ready_at=record.ready_at,
        first_accepted_at=row.first_accepted_at,
        last_accepted_at=row.last_accepted_at,
        expires_at=record.edition.expires_at,
        failures=_counted(
            connection,
            deliveries.c.reason,
            deliveries.c.edition_id == edition,
            or_(deliveries.c.state.in_(_FAILED), _PUT_OFF),
            most=_REASONS,
        ),
        state_reason=record.state_reason,
    )


def _fates(connection: Connection, edition: EditionId) -> dict[Fate, int]:
    accepted = deliveries.c.state == DeliveryState.ACCEPTED.value
    found = _counted(connection, deliveries.c.fate, deliveries.c.edition_id == edition, accepted)
    return {fate: found.get(fate.value, 0) for fate in Fate}


def _counted(connection: Connection, column: Any, *where: Any, most: int | None = None) -> dict[str, int]:
    number = func.count().label("number")
    found = select(column, number).where(*where).group_by(column).order_by(number.desc(), column).limit(most)
    return {row[0]: row.number for row in connection.execute(found)}


def _last(among: Literal["drafts", "frozen"] | None) -> Select[Any]:
    if among == "drafts":
        return _newest().where(editions.c.state == EditionState.DRAFT.value)
    if among == "frozen":
        # a draft may have waited long: what was approved last is the last
        frozen = select(editions).where(editions.c.ready_at.is_not(None))
        return frozen.order_by(editions.c.ready_at.desc(), editions.c.made_at.desc(), editions.c.id.desc())
    return _newest()


def _newest() -> Select[Any]:
    return select(editions).order_by(editions.c.made_at.desc(), editions.c.id.desc())


def _first(connection: Connection, wanted: Select[Any]) -> EditionRecord | None:
    row = connection.execute(wanted.limit(1)).first()
    return record_of(row) if row is not None else None


def _records(connection: Connection, wanted: Select[Any]) -> list[EditionRecord]:
    return [record_of(row) for row in connection.execute(wanted)]
