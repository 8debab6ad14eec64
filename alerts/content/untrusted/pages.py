"""Web pages to plain records, by trafilatura. Runs in the guarded worker."""

import re
from typing import Any

import charset_normalizer
import trafilatura
from trafilatura.utils import load_html

from alerts.content.untrusted.metadata import Metadata
from alerts.errors import ContentError


def extract(body: bytes, url: str, content_type: str) -> dict[str, Any]:
    """Read the article of a page. Raises ContentError when there is none."""
    html = decode(body, content_type)
    tree = load_html(html)
    if tree is None:
        raise ContentError("has no text to read")
    # Extraction changes the tree it works on: the facts come first, from a tree of their own.
    facts = Metadata(tree, url).record()
    found: Any = trafilatura.bare_extraction(
        html, url=url or None, favor_precision=True, include_comments=False, with_metadata=True
    )
    if found is None or not (found.text or "").strip():
        raise ContentError("has no article text (only a menu, a form, or a page made by a script)")
    return {
        **facts,
        "paragraphs": [line.strip() for line in found.text.split("\n") if line.strip()],
        "titles": [*facts["titles"], found.title or ""],
        "authors": facts["authors"] or _people(found.author),
        "published": facts["published"] or (found.date or ""),
    }


def _people(author: str | None) -> list[str]:
    return [name.strip() for name in (author or "").split(";") if name.strip()]


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
