"""When a page says that it was published. Runs in the guarded worker.

Evidence is gathered from what the page states in data, what it shows around the headline, and its address; each speaks
for a day with a weight, and the day with most weight wins. Of what speaks for that day, the most exact is taken.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from alerts.content.untrusted.layout import Layout, marks_of, text_of

_MONTH_NAMES = (
    "jan january januar janvier enero ene janeiro gennaio januari jänner",
    "feb february februar février fevrier fév févr febrero fevereiro febbraio februari",
    "mar march märz maerz mars marzo março maart mär",
    "apr april avril avr abril abr aprile",
    "may mai mayo maio maggio mei",
    "jun june juni juin junio junho giugno",
    "jul july juli juillet juil julio julho luglio",
    "aug august août aout agosto ago augustus",
    "sep sept september septembre septiembre setiembre setembro settembre",
    "oct october oktober okt octobre octubre outubro ottobre",
    "nov november novembre noviembre novembro",
    "dec december dezember dez décembre decembre déc diciembre dic dezembro dicembre",
)
_MONTHS = {name: number for number, names in enumerate(_MONTH_NAMES, start=1) for name in names.split()}
_NAMED = "|".join(sorted(_MONTHS, key=len, reverse=True))
_TIME = r"(?:[T\s,]{0,3}(?:at|um|à|a las|,|-|–|\|)?\s{0,2}(\d{1,2})[:h](\d{2})(?::\d{2})?\s?([ap]\.?m\b)?)?"
_NUMERIC = re.compile(rf"(?<!\d)((?:19|20)\d\d)[-/.](\d{{1,2}})[-/.](\d{{1,2}})(?!\d){_TIME}", re.IGNORECASE)
_DAY_FIRST = re.compile(
    rf"(?<!\d)(\d{{1,2}})(?:st|nd|rd|th|er|\.|º)?\s{{0,2}}(?:de\s|of\s)?\s?({_NAMED})\b\.?,?\s{{0,2}}(?:de\s|del\s)?"
    rf"((?:19|20)\d\d)(?!\d){_TIME}",
    re.IGNORECASE,
)
_MONTH_FIRST = re.compile(
    rf"\b({_NAMED})\b\.?\s{{0,2}}(\d{{1,2}})(?:st|nd|rd|th)?,?\s{{1,2}}((?:19|20)\d\d)(?!\d){_TIME}", re.IGNORECASE
)
_POINTED = re.compile(rf"(?<![\d./])(\d{{1,2}})([./-])(\d{{1,2}})\2((?:19|20)?\d\d)(?!\d){_TIME}", re.IGNORECASE)
_SCRIPTED = re.compile(r"GMT([+-]\d{4})\s*\(.{0,60}\)$")
_UPDATED = re.compile(
    r"\b(?:updated|modified|aktualisiert|geändert|änderung|stand|mis à jour|modifié|actualizado|modificado|aggiornato)",
    re.IGNORECASE,
)
_DATE_MARKS = re.compile(
    r"(?:^|[\s_-])(?:\w*date|time|timestamp|datum|fecha|published|pubdate|dateline|posted-on|datetime|meta|byline)",
    re.IGNORECASE,
)
_IN_ADDRESS = re.compile(
    r"/((?:19|20)\d\d)[/-]?(0[1-9]|1[0-2])[/-]?(0[1-9]|[12]\d|3[01])(?!\d)"
    r"|[-_/]((?:19|20)\d\d)-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(?!\d)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A date that something of the page states."""

    #: ISO; with a zone where the page says one, without a time where it says none
    written: str
    weight: float

    @property
    def day(self) -> str:
        """The day it speaks for, as the page's readers count it."""
        return self.written[:10]


def choose(claims: Sequence[Claim], *, latest: str = "") -> str:
    """Take the date that most speaks for, in the words of its weightiest statement; empty: nothing speaks.

    A day supports an instant that it may be by some reader's clock. A day after `latest` is no publication.
    """
    claims = [claim for claim in claims if not latest or claim.day <= latest]
    best, most = "", 0.0
    for claim in claims:
        days = _days_of(claim.written)
        support = sum(other.weight for other in claims if other.day in days)
        # Midnight is what systems write that know only the day.
        exact = len(claim.written) > 10 and "T00:00" not in claim.written
        rank = support + (0.5 if exact else 0.0) + claim.weight / 100
        if rank > most:
            best, most = claim.written, rank
    return best


def _days_of(written: str) -> set[str]:
    """Name the days that a written date may be."""
    moment = datetime.fromisoformat(written)
    if moment.tzinfo is None or "T00:00" in written:
        return {written[:10]}
    instant = moment.astimezone(UTC)
    return {(instant + timedelta(hours=hours)).date().isoformat() for hours in (-11, 0, 13)} | {written[:10]}


