"""Headers: any text arrives as it was meant, and nothing else arrives with it."""

import email
import email.policy
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.errors import SendRefused
from alerts.mail import headers
from alerts.model import Mailbox

ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=300)
PAYLOADS = st.sampled_from(
    [
        "=?utf-8?q?=0D=0ABcc:_x@evil.example?=",
        "\r\nBcc: x@evil.example\r\n\r\n<script>",
        "=\u200f?utf-8?b?DQpCY2M6IHhAZXZpbC5leGFtcGxl?=",
        "\x00\x85\u2028\ud800",
        "\u202egnp.exe",
        "a" * 1200,
        "word " * 200,
        "👩\u200d💻" * 40,
        '"quoted" \\ (comment) <x@y.example>, more: ;',
    ]
)
HOSTILE = st.lists(PAYLOADS | ANY_TEXT, max_size=4).map("".join)


def parsed(raw: bytes) -> email.message.EmailMessage:
    found = email.message_from_bytes(raw + b"\r\n", policy=email.policy.default)
    assert isinstance(found, email.message.EmailMessage)
    return found


@given(HOSTILE)
def test_a_subject_arrives_as_it_was_cleaned_and_brings_no_other_header(text: str) -> None:
    raw = headers.line("Subject", text)
    found = parsed(raw)
    assert found.keys() == ["Subject"]
    assert found["Subject"] == headers.clean(text)
    assert not found["Subject"].defects
    for line in raw.removesuffix(b"\r\n").split(b"\r\n"):
        assert len(line) <= 998
        assert line.isascii()
    for word in raw.split():
        assert not word.startswith(b"=?") or len(word) <= 75


@given(HOSTILE)
def test_a_subject_survives_being_written_again_by_the_standard_library(text: str) -> None:
    """CVE-2024-6923: what a relay in Python makes of our mail must not grow a header either."""
    again = parsed(headers.line("Subject", text)).as_bytes(policy=email.policy.SMTP)
    assert parsed(again.removesuffix(b"\r\n")).keys() == ["Subject"]


@given(HOSTILE)
def test_a_display_name_arrives_beside_its_address(name: str) -> None:
    raw = headers.mailbox_line("From", Mailbox(address="desk@example.org", name=name))
    message = raw + b"\r\nbody"
    headers.verify(message, [("From", Mailbox(address="desk@example.org", name=name))])


def test_cleaning_takes_out_what_hides_or_reorders() -> None:
    assert headers.clean("a\u202eb\u200f c\r\n\td\x00e") == "ab c de"
    assert headers.clean("=?x?=") == "= ?x?="
    # Taking a control out must not put an encoded word together.
    assert "=?" not in headers.clean("=\u202e?utf-8?q?x?=")
    assert headers.clean("naïve 日本 ش") == "naïve 日本 ش"


def test_a_long_unsubscribe_header_is_never_encoded_and_folded_only_between_links() -> None:
    https, mailto = f"<https://news.example.org/u/{'x' * 300}>", "<mailto:leave@example.org?subject=leave>"
    raw = headers.line("List-Unsubscribe", f"{https}, {mailto}")
    assert raw == f"List-Unsubscribe: {https},\r\n {mailto}\r\n".encode()
    assert parsed(raw)["List-Unsubscribe"] == f"{https}, {mailto}"


@pytest.mark.parametrize("value", ["<https://exämple.org/>", "x\r\nBcc: y", "=?utf-8?q?x?=", "tab\there"])
def test_machine_read_headers_hold_only_what_they_may(value: str) -> None:
    with pytest.raises(ValueError, match="List-Unsubscribe"):
        headers.line("List-Unsubscribe", value)


def test_header_names_are_no_way_in() -> None:
    with pytest.raises(ValueError, match="name"):
        headers.line("Subject: x\r\nBcc", "y")


@pytest.mark.parametrize(
    ("written", "ascii_form"),
    [
        ("reader@example.org", "reader@example.org"),
        ("reader@exämple.org", "reader@xn--exmple-cua.org"),
        ("leser@müller.example", "leser@xn--mller-kva.example"),
        ("a b@example.org", '"a b"@example.org'),
        ("o'neill+news@example.org", "o'neill+news@example.org"),
    ],
)
def test_addresses_are_written_in_ascii(written: str, ascii_form: str) -> None:
    assert headers.address(written) == ascii_form


@pytest.mark.parametrize(
    "written", ["", "nobody", "@example.org", "x@", "ä@example.org", "x@exam ple.org", "x\r\n@a.b"]
)
def test_an_address_that_cannot_be_written_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"address|@|domain"):
        headers.address(written)


def test_a_list_id_may_have_a_name_in_any_script() -> None:
    found = parsed(headers.line("List-Id", "Échos du port <morning.news.example.org>"))
    assert found["List-Id"] == "Échos du port <morning.news.example.org>"
    with pytest.raises(ValueError, match="List-Id"):
        headers.line("List-Id", "no identifier")


@pytest.mark.parametrize(
    "tampered",
    [
        b"Subject: Hello\r\nBcc: x@evil.example\r\n\r\nbody",
        b"Subject: Hell\r\n\r\nbody",
        b"Subject: Hello\r\nSubject: Hello\r\n\r\nbody",
        b"Subject: Hello\r\n\r\n".replace(b"Hello", b"Hello\nX: y"),
        b"Subject: Hello\n\nbody",
        b"\r\nSubject: Hello",
    ],
)
def test_verifying_notices_what_was_added_altered_or_broken(tampered: bytes) -> None:
    headers.verify(b"Subject: Hello\r\n\r\nbody", [("Subject", "Hello")])
    with pytest.raises(SendRefused):
        headers.verify(tampered, [("Subject", "Hello")])


def test_no_control_character_of_any_plane_reaches_a_header() -> None:
    every_control = "".join(chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) in ("Cc", "Cs"))
    assert not {unicodedata.category(character) for character in headers.clean(every_control)} & {"Cc", "Cs"}
