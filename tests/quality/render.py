"""Write the sample mails where the browser can look at them: `python -m tests.quality.render FOLDER`."""

import sys
from pathlib import Path

import mjml

from alerts import bundled
from alerts.mail.fill import fill
from alerts.mail.variant import Addressed, Slot
from alerts.model import DeliveryId, Edition, Mailbox
from alerts.templating import Renderer, preview, samples
from alerts.templating.checks import preflight
from alerts.templating.notice import render_notice

READER = Addressed(
    delivery=DeliveryId(1),
    to=Mailbox(address="ada@example.org", name="Ada Brandt"),
    message_id="<sample.1@news.example.org>",
    slots={
        Slot.NAME: "Ada Brandt",
        Slot.ADDRESS: "ada@example.org",
        Slot.UNSUBSCRIBE_URL: "https://news.example.org/u/c2FtcGxl.bm90aGluZw",
        Slot.CONFIRM_URL: "https://news.example.org/c/c2FtcGxl.bm90aGluZw",
    },
    headers=(
        ("List-Unsubscribe", "<https://news.example.org/u/c2FtcGxl.bm90aGluZw>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    ),
)


def write(folder: Path) -> None:
    """Write every sample as HTML, plain text, MJML with tokens, and what mrml makes of those tokens."""
    renderer = Renderer(bundled=bundled.path("templates"))
    for name, edition in samples.ALL.items():
        for language in sorted({edition.language, "ar"} if name in ("digest", "confirmation") else {edition.language}):
            label = name if language == edition.language else f"{name}-{language}"
            _write_one(renderer, folder, label, edition, language)
    _write_one(renderer, folder, "test-copy", samples.ALERT, "en", test=True)
    notice = render_notice(
        renderer,
        title="draft waits",
        text="Ferry with 214 aboard runs aground off Port Ellery; all passengers safe",
        link="https://news.example.org/newsroom/sampleferry1",
        brand=samples.BRAND,
        sender=samples.SENDER,
        domain="news.example.org",
    )
    (folder / "notice.html").write_text(fill(notice.html, READER.slots), encoding="utf-8")


def _write_one(
    renderer: Renderer, folder: Path, label: str, edition: Edition, language: str, *, test: bool = False
) -> None:
    why = renderer.why(language, edition.title or "Breaking news")
    variant = renderer.render(
        edition,
        brand=samples.BRAND,
        sender=samples.SENDER,
        language=language,
        why=why,
        zone="Europe/London",
        domain="news.example.org",
        test=test,
        web_url=samples.WEB_URL,
    )
    (folder / f"{label}.html").write_text(fill(variant.html, READER.slots), encoding="utf-8")
    (folder / f"{label}.txt").write_text(fill(variant.text, READER.slots), encoding="utf-8")
    source = renderer.mjml(edition, brand=samples.BRAND, language=language, why=why, zone="Europe/London")
    (folder / f"{label}.mjml").write_text(source, encoding="utf-8")
    (folder / f"{label}.mrml").write_text(mjml.mjml2html(source, fonts={}, disable_comments=True), encoding="utf-8")
    if label in ("alert", "digest"):
        found = preflight(edition, variant, sources={}, postal_address=samples.BRAND.postal_address)
        (folder / f"{label}.preview").write_text(preview.page(variant, READER, found), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
