"""What cleaning takes out, and above all what it leaves alone."""

import pytest

from alerts.content.reading import shortcodes
from alerts.content.reading.cleaning import clean
from alerts.model import Removed

TITLE = "Ferry runs aground off Port Ellery"
BODY = [
    "A ferry with 214 people aboard has run aground off Port Ellery, the coastguard says.",
    "Four lifeboats are at the scene and nobody is reported missing.",
    "The cause of the accident is being investigated.",
]


def test_a_clean_text_is_left_as_it_is() -> None:
    cleaned = clean(BODY, title=TITLE)
    assert (cleaned.title, list(cleaned.paragraphs), cleaned.removed, cleaned.truncated) == (TITLE, BODY, (), False)


@pytest.mark.parametrize(
    ("crumb", "section"),
    [
        (f"Home Breaking News {TITLE}", "Breaking News"),
        (f"Home > News > Region > {TITLE}", "Region"),
        (f"Home » Politics » {TITLE}", "Politics"),
        (f"News Sport {TITLE}", "Sport"),
        (f"Home {TITLE}", ""),
        ("Home / Culture / Music", "Music"),
    ],
)
def test_a_breadcrumb_becomes_the_section(crumb: str, section: str) -> None:
    cleaned = clean([crumb, TITLE, *BODY])
    assert (cleaned.title, cleaned.section, list(cleaned.paragraphs)) == (TITLE, section, BODY)
    assert Removed(text=crumb, rule="breadcrumb") in cleaned.removed


@pytest.mark.parametrize(
    "opening", ["Home rule is back on the table.", "News of the accident spread quickly.", "Home win"]
)
def test_a_first_sentence_that_only_sounds_like_a_breadcrumb_stays(opening: str) -> None:
    cleaned = clean([opening, *BODY], title=TITLE)
    assert cleaned.paragraphs[0] == opening
    assert cleaned.section == ""


def test_a_caption_printed_twice_goes_and_the_sentence_it_repeats_stays() -> None:
    caption = "A ferry with 214 people aboard has run aground off Port Ellery"
    cleaned = clean([BODY[0], caption, BODY[1], caption, BODY[2]], title=TITLE)
    assert list(cleaned.paragraphs) == BODY
    assert [removed.rule for removed in cleaned.removed] == ["caption-repeated", "caption-repeated"]


def test_a_caption_printed_once_goes_if_a_sentence_says_the_same() -> None:
    caption = "The ferry with 214 people aboard aground off Port Ellery"
    cleaned = clean([BODY[0], caption, *BODY[1:]], title=TITLE)
    assert list(cleaned.paragraphs) == BODY
    assert cleaned.removed == (Removed(text=caption, rule="caption"),)


def test_subheadings_stay() -> None:
    text = [BODY[0], "What we know", BODY[1], "What happens next", BODY[2]]
    assert list(clean(text, title=TITLE).paragraphs) == text


def test_the_title_repeated_with_the_sites_name_goes() -> None:
    cleaned = clean(
        [f"{TITLE} | The Harbour Courier", *BODY], title=f"{TITLE} | The Harbour Courier", site="The Harbour Courier"
    )
    assert (cleaned.title, list(cleaned.paragraphs)) == (TITLE, BODY)


@pytest.mark.parametrize(
    ("paragraph", "rule", "language"),
    [
        ("Read more: How the Sound is charted", "read-more", "en"),
        ("Related: Lifeboat tows fishing boat", "read-more", "en"),
        ("Sign up for our daily newsletter", "sign-up", "en"),
        ("Follow us on Facebook and Instagram", "follow", "en"),
        ("Share this article", "share", "en"),
        ("© The Harbour Courier", "copyright", "en"),
        ("All rights reserved.", "copyright", "en"),
        ("Photograph: Ida Fenwick/Courier", "credit", "en"),
        ("(Reporting by Marta Lindqvist; editing by Jonas Abara)", "agency-credit", "en"),
        ("Published 23 November 2026, 10:15", "date-line", "en"),
        ("3 hours ago", "date-line", "en"),
        ("Advertisement", "advertisement", "en"),
        ("The post Ferry aground appeared first on The Harbour Courier.", "feed-footer", "en"),
        ("Lire aussi : le port fermé", "read-more", "fr"),
        ("Lesen Sie auch: Fähre läuft auf Grund", "read-more", "de"),
        ("Suscríbete a nuestro boletín", "sign-up", "es"),
        ("اقرأ أيضا: إغلاق الميناء", "read-more", "ar"),
    ],
)
def test_wrapping_goes_and_the_rule_is_named(paragraph: str, rule: str, language: str) -> None:
    cleaned = clean([*BODY[:2], paragraph, BODY[2]], title=TITLE, language=language)
    assert list(cleaned.paragraphs) == BODY
    assert cleaned.removed == (Removed(text=paragraph, rule=rule),)


