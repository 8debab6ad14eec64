"""What a reply of an SMTP server means for one mail: the outcome table. Pure.

Enhanced codes (RFC 3463) are believed before basic ones, for many servers say 550 to everything. An address is called
dead only where the server says so of the address itself: policy, spam and authentication are the sender's fault, and
suppressing readers for them would empty the list.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from alerts.model import OutcomeKind
from alerts.provider.words import plain


class Stage(StrEnum):
    """What the server replied to."""

    #: greeting, EHLO, STARTTLS
    HELLO = "hello"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    #: the final dot
    END = "end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One reply, its lines joined."""

    code: int
    text: str

    @property
    def enhanced(self) -> str:
        """Its enhanced status code, such as `5.1.1`; empty: none."""
        found = re.match(r"([245]\.\d{1,3}\.\d{1,3})\b", self.text)
        return found[1] if found and found[1][0] == str(self.code)[0] else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What became of a mail."""

    kind: OutcomeKind
    reason: str = ""
    provider_ref: str = ""
    retry_after: timedelta | None = None
    invalid_address: bool = False
    halts: bool = False


#: Greylisters want a second try, but not at once.
_GREYLISTED = timedelta(minutes=5)
_GREY = re.compile(r"gr[ea]y.?list|try again later|4\.7\.1 .*(later|retry)", re.IGNORECASE)
_NO_RELAY = re.compile(r"\brelay", re.IGNORECASE)
_NOBODY = re.compile(
    r"(user|recipient|mailbox|address|account)[^.]{0,30}"
    r"(unknown|not found|does ?n.t exist|not exist|not known|invalid|no longer|disabled permanently)"
    r"|no such (user|recipient|mailbox|person|account)|unknown (user|recipient|mailbox)|no mailbox here",
    re.IGNORECASE,
)
#: bad mailbox, host, syntax; moved; null MX (RFC 3463, RFC 7505)
_DEAD = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"})
_CREDENTIALS = frozenset({"5.7.8", "5.7.9", "5.7.11"})


def rule(reply: Reply, stage: Stage) -> Ruling:
    """Tell what a reply means that is not the go-ahead (2yz, or 354 to DATA)."""
    said = plain(f"{reply.code} {reply.text}")
    if stage is Stage.END and 200 <= reply.code < 300:
        return Ruling(kind=OutcomeKind.ACCEPTED, provider_ref=plain(reply.text)[:200])
    if 400 <= reply.code < 500:
        grey = reply.code in {450, 451} and (reply.enhanced in {"4.7.1", "4.2.0"} or _GREY.search(reply.text))
        return Ruling(kind=OutcomeKind.BUSY, reason=said, retry_after=_GREYLISTED if grey else None)
    if not 500 <= reply.code < 600:
        # No reply to what we said. After the final dot nobody can tell what it means for the mail.
        kind = OutcomeKind.UNKNOWN if stage is Stage.END else OutcomeKind.BUSY
        return Ruling(kind=kind, reason=f"out of step: {said}")
    if _refuses_us(reply, stage):
        return Ruling(kind=OutcomeKind.BUSY, reason=said, halts=True)
    return Ruling(kind=OutcomeKind.REJECTED, reason=said, invalid_address=_is_dead(reply, stage))


def _refuses_us(reply: Reply, stage: Stage) -> bool:
    """Tell whether a permanent refusal is of us, whomever we write to: no mail will go before somebody mended it."""
    if stage in {Stage.HELLO, Stage.AUTH} or reply.code in {530, 534, 535, 538} or reply.enhanced in _CREDENTIALS:
        return True
    if stage is Stage.RCPT:
        return reply.enhanced not in _DEAD and _NO_RELAY.search(reply.text) is not None
    # Refused before any recipient was named: the envelope sender. Unless it is the size or the syntax of the mail.
    return stage is Stage.MAIL and reply.code in {550, 551, 553, 554} and not reply.enhanced.startswith("5.3.4")


def _is_dead(reply: Reply, stage: Stage) -> bool:
    if stage not in {Stage.RCPT, Stage.END}:
        return False
    if reply.enhanced in _DEAD:
        return True
    vague = not reply.enhanced or reply.enhanced in {"5.0.0", "5.1.0", "5.5.0"}
    return vague and reply.code in {550, 551, 553} and _NOBODY.search(reply.text) is not None
