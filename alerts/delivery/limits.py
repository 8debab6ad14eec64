"""How fast, and when not at all: a token bucket and a circuit breaker. Pure: the caller tells the time.

Times are seconds of a clock that never goes back. Neither is thread-safe; the dispatcher holds its lock.
"""

from collections import deque

_IN_A_ROW = 5
_LOOKED_AT = 50
_SHARE = 0.3
_FIRST_PAUSE = 30.0
_LONGEST_PAUSE = 900.0
_PROBE = 5


class Bucket:
    """Lets `per_second` deliveries through on average; a submission may overdraw it, the next one waits for that."""

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._debt = 0.0
        self._at: float | None = None

    def wait(self, now: float) -> float:
        """Tell how many seconds to wait before the next submission."""
        self._refill(now)
        return self._debt / self._per_second if self._per_second and self._debt > 0 else 0.0

    def spend(self, deliveries: int, now: float) -> None:
        """Count deliveries that are handed over."""
        self._refill(now)
        self._debt += deliveries

    def at_once(self, wanted: int) -> int:
        """Cut a submission to what a second allows, so that a slow rate does not come in bursts."""
        return max(1, min(wanted, int(self._per_second))) if self._per_second else wanted

    def _refill(self, now: float) -> None:
        passed = now - self._at if self._at is not None else 0.0
        self._at = now
        # what was not used in time is not saved up
        self._debt = max(0.0, self._debt - passed * self._per_second)


class Breaker:
    """Leaves a provider in peace that does not answer: 5 failures in a row, or 30 % of the last 50.

    Open for 30 s, twice as long at every relapse up to 15 min; then one small submission tries whether it is back.
    """

    def __init__(self) -> None:
        self._recent: deque[bool] = deque(maxlen=_LOOKED_AT)
        self._in_a_row = 0
        self._pause = _FIRST_PAUSE
        self._open_until: float | None = None
        self._probing_since: float | None = None
        self._asked_until = 0.0

    @property
    def is_open(self) -> bool:
        """Whether the provider is being left in peace, or tried with care."""
        return self._open_until is not None

    def wait(self, now: float) -> float:
        """Tell how many seconds to wait before the next submission; 0: go on."""
        if now < self._asked_until:
            return self._asked_until - now
        if self._open_until is None:
            return 0.0
        if now < self._open_until:
            return self._open_until - now
        # half open: one probe at a time; a probe that never reports is forgotten after the first pause
        if self._probing_since is not None and now - self._probing_since < _FIRST_PAUSE:
            return min(1.0, _FIRST_PAUSE - (now - self._probing_since))
        return 0.0

    def begin(self, now: float) -> None:
        """Count a submission that begins."""
        if self.is_open:
            self._probing_since = now

    def at_once(self, wanted: int) -> int:
        """Cut the submission that probes."""
        return min(wanted, _PROBE) if self.is_open else wanted

    def report(self, *, trouble: bool, now: float) -> None:
        """Learn what a submission came to."""
        self._probing_since = None
        self._recent.append(trouble)
        self._in_a_row = self._in_a_row + 1 if trouble else 0
        if not trouble and self.is_open:
            self._close()
        elif trouble and (self.is_open or self._too_much()):
            self._trip(now)

    def hold_off(self, seconds: float, now: float) -> None:
        """Wait as long as the provider itself asked for, without calling that a failure."""
        self._probing_since = None
        self._asked_until = max(self._asked_until, now + seconds)

    def _too_much(self) -> bool:
        full = len(self._recent) == _LOOKED_AT
        return self._in_a_row >= _IN_A_ROW or (full and sum(self._recent) > _SHARE * _LOOKED_AT)

    def _trip(self, now: float) -> None:
        if self._open_until is not None and now < self._open_until:
            return  # a submission that was under way when it opened
        relapse = self._open_until is not None
        self._pause = min(self._pause * 2, _LONGEST_PAUSE) if relapse else _FIRST_PAUSE
        self._open_until = now + self._pause

    def _close(self) -> None:
        self._open_until = None
        self._pause = _FIRST_PAUSE
        self._recent.clear()
