"""A newsroom gives its mails a look of their own in a few lines; a look that nobody could read is refused by name."""

from dataclasses import replace
from pathlib import Path

import pytest

from alerts import bundled
from alerts.errors import TemplateError
from alerts.mail.fill import fill
from alerts.model import Edition
from alerts.templating import Renderer, samples, theme
from alerts.templating.theme import Brand, Theme
from tests.unit.test_templating_rendering import READER

SHIPPED = bundled.path("templates")


def written(folder: Path, name: str, text: str) -> Path:
    (folder / "themes").mkdir(exist_ok=True)
    file = folder / "themes" / f"{name}.toml"
    file.write_text(text)
    return file


def load(folder: Path, name: str, **over: str) -> Theme:
    return theme.load(Brand(name="The Post", theme=name, **over), [folder, SHIPPED])


def page(folder: Path, brand: Brand, edition: Edition = samples.ALERT) -> str:
    variant = Renderer(directories=[folder], bundled=SHIPPED).render(
        edition, brand=brand, sender=samples.SENDER, why="", zone="UTC", domain="news.example.org"
    )
    assert variant.theme == brand.theme
    return fill(variant.html, READER)


def test_ten_lines_make_a_look_of_their_own(tmp_path: Path) -> None:
    written(
        tmp_path,
        "weekend",
        """
        extends = "default"
        font_head = "Palatino, Georgia, serif"
        [logo]
        url = "https://news.example.org/logo.png"
        dark_url = "https://news.example.org/logo-dark.png"
        [light]
        accent = "#0b3d91"
        [dark]
        accent = "#8fb8ff"
        """,
    )
    shown = page(tmp_path, replace(samples.BRAND, theme="weekend"))
    for expected in ("Palatino, Georgia, serif", "#0b3d91", "#8fb8ff", 'src="https://news.example.org/logo-dark.png"'):
        assert expected in shown
    assert "#a4161a" not in shown
    assert load(tmp_path, "weekend").light.ink == load(tmp_path, "default").light.ink


def test_a_newsrooms_own_default_builds_on_the_shipped_one(tmp_path: Path) -> None:
    written(tmp_path, "default", '[light]\naccent = "#005f3c"\n')
    look = load(tmp_path, "default")
    assert look.light.accent == "#005f3c"
    assert look.dark.accent == theme.load(Brand(name="x"), [SHIPPED]).dark.accent


def test_what_the_configuration_says_is_laid_over_the_theme(tmp_path: Path) -> None:
    look = load(tmp_path, "default", accent="#123456", logo="https://news.example.org/l.png")
    assert look.light.accent == "#123456"
    assert look.logo is not None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[light]\nmuted = "#bbbbbb"\n', "light: muted on card has a contrast of 1.9, text needs 4.5"),
        ('[dark]\nink = "#333333"\n', "dark: ink on card has a contrast of"),
        ('[light]\non_accent = "#aa2222"\n', "light: on_accent on accent"),
        ('[light]\naccent = "red"\n', "light.accent must be a colour such as #a4161a"),
        ('[light]\ncolour = "#ffffff"\n', "light.colour is not a key of a theme"),
        ("font_head = \"'Comic Sans'; color: red\"\n", "font_head must be names of typefaces"),
        ('[logo]\nurl = "javascript:alert(1)"\n', "logo.url must be an https address"),
        ("[logo]\nwidth = 5000\n", "logo.width must be a number of pixels"),
        ("light = 7\n", "light must be a table"),
        ('extends = "nowhere"\n', 'there is no theme "nowhere"'),
        ('extends = "mine"\n', 'there is no theme "mine"'),
        ("extends = 3\n", "extends must be the name of a theme"),
        ("[light\n", "cannot be read"),
    ],
)
def test_a_theme_that_cannot_be_used_is_refused_with_its_file(tmp_path: Path, text: str, said: str) -> None:
    written(tmp_path, "mine", text)
    with pytest.raises(TemplateError) as caught:
        load(tmp_path, "mine")
    assert said in str(caught.value)
    assert "themes/" in str(caught.value)


def test_an_unknown_theme_is_refused_and_the_known_ones_are_named(tmp_path: Path) -> None:
    with pytest.raises(TemplateError) as caught:
        load(tmp_path, "brutalist")
    assert "default" in caught.value.hint
    with pytest.raises(TemplateError, match="no name for a theme"):
        load(tmp_path, "../default")


@pytest.mark.parametrize("accent", ["#000000", "#ffffff", "#a4161a", "#ff9a9a", "#777777"])
def test_words_on_a_button_can_be_read_whatever_its_colour(tmp_path: Path, accent: str) -> None:
    look = load(tmp_path, "default", accent=accent)
    assert theme.contrast(look.light.on_accent, look.light.accent) >= 4.5
