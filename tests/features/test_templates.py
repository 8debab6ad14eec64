"""A newsroom takes a template over, changes it, and hears of every mistake before a reader does."""

from pathlib import Path

import pytest

from tests.features.newsroom import Newsroom, part


def own(newsroom: Newsroom, name: str, text: str) -> Path:
    file = newsroom.folder / "templates" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def test_a_template_is_taken_over_changed_and_sent(newsroom: Newsroom) -> None:
    listed = newsroom.run("templates", "list").ok().out
    assert "alert.mjml.j2" in listed
    assert "yours" not in listed
    assert "alert.txt.j2" in newsroom.run("templates", "eject", "alert").ok().out
    newsroom.run("templates", "eject", "alert").failed(5, "is there already", "nothing was copied")
    newsroom.run("templates", "eject", "nonsense").failed(5, "no shipped template", "alert, ")

    file = newsroom.folder / "templates" / "alert.mjml.j2"
    file.write_text(file.read_text().replace('t("read_more")', '"Read it at The Herald"'))
    assert newsroom.run("templates", "lint").ok().out.strip() == "nothing found"
    newsroom.run("send", "article.txt", "-s", "breaking", "--yes").ok()
    assert all("1 Quay Street" in part(mail, "html") for mail in newsroom.outbox())


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (
            "alert.mjml.j2",
            '{% extends "bundled/alert.mjml.j2" %}\n{% block body %}\n{{ edition.subject|safe }}{% endblock %}',
            ("alert.mjml.j2:3", "would let a text become markup"),
        ),
        (
            "alert.mjml.j2",
            '{% extends "bundled/alert.mjml.j2" %}\n{% block body %}\n{{ edition.subjekt }}{% endblock %}',
            ("alert.mjml.j2:3", "subjekt"),
        ),
        (
            "digest.mjml.j2",
            '{% extends "bundled/digest.mjml.j2" %}\n{% block body %}<mj-section><mj-column>'
            '<mj-text colour="#ff0000">Hello</mj-text></mj-column></mj-section>{% endblock %}',
            ("digest, en", "<mj-text> has no attribute colour"),
        ),
        (
            "digest.mjml.j2",
            '{% extends "bundled/digest.mjml.j2" %}\n{% block body %}<mj-section><mj-column>'
            "<mj-carousel></mj-carousel></mj-column></mj-section>{% endblock %}",
            ("<mj-carousel> is not drawn alike everywhere",),
        ),
        ("alert.txt.j2", "Nothing for you today.\n", ("alert, en", "there is no unsubscribe link")),
        ("themes/mine.toml", '[light]\nink = "#cccccc"\n', ("themes/mine.toml", "ink on card has a contrast of 1.6")),
        ("i18n/fr.toml", 'read_more = "Lire"\n', ("fr.toml", "there are no words for source")),
        ("i18n/fr.toml", "read_more = \n", ("fr.toml", "cannot be read")),
    ],
)
def test_a_mistake_is_named_with_its_place(newsroom: Newsroom, name: str, text: str, said: tuple[str, ...]) -> None:
    own(newsroom, name, text)
    found = newsroom.run("templates", "lint").failed(5)
    for words in said:
        assert words in found.out


def test_a_segment_and_a_digest_have_a_look_and_a_sender_of_their_own(newsroom: Newsroom) -> None:
    own(newsroom, "themes/sport.toml", '[light]\naccent = "#0b3d91"\n')
    segments = newsroom.folder / "subscribers" / "segments.toml"
    before = segments.read_text()
    segments.write_text(
        before
        + '\n[fans]\ntitle = "Sport"\nfrom = "breaking"\ntheme = "sport"\nlanguage = "fr"\n'
        + 'sender = "Herald Sport <sport@herald.example>"\nreply_to = "fans@herald.example"\n'
    )
    newsroom.run("send", "article.txt", "-s", "fans", "--yes").ok()
    mail = newsroom.outbox()[0]
    assert mail["From"] == "Herald Sport <sport@herald.example>"
    assert mail["Reply-To"] == "fans@herald.example"
    assert mail["Message-ID"].endswith("@herald.example>")
    assert "#0b3d91" in part(mail, "html")
    assert "Se désabonner" in part(mail, "plain")

    segments.write_text(before + '\n[fans]\nfrom = "breaking"\ntheme = "a b"\nsender = "nobody"\n')
    newsroom.run("check").failed(3)
    said = newsroom.run("segments", "list").failed(
        3, "fans.theme", "must be one word", "fans.sender", "must be an address"
    )
    assert "segments.toml:" in said.err
