"""Add feeds to the configuration: one address, or everything in an OPML file."""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from alerts import config as settings
from alerts.content import feeds
from alerts.desk.init import toml_text
from alerts.desk.newsdesk import Newsdesk
from alerts.errors import ConfigError, ContentError


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """A feed that was added."""

    outlet: str
    url: str
    entries: int | None


def add(desk: Newsdesk, source: str, *, name: str = "", watched: bool = False) -> list[Added]:
    """Add a feed (tried first) or an OPML file's feeds as outlets at the end of the configuration file.

    Raises ContentError when it is no feed, ConfigError when all are there already.
    """
    known = {feed for outlet in desk.config.all_outlets for feed in outlet.feeds}
    taken = {outlet.name for outlet in desk.config.all_outlets}
    found = [added for added in _read(desk, source, name) if added.url not in known]
    if not found:
        raise ConfigError(f"{source}: already in {desk.config.file}")
    blocks = []
    for position, added in enumerate(found):
        outlet = _free(added.outlet, taken)
        taken.add(outlet)
        found[position] = Added(outlet=outlet, url=added.url, entries=added.entries)
        blocks.append(
            f"\n[[outlets]]\nname = {toml_text(outlet)}\n"
            f'relation = "{"watched" if watched else "ours"}"\nfeeds = [{toml_text(added.url)}]\n'
        )
    _append(desk, "".join(blocks))
    return found


def _read(desk: Newsdesk, source: str, name: str) -> list[Added]:
    address = source if re.match(r"https?://", source) else str(Path(source).resolve())
    fetched = desk.fetcher.fetch(address)
    if fetched.status != 200:
        raise ContentError(f"{source}: the server answered {fetched.status}")
    if b"<opml" in fetched.body[:2000].lower():
        return [
            Added(outlet=title or _host(url), url=url, entries=None)
            for title, url in feeds.outline(fetched.body, worker=desk.worker)
        ]
    reading = feeds.read(fetched.body, url=fetched.url, content_type=fetched.content_type, worker=desk.worker)
    return [Added(outlet=name or reading.title or _host(address), url=address, entries=len(reading.entries))]


def _host(url: str) -> str:
    return (urlsplit(url).hostname or Path(url).stem).removeprefix("www.")


def _free(name: str, taken: set[str]) -> str:
    name = " ".join(name.split())[:80]
    numbered = (name if number == 1 else f"{name} {number}" for number in range(1, 10_000))
    return next(candidate for candidate in numbered if candidate not in taken)


def _append(desk: Newsdesk, blocks: str) -> None:
    file = desk.config.file
    before = file.read_text(encoding="utf-8")
    fresh = file.with_suffix(".toml.new")
    try:
        fresh.write_text(before.rstrip("\n") + "\n" + blocks, encoding="utf-8")
        settings.load(fresh)
        fresh.replace(file)
    except OSError as error:
        raise ConfigError(f"{file}: cannot be written: {error.strerror}") from error
    finally:
        fresh.unlink(missing_ok=True)
