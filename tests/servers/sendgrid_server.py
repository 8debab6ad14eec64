"""A server that speaks as much of SendGrid's v3 API as `alerts` uses, over real HTTP, and can be made to fail.

    python -m tests.servers.sendgrid_server --port 0 --log FILE [--rates reset-before=0.04,silent-after=0.06 --seed 7]

prints its port on the first line of stdout. The log is its memory of what it accepted: one JSON line for each accepted
personalization (submission, delivery, edition, part, address, headers, request), on disk before it answers.

Faults, by `fail_next`, by rate, or by `POST /faults` with `{"next": ["429", …]}`:

    reset-early     hangs up after the headers of a request    reset-before   hangs up after the whole request
    reset-after     accepts, then hangs up                     silent-before  takes the request, never answers
    silent-after    accepts, never answers                     drip           accepts, answers a byte at a time
    cut-status      accepts, half a status line                cut-head       accepts, cut off in the headers
    cut-body        accepts, 202 with half its body            garbage        accepts, answers nonsense
    early-413       answers 413 without reading the body       hang-up        202, then closes the connection
    <status>        that status, nothing accepted              <status>-after accepts, then that status
    unnamed-400     400 that names no reader
"""

import argparse
import json
import os
import random
import re
import socket
import ssl
import struct
import sys
import threading
import time
import urllib.parse
import uuid
from collections import deque
from collections.abc import Iterable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.servers.sendgrid_events import Signer, event_of
from tests.servers.sendgrid_limits import MAX_BYTES, Problem, problems

KEY = "SG.test-key-that-must-never-be-printed"
SCOPES = ("mail.send", "messages.read")


class SendGridServer:
    """The server, as a context manager."""

    def __init__(
        self,
        *,
        port: int = 0,
        log: Path | None = None,
        key: str = KEY,
        rates: Mapping[str, float] | None = None,
        seed: int = 0,
        scopes: Iterable[str] = SCOPES,
        keep_mail: bool = True,
        events_to: str | None = None,
        tls: ssl.SSLContext | None = None,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self.key = key
        self.scopes = list(scopes)
        self.signer = Signer()
        self.max_bytes = max_bytes
        #: addresses with one of these in them are refused by a 400 that names the reader; the second ones do not say
        self.refused: set[str] = set()
        self.refused_unnamed: set[str] = set()
        #: what was accepted, as logged
        self.accepted: list[dict[str, Any]] = []
        #: bodies of the requests to send, in order; with `keep_mail`
        self.bodies: list[Any] = []
        self.requests = 0
        self.connections = 0
        self.stopping = threading.Event()
        self._keep_mail = keep_mail
        self._rates = dict(rates or {})
        self._random = random.Random(seed)
        self._next: deque[str] = deque()
        self._lock = threading.Lock()
        self._log = log
        self._by_submission: dict[str, list[dict[str, Any]]] = {}
        self._events_to = events_to
        if log is not None and log.exists():
            for line in log.read_text().splitlines():
                self._remember(json.loads(line))
        self._http = _Http(("127.0.0.1", port), self)
        if tls is not None:
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True)
        self._scheme = "https" if tls else "http"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._http.server_address[1])

    @property
    def url(self) -> str:
        """Its base address, for `[provider.sendgrid] url`."""
        return f"{self._scheme}://localhost:{self.port}" if self._scheme == "https" else f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> "SendGridServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(5)

    def serve(self) -> None:
        """Serve until killed."""
        self._http.serve_forever()

    def fail_next(self, *faults: str) -> None:
        """Make the next requests to send fail so, one each."""
        with self._lock:
            self._next.extend(faults)

    # --- for the handler ---

    def fault(self) -> str:
        """Choose what happens to this request; empty: nothing."""
        with self._lock:
            self.requests += 1
            if self._next:
                return self._next.popleft()
            dice = self._random.random()
            for name, rate in self._rates.items():
                dice -= rate
                if dice < 0:
                    return name
            return ""

    def refusals(self, body: Any) -> list[Problem]:
        """Find what this body is refused for."""
        found = problems(body)
        if found:
            return found
        for index, person in enumerate(body["personalizations"]):
            address = person["to"][0]["email"]
            if any(word in address for word in self.refused):
                found.append((f"personalizations.{index}.to.0.email", "Does not contain a valid address."))
            elif any(word in address for word in self.refused_unnamed):
                found.append((None, "Bad Request"))
        return found

    def accept(self, body: Any) -> str:
        """Take a request: on disk before anything is answered. Return its X-Message-Id."""
        request = uuid.uuid4().hex[:22]
        lines = [_line(person, body, request) for person in body["personalizations"]]
        with self._lock:
            if self._log is not None:
                with self._log.open("a", encoding="utf-8") as file:
                    file.writelines(json.dumps(line) + "\n" for line in lines)
                    file.flush()
                    os.fsync(file.fileno())
            for line in lines:
                self._remember(line)
            if self._keep_mail:
                self.bodies.append(body)
        if self._events_to:
            events = [event_of(line, kind) for line in lines for kind in ("processed", "delivered")]
            threading.Thread(target=self.signer.post, args=(self._events_to, events), daemon=True).start()
        return request

    def look_up(self, query: str) -> list[dict[str, Any]]:
        """Answer a query of Email Activity by unique arguments."""
        wanted = dict(re.findall(r"unique_args\['(\w+)'\]=\"([^\"]*)\"", query))
        names = {"s": "submission", "d": "delivery", "e": "edition", "p": "part"}
        lines = self._by_submission.get(wanted.get("s", ""), self.accepted if "s" not in wanted else [])
        return [line for line in list(lines) if all(str(line[names[k]]) == v for k, v in wanted.items())]

    def _remember(self, line: dict[str, Any]) -> None:
        self.accepted.append(line)
        self._by_submission.setdefault(line["submission"], []).append(line)


