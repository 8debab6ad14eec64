"""What one rendering of an edition is: text with slots for the subscriber. Pure.

A slot is the only thing that differs between two readers of one variant. Everything else is frozen in the ledger
before the first mail goes out, so nothing is rendered at send time.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from alerts.model import DeliveryId, Mailbox


class Slot(StrEnum):
    """What may differ from reader to reader."""

    NAME = "name"
    ADDRESS = "address"
    #: https page that shows a button; POST leaves
    UNSUBSCRIBE_URL = "unsubscribe_url"
    #: https page that shows a button; POST confirms a sign-up
    CONFIRM_URL = "confirm_url"


class Context(StrEnum):
    """Where a slot stands, which decides how its value is escaped."""

    #: plain-text part: as it is
    PLAIN = "plain"
    #: HTML text or quoted attribute
    HTML = "html"
    #: href: escaped, and only http, https or mailto
    URL = "url"


@dataclass(frozen=True, slots=True)
class Hole:
    """A place in a part that a slot's value fills."""

    slot: Slot
    context: Context


#: A body part: literal text and holes, in order.
Part = tuple[str | Hole, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One rendering of an edition: language, theme, content."""

    language: str
    theme: str
    subject: str
    preheader: str
    sender: Mailbox
    reply_to: Mailbox | None
    #: shared by all readers, unfolded: List-Id, Feedback-ID, Auto-Submitted, References …
    headers: tuple[tuple[str, str], ...]
    text: Part
    html: Part
    #: right-hand side of Message-IDs
    domain: str

    @property
    def hash(self) -> str:
        """SHA-256 of everything in it, hex."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def to_json(self) -> str:
        """Write it as JSON; `from_json` reads it back equal."""
        return json.dumps(
            {
                "language": self.language,
                "theme": self.theme,
                "subject": self.subject,
                "preheader": self.preheader,
                "sender": [self.sender.address, self.sender.name],
                "reply_to": [self.reply_to.address, self.reply_to.name] if self.reply_to else None,
                "headers": [list(pair) for pair in self.headers],
                "text": [_piece_out(piece) for piece in self.text],
                "html": [_piece_out(piece) for piece in self.html],
                "domain": self.domain,
            },
            ensure_ascii=False,
            sort_keys=True,
        )

    @classmethod
    def from_json(cls, written: str) -> "Variant":
        """Read what `to_json` wrote."""
        raw: Mapping[str, Any] = json.loads(written)
        return cls(
            language=raw["language"],
            theme=raw["theme"],
            subject=raw["subject"],
            preheader=raw["preheader"],
            sender=Mailbox(address=raw["sender"][0], name=raw["sender"][1]),
            reply_to=Mailbox(address=raw["reply_to"][0], name=raw["reply_to"][1]) if raw["reply_to"] else None,
            headers=tuple((name, value) for name, value in raw["headers"]),
            text=tuple(_piece_in(piece) for piece in raw["text"]),
            html=tuple(_piece_in(piece) for piece in raw["html"]),
            domain=raw["domain"],
        )


def _piece_out(piece: str | Hole) -> str | list[str]:
    return piece if isinstance(piece, str) else [piece.slot.value, piece.context.value]


def _piece_in(piece: str | list[str]) -> str | Hole:
    return piece if isinstance(piece, str) else Hole(Slot(piece[0]), Context(piece[1]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressed:
    """One delivery, ready to be handed over: to whom, and what fills the slots."""

    delivery: DeliveryId
    to: Mailbox
    #: `<…@domain>`, the same at every retry
    message_id: str
    #: a value for every slot of the variant
    slots: Mapping[Slot, str]
    #: headers of this reader alone: List-Unsubscribe, List-Unsubscribe-Post
    headers: tuple[tuple[str, str], ...] = ()
