"""What a page says of itself: JSON-LD, OpenGraph, meta tags, breadcrumb. Runs in the guarded worker."""

import re
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from alerts.content.untrusted import bylines, dates
from alerts.content.untrusted.layout import Layout
from alerts.content.untrusted.linked import Linked
from alerts.content.untrusted.markup import address

Tree = Any
_HOME = re.compile(r"^(home|start(seite)?|accueil|inicio|news|front ?page|الرئيسية)$", re.IGNORECASE)
_AUTHOR_NAMES = (
    "author article:author og:article:author parsely-author sailthru.author byl dc.creator dc.creator.name "
    "dcterms.creator citation_author cxenseparse:author rbauthors article.author authors author-name creator"
)
_AUTHOR_METAS = tuple(_AUTHOR_NAMES.split())
#: exact instants of publication, then what may only be a day
_DATE_NAMES = (
    "article:published_time og:article:published_time article:published parsely-pub-date sailthru.date "
    "cxenseparse:recs:publishtime datepublished og:pubdate publish-date publish_date published_time pubdate "
    "dc.date.issued dcterms.issued dc.date dcterms.date dcterms.created dc.date.created citation_publication_date "
    "citation_date article.published originalpublicationdate date date.issued lastpublished rbpubdate"
)
_DATE_METAS = tuple(_DATE_NAMES.split())
_CHANGE_METAS = (
    "article:modified_time",
    "og:updated_time",
    "dcterms.modified",
    "last-modified",
    "datemodified",
    "revised",
)


_FACT_NAMES = "titles site standfirst canonical section authors published updated language image captions agency walled"
_FACTS = tuple(_FACT_NAMES.split())


class Metadata:
    """The facts of one page, each from the best place that has it. `latest`: no day after it is believed."""

    def __init__(self, tree: Tree, url: str, *, latest: str = "") -> None:
        self._tree = tree
        self._url = url
        self._latest = latest
        self._metas = _metas(tree)
        self._linked = Linked(tree)

    def meta(self, *names: str) -> str:
        """Read the first meta tag of these names that says something."""
        return next((self._metas[name][0] for name in names if self._metas.get(name)), "")

    def record(self) -> dict[str, Any]:
        """Give every fact by name."""
        return {name: getattr(self, name) for name in _FACTS}

    @cached_property
    def titles(self) -> list[str]:
        """Headlines, the most trustworthy first."""
        heading = self._layout.headline
        shown = _squeeze(heading.text_content()) if heading is not None else ""
        stated, page = self._stated_titles[:-1], self._stated_titles[-1]
        return [title for title in (*stated, shown, page) if title]

    @cached_property
    def _stated_titles(self) -> list[str]:
        page = _squeeze(self._tree.findtext(".//title") or "")
        return [self._linked.text("headline"), self.meta("og:title", "twitter:title"), page]

    @cached_property
    def site(self) -> str:
        """The name of the site."""
        publisher = next(iter(self._linked.names("publisher")[0]), "")
        return self.meta("og:site_name", "application-name") or publisher

    @cached_property
    def _layout(self) -> Layout:
        return Layout(self._tree, self._stated_titles)

    @property
    def standfirst(self) -> str:
        """The publisher's own summary."""
        return self.meta("og:description", "description", "twitter:description") or self._linked.text("description")

    @property
    def canonical(self) -> str:
        """The address the page calls its own, if it is one of the same site and no front page."""
        for node in self._tree.iter("link"):
            if "canonical" in (node.get("rel") or "").lower().split():
                found: str = address(self._url, (node.get("href") or "").strip())
                if _same_site(found, self._url):
                    return found
        found = address(self._url, self.meta("og:url")) if self.meta("og:url") else ""
        return found if _same_site(found, self._url) else ""

    @property
    def section(self) -> str:
        """The part of the paper it stands in."""
        stated = self.meta("article:section", "og:article:section", "parsely-section", "cxenseparse:section")
        return stated or self._linked.text("articleSection") or self._breadcrumb()

    @cached_property
    def authors(self) -> list[str]:
        """Who wrote it: as the page says in data, else as it shows."""
        stated = self._linked.names("author", "creator")
        stated += [self._metas[name] for name in _AUTHOR_METAS if self._metas.get(name)]
        return bylines.choose(stated, self._layout, site=self.site)

    @property
    def agency(self) -> str:
        """The agency it came from, as far as the page says so in data."""
        organisations = self._linked.names("sourceOrganization", "isBasedOn", "provider")
        return next((name for names in organisations for name in names if name != self.site), "")

    @property
    def walled(self) -> bool:
        """Whether the page says that not everybody may read all of it."""
        return str(self._linked.article.get("isAccessibleForFree")).lower() == "false"

    @cached_property
    def published(self) -> str:
        """When it was published: the day for which most speaks."""
        language = self.language
        found = [
            dates.Claim(written=written, weight=weight)
            for text, weight in self._stated_dates()
            if (written := dates.read(text, language=language))
        ]
        found += dates.marked(self._layout, language=language)
        found += dates.shown(self._layout, language=language)
        found += dates.in_address(self._url)
        return dates.choose(found, latest=self._latest)

    def _stated_dates(self) -> list[tuple[str, float]]:
        named = [self.meta(name) for name in _DATE_METAS if self.meta(name)]
        first = [(text, 3.0) for text in named[:1]]
        return [
            (self._linked.text("datePublished"), 3.0),
            *first,
            *((text, 1.0) for text in named[1:3]),
            (self._linked.text("dateCreated"), 1.0),
            # A page that states nothing but its last change was published no later.
            *((self.meta(name), 0.3) for name in _CHANGE_METAS),
        ]

    @property
    def updated(self) -> str:
        """When it was last changed, as stated."""
        stated = [self._linked.text("dateModified"), *(self.meta(name) for name in _CHANGE_METAS)]
        return next((written for text in stated if (written := dates.read(text, language=self.language))), "")

    @cached_property
    def language(self) -> str:
        """The language it is written in, as stated."""
        root = self._tree.getroottree().getroot()
        return (
            str(root.get("lang") or "") or self.meta("content-language", "og:locale") or self._linked.text("inLanguage")
        )

    @property
    def image(self) -> dict[str, str] | None:
        """Its main picture; caption and credit where the page shows or states them."""
        stated = self._linked.picture()
        shown = self.meta("og:image:secure_url", "og:image", "og:image:url", "twitter:image", "twitter:image:src")
        url = address(self._url, shown or stated["url"])
        if not re.match(r"https?://", url):
            return None
        found = {"url": url, "alt": self.meta("og:image:alt", "twitter:image:alt"), "caption": "", "credit": ""}
        if not shown or _same_picture(address(self._url, stated["url"]), url):
            found |= {"caption": stated.get("caption", ""), "credit": stated.get("credit", "")}
        for figure in self._tree.iter("figure"):
            image = figure.find(".//img")
            if image is not None and _same_picture(address(self._url, image.get("src") or ""), url):
                found["alt"] = found["alt"] or (image.get("alt") or "").strip()
                caption, credit = _caption(figure)
                found |= {"caption": caption or found["caption"], "credit": credit or found["credit"]}
                break
        return found

    @property
    def captions(self) -> list[str]:
        """Every caption of the page, so that cleaning knows them when it meets them in the text."""
        return [text for node in self._tree.iter("figcaption") if (text := _squeeze(node.text_content()))][:100]

    def _breadcrumb(self) -> str:
        """Read the last step of a breadcrumb before the article itself."""
        if steps := self._linked.steps():
            return _last_step(steps)
        for node in self._tree.iterfind(".//*[@class]"):
            if re.search(r"\bbread-?crumbs?\b", node.get("class"), re.IGNORECASE):
                return _last_step([_squeeze(link.text_content()) for link in node.iter("a")])
        return ""


