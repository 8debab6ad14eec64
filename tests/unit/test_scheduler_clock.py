"""A wall clock that jumps is not believed until it has agreed twice."""

from datetime import UTC, datetime, timedelta

import pytest

from alerts.scheduler.clock import ClockWatch

START = datetime(2026, 3, 8, 4, 0, tzinfo=UTC)


def look(watch: ClockWatch, *, wall: timedelta, steady: float) -> timedelta:
    return watch.look(START + wall, 1000 + steady)


def test_a_steady_clock_is_believed_from_the_first_look() -> None:
    watch = ClockWatch()
    for seconds in range(0, 60, 5):
        assert look(watch, wall=timedelta(seconds=seconds), steady=seconds) == timedelta()
        assert watch.believed


@pytest.mark.parametrize(
    "jump", [timedelta(hours=-1), timedelta(seconds=-90), timedelta(minutes=11), timedelta(days=1)]
)
def test_after_a_jump_two_looks_must_agree(jump: timedelta) -> None:
    watch = ClockWatch()
    look(watch, wall=timedelta(), steady=0)
    assert look(watch, wall=jump + timedelta(seconds=5), steady=5) == jump
    believed = [watch.believed]
    for seconds in (10, 15):
        look(watch, wall=jump + timedelta(seconds=seconds), steady=seconds)
        believed.append(watch.believed)
    assert believed == [False, False, True]


@pytest.mark.parametrize("jump", [timedelta(seconds=-50), timedelta(minutes=9), timedelta(seconds=1)])
def test_what_time_servers_correct_every_day_is_no_jump(jump: timedelta) -> None:
    watch = ClockWatch()
    look(watch, wall=timedelta(), steady=0)
    assert look(watch, wall=jump + timedelta(seconds=5), steady=5) == timedelta()
    assert watch.believed


def test_a_second_jump_starts_the_count_anew() -> None:
    watch = ClockWatch()
    look(watch, wall=timedelta(), steady=0)
    look(watch, wall=timedelta(hours=1), steady=5)
    look(watch, wall=timedelta(hours=1, seconds=5), steady=10)
    look(watch, wall=timedelta(seconds=15), steady=15)
    assert not watch.believed
    look(watch, wall=timedelta(seconds=20), steady=20)
    assert not watch.believed
    look(watch, wall=timedelta(seconds=25), steady=25)
    assert watch.believed
