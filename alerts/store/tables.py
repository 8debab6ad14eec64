"""Every table of the database. Pure: no engine, no I/O. `migrations/` must make exactly these.

Four families: the archive (what was published), the roster (who asked for mail), the ledger (what was sent), and the
daybook (what the desk decided and was told).
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant; SQLite hands a naive one back, so both ways are guarded."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive instants; store UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime must not reach the database")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Hand back aware UTC."""
        if value is None:
            return None
        instant: datetime = value
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


#: autoincrementing 64-bit key; SQLite autoincrements only INTEGER
BigKey = BigInteger().with_variant(Integer(), "sqlite")

# --- roster --------------------------------------------------------------------------------------

subscribers = Table(
    "subscribers",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("public_id", String(32), nullable=False, unique=True),
    # NULL: erased
    Column("address", Text),
    Column("address_hash", String(32), nullable=False, unique=True),
    Column("name", Text, nullable=False, default=""),
    Column("language", String(35), nullable=False, default=""),
    Column("timezone", String(64), nullable=False, default=""),
    Column("joined_at", UtcDateTime),
)

memberships = Table(
    "memberships",
    metadata,
    Column("subscriber_id", BigKey, ForeignKey("subscribers.id"), primary_key=True),
    Column("list", String(100), primary_key=True),
    Column("joined_at", UtcDateTime, nullable=False),
    # rows are never deleted: they end
    Column("ended_at", UtcDateTime),
    Column("ended_reason", Text, nullable=False, default=""),
    Index("ix_memberships_list", "list", "subscriber_id"),
)

# what a list's file says of a person; values casefolded
attributes = Table(
    "attributes",
    metadata,
    Column("subscriber_id", BigKey, ForeignKey("subscribers.id"), primary_key=True),
    Column("list", String(100), primary_key=True),
    Column("name", String(100), primary_key=True),
    Column("value", String(400), primary_key=True),
    Index("ix_attributes_name", "name", "value", "subscriber_id"),
)

