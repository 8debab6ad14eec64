"""What is breaking, what a story that was told must do to be told again, and to whom it goes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from alerts.content import breaking, editions
from alerts.content.breaking import BreakingPolicy, develops, judge
from alerts.content.clusters.stories import joined
from alerts.content.reading.articles import article_id, make
from alerts.content.summaries.summary import summarise
from alerts.content.topics import topics_of
from alerts.model import Article, Edition, Level, Outlet, Relation, Story, Urgency, Verdict

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


def test_what_the_publisher_says_comes_before_words_and_a_barred_word_keeps_out() -> None:
    rules = {"sea": ("ferry", "-fairy ferry", "https://courier.example/sea.xml"), "sport": ("sport", "regatta")}
    regatta = article("Regatta off Skarrow: ferry waits for the fleet", "It waits.", section="Sport")
    assert topics_of(regatta, rules) == ("sport", "sea"), "filed first"
    tale = article("The fairy ferry of Skarrow", "A tale for children.")
    assert topics_of(tale, rules) == ()
    assert topics_of(replace(tale, feed="https://courier.example/sea.xml"), rules) == ("sea",)


# --- signals --------------------------------------------------------------------------------------


def test_every_point_is_value_times_weight_and_the_sum_is_the_score() -> None:
    found = verdict(replace(FERRY, section="Breaking News"), FERRY_WIRE, watch_words=("Port Ellery",))
    assert {one.name for one in found.signals} >= {"marker", "owners", "speed", "gravity", "trust", "watch"}
    for one in found.signals:
        assert one.points == pytest.approx(one.value * one.weight, abs=0.03)
    assert found.score == pytest.approx(sum(one.points for one in found.signals), abs=0.01)


@pytest.mark.parametrize(
    "how",
    [
        {"urgency": Urgency.FLASH},
        {"section": "Breaking News"},
        {"categories": ("Urgent",)},
        {"section": "Live desk"},
        {"feed": "https://courier.example/breaking.xml"},
    ],
)
def test_a_publisher_has_many_ways_to_say_that_it_is_breaking(how: dict[str, object]) -> None:
    outlets = OUTLETS | {"Courier": replace(COURIER, breaking=("Live desk", "https://courier.example/breaking.xml"))}
    plain = judge(story_of(TRAM), outlets=outlets, policy=BreakingPolicy(), now=NOW)
    said = judge(story_of(replace(TRAM, **how)), outlets=outlets, policy=BreakingPolicy(), now=NOW)  # type: ignore[arg-type]
    assert signal(plain, "marker") == 0
    assert signal(said, "marker") > 3


def test_a_newsrooms_own_words_count() -> None:
    burst = article("Hornwater dam gives way above Skarrow", "Water is running into the valley.")
    assert signal(verdict(burst), "gravity") == 0
    own = {"en": (("disaster", ("dam gives way",)),)}
    assert signal(verdict(burst, more_words=own), "gravity") > 1


def test_thirty_dead_are_graver_than_three_and_money_or_an_age_is_no_toll() -> None:
    three, thirty = (article(f"Bus crash kills {dead} near Harwick", "A bus crashed.") for dead in (3, 30))
    assert signal(verdict(thirty), "gravity") > signal(verdict(three), "gravity")
    debt = article("Crash costs city 30 million crowns", "It does.")
    aged = article("Woman, 93-year-old, dies in crash", "She died.")
    assert signal(verdict(debt), "gravity") < signal(verdict(three), "gravity")
    assert "counted" not in " ".join(verdict(aged).reasons)


def test_what_somebody_only_said_weighs_half() -> None:
    done = article("Missile attack on Harwick harbour", "It was hit.")
    said = article("Minister warns of missile attack on Harwick harbour", "He warned.")
    assert signal(verdict(said), "gravity") < signal(verdict(done), "gravity")


def test_a_live_blog_beside_a_report_does_not_soften_it() -> None:
    blog = article("Ferry aground off Port Ellery – live updates", "All the latest.", minutes=5)
    assert signal(verdict(FERRY, blog), "soft") == 0
    assert signal(verdict(blog), "soft") < 0
    assert signal(verdict(article("Video shows ferry aground", "It does.")), "soft") == 0


def test_speed_is_measured_against_what_the_outlets_usually_do() -> None:
    reports = [
        replace(FERRY, id=article_id(f"https://c.example/{n}", ""), seen_at=NOW, published_at=None) for n in (1, 2, 3)
    ]
    story = story_of(FERRY, *reports)
    quiet = judge(story, outlets=OUTLETS, policy=BreakingPolicy(), now=NOW)
    ticker = judge(story, outlets=OUTLETS, policy=BreakingPolicy(), now=NOW, rates={"Courier": 3.0})
    assert signal(quiet, "speed") > 3 * signal(ticker, "speed") > 0
    past = [
        story_of(*(article(f"Story {n} report {k}", "x", minutes=600 - 10 * k) for k in range(4))) for n in range(3)
    ]
    assert breaking.usual_rates(past, now=NOW)["Courier"] == pytest.approx(3.0)
    assert breaking.usual_rates([story], now=NOW) == {}, "what is judged sets no measure"


def test_news_is_as_old_as_its_gravest_report() -> None:
    warning = article("Harwick expects a storm tonight", "It may be strong.", minutes=300)
    deaths = article("Storm kills 4 in Harwick", "Four people were killed.", minutes=5)
    assert verdict(warning, deaths).level is not Level.DIGEST_ONLY
    repeated = article("Storm in Harwick: 4 killed, mayor says", "Four people were killed.", minutes=2)
    old = replace(deaths, seen_at=NOW - timedelta(hours=4), published_at=NOW - timedelta(hours=4))
    assert verdict(old, repeated).level is Level.DIGEST_ONLY


# --- the policy -----------------------------------------------------------------------------------


MARKED = replace(FERRY, section="Breaking News")
TRUSTED = OUTLETS | {"Courier": replace(COURIER, automatic=True)}


def ruling(
    story: Story,
    *past: breaking.Proposed,
    outlets: dict[str, Outlet] | None = None,
    at: datetime = NOW,
    **history: object,
) -> breaking.Ruling:
    known = outlets or OUTLETS
    since = max((one.at for one in past), default=None)
    judged = replace(story, verdict=judge(story, outlets=known, policy=BreakingPolicy(), now=at, since=since))
    return breaking.rule(
        judged,
        outlets=known,
        policy=BreakingPolicy(),
        alerting=breaking.Alerting(),
        history=breaking.History(story=past, **history),  # type: ignore[arg-type]
        now=at,
    )


def gates(found: breaking.Ruling) -> list[str]:
    return [gate.name for gate in found.gates]


def sent(story: Story, *, waits: bool = False, is_told: bool = True) -> breaking.Proposed:
    return breaking.Proposed(edition=told(story), waits=waits, told=is_told, at=NOW)


def test_by_default_an_editor_approves_and_a_trusted_marked_outlet_may_go_by_itself() -> None:
    assert (ruling(story_of(MARKED)).action, gates(ruling(story_of(MARKED)))) == ("alert", ["approval"])
    assert ruling(story_of(MARKED), outlets=TRUSTED).automatic


@pytest.mark.parametrize(
    ("outlet", "story", "history", "asks"),
    [
        (replace(COURIER, automatic=True, trust=0.8), MARKED, {}, "trust"),
        (replace(COURIER, automatic=True), FERRY, {}, "marker"),
        (replace(COURIER, automatic=True), article("Choir sings at noon", "It did.", section="Urgent"), {}, "review"),
        (replace(COURIER, automatic=True), MARKED, {"alerts_at": (NOW - timedelta(minutes=10),)}, "gap"),
        (replace(COURIER, automatic=True), MARKED, {"alerts_at": (NOW - timedelta(hours=2),) * 10}, "cap"),
    ],
)
def test_whatever_speaks_against_going_by_itself_asks_an_editor(
    outlet: Outlet, story: Article, history: dict[str, object], asks: str
) -> None:
    found = ruling(story_of(story), outlets=OUTLETS | {"Courier": outlet}, **history)  # type: ignore[arg-type]
    assert found.action == "alert"
    assert not found.automatic
    assert asks in gates(found)


def test_a_gate_that_stops_is_named() -> None:
    story = story_of(MARKED)
    assert ruling(story_of(TRAM)).stopped_by is not None
    assert gates(ruling(story, backfill=True))[0] == "backfill"
    assert gates(ruling(story_of(replace(MARKED, embargo_until=NOW + timedelta(hours=1)))))[0] == "embargo"
    assert "expired" in gates(ruling(story, at=NOW + timedelta(minutes=95)))
    assert "age" in gates(ruling(story, at=NOW + timedelta(hours=4)))
    assert gates(ruling(story, sent(story, waits=True, is_told=False)))[0] == "draft"
    assert gates(ruling(story, sent(story)))[0] == "window"


def test_what_only_watched_outlets_have_is_told_to_the_desk() -> None:
    found = ruling(story_of(FERRY_WIRE))
    assert (found.action, found.kind) == ("tell the desk", None)


def test_a_told_story_is_an_update_once_it_develops() -> None:
    story = story_of(MARKED)
    news = later("Ferry off Port Ellery sinks, 9 dead", "Nine people are dead after the Skarrow Queen sank at dusk.")
    grown = joined(story, news, lead_outlets=OURS)
    at = NOW + timedelta(minutes=35)
    found = ruling(replace(grown, lead=news), sent(story), at=at)
    assert found.action == "update"
    assert found.developed
    assert found.reasons[0] == found.developed
    rejected = ruling(replace(grown, lead=news), sent(story, is_told=False), at=at)
    assert rejected.action == "alert", "readers were told nothing"


def test_a_development_must_be_new_against_everything_sent_and_count_the_same_thing() -> None:
    before = story_of(QUAKE)
    once = told(before)
    worse = replace(
        before, lead=later("Quake in Valdona kills 45", "Rescue workers have found 45 bodies in the ruins.")
    )
    assert develops(worse, [once]) == "a number grew: 17 dead before, now 45"
    twice = editions.alert(worse, summarise([worse.lead or QUAKE]), segments=["breaking"], made_at=NOW)
    again = replace(before, lead=later("Valdona quake: 45 killed", "Rescue workers have found 45 bodies in the ruins."))
    assert develops(again, [twice, once]) is None
    other = later("Quake in Valdona: 40 cars crushed", "Forty cars were crushed by the wall of the old market hall.")
    assert develops(replace(before, lead=other), [once]) is None
