"""The promises between rooms: who may be asked for what, and what they swear. Pure.

A seam is here only when there are two implementations or a fake stands in for the outside world.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from alerts.mail.variant import Addressed, Variant
from alerts.model import (
    DeliveryId,
    EditionId,
    Finding,
    Lane,
    Mailbox,
    Outcome,
    SubmissionId,
    UnknownPolicy,
)


class Clock(Protocol):
    """Tells the time."""

    def __call__(self) -> datetime:
        """Tell the present instant, aware, UTC."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a provider can do; the dispatcher never asks for more."""

    #: deliveries in one submission, at most
    max_deliveries: int
    #: handing over the same submission twice delivers once
    idempotent: bool = False
    #: `look_up` can answer ACCEPTED or ABSENT with authority
    look_up: bool = False


class Found(StrEnum):
    """What a provider knows of a submission handed over earlier."""

    ACCEPTED = "accepted"
    #: with authority: it never took it
    ABSENT = "absent"
    UNKNOWN = "unknown"


class Provider(Protocol):
    """Hands mail over to the world: outbox, SMTP, SendGrid, or one of somebody else.

    Found by entry point `alerts.providers`, whose object is called with the provider's table of the configuration
    (see `docs/adding-a-provider.md`). Threads may call one provider at the same time.
    """

    name: str
    capabilities: Capabilities

    def submit(
        self,
        variant: Variant,
        deliveries: Sequence[Addressed],
        *,
        submission: SubmissionId,
        edition: EditionId,
    ) -> Iterator[Outcome]:
        """Hand over the deliveries; yield one outcome for each, as soon as it is known.

        Never raises for a fault of provider or network: that is an outcome. What is not yielded counts as unknown.
        BUSY only where the provider provably did not take it: no byte of the message's end was sent, or it said so.
        A total deadline bounds the call; redirects are never followed.
        """
        ...

    def look_up(self, submission: SubmissionId, deliveries: Sequence[DeliveryId]) -> Mapping[DeliveryId, Found]:
        """Tell what became of deliveries whose outcome is unknown. UNKNOWN unless it is certain."""
        ...

    def check(self) -> list[Finding]:
        """Try key, connection and sender without sending anything."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


# --- what dispatch needs of the ledger ------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedDelivery:
    """A delivery that this worker, and nobody else, may hand over now."""

    id: DeliveryId
    to: Mailbox
    subscriber_public_id: str
    #: how often a provider was too busy for it
    attempts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A submission whose intent is on disk and that is leased to one worker."""

    submission: SubmissionId
    edition: EditionId
    #: of the lease; settle with an old epoch changes nothing
    epoch: int
    variant_hash: str
    #: what its unsubscribe link leaves
    scope: str
    deliveries: tuple[ClaimedDelivery, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What a settle did."""

    #: deliveries that changed state
    changed: int
    #: whether the lease still holds; without it nothing more may be handed over
    holds: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownSubmission:
    """A submission with deliveries whose fate nobody knows."""

    submission: SubmissionId
    edition: EditionId
    deliveries: tuple[DeliveryId, ...]
    policy: UnknownPolicy
    #: since when
    unknown_at: datetime
    provider: str


class DispatchLedger(Protocol):
    """What `delivery.dispatch` asks of the ledger. Each method is one transaction, durable when it returns."""

    def claim(
        self,
        *,
        owner: str,
        provider: str,
        now: datetime,
        lease_until: datetime,
        limit: Mapping[Lane, int],
        edition: EditionId | None = None,
        rehearsal_only: bool = False,
    ) -> Claim | None:
        """Lease the next submission, urgent lane first; None: nothing is due.

        In one transaction: re-checks that the edition is ready or sending, not stopped, due and not expired, and that
        no delivery is suppressed since; turns those that are into `suppressed` or `expired`; writes the intent.
        With `rehearsal_only`, what was frozen for everybody is left alone.
        """
        ...

    def settle(
        self,
        claim: Claim,
        outcomes: Sequence[Outcome],
        *,
        now: datetime,
        final: bool,
        max_attempts: int,
        lease_until: datetime | None = None,
    ) -> Settled:
        """Record outcomes, and lengthen the lease where `lease_until` is given.

        `final` ends the submission: whatever it has no outcome for becomes unknown. A delivery for which providers
        were too busy `max_attempts` times is dead. An outcome that halts blocks the edition. Guarded by submission
        and epoch: a late settle after the lease was taken away changes nothing but is counted as unknown → accepted
        where it brings the good news.
        """
        ...

    def variant(self, variant_hash: str) -> Variant:
        """Read a frozen variant."""
        ...

    def expire_leases(self, *, now: datetime, dead: Collection[str] = ()) -> int:
        """Turn deliveries of submissions whose lease ended, or whose owner is dead, into unknown; return how many."""
        ...

    def lease_owners(self) -> set[str]:
        """Name those who hold a lease."""
        ...

    def unknown_submissions(self, *, before: datetime) -> list[UnknownSubmission]:
        """List submissions with deliveries unknown since before an instant, oldest first."""
        ...

    def resolve_unknown(
        self, submission: SubmissionId, found: Mapping[DeliveryId, Found], *, now: datetime, resend: bool
    ) -> int:
        """Settle unknowns: ACCEPTED → accepted, ABSENT → pending; UNKNOWN → pending if `resend` (counted as a possible
        double), else it stays. Return how many changed.
        """
        ...

    def finish_editions(self, *, now: datetime) -> list[EditionId]:
        """Expire what is too old and close editions with nothing left to do; return those that changed state."""
        ...

    def next_due_at(
        self,
        *,
        now: datetime,
        provider: str | None = None,
        edition: EditionId | None = None,
        rehearsal_only: bool = False,
    ) -> datetime | None:
        """Tell when the next pending delivery may go (at most now: at once); None: none waits."""
        ...


# --- who else may write a summary -----------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryRequest:
    """What a writer of summaries is asked for."""

    title: str
    #: of the articles, the lead's first
    text: str
    language: str
    #: at most so many sentences, and so many characters together
    sentences: int
    characters: int
    #: the second time: what was written, and what of it stands in no article
    refused: tuple[str, ...] = ()
    violations: tuple[str, ...] = ()


class Summariser(Protocol):
    """Writes summaries in words of its own: a language model.

    Nothing it writes is printed before the guard has found nothing in it.
    """

    def summarise(self, request: SummaryRequest) -> tuple[str, ...]:
        """Write a summary: plain sentences. Raises ContentError, within its deadline, when it cannot."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...
