"""How a mail looks: colours, typefaces, logo, from a TOML file each. Edge: reads files.

A theme that nobody could read is refused when it is loaded: every pair of colours that carries text is measured. An
accent that is too faint for text stays what it is good at, a fill, and the text falls back to ink.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alerts.errors import TemplateError
from alerts.templating.vault import Constant

DEFAULT = "default"

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_FONTS = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ,-]{0,120}")
#: a theme may extend one that extends one …
_LONGEST_LINE = 5
#: WCAG 2.2 AA for text
READABLE = 4.5

_COLOURS = ("bg", "card", "ink", "muted", "rule", "notice", "accent")
_KNOWN: Mapping[str, frozenset[str]] = {
    "": frozenset(["extends", "font_head", "font_body", "logo", "light", "dark"]),
    "logo": frozenset(["url", "dark_url", "width"]),
    "light": frozenset([*_COLOURS, "on_accent"]),
    "dark": frozenset([*_COLOURS, "on_accent"]),
}
#: text, and what it stands on
_PAIRS = (("ink", "card"), ("ink", "notice"), ("muted", "card"), ("muted", "bg"), ("on_accent", "accent"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Brand:
    """Who the mail is from, as the reader sees it."""

    name: str
    #: home page
    site: str = ""
    postal_address: str = ""
    #: the name of a theme
    theme: str = DEFAULT
    #: laid over the theme; empty: the theme's own
    logo: str = ""
    accent: str = ""
    accent_dark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """The colours of one scheme, each fit for what its name says."""

    #: behind the card
    bg: Constant
    card: Constant
    ink: Constant
    muted: Constant
    rule: Constant
    #: behind a correction
    notice: Constant
    #: for fills
    accent: Constant
    #: for text on a fill
    on_accent: Constant
    #: for text on the card
    accent_ink: Constant


@dataclass(frozen=True, slots=True, kw_only=True)
class Logo:
    """A picture instead of the newsroom's name."""

    url: str
    #: for dark mode; empty: the same
    dark_url: str
    #: pixels
    width: Constant


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """A look."""

    name: str
    font_head: Constant
    font_body: Constant
    logo: Logo | None
    light: Palette
    dark: Palette


def load(brand: Brand, directories: Sequence[Path]) -> Theme:
    """Read a brand's theme and those it extends; a newsroom's own directory comes first.

    Raises TemplateError that names the file and everything that is wrong with it.
    """
    name = brand.theme or DEFAULT
    raw = _read(name, directories)
    for table, key, value in (
        ("logo", "url", brand.logo),
        ("light", "accent", brand.accent),
        ("dark", "accent", brand.accent_dark),
    ):
        raw = _laid_over(raw, {table: {key: value}}) if value else raw
    file = f"themes/{name}.toml"
    if problems := list(_problems(raw)):
        raise TemplateError("; ".join(problems), template=file, hint="mend the theme, or [theme] in the configuration")
    logo = raw.get("logo", {})
    return Theme(
        name=name,
        font_head=Constant(raw["font_head"]),
        font_body=Constant(raw["font_body"]),
        logo=Logo(url=logo["url"], dark_url=logo.get("dark_url", ""), width=Constant(f"{logo.get('width', 200)}"))
        if logo.get("url")
        else None,
        light=_palette(raw["light"]),
        dark=_palette(raw["dark"]),
    )


def names(directories: Sequence[Path]) -> tuple[str, ...]:
    """Name the themes that there are, in alphabetical order."""
    return tuple(sorted({path.stem for directory in directories for path in (directory / "themes").glob("*.toml")}))


def _read(name: str, directories: Sequence[Path], trail: tuple[str, ...] = ()) -> dict[str, Any]:
    if not _NAME.fullmatch(name):
        raise TemplateError(f'"{name}" is no name for a theme', hint="small letters, digits and hyphens")
    # A newsroom's own `default` may extend the shipped one of that name.
    found = [path for directory in directories if (path := directory / "themes" / f"{name}.toml").is_file()]
    found = found[trail.count(name) :]
    if not found or len(trail) > _LONGEST_LINE:
        known = ", ".join(names(directories))
        raise TemplateError(f'there is no theme "{name}"', template=f"themes/{name}.toml", hint=f"themes: {known}")
    try:
        raw = tomllib.loads(found[0].read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise TemplateError(f"cannot be read: {error}", template=str(found[0])) from error
    above = raw.get("extends", "" if name == DEFAULT and len(found) == 1 else DEFAULT)
    if not above:
        return raw
    if not isinstance(above, str):
        raise TemplateError("extends must be the name of a theme", template=str(found[0]))
    return _laid_over(_read(above, directories, (*trail, name)), raw)


def _laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        both = isinstance(value, Mapping) and isinstance(under, Mapping)
        merged[key] = {**under, **value} if both and under is not None else value
    return merged


def _problems(raw: Mapping[str, Any]) -> Iterator[str]:
    for table, known in _KNOWN.items():
        given = raw.get(table, {}) if table else raw
        if not isinstance(given, Mapping):
            yield f"{table} must be a table"
            return
        for key in given.keys() - known:
            yield f"{f'{table}.' if table else ''}{key} is not a key of a theme"
    for key in ("font_head", "font_body"):
        if not isinstance(raw.get(key), str) or not _FONTS.fullmatch(raw[key]):
            yield f"{key} must be names of typefaces without quotes, such as Georgia, serif"
    yield from _logo_problems(raw.get("logo", {}))
    for scheme in ("light", "dark"):
        yield from _palette_problems(scheme, raw[scheme])


def _logo_problems(logo: Mapping[str, Any]) -> Iterator[str]:
    for key in ("url", "dark_url"):
        if not isinstance(logo.get(key, ""), str) or not re.fullmatch(r"(https?://[^\s\"'<>\\]+)?", logo.get(key, "")):
            yield f"logo.{key} must be an https address"
    width = logo.get("width", 200)
    if not isinstance(width, int) or not 16 <= width <= 552:
        yield "logo.width must be a number of pixels from 16 to 552"


def _palette_problems(scheme: str, palette: Mapping[str, Any]) -> Iterator[str]:
    colours = {key: palette.get(key) for key in (*_COLOURS, *(["on_accent"] if "on_accent" in palette else []))}
    wrong = [key for key, colour in colours.items() if not isinstance(colour, str) or not _COLOUR.fullmatch(colour)]
    yield from (f"{scheme}.{key} must be a colour such as #a4161a" for key in wrong)
    if wrong:
        return
    for text, ground in _PAIRS:
        if text not in colours:
            continue
        measured = contrast(str(colours[text]), str(colours[ground]))
        if measured < READABLE:
            yield f"{scheme}: {text} on {ground} has a contrast of {measured:.1f}, text needs {READABLE}"


def _palette(raw: Mapping[str, str]) -> Palette:
    accent = raw["accent"]
    readable = min(contrast(accent, raw["card"]), contrast(accent, raw["notice"])) >= READABLE
    best = max(("#ffffff", "#000000"), key=lambda colour: contrast(colour, accent))
    return Palette(
        **{key: Constant(raw[key]) for key in _COLOURS},
        on_accent=Constant(raw.get("on_accent", best)),
        accent_ink=Constant(accent if readable else raw["ink"]),
    )


def contrast(first: str, second: str) -> float:
    """Measure the contrast of two colours, 1…21 (WCAG 2.2)."""
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4 for channel in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
