"""What a value in the configuration may look like: durations, zones, addresses, secrets. Edge: reads secrets."""

import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from alerts.errors import ConfigError
from alerts.model import Mailbox

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def duration(written: object) -> timedelta:
    """Read `90s`, `30m`, `6h` or `2d`."""
    if isinstance(written, timedelta):
        return written
    match = re.fullmatch(r"(\d+)\s*([smhd])", written.strip()) if isinstance(written, str) else None
    if match is None:
        raise ValueError('must be a duration such as "90s", "30m", "6h" or "2d"')
    try:
        return timedelta(**{_UNITS[match[2]]: int(match[1])})
    except OverflowError:
        raise ValueError("is longer than anything lasts") from None


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


def mailbox(written: object) -> Mailbox:
    """Read `desk@example.org` or `The Desk <desk@example.org>`. Raises ValueError."""
    if isinstance(written, Mailbox):
        return written
    match = (
        re.fullmatch(r"(?:([^<>\x00-\x1f]*?)\s*<([^<>]+)>|([^<>]+))", written.strip())
        if isinstance(written, str)
        else None
    )
    if match is None:
        raise ValueError('must be an address or a name with one, such as "The Desk <desk@example.org>"')
    return Mailbox(address=_address((match[2] or match[3]).strip()), name=(match[1] or "").strip().strip('"'))


def _one_line(written: object) -> str:
    if not isinstance(written, str) or any(ord(char) < 32 or ord(char) == 127 for char in written):
        raise ValueError("must be text on one line")
    return written


def feed_address(written: object) -> str:
    """Read a feed's address: http(s), or the path of a file. Raises ValueError."""
    if not isinstance(written, str) or not written.strip():
        raise ValueError('must be the address or the file of a feed, such as "https://news.example.org/feed.xml"')
    if not re.match(r"[a-z][a-z0-9+.-]*://", written, re.IGNORECASE):
        return written
    try:
        parts = urlsplit(written)
        usable = parts.scheme.lower() in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or re.search(r"\s", written):
        raise ValueError(f'"{written}" is no address that can be polled; such as "https://news.example.org/feed.xml"')
    if "@" in parts.netloc:
        raise ValueError("an address must not hold a name or password")
    return written


def _host(written: object) -> str:
    if not isinstance(written, str) or not written or re.search(r"[/\s@]", written):
        raise ValueError('must be a host without scheme, port or path, such as "cms.example.org"')
    return written


def _one_or_many(written: object) -> object:
    return [written] if isinstance(written, str) else written


Duration = Annotated[timedelta, BeforeValidator(duration)]
Zone = Annotated[str, BeforeValidator(_zone)]
Address = Annotated[str, BeforeValidator(_address)]
FromTo = Annotated[Mailbox, BeforeValidator(mailbox)]
Line = Annotated[str, BeforeValidator(_one_line)]
OneOrMany = Annotated[tuple[str, ...], BeforeValidator(_one_or_many)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]+)*$")]
Colour = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]
FeedAddress = Annotated[str, BeforeValidator(feed_address)]
Host = Annotated[str, BeforeValidator(_host)]
WebAddress = Annotated[str, Field(pattern=r"^https?://[^\s]+$")]


class Table(BaseModel):
    """One table of the file: frozen, and closed to keys that nobody knows."""

    # Only the outermost table is ever built; each of the others would be built once more at every start.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Secret(Table):
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
