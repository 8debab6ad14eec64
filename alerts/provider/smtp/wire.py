"""Bytes out and replies in over one SMTP connection, under a deadline. Edge: sockets, TLS. Knows no commands."""

import re
import socket
import ssl

from alerts.provider.connections import Deadline, is_quiet
from alerts.provider.smtp.replies import Reply

#: What is given to the system at once, so that a failed write took nothing of it along: in the clear any amount,
#: over TLS one record, which nobody can read in part.
_CHUNK = 262_144
_RECORD = 16_384
_LONGEST_REPLY = 64_000


class Broken(ConnectionError):
    """The connection is of no use any more; `sent` bytes of the last write had left."""

    def __init__(self, words: str, *, sent: int = 0) -> None:
        super().__init__(words)
        self.sent = sent


class Wire:
    """A socket that speaks in lines."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._heard = b""

    @property
    def quiet(self) -> bool:
        """Whether the peer neither hung up nor said anything unasked."""
        return not self._heard and is_quiet(self._sock)

    @property
    def own_address(self) -> str:
        """This end, as an address literal."""
        host = str(self._sock.getsockname()[0])
        return f"[IPv6:{host}]" if ":" in host else f"[{host}]"

    def write(self, raw: bytes, deadline: Deadline) -> None:
        """Write all of it. Raises Broken, which tells how far it came."""
        view = memoryview(raw)
        chunk = _RECORD if isinstance(self._sock, ssl.SSLSocket) else _CHUNK
        sent = 0
        while sent < len(raw):
            try:
                self._sock.settimeout(deadline.left())
                sent += self._sock.send(view[sent : sent + chunk])
            except OSError as error:
                raise Broken(_words(error), sent=sent) from error

    def read(self, deadline: Deadline, *, joined_by: str = " ") -> Reply:
        """Read one reply. Raises Broken."""
        texts: list[str] = []
        size = 0
        while True:
            line = self._line(deadline)
            size += len(line)
            found = re.fullmatch(rb"([2-5]\d\d)([ -]?)(.*)", line, re.DOTALL)
            if not found or size > _LONGEST_REPLY:
                raise Broken("the server does not speak SMTP")
            text = found[3].decode("utf-8", "replace")
            # Each line of a reply repeats the enhanced code.
            texts.append(re.sub(r"^[245]\.\d{1,3}\.\d{1,3} ", "", text) if texts else text)
            if found[2] != b"-":
                return Reply(code=int(found[1]), text=joined_by.join(texts))

    def start_tls(self, context: ssl.SSLContext, host: str, deadline: Deadline) -> None:
        """Encrypt from here on. Raises OSError."""
        if self._heard:
            # Said in the clear by whoever sits in between, to be taken for the server's own words (CVE-2011-0411).
            raise Broken("the server said more than it was asked before TLS")
        self._sock.settimeout(deadline.left())
        self._sock = context.wrap_socket(self._sock, server_hostname=host)

    def close(self) -> None:
        """Close it."""
        self._sock.close()

    def _line(self, deadline: Deadline) -> bytes:
        while b"\n" not in self._heard:
            if len(self._heard) > _LONGEST_REPLY:
                raise Broken("the server does not speak SMTP")
            try:
                self._sock.settimeout(deadline.left())
                more = self._sock.recv(_RECORD)
            except OSError as error:
                raise Broken(_words(error)) from error
            if not more:
                raise Broken("the server hung up")
            self._heard += more
        line, _, self._heard = self._heard.partition(b"\n")
        return line.rstrip(b"\r")


def _words(error: OSError) -> str:
    return "time ran out" if isinstance(error, TimeoutError) else (error.strerror or str(error))
