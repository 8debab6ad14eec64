"""Propose what is breaking: a draft that waits for an editor, or an alert that goes by itself where that is configured.

    stories of note ─► what went before ─► content.breaking.rule ─► draft ─► launch, or tell the desk
                                                └─► “we do not have this yet”; or nothing, and which gate stopped it

The decision itself is `breaking.rule`, a pure function; here is only what it asks for and what follows from it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alerts.content import breaking
from alerts.desk import compose, drafts, embargo, judging, send, told
from alerts.desk.newsdesk import Newsdesk
from alerts.desk.notify import note
from alerts.errors import AlertsError
from alerts.log import log
from alerts.model import Article, ArticleId, Edition, Kind, Level, NoticeKind, Story, StoryId, Urgency

#: who approved what went out without an editor
BY_ITSELF = "alerts (automatic)"


def propose(desk: Newsdesk) -> list[Edition]:
    """Make drafts of the stories that are breaking, strongest first; tell the desk of each. Safe to repeat."""
    with desk.proposing:
        return _propose(desk)


def _propose(desk: Newsdesk) -> list[Edition]:
    made = []
    stories = _of_note(desk)
    # Asked once for all: most polls find the same stories, and nothing to propose.
    before = _before(desk, stories)
    for story in stories:
        try:
            edition = _propose_one(desk, story, before)
        except AlertsError as error:
            log.warning("proposal_failed", story=story.id, error=str(error))
            continue
        if edition is not None:
            made.append(edition)
            before = _before(desk, stories)
    return made


def _of_note(desk: Newsdesk) -> list[Story]:
    """List the stories whose score asks for something, strongest first."""
    settings = desk.config.breaking
    # A story that was told may develop for as long as its window lasts.
    since = desk.clock() - max(settings.max_age, settings.window)
    archive = desk.store.archive
    found = [*archive.stories(since=since, level=Level.ALERT), *archive.stories(since=since, level=Level.REVIEW)]
    return sorted(found, key=lambda one: -(one.verdict.score if one.verdict else 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Before:
    """What went before, of stories and of the newsroom."""

    past: Mapping[StoryId, tuple[breaking.Proposed, ...]]
    alerts_at: tuple[datetime, ...]
    backfill: Collection[ArticleId]

    def of(self, story: Story) -> breaking.History:
        """Tell it of one story."""
        old = story.lead is not None and story.lead.id in self.backfill
        return breaking.History(story=self.past[story.id], alerts_at=self.alerts_at, backfill=old)


def _before(desk: Newsdesk, stories: Sequence[Story]) -> _Before:
    return _Before(
        past=judging.past(desk, [story.id for story in stories]),
        alerts_at=_alerts_at(desk, since=desk.clock() - timedelta(days=1)),
        backfill=desk.store.archive.backfill(article.id for story in stories for article in story.articles),
    )


def _propose_one(desk: Newsdesk, known: Story, before: _Before) -> Edition | None:
    found = embargo.proposable(desk, known)
    if found is None:
        return None
    story = found.story
    ruling = ruled(desk, story, history=before.of(story), now=found.not_before_at)
    if desk.replayer is not None:
        desk.replayer.heard(story, ruling)
    if ruling.not_ours:
        _tell_not_ours(desk, story)
    for waiting in before.past[story.id]:
        if waiting.waits:
            drafts.bring_up_to_date(desk, waiting.edition, story)
    if ruling.kind is None or story.lead is None:
        return None
    if ruling.automatic and found.not_before_at is not None:
        return None  # it goes by itself when its embargo ends, and its page can be looked at
    edition = told.keyed(desk, _draft(desk, story, story.lead, ruling, not_before_at=found.not_before_at))
    if not desk.store.ledger.add_draft(edition):
        return None
    log.info("alert_proposed", edition=edition.id, story=story.id, kind=edition.kind.value)
    if desk.replayer is not None:
        desk.replayer.takes(edition, story, ruling)
    elif not (ruling.automatic and _launch(desk, edition)):
        drafts.tell_of(desk, edition)
    return edition


def ruled(
    desk: Newsdesk,
    story: Story,
    *,
    history: breaking.History | None = None,
    now: datetime | None = None,
) -> breaking.Ruling:
    """Ask the policy what may be sent of a judged story, now or at an instant to come."""
    return breaking.rule(
        story,
        outlets=desk.outlets,
        policy=judging.policy(desk),
        alerting=judging.alerting(desk),
        history=history or _before(desk, [story]).of(story),
        now=now or desk.clock(),
    )


def _tell_not_ours(desk: Newsdesk, story: Story) -> None:
    outlets = ", ".join(sorted({article.outlet for article in story.articles}))
    reasons = "; ".join(story.verdict.reasons if story.verdict else ())
    note(
        desk,
        NoticeKind.NOT_OURS_YET,
        key=f"not-ours/{story.id}",
        text=f'We do not have this yet: "{story.title}" ({outlets}). {reasons}',
    )


def _draft(
    desk: Newsdesk, story: Story, lead: Article, ruling: breaking.Ruling, *, not_before_at: datetime | None
) -> Edition:
    made = compose.alert(
        desk,
        compose.Found(articles=(lead, *drafts.others_of(desk, story, lead)), story=story, by_story=True),
        segments=segments_for(desk, lead),
        urgency=Urgency.ALERT,
        made_by="alerts",
        update=ruling.kind is Kind.UPDATE,
    )
    # While it waits it lapses earlier: a while after the desk was told (`drafts.waits_until`).
    news_ends_at = max(lead.told_at, *_rewritten(lead, ruling), not_before_at or lead.told_at)
    return replace(
        made,
        reasons=(*((embargo.spoken(desk, not_before_at),) if not_before_at else ()), *ruling.reasons),
        not_before_at=not_before_at,
        expires_at=news_ends_at + desk.config.delivery.alert_expires,
    )


def _rewritten(lead: Article, ruling: breaking.Ruling) -> list[datetime]:
    """Of an update, the instant at which its article was last rewritten: its news counts from there."""
    return [lead.updated_at] if ruling.developed and lead.updated_at else [lead.told_at]


def segments_for(desk: Newsdesk, lead: Article) -> tuple[str, ...]:
    """Name the segments that a proposed alert goes to: those of its topics' routes, else those of `[breaking]`."""
    settings = desk.config.breaking
    routed = [name for route in settings.routes if route.topic in lead.topics for name in route.segments]
    return tuple(dict.fromkeys(routed)) or settings.segments


def _alerts_at(desk: Newsdesk, *, since: datetime) -> tuple[datetime, ...]:
    """List when alerts and updates were approved since an instant, whoever sent them."""
    # One that was made before may have been approved since.
    made_since = since - desk.config.delivery.alert_expires
    records = desk.store.ledger.editions(kinds=(Kind.ALERT, Kind.UPDATE), since=made_since, limit=1000)
    return tuple(
        record.ready_at
        for record in records
        # What was rehearsed, or killed before the first mail, was told to nobody.
        if record.ready_at is not None and record.ready_at >= since and told.is_told(desk, record)
    )


def _launch(desk: Newsdesk, edition: Edition) -> bool:
    """Send a draft without an editor's eyes; where anything speaks against it, it stays a draft."""
    try:
        send.launch(desk, send.plan(desk, edition), editor=BY_ITSELF, decision="automatic")
    except AlertsError as error:
        log.warning("automatic_alert_refused", edition=edition.id, story=edition.entries[0].story, error=str(error))
        return False
    return True
