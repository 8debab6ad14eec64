"""The dispatcher on a real ledger, with a provider that does what the story asks for."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from alerts.delivery.addressing import addresser
from alerts.delivery.dispatch import Dispatcher, DispatchSettings, Listener
from alerts.delivery.recover import recover
from alerts.errors import ProviderError
from alerts.mail.variant import Addressed, Variant
from alerts.model import (
    DeliveryId,
    EditionId,
    EditionState,
    Finding,
    Kind,
    Lane,
    Outcome,
    OutcomeKind,
    SubmissionId,
    UnknownPolicy,
)
from alerts.ports import Capabilities, Found
from alerts.store import Store
from tests.databases import KEY, store_in
from tests.ledger_samples import NOW, audience, claim, edition, freeze, must_claim, reader, states, subscribe

Answer = Callable[[Addressed], Outcome]
SETTINGS = DispatchSettings(owner="tests", limit=dict.fromkeys(Lane, 10), patience=timedelta())


class Clock:
    """Stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


class Scripted:
    """A provider that answers by script and remembers what it was handed."""

    name = "tests"

    def __init__(self, answer: Answer, *, look_up: bool = False, idempotent: bool = False) -> None:
        self.capabilities = Capabilities(max_deliveries=1000, look_up=look_up, idempotent=idempotent)
        self.answer = answer
        self.taken: Counter[str] = Counter()
        self.submissions: list[tuple[SubmissionId, EditionId, int]] = []
        self.known: dict[DeliveryId, Found] = {}
        self._lock = threading.Lock()

    def submit(
        self, variant: Variant, deliveries: Sequence[Addressed], *, submission: SubmissionId, edition: EditionId
    ) -> Iterator[Outcome]:
        with self._lock:
            self.submissions.append((submission, edition, len(deliveries)))
        for addressed in deliveries:
            outcome = self.answer(addressed)
            if outcome.kind is OutcomeKind.ACCEPTED:
                self.taken[addressed.to.address] += 1
            yield outcome

    def look_up(self, submission: SubmissionId, deliveries: Sequence[DeliveryId]) -> Mapping[DeliveryId, Found]:
        return {delivery: self.known[delivery] for delivery in deliveries if delivery in self.known}

    def check(self) -> list[Finding]:
        return []

    def close(self) -> None:
        pass


def always(kind: OutcomeKind, **more: object) -> Answer:
    return lambda addressed: Outcome(delivery=addressed.delivery, kind=kind, **more)  # type: ignore[arg-type]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = store_in(tmp_path)
    subscribe(opened, [reader(number) for number in range(35)])
    yield opened
    opened.close()


def dispatcher(
    store: Store,
    provider: Scripted,
    *,
    clock: Clock | None = None,
    settings: DispatchSettings = SETTINGS,
    listener: Listener | None = None,
) -> Dispatcher:
    address = addresser(token_key=KEY, web_url="https://herald.example/", unsubscribe_mailbox="leave@herald.example")
    return Dispatcher(store.ledger, provider, clock or Clock(), address=address, settings=settings, listener=listener)


def run(sender: Dispatcher, workers: int = 1) -> None:
    sender.run(stop=threading.Event(), workers=workers, until_idle=True)


@pytest.mark.parametrize("workers", [1, 4])
def test_everybody_gets_one_mail(store: Store, workers: int) -> None:
    made = edition()
    freeze(store, made)
    provider = Scripted(always(OutcomeKind.ACCEPTED))
    told: Counter[OutcomeKind] = Counter()

    run(dispatcher(store, provider, listener=lambda _, number: told.update(number)), workers)

    assert provider.taken == Counter(reader(number) for number in range(35))
    assert sorted(size for _, _, size in provider.submissions) == [5, 10, 10, 10]
    assert states(store, made) == {"accepted": 35}
    assert told == {OutcomeKind.ACCEPTED: 35}


