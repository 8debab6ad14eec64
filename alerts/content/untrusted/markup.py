"""HTML to paragraphs of plain text. Runs in the guarded worker."""

import re
from urllib.parse import urljoin

import lxml.html
from lxml import etree

_BLOCK_NAMES = (
    "address article aside blockquote body center dd details div dl dt fieldset figcaption figure footer form h1 "
    "h2 h3 h4 h5 h6 header hr li main nav ol p pre section summary table tbody td tfoot th thead tr ul"
)
_BLOCKS = frozenset(_BLOCK_NAMES.split())
# Only what is closed for certain: a parser puts everything after an unclosed <object> inside it.
_DROPPED_NAMES = "script style noscript template button select textarea svg head title figure"
_DROPPED = frozenset(_DROPPED_NAMES.split())
MAX_PARAGRAPHS = 2000


def paragraphs(html: str) -> list[str]:
    """Read a fragment of HTML as paragraphs of text; pictures with their captions, scripts and forms are left out."""
    root = _tree(html)
    if root is None:
        return []
    found: list[str] = []
    piece: list[str] = []

    def finish() -> None:
        # <br><br> separates paragraphs, a single <br> does not.
        parts = re.split(r"\n\s*\n", "".join(piece))
        found.extend(text for part in parts if (text := re.sub(r"\s+", " ", part).strip()))
        piece.clear()

    skipped = 0
    for event, node in etree.iterwalk(root, events=("start", "end", "comment", "pi")):
        name = node.tag if isinstance(node.tag, str) else ""
        if event == "start":
            if name in _DROPPED:
                skipped += 1
            if not skipped:
                if name in _BLOCKS:
                    finish()
                elif name == "br":
                    piece.append("\n")
                piece.append(_plain(node.text))
        else:
            if event == "end":
                if name in _DROPPED:
                    skipped -= 1
                elif name in _BLOCKS and not skipped:
                    finish()
            if not skipped and node is not root:
                piece.append(_plain(node.tail))
        if len(found) > MAX_PARAGRAPHS:
            break
    finish()
    return found or _drawn(root)


def _drawn(root: "etree._Element") -> list[str]:
    """Read what a drawing says of itself, where there is nothing but the drawing."""
    said = (" ".join(node.itertext()) for svg in root.iter("svg") for node in svg if node.tag in {"title", "desc"})
    return [text for part in said if (text := re.sub(r"\s+", " ", part).strip())]


def line(html: str) -> str:
    """Read a fragment of HTML as one line of text."""
    return " ".join(paragraphs(html)) if "<" in html or "&" in html else re.sub(r"\s+", " ", html).strip()


def picture(html: str, base: str) -> dict[str, str] | None:
    """Find the first picture of a fragment, with its caption; None: there is none fit to show."""
    root = _tree(html) if "<img" in html.lower() else None
    if root is None:
        return None
    for image in root.iter("img"):
        url = address(base, (image.get("src") or "").strip())
        # One pixel wide is a counter, not a picture.
        if re.match(r"https?://", url) and image.get("width") not in {"0", "1"}:
            figure = next(image.iterancestors("figure"), None)
            caption = figure.find(".//figcaption") if figure is not None else None
            text = re.sub(r"\s+", " ", caption.text_content()).strip() if caption is not None else ""
            return {"url": url, "alt": (image.get("alt") or "").strip(), "caption": text}
    return None


def address(base: str, written: str) -> str:
    """Read an address as it is meant where it stands; empty where it is none, such as `https://[host]/a.jpg`."""
    try:
        return urljoin(base, written)
    except ValueError:
        return ""


def _plain(text: str | None) -> str:
    """Source line ends are blanks; only <br> makes a line."""
    return re.sub(r"\s+", " ", text) if text else ""


def _tree(html: str) -> "etree._Element | None":
    # NUL ends a C string: what follows would silently be lost.
    cleaned = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]", " ", html)
    # An unclosed comment would swallow the rest of a headline.
    cleaned = re.sub(r"<!--.*?-->", "", cleaned, flags=re.DOTALL)
    cleaned = re.sub(r"<!(?!\[CDATA\[)[^>]*>", "", cleaned)
    cleaned = re.sub(r"<(?![A-Za-z/!?])|<!(?!\[CDATA\[)", lambda match: "&lt;" + match[0][1:], cleaned)
    if not cleaned.strip():
        return None
    try:
        tree: etree._Element = lxml.html.document_fromstring(f"<html><body>{cleaned}</body></html>")
    except (etree.ParserError, ValueError):
        return None
    return tree
