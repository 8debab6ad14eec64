"""Pages and plain text files to articles. Pure, but for asking the guarded worker to parse."""

import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from alerts.content.reading import agencies, articles, feeds
from alerts.content.reading.cleaning import clean, without_site
from alerts.content.text import key, language_by_script, language_of, tidy, tidy_lines
from alerts.errors import ContentError
from alerts.guarded import Worker
from alerts.model import Article

_MARKUP = re.compile(
    rb"<(!doctype|html|head|body|article|section|main|div|p|h1|meta|title|span|table)\b", re.IGNORECASE
)
#: of what is not for everybody, so much or less is the beginning only
_WALLED_LENGTH = 1500
_BINARY = (
    b"%PDF",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"PK\x03\x04",
    b"\x7fELF",
    b"\x1f\x8b",
    b"RIFF",
    b"\xd0\xcf\x11\xe0",
)


def read(
    body: bytes,
    *,
    url: str = "",
    content_type: str = "",
    worker: Worker,
    now: datetime,
    outlet: str = "",
    language: str = "",
    shown: str = "",
) -> Article:
    """Read a web page or a text file, whichever the bytes are. `shown` names it in errors. Raises ContentError."""
    shown = shown or url or "standard input"
    start = body[:8192]
    if not body.strip():
        raise ContentError(f"{shown}: is empty")
    utf16 = start.startswith((b"\xff\xfe", b"\xfe\xff"))
    if start.startswith(_BINARY) or (b"\x00" in start and not utf16):
        raise ContentError(f"{shown}: is a binary file, not a text", hint="give a web page or a text file")
    if _MARKUP.search(start) or "html" in content_type.lower():
        return _read_html(body, url, content_type, worker, now, outlet, language, shown)
    return read_text(_text_of(body, shown), now=now, url=url, outlet=outlet, language=language, shown=shown)


def read_text(
    text: str, *, now: datetime, url: str = "", outlet: str = "", language: str = "", shown: str = ""
) -> Article:
    """Read a plain text: its first line is the title, blank lines separate paragraphs. Raises ContentError."""
    shown = shown or url or "text"
    paragraphs = _paragraphs(tidy_lines(text))
    language = language_of(language) or language_by_script(text)
    cleaned = clean(paragraphs, language=language)
    if not any(paragraphs):
        raise ContentError(f"{shown}: is empty")
    if not cleaned.title:
        raise ContentError(
            f"{shown}: has no headline", hint="the first line is the headline: one line, at most a few hundred letters"
        )
    if not cleaned.paragraphs:
        raise ContentError(f"{shown}: has a headline but no text", hint="the first line is the headline, then the text")
    return articles.make(
        url=url,
        title=cleaned.title,
        paragraphs=cleaned.paragraphs,
        outlet=outlet,
        section=cleaned.section,
        authors=cleaned.authors,
        agency=cleaned.agency,
        truncated=cleaned.truncated,
        language=language,
        seen_at=now,
        removed=cleaned.removed,
    )


def _text_of(body: bytes, shown: str) -> str:
    encoding = "utf-16" if body.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError as error:
        # A guess would send mojibake to everybody.
        raise ContentError(f"{shown}: is not UTF-8 text", hint="save it as UTF-8 and try again") from error
    odd = sum(ord(char) < 32 and char not in "\t\n\r\x0b\x0c" for char in text[:8192])
    if odd > len(text[:8192]) // 100:
        raise ContentError(f"{shown}: is a binary file, not a text", hint="give a web page or a text file")
    return text


def _paragraphs(text: str) -> list[str]:
    """Split at blank lines, joining wrapped lines; a text without any has one paragraph per line."""
    if "\n\n" not in text.strip("\n"):
        return [line for line in text.split("\n") if line]
    blocks = [block.split("\n") for block in re.split(r"\n{2,}", text.strip("\n"))]
    first = blocks[0]
    # A headline directly above its text: the line that ends without a full stop, above longer ones.
    if len(first) > 1 and len(first[0]) <= 120 and first[0][-1:] not in ".,;:" and len(first[0]) < len(first[1]):
        blocks[:1] = [[first[0]], first[1:]]
    return [" ".join(block) for block in blocks]


def _read_html(
    body: bytes, url: str, content_type: str, worker: Worker, now: datetime, outlet: str, language: str, shown: str
) -> Article:
    latest = (now + timedelta(days=1)).date().isoformat()
    try:
        raw: Any = worker.call("alerts.content.untrusted.pages:extract", body, url, content_type, latest)
    except ContentError as error:
        raise type(error)(f"{shown}: {error}", hint=error.hint) from error
    site = tidy(str(raw["site"]))
    titles = [without_site(tidy(str(title)), site) for title in raw["titles"]]
    title = choose_title([title for title in titles if title])
    paragraphs = [tidy(str(text)) for text in raw["paragraphs"]]
    language = language_of(str(raw["language"])) or language_by_script(" ".join(paragraphs)) or language_of(language)
    captions = [tidy(str(caption)) for caption in raw["captions"]]
    cleaned = clean(paragraphs, title=title, language=language, captions=captions, site=site)
    if not cleaned.title or not cleaned.paragraphs:
        raise ContentError(f"{shown}: has no article text", hint="is it a front page, or a page made by a script?")
    return articles.make(
        url=articles.canonical(str(raw["canonical"]) or url),
        title=cleaned.title,
        paragraphs=cleaned.paragraphs,
        outlet=outlet or site or (urlsplit(url).hostname or "").removeprefix("www."),
        standfirst=tidy(str(raw["standfirst"])),
        section=tidy(str(raw["section"])) or cleaned.section,
        authors=tuple(tidy(str(name)) for name in raw["authors"]) or cleaned.authors,
        language=language,
        image=feeds.image(raw["image"]),
        agency=cleaned.agency or agencies.agency_of(tidy(str(raw["agency"]))),
        truncated=cleaned.truncated or (bool(raw["walled"]) and sum(map(len, cleaned.paragraphs)) < _WALLED_LENGTH),
        published_at=feeds.instant(str(raw["published"])),
        updated_at=feeds.instant(str(raw["updated"])),
        seen_at=now,
        removed=cleaned.removed,
    )


def choose_title(titles: list[str]) -> str:
    """Choose among the headlines a page gives itself: the one that most others hold, else the first."""
    if not titles:
        return ""
    keys = [key(title) for title in titles]
    votes = [sum(bool(mine) and mine in other for other in keys) for mine in keys]
    return titles[votes.index(max(votes))]