def test_in_rehearsal_nothing_goes_that_was_frozen_for_everybody(store: Store) -> None:
    live, rehearsed = edition("live"), edition("rehearsed")
    freeze(store, live)
    freeze(store, rehearsed, to=audience(only_to=[reader(7)]))
    provider = Scripted(always(OutcomeKind.ACCEPTED))

    run(dispatcher(store, provider, settings=replace(SETTINGS, rehearsal_only=True)))

    assert provider.taken == Counter([reader(7)])
    assert states(store, live) == {"pending": 35}
    assert claim(store, rehearsal_only=True) is None
    assert store.ledger.next_due_at(now=NOW, rehearsal_only=True) is None
    assert store.ledger.next_due_at(now=NOW) == NOW
    run(dispatcher(store, provider))
    assert states(store, live) == {"accepted": 35}


def test_urgent_overtakes_a_digest_between_two_submissions(store: Store) -> None:
    freeze(store, edition("morning", kind=Kind.DIGEST))
    provider = Scripted(always(OutcomeKind.ACCEPTED))

    def alert_comes(_: EditionId, __: Mapping[OutcomeKind, int]) -> None:
        if len(provider.submissions) == 1:
            freeze(store, edition("flood"))

    run(dispatcher(store, provider, listener=alert_comes))

    assert [name for _, name, _ in provider.submissions] == ["ed-morning", *["ed-flood"] * 4, *["ed-morning"] * 3]


def test_a_busy_provider_is_tried_later_and_later(store: Store) -> None:
    made = edition(expires_at=None)
    freeze(store, made)
    clock, provider = Clock(), Scripted(always(OutcomeKind.BUSY))
    waits = []

    for _ in range(5):
        # a new process every time, which knows nothing of the provider's trouble
        run(dispatcher(store, provider, clock=clock))
        due = store.ledger.next_due_at(now=clock.now)
        assert due is not None
        waits.append((due - clock.now).total_seconds())
        clock.now = due + timedelta(minutes=10)

    assert all(2.5 * 2**n <= wait <= 5 * 2**n for n, wait in enumerate(waits)), waits
    assert states(store, made) == {"pending": 35}


def test_a_provider_that_asks_for_a_pause_gets_it(store: Store) -> None:
    freeze(store, edition())
    provider = Scripted(always(OutcomeKind.BUSY, retry_after=timedelta(minutes=3)))

    run(dispatcher(store, provider))

    assert len(provider.submissions) == 1
    assert store.ledger.next_due_at(now=NOW) == NOW  # the others were not even tried


def test_a_provider_in_trouble_is_left_in_peace(store: Store) -> None:
    made = edition()
    subscribe(store, [f"more{number}@readers.example" for number in range(200)])
    freeze(store, made)
    provider = Scripted(always(OutcomeKind.UNKNOWN))

    run(dispatcher(store, provider))

    assert len(provider.submissions) == 5
    assert states(store, made) == {"unknown": 50, "pending": 185}


def test_a_refused_key_stops_the_edition_at_its_first_submission(store: Store) -> None:
    made = edition()
    freeze(store, made)
    provider = Scripted(always(OutcomeKind.BUSY, halts=True, reason="401 bad key"))

    run(dispatcher(store, provider))

    assert len(provider.submissions) == 1
    assert store.ledger.receipt(made.id).state is EditionState.BLOCKED
    assert states(store, made) == {"pending": 35}


def test_what_a_provider_does_not_tell_is_unknown(store: Store) -> None:
    made = edition()
    freeze(store, made)

    def breaks(addressed: Addressed) -> Outcome:
        if addressed.to.address == reader(4):
            raise RuntimeError("a bug in somebody's provider")
        return Outcome(delivery=addressed.delivery, kind=OutcomeKind.ACCEPTED)

    told: Counter[OutcomeKind] = Counter()
    run(dispatcher(store, Scripted(breaks), listener=lambda _, number: told.update(number)))

    assert states(store, made) == {"accepted": 29, "unknown": 6}
    assert told == {OutcomeKind.ACCEPTED: 29, OutcomeKind.UNKNOWN: 6}


