"""One suite for every provider: what the dispatcher relies on, judged by what arrived at a real server."""

import email
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from alerts.config import ProviderTable, Secret
from alerts.mail.fill import fill
from alerts.mail.variant import Addressed, Variant
from alerts.model import DeliveryId, Outcome, OutcomeKind, Severity
from alerts.ports import Found, Provider
from alerts.provider import open_provider
from tests.provider_samples import (
    EDITION,
    SUBMISSION,
    addressed,
    outbox_table,
    readers,
    sendgrid_table,
    smtp_table,
    variant,
)
from tests.servers.sendgrid_server import KEY, SendGridServer, rendered
from tests.servers.smtp_server import SmtpServer

PASSWORD = "canary-password-4711"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A mail as its receiver sees it."""

    to: str
    sender: str
    sender_name: str
    subject: str
    headers: Mapping[str, str]
    text: str
    html: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """A provider and what stands at its other end."""

    table: ProviderTable
    provider: Provider
    arrived: Callable[[], list[Arrived]]
    #: its table, pointed at a place where nobody listens
    nowhere: ProviderTable

    def submit(self, deliveries: list[Addressed], mail: Variant | None = None) -> list[Outcome]:
        return list(self.provider.submit(mail or variant(), deliveries, submission=SUBMISSION, edition=EDITION))


@pytest.fixture(params=["outbox", "smtp", "sendgrid"])
def station(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Station]:
    monkeypatch.setenv("TEST_SENDGRID_KEY", KEY)
    monkeypatch.setenv("TEST_PASSWORD", PASSWORD)
    with ExitStack() as stack:
        table, nowhere, arrived = _stations[request.param](stack, tmp_path)
        provider = open_provider(table, tmp_path)
        stack.callback(provider.close)
        yield Station(table=table, provider=provider, arrived=arrived, nowhere=nowhere)


Opened = tuple[ProviderTable, ProviderTable, Callable[[], list[Arrived]]]


def _outbox(_: ExitStack, folder: Path) -> Opened:
    directory = folder / "outbox"
    (folder / "a file").write_text("in the way")

    def arrived() -> list[Arrived]:
        return [_parsed(path.read_bytes()) for path in sorted(directory.glob("*/*.eml"))]

    return outbox_table(directory), outbox_table(folder / "a file"), arrived


def _smtp(stack: ExitStack, _: Path) -> Opened:
    server = stack.enter_context(SmtpServer(login=("alerts", PASSWORD)))
    secret = Secret(env="TEST_PASSWORD")

    def arrived() -> list[Arrived]:
        mails = [_parsed(content) for _, _, content in server.mails]
        assert [mail.to for mail in mails] == [recipient for _, recipient, _ in server.mails]
        return mails

    return (
        smtp_table(server.port, username="alerts", password=secret),
        smtp_table(1, username="alerts", password=secret),
        arrived,
    )


def _sendgrid(stack: ExitStack, _: Path) -> Opened:
    server = stack.enter_context(SendGridServer())

    def arrived() -> list[Arrived]:
        return [_posted(body, person) for body in server.bodies for person in body["personalizations"]]

    return sendgrid_table(server.url), sendgrid_table("http://127.0.0.1:1"), arrived


_stations: Mapping[str, Callable[[ExitStack, Path], Opened]] = {"outbox": _outbox, "smtp": _smtp, "sendgrid": _sendgrid}


def _parsed(content: bytes) -> Arrived:
    assert b"\n" not in content.replace(b"\r\n", b"")
    mail = email.message_from_bytes(content, policy=default)
    assert isinstance(mail, EmailMessage)
    text, html = mail.iter_parts()
    assert isinstance(text, EmailMessage)
    assert isinstance(html, EmailMessage)
    (to,), (sender,) = mail["To"].addresses, mail["From"].addresses
    return Arrived(
        to=to.addr_spec,
        sender=sender.addr_spec,
        sender_name=sender.display_name,
        subject=mail["Subject"],
        headers={name: str(value) for name, value in mail.items()},
        text=text.get_content().replace("\r\n", "\n"),
        html=html.get_content().replace("\r\n", "\n"),
    )


def _posted(body: Mapping[str, Any], person: Mapping[str, Any]) -> Arrived:
    parts = rendered(body, person)
    return Arrived(
        to=person["to"][0]["email"],
        sender=body["from"]["email"],
        sender_name=body["from"]["name"],
        subject=body["subject"],
        headers={**body["headers"], **person["headers"]},
        text=parts["text/plain"],
        html=parts["text/html"],
    )


def test_every_delivery_gets_one_outcome_and_every_reader_one_mail(station: Station) -> None:
    deliveries = readers(60)
    outcomes = station.submit(deliveries)
    assert sorted(outcome.delivery for outcome in outcomes) == [delivery.delivery for delivery in deliveries]
    assert {outcome.kind for outcome in outcomes} == {OutcomeKind.ACCEPTED}
    assert sorted(mail.to for mail in station.arrived()) == sorted(delivery.to.address for delivery in deliveries)


def test_what_arrives_is_what_was_frozen_with_each_readers_own_values(station: Station) -> None:
    mail, deliveries = variant(), [*readers(3), addressed(4, name='Ann "<b>" O\'Neil, & Söhne')]
    station.submit(deliveries, mail)
    arrived = {one.to: one for one in station.arrived()}
    for delivery in deliveries:
        found = arrived[delivery.to.address]
        assert found.text == fill(mail.text, delivery.slots)
        assert found.html == fill(mail.html, delivery.slots)
        assert (found.subject, found.sender, found.sender_name) == (mail.subject, mail.sender.address, mail.sender.name)
        for name, value in (*mail.headers, *delivery.headers, ("Message-ID", delivery.message_id)):
            assert found.headers[name] == value


def test_a_hostile_name_stays_a_name(station: Station) -> None:
    name = "Eve\r\nBcc: everybody@victim.example\r\n\r\n.\r\nQUIT\r\n<script>alert(1)</script> =?utf-8?q?=0AX:?="
    outcomes = station.submit([addressed(1, name=name), addressed(2)])
    assert [outcome.kind for outcome in outcomes] == [OutcomeKind.ACCEPTED] * 2
    arrived = station.arrived()
    assert len(arrived) == 2
    assert all("Bcc" not in mail.headers and "<script>" not in mail.html for mail in arrived)


def test_an_address_that_cannot_be_written_stops_nobody_else(station: Station) -> None:
    outcomes = station.submit([addressed(1), addressed(2, address="jürgen@readers.example"), addressed(3)])
    kinds = {outcome.delivery: outcome.kind for outcome in outcomes}
    assert kinds == {1: OutcomeKind.ACCEPTED, 2: OutcomeKind.REJECTED, 3: OutcomeKind.ACCEPTED}
    assert len(outcomes) == 3
    assert not any("jürgen" in outcome.reason for outcome in outcomes)


def test_an_international_domain_is_written_in_ascii(station: Station) -> None:
    station.submit([addressed(1, address="post@bücher.example")])
    assert [mail.to for mail in station.arrived()] == ["post@xn--bcher-kva.example"]


def test_nobody_to_send_to_is_no_outcome_and_no_mail(station: Station) -> None:
    assert station.submit([]) == []
    assert station.arrived() == []


def test_a_reader_without_a_value_for_a_slot_stops_nobody_else(station: Station) -> None:
    bare = replace(addressed(2), slots={})
    kinds = {outcome.delivery: outcome.kind for outcome in station.submit([addressed(1), bare, addressed(3)])}
    assert kinds == {1: OutcomeKind.ACCEPTED, 2: OutcomeKind.REJECTED, 3: OutcomeKind.ACCEPTED}


def test_a_variant_that_cannot_be_written_is_rejected_whole(station: Station) -> None:
    broken = Variant.from_json(variant().to_json().replace("Feedback-ID", "Content-Type"))
    outcomes = station.submit(readers(3), broken)
    assert [outcome.kind for outcome in outcomes] == [OutcomeKind.REJECTED] * 3
    assert not any(outcome.invalid_address for outcome in outcomes)
    assert station.arrived() == []


def test_what_cannot_be_reached_is_busy_with_a_reason_and_a_finding(station: Station, tmp_path: Path) -> None:
    provider = open_provider(station.nowhere, tmp_path)
    outcomes = list(provider.submit(variant(), readers(3), submission=SUBMISSION, edition=EDITION))
    assert [(outcome.kind, outcome.halts) for outcome in outcomes] == [(OutcomeKind.BUSY, False)] * 3
    assert all(outcome.reason for outcome in outcomes)
    assert [finding.severity for finding in provider.check()].count(Severity.ERROR) == 1
    provider.close()


def test_a_provider_that_works_has_no_error_to_report(station: Station) -> None:
    assert not [finding for finding in station.provider.check() if finding.severity is Severity.ERROR]
    assert station.arrived() == []


def test_looking_up_never_claims_more_than_is_known(station: Station) -> None:
    station.submit(readers(2))
    found = station.provider.look_up(SUBMISSION, [DeliveryId(1), DeliveryId(2), DeliveryId(3)])
    assert set(found) == {1, 2, 3}
    if station.provider.capabilities.look_up:
        assert found == {1: Found.ACCEPTED, 2: Found.ACCEPTED, 3: Found.ABSENT}
    else:
        assert set(found.values()) == {Found.UNKNOWN}


def test_handing_over_twice_delivers_once_where_that_is_promised(station: Station) -> None:
    station.submit(readers(5))
    again = station.submit(readers(5))
    assert {outcome.kind for outcome in again} == {OutcomeKind.ACCEPTED}
    assert len(station.arrived()) == (5 if station.provider.capabilities.idempotent else 10)


def test_threads_may_share_a_provider(station: Station) -> None:
    outcomes: list[Outcome] = []

    def work(first: int) -> None:
        outcomes.extend(station.submit(readers(10, first=first)))

    threads = [threading.Thread(target=work, args=(1 + 10 * turn,)) for turn in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcome.delivery for outcome in outcomes) == list(range(1, 61))
    assert {outcome.kind for outcome in outcomes} == {OutcomeKind.ACCEPTED}
    assert len({mail.to for mail in station.arrived()}) == len(station.arrived()) == 60


def test_walking_away_in_the_middle_spoils_nothing(station: Station) -> None:
    outcomes = station.provider.submit(variant(), readers(10), submission=SUBMISSION, edition=EDITION)
    assert next(iter(outcomes)).kind is OutcomeKind.ACCEPTED
    del outcomes
    for turn in range(6):
        assert {outcome.kind for outcome in station.submit(readers(3, first=100 + 10 * turn))} == {OutcomeKind.ACCEPTED}


def test_a_provider_may_be_closed_twice_and_then_takes_nothing_for_sure(station: Station) -> None:
    station.submit(readers(1))
    station.provider.close()
    station.provider.close()
    if station.table.use != "outbox":
        assert [outcome.kind for outcome in station.submit(readers(2))] == [OutcomeKind.BUSY] * 2
        assert len(station.arrived()) == 1


def test_no_secret_and_no_address_is_shown(
    station: Station, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    provider = open_provider(station.nowhere, tmp_path)
    outcomes = [*station.submit(readers(2))]
    outcomes += provider.submit(variant(), readers(2), submission=SUBMISSION, edition=EDITION)
    findings = [*station.provider.check(), *provider.check()]
    shown = [repr(station.provider), str(station.provider), repr(station.table), repr(outcomes), repr(findings)]
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("mail.")]
    everything = "\n".join([*shown, *ours, *capfd.readouterr()])
    for secret in (KEY, PASSWORD, "reader1@readers.example"):
        assert secret not in everything
