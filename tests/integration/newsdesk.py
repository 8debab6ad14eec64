"""A real newsdesk on a real database in a folder, with a clock that the test turns."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from alerts import config, tokens
from alerts.desk import Newsdesk, compose, notify, open_desk, sync_subscribers
from alerts.model import Edition, Urgency
from alerts.store import tables
from alerts.store.engine import reading
from tests.databases import lay
from tests.features.newsroom import Newsroom

MONDAY = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class Hands:
    """A clock that moves only by hand."""

    def __init__(self, at: datetime = MONDAY) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def turn(self, **span: float) -> None:
        self.at += timedelta(**span)


def open_newsroom(
    folder: Path, *, clock: Hands | None = None, more: str = "", listen: str = "127.0.0.1:8025"
) -> Newsdesk:
    """Open the desk of a newsroom with four readers, three of them in `breaking`."""
    newsroom = Newsroom(folder)
    newsroom.configure(more, listen=listen)
    lay(newsroom.folder / "alerts.db")
    desk = open_desk(config.load(newsroom.folder / "config.toml"), clock=clock or Hands())
    for file in sync_subscribers.list_files(desk):
        sync_subscribers.apply(desk, file)
    return desk


def draft(desk: Newsdesk, *, minutes: float = 30, subject: str = "", reasons: tuple[str, ...] = ()) -> Edition:
    """Put a draft of the newsroom's article before the desk."""
    found = compose.find(desk, [str(desk.config.base / "article.txt")])
    made = compose.alert(desk, found, segments=("breaking",), urgency=Urgency.ALERT, made_by="alerts")
    edition = replace(
        made,
        subject=subject or made.subject,
        reasons=reasons,
        expires_at=desk.clock() + timedelta(minutes=minutes),
    )
    assert desk.store.ledger.add_draft(edition)
    return edition


def page_of(desk: Newsdesk, edition: Edition, editor: str = "nora@herald.example") -> str:
    """The path of a draft's page, as the notice links to it."""
    return notify.page_of(desk, edition.id, editor).removeprefix(desk.config.web.url)


def leaving(desk: Newsdesk, address: str, scope: str = "alerts") -> str:
    """The path behind a reader's unsubscribe link."""
    reader = desk.store.roster.subscriber(address)
    assert reader is not None
    return f"/u/{tokens.sign(desk.token_keys[0], 'unsubscribe', reader.public_id, scope)}"


def dump(desk: Newsdesk) -> dict[str, list[tuple[object, ...]]]:
    """Everything in the database."""
    with reading(desk.store.engine) as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in tables.metadata.sorted_tables
        }
