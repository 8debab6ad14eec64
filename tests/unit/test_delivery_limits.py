"""When to wait, how long, and when to leave a provider alone."""

from datetime import timedelta

import pytest

from alerts import tokens
from alerts.delivery.addressing import addresser
from alerts.delivery.limits import Breaker, Bucket
from alerts.delivery.outcomes import back_off, pause_asked, with_wait
from alerts.mail.variant import Slot
from alerts.model import DeliveryId, EditionId, Mailbox, Outcome, OutcomeKind, SubmissionId
from alerts.ports import Claim, ClaimedDelivery
from tests.provider_samples import variant


def test_a_bucket_keeps_the_average() -> None:
    bucket, now, sent = Bucket(20), 100.0, 0

    while now < 110:
        if bucket.wait(now) == 0:
            bucket.spend(30, now)
            sent += 30
        now += 0.01

    assert 200 <= sent <= 230


def test_a_bucket_does_not_save_up_for_a_burst() -> None:
    bucket = Bucket(10)
    bucket.spend(10, 0.0)

    bucket.spend(10, 1000.0)

    assert bucket.wait(1000.0) == pytest.approx(1.0)


def test_without_a_rate_nobody_waits() -> None:
    bucket = Bucket(0)
    bucket.spend(10**6, 1.0)

    assert bucket.wait(1.0) == 0
    assert bucket.at_once(1000) == 1000
    assert Bucket(0.5).at_once(1000) == 1


def _trip(breaker: Breaker, now: float = 0.0) -> None:
    for _ in range(5):
        breaker.report(trouble=True, now=now)


def test_five_failures_in_a_row_open_the_breaker_and_one_success_closes_it() -> None:
    breaker = Breaker()
    for _ in range(4):
        breaker.report(trouble=True, now=0.0)
    assert breaker.wait(0.0) == 0

    breaker.report(trouble=True, now=0.0)
    assert breaker.wait(10.0) == 20.0

    assert breaker.wait(30.0) == 0
    assert breaker.at_once(1000) == 5
    breaker.begin(30.0)
    assert breaker.wait(30.0) > 0, "one probe at a time"
    breaker.report(trouble=False, now=31.0)
    assert (breaker.wait(31.0), breaker.at_once(1000)) == (0, 1000)


def test_every_relapse_doubles_the_pause_up_to_a_quarter_of_an_hour() -> None:
    breaker, now, pauses = Breaker(), 0.0, []
    _trip(breaker)

    for _ in range(8):
        pauses.append(breaker.wait(now))
        now += pauses[-1]
        breaker.begin(now)
        breaker.report(trouble=True, now=now)

    assert pauses == [30, 60, 120, 240, 480, 900, 900, 900]


def test_submissions_under_way_when_it_opens_are_no_relapse() -> None:
    breaker = Breaker()
    _trip(breaker)
    _trip(breaker, now=1.0)

    assert breaker.wait(1.0) == 29.0


def test_many_failures_among_successes_open_it_too() -> None:
    breaker = Breaker()
    for number in range(49):
        breaker.report(trouble=number % 3 == 0, now=0.0)
    assert not breaker.is_open

    breaker.report(trouble=True, now=0.0)

    assert breaker.is_open


def test_a_pause_that_was_asked_for_is_no_failure() -> None:
    breaker = Breaker()

    breaker.hold_off(7.0, 100.0)

    assert breaker.wait(101.0) == 6.0
    assert breaker.wait(107.0) == 0
    assert breaker.at_once(1000) == 1000


def test_tries_are_ever_further_apart_but_never_more_than_five_minutes() -> None:
    assert [back_off(tries, jitter=1.0).total_seconds() for tries in (0, 1, 2, 5, 6, 50)] == [5, 10, 20, 160, 300, 300]
    assert back_off(0, jitter=0.0) == timedelta(seconds=2.5)


def _busy(retry_after: timedelta | None = None) -> Outcome:
    return Outcome(delivery=DeliveryId(1), kind=OutcomeKind.BUSY, retry_after=retry_after)


def test_a_provider_may_ask_for_longer_but_not_for_ever() -> None:
    minute = timedelta(minutes=1)
    asked = {
        wanted: with_wait(_busy(retry_after=wanted), attempts=0, jitter=1.0).retry_after
        for wanted in (-minute, timedelta(), minute, 600 * minute)
    }

    assert list(asked.values()) == [timedelta(seconds=5), timedelta(seconds=5), minute, 15 * minute]
    assert pause_asked([_busy(retry_after=600 * minute)]) == 15 * minute
    assert pause_asked([_busy()]) is None


def test_only_busy_waits() -> None:
    for kind in (OutcomeKind.ACCEPTED, OutcomeKind.REJECTED, OutcomeKind.UNKNOWN):
        outcome = Outcome(delivery=DeliveryId(1), kind=kind)
        assert with_wait(outcome, attempts=3, jitter=1.0) is outcome


def test_every_reader_gets_a_way_to_leave_that_names_no_address() -> None:
    key = b"k" * 32
    delivery = ClaimedDelivery(
        id=DeliveryId(7), to=Mailbox(address="ana@readers.example", name="Ana"), subscriber_public_id="p42"
    )
    claim = Claim(
        submission=SubmissionId("s"),
        edition=EditionId("ed"),
        epoch=1,
        variant_hash="h",
        scope="digest:morning",
        deliveries=(delivery,),
    )
    address = addresser(token_key=key, web_url="https://herald.example/", unsubscribe_mailbox="leave@herald.example")

    first, again = address(claim, variant(), delivery), address(claim, variant(), delivery)

    assert first == again
    assert first.message_id == "<ed.7@news.example.org>"
    headers = dict(first.headers)
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = first.slots[Slot.UNSUBSCRIBE_URL]
    assert headers["List-Unsubscribe"].startswith(f"<{link}>, <mailto:leave@herald.example?")
    assert "ana" not in headers["List-Unsubscribe"]
    token = link.removeprefix("https://herald.example/u/")
    assert tokens.read([key], "unsubscribe", token) == ("p42", "digest:morning")