suppressions = Table(
    "suppressions",
    metadata,
    Column("address_hash", String(32), primary_key=True),
    Column("scope", String(120), primary_key=True),
    Column("reason", String(20), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("evidence", Text, nullable=False, default=""),
    # set only when the subscriber comes back, or an operator mends a technical mistake
    Column("lifted_at", UtcDateTime),
    Column("lifted_by", Text, nullable=False, default=""),
)

list_syncs = Table(
    "list_syncs",
    metadata,
    Column("list", String(100), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("members", Integer, nullable=False),
    Column("file_hash", String(64), nullable=False),
)

# --- archive -------------------------------------------------------------------------------------

feeds = Table(
    "feeds",
    metadata,
    Column("url", Text, primary_key=True),
    Column("outlet", Text, nullable=False),
    Column("etag", Text, nullable=False, default=""),
    Column("last_modified", Text, nullable=False, default=""),
    # where it moved for good, and how often it said so
    Column("moved_to", Text, nullable=False, default=""),
    Column("moved_times", Integer, nullable=False, default=0),
    Column("next_poll_at", UtcDateTime),
    Column("interval_seconds", Integer, nullable=False, default=300),
    Column("first_success_at", UtcDateTime),
    Column("last_success_at", UtcDateTime),
    Column("last_new_at", UtcDateTime),
    Column("entries", Integer, nullable=False, default=0),
    Column("failures", Integer, nullable=False, default=0),
    Column("last_error", Text, nullable=False, default=""),
    Column("retired_at", UtcDateTime),
    # its longest pause between new articles lately, to notice an unusual silence; 0: not known yet
    Column("usual_gap_seconds", Integer, nullable=False, default=0, server_default="0"),
    # when it last brought a mass of what is no news: a new content system, old articles listed again
    Column("relisted_at", UtcDateTime),
)

articles = Table(
    "articles",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("url", Text, nullable=False),
    Column("outlet", Text, nullable=False),
    Column("feed", Text, nullable=False, default=""),
    Column("title", Text, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    Column("published_at", UtcDateTime),
    # nothing of it goes out before
    Column("embargo_until", UtcDateTime),
    Column("content_hash", String(64), nullable=False),
    Column("story_id", String(32)),
    # why it joined its story: how alike it was, and in what words; NULL: it began the story
    Column("similarity", Float),
    Column("shared", Text),
    # the whole Article as JSON
    Column("article", Text, nullable=False),
    # came with the first fetch of its feed, or was old when it came: never alerts
    Column("backfill", Boolean, nullable=False, default=False),
    Index("ix_articles_story", "story_id"),
    Index("ix_articles_seen", "seen_at"),
    Index("ix_articles_url", "url"),
    Index("ix_articles_content", "content_hash"),
    Index("ix_articles_embargo", "embargo_until"),
)

# articles whose feed tells only their beginning, and how fetching their pages went
completions = Table(
    "completions",
    metadata,
    Column("article_id", String(32), primary_key=True),
    # hash of the words in the feed: while they stay the same, the completed article stands
    Column("entry_hash", String(64), nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("completed_at", UtcDateTime),
    # NULL: not tried again
    Column("next_at", UtcDateTime),
    Column("reason", Text, nullable=False, default=""),
    # what the page said of itself: asked again before an alert goes out
    Column("headline", Text, nullable=False, default=""),
    Column("etag", Text, nullable=False, default=""),
    Column("last_modified", Text, nullable=False, default=""),
    Index("ix_completions_next", "next_at"),
)

stories = Table(
    "stories",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("lead_article", String(32)),
    Column("first_seen_at", UtcDateTime, nullable=False),
    Column("last_seen_at", UtcDateTime, nullable=False),
    Column("score", Float, nullable=False, default=0.0),
    Column("level", String(20), nullable=False, default="digest-only"),
    # the Verdict as JSON
    Column("verdict", Text, nullable=False, default=""),
    # it was found to tell of the same event as that one, and holds no article any more
    Column("merged_into", String(32)),
    # counts every change, so that a process that keeps stories in memory sees another's
    Column("version", Integer, nullable=False, default=0, server_default="0"),
    Index("ix_stories_seen", "last_seen_at"),
)

# where an editor put an article, whatever clustering would say
placements = Table(
    "placements",
    metadata,
    Column("article_id", String(32), primary_key=True),
    Column("story_id", String(32), nullable=False),
    Column("editor", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

# the smallest hashes of the text of articles: what was made from a text shares one of them with it
sketches = Table(
    "sketches",
    metadata,
    Column("hash", BigInteger, primary_key=True, autoincrement=False),
    Column("article_id", String(32), primary_key=True),
)

# articles that came again under other addresses
aliases = Table(
    "aliases",
    metadata,
    # the id that its other address would have given it
    Column("alias", String(32), primary_key=True),
    Column("article_id", String(32), nullable=False),
)

# paragraphs that an outlet repeats from article to article
boilerplate = Table(
    "boilerplate",
    metadata,
    Column("outlet", String(200), primary_key=True),
    # hash of the normalised paragraph
    Column("paragraph", String(32), primary_key=True),
    # the one counted last: an article that is brought twice, or updated, counts once
    Column("last_article", String(32), nullable=False),
    Column("articles", Integer, nullable=False),
    Column("days", Integer, nullable=False),
    Column("first_on", Date, nullable=False),
    Column("last_on", Date, nullable=False),
)

# --- ledger --------------------------------------------------------------------------------------

editions = Table(
    "editions",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("key", String(400), nullable=False, unique=True),
    Column("told_key", String(400), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("lane", Integer, nullable=False),
    Column("state", String(20), nullable=False),
    Column("subject", Text, nullable=False),
    # the Edition as JSON; frozen at ready
    Column("edition", Text, nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("digest", String(100), nullable=False, default=""),
    Column("nominal_on", Date),
    Column("scope", String(120), nullable=False),
    Column("unknown_policy", String(20), nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("approved_by", Text, nullable=False, default=""),
    Column("ready_at", UtcDateTime),
    Column("not_before_at", UtcDateTime),
    Column("expires_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Column("candidates", Integer, nullable=False, default=0),
    Column("provider", String(60), nullable=False, default=""),
    Column("rehearsal", Boolean, nullable=False, default=False),
    Column("possible_doubles", Integer, nullable=False, default=0),
    Column("first_accepted_at", UtcDateTime),
    Column("last_accepted_at", UtcDateTime),
    # why it is held, blocked, skipped, killed …
    Column("state_reason", Text, nullable=False, default=""),
    Index("ix_editions_state", "state", "lane"),
    Index("ix_editions_told", "told_key"),
    Index("ix_editions_digest", "digest", "nominal_on"),
)

edition_stories = Table(
    "edition_stories",
    metadata,
    Column("edition_id", String(32), ForeignKey("editions.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("story_id", String(32)),
    Column("article_id", String(32)),
    Index("ix_edition_stories_story", "story_id"),
)

variants = Table(
    "variants",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("variant", Text, nullable=False),
)

edition_variants = Table(
    "edition_variants",
    metadata,
    Column("edition_id", String(32), ForeignKey("editions.id"), primary_key=True),
    # empty: for everybody whose language has none of its own
    Column("language", String(35), primary_key=True),
    Column("variant_hash", String(64), ForeignKey("variants.hash"), nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("edition_id", String(32), ForeignKey("editions.id"), nullable=False),
    Column("subscriber_id", BigKey, ForeignKey("subscribers.id"), nullable=False),
    Column("address_hash", String(32), nullable=False),
    Column("told_key", String(400), nullable=False),
    # language of its variant
    Column("language", String(35), nullable=False, default=""),
    Column("state", String(12), nullable=False),
    Column("submission_id", String(32)),
    Column("attempts", Integer, nullable=False, default=0),
    # how often it was handed over again though nobody knew whether it had gone
    Column("resends", Integer, nullable=False, default=0),
    Column("not_before_at", UtcDateTime),
    Column("unknown_at", UtcDateTime),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("fate", String(12), nullable=False, default="none"),
    Column("reason", Text, nullable=False, default=""),
    Column("provider_ref", Text, nullable=False, default=""),
    UniqueConstraint("edition_id", "address_hash"),
    UniqueConstraint("told_key", "subscriber_id"),
    Index("ix_deliveries_work", "edition_id", "state", "id"),
    Index("ix_deliveries_submission", "submission_id"),
    Index("ix_deliveries_address", "address_hash"),
    sqlite_autoincrement=True,
)

exclusions = Table(
    "exclusions",
    metadata,
    Column("edition_id", String(32), ForeignKey("editions.id"), primary_key=True),
    Column("subscriber_id", BigKey, ForeignKey("subscribers.id"), primary_key=True),
    Column("address_hash", String(32), nullable=False),
    Column("reason", String(60), nullable=False),
    Index("ix_exclusions_address", "address_hash"),
)

submissions = Table(
    "submissions",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("edition_id", String(32), ForeignKey("editions.id"), nullable=False),
    Column("provider", String(60), nullable=False),
    Column("owner", Text, nullable=False),
    Column("epoch", Integer, nullable=False, default=1),
    # open, settled, expired
    Column("state", String(10), nullable=False),
    Column("size", Integer, nullable=False),
    Column("claimed_at", UtcDateTime, nullable=False),
    Column("lease_until", UtcDateTime, nullable=False),
    Column("settled_at", UtcDateTime),
    Index("ix_submissions_open", "state", "lease_until"),
)

events = Table(
    "events",
    metadata,
    Column("provider", String(60), primary_key=True),
    Column("event_id", String(120), primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("delivery_id", BigKey),
    Column("submission_id", String(32)),
    Column("reason", Text, nullable=False, default=""),
    Index("ix_events_delivery", "delivery_id"),
)

# --- daybook -------------------------------------------------------------------------------------

occurrences = Table(
    "occurrences",
    metadata,
    Column("key", String(300), primary_key=True),
    Column("digest", String(100), nullable=False),
    Column("nominal_on", Date, nullable=False),
    Column("slot", String(5), nullable=False),
    Column("zone", String(64), nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    # opened, skipped
    Column("state", String(10), nullable=False),
    Column("edition_id", String(32)),
    Column("reason", Text, nullable=False, default=""),
    Column("at", UtcDateTime, nullable=False),
    Index("ix_occurrences_digest", "digest", "due_at"),
)

decisions = Table(
    "decisions",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("edition_id", String(32)),
    Column("story_id", String(32)),
    # approve, automatic, reject, lapse, hold, release, kill, edit, again, despite, recheck
    Column("decision", String(20), nullable=False),
    Column("editor", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("reason", Text, nullable=False, default=""),
    # the Verdict as JSON, for calibration
    Column("verdict", Text, nullable=False, default=""),
    Index("ix_decisions_edition", "edition_id"),
)

notices = Table(
    "notices",
    metadata,
    Column("key", String(300), primary_key=True),
    Column("kind", String(40), nullable=False),
    Column("text", Text, nullable=False),
    Column("edition_id", String(32)),
    Column("at", UtcDateTime, nullable=False),
    Column("mailed_at", UtcDateTime),
    Column("posted_at", UtcDateTime),
    Column("attempts", Integer, nullable=False, default=0),
    Column("not_before_at", UtcDateTime),
    Column("last_error", Text, nullable=False, default=""),
)

# small facts by name: `heartbeat`, `stop`, `breaker:<provider>` …
control = Table(
    "control",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("value", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)
