"""Rendering: what an edition says arrives as it was written, and nothing in it can become anything else."""

import html
import re
import secrets
from collections import Counter
from dataclasses import replace
from functools import cache
from typing import Any

import html5lib
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts import bundled
from alerts.mail.fill import BLOCKED, fill, one_line
from alerts.mail.headers import clean
from alerts.mail.variant import Hole, Slot, Variant
from alerts.model import Correction, Edition, Entry, Image, Kind, Sentence
from alerts.templating import Renderer, samples

READER = {
    Slot.NAME: "Ada",
    Slot.ADDRESS: "ada@example.org",
    Slot.UNSUBSCRIBE_URL: "https://news.example.org/u/token",
    Slot.CONFIRM_URL: "https://news.example.org/c/token",
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
    subject, preheader, headline, sentence, outlet, section, alt, caption, credit, title, *more = texts
    known, unknown, wrong, right, second, third = more
    base = samples.DIGEST if kind is Kind.DIGEST else samples.ALERT
    entry = Entry(
        headline=headline,
        sentences=(Sentence(text=sentence), Sentence(text="Second.")),
        url="https://news.example.org/story?a=1&b=2",
        outlet=outlet,
        section=section,
        image=Image(url="https://images.example.org/x.jpg", alt=alt, caption=caption, credit=credit),
        known=(Sentence(text=known),),
        unknown=(Sentence(text=unknown), Sentence(text="Third.")),
        # Letters before them, so that they stay three whatever they say.
        outlets=(outlet, "B" + second, "C" + third),
        correction=Correction(wrong=wrong, right=right, wrong_at=base.made_at),
        alerted_at=base.made_at,
    )
    plain = Entry(headline="Plain", sentences=(), section=section)
    entries = (entry, entry, entry, entry, plain) if kind is Kind.DIGEST else (entry,)
    corrections = (replace(entry, image=None),) if kind is Kind.DIGEST else ()
    return replace(
        base,
        kind=kind,
        subject=subject,
        preheader=preheader,
        title=title,
        entries=entries,
        corrections=corrections,
    )


FIELDS = 16


@cache
def benign_shape(kind: Kind) -> Counter[tuple[str, tuple[str, ...]]]:
    return shape(parse(render(hostile_edition(kind, [f"Aword{index}" for index in range(FIELDS)]))))


@pytest.mark.parametrize("kind", [Kind.ALERT, Kind.DIGEST])
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(texts=st.lists(WORDS, min_size=FIELDS, max_size=FIELDS))
def test_hostile_text_in_every_field_comes_out_equal_and_inert(kind: Kind, texts: list[str]) -> None:
    edition = hostile_edition(kind, texts)
    variant = render(edition)
    tree = parse(variant)
    assert shape(tree) == benign_shape(kind)

    entry = edition.entries[0]
    assert entry.image is not None
    shown = visible(tree)
    said = [entry.headline, entry.sentences[0].text, entry.outlet, entry.image.caption, entry.image.credit]
    assert entry.correction is not None
    listed = [*entry.outlets, entry.correction.wrong, entry.correction.right]
    if kind is Kind.ALERT:
        listed += [sentence.text for sentence in (*entry.known, *entry.unknown)]
    said += [edition.preheader, *listed] + ([edition.title, entry.section] if kind is Kind.DIGEST else [])
    for text in said:
        assert squeezed(one_line(text)) in shown
    assert {image.get("alt") for image in tree.iter("img")} == {one_line(entry.image.alt)}
    assert {link.get("href") for link in tree.iter("a")} <= {
        *("https://news.example.org/story?a=1&b=2", "https://news.example.org", READER[Slot.UNSUBSCRIBE_URL])
    }
    paragraphs = "\n".join(unflowed(fill(variant.text, READER)))
    for text in (entry.headline, entry.sentences[0].text, *listed):
        assert one_line(text) in paragraphs
    assert (variant.subject, variant.preheader) == (clean(edition.subject), clean(edition.preheader))
    left = re.findall(r"zq[0-9a-f]{12}[er][0-9]+qz", fill(variant.html, READER))
    assert all(token.startswith("zq000000000000") for token in left)


def test_no_text_can_mint_a_slot_even_if_it_knows_the_nonce(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "token_hex", lambda _: "0" * 12)
    forged = [f"zq{'0' * 12}r{index}qz zq{'0' * 12}e{index}qz" for index in range(FIELDS)]
    honest = [f"Aword{index}" for index in range(FIELDS)]
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