def test_what_a_provider_tells_of_others_mail_is_not_believed(store: Store) -> None:
    made = edition()
    freeze(store, made)
    provider = Scripted(lambda _: Outcome(delivery=DeliveryId(1), kind=OutcomeKind.ACCEPTED))

    dispatcher(store, provider).once()

    assert states(store, made) == {"accepted": 1, "unknown": 9, "pending": 25}


def test_a_worker_that_overslept_its_lease_hands_over_nothing_more(store: Store) -> None:
    made = edition(unknown_policy=UnknownPolicy.AT_LEAST_ONCE)
    freeze(store, made)
    clock = Clock()
    other = Scripted(always(OutcomeKind.ACCEPTED))

    def sleeps(addressed: Addressed) -> Outcome:
        if addressed.to.address == reader(3):
            # the machine slept; meanwhile another process has taken the lease away
            clock.now += timedelta(minutes=4)
            store.ledger.expire_leases(now=clock.now)
        return Outcome(delivery=addressed.delivery, kind=OutcomeKind.ACCEPTED)

    sleeper = Scripted(sleeps)
    dispatcher(store, sleeper, clock=clock).once()
    assert sum(sleeper.taken.values()) == 4  # the one in its hands, and none after it
    # it brings the good news of those it did hand over
    assert states(store, made) == {"accepted": 4, "unknown": 6, "pending": 25}

    clock.now += timedelta(minutes=4)
    recover(store.ledger, other, clock, SETTINGS)
    run(dispatcher(store, other, clock=clock))
    assert (sleeper.taken + other.taken) == Counter(reader(number) for number in range(35))


def test_a_claim_that_took_too_long_is_given_back_untouched(store: Store) -> None:
    made = edition()
    freeze(store, made)
    clock, provider = Clock(), Scripted(always(OutcomeKind.ACCEPTED))
    sender = dispatcher(store, provider, clock=clock)
    original = store.ledger.variant

    def slow(variant_hash: str) -> Variant:
        clock.now += timedelta(seconds=91)
        return original(variant_hash)

    sender._variant = slow  # type: ignore[assignment]

    assert sender.once()

    assert not provider.submissions
    assert states(store, made) == {"pending": 35}


def test_a_delivery_that_cannot_be_addressed_is_not_left_to_guesses(store: Store) -> None:
    made = edition()
    freeze(store, made)
    provider = Scripted(always(OutcomeKind.ACCEPTED))
    sender = dispatcher(store, provider)

    def broken(*_: object) -> Addressed:
        raise ValueError("no key")

    sender._address = broken

    with pytest.raises(ValueError, match="no key"):
        run(sender)

    assert not provider.submissions
    assert states(store, made) == {"pending": 35}
    assert store.ledger.receipt(made.id).state is EditionState.BLOCKED


def test_a_kill_takes_effect_within_one_submission(store: Store) -> None:
    made = edition()
    freeze(store, made)
    provider = Scripted(always(OutcomeKind.ACCEPTED))

    def kill(_: EditionId, __: Mapping[OutcomeKind, int]) -> None:
        store.ledger.change_state(made.id, EditionState.KILLED, now=NOW, reason="wrong town", by="mara")

    run(dispatcher(store, provider, listener=kill))

    assert states(store, made) == {"accepted": 10, "cancelled": 25}


def test_stop_finishes_what_has_begun_and_begins_nothing(store: Store) -> None:
    made = edition()
    freeze(store, made)
    stop = threading.Event()

    def stops(addressed: Addressed) -> Outcome:
        stop.set()
        return Outcome(delivery=addressed.delivery, kind=OutcomeKind.ACCEPTED)

    dispatcher(store, Scripted(stops)).run(stop=stop, workers=1, until_idle=False)

    assert states(store, made) == {"accepted": 10, "pending": 25}


