"""When digests are due, above all on the days when the clocks change."""

import random
from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo, available_timezones

import pytest

from alerts.model import Occurrence
from alerts.timetable.occurrences import Rule, due, of_date, upcoming

EVERY_DAY = frozenset(range(7))


def rule(zone: str, *at: str, days: frozenset[int] = EVERY_DAY) -> Rule:
    return Rule(digest="morning", at=at, days=days, zone=zone)


def local_times(zone: str, slot: str, first: str, last: str) -> list[tuple[str, str]]:
    """Nominal date and local due time of everything due from the first date to the last, both included."""
    tz = ZoneInfo(zone)
    after = datetime.combine(date.fromisoformat(first), time(), tz) - timedelta(microseconds=1)
    until = datetime.combine(date.fromisoformat(last), time(23, 59), tz)
    found = due(rule(zone, slot), after=after, until=until)
    return [(str(item.nominal_on), item.due_at.astimezone(tz).strftime("%m-%d %H:%M%z")) for item in found]


class TestClockChanges:
    def test_midnight_in_new_york_is_kept_on_both_sides_of_the_spring_change(self) -> None:
        assert local_times("America/New_York", "00:00", "2026-03-07", "2026-03-10") == [
            ("2026-03-07", "03-07 00:00-0500"),
            ("2026-03-08", "03-08 00:00-0500"),
            ("2026-03-09", "03-09 00:00-0400"),
            ("2026-03-10", "03-10 00:00-0400"),
        ]

    def test_an_hour_that_comes_twice_is_due_the_first_time_only(self) -> None:
        assert local_times("America/New_York", "01:30", "2026-11-01", "2026-11-02") == [
            ("2026-11-01", "11-01 01:30-0400"),
            ("2026-11-02", "11-02 01:30-0500"),
        ]

    def test_a_time_that_never_comes_is_due_at_the_first_instant_after(self) -> None:
        assert local_times("America/New_York", "02:30", "2026-03-08", "2026-03-08") == [
            ("2026-03-08", "03-08 03:00-0400")
        ]

    def test_a_gap_before_midnight_in_nuuk_moves_the_instant_but_not_the_date(self) -> None:
        after = datetime(2026, 3, 28, 12, tzinfo=UTC)
        found = due(rule("America/Nuuk", "23:30"), after=after, until=after + timedelta(days=2))
        assert [(str(item.nominal_on), item.due_at.isoformat()) for item in found] == [
            ("2026-03-28", "2026-03-29T01:00:00+00:00"),
            ("2026-03-29", "2026-03-30T00:30:00+00:00"),
        ]

    @pytest.mark.parametrize("slot", ["00:00", "07:00", "23:30"])
    def test_a_date_that_apia_never_had_has_no_digest(self, slot: str) -> None:
        dates = [nominal_on for nominal_on, _ in local_times("Pacific/Apia", slot, "2011-12-28", "2012-01-01")]
        assert dates == ["2011-12-28", "2011-12-29", "2011-12-31", "2012-01-01"]
        assert of_date(rule("Pacific/Apia", slot), date(2011, 12, 30)) == []

    def test_cairo_whose_clocks_change_at_midnight_loses_no_day(self) -> None:
        assert local_times("Africa/Cairo", "00:00", "2026-04-23", "2026-04-25") == [
            ("2026-04-23", "04-23 00:00+0200"),
            ("2026-04-24", "04-24 01:00+0300"),
            ("2026-04-25", "04-25 00:00+0300"),
        ]

    def test_lord_howe_changes_by_half_an_hour(self) -> None:
        assert local_times("Australia/Lord_Howe", "01:45", "2026-04-05", "2026-04-05") == [
            ("2026-04-05", "04-05 01:45+1100")
        ]
        assert local_times("Australia/Lord_Howe", "02:15", "2026-10-04", "2026-10-04") == [
            ("2026-10-04", "10-04 02:30+1100")
        ]


def oracle(zone: str, slot: str, year: int) -> dict[date, datetime]:
    """Walk the year by quarters of an hour and look at the clock; shares nothing with the planner."""
    tz, start = ZoneInfo(zone), datetime(year, 1, 1, tzinfo=UTC) - timedelta(days=2)
    steps = [start + timedelta(minutes=15 * step) for step in range(370 * 96)]
    clock = [step.astimezone(tz).replace(tzinfo=None) for step in steps]
    furthest = list(accumulate(clock, max))
    dates = {reading.date() for reading in clock if reading.year == year}
    wanted = {day: datetime.combine(day, time.fromisoformat(slot)) for day in dates}
    return {day: steps[bisect_left(furthest, reading)] for day, reading in wanted.items()}


