"""Every table of `config.toml` as a frozen record, with its defaults. Pure.

`config.example.toml` shows each key with its default, in the same order; a test compares the two.
"""

import re
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from alerts.config.values import (
    Address,
    Colour,
    Duration,
    FeedAddress,
    FromTo,
    Host,
    Language,
    Line,
    Name,
    OneOrMany,
    Secret,
    Table,
    WebAddress,
    Zone,
)
from alerts.errors import ConfigError
from alerts.model import Look, Mailbox, Outlet, Relation, UnknownPolicy


class Newsroom(Table):
    name: Line = "Our newsroom"
    site: WebAddress = "https://news.example.org"
    language: Language = "en"
    timezone: Zone = "UTC"


class Sender(Table):
    name: Line = ""
    address: Address = "alerts@news.example.org"
    reply_to: Address | None = None
    postal_address: Line = ""


class Keys(Table):
    tokens: Secret = Secret(file=Path("keys/tokens.key"))
    old_tokens: tuple[Secret, ...] = ()
    addresses: Secret = Secret(file=Path("keys/addresses.key"))


class OutboxProvider(Table):
    directory: Path = Path("outbox")


class SmtpProvider(Table):
    host: str = "localhost"
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str = ""
    password: Secret | None = None
    #: PEM file of an authority to trust beside the system's
    ca_file: Path | None = None
    connections: Annotated[int, Field(ge=1, le=64)] = 4
    timeout: Duration = timedelta(seconds=45)
    envelope_sender: Address | None = None


class SendGridProvider(Table):
    api_key: Secret = Secret(env="SENDGRID_API_KEY")
    #: the public key of the Event Webhook; without it /events/sendgrid is closed
    event_key: Secret | None = None
    region: Literal["global", "eu"] = "global"
    #: instead of SendGrid's own address (a test server, a proxy)
    url: WebAddress | None = None
    connections: Annotated[int, Field(ge=1, le=64)] = 4
    timeout: Duration = timedelta(seconds=45)
    #: the account has Email Activity: unknown submissions can be looked up
    look_up: bool = False


class ProviderTable(BaseModel):
    # Tables of providers from other packages pass through to them.
    model_config = ConfigDict(frozen=True, extra="allow")

    use: str = "outbox"
    #: rehearsal: only these addresses get mail; without this line alerts is LIVE
    only_to: tuple[Address, ...] | None = None
    outbox: OutboxProvider = OutboxProvider()
    smtp: SmtpProvider = SmtpProvider()
    sendgrid: SendGridProvider = SendGridProvider()


class Store(Table):
    url: str = "sqlite:///alerts.db"


class Delivery(Table):
    workers: Annotated[int, Field(ge=1, le=64)] = 2
    #: per second over all workers; 0: as fast as the provider takes it
    per_second: Annotated[float, Field(ge=0)] = 0
    urgent_submission: Annotated[int, Field(ge=1, le=1000)] = 100
    submission: Annotated[int, Field(ge=1, le=1000)] = 1000
    #: a submission not settled by then counts as unknown
    lease: Duration = timedelta(minutes=3)
    attempts: Annotated[int, Field(ge=1)] = 12
    alert_unknown: UnknownPolicy = UnknownPolicy.AT_LEAST_ONCE
    digest_unknown: UnknownPolicy = UnknownPolicy.AT_MOST_ONCE
    #: at-least-once: an alert is sent again when nothing was heard for this long
    unknown_after: Duration = timedelta(minutes=3)
    alert_expires: Duration = timedelta(minutes=90)
    digest_expires: Duration = timedelta(hours=6)


class OutletTable(Table):
    name: Line
    relation: Relation = Relation.OURS
    owner: str = ""
    trust: Annotated[float, Field(ge=0, le=1)] = 0.5
    automatic: bool = False
    priority: bool = False
    feeds: tuple[FeedAddress, ...] = ()
    #: feeds of the list above, or sections, that hold nothing but breaking news
    breaking: OneOrMany = ()
    #: the token with which its CMS may POST to /articles; without it that door is closed to this outlet
    push: Secret | None = None

    def outlet(self, base: Path) -> Outlet:
        """Make the noun; feed files become absolute paths."""
        feeds = tuple(feed if re.match(r"https?://", feed) else str((base / feed).resolve()) for feed in self.feeds)
        named = dict(zip(self.feeds, feeds, strict=True))
        breaking = tuple(named.get(name, name) for name in self.breaking)
        return Outlet(**{**self.model_dump(exclude={"feeds", "push"}), "feeds": feeds, "breaking": breaking})


