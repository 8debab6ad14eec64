"""A template that is wrong is named, with its line; the process never dies of one."""

from pathlib import Path
from typing import Any

import pytest

from alerts import bundled
from alerts.errors import TemplateError
from alerts.mail.fill import fill
from alerts.mail.variant import Slot
from alerts.templating import Renderer, samples
from alerts.templating.compile import to_html
from alerts.templating.vault import Vault

HEAD = "<mjml>\n<mj-body>\n<mj-section><mj-column><mj-text>\n"
TAIL = "\n</mj-text></mj-column></mj-section>\n</mj-body>\n</mjml>\n"


def render(own: Path, **others: Any) -> Any:
    return Renderer(directories=[own], bundled=bundled.path("templates")).render(
        samples.ALERT,
        brand=samples.BRAND,
        sender=samples.SENDER,
        reply_to=None,
        language="en",
        why=samples.WHY_ALERT,
        zone="Europe/London",
        domain="news.example.org",
    )


def own_template(folder: Path, body: str) -> Path:
    (folder / "alert.mjml.j2").write_text(HEAD + body + TAIL, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("{% if %}", "Expected an expression"),
        ("{{ edition.headlin }}", "no attribute 'headlin'"),
        ("{{ nothing }}", "'nothing' is undefined"),
        ("{{ edition.subject|safe }}", "No filter named 'safe'"),
        ("{{ edition.subject|e }}", "No filter named 'e'"),
        ("{% if reader.name %}x{% endif %}", "reader.name can only be printed"),
        ("{{ reader.name ~ '!' }}", "reader.name can only be printed"),
        ("{{ edition.entries }}", "a tuple cannot be printed"),
        ("{{ edition }}", "a EditionView cannot be printed"),
        ("{{ t('no_such_words') }}", 'no words for "no_such_words"'),
        ('<p style="color:{{ edition.subject }}">x</p>', "the attribute style"),
        ('<p onclick="{{ edition.subject }}">x</p>', "the attribute onclick"),
        ("<p {{ edition.subject }}>x</p>", "outside a quoted attribute"),
        ('<a href="https://x.example/{{ edition.subject }}">x</a>', "a part of href"),
        ("<style>{{ edition.subject }}</style>", "a style sheet or script"),
        ('{{ "1;2"|constant }}', "only a plain word"),
        ("{{ 1 / 0 }}", "division by zero"),
    ],
)
def test_a_broken_template_is_named_with_its_line(tmp_path: Path, body: str, complaint: str) -> None:
    with pytest.raises(TemplateError) as caught:
        render(own_template(tmp_path, "\n" + body))
    assert complaint in str(caught.value)
    # words are missing from their own file, everything else stands in line 5 of the template
    expected = "en.toml" if "t(" in body else "alert.mjml.j2:5"
    assert expected in str(caught.value)
    assert caught.value.exit_code == 5


def test_a_value_that_mjml_drops_is_named_with_its_line(tmp_path: Path) -> None:
    body = '</mj-text>\n<mj-image src="https://x.example/" titel="{{ edition.subject }}" />\n<mj-text>'
    with pytest.raises(TemplateError, match=r"alert\.mjml\.j2:5: MJML dropped this value"):
        render(own_template(tmp_path, body))


@pytest.mark.parametrize(
    "body",
    [
        "<b>{{ edition.subject }}</b><p>",
        "{{ edition.subject }} a < b",
        "{{ edition.subject }}" + "<div>" * 20_000 + "</div>" * 20_000,
        "{{ edition.subject }}" + "<div>" * 200 + "</div>" * 200,
        '{{ edition.subject }}<n>\\u200d>"',
        "{{ edition.subject }}<![endif",
    ],
)
def test_mjml_that_cannot_be_read_is_an_error_that_names_the_template(tmp_path: Path, body: str) -> None:
    with pytest.raises(TemplateError) as caught:
        render(own_template(tmp_path, body))
    assert caught.value.template == "alert.mjml.j2"


@pytest.mark.parametrize(
    "source",
    [
        "<mjml><mj-body><![endif",
        "<mjml><mj-body><n>\u200d>",
        "<mjml",
        "",
        "\x00",
        "<mjml><mj-include path='x'/></mjml>",
    ],
)
def test_what_makes_mrml_panic_is_an_error(source: str) -> None:
    with pytest.raises(TemplateError):
        to_html(source, Vault())


def test_a_template_may_not_read_files(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("key")
    with pytest.raises(TemplateError):
        render(own_template(tmp_path, f"{{% include '{tmp_path.parent}/{tmp_path.name}/../secret.txt' %}}"))
    with pytest.raises(TemplateError):
        render(own_template(tmp_path, "</mj-text><mj-include path='secret.txt' /><mj-text>"))


def test_a_newsrooms_own_template_may_extend_the_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "alert.mjml.j2").write_text(
        '{% extends "bundled/alert.mjml.j2" %}\n{% block footer %}{{ super() }}<mj-section><mj-column>'
        "<mj-text><p>Dear {{ reader.name }}</p></mj-text></mj-column></mj-section>{% endblock %}",
        encoding="utf-8",
    )
    variant = render(tmp_path)
    slots = {Slot.NAME: "Ada <b>", Slot.ADDRESS: "a@example.org", Slot.UNSUBSCRIBE_URL: "https://x.example/u"}
    page = fill(variant.html, slots)
    assert "Dear Ada &lt;b&gt;" in page
    assert samples.ALERT.entries[0].headline in page


def test_a_newsrooms_own_words_come_first(tmp_path: Path) -> None:
    shipped = (bundled.path("templates") / "i18n" / "en.toml").read_text(encoding="utf-8")
    (tmp_path / "i18n").mkdir()
    (tmp_path / "i18n" / "en.toml").write_text(
        shipped.replace("Read the full story", "More at our site"), encoding="utf-8"
    )
    page = "".join(piece for piece in render(tmp_path).html if isinstance(piece, str))
    assert "More at our site" in page


def test_words_that_are_no_toml_are_named(tmp_path: Path) -> None:
    (tmp_path / "i18n").mkdir()
    (tmp_path / "i18n" / "en.toml").write_text("read_more = ", encoding="utf-8")
    with pytest.raises(TemplateError, match=r"en\.toml"):
        render(tmp_path)
