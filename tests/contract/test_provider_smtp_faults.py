"""What an SMTP relay's replies, and the lack of them, come to; judged against what the relay had really taken."""

import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.config import Secret
from alerts.errors import ConfigError
from alerts.model import Outcome, OutcomeKind, Severity
from alerts.ports import Provider
from alerts.provider import open_provider
from tests.provider_samples import EDITION, SUBMISSION, readers, smtp_table, variant
from tests.servers.certificates import Authority
from tests.servers.smtp_server import SmtpServer

ACCEPTED, REJECTED, BUSY, UNKNOWN = OutcomeKind
PASSWORD = "canary-password-4711"
SECRET = Secret(env="TEST_PASSWORD")


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_PASSWORD", PASSWORD)


@pytest.fixture(params=[True, False], ids=["pipelining", "stepwise"])
def server(request: pytest.FixtureRequest) -> Iterator[SmtpServer]:
    with SmtpServer(pipelining=request.param) as running:
        yield running


@pytest.fixture
def provider(server: SmtpServer, tmp_path: Path) -> Iterator[Provider]:
    opened = open_provider(smtp_table(server.port), tmp_path)
    yield opened
    opened.close()


def hand_over(provider: Provider, count: int, *, filler: int = 0) -> list[Outcome]:
    outcomes = list(provider.submit(variant(filler=filler), readers(count), submission=SUBMISSION, edition=EDITION))
    assert sorted(outcome.delivery for outcome in outcomes) == list(range(1, count + 1))
    return sorted(outcomes, key=lambda outcome: outcome.delivery)


# What the relay does to reader 3 of five → what it comes to, whether their address is dead, whether it took the mail.
TABLE = {
    "550 5.1.1 <reader3@readers.example> no such user": (REJECTED, True, False),
    "550 5.1.10 null MX": (REJECTED, True, False),
    "550 No such user here": (REJECTED, True, False),
    "550 rejected": (REJECTED, False, False),
    "550 5.7.1 blocked by policy": (REJECTED, False, False),
    "552 5.2.2 mailbox full": (REJECTED, False, False),
    "553 5.1.8 sender domain does not exist": (REJECTED, False, False),
    "501 5.5.4 syntax": (REJECTED, False, False),
    "450 4.2.1 receiving too quickly": (BUSY, False, False),
    "452 4.5.3 too many recipients": (BUSY, False, False),
    "data:451 4.3.0 try again": (BUSY, False, False),
    "data:554 5.5.1 no valid recipients": (REJECTED, False, False),
    "end:451 4.3.0 disk full": (BUSY, False, False),
    "end:552 5.3.4 too big": (REJECTED, False, False),
    "end:554 5.7.26 unauthenticated mail": (REJECTED, False, False),
    "end:550 5.1.1 user unknown after all": (REJECTED, True, False),
    "end:354 what": (UNKNOWN, False, False),
    "drop-before": (UNKNOWN, False, False),
    "drop-after": (UNKNOWN, False, True),
    # The relay was tired of us, not of the reader: the mail goes over another connection.
    "421": (ACCEPTED, False, True),
}


@pytest.mark.parametrize("fault", TABLE)
def test_every_fault_comes_to_what_is_certain_and_stops_nobody_else(
    server: SmtpServer, provider: Provider, fault: str
) -> None:
    kind, invalid, taken = TABLE[fault]
    server.faults = {"reader3@": fault}
    outcomes = hand_over(provider, 5)
    assert [outcome.kind for outcome in outcomes] == [ACCEPTED, ACCEPTED, kind, ACCEPTED, ACCEPTED]
    assert [outcome.invalid_address for outcome in outcomes] == [False, False, invalid, False, False]
    assert len(server.mails) == 4 + taken
    assert len({recipient for _, recipient, _ in server.mails}) == 4 + taken
    assert not any("@" in outcome.reason for outcome in outcomes)


