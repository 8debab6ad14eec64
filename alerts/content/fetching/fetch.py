"""Getting the bytes of feeds, pages and files. Edge: network and file system.

Politeness: conditional requests, two connections per host and sixteen in all, `Retry-After` handed on, an honest name.
Safety: public addresses only (checked when connecting, on every hop), at most five redirects and never down from https,
a size limit before and after decompression, one deadline over everything, no cookies, no credentials, no proxy of the
environment. A connection that was dropped is tried once more within the deadline. Nothing is parsed here.
"""

import re
import stat
import threading
import time
import zlib
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpcore2
import httpx2
import stamina
import stamina.instrumentation

from alerts.content.fetching.addresses import CheckedBackend, Deadline, Refused, Resolve, UnknownHost, resolve
from alerts.content.fetching.answers import Fetched, NoAnswer, NoHost, NothingThere
from alerts.errors import ContentError

MAX_REDIRECTS = 5
PER_HOST, CONNECTIONS = 2, 16
_LONGEST_WAIT = timedelta(hours=24)
_PERMANENT = frozenset({301, 308})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
#: answers that mean something to whoever polls a feed; others are errors
_MEANT = frozenset({200, 203, 304, 410, 429, 503})
_WORDS = {401: "asks for a password", 403: "refuses us", 404: "there is nothing there", 410: "is gone for good"}


# What is retried ends up in the one line of the error that is raised in the end.
stamina.instrumentation.set_on_retry_hooks([])


