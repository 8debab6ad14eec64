"""Feeds that tell only how an article begins: its page is fetched, and no slow page delays anybody's alert."""

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from alerts.content.reading import pages
from alerts.desk import Newsdesk, complete, ingest, receive
from alerts.desk.complete import merged
from alerts.model import Article, Urgency
from tests.integration.newsdesk import Hands, open_newsroom
from tests.servers.site import Shown, Site

OUTLETS = """
[[outlets]]
name = "The Harwick Herald"
trust = 0.9
feeds = ["{herald}/feed"]

[[outlets]]
name = "Skarrow Post"
trust = 0.9
feeds = ["{post}/feed"]

[[outlets]]
name = "Coast Gazette"
relation = "watched"
feeds = ["{gazette}/feed"]

[fetching]
allow_private = ["127.0.0.1", "127.0.0.2", "127.0.0.3"]
timeout = "3s"
{fetching}

[breaking]
review_score = 3.0
alert_score = 4.0
"""
COUNCIL = "Council of Harwick votes to rebuild the sea wall"
WHOLE = (
    "The council of Harwick has voted by a large majority to rebuild the sea wall that the storm of January broke.",
    "The work will cost 14 million crowns and take two years, the mayor, Petra Lind, said after the vote on Monday.",
    "Residents of the old town had asked for the wall to be raised by a metre; the council will decide that in May.",
)
TEASER = "The council of Harwick has voted by a large majority to rebuild the sea wall that the storm …"
QUAKE = "Breaking: Earthquake of magnitude 6.1 hits Tarnmouth, two killed"
QUAKE_TEASER = "An earthquake of magnitude 6.1 has hit Tarnmouth, and two people were killed, police say. The quake …"


@pytest.fixture
def sites() -> Iterator[tuple[Site, Site, Site]]:
    with Site("127.0.0.1") as herald, Site("127.0.0.2") as post, Site("127.0.0.3") as gazette:
        yield herald, post, gazette


@pytest.fixture
def hands() -> Hands:
    return Hands()


def newsroom(folder: Path, hands: Hands, sites: tuple[Site, Site, Site], fetching: str = "") -> Newsdesk:
    for site in sites:
        site.write_feed()
    herald, post, gazette = (site.base for site in sites)
    more = OUTLETS.format(herald=herald, post=post, gazette=gazette, fetching=fetching)
    desk = open_newsroom(folder / "newsroom", clock=hands, more=more)
    poll(desk, hands)
    return desk


@pytest.fixture
def desk(tmp_path: Path, hands: Hands, sites: tuple[Site, Site, Site]) -> Iterator[Newsdesk]:
    desk = newsroom(tmp_path, hands, sites)
    yield desk
    desk.close()


def poll(desk: Newsdesk, hands: Hands, *, minutes: float = 1) -> None:
    hands.turn(minutes=minutes)
    ingest.poll(desk, everything=True)


def found(desk: Newsdesk, title: str) -> Article:
    (article,) = [one for one in desk.store.archive.articles(since=Hands().at) if one.title == title]
    return article


def test_a_teaser_is_completed_from_its_page_once(desk: Newsdesk, hands: Hands, sites: tuple[Site, Site, Site]) -> None:
    herald = sites[0]
    herald.page("/wall", COUNCIL, *WHOLE)
    herald.feed("/wall", COUNCIL, TEASER, hands.at)
    poll(desk, hands)
    article = found(desk, COUNCIL)
    assert article.paragraphs == WHOLE
    assert not article.truncated
    story = desk.store.archive.story_of(article.id)
    assert story is not None
    assert story.articles[0].paragraphs == WHOLE
    for _ in range(3):
        herald.write_feed()
        poll(desk, hands)
    assert herald.asked["/wall"] == 1
    assert found(desk, COUNCIL).paragraphs == WHOLE, "the same teaser again takes nothing away"


