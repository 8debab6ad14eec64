"""Add feeds to the configuration: an address, the feed that a page names, or everything in an OPML file."""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from alerts import config as settings
from alerts.content.fetching.answers import Fetched
from alerts.content.reading import alternates, feeds
from alerts.content.text import tidy
from alerts.desk.init import toml_text
from alerts.desk.newsdesk import Newsdesk
from alerts.errors import ConfigError, ContentError
from alerts.log import log


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """A feed that was added."""

    outlet: str
    url: str
    entries: int | None


def add(desk: Newsdesk, source: str, *, name: str = "", watched: bool = False) -> list[Added]:
    """Add a feed (tried first) or an OPML file's feeds as outlets at the end of the configuration file.

    What is there already, under whatever scheme, is left out. Raises ContentError when it is no feed and names none,
    ConfigError when all are there already.
    """
    known = {_same(feed) for outlet in desk.config.all_outlets for feed in outlet.feeds}
    taken = {outlet.name for outlet in desk.config.all_outlets}
    read = {_same(added.url): added for added in reversed(_read(desk, source, name))}
    found = [added for same, added in reversed(read.items()) if same not in known]
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
    address = source if re.match(r"https?://", source, re.IGNORECASE) else str(Path(source).resolve())
    fetched = _fetch(desk, address)
    if b"<opml" in fetched.body[:2000].lower():
        return [
            Added(outlet=title or _host(url), url=url, entries=None)
            for title, url in feeds.outline(fetched.body, worker=desk.worker, shown=source)
            if _can_be_polled(url)
        ]
    try:
        return [_feed(desk, address, fetched, name)]
    except ContentError as no_feed:
        if not re.search(rb"<(!doctype )?html\b", fetched.body[:4096], re.IGNORECASE):
            raise
        return [_named_by(desk, fetched, name, no_feed)]


def _can_be_polled(url: str) -> bool:
    """Tell whether the configuration takes an address; one slip in a file of hundreds must not stop the others."""
    try:
        settings.feed_address(url)
    except ValueError as error:
        log.warning("feed_left_out", feed=url, why=str(error))
        return False
    return True


def _fetch(desk: Newsdesk, address: str) -> Fetched:
    fetched = desk.fetcher.fetch(address)
    if not fetched.ok:
        raise ContentError(f"{address}: the server answered {fetched.status}")
    return fetched


def _feed(desk: Newsdesk, address: str, fetched: Fetched, name: str) -> Added:
    """Try what was fetched as a feed. Raises ContentError when it is none."""
    reading = feeds.read(fetched.body, url=fetched.url, content_type=fetched.content_type, worker=desk.worker)
    return Added(
        outlet=name or tidy(reading.title) or _host(address),
        url=fetched.moved_to or address,
        entries=len(reading.entries),
    )


def _named_by(desk: Newsdesk, page: Fetched, name: str, no_feed: ContentError) -> Added:
    """Find the first feed that a page names and that can be read; else raise what was wrong with the page."""
    named = alternates.advertised(page.body, url=page.url, content_type=page.content_type, worker=desk.worker)
    for address in named[:5]:
        try:
            return _feed(desk, address, _fetch(desk, address), name)
        except ContentError:
            continue
    hint = f"it names {', '.join(named[:3])}, which cannot be read" if named else "give the address of its feed"
    raise ContentError(str(no_feed), hint=hint) from no_feed


def _same(address: str) -> str:
    """Write an address so that two spellings of one feed are equal."""
    return re.sub(r"^https?://(www\.)?", "", address.strip(), flags=re.IGNORECASE).rstrip("/")


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
