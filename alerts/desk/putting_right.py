"""What was put right: the corrections and withdrawals that followed an edition, and those a digest owes its readers.

Reads only. A correction concerns what tells of the same story, under whatever name, or the edition that it corrects.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from alerts.desk.newsdesk import Newsdesk
from alerts.desk.told import is_told
from alerts.model import Correction, Edition, Entry, Kind, StoryId
from alerts.store.records import EditionRecord

_KINDS = frozenset({Kind.CORRECTION, Kind.WITHDRAWAL})
#: What is withdrawn is no news of a digest for so long.
_WITHDRAWN_FOR = timedelta(days=7)
#: As long as a correction may wait for its approval.
_WAITS = timedelta(days=1)


def of_edition(desk: Newsdesk, record: EditionRecord) -> tuple[Entry, ...]:
    """List what was put right of an edition after it went out, oldest first; each entry has its correction."""
    since = record.ready_at or record.edition.made_at
    stories = _stories(desk, record.edition)
    return tuple(
        _told(later)
        for later in _since(desk, since)
        if later.edition.corrects == record.edition.id or stories & _stories(desk, later.edition)
    )


def owed(desk: Newsdesk, digest: str, *, segments: Iterable[str], since: datetime) -> tuple[Entry, ...]:
    """List what was put right since the last edition of a digest that it, or an alert to its readers, had told."""
    told = desk.store.ledger.told_stories(digest=digest, rehearsal=not desk.live)
    readers = set(segments)
    return tuple(_told(record) for record in _since(desk, since) if _concerns(desk, record, digest, told, readers))


def withdrawn(desk: Newsdesk) -> set[StoryId]:
    """Name the stories that were withdrawn lately and not told again since."""
    found: set[StoryId] = set()
    for record in _since(desk, desk.clock() - _WITHDRAWN_FOR):
        stories = _stories(desk, record.edition)
        again = [one for one in desk.store.ledger.story_editions(stories) if is_told(desk, one)]
        if record.edition.kind is Kind.WITHDRAWAL and not any(one.edition.made_at > _at(record) for one in again):
            found |= stories
    return found


def alerted(desk: Newsdesk, edition: Edition) -> Edition:
    """Say of each entry when those who get the edition were last alerted of it.

    Only where every segment of the edition got the alert: a reader of another has never seen it.
    """
    return replace(
        edition,
        entries=tuple(replace(entry, alerted_at=_alerted_at(desk, edition, entry)) for entry in edition.entries),
    )


def _alerted_at(desk: Newsdesk, edition: Edition, entry: Entry) -> datetime | None:
    alerts = desk.store.ledger.story_editions(_names(desk, [entry.story])) if entry.story else []
    readers = set(edition.segments)
    sent = [_at(one) for one in alerts if readers <= set(one.edition.segments) and is_told(desk, one)]
    return max((at for at in sent if at <= desk.clock()), default=None)


def _since(desk: Newsdesk, since: datetime) -> list[EditionRecord]:
    """List the corrections and withdrawals that went out since an instant, oldest first."""
    found = desk.store.ledger.editions(kinds=_KINDS, since=since - _WAITS, limit=1000)
    return sorted((one for one in found if is_told(desk, one) and since <= _at(one) <= desk.clock()), key=_at)


def _at(record: EditionRecord) -> datetime:
    """Tell when an edition could first be read."""
    begins = record.ready_at or record.edition.made_at
    return max(begins, record.edition.not_before_at or begins)


def _concerns(desk: Newsdesk, record: EditionRecord, digest: str, told: set[StoryId], readers: set[str]) -> bool:
    stories = _stories(desk, record.edition)
    wrong = desk.store.ledger.find(record.edition.corrects) if record.edition.corrects else None
    alerts = [*desk.store.ledger.story_editions(stories), *([wrong] if wrong else [])]
    if stories & _names(desk, told) or any(one.edition.digest == digest for one in alerts):
        return True
    return any(readers & set(one.edition.segments) and not one.edition.digest and is_told(desk, one) for one in alerts)


def _stories(desk: Newsdesk, edition: Edition) -> set[StoryId]:
    return _names(desk, [entry.story for entry in edition.entries if entry.story])


def _names(desk: Newsdesk, stories: Iterable[StoryId]) -> set[StoryId]:
    """Collect every name that stories have or had: what is merged goes on under another."""
    given = set(stories)
    now = {story.id for name in given if (story := desk.store.archive.story(name))}
    return given | now | set(desk.store.placements.formerly(given | now)) if given else set()


def _told(record: EditionRecord) -> Entry:
    """Make the entry that says what a correction said."""
    first, edition = record.edition.entries[0], record.edition
    said = first.correction or Correction()
    return Entry(
        headline=first.headline,
        # Whoever only wrote sentences said in them what is right.
        sentences=() if first.correction and first.correction.right else first.sentences,
        url=first.url,
        language=first.language or edition.language,
        story=first.story,
        article=first.article,
        correction=replace(
            said, at=said.at or _at(record), withdrawn=said.withdrawn or edition.kind is Kind.WITHDRAWAL
        ),
    )
