"""Whatever an article holds, what we print of it fits its place, stands in it, and is not torn."""

import re
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alerts.content.guard.faithfulness import Guard
from alerts.content.reading.articles import make
from alerts.content.summaries.candidates import leans
from alerts.content.summaries.fitting import fit, is_balanced
from alerts.content.summaries.headline import of_article
from alerts.content.summaries.summary import LINE_LIMIT, PREHEADER, summarise
from alerts.content.text import width
from alerts.model import Summary

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LANGUAGES = {
    "en": [
        "The council of Port Ellery has voted 31–24 to build a tram line, Mayor Ines Halloran said on Monday.",
        "He said the plan would cost 380 million crowns.", "But Piet Vance called it “a promise nobody can keep”.",
        "Meanwhile, two of the 14 wards (Northgate and Calder Bay) asked for a delay, according to the clerk.",
        "“We will not pay,” said Marta Lindqvist.", "It was not the first vote.", "Why now?",
        "About 1,250 people were told to leave their homes, which stand below the dam, the fire service said.",
        "The hull, if the Skarrow Harbour Board is right, is not believed to be holed.",
    ],
    "fr": [
        "Le conseil de Port-Ellery a voté la ligne de tramway par 31 voix contre 24, selon la mairie.",
        "Il coûtera 380 millions de couronnes.", "Mais Piet Vance a dénoncé « une promesse intenable ».",
        "Par ailleurs, environ 1 250 personnes ont quitté leur logement, qui se trouve sous le barrage.",
    ],
    "de": [
        "Der Stadtrat von Port Ellery hat mit 31 zu 24 Stimmen für eine Straßenbahn gestimmt, sagte der Bürgermeister.",
        "Sie kostet 380 Millionen Kronen.", "Aber Piet Vance nannte das „ein Versprechen, das niemand hält“.",
        "Rund 1.250 Menschen mussten laut Feuerwehr ihre Häuser verlassen, die unter dem Damm stehen.",
    ],
    "ar": [
        "صوت مجلس مدينة بورت إليري بأغلبية 31 صوتا مقابل 24 لصالح خط الترام، بحسب رئيسة البلدية.",
        "وقال إن المشروع سيكلف 380 مليون كرونة.", "هذا ليس التصويت الأول.",
        "وغادر نحو 1250 شخصا منازلهم قرب السد بعد تحذير من خدمة الإطفاء في المدينة القديمة.",
    ],
}  # fmt: skip
HOSTILE = st.one_of(
    st.text(max_size=400),
    st.sampled_from(
        ["“", '"', "(", "…", ".", "A" * 500, "1,2" * 90, "“" + "never closed " * 40, "؟ " * 50, "東京都" * 80]
    ),
)


@st.composite
def told(draw: st.DrawFn) -> tuple[str, str, str, tuple[str, ...]]:
    """A language, a title, a standfirst and paragraphs: sentences in any order, here and there something hostile."""
    language = draw(st.sampled_from(sorted(LANGUAGES)))
    text = st.one_of(st.sampled_from(LANGUAGES[language]), st.sampled_from(LANGUAGES[language]), HOSTILE)
    parts = draw(st.lists(st.lists(text, min_size=1, max_size=4).map(" ".join), max_size=6))
    title, standfirst = draw(st.tuples(text, st.one_of(st.just(""), st.lists(text, max_size=3).map(" ".join))))
    return language, title, standfirst, tuple(parts)


def summary_of(language: str, title: str, standfirst: str, paragraphs: tuple[str, ...]) -> tuple[Summary, str]:
    article = make(url="https://c.example/1", title=title or "x", standfirst=standfirst, paragraphs=paragraphs,
                   outlet="C", seen_at=NOW, language=language)  # fmt: skip
    return summarise([article]), "\n".join((article.title, article.standfirst, *article.paragraphs))


def is_cut_in_a_word(text: str, source: str) -> bool:
    """Tell whether a cut text breaks off inside a word or number of the text it was cut from."""
    at = source.find(text.removesuffix("…"))
    if not text.endswith("…") or at < 0:
        return False
    before, after = text[-2:-1], source[at + len(text) - 1 :][:1]
    unspaced = re.compile("[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]")
    return before.isalnum() and after.isalnum() and not unspaced.match(before)


