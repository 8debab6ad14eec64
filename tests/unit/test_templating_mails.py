"""What the shipped mails say: all that a reader must know, in their language and direction, in both parts."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from alerts.errors import SendRefused
from alerts.mail.fill import fill
from alerts.mail.variant import Slot, Variant
from alerts.model import Edition, EditionId, Kind, Mailbox, Sentence
from alerts.templating import samples
from tests.unit.test_templating_rendering import READER, holes, parse, render, squeezed, unflowed, visible


def test_an_alert_says_all_that_a_reader_must_know() -> None:
    variant = render(samples.ALERT, web_url=samples.WEB_URL)
    tree = parse(variant)
    shown = visible(tree)
    plain = "\n".join(unflowed(fill(variant.text, READER)))
    entry = samples.ALERT.entries[0]
    for text in (
        *("Breaking news", "09:40 GMT", entry.headline, *(sentence.text for sentence in entry.sentences)),
        *("Read the full story", "Reported by The Harbour Post, Valley Courier and 2 more", samples.WHY_ALERT),
        *("What we know", "What we do not know yet", *(line.text for line in (*entry.known, *entry.unknown))),
        *("Unsubscribe", "Read this mail on the web"),
        samples.BRAND.postal_address,
    ):
        assert text in shown
        assert text in plain
    assert [heading.tag for heading in tree.iter() if heading.tag in ("h1", "h2", "h3")] == ["h1", "h2", "h2"]
    assert samples.WEB_URL in {link.get("href") for link in tree.iter("a")}
    assert samples.WEB_URL in plain.split("\n")
    assert entry.url in plain.split("\n")
    assert READER[Slot.UNSUBSCRIBE_URL] in plain.split("\n")
    assert samples.ALERT.preheader in shown


def test_a_flash_without_an_article_has_no_button_and_no_source() -> None:
    shown = visible(parse(render(samples.FLASH)))
    assert "Prime minister Elena Marsh resigns" in shown
    assert "Read the full story" not in shown
    assert "Source" not in shown


@pytest.mark.parametrize(
    ("edition", "label"),
    [(samples.UPDATE, "Update"), (samples.CORRECTION, "Correction"), (samples.WITHDRAWAL, "Withdrawn")],
)
def test_what_follows_an_alert_says_so_and_stands_in_its_thread(edition: Edition, label: str) -> None:
    variant = render(edition)
    assert label in visible(parse(variant))
    assert fill(variant.text, READER).split("\n\n")[1].startswith(label)
    assert dict(variant.headers)["References"] == dict(render(samples.ALERT).headers)["References"]


def test_the_correction_of_a_flash_stands_in_its_thread_and_other_news_does_not() -> None:
    righted = replace(samples.FLASH, id=EditionId("righted"), kind=Kind.CORRECTION, corrects=samples.FLASH.id)
    another = replace(samples.FLASH, id=EditionId("another"))
    threads = [dict(render(edition).headers)["References"] for edition in (samples.FLASH, righted, another)]
    assert threads[0] == threads[1] != threads[2]


def test_a_digest_counts_numbers_and_groups_its_stories() -> None:
    tree = parse(render(samples.DIGEST, why=samples.WHY_DIGEST))
    shown = visible(tree)
    assert "Tuesday, 3 March 2026" in shown
    assert "12 stories, about 1 minute" in shown
    for number, entry in enumerate(samples.DIGEST.entries[:3], start=1):
        assert f"{number}. {entry.headline}" in shown
    levels = [
        (heading.tag, squeezed("".join(heading.itertext()))) for heading in tree.iter() if heading.tag in ("h2", "h3")
    ]
    sections = [text for tag, text in levels if tag == "h2"][3:]
    assert sections == ["Politics", "Business", "Science", "Culture", "More news", "Corrections"]
    told = (*samples.DIGEST.entries[3:], *samples.DIGEST.corrections)
    assert [text for tag, text in levels if tag == "h3"] == [entry.headline for entry in told]
    linked = {link.get("href") for link in tree.iter("a")}
    assert {entry.url for entry in samples.DIGEST.entries} <= linked


def test_a_digest_of_one_story_speaks_of_one_story() -> None:
    shown = visible(parse(render(replace(samples.DIGEST, entries=samples.DIGEST.entries[:1]))))
    assert "1 story, about 1 minute" in shown


def test_a_test_copy_says_so_in_subject_and_body() -> None:
    variant = render(samples.ALERT, test=True)
    assert variant.subject == "[TEST] " + samples.ALERT.subject
    assert "TEST This copy went to the desk only." in visible(parse(variant))
    assert "*** TEST ***" in fill(variant.text, READER)
    assert "TEST" not in visible(parse(render(samples.ALERT)))


@pytest.mark.parametrize("language", ["ar", "he", "fa", "ur"])
def test_right_to_left_mail_runs_from_right_to_left_throughout(language: str) -> None:
    tree = parse(render(samples.ARABIC, language=language))
    assert tree.get("dir") == "rtl"
    assert tree.get("lang") == language
    found = list(computed(tree.find("body"), {"direction": "ltr", "text-align": "left"}))
    assert len(found) > 5
    for text, style in found:
        assert (style["direction"], style["text-align"]) in [("rtl", "right"), ("rtl", "center")], text


def computed(element: Any, inherited: dict[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Walk all text with the direction and alignment it inherits."""
    own = dict(inherited)
    if element.get("dir") in ("ltr", "rtl"):
        own["direction"] = element.get("dir")
    own |= dict(re.findall(r"(?:^|;)\s*(direction|text-align):(\w+)", element.get("style", "")))
    if "display:none" in element.get("style", ""):
        return
    if (element.text or "").strip() and isinstance(element.tag, str):
        yield element.text, own
    for child in element:
        yield from computed(child, own)


