"""What a template knows of the reader: only that values will stand there. Pure.

There is one rendering for all readers of a variant, so a template can print these and nothing else: whoever computes
with one is told to make a variant instead.
"""

from dataclasses import dataclass, field
from typing import Any, NoReturn

from alerts.errors import TemplateError
from alerts.mail.variant import Slot


class Deferred:
    """A value that is known only when the mail is sent."""

    def __init__(self, slot: Slot) -> None:
        self.slot = slot

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise TemplateError(
            f"reader.{self.slot.value} can only be printed: it is not known until the mail is sent",
            hint="make another variant instead of a condition on the reader",
        )

    __str__ = __bool__ = __len__ = __iter__ = __getitem__ = __call__ = _refuse
    __add__ = __radd__ = __mod__ = __mul__ = __contains__ = __format__ = _refuse
    __lt__ = __le__ = __gt__ = __ge__ = __int__ = __float__ = __html__ = _refuse
    __eq__ = __ne__ = _refuse
    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReaderView:
    """The reader, as far as a template may know."""

    name: Deferred = field(default_factory=lambda: Deferred(Slot.NAME))
    address: Deferred = field(default_factory=lambda: Deferred(Slot.ADDRESS))
    unsubscribe_url: Deferred = field(default_factory=lambda: Deferred(Slot.UNSUBSCRIBE_URL))
    #: of a confirmation
    confirm_url: Deferred = field(default_factory=lambda: Deferred(Slot.CONFIRM_URL))
