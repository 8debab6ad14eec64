"""What templates are given: an edition as a reader sees it. Pure.

Every field is text, a number, or another record; nothing has to be computed or formatted in a template. A newsroom's
own templates rely on these names: they are added to, not changed.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlsplit, urlunsplit
from zoneinfo import ZoneInfo

import idna

from alerts.mail.fill import one_line
from alerts.model import Correction, Edition, Entry, Image, Kind, Sentence, Urgency
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
class CorrectionView:
    """What was wrong, what is right, and when that was said."""

    #: `Correction` or `Withdrawn`
    label: str
    #: `We wrote at 09:40 GMT`
    wrong_heading: str
    #: empty: it is not repeated
    wrong: str
    #: `What is right`
    right_heading: str
    right: str
    #: `Corrected at 10:15 GMT`
    when: str


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
    #: all that report it, its own first
    outlets: tuple[str, ...]
    #: `Source: A`, `Reported by A, B and 1 more`; empty: nobody but us
    source: str
    section: str
    image: ImageView | None
    #: what an editor lists as known, and as not known yet
    known: tuple[str, ...]
    unknown: tuple[str, ...]
    correction: CorrectionView | None
    #: of a digest: `We sent an alert on this at 14:05 GMT.`; empty: those who get it were not alerted
    alerted: str
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
    #: of a digest: what was put right since the last one; each has its `correction`
    corrections: tuple[EntryView, ...]
    #: minutes it takes to read
    minutes: int
    #: the outlets it draws on, each once
    outlets: tuple[str, ...]
    #: why the reader gets it
    why: str
    #: where the mail stands on the web, the same for all readers; empty: nowhere
    web_url: str
    is_test: bool


def view(
    edition: Edition, *, wording: Wording, zone: ZoneInfo, why: str, test: bool, subject: str, web_url: str = ""
) -> EditionView:
    """Make what the templates are given."""
    seeing = _Seeing(edition=edition, wording=wording, zone=zone)
    entries = tuple(seeing.entry(number, entry) for number, entry in enumerate(edition.entries, start=1))
    corrections = tuple(seeing.entry(number, entry) for number, entry in enumerate(edition.corrections, start=1))
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
        corrections=corrections,
        minutes=reading_minutes((*entries, *corrections)),
        outlets=tuple(dict.fromkeys(entry.outlet for entry in entries if entry.outlet)),
        why=one_line(why),
        web_url=web_url,
        is_test=test,
    )


def _label(edition: Edition) -> str:
    if edition.kind is Kind.ALERT and edition.urgency is Urgency.FLASH:
        return "flash"
    return edition.kind.value.replace("-", "_")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seeing:
    """Whose eyes an edition's entries are seen with."""

    edition: Edition
    wording: Wording
    zone: ZoneInfo

    def entry(self, number: int, entry: Entry) -> EntryView:
        headline = one_line(entry.headline)
        spoken = entry.language or self.edition.language
        rtl = reads_right_to_left(headline, is_right_to_left(spoken))
        outlets = tuple(dict.fromkeys(filter(None, map(one_line, (entry.outlet, *entry.outlets)))))
        return EntryView(
            number=number,
            headline=headline,
            sentences=_lines(entry.sentences),
            url=web_link(entry.url),
            outlet=one_line(entry.outlet),
            outlets=outlets,
            source=self._source(outlets),
            section=one_line(entry.section),
            image=_image(entry.image),
            known=_lines(entry.known),
            unknown=_lines(entry.unknown),
            correction=self._correction(entry.correction) if entry.correction else None,
            alerted=self.wording("alerted", time=self._moment(entry.alerted_at)) if entry.alerted_at else "",
            language=language_tag(spoken),
            direction=Constant("rtl" if rtl else "ltr"),
            start=Constant("right" if rtl else "left"),
        )

    def _moment(self, at: datetime) -> str:
        return self.wording.moment(at, self.zone, today=self.edition.made_at.astimezone(self.zone).date())

    def _source(self, outlets: tuple[str, ...]) -> str:
        """Name two or three outlets, of more than three two and how many more."""
        if len(outlets) < 2:
            return self.wording("source", outlet=outlets[0]) if outlets else ""
        first, second, *others = outlets
        if len(others) > 1:
            return self.wording("reported.more", first=first, second=second, count=len(others))
        third = {"third": others[0]} if others else {}
        return self.wording("reported.three" if others else "reported.two", first=first, second=second, **third)

    def _correction(self, found: Correction) -> CorrectionView:
        kind = "withdrawal" if found.withdrawn else "correction"
        wrong_at = self._moment(found.wrong_at) if found.wrong_at else ""
        return CorrectionView(
            label=self.wording(f"label.{kind}"),
            wrong_heading=self.wording("corrected.wrong_at", time=wrong_at)
            if wrong_at
            else self.wording("corrected.wrong"),
            wrong=one_line(found.wrong),
            right_heading=self.wording(f"corrected.{'now' if found.withdrawn else 'right'}"),
            right=one_line(found.right),
            when=self.wording(
                f"corrected.{'withdrawn' if found.withdrawn else 'at'}",
                time=self._moment(found.at or self.edition.made_at),
            ),
        )


def _lines(sentences: Iterable[Sentence]) -> tuple[str, ...]:
    return tuple(text for sentence in sentences if (text := one_line(sentence.text)))


def _image(image: Image | None) -> ImageView | None:
    if image is None or not web_link(image.url):
        return None
    return ImageView(
        url=web_link(image.url),
        alt=one_line(image.alt) or one_line(image.caption),
        caption=one_line(image.caption),
        credit=one_line(image.credit),
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
    texts = [
        text
        for entry in entries
        for text in (entry.headline, *entry.sentences, *entry.known, *entry.unknown)
        + ((entry.correction.wrong, entry.correction.right) if entry.correction else ())
    ]
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