class Fetching(Table):
    timeout: Annotated[Duration, Field(ge=timedelta(seconds=1))] = timedelta(seconds=10)
    max_bytes: Annotated[int, Field(ge=1000)] = 5_000_000
    #: hosts that may resolve to private addresses (a CMS in your own network)
    allow_private: tuple[Host, ...] = ()
    user_agent: Line = "alerts/0.1"
    #: fetch the page of an article whose feed tells only its beginning
    pages: bool = True


class BreakingWeights(Table):
    """What one of each signal adds to a story's score; the defaults are those of `content.breaking`."""

    marker: float = 3.5
    owners: float = 1.2
    speed: float = 0.45
    trust: float = 1.0
    gravity: float = 1.0
    watch: float = 1.0
    soft: float = 2.0
    age: float = 0.693


class BreakingWords(Table):
    """Words of the newsroom's own beside the shipped ones."""

    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]
    markers: tuple[str, ...] = ()
    disaster: tuple[str, ...] = ()
    harm: tuple[str, ...] = ()
    decision: tuple[str, ...] = ()
    soft: tuple[str, ...] = ()
    soft_openings: tuple[str, ...] = ()
    speech: tuple[str, ...] = ()


class BreakingRoute(Table):
    """To whom proposed alerts on a topic go."""

    topic: Name
    segments: OneOrMany


class Breaking(Table):
    #: segments that a proposed alert goes to
    segments: OneOrMany = ("breaking",)
    alert_score: float = 4.5
    review_score: float = 2.5
    #: an `automatic` outlet that is trusted less waits for approval
    automatic_trust: Annotated[float, Field(ge=0, le=1)] = 0.9
    #: news loses half its odds in this time
    half_life: Annotated[Duration, Field(gt=timedelta(0))] = timedelta(hours=2)
    #: one alert per story in this time
    window: Duration = timedelta(hours=12)
    max_age: Duration = timedelta(hours=3)
    max_per_day: Annotated[int, Field(ge=0)] = 10
    min_gap: Duration = timedelta(minutes=30)
    draft_expires: Duration = timedelta(minutes=30)
    watch_words: tuple[str, ...] = ()
    weights: BreakingWeights = BreakingWeights()
    words: tuple[BreakingWords, ...] = ()
    #: proposed alerts on these topics go to other segments
    routes: tuple[BreakingRoute, ...] = ()
    #: look at an article's page once more before an alert about it goes out
    recheck: bool = True


class Summaries(Table):
    #: "extract": sentences of the articles; "llm": a language model's, where the guard lets them through
    method: Literal["extract", "llm"] = "extract"
    #: of an OpenAI-compatible API, such as https://llm.example.org/v1
    url: WebAddress | None = None
    model: Line = ""
    api_key: Secret | None = None
    #: for one request, altogether
    timeout: Duration = timedelta(seconds=10)
    max_bytes: Annotated[int, Field(ge=1000)] = 100_000
    #: what it may write: an alert does not wait for a model unless you say so
    kinds: tuple[Literal["digest", "alert"], ...] = ("digest",)
    #: hosts that may have private addresses
    allow_private: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _complete(self) -> "Summaries":
        if self.method == "llm" and not (self.url and self.model):
            raise ValueError('method = "llm" needs a url and a model')
        return self


