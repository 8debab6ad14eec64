"""Settings: `config.toml` → frozen records. Edge: reads files and the environment.

Every mistake is reported at once, in words an editor can act on. Secrets are never literals: `{ env = "NAME" }` or
`{ file = "path" }`, read at the moment they are used. Paths are relative to the configuration file.
"""

import os
import re
import tomllib
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from alerts.errors import ConfigError, Problem
from alerts.model import Mailbox, Outlet, Relation, UnknownPolicy

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def duration(written: object) -> timedelta:
    """Read `90s`, `30m`, `6h` or `2d`."""
    if isinstance(written, timedelta):
        return written
    match = re.fullmatch(r"(\d+)\s*([smhd])", written.strip()) if isinstance(written, str) else None
    if match is None:
        raise ValueError('must be a duration such as "90s", "30m", "6h" or "2d"')
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _zone(written: object) -> str:
    if not isinstance(written, str):
        raise ValueError('must be a time zone such as "Europe/Paris"')
    try:
        ZoneInfo(written)
    except (KeyError, ValueError, OSError):
        raise ValueError(f'"{written}" is no IANA time zone; such as "Europe/Paris"') from None
    return written


def _address(written: object) -> str:
    if not isinstance(written, str) or not re.fullmatch(r"[^\s@<>\x00-\x1f]+@[^\s@<>\x00-\x1f]+", written):
        raise ValueError("must be an e-mail address such as desk@example.org")
    return written


def _one_line(written: object) -> str:
    if not isinstance(written, str) or any(ord(char) < 32 or ord(char) == 127 for char in written):
        raise ValueError("must be text on one line")
    return written


def _one_or_many(written: object) -> object:
    return [written] if isinstance(written, str) else written


Duration = Annotated[timedelta, BeforeValidator(duration)]
Zone = Annotated[str, BeforeValidator(_zone)]
Address = Annotated[str, BeforeValidator(_address)]
Line = Annotated[str, BeforeValidator(_one_line)]
OneOrMany = Annotated[tuple[str, ...], BeforeValidator(_one_or_many)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
LocalTime = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
WebAddress = Annotated[str, Field(pattern=r"^https?://[^\s]+$")]


class _Table(BaseModel):
    # Only the outermost table is ever built; each of the others would be built once more at every start.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Secret(_Table):
    """Where a secret lies; never the secret itself."""

    env: str | None = None
    file: Path | None = None

    @model_validator(mode="before")
    @classmethod
    def _refuse_literal(cls, raw: object) -> object:
        if isinstance(raw, str):
            # The text itself must not be echoed: it may be the real key.
            raise ValueError('a secret must not stand here; write { env = "NAME" } or { file = "path" }')
        return raw

    @model_validator(mode="after")
    def _exactly_one(self) -> "Secret":
        if (self.env is None) == (self.file is None):
            raise ValueError('write either { env = "NAME" } or { file = "path" }')
        return self

    def read(self, *, base: Path, what: str) -> str:
        """Read the secret now. Raises ConfigError when it is not there."""
        if self.env is not None:
            value = os.environ.get(self.env, "").strip()
            if not value:
                raise ConfigError(
                    f"{what}: the environment variable {self.env} is not set",
                    hint=f"export {self.env}=… before you start alerts",
                )
            return value
        assert self.file is not None
        path = base / self.file
        try:
            value = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                f"{what}: cannot read {path}: {getattr(error, 'strerror', None) or 'not text'}",
                hint="`alerts init` writes new keys; a lost key file must come back from your backup",
            ) from error
        if not value:
            raise ConfigError(f"{what}: {path} is empty")
        return value


class Newsroom(_Table):
    name: Line = "Our newsroom"
    site: WebAddress = "https://news.example.org"
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]+)*$")] = "en"
    timezone: Zone = "UTC"


class Sender(_Table):
    name: Line = ""
    address: Address = "alerts@news.example.org"
    reply_to: Address | None = None
    postal_address: Line = ""


class Keys(_Table):
    tokens: Secret = Secret(file=Path("keys/tokens.key"))
    old_tokens: tuple[Secret, ...] = ()
    addresses: Secret = Secret(file=Path("keys/addresses.key"))


