"""Pages and text files, and what is neither, through the real guarded worker."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from alerts import demo
from alerts.content.reading import pages
from alerts.content.summaries.summary import summarise
from alerts.errors import ContentError
from alerts.guarded import Worker
from alerts.model import Article

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker(processes=1) as running:
        yield running


@pytest.fixture(scope="module")
def articles(worker: Worker, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Article]:
    folder = tmp_path_factory.mktemp("demo")
    demo.materialise(folder, NOW)
    return {
        file.name: pages.read(file.read_bytes(), worker=worker, now=NOW, shown=file.name)
        for file in sorted((folder / "articles").iterdir())
    }


def test_a_scraped_text_loses_its_wrapping_and_nothing_else(articles: dict[str, Article]) -> None:
    """The customer's faults: breadcrumb, repeated title, doubled caption, shortcode."""
    article = articles["skarrow-talks.txt"]
    assert article.title == "Skarrow and mainland to hold crucial talks over fishing dispute"
    assert article.section == "Breaking News"
    assert [removed.rule for removed in article.removed] == [
        "shortcode",
        "breadcrumb",
        "caption-repeated",
        "caption-repeated",
    ]
    source = (Path(demo.__file__).parent / "articles" / "skarrow-talks.txt").read_text(encoding="utf-8")
    blocks = [block.strip() for block in source.split("\n\n")]
    gone = {removed.text for removed in article.removed} | {article.title}
    assert list(article.paragraphs) == [block for block in blocks if block not in gone]
    assert len(article.paragraphs) == 15


def test_its_summary_begins_with_the_lead_and_every_sentence_is_the_articles_own(articles: dict[str, Article]) -> None:
    article = articles["skarrow-talks.txt"]
    summary = summarise([article])
    assert summary.sentences[0].text == article.paragraphs[0]
    for sentence in (*summary.sentences, *summary.blurb):
        assert any(sentence.text in paragraph for paragraph in article.paragraphs)


def test_a_page_gives_its_text_and_what_it_says_of_itself(articles: dict[str, Article]) -> None:
    article = articles["ferry-aground.html"]
    assert article.title == "Ferry with 214 aboard runs aground off Port Ellery"
    assert article.url == "https://harbour-courier.example/breaking-news/ferry-aground"
    assert (article.section, article.outlet, article.language) == ("Breaking News", "The Harbour Courier", "en")
    assert article.authors == ("Marta Lindqvist",)
    assert article.published_at == datetime(2026, 11, 23, 11, 38, tzinfo=UTC)
    assert len(article.paragraphs) == 7
    assert {"read-more", "sign-up"} <= {removed.rule for removed in article.removed}
    text = " ".join(article.paragraphs)
    assert not any(word in text for word in ("cookies", "Related", "newsletter", "All rights reserved", "Share"))


def test_a_picture_comes_with_caption_and_credit_and_the_caption_is_no_paragraph(articles: dict[str, Article]) -> None:
    article = articles["lost-score.html"]
    assert article.image is not None
    assert article.image.url == "https://harbour-courier.example/pictures/marsh-score.jpg"
    assert article.image.caption == "The first page of the scherzo, with the composer's coffee stains."
    assert article.image.credit == "Agnes Toller"
    assert article.image.alt == "A yellowed page of music with coffee stains"
    assert not any("first page of the scherzo" in paragraph for paragraph in article.paragraphs)
    # The tracking parameter of its own canonical address is gone.
    assert article.url == "https://harbour-courier.example/culture/lost-score"


def test_an_article_in_arabic(articles: dict[str, Article]) -> None:
    article = articles["ferry-aground-ar.txt"]
    assert (article.language, len(article.paragraphs)) == ("ar", 5)
    summary = summarise([article])
    assert summary.sentences[0].text == article.paragraphs[0]
    assert summary.headline == article.title
    assert 40 <= len(summary.preheader) <= 110


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "is empty"),
        (b" \n\t\n", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b"Only a headline\n", "a headline but no text"),
        (b"%PDF-1.7 rest", "is a binary file"),
        (b"text\0with\0zeros", "is a binary file"),
        ("Café fermé\n\nIl a plu.".encode("latin-1"), "is not UTF-8 text"),
        (b"<html><body><nav><a href='/'>Home</a></nav></body></html>", "has no article text"),
        (
            b"<html><head><title>App</title></head><body><div id=app></div><script>x()</script></body></html>",
            "no article",
        ),
        (b"<!doctype html>", "has no"),
    ],
)
def test_what_is_no_article_is_one_clear_line(worker: Worker, body: bytes, words: str) -> None:
    with pytest.raises(ContentError, match=words) as caught:
        pages.read(body, worker=worker, now=NOW, shown="story.txt")
    assert str(caught.value).startswith("story.txt: ")
    assert "\n" not in str(caught.value)