def test_a_teaser_that_changed_is_completed_anew(desk: Newsdesk, hands: Hands, sites: tuple[Site, Site, Site]) -> None:
    herald = sites[0]
    herald.page("/wall", COUNCIL, *WHOLE)
    herald.feed("/wall", COUNCIL, TEASER, hands.at)
    poll(desk, hands)
    herald.items.clear()
    more = (*WHOLE, "Work on the sea wall is to begin in June, the mayor said.")
    herald.page("/wall", COUNCIL, *more)
    herald.feed("/wall", COUNCIL, "Work is to begin in June: " + TEASER, hands.at)
    poll(desk, hands)
    assert found(desk, COUNCIL).paragraphs == more


def test_watched_outlets_and_old_entries_are_not_fetched(
    tmp_path: Path, hands: Hands, sites: tuple[Site, Site, Site]
) -> None:
    herald, _, gazette = sites
    herald.page("/wall", COUNCIL, *WHOLE)
    herald.feed("/wall", COUNCIL, TEASER, hands.at)
    desk = newsroom(tmp_path, hands, sites)
    gazette.page("/wall", COUNCIL, *WHOLE)
    gazette.feed("/wall", COUNCIL, TEASER, hands.at)
    poll(desk, hands)
    assert herald.asked["/wall"] == 0, "what stood in the feed when it was first read is no news"
    assert gazette.asked["/wall"] == 0
    desk.close()


def test_it_can_be_switched_off(tmp_path: Path, hands: Hands, sites: tuple[Site, Site, Site]) -> None:
    desk = newsroom(tmp_path, hands, sites, fetching="pages = false")
    herald = sites[0]
    herald.page("/wall", COUNCIL, *WHOLE)
    herald.feed("/wall", COUNCIL, TEASER, hands.at)
    poll(desk, hands)
    assert herald.asked["/wall"] == 0
    assert found(desk, COUNCIL).truncated
    desk.close()


def test_a_page_that_fails_is_tried_a_few_times_and_then_given_up(
    desk: Newsdesk, hands: Hands, sites: tuple[Site, Site, Site]
) -> None:
    herald = sites[0]
    herald.paths["/wall"] = Shown(status=500)
    herald.feed("/wall", COUNCIL, TEASER, hands.at)
    for _ in range(30):
        poll(desk, hands, minutes=5)
    assert 2 <= herald.asked["/wall"] <= 5
    article = found(desk, COUNCIL)
    assert article.truncated
    assert desk.store.archive.story_of(article.id) is not None, "it has its place all the same"


def test_a_page_that_comes_back_completes_the_article_later(
    desk: Newsdesk, hands: Hands, sites: tuple[Site, Site, Site]
) -> None:
    herald = sites[0]
    herald.feed("/wall", COUNCIL, TEASER, hands.at)
    poll(desk, hands)
    assert found(desk, COUNCIL).truncated
    herald.page("/wall", COUNCIL, *WHOLE)
    poll(desk, hands, minutes=5)
    assert found(desk, COUNCIL).paragraphs == WHOLE


def test_a_wall_or_another_article_never_takes_its_place(
    desk: Newsdesk, hands: Hands, sites: tuple[Site, Site, Site]
) -> None:
    herald = sites[0]
    wall = ["Subscribe now to read on without limits, on all your devices, and cancel at any time you like."] * 9
    herald.page("/wall", "Welcome to the Herald", *(f"{text} Offer number {at}." for at, text in enumerate(wall)))
    herald.feed("/wall", COUNCIL, TEASER, hands.at)
    poll(desk, hands)
    assert "Subscribe" not in str(found(desk, COUNCIL).paragraphs)


