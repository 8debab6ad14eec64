"""Who wrote it, when, and under which headline: what a page states, and what it only shows."""

import json
import time
from datetime import datetime

import pytest
from trafilatura.utils import load_html

from alerts.content.untrusted import dates
from alerts.content.untrusted.metadata import Metadata
from alerts.content.untrusted.pages import extract

TEXT = "<p>The ferry with 214 people aboard ran aground off Port Ellery at dawn, and four lifeboats went out to it.</p>"
TITLE = "Ferry runs aground off Port Ellery"


def facts(
    head: str = "",
    body: str = "",
    *,
    linked: object = None,
    url: str = "https://www.courier.example/x",
    h1: str = TITLE,
) -> Metadata:
    script = f'<script type="application/ld+json">{json.dumps(linked)}</script>' if linked is not None else ""
    page = (
        f'<html lang="en"><head><title>{TITLE} | The Courier</title>'
        f'<meta property="og:site_name" content="The Courier">{head}{script}</head>'
        f'<body><nav><a href="/">Home</a></nav><h1>{h1}</h1>{body}{TEXT * 3}'
        '<div class="comments"><span class="author">By Angry Reader</span><time datetime="2031-01-01">x</time></div>'
        '<aside class="related"><a rel="author" href="/a">Other Person</a></aside></body></html>'
    )
    return Metadata(load_html(page), url, latest="2026-12-01")


PERSON = {"@type": "Person", "name": "Ida Fenwick"}


@pytest.mark.parametrize(
    ("linked", "authors"),
    [
        ({"@type": "NewsArticle", "author": PERSON}, ["Ida Fenwick"]),
        ({"@type": ["Article", "NewsArticle"], "author": [PERSON, {"name": "Tom Oake"}]}, ["Ida Fenwick", "Tom Oake"]),
        ([{"@type": "WebSite"}, {"@type": "https://schema.org/NewsArticle", "author": "Ida Fenwick"}], ["Ida Fenwick"]),
        (
            {"@graph": [{"@type": "NewsArticle", "author": {"@id": "#ida"}}, {"@id": "#ida", **PERSON}]},
            ["Ida Fenwick"],
        ),
        ({"@type": "WebPage", "mainEntity": {"@type": "Article", "author": {"name": ["Ida Fox"]}}}, ["Ida Fox"]),
        ({"@type": "NewsArticle", "author": "Ida Fenwick and Tom Oake"}, ["Ida Fenwick", "Tom Oake"]),
        ({"@type": "NewsArticle", "author": [None, 7, {"name": {}}]}, []),
    ],
)  # fmt: skip
def test_authors_in_linked_data_of_every_shape(linked: object, authors: list[str]) -> None:
    assert facts(linked=linked).authors == authors


@pytest.mark.parametrize(
    ("body", "authors"),
    [
        ("<address>By <a href='/staff/ida'>Ida Fenwick</a></address>", ["Ida Fenwick"]),
        ("<p class='byline'>By Ida Fenwick and Tom Oake, Courier staff</p>", ["Ida Fenwick", "Tom Oake"]),
        ("<span class='author-name'>Ida Fenwick</span>", ["Ida Fenwick"]),
        ("<div><span>Autor: </span><a href='/ida'>Ida Fenwick</a></div>", ["Ida Fenwick"]),
        ("<div><h4>Autorin</h4><p>Ida Fenwick</p></div>", ["Ida Fenwick"]),
        ("<p>Par Ida Fenwick, le 3 mai 2026</p>", ["Ida Fenwick"]),
        ("<p>Por Ida Fenwick | 3 de mayo de 2026</p>", ["Ida Fenwick"]),
        ("<p>Von Ida Fenwick · 3. Mai 2026</p>", ["Ida Fenwick"]),
        ("<span>Posted by Ida Fenwick on May 3, 2026</span>", ["Ida Fenwick"]),
        ("<span itemprop='author'><b itemprop='name'>Ida Fenwick</b>, harbour reporter</span>", ["Ida Fenwick"]),
        ("<a rel='author' href='/ida'>View all posts by Ida Fenwick</a>", ["Ida Fenwick"]),
        ("<p>By land and sea they came to help the ferry off the rocks, and nobody was hurt in the end of it.</p>", []),
        ("<p>By noon on Tuesday</p>", []),
        ("", []),
    ],
)
def test_authors_that_the_page_only_shows(body: str, authors: list[str]) -> None:
    assert facts(body=body).authors == authors