@pytest.mark.parametrize(
    "paragraph",
    [
        "Share prices fell 3 per cent on Monday.",
        "He read more than ten books about the Sound in prison, she said.",
        "Video shows police breaking down the door.",
        "Related companies must be named in the report, the court said.",
        "Follow-up talks are planned for the spring.",
        "Sources in the harbour office said the channel would stay closed.",
        "Updated rules for pilots come into force next week.",
        "Photographs of the wreck were shown to the jury.",
        "By the evening, 96 passengers had been brought ashore.",
        "Register offices in the province will open on Saturdays.",
        "Tags on the lobsters showed where they had been caught.",
    ],
)
def test_sentences_that_begin_like_wrapping_stay(paragraph: str) -> None:
    text = [*BODY[:2], paragraph, BODY[2]]
    assert list(clean(text, title=TITLE).paragraphs) == text


def test_a_byline_names_the_authors() -> None:
    cleaned = clean(["By Marta Lindqvist and Jonas Abara", *BODY], title=TITLE)
    assert (cleaned.authors, list(cleaned.paragraphs)) == (("Marta Lindqvist", "Jonas Abara"), BODY)


def test_an_ending_that_leads_elsewhere_is_cut_and_the_text_known_to_break_off() -> None:
    cleaned = clean([*BODY, "The captain, who has sailed the Sound for […]"], title=TITLE)
    assert cleaned.paragraphs[-1] == "The captain, who has sailed the Sound for"
    assert cleaned.truncated


def test_a_paragraph_printed_twice_is_kept_once() -> None:
    cleaned = clean([*BODY, BODY[1]], title=TITLE)
    assert list(cleaned.paragraphs) == BODY
    assert cleaned.removed == (Removed(text=BODY[1], rule="repeated"),)


@pytest.mark.parametrize(
    "code",
    [
        "[youtube kNbsxICELG0 650]",
        "[youtube]kNbsxICELG0[/youtube]",
        '[gallery ids="1,2,3"]',
        "[vc_row]",
        '[su_button url="https://x.example"]',
        '[contact-form-7 id="12" title="Form"]',
        '[strange_plugin key="v" other=1]',
        "[/strange_plugin]",
    ],
)
def test_shortcodes_go(code: str) -> None:
    left, found = shortcodes.strip(code)
    assert "[" not in left
    assert found


@pytest.mark.parametrize(
    "prose",
    [
        "“It [the council] voted,” she said [1].",
        "He wrote “recieve [sic]”.",
        "“We are [laughs] quite sure.”",
        "The text goes on […] and ends.",
        "[Editor's note: names were changed.]",
        "See the table [more] below.",
    ],
)
def test_brackets_in_prose_stay(prose: str) -> None:
    assert shortcodes.strip(prose) == (prose, [])


def test_a_wrapped_caption_is_known_as_one() -> None:
    cleaned = clean(
        ['[caption id="a"]The ferry on the bank[/caption]', BODY[0], "The ferry on the bank", *BODY[1:]], title=TITLE
    )
    assert list(cleaned.paragraphs) == BODY


def test_long_hostile_paragraphs_are_cleaned_in_no_time() -> None:
    import time

    hostile = [
        "by " + "Aa " * 30_000,
        "[" * 50_000,
        "read more " * 10_000,
        "(" * 50_000,
        "Home > " * 15_000,
        "“" * 50_000,
    ]
    began = time.process_time()
    clean(hostile, title="x")
    assert time.process_time() - began < 2
