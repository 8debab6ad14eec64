"""Writing header lines, and proving from the bytes that they arrived as meant. Pure.

The standard library writes headers wrongly in ways that matter here: it encodes a long `List-Unsubscribe` (which breaks
one-click, CPython #85725), encodes the domain of an international address, and lets an encoded word in a title become
a header of its own (CVE-2024-6923, open on Python 3.11.7). It is trusted only to parse.
"""

import base64
import email
import email.policy
import re
from collections.abc import Sequence
from email.headerregistry import AddressHeader
from email.message import EmailMessage
from functools import lru_cache

import idna

from alerts.errors import SendRefused
from alerts.mail.fill import one_line
from alerts.model import Mailbox

#: RFC 5322 §2.1.1: lines should be no longer
_WIDTH = 78
#: and must be no longer
_LIMIT = 998
#: RFC 2047 §2: an encoded word has at most 75 characters, twelve of which are `=?utf-8?b?` and `?=`
_WORD = 75 - 12

#: They reorder what a reader sees of a subject or sender: LRM, RLM, ALM, embeddings, overrides, isolates.
_BIDI = dict.fromkeys([0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])

_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOT_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_ASCII_DOMAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.IPv]+\]")
_NAME = re.compile(r"[A-Za-z0-9-]+")
_PRINTABLE = re.compile(r"[\x20-\x7e]*")


def clean(text: str) -> str:
    """Make text fit for a header: one line, no bidirectional controls, nothing that reads as an encoded word."""
    return one_line(text.translate(_BIDI)).replace("=?", "= ?")


def line(name: str, value: str) -> bytes:
    """Write a header that is not an address: folded, CRLF at its end.

    `Subject` holds any text. Everything else is machine-read and goes out as it is, never encoded, folded only at
    spaces. Raises ValueError where that cannot be.
    """
    known = _lowered(name)
    if known in ("subject", "comments"):
        return _unstructured(name, clean(value))
    if known == "list-id":
        return _list_id(name, value)
    if not _PRINTABLE.fullmatch(value) or "=?" in value:
        raise ValueError(f"{name} holds what no header may hold")
    return _folded(name, value.split())


def mailbox_line(name: str, mailbox: Mailbox) -> bytes:
    """Write a header that is one address with its display name. Raises ValueError for an unwritable address."""
    _lowered(name)
    shown = clean(mailbox.name)
    angle = f"<{address(mailbox.address)}>"
    if not shown:
        return _folded(name, [angle[1:-1]])
    return _folded(name, [*_phrase(name, shown), angle])


def address(written: str) -> str:
    """Write an address in ASCII: an international domain as IDNA.

    Raises ValueError for a local part outside ASCII, which only SMTPUTF8 could carry.
    """
    local, at, domain = written.rpartition("@")
    if not at or not domain:
        raise ValueError("no @ in the address")
    if not local.isascii():
        raise ValueError("the part before the @ is not ASCII, which few mail servers accept")
    if not _PRINTABLE.fullmatch(local) or not local:
        raise ValueError("the part before the @ cannot be written")
    if not _DOT_ATOM.fullmatch(local) and not re.fullmatch(r'"(?:[^"\\]|\\.)*"', local):
        local = _quoted(local)
    return f"{local}@{ascii_domain(domain)}"


def ascii_domain(domain: str) -> str:
    """Write a domain in ASCII. Raises ValueError where that cannot be."""
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode("ascii")
        except idna.IDNAError as error:
            raise ValueError(f"the domain cannot be written: {error}") from error
    if not _ASCII_DOMAIN.fullmatch(domain):
        raise ValueError("the domain cannot be written")
    return domain


