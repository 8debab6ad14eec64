"""Signals × weights → points → a verdict. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from alerts.content.breaking import signals as seen
from alerts.content.breaking.development import moved_on_at
from alerts.content.rules import MoreWords, UrgencyWords, urgency_words_for
from alerts.model import Level, Outlet, Signal, Story, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What one of each signal is worth: differences of log-odds, as research/content-algorithms §4.3 derived them."""

    marker: float = 3.5
    owners: float = 1.2
    speed: float = 0.45
    trust: float = 1.0
    gravity: float = 1.0
    watch: float = 1.0
    soft: float = 2.0
    #: of each half-life
    age: float = math.log(2)

    def of(self, name: str) -> float:
        """Read the weight of a signal."""
        return float(getattr(self, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakingPolicy:
    """What a newsroom calls breaking."""

    alert_score: float = 4.5
    review_score: float = 2.5
    #: a story that broke longer ago is for digests
    max_age: timedelta = timedelta(hours=3)
    #: news loses half its odds in this time
    half_life: timedelta = timedelta(hours=2)
    #: names, places or phrases that matter here
    watch_words: tuple[str, ...] = ()
    weights: Weights = Weights()
    #: language → words of the newsroom's own beside the shipped ones
    more_words: Mapping[str, MoreWords] = field(default_factory=dict)

    def words(self, language: str) -> UrgencyWords:
        """Read the urgency words of a language, the newsroom's own and the English ones among them."""
        english = self.more_words.get("en", ()) if language != "en" else ()
        return urgency_words_for(language, (*self.more_words.get(language, ()), *english))


def judge(
    story: Story,
    *,
    outlets: Mapping[str, Outlet],
    policy: BreakingPolicy,
    now: datetime,
    rates: Mapping[str, float] | None = None,
    since: datetime | None = None,
) -> Verdict:
    """Score a story. A story that broke before `max_age` is never more than digest material.

    `rates` are the outlets' usual ones (`usual_rates`); `since` is when readers were last told of it: its news counts
    from what was reported after that.
    """
    look = seen.Look(
        story=story,
        outlets=outlets,
        now=now,
        rates=rates or {},
        words=policy.words,
        # An update lives on what was told; a first alert does not.
        speaks_from=now - policy.max_age if since is None else None,
    )
    broke = broke_at(look, since=since)
    found = [
        seen.marker(look),
        seen.owners(look),
        seen.speed(look),
        seen.gravity(look),
        seen.trust(look),
        seen.watch(look, policy.watch_words),
        seen.soft(look),
        seen.age(broke, policy.half_life, policy.max_age, now),
    ]
    signals = tuple(_weighed(signal, policy.weights) for signal in found if signal is not None)
    score = round(sum(signal.points for signal in signals), 2)
    too_old = now - broke > policy.max_age
    return Verdict(score=score, level=Level.DIGEST_ONLY if too_old else level_of(score, policy), signals=signals)


def _weighed(signal: seen.Seen, weights: Weights) -> Signal:
    weight = weights.of(signal.name)
    return Signal(
        name=signal.name,
        value=round(signal.value, 2),
        weight=round(weight, 2),
        points=round(signal.value * weight, 2),
        evidence=signal.evidence,
    )


def level_of(score: float, policy: BreakingPolicy) -> Level:
    """Tell what a score asks for."""
    if score >= policy.alert_score:
        return Level.ALERT
    return Level.REVIEW if score >= policy.review_score else Level.DIGEST_ONLY


def broke_at(look: seen.Look, *, since: datetime | None = None) -> datetime:
    """Tell when the news of a story began: its first report that was as grave as the gravest, or when it last moved on.

    Of one that was told, what was reported or rewritten since; where nothing was, again of all reports.
    """
    began = _began_at(look, since=since)
    # What it moved on from may have been said long ago.
    moved = moved_on_at(replace(look, speaks_from=None).hard)
    return max(began, moved) if moved else began


def _began_at(look: seen.Look, *, since: datetime | None) -> datetime:
    reports = look.story.articles
    if since is not None:
        fresh = [one for one in reports if one.told_at > since]
        rewritten = [one.updated_at for one in reports if one.updated_at is not None and one.updated_at > since]
        if rewritten:
            return min(look.now, *rewritten, *(one.told_at for one in fresh))
        reports = tuple(fresh) or reports
    return seen.gravest_at(look, reports)
