"""What was told before: an edition is resumed, goes to those not yet in, or is refused; nobody is told twice."""

import hashlib
from dataclasses import replace

from alerts.desk.newsdesk import Newsdesk
from alerts.errors import NeedsAgain
from alerts.model import DeliveryState, Edition, EditionState
from alerts.store.records import EditionRecord

#: States in which an edition can still go on being sent.
UNFINISHED = frozenset({EditionState.READY, EditionState.SENDING, EditionState.HELD, EditionState.BLOCKED})

_REHEARSAL = "rehearsal/"


def keyed(desk: Newsdesk, edition: Edition) -> Edition:
    """Give an edition of a rehearsal keys of its own: what was rehearsed has been told to nobody."""
    if desk.live:
        return replace(
            edition, key=edition.key.removeprefix(_REHEARSAL), told_key=edition.told_key.removeprefix(_REHEARSAL)
        )
    if edition.key.startswith(_REHEARSAL):
        return edition
    return replace(edition, key=_REHEARSAL + edition.key, told_key=_REHEARSAL + edition.told_key)


def is_told(desk: Newsdesk, record: EditionRecord) -> bool:
    """Tell whether readers have an edition or may get it: not a draft, a rehearsal, or one killed before the first."""
    if record.ready_at is None or record.rehearsal != (not desk.live):
        return False
    if record.state not in {EditionState.KILLED, EditionState.EXPIRED}:
        return True
    counts = desk.store.ledger.counts(record.edition.id)
    return any(counts[state] for state in (DeliveryState.ACCEPTED, DeliveryState.UNKNOWN, DeliveryState.SUBMITTING))


def against_earlier(desk: Newsdesk, edition: Edition, *, again: str) -> tuple[Edition, EditionRecord | None]:
    """Hold an edition against what was frozen before; return it with keys that fit, or the one to resume.

    Raises NeedsAgain for other words on what was told before, unless `again` gives a reason. The same reason for the
    same words is the same edition: a command that was interrupted goes on where it was.
    """
    edition = keyed(desk, edition)
    earlier = _frozen(desk, edition)
    if earlier and again:
        marked = hashlib.sha256("\0".join([again, *_words(edition)]).encode()).hexdigest()[:12]
        suffix = f"/again-{marked}"
        edition = replace(edition, key=edition.key + suffix, told_key=edition.told_key + suffix, again=again)
        earlier = _frozen(desk, edition)
    if not earlier:
        return edition, None
    told = earlier[0]
    if _words(told.edition) != _words(edition):
        raise NeedsAgain(
            f'this story was sent before as "{told.edition.subject}" ({told.edition.id})',
            hint="if it goes on: --update; if it is another event that was put into this story by mistake: "
            "alerts stories split STORY ARTICLE; if it must be told once more: --again REASON",
        )
    # Told while its story had another name: nobody who has it then gets it under this one.
    edition = replace(edition, told_key=told.edition.told_key)
    covered = [record for record in earlier if set(edition.segments) <= set(record.edition.segments)]
    if covered:
        unfinished = [record for record in covered if record.state in UNFINISHED]
        return edition, (unfinished or covered)[0]
    return replace(edition, key=f"{edition.key}/part-{len(earlier) + 1}"), None


def unfinished_parts(desk: Newsdesk, edition: Edition) -> list[EditionRecord]:
    """List the other editions that tell the same and are still going out."""
    return [record for record in _frozen(desk, edition) if record.state in {EditionState.READY, EditionState.SENDING}]


def _frozen(desk: Newsdesk, edition: Edition) -> list[EditionRecord]:
    """List what was frozen under a told key: a draft that lapsed or was rejected told nobody."""
    return [
        record
        for told_key in _told_keys(desk, edition)
        for record in desk.store.ledger.by_told_key(told_key)
        if record.ready_at is not None and record.edition.id != edition.id
    ]


def _told_keys(desk: Newsdesk, edition: Edition) -> list[str]:
    """List the keys under which this may have been told: stories that are one now had names of their own."""
    keys = [edition.told_key]
    for story in {entry.story for entry in edition.entries if entry.story and f"/{entry.story}/" in edition.told_key}:
        # A draft may be older than the merge, and bear the name of what is part of another story by now.
        whole = desk.store.archive.story(story)
        name = whole.id if whole is not None else story
        names = {name, *desk.store.placements.formerly([name])} - {story}
        keys += [edition.told_key.replace(f"/{story}/", f"/{other}/") for other in sorted(names)]
    return keys


def _words(edition: Edition) -> tuple[str, ...]:
    """Collect what readers would read, to tell whether two editions say the same."""
    entries = [
        text
        for entry in edition.entries
        for text in (entry.headline, *(sentence.text for sentence in entry.printed), entry.url)
    ]
    return edition.kind.value, edition.subject, edition.preheader, *entries
