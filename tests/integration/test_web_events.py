"""A provider reports what became of mail: believed only when signed, applied once, and never a reason to fall over."""

import base64
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from alerts.desk import Newsdesk, decide, send
from alerts.errors import StoreError
from alerts.model import Edition, Fate, SuppressionReason
from alerts.store.records import DeliveryRecord
from alerts.web.app import create_app
from tests.integration.newsdesk import draft, dump, open_newsroom
from tests.servers.sendgrid_events import Signer

DOOR = "/events/sendgrid"
_KEY = '[provider.sendgrid]\nevent_key = { env = "EVENT_KEY" }\n'


@pytest.fixture
def signer(monkeypatch: pytest.MonkeyPatch) -> Signer:
    signer = Signer()
    monkeypatch.setenv("EVENT_KEY", signer.public_key)
    return signer


@pytest.fixture
def desk(tmp_path: Path, signer: Signer) -> Iterator[Newsdesk]:
    desk = open_newsroom(tmp_path / "newsroom", more=_KEY)
    yield desk
    desk.close()


@pytest.fixture
def sent(desk: Newsdesk) -> Edition:
    edition = draft(desk)
    decide.approve(desk, edition.id, editor="nora")
    send.deliver(desk, edition.id)
    return edition


@pytest.fixture
def web(desk: Newsdesk) -> FlaskClient:
    return create_app(desk).test_client()


def delivery_to(desk: Newsdesk, edition: Edition, address: str) -> DeliveryRecord:
    return next(one for one in desk.store.ledger.deliveries(edition=edition.id) if one.address == address)


def event(desk: Newsdesk, delivery: DeliveryRecord, kind: str, **more: Any) -> dict[str, Any]:
    return {
        "event": kind,
        "d": str(delivery.id),
        "s": "whatever",
        "email": delivery.address,
        "sg_event_id": f"id-{kind}-{delivery.id}",
        "timestamp": int(desk.clock().timestamp()),
        **more,
    }


def post(web: FlaskClient, desk: Newsdesk, signer: Signer, events: list[dict[str, Any]]) -> int:
    headers, body = signer.sign(events, at=desk.clock().timestamp())
    return web.post(DOOR, data=body, headers=headers).status_code


def test_without_a_key_the_door_is_not_there(tmp_path: Path) -> None:
    desk = open_newsroom(tmp_path / "newsroom")
    headers, body = Signer().sign([])
    assert create_app(desk).test_client().post(DOOR, data=body, headers=headers).status_code == 404
    desk.close()


def test_a_complaint_is_on_disk_when_the_answer_goes_out(
    desk: Newsdesk, sent: Edition, web: FlaskClient, signer: Signer
) -> None:
    ana = delivery_to(desk, sent, "ana@example.org")
    assert post(web, desk, signer, [event(desk, ana, "delivered"), event(desk, ana, "spamreport")]) == 204
    assert delivery_to(desk, sent, "ana@example.org").fate is Fate.COMPLAINED
    suppressed = desk.store.roster.suppressions(desk.address_hash("ana@example.org"))
    assert [(one.scope, one.reason) for one in suppressed] == [("all", SuppressionReason.COMPLAINED)]


def test_the_same_batch_again_and_in_disorder_changes_nothing_more(
    desk: Newsdesk, sent: Edition, web: FlaskClient, signer: Signer
) -> None:
    ben = delivery_to(desk, sent, "ben@example.org")
    events = [event(desk, ben, "bounce", type="bounce", status="5.1.1"), event(desk, ben, "delivered")]
    assert post(web, desk, signer, events) == 204
    before = dump(desk)
    for _ in range(5):
        assert post(web, desk, signer, events[::-1]) == 204
    assert dump(desk) == before
    assert delivery_to(desk, sent, "ben@example.org").fate is Fate.BOUNCED


