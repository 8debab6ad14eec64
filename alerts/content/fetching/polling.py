"""When a feed is asked again, when its silence is news, and when its news is not. Pure.

It knows numbers, instants and articles, no feed's record: the desk keeps those. Nothing here is random: what looks like
it comes from `luck_of`, so that a recorded day can be played again.
"""

import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from urllib.parse import urlsplit

from alerts.content.text import key
from alerts.model import Article, ArticleId

#: Seconds between polls of a priority feed and of any other; the longest a quiet feed waits.
PRIORITY_SECONDS, USUAL_SECONDS, LONGEST_SECONDS = 60, 300, 3600
#: How much longer a feed waits each time it brought nothing.
_SLOWER = 1.5
#: A feed that failed this often in a row is reported as dead.
DEAD_AFTER = 5
#: The longest that a failing feed waits; of a priority feed.
_LONGEST_BACK_OFF, _LONGEST_PRIORITY_BACK_OFF = timedelta(hours=6), timedelta(hours=1)
#: No publisher may ask for a longer rest, and no clock set back may cause one.
_LONGEST_REST = timedelta(hours=24)
#: A permanent redirect seen so often in a row is believed: one alone may be a captive portal or a slip.
MOVED_AFTER = 3

#: A silence is unusual beyond twice the longest pause of the last weeks, and never below six hours.
_SILENT_TIMES, _SILENT_AT_LEAST = 2, timedelta(hours=6)
#: A pause is half forgotten after so long, so that a holiday does not blind us for good.
_HALF_FORGOTTEN = timedelta(days=7)
_LONGEST_PAUSE = timedelta(days=14)

#: Fewer new entries than this are never a re-listing: a short feed may well turn over between two polls.
_RELISTED_AT_LEAST = 8
#: So many articles of a feed with dates within one minute were dated by the machine that took them in.
_PILE, _PILE_WITHIN = 8, timedelta(minutes=1)
#: Publishers' caches lag: what they dated this long before our last look may really be new to it.
_LAG = timedelta(hours=2)


def luck_of(feed: str, now: datetime) -> float:
    """Draw a number from 0 to 1 that is different for every feed and instant; a port says nothing of whose it is."""
    parts = urlsplit(feed)
    return zlib.crc32(f"{parts.hostname} {parts.path}?{parts.query} {now.isoformat()}".encode()) / 0xFFFFFFFF


def is_due(next_poll_at: datetime | None, now: datetime) -> bool:
    """Tell whether a feed may be asked; a time too far off was written by a clock that has been set back."""
    return next_poll_at is None or next_poll_at <= now or next_poll_at - now > _LONGEST_REST * 1.1


def interval(before: int, *, priority: bool, news: bool, asked: timedelta | None = None) -> int:
    """Tell the seconds to the next poll after a good answer, `before` being those of the last one.

    `asked`: how long the publisher says its answer holds; a priority feed is asked every minute all the same.
    """
    if priority:
        return PRIORITY_SECONDS
    seconds = USUAL_SECONDS if news else min(max(USUAL_SECONDS, int(before * _SLOWER)), LONGEST_SECONDS)
    return max(seconds, min(int((asked or timedelta()).total_seconds()), LONGEST_SECONDS))


def jittered(seconds: float, *, luck: float) -> timedelta:
    """Move a wait by up to a tenth, so that feeds polled together once do not stay together for ever."""
    return timedelta(seconds=round(seconds * (0.9 + 0.2 * luck), 3))


def back_off(failures: int, *, priority: bool, asked: timedelta | None = None, luck: float) -> timedelta:
    """Tell how long to leave a feed alone that failed so often in a row; never shorter than its host `asked` for."""
    base = PRIORITY_SECONDS if priority else USUAL_SECONDS
    longest = _LONGEST_PRIORITY_BACK_OFF if priority else _LONGEST_BACK_OFF
    seconds = min(base * 2 ** min(max(failures, 1) - 1, 10), longest.total_seconds())
    return max(jittered(seconds, luck=luck), min(asked or timedelta(), _LONGEST_REST))


def pause_of(dates: Iterable[datetime | None]) -> int:
    """Tell a new feed's longest pause in seconds from the dates of its entries; 0: they do not say."""
    known = sorted(date for date in dates if date is not None)
    gaps = [later - earlier for earlier, later in pairwise(known)]
    return int(min(max(gaps, default=timedelta()), _LONGEST_PAUSE).total_seconds())


def pause_after(before: int, gap: timedelta) -> int:
    """Tell a feed's longest pause in seconds after it brought something, `gap` after the last time.

    It rises with the gap, at most to the double (an outage of theirs is no habit), and is slowly forgotten.
    """
    kept = before * 0.5 ** (gap / _HALF_FORGOTTEN)
    most = max(2 * before, int(_SILENT_AT_LEAST.total_seconds()))
    return int(min(max(kept, min(gap.total_seconds(), most)), _LONGEST_PAUSE.total_seconds()))


def is_silent(last_new_at: datetime | None, pause: int, now: datetime) -> bool:
    """Tell whether a feed that answers has brought nothing for unusually long; never while its pauses are unknown."""
    if last_new_at is None or not pause:
        return False
    return now - last_new_at > max(timedelta(seconds=pause) * _SILENT_TIMES, _SILENT_AT_LEAST)


def is_upheaval(new: int, entries: int) -> bool:
    """Tell whether so much of a known feed is new at once that it may be a re-listing, not news."""
    return new >= _RELISTED_AT_LEAST and new * 2 > entries


def relisted(new: Sequence[Article], *, looked_at: datetime, known_titles: Collection[str]) -> frozenset[ArticleId]:
    """Pick from an upheaval's articles those that are no news: undated, in a pile, from before our last look, or told.

    `known_titles`: `text.key` of what the outlet published lately. What it dated one by one since our last look stays
    news: a big day must not be mistaken for a new content system.
    """
    dates = sorted(article.published_at for article in new if article.published_at is not None)
    return frozenset(
        article.id
        for article in new
        if article.published_at is None
        or article.published_at < looked_at - _LAG
        or key(article.title) in known_titles
        or _in_pile(article.published_at, dates)
    )


def _in_pile(date: datetime, dates: Sequence[datetime]) -> bool:
    """Tell whether a date has so many others within a minute that it is the time of an import."""
    before = bisect_left(dates, date - _PILE_WITHIN / 2)
    return bisect_right(dates, date + _PILE_WITHIN / 2) - before >= _PILE
