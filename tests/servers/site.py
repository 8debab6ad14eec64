"""One outlet's web site on a real socket; the test says what stands where, and may take it away."""

import html
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self


@dataclass
class Shown:
    """What a path answers."""

    body: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    #: seconds before the answer
    after: float = 0.0


class Site:
    """A site at an address of its own. Use as a context manager."""

    def __init__(self, address: str = "127.0.0.1") -> None:
        self.paths: dict[str, Shown] = {}
        self.asked: Counter[str] = Counter()
        self.items: list[str] = []
        #: requests under way at this moment, and the most there ever were
        self.under_way = self.most_under_way = 0
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer((address, 0), _handler(self))
        self._server.daemon_threads = True
        self.base = f"http://{address}:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Turn the server off: from now on nobody answers."""
        self._server.shutdown()
        self._server.server_close()

    def page(self, path: str, title: str, *paragraphs: str, after: float = 0.0) -> str:
        """Put an article's page up; return its address."""
        told = "".join(f"<p>{html.escape(text)}</p>" for text in paragraphs)
        title = html.escape(title)
        self.paths[path] = Shown(
            f'<!doctype html><html lang="en"><head><title>{title}</title><meta property="og:title" content="{title}">'
            f"</head><body><article><h1>{title}</h1>{told}</article></body></html>",
            headers={"Content-Type": "text/html; charset=utf-8"},
            after=after,
        )
        return self.base + path

    def feed(self, path: str, title: str, text: str, at: datetime) -> None:
        """Put an item on top of the feed at `/feed`."""
        self.items.insert(
            0,
            f"<item><title>{html.escape(title)}</title><link>{self.base}{path}</link>"
            f"<pubDate>{format_datetime(at)}</pubDate><description>{html.escape(text)}</description></item>",
        )
        self.write_feed()

    def write_feed(self) -> None:
        """Put the feed up as it stands."""
        body = f'<?xml version="1.0"?><rss version="2.0"><channel><title>x</title>{"".join(self.items)}</channel></rss>'
        self.paths["/feed"] = Shown(body, headers={"Content-Type": "application/rss+xml"})

    def begin(self, path: str) -> Shown:
        """Count a request and find what it asks for."""
        with self._lock:
            self.asked[path] += 1
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
        return self.paths.get(path) or Shown(status=404)

    def end(self) -> None:
        """Count a request that was answered."""
        with self._lock:
            self.under_way -= 1


def _handler(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            shown = site.begin(self.path)
            try:
                time.sleep(shown.after)
                body = shown.body.encode()
                self.send_response(shown.status)
                for name, value in {**shown.headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                self.close_connection = True
            finally:
                site.end()

        def log_message(self, *_: object) -> None:
            pass

    return Handler
