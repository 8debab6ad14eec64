"""Write the sample mails where the checks can look at them: `python -m tests.quality.render FOLDER`.

Of each mail: NAME.html and .txt as a reader gets them, .eml with the bytes that would travel, .seen.PROGRAM.html as a
mail program shows it, .mjml with tokens for values and .mrml with what our compiler makes of that.
"""

import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import mjml

from alerts import bundled
from alerts.mail.fill import fill
from alerts.mail.mime import Skeleton
from alerts.mail.variant import Addressed, Slot, Variant
from alerts.model import Correction, DeliveryId, Edition, Entry, Mailbox, Sentence
from alerts.templating import Renderer, preview, samples
from alerts.templating.checks import preflight
from alerts.templating.notice import render_notice
from alerts.templating.simulation import Program, View, seen

_LINK = "https://news.example.org/u/c2FtcGxl.bm90aGluZw"
READER = Addressed(
    delivery=DeliveryId(1),
    to=Mailbox(address="ada@example.org", name="Ada Brandt"),
    message_id="<sample.1@news.example.org>",
    slots={slot: f"{_LINK}/{slot.value}" for slot in Slot} | {Slot.NAME: "Ada Brandt", Slot.ADDRESS: "ada@example.org"},
    headers=(("List-Unsubscribe", f"<{_LINK}>"), ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")),
)

#: What programs leave of a mail. The last is shown in dark mode, too: a program that does not know it stays light.
PROGRAMS = {
    "no-style": View(program=Program.NO_STYLE),
    "outlook": View(program=Program.OUTLOOK),
    "no-dark-media": View(),
}

_HOSTILE = (
    'Ferry\N{NO-BREAK SPACE}aground: "quoted" & <b>bold</b> {{ 7 * 7 }} %name% [gallery] \\n '
    "👩\u200d💻 ❤\ufe0f नमस्ते สวัสดี e\u0301 " + "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen" * 3
)


def write(folder: Path) -> None:
    """Write every sample, and for MJML's own checker every template with other content, too."""
    renderer = Renderer(bundled=bundled.path("templates"))
    for name, edition in samples.ALL.items():
        _write_mail(renderer, folder, name, edition, edition.language)
        for label, other, language in _otherwise(name, edition):
            _write_mjml(renderer, folder, f"{name}-{label}", other, language)
    _write_mail(renderer, folder, "digest-ar", samples.DIGEST, "ar")
    _write_mail(renderer, folder, "confirmation-ar", samples.CONFIRMATION, "ar")
    _write_mail(renderer, folder, "alert-long", long(samples.ALERT), "en")
    _write_mail(renderer, folder, "digest-long", long(samples.DIGEST), "en")
    _write_mail(renderer, folder, "test-copy", samples.ALERT, "en", test=True)
    notice = render_notice(
        renderer,
        title="draft waits",
        text="Ferry with 214 aboard runs aground off Port Ellery; all passengers safe",
        link="https://news.example.org/newsroom/sampleferry1",
        brand=samples.BRAND,
        sender=samples.SENDER,
        domain="news.example.org",
    )
    _write_parts(folder, "notice", notice)


def _otherwise(name: str, edition: Edition) -> Iterator[tuple[str, Edition, str]]:
    """List further contents for a template: all that it can print, of the worst kind, and as little as it can get."""
    yield "long", long(edition), edition.language
    yield "least", least(edition), "en" if name == "arabic" else "ar"


def long(edition: Edition) -> Edition:
    """Make everything in an edition long, and nothing of it harmless."""
    return replace(
        edition,
        subject=_HOSTILE[:190],
        preheader=_HOSTILE,
        title=edition.title and _HOSTILE,
        entries=tuple(_long(entry) for entry in edition.entries),
    )


def _long(entry: Entry) -> Entry:
    said = (Sentence(text=_HOSTILE), Sentence(text=_HOSTILE * 2))
    image = entry.image and replace(entry.image, alt=_HOSTILE, caption=_HOSTILE, credit=_HOSTILE)
    return replace(
        entry,
        headline=_HOSTILE,
        sentences=said,
        known=said,
        unknown=said,
        outlet=_HOSTILE,
        section=entry.section and _HOSTILE,
        outlets=(_HOSTILE,) * 3,
        image=image,
        url=f"{entry.url}?a=1&b='2'&{'x' * 400}",
        correction=Correction(wrong=_HOSTILE, right=_HOSTILE, wrong_at=entry.published_at),
    )


def least(edition: Edition) -> Edition:
    """Leave of an edition what no mail of its kind can be without."""
    bare = tuple(Entry(headline=entry.headline, sentences=()) for entry in edition.entries[:1])
    return replace(edition, entries=bare, corrections=(), preheader="", language="en")


def _write_mail(
    renderer: Renderer, folder: Path, label: str, edition: Edition, language: str, *, test: bool = False
) -> None:
    variant = renderer.render(
        edition,
        brand=samples.BRAND,
        sender=samples.SENDER,
        language=language,
        why=renderer.why(language, edition.title or "Breaking news"),
        zone="Europe/London",
        domain="news.example.org",
        test=test,
        web_url=samples.WEB_URL,
    )
    _write_parts(folder, label, variant)
    if not test:
        _write_mjml(renderer, folder, label, edition, language)
    if label in ("alert", "digest", "arabic"):
        found = preflight(edition, variant, sources={}, postal_address=samples.BRAND.postal_address)
        (folder / f"{label}.preview").write_text(preview.page(variant, READER, found), encoding="utf-8")


def _write_parts(folder: Path, label: str, variant: Variant) -> None:
    page = fill(variant.html, READER.slots)
    (folder / f"{label}.html").write_text(page, encoding="utf-8")
    (folder / f"{label}.txt").write_text(fill(variant.text, READER.slots), encoding="utf-8")
    sent_at = datetime(2026, 3, 3, 9, 41, tzinfo=UTC)
    (folder / f"{label}.eml").write_bytes(Skeleton(variant).bytes_for(READER, date=sent_at))
    for program, view in PROGRAMS.items():
        (folder / f"{label}.seen.{program}").write_text(seen(page, view), encoding="utf-8")


def _write_mjml(renderer: Renderer, folder: Path, label: str, edition: Edition, language: str) -> None:
    why = renderer.why(language, edition.title or "Breaking news")
    source = renderer.mjml(
        edition, brand=samples.BRAND, language=language, why=why, zone="Europe/London", web_url=samples.WEB_URL
    )
    (folder / f"{label}.mjml").write_text(source, encoding="utf-8")
    (folder / f"{label}.mrml").write_text(mjml.mjml2html(source, fonts={}, disable_comments=True), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
