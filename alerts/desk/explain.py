"""Why a story was picked or not: its signals, the thresholds, what was decided, and which gate stopped it."""

from dataclasses import dataclass

from alerts.content.breaking import Gate, Proposed
from alerts.desk import embargo, judging, propose
from alerts.desk.newsdesk import Newsdesk
from alerts.model import Signal, Story
from alerts.store.records import Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A story's score and fate."""

    story: Story
    signals: tuple[Signal, ...]
    score: float
    level: str
    alert_score: float
    review_score: float
    #: what the policy says of it now: `alert`, `update`, `tell the desk`, `nothing`
    action: str
    #: how it has developed since it was told
    developed: str
    #: closed gates, those that stop first
    gates: tuple[Gate, ...]
    #: what was proposed or sent of it, newest first, each with what was decided
    proposed: tuple[tuple[Proposed, str, tuple[Decision, ...]], ...]


def explain(desk: Newsdesk, story: Story) -> Explained:
    """Explain a story as it was judged when something last joined it, and what the policy says of it now."""
    found = embargo.proposable(desk, story)
    before = judging.past(desk, [story.id])[story.id]
    ruling = propose.ruled(desk, found.story if found else story, now=found.not_before_at if found else None)
    verdict = story.verdict
    settings = desk.config.breaking
    return Explained(
        story=story,
        signals=verdict.signals if verdict else (),
        score=verdict.score if verdict else 0.0,
        level=verdict.level.value if verdict else "not judged",
        alert_score=settings.alert_score,
        review_score=settings.review_score,
        action=ruling.action,
        developed=ruling.developed,
        gates=ruling.gates,
        proposed=tuple((past, _state(desk, past), _decisions(desk, past)) for past in before),
    )


def _state(desk: Newsdesk, past: Proposed) -> str:
    record = desk.store.ledger.find(past.edition.id)
    return record.state.value if record else ""


def _decisions(desk: Newsdesk, past: Proposed) -> tuple[Decision, ...]:
    return tuple(desk.store.daybook.decisions(past.edition.id))
