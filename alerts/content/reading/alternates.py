"""Finding the feed of a web page. Pure, but for asking the guarded worker to parse."""

import re
from typing import Any

from alerts.content.text import tidy
from alerts.guarded import Worker

#: feeds that pages name beside the one of their news
_BESIDE = re.compile(r"comments?\b|kommentare|commentaires|comentarios|oembed|wp-json", re.IGNORECASE)


def advertised(body: bytes, *, url: str, content_type: str = "", worker: Worker) -> list[str]:
    """List the addresses of the feeds that a page names, the most likely first. Raises ContentError."""
    raw: Any = worker.call("alerts.content.untrusted.alternates:feeds", body, url, content_type)
    named = [(tidy(str(title)), str(address)) for title, address in raw]
    web = [one for one in named if re.match(r"https?://", one[1], re.IGNORECASE)]
    # Sorting is stable: of equals the page's own order decides.
    ranked = sorted(web, key=lambda one: _BESIDE.search(f"{one[0]} {one[1]}") is not None)
    return list(dict.fromkeys(address for _, address in ranked))
