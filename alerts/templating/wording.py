"""The mail's own words, per language: one TOML file each. Edge: reads files.

A language that has no file speaks English; a word missing from a file is an error that names both.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time

from alerts.errors import TemplateError

FALLBACK = "en"

_RIGHT_TO_LEFT = frozenset(["ar", "arc", "ckb", "dv", "fa", "he", "iw", "ks", "ps", "sd", "ug", "ur", "yi"])
_RIGHT_TO_LEFT_SCRIPTS = frozenset(["Arab", "Hebr", "Syrc", "Thaa", "Nkoo", "Adlm"])


def is_right_to_left(language: str) -> bool:
    """Tell whether a language is written from right to left."""
    primary, *subtags = language.replace("_", "-").split("-")
    scripts = [subtag.title() for subtag in subtags if len(subtag) == 4]
    if scripts:
        return scripts[0] in _RIGHT_TO_LEFT_SCRIPTS
    return primary.lower() in _RIGHT_TO_LEFT


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """The words of one language."""

    language: str
    #: the file, for errors
    file: str
    words: Mapping[str, Any]
    locale: Locale

    def __call__(self, key: str, **values: object) -> str:
        """Say something: `t("read_more")`, `t("stories", count=12)`. Raises TemplateError for an unknown key."""
        found: Any = self.words
        for part in key.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        if isinstance(found, Mapping) and isinstance(count := values.get("count"), int):
            found = found.get(self.locale.plural_form(count), found.get("other"))
        if not isinstance(found, str):
            raise TemplateError(f'there are no words for "{key}"', template=self.file, hint="add the key to this file")
        try:
            return found.format(**values)
        except (KeyError, IndexError, ValueError) as error:
            raise TemplateError(f'the words for "{key}" ask for {error}', template=self.file) from error

    def day(self, when: date) -> str:
        """Write a date in full: `Monday, 3 March 2026`."""
        pattern = self.words.get("formats", {}).get("day", "full")
        return format_date(when, format=pattern, locale=self.locale)

    def clock(self, when: datetime, zone: ZoneInfo) -> str:
        """Write a time of day with its zone: `09:40 GMT`, `14:05 UTC+3`."""
        local = when.astimezone(zone)
        pattern = self.words.get("formats", {}).get("time", "short")
        return f"{format_time(local.time(), format=pattern, locale=self.locale)} {zone_name(local)}"

    def moment(self, when: datetime, zone: ZoneInfo, *, today: date) -> str:
        """Write a time of day, with its day where that is another one: `14:05 GMT, Monday 2 March`."""
        day = when.astimezone(zone).date()
        if day == today:
            return self.clock(when, zone)
        pattern = self.words.get("formats", {}).get("other_day", "long")
        return f"{self.clock(when, zone)}, {format_date(day, format=pattern, locale=self.locale)}"


def zone_name(local: datetime) -> str:
    """Name a local time's zone as readers know it, or by its distance from UTC."""
    name = local.tzname() or ""
    if name.isalpha():
        return name
    offset = local.utcoffset()
    minutes = int(offset.total_seconds() // 60) if offset else 0
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '−'}{hours}" + (f":{rest:02}" if rest else "")


def languages(directories: Sequence[Path]) -> tuple[str, ...]:
    """Name the languages that there are words for, in alphabetical order."""
    return tuple(sorted({path.stem for directory in directories for path in (directory / "i18n").glob("*.toml")}))


def load(language: str, directories: Sequence[Path]) -> Wording:
    """Find the words of a language: the exact one, its primary one, English. Directories: a newsroom's own first."""
    for candidate in dict.fromkeys([language, language.partition("-")[0], FALLBACK]):
        for directory in directories:
            path = directory / "i18n" / f"{candidate}.toml"
            if path.is_file():
                return _read(path, candidate)
    raise TemplateError(f"there is no i18n/{FALLBACK}.toml", hint="reinstall: the shipped templates are gone")


def _read(path: Path, language: str) -> Wording:
    try:
        words = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        locale = Locale.parse(language, sep="-")
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValueError) as error:
        raise TemplateError(f"cannot be read: {error}", template=str(path)) from error
    return Wording(language=language, file=path.name, words=words, locale=locale)