def test_forged_old_and_garbled_requests_change_nothing_and_break_nothing(
    desk: Newsdesk, sent: Edition, web: FlaskClient, signer: Signer
) -> None:
    ana = delivery_to(desk, sent, "ana@example.org")
    now = desk.clock().timestamp()
    good, body = signer.sign([event(desk, ana, "spamreport")], at=now)
    signature, stamp = (f"X-Twilio-Email-Event-Webhook-{name}" for name in ("Signature", "Timestamp"))
    flipped = base64.b64encode(bytes(byte ^ 1 for byte in base64.b64decode(good[signature]))).decode()
    stranger, _ = Signer().sign([event(desk, ana, "spamreport")], at=now)
    requests: list[tuple[dict[str, str], bytes]] = [
        ({}, body),
        ({stamp: good[stamp]}, body),
        ({signature: good[signature]}, body),
        (stranger, body),
        ({**good, signature: flipped}, body),
        ({**good, signature: ""}, body),
        ({**good, signature: "not base64 !"}, body),
        ({**good, signature: "\u00e9" * 8}, body),
        ({**good, signature: good[signature] * 50}, body),
        ({**good, stamp: str(int(good[stamp]) + 1)}, body),
        ({**good, stamp: good[stamp][:-1]}, good[stamp][-1].encode() + body[:0] + body),
        ({**good, stamp: ""}, body),
        ({**good, stamp: "-1"}, body),
        ({**good, stamp: "9" * 40}, body),
        ({**good, stamp: "now"}, body),
        (good, body.replace(b"spamreport", b"unsubscribe")),
        (good, body.rstrip()),
        (good, b""),
        (good, body + b" "),
        signer.sign([event(desk, ana, "spamreport")], at=now - 200_000),
        signer.sign([event(desk, ana, "spamreport")], at=now + 200_000),
        *(
            signer.sign_bytes(garbled, at=now)
            for garbled in (b"", b"null", b"{}", b"[1]", b'["x"]', b"[", b"\xff\xfe", b'"' * 900, b"[" * 20_000)
        ),
    ]
    assert len(requests) >= 30
    before = dump(desk)
    for headers, sent_body in requests:
        answer = web.post(DOOR, data=sent_body, headers=headers)
        assert 400 <= answer.status_code < 500, (answer.status_code, headers, sent_body[:60])
        assert dump(desk) == before


def test_odd_events_in_a_signed_batch_harm_nothing(
    desk: Newsdesk, sent: Edition, web: FlaskClient, signer: Signer
) -> None:
    ana = delivery_to(desk, sent, "ana@example.org")
    chance = random.Random(11)
    odd: list[Any] = [None, True, -1, 10**30, 1.5, "", "x" * 5000, "\ud800", "\x00", [], {}, ["a"], "²", "٣"]
    base = event(desk, ana, "delivered")
    events = [{**base, field: chance.choice(odd), "sg_event_id": f"odd-{at}"} for at in range(60) for field in base]
    events += [{field: value} for field in base for value in odd]
    events += [event(desk, ana, "spamreport", d=str(10**17)), {}]
    before = delivery_to(desk, sent, "ana@example.org").state
    assert post(web, desk, signer, events) == 204
    after = delivery_to(desk, sent, "ana@example.org")
    assert after.state is before
    assert after.fate in {Fate.NONE, Fate.DELIVERED}
    assert desk.store.ledger.receipt(sent.id).adds_up
    assert desk.store.roster.suppressions(desk.address_hash("ana@example.org")) == []


def test_when_the_database_fails_the_provider_is_asked_to_come_again(
    desk: Newsdesk, sent: Edition, web: FlaskClient, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: object, **_more: object) -> int:
        raise StoreError("the disk is full")

    monkeypatch.setattr(desk.store.ledger, "apply_events", full)
    ana = delivery_to(desk, sent, "ana@example.org")
    assert post(web, desk, signer, [event(desk, ana, "delivered")]) == 503


def test_more_than_a_megabyte_is_not_read(desk: Newsdesk, web: FlaskClient, signer: Signer) -> None:
    headers, body = signer.sign_bytes(json.dumps([{"x": "y" * 1_100_000}]).encode(), at=desk.clock().timestamp())
    assert web.post(DOOR, data=body, headers=headers).status_code == 413
