"""What a page states of itself as linked data (JSON-LD, schema.org). Runs in the guarded worker."""

import json
import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

Record = dict[str, Any]
_ARTICLE_KINDS = (
    "NewsArticle Article ReportageNewsArticle LiveBlogPosting BlogPosting AnalysisNewsArticle BackgroundNewsArticle "
    "OpinionNewsArticle ReviewNewsArticle AskPublicNewsArticle AdvertiserContentArticle SocialMediaPosting "
    "TechArticle ScholarlyArticle Report"
)
_ARTICLES = frozenset(_ARTICLE_KINDS.split())
_PAGES = frozenset({"WebPage", "ItemPage", "DiscussionForumPosting", "VideoObject", "Recipe", "Review"})
#: no page states more of itself than this
_MOST_BLOCKS, _DEEPEST = 200, 6


class Linked:
    """The blocks of a page's linked data, with references followed."""

    def __init__(self, tree: Any) -> None:
        self._blocks = list(_blocks(tree))
        self._named: dict[str, Record] = {}
        for block in self._blocks:
            named = block.get("@id")
            # A reference is a block of its name alone; the fullest is what it refers to.
            if isinstance(named, str) and len(block) > len(self._named.get(named, {})):
                self._named[named] = block
        stated = [block for block in self._blocks if _is(block, _ARTICLES)]
        # Others that are named with few words are teasers of other articles.
        self.article: Record = max(stated, key=_fullness, default={}) or next(
            (block for block in self._blocks if _is(block, _PAGES)), {}
        )

    def text(self, *names: str) -> str:
        """Read the first of these that the article states."""
        return next((text for name in names if (text := text_in(_first(self.article.get(name))))), "")

    def names(self, *roles: str) -> list[list[str]]:
        """Name who has these roles in the article, one list for each role."""
        return [self._names(self.article.get(role)) for role in roles]

    def picture(self) -> Record:
        """Give the article's main picture: `url`, `caption`, `credit`."""
        stated = self._followed(_first(self.article.get("image")))
        if not isinstance(stated, dict):
            return {"url": text_in(stated)}
        credit = [*self._names(stated.get("creator")), *self._names(stated.get("author"))]
        return {
            "url": text_in(_first(stated.get("url"))) or text_in(stated.get("contentUrl")),
            "caption": text_in(stated.get("caption")) or text_in(stated.get("description")),
            "credit": text_in(stated.get("creditText")) or text_in(stated.get("copyrightNotice")) or ", ".join(credit),
        }

    def steps(self) -> list[str]:
        """Name the steps of the breadcrumb."""
        for block in self._blocks:
            if _is(block, frozenset({"BreadcrumbList"})) and isinstance(items := block.get("itemListElement"), list):
                return [_step_name(item) for item in items]
        return []

    def _names(self, stated: Any) -> list[str]:
        people = stated if isinstance(stated, list) else [stated]
        found = []
        for person in map(self._followed, people[:20]):
            name = _first(person.get("name")) if isinstance(person, dict) else person
            if text := text_in(name):
                found.append(text)
        return found

    def _followed(self, stated: Any) -> Any:
        named = stated.get("@id") if isinstance(stated, dict) else None
        return {**self._named.get(named, {}), **stated} if isinstance(named, str) else stated


def text_in(value: Any) -> str:
    """Read a value as one line of plain text; empty where it is none."""
    return re.sub(r"\s+", " ", _unmarked(value)).strip() if isinstance(value, str) else ""


def _blocks(tree: Any) -> Iterator[Record]:
    found = 0
    for node in tree.iter("script"):
        if "ld+json" not in (node.get("type") or ""):
            continue
        for block in _within(_loaded(node.text or ""), _DEEPEST):
            yield block
            found += 1
            if found == _MOST_BLOCKS:
                return


def _loaded(text: str) -> Any:
    bare = re.sub(
        r"\A\s*(?:<!--|(?://|/\*)\s*<!\[CDATA\[(?:\s*\*/)?)|(?:-->|(?://|/\*)\s*\]\]>(?:\s*\*/)?);?\s*\Z", "", text
    )
    # A comma too many is the commonest mistake.
    for attempt in (bare, re.sub(r",(\s{0,200}[}\]])", r"\1", bare).strip().rstrip(";")):
        try:
            return json.loads(attempt, strict=False)
        except (ValueError, RecursionError):
            continue
    return None


def _within(raw: Any, deepest: int) -> Iterator[Record]:
    """Give every block: of a list, of a graph, and what is the page's main thing."""
    if deepest == 0:
        return
    if isinstance(raw, list):
        for part in raw[:_MOST_BLOCKS]:
            yield from _within(part, deepest - 1)
    elif isinstance(raw, dict):
        if len(raw) > 1 or "@graph" not in raw:
            yield raw
        for name in ("@graph", "mainEntity", "author", "creator", "publisher"):
            if isinstance(raw.get(name), list | dict):
                yield from _within(raw[name], deepest - 1)


def _is(block: Record, kinds: frozenset[str]) -> bool:
    stated = block.get("@type")
    named = stated if isinstance(stated, list) else [stated]
    return any(isinstance(kind, str) and kind.rpartition("/")[2] in kinds for kind in named)


def _fullness(block: Record) -> int:
    wanted = (
        "headline",
        "datePublished",
        "author",
        "image",
        "publisher",
        "description",
        "mainEntityOfPage",
        "articleBody",
    )
    return sum(bool(block.get(name)) for name in wanted)


def _first(stated: Any) -> Any:
    return (stated[0] if stated else None) if isinstance(stated, list) else stated


def _step_name(item: Any) -> str:
    if not isinstance(item, dict):
        return ""
    inner = item.get("item")
    return text_in(item.get("name")) or (text_in(inner.get("name")) if isinstance(inner, dict) else "")


def _unmarked(text: str) -> str:
    if "<" not in text and "&" not in text:
        return text
    try:
        return str(etree.HTML(f"<p>{text}</p>").xpath("string()"))
    except (etree.ParserError, ValueError, AttributeError):
        return text
