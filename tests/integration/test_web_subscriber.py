"""A reader leaves: looking writes nothing, one click leaves, and nobody can tell who is a reader here."""

import itertools
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from alerts import tokens
from alerts.desk import Newsdesk
from alerts.errors import StoreError
from alerts.model import SuppressionReason
from alerts.web.app import create_app
from tests.integration.newsdesk import draft, dump, leaving, open_newsroom, page_of


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Newsdesk]:
    desk = open_newsroom(tmp_path / "newsroom", more='[[digests]]\nname="morning"\nat="07:00"\nsegment="morning"\n')
    yield desk
    desk.close()


@pytest.fixture
def web(desk: Newsdesk) -> FlaskClient:
    return create_app(desk).test_client()


def left(desk: Newsdesk, address: str) -> list[tuple[str, str]]:
    found = desk.store.roster.suppressions(desk.address_hash(address))
    return sorted((one.scope, one.reason.value) for one in found)


def test_looking_writes_nothing_however_one_looks(desk: Newsdesk, web: FlaskClient) -> None:
    edition = draft(desk)
    paths = [
        leaving(desk, "ana@example.org"),
        leaving(desk, "ben@example.org", "digest:morning"),
        leaving(desk, "cleo@example.org", "all"),
        page_of(desk, edition),
        page_of(desk, edition) + "/mail",
        "/u/test",
        "/u/nonsense",
        "/desk/nonsense",
        "/healthz",
        "/events/sendgrid",
        "/",
    ]
    before = dump(desk)
    for path, method, _ in itertools.product(paths, ("GET", "HEAD", "OPTIONS"), range(3)):
        answer = web.open(path, method=method, query_string={"List-Unsubscribe": "One-Click", "scope": "all"})
        assert answer.status_code < 500, path
    assert dump(desk) == before


def test_the_page_says_what_is_left_and_offers_everything(desk: Newsdesk, web: FlaskClient) -> None:
    page = web.get(leaving(desk, "ana@example.org"))
    assert page.status_code == 200
    assert "Unsubscribe from breaking-news alerts" in page.text
    assert "Unsubscribe from everything The Harwick Herald sends" in page.text
    assert "ana@example.org" not in page.text
    assert "<script" not in page.text


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_one_click_leaves_without_cookie_or_question(desk: Newsdesk, web: FlaskClient, content_type: str) -> None:
    answer = web.post(
        leaving(desk, "ana@example.org"), data={"List-Unsubscribe": "One-Click"}, content_type=content_type
    )
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    assert left(desk, "ana@example.org") == [("alerts", SuppressionReason.UNSUBSCRIBED.value)]
    assert left(desk, "ben@example.org") == []


def test_one_click_never_means_everything(desk: Newsdesk, web: FlaskClient) -> None:
    web.post(leaving(desk, "ana@example.org"), data={"List-Unsubscribe": "One-Click", "scope": "all"})
    assert left(desk, "ana@example.org") == [("alerts", "unsubscribed")]


def test_the_buttons_leave_this_or_everything(desk: Newsdesk, web: FlaskClient) -> None:
    assert web.post(leaving(desk, "ana@example.org", "digest:morning"), data={"scope": "this"}).status_code == 200
    assert left(desk, "ana@example.org") == [("digest:morning", "unsubscribed")]
    assert web.post(leaving(desk, "ben@example.org"), data={"scope": "all"}).status_code == 200
    assert left(desk, "ben@example.org") == [("all", "unsubscribed")]


def test_a_second_click_changes_nothing_and_says_the_same(desk: Newsdesk, web: FlaskClient) -> None:
    path = leaving(desk, "ana@example.org")
    first = web.post(path, data={"List-Unsubscribe": "One-Click"})
    before = dump(desk)
    second = web.post(path, data={"List-Unsubscribe": "One-Click"})
    assert (second.status_code, second.text) == (first.status_code, first.text)
    assert dump(desk) == before


