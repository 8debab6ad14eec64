"""`alerts run`: the desk is told, decides on a phone, readers get their mail and leave with one click."""

import html
import json
import re
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.features.newsroom import Newsroom, addresses, free_port, listens, parse, part, wait_until
from tests.servers.smtp_server import SmtpServer


class Hook:
    """A chat room's webhook: remembers what was posted."""

    def __init__(self) -> None:
        self.posted: list[dict[str, str]] = []
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                hook.posted.append(json.loads(self.rfile.read(length)))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"

    def __enter__(self) -> "Hook":
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


def item(title: str, text: str, minutes_ago: int, category: str = "News") -> str:
    at = format_datetime(datetime.now(UTC) - timedelta(minutes=minutes_ago))
    slug = re.sub(r"\W+", "-", title.lower())
    return (
        f"<item><title>{title}</title><link>https://herald.example/{slug}</link><category>{category}</category>"
        f"<pubDate>{at}</pubDate><description><![CDATA[{text}]]></description></item>"
    )


def feed(*items: str) -> str:
    head = '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>The Harwick Herald</title>'
    return head + "".join(items) + "</channel></rss>"


OLD = item("Library opens new reading room", "The Harwick library has opened its new reading room.", 300)
BREAKING = item(
    "Breaking: Explosion at Harwick harbour, several injured",
    "<p>An explosion has shaken the harbour of Harwick, and several people were injured, police say.</p>"
    "<p>The blast was heard shortly before noon at the fuel pier. Ambulances and a rescue helicopter are there.</p>"
    "<p>The harbour was closed and 300 people were evacuated, the fire service said in a statement.</p>",
    3,
    "Breaking News",
)


@contextmanager
def service(newsroom: Newsroom, port: int) -> Iterator[None]:
    """Run `alerts run` for a while; stopped politely, it must end with 0."""
    running = newsroom.start("run")
    try:
        wait_until(lambda: listens(port) or running.poll() is not None)
        yield
    finally:
        running.terminate()
        code = running.wait(timeout=30)
    log = (newsroom.folder / "service.log").read_text()
    assert code == 0, log
    assert "Traceback" not in log, log


def mails_to(server: SmtpServer, word: str) -> list[EmailMessage]:
    return [parse(content) for _, recipient, content in list(server.mails) if word in recipient]


def post(url: str, **fields: str) -> tuple[int, str]:
    body = urllib.parse.urlencode(fields).encode()
    origin = "{0.scheme}://{0.netloc}".format(urllib.parse.urlsplit(url))
    request = urllib.request.Request(url, data=body, headers={"Origin": origin}, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=15) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=15) as answer:
        text: str = answer.read().decode()
        return text