def _caption(figure: Tree) -> tuple[str, str]:
    """Read caption and credit of a figure; the credit where it is marked."""
    node = figure.find(".//figcaption")
    if node is None:
        return "", ""
    text = _squeeze(node.text_content())
    for inner in node.iter():
        if isinstance(inner.tag, str) and re.search(
            r"credit|copyright|source", inner.get("class") or "", re.IGNORECASE
        ):
            credit = _squeeze(inner.text_content())
            if credit and credit != text:
                return text.replace(credit, "").strip(" |/–-"), credit
    return text, ""


def _metas(tree: Tree) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for node in tree.iter("meta"):
        name = (node.get("property") or node.get("name") or node.get("http-equiv") or "").strip().lower()
        content = _squeeze(node.get("content") or "")
        if name and content and len(found.setdefault(name, [])) < 10:
            found[name].append(content)
    return found


def _last_step(names: list[str]) -> str:
    steps = [name for name in names if name and not _HOME.match(name) and len(name) <= 40]
    return steps[-1] if steps else ""


def _same_site(found: str, url: str) -> bool:
    if not re.match(r"https?://", found):
        return False
    mine, theirs = urlsplit(url).hostname or "", urlsplit(found).hostname or ""
    return (not mine or _registered(mine) == _registered(theirs)) and urlsplit(found).path not in {"", "/"}


#: under these everybody has a site of his own
_SHARED = re.compile(
    r"(?:blogspot|wordpress|github|gitlab|substack|medium|tumblr|wixsite|weebly|squarespace|netlify|vercel|pages|"
    r"cloudfront|amazonaws|herokuapp|appspot|typepad|livejournal|over-blog)\.\w{2,3}$"
)


def _registered(host: str) -> str:
    """Reduce a host to the part that its owner registered: `www.courier.co.uk` → `courier.co.uk`."""
    labels = host.lower().rstrip(".").split(".")
    country = (
        len(labels) > 2 and len(labels[-1]) == 2 and re.fullmatch("(?:co|com|org|net|gov|gob|ac|edu|or|ne)", labels[-2])
    )
    if country or _SHARED.search(host):
        return ".".join(labels[-3:])
    return host if re.fullmatch(r"[\d.]+", host) else ".".join(labels[-2:])


def _same_picture(one: str, other: str) -> bool:
    return urlsplit(one).path.rpartition("/")[2] == urlsplit(other).path.rpartition("/")[2]


def _squeeze(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()