def test_slow_pages_of_one_outlet_do_not_delay_anothers_alert(
    desk: Newsdesk, hands: Hands, sites: tuple[Site, Site, Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    herald, post, _ = sites
    for number in range(8):
        herald.page(f"/{number}", f"{COUNCIL} {number}", *WHOLE, after=1.5)
        herald.feed(f"/{number}", f"{COUNCIL} {number}", TEASER, hands.at + timedelta(minutes=5 * number))
    hands.turn(minutes=40)
    post.feed("/quake", QUAKE.removeprefix("Breaking: "), QUAKE_TEASER.removesuffix(" The quake …"), hands.at)
    proposed: list[float] = []
    monkeypatch.setattr(ingest, "propose", _noting(proposed))
    monkeypatch.setattr(complete, "BUDGET", 4.0)
    whole = sum(not one.truncated for one in desk.store.archive.articles(since=Hands().at))
    assert whole == 0
    began = time.monotonic()
    poll(desk, hands)
    assert proposed[0] - began < 1.5, "what needs no page was proposed while the pages were still awaited"
    assert time.monotonic() - began < 7
    assert herald.most_under_way <= 3, "two pages and the feed"
    placed = [one for one in desk.store.archive.articles(since=Hands().at) if desk.store.archive.story_of(one.id)]
    assert 1 <= sum(one.paragraphs == WHOLE for one in placed) <= 6, "two at a time"
    assert len(placed) == 9, "who did not get a page is placed with what there is"


def _noting(instants: list[float]):  # type: ignore[no-untyped-def]
    from alerts.desk.propose import propose

    def noting(desk: Newsdesk) -> object:
        made = propose(desk)
        instants.append(time.monotonic())
        return made

    return noting


def test_a_marked_story_is_proposed_before_its_page_came(
    desk: Newsdesk, hands: Hands, sites: tuple[Site, Site, Site]
) -> None:
    herald = sites[0]
    herald.page("/quake", QUAKE, QUAKE_TEASER.removesuffix(" …"), *WHOLE, after=1.5)
    herald.feed("/quake", QUAKE, QUAKE_TEASER, hands.at)
    hands.turn(minutes=1)
    began = time.monotonic()
    ingest.poll(desk, everything=True)
    assert time.monotonic() - began > 1.4
    (record,) = desk.store.ledger.editions()
    assert desk.store.daybook.notices(since=hands.at - timedelta(hours=1)), "the desk was told"
    assert "Tarnmouth" in record.edition.subject
    assert len(found(desk, QUAKE).paragraphs) > 1, "and then its page came"


def test_a_page_lends_only_what_the_feed_did_not_say(hands: Hands) -> None:
    def told(title: str, *paragraphs: str, section: str) -> Article:
        return Article(
            id="a",  # type: ignore[arg-type]
            url="https://herald.example/wall",
            title=title,
            paragraphs=paragraphs,
            outlet="The Harwick Herald",
            section=section,
            seen_at=hands.at,
            content_hash="x",
            feed="https://herald.example/feed",
            truncated=title == COUNCIL,
        )

    teaser, page = told(COUNCIL, TEASER, section="Local"), told("Sea wall vote", *WHOLE, section="News")
    whole = merged(teaser, page)
    assert whole is not None
    assert (whole.title, whole.section, whole.paragraphs, whole.id) == (COUNCIL, "Local", WHOLE, teaser.id)
    assert merged(teaser, told("Other", "Something else entirely " * 20, section="")) is None
    assert merged(whole, teaser) is None


def test_what_a_cms_hands_over_while_its_page_comes_is_not_lost(
    tmp_path: Path, hands: Hands, sites: tuple[Site, Site, Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HERALD_PUSH", "t" * 32)
    pushing = OUTLETS.replace("trust = 0.9\n", 'trust = 0.9\npush = {{ env = "HERALD_PUSH" }}\n', 1)
    monkeypatch.setattr("tests.integration.test_desk_complete.OUTLETS", pushing)
    desk, herald = newsroom(tmp_path, hands, sites), sites[0]
    herald.page("/wall", COUNCIL, *WHOLE)
    herald.feed("/wall", COUNCIL, TEASER, hands.at)
    given = {"url": f"{herald.base}/wall", "title": COUNCIL, "paragraphs": [*WHOLE[:2]], "urgency": "flash"}
    read = pages.read

    def slowly(*args: Any, **kwargs: Any) -> Article:
        receive.receive(desk, desk.outlets["The Harwick Herald"], json.dumps(given).encode())
        return read(*args, **kwargs)

    monkeypatch.setattr("alerts.desk.complete.pages.read", slowly)
    poll(desk, hands)
    article = found(desk, COUNCIL)
    assert (article.urgency, article.paragraphs) == (Urgency.FLASH, WHOLE[:2])
    story = desk.store.archive.story_of(article.id)
    assert story is not None
    assert story.verdict is not None
    assert any("flash" in reason for reason in story.verdict.reasons)
    desk.close()