@pytest.mark.timeout(120)
def test_a_story_breaks_the_desk_is_told_approves_and_a_reader_leaves(newsroom: Newsroom) -> None:
    port = free_port()
    with SmtpServer() as server, Hook() as hook:
        newsroom.configure(
            f'[provider]\nuse = "smtp"\n[provider.smtp]\nhost = "127.0.0.1"\nport = {server.port}\nsecurity = "none"\n'
            f'[desk]\neditors = ["nora@herald.example"]\nwebhook = "{hook.url}"\n'
            '[[outlets]]\nname = "The Harwick Herald"\ntrust = 0.9\nfeeds = ["feed.xml"]\n'
            "[breaking]\nalert_score = 5.0\n",
            listen=f"127.0.0.1:{port}",
            url=f"http://127.0.0.1:{port}",
        )
        (newsroom.folder / "feed.xml").write_text(feed(OLD))
        newsroom.run("feeds", "fetch").ok()
        assert newsroom.run("editions", "list", "--json").ok().json == [], "the first fetch of a feed proposes nothing"
        (newsroom.folder / "feed.xml").write_text(feed(BREAKING, OLD))
        newsroom.run("feeds", "fetch").ok()

        with service(newsroom, port):
            (notice,) = wait_until(lambda: mails_to(server, "nora@"), seconds=10)
            wait_until(lambda: hook.posted, seconds=10)
            assert "Explosion at Harwick harbour" in notice["Subject"]
            assert hook.posted[0]["kind"] == "draft waits"
            assert not mails_to(server, "example.org"), "no reader gets a draft"

            link = re.search(r"http://127\.0\.0\.1:\d+/desk/\S+", part(notice, "plain"))
            assert link is not None
            page = get(link[0])
            assert "Explosion at Harwick harbour" in html.unescape(page)
            assert "marks it" in html.unescape(page), "the reasons are shown"
            for _ in range(3):
                get(link[0])
            assert not mails_to(server, "example.org"), "looking decides nothing"

            status, answer = post(link[0], action="approve", seen=field(page, "seen"))
            assert status < 400, answer
            readers = wait_until(lambda: len(mails_to(server, "example.org")) == 3 and mails_to(server, "example.org"))
            assert addresses(readers) == ["ana@example.org", "ben@example.org", "cleo@example.org"]
            assert readers[0]["Subject"] == "Explosion at Harwick harbour, several injured"

            ben = next(mail for mail in readers if mail["To"].addresses[0].addr_spec == "ben@example.org")
            one_click = re.search(r"<(http://[^>]+)>", ben["List-Unsubscribe"])
            assert one_click is not None
            get(one_click[1])
            assert "unsubscribed" not in newsroom.run("why", "ben@example.org").ok().out, (
                "reading the page leaves nothing"
            )
            status, _ = post(one_click[1], **{"List-Unsubscribe": "One-Click"})
            assert status == 200
            assert "unsubscribed (alerts)" in newsroom.run("why", "ben@example.org").ok().out

            # The approval of a draft that is gone says so and sends nothing again.
            status, answer = post(link[0], action="approve", seen=field(page, "seen"))
            assert status in {200, 409}, answer

        newsroom.sync().ok()
        (newsroom.folder / "second.txt").write_text(
            "Central bank cuts rate to two per cent\n\nThe central bank has lowered its main rate for the first time "
            "since 2021, citing weak orders in manufacturing.\n"
        )
        newsroom.run("send", "second.txt", "-s", "breaking", "--expect", "2").ok()
        assert len(mails_to(server, "ben@example.org")) == 1, "who left gets nothing, whatever the lists say"
    receipt = newsroom.run("editions", "list", "--json").ok().json
    assert len(receipt) == 2


def field(page: str, name: str) -> str:
    """Read a hidden field of a form."""
    found = re.search(rf'name="{name}"\s+value="([^"]*)"', page)
    return html.unescape(found[1]) if found else ""


@pytest.mark.timeout(120)
def test_killed_without_warning_the_service_goes_on_where_it_was(newsroom: Newsroom) -> None:
    port = free_port()
    with SmtpServer(delay=0.02) as server:
        newsroom.configure(
            f'[provider]\nuse = "smtp"\n[provider.smtp]\nhost = "127.0.0.1"\nport = {server.port}\nsecurity = "none"\n'
            'connections = 1\n[delivery]\nworkers = 1\nurgent_submission = 20\nlease = "6s"\n'
            'alert_unknown = "at-most-once"\n',
            listen=f"127.0.0.1:{port}",
        )
        (newsroom.folder / "subscribers/lists/readers.csv").write_text(
            "email,topics\n" + "".join(f"reader{number}@example.org,breaking\n" for number in range(300))
        )
        newsroom.run("subscribers", "sync", "--yes", "--allow-shrink").ok()
        sender = newsroom.start("send", "article.txt", "-s", "breaking", "--yes")
        wait_until(lambda: len(server.mails) > 60)
        sender.kill()
        sender.wait(timeout=10)
        assert len(server.mails) < 300
        with service(newsroom, port):
            wait_until(lambda: len(server.mails) >= 280, seconds=60)
            wait_until(
                lambda: newsroom.run("receipt", "last", "--json").ok().json["state"] in {"done", "done_unresolved"},
                seconds=60,
            )
    receipt = newsroom.run("receipt", "last", "--json").ok().json
    assert receipt["adds_up"]
    got = [recipient for _, recipient, _ in server.mails]
    assert len(got) == len(set(got)), "nobody gets a mail twice"
    assert receipt["deliveries"]["accepted"] + receipt["deliveries"]["unknown"] == 300
    assert receipt["deliveries"]["unknown"] <= 20, "at most the submission in hand is uncertain"
    assert len(got) >= receipt["deliveries"]["accepted"]