def test_an_arabic_story_in_an_english_digest_keeps_its_own_direction() -> None:
    digest = replace(samples.DIGEST, entries=(*samples.DIGEST.entries[:1], samples.ARABIC.entries[0]))
    tree = parse(render(digest))
    headings = [heading for heading in tree.iter("h2") if heading.get("dir")]
    assert [(heading.get("lang"), heading.get("dir")) for heading in headings] == [("ar", "rtl")]


@pytest.mark.parametrize(
    ("language", "label", "day", "count"),
    [
        ("fr", "L’essentiel", "mardi 3 mars 2026", "12 articles"),
        ("de", "Überblick", "Dienstag, 3. März 2026", "12 Meldungen"),
        ("ar", "موجز", "2026", "12 خبرًا"),
        ("fr-CA", "", "mardi 3 mars 2026", "12 articles"),
        ("sv", "", "Tuesday, 3 March 2026", "12 stories"),
    ],
)
def test_a_mail_speaks_its_language_or_english(language: str, label: str, day: str, count: str) -> None:
    shown = visible(parse(render(samples.DIGEST, language=language)))
    assert day in shown
    assert count in shown


def test_a_time_is_told_in_the_newsrooms_zone() -> None:
    assert "10:40 CET" in visible(parse(render(samples.ALERT, zone="Europe/Paris")))
    assert "06:40 UTC−3" in visible(parse(render(samples.ALERT, zone="America/Sao_Paulo")))
    assert "15:25 UTC+5:45" in visible(parse(render(samples.ALERT, zone="Asia/Kathmandu")))


def test_every_shipped_mail_fits_its_bounds() -> None:
    for name, edition in samples.ALL.items():
        variant = render(edition, web_url=samples.WEB_URL)
        page, text = fill(variant.html, READER), fill(variant.text, READER)
        assert len(page.encode()) <= (40_000 if name == "digest" else 20_000)
        assert "fonts.googleapis" not in page
        assert max(len(style) for style in re.findall(r"<style.*?</style>", page, re.DOTALL)) < 8_000
        assert all(cells(line) <= 78 for line in text.split("\n") if "://" not in line)


def cells(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in line)


def test_flowed_text_joins_to_what_was_written() -> None:
    long = "Ein Satz, der weit über zweiundsiebzig Spalten reicht, " * 5 + "endet hier."
    entry = replace(samples.ALERT.entries[0], sentences=(Sentence(text=long),))
    text = fill(render(replace(samples.ALERT, entries=(entry,))).text, READER)
    assert long in unflowed(text)
    assert max(len(line) for line in text.split("\n")) <= 73


@pytest.mark.parametrize("opening", ["> quoted", "From the harbour", "-- signed"])
def test_what_plain_text_would_misread_is_stuffed(opening: str) -> None:
    entry = replace(samples.ALERT.entries[0], sentences=(Sentence(text=f"{opening}, he wrote."),))
    text = fill(render(replace(samples.ALERT, entries=(entry,))).text, READER)
    assert f"{opening}, he wrote." in unflowed(text)
    assert not [line for line in text.split("\n") if line.startswith((">", "From ")) or line == "-- "]


