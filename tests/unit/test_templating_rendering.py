"""Rendering: what an edition says arrives as it was written, and nothing in it can become anything else."""

import html
import re
import secrets
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import html5lib
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts import bundled
from alerts.errors import SendRefused, TemplateError
from alerts.mail.fill import BLOCKED, fill, one_line
from alerts.mail.headers import clean
from alerts.mail.variant import Hole, Slot, Variant
from alerts.model import Edition, Entry, Image, Kind, Mailbox, Sentence
from alerts.templating import Renderer, samples

READER = {
    Slot.NAME: "Ada",
    Slot.ADDRESS: "ada@example.org",
    Slot.UNSUBSCRIBE_URL: "https://news.example.org/u/token",
}
RENDERER = Renderer(bundled=bundled.path("templates"))

HAZARDS = st.sampled_from(
    [
        *("<script>alert(1)</script>", "</mj-text><mj-raw><b>x</b></mj-raw>", '" onmouseover=alert(1) y="', "'-->"),
        *("{{ 7*7 }}", "{% raw %}", "{{ reader.unsubscribe_url }}", "zq000000000000r0qz", "zq000000000000e1qz"),
        *(
            "a\u00a0b",
            "👩\u200d💻",
            "❤\ufe0f",
            "नमस्ते",
            "สวัสดี",
            "e\u0301",
            "\u200fשלום",
            "C:\\x\\u{a0}",
            "\ufffe\U0010ffff",
        ),
        *(
            "\x00",
            "\ud800",
            "\u202e",
            "\r\n\r\n",
            "\t",
            "&amp;",
            "]]>",
            "<![CDATA[",
            "<!--[if mso]>",
            "=?utf-8?q?=0D=0ABcc:?=",
        ),
        *("javascript:alert(1)", "%%name%%", "-- ", "> quoted", "From me", "x" * 160, "日本語の長い文" * 20),
    ]
)
TEXT = st.lists(HAZARDS | st.text(st.characters(exclude_categories=[]), max_size=40), max_size=5).map("".join)
# A letter in front keeps every field present and left to right, so that only the words differ.
WORDS = TEXT.map(lambda text: "A" + text)


def render(edition: Edition, **others: Any) -> Variant:
    given: dict[str, Any] = {
        "brand": samples.BRAND,
        "sender": samples.SENDER,
        "reply_to": None,
        "language": edition.language,
        "why": samples.WHY_ALERT,
        "zone": "Europe/London",
        "domain": "news.example.org",
    }
    return RENDERER.render(edition, **(given | others))


def parse(variant: Variant) -> Any:
    return html5lib.parse(fill(variant.html, READER), namespaceHTMLElements=False)


def shape(tree: Any) -> Counter[tuple[str, tuple[str, ...]]]:
    """Count elements with their attributes' names; comments by their kind."""
    return Counter(
        (element.tag if isinstance(element.tag, str) else "comment", tuple(sorted(element.attrib)))
        for element in tree.iter()
    )


def squeezed(text: str) -> str:
    return " ".join(text.split())


def visible(tree: Any) -> str:
    return squeezed(" ".join(piece for piece in tree.find("body").itertext()))


def unflowed(text: str) -> list[str]:
    """Read flowed text as RFC 3676 §4.2 says; one paragraph each."""
    paragraphs, pending = [], ""
    for line in text.split("\n"):
        content = line.removeprefix(" ")
        if content.endswith(" ") and content != "-- ":
            pending += content
        else:
            paragraphs.append(pending + content)
            pending = ""
    return paragraphs


def hostile_edition(kind: Kind, texts: list[str]) -> Edition:
    subject, preheader, headline, sentence, outlet, section, alt, caption, credit, title = texts
    entry = Entry(
        headline=headline,
        sentences=(Sentence(text=sentence), Sentence(text="Second.")),
        url="https://news.example.org/story?a=1&b=2",
        outlet=outlet,
        section=section,
        image=Image(url="https://images.example.org/x.jpg", alt=alt, caption=caption, credit=credit),
    )
    base = samples.DIGEST if kind is Kind.DIGEST else samples.ALERT
    plain = Entry(headline="Plain", sentences=(), section=section)
    entries = (entry, entry, entry, entry, plain) if kind is Kind.DIGEST else (entry,)
    return replace(base, kind=kind, subject=subject, preheader=preheader, title=title, entries=entries)


@cache
def benign_shape(kind: Kind) -> Counter[tuple[str, tuple[str, ...]]]:
    return shape(parse(render(hostile_edition(kind, [f"Aword{index}" for index in range(10)]))))


