"""How a newsroom looks: name, colours, logo. Pure.

Colours that a newsroom chooses are never trusted to be readable: where one lacks contrast, text falls back to ink and
the colour stays what it is good at, a fill.
"""

import re
from dataclasses import dataclass

from alerts.errors import TemplateError
from alerts.templating.vault import Constant

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
#: WCAG 2.2 AA for text
READABLE = 4.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Brand:
    """Who the mail is from, as the reader sees it."""

    name: str
    #: home page
    site: str = ""
    postal_address: str = ""
    #: https address of a picture; empty: the name is set in type
    logo: str = ""
    accent: str = "#a4161a"
    accent_dark: str = "#ff9a9a"


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


def light(brand: Brand) -> Palette:
    """Choose the colours for readers in light mode."""
    return _palette(
        brand.accent, bg="#f1f0ec", card="#ffffff", ink="#1a1a1a", muted="#595959", rule="#d4d2cb", notice="#fdf3d7"
    )


def dark(brand: Brand) -> Palette:
    """Choose the colours for readers in dark mode."""
    return _palette(
        brand.accent_dark,
        bg="#101112",
        card="#1b1c1e",
        ink="#f2f1ee",
        muted="#b8b6b1",
        rule="#45464a",
        notice="#3a3216",
    )


def _palette(accent: str, *, bg: str, card: str, ink: str, muted: str, rule: str, notice: str) -> Palette:
    if not _COLOUR.fullmatch(accent):
        raise TemplateError(f'"{accent}" is no colour; such as #a4161a', hint="mend accent in [theme]")
    readable = min(contrast(accent, card), contrast(accent, notice)) >= READABLE
    return Palette(
        bg=Constant(bg),
        card=Constant(card),
        ink=Constant(ink),
        muted=Constant(muted),
        rule=Constant(rule),
        notice=Constant(notice),
        accent=Constant(accent),
        on_accent=Constant(max(("#ffffff", "#000000"), key=lambda colour: contrast(colour, accent))),
        accent_ink=Constant(accent if readable else ink),
    )


def contrast(first: str, second: str) -> float:
    """Measure the contrast of two colours, 1…21 (WCAG 2.2)."""
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4 for channel in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
