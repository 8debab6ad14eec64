"""Plans the due times of a digest. Pure: never looks at a clock.

An occurrence is known by its nominal local date, slot and zone, whatever the clocks did: so a clock change can neither
skip nor double one (the cron triggers of APScheduler did both, research/reliability F1).

    the slot stands on the clock once     it is due then
    twice (clocks went back)              it is due the first time
    never (clocks went forward)           it is due at the first instant after the gap, even if that is past midnight
    never, for there was no such date     there is no occurrence (Apia had no 30 December 2011)
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import islice
from zoneinfo import ZoneInfo

from alerts.model import Occurrence

_DAY = timedelta(days=1)
#: a local date lies at most so far from the UTC date of its instants, a gap of the length of a day included
_SLACK = timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When a digest goes out: at local times of some weekdays in a zone."""

    digest: str
    #: local times as written, `07:00`
    at: tuple[str, ...]
    #: of the nominal local date; Monday is 0
    days: frozenset[int]
    #: IANA name
    zone: str

    def __post_init__(self) -> None:
        """Refuse what cannot be planned: an unknown zone, a time that is none, no day at all."""
        try:
            ZoneInfo(self.zone)
        except (KeyError, ValueError, OSError):
            raise ValueError(f'"{self.zone}" is no IANA time zone') from None
        if not self.at or not self.days or not self.days <= set(range(7)):
            raise ValueError("a rule needs at least one time, and days from 0 (Monday) to 6")
        _slots(self.at)


def due(rule: Rule, *, after: datetime, until: datetime) -> list[Occurrence]:
    """List the occurrences due after an instant and no later than another, in the order in which they are due."""
    first, last = after.astimezone(UTC).date() - _SLACK, until.astimezone(UTC).date() + _SLACK
    found = [occurrence for occurrence in _nominal(rule, first, last) if after < occurrence.due_at <= until]
    return sorted(found, key=_order)


def upcoming(rule: Rule, now: datetime, count: int) -> list[Occurrence]:
    """List the next occurrences after an instant."""
    start = now.astimezone(UTC).date()
    # Enough nominal dates to be sure: a rule has a day in every week, and a gap swallows one date at most.
    days_needed = timedelta(days=7 * (count + 2))
    found = (
        occurrence for occurrence in _nominal(rule, start - _SLACK, start + days_needed) if occurrence.due_at > now
    )
    return sorted(islice(found, count + 2 * len(_slots(rule.at))), key=_order)[:count]


def of_date(rule: Rule, nominal_on: date) -> list[Occurrence]:
    """List the occurrences of one nominal local date, whatever its weekday."""
    zone = ZoneInfo(rule.zone)
    instants = ((slot, instant(datetime.combine(nominal_on, at), zone)) for slot, at in _slots(rule.at))
    return [_occurrence(rule, nominal_on, slot, due_at) for slot, due_at in instants if due_at is not None]


def instant(local: datetime, zone: ZoneInfo) -> datetime | None:
    """Tell the UTC instant that a naive local time means; None: its date does not exist in the zone."""
    found = local.replace(tzinfo=zone).astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) == local:
        return found
    # In a gap, fold=0 counts with the offset before it and so lands after it; fold=1 lands before it.
    change = _change_between(local.replace(tzinfo=zone, fold=1).astimezone(UTC), found, zone)
    last_before = (change - timedelta(microseconds=1)).astimezone(zone).date()
    if last_before < local.date() < change.astimezone(zone).date():
        return None
    return change


def _change_between(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """Find the first second from which the offset is that of `after`."""
    low, high = int(before.timestamp()), int(after.timestamp())
    new_offset = after.astimezone(zone).utcoffset()
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, UTC).astimezone(zone).utcoffset() == new_offset:
            high = middle
        else:
            low = middle
    return datetime.fromtimestamp(high, UTC)


@lru_cache(maxsize=256)
def _slots(at: tuple[str, ...]) -> tuple[tuple[str, time], ...]:
    """List the times of day, each as written and as a time, earliest first. Raises ValueError."""
    return tuple(sorted(((slot, time.fromisoformat(slot)) for slot in set(at)), key=lambda slot: slot[1]))


def _nominal(rule: Rule, first: date, last: date) -> Iterator[Occurrence]:
    day = first
    while day <= last:
        if day.weekday() in rule.days:
            yield from of_date(rule, day)
        day += _DAY


def _occurrence(rule: Rule, nominal_on: date, slot: str, due_at: datetime) -> Occurrence:
    return Occurrence(digest=rule.digest, nominal_on=nominal_on, slot=slot, zone=rule.zone, due_at=due_at)


def _order(occurrence: Occurrence) -> tuple[datetime, date, str]:
    return occurrence.due_at, occurrence.nominal_on, occurrence.slot