def test_a_person_beats_the_sites_own_name_and_a_login() -> None:
    shown = "<span class='byline'>By Ida Fenwick</span>"
    for stated in ("The Courier", "admin", "newsdesk", "ifenwick"):
        assert facts(f'<meta name="author" content="{stated}">', shown).authors == ["Ida Fenwick"]
    assert facts('<meta name="author" content="The Courier">').authors == ["The Courier"]
    assert facts('<meta name="author" content="The Courier - Ida Fenwick">').authors == ["Ida Fenwick"]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-11-03T09:30:00Z", "2026-11-03T09:30:00+00:00"),
        ("2026-11-03T09:30:00 UTC", "2026-11-03T09:30:00+00:00"),
        ("2026-11-03T09:30+01:00", "2026-11-03T09:30:00+01:00"),
        ("Tue, 03 Nov 2026 09:30:00 GMT", "2026-11-03T09:30:00+00:00"),
        ("Tue Nov 03 2026 09:30:00 GMT+0100 (Central European Standard Time)", "2026-11-03T09:30:00+01:00"),
        ("November 3, 2026 at 2:05 pm", "2026-11-03T14:05:00"),
        ("3 November 2026", "2026-11-03"),
        ("3rd of November, 2026", "2026-11-03"),
        ("3. November 2026, 09:30 Uhr", "2026-11-03T09:30:00"),
        ("le 3 novembre 2026 à 9h30", "2026-11-03T09:30:00"),
        ("1er février 2026", "2026-02-01"),
        ("3 de noviembre de 2026", "2026-11-03"),
        ("03.11.2026", "2026-11-03"),
        ("03.11.26", "2026-11-03"),
        ("13/11/2026", "2026-11-13"),
        ("2026/11/03", "2026-11-03"),
        ("", ""),
        ("31.02.2026", ""),
        ("Room 12", ""),
        ("at 12:30", ""),
    ],
)
def test_dates_however_they_are_written(written: str, read: str) -> None:
    assert dates.read(written, language="en-GB") == read


def test_an_american_page_puts_the_month_first() -> None:
    assert dates.read("11/03/2026", language="en-US") == "2026-11-03"
    assert dates.read("11/03/2026", language="en-GB") == "2026-03-11"


def test_the_day_for_which_most_speaks_is_taken_and_of_it_the_exact_time() -> None:
    shown = '<time datetime="2026-11-03">3 November</time>'
    assert facts(body=shown).published == "2026-11-03"
    stated = '<meta property="article:published_time" content="2026-11-03T21:30:00-05:00">'
    assert facts(stated, shown).published == "2026-11-03T21:30:00-05:00"
    # In UTC it is the next day already: the page shows its own.
    in_utc = '<meta property="article:published_time" content="2026-11-04T02:30:00Z">'
    assert datetime.fromisoformat(facts(in_utc, shown).published) == datetime.fromisoformat("2026-11-04T02:30:00+00:00")
    url = "https://www.courier.example/2026/11/03/ferry"
    wrong = '<meta name="date" content="2026-01-01">'
    assert facts(wrong, shown, url=url).published == "2026-11-03"
    # What is to come is no publication; what stands in comments is not the article's.
    assert facts(body='<time datetime="2027-05-01">Festival</time>').published == ""
    assert facts().published == ""


