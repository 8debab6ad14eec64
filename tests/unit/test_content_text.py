"""Making text fit to print, and splitting it into sentences."""

import time

import pytest

from alerts.content import sentences
from alerts.content.summaries import headline
from alerts.content.text import language_by_script, language_of, shorten, tidy


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("  two\u00a0 words \n", "two words"),
        ("Cafe\u0301", "Café"),
        ("a\u202ebc\u202cd", "abcd"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("bell\x07 null\x00", "bell null"),
        ("soft\u00adhyphen", "softhyphen"),
        ("lone\ud800surrogate", "lonesurrogate"),
        ("tag\U000e0041s", "tags"),
        # Joiners are part of words in Persian and of families in emoji.
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("👩\u200d👩\u200d👧", "👩\u200d👩\u200d👧"),
    ],
)
def test_tidy(written: str, printed: str) -> None:
    assert tidy(written) == printed
    assert tidy(printed) == printed


@pytest.mark.parametrize(
    "expected",
    [
        ["The U.S. said Gen. Smith met at 5:30 p.m. Tuesday.", "He left."],
        ["Dr. No met J. R. Smith in the U.S.", "The talks failed."],
        ["“Stop! Now.” he said.", "“I will go.”", "Then he went."],
        ['He said "It is over. We are done."', "Then he left."],
        ["It cost 3.5 million.", "Was that too much?", "Nobody knows…"],
        ["Acme Inc. said so on Friday.", "The firm is small."],
        ["وقال الوزير إن الاتفاق سيوقع غدا.", "هل يحضر الرئيس؟", "لم يعلن ذلك بعد."],
    ],
)
def test_sentences_are_split_where_a_reader_would(expected: list[str]) -> None:
    assert sentences.split(" ".join(expected)) == expected


def test_sentences_in_chinese_have_no_blanks_between_them() -> None:
    assert sentences.split("政府今天发表声明。会谈没有结果。") == ["政府今天发表声明。", "会谈没有结果。"]


def test_a_cut_leaves_no_half_word_number_or_quotation() -> None:
    text = "The minister said “we shall never give up the 12,500 places” on Monday"
    for limit in range(12, len(text) + 5):
        cut = shorten(text, limit)
        assert len(cut) <= limit
        assert cut == text or (cut.endswith("…") and text.startswith(cut[:-1]))
        assert cut.count("“") == cut.count("”")
        assert not any(part in cut for part in ("12…", "12,…", "12,5…", "12,50…"))


@pytest.mark.parametrize(
    ("tag", "language"), [("en-GB", "en"), ("fr_FR", "fr"), ("", ""), ("english", ""), ("ar", "ar")]
)
def test_language_tags(tag: str, language: str) -> None:
    assert language_of(tag) == language


@pytest.mark.parametrize(
    ("text", "language"), [("إجلاء الركاب", "ar"), ("政府は発表した", "ja"), ("政府今天", "zh"), ("Ferry aground", "")]
)
def test_the_script_tells_the_language_or_nothing(text: str, language: str) -> None:
    assert language_by_script(text) == language


@pytest.mark.parametrize(
    ("title", "subject"),
    [
        ("BREAKING: Ferry aground off Port Ellery", "Ferry aground off Port Ellery"),
        ("URGENT - ferry aground", "Ferry aground"),
        ("FERRY AGROUND OFF PORT ELLERY", "Ferry aground off port ellery"),
        ("Live: update: Tram vote", "Tram vote"),
        ("Ferry aground", "Ferry aground"),
    ],
)
def test_a_headline_without_its_shouting(title: str, subject: str) -> None:
    assert headline.bare(title) == subject


def test_a_long_title_becomes_its_main_clause_before_it_is_cut() -> None:
    long = "Council votes to build the tram line: seven hours of debate end with a majority of seven votes"
    assert headline.subject_of([long]) == "Seven hours of debate end with a majority of seven votes" or (
        headline.subject_of([long]) == "Council votes to build the tram line"
    )


def test_another_title_of_the_story_is_better_than_a_cut() -> None:
    long = "The city council of Port Ellery has voted after seven hours to build its tram line to the north"
    assert headline.subject_of([long, "Council votes to build tram line"]) == "Council votes to build tram line"
    cut = headline.subject_of([long])
    assert len(cut) <= 70
    assert cut.endswith("…")
    assert not cut.endswith((" to…", " the…", " has…."))


def test_wide_characters_count_twice_in_a_subject() -> None:
    assert len(headline.subject_of(["政府今天发表声明说" * 10])) <= 36


def test_a_hostile_text_is_split_in_no_time() -> None:
    began = time.process_time()
    for text in ("word. " * 20_000, "“" * 50_000, "A.B." * 20_000, ". " * 50_000):
        sentences.split(text)
    assert time.process_time() - began < 4