@settings(max_examples=120, deadline=None)
@given(told())
@example(("en", "Storm", "", ("He said yes.",)))
@example(("en", "Storm", "", ("“" + "We will stay here. " * 40 + "”",)))
def test_what_is_printed_fits_stands_alone_and_stands_in_the_article(
    case: tuple[str, str, str, tuple[str, ...]],
) -> None:
    language = case[0]
    summary, source = summary_of(*case)
    assert width(summary.headline) <= 70
    assert len(summary.preheader) <= PREHEADER[1]
    assert len(" ".join(one.text for one in summary.sentences)) <= 300
    assert len(" ".join(one.text for one in summary.blurb)) <= 400
    assert summary.line is None or len(summary.line.text) <= LINE_LIMIT
    guard = Guard([source], language=language)
    for sentence in (*summary.sentences, *summary.blurb):
        assert not leans(sentence.text, language)
        assert is_balanced(sentence.text) or sentence.text in source
        assert not is_cut_in_a_word(sentence.text, source)
        assert [one for one in guard.check(sentence.text) if "most of it" not in one.what] == []
    assert not leans(summary.preheader, language)
    assert not is_cut_in_a_word(summary.preheader, source)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(LANGUAGES)).flatmap(
    lambda language: st.tuples(
        st.just(language), st.lists(st.sampled_from(LANGUAGES[language]), min_size=1, max_size=3).map(" ".join)
    )
), st.integers(12, 150))  # fmt: skip
def test_a_cut_never_tears_a_word_a_number_or_a_quotation(case: tuple[str, str], limit: int) -> None:
    language, text = case
    fitted = fit(text, limit, language=language)
    assert len(fitted) <= limit
    if not fitted or fitted == text:
        return
    assert is_balanced(fitted)
    assert not is_cut_in_a_word(fitted, text)
    # No number is torn apart or from its scale.
    for number in re.findall(r"\d[\d.,\u202f]*", fitted):
        assert number.rstrip(".,") in re.findall(r"\d[\d.,\u202f]*\d|\d", text)
    assert not fitted.endswith(("31…", "380…", "1,250…", "Piet…", "Port…"))


def test_who_says_so_is_never_cut_off() -> None:
    text = "The mayor took 40,000 crowns from a builder who wanted the harbour land for a hotel, prosecutors allege."
    for limit in range(20, len(text)):
        fitted = fit(text, limit)
        assert "allege" in fitted or fitted == "", fitted


def test_a_sentence_may_follow_only_where_it_says_something_new() -> None:
    sentences = LANGUAGES["en"]
    summary, _ = summary_of("en", "Council votes", "", (sentences[0], sentences[0], sentences[7]))
    texts = [one.text for one in summary.blurb]
    assert len(texts) == len(set(texts)) == 2
    assert all(one != other for one, other in pairwise(texts))


@pytest.mark.parametrize(
    ("title", "cleaned"),
    [
        ("BREAKING: Ferry aground off Port Ellery", "Ferry aground off Port Ellery"),
        ("Ferry aground off Port Ellery - The Harbour Courier", "Ferry aground off Port Ellery"),
        ("Ferry aground off Port Ellery | Harbour Courier", "Ferry aground off Port Ellery"),
        ("Talks - a last chance for the islands", "Talks - a last chance for the islands"),
        ("FERRY AGROUND OFF PORT ELLERY, NATO SHIP HELPS", "Ferry aground off Port Ellery, NATO ship helps"),
    ],
)
def test_titles_are_cleaned(title: str, cleaned: str) -> None:
    text = "A ferry ran aground off Port Ellery. The ferry is off Port Ellery still."
    article = make(url="https://c.example/1", title=title, paragraphs=(text,), outlet="The Harbour Courier",
                   seen_at=NOW, language="en")  # fmt: skip
    assert of_article(article) == cleaned
