"""Web sites of outlets on real sockets: each serves its feed and pages as they stand at the clock's instant.

Every outlet has an address of its own (127.0.0.11, 127.0.0.12 …), as outlets have hosts of their own.
"""

import hashlib
import threading
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from tests.servers import feed_documents
from tests.servers.press import Paper, Press

FEED, MOVED_FEED = "/feed", "/feeds/all"


class FeedServer:
    """All outlets' sites. Use as a context manager."""

    def __init__(self, press: Press, clock: Callable[[], datetime], *, port: int = 8790) -> None:
        self.press = press
        self.clock = clock
        self.port = port
        #: (outlet, status) → answers given to requests for feeds
        self.answers: Counter[tuple[str, int]] = Counter()
        #: (outlet, when, what) of every feed that was given in full
        self.given: list[tuple[str, datetime, bytes]] = []
        self._sites = {
            paper.name: _open(f"127.0.0.{number}", self, paper) for number, paper in enumerate(press.papers, 11)
        }

    def __enter__(self) -> Self:
        for site in self._sites.values():
            site.start()
        return self

    def __exit__(self, *_: object) -> None:
        for site in self._sites.values():
            site.stop()

    def base(self, outlet: str) -> str:
        """Tell where an outlet's site is."""
        return self._sites[outlet].base

    def feed(self, outlet: str) -> str:
        """Tell the address of a feed, as it was known before anything moved."""
        return self.base(outlet) + FEED

    @property
    def hosts(self) -> list[str]:
        """The addresses that alerts must be allowed to reach."""
        return [str(site.server_address[0]) for site in self._sites.values()]

    def record(self, folder: Path, *, until: datetime) -> None:
        """Write what feeds gave before an instant, as `alerts replay --feeds` reads it."""
        for outlet, at, body in self.given:
            if at < until:
                file = folder / outlet / f"{at:%Y-%m-%dT%H%M%SZ}.feed"
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(body)

    def changes(self, outlet: str, *, after: datetime) -> datetime:
        """Tell when something else will stand in a feed next; a year later if never."""
        later = [one.changed for one in self.press.printed if one.outlet == outlet and one.changed > after]
        return min(later, default=after + timedelta(days=365))

    def label(self, url: str) -> str:
        """Tell what the test calls the article at an address."""
        for name, site in self._sites.items():
            if url.startswith(site.base + "/"):
                found = [
                    one.label for one in self.press.printed if (one.outlet, one.path) == (name, urlsplit(url).path)
                ]
                return found[-1] if found else url
        return url


class _Site(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], server: FeedServer, paper: Paper) -> None:
        super().__init__(address, _Handler)
        self.paper = paper
        self.all = server
        self.base = f"http://{self.server_address[0]!s}:{self.server_address[1]}"
        # The answers' thread looks for the end this often.
        self._thread = threading.Thread(target=lambda: self.serve_forever(poll_interval=0.05), daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join(5)


def _open(host: str, server: FeedServer, paper: Paper) -> _Site:
    """Take the usual port if it is free: a feed's address decides when exactly it is polled."""
    try:
        return _Site((host, server.port), server, paper)
    except OSError:
        return _Site((host, 0), server, paper)


class _Handler(BaseHTTPRequestHandler):
    server: _Site
    protocol_version = "HTTP/1.1"
    # Headers and body leave together: two small packets would wait for one another.
    wbufsize = -1
    disable_nagle_algorithm = True
    #: a connection that nobody uses ends, or its thread would outlive the test
    timeout = 20

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path in {FEED, MOVED_FEED}:
            self._feed(path)
        else:
            self._page(path)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def _feed(self, path: str) -> None:
        paper, now = self.server.paper, self.server.all.clock()
        if any(outage.start <= now < outage.end for outage in paper.down):
            return self._answer(503, b"Service Unavailable", "text/plain", counted=True)
        if (paper.moved is not None and now >= paper.moved) != (path == MOVED_FEED):
            if path == MOVED_FEED:
                return self._answer(404, b"Not Found", "text/plain", counted=True)
            return self._answer(301, b"", "text/plain", counted=True, Location=self.server.base + MOVED_FEED)
        listed = self.server.all.press.feed(paper.name, now)
        body, content_type = feed_documents.feed(paper, listed, base=self.server.base, at=now)
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        changed = {"ETag": etag}
        if listed:
            changed["Last-Modified"] = format_datetime(max(one.changed for one in listed), usegmt=True)
        if self.headers.get("If-None-Match") == etag:
            return self._answer(304, b"", content_type, counted=True, **changed)
        self.server.all.given.append((paper.name, now, body))
        return self._answer(200, body, content_type, counted=True, **changed)

    def _page(self, path: str) -> None:
        paper = self.server.paper
        printed = self.server.all.press.page(paper.name, path, self.server.all.clock())
        if printed is None:
            return self._answer(404, b"Not Found", "text/plain")
        body = feed_documents.page(paper, printed, base=self.server.base)
        return self._answer(200, body, "text/html; charset=utf-8")

    def _answer(self, status: int, body: bytes, content_type: str, *, counted: bool = False, **headers: str) -> None:
        if counted:
            self.server.all.answers[self.server.paper.name, status] += 1
        self.send_response(status)
        if status != 304:
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if status != 304:
            self.wfile.write(body)
        self.wfile.flush()
