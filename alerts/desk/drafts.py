"""Look after drafts: the desk is told of each, even when the process that made it died; one whose story moved on is
written anew; old ones lapse.

A proposal lapses some time after the desk *was told*, not after it was made: while the notice cannot be delivered, its
clock has not started. Never later than its news itself expires.
"""

from dataclasses import replace
from datetime import datetime

from alerts.desk import compose
from alerts.desk.newsdesk import Newsdesk
from alerts.desk.notify import note
from alerts.model import Article, Edition, EditionId, EditionState, Kind, NoticeKind, Story
from alerts.store.records import Decision, EditionRecord, WaitingNotice

_ALERTS = frozenset({Kind.ALERT, Kind.UPDATE})


def tell_of(desk: Newsdesk, edition: Edition) -> None:
    """Tell the desk once that a draft waits for its word, or goes out soon without it."""
    if edition.digest:
        goes_at = desk.local_time(edition.not_before_at)
        text = f'"{edition.subject}" goes out at {goes_at} unless you reject it.'
        note(desk, NoticeKind.DIGEST_PREVIEW, key=f"draft/{edition.id}", text=text, edition=edition.id)
        return
    count = desk.store.ledger.count_audience(edition, desk.audience(edition.segments))
    wait = int(desk.config.breaking.draft_expires.total_seconds() // 60)
    until = f"for {wait} min, at the latest until {desk.local_time(edition.expires_at)}"
    text = (
        f'"{edition.subject}" waits for approval ({count.to_send} readers, {until}). '
        f"{_said(edition)}Why: {'; '.join(edition.reasons)}. Approve: alerts approve {edition.id}"
    )
    note(desk, NoticeKind.DRAFT_WAITS, key=f"draft/{edition.id}", text=text, edition=edition.id)


def _said(edition: Edition) -> str:
    """Give the news in a line, and what the editor should know before a yes."""
    line = f"{edition.line} " if edition.line and edition.line != edition.subject else ""
    doubts = dict.fromkeys(doubt for entry in edition.entries for doubt in entry.doubts)
    return line + "".join(f"Mind: {doubt}. " for doubt in doubts)


def look_after(desk: Newsdesk) -> None:
    """Tell the desk of drafts that it was not told of; let those lapse that nobody approved in time."""
    now = desk.clock()
    for record in desk.store.ledger.editions(states=(EditionState.DRAFT,), limit=1000):
        edition = record.edition
        until = waits_until(desk, edition)
        if until is None or until > now:
            tell_of(desk, edition)
        elif desk.store.ledger.change_state(
            edition.id, EditionState.EXPIRED, now=now, reason="nobody approved it in time"
        ):
            write_down(desk, record, decision="lapse", editor="alerts", reason="nobody approved it in time")
            note(
                desk,
                NoticeKind.EXPIRED,
                key=f"expired/{edition.id}",
                text=f'Nobody approved "{edition.subject}" in time; it was not sent.',
                edition=edition.id,
            )


def waits_until(desk: Newsdesk, edition: Edition) -> datetime | None:
    """Tell until when a draft can be approved; None: for ever."""
    if edition.made_by != "alerts" or edition.kind not in _ALERTS:
        return edition.expires_at
    told_at = _told_at(desk, edition)
    if told_at is None:
        return edition.expires_at
    # What may only go later than its approval (an embargo) is not stale before.
    lapses_at = max(told_at, edition.not_before_at or told_at) + desk.config.breaking.draft_expires
    return min(lapses_at, edition.expires_at) if edition.expires_at else lapses_at


def _told_at(desk: Newsdesk, edition: Edition) -> datetime | None:
    """Tell when the desk first got the notice of a draft, by whichever way is configured; None: not yet."""
    notice = _notice(desk, edition.id, since=edition.made_at)
    if notice is None:
        return None
    settings = desk.config.desk
    # With nobody to mail, a notice counts as mailed at once: that tells nobody where there is a webhook.
    ways = [(notice.mailed_at, bool(settings.editors)), (notice.posted_at, settings.webhook is not None)]
    used = [at for at, is_used in ways if is_used] or [at for at, _ in ways]
    return min((at for at in used if at is not None), default=None)


def _notice(desk: Newsdesk, edition: EditionId, *, since: datetime) -> WaitingNotice | None:
    key = f"draft/{edition}"
    return next((one for one in desk.store.daybook.notices(since=since) if one.notice.key == key), None)


def bring_up_to_date(desk: Newsdesk, waiting: Edition, story: Story) -> None:
    """Write a waiting proposal anew when its story says something else now, and tell the desk.

    A draft that an editor rewrote stays as it is: the desk is told that there is a newer version.
    """
    if story.lead is None or waiting.made_by != "alerts":
        return
    record = desk.store.ledger.find(waiting.id)
    if record is None or record.state is not EditionState.DRAFT:
        return
    found = compose.Found(articles=(story.lead, *others_of(desk, story, story.lead)), story=story, by_story=True)
    newer = compose.alert(
        desk,
        found,
        segments=waiting.segments,
        urgency=waiting.urgency,
        made_by="alerts",
        update=waiting.kind is Kind.UPDATE,
    )
    fresh = replace(waiting, subject=newer.subject, preheader=newer.preheader, entries=newer.entries)
    if _words(fresh) == _words(waiting):
        return
    by_editor = any(made.decision == "edit" for made in desk.store.daybook.decisions(waiting.id))
    mark = story.lead.content_hash[:12]
    if by_editor:
        text = f'"{waiting.subject}" waits as you wrote it; its story now says: "{fresh.subject}"'
        note(desk, NoticeKind.DRAFT_WAITS, key=f"newer/{waiting.id}/{mark}", text=text, edition=waiting.id)
    elif desk.store.ledger.replace_draft(fresh, shown=record.content_hash):
        text = f'"{waiting.subject}" was written anew, for its story moved on: "{fresh.subject}"'
        note(desk, NoticeKind.DRAFT_WAITS, key=f"newer/{waiting.id}/{mark}", text=text, edition=waiting.id)


def others_of(desk: Newsdesk, story: Story, lead: Article) -> tuple[Article, ...]:
    """List the other articles of ours in a story; never a watched outlet's."""
    return tuple(one for one in desk.ours_among(story.articles) if one.id != lead.id)


def _words(edition: Edition) -> tuple[object, ...]:
    """Collect what readers would read."""
    entries = [(entry.headline, entry.url, [sentence.text for sentence in entry.printed]) for entry in edition.entries]
    return edition.subject, entries


def write_down(desk: Newsdesk, record: EditionRecord, *, decision: str, editor: str, reason: str = "") -> None:
    """Record a decision on an edition with the verdict on its story, for calibration."""
    story_id = record.edition.entries[0].story if record.edition.entries else None
    story = desk.store.archive.story(story_id) if story_id else None
    desk.store.daybook.decide(
        Decision(
            edition=record.edition.id,
            story=story_id,
            decision=decision,
            editor=editor,
            at=desk.clock(),
            reason=reason,
            verdict=story.verdict if story else None,
        )
    )
