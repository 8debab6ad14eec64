"""Feeds to plain records: RSS and Atom by feedparser, the rest by hand. Runs in the guarded worker."""

import calendar
import io
import json
import re
from datetime import UTC, datetime
from typing import Any

import defusedxml.ElementTree
import feedparser
from lxml import etree

from alerts.content.untrusted import markup
from alerts.errors import ContentError

MAX_ENTRIES = 1000
Record = dict[str, Any]

_SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
#: the root of CDF, RSS's ancestor, which feedparser reads but does not name
_CHANNEL = re.compile(rb"\A(?:<\?[^>]*>|<!--[^>]*-->|\s)*<channel\b", re.IGNORECASE)
#: feedparser takes a picture's caption for the article's text, whichever comes last
_MEDIA_DESCRIPTION = re.compile(rb"(</?media:)description\b", re.IGNORECASE)
_MOST_PREFIXES = 20
_PREFIXED = re.compile(rb"<(\w{1,40}):(?:item|entry|channel|feed|rss)\b", re.IGNORECASE)
_NEWS = "{http://www.google.com/schemas/sitemap-news/0.9}"


def parse(body: bytes, url: str, content_type: str) -> Record:
    """Read a feed of any known kind. Raises ContentError when it is none."""
    start = body[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not start:
        raise ContentError("is empty")
    if start.startswith((b"{", b"[")):
        return _json_feed(body, url)
    if b"<urlset" in start or b"<sitemapindex" in start:
        return _sitemap(body)
    return _xml_feed(body, url, content_type)


# --- RSS and Atom ---------------------------------------------------------------------------------


def _xml_feed(body: bytes, url: str, content_type: str) -> Record:
    parsed = _parsed(body, url, content_type)
    if not parsed.entries and (mended := _without_own_prefix(body)):
        parsed = _parsed(mended, url, content_type)
    if not parsed.get("version") and not parsed.entries and not _CHANNEL.search(body[:4096]):
        raise ContentError(_what_is_it(body), hint=_advertised(body, url))
    feed = parsed.feed
    return {
        "kind": parsed.get("version") or "rss",
        "title": _text(feed, "title"),
        "language": str(feed.get("language") or ""),
        "url": str(feed.get("link") or ""),
        "ttl": str(feed.get("ttl") or ""),
        "entries": [_entry(entry, url) for entry in parsed.entries[:MAX_ENTRIES]],
    }


def _parsed(body: bytes, url: str, content_type: str) -> Any:
    body = _MEDIA_DESCRIPTION.sub(rb"\1caption", body)
    # Its sanitiser and link resolver are slow and leave markup; we keep text only.
    return feedparser.parse(
        io.BytesIO(body),
        response_headers={"content-type": _typed(body, content_type), "content-location": url},
        sanitize_html=False,
        resolve_relative_uris=False,
    )


def _typed(body: bytes, content_type: str) -> str:
    """Name the type under which a feed is read. Servers lie: what is valid UTF-8, and not plain ASCII, is UTF-8."""
    charset = re.search(r"charset=[\"']?([\w.:-]+)", content_type, re.IGNORECASE)
    try:
        if not body.isascii() and body.decode("utf-8"):
            return "application/xml; charset=utf-8"
    except UnicodeDecodeError:
        pass
    # `text/xml` without a charset would mean ASCII (RFC 3023), which nobody means.
    return f"application/xml; charset={charset[1]}" if charset else "application/xml"


def _without_own_prefix(body: bytes) -> bytes:
    """Write `<rss:item>` as `<item>` where the prefix says nothing: undeclared, or a second name for the default."""
    used = sorted(set(_PREFIXED.findall(body)))[:_MOST_PREFIXES]
    prefixes = {prefix for prefix in used if b"xmlns:" + prefix not in body}
    default = re.search(rb"""\sxmlns=["']([^"']{1,200})["']""", body[:20_000])
    if default:
        prefixes |= set(re.findall(rb"""\sxmlns:(\w{1,40})=["']""" + re.escape(default[1]), body[:20_000]))
    if not prefixes or not re.search(rb"<(?:\w+:)?(?:item|entry)\b", body):
        return b""
    either = b"|".join(map(re.escape, sorted(prefixes)))
    plain = re.sub(rb"\sxmlns:(?:%b)=[\"'][^\"']*[\"']" % either, b"", body)
    return re.sub(rb"(</?|\s)(?:%b):(?=[A-Za-z])" % either, rb"\1", plain)


def _entry(entry: Any, base: str) -> Record:
    summary = _html(entry.get("summary_detail"), entry.get("summary"))
    contents = [_html(content, content.get("value")) for content in entry.get("content", [])]
    content = max(contents, key=len, default="")
    return {
        "id": str(entry.get("id") or ""),
        "url": _link(entry, base),
        "original": str(entry.get("feedburner_origlink") or ""),
        "title": _text(entry, "title"),
        "summary": markup.paragraphs(summary or _escape(str(entry.get("media_caption") or ""))),
        "body": markup.paragraphs(content) if content != summary else [],
        "authors": _authors(entry),
        "categories": [
            {"term": str(tag.get("label") or tag.get("term") or ""), "scheme": str(tag.get("scheme") or "")}
            for tag in entry.get("tags", [])[:30]
        ],
        "published": _instant(entry, "published_parsed") or _instant(entry, "created_parsed"),
        "updated": _instant(entry, "updated_parsed"),
        "language": str((entry.get("title_detail") or {}).get("language") or ""),
        "image": _image(entry, base) or markup.picture(content, base) or markup.picture(summary, base),
        "urgency": _urgency(entry),
        "source": markup.line(str(entry.get("dc_source") or "")),
    }


def _text(record: Any, name: str) -> str:
    """Read a title: markup only where the feed says, or feedparser is sure, that it is markup."""
    detail = record.get(f"{name}_detail") or {}
    value = str(record.get(name) or "")
    return markup.line(value) if detail.get("type") in {"text/html", "application/xhtml+xml"} else value


def _html(detail: Any, value: object) -> str:
    text = str(value or "")
    if (detail or {}).get("type") == "text/plain":
        return "".join(f"<p>{_escape(part)}</p>" for part in re.split(r"\n\s*\n", text))
    return text


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _link(entry: Any, base: str) -> str:
    links = [link for link in entry.get("links", []) if link.get("href")]
    for link in links:
        if link.get("rel", "alternate") == "alternate":
            return markup.address(base, str(link["href"]))
    if entry.get("link"):
        return markup.address(base, str(entry["link"]))
    # RSS: a GUID is an address unless it says that it is not.
    guid = str(entry.get("id") or "")
    return guid if entry.get("guidislink") and re.match(r"https?://", guid) else ""


def _urgency(entry: Any) -> str:
    """Read an urgency that the feed states: of NITF, IPTC, PRISM, or as a category of that scheme."""
    for name, value in entry.items():
        if name == "urgency" or name.endswith("_urgency"):
            stated = (value.get("ed-urg") or value.get("value")) if isinstance(value, dict) else value
            if stated:
                return str(stated)
    schemes = ((str(tag.get("scheme") or ""), str(tag.get("term") or "")) for tag in entry.get("tags", [])[:30])
    return next((term for scheme, term in schemes if re.search(r"(?:urgency|priority)\W?$", scheme, re.IGNORECASE)), "")


def _authors(entry: Any) -> list[str]:
    named = [str(author.get("name") or "") for author in entry.get("authors", [])]
    return [markup.line(name) for name in named if name] or [markup.line(str(entry.get("author") or ""))]


def _instant(entry: Any, name: str) -> str:
    moment = entry.get(name)
    if not moment:
        return ""
    try:
        return datetime.fromtimestamp(calendar.timegm(moment), UTC).isoformat()
    except (ValueError, OverflowError, TypeError, OSError):
        return ""


def _image(entry: Any, base: str) -> Record | None:
    contents = sorted(entry.get("media_content", []), key=_width, reverse=True)
    for media in [*contents, *entry.get("media_thumbnail", []), *entry.get("enclosures", [])]:
        kind = str(media.get("medium") or media.get("type") or "image")
        url = markup.address(base, str(media.get("url") or media.get("href") or ""))
        if kind.startswith("image") and re.match(r"https?://", url):
            credit = entry.get("media_credit") or []
            return {
                "url": url,
                "alt": markup.line(str(entry.get("media_title") or "")),
                "caption": markup.line(str(entry.get("media_caption") or entry.get("media_text") or "")),
                "credit": markup.line(str(credit[0].get("content") or "")) if credit else "",
            }
    return None


def _width(media: Any) -> int:
    width = str(media.get("width") or "")
    # What is wider than any screen is for print.
    return int(width) if re.fullmatch(r"\d{1,4}", width) and int(width) <= 2400 else 0


def _what_is_it(body: bytes) -> str:
    start = body[:2048].lower()
    if b"<html" in start or b"<!doctype html" in start:
        return "is a web page, not a feed"
    if b"\x00" in body[:2048]:
        return "is a binary file, not a feed"
    return "is not a feed (neither RSS, Atom, JSON Feed nor a news sitemap)"


def _advertised(body: bytes, url: str) -> str:
    """Name the feed that a web page advertises."""
    for tag in re.findall(rb"<link\b[^>]{0,500}>", body[:100_000], re.IGNORECASE):
        text = tag.decode("utf-8", "replace")
        href = re.search(r"""href=["']([^"'<>\s]+)""", text)
        if href and re.search(r"application/(rss|atom)\+xml|application/feed\+json", text):
            return f"it names this feed: {markup.address(url, href[1])}"
    return ""


# --- JSON Feed ------------------------------------------------------------------------------------


def _json_feed(body: bytes, base: str) -> Record:
    try:
        raw = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ContentError("looks like JSON but cannot be read") from error
    if not isinstance(raw, dict) or not isinstance(raw.get("items"), list):
        raise ContentError("is JSON, but no JSON Feed (it has no items)")
    return {
        "kind": "json",
        "title": _string(raw, "title"),
        "language": _string(raw, "language"),
        "url": _string(raw, "home_page_url"),
        "ttl": "",
        "entries": [_json_entry(item, base) for item in raw["items"][:MAX_ENTRIES] if isinstance(item, dict)],
    }


def _json_entry(item: Record, base: str) -> Record:
    content = _string(item, "content_html")
    text = "".join(f"<p>{_escape(part)}</p>" for part in re.split(r"\n\s*\n", _string(item, "content_text")))
    authors = _list(item, "authors") or [item.get("author")]
    url = _string(item, "url") or _string(item, "external_url")
    image = markup.address(base, _string(item, "image") or _string(item, "banner_image"))
    tags = _list(item, "tags")
    return {
        "id": str(item.get("id") or ""),
        "url": markup.address(base, url) if url else "",
        "title": _string(item, "title"),
        "summary": markup.paragraphs(_escape(_string(item, "summary"))),
        "body": markup.paragraphs(content or text),
        "authors": [_string(author, "name") for author in authors if isinstance(author, dict)],
        "categories": [{"term": tag, "scheme": ""} for tag in tags[:30] if isinstance(tag, str)],
        "published": _string(item, "date_published"),
        "updated": _string(item, "date_modified"),
        "language": _string(item, "language"),
        "image": {"url": image} if re.match(r"https?://", image) else markup.picture(content, base),
        "urgency": "",
    }


def _list(record: Record, name: str) -> list[Any]:
    value = record.get(name)
    return value if isinstance(value, list) else []


def _string(record: Record, name: str) -> str:
    value = record.get(name)
    return value if isinstance(value, str) else ""


# --- XML of our own reading -----------------------------------------------------------------------


def _root(body: bytes) -> Any:
    try:
        return defusedxml.ElementTree.fromstring(body, forbid_dtd=True)
    except defusedxml.DefusedXmlException as error:
        raise ContentError("is not well-formed XML") from error
    except (defusedxml.ElementTree.ParseError, ValueError, LookupError) as error:
        if b"<!DOCTYPE" in body or b"<!ENTITY" in body or (root := _mended_root(body)) is None:
            raise ContentError("is not well-formed XML") from error
        return root


def _mended_root(body: bytes) -> Any:
    """Read what is left of broken XML; None: nothing."""
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(body.strip(), parser)
    except (etree.XMLSyntaxError, ValueError):
        return None


def _sitemap(body: bytes) -> Record:
    entries = []
    for node in list(_root(body).iter(f"{_SITEMAP}url"))[:MAX_ENTRIES]:
        news = node.find(f"{_NEWS}news")
        if news is None:
            continue
        keywords = (news.findtext(f"{_NEWS}keywords") or "").split(",")
        url = (node.findtext(f"{_SITEMAP}loc") or "").strip()
        entries.append(
            {
                "id": url,
                "url": url,
                "title": (news.findtext(f"{_NEWS}title") or "").strip(),
                "summary": [],
                "body": [],
                "authors": [],
                "categories": [{"term": word.strip(), "scheme": ""} for word in keywords if word.strip()],
                "published": (news.findtext(f"{_NEWS}publication_date") or "").strip(),
                "updated": (node.findtext(f"{_SITEMAP}lastmod") or "").strip(),
                "language": (news.findtext(f"{_NEWS}publication/{_NEWS}language") or "").strip(),
                "image": None,
                "urgency": "",
            }
        )
    if not entries:
        raise ContentError("is a sitemap without news")
    return {"kind": "news sitemap", "title": "", "language": "", "url": "", "ttl": "", "entries": entries}


def outline(body: bytes) -> list[list[str]]:
    """Read the feeds of an OPML file as pairs of title and address. Raises ContentError."""
    root = _root(body)
    if root.tag.rpartition("}")[2].lower() != "opml":
        raise ContentError("is not an OPML file")
    found = []
    for node in root.iter("outline"):
        attributes = {name.lower(): value for name, value in node.attrib.items()}
        url = attributes.get("xmlurl", "").strip()
        if re.match(r"https?://", url):
            found.append([attributes.get("title") or attributes.get("text") or url, url])
    return found
