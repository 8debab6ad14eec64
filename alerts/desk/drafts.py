"""Look after drafts: the desk is told of each, even when the process that made it died, and old ones lapse."""

from alerts.desk.newsdesk import Newsdesk
from alerts.desk.notify import note
from alerts.model import Edition, EditionState, NoticeKind


def tell_of(desk: Newsdesk, edition: Edition) -> None:
    """Tell the desk once that a draft waits for its word, or goes out soon without it."""
    if edition.digest:
        goes_at = desk.local_time(edition.not_before_at)
        text = f'"{edition.subject}" goes out at {goes_at} unless you reject it.'
        note(desk, NoticeKind.DIGEST_PREVIEW, key=f"draft/{edition.id}", text=text, edition=edition.id)
        return
    count = desk.store.ledger.count_audience(edition, desk.audience(edition.segments))
    until = desk.local_time(edition.expires_at)
    text = (
        f'"{edition.subject}" waits for approval ({count.to_send} readers, until {until}). '
        f"Why: {'; '.join(edition.reasons)}. Approve: alerts approve {edition.id}"
    )
    note(desk, NoticeKind.DRAFT_WAITS, key=f"draft/{edition.id}", text=text, edition=edition.id)


def look_after(desk: Newsdesk) -> None:
    """Tell the desk of drafts that it was not told of; let those lapse that nobody approved in time."""
    now = desk.clock()
    for record in desk.store.ledger.editions(states=(EditionState.DRAFT,), limit=1000):
        edition = record.edition
        if edition.expires_at is None or edition.expires_at > now:
            tell_of(desk, edition)
        elif desk.store.ledger.change_state(
            edition.id, EditionState.EXPIRED, now=now, reason="nobody approved it in time"
        ):
            note(
                desk,
                NoticeKind.EXPIRED,
                key=f"expired/{edition.id}",
                text=f'Nobody approved "{edition.subject}" in time; it was not sent.',
                edition=edition.id,
            )
