"""Web pages to plain records, by trafilatura. Runs in the guarded worker."""

import re
from typing import Any

import charset_normalizer
import trafilatura
from trafilatura.utils import load_html

from alerts.content.untrusted.markup import MAX_PARAGRAPHS
from alerts.content.untrusted.metadata import Metadata
from alerts.content.untrusted.pruning import prune
from alerts.errors import ContentError


def extract(body: bytes, url: str, content_type: str, latest: str = "") -> dict[str, Any]:
    """Read the article of a page; no day after `latest` is believed. Raises ContentError when there is none."""
    html = decode(body, content_type)
    tree = load_html(html)
    if tree is None:
        raise ContentError("has no text to read")
    # Pruning and extraction change the tree they work on: the facts come first.
    facts = Metadata(tree, url, latest=latest).record()
    prune(tree)
    found: Any = trafilatura.bare_extraction(tree, url=url or None, favor_precision=True, include_comments=False)
    if found is None or not (found.text or "").strip():
        raise ContentError("has no article text (only a menu, a form, or a page made by a script)")
    paragraphs = [line.strip() for line in found.text.split("\n") if line.strip()][:MAX_PARAGRAPHS]
    return {**facts, **_guessed(html, url, facts), "paragraphs": paragraphs}


def _guessed(html: str, url: str, facts: dict[str, Any]) -> dict[str, Any]:
    """Let trafilatura guess what the page does not say; it looks further, and errs more."""
    if facts["titles"] and facts["authors"] and facts["published"]:
        return {}
    guess: Any = trafilatura.extract_metadata(html, default_url=url or None)
    people = [name.strip() for name in (guess.author or "").split(";") if name.strip()]
    return {
        "titles": facts["titles"] or [guess.title or ""],
        "authors": facts["authors"] or people,
        "published": facts["published"] or guess.date or "",
    }


def decode(body: bytes, content_type: str) -> str:
    """Turn a page's bytes into text: byte order mark, HTTP, the page's own word, then a guess."""
    declared = re.search(r"charset=[\"']?([\w.:-]+)", content_type, re.IGNORECASE)
    stated = re.search(rb"<meta[^>]{0,200}charset=[\"']?([\w.:-]+)", body[:4096], re.IGNORECASE)
    marked = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
    named = [encoding for mark, encoding in marked.items() if body.startswith(mark)]
    named += [declared[1]] if declared else []
    named += [stated[1].decode("ascii")] if stated else []
    for encoding in [*named, "utf-8"]:
        # What calls itself Latin-1 is Windows-1252 on the web (WHATWG Encoding §4.2).
        name = "cp1252" if encoding.lower() in {"iso-8859-1", "latin-1", "latin1", "us-ascii", "ascii"} else encoding
        try:
            return body.decode(name)
        except (UnicodeDecodeError, LookupError):
            continue
    guess = charset_normalizer.from_bytes(body[:200_000]).best()
    return body.decode(guess.encoding if guess else "cp1252", "replace")
