"""The outcome table of SendGrid's answers, and the search for a reader who is refused."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.model import DeliveryId, Outcome, OutcomeKind
from alerts.provider.exchange import Reply
from alerts.provider.sendgrid.handover import HandOver, Reader
from alerts.provider.sendgrid.replies import Refusal, Ruling, rule

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ACCEPTED, REJECTED, BUSY, UNKNOWN = OutcomeKind


def reply(
    status: int, *errors: tuple[str | None, str], headers: Mapping[str, str] | None = None, early: bool = False
) -> Reply:
    said = {"errors": [{"field": field, "message": message, "help": None} for field, message in errors]}
    return Reply(status=status, headers=headers or {}, body=json.dumps(said).encode(), early=early)


def test_acceptance_keeps_sendgrids_id() -> None:
    ruling = rule(reply(202, headers={"x-message-id": "14c5d75ce93"}), now=NOW)
    assert (ruling.kind, ruling.provider_ref) == (ACCEPTED, "14c5d75ce93")


@pytest.mark.parametrize("status", [202, 200, 500, 503])
def test_no_answer_to_half_a_request_proves_anything_was_taken(status: int) -> None:
    assert rule(reply(status, early=True), now=NOW).kind is BUSY


@pytest.mark.parametrize("status", [200, 201, 204, 500, 502, 503, 504, 599])
def test_odd_successes_and_failures_of_the_server_are_unknown(status: int) -> None:
    assert rule(reply(status), now=NOW).kind is UNKNOWN


@pytest.mark.parametrize("status", [301, 302, 307, 308, 401, 403, 404, 405])
def test_what_is_no_mails_fault_halts_and_loses_nobody(status: int) -> None:
    ruling = rule(reply(status, (None, "no")), now=NOW)
    assert (ruling.kind, ruling.halts) == (BUSY, True)


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"x-ratelimit-reset": str(int(NOW.timestamp()) + 20)}, 20),
        ({"x-ratelimit-reset": str(int(NOW.timestamp()) - 20)}, 1),
        ({"x-ratelimit-reset": str(int(NOW.timestamp()) + 100_000)}, 900),
        # Their clock is an hour behind ours; the wait is by theirs.
        ({"x-ratelimit-reset": str(int(NOW.timestamp()) - 3590), "date": "Mon, 23 Nov 2026 11:00:00 GMT"}, 10),
        ({"retry-after": "30"}, 30),
        ({"retry-after": "soon", "x-ratelimit-reset": "later"}, None),
        ({"x-ratelimit-reset": "9" * 11}, 900),
        ({}, None),
    ],
)
def test_a_rate_limit_is_obeyed_within_reason(headers: dict[str, str], wait: int | None) -> None:
    ruling = rule(reply(429, (None, "too many requests"), headers=headers), now=NOW)
    assert ruling.kind is BUSY
    assert ruling.retry_after == (None if wait is None else timedelta(seconds=wait))


def test_a_named_reader_is_refused_alone() -> None:
    address = ("personalizations.3.to.0.email", "Does not contain a valid address.")
    headers = ("personalizations.5.headers", "The header X is wrong.")
    ruling = rule(reply(400, address, headers), now=NOW)
    assert dict(ruling.refused) == {
        3: Refusal(reason="400: Does not contain a valid address.", invalid_address=True),
        5: Refusal(reason="400: The header X is wrong.", invalid_address=False),
    }


def test_a_request_that_is_wrong_itself_is_not_divided() -> None:
    named = ("personalizations.3.to.0.email", "Does not contain a valid address.")
    ruling = rule(reply(400, ("content.0.value", "The content value must be a string."), named), now=NOW)
    assert (ruling.kind, dict(ruling.refused), ruling.unnamed) == (REJECTED, {}, False)


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"errors": 5}', b'{"errors": [5]}', b"null", b"[" * 100_000, b"\xff"]
)
def test_a_400_that_cannot_be_read_names_nobody(body: bytes) -> None:
    ruling = rule(Reply(status=400, headers={}, body=body, early=False), now=NOW)
    assert ruling.unnamed


def test_reasons_hold_no_addresses() -> None:
    ruling = rule(reply(403, ("from", "The from address ann@news.example.org is not verified")), now=NOW)
    assert ruling.reason == "SendGrid answered 403: from: The from address <address> is not verified"


# --- dividing ---


class Desk:
    """Answers as SendGrid would, for readers some of whom are refused."""

    def __init__(self, refused: set[str], *, named: bool, capacity: int = 1000) -> None:
        self.refused, self.named, self.capacity = refused, named, capacity
        self.accepted: list[str] = []
        self.whole: list[bool] = []
        self.requests = 0

    def __call__(self, texts: Sequence[str], *, divided: bool) -> Ruling:
        self.requests += 1
        assert texts
        assert len(texts) <= 1000
        if len(texts) > self.capacity:
            return Ruling(kind=REJECTED, reason="413", too_large=True)
        wrong = [position for position, text in enumerate(texts) if text in self.refused]
        if wrong and self.named:
            return Ruling(kind=REJECTED, refused={at: Refusal(reason="400", invalid_address=True) for at in wrong})
        if wrong:
            return Ruling(kind=REJECTED, reason="400", unnamed=True)
        self.accepted += texts
        self.whole.append(not divided)
        return Ruling(kind=ACCEPTED)


def people(count: int) -> list[Reader]:
    return [Reader(delivery=DeliveryId(n), address=f"r{n}@readers.example", text=str(n)) for n in range(count)]


@settings(max_examples=300, deadline=None)
@given(
    count=st.integers(1, 120),
    wrong=st.one_of(st.sets(st.integers(0, 119), max_size=12), st.integers(0, 7).map(lambda n: set(range(n)))),
    named=st.booleans(),
    capacity=st.integers(1, 130),
)
def test_everybody_gets_one_outcome_and_nobody_is_refused_for_another(
    count: int, wrong: set[int], named: bool, capacity: int
) -> None:
    refused = {number for number in wrong if number < count}
    desk = Desk({str(number) for number in refused}, named=named, capacity=capacity)
    outcomes = list(HandOver(desk).run(people(count)))
    assert sorted(outcome.delivery for outcome in outcomes) == list(range(count))
    assert sorted(map(int, desk.accepted)) == sorted(o.delivery for o in outcomes if o.kind is ACCEPTED)
    rejected = {int(outcome.delivery) for outcome in outcomes if outcome.kind is REJECTED}
    assert refused <= rejected
    # Only where many are refused alone, and nobody was ever taken, is the fault sought in what all share.
    assert rejected == refused or len(refused) >= 8
    # One request that carried all who were not refused, or none says that it did.
    assert desk.whole in ([], [True]) or not any(desk.whole)


@settings(max_examples=40, deadline=None)
@given(wrong=st.sets(st.integers(0, 999), min_size=1, max_size=4))
def test_a_refused_reader_costs_about_eleven_requests(wrong: set[int]) -> None:
    desk = Desk({str(number) for number in wrong}, named=False)
    outcomes = list(HandOver(desk).run(people(1000)))
    assert {int(outcome.delivery) for outcome in outcomes if outcome.kind is REJECTED} == wrong
    assert desk.requests <= 1 + 12 * len(wrong)


def test_a_list_that_begins_with_bad_addresses_does_not_condemn_the_rest() -> None:
    desk = Desk({"0", "1", "2", "3", "4", "7"}, named=False, capacity=4)
    outcomes = list(HandOver(desk).run(people(100)))
    assert len(desk.accepted) == 94
    assert _kinds(outcomes).count(REJECTED) == 6


def test_positions_that_do_not_exist_reject_nobody_by_mistake() -> None:
    calls = 0

    def post(texts: Sequence[str], *, divided: bool) -> Ruling:
        nonlocal calls
        calls += 1
        if calls == 1:
            return Ruling(kind=REJECTED, refused={77: Refusal(reason="400", invalid_address=True)})
        return Ruling(kind=ACCEPTED)

    outcomes = list(HandOver(post).run(people(10)))
    assert [outcome.kind for outcome in outcomes].count(ACCEPTED) == 10


def _kinds(outcomes: Sequence[Outcome]) -> list[OutcomeKind]:
    return [outcome.kind for outcome in sorted(outcomes, key=lambda outcome: outcome.delivery)]


@pytest.mark.parametrize("kind", [BUSY, UNKNOWN])
def test_what_was_not_tried_after_a_fault_is_busy(kind: OutcomeKind) -> None:
    answers = iter([Ruling(kind=REJECTED, reason="413", too_large=True), Ruling(kind=ACCEPTED), Ruling(kind=kind)])
    outcomes = list(HandOver(lambda texts, *, divided: next(answers)).run(people(9)))
    assert _kinds(outcomes) == [ACCEPTED] * 4 + [kind] * 4 + [BUSY]
