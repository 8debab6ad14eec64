"""Whose text it is: the agency that signs it, and not the one that it mentions."""

import pytest

from alerts.content.reading import agencies
from alerts.content.reading.cleaning import clean


@pytest.mark.parametrize(
    ("beginning", "agency"),
    [
        ("LONDON (AP) — Two people were hurt.", "AP"),
        ("PORT ELLERY, Scotland, Jan 5 (Reuters) - Two people were hurt.", "Reuters"),
        ("HARWICK, Mich. (AP) -- Two people were hurt.", "AP"),
        ("(Reuters) - Two people were hurt.", "Reuters"),
        ("Berlin (dpa) - Zwei Menschen wurden verletzt.", "dpa"),
        ("Hamburg (dpa/lno) – Zwei Menschen wurden verletzt.", "dpa"),
        ("Madrid, 5 ene (EFE).- Dos personas resultaron heridas.", "EFE"),
        ("لندن (رويترز) - أصيب شخصان.", "Reuters"),
        ("LONDON — Two people were hurt.", ""),
        ("The minister (AP) — as he is known — was hurt.", ""),
        ("Reuters reported that two people were hurt.", ""),
        ("Two people (one of them a child) - were hurt.", ""),
        ("The price of Brent (in dollars) — rose.", ""),
    ],
)
def test_a_dateline_names_the_agency_and_stays(beginning: str, agency: str) -> None:
    cleaned = clean([beginning, "The road is closed."], title="Two hurt")
    assert cleaned.agency == agency
    assert cleaned.paragraphs[0] == beginning


@pytest.mark.parametrize(
    ("line", "agency", "rule"),
    [
        ("By IDA FENWICK, Associated Press", "AP", "byline"),
        ("(AFP)", "AFP", "agency"),
        ("Reuters", "Reuters", "agency"),
        ("© 2026 The Associated Press. All rights reserved.", "AP", "copyright"),
        ("Copyright 2026 The Quay Times", "", "copyright"),
    ],
)
def test_a_signature_goes_and_names_the_agency(line: str, agency: str, rule: str) -> None:
    cleaned = clean([line, "Two people were hurt in a fire."], title="Two hurt")
    assert (cleaned.agency, [gone.rule for gone in cleaned.removed]) == (agency, [rule])
    assert cleaned.paragraphs == ("Two people were hurt in a fire.",)


@pytest.mark.parametrize(
    ("authors", "agency", "people"),
    [
        (("Reuters",), "Reuters", ()),
        (("Ida Fenwick, Associated Press",), "AP", ("Ida Fenwick",)),
        (("Ida Fenwick (AFP)", "Tom Oake"), "AFP", ("Ida Fenwick", "Tom Oake")),
        (("Ida Fenwick",), "", ("Ida Fenwick",)),
        (("Pa Olsen",), "", ("Pa Olsen",)),
    ],
)
def test_an_agency_is_no_author(authors: tuple[str, ...], agency: str, people: tuple[str, ...]) -> None:
    assert agencies.among(authors) == (agency, people)