def test_work_that_comes_later_is_done_too(store: Store) -> None:
    stop, provider = threading.Event(), Scripted(always(OutcomeKind.ACCEPTED))
    sender = dispatcher(store, provider)
    thread = threading.Thread(target=lambda: sender.run(stop=stop, workers=2, until_idle=False))
    thread.start()
    made = edition()
    freeze(store, made)

    give_up = time.monotonic() + 20
    while sum(provider.taken.values()) < 35 and time.monotonic() < give_up:
        time.sleep(0.05)
    stop.set()
    thread.join(10)

    assert not thread.is_alive()
    assert states(store, made) == {"accepted": 35}


def test_a_slow_rate_does_not_come_in_bursts(store: Store) -> None:
    freeze(store, edition())
    provider = Scripted(always(OutcomeKind.ACCEPTED))
    settings = replace(SETTINGS, per_second=50.0, patience=timedelta(seconds=5))
    started = time.monotonic()

    run(dispatcher(store, provider, settings=settings), workers=2)

    # 35 at 50 a second; the last submission need not be waited for
    assert time.monotonic() - started >= 0.4
    assert max(size for _, _, size in provider.submissions) <= 10


# --- recovering ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "after"), [(UnknownPolicy.AT_MOST_ONCE, "unknown"), (UnknownPolicy.AT_LEAST_ONCE, "pending")]
)
def test_without_a_look_up_the_policy_decides_after_a_while(store: Store, policy: UnknownPolicy, after: str) -> None:
    made = edition(unknown_policy=policy)
    freeze(store, made)
    must_claim(store)
    clock, provider = Clock(), Scripted(always(OutcomeKind.ACCEPTED))
    clock.now += SETTINGS.lease

    first = recover(store.ledger, provider, clock, SETTINGS)
    assert (first.left_behind, first.resolved) == (35, 0)
    assert states(store, made) == {"unknown": 35}

    clock.now += SETTINGS.unknown_after
    recover(store.ledger, provider, clock, SETTINGS)
    assert states(store, made) == {after: 35}


def test_a_look_up_that_might_race_with_the_call_waits(store: Store) -> None:
    made = edition()
    freeze(store, made)
    claimed = must_claim(store)
    clock, provider = Clock(), Scripted(always(OutcomeKind.ACCEPTED), look_up=True)
    provider.known = {each.id: Found.ABSENT for each in claimed.deliveries}
    clock.now += SETTINGS.lease

    recover(store.ledger, provider, clock, SETTINGS)
    assert states(store, made) == {"unknown": 35}

    provider.capabilities = Capabilities(max_deliveries=1000, look_up=True, idempotent=True)
    recover(store.ledger, provider, clock, SETTINGS)
    assert states(store, made) == {"pending": 35}


def test_a_look_up_of_another_provider_is_not_asked(store: Store) -> None:
    made = edition()
    freeze(store, made)
    claimed = must_claim(store)
    clock, provider = Clock(), Scripted(always(OutcomeKind.ACCEPTED), look_up=True, idempotent=True)
    provider.known = {each.id: Found.ABSENT for each in claimed.deliveries}
    provider.name = "another"
    clock.now += SETTINGS.lease

    recover(store.ledger, provider, clock, SETTINGS)

    assert states(store, made) == {"unknown": 35}


def test_a_look_up_that_fails_leaves_the_unknown_alone(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    made = edition()
    freeze(store, made)
    must_claim(store)
    clock, provider = Clock(), Scripted(always(OutcomeKind.ACCEPTED), look_up=True, idempotent=True)
    clock.now += SETTINGS.lease

    def unreachable(*_: object) -> Mapping[DeliveryId, Found]:
        raise ProviderError("unreachable")

    monkeypatch.setattr(provider, "look_up", unreachable)
    found = recover(store.ledger, provider, clock, SETTINGS)

    assert (found.resolved, found.unresolved) == (0, 35)
    assert states(store, made) == {"unknown": 35}