class OutboxProvider(_Table):
    directory: Path = Path("outbox")


class SmtpProvider(_Table):
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


class SendGridProvider(_Table):
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


class Store(_Table):
    url: str = "sqlite:///alerts.db"


class Delivery(_Table):
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


class OutletTable(_Table):
    name: Line
    relation: Relation = Relation.OURS
    owner: str = ""
    trust: Annotated[float, Field(ge=0, le=1)] = 0.5
    automatic: bool = False
    priority: bool = False
    feeds: tuple[str, ...] = ()
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


class Fetching(_Table):
    timeout: Duration = timedelta(seconds=10)
    max_bytes: Annotated[int, Field(ge=1000)] = 5_000_000
    #: hosts that may resolve to private addresses (a CMS in your own network)
    allow_private: tuple[str, ...] = ()
    user_agent: Line = "alerts/0.1"
    #: fetch the page of an article whose feed tells only its beginning
    pages: bool = True


class BreakingWeights(_Table):
    """What one of each signal adds to a story's score; the defaults are those of `content.breaking`."""

    marker: float = 3.5
    owners: float = 1.2
    speed: float = 0.45
    trust: float = 1.0
    gravity: float = 1.0
    watch: float = 1.0
    soft: float = 2.0
    age: float = 0.693


class BreakingWords(_Table):
    """Words of the newsroom's own beside the shipped ones."""

    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]
    markers: tuple[str, ...] = ()
    disaster: tuple[str, ...] = ()
    harm: tuple[str, ...] = ()
    decision: tuple[str, ...] = ()
    soft: tuple[str, ...] = ()
    soft_openings: tuple[str, ...] = ()
    speech: tuple[str, ...] = ()


class BreakingRoute(_Table):
    """To whom proposed alerts on a topic go."""

    topic: Name
    segments: OneOrMany


class Breaking(_Table):
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


class Summaries(_Table):
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


class Digest(_Table):
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


class Desk(_Table):
    editors: tuple[Address, ...] = ()
    testers: tuple[Address, ...] = ()
    webhook: WebAddress | None = None


class Web(_Table):
    #: the address readers and editors reach us at
    url: WebAddress = "http://localhost:8025"
    listen: Annotated[str, Field(pattern=r"^.+:\d+$")] = "127.0.0.1:8025"


class Templates(_Table):
    #: your own templates; looked at before the shipped ones
    directory: Path = Path("templates")


class Subscribers(_Table):
    directory: Path = Path("subscribers")
    #: a list that shrinks by more is refused until told otherwise
    max_shrink: Annotated[float, Field(ge=0, le=1)] = 0.1


class Theme(_Table):
    logo: WebAddress | None = None
    accent: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")] = "#a4161a"
    accent_dark: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")] = "#ff9a9a"


class Log(_Table):
    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "console", "json"] = "auto"


class Config(_Table):
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


