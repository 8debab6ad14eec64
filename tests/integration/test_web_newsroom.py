"""An editor decides on a phone: sees what goes out and to how many, approves, edits or rejects, in their own name."""

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urljoin

import pytest
from flask.testing import FlaskClient

from alerts.desk import Newsdesk, decide
from alerts.model import Edition, EditionId, EditionState
from alerts.web.app import create_app
from tests.integration.newsdesk import draft, dump, open_newsroom, page_of


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Newsdesk]:
    desk = open_newsroom(tmp_path / "newsroom")
    yield desk
    desk.close()


@pytest.fixture
def web(desk: Newsdesk) -> FlaskClient:
    return create_app(desk).test_client()


def state(desk: Newsdesk, edition: Edition) -> EditionState:
    record = desk.store.ledger.find(edition.id)
    assert record is not None
    return record.state


def seen(page: str) -> str:
    found = re.search(r'name="seen" value="([^"]+)"', page)
    assert found
    return found[1]


def test_the_page_shows_all_that_a_decision_needs(desk: Newsdesk, web: FlaskClient) -> None:
    edition = draft(desk, reasons=("5 outlets report it",))
    page = web.get(page_of(desk, edition))
    assert page.status_code == 200
    text = html.unescape(page.text)
    for shown in (
        edition.subject,
        edition.preheader,
        "3 readers in Breaking news",
        "LIVE",
        "outbox",
        "30 minutes",
        "5 outlets report it",
        "nora@herald.example",
        "Approve: send now to 3 readers",
    ):
        assert shown in text, shown
    mail = web.get(page_of(desk, edition) + "/mail")
    assert edition.entries[0].sentences[0].text in html.unescape(mail.text)
    assert "sandbox" in mail.headers["Content-Security-Policy"]
    assert "script-src" not in mail.headers["Content-Security-Policy"]


def test_in_rehearsal_it_says_so_and_counts_only_the_rehearsal(tmp_path: Path) -> None:
    desk = open_newsroom(tmp_path / "newsroom", more='[provider]\nonly_to = ["ana@example.org"]\n')
    page = create_app(desk).test_client().get(page_of(desk, draft(desk))).text
    assert "rehearsal" in page
    assert "LIVE" not in page
    assert "1 reader in Breaking news" in page
    desk.close()


def test_approve_sends_it_in_the_editors_name(desk: Newsdesk, web: FlaskClient) -> None:
    edition = draft(desk)
    path = page_of(desk, edition)
    answer = web.post(path, data={"action": "approve", "seen": seen(web.get(path).text)})
    assert answer.status_code == 303
    assert state(desk, edition) is EditionState.READY
    record = desk.store.ledger.find(edition.id)
    assert record is not None
    assert record.approved_by == "nora@herald.example"
    assert urljoin(path, answer.headers["Location"]) == path
    shown = web.get(path).text
    assert "nora@herald.example approved it" in shown
    assert "Approve:" not in shown
    assert "<form" not in shown


def test_a_second_editor_is_told_what_the_first_decided(desk: Newsdesk, web: FlaskClient) -> None:
    edition = draft(desk)
    first, second = page_of(desk, edition), page_of(desk, edition, "omar@herald.example")
    mark = seen(web.get(second).text)
    web.post(first, data={"action": "reject", "reason": "not  ours\nto tell"})
    answer = web.post(second, data={"action": "approve", "seen": mark})
    assert answer.status_code == 409
    assert "nora@herald.example rejected it: not ours to tell" in answer.text
    assert state(desk, edition) is EditionState.REJECTED


def test_editing_changes_the_words_and_they_must_be_read_again(desk: Newsdesk, web: FlaskClient) -> None:
    edition = draft(desk)
    path = page_of(desk, edition)
    mark = seen(web.get(path).text)
    text = "Go up.\r\nStay there.\r\n\r\nKnown:\r\n- Nobody is missing.\r\n\r\nUnknown:\r\nWhy it failed.\r\n"
    words = {"subject": "Barrier\r\nBcc: x@evil.example", "preheader": "Leave now", "text": text}
    assert web.post(path, data={"action": "edit", "seen": mark, **words}).status_code == 303
    record = desk.store.ledger.find(edition.id)
    assert record is not None
    assert record.edition.subject == "Barrier Bcc: x@evil.example"
    assert record.edition.preheader == "Leave now"
    assert [sentence.text for sentence in record.edition.entries[0].sentences] == ["Go up.", "Stay there."]
    assert [sentence.text for sentence in record.edition.entries[0].known] == ["Nobody is missing."]
    assert [sentence.text for sentence in record.edition.entries[0].unknown] == ["Why it failed."]
    assert "Known:\nNobody is missing.\n\nUnknown:\nWhy it failed." in web.get(path).text
    stale = web.post(path, data={"action": "approve", "seen": mark})
    assert stale.status_code == 409
    assert "changed since you opened this page" in stale.text
    assert state(desk, edition) is EditionState.DRAFT
    assert web.post(path, data={"action": "approve", "seen": seen(web.get(path).text)}).status_code == 303
    assert state(desk, edition) is EditionState.READY


