"""Mails in their envelopes, on their way to one relay or another. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from alerts.model import DeliveryId


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail in its envelope."""

    delivery: DeliveryId
    sender: str
    recipient: str
    #: CRLF throughout, no dots doubled
    content: bytes


class Letters:
    """Letters in a row; one that was not touched may be put back."""

    def __init__(self, letters: Iterator[Letter]) -> None:
        self._letters = letters
        self._returned: list[Letter] = []

    def take(self) -> Letter | None:
        """Take the next one; None: no more."""
        return self._returned.pop() if self._returned else next(self._letters, None)

    @property
    def empty(self) -> bool:
        """Whether none is left."""
        letter = self.take()
        self.put_back(letter)
        return letter is None

    def put_back(self, letter: Letter | None) -> None:
        """Put one back that somebody else must hand over."""
        if letter is not None:
            self._returned.append(letter)