def test_an_update_is_no_publication() -> None:
    metadata = facts(body="<p class='date'>Updated: 5 November 2026</p><p class='date'>Published: 3 November 2026</p>")
    assert metadata.published == "2026-11-03"
    stated = facts(
        linked={"@type": "NewsArticle", "datePublished": "2026-11-03", "dateModified": "2026-11-05T10:00:00Z"}
    )
    assert (stated.published, stated.updated) == ("2026-11-03", "2026-11-05T10:00:00+00:00")


def test_a_logo_is_no_headline() -> None:
    logo = '<h1><a href="/">The Courier of Ellery</a></h1>'
    page = f"<html><head><title>x</title></head><body>{logo}<h1>Two hurt</h1></body></html>"
    assert Metadata(load_html(page), "https://courier.example/1").titles[0] == "Two hurt"


def test_the_address_it_calls_its_own_is_of_the_same_owner_and_no_front_page() -> None:
    def canonical(named: str, url: str) -> str:
        return facts(f'<link rel="canonical" href="{named}">', url=url).canonical

    mine = "https://amp.courier.co.uk/x"
    assert canonical("https://www.courier.co.uk/news/x", mine) == "https://www.courier.co.uk/news/x"
    assert canonical("/news/x", mine) == "https://amp.courier.co.uk/news/x"
    for foreign in ("https://other.co.uk/news/x", "https://www.courier.co.uk/", "javascript:alert(1)"):
        assert canonical(foreign, mine) == ""
    assert canonical("https://b.wordpress.com/x", "https://a.wordpress.com/x") == ""


def test_a_picture_with_caption_and_credit() -> None:
    stated = {"url": "https://c.example/f.jpg", "caption": "The ferry", "creditText": "Ida Fenwick"}
    image = facts(linked={"@type": "NewsArticle", "image": [stated]}).image
    assert image == {"url": "https://c.example/f.jpg", "alt": "", "caption": "The ferry", "credit": "Ida Fenwick"}
    figure = (
        '<figure><img src="/i/f.jpg" alt="A ferry"><figcaption>The ferry at dawn '
        '<span class="credit">Tom Oake</span></figcaption></figure>'
    )
    shown = facts('<meta property="og:image" content="https://c.example/i/f.jpg?w=9">', figure).image
    assert shown is not None
    assert (shown["alt"], shown["caption"], shown["credit"]) == ("A ferry", "The ferry at dawn", "Tom Oake")


def test_navigation_and_hidden_words_are_no_text() -> None:
    related = "<ul><li><a href='/1'>Ten ferries you will love</a></li><li><a href='/2'>More on the sea</a></li></ul>"
    shown = "<a href='/p'>Jan Oke</a><span class='tooltip'>Jan Oke: all stories</span>"
    popup = f"<p>The master, {shown}, was the last to leave.</p>"
    points = (
        "<ul><li>Nobody was hurt, <a href='/c'>the coastguard</a> says.</li><li>The ferry sails again in May.</li></ul>"
    )
    body = f"<html><head><title>{TITLE}</title></head><body><article><h1>{TITLE}</h1>{TEXT * 2}{popup}{points}{related}"
    found = extract((body + f"{TEXT}</article></body></html>").encode(), "https://courier.example/x", "text/html")
    text = " ".join(found["paragraphs"])
    assert "Ten ferries" not in text
    assert "all stories" not in text
    assert "Jan Oke, was the last to leave" in text
    assert "the coastguard says" in text


@pytest.mark.parametrize(
    "hostile",
    [
        "<span class=byline>By </span>" * 3000,
        "<div itemprop=author>" * 3000 + "x",
        "<time>" + "1 " * 30_000 + "</time>",
        f"<div class='{'date ' * 20_000}'>x</div>",
        f"<h1>{TITLE}</h1>" * 3000,
        "<a href=/>" * 3000 + f"<h1>{TITLE}</h1>",
    ],
)
def test_a_page_that_means_to_be_slow_is_read_in_its_time(hostile: str) -> None:
    started = time.process_time()
    facts(f'<meta name=author content="{"https://" * 20_000}, a and ">', hostile).record()
    assert time.process_time() - started < 5
