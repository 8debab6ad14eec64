"""What every use-case needs: settings, store, clock, and the rooms opened on first use. Edge."""

import threading
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from alerts import bundled, tokens
from alerts.config import Config, Digest, day_names
from alerts.errors import ConfigError, SendRefused
from alerts.model import Article, Audience, Edition, Outlet, Relation, Segment, Segments, Story, Subscriber
from alerts.ports import Clock, Provider, Summariser
from alerts.timetable.occurrences import Rule

if TYPE_CHECKING:
    from alerts.content.breaking import Ruling
    from alerts.content.fetching.fetch import Fetcher
    from alerts.desk.open_stories import OpenStories
    from alerts.guarded import Worker
    from alerts.store import Store
    from alerts.store.records import EditionRecord
    from alerts.templating.renderer import Renderer
    from alerts.templating.theme import Brand, Theme


def utc_now() -> datetime:
    """Tell the present instant."""
    return datetime.now(UTC)


class Replayer(Protocol):
    """Stands in for readers and editors while recorded material runs through a policy (`replay`)."""

    def heard(self, story: Story, ruling: "Ruling") -> None:
        """Take note of what the policy said of a story."""

    def takes(self, edition: Edition, story: Story, ruling: "Ruling") -> None:
        """Take a proposal instead of sending it or asking for approval."""


