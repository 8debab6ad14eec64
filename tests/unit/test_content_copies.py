"""Whether two texts are one: excerpts, updates, syndicated copies, bulletins that only look it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from alerts.content.clusters import copies
from alerts.content.reading.articles import make
from alerts.model import Article

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

FERRY = (
    "A ferry carrying 214 people ran aground in dense fog two miles off Port Ellery on Monday morning.",
    "The Skarrow Queen struck the Cormorant Bank at low water on her way from Skarrow Island, the coastguard said.",
    "Lifeboats from three stations took off the passengers in groups of twelve and brought them to the old lido.",
    "Nobody was hurt, but a man of 81 was taken to hospital because he had become very cold on the open deck.",
    "The harbour master, Ines Calloway, said that the buoy off the bank had been dark since the storm of Friday.",
)
TRAM = (
    "Port Ellery will get its first new tram line in forty years, the city council decided by 31 votes to 24.",
    "The line will run for nine kilometres from the Customs House to Northgate, with fourteen stops on its way.",
    "Shopkeepers of Quay Street fear for their deliveries while the road is dug up, and want to be paid for it.",
    "Work is to begin in spring, and the first tram should run in four years if no one goes to court about it.",
)


def article(
    *paragraphs: str, title: str = "Ferry aground off Port Ellery", outlet: str = "Herald", minutes: int = 0
) -> Article:
    at = NOW + timedelta(minutes=minutes)
    return make(
        url=f"https://{outlet.lower()}.example/{minutes}/{abs(hash((title, paragraphs)))}",
        title=title,
        paragraphs=paragraphs,
        outlet=outlet,
        seen_at=at,
        published_at=at,
    )


def share(one: tuple[str, ...], other: tuple[str, ...]) -> float:
    return copies.contained(copies.sketch("\n".join(one)), copies.sketch("\n".join(other)))


@pytest.mark.parametrize(
    "made",
    [FERRY[:2], FERRY[3:], (TRAM[0], *FERRY[1:], TRAM[3]), (*FERRY, *TRAM)],
    ids=["its beginning", "its end", "an update with a new lead", "merged with another"],
)
def test_what_was_made_from_a_text_is_known_again_and_another_text_is_not(made: tuple[str, ...]) -> None:
    assert share(FERRY, made) >= copies.COPY
    assert share(FERRY, TRAM) < 0.1


def test_long_texts_are_compared_by_what_both_have_kept() -> None:
    """A page ten times as long as its teaser: the sketch holds a part of the page only."""
    page = " ".join(f"word{number} and term{number * 7} of part{number % 13}" for number in range(2_000))
    teaser = " ".join(page.split()[:900])
    assert not copies.sketch(page).is_whole
    assert copies.contained(copies.sketch(page), copies.sketch(teaser)) >= copies.COPY


def test_a_few_words_prove_nothing() -> None:
    assert share(("The coastguard said so on Monday.",), ("The coastguard said so on Monday.",)) == 0


# --- the same article under another address ---------------------------------------------------------


def test_a_new_address_makes_no_new_article() -> None:
    old = article(*FERRY)
    assert copies.is_same(article(*FERRY, minutes=60), old)
    assert copies.is_same(article(*FERRY, title="Queen aground in fog", minutes=60), old)
    assert copies.is_same(article(*FERRY[:4], minutes=60), old)
    assert not copies.is_same(replace(article(*FERRY, minutes=60), outlet="Gazette"), old)
    assert not copies.is_same(article(*TRAM, minutes=60), old)


def test_what_only_a_number_or_a_name_tells_apart_is_not_the_same() -> None:
    """Bulletins from one template: the reader of one has not been told the other."""

    def bulletin(size: str, place: str) -> Article:
        return article(
            f"An earthquake of magnitude {size} was recorded at a depth of ten kilometres near {place} this morning. "
            "It may have been felt by people within a hundred kilometres of the epicentre, the institute said in a "
            "first automatic notice. Damage is not to be expected in buildings that follow the rules.",
            title=f"Earthquake of magnitude {size} near {place}",
        )  # fmt: skip

    assert not copies.is_same(bulletin("4.1", "Valdona"), bulletin("5.6", "Valdona"))
    assert not copies.is_same(bulletin("4.1", "Valdona"), bulletin("4.1", "Kerasund"))


def test_a_toll_that_rose_is_news_under_whatever_address() -> None:
    before = article(*FERRY, title="Ferry aground: two missing")
    after = article(*FERRY, title="Ferry aground: five missing", minutes=30)
    more = article(FERRY[0].replace("214", "219"), *FERRY[1:], title=before.title, minutes=30)
    assert not copies.is_same(more, before)
    assert not copies.is_same(replace(after, paragraphs=(*FERRY[:4], TRAM[0])), before)


# --- voices ---------------------------------------------------------------------------------------


def heard(*articles: Article) -> list[tuple[str, ...]]:
    found = copies.voices(articles, owner=lambda one: one.outlet)
    return [tuple(one.outlet for one in voice.articles) for voice in found]


def test_papers_that_carry_one_agencys_text_are_one_voice() -> None:
    herald, gazette = article(*FERRY), article(*FERRY[:3], title="Fog: ferry stuck", outlet="Gazette", minutes=5)
    own = article(*TRAM, title="The Skarrow Queen is stuck", outlet="Courier", minutes=9)
    assert heard(herald, gazette, own) == [("Herald", "Gazette"), ("Courier",)]


def test_a_named_agency_is_one_voice_even_where_papers_rewrote_it() -> None:
    first = replace(article(*FERRY), agency="AP")
    second = replace(article(*TRAM, outlet="Gazette", minutes=5), agency="AP")
    assert heard(first, second) == [("Herald", "Gazette")]


def test_a_copy_of_two_voices_makes_them_one() -> None:
    """The third paper prints what seemed two texts: both were cut from it."""
    parts = article(*FERRY[:2]), article(*FERRY[3:], outlet="Gazette", minutes=5)
    whole = article(*FERRY, outlet="Courier", minutes=9)
    assert len(heard(*parts)) == 2
    assert heard(*parts, whole) == [("Herald", "Gazette", "Courier")]


def test_the_same_headline_without_a_text_is_a_copy_a_short_one_is_not() -> None:
    long, short = "Ferry with 214 aboard runs aground in fog off Port Ellery", "Ferry runs aground"
    assert len(heard(article(title=long), article(title=long, outlet="Gazette"))) == 1
    assert len(heard(article(title=short), article(title=short, outlet="Gazette"))) == 2
