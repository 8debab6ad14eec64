"""Senders with a bug that real products had: the harness must catch each, or it proves nothing."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from alerts.mail.variant import Addressed, Variant
from alerts.model import DeliveryId, EditionId, Finding, Outcome, OutcomeKind, SubmissionId
from alerts.ports import Claim, Found, Provider, Settled
from alerts.store.engine import writing
from alerts.store.ledger import Ledger
from alerts.store.tables import deliveries, submissions


class RecordsBeforeSending(Ledger):
    """Calls mail accepted when it takes it up, as listmonk did."""

    def claim(self, *, now: datetime, **how: Any) -> Claim | None:
        """Claim, and settle at once."""
        claimed = super().claim(now=now, **how)
        if claimed is not None:
            sent = [Outcome(delivery=each.id, kind=OutcomeKind.ACCEPTED) for each in claimed.deliveries]
            super().settle(claimed, sent, now=now, final=True, max_attempts=12)
        return claimed

    def settle(self, claim: Claim, outcomes: Sequence[Outcome], **how: Any) -> Settled:
        """Leave it at that."""
        return Settled(changed=0, holds=True)


class SendsBeforeRecording(Ledger):
    """Writes nothing down until the provider has answered."""

    def claim(self, **how: Any) -> Claim | None:
        """Claim without leaving a trace."""
        claimed = super().claim(**how)
        if claimed is not None:
            self._turn(claimed, "submitting", "pending")
        return claimed

    def settle(self, claim: Claim, outcomes: Sequence[Outcome], **how: Any) -> Settled:
        """Write all of it down now."""
        self._turn(claim, "pending", "submitting")
        return super().settle(claim, outcomes, **how)

    def _turn(self, claim: Claim, old: str, new: str) -> None:
        ours = deliveries.c.submission_id == claim.submission
        with writing(self._engine) as connection:
            connection.execute(update(deliveries).where(ours, deliveries.c.state == old).values(state=new))


class ForgivesExpiredLeases(Ledger):
    """Takes whatever a dead sender held for not sent."""

    def expire_leases(self, *, now: datetime, dead: Collection[str] = ()) -> int:
        """Put it back to pending."""
        over = select(submissions.c.id).where(submissions.c.state == "open", submissions.c.lease_until <= now)
        held = deliveries.c.submission_id.in_(over)
        with writing(self._engine) as connection:
            forgiven = update(deliveries).where(held, deliveries.c.state == "submitting").values(state="pending")
            number = connection.execute(forgiven).rowcount
            connection.execute(update(submissions).where(submissions.c.id.in_(over)).values(state="expired"))
        return number


class CallsSilenceFailure:
    """A provider that takes a time-out for a refusal, and lets it be tried again, as Ghost did."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self.name = provider.name
        self.capabilities = provider.capabilities

    def submit(
        self, variant: Variant, deliveries: Sequence[Addressed], *, submission: SubmissionId, edition: EditionId
    ) -> Iterator[Outcome]:
        """Hand over; nobody answered means nobody took it."""
        for outcome in self._provider.submit(variant, deliveries, submission=submission, edition=edition):
            yield replace(outcome, kind=OutcomeKind.BUSY) if outcome.kind is OutcomeKind.UNKNOWN else outcome

    def look_up(self, submission: SubmissionId, deliveries: Sequence[DeliveryId]) -> Mapping[DeliveryId, Found]:
        """Ask the provider."""
        return self._provider.look_up(submission, deliveries)

    def check(self) -> list[Finding]:
        """Ask the provider."""
        return self._provider.check()

    def close(self) -> None:
        """Let go."""
        self._provider.close()


LEDGERS: Mapping[str, type[Ledger]] = {
    "record-before-send": RecordsBeforeSending,
    "send-before-record": SendsBeforeRecording,
    "lease-to-pending": ForgivesExpiredLeases,
}
PROVIDERS: Mapping[str, Callable[[Provider], Provider]] = {"timeout-is-failure": CallsSilenceFailure}
MUTANTS = (*LEDGERS, *PROVIDERS)
