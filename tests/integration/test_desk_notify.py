"""The desk is told by mail and by webhook, each once, however often one of them fails at first."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from alerts.desk import Newsdesk, notify
from alerts.model import NoticeKind
from tests.integration.newsdesk import Hands, draft, open_newsroom
from tests.servers.smtp_server import SmtpServer


@pytest.fixture
def relay() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def desk(tmp_path: Path, relay: SmtpServer, clock: Hands) -> Iterator[Newsdesk]:
    opened = open_newsroom(
        tmp_path / "newsroom",
        clock=clock,
        more=f'[provider]\nuse = "smtp"\n[provider.smtp]\nhost = "127.0.0.1"\nport = {relay.port}\nsecurity = "none"\n'
        '[desk]\neditors = ["nora@herald.example", "omar@herald.example"]\n',
    )
    yield opened
    opened.close()


def recipients(relay: SmtpServer) -> list[str]:
    return sorted(recipient for _, recipient, _ in relay.mails)


def test_every_editor_is_mailed_once(desk: Newsdesk, relay: SmtpServer) -> None:
    assert notify.note(desk, NoticeKind.DRAFT_WAITS, key="k", text="A draft waits")
    assert not notify.note(desk, NoticeKind.DRAFT_WAITS, key="k", text="A draft waits")
    notify.tell(desk)
    assert notify.tell(desk) == 0
    assert recipients(relay) == ["nora@herald.example", "omar@herald.example"]


def test_one_editor_who_cannot_be_reached_does_not_mail_the_other_again(
    desk: Newsdesk, relay: SmtpServer, clock: Hands
) -> None:
    relay.faults["omar@"] = "451 4.7.1 try again later"
    notify.note(desk, NoticeKind.FEED_DEAD, key="k", text="A feed is dead")
    for _ in range(4):
        notify.tell(desk)
        clock.turn(minutes=20)
    assert recipients(relay) == ["nora@herald.example"]
    relay.faults.clear()
    notify.tell(desk)
    assert recipients(relay) == ["nora@herald.example", "omar@herald.example"]
    clock.turn(minutes=20)
    assert notify.tell(desk) == 0


def test_an_editor_with_a_wrong_address_does_not_keep_the_notice_waiting(
    desk: Newsdesk, relay: SmtpServer, clock: Hands
) -> None:
    relay.faults["omar@"] = "550 5.1.1 no such user"
    notify.note(desk, NoticeKind.FEED_DEAD, key="k", text="A feed is dead")
    notify.tell(desk)
    clock.turn(minutes=20)
    assert notify.tell(desk) == 0


def test_each_editor_gets_a_link_of_their_own_while_the_draft_waits(desk: Newsdesk, relay: SmtpServer) -> None:
    edition = draft(desk)
    notify.note(desk, NoticeKind.DRAFT_WAITS, key="k", text="It waits", edition=edition.id)
    notify.tell(desk)
    for _, recipient, content in relay.mails:
        other = "omar@herald.example" if recipient.startswith("nora") else "nora@herald.example"
        text = content.replace(b"=\r\n", b"").decode()
        assert notify.page_of(desk, edition.id, recipient).rpartition("/")[2] in text
        assert notify.page_of(desk, edition.id, other).rpartition("/")[2] not in text
