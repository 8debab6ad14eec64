"""What SendGrid's answers, and the lack of them, come to; judged against what the server had really accepted."""

import itertools
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.errors import ConfigError
from alerts.model import DeliveryId, Outcome, OutcomeKind, Severity, SubmissionId
from alerts.ports import Found, Provider
from alerts.provider import open_provider
from tests.provider_samples import EDITION, SUBMISSION, addressed, readers, sendgrid_table, variant
from tests.servers.certificates import Authority
from tests.servers.sendgrid_server import KEY, SendGridServer

ACCEPTED, REJECTED, BUSY, UNKNOWN = OutcomeKind


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_SENDGRID_KEY", KEY)


@pytest.fixture
def server() -> Iterator[SendGridServer]:
    with SendGridServer() as running:
        yield running


@pytest.fixture
def provider(server: SendGridServer, tmp_path: Path) -> Iterator[Provider]:
    opened = open_provider(sendgrid_table(server.url, look_up=True), tmp_path)
    yield opened
    opened.close()


def hand_over(provider: Provider, count: int, *, filler: int = 0) -> list[Outcome]:
    outcomes = list(provider.submit(variant(filler=filler), readers(count), submission=SUBMISSION, edition=EDITION))
    assert sorted(outcome.delivery for outcome in outcomes) == list(range(1, count + 1))
    return outcomes


# What happened → what it comes to, whether it halts, and how many the server had accepted.
TABLE = {
    "reset-before": (UNKNOWN, False, 0),
    "reset-after": (UNKNOWN, False, 3),
    "silent-before": (UNKNOWN, False, 0),
    "silent-after": (UNKNOWN, False, 3),
    "drip": (UNKNOWN, False, 3),
    "cut-status": (UNKNOWN, False, 3),
    "cut-head": (UNKNOWN, False, 3),
    "garbage": (UNKNOWN, False, 3),
    "cut-body": (ACCEPTED, False, 3),
    "hang-up": (ACCEPTED, False, 3),
    "200": (UNKNOWN, False, 3),
    "500": (UNKNOWN, False, 0),
    "502": (UNKNOWN, False, 0),
    "503": (UNKNOWN, False, 0),
    "504": (UNKNOWN, False, 0),
    "503-after": (UNKNOWN, False, 3),
    "429": (BUSY, False, 0),
    "408": (BUSY, False, 0),
    "401": (BUSY, True, 0),
    "403": (BUSY, True, 0),
    "404": (BUSY, True, 0),
    "405": (BUSY, True, 0),
    "301": (BUSY, True, 0),
    "307": (BUSY, True, 0),
}


@pytest.mark.xdist_group("clock")
@pytest.mark.parametrize("fault", TABLE)
def test_every_fault_comes_to_what_is_certain(server: SendGridServer, tmp_path: Path, fault: str) -> None:
    kind, halts, accepted = TABLE[fault]
    server.fail_next(fault)
    provider = open_provider(sendgrid_table(server.url, timeout=2), tmp_path)
    started = time.monotonic()
    outcomes = hand_over(provider, 3)
    # The deadline holds whatever the server does, a byte at a time included.
    assert time.monotonic() - started < 3
    provider.close()
    assert Counter((outcome.kind, outcome.halts) for outcome in outcomes) == {(kind, halts): 3}
    assert len(server.accepted) == accepted
    assert not any(outcome.invalid_address for outcome in outcomes)
    assert kind is ACCEPTED or all(outcome.reason for outcome in outcomes)
    # A redirect was not followed, nothing was tried twice.
    assert server.requests == 1


def test_a_redirect_never_carries_the_key_anywhere(server: SendGridServer, provider: Provider) -> None:
    server.fail_next("302")
    hand_over(provider, 1)
    assert (server.requests, server.connections) == (1, 1)


def test_too_many_requests_tells_when_to_come_back(server: SendGridServer, provider: Provider) -> None:
    server.fail_next("429")
    (outcome,) = hand_over(provider, 1)
    assert outcome.retry_after is not None
    assert timedelta(seconds=4) < outcome.retry_after <= timedelta(seconds=8)


