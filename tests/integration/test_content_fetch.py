"""The fetcher against a real server on this machine, and against the addresses it must never reach."""

import gzip
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.parse import unquote

import pytest

from alerts.content.fetching.addresses import is_public
from alerts.content.fetching.answers import NoAnswer
from alerts.content.fetching.fetch import Fetcher, retry_after
from alerts.errors import ContentError

FEED = b"<rss><channel><title>Harbour</title></channel></rss>"


class Site(BaseHTTPRequestHandler):
    """A site with every fault a feed can have."""

    protocol_version = "HTTP/1.1"
    seen: ClassVar[list[tuple[str, dict[str, str]]]] = []
    #: so many connections break without an answer
    drops: ClassVar[int] = 0

    def do_GET(self) -> None:
        path = self.path
        self.seen.append((path, {name.lower(): value for name, value in self.headers.items()}))
        port = self.connection.getsockname()[1]
        moves = {"/moved": 301, "/moved-again": 308, "/elsewhere": 302}
        if path == "/feed":
            if self.headers.get("If-None-Match") == '"v1"':
                self._answer(304, b"")
            else:
                self._answer(200, FEED, {"ETag": '"v1"', "Last-Modified": "Mon, 23 Nov 2026 08:00:00 GMT"})
        elif path in moves:
            target = {"/moved": "/moved-again", "/moved-again": "/feed", "/elsewhere": "/moved-again"}[path]
            self._answer(moves[path], b"", {"Location": target})
        elif path == "/loop":
            self._answer(302, b"", {"Location": "/loop"})
        elif path == "/inside":
            self._answer(302, b"", {"Location": f"http://127.0.0.1:{port}/feed"})
        elif path == "/file":
            self._answer(302, b"", {"Location": "file:///etc/passwd"})
        elif path == "/garbled":
            self._answer(302, b"", {"Location": "//host:no-port/"})
        elif path == "/gone":
            self._answer(410, b"")
        elif path == "/busy":
            self._answer(503, b"", {"Retry-After": "120"})
        elif path == "/broken":
            self._answer(500, b"oops")
        elif path == "/unchanged":
            self._answer(304, b"")
        elif path.startswith("/fresh?"):
            said = unquote(path.partition("?")[2])
            self._answer(200, FEED, {"Cache-Control": said, "Age": said.partition(" age=")[2] or "0"})
        elif path == "/shaky" and Site.drops:
            Site.drops -= 1
            self.close_connection = True
        elif path == "/shaky":
            self._answer(200, FEED)
        elif path == "/packed":
            self._answer(200, gzip.compress(FEED), {"Content-Encoding": "gzip"})
        elif path == "/packed-in-parts":
            half = len(FEED) // 2
            parts = gzip.compress(FEED[:half]) + gzip.compress(FEED[half:])
            self._answer(200, parts, {"Content-Encoding": "gzip"})
        elif path == "/bomb-in-parts":
            self._answer(200, gzip.compress(b"\0" * 150_000) * 20, {"Content-Encoding": "gzip"})
        elif path == "/bomb":
            self._answer(200, gzip.compress(b"\0" * 200_000_000, 1), {"Content-Encoding": "gzip"})
        elif path == "/double-bomb":
            twice = gzip.compress(gzip.compress(b"\0" * 10_000_000))
            self._answer(200, twice, {"Content-Encoding": "gzip, gzip"})
        elif path == "/cut":
            self._answer(200, gzip.compress(FEED * 50)[:-20], {"Content-Encoding": "gzip"})
        elif path == "/large":
            self._answer(200, b"x" * 200_000)
        elif path == "/drip":
            self._drip()
        else:
            self._answer(404, b"")

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _drip(self) -> None:
        """Send a byte now and then: each one starts a naive time-out anew."""
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        try:
            for _ in range(100):
                self.wfile.write(b"x")
                time.sleep(0.1)
        except OSError:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


