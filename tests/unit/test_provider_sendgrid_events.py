"""SendGrid's events: only what it signed lately is believed, and what they mean for an address."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st
from sendgrid.helpers.eventwebhook import EventWebhook

from alerts.errors import ConfigError, ProviderError
from alerts.model import EventKind
from alerts.provider.sendgrid import ForgedEvents, GarbledEvents, read_events
from alerts.provider.sendgrid.events import public_key
from tests.servers.sendgrid_events import Signer, event_of

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SIGNER = Signer()
LINE = {"delivery": 42, "submission": "sub0001", "edition": "edi", "address": "ann@readers.example"}


def kinds_of(*events: dict[str, Any]) -> list[EventKind]:
    headers, body = SIGNER.sign(events, at=NOW.timestamp())
    return [event.kind for event in read_events(headers, body, [SIGNER.public_key], NOW)]


def test_an_event_tells_of_the_delivery_it_was_sent_for() -> None:
    written = event_of(LINE, "delivered", response="250 ok") | {"timestamp": 1795435200, "sg_event_id": "abc"}
    headers, body = SIGNER.sign([written], at=NOW.timestamp())
    (event,) = read_events(headers, body, [SIGNER.public_key], NOW)
    assert (event.provider, event.event_id, event.kind) == ("sendgrid", "abc", EventKind.DELIVERED)
    assert (event.delivery, event.submission, event.address) == (42, "sub0001", "ann@readers.example")
    assert event.at == datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_an_event_of_one_part_proves_nothing_of_the_submission() -> None:
    headers, body = SIGNER.sign([event_of({**LINE, "part": "part"}, "processed")], at=NOW.timestamp())
    (event,) = read_events(headers, body, [SIGNER.public_key], NOW)
    assert (event.delivery, event.submission) == (42, None)


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ({"event": "processed"}, EventKind.PROCESSED),
        ({"event": "deferred", "attempt": "3"}, EventKind.DEFERRED),
        ({"event": "delivered"}, EventKind.DELIVERED),
        ({"event": "bounce", "type": "bounce", "bounce_classification": "Invalid Address"}, EventKind.BOUNCED),
        ({"event": "bounce", "type": "bounce"}, EventKind.BOUNCED),
        ({"event": "bounce", "type": "bounce", "bounce_classification": "Unclassified"}, EventKind.BOUNCED),
        ({"event": "bounce", "type": "blocked"}, EventKind.BLOCKED),
        ({"event": "bounce", "type": "Blocked", "bounce_classification": "Invalid Address"}, EventKind.BLOCKED),
        ({"event": "bounce", "bounce_classification": "Technical"}, EventKind.BLOCKED),
        ({"event": "bounce", "bounce_classification": "TECHNICAL FAILURE"}, EventKind.BLOCKED),
        ({"event": "bounce", "bounce_classification": "content"}, EventKind.BLOCKED),
        ({"event": "bounce", "bounce_classification": "Reputation"}, EventKind.BLOCKED),
        ({"event": "bounce", "bounce_classification": "Frequency/Volume"}, EventKind.BLOCKED),
        ({"event": "bounce", "bounce_classification": "Frequency or Volume Too High"}, EventKind.BLOCKED),
        ({"event": "bounce", "status": "5.2.2", "bounce_classification": "Mailbox Unavailable"}, EventKind.BLOCKED),
        ({"event": "bounce", "status": "5.2.1", "bounce_classification": "Mailbox Unavailable"}, EventKind.BOUNCED),
        ({"event": "dropped", "reason": "Bounced Address"}, EventKind.DROPPED),
        ({"event": "spamreport"}, EventKind.COMPLAINED),
        ({"event": "unsubscribe"}, EventKind.UNSUBSCRIBED),
        ({"event": "group_unsubscribe"}, EventKind.UNSUBSCRIBED),
        ({"event": "group_resubscribe"}, EventKind.OTHER),
        ({"event": "open"}, EventKind.OTHER),
        ({"event": "click"}, EventKind.OTHER),
        ({"event": "account_status_change", "type": "compliance_suspend"}, EventKind.ACCOUNT_SUSPENDED),
        ({"event": "account_status_change", "type": "compliance_reactivate"}, EventKind.OTHER),
        ({"event": "something new"}, EventKind.OTHER),
        ({}, EventKind.OTHER),
    ],
)
def test_what_an_event_means(event: dict[str, Any], kind: EventKind) -> None:
    assert kinds_of(event) == [kind]


def test_sendgrids_own_library_agrees_that_it_is_signed() -> None:
    headers, body = SIGNER.sign([event_of(LINE, "processed")])
    theirs = EventWebhook(SIGNER.public_key)
    signature = headers["X-Twilio-Email-Event-Webhook-Signature"]
    assert theirs.verify_signature(body.decode(), signature, headers["X-Twilio-Email-Event-Webhook-Timestamp"])


def test_any_of_the_keys_may_have_signed_and_headers_have_any_case() -> None:
    headers, body = SIGNER.sign([event_of(LINE, "processed")], at=NOW.timestamp())
    small = {name.lower(): value for name, value in headers.items()}
    pem = f"-----BEGIN PUBLIC KEY-----\n{SIGNER.public_key}\n-----END PUBLIC KEY-----\n"
    assert len(read_events(small, body, [Signer().public_key, pem], NOW)) == 1


STAMP, SIGNATURE = "X-Twilio-Email-Event-Webhook-Timestamp", "X-Twilio-Email-Event-Webhook-Signature"


def _forgeries() -> dict[str, tuple[dict[str, str], bytes, list[str]]]:
    headers, body = SIGNER.sign([event_of(LINE, "bounce")], at=NOW.timestamp())
    keys = [SIGNER.public_key]
    old = SIGNER.sign([event_of(LINE, "bounce")], at=(NOW - timedelta(hours=26)).timestamp())
    ahead = SIGNER.sign([event_of(LINE, "bounce")], at=(NOW + timedelta(hours=26)).timestamp())
    return {
        "no key": (headers, body, []),
        "another key": (headers, body, [Signer().public_key]),
        "a byte changed": (headers, body.replace(b"42", b"43"), keys),
        "the final CRLF stripped": (headers, body.rstrip(), keys),
        "a byte that is no text": (headers, body + b"\xff", keys),
        "no headers": ({}, body, keys),
        "no signature": ({STAMP: headers[STAMP]}, body, keys),
        "no time": ({SIGNATURE: headers[SIGNATURE]}, body, keys),
        "another time": ({**headers, STAMP: str(int(headers[STAMP]) + 1)}, body, keys),
        "a time of other digits": ({**headers, STAMP: "٣٤"}, body, keys),
        "a signature that is no base64": ({**headers, SIGNATURE: "%%%"}, body, keys),
        "a signature outside ASCII": ({**headers, SIGNATURE: "é"}, body, keys),
        "an empty signature": ({**headers, SIGNATURE: ""}, body, keys),
        "too old": (*old, keys),
        "from the future": (*ahead, keys),
    }


@pytest.mark.parametrize("forgery", _forgeries())
def test_what_cannot_be_proved_is_refused_whole(forgery: str) -> None:
    headers, body, keys = _forgeries()[forgery]
    with pytest.raises(ForgedEvents):
        read_events(headers, body, keys, NOW)


@pytest.mark.parametrize("body", [b"", b"{}", b"[5]", b"null", b"[[]]", b"[{]", b"\xff\xfe", b"[" * 100_000])
def test_what_is_signed_but_no_list_of_events_is_refused(body: bytes) -> None:
    headers, signed = SIGNER.sign_bytes(body, at=NOW.timestamp())
    with pytest.raises(GarbledEvents):
        read_events(headers, signed, [SIGNER.public_key], NOW)


def test_both_refusals_are_the_providers() -> None:
    assert issubclass(ForgedEvents, ProviderError)
    assert issubclass(GarbledEvents, ProviderError)


_scalar = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=30)
_value = _scalar | st.lists(_scalar, max_size=2) | st.dictionaries(st.just("x"), _scalar)
_names = ["event", "type", "status", "reason", "email", "timestamp", "d", "s", "e", "p", "sg_event_id"]
_batches = st.lists(st.dictionaries(st.sampled_from(_names), _value, max_size=6), max_size=3)


@settings(max_examples=100, deadline=None)
@given(_batches)
def test_strange_fields_never_break_a_signed_batch(batch: list[dict[str, Any]]) -> None:
    headers, body = SIGNER.sign_bytes(json.dumps(batch).encode(), at=NOW.timestamp())
    events = read_events(headers, body, [SIGNER.public_key], NOW)
    assert len(events) == len(batch)
    for event in events:
        # Fit for the ledger's columns: no lone surrogates, no NUL, not too long.
        for text in (event.event_id, event.submission or "", event.address, event.reason):
            text.encode()
            assert text.isprintable()
        assert 1 <= len(event.event_id) <= 120
        assert event.at.tzinfo is UTC
        assert event.delivery is None or 0 <= event.delivery < 2**63


def test_the_same_event_without_an_id_keeps_the_same_made_up_one() -> None:
    written = {"event": "bounce", "email": "ann@readers.example", "timestamp": 1}
    headers, body = SIGNER.sign([written, dict(reversed(written.items()))], at=NOW.timestamp())
    first, second = read_events(headers, body, [SIGNER.public_key], NOW)
    assert first.event_id == second.event_id


@pytest.mark.parametrize("written", ["", "not a key", "-----BEGIN PUBLIC KEY-----", "TUZrd0V3WUg="])
def test_a_wrong_event_key_is_a_configuration_error(written: str) -> None:
    with pytest.raises(ConfigError, match="event_key"):
        public_key(written)


def test_a_public_key_is_read_as_sendgrid_shows_it() -> None:
    assert isinstance(public_key(f"  {SIGNER.public_key}\n"), ec.EllipticCurvePublicKey)