@pytest.mark.parametrize("body", [b"", b"hello", b"scope=nonsense", b"List-Unsubscribe=Two-Click", b"\xff\xfe=%zz"])
def test_any_other_post_leaves_nobody(desk: Newsdesk, web: FlaskClient, body: bytes) -> None:
    before = dump(desk)
    answer = web.post(leaving(desk, "ana@example.org"), data=body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 400
    assert "press a button" in answer.text
    assert dump(desk) == before


def test_known_and_unknown_readers_get_the_same_answer(desk: Newsdesk, web: FlaskClient) -> None:
    known = leaving(desk, "ana@example.org")
    unknown = "/u/" + tokens.sign(desk.token_keys[0], "unsubscribe", "nobody-we-know", "alerts")
    for method in ("GET", "POST"):
        one, other = (web.open(path, method=method, data={"scope": "this"}) for path in (known, unknown))
        assert one.status_code == other.status_code
        assert one.data == other.data
        assert one.headers == other.headers


def test_no_altered_token_is_accepted(desk: Newsdesk, web: FlaskClient) -> None:
    path = leaving(desk, "ana@example.org")
    token = path.removeprefix("/u/")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
    chance = random.Random(7)
    altered = {token[:cut] for cut in range(1, len(token))}
    altered |= {
        token[:at] + other + token[at + 1 :] for at in range(len(token)) for other in chance.sample(alphabet, 3)
    }
    altered |= {token + "A", token + "=", token + "/", token.replace(".", ""), token.swapcase(), token + "\N{SNOWMAN}"}
    before = dump(desk)
    for changed in altered - {token}:
        assert web.get(f"/u/{changed}").status_code == 404, changed
    for changed in chance.sample(sorted(altered - {token}), 40):
        answer = web.post(f"/u/{changed}", data={"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 404, changed
        assert "news@herald.example" in answer.text, "the page says whom to write to"
    assert dump(desk) == before


def test_a_token_for_the_desk_leaves_nobody_and_the_other_way_round(desk: Newsdesk, web: FlaskClient) -> None:
    for_desk = page_of(desk, draft(desk)).removeprefix("/desk/")
    for_reader = leaving(desk, "ana@example.org").removeprefix("/u/")
    assert web.post(f"/u/{for_desk}", data={"scope": "all"}).status_code == 404
    assert web.post(f"/desk/{for_reader}", data={"action": "approve"}).status_code == 404


def test_tokens_of_an_old_key_go_on_working(tmp_path: Path) -> None:
    folder = tmp_path / "newsroom"
    desk = open_newsroom(folder, more='[keys]\nold_tokens = [{ env = "OLD_TOKENS" }]\n')
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("OLD_TOKENS", "o" * 43)
        reader = desk.store.roster.subscriber("ana@example.org")
        assert reader is not None
        old = tokens.sign(b"o" * 43, "unsubscribe", reader.public_id, "alerts")
        answer = create_app(desk).test_client().post(f"/u/{old}", data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert left(desk, "ana@example.org") == [("alerts", "unsubscribed")]
    desk.close()


def test_the_link_of_a_test_copy_says_so_and_leaves_nobody(desk: Newsdesk, web: FlaskClient) -> None:
    before = dump(desk)
    assert "test" in web.get("/u/test").text
    assert "Nobody was unsubscribed" in web.post("/u/test", data={"List-Unsubscribe": "One-Click"}).text
    assert dump(desk) == before


def test_when_the_database_fails_the_mail_service_is_asked_to_try_again(
    desk: Newsdesk, web: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: object, **_more: object) -> bool:
        raise StoreError("the disk is full: /srv/secret/alerts.db")

    path = leaving(desk, "ana@example.org")
    monkeypatch.setattr(desk.store.roster, "suppress", full)
    answer = web.post(path, data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert "secret" not in answer.text


def test_a_bug_of_ours_shows_nothing_of_our_insides(
    desk: Newsdesk, web: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: object, **_more: object) -> None:
        raise RuntimeError("secret of the house")

    monkeypatch.setattr(desk.store.daybook, "get", broken)
    answer = web.get("/healthz")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text


def test_every_answer_carries_the_headers_that_keep_it_harmless(desk: Newsdesk, web: FlaskClient) -> None:
    paths = [leaving(desk, "ana@example.org"), "/u/bad", "/nothing", "/healthz", page_of(desk, draft(desk))]
    answers = [web.get(path) for path in paths] + [web.post("/healthz"), web.post("/events/sendgrid", data=b"[]")]
    for answer in answers:
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src" not in policy
        assert "unsafe-inline" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Robots-Tag"].startswith("noindex")


def test_a_flood_from_one_network_is_slowed_and_others_are_not(desk: Newsdesk, web: FlaskClient) -> None:
    codes = [web.post("/u/bad", environ_base={"REMOTE_ADDR": "192.0.2.1"}).status_code for _ in range(300)]
    assert 429 in codes
    assert codes[0] == 404
    assert web.post("/u/bad", environ_base={"REMOTE_ADDR": "192.0.2.2"}).status_code == 404
    assert web.get("/u/bad", environ_base={"REMOTE_ADDR": "192.0.2.1"}).status_code == 404, "reading stays free"


def test_too_large_a_body_is_refused(desk: Newsdesk, web: FlaskClient) -> None:
    answer = web.post(leaving(desk, "ana@example.org"), data={"scope": "x" * 2_000_000})
    assert answer.status_code == 413
    assert left(desk, "ana@example.org") == []


def test_health_tells_of_a_silent_scheduler(desk: Newsdesk, web: FlaskClient) -> None:
    assert web.get("/healthz").get_json() == {"store": "ok", "scheduler": "never seen"}
    desk.store.daybook.put("heartbeat", "here:1", now=desk.clock())
    assert web.get("/healthz").get_json()["scheduler"] == "alive"
    desk.clock.turn(seconds=61)  # type: ignore[attr-defined]
    assert web.get("/healthz").get_json()["scheduler"] == "silent"