class Digest(Table):
    name: Name
    title: Line = ""
    at: OneOrMany
    #: `daily`, `weekdays`, `weekends`, or days such as "mon, thu"
    days: str = "daily"
    zone: Zone | None = None
    segment: OneOrMany
    max_stories: Annotated[int, Field(ge=1, le=100)] = 12
    min_stories: Annotated[int, Field(ge=1)] = 1
    #: late by less than this: sent once; by more: skipped and reported
    catch_up: Duration = timedelta(hours=3)
    expires: Duration | None = None
    #: shown to the desk this long before; untouched, it goes
    draft: Duration | None = None
    topics: tuple[str, ...] = ()
    theme: Name | None = None
    language: Language | None = None
    sender: FromTo | None = None
    reply_to: FromTo | None = None

    @property
    def look(self) -> Look:
        """How it looks and who it is from, where that is not as usual."""
        return Look(theme=self.theme or "", language=self.language or "", sender=self.sender, reply_to=self.reply_to)

    @model_validator(mode="after")
    def _times(self) -> "Digest":
        for at in self.at:
            if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", at):
                raise ValueError(f'at = "{at}" is no time of day; such as "07:00"')
        day_names(self.days)
        return self


_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def day_names(written: str) -> frozenset[int]:
    """Read `daily`, `weekdays`, `weekends` or `mon, thu` as weekday numbers, Monday 0. Raises ValueError."""
    shorthand = {"daily": range(7), "weekdays": range(5), "weekends": range(5, 7)}
    if written in shorthand:
        return frozenset(shorthand[written])
    names = [name.strip().lower()[:3] for name in written.split(",")]
    if not all(name in _DAYS for name in names):
        raise ValueError(f'days = "{written}" is not understood; "daily", "weekdays", "weekends" or "mon, thu"')
    return frozenset(_DAYS.index(name) for name in names)


class Desk(Table):
    editors: tuple[Address, ...] = ()
    testers: tuple[Address, ...] = ()
    webhook: WebAddress | None = None


class Web(Table):
    #: the address readers and editors reach us at
    url: WebAddress = "http://localhost:8025"
    listen: Annotated[str, Field(pattern=r"^.+:\d+$")] = "127.0.0.1:8025"


class Templates(Table):
    #: your own templates; looked at before the shipped ones
    directory: Path = Path("templates")


class Subscribers(Table):
    directory: Path = Path("subscribers")
    #: a list that shrinks by more is refused until told otherwise
    max_shrink: Annotated[float, Field(ge=0, le=1)] = 0.1


class Theme(Table):
    #: themes/NAME.toml of the templates
    name: Name = "default"
    logo: WebAddress | None = None
    accent: Colour | None = None
    accent_dark: Colour | None = None


class Log(Table):
    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "console", "json"] = "auto"


class Config(Table):
    """Everything in `config.toml`."""

    newsroom: Newsroom = Newsroom()
    sender: Sender = Sender()
    keys: Keys = Keys()
    provider: ProviderTable = ProviderTable()
    store: Store = Store()
    delivery: Delivery = Delivery()
    outlets: tuple[OutletTable, ...] = ()
    fetching: Fetching = Fetching()
    breaking: Breaking = Breaking()
    summaries: Summaries = Summaries()
    #: topic → words that put an article into it
    topics: dict[Name, tuple[str, ...]] = Field(default_factory=dict)
    digests: tuple[Digest, ...] = ()
    desk: Desk = Desk()
    web: Web = Web()
    templates: Templates = Templates()
    theme: Theme = Theme()
    subscribers: Subscribers = Subscribers()
    log: Log = Log()

    #: the folder of the file; not a key
    base: Path = Field(default=Path(), exclude=True)
    #: the file; not a key
    file: Path = Field(default=Path("config.toml"), exclude=True)

    @property
    def sender_mailbox(self) -> Mailbox:
        """Who mail comes from."""
        return Mailbox(address=self.sender.address, name=self.sender.name or self.newsroom.name)

    # Asked for every story that is judged; hundreds of outlets cost tens of milliseconds each time.
    @cached_property
    def all_outlets(self) -> tuple[Outlet, ...]:
        """The outlets as nouns, feed files absolute."""
        return tuple(table.outlet(self.base) for table in self.outlets)

    @property
    def rehearsal(self) -> bool:
        """Whether only `only_to` gets mail."""
        return self.provider.only_to is not None

    def digest(self, name: str) -> Digest:
        """Find a digest by name. Raises ConfigError naming the known ones."""
        for digest in self.digests:
            if digest.name == name:
                return digest
        known = ", ".join(digest.name for digest in self.digests) or "none is configured"
        raise ConfigError(f'there is no digest "{name}"', hint=f"digests: {known}")
