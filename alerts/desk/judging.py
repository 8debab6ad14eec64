"""Judge stories: hand the settings, the outlets' usual rates and what was told before to `content.breaking`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from alerts.content import breaking
from alerts.desk.newsdesk import Newsdesk
from alerts.desk.told import is_told
from alerts.model import EditionState, Outlet, Story, StoryId, Verdict
from alerts.store.records import EditionRecord


def judged(desk: Newsdesk, stories: Sequence[Story], *, now: datetime, among: Iterable[Story] = ()) -> list[Story]:
    """Judge stories as they stand at an instant; `among` are those that tell what is usual."""
    rates = breaking.usual_rates(among, now=now)
    proposed = past(desk, [story.id for story in stories])
    settings, outlets = policy(desk), desk.outlets
    return [
        replace(story, verdict=_judge(story, outlets, settings, rates, proposed[story.id], now=now))
        for story in stories
    ]


def _judge(
    story: Story,
    outlets: Mapping[str, Outlet],
    settings: breaking.BreakingPolicy,
    rates: Mapping[str, float],
    proposed: Sequence[breaking.Proposed],
    *,
    now: datetime,
) -> Verdict:
    since = max((one.at for one in proposed), default=None)
    return breaking.judge(story, outlets=outlets, policy=settings, now=now, rates=rates, since=since)


def past(desk: Newsdesk, stories: Sequence[StoryId]) -> dict[StoryId, tuple[breaking.Proposed, ...]]:
    """Tell what was proposed or sent of stories, newest first."""
    found: dict[StoryId, list[breaking.Proposed]] = {story: [] for story in stories}
    # What was told of a story before it was merged into one of these was told of this one.
    now_known_as = desk.store.placements.formerly(stories) | {story: story for story in stories}
    for record in desk.store.ledger.story_editions(now_known_as) if stories else ():
        # What was rehearsed was told to nobody, and a draft waits whichever it becomes.
        if record.ready_at is not None and record.rehearsal == desk.live:
            continue
        named = (entry.story for entry in record.edition.entries if entry.story is not None)
        for story in {now_known_as[story] for story in named if story in now_known_as}:
            found[story].append(_proposed(desk, record))
    return {story: tuple(proposed) for story, proposed in found.items()}


def _proposed(desk: Newsdesk, record: EditionRecord) -> breaking.Proposed:
    return breaking.Proposed(
        edition=record.edition,
        waits=record.state is EditionState.DRAFT,
        told=is_told(desk, record),
        at=record.ready_at or record.edition.made_at,
    )


def policy(desk: Newsdesk) -> breaking.BreakingPolicy:
    """Read what the newsroom calls breaking."""
    settings = desk.config.breaking
    return breaking.BreakingPolicy(
        alert_score=settings.alert_score,
        review_score=settings.review_score,
        max_age=settings.max_age,
        half_life=settings.half_life,
        watch_words=settings.watch_words,
        weights=breaking.Weights(**settings.weights.model_dump()),
        more_words={table.language: tuple(table.model_dump(exclude={"language"}).items()) for table in settings.words},
    )


def alerting(desk: Newsdesk) -> breaking.Alerting:
    """Read when it is enough."""
    settings = desk.config.breaking
    return breaking.Alerting(
        window=settings.window,
        max_per_day=settings.max_per_day,
        min_gap=settings.min_gap,
        automatic_trust=settings.automatic_trust,
        expires=desk.config.delivery.alert_expires,
    )
