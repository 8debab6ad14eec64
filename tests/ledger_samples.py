"""A ledger with readers and an edition to hand over. Our own invention."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, insert, select

from alerts import tokens
from alerts.mail.variant import Variant
from alerts.model import (
    Audience,
    AudienceCount,
    DeliveryState,
    Edition,
    EditionId,
    Entry,
    Kind,
    Lane,
    Outcome,
    OutcomeKind,
    Segment,
    Sentence,
    StoryId,
    UnknownPolicy,
)
from alerts.ports import Claim
from alerts.store import Store
from alerts.store.engine import reading, writing
from alerts.store.statements import chunks
from alerts.store.tables import deliveries, memberships, subscribers
from tests.databases import KEY
from tests.provider_samples import variant

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
READERS = Segment(name="breaking", sources=("readers",))
STAFF = Segment(name="colleagues", sources=("staff",))
SEGMENTS = {"breaking": READERS, "colleagues": STAFF}
LIMIT = {Lane.URGENT: 100, Lane.DIGEST: 1000, Lane.BULK: 1000}


def hash_of(address: str) -> str:
    """Hash an address as the store does."""
    return tokens.address_hash(KEY, address)


def reader(number: int) -> str:
    """Name the address of a reader."""
    return f"reader{number}@readers.example"


def subscribe(store: Store, addresses: Collection[str], *, to: str = "readers", language: str = "") -> None:
    """Put people on a list."""
    with writing(store.engine) as connection:
        first = (connection.execute(select(func.max(subscribers.c.id))).scalar() or 0) + 1
        for some in chunks(enumerate(addresses, start=first)):
            connection.execute(
                insert(subscribers),
                [
                    {
                        "id": number,
                        "public_id": f"p{number:08}",
                        "address": address,
                        "address_hash": hash_of(address),
                        "name": f"Reader {number}",
                        "language": language,
                    }
                    for number, address in some
                ],
            )
            connection.execute(
                insert(memberships),
                [{"subscriber_id": number, "list": to, "joined_at": NOW} for number, _ in some],
            )


def edition(name: str = "flood", **changes: object) -> Edition:
    """Make an alert on a flood."""
    made = Edition(
        id=EditionId(f"ed-{name}"),
        kind=Kind.ALERT,
        key=f"alert/{name}/r1",
        told_key=f"alert/{name}",
        subject=f"Flood barrier fails ({name})",
        preheader="The old town is evacuated",
        entries=(
            Entry(
                headline="Flood barrier fails",
                sentences=(Sentence(text="The barrier gave way on Monday.", place="paragraph 1"),),
                url="https://herald.example/flood",
                story=StoryId(f"story-{name}"),
            ),
        ),
        segments=("breaking",),
        made_at=NOW,
        expires_at=NOW + timedelta(minutes=90),
        unknown_policy=UnknownPolicy.AT_MOST_ONCE,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def audience(*segments: Segment, only_to: Sequence[str] | None = None) -> Audience:
    """Make an audience of segments; `only_to` by address."""
    return Audience(
        segments=segments or (READERS,),
        all_segments=SEGMENTS,
        only_to=None if only_to is None else tuple(hash_of(address) for address in only_to),
    )


def freeze(
    store: Store,
    what: Edition,
    *,
    to: Audience | None = None,
    variants: Mapping[str, Variant] | None = None,
    provider: str = "tests",
    now: datetime = NOW,
) -> AudienceCount:
    """Freeze an edition for the readers."""
    return store.ledger.freeze(
        what,
        variants=variants or {"": variant()},
        audience=to or audience(),
        provider=provider,
        approved_by="mara",
        now=now,
    )


def claim(
    store: Store, *, now: datetime = NOW, size: int = 100, lease: timedelta = timedelta(minutes=3), **more: object
) -> Claim | None:
    """Claim the next submission as the tests' worker."""
    return store.ledger.claim(
        owner="tests",
        now=now,
        lease_until=now + lease,
        limit=dict.fromkeys(Lane, size),
        **{"provider": "tests", **more},  # type: ignore[arg-type]
    )


def must_claim(store: Store, **how: object) -> Claim:
    """Claim the next submission; there must be one."""
    claimed = claim(store, **how)  # type: ignore[arg-type]
    assert claimed is not None
    return claimed


def all_are(claimed: Claim, kind: OutcomeKind, **more: object) -> list[Outcome]:
    """Make the same outcome for every delivery."""
    return [Outcome(delivery=delivery.id, kind=kind, **more) for delivery in claimed.deliveries]  # type: ignore[arg-type]


def states(store: Store, what: Edition) -> dict[str, int]:
    """Count deliveries by state, those that there are; the receipt must add up, too."""
    receipt = store.ledger.receipt(what.id)
    assert receipt.adds_up, receipt
    return {state.value: number for state, number in receipt.deliveries.items() if number}


def state_of(store: Store, address: str, what: Edition) -> DeliveryState:
    """Tell where a reader's delivery stands."""
    (found,) = store.ledger.deliveries(edition=what.id, address_hash=hash_of(address))
    return found.state


def ids_in(store: Store, *states_: DeliveryState) -> set[int]:
    """Name the deliveries in some states."""
    with reading(store.engine) as connection:
        wanted = select(deliveries.c.id).where(deliveries.c.state.in_([state.value for state in states_]))
        return set(connection.execute(wanted).scalars())
