"""Variant + deliveries → the body of one `POST /v3/mail/send`, within the published limits. Pure.

Nothing is said twice: the variant is serialised once, with a tag in each hole, and each reader adds what differs:
address, own headers, values of the tags, opaque ids. 1,000 readers of a 34 KB mail make 0.4 MB instead of 34 MB.
"""

import re
import secrets
from collections.abc import Iterator, Sequence
from json.encoder import encode_basestring_ascii as quoted

from alerts.mail.fill import escaped, tagged
from alerts.mail.headers import address, clean, line
from alerts.mail.variant import Addressed, Context, Hole, Part, Slot, Variant
from alerts.model import EditionId, Mailbox, SubmissionId

MAX_READERS = 1000
#: "The total message size should not exceed 30 MB", headers of the request included.
MAX_BYTES = 29_000_000
#: for one reader; the documents name 10,000 and 50,000: the smaller one holds in both
MAX_SUBSTITUTION_BYTES = 10_000

#: SendGrid writes these itself and answers 400 to anybody who tries.
RESERVED = frozenset(
    {
        "x-sg-id",
        "x-sg-eid",
        "received",
        "dkim-signature",
        "content-type",
        "content-transfer-encoding",
        "mime-version",
        "to",
        "from",
        "subject",
        "reply-to",
        "cc",
        "bcc",
    }
)
#: Marks the requests of a submission that had to be divided: what is known of one proves nothing of the others.
PART = "part"

# Off, in so many words: left out, the account's settings rewrite links and add a List-Unsubscribe of SendGrid's own.
_TRACKING = (
    '"tracking_settings":{"click_tracking":{"enable":false,"enable_text":false},"open_tracking":{"enable":false},'
    '"subscription_tracking":{"enable":false},"ganalytics":{"enable":false}}'
)


class Unfit(ValueError):
    """This cannot be said to SendGrid; nothing was sent."""


class Form:
    """A variant as request, but for its readers."""

    def __init__(self, variant: Variant) -> None:
        """Serialise what all readers share. Raises Unfit."""
        self._holes = _holes(variant)
        tags = _tags(variant, self._holes)
        self._tags = [(quoted(tags[hole.slot, hole.context]), hole) for hole in self._holes]
        subject = clean(variant.subject)
        text, html = tagged(variant.text, tags), tagged(variant.html, tags)
        if not subject or not text or not html:
            raise Unfit("SendGrid takes no mail without subject, text and HTML")
        headers = ",".join(f"{quoted(name)}:{quoted(_header(name, value))}" for name, value in variant.headers)
        reply_to = f'"reply_to":{_mailbox(variant.reply_to)},' if variant.reply_to else ""
        self._tail = (
            f'],"from":{_mailbox(variant.sender)},{reply_to}"subject":{quoted(subject)},'
            # SendGrid answers 400 unless text comes before HTML.
            f'"content":[{{"type":"text/plain","value":{quoted(text)}}},{{"type":"text/html","value":{quoted(html)}}}],'
            f'"headers":{{{headers}}},{_TRACKING}}}'
        ).encode("ascii")

    def reader(self, delivery: Addressed) -> str:
        """Serialise what is this reader's own, but for the ids of submission and edition. Raises Unfit."""
        headers = [("Message-ID", delivery.message_id), *delivery.headers]
        own = ",".join(f"{quoted(name)}:{quoted(_header(name, value))}" for name, value in headers)
        values = ",".join(
            f"{tag}:{quoted(escaped(delivery.slots[hole.slot], hole.context))}" for tag, hole in self._tags
        )
        if len(values) > MAX_SUBSTITUTION_BYTES:
            raise Unfit("what is this reader's own is longer than SendGrid takes")
        return (
            f'{{"to":[{_recipient(delivery.to)}],"headers":{{{own}}},"substitutions":{{{values}}},'
            f'"custom_args":{{"d":"{int(delivery.delivery)}"'
        )

    def body(
        self, readers: Sequence[str], *, submission: SubmissionId, edition: EditionId, divided: bool = False
    ) -> bytes:
        """Put the readers of one request together."""
        part = f',"p":"{PART}"' if divided else ""
        end = f',"s":{quoted(submission)},"e":{quoted(edition)}{part}}}}}'
        return ('{"personalizations":[' + ",".join(reader + end for reader in readers)).encode("ascii") + self._tail


def _holes(variant: Variant) -> list[Hole]:
    found = {piece: None for piece in (*variant.text, *variant.html) if isinstance(piece, Hole)}
    return list(found)


def _tags(variant: Variant, holes: Sequence[Hole]) -> dict[tuple[Slot, Context], str]:
    """Choose a tag for each hole that nothing in the mail looks like.

    Each context has a tag of its own, for SendGrid does not escape. No `< > &` and no spaces: it refuses them.
    """
    literal = [variant.subject, variant.sender.name, *_literals(variant.text), *_literals(variant.html)]
    while True:
        nonce = secrets.token_hex(4)
        if not any(nonce in text for text in literal):
            break
    return {(hole.slot, hole.context): f"-{nonce}.{index}-" for index, hole in enumerate(holes)}


def _literals(part: Part) -> Iterator[str]:
    return (piece for piece in part if isinstance(piece, str))


def _header(name: str, value: str) -> str:
    if name.lower() in RESERVED:
        raise Unfit(f"SendGrid reserves the header {name}")
    if value.isascii() and value.isprintable() and "=?" not in value:
        return value
    try:
        written = line(name, value).decode("ascii")
    except ValueError as error:
        raise Unfit(str(error)) from error
    return re.sub(r"\r\n(?=[ \t])", "", written.partition(":")[2]).strip()


def _recipient(mailbox: Mailbox) -> str:
    # SendGrid forgets to quote names of recipients, so that `Doe, Jane` becomes two addresses
    # (sendgrid-python #291); it does quote those of senders.
    name = clean(mailbox.name)
    if re.search(r"[,;]", name):
        name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return _mailbox(Mailbox(address=mailbox.address, name=name))


def _mailbox(mailbox: Mailbox) -> str:
    try:
        email = address(mailbox.address)
    except ValueError as error:
        raise Unfit(str(error)) from error
    name = clean(mailbox.name)
    return f'{{"email":{quoted(email)},"name":{quoted(name)}}}' if name else f'{{"email":{quoted(email)}}}'