@pytest.mark.parametrize("fault", ["drop-rcpt", "drop-data"])
def test_a_line_that_goes_dead_before_the_mail_is_busy(server: SmtpServer, provider: Provider, fault: str) -> None:
    server.faults = {"reader3@": fault}
    outcomes = hand_over(provider, 5)
    assert [outcome.kind for outcome in outcomes] == [ACCEPTED, ACCEPTED, BUSY, ACCEPTED, ACCEPTED]
    assert len(server.mails) == 4


def test_a_line_that_goes_dead_in_the_middle_of_the_mail_is_busy(tmp_path: Path) -> None:
    with SmtpServer() as server:
        server.faults = {"reader1@": "drop-in"}
        provider = open_provider(smtp_table(server.port, timeout=10), tmp_path)
        # Larger than both ends' buffers, so that the reset comes before the final dot left.
        assert [outcome.kind for outcome in hand_over(provider, 1, filler=350_000)] == [BUSY]
        assert server.mails == []
        provider.close()


@pytest.mark.xdist_group("clock")
@pytest.mark.parametrize(("fault", "kind"), [("silent-before", BUSY), ("silent-after", UNKNOWN)])
def test_silence_ends_at_the_deadline(server: SmtpServer, tmp_path: Path, fault: str, kind: OutcomeKind) -> None:
    provider = open_provider(smtp_table(server.port, timeout=2), tmp_path)
    server.faults = {"reader3@": fault}
    started = time.monotonic()
    outcomes = hand_over(provider, 5)
    assert time.monotonic() - started < 3
    provider.close()
    assert [outcome.kind for outcome in outcomes] == [ACCEPTED, ACCEPTED, kind, BUSY, BUSY]
    assert len(server.mails) == (3 if kind is UNKNOWN else 2)


@pytest.mark.parametrize(
    "fault",
    ["550 5.7.1 relaying denied", "535 5.7.8 who are you", "mail:550 5.7.1 sender not allowed", "mail:530 5.7.0"],
)
def test_a_relay_that_refuses_us_halts(server: SmtpServer, provider: Provider, fault: str) -> None:
    server.faults = {"@": fault}
    outcomes = hand_over(provider, 5)
    assert [(outcome.kind, outcome.halts) for outcome in outcomes] == [(BUSY, True)] * 5
    assert server.commands.count("MAIL") <= 2


def test_greylisting_waits_five_minutes(server: SmtpServer, provider: Provider) -> None:
    server.faults = {"reader1@": "450 4.2.0 greylisted, come back"}
    outcomes = hand_over(provider, 2)
    assert [outcome.kind for outcome in outcomes] == [BUSY, ACCEPTED]
    assert outcomes[0].retry_after == timedelta(minutes=5)


def test_after_a_refusal_the_next_mail_starts_clean(server: SmtpServer, provider: Provider) -> None:
    server.faults = {"reader2@": "550 5.1.1 no", "reader4@": "550 5.1.1 no"}
    outcomes = hand_over(provider, 5)
    assert [outcome.kind for outcome in outcomes] == [ACCEPTED, REJECTED, ACCEPTED, REJECTED, ACCEPTED]
    assert server.connections == 1
    assert [recipient for _, recipient, _ in server.mails] == [f"reader{n}@readers.example" for n in (1, 3, 5)]


def test_connections_are_kept_and_a_dead_one_is_replaced(server: SmtpServer, provider: Provider) -> None:
    hand_over(provider, 3)
    hand_over(provider, 3)
    assert server.connections == 1
    server.faults = {"reader3@": "421"}
    hand_over(provider, 3)
    server.faults = {}
    assert {outcome.kind for outcome in hand_over(provider, 3)} == {ACCEPTED}
    assert len(server.mails) == 12


