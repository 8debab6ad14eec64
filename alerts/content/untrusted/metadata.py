"""What a page says of itself: JSON-LD, OpenGraph, meta tags, breadcrumb. Runs in the guarded worker."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin, urlsplit

from lxml import etree

Tree = Any
_ARTICLES = ("NewsArticle", "Article", "ReportageNewsArticle", "LiveBlogPosting", "BlogPosting", "AnalysisNewsArticle")
_HOME = re.compile(r"^(home|start(seite)?|accueil|inicio|news|front ?page|الرئيسية)$", re.IGNORECASE)


class Metadata:
    """The facts of one page, each from the best place that has it."""

    def __init__(self, tree: Tree, url: str) -> None:
        self._tree = tree
        self._url = url
        self._metas = _metas(tree)
        self._blocks = list(_json_ld(tree))
        self._article = next((block for block in self._blocks if _is_article(block)), {})

    def meta(self, *names: str) -> str:
        """Read the first meta tag of these names that says something."""
        return next((self._metas[name] for name in names if self._metas.get(name)), "")

    def record(self) -> dict[str, Any]:
        """Give every fact by name."""
        names = ("titles", "site", "standfirst", "canonical", "section", "authors", "published", "language", "image")
        return {**{name: getattr(self, name) for name in names}, "captions": self.captions}

    @property
    def titles(self) -> list[str]:
        """Headlines, the most trustworthy first."""
        first = self._tree.find(".//h1")
        heading = _squeeze(first.text_content()) if first is not None else ""
        page = _squeeze(self._tree.findtext(".//title") or "")
        named = [_text(self._article.get("headline")), self.meta("og:title", "twitter:title"), heading, page]
        return [title for title in named if title]

    @property
    def site(self) -> str:
        """The name of the site."""
        publisher = self._article.get("publisher")
        return self.meta("og:site_name", "application-name") or (
            _text(publisher.get("name")) if isinstance(publisher, dict) else ""
        )

    @property
    def standfirst(self) -> str:
        """The publisher's own summary."""
        return self.meta("og:description", "description", "twitter:description") or _text(
            self._article.get("description")
        )

    @property
    def canonical(self) -> str:
        """The address the page calls its own, if it is one of the same site and no front page."""
        for node in self._tree.iter("link"):
            if "canonical" in (node.get("rel") or "").lower().split():
                found: str = urljoin(self._url, (node.get("href") or "").strip())
                if _same_site(found, self._url):
                    return found
        found = urljoin(self._url, self.meta("og:url")) if self.meta("og:url") else ""
        return found if _same_site(found, self._url) else ""

    @property
    def section(self) -> str:
        """The part of the paper it stands in."""
        stated = self._article.get("articleSection")
        first = stated[0] if isinstance(stated, list) and stated else stated
        return self.meta("article:section", "og:article:section") or _text(first) or self._breadcrumb()

    @property
    def authors(self) -> list[str]:
        """Who wrote it, as far as the page says so in data."""
        stated = self._article.get("author")
        people = stated if isinstance(stated, list) else [stated]
        names = [_text(person.get("name") if isinstance(person, dict) else person) for person in people]
        written = self.meta("author", "article:author", "dc.creator", "parsely-author")
        return [name for name in map(_person, names) if _is_name(name)] or [
            name for name in [_person(written)] if _is_name(name)
        ]

    @property
    def published(self) -> str:
        """When it was published, as written."""
        stated = self.meta(
            "article:published_time", "og:article:published_time", "date", "dc.date", "pubdate", "parsely-pub-date"
        )
        return _text(self._article.get("datePublished")) or stated

    @property
    def language(self) -> str:
        """The language it is written in, as stated."""
        root = self._tree.getroottree().getroot()
        return (
            str(root.get("lang") or "")
            or self.meta("content-language", "og:locale")
            or _text(self._article.get("inLanguage"))
        )

    @property
    def image(self) -> dict[str, str] | None:
        """Its main picture; caption and credit where the page shows them."""
        url = urljoin(self._url, self.meta("og:image", "og:image:url", "twitter:image") or self._stated_image())
        if not re.match(r"https?://", url):
            return None
        found = {"url": url, "alt": self.meta("og:image:alt", "twitter:image:alt"), "caption": "", "credit": ""}
        for figure in self._tree.iter("figure"):
            image = figure.find(".//img")
            if image is not None and _same_picture(urljoin(self._url, image.get("src") or ""), url):
                caption = figure.find(".//figcaption")
                found["alt"] = found["alt"] or (image.get("alt") or "").strip()
                found["caption"] = _squeeze(caption.text_content()) if caption is not None else ""
                break
        return found

    @property
    def captions(self) -> list[str]:
        """Every caption of the page, so that cleaning knows them when it meets them in the text."""
        return [text for node in self._tree.iter("figcaption") if (text := _squeeze(node.text_content()))][:100]

    def _stated_image(self) -> str:
        stated = self._article.get("image")
        first = stated[0] if isinstance(stated, list) and stated else stated
        return _text(first.get("url") if isinstance(first, dict) else first)

    def _breadcrumb(self) -> str:
        """Read the last step of a breadcrumb before the article itself."""
        for block in self._blocks:
            if block.get("@type") == "BreadcrumbList" and isinstance(items := block.get("itemListElement"), list):
                return _last_step([_step_name(item) for item in items])
        for node in self._tree.iterfind(".//*[@class]"):
            if re.search(r"\bbread-?crumbs?\b", node.get("class"), re.IGNORECASE):
                return _last_step([_squeeze(link.text_content()) for link in node.iter("a")])
        return ""