@pytest.mark.parametrize("kind", [Kind.ALERT, Kind.DIGEST])
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(texts=st.lists(WORDS, min_size=10, max_size=10))
def test_hostile_text_in_every_field_comes_out_equal_and_inert(kind: Kind, texts: list[str]) -> None:
    edition = hostile_edition(kind, texts)
    variant = render(edition)
    tree = parse(variant)
    assert shape(tree) == benign_shape(kind)

    entry = edition.entries[0]
    assert entry.image is not None
    shown = visible(tree)
    said = [entry.headline, entry.sentences[0].text, entry.outlet, entry.image.caption, entry.image.credit]
    said += [edition.preheader] + ([edition.title, entry.section] if kind is Kind.DIGEST else [])
    for text in said:
        assert squeezed(one_line(text)) in shown
    assert {image.get("alt") for image in tree.iter("img")} == {one_line(entry.image.alt)}
    assert {link.get("href") for link in tree.iter("a")} <= {
        *("https://news.example.org/story?a=1&b=2", "https://news.example.org", READER[Slot.UNSUBSCRIBE_URL])
    }
    paragraphs = "\n".join(unflowed(fill(variant.text, READER)))
    for text in (entry.headline, entry.sentences[0].text, entry.outlet):
        assert one_line(text) in paragraphs
    assert (variant.subject, variant.preheader) == (clean(edition.subject), clean(edition.preheader))
    left = re.findall(r"zq[0-9a-f]{12}[er][0-9]+qz", fill(variant.html, READER))
    assert all(token.startswith("zq000000000000") for token in left)


def test_no_text_can_mint_a_slot_even_if_it_knows_the_nonce(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "token_hex", lambda _: "0" * 12)
    forged = [f"zq{'0' * 12}r{index}qz zq{'0' * 12}e{index}qz" for index in range(10)]
    honest = [f"Aword{index}" for index in range(10)]
    for kind in (Kind.ALERT, Kind.DIGEST):
        forged_variant, honest_variant = (render(hostile_edition(kind, texts)) for texts in (forged, honest))
        assert holes(forged_variant) == holes(honest_variant)
        assert html.escape(forged[2]) in fill(forged_variant.html, READER)
        assert forged[2] in " ".join(unflowed(fill(forged_variant.text, READER)))


def holes(variant: Variant) -> list[Hole]:
    return [piece for piece in (*variant.text, *variant.html) if isinstance(piece, Hole)]


@pytest.mark.parametrize(
    "url",
    [
        *(
            "javascript:alert(1)",
            "java\x01script:alert(1)",
            "data:text/html,x",
            "//evil.example",
            "https://",
            "not a link",
        ),
        *(
            "https://user:pw@evil.example/",
            "https:\\\\evil.example",
            'https://a.example/"onclick=x',
            "ftp://a.example/",
        ),
    ],
)
def test_a_link_that_is_none_is_not_linked(url: str) -> None:
    entry = replace(samples.ALERT.entries[0], url=url, image=Image(url=url, alt="x"))
    tree = parse(render(replace(samples.ALERT, entries=(entry,))))
    assert {link.get("href") for link in tree.iter("a")} == {"https://news.example.org", READER[Slot.UNSUBSCRIBE_URL]}
    assert not list(tree.iter("img"))


def test_a_readers_link_that_is_none_is_blocked() -> None:
    variant = render(samples.ALERT)
    page = fill(variant.html, READER | {Slot.UNSUBSCRIBE_URL: "javascript:alert(1)"})
    assert f'href="{BLOCKED}"' in page
    assert "javascript" not in page


def test_a_link_in_any_script_is_written_in_ascii() -> None:
    entry = replace(samples.ALERT.entries[0], url="https://exämple.org/fähre?q=ü&x=1%20#ö")
    tree = parse(render(replace(samples.ALERT, entries=(entry,))))
    assert "https://xn--exmple-cua.org/f%C3%A4hre?q=%C3%BC&x=1%20#%C3%B6" in {
        link.get("href") for link in tree.iter("a")
    }


# --- what is in it ------------------------------------------------------------------------------


def test_an_alert_says_all_that_a_reader_must_know() -> None:
    variant = render(samples.ALERT)
    tree = parse(variant)
    shown = visible(tree)
    plain = "\n".join(unflowed(fill(variant.text, READER)))
    entry = samples.ALERT.entries[0]
    for text in (
        *("Breaking news", "09:40 GMT", entry.headline, *(sentence.text for sentence in entry.sentences)),
        *("Read the full story", "Source: The Harbour Post", samples.WHY_ALERT, "Unsubscribe"),
        samples.BRAND.postal_address,
    ):
        assert text in shown
        assert text in plain
    assert [heading.tag for heading in tree.iter() if heading.tag in ("h1", "h2", "h3")] == ["h1"]
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
    assert sections == ["Politics", "Business", "Science", "Culture", "More news"]
    assert [text for tag, text in levels if tag == "h3"] == [entry.headline for entry in samples.DIGEST.entries[3:]]
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
        page, text = fill(render(edition).html, READER), fill(render(edition).text, READER)
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


def test_a_kind_without_a_template_is_an_error() -> None:
    with pytest.raises(TemplateError, match="confirmation"):
        render(replace(samples.ALERT, kind=Kind.CONFIRMATION))
