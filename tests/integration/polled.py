"""A newsroom that polls a scripted site: what the tests of polling have in common."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

from alerts import config
from alerts.content.fetching.fetch import Fetcher
from alerts.desk import Newsdesk, open_desk
from alerts.desk.ingest import Polled, poll
from alerts.guarded import Worker
from alerts.model import Article, EditionState, NoticeKind
from alerts.store.records import FeedState
from tests.integration.newsdesk import Hands, open_newsroom
from tests.servers.scripted_site import Answer, ScriptedSite


def feed(*entries: tuple[str, datetime | None], at: str = "herald.example/a", text: str = "", ttl: str = "") -> bytes:
    """Write an RSS feed of headlines with their dates, newest first."""
    items = []
    for title, date in entries:
        slug = "-".join(title.lower().split())
        dated = f"<pubDate>{format_datetime(date)}</pubDate>" if date else ""
        items.append(
            f"<item><title>{title}</title><link>https://{at}/{slug}</link>{dated}"
            f"<description>{text or title + ', the council of Harwick says in a long statement.'}</description></item>"
        )
    head = '<?xml version="1.0"?><rss version="2.0"><channel><title>The Herald</title>'
    return f"{head}{f'<ttl>{ttl}</ttl>' if ttl else ''}{''.join(items)}</channel></rss>".encode()


class _Kept(Worker):
    """One for all tests: starting interpreters is most of what a poll of one feed takes."""

    def close(self) -> None:
        """Stay open; its processes end when ours does."""


_WORKER = _Kept()


class Polling:
    """The newsroom, its clock and the site."""

    def __init__(
        self, folder: Path, site: ScriptedSite, feeds: Sequence[str], *, timeout: float, outlet: str, more: str
    ) -> None:
        self.site = site
        self.hands = Hands()
        tables = "".join(
            f'[[outlets]]\nname = "Outlet {number}"\nfeeds = ["{url}"]\n{outlet}\n'
            for number, url in enumerate(feeds, start=1)
        )
        more = f"{tables}\n{more}\n"
        self._timeout = timeout
        self.desk: Newsdesk = open_newsroom(folder, clock=self.hands, more=more)
        self._equip()

    def _equip(self) -> None:
        self.desk.worker = _WORKER
        hosts = tuple(f"127.0.0.{number}" for number in range(1, 60))
        self.desk.fetcher = Fetcher(timeout=self._timeout, allow_private=hosts)

    def poll(self, *, minutes: float = 0, everything: bool = False) -> list[Polled]:
        self.hands.turn(minutes=minutes)
        return poll(self.desk, everything=everything)

    def restart(self) -> None:
        """End the program and start it again."""
        settings = config.load(self.desk.config.base / "config.toml")
        self.desk.close()
        self.desk = open_desk(settings, clock=self.hands)
        self._equip()

    def state(self, url: str) -> FeedState:
        found = self.desk.store.archive.feed_state(url)
        assert found is not None
        return found

    def articles(self) -> list[Article]:
        return self.desk.store.archive.articles(since=self.hands.at - timedelta(days=30))

    def backfill(self) -> int:
        return len(self.desk.store.archive.backfill(article.id for article in self.articles()))

    def drafts(self) -> list[str]:
        return [one.edition.subject for one in self.desk.store.ledger.editions(states=(EditionState.DRAFT,))]

    def told(self, kind: NoticeKind) -> list[str]:
        since = self.hands.at - timedelta(days=60)
        return [one.notice.text for one in self.desk.store.daybook.notices(since=since) if one.notice.kind is kind]


@contextmanager
def polling(
    folder: Path, site: ScriptedSite, *feeds: str, timeout: float = 2.0, outlet: str = "trust = 0.9", more: str = ""
) -> Iterator[Polling]:
    """Open a newsroom with one outlet for each feed."""
    opened = Polling(folder / "newsroom", site, feeds, timeout=timeout, outlet=outlet, more=more)
    try:
        yield opened
    finally:
        opened.desk.close()


def gone(status: int, **headers: str) -> Answer:
    """Answer an error."""
    return Answer(status=status, headers={name.replace("_", "-"): value for name, value in headers.items()})