def test_a_deeply_nested_page_harms_nobody(worker: Worker) -> None:
    bomb = b"<html><body>" + b"<div>" * 20_000 + b"deep" + b"</div>" * 20_000
    with pytest.raises(ContentError, match=r"^bomb\.html: "):
        pages.read(bomb, worker=worker, now=NOW, shown="bomb.html")
    assert pages.read(b"<p>Still here.</p><p>And well.</p>", worker=worker, now=NOW, shown="next.html").paragraphs


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_text_files_in_unicode_are_read(worker: Worker, encoding: str) -> None:
    text = "Bürgermeister tritt zurück\n\nDie Bürgermeisterin hat am Abend ihren Rücktritt erklärt."
    article = pages.read(text.encode(encoding), worker=worker, now=NOW, shown="f.txt")
    assert article.title == "Bürgermeister tritt zurück"


def test_a_page_in_an_old_encoding_is_read_as_it_says(worker: Worker) -> None:
    html = (
        '<html lang="fr"><head><meta charset="iso-8859-1"><title>Le café a brûlé</title></head><body><article>'
        "<h1>Le café a brûlé</h1>"
        + "<p>Un incendie a détruit le café de la gare dans la nuit, a dit la mairie.</p>" * 1
        + "<p>Personne n’a été blessé, mais l’hôtel voisin a été évacué par précaution.</p></article></body></html>"
    )
    article = pages.read(html.encode("cp1252"), worker=worker, now=NOW, shown="page", content_type="text/html")
    assert article.title == "Le café a brûlé"
    assert "hôtel voisin a été évacué" in article.paragraphs[1]


def test_wrapped_lines_are_joined_and_a_headline_above_its_text_is_found() -> None:
    article = pages.read_text(
        "Tide floods the quay\nThe tide has flooded the quay\nand two cellars.\n\nNobody was hurt.", now=NOW
    )
    assert article.title == "Tide floods the quay"
    assert article.paragraphs == ("The tide has flooded the quay and two cellars.", "Nobody was hurt.")


def test_direction_changing_characters_do_not_reach_a_reader() -> None:
    article = pages.read_text("Bank \u202egnp.exe\u202c pays\x07\n\nThe ba\u200bnk pays\u2066 today.", now=NOW)
    assert article.title == "Bank gnp.exe pays"
    assert article.paragraphs == ("The bank pays today.",)


@pytest.mark.parametrize(
    ("head", "shown"),
    [
        ("<link rel='canonical' href='https://[host]/a'>", ""),
        ("<meta property='og:url' content='https://[host]/a'>", ""),
        ("<meta property='og:image' content='https://[host]/a.jpg'>", ""),
        ("", "<figure><img src='https://[host]/a.jpg'><figcaption>A ferry</figcaption></figure>"),
        ("", "<time>12 apr\u0130l 2024</time>"),
    ],
)
def test_what_a_page_says_wrongly_of_itself_is_left_out_and_the_page_is_read(
    worker: Worker, head: str, shown: str
) -> None:
    text = "<p>The ferry with 214 people aboard ran aground off Port Ellery at dawn, the harbour master said.</p>" * 2
    body = f"<html><head><title>Ferry aground off Port Ellery</title>{head}</head><body><article>"
    body += f"<h1>Ferry aground off Port Ellery</h1>{shown}{text}</article></body></html>"
    page = pages.read(body.encode(), url="https://courier.example/ferry", worker=worker, now=NOW)
    assert page.title == "Ferry aground off Port Ellery"
    assert page.url == "https://courier.example/ferry"
