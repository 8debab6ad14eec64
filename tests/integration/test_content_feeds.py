"""Feeds of every kind, and what is none, through the real guarded worker."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alerts.content.reading import feeds
from alerts.content.reading.articles import from_entry
from alerts.errors import ContentError
from alerts.guarded import GuardedFailure, Worker
from alerts.model import Image, Urgency

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker(cpu_seconds=5, deadline=10, processes=1) as running:
        yield running


def read(worker: Worker, text: str | bytes, url: str = "https://courier.example/feed") -> feeds.FeedReading:
    body = text.encode() if isinstance(text, str) else text
    return feeds.read(body, url=url, worker=worker)


RSS = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"
     xmlns:media="http://search.yahoo.com/mrss/" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>
<title>The Harbour Courier</title><language>en-GB</language><ttl>15</ttl>
<item>
  <title>Caf&eacute; bombing&nbsp;kills 3 &amp; hurts 5</title>
  <link>/world/cafe</link><guid isPermaLink="false">42</guid>
  <pubDate>Mon, 23 Nov 2026 10:00:00 +0100</pubDate>
  <dc:creator>Marta Lindqvist</dc:creator>
  <category>World</category><category>Breaking News</category>
  <description>Three people died. [&#8230;]</description>
  <content:encoded><![CDATA[<p>A <b>bomb</b> went off.</p><script>alert(1)</script>
    <figure><img src="/p.jpg"><figcaption>The café</figcaption></figure><p>Police<br>came.</p>]]></content:encoded>
  <media:content url="https://courier.example/p.jpg" medium="image"/><media:credit>Ida Fenwick</media:credit>
</item></channel></rss>"""


def test_rss_keeps_the_whole_headline_and_no_markup(worker: Worker) -> None:
    reading = read(worker, RSS)
    (entry,) = reading.entries
    assert (reading.title, reading.kind, reading.language) == ("The Harbour Courier", "rss20", "en")
    assert reading.ttl == timedelta(minutes=15)
    # A parser that stops at the entity makes “Caf” of this.
    assert entry.title == "Café bombing kills 3 & hurts 5"
    assert entry.url == "https://courier.example/world/cafe"
    assert entry.body == ("A bomb went off.", "Police came.")
    assert entry.authors == ("Marta Lindqvist",)
    assert entry.categories == ("World", "Breaking News")
    assert entry.published_at == datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    assert entry.image is not None
    assert (entry.image.url, entry.image.credit) == ("https://courier.example/p.jpg", "Ida Fenwick")
    assert entry.truncated
    assert entry.language == "en"


def test_atom(worker: Worker) -> None:
    (entry,) = read(
        worker,
        """<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title><entry><id>tag:1</id>
        <title type="html">Tides &lt;i&gt;rise&lt;/i&gt;</title><link rel="enclosure" href="/x.mp3"/><link href="/a"/>
        <published>2026-11-23T10:00:00+02:00</published><author><name>Jo</name></author><category term="sea"/>
        <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>High water.</p></div></content>
        </entry></feed>""",
    ).entries
    assert (entry.title, entry.url, entry.body or entry.summary) == (
        "Tides rise",
        "https://courier.example/a",
        ("High water.",),
    )
    assert entry.published_at == datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def test_json_feed(worker: Worker) -> None:
    item = {
        "id": 1,
        "url": "https://radio.example/1",
        "title": "Ferry 5 < 6 aground",
        "content_html": "<p>Fog.</p><p>Lifeboats.</p>",
        "date_published": "2026-11-23T10:00:00Z",
        "authors": [{"name": "Newsroom"}],
        "tags": ["Local"],
    }
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": "Radio", "items": [item, "nonsense"]}
    reading = read(worker, json.dumps(feed))
    (entry,) = reading.entries
    assert (reading.kind, entry.title, entry.body) == ("json", "Ferry 5 < 6 aground", ("Fog.", "Lifeboats."))
    assert entry.published_at == datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


def test_a_news_sitemap(worker: Worker) -> None:
    (entry,) = read(
        worker,
        """<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
        xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"><url><loc>https://courier.example/1</loc><news:news>
        <news:publication><news:name>C</news:name><news:language>en</news:language></news:publication>
        <news:publication_date>2026-11-23T10:00:00Z</news:publication_date><news:title>Ferry aground</news:title>
        <news:keywords>Sea, Port Ellery</news:keywords></news:news></url></urlset>""",
    ).entries
    assert (entry.url, entry.title, entry.categories) == (
        "https://courier.example/1",
        "Ferry aground",
        ("Sea", "Port Ellery"),
    )


def test_malformed_xml_is_recovered(worker: Worker) -> None:
    broken = RSS.replace("</channel></rss>", "").replace("went off.", "went off & on. \x02")
    assert read(worker, broken).entries[0].title == "Café bombing kills 3 & hurts 5"