class Fetcher:
    """Fetches addresses; threads may share one."""

    def __init__(
        self,
        *,
        timeout: float = 10.0,
        max_bytes: int = 5_000_000,
        allow_private: tuple[str, ...] = (),
        user_agent: str = "alerts",
        resolver: Resolve = resolve,
    ) -> None:
        self._timeout = timeout
        self._max_bytes = max_bytes
        self._user_agent = user_agent
        self._stopped = threading.Event()
        self._deadline = Deadline(self._stopped)
        self._pool = httpcore2.ConnectionPool(
            network_backend=CheckedBackend(self._deadline, allow_private=allow_private, resolver=resolver),
            ssl_context=httpx2.create_ssl_context(trust_env=False),
            max_connections=CONNECTIONS,
            max_keepalive_connections=CONNECTIONS,
            keepalive_expiry=60,
        )
        self._hosts: defaultdict[str, threading.BoundedSemaphore] = defaultdict(
            lambda: threading.BoundedSemaphore(PER_HOST)
        )
        self._lock = threading.Lock()
        self._patiently = stamina.RetryingCaller(attempts=2, wait_initial=0.2, wait_max=1.0).on(_was_dropped)

    def fetch(self, address: str, *, etag: str = "", last_modified: str = "") -> Fetched:
        """Fetch an http(s) URL or a file. Raises ContentError in one clear line."""
        if not re.match(r"https?://", address, re.IGNORECASE):
            return _read_file(address, etag=etag, max_bytes=self._max_bytes)
        with self._in_time(address):
            return self._patiently(self._follow, address, etag, last_modified)

    def look(self, address: str) -> int:
        """Ask whether a web address answers, without its body; return the status at the end of its redirects.

        A server that refuses HEAD is asked as a browser would. Raises ContentError like `fetch`.
        """
        with self._in_time(address):
            url = _checked(address)
            for _ in range(MAX_REDIRECTS + 1):
                status, location = self._patiently(self._status, url)
                if not location:
                    return status
                url = _next(url, location, first=address)
        raise ContentError(f"{address}: redirects more than {MAX_REDIRECTS} times")

    @contextmanager
    def _in_time(self, address: str) -> Iterator[None]:
        """Set this thread's deadline; make one line of whatever goes wrong within."""
        self._deadline.until = time.monotonic() + self._timeout
        try:
            yield
        except UnknownHost as error:
            raise NoHost(f"{address}: cannot be reached: {error}") from error
        except Refused as refusal:
            raise ContentError(f"{address}: not fetched: {refusal}") from refusal
        except httpcore2.TimeoutException as error:
            raise NoAnswer(f"{address}: no complete answer within {self._timeout:g} s") from error
        except (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.UnsupportedProtocol, OSError) as error:
            reason = str(error).partition("\n")[0] or type(error).__name__
            raise NoAnswer(f"{address}: cannot be reached: {reason}") from error

    def fetch_page(self, address: str) -> Fetched:
        """Fetch an article's page: like `fetch`, but whatever has no body is a ContentError."""
        fetched = self.fetch(address)
        if not fetched.ok:
            said = _WORDS.get(fetched.status, "come back later")
            raise ContentError(f"{address}: answered {fetched.status} ({said})")
        return fetched

    def close(self) -> None:
        """Let go of connections; what is under way fails within a moment."""
        self._stopped.set()
        self._pool.close()

    def _follow(self, address: str, etag: str, last_modified: str) -> Fetched:
        url = _checked(address)
        moved_to, permanent = "", True
        for _ in range(MAX_REDIRECTS + 1):
            answer = self._ask(url, etag, last_modified)
            if isinstance(answer, Fetched):
                return replace(answer, moved_to=moved_to)
            status, location = answer
            url = _next(url, location, first=address)
            permanent = permanent and status in _PERMANENT
            if permanent:
                moved_to = str(url)
        raise ContentError(f"{address}: redirects more than {MAX_REDIRECTS} times")

    def _ask(self, url: httpx2.URL, etag: str, last_modified: str) -> Fetched | tuple[int, str]:
        """Make one request; return what came, or status and target of a redirect."""
        headers = self._headers(url) | {
            "Accept": "application/atom+xml, application/rss+xml, application/feed+json, text/html;q=0.9, */*;q=0.5",
            # One decoder to guard.
            "Accept-Encoding": "gzip",
        }
        if etag:
            headers["If-None-Match"] = etag
        if last_modified:
            headers["If-Modified-Since"] = last_modified
        raw = [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers.items()]
        waiting = {"timeout": {"pool": self._deadline.remaining()}}
        with (
            self._place_at(url.host),
            self._pool.stream("GET", str(url), headers=raw, extensions=waiting) as response,
        ):
            found = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
            if response.status in _REDIRECTS and "location" in found:
                return response.status, found["location"]
            if response.status not in _MEANT:
                said = _WORDS.get(response.status, "an error of theirs" if response.status >= 500 else "refused")
                refusal = NothingThere if response.status == 404 else ContentError
                raise refusal(f"{url}: answered {response.status} ({said})")
            if response.status == 304 and not (etag or last_modified):
                raise ContentError(f"{url}: says it has not changed, but never gave it to us")
            ok = response.status in {200, 203}
            body = _decoded(response.iter_stream(), found, limit=self._max_bytes, shown=str(url)) if ok else b""
        return Fetched(
            status=response.status,
            url=str(url),
            body=body,
            content_type=found.get("content-type", ""),
            # A 304 need not repeat what it confirms.
            etag=found.get("etag", etag if response.status == 304 else ""),
            last_modified=found.get("last-modified", last_modified if response.status == 304 else ""),
            retry_after=retry_after(found.get("retry-after", ""), found.get("date", "")),
            fresh_for=_fresh_for(found.get("cache-control", ""), found.get("age", "")),
        )

    def _status(self, url: httpx2.URL) -> tuple[int, str]:
        """Ask for a status alone; return it, and the target of a redirect."""
        raw = [(name.encode(), value.encode("latin-1", "replace")) for name, value in self._headers(url).items()]
        status = 0
        for method in ("HEAD", "GET"):
            waiting = {"timeout": {"pool": self._deadline.remaining()}}
            with (
                self._place_at(url.host),
                self._pool.stream(method, str(url), headers=raw, extensions=waiting) as response,
            ):
                status = response.status
                found = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
            if status in _REDIRECTS and "location" in found:
                return status, found["location"]
            if status < 400:
                break
        return status, ""

    def _headers(self, url: httpx2.URL) -> dict[str, str]:
        return {"Host": url.netloc.decode(), "User-Agent": self._user_agent}

    @contextmanager
    def _place_at(self, host: str) -> Iterator[None]:
        """Wait for one of a host's places."""
        with self._lock:
            places = self._hosts[host]
        if not places.acquire(timeout=self._deadline.remaining()):
            raise httpcore2.ReadTimeout("the host is busy")
        try:
            yield
        finally:
            places.release()


def _was_dropped(error: Exception) -> bool:
    """Tell whether a connection broke before there was an answer; a deadline or a refusal is final."""
    if isinstance(error, httpcore2.RemoteProtocolError):
        return "disconnected without" in str(error)
    return isinstance(error, httpcore2.NetworkError)


def _next(url: httpx2.URL, location: str, *, first: str) -> httpx2.URL:
    """Read where a redirect leads. Raises ContentError for one that leaves https, or the web."""
    target = _checked(location, base=url)
    if url.scheme == "https" and target.scheme == "http":
        raise ContentError(f"{first}: redirects from https to http")
    return target


