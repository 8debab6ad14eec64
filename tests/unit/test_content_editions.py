"""What an edition says: whose articles, in which words, and who has been told."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from alerts.content import editions
from alerts.content.clusters.stories import joined
from alerts.content.reading.articles import make
from alerts.content.summaries.summary import summarise
from alerts.errors import ContentError
from alerts.model import Article, Edition, Image, Kind, Level, Occurrence, Signal, Story, Summary, Urgency, Verdict

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


def article(number: int, *, outlet: str = "Courier", section: str = "Region", hours: float = 1) -> Article:
    at = NOW - timedelta(hours=hours)
    return make(url=f"https://courier.example/{number}", title=f"Town {number} opens bridge number {number}",
                paragraphs=(f"The town of Place{number} has opened its bridge number {number} to traffic.",
                            f"The mayor of Place{number} cut a ribbon of {number} metres."),
                outlet=outlet, section=section, seen_at=at, published_at=at, language="en")  # fmt: skip


def story(number: int, score: float = 1.0, **kinds: object) -> Story:
    made = joined(None, article(number, **kinds), lead_outlets=frozenset({"Courier"}))  # type: ignore[arg-type]
    reasons = (Signal(name="trust", points=score, evidence="Courier is trusted"),)
    return replace(made, verdict=Verdict(score=score, level=Level.DIGEST_ONLY, signals=reasons))


def alert_on(told: Story | Article, **options: object) -> Edition:
    summary = summarise([told if isinstance(told, Article) else told.articles[0]])
    return editions.alert(told, summary, segments=["breaking"], made_at=NOW, **options)  # type: ignore[arg-type]


def test_an_alert_on_a_story_is_known_by_the_story_and_says_why_it_was_proposed() -> None:
    told = story(1)
    edition = alert_on(told, made_by="Ida")
    assert (edition.kind, edition.key, edition.told_key) == (Kind.ALERT, f"alert/{told.id}/r1", f"alert/{told.id}/r1")
    assert (edition.scope, edition.segments, edition.made_by) == ("alerts", ("breaking",), "Ida")
    assert edition.reasons == ("Courier is trusted",)
    (entry,) = edition.entries
    assert (entry.headline, entry.url, entry.story) == (told.title, "https://courier.example/1", told.id)


def test_the_same_article_is_the_same_alert_whenever_it_is_made() -> None:
    one, again = alert_on(article(1)), alert_on(article(1))
    assert one.key == again.key == "alert/https://courier.example/1/r1"
    assert one.id != again.id
    assert alert_on(article(2)).key != one.key


def test_a_second_revision_is_an_update_that_everybody_may_get() -> None:
    told = story(1)
    update = alert_on(told, revision=2)
    assert update.kind is Kind.UPDATE
    assert update.told_key != alert_on(told).told_key


def test_a_text_without_an_address_is_known_by_its_words() -> None:
    unnamed = replace(article(1), url="")
    assert alert_on(unnamed).key == f"alert/{unnamed.content_hash[:32]}/r1"


def test_a_watched_outlets_story_is_never_sent() -> None:
    theirs = story(1, outlet="Rival")
    with pytest.raises(ContentError, match="no outlet of ours"):
        alert_on(theirs)
    with pytest.raises(ContentError, match="nothing to tell"):
        digest([theirs])


def test_a_flash_is_an_editors_words_before_there_is_an_article() -> None:
    edition = editions.flash("Ferry\u202e aground ", "Fog.\n\nLifeboats out.", segments=["breaking"], made_at=NOW)
    assert (edition.urgency, edition.subject, edition.preheader) == (Urgency.FLASH, "Ferry aground", "Fog.")
    assert [sentence.text for sentence in edition.entries[0].sentences] == ["Fog.", "Lifeboats out."]
    assert edition.entries[0].url == ""
    same = editions.flash("Ferry aground", "Fog.\nLifeboats out.", segments=["all"], made_at=NOW + timedelta(hours=1))
    assert same.key == edition.key


@pytest.mark.parametrize(("subject", "text"), [("", "text"), (" \u200b", "text"), ("subject", " \n ")])
def test_an_empty_flash_is_refused(subject: str, text: str) -> None:
    with pytest.raises(ContentError):
        editions.flash(subject, text, segments=["breaking"], made_at=NOW)


OCCURRENCE = Occurrence(digest="morning", nominal_on=date(2026, 11, 23), slot="07:00", zone="Europe/Paris", due_at=NOW)


def digest(stories: list[Story]) -> Edition:
    items = [(told, summarise([told.articles[0]])) for told in stories]
    return editions.digest(items, digest="morning", title="The morning briefing", occurrence=OCCURRENCE,
                           segments=["morning"], made_at=NOW)  # fmt: skip


def test_a_digest_leads_with_its_first_story_and_lists_the_next_in_the_preheader() -> None:
    edition = digest([story(1), story(2), story(3), story(4, outlet="Rival")])
    assert edition.subject == "The morning briefing: Town 1 opens bridge number 1"
    assert edition.preheader.startswith("Town 2 opens bridge number 2 · Town 3")
    assert [entry.url for entry in edition.entries] == [f"https://courier.example/{number}" for number in (1, 2, 3)]
    assert (edition.key, edition.scope, edition.nominal_on) == (OCCURRENCE.key, "digest:morning", OCCURRENCE.nominal_on)


def test_a_digest_subject_too_long_with_its_title_is_the_headline_alone() -> None:
    told = story(1)
    summary: Summary = replace(
        summarise([told.articles[0]]), headline="A headline of the very length that leaves no room for more"
    )
    edition = editions.digest([(told, summary)], digest="m", title="The morning briefing", occurrence=OCCURRENCE,
                              segments=["morning"], made_at=NOW)  # fmt: skip
    assert edition.subject == summary.headline


def test_what_a_digest_takes() -> None:
    fresh, best, told, old, theirs = story(1), story(2, 5.0), story(3), story(4, hours=30), story(5, outlet="Rival")
    picked = editions.pick_for_digest(
        [fresh, best, told, old, theirs], told={told.id}, since=NOW - timedelta(days=1), max_stories=9
    )
    assert picked == [best, fresh]
    assert editions.pick_for_digest([fresh, best], told=set(), since=NOW - timedelta(days=1), max_stories=1) == [best]


def test_a_digest_mixes_its_sections() -> None:
    courts = [story(number, 2.0, section="Courts") for number in range(1, 5)]
    culture = story(9, 1.0, section="Culture")
    picked = editions.pick_for_digest([*courts, culture], told=set(), since=NOW - timedelta(days=1), max_stories=3)
    assert culture in picked


def test_a_digest_on_topics_takes_only_those() -> None:
    sport = story(1)
    assert sport.lead is not None
    sport = replace(sport, lead=replace(sport.lead, topics=("sport",)))
    since = NOW - timedelta(days=1)
    assert editions.pick_for_digest([sport, story(2)], told=set(), since=since, max_stories=9, topics=["sport"]) == [
        sport
    ]


def test_nothing_unfit_to_print_gets_into_an_entry() -> None:
    hostile = replace(
        article(1),
        title="BREAKING: Ban\u202ek\x00 shut",
        url="javascript:alert(1)",
        outlet="Cou\u200brier",
        image=Image(url="data:text/html,x", caption="\u2066x"),
    )
    entry = editions.entry(hostile, ())
    assert (entry.headline, entry.url, entry.outlet, entry.image) == ("Bank shut", "", "Courier", None)


def test_ids_are_random_and_short() -> None:
    ids = {editions.new_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(len(one) == 12 and one.isalnum() and one == one.lower() for one in ids)
