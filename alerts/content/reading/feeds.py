"""Feeds to entries. Pure, but for asking the guarded worker to parse."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from alerts.content.text import is_sentence, language_of, tidy
from alerts.errors import ContentError
from alerts.guarded import Worker
from alerts.model import Image

#: a text that ends like this goes on elsewhere
_CUT_OFF = re.compile(
    r"(\[\s*(…|\.\.\.|&hellip;)\s*\]|…|\.\.\.|\b(read (more|on|full|the (full|whole|rest))|continue reading|"
    r"lire la suite|weiterlesen|mehr lesen|leer más|seguir leyendo)\b[^.:]{0,40})\s*[\]»→>]*$",
    re.IGNORECASE,
)
#: a summary this long that ends without a full stop was cut; shorter ones may be lines
_CUT_LENGTH = 140
_URGENT_WORDS = {"flash": 1, "bulletin": 2, "urgent": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEntry:
    """What a feed says of one article, as text."""

    #: the publisher's name for it; empty: none
    id: str
    #: http(s); empty: none
    url: str
    title: str
    summary: tuple[str, ...] = ()
    body: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    published_at: datetime | None = None
    updated_at: datetime | None = None
    language: str = ""
    image: Image | None = None
    #: IPTC urgency, 1 the highest; None: not said
    urgency: int | None = None
    #: where it stands, if `url` only leads there (FeedBurner); empty: not said
    original_url: str = ""
    #: whose text the feed says it is (`dc:source`); empty: not said
    source: str = ""

    @property
    def truncated(self) -> bool:
        """Whether its summary breaks off: it says so, or ends within a sentence where feeds cut."""
        if not self.summary:
            return False
        last = self.summary[-1]
        cut = len(last) >= _CUT_LENGTH and not is_sentence(last)
        return cut or _CUT_OFF.search(last, max(0, len(last) - 200)) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedReading:
    """A feed as it was read."""

    #: as its publisher writes it, soft hyphens and direction marks and all
    title: str
    #: all, in the order of the feed, also those that say nothing
    entries: tuple[FeedEntry, ...]
    #: `rss20`, `atom10`, `json`, `news sitemap` …
    kind: str
    language: str = ""
    #: the site it belongs to
    url: str = ""
    #: it asks to be polled no more often
    ttl: timedelta | None = None


def read(body: bytes, *, url: str, content_type: str = "", worker: Worker) -> FeedReading:
    """Parse a feed of any known kind. Raises ContentError naming the address."""
    raw = _ask(worker, "parse", url, body, url, content_type)
    language = language_of(str(raw["language"]))
    entries = tuple(_entry(record, language) for record in raw["entries"])
    ttl = str(raw["ttl"]).strip()
    return FeedReading(
        title=_name(str(raw["title"])),
        entries=entries,
        kind=tidy(str(raw["kind"])),
        language=language,
        url=_web(str(raw["url"])),
        ttl=timedelta(minutes=int(ttl)) if re.fullmatch(r"[1-9]\d{0,4}", ttl) else None,
    )


def outline(body: bytes, worker: Worker, *, shown: str = "OPML file") -> list[tuple[str, str]]:
    """Read the feeds of an OPML file as pairs of title and address. Raises ContentError."""
    raw = _ask(worker, "outline", shown, body)
    return [(tidy(str(title)), str(url)) for title, url in raw]


def _ask(worker: Worker, function: str, shown: str, *args: object) -> Any:
    try:
        return worker.call(f"alerts.content.untrusted.feeds:{function}", *args)
    except ContentError as error:
        raise type(error)(f"{shown}: {error}", hint=error.hint) from error


def _entry(raw: Mapping[str, Any], language: str) -> FeedEntry:
    urgency = str(raw["urgency"]).strip().lower()
    return FeedEntry(
        id=tidy(str(raw["id"]))[:500],
        url=_web(str(raw["url"])),
        title=tidy(str(raw["title"])),
        summary=_texts(raw["summary"]),
        body=_texts(raw["body"]),
        authors=_texts(raw["authors"]),
        categories=_texts(tag["term"] for tag in raw["categories"]),
        published_at=instant(str(raw["published"])),
        updated_at=instant(str(raw["updated"])),
        language=language_of(str(raw["language"])) or language,
        image=image(raw["image"]),
        urgency=int(urgency) if re.fullmatch("[1-8]", urgency) else _URGENT_WORDS.get(urgency),
        original_url=_web(str(raw.get("original") or "")),
        source=tidy(str(raw.get("source") or ""))[:120],
    )


_HARMLESS = "\xad\u200e\u200f\u061c"


def _name(text: str) -> str:
    """Write a feed's name as its publisher does: `tidy`, but for marks that change nothing but how it is set."""
    parts = re.split(f"([{_HARMLESS}])", text)
    kept = [part if part in _HARMLESS else tidy(f".{part}.")[1:-1] for part in parts if part]
    return " ".join("".join(kept).split())


def _texts(raw: Any) -> tuple[str, ...]:
    return tuple(text for text in (tidy(str(item)) for item in raw) if text)


def _web(url: str) -> str:
    # Blanks in a path are the commonest slip; what else is no part of an address makes it none.
    url = tidy(url).replace(" ", "%20")
    return url if re.fullmatch(r"https?://[^\s<>\"\\]+", url, re.IGNORECASE) and len(url) <= 2000 else ""


def image(raw: Mapping[str, Any] | None) -> Image | None:
    """Read a picture that the worker found; None where it has no usable address."""
    if not raw or not (url := _web(str(raw.get("url", "")))):
        return None
    alt, caption, credit = (tidy(str(raw.get(name) or ""))[:1000] for name in ("alt", "caption", "credit"))
    return split_credit(Image(url=url, alt=alt, caption=caption, credit=credit))


_CREDIT = re.compile(
    r"[(\[|]?\s*\b(?:photo(?:graph)?|picture|image|credit|foto|bild|crédit)s?(?: credit)?"
    r"\s*(?:by\b|:|/)\s*([^()\[\]]{2,120}?)[)\]]?$",
    re.IGNORECASE,
)


def split_credit(image: Image) -> Image:
    """Move `Photograph: Jane Doe` from a caption's end to the picture's credit."""
    match = _CREDIT.search(image.caption)
    if match is None:
        return image
    before = image.caption[: match.start()]
    caption = before.rstrip(" .")
    caption += "." if caption and before[len(caption) :].startswith(".") else ""
    return replace(image, caption=caption.strip(), credit=image.credit or match[1].strip())


def instant(written: str) -> datetime | None:
    """Read an ISO instant; None where it is none. Without a zone it counts as UTC."""
    try:
        parsed = datetime.fromisoformat(written.strip())
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