def test_an_empty_subject_is_refused(desk: Newsdesk, web: FlaskClient) -> None:
    edition = draft(desk)
    path = page_of(desk, edition)
    answer = web.post(
        path, data={"action": "edit", "seen": seen(web.get(path).text), "subject": " ", "preheader": "", "text": "x"}
    )
    assert answer.status_code == 409
    assert "subject" in answer.text
    assert 'role="alert"' in answer.text


def test_a_lapsed_draft_cannot_be_decided_any_more(desk: Newsdesk, web: FlaskClient) -> None:
    edition = draft(desk, minutes=10)
    path = page_of(desk, edition)
    mark = seen(web.get(path).text)
    desk.clock.turn(minutes=11)  # type: ignore[attr-defined]
    before = dump(desk)
    for data in ({"action": "approve", "seen": mark}, {"action": "reject"}):
        answer = web.post(path, data=data)
        assert answer.status_code == 409
        assert "lapsed" in answer.text
    assert dump(desk) == before


def test_an_edition_that_the_checks_forbid_is_not_sent(desk: Newsdesk, web: FlaskClient) -> None:
    edition = draft(desk, subject="Hello {{ name }}")
    path = page_of(desk, edition)
    page = web.get(path).text
    answer = web.post(path, data={"action": "approve", "seen": seen(page)})
    assert answer.status_code == 409
    assert state(desk, edition) is EditionState.DRAFT


def test_what_strangers_wrote_stays_words(desk: Newsdesk, web: FlaskClient) -> None:
    hostile = '"><script>alert(1)</script>{{7*7}}'
    page = web.get(page_of(desk, draft(desk, subject=hostile, reasons=(hostile,)))).text
    assert "<script" not in page
    assert html.escape(hostile) in page.replace("&#34;", "&quot;")


@pytest.mark.parametrize(
    ("headers", "goes"),
    [
        ({}, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "https://news.herald.example"}, False),
        ({"Origin": "null"}, True),
        ({"Origin": "https://news.herald.example"}, True),
        ({"Origin": "https://evil.example"}, False),
    ],
)
def test_only_our_own_page_can_post(desk: Newsdesk, web: FlaskClient, headers: dict[str, str], goes: bool) -> None:
    edition = draft(desk)
    answer = web.post(page_of(desk, edition), data={"action": "reject"}, headers=headers)
    assert (answer.status_code == 303) is goes
    assert (state(desk, edition) is EditionState.REJECTED) is goes


@pytest.mark.parametrize("data", [{}, {"action": "kill"}, {"action": "approve"}, {"action": "approve", "seen": "x"}])
def test_a_button_we_do_not_know_does_nothing(desk: Newsdesk, web: FlaskClient, data: dict[str, str]) -> None:
    edition = draft(desk)
    before = dump(desk)
    assert web.post(page_of(desk, edition), data=data).status_code == 409
    assert dump(desk) == before


def test_a_story_that_another_hand_sent_meanwhile_cannot_go_again(desk: Newsdesk, web: FlaskClient) -> None:
    edition = draft(desk)
    path = page_of(desk, edition)
    mark = seen(web.get(path).text)
    decide.approve(desk, edition.id, editor="omar")
    assert web.post(path, data={"action": "approve", "seen": mark}).status_code == 409
    assert len(desk.store.ledger.editions(limit=10)) == 1
    assert "omar approved it" in web.get(path).text


def test_a_token_that_is_not_ours_opens_nothing(desk: Newsdesk, web: FlaskClient) -> None:
    path = page_of(desk, draft(desk))
    assert web.get(path[:-1]).status_code == 404
    assert web.post(path[:-1], data={"action": "approve"}).status_code == 404
    assert web.get(path[:-1] + "/mail").status_code == 404


def test_a_draft_that_cannot_go_any_more_can_still_be_rejected(desk: Newsdesk, web: FlaskClient) -> None:
    first = draft(desk)
    second = replace(first, id=EditionId("second"), key=first.key + "/b", subject="The same story in other words")
    assert desk.store.ledger.add_draft(second)
    decide.approve(desk, first.id, editor="omar")
    answer = web.get(page_of(desk, second))
    assert answer.status_code == 409
    assert "was sent before" in html.unescape(answer.text)
    assert 'value="approve"' not in answer.text
    assert web.post(page_of(desk, second), data={"action": "reject", "reason": "sent already"}).status_code == 303
    record = desk.store.ledger.find(second.id)
    assert record is not None
    assert record.state is EditionState.REJECTED