def test_an_upload_that_breaks_off_was_not_taken_and_may_go_again(server: SendGridServer, provider: Provider) -> None:
    # Larger than both ends' buffers, so that the reset comes before the last byte left.
    server.fail_next("reset-early")
    outcomes = hand_over(provider, 1, filler=900_000)
    assert [outcome.kind for outcome in outcomes] == [BUSY]
    assert server.accepted == []


def test_a_refusal_in_the_middle_of_the_upload_is_heard(server: SendGridServer, provider: Provider) -> None:
    server.fail_next("early-413", "early-413")
    outcomes = hand_over(provider, 2, filler=600_000)
    # Halved once; then a single one is still too large, and the other went.
    assert sorted(outcome.kind for outcome in outcomes) == [ACCEPTED, REJECTED]
    assert "413" in next(outcome.reason for outcome in outcomes if outcome.kind is REJECTED)


def test_a_request_that_is_too_large_goes_in_smaller_ones(server: SendGridServer, provider: Provider) -> None:
    server.max_bytes = 40_000
    outcomes = hand_over(provider, 200)
    assert {outcome.kind for outcome in outcomes} == {ACCEPTED}
    assert len(server.accepted) == 200
    assert len(server.bodies) > 1


def test_refused_addresses_that_are_named_cost_nobody_else(server: SendGridServer, provider: Provider) -> None:
    server.refused = {"reader7@", "reader500@", "reader999@"}
    outcomes = hand_over(provider, 1000)
    rejected = [outcome for outcome in outcomes if outcome.kind is REJECTED]
    assert sorted(outcome.delivery for outcome in rejected) == [7, 500, 999]
    assert all(outcome.invalid_address for outcome in rejected)
    assert len(server.accepted) == 997
    assert server.requests == 2


def test_refused_addresses_that_are_not_named_are_found(server: SendGridServer, provider: Provider) -> None:
    server.refused_unnamed = {"reader7@", "reader500@", "reader999@"}
    outcomes = hand_over(provider, 1000)
    rejected = [outcome for outcome in outcomes if outcome.kind is REJECTED]
    assert sorted(outcome.delivery for outcome in rejected) == [7, 500, 999]
    # SendGrid did not say that the address is bad.
    assert not any(outcome.invalid_address for outcome in rejected)
    assert len(server.accepted) == 997
    assert server.requests <= 35


def test_a_fault_that_all_share_is_not_searched_for_for_long(server: SendGridServer, provider: Provider) -> None:
    server.refused_unnamed = {"@"}
    outcomes = hand_over(provider, 1000)
    assert {outcome.kind for outcome in outcomes} == {REJECTED}
    assert server.requests < 25


def test_an_address_that_comes_twice_goes_in_two_requests(server: SendGridServer, provider: Provider) -> None:
    twins = [addressed(1, address="Ann@readers.example"), addressed(2), addressed(3, address="ann@readers.example")]
    outcomes = list(provider.submit(variant(), twins, submission=SUBMISSION, edition=EDITION))
    assert {outcome.kind for outcome in outcomes} == {ACCEPTED}
    assert [len(body["personalizations"]) for body in server.bodies] == [2, 1]


def test_what_follows_an_unknown_is_not_tried(server: SendGridServer, provider: Provider) -> None:
    server.fail_next("503")
    twins = [addressed(1, address="ann@readers.example"), addressed(2, address="ann@readers.example")]
    outcomes = list(provider.submit(variant(), twins, submission=SUBMISSION, edition=EDITION))
    assert [(outcome.delivery, outcome.kind) for outcome in outcomes] == [(1, UNKNOWN), (2, BUSY)]
    assert server.accepted == []


def test_connections_are_kept_open(server: SendGridServer, provider: Provider) -> None:
    for turn in range(30):
        list(provider.submit(variant(), readers(2, first=10 * turn), submission=SUBMISSION, edition=EDITION))
    assert server.connections == 1
    assert len(server.accepted) == 60


def test_a_connection_that_the_server_closed_is_not_used_again(server: SendGridServer, provider: Provider) -> None:
    for _ in range(10):
        server.fail_next("hang-up")
        assert hand_over(provider, 2)[0].kind is ACCEPTED
        time.sleep(0.02)
    assert len(server.accepted) == 20


# --- looking up ---


