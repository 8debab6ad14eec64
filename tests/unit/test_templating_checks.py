"""Preflight and preview: what is wrong is found before anybody gets it, and the editor sees it."""

from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import html5lib
import pytest

from alerts import bundled
from alerts.mail.variant import Addressed, Hole, Slot, Variant
from alerts.model import Correction, DeliveryId, Edition, Entry, Finding, Image, Mailbox, Sentence, Severity
from alerts.templating import Renderer, preview, samples, theme
from alerts.templating.checks import preflight
from alerts.templating.theme import Brand, contrast

RENDERER = Renderer(bundled=bundled.path("templates"))


def render(edition: Edition, brand: Brand = samples.BRAND) -> Variant:
    return RENDERER.render(
        edition,
        brand=brand,
        sender=samples.SENDER,
        reply_to=None,
        language=edition.language,
        why=samples.WHY_ALERT,
        zone="Europe/London",
        domain="news.example.org",
    )


def codes(edition: Edition, **others: Any) -> list[tuple[str, str]]:
    found = preflight(edition, render(edition), sources={}, **others)
    return [(finding.code, finding.severity.value) for finding in found]


def alert(**changes: Any) -> Edition:
    entry = replace(samples.ALERT.entries[0], **changes)
    return replace(samples.ALERT, entries=(entry,))


def test_nothing_is_found_in_the_shipped_samples() -> None:
    for edition in samples.ALL.values():
        assert codes(edition, postal_address=samples.BRAND.postal_address) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        *[(text, True) for text in ("Dear {{ name }}", "{% if %}", "Hi %name%", "Hi %%FIRST_NAME%%", "*|FNAME|*")],
        *[
            (text, True)
            for text in ("[youtube kNbsxICELG0 650]", '[caption id="x" width=3]', "[/caption]", "[gallery]")
        ],
        *[(text, True) for text in ("a <br/> b", "</p>", "fish &amp; chips", "caf&#233;", "Lorem ipsum dolor")],
        *[
            (text, False)
            for text in ("up 5% and 6%", "[sic]", "“[He] said”", "R&D; more", "a < b > c", "[page 3]", "50%ige Lösung")
        ],
        *[(text, False) for text in ("AT&T rose", "the <blink> tag", "100%", "{sic}")],
    ],
)
def test_leftovers_are_found_and_prose_is_not(text: str, found: bool) -> None:
    edition = alert(sentences=(Sentence(text=text),))
    assert (("leftover", "error") in codes(edition)) is found


@pytest.mark.parametrize(
    ("edition", "code", "severity"),
    [
        (replace(samples.ALERT, subject=" "), "subject-empty", "error"),
        (replace(samples.ALERT, subject="x" * 61), "subject-long", "warning"),
        (replace(samples.ALERT, subject="x" * 201), "subject-too-long", "error"),
        (replace(samples.ALERT, preheader=""), "preheader-empty", "warning"),
        (replace(samples.ALERT, preheader="Too short"), "preheader-length", "warning"),
        (replace(samples.ALERT, preheader="x" * 111), "preheader-length", "warning"),
        (replace(samples.ALERT, preheader=samples.ALERT.subject), "preheader-repeats", "warning"),
        (replace(samples.ALERT, preheader=samples.ALERT.entries[0].sentences[0].text), "preheader-repeats", "warning"),
        (replace(samples.ALERT, entries=()), "empty", "error"),
        (alert(known=(Sentence(text="Dear %name%, it sank"),)), "leftover", "error"),
        (alert(correction=Correction(right="There were {{ number }}.")), "leftover", "error"),
        (alert(headline=""), "headline-empty", "error"),
        (alert(sentences=()), "text-empty", "warning"),
        (alert(url="http://news.example.org/x"), "link-not-https", "warning"),
        (alert(url="javascript:alert(1)"), "link-unusable", "error"),
        (alert(image=Image(url="https://x.example/y.jpg")), "alt-missing", "warning"),
        (alert(sentences=(Sentence(text="The council met on Tuesday night."),) * 2), "repeated", "warning"),
    ],
)
def test_each_fault_is_found_by_its_name(edition: Edition, code: str, severity: str) -> None:
    assert (code, severity) in codes(edition)


