"""Tells a provider's outage from a slow reply. Pure but for a lock; times are seconds of a monotonic clock."""

import threading
from collections.abc import Mapping

from alerts.model import OutcomeKind

#: An outage is so many submissions in a row to which the provider said neither yes nor no …
_IN_A_ROW = 2
#: … over at least so many seconds: one hiccup and its quick retry wake nobody.
_SECONDS = 3.0


class Outage:
    """What the last submissions came to. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._in_a_row = 0
        self._since: float | None = None
        self._answered = False

    def hear(self, outcomes: Mapping[OutcomeKind, int], *, now: float) -> None:
        """Learn what a group of deliveries came to; a refusal of a delivery is an answer too."""
        with self._lock:
            if outcomes.get(OutcomeKind.ACCEPTED) or outcomes.get(OutcomeKind.REJECTED):
                self._in_a_row, self._since, self._answered = 0, None, True
            elif any(outcomes.values()):
                self._in_a_row += 1
                self._answered = False
                self._since = now if self._since is None else self._since

    def lasts(self, now: float) -> bool:
        """Tell whether the provider is down."""
        with self._lock:
            return self._in_a_row >= _IN_A_ROW and self._since is not None and now - self._since >= _SECONDS

    @property
    def over(self) -> bool:
        """Whether the last thing heard was an answer."""
        with self._lock:
            return self._answered
