"""The policy: alert, update, tell the desk, or nothing; and which gate stopped it. Pure: gets history and `now`.

What is proposed waits for an editor. Only a trusted outlet of ours with `automatic`, that marks the story itself, goes
without one, and never past the cap, the minimum gap or an open question. A rule that stops a story never hides: every
gate that was closed is named, so that `alerts explain` and `alerts replay` can show it.

A new gate is a function from `_Case` to `Gate | None` in `_STOPPING` or `_ASKING`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from alerts.content.breaking.development import develops
from alerts.content.breaking.score import BreakingPolicy, broke_at
from alerts.content.breaking.signals import Look, ago, marked, paid
from alerts.model import Article, Edition, Kind, Level, Outlet, Relation, Story, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerting:
    """When it is enough."""

    #: one alert for a story in this time, but for developments
    window: timedelta = timedelta(hours=12)
    #: alerts and updates in 24 hours before an editor must decide
    max_per_day: int = 10
    min_gap: timedelta = timedelta(minutes=30)
    #: an `automatic` outlet that is trusted less waits for approval
    automatic_trust: float = 0.9
    #: news older than this is sent to nobody
    expires: timedelta = timedelta(minutes=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """What was proposed or sent of a story, and what became of it."""

    edition: Edition
    #: a draft that an editor may still approve
    waits: bool = False
    #: readers have it or may get it
    told: bool = False
    #: when it was approved, else when it was made
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What went before: of the story, and of the newsroom."""

    #: newest first
    story: tuple[Proposed, ...] = ()
    #: when alerts and updates of the last 24 hours were approved, whoever sent them
    alerts_at: tuple[datetime, ...] = ()
    #: the lead came with the first fetch of its feed, in bulk, or was old when it came
    backfill: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """Something that keeps a story from going out, or from going out by itself."""

    #: stable, such as `window`, `cap`
    name: str
    text: str
    #: nothing is proposed; False: an editor must approve it
    stops: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What the policy says of a story at an instant."""

    #: ALERT or UPDATE; None: nothing is proposed
    kind: Kind | None
    #: goes out without an editor
    automatic: bool = False
    #: only watched outlets have it: the desk is told
    not_ours: bool = False
    #: every closed gate, those that stop first
    gates: tuple[Gate, ...] = ()
    #: in words, for the editor
    reasons: tuple[str, ...] = ()
    #: of a told story: how it moved on
    developed: str = ""

    @property
    def stopped_by(self) -> Gate | None:
        """The first gate that stopped it."""
        return next((gate for gate in self.gates if gate.stops), None)

    @property
    def action(self) -> str:
        """What happens, in a word: `alert`, `update`, `tell the desk`, `nothing`."""
        if self.not_ours:
            return "tell the desk"
        return self.kind.value if self.kind else "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    story: Story
    verdict: Verdict
    outlets: Mapping[str, Outlet]
    policy: BreakingPolicy
    alerting: Alerting
    history: History
    now: datetime
    developed: str

    @property
    def since(self) -> datetime | None:
        """When it was last sent or proposed."""
        return max((past.at for past in self.history.story), default=None)

    def news_at(self, article: Article) -> datetime:
        """When an article's news is from; of a told story, a rewriting counts as news."""
        rewritten = article.updated_at if self.history.story and article.updated_at else article.told_at
        return min(self.now, max(article.told_at, rewritten))


def rule(
    story: Story,
    *,
    outlets: Mapping[str, Outlet],
    policy: BreakingPolicy,
    alerting: Alerting,
    history: History,
    now: datetime,
) -> Ruling:
    """Decide what may be sent of a judged story now."""
    verdict = story.verdict or Verdict(score=0.0, level=Level.DIGEST_ONLY, signals=())
    case = _Case(
        story=story,
        verdict=verdict,
        outlets=outlets,
        policy=policy,
        alerting=alerting,
        history=history,
        now=now,
        developed=_developed(story, history, alerting, now),
    )
    stops = [gate for look in _STOPPING if (gate := look(case))]
    asks = [gate for look in _ASKING if (gate := look(case))]
    not_ours = story.lead is None and not [gate for gate in stops if gate.name != "not-ours"]
    if stops:
        return Ruling(kind=None, not_ours=not_ours, gates=(*stops, *asks), reasons=verdict.reasons)
    told = any(past.told for past in history.story)
    warned = [gate.text for gate in asks if gate.name in _WARNINGS]
    return Ruling(
        kind=Kind.UPDATE if told else Kind.ALERT,
        automatic=not asks,
        gates=tuple(asks),
        reasons=tuple(text for text in (case.developed, *verdict.reasons, *warned) if text),
        developed=case.developed,
    )


def _developed(story: Story, history: History, alerting: Alerting, now: datetime) -> str:
    if not history.story:
        return ""
    within = any(now - past.at < alerting.window for past in history.story)
    return develops(story, [past.edition for past in history.story], within_window=within) or ""


# --- gates that stop ------------------------------------------------------------------------------


def _score(case: _Case) -> Gate | None:
    if case.verdict.level is not Level.DIGEST_ONLY:
        return None
    score, asked = case.verdict.score, case.policy.review_score
    if score < asked:
        return Gate(name="score", text=f"{score:.2f} points; {asked:g} are asked for a review", stops=True)
    return None


