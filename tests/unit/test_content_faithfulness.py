"""The guard holds a claim to the sentence that it comes from, in digits and words, and in what it denies."""

import pytest

from alerts.content.guard.faithfulness import Guard, unsupported
from alerts.content.guard.figures import figures, numbers

SOURCE = (
    "Ferry company Sound Lines said 214 people were aboard when the Skarrow Queen ran aground on Monday.\n"
    "Captain Una Sorley was not hurt. Eleven passengers were treated for cuts. Rescuers Henrik Dahl and Joel Pike "
    "brought 40 children ashore.\n"
    "The company denied that its radar had failed. Nobody believes the hull is holed, the coastguard said.\n"
    "In 2019 the same ship lost two anchors off Tarnmouth, a report by Marta Lindqvist found."
)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1.5 million", [1_500_000]),
        ("1,500,000", [1_500_000]),
        ("two hundred and forty thousand", [240_000]),
        ("twenty-five, and forty fifty", [25, 40, 50]),
        ("$5bn and 5 m of rope", [5_000_000_000, 5]),
        ("١٢ شخصا", [12]),
        ("an elf ate once", []),
    ],
)
def test_numbers_are_read_in_digits_and_words(text: str, values: list[float]) -> None:
    assert [figure.value for figure in figures(text)] == values


def test_each_language_has_words_of_its_own() -> None:
    assert numbers("elf Menschen, 3 Mio. Euro", "de").keys() == {11, 3_000_000}
    assert numbers("douze blessés, trois millions", "fr").keys() == {12, 3_000_000}
    assert numbers("once heridos", "es").keys() == {11}


@pytest.mark.parametrize(
    ("claim", "what"),
    [
        # in the article, but of something else
        ("Ferry company Sound Lines said 40 people were aboard when the Skarrow Queen ran aground.", "number stands"),
        ("Rescuers Henrik Dahl and Marta Lindqvist brought 40 children ashore.", "name"),
        ("214 people were aboard when the Skarrow Queen ran aground on Tuesday.", "name not in the source"),
        # torn out of what is denied
        ("The hull is holed, the coastguard said.", "denied in the source"),
        ("Captain Una Sorley was hurt.", "denied in the source"),
        ("214 people were not aboard when the Skarrow Queen ran aground on Monday.", "denied here"),
        # half a quotation of nobody
        ("The company said “its radar was perfect”.", "not said so"),
    ],
)
def test_what_is_said_of_something_else_is_found(claim: str, what: str) -> None:
    assert [found.what for found in unsupported(claim, [SOURCE]) if found.what.startswith(what)], claim


@pytest.mark.parametrize(
    "claim",
    [
        "Sound Lines said 214 people were aboard when the Skarrow Queen ran aground.",
        "11 passengers were treated for cuts.",
        "Henrik Dahl and Joel Pike brought 40 children ashore.",
        "Captain Una Sorley was not hurt.",
        "The company denied that its radar had failed.",
        "Nobody believes the hull is holed.",
    ],
)
def test_what_the_article_says_in_fewer_words_is_let_through(claim: str) -> None:
    assert unsupported(claim, [SOURCE]) == []


def test_a_claim_is_traced_to_its_sentence() -> None:
    guard = Guard([SOURCE])
    assert guard.origin("11 passengers were treated for cuts.") == "Eleven passengers were treated for cuts."
    assert guard.origin("Captain Una Sorley was not hurt.") == "Captain Una Sorley was not hurt."
    assert guard.origin("Tulips bloom.") == ""
