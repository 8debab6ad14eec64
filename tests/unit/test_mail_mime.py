"""The bytes of a mail: whatever fills the slots, what arrives is what was meant."""

import email
import email.policy
import re
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.errors import SendRefused
from alerts.mail.fill import BLOCKED, escaped, fill, tagged
from alerts.mail.mime import Skeleton, prove, quoted_printable
from alerts.mail.variant import Addressed, Context, Hole, Slot, Variant
from alerts.model import DeliveryId, Mailbox

NOW = datetime(2026, 3, 3, 9, 40, tzinfo=UTC)
LEAVE_URL = "https://news.example.org/u/c3Vic2NyaWJlcg.bWFj?scope=alerts&x=1"

VARIANT = Variant(
    language="en",
    theme="default",
    subject="Zürich: ferry runs aground — 214 safe",
    preheader="Lifeboats are out.",
    sender=Mailbox(address="alerts@news.example.org", name='The "Harbour" Post, Ltd.'),
    reply_to=Mailbox(address="desk@exämple.org", name="Nachrichten für alle"),
    headers=(("List-Id", "The Harbour Post <alerts.news.example.org>"), ("Auto-Submitted", "auto-generated")),
    text=(
        "Hello ",
        Hole(Slot.NAME, Context.PLAIN),
        ",\n.\nFrom here on: é \n\n" + "long " * 40 + "\n",
        Hole(Slot.UNSUBSCRIBE_URL, Context.PLAIN),
        "\n",
    ),
    html=(
        "<p>" + "Ünïcödé " * 20,
        Hole(Slot.NAME, Context.HTML),
        '</p>\n<a href="',
        Hole(Slot.UNSUBSCRIBE_URL, Context.URL),
        '">Leave</a> ',
        Hole(Slot.ADDRESS, Context.HTML),
        "\n",
    ),
    domain="news.example.org",
)


def addressed(**slots: str) -> Addressed:
    values = {"name": "Ada", "address": "ada@example.org", "unsubscribe_url": LEAVE_URL} | slots
    return Addressed(
        delivery=DeliveryId(7),
        to=Mailbox(address="ada@example.org", name=values["name"]),
        message_id="<7.1@news.example.org>",
        slots={Slot(name): value for name, value in values.items()},
        headers=(
            ("List-Unsubscribe", f"<{LEAVE_URL}>, <mailto:leave@news.example.org?subject=7>"),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ),
    )


def parsed(raw: bytes) -> EmailMessage:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def bodies(raw: bytes) -> tuple[str, str]:
    text, page = parsed(raw).iter_parts()
    assert isinstance(text, EmailMessage)
    assert isinstance(page, EmailMessage)
    assert (text.get_content_type(), page.get_content_type()) == ("text/plain", "text/html")
    return text.get_content().replace("\r\n", "\n"), page.get_content().replace("\r\n", "\n")


def test_a_mail_holds_every_header_once_and_both_parts() -> None:
    message = parsed(Skeleton(VARIANT).bytes_for(addressed(), date=NOW))
    assert message.keys() == [
        *("From", "Reply-To", "Subject", "List-Id", "Auto-Submitted", "MIME-Version", "Content-Type"),
        *("To", "Message-ID", "List-Unsubscribe", "List-Unsubscribe-Post", "Date"),
    ]
    assert message["Subject"] == VARIANT.subject
    assert message["From"].addresses[0].display_name == 'The "Harbour" Post, Ltd.'
    assert message["Reply-To"].addresses[0].addr_spec == "desk@xn--exmple-cua.org"
    assert message["Date"].datetime == NOW
    assert message["Message-ID"] == "<7.1@news.example.org>"
    assert message["List-Unsubscribe"] == f"<{LEAVE_URL}>, <mailto:leave@news.example.org?subject=7>"
    assert not message.defects


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(exclude_categories=[]), max_size=200), st.text(max_size=200))
def test_whatever_fills_the_slots_arrives_equal(name: str, link: str) -> None:
    reader = addressed(name=name, unsubscribe_url="https://news.example.org/u/" + link)
    raw = Skeleton(VARIANT).bytes_for(reader, date=NOW)
    assert bodies(raw) == (fill(VARIANT.text, reader.slots), fill(VARIANT.html, reader.slots))
    body = raw.partition(b"\r\n\r\n")[2]
    assert max(map(len, body.split(b"\r\n"))) <= 76
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", raw)
    assert raw.isascii()


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=400))
def test_quoted_printable_is_what_the_standard_library_reads(text: str) -> None:
    import quopri

    encoded = quoted_printable(text)
    assert quopri.decodestring(encoded).replace(b"\r\n", b"\n") == text.encode()
    for line in encoded.split(b"\r\n"):
        assert len(line) <= 76
        assert not line.startswith((b".", b"From "))
        assert not line.endswith((b" ", b"\t"))


