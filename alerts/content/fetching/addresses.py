"""Connecting to public addresses only. Edge: resolves names and opens sockets.

A name is resolved once and the connection goes to an address that was checked: a check before the fetch loses to DNS
rebinding. `ipaddress.is_global` alone is no check (Python 3.11 calls NAT64, 6to4 and multicast global). The thread's
deadline bounds every step, for timeouts of a socket start anew with every byte a slow server drips.
"""

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import httpcore2

#: where the web is served; other ports are somebody's database
PORTS = frozenset({80, 443, 8080, 8443})
#: seconds after which a stop is noticed
_MOMENT = 0.25
_V6_PUBLIC = ipaddress.ip_network("2000::/3")
# IETF assignments with Teredo, documentation, 6to4, documentation again, segment routing
_V6_NOT = tuple(map(ipaddress.ip_network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16")))


def is_public(address: str) -> bool:
    """Tell whether an IP address belongs to the public internet."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return is_public(str(parsed.ipv4_mapped))
        return parsed in _V6_PUBLIC and parsed.is_global and not any(parsed in network for network in _V6_NOT)
    return parsed.is_global and not (parsed.is_multicast or parsed.is_reserved or parsed.is_unspecified)


class Refused(Exception):
    """The address is none that we connect to."""


class Deadline(threading.local):
    """The instant by which the fetch of this thread has to be over."""

    until: float = 0.0

    def __init__(self, stopped: threading.Event) -> None:
        self._stopped = stopped

    def remaining(self, timeout: float | None = None) -> float:
        """Tell the seconds left, at most `timeout`. Raises ReadTimeout when there are none, or all fetching ends."""
        left = self.until - time.monotonic()
        if left <= 0 or self._stopped.is_set():
            raise httpcore2.ReadTimeout("deadline")
        return left if timeout is None else min(left, timeout)


class UnknownHost(httpcore2.ConnectError):
    """The name service knows no such host."""


Resolve = Callable[[str, int], list[str]]


def resolve(host: str, port: int) -> list[str]:
    """Ask the system for the addresses of a name."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class CheckedBackend(httpcore2.NetworkBackend):
    """Opens connections for httpcore, to checked addresses, within the thread's deadline."""

    def __init__(self, deadline: Deadline, *, allow_private: Iterable[str] = (), resolver: Resolve = resolve) -> None:
        self._deadline = deadline
        self._allowed = frozenset(host.casefold() for host in allow_private)
        self._resolve = resolver
        self._sockets = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        """Resolve, check and connect to the first address that answers."""
        trusted = host.casefold() in self._allowed
        if not trusted and port not in PORTS:
            raise Refused(f"port {port} is not one the web is served on (allow the host in [fetching] allow_private)")
        found = self._resolved(host, port)
        public = found if trusted else [address for address in found if is_public(address)]
        if not public:
            raise Refused(f"{host} is not on the public internet (allow it in [fetching] allow_private)")
        failure: Exception = httpcore2.ConnectError("no address")
        for address in public[:4]:
            try:
                stream = self._sockets.connect_tcp(
                    address, port, self._deadline.remaining(timeout), local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
                continue
            return _BoundStream(stream, self._deadline)
        raise failure

    def _resolved(self, host: str, port: int) -> list[str]:
        """Resolve in a thread of its own: the system's resolver knows no deadline."""
        answers: list[list[str]] = []

        def ask() -> None:
            try:
                answers.append(self._resolve(host, port))
            except (OSError, UnicodeError):
                answers.append([])

        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        thread.join(self._deadline.remaining())
        if not answers:
            raise httpcore2.ConnectTimeout("the name service does not answer")
        if not answers[0]:
            raise UnknownHost(f"there is no host {host}")
        return answers[0]


class _BoundStream(httpcore2.NetworkStream):
    """A connection each step of which ends at the thread's deadline."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        # A moment at a time: who stops everything must not wait for a server that says nothing.
        until = time.monotonic() + self._deadline.remaining(timeout)
        while True:
            left = min(self._deadline.remaining(), until - time.monotonic())
            try:
                return self._stream.read(max_bytes, max(0.001, min(left, _MOMENT)))
            except httpcore2.ReadTimeout:
                if left <= _MOMENT:
                    raise

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.remaining(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        inner = self._stream.start_tls(ssl_context, server_hostname, self._deadline.remaining(timeout))
        return _BoundStream(inner, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
