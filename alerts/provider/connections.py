"""Connections with a deadline, kept open and lent out. Edge: sockets. Knows no protocol; never logs.

A call to a provider must end, whatever the other side does: every wait takes what is left of one `Deadline`.
(The `sendgrid` package waits for ever, and a peer that sends a byte a second beats any timeout per read.)
"""

import select
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition
from typing import Generic, Protocol, TypeVar

#: For one address of a host; a dead one must not eat the whole deadline.
_CONNECT_SECONDS = 5.0
#: Unused for longer, a connection is closed rather than trusted: the other side may be about to close it, and
#: a request that crosses that close on its way ends as unknown.
_IDLE_SECONDS = 15.0
#: The share of a call's time in which something new may be begun: what is begun too late is cut off, and what is cut
#: off may be unknown.
START_WITHIN = 0.75


class PoolClosed(ConnectionError):
    """The provider was closed while somebody still asked for a connection."""


class Deadline:
    """The instant by which a call must have ended, by the monotonic clock."""

    __slots__ = ("_end",)

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def passed(self) -> bool:
        """Whether no time is left."""
        return time.monotonic() >= self._end

    def left(self) -> float:
        """Tell the seconds left. Raises TimeoutError when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("the deadline has passed")
        return left

    def within(self, seconds: float) -> "Deadline":
        """Make a deadline that ends no later than this one."""
        return Deadline(max(0.0, min(seconds, self._end - time.monotonic())))


def dial(host: str, port: int, deadline: Deadline) -> socket.socket:
    """Connect to the first address of a host that answers. Raises OSError.

    The name look-up itself is bounded by the resolver of the machine, not by the deadline.
    """
    failure: OSError = OSError(f"{host} has no address")
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(min(_CONNECT_SECONDS, deadline.left()))
            sock.connect(address)
            # Nagle and delayed ACK together cost 0.1 s for each pipelined message.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sock
        except OSError as error:
            sock.close()
            failure = error
            if deadline.passed:
                break
    raise failure


def ready(sock: socket.socket, events: int, seconds: float) -> int:
    """Wait until a socket can be read or written; return the events that came (0: none)."""
    poll = select.poll()
    poll.register(sock, events)
    return sum(found for _, found in poll.poll(max(0, int(seconds * 1000))))


def is_quiet(sock: socket.socket) -> bool:
    """Tell whether the peer neither closed nor said anything while nobody listened."""
    try:
        return not ready(sock, select.POLLIN, 0)
    except (OSError, ValueError):
        return False


class Connection(Protocol):
    """What a pool keeps."""

    def usable(self) -> bool:
        """Tell whether another conversation may start on it."""
        ...

    def close(self) -> None:
        """Let go of it at once; never raises."""
        ...


C = TypeVar("C", bound=Connection)


class Pool(Generic[C]):
    """At most so many connections, each lent to one thread at a time, the warmest first."""

    def __init__(self, opener: Callable[[Deadline], C], size: int) -> None:
        self._opener = opener
        self._size = size
        self._lent = 0
        self._idle: list[tuple[C, float]] = []
        self._closed = False
        self._changed = Condition()

    @contextmanager
    def lend(self, deadline: Deadline, *, fresh: bool = False) -> Iterator[C]:
        """Lend a connection; `fresh`: none that was used before.

        Raises PoolClosed, TimeoutError when all stay lent, or what the opener raises. After an exception inside the
        block the connection is closed, else kept if still usable.
        """
        connection = self._take(deadline, fresh=fresh)
        kept = False
        try:
            if connection is None:
                connection = self._opener(deadline)
            yield connection
            kept = connection.usable()
        finally:
            self._give_back(connection, kept=kept)

    def close(self) -> None:
        """Close what is idle, and whatever comes back later."""
        with self._changed:
            self._closed = True
            idle, self._idle = self._idle, []
            self._changed.notify_all()
        for connection, _ in idle:
            connection.close()

    def _take(self, deadline: Deadline, *, fresh: bool) -> C | None:
        """Take a place, with an idle connection if there is a good one."""
        with self._changed:
            while not self._closed and self._lent >= self._size:
                if not self._changed.wait(deadline.left()):
                    raise TimeoutError("all connections stayed in use")
            if self._closed:
                raise PoolClosed("the provider is closed")
            self._lent += 1
            candidates, self._idle = self._idle, []
        best = None
        now = time.monotonic()
        while candidates:
            connection, since = candidates.pop()
            if best is None and not fresh and now - since < _IDLE_SECONDS and connection.usable():
                best = connection
                break
            connection.close()
        with self._changed:
            self._idle = candidates + self._idle
        return best

    def _give_back(self, connection: C | None, *, kept: bool) -> None:
        with self._changed:
            self._lent -= 1
            keep = kept and connection is not None and not self._closed
            if keep and connection is not None:
                self._idle.append((connection, time.monotonic()))
            self._changed.notify()
        if connection is not None and not keep:
            connection.close()
