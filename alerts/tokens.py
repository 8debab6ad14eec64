"""Signed tokens for links, and keyed hashes of addresses. Pure: keys are passed in.

A token never holds an address. It has no expiry unless its purpose gives it one: an unsubscribe link must work as long
as the mail is kept. Comparison takes constant time.
"""

import base64
import hmac
from collections.abc import Sequence

_MAC_BYTES = 16


def sign(key: bytes, purpose: str, *fields: str) -> str:
    """Make a URL-safe token of fields that only a holder of the key can make. Fields must not contain `~`."""
    if any("~" in field for field in fields):
        raise ValueError("a token field must not contain '~'")
    payload = "~".join(fields).encode()
    return f"{_b64(payload)}.{_b64(_mac(key, purpose, payload))}"


def read(keys: Sequence[bytes], purpose: str, token: str) -> tuple[str, ...] | None:
    """Read the fields of a token signed for this purpose by any of the keys; None: it was not."""
    encoded, dot, mac = token.partition(".")
    if not dot:
        return None
    try:
        payload = _unb64(encoded)
        given = _unb64(mac)
    except ValueError:
        return None
    # Only the canonical spelling counts: base64 tolerates stray bits, an altered token must not.
    if _b64(payload) != encoded or _b64(given) != mac:
        return None
    if not any(hmac.compare_digest(_mac(key, purpose, payload), given) for key in keys):
        return None
    try:
        return tuple(payload.decode().split("~"))
    except UnicodeDecodeError:
        return None


def address_hash(key: bytes, address: str) -> str:
    """Hash a normalised address with the newsroom's key: 32 hex digits. Irreversible without the key.

    `Anna@example.org` and `anna@example.org` are one person: no mail service in use tells them apart, and who left as
    one must not be mailed as the other.
    """
    return hmac.digest(key, b"address\0" + address.lower().encode(), "sha256")[:16].hex()


def _mac(key: bytes, purpose: str, payload: bytes) -> bytes:
    return hmac.digest(key, purpose.encode() + b"\0" + payload, "sha256")[:_MAC_BYTES]


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _unb64(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
