"""An article is one, whoever lists it and however many come at once; and it is its own outlet's."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.content.clusters import copies
from alerts.content.reading.articles import make
from alerts.desk import identity
from alerts.model import Article, NoticeKind
from tests.integration.newsdesk import MONDAY, Hands, open_newsroom
from tests.integration.polled import Polling, feed, polling
from tests.servers.scripted_site import Answer, ScriptedSite

OLD = MONDAY - timedelta(hours=30)
QUAKE = "Earthquake kills two in Tarnmouth"
HOAX = "A rival says that the quake the Herald told of never happened, and names nobody who could know."


@pytest.fixture
def site() -> Iterator[ScriptedSite]:
    with ScriptedSite() as opened:
        yield opened


@pytest.fixture
def room(tmp_path: Path, site: ScriptedSite) -> Iterator[Polling]:
    """Ours on one host; a rival that is watched on another, and lists whatever it likes."""
    rival = site.url("/rival").replace("127.0.0.1", "127.0.0.2")
    more = f'[[outlets]]\nname = "Rival"\nrelation = "watched"\nfeeds = ["{rival}"]\n[breaking]\nreview_score = 1.0'
    site.answers["/ours"] = Answer(body=feed(("Ferry runs again", OLD)))
    site.answers["/rival"] = Answer(body=feed(("Pear harvest is late", OLD), at="rival.example"))
    with polling(tmp_path, site, site.url("/ours"), more=more) as opened:
        opened.poll()
        yield opened


def of_quake(room: Polling) -> list[tuple[str, str]]:
    return [(one.outlet, one.title) for one in room.articles() if one.url.endswith("/quake")]


def listed(title: str, text: str = "", *, minutes: float = 1) -> bytes:
    """List the quake under our address."""
    body = feed((title, MONDAY + timedelta(minutes=minutes)), at="herald.example/a", text=text)
    return body.replace("-".join(title.lower().split()).encode(), b"quake")


def test_a_rival_that_lists_our_article_does_not_put_its_words_under_it(room: Polling, site: ScriptedSite) -> None:
    site.answers["/ours"] = Answer(body=listed(QUAKE))
    room.poll(minutes=7)
    site.answers["/rival"] = Answer(body=listed("Quake was a hoax", HOAX))
    for _ in range(3):
        room.poll(minutes=20)
        assert of_quake(room) == [("Outlet 1", QUAKE)]
    assert room.drafts() == [QUAKE]


@pytest.mark.parametrize("text", ["", HOAX])
def test_an_article_that_an_aggregator_listed_first_becomes_ours(room: Polling, site: ScriptedSite, text: str) -> None:
    site.answers["/rival"] = Answer(body=listed(QUAKE, text))
    room.poll(minutes=7)
    assert of_quake(room) == [("Rival", QUAKE)]
    assert room.drafts() == []
    site.answers["/ours"] = Answer(body=listed(QUAKE))
    room.poll(minutes=20)
    assert of_quake(room) == [("Outlet 1", QUAKE)]
    assert room.drafts() == [QUAKE]
    assert HOAX not in str(room.desk.store.ledger.editions(limit=5))


def test_both_at_once_is_ours(room: Polling, site: ScriptedSite) -> None:
    site.answers["/ours"], site.answers["/rival"] = Answer(body=listed(QUAKE)), Answer(body=listed("A hoax", HOAX))
    room.poll(minutes=7)
    assert of_quake(room) == [("Outlet 1", QUAKE)]
    assert room.told(NoticeKind.NOT_OURS_YET) == []


def test_who_owns_the_address_owns_the_article_even_before_ours(tmp_path: Path) -> None:
    tables = """
[[outlets]]
name = "Linkblog"
feeds = ["https://linkblog.example/feed"]
[[outlets]]
name = "Rival"
relation = "watched"
feeds = ["https://www.rival.example/feed"]
"""
    desk = open_newsroom(tmp_path / "newsroom", clock=Hands(), more=tables)
    try:
        linked = _article(1, "Linkblog", url="https://rival.example/1")
        theirs = _article(1, "Rival", url="https://rival.example/1")
        assert identity.rightful(desk, [linked, theirs]) == [theirs]
        assert identity.rightful(desk, [linked]) == [linked]
        desk.store.archive.add_articles([(theirs, False)])
        assert identity.rightful(desk, [linked]) == []
        renamed = _article(2, "Linkblog", url="https://rival.example/2")
        desk.store.archive.add_articles([(_article(2, "An outlet of long ago", url=renamed.url), False)])
        assert identity.rightful(desk, [renamed]) == [renamed]
    finally:
        desk.close()


def test_a_first_fetch_of_many_long_articles_compares_each_with_a_few(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = open_newsroom(tmp_path / "newsroom", clock=Hands())
    compared = []

    def counting(article: Article, known: Article) -> bool:
        compared.append(article)
        return is_same(article, known)

    is_same = copies.is_same
    monkeypatch.setattr("alerts.content.clusters.copies.is_same", counting)
    try:
        # Half of each is the same, as under one agency's background.
        many = [_article(number, "Herald") for number in range(120)]
        again = _article(7, "Herald", url="https://herald.example/moved/7")
        found = identity.recognised(desk, [*many, again])
        assert [one.id for one in found] == [*(one.id for one in many), many[7].id]
        assert len(compared) <= 12 * len(found)
    finally:
        desk.close()


def _article(number: int, outlet: str, *, url: str = "") -> Article:
    words = " ".join(f"word{number}x{at}" for at in range(120))
    shared = " ".join(f"background{at}" for at in range(120))
    return make(
        url=url or f"https://herald.example/{number}",
        title=f"Headline of event number {number}",
        paragraphs=(words, shared),
        outlet=outlet,
        seen_at=MONDAY,
    )


WARNING = "Tornado warning for Harwick"
SHELTER = "The weather service says that people in Harwick must seek shelter at once and stay away from windows."


def test_a_warning_in_the_same_words_days_later_is_news_again(room: Polling, site: ScriptedSite) -> None:
    for day in (0, 4, 20):
        room.hands.at = MONDAY + timedelta(days=day, hours=1)
        listing = feed((WARNING, room.hands.at - timedelta(minutes=1)), at=f"herald.example/{day}", text=SHELTER)
        site.answers["/ours"] = Answer(body=listing)
        room.poll(minutes=70)
    assert [one.title for one in room.articles() if one.title == WARNING] == [WARNING] * 3
