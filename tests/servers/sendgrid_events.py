"""Events as SendGrid posts them: signed with a key of our own, over the bytes with the final CRLF."""

import base64
import json
import time
import urllib.request
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


def event_of(line: Mapping[str, Any], kind: str, **more: Any) -> dict[str, Any]:
    """Make the event of an accepted personalization, as the server logged it."""
    arguments = {"d": str(line["delivery"]), "s": line["submission"], "e": line["edition"]}
    if line.get("part"):
        arguments["p"] = line["part"]
    return {
        "email": line["address"],
        "timestamp": int(time.time()),
        "event": kind,
        "sg_event_id": uuid.uuid4().hex,
        "sg_message_id": f"{line.get('request', 'x')}.filter0001.1.0",
        **arguments,
        **more,
    }


class Signer:
    """The private half of a webhook's key."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    @property
    def public_key(self) -> str:
        """The key as SendGrid shows it to its customers."""
        der = self._key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return base64.b64encode(der).decode()

    def sign(self, events: Sequence[Mapping[str, Any]], *, at: float | None = None) -> tuple[dict[str, str], bytes]:
        """Write events as a request: headers and body."""
        return self.sign_bytes(json.dumps(list(events)).encode() + b"\r\n", at=at)

    def sign_bytes(self, body: bytes, *, at: float | None = None) -> tuple[dict[str, str], bytes]:
        """Sign any body."""
        stamp = str(int(time.time() if at is None else at))
        signature = self._key.sign(stamp.encode() + body, ec.ECDSA(hashes.SHA256()))
        headers = {
            "Content-Type": "application/json",
            "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
            "X-Twilio-Email-Event-Webhook-Timestamp": stamp,
        }
        return headers, body

    def post(self, url: str, events: Sequence[Mapping[str, Any]]) -> int:
        """Post events to a webhook; return the status."""
        headers, body = self.sign(events)
        request = urllib.request.Request(url, data=body, headers=headers, method="POST")
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