def _metas(tree: Tree) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in tree.iter("meta"):
        name = (node.get("property") or node.get("name") or node.get("http-equiv") or "").strip().lower()
        content = _squeeze(node.get("content") or "")
        if name and content:
            found.setdefault(name, content)
    return found


def _json_ld(tree: Tree) -> Iterator[dict[str, Any]]:
    for node in tree.iter("script"):
        if "ld+json" not in (node.get("type") or ""):
            continue
        try:
            raw = json.loads(re.sub(r"^\s*(<!--|//<!\[CDATA\[)|(-->|//\]\]>)\s*$", "", node.text or ""), strict=False)
        except (ValueError, RecursionError):
            continue
        for block in raw if isinstance(raw, list) else [raw]:
            if isinstance(block, dict):
                graph = block.get("@graph")
                yield from (part for part in graph if isinstance(part, dict)) if isinstance(graph, list) else [block]


def _is_article(block: dict[str, Any]) -> bool:
    kinds = block.get("@type")
    return any(kind in _ARTICLES for kind in (kinds if isinstance(kinds, list) else [kinds]))


def _step_name(item: Any) -> str:
    if not isinstance(item, dict):
        return ""
    inner = item.get("item")
    return _text(item.get("name")) or (_text(inner.get("name")) if isinstance(inner, dict) else "")


def _last_step(names: list[str]) -> str:
    steps = [name for name in names if name and not _HOME.match(name) and len(name) <= 40]
    return steps[-1] if steps else ""


def _same_site(found: str, url: str) -> bool:
    if not re.match(r"https?://", found):
        return False
    mine, theirs = urlsplit(url).hostname or "", urlsplit(found).hostname or ""
    bare = [re.sub(r"^(www|m|mobile|amp|edition)\.", "", host) for host in (mine, theirs)]
    return (not mine or bare[0] == bare[1]) and urlsplit(found).path not in {"", "/"}


def _same_picture(one: str, other: str) -> bool:
    return urlsplit(one).path.rpartition("/")[2] == urlsplit(other).path.rpartition("/")[2]


def _person(text: str) -> str:
    """Take `By` and the role off a name: `By TOM KRISHER, AP Auto Writer`."""
    return re.sub(r"^by\s+|,\s+[^,]*\b(writer|reporter|editor|correspondent|staff)\b.*$", "", text, flags=re.IGNORECASE)


def _is_name(text: str) -> bool:
    return 2 <= len(text) <= 80 and "/" not in text and "@" not in text


def _text(value: Any) -> str:
    return _squeeze(_unmarked(value)) if isinstance(value, str) else ""


def _unmarked(text: str) -> str:
    if "<" not in text and "&" not in text:
        return text
    try:
        return str(etree.HTML(f"<p>{text}</p>").xpath("string()"))
    except (etree.ParserError, ValueError, AttributeError):
        return text


def _squeeze(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()
