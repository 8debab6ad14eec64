"""What templates are given: an edition as a reader sees it. Pure.

Every field is text, a number, or another record; nothing has to be computed or formatted in a template. A newsroom's
own templates rely on these names: they are added to, not changed.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote, urlsplit, urlunsplit
from zoneinfo import ZoneInfo

import idna

from alerts.mail.fill import one_line
from alerts.model import Edition, Entry, Kind, Urgency
from alerts.templating.vault import Constant
from alerts.templating.wording import Wording, is_right_to_left

#: how many stories of a digest stand above its sections
_LEADS = 3
#: adults read so many words a minute (Brysbaert 2019: 238)
_WORDS_A_MINUTE = 238

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageView:
    """A picture."""

    url: str
    alt: str
    caption: str
    credit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryView:
    """What is said of one story."""

    #: 1 is the first of the edition
    number: int
    headline: str
    sentences: tuple[str, ...]
    #: empty: there is nothing to link
    url: str
    outlet: str
    section: str
    image: ImageView | None
    #: of the headline
    language: Constant
    direction: Constant
    #: the side where its lines begin: left or right
    start: Constant


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionView:
    """Stories of one section."""

    name: str
    entries: tuple[EntryView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionView:
    """One edition."""

    kind: str
    subject: str
    preheader: str
    #: `Breaking news`, `Update`, …
    label: str
    #: of a digest
    title: str
    #: the day in full, where the newsroom is
    day: str
    #: the time with its zone
    time: str
    #: what was wrong and is now right stands in a box
    is_notice: bool
    entries: tuple[EntryView, ...]
    #: a digest's first stories
    leads: tuple[EntryView, ...]
    #: and the rest
    sections: tuple[SectionView, ...]
    #: minutes it takes to read
    minutes: int
    #: the outlets it draws on, each once
    outlets: tuple[str, ...]
    #: why the reader gets it
    why: str
    is_test: bool


def view(edition: Edition, *, wording: Wording, zone: ZoneInfo, why: str, test: bool, subject: str) -> EditionView:
    """Make what the templates are given."""
    entries = tuple(_entry(number, entry, edition.language) for number, entry in enumerate(edition.entries, start=1))
    leads = entries[:_LEADS]
    local_day = edition.nominal_on or edition.made_at.astimezone(zone).date()
    return EditionView(
        kind=edition.kind.value,
        subject=subject,
        preheader=one_line(edition.preheader),
        label=wording(f"label.{_label(edition)}"),
        title=one_line(edition.title) or subject,
        day=wording.day(local_day),
        time=wording.clock(edition.made_at, zone),
        is_notice=edition.kind in (Kind.CORRECTION, Kind.WITHDRAWAL),
        entries=entries,
        leads=leads,
        sections=_sections(entries[_LEADS:], other=wording("more_news")),
        minutes=reading_minutes(entries),
        outlets=tuple(dict.fromkeys(entry.outlet for entry in entries if entry.outlet)),
        why=one_line(why),
        is_test=test,
    )


def _label(edition: Edition) -> str:
    if edition.kind is Kind.ALERT and edition.urgency is Urgency.FLASH:
        return "flash"
    return edition.kind.value.replace("-", "_")


def _entry(number: int, entry: Entry, language: str) -> EntryView:
    headline = one_line(entry.headline)
    spoken = entry.language or language
    rtl = reads_right_to_left(headline, is_right_to_left(spoken))
    image = entry.image
    return EntryView(
        number=number,
        headline=headline,
        sentences=tuple(text for sentence in entry.sentences if (text := one_line(sentence.text))),
        url=web_link(entry.url),
        outlet=one_line(entry.outlet),
        section=one_line(entry.section),
        image=None
        if image is None or not web_link(image.url)
        else ImageView(
            url=web_link(image.url),
            alt=one_line(image.alt) or one_line(image.caption),
            caption=one_line(image.caption),
            credit=one_line(image.credit),
        ),
        language=language_tag(spoken),
        direction=Constant("rtl" if rtl else "ltr"),
        start=Constant("right" if rtl else "left"),
    )


def language_tag(language: str) -> Constant:
    """Write a language for `lang`; `und` for what is none."""
    return Constant(language if _LANGUAGE.fullmatch(language) else "und")


def reads_right_to_left(text: str, otherwise: bool) -> bool:
    """Tell a line's direction by its first strong letter (Unicode P2); where it has none, as said."""
    for character in text:
        kind = unicodedata.bidirectional(character)
        if kind in ("R", "AL"):
            return True
        if kind == "L":
            return False
    return otherwise


def _sections(entries: Iterable[EntryView], *, other: str) -> tuple[SectionView, ...]:
    """Group stories by section, in the order in which the sections first appear; those without one come last."""
    grouped: dict[str, list[EntryView]] = {}
    for entry in entries:
        grouped.setdefault(entry.section, []).append(entry)
    rest = grouped.pop("", None)
    if rest:
        grouped[other] = [*grouped.get(other, []), *rest]
    return tuple(SectionView(name=name, entries=tuple(members)) for name, members in grouped.items())


def reading_minutes(entries: Iterable[EntryView]) -> int:
    """Estimate how long the edition takes to read; at least a minute."""
    texts = [text for entry in entries for text in (entry.headline, *entry.sentences)]
    words = sum(len(text.split()) for text in texts)
    # Scripts without spaces: about 500 characters a minute, so two characters count as one word.
    ideographs = sum(1 for text in texts for character in text if "\u3040" <= character <= "\u9fff")
    return max(1, round((words + ideographs / 2) / _WORDS_A_MINUTE))


def web_link(written: str) -> str:
    """Write an http(s) link in ASCII; empty for anything that is none, or that hides where it leads."""
    if not written or any(character in written for character in "\\<>\"'`") or re.search(r"[\s\x00-\x1f\x7f]", written):
        return ""
    try:
        parts = urlsplit(written)
        host, port = parts.hostname, parts.port
        if parts.scheme.lower() not in ("http", "https") or not host or "@" in parts.netloc:
            return ""
        if not host.isascii():
            host = idna.encode(host, uts46=True).decode("ascii")
    except (ValueError, idna.IDNAError):
        return ""
    netloc = (f"[{host}]" if ":" in host else host) + (f":{port}" if port else "")
    path, query, fragment = (
        quote(piece.encode("utf-8", "replace"), safe="/%!$&()*+,;=:@?#~[]-._")
        for piece in (parts.path, parts.query, parts.fragment)
    )
    return urlunsplit((parts.scheme.lower(), netloc, path, query, fragment))