HARD = ["America/New_York", "America/Nuuk", "Pacific/Apia", "Africa/Cairo", "Australia/Lord_Howe", "Asia/Gaza"]
HARD += [
    "Africa/Casablanca",
    "America/Santiago",
    "Asia/Beirut",
    "Asia/Pyongyang",
    "Europe/Volgograd",
    "Antarctica/Troll",
]
SAMPLE = random.Random(2026).sample(sorted(available_timezones()), 12)


@pytest.mark.parametrize("zone", [*HARD, *SAMPLE])
def test_every_date_of_a_year_has_one_occurrence_where_the_clock_says(zone: str) -> None:
    chance = random.Random(zone)
    year = 2011 if zone == "Pacific/Apia" else chance.randint(2012, 2030)
    slot = f"{chance.choice([0, 1, 2, 3, 23])}".rjust(2, "0") + chance.choice([":00", ":30"])
    after = datetime(year, 1, 1, tzinfo=UTC) - timedelta(days=3)
    found = due(rule(zone, slot), after=after, until=after + timedelta(days=373))
    planned = [(item.nominal_on, item.due_at) for item in found if item.nominal_on.year == year]
    assert len({day for day, _ in planned}) == len(planned)
    assert dict(planned) == oracle(zone, slot, year)


class TestPlanning:
    def test_windows_that_touch_neither_lose_nor_double(self) -> None:
        plan = rule("America/New_York", "00:00", "01:30", "02:30")
        chance, instant = random.Random(7), datetime(2026, 10, 25, tzinfo=UTC)
        end, found = instant + timedelta(days=14), list[Occurrence]()
        while instant < end:
            following = min(end, instant + timedelta(minutes=chance.randint(1, 400)))
            found += due(plan, after=instant, until=following)
            instant = following
        assert found == due(plan, after=datetime(2026, 10, 25, tzinfo=UTC), until=end)
        assert len({item.key for item in found}) == len(found) == 14 * 3

    @pytest.mark.parametrize(
        ("zone", "slot", "due_at"),
        [
            ("Pacific/Kiritimati", "07:00", datetime(2026, 1, 4, 17, tzinfo=UTC)),
            ("Pacific/Pago_Pago", "23:00", datetime(2026, 1, 6, 10, tzinfo=UTC)),
        ],
    )
    def test_where_it_is_another_day_than_in_greenwich(self, zone: str, slot: str, due_at: datetime) -> None:
        a_minute = timedelta(minutes=1)
        (found,) = due(rule(zone, slot), after=due_at - a_minute, until=due_at + a_minute)
        assert (found.nominal_on, found.due_at) == (date(2026, 1, 5), due_at)
        assert upcoming(rule(zone, slot), due_at - a_minute, 1) == [found]

    def test_the_instant_itself_belongs_to_the_window_that_ends_with_it(self) -> None:
        plan, instant = rule("Europe/Paris", "07:00"), datetime(2026, 1, 5, 6, tzinfo=UTC)
        assert len(due(plan, after=instant - timedelta(hours=1), until=instant)) == 1
        assert due(plan, after=instant, until=instant + timedelta(hours=1)) == []

    def test_weekdays_are_those_of_the_nominal_date(self) -> None:
        plan = rule("Pacific/Auckland", "07:00", days=frozenset(range(5)))
        found = due(plan, after=datetime(2026, 1, 4, tzinfo=UTC), until=datetime(2026, 1, 18, tzinfo=UTC))
        assert [item.nominal_on.weekday() for item in found] == [0, 1, 2, 3, 4] * 2

    def test_upcoming_looks_past_the_days_that_have_none(self) -> None:
        plan = rule("Europe/Paris", "18:00", "07:00", days=frozenset({3}))
        found = upcoming(plan, datetime(2026, 1, 1, 12, tzinfo=UTC), 3)
        assert [item.key for item in found] == [
            "digest/morning/2026-01-01/18:00/Europe/Paris",
            "digest/morning/2026-01-08/07:00/Europe/Paris",
            "digest/morning/2026-01-08/18:00/Europe/Paris",
        ]

    def test_now_may_be_given_in_any_zone(self) -> None:
        now = datetime(2026, 6, 1, 3, tzinfo=UTC)
        plan = rule("Europe/Paris", "07:00")
        assert upcoming(plan, now, 2) == upcoming(plan, now.astimezone(ZoneInfo("Asia/Tokyo")), 2)

    @pytest.mark.parametrize(
        ("zone", "at", "days"),
        [("Europe/Atlantis", ("07:00",), {0}), ("UTC", ("25:00",), {0}), ("UTC", (), {0}), ("UTC", ("07:00",), set())],
    )
    def test_what_cannot_be_planned_is_refused(self, zone: str, at: tuple[str, ...], days: set[int]) -> None:
        with pytest.raises(ValueError):
            Rule(digest="morning", at=at, days=frozenset(days), zone=zone)
