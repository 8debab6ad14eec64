"""The vault: every value a template prints goes in, an opaque token comes out. Pure but for the nonce.

A token is plain ASCII that neither Jinja nor MJML can misread. The nonce is new for every rendering, so no article can
hold a token; the vault remembers which line of which template printed it, so that errors can name it.
"""

import re
import secrets
import sys
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context as JinjaContext
from jinja2.runtime import Undefined
from markupsafe import Markup

from alerts.errors import TemplateError
from alerts.mail.variant import Slot
from alerts.templating.reader import Deferred


class Constant(Markup):
    """A value that stands in the layout itself: a colour, a direction, a width. Never content."""

    __slots__ = ()


_CONSTANT = re.compile(r"#[0-9a-fA-F]{6}|[A-Za-z0-9][A-Za-z0-9 ,.%-]{0,200}")


def constant(value: object) -> Constant:
    """Let a value pass into the layout as it is. Raises TemplateError for anything but a plain word or colour."""
    text = str(value)
    if not _CONSTANT.fullmatch(text):
        raise TemplateError(f"only a plain word, number or colour may stand in the layout, not {text[:40]!r}")
    return Constant(text)


@dataclass(frozen=True, slots=True)
class Origin:
    """Which line of which template printed a value."""

    template: str
    line: int | None


class Vault:
    """What one rendering printed."""

    def __init__(self) -> None:
        nonce = secrets.token_hex(6)
        self.pattern = re.compile(f"zq{nonce}([er])([0-9]+)qz")
        self._prefix = f"zq{nonce}"
        self._values: list[str] = []
        self._slots: list[Slot] = []
        self._origins: dict[str, Origin] = {}

    def keep(self, value: str) -> str:
        """Take a value; return its token."""
        self._values.append(value)
        return self._token("e", len(self._values) - 1)

    def keep_slot(self, slot: Slot) -> str:
        """Take a slot for the reader; return its token."""
        self._slots.append(slot)
        return self._token("r", len(self._slots) - 1)

    def value(self, token: str) -> str | Slot:
        """Open a token."""
        match = self.pattern.fullmatch(token)
        assert match is not None
        index = int(match[2])
        return self._values[index] if match[1] == "e" else self._slots[index]

    def origin(self, token: str) -> Origin:
        """Tell which line printed a token."""
        return self._origins[token]

    def _token(self, kind: str, index: int) -> str:
        token = f"{self._prefix}{kind}{index}qz"
        self._origins[token] = _printing_line()
        return token


def _printing_line() -> Origin:
    """Find the template line that is printing right now, from the compiled template's frame."""
    frame = sys._getframe(1)
    while frame is not None:
        template = frame.f_globals.get("__jinja_template__")
        if template is not None:
            return Origin(template.name or "", template.get_corresponding_lineno(frame.f_lineno))
        if frame.f_back is None:
            break
        frame = frame.f_back
    return Origin("", None)


#: The vault of the rendering that runs in this thread.
open_vault: ContextVar[Vault] = ContextVar("open_vault")


@pass_context  # without it Jinja would call this once at compile time for constants
def vaulted(context: JinjaContext, value: Any) -> Any:  # noqa: ARG001 - Jinja passes it
    """Replace what a template prints by a token; markup of the templates themselves passes."""
    if isinstance(value, Markup):
        return value
    if isinstance(value, Undefined):
        str(value)  # raises, with the name of what is missing
    vault = open_vault.get()
    if isinstance(value, Deferred):
        return Markup(vault.keep_slot(value.slot))  # noqa: S704 - our own ASCII token
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise TemplateError(f"a {type(value).__name__} cannot be printed; print one of its fields")
    return Markup(vault.keep(str(value)))  # noqa: S704 - our own ASCII token
