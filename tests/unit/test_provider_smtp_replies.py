"""The outcome table of SMTP replies (RFC 5321, 3463, 5248, and what the large receivers say)."""

from datetime import timedelta

import pytest

from alerts.model import OutcomeKind
from alerts.provider.smtp.replies import Reply, Stage, rule

ACCEPTED, REJECTED, BUSY, UNKNOWN = OutcomeKind
HELLO, AUTH, MAIL, RCPT, DATA, END = Stage

# code, text, stage → outcome, dead address, halts
TABLE = [
    (250, "2.0.0 Ok: queued as 4F3", END, ACCEPTED, False, False),
    (251, "forwarded", END, ACCEPTED, False, False),
    (421, "4.3.2 closing", RCPT, BUSY, False, False),
    (421, "4.7.0 too many connections", HELLO, BUSY, False, False),
    (450, "4.2.1 The user you are trying to contact is receiving mail too quickly", RCPT, BUSY, False, False),
    (452, "4.2.2 over quota", RCPT, BUSY, False, False),
    (452, "4.5.3 too many recipients", RCPT, BUSY, False, False),
    (454, "4.7.0 temporary authentication failure", AUTH, BUSY, False, False),
    (535, "5.7.8 bad credentials", AUTH, BUSY, False, True),
    (530, "5.7.0 must issue STARTTLS first", MAIL, BUSY, False, True),
    (554, "5.7.1 no access for you", HELLO, BUSY, False, True),
    (550, "5.1.1 user unknown", RCPT, REJECTED, True, False),
    (550, "5.1.2 bad destination", RCPT, REJECTED, True, False),
    (553, "5.1.3 bad syntax", RCPT, REJECTED, True, False),
    (551, "5.1.6 moved", RCPT, REJECTED, True, False),
    (556, "5.1.10 null MX", RCPT, REJECTED, True, False),
    (550, "5.1.1 relay says: user unknown", RCPT, REJECTED, True, False),
    (550, "mailbox not found", RCPT, REJECTED, True, False),
    (550, "Requested action not taken: mailbox unavailable", RCPT, REJECTED, False, False),
    (550, "5.2.1 disabled", RCPT, REJECTED, False, False),
    (552, "5.2.2 mailbox full", RCPT, REJECTED, False, False),
    (552, "5.3.4 message too big", MAIL, REJECTED, False, False),
    (552, "5.3.4 message too big", END, REJECTED, False, False),
    (550, "5.7.1 user unknown to this policy", RCPT, REJECTED, False, False),
    (550, "5.7.26 unauthenticated", END, REJECTED, False, False),
    (550, "5.7.515 access denied, sender does not meet requirements", END, REJECTED, False, False),
    (554, "spam", END, REJECTED, False, False),
    (550, "5.7.1 Unable to relay", RCPT, BUSY, False, True),
    (554, "Relay access denied", RCPT, BUSY, False, True),
    (550, "5.7.1 sender rejected", MAIL, BUSY, False, True),
    (500, "what", MAIL, REJECTED, False, False),
    (503, "5.5.1 bad sequence", DATA, REJECTED, False, False),
    (354, "go on", END, UNKNOWN, False, False),
    (354, "go on", RCPT, BUSY, False, False),
    (250, "ok", DATA, BUSY, False, False),
]


@pytest.mark.parametrize(("code", "text", "stage", "kind", "dead", "halts"), TABLE)
def test_a_reply_comes_to(code: int, text: str, stage: Stage, kind: OutcomeKind, dead: bool, halts: bool) -> None:
    ruling = rule(Reply(code=code, text=text), stage)
    assert (ruling.kind, ruling.invalid_address, ruling.halts) == (kind, dead, halts)


@pytest.mark.parametrize(
    "reply", [(450, "4.2.0 Greylisted"), (451, "4.7.1 try again later"), (451, "greylisting in action")]
)
def test_greylisting_is_tried_again_after_five_minutes(reply: tuple[int, str]) -> None:
    assert rule(Reply(code=reply[0], text=reply[1]), RCPT).retry_after == timedelta(minutes=5)


def test_an_enhanced_code_of_another_class_is_not_believed() -> None:
    assert Reply(code=450, text="5.1.1 user unknown").enhanced == ""
    assert rule(Reply(code=450, text="5.1.1 user unknown"), RCPT).kind is BUSY


def test_reasons_hold_no_addresses_and_no_control_characters() -> None:
    said = Reply(code=550, text="5.1.1 <ann.o'neil+x@readers.example>\x1b[31m: Recipient ann@readers.example rejected")
    assert rule(said, RCPT).reason == "550 5.1.1 <address> [31m: Recipient <address> rejected"
