"""Propose what is breaking: a draft that waits for an editor, or an alert that goes by itself where that is configured.

One alert for a story in its window, updates only when it develops, never of a watched outlet's article.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from alerts.content import breaking
from alerts.desk import compose, drafts, send, told
from alerts.desk.newsdesk import Newsdesk
from alerts.desk.notify import note
from alerts.errors import AlertsError
from alerts.log import log
from alerts.model import Article, Edition, EditionState, Kind, Level, NoticeKind, Relation, Story, Urgency
from alerts.store.records import EditionRecord


def propose(desk: Newsdesk) -> list[Edition]:
    """Make drafts of the stories that are breaking, strongest first; tell the desk of each. Safe to repeat."""
    # What would expire before an editor can look at it is not proposed.
    oldest = min(desk.config.breaking.max_age, desk.config.delivery.alert_expires)
    since = desk.clock() - oldest
    archive = desk.store.archive
    found = [*archive.stories(since=since, level=Level.ALERT), *archive.stories(since=since, level=Level.REVIEW)]
    made = []
    for story in sorted(found, key=lambda one: -(one.verdict.score if one.verdict else 0)):
        try:
            edition = _propose_one(desk, story, since=since)
        except AlertsError as error:
            log.warning("proposal_failed", story=story.id, error=str(error))
            continue
        if edition is not None:
            made.append(edition)
    return made


def _propose_one(desk: Newsdesk, story: Story, *, since: datetime) -> Edition | None:
    reasons = story.verdict.reasons if story.verdict else ()
    if story.lead is None:
        note(
            desk,
            NoticeKind.NOT_OURS_YET,
            key=f"not-ours/{story.id}",
            text=f'We do not have this yet: "{story.title}" ({", ".join(sorted({a.outlet for a in story.articles}))}). '
            f"{'; '.join(reasons)}",
        )
        return None
    if desk.store.archive.backfill([story.lead.id]) or story.lead.told_at <= since:
        return None
    now = desk.clock()
    before = [
        record
        for record in desk.store.ledger.story_editions([story.id])
        # What was rehearsed was told to nobody, and a draft waits whichever it becomes.
        if record.ready_at is None or record.rehearsal != desk.live
    ]
    if any(record.state is EditionState.DRAFT for record in before):
        return None
    recent = [record for record in before if now - record.edition.made_at < desk.config.breaking.window]
    if recent:
        developed = breaking.develops(story, recent[0].edition)
        if developed is None:
            return None
        reasons = (developed, *reasons)
    today = _alerts_since(desk, now - timedelta(days=1))
    if today >= desk.config.breaking.max_per_day:
        reasons = (*reasons, f"it would be alert number {today + 1} in 24 hours; the cap is {today}")
    edition = told.keyed(desk, _draft(desk, story, story.lead, before, reasons))
    if not desk.store.ledger.add_draft(edition):
        return None
    log.info("alert_proposed", edition=edition.id, story=story.id, kind=edition.kind.value)
    if not (_goes_by_itself(desk, story, today=today) and _launch(desk, story.lead, edition)):
        drafts.tell_of(desk, edition)
    return edition


def _draft(
    desk: Newsdesk, story: Story, lead: Article, before: list[EditionRecord], reasons: tuple[str, ...]
) -> Edition:
    watched = {outlet.name for outlet in desk.config.all_outlets if outlet.relation is Relation.WATCHED}
    others = (article for article in story.articles if article.id != lead.id and article.outlet not in watched)
    made = compose.alert(
        desk,
        compose.Found(articles=(lead, *others), story=story, by_story=True),
        segments=desk.config.breaking.segments,
        urgency=Urgency.ALERT,
        made_by="alerts",
        update=any(compose.is_told(desk, record) for record in before),
    )
    news_ends_at = lead.told_at + desk.config.delivery.alert_expires
    return replace(
        made,
        reasons=reasons,
        expires_at=min(made.made_at + desk.config.breaking.draft_expires, news_ends_at),
    )


def _alerts_since(desk: Newsdesk, since: datetime) -> int:
    """Count the alerts and updates that were approved since an instant, whoever sent them."""
    records = desk.store.ledger.editions(kinds=(Kind.ALERT, Kind.UPDATE), since=since, limit=1000)
    return sum(record.ready_at is not None for record in records)


def _goes_by_itself(desk: Newsdesk, story: Story, *, today: int) -> bool:
    """Only a trusted outlet of ours, with an explicit marker of its own, goes without an editor's eyes."""
    settings = desk.config.breaking
    outlet = desk.outlets.get(story.lead.outlet) if story.lead else None
    marked = story.verdict is not None and any(s.name == "marker" and s.points > 0 for s in story.verdict.signals)
    if outlet is None or not outlet.automatic or not marked:
        return False
    if story.verdict is None or story.verdict.level is not Level.ALERT or today >= settings.max_per_day:
        return False
    return _alerts_since(desk, desk.clock() - settings.min_gap) == 0


def _launch(desk: Newsdesk, lead: Article, edition: Edition) -> bool:
    edition = replace(edition, expires_at=lead.told_at + desk.config.delivery.alert_expires)
    try:
        send.launch(desk, send.plan(desk, edition), editor="alerts (automatic)")
    except AlertsError as error:
        log.warning("automatic_alert_refused", edition=edition.id, error=str(error))
        return False
    return True