def shown(layout: Layout, *, language: str) -> Iterator[Claim]:
    """Read the dates that stand around the headline, the nearest first; one that tells of a change speaks less."""
    found = 0
    for node in layout.head:
        named = node.tag == "time" or _DATE_MARKS.search(marks_of(node))
        said = text_of(node, most=200) if named else _squeezed(node.text)
        if not said or len(said) > 160:
            continue
        written = read(node.get("datetime") or "", language=language) or read(said, language=language)
        if not written:
            continue
        # `Written: 3 May, updated: 4 May`: what is said before the date tells what it is.
        change = _UPDATED.search(f"{marks_of(node)} {re.split('[0-9]', said)[0]}") is not None
        yield Claim(written=written, weight=(2.0 if named else 1.5) * (0.3 if change else 1.0) / (1 + found))
        found += 1
        if found == 3:
            return


def marked(layout: Layout, *, language: str) -> Iterator[Claim]:
    """Read what the page marks as the date of publication for machines, outside of data blocks."""
    for node in layout.article:
        if node.get("itemprop") in {"datePublished", "dateCreated"} or node.get("pubdate") is not None:
            stated = node.get("content") or node.get("datetime") or text_of(node, most=60)
            if written := read(stated, language=language):
                yield Claim(written=written, weight=2.0)
                return


def in_address(url: str) -> Iterator[Claim]:
    """Read the day in an address such as `/2020/01/19/title`."""
    if match := _IN_ADDRESS.search(url[:500]):
        year, month, day = (int(part) for part in match.groups() if part)
        if written := _iso(year, month, day):
            yield Claim(written=written, weight=1.5)


def read(text: str, *, language: str = "") -> str:
    """Read a date however it is written: as ISO, with a zone and a time where they are said; empty: it is none."""
    text = _squeezed(text)[:160]
    if not re.search(r"\d", text):
        return ""
    return _by_standard(text) or _by_pattern(text, language)


def _by_standard(text: str) -> str:
    bare = re.sub(r"\s*(?:UTC|GMT|Z)$", "+00:00", text) if re.match(r"\d{4}-", text) else text
    bare = re.sub(r"^(\d{4}-\d\d-\d\d[T ]\d\d:\d\d)(?=[+-])", r"\1:00", bare)
    try:
        moment = datetime.fromisoformat(bare)
    except ValueError:
        pass
    else:
        return bare if re.fullmatch(r"\d{4}-\d\d-\d\d", bare) else moment.isoformat() if _likely(moment.year) else ""
    if scripted := _SCRIPTED.search(text):
        try:
            return datetime.strptime(text[: scripted.end(1)], "%a %b %d %Y %H:%M:%S GMT%z").isoformat()
        except ValueError:
            return ""
    if re.match(r"(?:[A-Z][a-z]{2},\s)?\d{1,2}\s[A-Z][a-z]{2}\s\d{4}\s\d\d:\d\d", text):
        try:
            return parsedate_to_datetime(text).isoformat()
        except (ValueError, TypeError):
            return ""
    return ""


def _by_pattern(text: str, language: str) -> str:
    if match := _NUMERIC.search(text):
        return _iso(int(match[1]), int(match[2]), int(match[3]), match[4], match[5], match[6])
    if match := _DAY_FIRST.search(text):
        return _iso(int(match[3]), _month(match[2]), int(match[1]), match[4], match[5], match[6])
    if match := _MONTH_FIRST.search(text):
        return _iso(int(match[3]), _month(match[1]), int(match[2]), match[4], match[5], match[6])
    if match := _POINTED.search(text):
        first, second, year = int(match[1]), int(match[3]), int(match[4])
        year += 2000 if year < 100 else 0
        # 3/4/2024: only Americans put the month first, and only with strokes.
        american = match[2] == "/" and language.lower() in {"en-us", "en_us"}
        day, month = (second, first) if (american and first <= 12) or second > 12 else (first, second)
        return _iso(year, month, day, match[5], match[6], match[7])
    return ""


def _month(name: str) -> int:
    """Number a month; 0, which no date has, where only `re` takes `İ` or `ı` for an i."""
    return _MONTHS.get(name.casefold(), 0)


def _iso(year: int, month: int, day: int, hour: str = "", minute: str = "", half: str = "") -> str:
    try:
        moment = datetime(year, month, day, tzinfo=UTC)
        if not _likely(year):
            return ""
        if hour:
            hours = int(hour) % 12 + (12 if half.lower().startswith("p") else 0) if half else int(hour)
            moment = moment.replace(hour=hours, minute=int(minute))
    except ValueError:
        return ""
    # The zone of a time that is shown is not known: written without one.
    return moment.replace(tzinfo=None).isoformat() if hour else moment.date().isoformat()


def _likely(year: int) -> bool:
    return 1990 <= year <= 2100


def _squeezed(text: str | None) -> str:
    return re.sub(r"\s+", " ", text).strip() if text else ""
