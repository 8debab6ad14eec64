"""Unknown is not failed: what nobody knows is resolved by proof or policy, and an edition ends accordingly."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.model import (
    DeliveryId,
    DeliveryState,
    Edition,
    EditionState,
    Event,
    EventKind,
    Fate,
    OutcomeKind,
    SuppressionReason,
)
from alerts.ports import Claim, Found
from alerts.store import Store
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

LATER = NOW + timedelta(minutes=5)
PAST_EXPIRY = NOW + timedelta(hours=2)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = store_in(tmp_path)
    subscribe(opened, [reader(number) for number in range(4)])
    yield opened
    opened.close()


def _crashed(store: Store, made: Edition) -> Claim:
    """Freeze, claim, and let the lease end."""
    freeze(store, made)
    claimed = must_claim(store)
    assert store.ledger.expire_leases(now=LATER) == 4
    return claimed


def _resolve(store: Store, claimed: Claim, *answers: Found, resend: bool = False) -> int:
    found = dict(zip((each.id for each in claimed.deliveries), answers, strict=True))
    return store.ledger.resolve_unknown(claimed.submission, found, now=LATER, resend=resend)


def test_a_lease_that_ended_leaves_unknowns_and_nothing_pending(store: Store) -> None:
    made = edition()
    claimed = _crashed(store, made)

    assert states(store, made) == {"unknown": 4}
    assert claim(store, now=LATER) is None
    (submission,) = store.ledger.unknown_submissions(before=LATER)
    assert submission.submission == claimed.submission
    assert submission.deliveries == tuple(each.id for each in claimed.deliveries)
    assert store.ledger.unknown_submissions(before=LATER - timedelta(seconds=1)) == []


def test_a_look_up_settles_each_as_it_says(store: Store) -> None:
    made = edition()
    claimed = _crashed(store, made)

    changed = _resolve(store, claimed, Found.ACCEPTED, Found.ABSENT, Found.UNKNOWN, Found.ACCEPTED)

    assert changed == 3
    assert states(store, made) == {"accepted": 2, "pending": 1, "unknown": 1}
    assert store.ledger.receipt(made.id).possible_doubles == 0


def test_a_policy_sends_once_more_and_counts_the_possible_double(store: Store) -> None:
    made = edition()
    claimed = _crashed(store, made)
    assert _resolve(store, claimed, *[Found.UNKNOWN] * 4, resend=True) == 4
    assert store.ledger.receipt(made.id).possible_doubles == 4

    second = must_claim(store, now=LATER)
    assert second.submission != claimed.submission
    store.ledger.expire_leases(now=LATER + timedelta(minutes=5))

    # nobody may get a third
    assert _resolve(store, second, *[Found.UNKNOWN] * 4, resend=True) == 0
    assert states(store, made) == {"unknown": 4}


def test_an_edition_with_unknowns_is_not_called_done(store: Store) -> None:
    made = edition()
    claimed = _crashed(store, made)

    assert store.ledger.finish_editions(now=LATER) == [made.id]
    assert store.ledger.receipt(made.id).state is EditionState.DONE_UNRESOLVED
    assert store.ledger.finish_editions(now=LATER) == []

    _resolve(store, claimed, Found.ACCEPTED, Found.ACCEPTED, Found.ACCEPTED, Found.ABSENT)
    assert store.ledger.receipt(made.id).state is EditionState.SENDING
    last = must_claim(store, now=LATER)
    store.ledger.settle(last, all_are(last, OutcomeKind.ACCEPTED), now=LATER, final=True, max_attempts=12)
    assert store.ledger.finish_editions(now=LATER) == [made.id]
    assert store.ledger.receipt(made.id).state is EditionState.DONE


def test_nothing_is_sent_again_after_expiry(store: Store) -> None:
    made = edition(expires_at=LATER)
    claimed = _crashed(store, made)

    assert _resolve(store, claimed, *[Found.UNKNOWN] * 4, resend=True) == 0
    assert states(store, made) == {"unknown": 4}


@pytest.mark.parametrize("how", ["expired", "killed", "suppressed", "dead"])
def test_nothing_that_may_have_gone_is_said_not_to_have_gone(store: Store, how: str) -> None:
    made = edition()
    claimed = _crashed(store, made)
    _resolve(store, claimed, *[Found.UNKNOWN] * 4, resend=True)

    if how == "expired":
        store.ledger.finish_editions(now=PAST_EXPIRY)
    elif how == "killed":
        store.ledger.change_state(made.id, EditionState.KILLED, now=LATER)
    elif how == "suppressed":
        for number in range(4):
            store.roster.suppress(
                hash_of(reader(number)), reason=SuppressionReason.MANUAL, scope="all", now=LATER, evidence=""
            )
        assert claim(store, now=LATER) is None
    else:
        again = must_claim(store, now=LATER)
        store.ledger.settle(again, all_are(again, OutcomeKind.BUSY), now=LATER, final=True, max_attempts=1)

    assert states(store, made) == {"unknown": 4}
    assert store.ledger.unknown_submissions(before=PAST_EXPIRY)


def test_an_expired_edition_of_which_nothing_went_is_expired(store: Store) -> None:
    made = edition()
    freeze(store, made)

    assert store.ledger.finish_editions(now=PAST_EXPIRY) == [made.id]

    assert states(store, made) == {"expired": 4}
    assert store.ledger.receipt(made.id).state is EditionState.EXPIRED


def test_an_edition_that_expired_half_way_is_done(store: Store) -> None:
    made = edition()
    freeze(store, made)
    claimed = must_claim(store, size=1)
    assert store.ledger.finish_editions(now=PAST_EXPIRY) == []  # one is in the air
    assert states(store, made) == {"submitting": 1, "expired": 3}

    store.ledger.settle(claimed, all_are(claimed, OutcomeKind.ACCEPTED), now=PAST_EXPIRY, final=True, max_attempts=12)
    store.ledger.finish_editions(now=PAST_EXPIRY)

    assert store.ledger.receipt(made.id).state is EditionState.DONE


@pytest.mark.parametrize("state", [EditionState.HELD, EditionState.BLOCKED])
def test_what_is_held_too_long_expires(store: Store, state: EditionState) -> None:
    made = edition()
    freeze(store, made)
    assert store.ledger.change_state(made.id, state, now=NOW)

    store.ledger.finish_editions(now=PAST_EXPIRY)

    assert store.ledger.receipt(made.id).state is EditionState.EXPIRED


@pytest.mark.parametrize("to", list(EditionState))
def test_what_ended_does_not_begin_again(store: Store, to: EditionState) -> None:
    made = edition()
    freeze(store, made)
    store.ledger.change_state(made.id, EditionState.KILLED, now=NOW)

    assert not store.ledger.change_state(made.id, to, now=NOW)


@pytest.mark.parametrize("to", [EditionState.READY, EditionState.SENDING, EditionState.DONE, EditionState.KILLED])
def test_a_draft_goes_out_only_by_being_frozen(store: Store, to: EditionState) -> None:
    store.ledger.add_draft(edition())

    assert not store.ledger.change_state(edition().id, to, now=NOW)


# --- events --------------------------------------------------------------------------------------


def _told(claimed: Claim, kind: EventKind, *, position: int = 0, event_id: str = "") -> Event:
    return Event(
        provider="tests",
        event_id=event_id or f"{kind}-{position}",
        kind=kind,
        at=LATER,
        delivery=claimed.deliveries[position].id,
        submission=claimed.submission,
        address=claimed.deliveries[position].to.address,
        reason="as told",
    )


def _accepted(store: Store, made: Edition) -> Claim:
    freeze(store, made)
    claimed = must_claim(store)
    store.ledger.settle(claimed, all_are(claimed, OutcomeKind.ACCEPTED), now=NOW, final=True, max_attempts=12)
    return claimed


@pytest.mark.parametrize("kind", [EventKind.PROCESSED, EventKind.DELIVERED, EventKind.DEFERRED, EventKind.DROPPED])
def test_an_event_proves_that_the_mail_was_taken(store: Store, kind: EventKind) -> None:
    made = edition()
    claimed = _crashed(store, made)

    assert store.ledger.apply_events([_told(claimed, kind)], now=LATER) == 1

    assert states(store, made) == {"accepted": 1, "unknown": 3}


def test_an_event_keeps_a_mail_from_being_sent_again(store: Store) -> None:
    made = edition()
    claimed = _crashed(store, made)
    _resolve(store, claimed, *[Found.UNKNOWN] * 4, resend=True)

    store.ledger.apply_events([_told(claimed, EventKind.PROCESSED, position=2)], now=LATER)

    assert claimed.deliveries[2].id not in {each.id for each in must_claim(store, now=LATER).deliveries}


def test_an_event_may_come_before_the_answer(store: Store) -> None:
    made = edition()
    freeze(store, made)
    claimed = must_claim(store)
    store.ledger.apply_events([_told(claimed, EventKind.DELIVERED)], now=NOW)

    store.ledger.settle(claimed, all_are(claimed, OutcomeKind.BUSY), now=NOW, final=True, max_attempts=12)

    assert states(store, made) == {"accepted": 1, "pending": 3}


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (0, 0, 2)])
def test_events_only_move_forward_whatever_their_order(store: Store, order: tuple[int, ...]) -> None:
    made = edition()
    claimed = _accepted(store, made)
    told = [_told(claimed, kind) for kind in (EventKind.DELIVERED, EventKind.BOUNCED, EventKind.COMPLAINED)]

    for position in order:
        store.ledger.apply_events([told[position]], now=LATER)

    assert store.ledger.receipt(made.id).fates == {
        Fate.NONE: 3,
        Fate.DELIVERED: 0,
        Fate.BOUNCED: 0,
        Fate.COMPLAINED: 1,
    }


def test_an_event_told_again_is_not_new(store: Store) -> None:
    claimed = _accepted(store, edition())
    told = [_told(claimed, EventKind.BOUNCED)] * 3

    assert store.ledger.apply_events(told, now=LATER) == 1
    assert store.ledger.apply_events(told, now=LATER) == 0


@pytest.mark.parametrize(
    ("kind", "scopes"),
    [
        (EventKind.BOUNCED, {"all"}),
        (EventKind.COMPLAINED, {"all"}),
        (EventKind.UNSUBSCRIBED, {"digest:morning"}),
        (EventKind.BLOCKED, set()),
        (EventKind.DROPPED, set()),
        (EventKind.DEFERRED, set()),
        (EventKind.OTHER, set()),
    ],
)
def test_only_what_speaks_of_the_address_suppresses_it(store: Store, kind: EventKind, scopes: set[str]) -> None:
    claimed = _accepted(store, edition(scope="digest:morning"))

    store.ledger.apply_events([_told(claimed, kind, position=1)], now=LATER)

    assert {found.scope for found in store.roster.suppressions(hash_of(reader(1)))} == scopes
    assert not store.roster.suppressions(hash_of(reader(0)))


def test_events_of_mail_that_we_never_sent_change_nothing(store: Store) -> None:
    made = edition()
    freeze(store, made)
    (pending, *_) = store.ledger.deliveries(edition=made.id)
    strange = [
        Event(provider="tests", event_id="1", kind=EventKind.BOUNCED, at=NOW, delivery=pending.id),
        Event(provider="tests", event_id="2", kind=EventKind.COMPLAINED, at=NOW, address=reader(1)),
        Event(provider="tests", event_id="3", kind=EventKind.DELIVERED, at=NOW, delivery=_nobodys()),
    ]

    assert store.ledger.apply_events(strange, now=NOW) == 0

    assert state_of(store, reader(0), made) is DeliveryState.PENDING
    assert not store.roster.suppressions(hash_of(reader(0)))


def _nobodys() -> DeliveryId:
    return DeliveryId(10**12)


def test_a_suspended_account_stops_all_sending_until_somebody_resumes(store: Store) -> None:
    freeze(store, edition())
    suspended = Event(provider="tests", event_id="s", kind=EventKind.ACCOUNT_SUSPENDED, at=NOW)

    store.ledger.apply_events([suspended], now=NOW)
    assert claim(store) is None
    store.daybook.remove("stop")
    store.ledger.apply_events([suspended], now=NOW)  # told again

    assert claim(store) is not None
