"""Which articles tell of one event, and which do not."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from alerts.content.clusters import stories
from alerts.content.clusters.stories import Clusterer, joined
from alerts.content.reading.articles import article_id, canonical, make
from alerts.model import Article, Outlet, Relation, Story

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
COURIER = Outlet(name="Courier", owner="Group", trust=0.9)
OUTLETS = {
    outlet.name: outlet
    for outlet in (
        COURIER,
        Outlet(name="Courier Business", owner="Group", trust=0.8),
        Outlet(name="Wire", relation=Relation.WATCHED, trust=0.8),
        Outlet(name="Radio", relation=Relation.WATCHED, trust=0.6),
        Outlet(name="Blog", relation=Relation.WATCHED, trust=0.1),
    )
}
OURS = frozenset({"Courier", "Courier Business"})


def article(title: str, *paragraphs: str, outlet: str = "Courier", minutes: int = 10, section: str = "") -> Article:
    at = NOW - timedelta(minutes=minutes)
    slug = "".join(char if char.isalnum() else "-" for char in title.lower())
    return make(url=f"https://{outlet.replace(' ', '').lower()}.example/{slug}", title=title, paragraphs=paragraphs,
                outlet=outlet, seen_at=at, published_at=at, section=section, language="en")  # fmt: skip


def story_of(*articles: Article) -> Story:
    story: Story | None = None
    for one in articles:
        story = joined(story, one, lead_outlets=OURS)
    assert story is not None
    return story


def grouped(articles: Sequence[Article]) -> list[set[str]]:
    clusterer = Clusterer()
    homes: dict[str, set[str]] = {}
    for one in articles:
        home = clusterer.place(one).story or stories.new_story_id(one)
        clusterer.add(one, home)
        homes.setdefault(home, set()).add(one.title)
    return sorted(homes.values(), key=sorted)


FERRY = article(
    "Ferry with 214 aboard evacuated after running aground off Port Ellery",
    "A ferry carrying 214 people is being evacuated after it ran aground in fog two miles off Port Ellery.",
    "The Skarrow Queen struck the Cormorant Bank at low water on her way from Skarrow Island.",
)
FERRY_WIRE = article(
    "URGENT: Ferry aground near Port Ellery, more than 200 people being evacuated",
    "More than 200 people are being taken off a ferry that ran aground on a sandbank near Port Ellery in dense fog.",
    "The Skarrow Queen was on her way from Skarrow Island when she struck the Cormorant Bank.",
    outlet="Wire",
    minutes=8,
)
TRAM = article(
    "Council votes to build the tram line to the northern suburbs",
    "Port Ellery will get its first new tram line in 40 years, the city council decided by 31 votes to 24.",
    "The line will run for nine kilometres from the Customs House to Northgate.",
    minutes=90,
)


# --- clustering -----------------------------------------------------------------------------------


def test_two_reports_of_one_event_are_one_story_and_another_event_is_not() -> None:
    assert grouped([FERRY, TRAM, FERRY_WIRE]) == [{TRAM.title}, {FERRY.title, FERRY_WIRE.title}]


def test_look_alike_events_stay_apart() -> None:
    """Two quakes share every word but the names and numbers."""
    quakes = [
        article(f"Earthquake of magnitude {size} shakes {place}",
                f"An earthquake of magnitude {size} shook {place} on {day}, and {dead} people were killed.",
                f"Rescue workers in {place} searched collapsed houses, the mayor {mayor} said.", outlet=outlet)
        for place, size, dead, mayor, day in (
            ("Valdona", "6.1", "17", "Ruiz", "Monday"), ("Kerasund", "5.4", "3", "Demir", "Tuesday")
        )
        for outlet in ("Courier", "Wire")
    ]  # fmt: skip
    second_hand = [replace(one, title=one.title.replace("shakes", "strikes")) for one in quakes]
    found = grouped([TRAM, *quakes, FERRY, *second_hand])
    towns = [{town for title in group for town in ("Valdona", "Kerasund") if town in title} for group in found]
    assert all(len(group) <= 1 for group in towns)
    assert sum(bool(group) for group in towns) == 2


def test_one_place_in_two_texts_is_not_one_event() -> None:
    choir = article(
        "Fishermen’s choir of Calder Bay looks for tenors",
        "The fishermen’s choir of Calder Bay has 40 basses and not a single tenor.",
        "From next week its rehearsals in the net loft are open to anybody who can hold a high note.",
        outlet="Radio",
    )
    boat = article(
        "Lifeboat tows fishing boat with crew of four into Calder Bay",
        "A lifeboat has towed a fishing boat with a crew of four into Calder Bay after her engine failed.",
        "The tow took five hours, and nobody was hurt.",
    )
    assert len(grouped([choir, boat])) == 2


def test_a_story_closes_when_nothing_joins_it_for_days() -> None:
    clusterer = Clusterer.of([story_of(FERRY)])
    later = replace(FERRY_WIRE, seen_at=NOW + timedelta(days=4))
    assert clusterer.place(FERRY_WIRE).story is not None
    assert clusterer.place(later).story is None
    clusterer.forget(before=NOW + timedelta(days=1))
    assert clusterer.place(FERRY_WIRE).story is None


def test_only_our_articles_lead_a_story() -> None:
    theirs = story_of(FERRY_WIRE)
    assert theirs.lead is None
    assert joined(theirs, FERRY, lead_outlets=OURS).lead == FERRY


def test_a_newer_text_of_an_article_replaces_the_older() -> None:
    longer = replace(FERRY, paragraphs=(*FERRY.paragraphs, "All are ashore."), seen_at=NOW)
    story = joined(story_of(FERRY, FERRY_WIRE), longer, lead_outlets=OURS)
    assert len(story.articles) == 2
    assert story.lead == longer


def test_a_thousand_articles_are_placed_in_seconds() -> None:
    import time

    made = [
        article(
            f"Council of town {n % 200} votes on plan {n % 200}",
            f"The council of Town{n % 200} votes on the street of Saint{n % 200} and the bridge of Old{n % 200}.",
        )
        for n in range(1000)
    ]
    began = time.process_time()
    grouped(made)
    assert time.process_time() - began < 10


# --- identity -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spelling",
    [
        "http://www.courier.example/a?id=7&utm_source=rss",
        "https://courier.example/a/?id=7#top",
        "https://COURIER.example:443/a?fbclid=x&id=7",
    ],
)
def test_one_article_under_many_addresses(spelling: str) -> None:
    assert article_id(spelling, "") == article_id("https://courier.example/a?id=7", "")
    assert article_id(spelling, "") != article_id("https://courier.example/a?id=8", "")


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "file:///etc/passwd", "https://user@host/", "https://", "x", "http://[bad"]
)
def test_what_is_no_web_address_is_none(address: str) -> None:
    assert canonical(address) == ""
