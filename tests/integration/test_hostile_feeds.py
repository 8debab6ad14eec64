"""A newsroom with hostile feeds among its own: each is refused within its limits and for a reason, the others go on."""

import gzip
import time
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler

import pytest

from alerts.content.fetching.fetch import Fetcher
from alerts.guarded import Worker
from tests.integration.newsdesk import MONDAY
from tests.integration.polled import Polling, feed, gone, polling
from tests.servers.scripted_site import Answer, Script, ScriptedSite, drip

_HEAD = b'<?xml version="1.0"?><rss version="2.0"><channel><title>The Herald</title>'


def _raw(text: bytes, *, then: bytes = b"", seconds: float = 5) -> Script:
    """Write bytes as they are, then others for as long as anybody listens."""

    def send(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(text)
        until = time.monotonic() + seconds
        while then and time.monotonic() < until:
            handler.wfile.write(then)
        handler.wfile.flush()

    return send


def _entities() -> bytes:
    """A billion laughs."""
    kinds = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    return (
        f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a0 "haha">{kinds}]><rss version="2.0"><channel>'
        "<title>&a9;</title><item><title>&a9;</title><description>&a9;</description></item></channel></rss>"
    ).encode()


def _secrets() -> bytes:
    """An external entity: a file of ours."""
    return (
        b'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss version="2.0"><channel>'
        b"<title>T</title><item><title>Read this &x;</title><link>https://a.example/1</link></item></channel></rss>"
    )


def _deep_html(kilobytes: int) -> bytes:
    """An entry whose text is nested beyond reason."""
    deep = "&lt;div&gt;" * (kilobytes * 1000 // len("&lt;div&gt;"))
    item = f"<item><title>Deep</title><link>https://a.example/deep</link><description>{deep}x</description></item>"
    return _HEAD + item.encode() + b"</channel></rss>"


def _deep_xml(kilobytes: int) -> bytes:
    """Elements within elements."""
    return _HEAD + b"<item>" + b"<a>" * (kilobytes * 1000 // 3) + b"</channel></rss>"


#: path → what it answers, what must be said of it; empty: it may also be read, if only within its limits
HOSTILE: dict[str, tuple[Answer | Script, str]] = {
    "/bomb": (
        Answer(body=gzip.compress(b"\0" * 100_000_000, 1), headers={"Content-Encoding": "gzip"}),
        "larger than",
    ),
    "/large": (Answer(body=_HEAD + b" " * 1_200_000), "larger than"),
    "/drip": (drip(20), "no complete answer within"),
    "/headers": (_raw(b"HTTP/1.1 200 OK\r\n", then=b"X-Again: and again\r\n"), "cannot be reached"),
    "/header": (_raw(b"HTTP/1.1 200 OK\r\nX-Long: ", then=b"y" * 1000), "cannot be reached"),
    "/interim": (_raw(b"", then=b"HTTP/1.1 103 Early Hints\r\n\r\n" * 50), "no complete answer within"),
    "/nonsense": (_raw(b"SSH-2.0-OpenSSH_9.6\r\n"), "cannot be reached"),
    "/loop": (gone(302, Location="/loop"), "redirects more than 5 times"),
    "/inside": (gone(302, Location="http://127.0.1.99/admin"), "not on the public internet"),
    "/metadata": (gone(301, Location="http://169.254.169.254/latest/"), "not on the public internet"),
    "/nat64": (gone(302, Location="http://[64:ff9b::7f00:1]/"), "not on the public internet"),
    "/file": (gone(302, Location="file:///etc/passwd"), "only http and https"),
    "/entities": (Answer(body=_entities()), ""),
    "/secrets": (Answer(body=_secrets()), ""),
    "/deep-html": (Answer(body=_deep_html(100)), ""),
    "/deep-xml": (Answer(body=_deep_xml(100)), ""),
    "/deep-600": (Answer(body=_deep_html(600)), ""),
    "/binary": (Answer(body=bytes(range(256)) * 200), "binary file"),
    "/empty": (Answer(), "is empty"),
    "/page": (Answer(body=b"<!doctype html><html><body>Hello</body></html>"), "web page"),
}


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Polling, dict[str, str], float]]:
    """Poll all of them and two good feeds: the room, what was said of each feed, and the seconds it took."""
    with ScriptedSite() as site:
        good = [site.url("/good", host="127.0.0.2"), site.url("/other", host="127.0.0.3")]
        hosts = [f"127.0.0.{number}" for number in range(4, 4 + len(HOSTILE))]
        bad = [site.url(path, host=host) for path, host in zip(HOSTILE, hosts, strict=True)]
        site.answers.update({path: answer for path, (answer, _) in HOSTILE.items()})
        now = MONDAY - timedelta(minutes=5)
        site.answers["/good"] = Answer(body=feed(("Ferry runs again", now)))
        site.answers["/other"] = Answer(body=feed(("Market opens", now), at="other.example/a"), latency=0.3)
        with polling(tmp_path_factory.mktemp("hostile"), site, *bad, *good) as room:
            room.desk.fetcher = Fetcher(
                timeout=1.5, max_bytes=1_000_000, allow_private=(*hosts, *("127.0.0.2", "127.0.0.3"))
            )
            room.desk.worker = Worker(cpu_seconds=2, memory_mb=400, deadline=3.0)
            began = time.monotonic()
            said = {one.feed.rpartition("/")[2]: one.error for one in room.poll()}
            took = time.monotonic() - began
            room.desk.worker.close()
            yield room, said, took


@pytest.mark.parametrize("path", HOSTILE)
def test_each_is_refused_for_a_reason_on_one_line(attacked: tuple[Polling, dict[str, str], float], path: str) -> None:
    _, said, _ = attacked
    words = HOSTILE[path][1]
    assert words in said[path[1:]]
    assert said[path[1:]].isprintable()


def test_all_of_it_ends_in_time_and_the_others_are_read(attacked: tuple[Polling, dict[str, str], float]) -> None:
    room, said, took = attacked
    assert (said["good"], said["other"]) == ("", "")
    titles = {article.title for article in room.articles()}
    assert {"Ferry runs again", "Market opens"} <= titles
    assert took < 25, "bounded, on a busy machine too"


def test_nothing_of_ours_leaked_and_nothing_swelled(attacked: tuple[Polling, dict[str, str], float]) -> None:
    room, _, _ = attacked
    for article in room.articles():
        text = " ".join((article.title, *article.paragraphs))
        assert "root:" not in text
        assert len(text) < 100_000
