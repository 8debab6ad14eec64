"""Which feeds a web page names (`<link rel="alternate">`). Runs in the guarded worker."""

import re
from html.parser import HTMLParser

from alerts.content.untrusted.markup import address
from alerts.content.untrusted.pages import decode

#: The head of a page is at its head.
_LOOKED_AT = 500_000
_MOST = 20
_FEEDS = re.compile(r"application/((rss|atom|rdf)\+xml|(feed\+)?json)|text/xml", re.IGNORECASE)


class _Head(HTMLParser):
    def __init__(self, url: str) -> None:
        super().__init__()
        self.base = url
        self.found: list[list[str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: (value or "").strip() for name, value in attrs}
        if tag == "base" and named.get("href"):
            self.base = address(self.base, named["href"])
        relation = named.get("rel", "").lower().split()
        if tag == "link" and "alternate" in relation and named.get("href") and _FEEDS.match(named.get("type", "")):
            self.found.append([named.get("title", ""), address(self.base, named["href"])])

    handle_startendtag = handle_starttag


def feeds(body: bytes, url: str, content_type: str) -> list[list[str]]:
    """Read the feeds a page names as pairs of title and address, in its order."""
    head = _Head(url)
    head.feed(decode(body[:_LOOKED_AT], content_type))
    return head.found[:_MOST]
