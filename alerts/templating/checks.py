"""Preflight: what is wrong with a mail, found before anybody gets it. Pure.

An error stops a send; a warning is for the editor to judge. Every finding says where it stands and what to do.
"""

import html
import re
from collections.abc import Iterator, Mapping, Sequence

from alerts.mail.fill import BLOCKED
from alerts.mail.variant import Hole, Part, Slot, Variant
from alerts.model import Article, ArticleId, Edition, Finding, Kind, Severity
from alerts.templating.context import web_link

#: an iPhone's list shows about 48 characters of a subject, most others more
SUBJECT_LONG = 60
SUBJECT_TOO_LONG = 200
PREHEADER_SHORT = 40
PREHEADER_LONG = 110
#: Gmail cuts a mail off at about 102 KB, with the footer and its unsubscribe link
SIZE_WARNING = 90_000
SIZE_ERROR = 100_000
#: what a slot is taken to add: an unsubscribe link is the longest of them
_SLOT_BYTES = 200

_TAGS = (
    "a|article|b|blockquote|br|div|em|figure|font|h[1-6]|hr|i|iframe|img|li|ol|p|script|section|span|strong|style"
    "|table|td|tr|u|ul"
)
_ENTITIES = (
    "amp|apos|bull|copy|eacute|gt|hellip|laquo|ldquo|lsquo|lt|mdash|nbsp|ndash|quot|raquo|rdquo|reg|rsquo|shy|zwnj"
)
_EMBEDS = "audio|caption|embed|facebook|gallery|instagram|playlist|tiktok|tweet|twitter|video|vimeo|youtube"

