"""Which articles tell of one event, which do not, and what is breaking."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from alerts.content import breaking, editions, stories
from alerts.content.articles import article_id, canonical, make
from alerts.content.breaking import BreakingPolicy, develops, judge
from alerts.content.stories import Clusterer, joined
from alerts.content.summary import summarise
from alerts.content.topics import topics_of
from alerts.model import Article, Edition, Level, Outlet, Relation, Story, Verdict

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


# --- breaking -------------------------------------------------------------------------------------


def verdict(*articles: Article, now: datetime = NOW, **policy: object) -> Verdict:
    return judge(story_of(*articles), outlets=OUTLETS, policy=BreakingPolicy(**policy), now=now)  # type: ignore[arg-type]


def signal(found: Verdict, name: str) -> float:
    return next((one.points for one in found.signals if one.name == name), 0.0)


def test_a_grave_event_that_several_outlets_report_is_an_alert_and_says_why() -> None:
    found = verdict(replace(FERRY, section="Breaking News"), FERRY_WIRE)
    assert found.level is Level.ALERT
    assert found.score == pytest.approx(sum(one.points for one in found.signals))
    assert "Courier marks it “Breaking News”" in found.reasons
    assert any("2 independent outlets" in reason for reason in found.reasons)


def test_our_own_marker_and_a_grave_word_suffice_without_any_other_outlet() -> None:
    assert verdict(replace(FERRY, section="Breaking News")).level is Level.ALERT


def test_an_ordinary_article_is_for_the_digest() -> None:
    assert verdict(TRAM).level is Level.DIGEST_ONLY


def test_outlets_of_one_owner_and_copies_of_one_text_are_one_voice() -> None:
    sister = replace(FERRY_WIRE, outlet="Courier Business", id=article_id("https://b.example/1", ""))
    assert signal(verdict(FERRY, sister), "owners") == 0
    copy = replace(FERRY_WIRE, outlet="Radio", id=article_id("https://r.example/1", ""), title="Ferry aground")
    assert signal(verdict(FERRY, FERRY_WIRE, copy), "owners") == signal(verdict(FERRY, FERRY_WIRE), "owners") > 0


def test_an_old_story_never_alerts_however_grave() -> None:
    found = verdict(replace(FERRY, section="Breaking News"), FERRY_WIRE, now=NOW + timedelta(hours=4))
    assert found.level is Level.DIGEST_ONLY
    assert signal(found, "age") < 0


def test_opinion_is_not_news() -> None:
    assert signal(verdict(replace(FERRY, section="Opinion")), "soft") < 0
    assert signal(verdict(article("Opinion: The tram comes late", "It is late.")), "soft") < 0
    assert signal(verdict(article("Court gives its opinion on tram", "It did.")), "soft") == 0


def test_a_strangers_marker_weighs_less_than_ours() -> None:
    shouting = replace(FERRY_WIRE, outlet="Blog")
    assert 0 < signal(verdict(shouting), "marker") < signal(verdict(FERRY_WIRE), "marker")
    assert signal(verdict(FERRY_WIRE), "marker") < signal(verdict(replace(FERRY, section="Breaking News")), "marker")


def test_what_the_newsroom_watches_adds_points() -> None:
    assert signal(verdict(TRAM, watch_words=("Port Ellery", "customs house")), "watch") == 2
    assert signal(verdict(TRAM, watch_words=("Port",)), "watch") == 1
    assert signal(verdict(TRAM, watch_words=("Por",)), "watch") == 0


# --- developing -----------------------------------------------------------------------------------


def told(story: Story) -> Edition:
    assert story.lead is not None
    return editions.alert(story, summarise([story.lead]), segments=["breaking"], made_at=NOW)


def later(title: str, *paragraphs: str) -> Article:
    return replace(
        article(title, *paragraphs, minutes=-30),
        seen_at=NOW + timedelta(minutes=30),
        published_at=NOW + timedelta(minutes=30),
    )


QUAKE = article(
    "Quake in Valdona kills 17, climber missing",
    "An earthquake has killed 17 people in Valdona, and a climber is missing.",
)


@pytest.mark.parametrize(
    ("title", "paragraph", "why"),
    [
        (
            "Quake in Valdona kills 45, rescuers say",
            "Rescue workers have found 45 bodies in the ruins of the old market.",
            "grew",
        ),
        (
            "Climber found after quake in Valdona",
            "The climber was found alive under a roof by a rescue dog at dawn.",
            "turned",
        ),
        (
            "Quake toll rises as President Ruiz visits",
            "President Ruiz has flown over the ruins and promised houses.",
            "new name",
        ),
    ],
)
def test_a_story_that_moved_on_is_worth_an_update(title: str, paragraph: str, why: str) -> None:
    before = story_of(QUAKE)
    after = replace(before, lead=later(title, paragraph))
    assert why in (develops(after, told(before)) or "")


@pytest.mark.parametrize(
    ("title", "paragraph"),
    [
        (
            "Quake in Valdona kills 17 people",
            "An earthquake has killed 17 people in Valdona, and a climber is missing.",
        ),
        (
            "Quake in Valdona kills 18",
            "An earthquake has killed 18 people in Valdona, it was reported by the mayor at noon.",
        ),
        (
            "Quake in Valdona: 2026 sees strongest shock",
            "An earthquake has shaken Valdona with unusual force this year.",
        ),
    ],
)
def test_a_story_told_again_in_other_words_is_not(title: str, paragraph: str) -> None:
    before = story_of(QUAKE)
    assert develops(replace(before, lead=later(title, paragraph)), told(before)) is None


def test_an_article_older_than_the_alert_is_no_development() -> None:
    before = story_of(QUAKE)
    older = article("Quake in Valdona kills 45", "Rescue workers have found 45 bodies.", minutes=20)
    assert develops(replace(before, lead=older), told(before)) is None


# --- topics ---------------------------------------------------------------------------------------

RULES = {"politics": ("politics", "council", "minister*"), "sea": ("ferry", "lifeboat*", "running aground")}


def test_topics_come_from_words_that_matter_and_from_where_it_is_filed() -> None:
    assert topics_of(TRAM, RULES) == ("politics",)
    assert topics_of(FERRY, RULES) == ("sea",)
    assert topics_of(article("A quiet day", "Nothing happened.", section="Politics"), RULES) == ("politics",)
    assert topics_of(replace(article("A quiet day", "Nothing."), categories=("Sea",)), RULES) == ("sea",)


def test_a_word_in_passing_or_inside_another_word_is_no_topic() -> None:
    assert topics_of(article("Choir looks for tenors", "It rehearses behind the council house."), RULES) == ()
    assert topics_of(article("Councillor's choir", "It sings."), RULES) == ()


def test_breaking_since_when() -> None:
    assert breaking.broke_at(story_of(FERRY, FERRY_WIRE)) == FERRY.told_at
