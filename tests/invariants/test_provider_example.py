"""The provider that docs/adding-a-provider.md shows works as it stands there."""

import email
import email.policy
import re
import types
from pathlib import Path

import pytest

from alerts.mail.variant import Addressed, Context, Hole, Slot, Variant
from alerts.model import DeliveryId, EditionId, Mailbox, OutcomeKind, SubmissionId
from alerts.ports import Provider
from docs.generate import ROOT

LINK = "https://news.example.org/u/abc"
VARIANT = Variant(
    language="en",
    theme="",
    subject="Ferry runs aground",
    preheader="All are safe.",
    sender=Mailbox(address="alerts@news.example.org", name="The Harbour Post"),
    reply_to=None,
    headers=(("Auto-Submitted", "auto-generated"),),
    text=("All are safe.\n", Hole(Slot.UNSUBSCRIBE_URL, Context.PLAIN), "\n"),
    html=('<p>All are safe. <a href="', Hole(Slot.UNSUBSCRIBE_URL, Context.URL), '">Leave</a></p>'),
    domain="news.example.org",
)


@pytest.fixture
def provider(tmp_path: Path) -> Provider:
    page = (ROOT / "docs" / "adding-a-provider.md").read_text(encoding="utf-8")
    shown = re.search(r"```python\n(.+?)```", page, re.DOTALL)
    assert shown is not None
    module = types.ModuleType("shown")
    exec(compile(shown[1], "docs/adding-a-provider.md", "exec"), module.__dict__)
    opened: Provider = module.open_maildir({"directory": "spool"}, base=tmp_path)
    return opened


def _to(number: int) -> Addressed:
    return Addressed(
        delivery=DeliveryId(number),
        to=Mailbox(address=f"reader{number}@example.org"),
        message_id=f"<e.{number}@news.example.org>",
        slots={Slot.UNSUBSCRIBE_URL: LINK},
        headers=(("List-Unsubscribe", f"<{LINK}>"),),
    )


def test_it_hands_over_whole_mails(provider: Provider, tmp_path: Path) -> None:
    outcomes = list(provider.submit(VARIANT, [_to(1), _to(2)], submission=SubmissionId("s"), edition=EditionId("e")))
    assert [(outcome.delivery, outcome.kind) for outcome in outcomes] == [
        (1, OutcomeKind.ACCEPTED),
        (2, OutcomeKind.ACCEPTED),
    ]
    mails = [
        email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        for path in (tmp_path / "spool" / "new").iterdir()
    ]
    assert sorted(mail["To"] for mail in mails) == ["reader1@example.org", "reader2@example.org"]
    assert provider.check() == []


def test_a_folder_it_cannot_use_is_an_outcome_and_no_exception(provider: Provider, tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("a file where the folder should be")
    outcomes = list(provider.submit(VARIANT, [_to(1)], submission=SubmissionId("s"), edition=EditionId("e")))
    assert [outcome.kind for outcome in outcomes] == [OutcomeKind.BUSY]
    provider.close()