def _age(case: _Case) -> Gate | None:
    look = Look(story=case.story, outlets=case.outlets, now=case.now, rates={}, words=case.policy.words)
    passed = case.now - broke_at(look, since=case.since)
    if passed <= case.policy.max_age:
        return None
    return Gate(
        name="age", text=f"it broke {ago(passed)} ago; after {ago(case.policy.max_age)} it is for digests", stops=True
    )


def _not_ours(case: _Case) -> Gate | None:
    if case.story.lead is not None:
        return None
    return Gate(name="not-ours", text="only watched outlets have it: nothing of theirs is sent", stops=True)


def _paid(case: _Case) -> Gate | None:
    lead = case.story.lead
    label = paid(lead, case.policy.words(lead.language)) if lead else ""
    return Gate(name="paid", text=f"its article is paid for: “{label}”", stops=True) if label else None


def _backfill(case: _Case) -> Gate | None:
    if not case.history.backfill:
        return None
    return Gate(name="backfill", text="its article came in bulk, with a feed's first fetch, or by hand", stops=True)


def _expired(case: _Case) -> Gate | None:
    if case.story.lead is None:
        return None
    passed = case.now - case.news_at(case.story.lead)
    if passed < case.alerting.expires:
        return None
    return Gate(
        name="expired",
        text=f"its news is {ago(passed)} old; alerts expire after {ago(case.alerting.expires)}",
        stops=True,
    )


def _embargo(case: _Case) -> Gate | None:
    until = case.story.lead.embargo_until if case.story.lead else None
    if until is None or until <= case.now:
        return None
    return Gate(name="embargo", text=f"its article is under embargo until {until:%Y-%m-%d %H:%M} UTC", stops=True)


def _draft(case: _Case) -> Gate | None:
    waiting = next((past for past in case.history.story if past.waits), None)
    if waiting is None:
        return None
    return Gate(name="draft", text=f"a draft of it waits already ({waiting.edition.id})", stops=True)


def _window(case: _Case) -> Gate | None:
    if not case.history.story or case.developed:
        return None
    past = case.history.story[0]
    became = "sent" if past.told else "proposed"
    return Gate(
        name="window",
        text=f"it was {became} {ago(case.now - past.at)} ago, and has not developed since",
        stops=True,
    )


_STOPPING: tuple[Callable[[_Case], Gate | None], ...] = (
    _score,
    _age,
    _not_ours,
    _paid,
    _backfill,
    _embargo,
    _expired,
    _draft,
    _window,
)


# --- gates that ask an editor ---------------------------------------------------------------------


def _lead_outlet(case: _Case) -> Outlet | None:
    return case.outlets.get(case.story.lead.outlet) if case.story.lead else None


def _approval(case: _Case) -> Gate | None:
    outlet = _lead_outlet(case)
    if outlet is not None and outlet.automatic and outlet.relation is Relation.OURS:
        return None
    name = case.story.lead.outlet if case.story.lead else "it"
    return Gate(name="approval", text=f"{name} is not automatic: an editor approves", stops=False)


def _trust(case: _Case) -> Gate | None:
    outlet = _lead_outlet(case)
    asked = case.alerting.automatic_trust
    if outlet is None or not outlet.automatic or outlet.trust >= asked:
        return None
    return Gate(name="trust", text=f"{outlet.name} is trusted {outlet.trust:g}; {asked:g} is asked", stops=False)


def _marker(case: _Case) -> Gate | None:
    lead = case.story.lead
    if lead is None:
        return None
    # The marker of what was told already does not let an update go.
    told_at = case.since or datetime.min.replace(tzinfo=UTC)
    own = [one for one in case.story.articles if one.outlet == lead.outlet and (one.told_at > told_at or one == lead)]
    outlet = case.outlets.get(lead.outlet)
    if any(marked(article, outlet, case.policy.words(article.language)) for article in own):
        return None
    return Gate(name="marker", text=f"{lead.outlet} does not mark it as breaking itself", stops=False)


def _level(case: _Case) -> Gate | None:
    if case.verdict.level is not Level.REVIEW:
        return None
    asked = case.policy.alert_score
    return Gate(name="review", text=f"{case.verdict.score:.2f} points; {asked:g} are asked for an alert", stops=False)


def _cap(case: _Case) -> Gate | None:
    today = sum(case.now - at < timedelta(days=1) for at in case.history.alerts_at)
    most = case.alerting.max_per_day
    if today < most:
        return None
    return Gate(name="cap", text=f"it would be alert number {today + 1} in 24 hours; the cap is {most}", stops=False)


def _gap(case: _Case) -> Gate | None:
    last = max(case.history.alerts_at, default=None)
    if last is None or case.now - last >= case.alerting.min_gap:
        return None
    return Gate(
        name="gap",
        text=f"the last alert went out {ago(case.now - last)} ago; the gap is {ago(case.alerting.min_gap)}",
        stops=False,
    )


#: what an editor should know before approving
_WARNINGS = frozenset({"cap", "gap"})

_ASKING: tuple[Callable[[_Case], Gate | None], ...] = (_approval, _trust, _marker, _level, _cap, _gap)
