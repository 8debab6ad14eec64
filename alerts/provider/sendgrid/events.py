"""SendGrid's Event Webhook: proves that SendGrid wrote a request, and reads the events in it. Pure: no I/O.

A batch whose signature does not hold is refused whole. What is inside a signed batch is still only data: an event
with a strange field is read as far as it can be, never refused, since a refused batch comes back for 24 hours.
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from sendgrid.helpers.eventwebhook import EventWebhook, EventWebhookHeader

from alerts.errors import ConfigError, ProviderError
from alerts.model import DeliveryId, Event, EventKind, SubmissionId
from alerts.provider.sendgrid.bodies import PART
from alerts.provider.words import plain

NAME = "sendgrid"
#: SendGrid tries for 24 hours, and it is not known whether it signs anew.
_FRESH = timedelta(hours=25)
_LONGEST_ID = 100

_KINDS = {
    "processed": EventKind.PROCESSED,
    "deferred": EventKind.DEFERRED,
    "delivered": EventKind.DELIVERED,
    "bounce": EventKind.BOUNCED,
    "blocked": EventKind.BLOCKED,
    "dropped": EventKind.DROPPED,
    "spamreport": EventKind.COMPLAINED,
    "unsubscribe": EventKind.UNSUBSCRIBED,
    "group_unsubscribe": EventKind.UNSUBSCRIBED,
}
#: Classifications that blame us, not the address; compared by their beginnings, for SendGrid spells two of them
#: differently from place to place.
_SENDER_SIDE = ("technical", "content", "reputation", "frequency")
_SUSPENDING = ("suspend", "deactivate", "ban", "terminate")


class ForgedEvents(ProviderError):
    """It cannot be proved that the provider wrote this, or that it wrote it lately."""


class GarbledEvents(ProviderError):
    """The provider wrote it, and it is no list of events."""


def read_events(headers: Mapping[str, str], body: bytes, keys: Sequence[str], now: datetime) -> list[Event]:
    """Read the events of a webhook request. Raises ForgedEvents or GarbledEvents.

    `keys` are public keys as SendGrid shows them (base64) or as PEM; any of them may have signed. Without a key
    nothing is believed.
    """
    _prove(headers, body, keys, now)
    try:
        batch = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise GarbledEvents("the events are not JSON") from error
    if not isinstance(batch, list) or not all(isinstance(item, dict) for item in batch):
        raise GarbledEvents("the events are not a list of objects")
    return [_event(item, now) for item in batch]


def public_key(written: str) -> ec.EllipticCurvePublicKey:
    """Read a public key as SendGrid shows it, or as PEM. Raises ConfigError."""
    lines = [line for line in written.split() if line]
    bare = "".join(lines) if "-----" not in written else "".join(written.split("-----")[2].split())
    try:
        key = EventWebhook().convert_public_key_to_ecdsa(bare)
    except (ValueError, TypeError) as error:
        raise ConfigError(
            "provider.sendgrid.event_key: no public key",
            hint="copy the Verification Key from SendGrid → Settings → Mail Settings → Event Webhooks",
        ) from error
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise ConfigError("provider.sendgrid.event_key: not an elliptic-curve key")
    return key


def _prove(headers: Mapping[str, str], body: bytes, keys: Sequence[str], now: datetime) -> None:
    if not keys:
        raise ForgedEvents("no event key is configured, so no event can be believed", hint="set event_key")
    given = {name.lower(): value for name, value in headers.items()}
    stamp = given.get(EventWebhookHeader.TIMESTAMP.lower(), "")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 12):
        raise ForgedEvents("the request has no time stamp")
    try:
        signature = base64.b64decode(given.get(EventWebhookHeader.SIGNATURE.lower(), ""), validate=True)
    except ValueError as error:
        raise ForgedEvents("the signature cannot be read") from error
    # The bytes as they came: the final CRLF is signed too.
    signed = stamp.encode() + body
    if not any(_signed_by(public_key(key), signature, signed) for key in keys):
        raise ForgedEvents("the signature does not hold")
    if abs(now - datetime.fromtimestamp(int(stamp), UTC)) > _FRESH:
        raise ForgedEvents("the request is too old")


def _signed_by(key: ec.EllipticCurvePublicKey, signature: bytes, signed: bytes) -> bool:
    try:
        key.verify(signature, signed, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def _event(item: Mapping[str, Any], now: datetime) -> Event:
    submission = _token(item, "s")
    # What is known of one part of a divided submission proves nothing of the others.
    whole = _text(item, "p") != PART
    return Event(
        provider=NAME,
        event_id=_event_id(item),
        kind=_kind(item),
        at=_at(item, now),
        delivery=_delivery(item),
        submission=SubmissionId(submission) if submission and whole and len(submission) <= 32 else None,
        address=_token(item, "email"),
        reason=plain(": ".join(filter(None, (_text(item, "status"), _text(item, "reason") or _text(item, "type"))))),
    )


def _kind(item: Mapping[str, Any]) -> EventKind:
    name = _text(item, "event").lower()
    if name == "account_status_change":
        suspended = any(word in _text(item, "type").lower() for word in _SUSPENDING)
        return EventKind.ACCOUNT_SUSPENDED if suspended else EventKind.OTHER
    kind = _KINDS.get(name, EventKind.OTHER)
    if kind is EventKind.BOUNCED and not _is_dead(item):
        return EventKind.BLOCKED
    return kind


def _is_dead(item: Mapping[str, Any]) -> bool:
    """Tell whether a bounce blames the address itself."""
    if _text(item, "type").lower() == "blocked":
        return False
    classification = _text(item, "bounce_classification").lower()
    # 5.2.2: the mailbox is full, not gone.
    return not classification.startswith(_SENDER_SIDE) and not _text(item, "status").startswith("5.2.2")


def _event_id(item: Mapping[str, Any]) -> str:
    given = _token(item, "sg_event_id")
    if given and len(given) <= _LONGEST_ID:
        return given
    # The same event must get the same id each of the up to 46 times that it comes.
    return hashlib.sha256(json.dumps(item, sort_keys=True).encode()).hexdigest()


def _delivery(item: Mapping[str, Any]) -> DeliveryId | None:
    written = _text(item, "d")
    return DeliveryId(int(written)) if written.isascii() and written.isdigit() and len(written) < 19 else None


def _at(item: Mapping[str, Any], now: datetime) -> datetime:
    try:
        return datetime.fromtimestamp(int(item["timestamp"]), UTC)
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        return now


def _text(item: Mapping[str, Any], name: str) -> str:
    value = item.get(name)
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _token(item: Mapping[str, Any], name: str) -> str:
    """Read what will be stored as it is: no control characters, no lone surrogates."""
    value = _text(item, name)
    return value if value.isprintable() else ""