def test_an_outline_of_feeds(worker: Worker) -> None:
    opml = b"""<opml version="2.0"><body><outline text="North"><outline title="Courier" type="rss"
        xmlUrl="https://courier.example/feed"/><outline text="No feed"/></outline></body></opml>"""
    assert feeds.outline(opml, worker) == [("Courier", "https://courier.example/feed")]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "is empty"),
        (b"just some text", "is not a feed"),
        (b"<html><body>Hello</body></html>", "is a web page, not a feed"),
        (b"\x89PNG\r\n\x1a\n\0\0", "is a binary file"),
        (b"{not json", "cannot be read"),
        (b'{"a": 1}', "no JSON Feed"),
        (b"[" * 100_000, "cannot be read"),
        (b"<urlset>", "without news"),
        (b'<!DOCTYPE urlset [<!ENTITY a "b">]><urlset><url>&a;</url></urlset>', "not well-formed"),
    ],
)
def test_what_is_no_feed_is_one_clear_line(worker: Worker, body: bytes, words: str) -> None:
    with pytest.raises(ContentError, match=words) as caught:
        read(worker, body)
    assert str(caught.value).startswith("https://courier.example/feed: ")
    assert "\n" not in str(caught.value)


def test_a_page_that_names_its_feed_is_a_hint(worker: Worker) -> None:
    page = '<!doctype html><html><head><link rel="alternate" type="application/rss+xml" href="/rss.xml"></head></html>'
    with pytest.raises(ContentError) as caught:
        read(worker, page)
    assert "https://courier.example/rss.xml" in caught.value.hint


def test_entities_read_no_files_and_do_not_explode(worker: Worker) -> None:
    thief = """<?xml version="1.0"?><!DOCTYPE r [<!ENTITY f SYSTEM "file:///etc/hostname"><!ENTITY a "aaaaaaaaaa">
        <!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>
        <rss version="2.0"><channel><item><title>x &f; &c;</title><link>https://e.example/</link></item></channel></rss>"""
    try:
        found = read(worker, thief).entries
    except ContentError:
        return
    assert all(len(entry.title) < 5000 for entry in found)
    name = Path("/etc/hostname").read_text().strip()
    assert not name or all(name not in entry.title for entry in found)


def test_a_feed_that_takes_for_ever_is_given_up_and_others_go_on() -> None:
    with Worker(cpu_seconds=1, deadline=20, processes=1) as strict:
        began = time.monotonic()
        endless = b"<rss version='2.0'><channel>" + b"<item><title>a</title></item>" * 40_000
        with pytest.raises(GuardedFailure, match="computing time"):
            feeds.read(endless, url="https://slow.example/feed", worker=strict)
        assert time.monotonic() - began < 20
        assert read(strict, RSS).entries


HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "<svg><script>alert(1)</script></svg>",
    "<iframe src='https://evil.example'></iframe>",
    "<style>*{x:expression(alert(1))}</style>",
    "<math><mi//xlink:href='data:x,<script>alert(4)</script>'>",
)


@pytest.mark.parametrize("payload", HOSTILE)
def test_no_markup_leaves_the_content_room(worker: Worker, payload: str) -> None:
    feed = RSS.replace("Three people died.", f"<![CDATA[{payload}<p>Three died.</p>]]>").replace("<b>bomb</b>", payload)
    (entry,) = read(worker, feed).entries
    article = from_entry(entry, outlet="Courier", feed="f", now=NOW)
    assert article is not None
    printed = " ".join([article.title, article.standfirst, *article.paragraphs, *article.authors, article.url])
    assert "<" not in printed
    assert "javascript:" not in printed
    assert "expression(" not in printed


WIRE = """<?xml version="1.0"?><rss version="2.0" xmlns:nitf="http://iptc.org/nitf" xmlns:prism="http://prism.example"
 xmlns:media="http://search.yahoo.com/mrss/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0"><channel><title>Wire</title>
<item><title>Flash</title><link>https://c.example/1</link><nitf:urgency ed-urg="1"/></item>
<item><title>Bulletin</title><link>https://c.example/2</link><prism:urgency>2</prism:urgency></item>
<item><title>Usual</title><link>https://c.example/3</link><category domain="http://iptc.example/urgency">4</category></item>
<item><title>Signed</title><link>https://p.example/~r/4</link><feedburner:origLink>https://c.example/4</feedburner:origLink>
  <dc:source>Reuters</dc:source><description>The ferry sails again.</description>
  <media:content url="https://c.example/small.jpg" medium="image" width="90"/>
  <media:content url="https://c.example/large.jpg" medium="image" width="900"><media:credit>Ida</media:credit>
  <media:description>A ferry at dawn. It is long gone from the quay by now.</media:description></media:content></item>
<item><description>No headline, only this.</description><guid>x</guid></item><item/></channel></rss>"""


