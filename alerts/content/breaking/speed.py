"""How fast reports of a story come in, against what its outlets usually do. Pure.

Three reports within an hour mean much from outlets that seldom come back to a story, and little from one that writes a
ticker. So the reports that followed the first are held against a Poisson distribution with the outlets' own rate; a
floor keeps the first follow-up of a quiet outlet from looking like an earthquake.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from alerts.model import Article, Story

WINDOW = timedelta(minutes=60)
#: further reports in an hour that are expected of anybody
FLOOR = 0.2
#: what is less likely than one in a million says no more
CAP = 6.0
#: of what an outlet did yesterday, half counts
_HALF_LIFE = timedelta(hours=24)


def usual_rates(stories: Iterable[Story], *, now: datetime) -> dict[str, float]:
    """Tell for each outlet how many further reports it usually gives of a story within an hour of another report.

    A mean over the stories it carried, the recent ones weighing most. Stories younger than the window do not count
    yet: what is to be judged must not set its own measure.
    """
    followed: defaultdict[str, float] = defaultdict(float)
    carried: defaultdict[str, float] = defaultdict(float)
    for story in stories:
        reports = sorted(story.articles, key=lambda one: one.told_at)
        began = reports[0].told_at
        if now - began <= WINDOW:
            continue
        weight = math.exp2(-((now - began) / _HALF_LIFE))
        for outlet in {one.outlet for one in reports}:
            carried[outlet] += weight
        for before, after in pairwise(reports):
            if after.told_at <= now and after.told_at - before.told_at <= WINDOW:
                followed[after.outlet] += weight
    return {outlet: followed[outlet] / total for outlet, total in carried.items() if total}


def followers(story: Story, *, now: datetime) -> list[Article]:
    """List the reports of the last hour that followed the first of the story."""
    reports = sorted(story.articles, key=lambda one: (one.told_at, one.id))
    return [one for one in reports[1:] if timedelta() <= now - one.told_at <= WINDOW]


def surprise(reports: Sequence[Article], rates: Mapping[str, float]) -> tuple[float, float]:
    """Tell how unlikely so many reports in an hour are: −log10 of their chance, 0…6; and how many were expected."""
    expected = max(FLOOR, sum(rates.get(outlet, 0.0) for outlet in {one.outlet for one in reports}))
    return min(CAP, -math.log10(max(_tail(len(reports), expected), 10**-CAP))), expected


def _tail(least: int, expected: float) -> float:
    """The chance of `least` events or more where so many are expected."""
    below = sum(math.exp(-expected) * expected**count / math.factorial(count) for count in range(min(least, 100)))
    return max(0.0, 1.0 - below)