def test_lines_that_relays_mangle_are_encoded() -> None:
    assert quoted_printable(".\nFrom me\n a ") == b"=2E\r\n=46rom me\r\n a=20"
    assert quoted_printable("x" * 76) == b"x" * 76
    assert quoted_printable("x" * 77) == b"x" * 75 + b"=\r\nxx"
    assert quoted_printable("x" * 76, open_end=True) == b"x" * 75 + b"=\r\nx"


def test_two_readers_never_share_what_is_theirs() -> None:
    skeleton = Skeleton(VARIANT)
    first = skeleton.bytes_for(addressed(name="Ada"), date=NOW)
    second = skeleton.bytes_for(addressed(name="Grace"), date=NOW)
    assert b"Ada" in first
    assert b"Ada" not in second.replace(b"ada@example.org", b"")
    assert skeleton.bytes_for(addressed(name="Ada"), date=NOW) == first


def test_the_skeleton_is_equal_to_what_the_standard_library_would_build() -> None:
    reader = addressed()
    built = EmailMessage()
    built["Subject"] = VARIANT.subject
    built.set_content(fill(VARIANT.text, reader.slots))
    built.add_alternative(fill(VARIANT.html, reader.slots), subtype="html")
    assert bodies(Skeleton(VARIANT).bytes_for(reader, date=NOW)) == bodies(built.as_bytes())


def test_a_variant_may_not_bring_headers_that_are_not_its_own() -> None:
    for name in ("Bcc", "from", "Content-Type", "List-Unsubscribe"):
        with pytest.raises(ValueError, match="not for a variant"):
            Skeleton(replace(VARIANT, headers=((name, "x@example.org"),)))


def test_a_reader_may_not_bring_headers_that_all_share() -> None:
    reader = replace(addressed(), headers=(("Bcc", "x@evil.example"),))
    with pytest.raises(ValueError, match="Bcc"):
        Skeleton(VARIANT).bytes_for(reader, date=NOW)


def test_proving_passes_a_sound_variant_and_refuses_one_that_cannot_be_written() -> None:
    prove(VARIANT)
    with pytest.raises(SendRefused):
        prove(replace(VARIANT, sender=Mailbox(address="rédaction@example.org")))
    with pytest.raises(SendRefused):
        prove(replace(VARIANT, headers=(("X-Note", "é"),)))


def test_proving_notices_a_skeleton_that_writes_something_else(monkeypatch: pytest.MonkeyPatch) -> None:
    from alerts.mail import mime

    monkeypatch.setattr(mime, "_spliced", lambda value: value.encode())
    with pytest.raises(SendRefused):
        prove(VARIANT)


@pytest.mark.parametrize(
    ("value", "context", "written"),
    [
        ("<b>&'\"", Context.HTML, "&lt;b&gt;&amp;&#x27;&quot;"),
        ("<b>&", Context.PLAIN, "<b>&"),
        ("two\r\nlines", Context.PLAIN, "two lines"),
        ("https://a.example/?a=1&b=2", Context.URL, "https://a.example/?a=1&amp;b=2"),
        ("mailto:a@b.example", Context.URL, "mailto:a@b.example"),
        ("javascript:alert(1)", Context.URL, BLOCKED),
        ("java\x01script:alert(1)", Context.URL, BLOCKED),
        (" https://a.example/", Context.URL, "https://a.example/"),
        ("https://a.example/ onclick=x", Context.URL, BLOCKED),
        ("https:\\\\evil.example", Context.URL, BLOCKED),
        ("data:text/html,x", Context.URL, BLOCKED),
        ("//evil.example/", Context.URL, BLOCKED),
    ],
)
def test_a_value_is_escaped_for_the_place_it_stands_in(value: str, context: Context, written: str) -> None:
    assert escaped(value, context) == written


def test_tags_stand_where_values_would() -> None:
    tags = {(slot, context): f"%%{slot.value}.{context.value}%%" for slot in Slot for context in Context}
    assert tagged(VARIANT.html, tags).endswith('<a href="%%unsubscribe_url.url%%">Leave</a> %%address.html%%\n')


def test_a_slot_without_a_value_is_an_error_not_a_gap() -> None:
    with pytest.raises(KeyError):
        fill(VARIANT.text, {})


def test_languages_without_spaces_say_that_the_break_is_deleted() -> None:
    raw = Skeleton(replace(VARIANT, language="ja")).bytes_for(addressed(), date=NOW)
    text = next(parsed(raw).iter_parts())
    assert text["Content-Type"].params["delsp"] == "yes"
    assert text["Content-Type"].params["format"] == "flowed"