@lru_cache(maxsize=256)
def _lowered(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError("no name of a header")
    return name.lower()


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _phrase(name: str, text: str) -> list[str]:
    """Write a display name as words that may be folded between."""
    if not text.isascii() or len(text) > _WIDTH // 2:
        # A quoted string cannot be folded, an encoded one can.
        return _encoded_words(text, first=_WIDTH - len(name) - 2)
    return text.split(" ") if _ATOM.fullmatch(text) else [_quoted(text)]


def _list_id(name: str, value: str) -> bytes:
    phrase, _, identifier = value.rpartition("<")
    if not re.fullmatch(r"[A-Za-z0-9.-]+>", identifier):
        raise ValueError("List-Id is not `name <id.domain>`")
    shown = clean(phrase)
    return _folded(name, [*(_phrase(name, shown) if shown else []), "<" + identifier])


def _unstructured(name: str, text: str) -> bytes:
    if text.isascii() and all(len(word) < _LIMIT - len(name) - 2 for word in text.split(" ")):
        return _folded(name, text.split(" "))
    return _folded(name, _encoded_words(text, first=_WIDTH - len(name) - 2))


def _encoded_words(text: str, *, first: int) -> list[str]:
    """Write text as RFC 2047 words, none longer than allowed, none breaking a character."""
    room = min(_WORD, first - 12) // 4 * 3
    if len(whole := text.encode()) <= room:
        return [_encoded_word(whole)]
    words: list[str] = []
    pending = b""
    for character in text:
        raw = character.encode()
        if len(pending) + len(raw) > room:
            words.append(_encoded_word(pending))
            pending, room = b"", _WORD // 4 * 3
        pending += raw
    return [*words, _encoded_word(pending)]


def _encoded_word(raw: bytes) -> str:
    return f"=?utf-8?b?{base64.b64encode(raw).decode()}?="


def _folded(name: str, words: Sequence[str]) -> bytes:
    """Join words by spaces, or by a fold where the line would grow too long."""
    whole = f"{name}: {' '.join(words)}"
    if len(whole) <= _WIDTH:
        return whole.encode("ascii") + b"\r\n"
    written = name + ":"
    column = len(written)
    for index, word in enumerate(words):
        if index and column + 1 + len(word) > _WIDTH:
            written += "\r\n"
            column = 0
        written += " " + word
        column += 1 + len(word)
        if column > _LIMIT:
            raise ValueError(f"{name} is too long for a header")
    return written.encode("ascii") + b"\r\n"


# --- proof ----------------------------------------------------------------------------------------

#: What a header must say once parsed: text, or a mailbox.
Expected = tuple[str, str | Mailbox]


def verify(message: bytes, expected: Sequence[Expected]) -> EmailMessage:
    """Parse a message back and hold every header against what was meant; return what was parsed.

    Raises SendRefused when a header is missing, added, altered or broken: then a mail must not go out.
    """
    head, blank, _ = message.partition(b"\r\n\r\n")
    if not blank:
        raise _differs("the end of the headers")
    for physical in head.split(b"\r\n"):
        if len(physical) > _LIMIT or not re.fullmatch(rb"[\x20-\x7e]+", physical) or not physical.strip():
            raise _differs("a header line")
    names = [name.lower() for name, _ in expected]
    own = [re.split(rb":", physical)[0].decode().lower() for physical in head.split(b"\r\n") if physical[:1] != b" "]
    if own != names:
        raise _differs("the set of headers")
    parsed = email.message_from_bytes(message, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    if [name.lower() for name in parsed.keys()] != names:  # noqa: SIM118 - keys() repeats a repeated header
        raise _differs("the set of headers")
    for (name, meant), arrived in zip(expected, parsed.values(), strict=True):
        if getattr(arrived, "defects", ()) or not _same(meant, arrived):
            raise _differs(name)
    return parsed


def _same(meant: str | Mailbox, arrived: object) -> bool:
    if isinstance(meant, str):
        return " ".join(str(arrived).split()) == " ".join(meant.split())
    if not isinstance(arrived, AddressHeader) or len(arrived.addresses) != 1:
        return False
    (found,) = arrived.addresses
    # The parser wrongly keeps the space between adjacent encoded words of a phrase (RFC 2047 §6.2), so spaces are not
    # compared in names.
    return found.addr_spec == address(meant.address) and _unspaced(found.display_name) == _unspaced(clean(meant.name))


def _unspaced(text: str) -> str:
    return "".join(text.split())


def _differs(what: str) -> SendRefused:
    return SendRefused(
        f"{what} would not arrive as it was written; this mail is not safe to send",
        hint="look at subject and sender name for unusual characters",
    )
