"""An editor brings the newsroom's feeds in and sees how they fare."""

import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.features.newsroom import Newsroom, wait_until
from tests.integration.polled import feed
from tests.servers.scripted_site import Answer, ScriptedSite, drip

_ALLOW = '\n[fetching]\nallow_private = ["127.0.0.1", "127.0.0.2"]\n'
_OPML = """<?xml version="1.0"?><opml version="2.0"><head><title>Ours</title></head><body>
<outline text="Coast"><outline text="News"><outline type="rss" text="Coast &amp; Quay" xmlUrl="{0}"/></outline>
<outline type="rss" text="Twice" xmlUrl="{0}/"/></outline>
<outline text="Known" xmlUrl="{1}"/><outline text="A folder"/><outline text="Trick" xmlUrl="file:///etc/passwd"/>
<outline text="Slip" xmlUrl="https://[host]/feed"/>
</body></opml>"""
_PAGE = """<!DOCTYPE html><html><head><title>Harwick</title>
<link rel="alternate" type="application/rss+xml" title="Harwick comments feed" href="/comments/feed">
<link type='application/rss+xml' href='feed.xml' rel='alternate home'></head><body>News</body></html>"""
_SITEMAP = """<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
 xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"><url><loc>https://herald.example/ferry</loc><news:news>
<news:publication><news:name>Herald</news:name><news:language>en</news:language></news:publication>
<news:publication_date>2026-03-02T09:00:00Z</news:publication_date><news:title>Ferry runs again</news:title>
</news:news></url></urlset>"""


@pytest.fixture
def site() -> Iterator[ScriptedSite]:
    with ScriptedSite() as opened:
        at = datetime.now(UTC) - timedelta(hours=2)
        opened.answers["/feed.xml"] = Answer(body=feed(("Ferry runs again", at)), etag='"1"')
        opened.answers["/comments/feed"] = Answer(body=feed(("Re: Ferry", at)))
        yield opened


def test_a_page_an_outline_and_a_news_sitemap_are_brought_in(newsroom: Newsroom, site: ScriptedSite) -> None:
    newsroom.configure(_ALLOW)
    site.answers["/"] = Answer(body=_PAGE.encode(), headers={"Content-Type": "text/html"})
    (page,) = newsroom.run("feeds", "add", site.url("/"), "--json").ok().json
    assert (page["url"], page["entries"]) == (site.url("/feed.xml"), 1), "not that of the comments"
    (newsroom.folder / "ours.opml").write_text(_OPML.format(site.url("/coast"), site.url("/feed.xml")))
    (coast,) = newsroom.run("feeds", "add", "ours.opml", "--json").ok().json
    assert (coast["outlet"], coast["url"]) == ("Coast & Quay", site.url("/coast"))
    newsroom.run("feeds", "add", "ours.opml").failed(3, "already in")
    site.answers["/sitemap.xml"] = Answer(body=_SITEMAP.encode())
    (sitemap,) = newsroom.run("feeds", "add", site.url("/sitemap.xml"), "--name", "Map", "--json").ok().json
    assert sitemap["entries"] == 1
    site.answers["/plain"] = Answer(body=b"<html><body>No feed here</body></html>")
    newsroom.run("feeds", "add", site.url("/plain")).failed(4, "is a web page, not a feed", "address of its feed")


def test_the_list_shows_how_each_feed_fares(newsroom: Newsroom, site: ScriptedSite) -> None:
    site.answers["/gone"] = Answer(status=410)
    outlets = "".join(
        f'[[outlets]]\nname = "{path[1:]}"\nfeeds = ["{site.url(path)}"]\n' for path in ("/feed.xml", "/gone", "/lost")
    )
    newsroom.configure(outlets + _ALLOW)
    assert "never" in newsroom.run("feeds", "list").ok().out
    newsroom.run("feeds", "fetch").ok()
    listed = newsroom.run("feeds", "list").ok().out
    assert "answered 404" in listed
    assert "in 4 min" in listed or "in 5 min" in listed
    by_name = {one["outlet"]: one for one in newsroom.run("feeds", "list", "--json").ok().json}
    assert [by_name[name]["health"] for name in ("feed.xml", "gone", "lost")] == ["ok", "gone", "failing"]
    assert by_name["feed.xml"]["state"]["entries"] == 1
    assert by_name["feed.xml"]["silent_for"] >= 0
    assert "no feed is due" in newsroom.run("feeds", "fetch", "--due").ok().out


def test_a_poll_that_is_stopped_waits_for_no_slow_feed(newsroom: Newsroom, site: ScriptedSite) -> None:
    site.answers["/slow"] = drip(30)
    newsroom.configure(f'[[outlets]]\nname = "Slow"\nfeeds = ["{site.url("/slow")}"]\n' + _ALLOW)
    running = newsroom.start("feeds", "fetch")
    wait_until(lambda: site.asked("/slow"))
    began = time.monotonic()
    running.send_signal(signal.SIGTERM)
    assert running.wait(10) == 130
    assert time.monotonic() - began < 4, "its own time-out is 10 s"
