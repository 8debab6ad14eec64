"""What is breaking, what a story that was told must do to be told again, and to whom it goes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from alerts.content import breaking, editions
from alerts.content.articles import article_id, make
from alerts.content.breaking import BreakingPolicy, develops, judge
from alerts.content.stories import joined
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
    assert why in (develops(after, [told(before)]) or "")


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
    assert develops(replace(before, lead=later(title, paragraph)), [told(before)]) is None


def test_an_article_older_than_the_alert_is_no_development() -> None:
    before = story_of(QUAKE)
    older = article("Quake in Valdona kills 45", "Rescue workers have found 45 bodies.", minutes=20)
    assert develops(replace(before, lead=older), [told(before)]) is None


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