def test_what_an_agency_says_of_its_texts(worker: Worker) -> None:
    reading = read(worker, WIRE)
    made = [from_entry(entry, outlet="Courier", feed="f", now=NOW) for entry in reading.entries]
    assert [entry.urgency for entry in reading.entries] == [1, 2, 4, None, None, None]
    assert [article.urgency for article in made[:3] if article] == [Urgency.FLASH, Urgency.ALERT, None]
    signed = made[3]
    assert signed is not None
    assert (signed.agency, signed.url) == ("Reuters", "https://c.example/4")
    # A picture's caption is not the article's text, and the largest picture is the picture.
    assert signed.paragraphs == ("The ferry sails again.",)
    assert signed.image is not None
    assert (signed.image.url, signed.image.credit) == ("https://c.example/large.jpg", "Ida")
    assert signed.image.caption.startswith("A ferry at dawn.")
    assert made[4] is not None
    assert made[4].title == "No headline, only this."
    assert made[5] is None


def test_home_made_prefixes_and_broken_sitemaps_are_read(worker: Worker) -> None:
    item = "<rss:item><rss:title>Ferry</rss:title><rss:link>/x</rss:link></rss:item>"
    body = f"<rss:rss><rss:channel>{item}</rss:channel></rss:rss>"
    (entry,) = read(worker, body).entries
    assert (entry.title, entry.url) == ("Ferry", "https://courier.example/x")
    broken = (
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"><url><loc>https://c.example/a?b&c=1</loc>'
        "<news:news><news:title>Fish & chips</news:title></news:news></url>"
    )
    (entry,) = read(worker, broken).entries
    assert entry.title.startswith("Fish")


def test_a_server_that_lies_about_the_encoding_spoils_nothing(worker: Worker) -> None:
    body = "<rss version='2.0'><channel><item><title>Café brûlé à Pôrt</title></item></channel></rss>"
    for stated in ("text/xml; charset=iso-8859-1", "text/xml", "text/html", "application/rss+xml; charset=nonsense"):
        reading = feeds.read(body.encode(), url="https://c.example/f", content_type=stated, worker=worker)
        assert reading.entries[0].title == "Café brûlé à Pôrt"
    latin = feeds.read(
        body.encode("cp1252"), url="https://c.example/f", content_type="text/xml; charset=iso-8859-1", worker=worker
    )
    assert latin.entries[0].title == "Café brûlé à Pôrt"


def test_a_summary_that_ends_within_a_sentence_was_cut(worker: Worker) -> None:
    cut = (
        "The ferry with 214 people aboard ran aground off Port Ellery at dawn on Tuesday, "
        "and four lifeboats from three stations went out to help the crew of"
    )
    item = "<item><title>Ferry</title><description>{}</description></item>"
    items = item.format(cut) + item.format("Ferry aground. Four boats help.")
    first, second = read(worker, f"<rss version='2.0'><channel>{items}</channel></rss>").entries
    made = [from_entry(entry, outlet="Courier", feed="f", now=NOW) for entry in (first, second)]
    assert [article.truncated for article in made if article] == [True, False]


def test_an_address_that_is_none_costs_an_entry_its_picture_and_the_feed_nothing(worker: Worker) -> None:
    bad = "https://[image-host]/a.jpg"
    items = (
        f"<item><title>One</title><link>/1</link><media:content url='{bad}'/></item>"
        f"<item><title>Two</title><link>/2</link><enclosure url='{bad}' type='image/jpeg'/></item>"
        f"<item><title>Three</title><link>/3</link><description>&lt;img src='{bad}'&gt; Words.</description></item>"
        "<item><title>Four</title><link>https://[host]/4</link></item>"
    )
    media = "xmlns:media='http://search.yahoo.com/mrss/'"
    found = read(worker, f"<rss version='2.0' {media}><channel>{items}</channel></rss>").entries
    assert [(entry.title, entry.image) for entry in found] == [(word, None) for word in ("One", "Two", "Three", "Four")]
    assert found[0].url == "https://courier.example/1"
    told = {"items": [{"title": "One", "url": "https://[host]/1", "image": bad}, {"title": "Two", "url": "/2"}]}
    one, two = read(worker, json.dumps(told)).entries
    assert (one.url, one.image, two.url) == ("", None, "https://courier.example/2")


def test_a_caption_of_a_thousand_dots_is_read_at_once() -> None:
    began = time.process_time()
    for _ in range(100):
        feeds.split_credit(Image(url="https://c.example/a.jpg", caption=". " * 499))
    assert time.process_time() - began < 1.0
    split = feeds.split_credit(Image(url="https://c.example/a.jpg", caption="A ferry. (Photograph: Ida Fenwick)"))
    assert (split.caption, split.credit) == ("A ferry.", "Ida Fenwick")
