"""Claiming and settling: the intent is on disk first, and nobody who must get nothing is handed over."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, text

from alerts.model import DeliveryState, EditionState, Kind, Lane, Outcome, OutcomeKind, SuppressionReason
from alerts.ports import Claim
from alerts.store import Store
from alerts.store.engine import writing
from tests.databases import store_in
from tests.ledger_samples import (
    NOW,
    all_are,
    claim,
    edition,
    freeze,
    hash_of,
    must_claim,
    reader,
    state_of,
    states,
    subscribe,
)

MINUTE = timedelta(minutes=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = store_in(tmp_path)
    subscribe(opened, [reader(number) for number in range(10)])
    yield opened
    opened.close()


def test_a_claim_takes_the_oldest_and_leaves_the_rest(store: Store) -> None:
    made = edition()
    freeze(store, made)

    first, second = must_claim(store, size=4), must_claim(store, size=100)

    assert [each.to.address for each in first.deliveries] == [reader(number) for number in range(4)]
    assert len(second.deliveries) == 6
    assert claim(store) is None
    assert states(store, made) == {"submitting": 10}
    assert store.ledger.receipt(made.id).state is EditionState.SENDING


def test_urgent_goes_before_a_digest_that_waited_longer(store: Store) -> None:
    freeze(store, edition("morning", kind=Kind.DIGEST, expires_at=None), now=NOW - MINUTE)
    freeze(store, edition("flood"))

    limit = {Lane.URGENT: 3, Lane.DIGEST: 7, Lane.BULK: 1}
    sizes = [(claimed.edition, len(claimed.deliveries)) for claimed in _all_claims(store, limit)]

    assert sizes == [("ed-flood", 3)] * 3 + [("ed-flood", 1), ("ed-morning", 7), ("ed-morning", 3)]


def _all_claims(store: Store, limit: dict[Lane, int]) -> Iterator[Claim]:
    while claimed := store.ledger.claim(owner="w", provider="tests", now=NOW, lease_until=NOW + MINUTE, limit=limit):
        yield claimed


def _not_yet(store: Store) -> None:
    freeze(store, edition(not_before_at=NOW + MINUTE))


def _too_late(store: Store) -> None:
    freeze(store, edition(expires_at=NOW))


def _held(store: Store) -> None:
    freeze(store, edition())
    store.ledger.change_state(edition().id, EditionState.HELD, now=NOW)


def _killed(store: Store) -> None:
    freeze(store, edition())
    store.ledger.change_state(edition().id, EditionState.KILLED, now=NOW)


def _stopped(store: Store) -> None:
    freeze(store, edition())
    store.daybook.put("stop", "the editor said so", now=NOW)


def _for_another_provider(store: Store) -> None:
    freeze(store, edition(), provider="outbox")


def _a_draft(store: Store) -> None:
    store.ledger.add_draft(edition())


@pytest.mark.parametrize("prepare", [_not_yet, _too_late, _held, _killed, _stopped, _for_another_provider, _a_draft])
def test_what_must_not_go_is_not_claimed(store: Store, prepare: Callable[[Store], None]) -> None:
    prepare(store)

    assert claim(store) is None


def test_the_next_due_time_is_known(store: Store) -> None:
    assert store.ledger.next_due_at(now=NOW) is None
    freeze(store, edition(not_before_at=NOW + MINUTE))
    assert store.ledger.next_due_at(now=NOW) == NOW + MINUTE
    assert store.ledger.next_due_at(now=NOW + 2 * MINUTE) == NOW + 2 * MINUTE
    assert store.ledger.next_due_at(now=NOW, provider="outbox") is None

    claimed = must_claim(store, now=NOW + MINUTE)
    assert store.ledger.next_due_at(now=NOW + MINUTE) is None
    busy = all_are(claimed, OutcomeKind.BUSY, retry_after=5 * MINUTE)
    store.ledger.settle(claimed, busy, now=NOW + MINUTE, final=True, max_attempts=12)

    assert store.ledger.next_due_at(now=NOW + MINUTE) == NOW + 6 * MINUTE
    assert claim(store, now=NOW + 5 * MINUTE) is None
    assert claim(store, now=NOW + 6 * MINUTE) is not None


def test_who_left_since_the_freeze_gets_nothing(store: Store) -> None:
    made = edition()
    freeze(store, made)
    store.roster.suppress(
        hash_of(reader(3)), reason=SuppressionReason.UNSUBSCRIBED, scope="alerts", now=NOW, evidence="click"
    )
    store.roster.forget(hash_of(reader(5)), now=NOW)

    claimed = must_claim(store)

    assert {each.to.address for each in claimed.deliveries} == {reader(n) for n in range(10) if n not in {3, 5}}
    assert states(store, made) == {"submitting": 8, "suppressed": 2}


def test_a_submission_is_filled_although_everybody_before_left(store: Store) -> None:
    freeze(store, edition())
    for number in range(9):
        store.roster.suppress(
            hash_of(reader(number)), reason=SuppressionReason.MANUAL, scope="all", now=NOW, evidence="x"
        )

    claimed = must_claim(store, size=2)

    assert [each.to.address for each in claimed.deliveries] == [reader(9)]


def test_the_intent_is_committed_before_the_claim_returns(store: Store, tmp_path: Path) -> None:
    made = edition()
    freeze(store, made)
    must_claim(store, size=4)

    # another connection, as after a crash of the first
    other = store_in(tmp_path)
    assert states(other, made) == {"pending": 6, "submitting": 4}
    other.close()


def test_two_workers_never_get_the_same_delivery(store: Store) -> None:
    subscribe(store, [f"more{number}@readers.example" for number in range(190)])
    freeze(store, edition())
    taken: list[int] = []

    def work() -> None:
        while claimed := claim(store, size=7):
            taken.extend(each.id for each in claimed.deliveries)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(taken) == len(set(taken)) == 200


def test_each_outcome_leads_to_its_state(store: Store) -> None:
    made = edition()
    freeze(store, made)
    claimed = must_claim(store, size=5)
    ids = [each.id for each in claimed.deliveries]
    outcomes = [
        Outcome(delivery=ids[0], kind=OutcomeKind.ACCEPTED, provider_ref="ref-1"),
        Outcome(delivery=ids[1], kind=OutcomeKind.REJECTED, reason="550 no such user", invalid_address=True),
        Outcome(delivery=ids[2], kind=OutcomeKind.BUSY, reason="450 later", retry_after=MINUTE),
        Outcome(delivery=ids[3], kind=OutcomeKind.UNKNOWN, reason="time-out"),
    ]

    settled = store.ledger.settle(claimed, outcomes, now=NOW, final=True, max_attempts=12)

    assert (settled.changed, settled.holds) == (5, True)
    # the fifth: nothing was said of it
    assert states(store, made) == {"accepted": 1, "rejected": 1, "pending": 6, "unknown": 2}
    assert [found.reason for found in store.roster.suppressions(hash_of(reader(1)))] == [SuppressionReason.INVALID]
    receipt = store.ledger.receipt(made.id)
    assert receipt.failures == {"450 later": 1, "550 no such user": 1}
    assert receipt.first_accepted_at == receipt.last_accepted_at == NOW


def test_a_rejected_mail_does_not_condemn_its_address(store: Store) -> None:
    freeze(store, edition())
    claimed = must_claim(store)

    store.ledger.settle(claimed, all_are(claimed, OutcomeKind.REJECTED), now=NOW, final=True, max_attempts=12)

    assert not store.roster.suppressions(hash_of(reader(1)))


def test_groups_are_settled_as_they_come_and_lengthen_the_lease(store: Store) -> None:
    made = edition()
    freeze(store, made)
    claimed = must_claim(store)
    outcomes = all_are(claimed, OutcomeKind.ACCEPTED)

    first = store.ledger.settle(
        claimed, outcomes[:4], now=NOW + MINUTE, final=False, max_attempts=12, lease_until=NOW + 9 * MINUTE
    )

    assert first.holds
    assert states(store, made) == {"accepted": 4, "submitting": 6}
    assert store.ledger.expire_leases(now=NOW + 5 * MINUTE) == 0
    store.ledger.settle(claimed, outcomes[4:], now=NOW + MINUTE, final=True, max_attempts=12)
    assert states(store, made) == {"accepted": 10}


def test_settling_again_changes_nothing(store: Store) -> None:
    made = edition()
    freeze(store, made)
    claimed = must_claim(store)
    store.ledger.settle(claimed, all_are(claimed, OutcomeKind.ACCEPTED), now=NOW, final=True, max_attempts=12)

    again = store.ledger.settle(claimed, all_are(claimed, OutcomeKind.REJECTED), now=NOW, final=True, max_attempts=12)

    assert (again.changed, again.holds) == (0, False)
    assert states(store, made) == {"accepted": 10}


@pytest.mark.parametrize(
    ("kind", "state"),
    [(OutcomeKind.ACCEPTED, "accepted"), (OutcomeKind.REJECTED, "unknown"), (OutcomeKind.BUSY, "unknown")],
)
def test_after_the_lease_only_good_news_counts(store: Store, kind: OutcomeKind, state: str) -> None:
    made = edition()
    freeze(store, made)
    claimed = must_claim(store, lease=MINUTE)
    assert store.ledger.expire_leases(now=NOW + MINUTE) == 10

    late = store.ledger.settle(claimed, all_are(claimed, kind), now=NOW + MINUTE, final=True, max_attempts=12)

    assert not late.holds
    assert states(store, made) == {state: 10}


def test_one_worker_cannot_settle_what_another_holds(store: Store) -> None:
    made = edition()
    freeze(store, made)
    mine, theirs = must_claim(store, size=5), must_claim(store, size=5)

    store.ledger.settle(mine, all_are(theirs, OutcomeKind.ACCEPTED), now=NOW, final=False, max_attempts=12)

    assert states(store, made) == {"submitting": 10}


def test_a_delivery_wears_out_after_so_many_tries(store: Store) -> None:
    made = edition()
    freeze(store, made)
    for _ in range(3):
        claimed = must_claim(store)
        store.ledger.settle(claimed, all_are(claimed, OutcomeKind.BUSY), now=NOW, final=True, max_attempts=3)

    assert states(store, made) == {"dead": 10}


def test_a_provider_that_refuses_us_blocks_the_edition_and_wears_nothing_out(store: Store) -> None:
    made = edition()
    freeze(store, made)
    claimed = must_claim(store)
    refused = all_are(claimed, OutcomeKind.BUSY, halts=True, reason="401 the key is not valid")

    store.ledger.settle(claimed, refused, now=NOW, final=True, max_attempts=1)

    record = store.ledger.find(made.id)
    assert record is not None
    assert (record.state, record.state_reason) == (EditionState.BLOCKED, "401 the key is not valid")
    assert states(store, made) == {"pending": 10}
    assert claim(store) is None

    assert store.ledger.change_state(made.id, EditionState.SENDING, now=NOW, by="mara")
    assert len(must_claim(store).deliveries) == 10


def test_what_comes_back_to_a_killed_edition_is_cancelled(store: Store) -> None:
    made = edition()
    freeze(store, made)
    claimed = must_claim(store, size=4)
    store.ledger.change_state(made.id, EditionState.KILLED, now=NOW, reason="wrong town", by="mara")
    assert states(store, made) == {"submitting": 4, "cancelled": 6}

    store.ledger.settle(claimed, all_are(claimed, OutcomeKind.BUSY), now=NOW, final=True, max_attempts=12)

    assert states(store, made) == {"cancelled": 10}


def test_no_claim_is_left_half_done_when_the_disk_fails(store: Store) -> None:
    made = edition()
    freeze(store, made)

    def fail(*_: object) -> None:
        raise OSError("no space left on device")

    event.listen(store.engine, "commit", fail)
    with pytest.raises(OSError, match="no space"):
        claim(store)
    event.remove(store.engine, "commit", fail)

    assert states(store, made) == {"pending": 10}
    assert len(must_claim(store).deliveries) == 10


def test_the_database_itself_forbids_a_second_delivery(store: Store) -> None:
    freeze(store, edition())
    again = "INSERT INTO deliveries SELECT 999, edition_id, subscriber_id, address_hash, {told}, language, state, "
    again += "NULL, 0, 0, NULL, NULL, changed_at, fate, '', '' FROM deliveries WHERE id = 1"

    for told in ("told_key", "'another'"):
        with pytest.raises(Exception, match="UNIQUE constraint failed"), writing(store.engine) as connection:
            connection.execute(text(again.format(told=told)))
    assert state_of(store, reader(0), edition()) is DeliveryState.PENDING
