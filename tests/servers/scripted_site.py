"""A web server that answers each path as the test says, and remembers what it was asked.

It listens on all of 127.0.0.0/8, so that feeds can be of many hosts.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a path answers; with `etag`, 304 to who has it."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    etag: str = ""
    latency: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the server was asked."""

    path: str
    headers: Mapping[str, str]


#: writes whatever it likes to the connection
Script = Callable[[BaseHTTPRequestHandler], None]


class ScriptedSite:
    """The server. Use as a context manager."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer | Script] = {}
        self.requests: list[Request] = []
        #: the most at the same time, by host and in all
        self.most: Counter[str] = Counter()
        self._now: Counter[str] = Counter()
        self._lock = threading.Lock()
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 20
            wbufsize = -1

            def do_GET(self) -> None:
                site.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = _Quiet(("0.0.0.0", 0), Handler)
        self.port = int(self._server.server_address[1])

    def url(self, path: str, *, host: str = "127.0.0.1") -> str:
        """Make an address of this server."""
        return f"http://{host}:{self.port}{path}"

    def asked(self, path: str) -> list[Request]:
        """List what was asked of a path."""
        return [request for request in self.requests if request.path == path]

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request as the test says."""
        headers = {name.lower(): value for name, value in handler.headers.items()}
        host = headers.get("host", "").partition(":")[0]
        with self._lock:
            self.requests.append(Request(path=handler.path, headers=headers))
            for counted in (host, "all"):
                self._now[counted] += 1
                self.most[counted] = max(self.most[counted], self._now[counted])
        try:
            wanted = self.answers.get(handler.path, Answer(status=404))
            if isinstance(wanted, Answer):
                _give(handler, wanted, headers)
            else:
                handler.close_connection = True
                wanted(handler)
        except OSError:
            handler.close_connection = True
        finally:
            with self._lock:
                for counted in (host, "all"):
                    self._now[counted] -= 1

    def __enter__(self) -> Self:
        threading.Thread(target=lambda: self._server.serve_forever(0.02), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _give(handler: BaseHTTPRequestHandler, answer: Answer, headers: Mapping[str, str]) -> None:
    time.sleep(answer.latency)
    known = answer.etag and headers.get("if-none-match") == answer.etag
    handler.send_response(304 if known else answer.status)
    for name, value in answer.headers.items():
        handler.send_header(name, value)
    if answer.etag:
        handler.send_header("ETag", answer.etag)
    body = b"" if known else answer.body
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)
    handler.wfile.flush()


def drip(seconds: float) -> Script:
    """Send a byte now and then for so long."""

    def send(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000000")
        handler.end_headers()
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            handler.wfile.write(b"x")
            handler.wfile.flush()
            time.sleep(0.05)

    return send


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: being hung up on is what some tests are about."""
