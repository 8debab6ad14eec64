"""What an answer of SendGrid means for the mail that was handed over: the outcome table. Pure.

A request is all or nothing: it is validated as a whole before anything is sent. So a 4xx took nothing, a 202 took
all, and everything else that came after the last byte leaves nobody knowing (a gateway may fail after the back end
accepted; there is no idempotency key to ask again with).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from alerts.model import OutcomeKind
from alerts.provider.exchange import Reply
from alerts.provider.words import plain

_SOONEST = timedelta(seconds=1)
_LATEST = timedelta(minutes=15)
#: They say that the address is wrong that we talk to, or that the account may not: no mail is at fault, and none
#: will go before somebody mended the configuration.
_HALTING = frozenset({401, 402, 403, 404, 405, 407, 410})
#: The request did not get there whole, or at a bad moment; said before anything was taken.
_PASSING = frozenset({408, 425})


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why one reader of a request was refused."""

    reason: str
    invalid_address: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What an answer means for the readers of the request."""

    kind: OutcomeKind
    reason: str = ""
    provider_ref: str = ""
    retry_after: timedelta | None = None
    halts: bool = False
    #: positions in the request → why; the others may go without them
    refused: Mapping[int, Refusal] = field(default_factory=dict)
    #: it does not say which reader was refused, or whether it was one
    unnamed: bool = False
    #: fewer readers at a time may go
    too_large: bool = False


def rule(reply: Reply, *, now: datetime) -> Ruling:
    """Tell what an answer means."""
    status = reply.status
    if reply.early and not 300 <= status < 500:
        # Nobody can act on half a request, whatever they say of it.
        return Ruling(kind=OutcomeKind.BUSY, reason=f"SendGrid answered {status} before it had the whole request")
    if status == 202:
        return Ruling(kind=OutcomeKind.ACCEPTED, provider_ref=plain(reply.headers.get("x-message-id", "")))
    reason = _reason(reply)
    if status < 300 or status >= 500:
        return Ruling(kind=OutcomeKind.UNKNOWN, reason=reason)
    if status == 429:
        return Ruling(kind=OutcomeKind.BUSY, reason=reason, retry_after=_retry_after(reply.headers, now))
    if status < 400 or status in _HALTING:
        return Ruling(kind=OutcomeKind.BUSY, reason=reason, halts=True)
    if status in _PASSING:
        return Ruling(kind=OutcomeKind.BUSY, reason=reason)
    if status == 413:
        return Ruling(kind=OutcomeKind.REJECTED, reason=reason, too_large=True)
    return _refusal(reply, reason)


def _refusal(reply: Reply, reason: str) -> Ruling:
    """Rule on a 400: is it one reader, the request itself, or does it not say?"""
    errors = _errors(reply.body)
    refused: dict[int, Refusal] = {}
    about_request = False
    for name, message in errors:
        found = re.match(r"personalizations\.(\d+)(\..*)?$", name)
        if found:
            about_address = re.search(r"\.to\b", found[2] or "") is not None
            invalid = about_address and re.search(r"valid (email )?address|invalid", message, re.IGNORECASE) is not None
            refused[int(found[1])] = Refusal(reason=f"400: {plain(message)}", invalid_address=invalid)
        elif name and name != "personalizations":
            about_request = True
    if about_request:
        return Ruling(kind=OutcomeKind.REJECTED, reason=reason)
    return Ruling(kind=OutcomeKind.REJECTED, reason=reason, refused=refused, unnamed=not refused)


def _errors(body: bytes) -> list[tuple[str, str]]:
    """Read (field, message) pairs; empty where the answer is not as documented."""
    try:
        said = json.loads(body)
        errors = said["errors"]
        return [(str(error.get("field") or ""), str(error.get("message") or "")) for error in errors]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return []


def _reason(reply: Reply) -> str:
    errors = _errors(reply.body)
    messages = dict.fromkeys(f"{name}: {message}" if name else message for name, message in errors)
    return plain(f"SendGrid answered {reply.status}" + (": " + "; ".join(messages) if messages else ""))


def _retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """Read when to come back, bounded; None: it does not say."""
    reset, after = headers.get("x-ratelimit-reset", "").strip(), headers.get("retry-after", "").strip()
    if reset.isascii() and reset.isdigit() and len(reset) < 12:
        wait = datetime.fromtimestamp(int(reset), UTC) - _their_time(headers, now)
    elif after.isascii() and after.isdigit() and len(after) < 9:
        wait = timedelta(seconds=int(after))
    else:
        return None
    return min(max(wait, _SOONEST), _LATEST)


def _their_time(headers: Mapping[str, str], now: datetime) -> datetime:
    """Read the clock that their reset time was written by, which need not agree with ours."""
    try:
        said = parsedate_to_datetime(headers["date"])
    except (KeyError, ValueError, TypeError):
        return now
    return said if said.tzinfo else said.replace(tzinfo=UTC)
