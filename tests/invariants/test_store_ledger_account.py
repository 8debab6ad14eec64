"""Whatever happens in whatever order, after every transaction the account adds up and nobody has had two mails.

Hypothesis plays workers, a provider, a crash, editors, readers who leave, and the clock. The world outside the ledger
is the provider's own book of what it took.
"""

import os
import shutil
import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from alerts.model import (
    DeliveryId,
    DeliveryState,
    EditionState,
    Event,
    EventKind,
    Outcome,
    OutcomeKind,
    SuppressionReason,
    UnknownPolicy,
)
from alerts.ports import Claim, Found
from tests.databases import store_in
from tests.ledger_samples import NOW, claim, edition, freeze, hash_of, ids_in, reader, subscribe

READERS = 6
MINUTE = timedelta(minutes=1)


class Newsroom(RuleBasedStateMachine):
    """Everything that may happen to an edition."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp())
        self.store = store_in(self.directory)
        self.now = NOW
        self.open: list[Claim] = []
        #: answers that were not written down in time
        self.late: list[tuple[Claim, list[Outcome]]] = []
        #: submission and delivery, as the provider took them
        self.book: Counter[tuple[str, int]] = Counter()
        self.left: set[str] = set()
        self.told = 0

    @initialize(policy=st.sampled_from(list(UnknownPolicy)))
    def begin(self, policy: UnknownPolicy) -> None:
        self.policy = policy
        self.edition = edition(unknown_policy=policy)
        subscribe(self.store, [reader(number) for number in range(READERS)])
        freeze(self.store, self.edition)

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.directory)

    # --- workers and the provider ----------------------------------------------------------------

    @rule(size=st.integers(1, READERS))
    def take_up(self, size: int) -> None:
        claimed = claim(self.store, now=self.now, size=size)
        if claimed is not None:
            assert not {each.to.address for each in claimed.deliveries} & self.left
            self.open.append(claimed)

    @precondition(lambda self: self.open)
    @rule(data=st.data(), final=st.booleans(), silent=st.booleans())
    def hand_over(self, data: st.DataObject, final: bool, silent: bool) -> None:
        claimed = self.open.pop(data.draw(st.integers(0, len(self.open) - 1)))
        outcomes = []
        for each in claimed.deliveries:
            kind = data.draw(st.sampled_from(list(OutcomeKind)))
            took = data.draw(st.booleans()) if kind is OutcomeKind.UNKNOWN else kind is OutcomeKind.ACCEPTED
            self.book[claimed.submission, each.id] += took
            outcomes.append(Outcome(delivery=each.id, kind=kind))
        if silent:
            self.late.append((claimed, outcomes))
        else:
            self.store.ledger.settle(claimed, outcomes, now=self.now, final=final, max_attempts=4)

    @precondition(lambda self: self.late)
    @rule()
    def a_late_answer_is_written_down(self) -> None:
        claimed, outcomes = self.late.pop(0)
        self.store.ledger.settle(claimed, outcomes, now=self.now, final=True, max_attempts=4)

    @rule(minutes=st.sampled_from([1, 3, 10, 60]))
    def time_passes(self, minutes: int) -> None:
        # Whoever has not handed over by now is dead, or woken up too late and stopped by its own clocks.
        self.now += minutes * MINUTE
        if minutes >= 3:
            self.open = []

    @rule()
    def leases_end(self) -> None:
        self.store.ledger.expire_leases(now=self.now)

    @rule(data=st.data(), sure=st.booleans())
    def unknowns_are_looked_at(self, data: st.DataObject, sure: bool) -> None:
        for submission in self.store.ledger.unknown_submissions(before=self.now):
            found = dict.fromkeys(submission.deliveries, Found.UNKNOWN)
            if sure:
                found = {
                    each: Found.ACCEPTED if self.book[submission.submission, each] else Found.ABSENT for each in found
                }
            resend = submission.policy is UnknownPolicy.AT_LEAST_ONCE
            self.store.ledger.resolve_unknown(submission.submission, found, now=self.now, resend=resend)

    @precondition(lambda self: +self.book)
    @rule(data=st.data(), kind=st.sampled_from([EventKind.PROCESSED, EventKind.DELIVERED, EventKind.BOUNCED]))
    def an_event_comes(self, data: st.DataObject, kind: EventKind) -> None:
        _, delivery = data.draw(st.sampled_from(sorted(key for key, times in self.book.items() if times)))
        self.told += 1
        event = Event(provider="tests", event_id=str(self.told), kind=kind, at=self.now, delivery=DeliveryId(delivery))
        self.store.ledger.apply_events([event], now=self.now)
        if kind is EventKind.BOUNCED:
            self.left.add(reader(delivery - 1))

    # --- people ----------------------------------------------------------------------------------

    @rule(number=st.integers(0, READERS - 1))
    def somebody_leaves(self, number: int) -> None:
        self.left.add(reader(number))
        self.store.roster.suppress(
            hash_of(reader(number)),
            reason=SuppressionReason.UNSUBSCRIBED,
            scope="alerts",
            now=self.now,
            evidence="click",
        )

    @rule(to=st.sampled_from([EditionState.HELD, EditionState.SENDING, EditionState.SENDING, EditionState.KILLED]))
    def an_editor_decides(self, to: EditionState) -> None:
        if to is not EditionState.KILLED or self.now > NOW + 30 * MINUTE:
            self.store.ledger.change_state(self.edition.id, to, now=self.now)

    @rule()
    def editions_are_closed(self) -> None:
        self.store.ledger.finish_editions(now=self.now)

    # --- what holds ------------------------------------------------------------------------------

    @invariant()
    def the_account_adds_up(self) -> None:
        receipt = self.store.ledger.receipt(self.edition.id)
        assert receipt.adds_up
        assert receipt.candidates == READERS
        if receipt.state in {EditionState.DONE, EditionState.EXPIRED}:
            unfinished = {DeliveryState.PENDING, DeliveryState.SUBMITTING, DeliveryState.UNKNOWN}
            assert not any(receipt.deliveries[state] for state in unfinished)

    @invariant()
    def nobody_gets_more_than_the_policy_allows(self) -> None:
        times: Counter[int] = Counter()
        for (_, delivery), taken in self.book.items():
            times[delivery] += taken
        most = max(times.values(), default=0)
        if self.policy is UnknownPolicy.AT_MOST_ONCE:
            assert most <= 1
        else:
            receipt = self.store.ledger.receipt(self.edition.id)
            assert most <= 2
            assert sum(taken > 1 for taken in times.values()) <= receipt.possible_doubles

    @invariant()
    def the_ledger_tells_no_untruth(self) -> None:
        taken = {delivery for (_, delivery), times in self.book.items() if times}
        assert ids_in(self.store, DeliveryState.ACCEPTED) <= taken
        certain = (DeliveryState.EXPIRED, DeliveryState.CANCELLED, DeliveryState.DEAD, DeliveryState.SUPPRESSED)
        assert not ids_in(self.store, *certain) & taken


TestNewsroom = Newsroom.TestCase
TestNewsroom.settings = settings(
    # more of them: LEDGER_EXAMPLES=500 pytest tests/invariants/test_store_ledger_account.py --timeout 0
    max_examples=int(os.environ.get("LEDGER_EXAMPLES", "12")),
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
