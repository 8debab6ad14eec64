"""One HTTP request and its answer, with certainty about how far it came. Edge: sockets, TLS. Never follows redirects.

What matters to a mailer is not "it failed" but "can it have been taken?". `NeverSent`: the last byte of the request
never left, so nobody can have acted on it. `NoAnswer`: it left, and what became of it is unknown.
"""

import io
import select
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from urllib.parse import urlsplit

from alerts.provider.connections import Deadline, Pool, dial, is_quiet, ready
from alerts.provider.words import fault

_CHUNK = 65_536
#: An answer longer than this tells us nothing more.
_LONGEST_BODY = 2_000_000
#: After a failed upload: how long to listen for the refusal (413, 401) that explains it.
_GRACE_SECONDS = 1.0


class NeverSent(Exception):
    """The request did not leave whole: whoever got a part of it cannot have acted on it."""


class NoAnswer(Exception):
    """The request left whole and no whole answer came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer whose status line and headers arrived whole."""

    status: int
    #: names in lower case
    headers: Mapping[str, str]
    #: as much of it as came
    body: bytes
    #: it came before the last byte of the request had left
    early: bool


class Endpoint:
    """A web service under one base address, over kept-alive connections."""

    def __init__(self, base: str, *, connections: int) -> None:
        parts = urlsplit(base)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"{base} is no web address")
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._host = parts.hostname
        self._port = parts.port or (443 if self._tls else 80)
        self._authority = parts.netloc.rpartition("@")[2]
        self._path = parts.path.rstrip("/")
        self._pool: Pool[_Wire] = Pool(self._open, connections)

    def call(self, method: str, path: str, *, headers: Mapping[str, str], body: bytes, deadline: Deadline) -> Reply:
        """Make a request and wait for the answer. Raises NeverSent or NoAnswer."""
        request = self._head(method, path, headers, len(body)) + body
        try:
            with self._pool.lend(deadline) as wire:
                worn = wire.worn
                return wire.exchange(method, request, deadline)
        except NeverSent:
            if not worn:
                raise
        except OSError as error:
            raise NeverSent(f"no connection to {self._host}: {fault(error)}") from error
        # The kept connection died while it lay idle; nothing was taken, so a new one may try.
        try:
            with self._pool.lend(deadline, fresh=True) as wire:
                return wire.exchange(method, request, deadline)
        except OSError as error:
            raise NeverSent(f"no connection to {self._host}: {fault(error)}") from error

    def close(self) -> None:
        """Let go of all connections."""
        self._pool.close()

    def _head(self, method: str, path: str, headers: Mapping[str, str], length: int) -> bytes:
        lines = [f"{method} {self._path}{path} HTTP/1.1", f"Host: {self._authority}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines += [f"Content-Length: {length}", "Accept-Encoding: identity", "", ""]
        return "\r\n".join(lines).encode("latin-1")

    def _open(self, deadline: Deadline) -> "_Wire":
        sock = dial(self._host, self._port, deadline)
        if self._tls is None:
            return _Wire(sock)
        try:
            sock.settimeout(deadline.left())
            return _Wire(self._tls.wrap_socket(sock, server_hostname=self._host))
        except OSError:
            sock.close()
            raise


class _Wire:
    """One connection that speaks HTTP."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._usable = True
        #: a request went over it before
        self.worn = False

    def usable(self) -> bool:
        """Tell whether it was left clean and the peer is still silent."""
        return self._usable and is_quiet(self._sock)

    def close(self) -> None:
        """Close it."""
        self._usable = False
        self._sock.close()

    def exchange(self, method: str, request: bytes, deadline: Deadline) -> Reply:
        """Send a request, read its answer."""
        ears = _Ears(self._sock, deadline)
        try:
            whole = self._send(request, ears, deadline)
        except OSError as error:
            self._usable = False
            ears.deadline = deadline.within(_GRACE_SECONDS)
            try:
                return self._hear(method, ears, early=True)
            except NoAnswer:
                raise NeverSent(f"the connection broke while sending: {fault(error)}") from error
        try:
            return self._hear(method, ears, early=not whole)
        except NoAnswer as error:
            if whole:
                raise
            raise NeverSent(str(error)) from error
        finally:
            self.worn = True

    def _send(self, request: bytes, ears: "_Ears", deadline: Deadline) -> bool:
        """Send all of it; False: the peer answered and then took no more. Raises OSError.

        Some servers answer after the headers and still read the rest; others answer and hang up. So an early answer
        is put aside and sending goes on for as long as bytes are taken.
        """
        left = memoryview(request)
        answered = False
        while left:
            awaited = select.POLLOUT if answered else select.POLLIN | select.POLLOUT
            happened = ready(self._sock, awaited, min(deadline.left(), _GRACE_SECONDS) if answered else deadline.left())
            if answered and not happened:
                return False
            if not answered and happened & ~select.POLLOUT:
                answered = ears.listen()
            if happened & select.POLLOUT or answered:
                try:
                    self._sock.settimeout(deadline.left())
                    left = left[self._sock.send(left[:_CHUNK]) :]
                except OSError:
                    if answered:
                        return False
                    raise
        return True

    def _hear(self, method: str, ears: "_Ears", *, early: bool) -> Reply:
        reader = _HeadReader(ears)
        response = HTTPResponse(_Earpiece(reader), method=method)  # type: ignore[arg-type]
        try:
            response.begin()
        except (HTTPException, OSError, ValueError) as error:
            self._usable = False
            raise NoAnswer(f"no whole answer: {fault(error)}") from error
        if not reader.ended:
            # http.client takes `HTTP/1.1 202 Acc` and a closed connection for success.
            self._usable = False
            raise NoAnswer("the answer was cut off")
        try:
            body = response.read(_LONGEST_BODY)
            whole_body = response.isclosed() or not response.read(1)
        except HTTPException as error:
            body, whole_body = getattr(error, "partial", b""), False
        except (OSError, ValueError):
            body, whole_body = b"", False
        self._usable = self._usable and whole_body and not response.will_close and not early
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Reply(status=response.status, headers=headers, body=body, early=early)


class _Ears(io.RawIOBase):
    """The receiving half of a socket under a deadline."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock = sock
        self.deadline = deadline
        self._heard = b""

    def readable(self) -> bool:
        """It is."""
        return True

    def listen(self) -> bool:
        """Tell whether the peer said something, without waiting. Raises OSError when it hung up.

        A readable TLS socket may hold only a session ticket, which is nothing said.
        """
        self._sock.settimeout(0)
        try:
            heard = self._sock.recv(_CHUNK)
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        if not heard:
            raise ConnectionResetError("the other side hung up")
        self._heard += heard
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill a buffer with what comes next."""
        if self._heard:
            taken = self._heard[: len(buffer)]
            self._heard = self._heard[len(taken) :]
            buffer[: len(taken)] = taken
            return len(taken)
        self._sock.settimeout(self.deadline.left())
        return self._sock.recv_into(buffer)


class _HeadReader(io.BufferedReader):
    """Notes whether the blank line after the headers arrived."""

    ended = False

    def readline(self, size: int | None = -1) -> bytes:
        """Read a line."""
        line = super().readline(-1 if size is None else size)
        self.ended = line in (b"\r\n", b"\n")
        return line


class _Earpiece:
    """As much of a socket as `HTTPResponse` asks for."""

    def __init__(self, reader: io.BufferedReader) -> None:
        self._reader = reader

    def makefile(self, mode: str) -> io.BufferedReader:  # noqa: ARG002
        """Hand over the reader."""
        return self._reader
