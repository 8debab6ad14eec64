"""What an outlet prints under every article is learned and left out; what it reports is not."""

from collections.abc import Iterator
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from alerts.desk import Newsdesk
from alerts.desk.ingest import poll
from alerts.model import Article
from tests.integration.newsdesk import Hands, open_newsroom

OUTLETS = """
[[outlets]]
name = "Quay Times"
feeds = ["quay.xml"]

[[outlets]]
name = "Moor Post"
feeds = ["moor.xml"]
"""
PLEDGE = "The Quay Times belongs to its readers; members of our co-operative pay for what you read here."
FACTS = [
    ("Council votes for a new bridge", "The council has voted for a bridge over the Ell.", "It will cost 4 million."),
    ("Two hurt in mill fire", "Two people were hurt when the old mill burned.", "The cause is not known, police say."),
    ("School gets a new head", "Ida Marsh will lead the school from June.", "She taught in Harwick for ten years."),
    ("Ferry returns to service", "The ferry sails again from Monday.", "It had been laid up since the winter storm."),
    ("Museum buys a rare map", "The museum has bought a map of 1612.", "It shows the coast before the great flood."),
]


class Papers:
    """Publishes one article after another, each with the paragraphs that its paper adds."""

    def __init__(self, desk: Newsdesk, hands: Hands) -> None:
        self.desk, self.hands = desk, hands
        self._items: dict[str, list[str]] = {"quay": [], "moor": []}

    def publish(
        self, paper: str, number: int, *added: str, slug: str = "", title: str = "", first: str = ""
    ) -> Article:
        fact, *text = FACTS[number]
        text[:0] = [first] if first else []
        body = "".join(f"&lt;p&gt;{part}&lt;/p&gt;" for part in (*text, *added))
        slug = slug or f"{paper}-{number}"
        link = f"https://{paper}.example/{slug}"
        at = format_datetime(self.hands.at - timedelta(minutes=1))
        others = [item for item in self._items[paper] if f"<link>{link}<" not in item]
        self._items[paper] = [
            f"<item><title>{title or fact}</title><link>{link}</link><pubDate>{at}</pubDate>"
            f"<description>{body}</description></item>",
            *others,
        ]
        self.poll()
        (found,) = [one for one in self.articles() if one.url == link]
        return found

    def poll(self) -> None:
        for paper, items in self._items.items():
            head = f'<?xml version="1.0"?><rss version="2.0"><channel><title>{paper}</title>'
            (self.desk.config.base / f"{paper}.xml").write_text(head + "".join(items) + "</channel></rss>")
        self.hands.turn(minutes=5)
        poll(self.desk, everything=True)

    def articles(self) -> list[Article]:
        return self.desk.store.archive.articles(since=self.hands.at - timedelta(days=30))


@pytest.fixture
def papers(tmp_path: Path) -> Iterator[Papers]:
    hands = Hands()
    desk = open_newsroom(tmp_path / "newsroom", clock=hands, more=OUTLETS)
    try:
        yield Papers(desk, hands)
    finally:
        desk.close()


def test_what_stood_under_three_articles_on_two_days_is_left_out_from_then_on(papers: Papers) -> None:
    papers.publish("quay", 0, PLEDGE)
    papers.publish("quay", 1, PLEDGE)
    papers.hands.turn(days=1)
    third = papers.publish("quay", 2, PLEDGE)
    assert PLEDGE in third.paragraphs  # nobody could know yet
    fourth = papers.publish("quay", 3, PLEDGE)
    assert fourth.paragraphs == FACTS[3][1:]
    assert [(gone.text, gone.rule) for gone in fourth.removed] == [(PLEDGE, "repeated by Quay Times")]
    # It is the outlet's: another one may say it.
    assert PLEDGE in papers.publish("moor", 4, PLEDGE).paragraphs


def test_three_articles_of_one_day_teach_nothing(papers: Papers) -> None:
    for number in range(3):
        papers.publish("quay", number, PLEDGE)
    assert PLEDGE in papers.publish("quay", 3, PLEDGE).paragraphs


def test_articles_that_are_listed_again_are_neither_counted_twice_nor_changed(papers: Papers) -> None:
    first = papers.publish("quay", 0, PLEDGE)
    for _ in range(2):
        papers.hands.turn(days=1)
        papers.poll()
    papers.publish("quay", 1, PLEDGE)
    assert PLEDGE in papers.publish("quay", 2, PLEDGE).paragraphs
    papers.publish("quay", 3, PLEDGE)
    papers.poll()
    # Nobody at the outlet edited it: it is no new version of the article.
    (again,) = [one for one in papers.articles() if one.url == first.url]
    assert again == first


def test_one_article_rewritten_day_by_day_is_not_boilerplate(papers: Papers) -> None:
    background = "The harbour office had warned of high water since the spring."
    for day in range(5):
        papers.publish("quay", 1, background, slug="mill", title=f"Two hurt in mill fire, day {day}")
        papers.hands.turn(days=1)
    assert background in papers.publish("quay", 2, background).paragraphs


def test_the_background_of_a_long_story_and_the_first_paragraphs_stay(papers: Papers) -> None:
    background = "The fire at the mill was the third in this street since May."
    lead = "Our reporters were there."
    for number, title in enumerate(("Mill fire: one arrest", "Mill fire: owner speaks", "Mill fire trial begins")):
        papers.publish("quay", number, background, title=title)
        papers.hands.turn(days=1)
    later = papers.publish("quay", 3, background, title="Verdict in mill fire trial")
    assert background in later.paragraphs
    for number in range(3):
        papers.publish("moor", number, lead)
        papers.hands.turn(days=1)
    assert lead not in papers.publish("moor", 3, lead).paragraphs
    assert papers.publish("moor", 4, slug="square", first=lead).paragraphs[0] == lead


def test_what_is_repeated_no_more_is_forgotten(papers: Papers) -> None:
    papers.publish("quay", 0, PLEDGE)
    papers.hands.turn(days=30)
    papers.publish("quay", 1, "Something else is printed here now, and only here.")
    counted = papers.desk.store.boilerplate
    with papers.desk.store.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT count(*) FROM boilerplate WHERE first_on < '2026-03-10'").scalar_one()
    assert rows == 0
    assert counted.known("Quay Times", ["x"], articles=1, days=1) == set()
