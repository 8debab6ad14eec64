"""Watches for jumps of the wall clock: a wrong date must not open digests. Pure: both clocks are passed in."""

from datetime import datetime, timedelta

#: The wall clock may lag behind or run ahead of the steady one by so much between two looks.
BACKWARD, FORWARD = timedelta(seconds=60), timedelta(minutes=10)
#: Looks in a row that must agree before a new time is believed.
_AGREEING = 2


class ClockWatch:
    """Compares the wall clock with a clock that never jumps."""

    def __init__(self) -> None:
        self._wall: datetime | None = None
        self._steady = 0.0
        self._doubts = 0

    def look(self, wall: datetime, steady: float) -> timedelta:
        """Learn both times; return by how much the wall clock jumped since the last look (zero: it did not)."""
        jump = timedelta()
        if self._wall is not None:
            drift = (wall - self._wall) - timedelta(seconds=steady - self._steady)
            if drift < -BACKWARD or drift > FORWARD:
                jump = drift
        self._wall, self._steady = wall, steady
        self._doubts = _AGREEING if jump else max(0, self._doubts - 1)
        return jump

    @property
    def believed(self) -> bool:
        """Whether the wall clock agreed with the steady one for long enough."""
        return self._doubts == 0
