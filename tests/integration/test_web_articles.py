"""A CMS hands over an article: it is in its story before the answer comes, and proposed seconds later."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from alerts.desk import Newsdesk, clustering, decide, receive
from alerts.model import ArticleId, EditionState, NoticeKind, Urgency
from alerts.store.records import EditionRecord
from alerts.web.app import create_app
from tests.integration.newsdesk import Hands, dump, open_newsroom
from tests.servers.site import Site

TOKEN, GAZETTE = "herald-" + "t" * 25, "gazette-" + "g" * 25
OUTLETS = """
[[outlets]]
name = "The Harwick Herald"
trust = 0.9
push = { env = "HERALD_PUSH" }
feeds = ["https://herald.example/feed"]

[[outlets]]
name = "Coast Gazette"
relation = "watched"
trust = 0.8
push = { env = "GAZETTE_PUSH" }
feeds = ["https://gazette.example/feed"]

[breaking]
recheck = false

[fetching]
allow_private = ["127.0.0.1"]
"""
QUAKE: dict[str, Any] = {
    "url": "https://herald.example/news/quake",
    "title": "Earthquake of magnitude 6.1 hits Tarnmouth, two killed",
    "html": "<p>An earthquake of magnitude 6.1 has hit Tarnmouth, and two people were killed, police say.</p>"
    "<p>The quake struck at 11:40 and brought down part of the <b>old customs house</b> on Pier Street.</p>",
    "standfirst": "Two people died when a strong earthquake hit Tarnmouth shortly before noon.",
    "section": "News",
    "categories": ["Tarnmouth", "Earthquakes"],
    "language": "en-GB",
    "authors": ["Ada Moss"],
    "image": {"url": "https://herald.example/quake.jpg", "alt": "The customs house", "credit": "Ben Ash"},
    "published_at": "2026-03-02T12:55:00+01:00",
    "urgency": "flash",
}


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def desk(tmp_path: Path, hands: Hands, monkeypatch: pytest.MonkeyPatch) -> Iterator[Newsdesk]:
    monkeypatch.setenv("HERALD_PUSH", TOKEN)
    monkeypatch.setenv("GAZETTE_PUSH", GAZETTE)
    desk = open_newsroom(tmp_path / "newsroom", clock=hands, more=OUTLETS)
    yield desk
    desk.close()


@pytest.fixture
def web(desk: Newsdesk) -> FlaskClient:
    return create_app(desk).test_client()


def push(web: FlaskClient, article: Any, token: str = TOKEN) -> TestResponse:
    return web.post("/articles", json=article, headers={"Authorization": f"Bearer {token}"})


def drafts(desk: Newsdesk) -> list[EditionRecord]:
    return desk.store.ledger.editions(states=(EditionState.DRAFT,))


def test_an_article_of_the_cms_is_a_draft_seconds_later(desk: Newsdesk, web: FlaskClient) -> None:
    answer = push(web, QUAKE)
    assert answer.status_code == 200, answer.text
    told = answer.get_json()
    assert told["level"] == "alert"
    assert told["reasons"]
    article = desk.store.archive.article(ArticleId(told["article"]))
    assert article is not None
    assert article.paragraphs[1].endswith("part of the old customs house on Pier Street.")
    assert (article.urgency, article.language, article.authors) == (Urgency.FLASH, "en", ("Ada Moss",))
    assert article.image is not None
    assert article.image.credit == "Ben Ash"
    assert drafts(desk) == [], "the web thread proposes nothing"
    receive.catch_up(desk)
    (draft,) = drafts(desk)
    assert draft.edition.entries[0].story == told["story"]
    assert draft.edition.entries[0].url == QUAKE["url"]
    decide.approve(desk, draft.edition.id, editor="Nora")


def test_the_same_again_is_answered_the_same_and_changes_nothing(
    desk: Newsdesk, web: FlaskClient, hands: Hands
) -> None:
    first = push(web, QUAKE).get_json()
    receive.catch_up(desk)
    before = dump(desk)
    hands.turn(minutes=3)
    assert push(web, QUAKE).get_json() == first
    receive.catch_up(desk)
    after = dump(desk)
    assert {name: rows for name, rows in after.items() if name != "control"} == {
        name: rows for name, rows in before.items() if name != "control"
    }, "but for the note when embargoes were looked at"
    assert len(drafts(desk)) == 1


def test_a_changed_text_updates_the_article_in_its_story(desk: Newsdesk, web: FlaskClient, hands: Hands) -> None:
    first = push(web, QUAKE).get_json()
    hands.turn(minutes=3)
    worse = {**QUAKE, "title": "Tarnmouth earthquake toll rises to 14 dead", "updated_at": "2026-03-02T12:03:00Z"}
    second = push(web, worse).get_json()
    assert (second["article"], second["story"]) == (first["article"], first["story"])
    article = desk.store.archive.article(ArticleId(second["article"]))
    assert article is not None
    assert article.title.endswith("14 dead")
    assert article.seen_at < hands.at


def test_only_its_address_is_enough_and_its_page_is_fetched(desk: Newsdesk, web: FlaskClient) -> None:
    with Site() as site:
        url = site.page(
            "/quake", QUAKE["title"], *(text.split(">", 1)[1] for text in QUAKE["html"].split("</p>") if text)
        )
        told = push(web, {"url": url, "urgency": "alert"}).get_json()
        missing = push(web, {"url": site.base + "/nothing"})
    article = desk.store.archive.article(ArticleId(told["article"]))
    assert article is not None
    assert article.title == QUAKE["title"]
    assert article.urgency is Urgency.ALERT
    assert missing.status_code == 422
    assert "404" in missing.get_json()["fields"]["url"]
    for private in ("http://10.0.0.1/x", "http://169.254.169.254/latest", "http://127.0.0.2:5432/"):
        refused = push(web, {"url": private})
        assert refused.status_code == 422
        assert "not fetched" in refused.get_json()["fields"]["url"]


def test_every_bad_field_is_named_in_one_answer(desk: Newsdesk, web: FlaskClient) -> None:
    before = dump(desk)
    answer = push(
        web,
        {
            "url": "javascript:alert(1)",
            "title": "\u202e\u200b",
            "paragraphs": "one",
            "html": "<p>two</p>",
            "published_at": "2026-03-02T12:00",
            "updated_at": 7,
            "embargo_until": "9999-12-31T00:00:00Z",
            "embargo": "2026-03-02T14:00:00Z",
            "urgency": "FLASH",
            "language": "the English",
            "topics": ["gardening"],
            "authors": ["x" * 300],
            "image": {"url": "ftp://x", "alt": ["y"], "size": 3},
            "outlet": "Coast Gazette",
        },
    )
    assert answer.status_code == 422
    fields = answer.get_json()["fields"]
    assert set(fields) == {
        "url", "title", "paragraphs", "html", "published_at", "updated_at", "embargo_until", "embargo", "urgency",
        "language", "topics", "authors", "image.url", "image.alt", "image.size", "outlet",
    }  # fmt: skip
    assert "embargo_until" in fields["embargo"], "a typing error must not let a story out before its time"
    assert "zone" in fields["published_at"]
    assert dump(desk) == before


def test_line_breaks_and_direction_marks_do_not_reach_a_subject(desk: Newsdesk, web: FlaskClient) -> None:
    told = push(web, {**QUAKE, "title": "Quake\r\nBcc: x@evil.example\u202e hits\u2066 Tarnmouth"}).get_json()
    article = desk.store.archive.article(ArticleId(told["article"]))
    assert article is not None
    assert article.title == "Quake Bcc: x@evil.example hits Tarnmouth"


def test_html_is_read_as_text_and_nothing_of_it_stays_markup(desk: Newsdesk, web: FlaskClient) -> None:
    html = (
        "<p>Two people were killed, police say.<script>alert(1)</script></p><style>p{}</style>"
        '<p onclick="x()">The <a href="javascript:x()">quake</a> struck at 11:40.</p><svg><p>x</p></svg>'
        "<p>Rescue teams are on their way.<iframe src='x'></iframe>"
    )
    told = push(web, {**QUAKE, "html": html}).get_json()
    article = desk.store.archive.article(ArticleId(told["article"]))
    assert article is not None
    assert article.paragraphs == (
        "Two people were killed, police say.",
        "The quake struck at 11:40.",
        "Rescue teams are on their way.",
    )


def test_a_token_speaks_for_its_outlet_only(desk: Newsdesk, web: FlaskClient) -> None:
    push(web, QUAKE)
    before = dump(desk)
    stolen = push(web, {**QUAKE, "title": "All is well in Tarnmouth"}, token=GAZETTE)
    assert stolen.status_code == 422
    assert "The Harwick Herald" in stolen.get_json()["fields"]["url"]
    assert push(web, {**QUAKE, "url": "https://gazette.example/x"}).status_code == 422
    assert dump(desk) == before


def test_a_watched_outlets_article_is_evidence_and_never_a_draft(desk: Newsdesk, web: FlaskClient) -> None:
    answer = push(web, {**QUAKE, "url": "https://gazette.example/quake"}, token=GAZETTE)
    assert answer.status_code == 200
    assert answer.get_json()["evidence_only"] is True
    receive.catch_up(desk)
    assert desk.store.ledger.editions() == []
    notices = desk.store.daybook.notices(since=desk.clock())
    assert [one.notice.kind for one in notices] == [NoticeKind.NOT_OURS_YET]


def test_without_a_right_token_nothing_is_read(desk: Newsdesk, web: FlaskClient) -> None:
    before = dump(desk)
    wrong = ["", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "é" * 40, "x" * 5000, f"{TOKEN} {TOKEN}"]
    assert [push(web, QUAKE, token=token).status_code for token in wrong] == [401] * len(wrong)
    assert web.post("/articles", json=QUAKE, headers={"Authorization": f"Basic {TOKEN}"}).status_code == 401
    assert web.post("/articles", json=QUAKE).status_code == 401
    guesses = [push(web, QUAKE, token=f"guess-{at:030}") for at in range(5)]
    assert guesses[-1].status_code == 429
    assert guesses[-1].headers["Retry-After"]
    assert dump(desk) == before
    assert push(web, QUAKE).status_code == 200, "a guesser next door does not lock the CMS out"


def test_without_tokens_the_door_is_not_there(tmp_path: Path) -> None:
    desk = open_newsroom(tmp_path / "newsroom")
    assert create_app(desk).test_client().post("/articles", json=QUAKE).status_code == 404
    desk.close()


@pytest.mark.parametrize("token", ["", "short"])
def test_a_token_that_is_missing_or_could_be_guessed_opens_nothing(
    desk: Newsdesk, web: FlaskClient, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setenv("HERALD_PUSH", token)
    assert push(web, QUAKE, token=token).status_code == 401
    assert push(web, {**QUAKE, "url": "https://gazette.example/1"}, token=GAZETTE).status_code == 200


def test_hostile_bodies_are_refused_and_nobody_falls_over(desk: Newsdesk, web: FlaskClient) -> None:
    before = dump(desk)
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    bodies: list[tuple[bytes, int]] = [
        (b'{"url": "https://herald.example/x", "html": "' + b"x" * 5_000_000 + b'"}', 413),
        (b"[" * 100_000 + b"]" * 100_000, 400),
        (b'{"image":' * 90_000 + b"1" + b"}" * 90_000, 400),
        (b'{"title": ' + b"9" * 100_000 + b"}", 400),
        (b"", 400),
        (b"null", 400),
        (b"[]", 400),
        (b"\xff\xfe{}", 400),
        (b'{"url": "https://herald.example/x', 400),
        (b"{" + b",".join(b'"f%d":1' % at for at in range(50_000)) + b"}", 422),
        (b'{"url": NaN, "title": Infinity, "paragraphs": [[]], "authors": {"a": 1}}', 422),
    ]
    for body, status in bodies:
        answer = web.post("/articles", data=body, headers=headers)
        assert answer.status_code == status, (body[:60], answer.text[:300])
        assert answer.get_json()["error"]
        assert len(answer.data) < 5000
    odd: list[Any] = [True, -1, 1e300, "", "\ud800", "\x00", [], {}, ["a", 1], [None], {"url": 3}, "x" * 3000]
    for name in (*QUAKE, "paragraphs", "topics", "embargo_until", "outlet", "agency", "updated_at"):
        for value in odd:
            made = json.dumps({**QUAKE, name: value}).encode()
            assert web.post("/articles", data=made, headers=headers).status_code in {200, 422, 429}, (name, value)
    assert desk.store.ledger.editions() == []
    assert before["editions"] == dump(desk)["editions"]


def test_deeply_nested_html_rejects_that_article_only(desk: Newsdesk, web: FlaskClient) -> None:
    deep = "<div>" * 100_000 + "text" + "</div>" * 50_000
    answer = push(web, {**QUAKE, "url": "https://herald.example/deep", "html": deep})
    assert answer.status_code in {200, 422}, answer.text
    assert push(web, QUAKE).status_code == 200


def test_two_reports_of_one_event_at_the_same_moment_are_one_story(desk: Newsdesk) -> None:
    app = create_app(desk)
    told: list[dict[str, Any]] = []

    def hand_over(at: int) -> None:
        article = {**QUAKE, "url": f"https://herald.example/quake-{at}", "published_at": None}
        told.append(push(app.test_client(), article).get_json())

    threads = [threading.Thread(target=hand_over, args=(at,)) for at in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({one["article"] for one in told}) == 3
    assert len({one["story"] for one in told}) == 1


def test_what_a_crash_left_unplaced_is_taken_up(
    desk: Newsdesk, web: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as dying:
        dying.setattr(clustering, "cluster", _die)
        assert push(web, QUAKE).status_code == 500
    receive.catch_up(desk)
    assert len(drafts(desk)) == 1


def _die(*_: object, **__: object) -> None:
    raise RuntimeError("killed")
