"""Write what an outlet published as RSS 2.0, RSS 1.0, Atom or JSON Feed, and as the page of an article. Pure."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from email.utils import format_datetime
from html import escape

from tests.servers.press import Paper, Printed

#: A teaser ends after so many characters.
_TEASER = 150

_PAGE = """<!DOCTYPE html>
<html lang="{language}"><head><meta charset="utf-8"><title>{title} | {outlet}</title>
<link rel="canonical" href="{url}"><meta property="og:type" content="article">
<meta property="og:title" content="{title}"><meta property="og:site_name" content="{outlet}">{published}</head>
<body><header><a href="/">{outlet}</a><nav><ul><li><a href="/news">News</a></li><li><a href="/sport">Sport</a></li>
<li><a href="/subscribe">Subscribe</a></li></ul></nav></header>
<main><article><h1>{title}</h1>
{paragraphs}
</article></main>
<aside><h2>Most read</h2><ul><li><a href="/a">Where to park on market days</a></li></ul></aside>
<footer><p>Copyright {outlet}. All rights reserved.</p></footer></body></html>
"""


def feed(paper: Paper, printed: Sequence[Printed], *, base: str, at: datetime) -> tuple[bytes, str]:
    """Write a feed as it stands at an instant; return its bytes and its content type."""
    written: dict[str, tuple[Callable[[Paper, Sequence[Printed], str, datetime], str], str]] = {
        "rss": (_rss, "application/rss+xml; charset=utf-8"),
        "rdf": (_rdf, "application/rdf+xml; charset=utf-8"),
        "atom": (_atom, "application/atom+xml; charset=utf-8"),
        "json": (_json, "application/feed+json"),
    }
    write, content_type = written[paper.format]
    return write(paper, printed, base, at).encode(), content_type


def page(paper: Paper, printed: Printed, *, base: str) -> bytes:
    """Write an article's page."""
    published = (
        f'<meta property="article:published_time" content="{printed.published.isoformat()}">'
        if printed.published
        else ""
    )
    return _PAGE.format(
        language=paper.language,
        title=escape(printed.title),
        outlet=escape(paper.name),
        url=escape(base + printed.path),
        published=published,
        paragraphs=_paragraphs(printed),
    ).encode()


def _paragraphs(printed: Printed) -> str:
    return "\n".join(f"<p>{escape(paragraph, quote=False)}</p>" for paragraph in printed.paragraphs)


def _body(paper: Paper, printed: Printed) -> str:
    if not paper.teaser:
        return _paragraphs(printed)
    start = " ".join(printed.paragraphs)[:_TEASER].rpartition(" ")[0]
    return f'<p>{escape(start, quote=False)}… <a href="{printed.path}">Read more</a></p>'


def _renumbered(paper: Paper, at: datetime) -> bool:
    return paper.renumbered is not None and at >= paper.renumbered


def _link(paper: Paper, printed: Printed, base: str, at: datetime) -> str:
    tracking = "utm_source=cms2&utm_medium=feed&at_campaign=all" if _renumbered(paper, at) else "utm_source=rss"
    return f"{base}{printed.path}?{tracking}"


def _id(paper: Paper, printed: Printed, at: datetime) -> str:
    scheme = "node" if _renumbered(paper, at) else "article"
    return f"tag:{paper.name.replace(' ', '-').lower()},2026:{scheme}{printed.path.replace('/', '-')}"


def _rss(paper: Paper, printed: Sequence[Printed], base: str, at: datetime) -> str:
    items = []
    for one in printed:
        date = f"<pubDate>{format_datetime(one.published)}</pubDate>" if one.published else ""
        categories = "".join(f"<category>{escape(name)}</category>" for name in one.categories)
        items.append(
            f"<item><title>{escape(one.title)}</title><link>{escape(_link(paper, one, base, at))}</link>"
            f'<guid isPermaLink="false">{_id(paper, one, at)}</guid>{date}{categories}'
            f"<description>{escape(one.paragraphs[0])}</description>"
            f"<content:encoded>{escape(_body(paper, one))}</content:encoded></item>"
        )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>'
        f"<title>{escape(paper.name)}</title><link>{base}/</link><language>{paper.language}</language>"
        + "\n".join(items)
        + "</channel></rss>\n"
    )


def _rdf(paper: Paper, printed: Sequence[Printed], base: str, at: datetime) -> str:
    links = [escape(_link(paper, one, base, at)) for one in printed]
    items = [
        f'<item rdf:about="{link}"><title>{escape(one.title)}</title><link>{link}</link>'
        + (f"<dc:date>{one.published.isoformat()}</dc:date>" if one.published else "")
        + "".join(f"<dc:subject>{escape(name)}</dc:subject>" for name in one.categories)
        + f"<description>{escape(_body(paper, one))}</description></item>"
        for one, link in zip(printed, links, strict=True)
    ]
    order = "".join(f'<rdf:li rdf:resource="{link}"/>' for link in links)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f'<channel rdf:about="{base}/"><title>{escape(paper.name)}</title><link>{base}/</link>'
        f"<dc:language>{paper.language}</dc:language><items><rdf:Seq>{order}</rdf:Seq></items></channel>"
        + "\n".join(items)
        + "</rdf:RDF>\n"
    )


def _atom(paper: Paper, printed: Sequence[Printed], base: str, at: datetime) -> str:
    entries = []
    for one in printed:
        date = f"<published>{one.published.isoformat()}</published>" if one.published else ""
        changed = f"<updated>{one.changed.isoformat()}</updated>" if one.changed != one.at else ""
        kind = "summary" if paper.teaser else "content"
        entries.append(
            f"<entry><id>{_id(paper, one, at)}</id><title>{escape(one.title)}</title>"
            f'<link href="{escape(_link(paper, one, base, at))}"/>{date}{changed}'
            + "".join(f'<category term="{escape(name)}"/>' for name in one.categories)
            + f'<{kind} type="html">{escape(_body(paper, one))}</{kind}></entry>'
        )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{paper.language}">'
        f'<id>{base}/</id><title>{escape(paper.name)}</title><link href="{base}/"/>' + "\n".join(entries) + "</feed>\n"
    )


def _json(paper: Paper, printed: Sequence[Printed], base: str, at: datetime) -> str:
    items = [
        {
            "id": _id(paper, one, at),
            "url": _link(paper, one, base, at),
            "title": one.title,
            "content_html": _body(paper, one),
            "tags": list(one.categories),
            **({"date_published": one.published.isoformat()} if one.published else {}),
        }
        for one in printed
    ]
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": paper.name,
        "home_page_url": f"{base}/",
        "language": paper.language,
        "items": items,
    }
    return json.dumps(document, ensure_ascii=False)
