"""The real server: believes a proxy on this machine, survives rude clients, and ends what it began."""

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from alerts.desk import Newsdesk, leave
from alerts.errors import AlertsError
from alerts.web.serving import Serving
from tests.integration.newsdesk import leaving, open_newsroom


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Newsdesk]:
    desk = open_newsroom(tmp_path / "newsroom", listen="127.0.0.1:0")
    yield desk
    desk.close()


@pytest.fixture
def place(desk: Newsdesk) -> Iterator[str]:
    serving, stop = Serving(desk), threading.Event()
    thread = threading.Thread(target=serving.run, args=(stop,))
    thread.start()
    yield urlsplit(serving.address).netloc
    stop.set()
    thread.join(timeout=10)
    assert not thread.is_alive()


def ask(place: str, method: str, path: str, body: str = "", **headers: str) -> int:
    connection = http.client.HTTPConnection(place, timeout=10)
    try:
        connection.request(method, path, body, {"Content-Type": "application/x-www-form-urlencoded", **headers})
        return connection.getresponse().status
    finally:
        connection.close()


def test_a_proxy_on_this_machine_tells_whose_request_it_is(place: str) -> None:
    codes = [ask(place, "POST", "/u/bad", **{"X-Forwarded-For": "192.0.2.1"}) for _ in range(300)]
    assert 429 in codes
    assert ask(place, "POST", "/u/bad", **{"X-Forwarded-For": "192.0.2.2"}) == 404


def test_what_a_stranger_says_of_the_host_leads_nowhere(place: str) -> None:
    connection = http.client.HTTPConnection(place, timeout=10)
    connection.request("GET", "//evil.example/u/x", headers={"Host": "evil.example"})
    answer = connection.getresponse()
    assert answer.status == 404
    assert "Location" not in dict(answer.getheaders())
    assert b"evil.example" not in answer.read()
    connection.close()


@pytest.mark.parametrize(
    "rude",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"POST /events/sendgrid HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n",
        b"GET /" + b"a" * 60_000 + b" HTTP/1.1\r\n\r\n",
        b"POST /u/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\nzz\r\n",
    ],
)
def test_rude_clients_do_not_keep_others_out(place: str, rude: bytes) -> None:
    host, port = place.split(":")
    with socket.create_connection((host, int(port)), timeout=10) as wire:
        wire.sendall(rude)
        assert ask(place, "GET", "/healthz") == 200


def test_an_answer_that_is_being_made_is_finished_at_the_stop(desk: Newsdesk, monkeypatch: pytest.MonkeyPatch) -> None:
    path = leaving(desk, "ana@example.org")
    began, real = threading.Event(), leave.leave

    def slow(*given: object, **more: object) -> object:
        began.set()
        time.sleep(0.8)
        return real(*given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(leave, "leave", slow)
    serving, stop = Serving(desk), threading.Event()
    thread = threading.Thread(target=serving.run, args=(stop,))
    thread.start()
    codes: list[int] = []
    place = urlsplit(serving.address).netloc
    reader = threading.Thread(target=lambda: codes.append(ask(place, "POST", path, "List-Unsubscribe=One-Click")))
    reader.start()
    assert began.wait(5)
    stop.set()
    reader.join(timeout=10)
    thread.join(timeout=10)
    assert codes == [200]
    assert desk.store.roster.suppressions(desk.address_hash("ana@example.org"))


def test_an_address_that_is_taken_is_one_clear_line(desk: Newsdesk) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        web = desk.config.web.model_copy(update={"listen": taken})
        desk.config = desk.config.model_copy(update={"web": web})
        with pytest.raises(AlertsError, match="cannot listen there"):
            Serving(desk)