def digest_of(size: int) -> Edition:
    text = "A sentence of about fifty letters stands here now. "
    entry = Entry(headline="Headline", sentences=(Sentence(text=text * (size // len(text))),))
    return replace(samples.DIGEST, entries=(entry,))


@pytest.mark.parametrize(("size", "severity"), [(60_000, None), (80_000, "warning"), (95_000, "error")])
def test_a_mail_that_gmail_would_cut_off_is_found(size: int, severity: str | None) -> None:
    found = dict(codes(digest_of(size)))
    assert found.get("size") == severity


def test_a_footer_without_its_duties_is_found() -> None:
    variant = render(samples.ALERT)
    bare = replace(variant, html=tuple(piece for piece in variant.html if not isinstance(piece, Hole)))
    mute = replace(variant, html=(*variant.html, '<img src="https://x.example/a>b.png"><img alt="" src="x">'))
    assert [(one.code, one.place) for one in preflight(samples.ALERT, mute, sources={})] == [("alt-missing", "html")]
    found = preflight(samples.ALERT, bare, sources={})
    assert [(finding.code, finding.place) for finding in found] == [("unsubscribe-missing", "html")]
    assert ("postal-address-missing", "warning") in codes(samples.ALERT, postal_address="")
    assert ("postal-address-missing", "error") in codes(samples.ALERT, postal_address="Elsewhere 1, 12345 Town")


def test_what_others_found_stands_among_ours_errors_first() -> None:
    theirs = Finding(code="unsupported", severity=Severity.ERROR, text='"300" does not stand in the article')
    edition = replace(samples.ALERT, preheader="")
    found = preflight(edition, render(edition), sources={}, findings=[theirs])
    assert [finding.code for finding in found] == ["unsupported", "preheader-empty"]


@pytest.mark.parametrize("accent", ["#a4161a", "#ffcc00", "#000000", "#ffffff", "#777777", "#00aa55"])
def test_text_is_readable_in_every_colour_a_newsroom_may_choose(accent: str) -> None:
    brand = replace(samples.BRAND, accent=accent, accent_dark=accent)
    look = theme.load(brand, [bundled.path("templates")])
    for palette in (look.light, look.dark):
        for surface in (palette.card, palette.notice):
            assert contrast(palette.ink, surface) >= 7
            assert contrast(palette.accent_ink, surface) >= 4.5
        for surface in (palette.card, palette.bg):
            assert contrast(palette.muted, surface) >= 4.5
        assert contrast(palette.on_accent, palette.accent) >= 4.5


# --- preview ------------------------------------------------------------------------------------

SAMPLE = Addressed(
    delivery=DeliveryId(1),
    to=Mailbox(address="ada@example.org", name="Ada"),
    message_id="<1@news.example.org>",
    slots={
        Slot.NAME: "Ada",
        Slot.ADDRESS: "ada@example.org",
        Slot.UNSUBSCRIBE_URL: "https://news.example.org/u/token",
    },
    headers=(("List-Unsubscribe", "<https://news.example.org/u/token>"),),
)


def test_the_preview_shows_four_views_the_text_the_headers_and_the_findings() -> None:
    variant = render(samples.ALERT)
    finding = Finding(
        code="subject-long", severity=Severity.WARNING, text="the <b>subject</b> is long", place="subject"
    )
    page: Any = html5lib.parse(preview.page(variant, SAMPLE, [finding]), namespaceHTMLElements=False)
    frames = list(page.iter("iframe"))
    assert [(frame.get("width"), frame.get("title")) for frame in frames] == [
        *[("320", "320 pixels, light"), ("600", "600 pixels, light")],
        *[("320", "320 pixels, dark"), ("600", "600 pixels, dark")],
    ]
    for frame in frames:
        assert frame.get("sandbox") == ""
        assert samples.ALERT.entries[0].headline in frame.get("srcdoc")
    assert "prefers-color-scheme" not in frames[0].get("srcdoc")
    shown = "".join(page.itertext())
    assert "List-Unsubscribe: <https://news.example.org/u/token>" in shown
    assert "the <b>subject</b> is long" in shown
    assert "https://news.example.org/u/token" in shown
    policies = [meta.get("content") for meta in page.iter("meta") if meta.get("http-equiv")]
    assert policies[0].startswith("default-src 'none'")


def test_no_text_of_a_mail_becomes_part_of_the_preview_page() -> None:
    hostile = "</iframe></pre><script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    edition = replace(alert(headline=hostile, sentences=(Sentence(text=hostile),)), subject=hostile, preheader=hostile)
    finding = Finding(code=hostile, severity=Severity.ERROR, text=hostile, place=hostile, remedy=hostile)
    tags = Tags()
    tags.feed(
        preview.page(render(edition), replace(SAMPLE, to=Mailbox(address="a@b.example", name=hostile)), [finding])
    )
    assert not {"script", "img"} & set(tags.seen)
    assert tags.seen.count("iframe") == 4


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