def load(path: Path) -> Config:
    """Read a configuration file. Raises ConfigError that carries every problem in it."""
    shown = str(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(
            f"{shown}: there is no configuration here",
            hint="`alerts init` writes one; or name yours with --config",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{shown}: cannot be read: {error}") from error
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{shown}: not TOML: {error}", hint="mend that line") from error
    for reserved in ("base", "file"):
        raw.pop(reserved, None)
    try:
        found = Config.model_validate(raw)
    except ValidationError as error:
        problems = tuple(_problem(shown, text, item) for item in error.errors())
        raise ConfigError(_count(len(problems), shown), problems=problems) from error
    problems = tuple(_contradictions(shown, text, found))
    if problems:
        raise ConfigError(_count(len(problems), shown), problems=problems)
    return found.model_copy(update={"base": path.resolve().parent, "file": path})


def load_policy(path: Path, own: Breaking) -> Breaking:
    """Read a policy: a file with keys of `[breaking]`; what it leaves out is as in `own`. Raises ConfigError."""
    shown = str(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
        raw = tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{shown}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{shown}: not TOML: {error}", hint="mend that line") from error
    if set(raw) != {"breaking"} or not isinstance(raw["breaking"], dict):
        raise ConfigError(f"{shown}: holds no policy", hint="write keys of [breaking], and no other table")
    written = raw["breaking"]
    merged = own.model_dump() | written
    if isinstance(written.get("weights"), dict):
        merged["weights"] = own.weights.model_dump() | written["weights"]
    try:
        found = Breaking.model_validate(merged)
    except ValidationError as error:
        items = [{**item, "loc": ("breaking", *item["loc"])} for item in error.errors()]
        problems = tuple(_problem(shown, text, item) for item in items)
        raise ConfigError(_count(len(problems), shown), problems=problems) from error
    if found.review_score > found.alert_score:
        raise ConfigError(f"{shown}: breaking.review_score is above alert_score", hint="review must ask for less")
    return found


def _count(number: int, shown: str) -> str:
    return f"{shown}: {number} mistake{'s' if number > 1 else ''}"


def _contradictions(shown: str, text: str, config: Config) -> list[Problem]:
    """Find what is right by itself but not together."""
    problems = []
    for kind, names in (
        ("digests", [digest.name for digest in config.digests]),
        ("outlets", [outlet.name for outlet in config.outlets]),
    ):
        for name in sorted({name for name in names if names.count(name) > 1}):
            line = _line_of(text, (kind, names.index(name), "name"))
            problems.append(
                Problem(
                    file=shown,
                    line=line,
                    path=kind,
                    text=f'the name "{name}" is used twice',
                    remedy="rename one",
                )
            )
    for index, route in enumerate(config.breaking.routes):
        if route.topic not in config.topics:
            problems.append(
                Problem(
                    file=shown,
                    line=_line_of(text, ("breaking.routes", index, "topic")),
                    path="breaking.routes",
                    text=f'"{route.topic}" is no topic',
                    remedy="define it under [topics]: " + (", ".join(config.topics) or "none is there yet"),
                )
            )
    if config.breaking.review_score > config.breaking.alert_score:
        problems.append(
            Problem(
                file=shown,
                line=_line_of(text, ("breaking", "review_score")),
                path="breaking.review_score",
                text="is above alert_score",
                remedy="review must ask for less than alert",
            )
        )
    return problems


#: pydantic's words that only a programmer understands
_IN_WORDS = {
    "extra_forbidden": "is not a key",
    "tuple_type": 'must be a list, such as ["one", "two"]',
    "model_type": "must be a table, such as [newsroom]",
    "model_attributes_type": "must be a table, such as [newsroom]",
}
_REMEDIES = {
    "extra_forbidden": "no such key; see docs/configuration.md",
    "missing": "add this key",
}


def _problem(shown: str, text: str, item: Any) -> Problem:
    path = ".".join(str(part) for part in item["loc"])
    message = str(item["msg"]).removeprefix("Value error, ")
    message = _IN_WORDS.get(item["type"], message)
    return Problem(
        file=shown,
        line=_line_of(text, item["loc"]),
        path=path,
        text=message,
        remedy=_REMEDIES.get(item["type"], ""),
    )


def _line_of(text: str, loc: tuple[int | str, ...]) -> int | None:
    """Find the line that a path of keys stands on; the table's header where the key is missing."""
    table: list[str] = []
    index: dict[str, int] = {}
    wanted_names = [part for part in loc if isinstance(part, str)]
    wanted_index = next((part for part in loc if isinstance(part, int)), None)
    best: int | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*(\[\[?)\s*([^\]]+?)\s*\]", line):
            table = [part.strip().strip("\"'") for part in header[2].split(".")]
            if header[1] == "[[":
                index[header[2]] = index.get(header[2], -1) + 1
            if wanted_index is not None and index.get(header[2], wanted_index) != wanted_index:
                table = ["\0other"]
            if table == wanted_names[: len(table)]:
                best = number
        elif (key := re.match(r"\s*([\w-]+|\"[^\"]+\")\s*[=.]", line)) and table == wanted_names[: len(table)]:
            rest = wanted_names[len(table) :]
            if rest and key[1].strip('"') == rest[0]:
                return number
    return best