def _checked(address: str, *, base: httpx2.URL | None = None) -> httpx2.URL:
    """Read an address that we are willing to ask. Raises ContentError."""
    try:
        url = (base.join(address) if base else httpx2.URL(address)).copy_with(fragment=None)
    except (httpx2.InvalidURL, UnicodeError, ValueError) as error:
        raise ContentError(f"{address[:200]}: not a web address") from error
    if url.scheme not in {"http", "https"} or not url.host:
        raise ContentError(f"{address[:200]}: only http and https addresses and files are read")
    if url.port is not None and not 0 < url.port < 65536:
        raise ContentError(f"{address[:200]}: not a web address")
    if url.userinfo:
        raise ContentError(f"{url.host}: an address must not hold a name or password")
    return url


def _decoded(chunks: Iterator[bytes], headers: dict[str, str], *, limit: int, shown: str) -> bytes:
    """Read a body up to a limit, unpacked: a few kilobytes of gzip can hold gigabytes."""
    encoding = headers.get("content-encoding", "").strip().lower()
    if encoding not in {"", "identity", "gzip", "x-gzip", "deflate"}:
        raise ContentError(f"{shown}: packed in a way we did not ask for ({encoding[:40]})")
    unpack = zlib.decompressobj(47) if encoding not in {"", "identity"} else None
    body = bytearray()
    received = 0
    too_large = ContentError(f"{shown}: larger than {limit:,} bytes")
    try:
        for chunk in chunks:
            received += len(chunk)
            if received > limit:
                raise too_large
            body += unpack.decompress(chunk, limit + 1 - len(body)) if unpack else chunk
            # RFC 1952 §2.2: a gzip body may be several, one after another.
            while unpack and unpack.eof and unpack.unused_data.startswith(b"\x1f\x8b") and len(body) <= limit:
                rest, unpack = unpack.unused_data, zlib.decompressobj(47)
                body += unpack.decompress(rest, limit + 1 - len(body))
            if len(body) > limit:
                raise too_large
    except zlib.error as error:
        raise ContentError(f"{shown}: its packing is damaged") from error
    if unpack and not unpack.eof:
        raise ContentError(f"{shown}: ends in the middle")
    return bytes(body)


def retry_after(written: str, date: str = "") -> timedelta | None:
    """Read a Retry-After header: seconds or a date (compared with the answer's own Date); at most a day."""
    if not written:
        return None
    if written.strip().isdigit():
        return min(timedelta(seconds=min(int(written), 10**6)), _LONGEST_WAIT)
    try:
        at = parsedate_to_datetime(written)
        now = parsedate_to_datetime(date) if date else datetime.now(UTC)
        wait = at.replace(tzinfo=at.tzinfo or UTC) - now.replace(tzinfo=now.tzinfo or UTC)
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(wait, timedelta()), _LONGEST_WAIT)


def _fresh_for(cache_control: str, age: str) -> timedelta | None:
    """Read how long a Cache-Control header says that an answer holds, less what it aged on its way."""
    found = re.search(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,9})", cache_control, re.IGNORECASE)
    if not found or re.search(r"\bno-(cache|store)\b", cache_control, re.IGNORECASE):
        return None
    spent = int(age) if re.fullmatch(r"\d{1,9}", age.strip()) else 0
    return timedelta(seconds=max(int(found[1]) - spent, 0))


def host_of(address: str) -> str:
    """Name the host of an address, however it is written; empty for a file."""
    try:
        return httpx2.URL(address).host if re.match(r"https?://", address, re.IGNORECASE) else ""
    except (httpx2.InvalidURL, UnicodeError, ValueError):
        return ""


def _read_file(address: str, *, etag: str, max_bytes: int) -> Fetched:
    """Read a file as if it were fetched; its time and size stand for an ETag."""
    if re.match(r"[a-z][a-z0-9+.-]*://", address, re.IGNORECASE):
        raise ContentError(f"{address[:200]}: only http and https addresses and files are read")
    path = Path(address)
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            raise ContentError(f"{address}: is a folder, not a file")
        if not stat.S_ISREG(found.st_mode):
            raise ContentError(f"{address}: is not a file")
        if found.st_size > max_bytes:
            raise ContentError(f"{address}: larger than {max_bytes:,} bytes")
        tag = f'"{found.st_mtime_ns}-{found.st_size}"'
        if etag == tag:
            return Fetched(status=304, url=address, etag=tag)
        return Fetched(status=200, url=address, body=path.read_bytes()[: max_bytes + 1], etag=tag)
    except FileNotFoundError as error:
        raise ContentError(f"{address}: there is no such file", hint="check the path, or give a URL") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        raise ContentError(f"{address}: cannot be read: {reason}") from error