class Quiet(ThreadingHTTPServer):
    """A server that does not mind being hung up on."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = Quiet(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def fetcher() -> Iterator[Fetcher]:
    made = Fetcher(timeout=5, max_bytes=100_000, allow_private=("127.0.0.1",), user_agent="alerts-test")
    yield made
    made.close()


def test_a_feed_is_fetched_and_asked_for_again_only_if_it_changed(site: str, fetcher: Fetcher) -> None:
    first = fetcher.fetch(f"{site}/feed")
    assert (first.status, first.body, first.etag, first.ok) == (200, FEED, '"v1"', True)
    again = fetcher.fetch(f"{site}/feed", etag=first.etag, last_modified=first.last_modified)
    assert (again.status, again.body, again.etag, again.last_modified) == (304, b"", first.etag, first.last_modified)
    path, sent = Site.seen[-1]
    assert (path, sent["if-none-match"], sent["if-modified-since"]) == ("/feed", '"v1"', first.last_modified)
    assert sent["user-agent"] == "alerts-test"
    assert "cookie" not in sent


def test_a_move_for_good_is_told_and_a_move_for_now_is_not(site: str, fetcher: Fetcher) -> None:
    moved = fetcher.fetch(f"{site}/moved")
    assert (moved.body, moved.moved_to) == (FEED, f"{site}/feed")
    elsewhere = fetcher.fetch(f"{site}/elsewhere")
    assert (elsewhere.body, elsewhere.moved_to, elsewhere.url) == (FEED, "", f"{site}/feed")


def test_what_the_publisher_says_of_polling_is_handed_on(site: str, fetcher: Fetcher) -> None:
    assert fetcher.fetch(f"{site}/gone").status == 410
    busy = fetcher.fetch(f"{site}/busy")
    assert (busy.status, busy.retry_after) == (503, timedelta(seconds=120))
    with pytest.raises(ContentError, match="answered 410"):
        fetcher.fetch_page(f"{site}/gone")


def test_a_dropped_connection_is_tried_once_more(site: str, fetcher: Fetcher) -> None:
    Site.drops = 1
    assert fetcher.fetch(f"{site}/shaky").body == FEED
    Site.drops = 2
    with pytest.raises(NoAnswer, match="cannot be reached"):
        fetcher.fetch(f"{site}/shaky")
    assert Site.drops == 0


def test_an_answer_that_confirms_what_we_never_had_is_no_answer(site: str, fetcher: Fetcher) -> None:
    with pytest.raises(ContentError, match="never gave it to us"):
        fetcher.fetch(f"{site}/unchanged")


@pytest.mark.parametrize(
    ("path", "wait"),
    [
        ("/fresh?max-age=600", timedelta(minutes=10)),
        ("/fresh?public,%20max-age=600,%20age=100", timedelta(seconds=500)),
        ("/fresh?s-maxage=600", None),
        ("/fresh?no-cache,%20max-age=600", None),
    ],
)
def test_how_long_an_answer_holds(site: str, fetcher: Fetcher, path: str, wait: timedelta | None) -> None:
    assert fetcher.fetch(f"{site}{path}").fresh_for == wait


def test_closing_ends_what_is_under_way(site: str) -> None:
    patient = Fetcher(timeout=20, allow_private=("127.0.0.1",))
    threading.Timer(0.3, patient.close).start()
    began = time.monotonic()
    with pytest.raises(ContentError):
        patient.fetch(f"{site}/drip")
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/broken", "answered 500"),
        ("/nowhere", "answered 404"),
        ("/loop", "redirects more than 5 times"),
        ("/file", "only http and https"),
        ("/garbled", "not a web address"),
        ("/bomb", "larger than 100,000 bytes"),
        ("/double-bomb", "packed in a way"),
        ("/bomb-in-parts", "larger than"),
        ("/cut", "ends in the middle"),
        ("/large", "larger than 100,000 bytes"),
    ],
)
def test_a_bad_answer_is_one_clear_line(site: str, fetcher: Fetcher, path: str, words: str) -> None:
    with pytest.raises(ContentError, match=words) as caught:
        fetcher.fetch(f"{site}{path}")
    assert "\n" not in str(caught.value)


def test_packed_bodies_are_unpacked(site: str, fetcher: Fetcher) -> None:
    assert fetcher.fetch(f"{site}/packed").body == FEED
    assert fetcher.fetch(f"{site}/packed-in-parts").body == FEED


def test_one_deadline_covers_a_server_that_drips(site: str) -> None:
    hasty = Fetcher(timeout=0.6, allow_private=("127.0.0.1",))
    began = time.monotonic()
    with pytest.raises(ContentError, match=r"no complete answer within 0\.6 s"):
        hasty.fetch(f"{site}/drip")
    assert time.monotonic() - began < 3
    hasty.close()


def test_one_deadline_covers_a_name_service_that_hangs() -> None:
    def hang(host: str, port: int) -> list[str]:
        time.sleep(5)
        return []

    hasty = Fetcher(timeout=0.3, resolver=hang)
    with pytest.raises(ContentError, match="no complete answer"):
        hasty.fetch("http://news.example.org/feed")


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "①②⑦.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
    ],
)
def test_no_spelling_of_this_machine_is_reached(site: str, host: str) -> None:
    before = len(Site.seen)
    strict = Fetcher(timeout=3)
    port = int(site.rpartition(":")[2])
    # The same port as the server: only the check stands between.
    with pytest.raises(ContentError):
        strict.fetch(f"http://{host}:{port}/feed")
    assert len(Site.seen) == before


def test_the_check_is_of_the_address_that_is_connected_to(site: str) -> None:
    """A name that answers with a public address first and with a private one later gains nothing."""
    asked: list[str] = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if host == "rebind.example" else ["93.184.215.14"]

    strict = Fetcher(timeout=3, resolver=rebinding)
    with pytest.raises(ContentError, match="not on the public internet"):
        strict.fetch("http://rebind.example/feed")
    # One look-up decides: there is no second one to answer otherwise.
    assert asked == ["rebind.example"]


def test_a_redirect_to_an_inside_address_is_refused_though_its_host_was_allowed(site: str) -> None:
    port = site.rpartition(":")[2]
    allowed_by_name = Fetcher(timeout=3, allow_private=("cms.example",), resolver=lambda host, at: ["127.0.0.1"])
    assert allowed_by_name.fetch(f"http://cms.example:{port}/feed").body == FEED
    with pytest.raises(ContentError, match="not fetched"):
        allowed_by_name.fetch(f"http://cms.example:{port}/inside")


@pytest.mark.parametrize(
    "address",
    ["10.1.2.3", "192.168.1.1", "169.254.169.254", "100.64.0.1", "224.0.0.1", "::1", "fe80::1%eth0", "fc00::1",
     "64:ff9b::7f00:1", "64:ff9b:1::a00:1", "2002:7f00:1::", "2001::1", "::127.0.0.1", "::ffff:10.0.0.1", "ff0e::1",
     "fec0::1", "2001:db8::1", "240.0.0.1", "nonsense"],
)  # fmt: skip
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "::ffff:93.184.215.14"])
def test_addresses_that_are_public(address: str) -> None:
    assert is_public(address)


def test_ports_of_other_services_are_not_asked() -> None:
    strict = Fetcher(timeout=3, resolver=lambda host, port: ["93.184.215.14"])
    with pytest.raises(ContentError, match="port 6379"):
        strict.fetch("http://news.example.org:6379/")


def test_an_address_with_a_password_is_refused(fetcher: Fetcher) -> None:
    with pytest.raises(ContentError, match="name or password") as caught:
        fetcher.fetch("http://user:secret@news.example.org/feed")
    assert "secret" not in str(caught.value)


def test_files_are_read_and_known_again(tmp_path: Path, fetcher: Fetcher) -> None:
    feed = tmp_path / "feed.xml"
    feed.write_bytes(FEED)
    first = fetcher.fetch(str(feed))
    assert (first.status, first.body) == (200, FEED)
    assert fetcher.fetch(str(feed), etag=first.etag).status == 304
    feed.write_bytes(FEED + b" ")
    assert fetcher.fetch(str(feed), etag=first.etag).status == 200


@pytest.mark.parametrize(
    ("name", "words"), [("missing.xml", "there is no such file"), (".", "is a folder"), ("ftp://x/y", "only http")]
)
def test_files_that_cannot_be_read(tmp_path: Path, fetcher: Fetcher, name: str, words: str) -> None:
    with pytest.raises(ContentError, match=words):
        fetcher.fetch(name if "://" in name else str(tmp_path / name))


@pytest.mark.parametrize(
    "address",
    ["http://x:99999999/", f"http://{'a' * 300}/", "https://ex ample/", "http://[::1", "http://x:0/", "http://"],
)
def test_addresses_that_cannot_be_are_one_clear_line(address: str) -> None:
    with pytest.raises(ContentError):
        Fetcher(timeout=1, resolver=lambda host, port: []).fetch(address)


@pytest.mark.parametrize(
    ("written", "wait"),
    [
        ("90", timedelta(seconds=90)),
        ("Mon, 23 Nov 2026 09:10:00 GMT", timedelta(minutes=10)),
        ("Mon, 23 Nov 2026 08:00:00 GMT", timedelta(0)),
        ("999999999999999", timedelta(hours=24)),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_in_seconds_and_as_a_date(written: str, wait: timedelta | None) -> None:
    assert retry_after(written, "Mon, 23 Nov 2026 09:00:00 GMT") == wait