def test_chinese_text_is_broken_without_adding_spaces() -> None:
    long = "渡轮今早在浓雾中搁浅，全体乘客安全。" * 8
    entry = replace(samples.ALERT.entries[0], sentences=(Sentence(text=long),), headline="渡轮搁浅")
    text = fill(render(replace(samples.ALERT, entries=(entry,), language="zh")).text, READER)
    assert max(cells(line) for line in text.split("\n") if "://" not in line) <= 78
    joined = re.sub(r" \n", "", text)
    assert long in joined


def test_the_same_edition_renders_to_the_same_variant() -> None:
    assert render(samples.DIGEST).hash == render(samples.DIGEST).hash
    assert Variant.from_json(render(samples.DIGEST).to_json()) == render(samples.DIGEST)


def test_senders_and_domains_in_any_script_are_carried() -> None:
    sender = Mailbox(address="alerts@exämple.org", name="Échos du \u202eport\r\nBcc: x")
    variant = render(samples.ALERT, sender=sender, domain="exämple.org")
    assert variant.sender.name == "Échos du port Bcc: x"
    assert variant.domain == "xn--exmple-cua.org"


def test_a_domain_that_cannot_be_written_is_refused() -> None:
    with pytest.raises(SendRefused, match="mail cannot come from"):
        render(samples.ALERT, domain="no domain\r\n")


def said(edition: Edition, **others: Any) -> list[str]:
    """Everything that a mail shows, as HTML and as text: each with single spaces."""
    variant = render(edition, **others)
    return [visible(parse(variant)), " ".join(" ".join(unflowed(fill(variant.text, READER))).split())]


def test_a_correction_says_what_was_wrong_what_is_right_and_when() -> None:
    entry = samples.CORRECTION.entries[0]
    assert entry.correction is not None
    for shown in said(samples.CORRECTION):
        order = [
            *("Correction", entry.headline, "We wrote at 09:40 GMT", entry.correction.wrong, "What is right"),
            *(entry.correction.right, "Corrected at 11:15 GMT", entry.sentences[0].text),
        ]
        places = [shown.index(words) for words in order]
        assert places == sorted(places)
    for shown in said(samples.CORRECTION, language="de"):
        assert "Wir schrieben um 09:40 GMT" in shown
        assert "Richtig ist" in shown


def test_a_digest_says_what_was_put_right_and_what_was_alerted() -> None:
    for shown in said(samples.DIGEST):
        assert shown.count("We sent an alert on this at 21:05 GMT, Monday 2 March.") == 1
        assert shown.casefold().index("corrections") > shown.casefold().index("coldwater united")
        for entry in samples.DIGEST.corrections:
            assert entry.correction is not None
            assert entry.correction.right in shown
        assert "Withdrawn at 18:15 GMT, Monday 2 March" in shown
    plain = replace(samples.DIGEST, corrections=(), entries=samples.DIGEST.entries[1:])
    for shown in said(plain):
        assert "corrections" not in shown.casefold()
        assert "alert" not in shown


@pytest.mark.parametrize(
    ("others", "words"),
    [
        ((), "Source: The Harbour Post"),
        (("The Harbour Post",), "Source: The Harbour Post"),
        (("The Harbour Post", "B"), "Reported by The Harbour Post and B"),
        (("B", "The Harbour Post", "C"), "Reported by The Harbour Post, B and C"),
        (("B", "C", "D"), "Reported by The Harbour Post, B and 2 more"),
    ],
)
def test_every_outlet_is_named_or_counted(others: tuple[str, ...], words: str) -> None:
    entry = replace(samples.UPDATE.entries[0], outlets=others)
    for shown in said(replace(samples.UPDATE, entries=(entry,))):
        assert words + " " in shown


@pytest.mark.parametrize("language", ["en", "fr", "de", "ar"])
def test_a_confirmation_asks_and_has_nothing_to_unsubscribe_from(language: str) -> None:
    variant = render(samples.CONFIRMATION, language=language)
    assert {hole.slot for hole in holes(variant)} == {Slot.CONFIRM_URL}
    for shown in said(samples.CONFIRMATION, language=language):
        assert "The Morning Tide" in shown
        assert samples.BRAND.postal_address in shown
    tree = parse(variant)
    buttons = [link for link in tree.iter("a") if link.get("href") == READER[Slot.CONFIRM_URL]]
    assert len(buttons) == 1
    assert READER[Slot.CONFIRM_URL] in fill(variant.text, READER).split("\n")
