"""The ledger: the durable record of editions, deliveries, submissions and events. Edge: the database only.

Every method is one transaction: it happened, and is on disk, or it did not. After each of them the receipt adds up:
candidates = excluded + the deliveries of every state. The work is done beside this file, by use:

    freeze   → drafts; content and audience of an edition, in one INSERT … SELECT
    claim    → the intent: who may hand over what now
    settle   → what became of it
    unknowns → expired leases, look-ups, handing over again
    events   → what providers tell later
    states   → hold, release, kill; expiry and closing
    accounts → editions, deliveries, the receipt
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal

from sqlalchemy import Engine

from alerts.errors import StoreError
from alerts.mail.variant import Variant
from alerts.model import (
    Audience,
    AudienceCount,
    DeliveryId,
    DeliveryState,
    Edition,
    EditionId,
    EditionState,
    Event,
    Kind,
    Lane,
    Outcome,
    Receipt,
    StoryId,
    SubmissionId,
)
from alerts.ports import Claim, Found, Settled, UnknownSubmission
from alerts.store.engine import reading, writing
from alerts.store.ledger import accounts, states, unknowns
from alerts.store.ledger import claim as claiming
from alerts.store.ledger import events as telling
from alerts.store.ledger import freeze as freezing
from alerts.store.ledger import settle as settling
from alerts.store.records import DeliveryRecord, EditionRecord, ExclusionRecord


class Ledger:
    """What was, is being and will be sent to whom; keeps the promises of `ports.DispatchLedger`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # --- drafts and freezing ---------------------------------------------------------------------

    def add_draft(self, edition: Edition) -> bool:
        """Write a draft; False: its key is taken. A draft that was rejected, skipped or expired gives its key up."""
        with writing(self._engine) as connection:
            return freezing.add_draft(connection, edition)

    def replace_draft(self, edition: Edition, *, shown: str | None = None) -> bool:
        """Overwrite a draft with its edited self; False: it is no draft any more, or not the one that was `shown`."""
        with writing(self._engine) as connection:
            return freezing.replace_draft(connection, edition, shown=shown)

    def count_audience(self, edition: Edition, audience: Audience) -> AudienceCount:
        """Count whom an edition would reach if it were frozen now."""
        with reading(self._engine) as connection:
            return freezing.count_audience(connection, edition, audience)

    def freeze(
        self,
        edition: Edition,
        *,
        variants: Mapping[str, Variant],
        audience: Audience,
        provider: str,
        approved_by: str,
        now: datetime,
        expected: int | None = None,
        shown: str | None = None,
    ) -> AudienceCount:
        """Freeze content and audience, and make the edition ready; from here on it will be sent.

        `variants` are by language, "" for everybody else; `expected` is how many an editor confirmed, `shown` the
        content hash of the draft that was read. Raises NeedsAgain if the key was frozen before, SendRefused if either
        is no longer so; then nothing is written.
        """
        with writing(self._engine) as connection:
            return freezing.freeze(
                connection,
                edition,
                renderings=variants,
                audience=audience,
                provider=provider,
                approved_by=approved_by,
                now=now,
                expected=expected,
                shown=shown,
            )

    # --- handing over ----------------------------------------------------------------------------

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
        """Lease the next submission, urgent lane first; None: nothing is due, or everything is stopped."""
        with writing(self._engine) as connection:
            return claiming.claim(
                connection,
                owner=owner,
                provider=provider,
                now=now,
                lease_until=lease_until,
                limit=limit,
                edition=edition,
                rehearsal_only=rehearsal_only,
            )

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
        """Record outcomes; `final` ends the submission, and what it has no outcome for becomes unknown."""
        with writing(self._engine) as connection:
            return settling.settle(
                connection,
                claim,
                outcomes,
                now=now,
                final=final,
                max_attempts=max_attempts,
                lease_until=lease_until,
            )

    def variant(self, variant_hash: str) -> Variant:
        """Read a frozen variant."""
        with reading(self._engine) as connection:
            return accounts.variant(connection, variant_hash)

    def expire_leases(self, *, now: datetime, dead: Collection[str] = ()) -> int:
        """Turn deliveries of submissions whose lease ended, or whose owner is dead, into unknown; return how many."""
        with writing(self._engine) as connection:
            return unknowns.expire_leases(connection, now=now, dead=dead)

    def lease_owners(self) -> set[str]:
        """Name those who hold a lease."""
        with reading(self._engine) as connection:
            return unknowns.lease_owners(connection)

    def unknown_submissions(self, *, before: datetime) -> list[UnknownSubmission]:
        """List submissions with deliveries unknown since before an instant, oldest first."""
        with reading(self._engine) as connection:
            return unknowns.unknown_submissions(connection, before=before)

    def resolve_unknown(
        self, submission: SubmissionId, found: Mapping[DeliveryId, Found], *, now: datetime, resend: bool
    ) -> int:
        """Settle unknowns: ACCEPTED → accepted, ABSENT → pending, UNKNOWN → pending if `resend`, once."""
        with writing(self._engine) as connection:
            return unknowns.resolve_unknown(connection, submission, found, now=now, resend=resend)

    def next_due_at(
        self,
        *,
        now: datetime,
        provider: str | None = None,
        edition: EditionId | None = None,
        rehearsal_only: bool = False,
    ) -> datetime | None:
        """Tell when the next pending delivery may go (at most now: at once); None: none waits, or nothing may go."""
        with reading(self._engine) as connection:
            return claiming.next_due_at(
                connection, now=now, provider=provider, edition=edition, rehearsal_only=rehearsal_only
            )

    def apply_events(self, events: Sequence[Event], *, now: datetime) -> int:
        """Take in what a provider tells; return how many events were new and ours.

        A bounce or complaint suppresses the address for everything, an unsubscription for the edition's scope. An
        event of a delivery proves that it was accepted. A suspended account stops all sending.
        """
        with writing(self._engine) as connection:
            return telling.apply_events(connection, events, now=now)

    # --- states ----------------------------------------------------------------------------------

    def change_state(
        self, edition: EditionId, to: EditionState, *, now: datetime, reason: str = "", by: str = ""
    ) -> bool:
        """Move an edition; False: that is not legal from where it stands. Killing cancels all that waits."""
        with writing(self._engine) as connection:
            return states.change_state(connection, edition, to, now=now, reason=reason, by=by)

    def finish_editions(self, *, now: datetime) -> list[EditionId]:
        """Expire what is too old and close editions with nothing left to do; return those that changed state."""
        with writing(self._engine) as connection:
            return states.finish_editions(connection, now=now)

    # --- reading ---------------------------------------------------------------------------------

    def find(self, ref: str, *, among: Literal["drafts", "frozen"] | None = None) -> EditionRecord | None:
        """Find an edition by id, by the unique beginning of one, or the newest as `last`.

        `among` speaks of `last` only: the newest draft, or what was frozen last.
        """
        with reading(self._engine) as connection:
            return accounts.find(connection, ref, among=among)

    def by_key(self, key: str) -> EditionRecord | None:
        """Find the edition of a key."""
        with reading(self._engine) as connection:
            return accounts.by_key(connection, key)

    def by_told_key(self, told_key: str) -> list[EditionRecord]:
        """List the editions of a told key, newest first."""
        with reading(self._engine) as connection:
            return accounts.by_told_key(connection, told_key)

    def editions(
        self,
        *,
        states: Collection[EditionState] | None = None,
        kinds: Collection[Kind] | None = None,
        digest: str | None = None,
        since: datetime | None = None,
        limit: int = 50,
    ) -> list[EditionRecord]:
        """List editions, newest first; `since` is by when they were made."""
        with reading(self._engine) as connection:
            return accounts.listed(connection, states=states, kinds=kinds, digest=digest, since=since, limit=limit)

    def story_editions(self, stories: Iterable[StoryId]) -> list[EditionRecord]:
        """List the alerts and updates that name one of the stories, drafts too, newest first."""
        with reading(self._engine) as connection:
            return accounts.story_editions(connection, stories)

    def told_stories(self, *, digest: str, rehearsal: bool = False) -> set[StoryId]:
        """Name the stories that a digest told, in rehearsals or in earnest; not those of which nothing went."""
        with reading(self._engine) as connection:
            return accounts.told_stories(connection, digest=digest, rehearsal=rehearsal)

    def digest_watermark(self, digest: str, rehearsal: bool = False) -> datetime | None:
        """Tell when the newest edition of a digest was made, of its rehearsals or of those in earnest.

        A draft counts as either; what was skipped, rejected, expired or killed counts only if some of it went.
        """
        with reading(self._engine) as connection:
            return accounts.digest_watermark(connection, digest, rehearsal=rehearsal)

    def renderings(self, edition: EditionId) -> Mapping[str, Variant]:
        """Read what an edition was frozen with, by language; empty: for everybody whose language has none."""
        with reading(self._engine) as connection:
            return accounts.renderings(connection, edition)

    def receipt(self, edition: EditionId) -> Receipt:
        """Draw up the account of an edition. Raises StoreError if there is no such edition."""
        with reading(self._engine) as connection:
            found = accounts.receipt(connection, edition)
        if found is None:
            raise StoreError(f"there is no edition {edition}", hint="`alerts editions list` names them")
        return found

    def counts(self, edition: EditionId) -> Mapping[DeliveryState, int]:
        """Count an edition's deliveries by state, every state present."""
        with reading(self._engine) as connection:
            return states.counts(connection, edition)

    def deliveries(
        self,
        *,
        edition: EditionId | None = None,
        state: DeliveryState | None = None,
        address_hash: str | None = None,
        limit: int = 100,
        after: int = 0,
    ) -> list[DeliveryRecord]:
        """List deliveries by id; `after` is the last id of the page before."""
        with reading(self._engine) as connection:
            return accounts.deliveries_of(
                connection, edition=edition, state=state, address_hash=address_hash, limit=limit, after=after
            )

    def exclusions(
        self,
        edition: EditionId | None = None,
        *,
        reason: str | None = None,
        address_hash: str | None = None,
        limit: int = 100,
        after: int = 0,
    ) -> list[ExclusionRecord]:
        """List who got none and why; `after` is the last subscriber of the page before."""
        with reading(self._engine) as connection:
            return accounts.exclusions_of(
                connection, edition, reason=reason, address_hash=address_hash, limit=limit, after=after
            )