def rendered(body: Any, person: Any) -> dict[str, str]:
    """Put one reader's values into the parts of a request, as SendGrid does."""
    parts = {}
    for part in body["content"]:
        text = part["value"]
        for tag, value in person.get("substitutions", {}).items():
            text = text.replace(tag, value)
        parts[part["type"]] = text
    return parts


def _line(person: Any, body: Any, request: str) -> dict[str, Any]:
    arguments = {**body.get("custom_args", {}), **person.get("custom_args", {})}
    return {
        "submission": arguments.get("s", ""),
        "delivery": int(arguments["d"]) if arguments.get("d", "").isdigit() else None,
        "edition": arguments.get("e", ""),
        "part": arguments.get("p", ""),
        "address": person["to"][0]["email"],
        "headers": {**body.get("headers", {}), **person.get("headers", {})},
        "request": request,
    }


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], sendgrid: SendGridServer) -> None:
        self.sendgrid = sendgrid
        self.resets: set[int] = set()
        super().__init__(address, _Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        self.sendgrid.connections += 1
        return super().get_request()

    def shutdown_request(self, request: Any) -> None:
        if id(request) in self.resets:
            # Lingering for no time makes close() send RST instead of FIN.
            self.resets.discard(id(request))
            request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are what this server is for."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Http

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        parts = urllib.parse.urlsplit(self.path)
        if not self._authorized():
            return
        sendgrid = self.server.sendgrid
        if parts.path == "/v3/scopes":
            self._answer(200, {"scopes": sendgrid.scopes})
        elif parts.path == "/v3/messages":
            query = urllib.parse.parse_qs(parts.query)
            found = sendgrid.look_up(query.get("query", [""])[0])[: int(query.get("limit", ["10"])[0])]
            messages = [
                {"msg_id": line["request"], "to_email": line["address"], "status": "delivered"} for line in found
            ]
            self._answer(200, {"messages": messages})
        else:
            self._refuse(404, [(None, "not found")])

    def do_POST(self) -> None:
        if self.path == "/faults":
            self.server.sendgrid.fail_next(*json.loads(self._body())["next"])
            self._answer(200, {})
        elif self.path != "/v3/mail/send":
            self._body()
            self._refuse(404, [(None, "not found")])
        else:
            self._send(self.server.sendgrid.fault())

    def _send(self, fault: str) -> None:
        sendgrid = self.server.sendgrid
        if fault == "reset-early":
            return self._reset()
        if fault == "early-413":
            self.close_connection = True
            return self._refuse(413, [(None, "The JSON payload is larger than allowed.")])
        raw = self._body()
        if not self._authorized():
            return None
        if fault == "reset-before":
            return self._reset()
        if fault == "silent-before":
            return self._silence()
        if fault == "unnamed-400":
            return self._refuse(400, [(None, "Bad Request")])
        if fault.isdigit() and fault != "200":
            return self._status(int(fault))
        if len(raw) > sendgrid.max_bytes:
            return self._refuse(413, [(None, "The JSON payload is larger than allowed.")])
        try:
            body = json.loads(raw)
        except ValueError:
            return self._refuse(400, [(None, "Bad Request")])
        refusals = sendgrid.refusals(body)
        if refusals:
            return self._refuse(400, refusals)
        return self._taken(fault, sendgrid.accept(body))

    def _taken(self, fault: str, request: str) -> None:
        """Answer for a request that was accepted, or fail to."""
        accepted = f"HTTP/1.1 202 Accepted\r\nX-Message-Id: {request}\r\n"
        whole = accepted + "Content-Length: 0\r\n\r\n"
        if fault == "reset-after":
            self._reset()
        elif fault == "silent-after":
            self._silence()
        elif fault == "drip":
            for char in whole.encode():
                self.wfile.write(bytes([char]))
                time.sleep(0.25)
        elif fault in _CUT:
            self.close_connection = True
            self.wfile.write(_CUT[fault].replace("{accepted}", accepted).encode("latin-1"))
        elif fault.endswith("-after"):
            self._status(int(fault.removesuffix("-after")))
        elif fault == "200":
            self._answer(200, {})
        else:
            self.close_connection = fault == "hang-up"
            self.send_response(202)
            self.send_header("X-Message-Id", request)
            self.send_header("Content-Length", "0")
            self.end_headers()

    def _status(self, status: int) -> None:
        headers = {}
        message = self.responses.get(status, ("error", ""))[0]
        if status == 429:
            message = "too many requests"
            reset = int(time.time()) + 7
            headers = {"X-RateLimit-Limit": "600", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(reset)}
        if 300 <= status < 400:
            headers = {"Location": "/v3/elsewhere"}
        self._answer(status, {"errors": [{"message": message, "field": None, "help": None}]}, headers)

    def _authorized(self) -> bool:
        if self.headers.get("Authorization") == f"Bearer {self.server.sendgrid.key}":
            return True
        self._refuse(401, [(None, "The provided authorization grant is invalid, expired, or revoked")])
        return False

    def _body(self) -> bytes:
        length = int(self.headers.get("Content-Length", "0"))
        body = self.rfile.read(length)
        if len(body) < length:
            raise ConnectionResetError("the client hung up in the middle of a request")
        return body

    def _refuse(self, status: int, found: list[Problem]) -> None:
        errors = [{"message": message, "field": field, "help": None} for field, message in found]
        self._answer(status, {"errors": errors})

    def _answer(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def _reset(self) -> None:
        self.server.resets.add(id(self.connection))
        self.close_connection = True

    def _silence(self) -> None:
        """Say nothing until the client has enough of it."""
        self.close_connection = True
        self.connection.settimeout(0.2)
        while not self.server.sendgrid.stopping.is_set():
            try:
                if not self.connection.recv(1024):
                    return
            except TimeoutError:
                continue
            except OSError:
                return


_CUT = {
    "cut-status": "HTTP/1.1 202 Acc",
    "cut-head": "{accepted}Content-Len",
    "cut-body": "{accepted}Content-Length: 100\r\n\r\nhalf of it",
    "garbage": "\x00\xff nothing that anybody could read\r\n\r\n",
}


def _rates(written: str) -> dict[str, float]:
    return {name: float(rate) for name, _, rate in (pair.partition("=") for pair in written.split(",") if pair)}


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--log", type=Path)
    parser.add_argument("--key", default=KEY)
    parser.add_argument("--rates", type=_rates, default={})
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--refused", default="", help="addresses holding this are refused")
    parser.add_argument("--events-to", help="webhook that is told `processed` and `delivered` of everything accepted")
    arguments = parser.parse_args()
    server = SendGridServer(
        port=arguments.port,
        log=arguments.log,
        key=arguments.key,
        rates=arguments.rates,
        seed=arguments.seed,
        keep_mail=False,
        events_to=arguments.events_to,
    )
    if arguments.refused:
        server.refused.add(arguments.refused)
    print(server.port, flush=True)
    print(server.signer.public_key, flush=True)
    server.serve()


if __name__ == "__main__":
    main()
