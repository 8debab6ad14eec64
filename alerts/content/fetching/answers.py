"""What fetching comes to. Pure: whoever judges an answer need not import the network."""

from dataclasses import dataclass
from datetime import timedelta

from alerts.errors import ContentError


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What an address answered."""

    #: 200, 304 (as it was), 410 (gone for good), 429 or 503 (come back later)
    status: int
    #: where it was found in the end; a path for a file
    url: str
    body: bytes = b""
    content_type: str = ""
    etag: str = ""
    last_modified: str = ""
    #: where it moved for good; empty: it did not
    moved_to: str = ""
    #: it asks to be left alone for so long
    retry_after: timedelta | None = None
    #: it says that its answer holds for so long
    fresh_for: timedelta | None = None

    @property
    def ok(self) -> bool:
        """Whether there is a body to read."""
        return self.status in {200, 203}


class NothingThere(ContentError):
    """The server answers, and has nothing at this address."""


class NoAnswer(ContentError):
    """Nobody answered in time, or at all: the same host will hardly do better for its other addresses."""


class NoHost(NoAnswer):
    """The name service knows no such host, or does not answer."""