def test_no_more_connections_than_allowed(server: SmtpServer, tmp_path: Path) -> None:
    server.delay = 0.005
    two = open_provider(smtp_table(server.port, connections=2, timeout=10), tmp_path)
    threads = [threading.Thread(target=hand_over, args=(two, 5)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(server.mails) == 30
    assert server.connections <= 2
    two.close()


def test_the_envelope_sender_may_be_another(server: SmtpServer, tmp_path: Path) -> None:
    provider = open_provider(smtp_table(server.port, sender="bounces@news.example.org"), tmp_path)
    hand_over(provider, 1)
    assert [sender for sender, _, _ in server.mails] == ["bounces@news.example.org"]
    server.faults = {"": "mail:550 5.7.1 not yours"}
    assert [finding.code for finding in provider.check()] == ["provider-sender"]
    provider.close()


def test_lines_of_dots_arrive_as_they_are(server: SmtpServer, provider: Provider) -> None:
    hand_over(provider, 1)
    ((_, _, content),) = server.mails
    # The text part has a line that begins with a dot; what was taken holds neither more nor fewer of them.
    assert b"\n=2EThe river" in content or b"\n.The river" in content


# --- getting in ---


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_mail_goes_encrypted_and_with_a_password(tmp_path: Path, security: str, mechanism: str) -> None:
    authority = Authority(tmp_path)
    with SmtpServer(
        tls=authority.server(),
        implicit=security == "tls",
        login=("alerts", PASSWORD),
        mechanisms=frozenset({mechanism}),
    ) as server:
        table = smtp_table(
            server.port, security=security, ca_file=authority.ca_file, username="alerts", password=SECRET
        )
        provider = open_provider(table, tmp_path)
        assert {outcome.kind for outcome in hand_over(provider, 20)} == {ACCEPTED}
        assert (len(server.mails), server.connections) == (20, 1)
        assert provider.check() == []
        provider.close()


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_nothing_is_said_to_a_relay_whose_certificate_is_not_trusted(tmp_path: Path, security: str) -> None:
    authority = Authority(tmp_path)
    with SmtpServer(tls=authority.server(), implicit=security == "tls", login=("alerts", PASSWORD)) as server:
        table = smtp_table(server.port, security=security, username="alerts", password=SECRET)
        provider = open_provider(table, tmp_path)
        assert [(outcome.kind, outcome.halts) for outcome in hand_over(provider, 2)] == [(BUSY, False)] * 2
        assert "MAIL" not in server.commands
        assert [finding.code for finding in provider.check()] == ["provider-unreachable"]
        provider.close()


def test_a_certificate_for_another_host_is_refused(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with SmtpServer(tls=authority.server("elsewhere.example"), implicit=True) as server:
        provider = open_provider(smtp_table(server.port, security="tls", ca_file=authority.ca_file), tmp_path)
        assert [outcome.kind for outcome in hand_over(provider, 1)] == [BUSY]
        assert server.mails == []
        provider.close()


def test_without_starttls_nothing_is_sent_in_the_clear(server: SmtpServer, tmp_path: Path) -> None:
    provider = open_provider(smtp_table(server.port, security="starttls", username="alerts", password=SECRET), tmp_path)
    outcomes = hand_over(provider, 2)
    assert [(outcome.kind, outcome.halts) for outcome in outcomes] == [(BUSY, True)] * 2
    assert server.mails == []
    assert [finding.code for finding in provider.check()] == ["provider-refuses"]
    provider.close()


def test_words_slipped_in_before_tls_are_refused(tmp_path: Path) -> None:
    """CVE-2011-0411: an attacker in between adds replies to the clear part of the conversation."""
    listener = socket.create_server(("127.0.0.1", 0))

    def relay() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"220 relay.test\r\n")
            connection.recv(1000)
            connection.sendall(b"250-relay.test\r\n250 STARTTLS\r\n")
            connection.recv(1000)
            connection.sendall(b"220 go ahead\r\n250-evil.test\r\n250 AUTH PLAIN\r\n")
            connection.recv(1000)

    thread = threading.Thread(target=relay)
    thread.start()
    provider = open_provider(smtp_table(listener.getsockname()[1], security="starttls"), tmp_path)
    (outcome,) = hand_over(provider, 1)
    assert outcome.kind is BUSY
    assert "before TLS" in outcome.reason
    provider.close()
    thread.join()
    listener.close()


def test_a_refused_password_halts_and_is_told_by_check(tmp_path: Path) -> None:
    with SmtpServer(login=("alerts", "another")) as server:
        provider = open_provider(smtp_table(server.port, username="alerts", password=SECRET), tmp_path)
        outcomes = hand_over(provider, 3)
        assert [(outcome.kind, outcome.halts) for outcome in outcomes] == [(BUSY, True)] * 3
        findings = provider.check()
        assert [finding.code for finding in findings] == ["provider-refuses", "provider-clear"]
        assert findings[0].severity is Severity.ERROR
        assert PASSWORD not in repr((outcomes, findings))
        assert server.connections == 2
        provider.close()


@pytest.mark.parametrize(("greeting", "halts"), [("421 4.3.2 busy", False), ("554 5.7.1 go away", True)])
def test_a_relay_that_does_not_greet_us_is_busy(tmp_path: Path, greeting: str, halts: bool) -> None:
    with SmtpServer(greeting=greeting) as server:
        provider = open_provider(smtp_table(server.port), tmp_path)
        outcomes = hand_over(provider, 3)
        assert [(outcome.kind, outcome.halts) for outcome in outcomes] == [(BUSY, halts)] * 3
        provider.close()


def test_half_a_login_is_a_configuration_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="no password"):
        open_provider(smtp_table(25, username="alerts"), tmp_path)
    with pytest.raises(ConfigError, match="no username"):
        open_provider(smtp_table(25, password=SECRET), tmp_path)
    monkeypatch.delenv("TEST_PASSWORD")
    with pytest.raises(ConfigError, match="TEST_PASSWORD is not set"):
        open_provider(smtp_table(25, username="alerts", password=SECRET), tmp_path)
    with pytest.raises(ConfigError, match="ca_file"):
        open_provider(smtp_table(25, security="tls", ca_file=tmp_path / "nothing.pem"), tmp_path)


@pytest.mark.xdist_group("clock")
def test_pipelining_costs_one_round_trip_a_mail(tmp_path: Path) -> None:
    """Against a relay that takes 20 ms to say anything, K mails take little more than K times that."""
    with SmtpServer(pipelining=True) as server:
        provider = open_provider(smtp_table(server.port, timeout=20), tmp_path)
        delay = _Delayed(server.port, 0.02)
        slow = open_provider(smtp_table(delay.port, timeout=20), tmp_path)
        started = time.monotonic()
        hand_over(slow, 25)
        round_trips = (time.monotonic() - started) / 0.04 / 25
        # smtplib: 4.8; without PIPELINING: 4; what is above 1 is this machine's other work.
        assert round_trips < 3
        provider.close()
        slow.close()
        delay.close()


class _Delayed:
    """A line to a relay on which every byte takes its time, each way."""

    def __init__(self, port: int, seconds: float) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._target = port
        self._seconds = seconds
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        try:
            near, _ = self._listener.accept()
        except OSError:
            return
        far = socket.create_connection(("127.0.0.1", self._target))
        far.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for source, sink in ((near, far), (far, near)):
            threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        waiting: list[tuple[float, bytes]] = []
        changed = threading.Condition()

        def deliver() -> None:
            while True:
                with changed:
                    while not waiting:
                        changed.wait()
                    due, data = waiting.pop(0)
                time.sleep(max(0.0, due - time.monotonic()))
                if not data:
                    sink.close()
                    return
                try:
                    sink.sendall(data)
                except OSError:
                    return

        threading.Thread(target=deliver, daemon=True).start()
        while True:
            try:
                data = source.recv(65536)
            except OSError:
                data = b""
            with changed:
                waiting.append((time.monotonic() + self._seconds, data))
                changed.notify()
            if not data:
                return
