"""What the store hands out of its rows. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from alerts.model import (
    ArticleId,
    DeliveryId,
    DeliveryState,
    Edition,
    EditionId,
    EditionState,
    Fate,
    Notice,
    Occurrence,
    StoryId,
    SubscriberId,
    Verdict,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionRecord:
    """An edition as the ledger knows it."""

    edition: Edition
    state: EditionState
    approved_by: str
    #: when content and audience were frozen; None: never
    ready_at: datetime | None
    finished_at: datetime | None
    candidates: int
    provider: str
    rehearsal: bool
    #: why it is held, blocked, skipped, killed …
    state_reason: str
    content_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRecord:
    """A delivery as the ledger knows it."""

    id: DeliveryId
    edition: EditionId
    subscriber_id: SubscriberId
    #: empty: erased since
    address: str
    state: DeliveryState
    fate: Fate
    #: how often a provider was too busy for it
    attempts: int
    reason: str
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ExclusionRecord:
    """A candidate who got no delivery, and why."""

    edition: EditionId
    subscriber_id: SubscriberId
    #: empty: erased since
    address: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OccurrenceRecord:
    """What became of a digest's due time."""

    occurrence: Occurrence
    #: `opened` or `skipped`
    state: str
    #: what was made of it
    edition: EditionId | None
    #: why it was skipped
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What an editor decided, and on what grounds."""

    edition: EditionId | None = None
    story: StoryId | None = None
    #: approve, automatic, reject, lapse, hold, release, kill, edit, again, despite, recheck
    decision: str
    editor: str
    at: datetime
    reason: str = ""
    #: the score as it was shown to the editor
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingNotice:
    """A notice, and how telling it went so far."""

    notice: Notice
    mailed_at: datetime | None
    posted_at: datetime | None
    attempts: int
    last_error: str


class Fact(NamedTuple):
    """A small fact of the daybook, and when it was put."""

    value: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """How polling a feed went so far, and when it is due again."""

    url: str
    outlet: str
    etag: str = ""
    last_modified: str = ""
    #: where it says it moved for good, and how often it said so in a row
    moved_to: str = ""
    moved_times: int = 0
    next_poll_at: datetime | None = None
    interval_seconds: int = 300
    first_success_at: datetime | None = None
    last_success_at: datetime | None = None
    #: when it last brought something new
    last_new_at: datetime | None = None
    #: how many it had last time
    entries: int = 0
    #: in a row
    failures: int = 0
    last_error: str = ""
    #: gone for good (410), or retired by the desk
    retired_at: datetime | None = None
    #: its longest pause between new articles lately; 0: not known yet
    usual_gap_seconds: int = 0
    #: when it last brought so much that is no news (new addresses, old articles) that none of it may alert anybody
    relisted_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """How fetching the page of an article went whose feed tells only its beginning."""

    article_id: ArticleId
    #: content hash of the words in the feed
    entry_hash: str
    #: failed so often
    attempts: int = 0
    completed_at: datetime | None = None
    #: when it is tried next; None: not any more
    next_at: datetime | None = None
    #: why it failed last
    reason: str = ""
    #: as its page had it, with the page's validators
    headline: str = ""
    etag: str = ""
    last_modified: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSync:
    """When a list was last brought up to date, and from what."""

    list: str
    at: datetime
    members: int
    #: of the file it came from; empty: it came from elsewhere
    file_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Joining:
    """Why an article belongs to its story."""

    #: 0…1; None: the story began with it
    similarity: float | None = None
    #: the words that both shared, most telling first
    shared: tuple[str, ...] = ()
    #: the editor who put it there; empty: clustering did
    editor: str = ""
