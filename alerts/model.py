"""The nouns of the newsroom as frozen records. Pure: no I/O, no clock, no imports but the standard library.

Times are aware UTC `datetime`s named `*_at`; local calendar dates are named `*_on`.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NewType

ArticleId = NewType("ArticleId", str)
StoryId = NewType("StoryId", str)
EditionId = NewType("EditionId", str)
SubscriberId = NewType("SubscriberId", int)
DeliveryId = NewType("DeliveryId", int)
SubmissionId = NewType("SubmissionId", str)


# --- what is published ---------------------------------------------------------------------------


class Relation(StrEnum):
    """Whose an outlet is."""

    #: its articles are what we send
    OURS = "ours"
    #: evidence only: never linked, summarised or sent
    WATCHED = "watched"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """Who publishes."""

    name: str
    relation: Relation = Relation.OURS
    #: outlets of one owner count as one voice; empty: its own
    owner: str = ""
    #: 0…1: how far a report of theirs is believed
    trust: float = 0.5
    #: a draft of theirs with an explicit marker may go out unapproved
    automatic: bool = False
    #: feed addresses
    feeds: tuple[str, ...] = ()
    #: its feeds are polled every minute
    priority: bool = False
    #: which of its feeds and sections are for breaking news only
    breaking: tuple[str, ...] = ()

    @property
    def owner_group(self) -> str:
        """The voice this outlet counts as."""
        return self.owner or self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A picture of an article."""

    url: str
    alt: str = ""
    caption: str = ""
    credit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """A passage that cleaning took out, and by which rule."""

    text: str
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One published text, cleaned."""

    id: ArticleId
    #: canonical; empty for a text that has no address (a file, standard input, a flash)
    url: str
    title: str
    #: body paragraphs, cleaned, in order
    paragraphs: tuple[str, ...]
    outlet: str
    #: the publisher's own summary, if any
    standfirst: str = ""
    section: str = ""
    authors: tuple[str, ...] = ()
    #: feed categories, as published
    categories: tuple[str, ...] = ()
    #: our topics, from config rules
    topics: tuple[str, ...] = ()
    language: str = ""
    image: Image | None = None
    #: the agency whose text it is (from its dateline or byline), such as `AP`; empty: its own
    agency: str = ""
    #: the text breaks off: a feed's teaser, a page behind a wall
    truncated: bool = False
    #: the publisher's own marking (a CMS field, an agency's priority); None: not said
    urgency: "Urgency | None" = None
    #: None: the publisher did not say
    published_at: datetime | None = None
    #: when the publisher last changed it; None: not said
    updated_at: datetime | None = None
    #: nothing of it may be sent before
    embargo_until: datetime | None = None
    #: when we first saw it
    seen_at: datetime
    #: hash of the normalised title and body; changes when the text changes
    content_hash: str
    #: which address of ours it came from; empty: given by hand
    feed: str = ""
    removed: tuple[Removed, ...] = ()

    @property
    def told_at(self) -> datetime:
        """The earlier of published and first seen: the instant its news counts from."""
        if self.published_at is None:
            return self.seen_at
        return min(self.published_at, self.seen_at)


class Level(StrEnum):
    """What a story's score asks for."""

    ALERT = "alert"
    REVIEW = "review"
    DIGEST_ONLY = "digest-only"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One reason why a story is thought to be breaking or not."""

    #: stable name, such as `marker`, `owners`, `speed`
    name: str
    #: points it adds (may be negative): value × weight
    points: float
    #: in words an editor reads: what was seen
    evidence: str
    #: how much of it was seen
    value: float = 0.0
    #: what one of it is worth, from `[breaking.weights]`
    weight: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A story's score with its reasons."""

    score: float
    level: Level
    signals: tuple[Signal, ...]

    @property
    def reasons(self) -> tuple[str, ...]:
        """The evidence of the signals that spoke for it, strongest first."""
        ranked = sorted(self.signals, key=lambda signal: -signal.points)
        return tuple(signal.evidence for signal in ranked if signal.points > 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """The articles that tell of one event."""

    id: StoryId
    #: ours, the best one to link; None while only watched outlets have it
    lead: Article | None
    #: all, oldest first
    articles: tuple[Article, ...]
    first_seen_at: datetime
    last_seen_at: datetime
    verdict: Verdict | None = None

    @property
    def title(self) -> str:
        """The lead's headline, else the newest one."""
        return (self.lead or self.articles[-1]).title


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A sentence that we print, and where it stands in its source."""

    text: str
    #: whose text it stands in; empty: an editor wrote it
    article: ArticleId | str = ""
    #: what it was taken from, such as `paragraph 1`, `standfirst`, `title`; `editor` or `llm` wrote it themselves
    place: str = ""
    #: the sentence as it stands there, where ours differs; empty: word for word the same
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The sentences we print of a story."""

    headline: str
    preheader: str
    #: for an alert: at most 300 characters together
    sentences: tuple[Sentence, ...]
    #: for a digest entry: at most 400 characters together
    blurb: tuple[Sentence, ...]
    #: how it was made: `standfirst`, `lead`, `llm`
    method: str
    #: the news in one line of at most 116 characters; None: a bare headline
    line: Sentence | None = None
    #: what the desk should know of it: sources that disagree, a text that was refused
    doubts: tuple[str, ...] = ()


# --- what is sent --------------------------------------------------------------------------------


class Kind(StrEnum):
    """Kinds of edition."""

    ALERT = "alert"
    UPDATE = "update"
    DIGEST = "digest"
    CATCH_UP = "catch-up"
    CORRECTION = "correction"
    WITHDRAWAL = "withdrawal"
    CONFIRMATION = "confirmation"


class Urgency(StrEnum):
    """How urgent an alert is; a flash waits for nothing."""

    FLASH = "flash"
    ALERT = "alert"


class Lane(StrEnum):
    """What goes first; urgent always before digest before bulk."""

    URGENT = "urgent"
    DIGEST = "digest"
    BULK = "bulk"

    @property
    def rank(self) -> int:
        """0 goes first."""
        return list(Lane).index(self)


def lane_of(kind: Kind) -> Lane:
    """Tell the lane in which editions of a kind travel."""
    return Lane.DIGEST if kind in {Kind.DIGEST, Kind.CATCH_UP} else Lane.URGENT


class EditionState(StrEnum):
    """Where an edition stands (design §8)."""

    DRAFT = "draft"
    READY = "ready"
    SENDING = "sending"
    HELD = "held"
    DONE = "done"
    #: finished but for deliveries whose fate nobody knows
    DONE_UNRESOLVED = "done_unresolved"
    SKIPPED = "skipped"
    BLOCKED = "blocked"
    KILLED = "killed"
    EXPIRED = "expired"
    REJECTED = "rejected"


class DeliveryState(StrEnum):
    """Where a delivery stands (design §8)."""

    DEFERRED = "deferred"
    PENDING = "pending"
    SUBMITTING = "submitting"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    ABANDONED = "abandoned"
    SUPPRESSED = "suppressed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    DEAD = "dead"


class Fate(StrEnum):
    """What events told of an accepted delivery; only ever moves forward, in this order."""

    NONE = "none"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    COMPLAINED = "complained"


class UnknownPolicy(StrEnum):
    """What to do when nobody knows whether the provider took a delivery."""

    AT_LEAST_ONCE = "at-least-once"
    AT_MOST_ONCE = "at-most-once"


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What we told that was wrong, and what is right."""

    #: what we told, in words; empty: it is not repeated
    wrong: str = ""
    right: str = ""
    #: when the wrong was sent
    wrong_at: datetime | None = None
    #: when it was put right; None: with the edition that says so
    at: datetime | None = None
    #: all of it was taken back
    withdrawn: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What one edition says of one story."""

    headline: str
    sentences: tuple[Sentence, ...]
    #: empty: nothing to link yet (a flash before its article)
    url: str = ""
    outlet: str = ""
    section: str = ""
    language: str = ""
    published_at: datetime | None = None
    image: Image | None = None
    story: StoryId | None = None
    article: ArticleId | None = None
    #: how its sentences were made, as in `Summary`
    method: str = ""
    #: what the desk should know of it, as in `Summary`
    doubts: tuple[str, ...] = ()
    #: what an editor lists as known, and as not known yet
    known: tuple[Sentence, ...] = ()
    unknown: tuple[Sentence, ...] = ()
    #: the outlets of ours that report it, its own first; empty: only its own
    outlets: tuple[str, ...] = ()
    #: what of it was wrong before
    correction: Correction | None = None
    #: of a digest: when those who get it were last alerted of it
    alerted_at: datetime | None = None

    @property
    def printed(self) -> tuple[Sentence, ...]:
        """Every sentence that is printed of it."""
        return (*self.sentences, *self.known, *self.unknown)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """One thing that is sent: content and addressees by rule, before anything is frozen."""

    id: EditionId
    kind: Kind
    urgency: Urgency = Urgency.ALERT
    #: what makes it this edition and no other: `alert/<story or url or hash>/r1`,
    #: `digest/<name>/<date>/<slot>/<zone>`
    key: str
    #: no subscriber gets two editions of one told key
    told_key: str
    subject: str
    preheader: str
    #: an alert's news in one line of at most 116 characters, for notices and status; empty: the subject is all
    line: str = ""
    entries: tuple[Entry, ...]
    #: of a digest: what was put right since its last edition, each with its correction
    corrections: tuple[Entry, ...] = ()
    #: the edition that this one corrects or withdraws
    corrects: EditionId | None = None
    #: names of the segments it goes to
    segments: tuple[str, ...]
    language: str = "en"
    #: what a one-click unsubscribe in it leaves: `alerts`, `digest:<name>`
    scope: str = "alerts"
    #: of a digest
    title: str = ""
    digest: str = ""
    nominal_on: date | None = None
    made_at: datetime
    #: goes out no earlier
    not_before_at: datetime | None = None
    #: is never sent later; None: set at approval from `[delivery]`
    expires_at: datetime | None = None
    unknown_policy: UnknownPolicy = UnknownPolicy.AT_MOST_ONCE
    #: why it is sent although it was told before
    again: str = ""
    #: why it was proposed, in words
    reasons: tuple[str, ...] = ()
    #: who made it: an editor's name, or `alerts` for the tool itself
    made_by: str = ""

    @property
    def lane(self) -> Lane:
        """The lane it travels in."""
        return lane_of(self.kind)


# --- who gets it ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """A display name and an address."""

    address: str
    name: str = ""


def folded(text: str) -> str:
    """Fold a field's value so that two spellings of one word are equal: composed, trimmed, without case."""
    # Case folding may take letters apart (İ → i + dot), so it is composed again.
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text.strip()).casefold())


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One line of a segment's rule: the field has any of the values.

    A field is an attribute's name, or one of `list`, `segment`, `language` (`en` also means `en-GB`) and `timezone`.
    """

    field: str
    #: compared `folded`
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a mail looks and who it is from, where that is not as usual; empty: as usual."""

    #: a theme's name
    theme: str = ""
    #: of the mail's own words
    language: str = ""
    sender: Mailbox | None = None
    reply_to: Mailbox | None = None

    def over(self, usual: "Look") -> "Look":
        """Fill what is empty from another look."""
        return Look(
            theme=self.theme or usual.theme,
            language=self.language or usual.language,
            sender=self.sender or usual.sender,
            reply_to=self.reply_to or usual.reply_to,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A named rule that picks subscribers: of the sources, all that meet every `include` and no `exclude`."""

    name: str
    title: str = ""
    #: names of lists or of other segments; a subscriber in any of them is a candidate
    sources: tuple[str, ...]
    include: tuple[Condition, ...] = ()
    exclude: tuple[Condition, ...] = ()
    #: 0…1: the share that is picked, stable by address hash
    sample: float = 1.0
    #: of what is sent to it
    look: Look = Look()

    @property
    def sample_below(self) -> str | None:
        """An address hash is in the sample if it sorts before this; None: everybody is."""
        # Hexadecimal text sorts like the number it writes, in Python and in every database.
        return None if self.sample >= 1 else f"{int(max(self.sample, 0.0) * 16**8):08x}"


#: All segments of a newsroom by name.
Segments = Mapping[str, Segment]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """A person who asked for mail."""

    id: SubscriberId
    #: random, stands in unsubscribe links instead of the address
    public_id: str
    address: str
    #: keyed; what suppressions and deliveries know the person by
    address_hash: str
    name: str = ""
    language: str = ""
    timezone: str = ""
    lists: frozenset[str] = frozenset()
    attributes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    joined_at: datetime | None = None


#: The list of those who signed up themselves; no file owns it.
SIGNUP = "signup"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRow:
    """What one row of a list says of one person."""

    #: normalised
    address: str
    name: str = ""
    language: str = ""
    timezone: str = ""
    #: when the person joined, if the list knows
    joined_at: datetime | None = None
    #: name → values, both `folded`
    attributes: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListDiff:
    """What bringing a list up to date changes, counted in people."""

    list: str
    added: int
    #: stay, but something else is said of them
    changed: int
    #: end their membership of this list, and of no other
    gone: int
    #: stay as they are
    kept: int
    #: stand in the rows but left, bounced or complained: they get no mail whatever the list says
    suppressed: int
    #: a few addresses of `added`, `changed` and `gone` each
    examples: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def before(self) -> int:
        """How many were on the list before."""
        return self.changed + self.gone + self.kept

    @property
    def after(self) -> int:
        """How many are on the list afterwards."""
        return self.added + self.changed + self.kept


class SuppressionReason(StrEnum):
    """Why an address must get no mail."""

    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    INVALID = "invalid"
    MANUAL = "manual"
    ERASED = "erased"


#: The scope that covers every edition.
SCOPE_ALL = "all"
#: The scope of all alerts, updates, corrections and withdrawals.
SCOPE_ALERTS = "alerts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """An address that must get no mail, and why."""

    address_hash: str
    reason: SuppressionReason
    #: `all`, `alerts` or `digest:<name>`
    scope: str
    at: datetime
    evidence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Whom an edition goes to, as a rule: the union of its segments, narrowed by rehearsal."""

    segments: tuple[Segment, ...]
    #: every segment of the newsroom, for rules that name another one
    all_segments: Segments
    #: rehearsal: only those with one of these address hashes; None: live
    only_to: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AudienceCount:
    """How many an edition would reach, before it is frozen."""

    candidates: int
    by_segment: Mapping[str, int]
    #: reason → number; reasons: `told before`, `rehearsal`, and those of suppressions
    excluded: Mapping[str, int]

    @property
    def to_send(self) -> int:
        """Those who would get it."""
        return self.candidates - sum(self.excluded.values())


# --- the ledger ----------------------------------------------------------------------------------


class OutcomeKind(StrEnum):
    """What a hand-over to the provider came to."""

    ACCEPTED = "accepted"
    #: definitely not taken, and never will be
    REJECTED = "rejected"
    #: provably not taken; may be tried again
    BUSY = "busy"
    #: nobody knows
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one delivery in a submission."""

    delivery: DeliveryId
    kind: OutcomeKind
    #: the provider's words, without addresses
    reason: str = ""
    #: the provider's id for it
    provider_ref: str = ""
    #: BUSY: not before this long from now
    retry_after: timedelta | None = None
    #: REJECTED: the address itself is dead, and is suppressed
    invalid_address: bool = False
    #: BUSY: the provider refuses us altogether (key, account); nothing more is tried
    #: until somebody mends it
    halts: bool = False


class EventKind(StrEnum):
    """What a provider tells us later."""

    PROCESSED = "processed"
    DEFERRED = "deferred"
    DELIVERED = "delivered"
    #: the address is dead
    BOUNCED = "bounced"
    #: refused for a reason that is not the address
    BLOCKED = "blocked"
    DROPPED = "dropped"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"
    #: opens, clicks and whatever else; kept, changes nothing
    OTHER = "other"
    #: the provider suspended the account: nothing more is sent
    ACCOUNT_SUSPENDED = "account-suspended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that a provider told us of a delivery."""

    provider: str
    #: unique at the provider
    event_id: str
    kind: EventKind
    at: datetime
    delivery: DeliveryId | None = None
    submission: SubmissionId | None = None
    address: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The account of an edition, which must add up."""

    edition: EditionId
    kind: Kind
    state: EditionState
    subject: str
    candidates: int
    #: reason → number
    excluded: Mapping[str, int]
    #: state → number, every state present
    deliveries: Mapping[DeliveryState, int]
    #: of the accepted: fate → number
    fates: Mapping[Fate, int]
    #: deliveries sent again after an unknown; at most so many readers got two
    possible_doubles: int
    segments: tuple[str, ...]
    provider: str
    rehearsal: bool
    approved_by: str
    content_hash: str
    made_at: datetime
    ready_at: datetime | None
    first_accepted_at: datetime | None
    last_accepted_at: datetime | None
    expires_at: datetime | None
    #: reason → number, of the deliveries that did not go, or wait because the provider would not take them yet
    failures: Mapping[str, int] = field(default_factory=dict)
    #: why it is held, blocked, skipped, killed …
    state_reason: str = ""

    @property
    def adds_up(self) -> bool:
        """Whether candidates = excluded + every delivery state."""
        return self.candidates == sum(self.excluded.values()) + sum(self.deliveries.values())


class Severity(StrEnum):
    """How bad a finding is."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something found wrong before it could do harm."""

    #: stable, such as `subject-long`
    code: str
    severity: Severity
    text: str
    place: str = ""
    remedy: str = ""


# --- time ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """A digest's due time: digest × nominal local date × slot × zone."""

    digest: str
    nominal_on: date
    #: the local time as written, `07:00`
    slot: str
    zone: str
    due_at: datetime

    @property
    def key(self) -> str:
        """Unique for all time; by nominal date, so that a clock change cannot double or skip it."""
        return f"digest/{self.digest}/{self.nominal_on.isoformat()}/{self.slot}/{self.zone}"


class NoticeKind(StrEnum):
    """What the desk is told of."""

    DRAFT_WAITS = "draft waits"
    DIGEST_PREVIEW = "digest goes out soon"
    HELD = "edition held"
    BLOCKED = "edition blocked"
    EXPIRED = "edition expired"
    PROVIDER_DOWN = "provider outage"
    FEED_DEAD = "feed dead"
    FEED_SILENT = "feed silent"
    FEED_BACK = "feed is back"
    FEED_MOVED = "feed has moved"
    DIGEST_SKIPPED = "digest skipped"
    NOT_OURS_YET = "we do not have this yet"
    UNRESOLVED = "deliveries unresolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something the desk must know."""

    #: the same thing is told once
    key: str
    kind: NoticeKind
    text: str
    at: datetime
    edition: EditionId | None = None