def test_a_submission_that_was_lost_on_the_way_back_is_found(server: SendGridServer, provider: Provider) -> None:
    server.fail_next("reset-after")
    hand_over(provider, 50)
    everybody = [DeliveryId(number) for number in range(1, 51)]
    assert set(provider.look_up(SUBMISSION, everybody).values()) == {Found.ACCEPTED}
    assert set(provider.look_up(SubmissionId("another"), everybody).values()) == {Found.ABSENT}


def test_what_went_in_parts_is_looked_up_one_by_one(server: SendGridServer, provider: Provider) -> None:
    # The first request goes, the second ends as unknown: the first proves nothing of the second.
    server.fail_next("", "503")
    twins = [addressed(1, address="ann@readers.example"), addressed(2, address="ann@readers.example")]
    outcomes = list(provider.submit(variant(), twins, submission=SUBMISSION, edition=EDITION))
    assert [outcome.kind for outcome in outcomes] == [ACCEPTED, UNKNOWN]
    assert provider.look_up(SUBMISSION, [DeliveryId(2)]) == {2: Found.ABSENT}
    many = [DeliveryId(number) for number in range(2, 20)]
    assert set(provider.look_up(SUBMISSION, many).values()) == {Found.UNKNOWN}


def test_a_look_up_that_gets_no_answer_claims_nothing(server: SendGridServer, provider: Provider) -> None:
    hand_over(provider, 1)
    server.key = "SG.another"
    assert provider.look_up(SUBMISSION, [DeliveryId(1)]) == {1: Found.UNKNOWN}


@pytest.mark.parametrize(("look_up", "region"), [(False, "global"), (True, "eu")])
def test_without_email_activity_nothing_is_claimed(
    server: SendGridServer, tmp_path: Path, look_up: bool, region: str
) -> None:
    blind = open_provider(sendgrid_table(server.url, look_up=look_up, region=region), tmp_path)
    hand_over(blind, 1)
    assert not blind.capabilities.look_up
    assert blind.look_up(SUBMISSION, [DeliveryId(1)]) == {1: Found.UNKNOWN}
    blind.close()


# --- key and address ---


def test_a_refused_key_halts_and_is_told_by_check(server: SendGridServer, provider: Provider) -> None:
    server.key = "SG.another"
    assert [(outcome.kind, outcome.halts) for outcome in hand_over(provider, 2)] == [(BUSY, True)] * 2
    (finding,) = provider.check()
    assert (finding.code, finding.severity) == ("provider-key", Severity.ERROR)
    assert KEY not in repr(finding)


def test_a_key_without_the_right_to_send_is_told_by_check(server: SendGridServer, provider: Provider) -> None:
    server.scopes = ["alerts.read"]
    codes = [finding.code for finding in provider.check()]
    assert codes == ["provider-key", "provider-look-up", "provider-events"]


def test_a_missing_key_is_a_configuration_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEST_SENDGRID_KEY")
    with pytest.raises(ConfigError, match="TEST_SENDGRID_KEY is not set"):
        open_provider(sendgrid_table("http://127.0.0.1:1"), tmp_path)


def test_a_key_with_a_line_break_never_reaches_a_header(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_SENDGRID_KEY", "SG.canary\nX-Evil: 1")
    with pytest.raises(ConfigError) as raised:
        open_provider(sendgrid_table("http://127.0.0.1:1"), tmp_path)
    assert "canary" not in str(raised.value)


def test_nothing_is_sent_to_a_server_whose_certificate_is_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path)
    with SendGridServer(tls=authority.server()) as server:
        stranger = open_provider(sendgrid_table(server.url), tmp_path)
        assert [outcome.kind for outcome in hand_over(stranger, 1)] == [BUSY]
        stranger.close()
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.ca_file))
        trusting = open_provider(sendgrid_table(server.url), tmp_path)
        assert [outcome.kind for outcome in hand_over(trusting, 1000)] == [ACCEPTED] * 1000
        server.fail_next("early-413", "reset-early")
        for _ in itertools.repeat(None, 2):
            assert hand_over(trusting, 1, filler=900_000)[0].kind in {REJECTED, BUSY}
        assert len(server.accepted) == 1000
        trusting.close()
