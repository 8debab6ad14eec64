"""What is wrong with templates, themes and words, found before a mail is made of them. Edge: reads template files.

A template is known to be sound when every kind of mail was rendered with it, in every language and theme, with texts
that try to break out. What MJML drops in silence – an element or attribute it does not know – is named.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from alerts.errors import AlertsError, TemplateError
from alerts.mail.fill import fill
from alerts.mail.variant import Slot
from alerts.model import Edition, Finding, Kind, Severity
from alerts.templating import samples, theme, wording
from alerts.templating.checks import SIZE_WARNING
from alerts.templating.renderer import Renderer

#: what no template may do: it would let a text become markup
_UNSAFE = re.compile(r"\|\s*safe\b|\bautoescape\b|\bMarkup\b")
_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_TAG = re.compile(r"<(mj[a-z-]*)((?:\s+[\w:-]+\s*=\s*(?:\"[^\"]*\"|'[^']*'))*)\s*/?>")
_ATTRIBUTE = re.compile(r"([\w:-]+)\s*=")

_SIDES = ("", "-top", "-right", "-bottom", "-left")
_PADDING = frozenset(f"padding{side}" for side in _SIDES)
_BORDER = frozenset(f"border{side}" for side in _SIDES) | {"border-radius"}
_BACKGROUND = frozenset(f"background-{part}" for part in ("color", "url", "repeat", "size", "position"))
_TYPE = frozenset(["font-family", "font-size", "font-style", "font-weight", "letter-spacing", "line-height", "color"])
_LAYOUT = frozenset(["css-class", "mj-class", "direction"])
_BLOCK = frozenset(["align", "container-background-color", "css-class", "mj-class"]) | _PADDING
_SECTION = _LAYOUT | _PADDING | _BORDER | _BACKGROUND | {"full-width", "text-align"}

#: The elements that mrml and MJML draw alike, and their attributes (MJML 5's documentation).
_ELEMENTS: Mapping[str, frozenset[str] | None] = {
    "mjml": frozenset(["lang", "dir", "owa"]),
    "mj-head": frozenset(),
    "mj-title": frozenset(),
    "mj-style": frozenset(),
    "mj-raw": frozenset(),
    "mj-attributes": frozenset(),
    # defaults for the elements named inside them
    "mj-all": None,
    "mj-class": None,
    "mj-breakpoint": frozenset(["width"]),
    "mj-body": frozenset(["width", "background-color", "css-class"]),
    "mj-wrapper": _SECTION,
    "mj-section": _SECTION,
    "mj-group": _LAYOUT | {"width", "vertical-align", "background-color"},
    "mj-column": _LAYOUT | _PADDING | _BORDER | {"width", "vertical-align", "background-color"},
    "mj-text": _BLOCK | _TYPE | {"height", "text-decoration", "text-transform"},
    "mj-button": _BLOCK
    | _TYPE
    | _BORDER
    | {"href", "background-color", "height", "inner-padding", "rel", "target", "text-align", "text-decoration"}
    | {"text-transform", "vertical-align", "width"},
    "mj-image": _BLOCK
    | _BORDER
    | {"src", "alt", "href", "width", "height", "max-height", "font-size", "fluid-on-mobile", "rel", "target", "title"},
    "mj-divider": _BLOCK | {"border-color", "border-style", "border-width", "width"},
    "mj-spacer": _BLOCK | {"height"},
}

_READER = {
    Slot.NAME: '<b>"Ada"</b>',
    Slot.ADDRESS: "ada@example.org",
    Slot.UNSUBSCRIBE_URL: "https://news.example.org/u/sample",
    Slot.CONFIRM_URL: "https://news.example.org/c/sample",
}


def lint(renderer: Renderer, directories: Sequence[Path], *, brand: theme.Brand) -> list[Finding]:
    """Try everything in the directories (a newsroom's own first); errors first, each with file and line."""
    found = [*_sources(directories[:-1] or directories), *_themes(directories, brand), *_words(directories)]
    if not any(finding.severity is Severity.ERROR for finding in found):
        for language in wording.languages(directories):
            for name in theme.names(directories):
                found += _rendered(renderer, replace(brand, theme=name), language)
    return sorted(dict.fromkeys(found), key=lambda finding: finding.severity is not Severity.ERROR)


def _sources(directories: Sequence[Path]) -> Iterator[Finding]:
    """Look for what no template may say; the shipped ones are looked at where there are no others."""
    for directory in directories:
        for path in sorted(directory.glob("**/*.j2")):
            if "web" in path.relative_to(directory).parts:
                continue
            try:
                text = path.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                yield _error("unreadable", f"cannot be read: {error}", str(path), "save it as UTF-8")
                continue
            said = _COMMENT.sub(lambda match: "\n" * match[0].count("\n"), text)
            for match in _UNSAFE.finditer(said):
                line = said.count("\n", 0, match.start()) + 1
                yield _error(
                    "unsafe",
                    f"`{match[0]}` would let a text become markup",
                    f"{path}:{line}",
                    "values are escaped for the place they stand in; nothing needs this",
                )


def _themes(directories: Sequence[Path], brand: theme.Brand) -> Iterator[Finding]:
    for name in theme.names(directories):
        try:
            theme.load(replace(brand, theme=name), directories)
        except TemplateError as error:
            yield _error("theme", str(error), "", error.hint)


def _words(directories: Sequence[Path]) -> Iterator[Finding]:
    """Hold every language against English: keys that are missing, unknown, or that ask for other values."""
    english: dict[str, str] = {}
    for language in dict.fromkeys([wording.FALLBACK, *wording.languages(directories)]):
        path = next(path for directory in directories if (path := directory / "i18n" / f"{language}.toml").is_file())
        try:
            wording.load(language, directories)
            said = dict(_flat(tomllib.loads(path.read_text(encoding="utf-8-sig"))))
        except (TemplateError, UnicodeDecodeError) as error:
            yield _error("words", str(error), str(path), "mend the file")
            continue
        english = english or said
        for key in english.keys() - said.keys():
            if not key.startswith("formats."):
                yield _error("words", f"there are no words for {key}", str(path), f'English says "{english[key]}"')
        for key in said.keys() - english.keys():
            yield _warning("words", f"nobody asks for {key}", str(path), "check how it is spelt")
        for key in said.keys() & english.keys():
            if _asked(said[key]) != _asked(english[key]):
                yield _error(
                    "words", f"{key} asks for other values than English does", str(path), f'as in "{english[key]}"'
                )


def _flat(table: Mapping[str, object], above: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, Mapping) and "other" in value:
            # Languages differ in their plural forms; every one has `other`.
            yield f"{above}{key}", str(value["other"])
        elif isinstance(value, Mapping):
            yield from _flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", str(value)


def _asked(said: str) -> frozenset[str]:
    return frozenset(re.findall(r"\{(\w*)\}", said))


def _rendered(renderer: Renderer, brand: theme.Brand, language: str) -> Iterator[Finding]:
    for name, edition in samples.ALL.items():
        where = f"{name}, {language}, {brand.theme}"
        try:
            yield from _checked(renderer, brand, language, edition, where)
        except AlertsError as error:
            yield _error("template", str(error), where, error.hint)


def _checked(renderer: Renderer, brand: theme.Brand, language: str, edition: Edition, where: str) -> Iterator[Finding]:
    why = renderer.why(language, edition.title or "Breaking news")
    variant = renderer.render(
        edition,
        brand=brand,
        sender=samples.SENDER,
        language=language,
        why=why,
        zone="UTC",
        domain="news.example.org",
        web_url=samples.WEB_URL,
    )
    page, text = fill(variant.html, _READER), fill(variant.text, _READER)
    asks = edition.kind is Kind.CONFIRMATION
    wanted = Slot.CONFIRM_URL if asks else Slot.UNSUBSCRIBE_URL
    if _READER[wanted] not in page or _READER[wanted] not in text:
        what = "confirm" if asks else "unsubscribe"
        yield _error(f"{what}-missing", f"there is no {what} link", where, f"print reader.{wanted.value}")
    for entry in edition.entries:
        if entry.headline not in " ".join(text.split()):
            yield _error("text-lacks", "the text part lacks a headline", where, "the text must say what the page says")
            break
    if (size := len(page.encode())) > SIZE_WARNING:
        yield _warning("size", f"the HTML has {size:,} bytes; Gmail cuts off at about 102,000", where, "shorten it")
    if max((len(line) for line in text.splitlines() if "://" not in line), default=0) > 78:
        yield _warning("text-wide", "a line of the text part is longer than 78 columns", where, "break it")
    source = renderer.mjml(edition, brand=brand, language=language, why=why, zone="UTC", web_url=samples.WEB_URL)
    yield from _unknown(source, where)


def _unknown(source: str, where: str) -> Iterator[Finding]:
    """Name elements and attributes that MJML drops without a word, or that mrml draws unlike MJML."""
    for match in _TAG.finditer(source):
        known = _ELEMENTS.get(match[1], frozenset())
        if match[1] not in _ELEMENTS:
            remedy = "use " + ", ".join(name for name in _ELEMENTS if name not in {"mjml", "mj-all", "mj-class"})
            yield _error("element", f"<{match[1]}> is not drawn alike everywhere", where, remedy)
        elif known is not None:
            for attribute in _ATTRIBUTE.findall(re.sub(r"\"[^\"]*\"|'[^']*'", "", match[2])):
                if attribute not in known:
                    yield _error("attribute", f"<{match[1]}> has no attribute {attribute}", where, "check its spelling")


def _error(code: str, text: str, place: str, remedy: str) -> Finding:
    return Finding(code=code, severity=Severity.ERROR, text=text, place=place, remedy=remedy)


def _warning(code: str, text: str, place: str, remedy: str) -> Finding:
    return Finding(code=code, severity=Severity.WARNING, text=text, place=place, remedy=remedy)
