"""Work done once for each variant and kept for the next submission: bounded, shared by threads. Pure but for memory."""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

from alerts.mail.variant import Variant

T = TypeVar("T")


class KeptByVariant(Generic[T]):
    """What `make` made of the last few variants.

    An edition has one variant for each language; more than a few at a time are not in flight.
    """

    def __init__(self, make: Callable[[Variant], T], *, size: int = 16) -> None:
        self._make = make
        self._size = size
        self._made: OrderedDict[str, T] = OrderedDict()
        self._lock = Lock()

    def of(self, variant: Variant) -> T:
        """Hand out what was made of a variant, making it if need be."""
        key = variant.hash
        with self._lock:
            if key in self._made:
                self._made.move_to_end(key)
                return self._made[key]
        made = self._make(variant)
        with self._lock:
            self._made[key] = made
            self._made.move_to_end(key)
            while len(self._made) > self._size:
                self._made.popitem(last=False)
        return made