_LEFTOVERS = (
    (re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{\{|\}\}"), "a placeholder"),
    (re.compile(r"%%?[A-Za-z_][A-Za-z_.]{2,}%%?(?!\w)"), "a merge field"),
    (re.compile(r"\*\|[A-Z_:]+\|\*"), "a merge field"),
    (re.compile(rf"\[(?:{_EMBEDS})\b[^\]]*\]|\[[a-z][\w-]*\s[^\[\]]*=[^\[\]]*\]|\[/[a-z][\w-]*\]"), "a shortcode"),
    (re.compile(rf"</?(?:{_TAGS})(?:\s[^<>]*)?/?>", re.IGNORECASE), "markup"),
    (re.compile(rf"&(?:{_ENTITIES}|#\d{{2,6}}|#x[0-9a-f]{{2,5}});", re.IGNORECASE), "an entity"),
    (re.compile(r"\[object Object\]|lorem ipsum", re.IGNORECASE), "filler"),
)


_MAY_REPEAT = ("subject", "preheader", "title", "correction")
_IMAGE = re.compile(r"<img\b(?:\"[^\"]*\"|'[^']*'|[^>])*>", re.IGNORECASE)
_ALT = re.compile(r"\salt\s*=", re.IGNORECASE)


def preflight(
    edition: Edition,
    variant: Variant,
    *,
    sources: Mapping[ArticleId, Article],
    postal_address: str | None = None,
    findings: Sequence[Finding] = (),
) -> list[Finding]:
    """Look an edition and its rendering over; errors first.

    `findings` are what other rooms found (a sentence that does not stand in its source, say): they are put in order
    with ours. `postal_address` is what the footer must print; None: not asked.
    """
    found = [
        *findings,
        *_subject(edition, variant),
        *_preheader(edition),
        *_leftovers(edition),
        *_entries(edition),
        *_repeats(edition),
        *_not_sources(edition, sources),
        *_size(variant),
        *_footer(edition, variant),
        *([] if postal_address is None else _postal_address(variant, postal_address)),
    ]
    return sorted(found, key=lambda finding: finding.severity is not Severity.ERROR)


def _error(code: str, text: str, place: str, remedy: str) -> Finding:
    return Finding(code=code, severity=Severity.ERROR, text=text, place=place, remedy=remedy)


def _warning(code: str, text: str, place: str, remedy: str) -> Finding:
    return Finding(code=code, severity=Severity.WARNING, text=text, place=place, remedy=remedy)


def _subject(edition: Edition, variant: Variant) -> Iterator[Finding]:
    length = len(edition.subject.strip())
    if not variant.subject.removeprefix("[TEST]").strip():
        yield _error("subject-empty", "the subject is empty", "subject", "write one")
    elif length > SUBJECT_TOO_LONG:
        yield _error(
            "subject-too-long", f"the subject has {length} characters", "subject", f"at most {SUBJECT_TOO_LONG}"
        )
    elif length > SUBJECT_LONG:
        yield _warning(
            "subject-long",
            f"the subject has {length} characters; phones show about 48",
            "subject",
            f"put the news first, in {SUBJECT_LONG} characters",
        )


def _preheader(edition: Edition) -> Iterator[Finding]:
    text = edition.preheader.strip()
    if not text:
        yield _warning(
            "preheader-empty",
            "there is no preheader; mail programs show the first words of the body instead",
            "preheader",
            "say in one sentence what the subject does not",
        )
    elif text == edition.subject.strip():
        yield _warning("preheader-repeats", "the preheader repeats the subject", "preheader", "say something else")
    elif text == _first_sentence(edition):
        yield _warning(
            "preheader-repeats",
            "the preheader repeats the first sentence; a list shows the one, the mail the other",
            "preheader",
            "say what comes next",
        )
    elif not PREHEADER_SHORT <= len(text) <= PREHEADER_LONG:
        yield _warning(
            "preheader-length",
            f"the preheader has {len(text)} characters",
            "preheader",
            f"between {PREHEADER_SHORT} and {PREHEADER_LONG} read best",
        )


def _first_sentence(edition: Edition) -> str:
    """Name the sentence that an alert begins with; a digest's list shows other stories anyway."""
    said = [sentence.text.strip() for entry in edition.entries[:1] for sentence in entry.sentences]
    return said[0] if said and not edition.digest else ""


def _texts(edition: Edition) -> Iterator[tuple[str, str]]:
    """List every text that a reader sees, with its place."""
    yield "subject", edition.subject
    yield "preheader", edition.preheader
    yield "title", edition.title
    for number, entry in enumerate(edition.entries, start=1):
        place = f"story {number}"
        yield f"{place}, headline", entry.headline
        for index, sentence in enumerate(entry.printed, start=1):
            yield f"{place}, sentence {index}", sentence.text
        if entry.image is not None:
            yield f"{place}, caption", entry.image.caption
            yield f"{place}, alt text", entry.image.alt
        if entry.correction is not None:
            yield f"{place}, correction", f"{entry.correction.wrong} {entry.correction.right}".strip()
    for number, entry in enumerate(edition.corrections, start=1):
        yield f"correction {number}, headline", entry.headline
        if entry.correction is not None:
            yield f"correction {number}", f"{entry.correction.wrong} {entry.correction.right}".strip()


def _leftovers(edition: Edition) -> Iterator[Finding]:
    for place, text in _texts(edition):
        for pattern, what in _LEFTOVERS:
            if match := pattern.search(text):
                yield _error("leftover", f"{what} was left over: {match[0][:60]}", place, "take it out of the text")
                break


def _entries(edition: Edition) -> Iterator[Finding]:
    if not edition.entries and edition.kind is not Kind.CONFIRMATION:
        yield _error("empty", "there is no story in it", "the mail", "add one")
    for number, entry in enumerate(edition.entries, start=1):
        place = f"story {number}"
        if not entry.headline.strip():
            yield _error("headline-empty", "a story has no headline", place, "write one")
        if not entry.sentences and not entry.correction and edition.kind is not Kind.DIGEST:
            yield _warning("text-empty", "only a headline, no sentence", place, "add the first sentence")
        yield from _links(place, entry.url)
        if entry.image is None:
            continue
        if not entry.image.alt.strip():
            yield _warning(
                "alt-missing",
                "the picture has no alt text",
                f"{place}, picture",
                "say in a sentence what it shows; else it stays mute",
            )
        yield from _links(f"{place}, picture", entry.image.url)


def _links(place: str, url: str) -> Iterator[Finding]:
    if not url:
        return
    safe = web_link(url)
    if not safe:
        yield _error("link-unusable", f"no reader could follow this link: {url[:80]}", place, "give an https address")
    elif not safe.startswith("https://"):
        yield _warning("link-not-https", f"the link is not https: {url[:80]}", place, "use the https address")


def _repeats(edition: Edition) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for place, text in _texts(edition):
        said = " ".join(re.findall(r"\w+", text.casefold()))
        # Subject and headline may be the same, and a correction names the story that it puts right.
        if len(said) < 25 or place.startswith(_MAY_REPEAT) or place.endswith(("caption", "alt text", "correction")):
            continue
        if said in seen:
            yield _warning("repeated", f"says the same as {seen[said]}", place, "take one of them out")
        seen.setdefault(said, place)


def _not_sources(edition: Edition, sources: Mapping[ArticleId, Article]) -> Iterator[Finding]:
    for number, entry in enumerate(edition.entries, start=1):
        article = sources.get(entry.article) if entry.article else None
        if article is not None and entry.url and article.url and entry.url != article.url:
            yield _warning(
                "link-elsewhere",
                "the link does not lead to the article that is summarised",
                f"story {number}",
                f"expected {article.url}",
            )


def _size(variant: Variant) -> Iterator[Finding]:
    slots = sum(isinstance(piece, Hole) for piece in variant.html)
    size = len(_literal(variant.html).encode()) + slots * _SLOT_BYTES
    if size >= SIZE_ERROR:
        yield _error(
            "size",
            f"the HTML has {size:,} bytes; Gmail would cut it off",
            "html",
            "take stories out, or a picture's text",
        )
    elif size >= SIZE_WARNING:
        yield _warning("size", f"the HTML has {size:,} bytes; Gmail cuts off at about 102,000", "html", "shorten it")


def _footer(edition: Edition, variant: Variant) -> Iterator[Finding]:
    asks = edition.kind is Kind.CONFIRMATION
    wanted = Slot.CONFIRM_URL if asks else Slot.UNSUBSCRIBE_URL
    for name, part in (("html", variant.html), ("text", variant.text)):
        if not any(isinstance(piece, Hole) and piece.slot is wanted for piece in part):
            yield _error(
                "confirm-missing" if asks else "unsubscribe-missing",
                "there is no link to confirm with" if asks else "there is no unsubscribe link",
                name,
                f"print reader.{wanted.value} in the template",
            )
    written = _literal(variant.html)
    if BLOCKED in written:
        yield _error("link-blocked", "a link was no web address and was blocked", "html", "mend the link")
    if mute := sum(not _ALT.search(tag) for tag in _IMAGE.findall(written)):
        yield _error(
            "alt-missing",
            f"the template prints {mute} picture{'s' if mute > 1 else ''} without an alt attribute",
            "html",
            'write alt="…", or alt="" where the picture says nothing',
        )


def _postal_address(variant: Variant, postal_address: str) -> list[Finding]:
    """Tell whether the mail says where its sender can be reached by post, as the law asks in most countries."""
    if not postal_address.strip():
        return [
            _warning(
                "postal-address-missing",
                "the mail does not say where you can be reached by post",
                "footer",
                "set postal_address in [sender]",
            )
        ]
    wanted = "".join(postal_address.split())
    shown = {
        "html": "".join(html.unescape(_literal(variant.html)).split()),
        "text": "".join(_literal(variant.text).split()),
    }
    return [
        _error(
            "postal-address-missing", "the template does not print the postal address", name, "print it in the footer"
        )
        for name, body in shown.items()
        if wanted not in body
    ]


def _literal(part: Part) -> str:
    return "".join(piece if isinstance(piece, str) else "" for piece in part)
