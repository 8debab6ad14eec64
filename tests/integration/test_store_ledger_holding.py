"""What is held or blocked stands still until a person lets it go on."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.model import EditionState, Outcome, OutcomeKind, UnknownPolicy
from alerts.ports import Claim, Found
from alerts.store import Store
from tests.databases import store_in
from tests.ledger_samples import NOW, all_are, claim, edition, freeze, must_claim, reader, states, subscribe

LATER = NOW + timedelta(minutes=5)
PAST_EXPIRY = NOW + timedelta(hours=2)
STANDING = pytest.mark.parametrize("standing", [EditionState.HELD, EditionState.BLOCKED])


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = store_in(tmp_path)
    subscribe(opened, [reader(number) for number in range(4)])
    yield opened
    opened.close()


def _stopped_in_the_air(store: Store, standing: EditionState) -> Claim:
    """Freeze, claim, hold, and let the lease end."""
    freeze(store, edition(unknown_policy=UnknownPolicy.AT_LEAST_ONCE))
    claimed = must_claim(store)
    assert store.ledger.change_state(edition().id, standing, now=NOW, reason="wait for the mayor", by="mara")
    store.ledger.expire_leases(now=LATER)
    return claimed


def _state(store: Store) -> EditionState:
    return store.ledger.receipt(edition().id).state


@STANDING
def test_time_and_look_ups_do_not_move_what_is_held(store: Store, standing: EditionState) -> None:
    claimed = _stopped_in_the_air(store, standing)

    assert store.ledger.finish_editions(now=LATER) == []
    assert _state(store) is standing
    found = dict.fromkeys((each.id for each in claimed.deliveries), Found.UNKNOWN)
    assert store.ledger.resolve_unknown(claimed.submission, found, now=LATER, resend=True) == 0
    found[claimed.deliveries[0].id] = Found.ABSENT
    assert store.ledger.resolve_unknown(claimed.submission, found, now=LATER, resend=True) == 1

    assert store.ledger.finish_editions(now=LATER) == []
    assert _state(store) is standing
    assert states(store, edition()) == {"pending": 1, "unknown": 3}
    assert store.ledger.receipt(edition().id).possible_doubles == 0
    assert claim(store, now=LATER) is None
    assert store.ledger.next_due_at(now=LATER) is None


@STANDING
def test_after_its_release_it_goes_on(store: Store, standing: EditionState) -> None:
    claimed = _stopped_in_the_air(store, standing)
    store.ledger.finish_editions(now=LATER)

    assert store.ledger.change_state(edition().id, EditionState.SENDING, now=LATER)
    found = dict.fromkeys((each.id for each in claimed.deliveries), Found.UNKNOWN)
    assert store.ledger.resolve_unknown(claimed.submission, found, now=LATER, resend=True) == 4

    again = must_claim(store, now=LATER)
    store.ledger.settle(again, all_are(again, OutcomeKind.ACCEPTED), now=LATER, final=True, max_attempts=12)
    assert store.ledger.finish_editions(now=LATER) == [edition().id]
    assert _state(store) is EditionState.DONE


@STANDING
def test_expired_with_unknowns_it_waits_for_its_person(store: Store, standing: EditionState) -> None:
    _stopped_in_the_air(store, standing)

    assert store.ledger.finish_editions(now=PAST_EXPIRY) == []
    assert _state(store) is standing

    store.ledger.change_state(edition().id, EditionState.SENDING, now=PAST_EXPIRY)
    assert store.ledger.finish_editions(now=PAST_EXPIRY) == [edition().id]
    assert _state(store) is EditionState.DONE_UNRESOLVED


@STANDING
def test_held_when_the_last_mail_had_gone_it_is_done(store: Store, standing: EditionState) -> None:
    freeze(store, edition())
    claimed = must_claim(store)
    store.ledger.change_state(edition().id, standing, now=NOW)
    store.ledger.settle(claimed, all_are(claimed, OutcomeKind.ACCEPTED), now=NOW, final=True, max_attempts=12)

    assert store.ledger.finish_editions(now=NOW) == [edition().id]
    assert _state(store) is EditionState.DONE


# --- why it stands still, and what for -----------------------------------------------------------


@STANDING
def test_the_receipt_says_why_it_stands(store: Store, standing: EditionState) -> None:
    freeze(store, edition())
    assert store.ledger.receipt(edition().id).state_reason == ""

    store.ledger.change_state(edition().id, standing, now=NOW, reason="wait for the mayor", by="mara")

    assert store.ledger.receipt(edition().id).state_reason == "wait for the mayor (mara)"


def test_the_receipt_says_what_keeps_a_mail_waiting(store: Store) -> None:
    freeze(store, edition())
    assert store.ledger.receipt(edition().id).failures == {}
    claimed = must_claim(store, size=3)
    busy, halting, refused = (each.id for each in claimed.deliveries)
    outcomes = [
        Outcome(delivery=busy, kind=OutcomeKind.BUSY, reason="421 too many", retry_after=timedelta(minutes=1)),
        Outcome(delivery=halting, kind=OutcomeKind.BUSY, reason="401 wrong key", halts=True),
        Outcome(delivery=refused, kind=OutcomeKind.REJECTED, reason="550 no such user"),
    ]

    store.ledger.settle(claimed, outcomes, now=NOW, final=True, max_attempts=12)

    receipt = store.ledger.receipt(edition().id)
    assert receipt.adds_up
    assert receipt.failures == {"401 wrong key": 1, "421 too many": 1, "550 no such user": 1}
    assert (receipt.state, receipt.state_reason) == (EditionState.BLOCKED, "401 wrong key")


def test_what_went_in_the_end_is_no_failure(store: Store) -> None:
    freeze(store, edition())
    busy = must_claim(store)
    store.ledger.settle(
        busy, all_are(busy, OutcomeKind.BUSY, reason="421 too many"), now=NOW, final=True, max_attempts=12
    )
    assert store.ledger.receipt(edition().id).failures == {"421 too many": 4}

    again = must_claim(store, now=LATER)
    store.ledger.settle(again, all_are(again, OutcomeKind.ACCEPTED), now=LATER, final=True, max_attempts=12)

    assert store.ledger.receipt(edition().id).failures == {}
