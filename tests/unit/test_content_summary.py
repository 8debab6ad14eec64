"""Summaries say what the article says, in sentences that stand alone; the guard finds what it does not say."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from alerts.content.guard.faithfulness import unsupported
from alerts.content.reading.articles import make
from alerts.content.summaries.summary import summarise
from alerts.model import Article

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PARAGRAPHS = (
    "PORT ELLERY (AP) — The city council of Port Ellery has voted 31–24 to build a tram line to the northern suburbs.",
    "He called the vote a promise kept. They said it would cost too much.",
    "Meanwhile, two liberal councillors broke ranks and voted with the governing coalition.",
    "The opposition leader, Piet Vance, said the city “is buying rails with money it does not have”.",
    "Half of the 380 million crowns will be met by the national transport fund, the mayor said.",
    "The line will not be opened before 2031. Work on the Old Bridge begins next spring.",
)


def article(**changes: object) -> Article:
    made = make(url="https://c.example/1", title="Council votes for the tram line", paragraphs=PARAGRAPHS, outlet="C",
                seen_at=NOW, language="en")  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def test_it_begins_with_the_lead_without_its_dateline() -> None:
    summary = summarise([article()])
    assert summary.method == "lead"
    assert summary.sentences[0].text.startswith("The city council of Port Ellery has voted 31–24")
    assert (summary.sentences[0].article, summary.sentences[0].place) == (article().id, "paragraph 1")


def test_every_sentence_stands_in_the_article_and_none_leans_on_another() -> None:
    summary = summarise([article()])
    text = " ".join(PARAGRAPHS)
    for sentence in (*summary.sentences, *summary.blurb):
        # An opening connector may be gone, and the capital moved.
        assert sentence.text[1:] in text
        assert not sentence.text.startswith(("He ", "They ", "Meanwhile"))


def test_lengths_are_kept() -> None:
    long = tuple(f"Sentence {number} of a very long article tells the reader something quite new, "
                 f"namely fact {number * 7} about place {number * 11} in town." for number in range(40))  # fmt: skip
    title = "Thirty letters make a long title" + " and so on " * 20
    summary = summarise([article(title=title, paragraphs=long)])
    assert len(summary.headline) <= 70
    assert 40 <= len(summary.preheader) <= 110
    assert sum(len(sentence.text) for sentence in summary.sentences) <= 300
    assert sum(len(sentence.text) for sentence in summary.blurb) <= 400


def test_the_preheader_does_not_repeat_the_subject() -> None:
    repeating = ("Council votes for the tram line, the city said on Monday.", PARAGRAPHS[2], PARAGRAPHS[4])
    summary = summarise([article(paragraphs=repeating)])
    assert "Council votes" not in summary.preheader


def test_a_standfirst_that_the_text_bears_out_is_taken() -> None:
    standfirst = "Port Ellery’s council has voted for a tram line to the north that costs 380 million crowns."
    summary = summarise([article(standfirst=standfirst)])
    assert (summary.method, summary.sentences[0].text, summary.sentences[0].place) == (
        "standfirst",
        standfirst,
        "standfirst",
    )


@pytest.mark.parametrize(
    "standfirst",
    [
        "Port Ellery’s council has voted for a tram line to the north that costs 480 million crowns.",
        "The council in Tarnmouth has voted for a tram line to the north that costs 380 million crowns.",
        "The latest news, weather and sport from Port Ellery and the islands of the Sound, every day.",
        "Port Ellery’s council has voted for a tram line to the north that costs 380 million…",
        "He has voted for a tram line to the northern suburbs that costs 380 million crowns, the city said.",
        "Council votes.",
        "Sign up for our newsletter and get the news about the tram line to the northern suburbs in your inbox.",
    ],
)
def test_a_standfirst_that_is_not_fit_is_not_taken(standfirst: str) -> None:
    summary = summarise([article(standfirst=standfirst)])
    assert summary.method == "lead"
    assert summary.sentences[0].text.startswith("The city council of Port Ellery")


def test_a_text_of_one_endless_sentence_is_cut_at_a_word() -> None:
    endless = "The council said that " + "and that ".join(f"street {n} would be closed " for n in range(60))
    summary = summarise([article(paragraphs=(endless,))])
    (sentence,) = summary.sentences
    assert len(sentence.text) <= 300
    assert sentence.text.endswith("…")
    assert endless.startswith(sentence.text[:-1])


def test_a_text_without_a_sentence_still_has_a_summary() -> None:
    summary = summarise([article(paragraphs=("No full stop here",))])
    assert summary.sentences[0].text == "No full stop here"


def test_a_bare_headline_has_no_summary_and_no_crash() -> None:
    summary = summarise([article(paragraphs=())])
    assert (summary.sentences, summary.blurb, summary.preheader) == ((), (), "")
    assert summary.headline == "Council votes for the tram line"


# --- the guard ------------------------------------------------------------------------------------

SOURCE = [
    "A ferry carrying 214 people ran aground off Port Ellery, the coastguard says. Marta Lindqvist was aboard. "
    "Eleven people were treated for cuts, and two were taken to Ellery General Hospital. "
    "“The crew were calm,” said Ines Halloran. The hull is not believed to be holed. "
    "Sound Ferries has not cancelled its crossings to Calder Bay. Repairs will cost 1.5 million crowns."
]


@pytest.mark.parametrize(
    "claim",
    [
        "A ferry carrying 214 people ran aground off Port Ellery, the coastguard says.",
        "11 people were treated for cuts.",
        "Two were taken to Ellery General Hospital.",
        "Ines Halloran said: “The crew were calm.”",
        "Repairs will cost 1,500,000 crowns.",
        "Ferry aground off Port Ellery",
        "A ferry carrying 214 people ran aground off Port Ellery…",
    ],
)
def test_what_the_source_says_is_let_through(claim: str) -> None:
    assert unsupported(claim, SOURCE) == []


@pytest.mark.parametrize(
    ("claim", "what"),
    [
        ("A ferry carrying 241 people ran aground off Port Ellery.", "number"),
        ("Twelve people were treated for cuts.", "number"),
        ("Repairs will cost 1.5 billion crowns.", "number"),
        ("A ferry ran aground off Port Tarnmouth, the coastguard says.", "name"),
        ("Two were taken to Ellery General Hospital, said Viktor Sand.", "name"),
        ("Ines Halloran said: “The crew were drunk.”", "not said so"),
        ("The hull is believed to be holed.", "denied in the source"),
        ("A ferry carrying 214 people did not run aground off Port Ellery.", "denied here"),
        ("Sound Ferries has cancelled its crossings to Calder Bay.", "denied in the source"),
        ("Shareholders gathered yesterday evening to discuss quarterly earnings.", "most of it"),
    ],
)
def test_what_the_source_does_not_say_is_found(claim: str, what: str) -> None:
    assert any(found.what.startswith(what) for found in unsupported(claim, SOURCE))
