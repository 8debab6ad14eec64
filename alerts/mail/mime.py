"""The bytes of a mail: a skeleton built once per variant, spliced per reader. Pure.

Everything that readers share is encoded once. Per reader only a few header lines and the slots are written, which costs
a few microseconds where `EmailMessage` costs milliseconds; `prove` holds the result against the standard library's
parser, once per variant.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from functools import lru_cache

from alerts.errors import SendRefused
from alerts.mail import headers
from alerts.mail.fill import escaped, fill
from alerts.mail.variant import Addressed, Hole, Part, Slot, Variant
from alerts.model import DeliveryId, Mailbox

#: RFC 2045 §6.7: quoted-printable lines have at most 76 characters, the soft break's `=` included
_COLUMNS = 76
_SOFT_BREAK = b"=\r\n"
_LITERAL = re.compile(r"[\x20-\x3c\x3e-\x7e]+")

#: written by the skeleton or by `Addressed`; a variant must not bring its own
_OURS = frozenset(["from", "to", "cc", "bcc", "sender", "reply-to", "subject", "date", "message-id", "return-path"]) | {
    *("mime-version", "content-type", "content-transfer-encoding", "list-unsubscribe", "list-unsubscribe-post"),
}
#: what may be of one reader alone
_PERSONAL = frozenset(["list-unsubscribe", "list-unsubscribe-post"])

#: Languages that are written without spaces between words.
_UNSPACED = frozenset(["zh", "ja", "th", "lo", "km", "my", "yue", "wuu"])


def delsp(language: str) -> bool:
    """Tell whether flowed text in a language deletes the space before a break (RFC 3676 `delsp`)."""
    return language.partition("-")[0].lower() in _UNSPACED


class Skeleton:
    """All of a mail but what is of one reader alone. Threads may share one.

    Raises ValueError for a variant whose headers cannot be written.
    """

    def __init__(self, variant: Variant) -> None:
        self.variant = variant
        self._boundary = "=_" + variant.hash[:24]
        self._shared_headers = _shared_headers(variant, self._boundary)
        self._body = self._pieces()

    @property
    def content_type(self) -> str:
        """The value of the mail's own Content-Type."""
        return f'multipart/alternative; boundary="{self._boundary}"'

    def bytes_for(self, addressed: Addressed, *, date: datetime) -> bytes:
        """Write one reader's mail, CRLF throughout.

        Raises ValueError for an address or header of theirs that cannot be written, KeyError for a slot without value.
        """
        head = self.head_for(addressed) + _date_line(date.replace(microsecond=0))
        slots = addressed.slots
        body = [
            piece if isinstance(piece, bytes) else _spliced(escaped(slots[piece.slot], piece.context))
            for piece in self._body
        ]
        return b"".join([head, b"\r\n", *body])

    def head_for(self, addressed: Addressed) -> bytes:
        """Write the headers of one reader's mail, but for the date."""
        head = [
            self._shared_headers,
            headers.mailbox_line("To", addressed.to),
            headers.line("Message-ID", addressed.message_id),
        ]
        for name, value in addressed.headers:
            if name.lower() not in _PERSONAL:
                raise ValueError(f"{name} is no header of one reader alone")
            head.append(headers.line(name, value))
        return b"".join(head)

    def _pieces(self) -> list[bytes | Hole]:
        flowed = "text/plain; charset=utf-8; format=flowed" + ("; delsp=yes" if delsp(self.variant.language) else "")
        opening = f"--{self._boundary}\r\nContent-Type: %s\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        closing = f"\r\n--{self._boundary}--\r\n".encode()
        joined: list[bytes | Hole] = [(opening % flowed).encode()]
        joined += _encoded(self.variant.text)
        joined.append(b"\r\n" + (opening % "text/html; charset=utf-8").encode())
        joined += _encoded(self.variant.html)
        return [*joined, closing]


@lru_cache(maxsize=64)
def _date_line(date: datetime) -> bytes:
    # Thousands of mails are written in one second.
    return headers.line("Date", format_datetime(date.astimezone(UTC)))


