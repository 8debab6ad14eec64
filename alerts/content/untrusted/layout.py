"""Where things stand on a page: its headline, what is around it, and what belongs to other articles. Pure.

Runs in the guarded worker. One walk over the page; everything that looks for a byline or a date asks here.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

Node = Any

_OUTSIDE_NAMES = "aside footer nav form script style noscript template select iframe svg head figure figcaption"
_OUTSIDE_TAGS = frozenset(_OUTSIDE_NAMES.split())
_OUTSIDE = re.compile(
    r"(?:^|[\s_-])(?:(?:recent)?comments?|comment-?list|respond|replies|related|recommend\w*|sidebar|widgets?|footer|"
    r"nav|navbar|menu|breadcrumbs?|teasers?|promos?|popular|trending|most-?read|newsletter|cookies?|adverts?|"
    r"carousel|swiper|similar|more-(?:from|news|stories)|cards?|also-read|masthead|"
    r"licen[cs]es?|captions?|credits?|[\w-]{0,40}-licen[cs]e)(?:$|[\s_-])",
    re.IGNORECASE,
)
#: a page larger than this is looked at no further
_MOST_NODES = 30_000
#: the head of an article ends with its second paragraph of text, or this far down
_HEAD_NODES = 250
_BEFORE_NODES = 40
_PROSE = 120


class Layout:
    """The elements of a page in order, each with whether it belongs to the article."""

    def __init__(self, tree: Node, titles: Sequence[str]) -> None:
        self.headline = _headline(tree, titles)
        ancestors = set(self.headline.iterancestors()) if self.headline is not None else set()
        self._nodes = [node for node, inside in _walk(tree, ancestors) if inside]
        self._at = next((at for at, node in enumerate(self._nodes) if node is self.headline), 0)
        self._end = self._end_of_head()

    @property
    def article(self) -> Sequence[Node]:
        """Every element that may belong to the article, in order."""
        return self._nodes

    @property
    def head(self) -> Sequence[Node]:
        """The elements around the headline, from a little above it to the first paragraphs of the text.

        What stands below the headline comes first: bylines do.
        """
        if self.headline is None:
            return ()
        return [*self._nodes[self._at + 1 : self._end], *self._nodes[max(0, self._at - _BEFORE_NODES) : self._at]]

    def _end_of_head(self) -> int:
        seen = 0
        for at, node in enumerate(self._nodes[self._at : self._at + _HEAD_NODES], start=self._at):
            if node.tag == "p" and len(text_of(node, most=_PROSE * 2)) >= _PROSE:
                seen += 1
                if seen == 2:
                    return at
        return min(len(self._nodes), self._at + _HEAD_NODES)


def text_of(node: Node, *, most: int = 400) -> str:
    """Read what an element says on one line, at most about so many letters of it."""
    pieces: list[str] = []
    length = 0
    for piece in node.itertext():
        pieces.append(piece)
        length += len(piece)
        if length > most * 4:
            break
    return re.sub(r"\s+", " ", " ".join(pieces)).strip()[:most]


def marks_of(node: Node) -> str:
    """Read the names that a page gives an element: classes, id, test id."""
    return " ".join(node.get(name) or "" for name in ("class", "id", "data-testid", "itemprop"))[:400]


def _walk(tree: Node, ancestors: set[Node]) -> Iterator[tuple[Node, bool]]:
    """Go through the elements in order; one inside what is no part of the article is no part of it either.

    A wrapper around the headline is never outside, whatever its class says (`has-sidebar`).
    """
    outside: set[Node] = set()
    for number, node in enumerate(tree.iter()):
        if number > _MOST_NODES:
            return
        if not isinstance(node.tag, str):
            continue
        parent = node.getparent()
        inside = parent is None or parent not in outside
        if inside and node not in ancestors and (node.tag in _OUTSIDE_TAGS or _OUTSIDE.search(marks_of(node))):
            inside = False
        if not inside:
            outside.add(node)
        yield node, inside


def _headline(tree: Node, titles: Sequence[str]) -> Node | None:
    """Find the heading that says what the page calls itself; else its first `h1`."""
    wanted = [mark for title in titles if (mark := _mark(title))]
    headings = [node for name in ("h1", "h2", "h3") for node in list(tree.iter(name))[:60] if not _is_logo(node)]
    for node in headings:
        said = _mark(text_of(node))
        if len(said) >= 8 and any(said in title or title in said for title in wanted):
            return node
    return next((node for node in headings if node.tag == "h1" and " " in text_of(node)), None)


def _is_logo(node: Node) -> bool:
    """Tell whether a heading is the site's name: it leads to the front page."""
    links = [*node.iter("a"), *node.iterancestors("a")]
    return any(re.fullmatch(r"(?:https?://[^/]{1,200})?/?", (link.get("href") or "#").strip()) for link in links[:3])


def _mark(text: str) -> str:
    return re.sub(r"\W+", "", text).casefold()
