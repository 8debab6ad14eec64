"""Which addresses are read, and as what."""

import email_validator
import pytest
from email_validator import EmailNotValidError, validate_email
from email_validator.rfc_constants import CASE_INSENSITIVE_MAILBOX_NAMES
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alerts.audience import address
from alerts.audience.address import normalise


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("anna@example.org", "anna@example.org"),
        ("  anna@example.org\t", "anna@example.org"),
        ("\ufeffanna@example.org", None),
        ("Anna.Lee+News@Example.ORG", "Anna.Lee+News@example.org"),
        ("a.n.n.a@example.org", "a.n.n.a@example.org"),
        ("anna@bücher.example.org", "anna@bücher.example.org"),
        ("anna@xn--bcher-kva.example.org", "anna@bücher.example.org"),
        ("jose\u0301@example.org", "josé@example.org"),
        ("Postmaster@example.org", "postmaster@example.org"),
    ],
)
def test_an_address_is_read(written: str, read: str | None) -> None:
    if read is None:
        with pytest.raises(ValueError):
            normalise(written)
    else:
        assert normalise(written) == read


@pytest.mark.parametrize(
    "written",
    [
        "",
        "anna",
        "anna@@example.org",
        "anna@example",
        "anna@example.org.",
        "Anna <anna@example.org>",
        "anna@example.org, bert@example.org",
        "anna..lee@example.org",
        ".anna@example.org",
        "anna@-example.org",
        "anna@example.test",
        "anna@localhost",
        "anna@[127.0.0.1]",
        "anna@example.org\nBcc: all@example.org",
        "anna@example.1234",
        f"{'a' * 65}@example.org",
        f"anna@{'a' * 64}.org",
        f"anna@{'.'.join(['abcdefgh'] * 30)}.org",
    ],
)
def test_what_is_no_address_is_refused_in_words(written: str) -> None:
    with pytest.raises(ValueError, match=r"\w+ \w+"):
        normalise(written)


def by_email_validator(text: str) -> str | None:
    try:
        return validate_email(text, check_deliverability=False, strict=True).normalized
    except EmailNotValidError:
        return None


LOCAL = st.text("abzAZ019.+-_!#'/=@ \"", max_size=12)
LABEL = st.text("abzAZ019-", max_size=6)
LIKE_ADDRESSES = st.builds(
    lambda local, labels, end: f"{local}@{'.'.join(labels)}{end}",
    st.one_of(LOCAL, st.sampled_from(["News", "info", "a" * 64, "a" * 65])),
    st.lists(LABEL, min_size=1, max_size=4),
    st.sampled_from([".org", ".ORG", ".test", ".Local", ".xn--p1ai", ".1", "", ".o-g", ".c"]),
)


@settings(max_examples=1500, deadline=None)
@given(LIKE_ADDRESSES)
@example("a@ab--c.org")
@example("a@a.b--.org")
@example("NEWS@example.org")
@example(f"{'a' * 64}@{'.'.join(['b' * 61] * 3)}.org")
def test_the_quick_way_agrees_with_email_validator(text: str) -> None:
    try:
        ours = normalise(text)
    except ValueError:
        ours = None
    assert ours == by_email_validator(text.strip())


def test_the_quick_way_is_the_usual_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address, "_normalise_any", lambda text: pytest.fail(f"{text} went the slow way"))
    for plain in ("anna@example.org", "Anna.Lee+news@mail.Example.co.uk", "a_b'c@x-y.example.org"):
        normalise(plain)


def test_what_the_quick_way_knows_by_heart_is_what_the_library_knows() -> None:
    assert set(email_validator.SPECIAL_USE_DOMAIN_NAMES) == address._SPECIAL
    assert set(CASE_INSENSITIVE_MAILBOX_NAMES) == address._ROLES