def _shared_headers(variant: Variant, boundary: str) -> bytes:
    lines = [headers.mailbox_line("From", variant.sender)]
    if variant.reply_to is not None:
        lines.append(headers.mailbox_line("Reply-To", variant.reply_to))
    lines.append(headers.line("Subject", variant.subject))
    for name, value in variant.headers:
        if name.lower() in _OURS:
            raise ValueError(f"{name} is not for a variant to set")
        lines.append(headers.line(name, value))
    lines.append(b"MIME-Version: 1.0\r\n")
    lines.append(f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n'.encode())
    return b"".join(lines)


# --- quoted-printable -----------------------------------------------------------------------------


def _encoded(part: Part) -> list[bytes | Hole]:
    """Encode a part's literals so that a value may be spliced into each hole."""
    encoded: list[bytes | Hole] = []
    for index, piece in enumerate(part):
        if isinstance(piece, Hole):
            encoded.append(piece)
            continue
        before_hole = index + 1 < len(part)
        raw = quoted_printable(piece, open_end=before_hole)
        # A hole begins on a line of its own, so that no line can grow beyond 76 whatever fills it.
        encoded.append(raw + _SOFT_BREAK if before_hole and not raw.endswith(b"\n") else raw)
    return encoded


def _spliced(value: str) -> bytes:
    """Encode a slot's value; what follows it begins on a new line."""
    if not value:
        return b""
    if _LITERAL.fullmatch(value) and not set(value[:: _COLUMNS - 1]) & {".", "F"}:
        # Nothing to encode: cutting it into rows is enough. Links, the longest of all slots, come this way.
        rows = [value[start : start + _COLUMNS - 1] for start in range(0, len(value), _COLUMNS - 1)]
        return b"".join(row.encode("ascii") + _SOFT_BREAK for row in rows)
    return quoted_printable(value, open_end=True) + _SOFT_BREAK


def quoted_printable(text: str, *, open_end: bool = False) -> bytes:
    """Encode text as quoted-printable UTF-8 with CRLF line ends. Line feeds are line ends, carriage returns are not.

    `open_end` leaves room for a soft break after the last line.
    """
    lines = text.split("\n")
    closed = [_encoded_line(line, room=_COLUMNS) for line in lines[:-1]]
    return b"\r\n".join([*closed, _encoded_line(lines[-1], room=_COLUMNS - 1 if open_end else _COLUMNS)])


def _encoded_line(line: str, *, room: int) -> bytes:
    units = [_UNITS[byte] for byte in line.encode()]
    if units and units[-1] in (b" ", b"\t"):
        # White space at a line's end does not survive transport.
        units[-1] = b"=%02X" % ord(units[-1])
    rows: list[bytes] = []
    row: list[bytes] = []
    column = 0
    for position, unit in enumerate(units):
        last = position == len(units) - 1
        if column + len(unit) > (room if last else _COLUMNS - 1):
            rows.append(b"".join(row))
            row, column = [], 0
        if not row and unit in (b".", b"F"):
            # A leading dot is doubled by SMTP, and a leading `From ` is mangled by mbox; relays get both wrong.
            unit = b"=%02X" % ord(unit)
        row.append(unit)
        column += len(unit)
    rows.append(b"".join(row))
    return _SOFT_BREAK.join(rows)


_UNITS = [bytes([byte]) if 32 <= byte < 127 and byte != 61 else b"=%02X" % byte for byte in range(256)]


# --- proof ----------------------------------------------------------------------------------------

#: Values for slots that try everything: header and encoded-word injection, markup, dots, bidi, every plane.
HOSTILE_SLOTS: Sequence[dict[Slot, str]] = (
    {
        Slot.NAME: "=?utf-8?q?=0D=0ABcc:_x@evil.example?=\r\nBcc: x@evil.example\r\n\r\n.\r\n<script>",
        Slot.ADDRESS: "reader@example.org",
        Slot.UNSUBSCRIBE_URL: "https://news.example.org/u/" + "x" * 200 + "?a=1&b=2",
        Slot.CONFIRM_URL: "https://news.example.org/c/" + "x" * 200 + "?a=1&b=2",
    },
    {
        Slot.NAME: "From \u202eإ é \U0001f469\u200d\U0001f4bb \U0002f800 \x00 \ud800 \"'>\u2028" + "é" * 90,
        Slot.ADDRESS: '"<b>"@example.org',
        Slot.UNSUBSCRIBE_URL: "javascript:alert(1)//\r\n--=_",
        Slot.CONFIRM_URL: "javascript:alert(1)//\r\n--=_",
    },
    dict.fromkeys(Slot, ""),
)


def prove(variant: Variant) -> None:
    """Write mails with hostile readers and hold what the standard library parses against what was meant.

    Raises SendRefused when anything differs: a header, a part, a line that is too long.
    """
    try:
        skeleton = Skeleton(variant)
        for slots in HOSTILE_SLOTS:
            _prove_one(skeleton, slots)
    except ValueError as error:
        raise SendRefused(f"this mail cannot be written: {error}", hint="look at the sender's address") from error


def _prove_one(skeleton: Skeleton, slots: dict[Slot, str]) -> None:
    variant = skeleton.variant
    addressed = Addressed(
        delivery=DeliveryId(1),
        to=Mailbox(address="reader@example.org", name=slots[Slot.NAME]),
        message_id=f"<proof@{variant.domain}>",
        slots=slots,
        headers=(
            ("List-Unsubscribe", "<https://news.example.org/u/" + "x" * 200 + ">, <mailto:u@example.org?subject=u>"),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ),
    )
    date = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    raw = skeleton.bytes_for(addressed, date=date)
    parsed = headers.verify(raw, _expected(variant, addressed, date, skeleton))
    if max(len(line) for line in raw.partition(b"\r\n\r\n")[2].split(b"\r\n")) > _COLUMNS or b"\0" in raw:
        raise SendRefused("a line of the body is too long")
    parts = list(parsed.iter_parts())
    if [part.get_content_type() for part in parts] != ["text/plain", "text/html"] or parsed.defects:
        raise SendRefused("the parts would not arrive as they were written")
    for part, meant in zip(parts, (variant.text, variant.html), strict=True):
        assert isinstance(part, EmailMessage)
        if part.get_content().replace("\r\n", "\n") != fill(meant, slots) or part.defects:
            raise SendRefused(f"the {part.get_content_type()} part would not arrive as it was written")


def _expected(variant: Variant, addressed: Addressed, date: datetime, skeleton: Skeleton) -> list[headers.Expected]:
    expected: list[headers.Expected] = [("From", variant.sender)]
    if variant.reply_to is not None:
        expected.append(("Reply-To", variant.reply_to))
    expected.append(("Subject", headers.clean(variant.subject)))
    expected += variant.headers
    expected += [("MIME-Version", "1.0"), ("Content-Type", skeleton.content_type)]
    expected += [("To", addressed.to), ("Message-ID", addressed.message_id)]
    return [*expected, *addressed.headers, ("Date", format_datetime(date))]