class Newsdesk:
    """The newsroom at work. Close it when done."""

    def __init__(self, config: Config, *, clock: Clock = utc_now) -> None:
        self.config = config
        self.clock = clock
        #: held while articles are put into stories: two at once would each begin a story for one event
        self.placing = threading.RLock()
        #: Two threads that propose at once would both find the cap and the gap open.
        self.proposing = threading.RLock()
        #: set only while a policy is replayed in a scratch database
        self.replayer: Replayer | None = None

    # --- keys ---

    @cached_property
    def token_keys(self) -> tuple[bytes, ...]:
        """The keys that links may be signed with; the first one signs."""
        keys = self.config.keys
        read = [keys.tokens, *keys.old_tokens]
        return tuple(secret.read(base=self.config.base, what="keys.tokens").encode() for secret in read)

    @cached_property
    def address_key(self) -> bytes:
        """The key that addresses are hashed with; must never change."""
        return self.config.keys.addresses.read(base=self.config.base, what="keys.addresses").encode()

    # --- rooms: each is imported when it is opened, so that `status` does not pay for what `send` needs ---

    @cached_property
    def store(self) -> "Store":
        """The database."""
        from alerts.store import open_store

        return open_store(self.config.store.url, base=self.config.base, address_key=self.address_key)

    @cached_property
    def provider(self) -> Provider:
        """The mail provider."""
        from alerts.provider import open_provider

        return open_provider(self.config.provider, base=self.config.base)

    @cached_property
    def worker(self) -> "Worker":
        """The process that parses hostile bytes."""
        from alerts.guarded import Worker

        return Worker()

    @cached_property
    def fetcher(self) -> "Fetcher":
        """Reaches feeds and pages."""
        from alerts.content.fetching.fetch import Fetcher

        settings = self.config.fetching
        return Fetcher(
            timeout=settings.timeout.total_seconds(),
            max_bytes=settings.max_bytes,
            allow_private=settings.allow_private,
            user_agent=settings.user_agent,
        )

    @cached_property
    def summariser(self) -> Summariser | None:
        """Writes summaries beside extraction; None: nobody is configured."""
        settings = self.config.summaries
        if settings.method != "llm" or settings.url is None:
            return None
        from alerts.content.summaries.llm import ChatSummariser

        key = settings.api_key
        return ChatSummariser(
            url=settings.url,
            model=settings.model,
            api_key=key.read(base=self.config.base, what="summaries.api_key") if key else "",
            timeout=settings.timeout.total_seconds(),
            max_bytes=settings.max_bytes,
            allow_private=settings.allow_private,
        )

    @cached_property
    def page_checker(self) -> "Fetcher":
        """Looks at one page again before an alert goes out: it waits for no poll, and not for long."""
        from alerts.content.fetching.fetch import Fetcher

        settings = self.config.fetching
        return Fetcher(
            timeout=min(5.0, settings.timeout.total_seconds()),
            max_bytes=settings.max_bytes,
            allow_private=settings.allow_private,
            user_agent=settings.user_agent,
        )

    @cached_property
    def open_stories(self) -> "OpenStories":
        """The stories that articles may join, kept between polls."""
        from alerts.desk.open_stories import OpenStories

        return OpenStories()

    @cached_property
    def renderer(self) -> "Renderer":
        """Renders editions; the newsroom's own templates come first."""
        from alerts.templating.renderer import Renderer

        own = self.config.base / self.config.templates.directory
        return Renderer(directories=[own], bundled=bundled.path("templates"))

    def close(self) -> None:
        """Let go of whatever was opened."""
        for name in ("provider", "worker", "fetcher", "page_checker", "summariser", "store"):
            if (room := self.__dict__.pop(name, None)) is not None:
                room.close()

    # --- what the settings mean ---

    @property
    def brand(self) -> "Brand":
        """What mails look like."""
        from alerts.templating.theme import Brand

        config = self.config
        return Brand(
            name=config.newsroom.name,
            site=config.newsroom.site,
            postal_address=config.sender.postal_address,
            theme=config.theme.name,
            logo=config.theme.logo or "",
            accent=config.theme.accent or "",
            accent_dark=config.theme.accent_dark or "",
        )

    @property
    def theme(self) -> "Theme":
        """The newsroom's own look; the shipped one where its own cannot be used, so that readers can still leave."""
        from alerts.errors import TemplateError
        from alerts.templating import theme

        shipped = bundled.path("templates")
        try:
            return theme.load(self.brand, [self.config.base / self.config.templates.directory, shipped])
        except TemplateError:
            return theme.load(theme.Brand(name=self.config.newsroom.name), [shipped])

    @property
    def domain(self) -> str:
        """The domain that mail is sent from."""
        return self.config.sender.address.rpartition("@")[2]

    @property
    def live(self) -> bool:
        """Whether mail goes to everybody."""
        return not self.config.rehearsal

    def local_time(self, at: datetime | None) -> str:
        """Write an instant as the newsroom's time of day, such as `14:05 GMT`; None: nothing."""
        return "" if at is None else at.astimezone(ZoneInfo(self.config.newsroom.timezone)).strftime("%H:%M %Z")

    @property
    def segments_file(self) -> Path:
        """Where the rules of the segments stand."""
        return self.config.base / self.config.subscribers.directory / "segments.toml"

    def segments(self) -> Segments:
        """Read the segments as they are now. Raises ConfigError."""
        from alerts.audience.segments import load

        # A list that people are on is known, even when its file is gone.
        return load(self.segments_file, known_lists=self.store.roster.lists())

    def segment(self, name: str) -> Segment:
        """Find a segment. Raises ConfigError that names the known ones."""
        known = self.segments()
        if name not in known:
            raise ConfigError(
                f'there is no segment "{name}" in {self.segments_file}', hint="segments: " + ", ".join(sorted(known))
            )
        return known[name]

    def audience(self, names: tuple[str, ...]) -> Audience:
        """Tell whom segments reach: everybody in any of them, in rehearsal only `only_to`."""
        only_to = self.config.provider.only_to
        return Audience(
            segments=tuple(self.segment(name) for name in names),
            all_segments=self.segments(),
            only_to=None if only_to is None else tuple(self.address_hash(address) for address in only_to),
        )

    def address_hash(self, address: str) -> str:
        """Hash an address as the roster knows it. Raises ConfigError when it is none."""
        from alerts.audience.address import normalise

        try:
            return tokens.address_hash(self.address_key, normalise(address))
        except ValueError as error:
            raise ConfigError(f"{address}: {error}") from error

    def subscriber(self, address: str) -> Subscriber | None:
        """Find a subscriber by an address however it is written. Raises ConfigError when it is none."""
        return self.store.roster.subscriber_by_hash(self.address_hash(address))

    def edition(self, ref: str, *, among: Literal["drafts", "frozen"] | None = None) -> "EditionRecord":
        """Find an edition by id, its beginning, or `last` (of the drafts, of the approved ones). Raises SendRefused."""
        record = self.store.ledger.find(ref, among=among)
        if record is None:
            raise SendRefused(f'there is no edition "{ref}"', hint="`alerts editions list` shows them")
        return record

    def rule_of(self, digest: Digest) -> Rule:
        """Read when a digest is due."""
        return Rule(
            digest=digest.name,
            at=digest.at,
            days=day_names(digest.days),
            zone=digest.zone or self.config.newsroom.timezone,
        )

    @property
    def outlets(self) -> dict[str, Outlet]:
        """The outlets by name."""
        return {outlet.name: outlet for outlet in self.config.all_outlets}

    def ours_among(self, articles: Iterable[Article]) -> list[Article]:
        """List those that we may send: of outlets of ours, or brought by an editor.

        An outlet that was renamed is known by its feeds; what came with a feed that is nobody's any more is not ours.
        """
        by_name = self.outlets
        by_feed = {feed: outlet for outlet in by_name.values() for feed in outlet.feeds}

        def is_ours(article: Article) -> bool:
            outlet = by_name.get(article.outlet) or by_feed.get(article.feed)
            return outlet.relation is Relation.OURS if outlet else not article.feed

        return [article for article in articles if is_ours(article)]

    def outlet_of(self, url: str) -> Outlet | None:
        """Tell which configured outlet a page is of, by the host of its feeds; None: nobody claims it."""
        host = (urlsplit(url).hostname or "").removeprefix("www.")
        for outlet in self.config.all_outlets:
            hosts = {(urlsplit(feed).hostname or "").removeprefix("www.") for feed in outlet.feeds}
            if host and host in hosts:
                return outlet
        return None


def open_desk(config: Config, *, clock: Clock = utc_now) -> Newsdesk:
    """Open the newsroom's desk; rooms open when first used."""
    return Newsdesk(config, clock=clock)
