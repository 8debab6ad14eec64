"""`alerts run`: what breaks is proposed, an editor decides on a phone, readers get it and leave by one click."""

import re
import signal
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

from tests.features.newsroom import Newsroom, addresses, free_port, part, wait_until

_ITEM = """<item><title>{title}</title><link>https://herald.example/{slug}</link><guid>{slug}</guid>
<pubDate>{at}</pubDate><description>{text}</description></item>"""


def write_feed(newsroom: Newsroom, *items: tuple[str, str]) -> None:
    at = format_datetime(datetime.now(UTC))
    written = "".join(
        _ITEM.format(title=title, slug=re.sub(r"\W+", "-", title.lower()), at=at, text=text) for title, text in items
    )
    (newsroom.folder / "feed.xml").write_text(
        f'<?xml version="1.0"?><rss version="2.0"><channel><title>Herald</title>{written}</channel></rss>'
    )


OLD = ("Ferry timetable grows by nine crossings", "Commuters from the islands asked for an early boat since January.")
NEW = (
    "BREAKING: Flood barrier fails at Harwick",
    "The flood barrier at Harwick gave way shortly after noon on Monday, sending seawater into the old town. "
    "About 1,200 people were told to leave their homes, the Harwick fire service said.",
)


@contextmanager
def running(newsroom: Newsroom, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Keep `alerts run` going; at the end it must stop when told to."""
    process = newsroom.start("run", *arguments)
    try:
        yield process
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=15) == 0, (newsroom.folder / "service.log").read_text()
    finally:
        process.kill()
        process.communicate()


def service(newsroom: Newsroom, more: str = "") -> str:
    """Configure a newsroom whose pages can be reached; return where."""
    base = f"http://127.0.0.1:{free_port()}"
    newsroom.configure(
        '[desk]\neditors = ["nora@herald.example"]\n'
        '[breaking]\nreview_score = 1.0\n[[outlets]]\nname = "The Harwick Herald"\nfeeds = ["feed.xml"]\n' + more,
        url=base,
        listen=urllib.parse.urlsplit(base).netloc,
    )
    return base


def reach(url: str, data: Mapping[str, str] | None = None) -> tuple[int, str]:
    body = urllib.parse.urlencode(data).encode() if data is not None else None
    try:
        with urllib.request.urlopen(url, data=body, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


def mails_to(newsroom: Newsroom, address: str) -> list[EmailMessage]:
    return [mail for mail in newsroom.outbox() if addresses([mail]) == [address]]


def test_from_a_feed_to_readers_by_way_of_an_editors_phone(newsroom: Newsroom) -> None:
    base = service(newsroom)
    write_feed(newsroom, OLD)
    newsroom.run("feeds", "fetch").ok()
    with running(newsroom):
        wait_until(lambda: reach(base + "/healthz")[0] == 200)
        write_feed(newsroom, OLD, NEW)
        newsroom.run("feeds", "fetch").ok()

        # The desk is told within ten seconds (more on a machine that is busy with other tests), with a link.
        wait_until(lambda: bool(mails_to(newsroom, "nora@herald.example")), seconds=15)
        (notice,) = mails_to(newsroom, "nora@herald.example")
        link = re.search(rf"{re.escape(base)}/desk/\S+", part(notice, "plain"))
        assert link is not None
        code, page = reach(link[0])
        assert code == 200
        assert "Flood barrier fails at Harwick" in page
        assert "Approve: send now to 3 readers" in page
        assert not mails_to(newsroom, "ana@example.org"), "nothing goes out before somebody decides"

        seen = re.search(r'name="seen" value="([^"]+)"', page)
        assert seen is not None
        code, page = reach(link[0], {"action": "approve", "seen": seen[1]})
        assert code == 200, "the redirect leads back to the page"
        assert "nora@herald.example approved it" in page
        wait_until(lambda: len(newsroom.outbox()) == 4, seconds=15)
        readers = ["ana@example.org", "ben@example.org", "cleo@example.org"]
        assert addresses(newsroom.outbox()) == [*readers, "nora@herald.example"]

        # Ana leaves with her mail program's button; Ben's scanner only looks.
        for address, data in (("ana@example.org", {"List-Unsubscribe": "One-Click"}), ("ben@example.org", None)):
            (mail,) = mails_to(newsroom, address)
            leave = re.search(r"<(http[^>]+)>", mail["List-Unsubscribe"])
            assert leave is not None
            assert reach(leave[1], data)[0] == 200
        newsroom.run("send", "article.txt", "-s", "breaking", "--update", "--yes").ok()
    assert [len(mails_to(newsroom, address)) for address in readers] == [1, 2, 2]


def test_two_services_on_one_database_send_everything_once(newsroom: Newsroom) -> None:
    service(newsroom)
    write_feed(newsroom, OLD)
    newsroom.run("feeds", "fetch").ok()
    with running(newsroom, "--no-web"), running(newsroom, "--no-web"):
        write_feed(newsroom, OLD, NEW)
        newsroom.run("feeds", "fetch").ok()
        wait_until(lambda: bool(newsroom.run("editions", "list", "--json").json), seconds=10)
        wait_until(lambda: len(newsroom.outbox()) >= 1, seconds=10)
        newsroom.run("approve", "last", "--yes").ok()
        wait_until(lambda: len(newsroom.outbox()) >= 4, seconds=15)
        time.sleep(3)
    assert addresses(newsroom.outbox()) == [
        "ana@example.org",
        "ben@example.org",
        "cleo@example.org",
        "nora@herald.example",
    ]


def test_a_killed_service_leaves_nothing_undone(newsroom: Newsroom) -> None:
    base = service(newsroom)
    write_feed(newsroom, OLD)
    first = newsroom.start("run")
    wait_until(lambda: reach(base + "/healthz")[0] == 200)
    first.kill()
    first.communicate()
    newsroom.run("send", "article.txt", "-s", "breaking", "--yes", "--at", "23:59").ok()
    with running(newsroom):
        wait_until(lambda: '"alive"' in reach(base + "/healthz")[1], seconds=20)


class _Chat(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, _ChatServer)
        self.server.told.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_args: Any) -> None:
        pass


class _ChatServer(HTTPServer):
    told: list[bytes]


@contextmanager
def chat() -> Iterator[tuple[str, list[bytes]]]:
    """A chat room's webhook that keeps what it is told."""
    server = _ChatServer(("127.0.0.1", 0), _Chat)
    server.told = []
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook", server.told
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_desk_hears_of_a_provider_that_is_down(newsroom: Newsroom) -> None:
    with chat() as (hook, told):
        newsroom.configure(
            f'[desk]\nwebhook = "{hook}"\n[provider]\nuse = "smtp"\n'
            f'[provider.smtp]\nhost = "127.0.0.1"\nport = {free_port()}\nsecurity = "none"\n'
        )
        with running(newsroom, "--no-web"):
            sending = newsroom.start("send", "article.txt", "-s", "breaking", "--yes")
            wait_until(lambda: any(b"provider outage" in body for body in told), seconds=30)
            sending.kill()
            sending.communicate()
            time.sleep(3)
        assert sum(b"provider outage" in body for body in told) == 1


def test_two_services_cannot_serve_pages_at_one_address(newsroom: Newsroom) -> None:
    base = service(newsroom)
    write_feed(newsroom, OLD)
    with running(newsroom):
        wait_until(lambda: reach(base + "/healthz")[0] == 200)
        newsroom.run("serve").failed(1, "cannot listen there")
