"""What would embarrass a newsroom is found before a reader finds it, and nothing that is slow holds an alert up."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.desk import Newsdesk, compose, links, preflight, send, spam
from alerts.desk.preview import sample_mail
from alerts.desk.rendering import render
from alerts.model import ArticleId, Edition, EditionId, Finding, Image, Urgency
from tests.features.newsroom import wait_until
from tests.integration.newsdesk import Hands, open_newsroom
from tests.servers.site import Shown, Site

ONLINE = {"example.com": ["93.184.215.14"], "localhost": ["127.0.0.1"]}


def names(host: str, _port: int) -> list[str]:
    """Answer as a name service would that knows two names."""
    if host in {"127.0.0.1", "127.0.0.2"}:
        return [host]
    if host not in ONLINE:
        raise OSError("unknown")
    return ONLINE[host]


def nobody(_host: str, _port: int) -> list[str]:
    raise OSError("no network")


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def desk(tmp_path: Path, hands: Hands) -> Iterator[Newsdesk]:
    opened = open_newsroom(tmp_path, clock=hands, more='[fetching]\nallow_private = ["127.0.0.1"]\ntimeout = "2s"\n')
    yield opened
    opened.close()


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


def alert(desk: Newsdesk, **changes: object) -> Edition:
    found = compose.find(desk, [str(desk.config.base / "article.txt")])
    made = compose.alert(desk, found, segments=("breaking",), urgency=Urgency.ALERT, made_by="ana")
    return replace(made, **changes)  # type: ignore[arg-type]


def linking(desk: Newsdesk, *urls: str, picture: str = "") -> Edition:
    """Make an edition of stories whose articles are not ours to look up."""
    made = alert(desk)
    image = Image(url=picture, alt="A harbour") if picture else None
    entries = tuple(replace(made.entries[0], url=url, article=None, image=image) for url in urls)
    return replace(made, entries=entries)


def codes(found: list[Finding] | tuple[Finding, ...]) -> list[tuple[str, str, str]]:
    return [(finding.code, finding.severity.value, finding.place) for finding in found]


def found(desk: Newsdesk, edition: Edition) -> list[str]:
    return [finding.code for finding in preflight.findings(desk, edition, render(desk, edition))]


def test_an_alert_as_it_is_made_gives_no_cause_for_complaint(desk: Newsdesk) -> None:
    assert found(desk, alert(desk)) == []


@pytest.mark.parametrize(
    ("subject", "late"),
    [
        ("Breaking: Flood barrier fails at Harwick, old town evacuated", False),
        ("Breaking: What you need to know now about the barrier at Harwick", True),
        ("You will not believe what has just happened to Harwick", True),
        ("Harwick: we tell you all that we know about it by now", False),
        ("More soon", False),
    ],
)
def test_the_news_stands_where_a_small_phone_cuts_the_subject(desk: Newsdesk, subject: str, late: bool) -> None:
    assert ("subject-late" in found(desk, alert(desk, subject=subject))) is late


def test_the_same_words_to_the_same_readers_within_a_day_are_found(desk: Newsdesk, hands: Hands) -> None:
    first = alert(desk)
    send.launch(desk, send.plan(desk, first), editor="ana")
    sent = desk.store.ledger.find(first.id)
    assert sent is not None
    # A full stop less, a subject of its own and another key: still nothing new to those who have the first.
    said = first.entries[0]
    shorter = (replace(said.sentences[0], text=said.sentences[0].text.rstrip(".")), *said.sentences[1:])
    once_more = replace(
        first,
        id=EditionId("oncemore"),
        key="alert/other/r1",
        told_key="alert/other/r1",
        subject="Harwick: sea in the old town",
        entries=(replace(said, sentences=shorter),),
    )
    hands.turn(hours=23)
    same = [one for one in send.plan(desk, once_more).findings if one.code == "same-content"]
    assert [(one.severity.value, one.place) for one in same] == [("warning", "the mail")]
    assert sent.edition.id in same[0].text
    assert "2026-03-02 12:00 GMT" in same[0].text

    assert "same-content" not in found(desk, replace(once_more, segments=("morning",)))
    assert "same-content" not in found(desk, replace(once_more, entries=(replace(said, sentences=said.sentences[:1]),)))
    assert "same-content" not in found(desk, first), "the edition itself"
    hands.turn(hours=2)
    assert "same-content" not in found(desk, once_more), "a day later"


def test_dead_links_are_errors_and_what_cannot_be_told_is_a_warning(desk: Newsdesk, site: Site) -> None:
    alive = site.page("/alive", "Alive", "It is.")
    site.paths["/moved"] = Shown(status=301, headers={"Location": "/alive"})
    site.paths["/gone"] = Shown(status=410)
    site.paths["/barred"] = Shown(status=403)
    edition = linking(
        desk,
        alive,
        site.base + "/moved",
        site.base + "/missing",
        site.base + "/gone",
        site.base + "/barred",
        "https://no-such-paper.news/x",
        "http://127.0.0.2/x",
        "https://news.example.org/invented",
        "javascript:alert(1)",
        picture=site.base + "/no.png",
    )
    one_picture = replace(
        edition, entries=(edition.entries[0], *(replace(one, image=None) for one in edition.entries[1:]))
    )
    assert codes(links.dead(desk, one_picture, resolver=names)) == [
        ("link-dead", "warning", "story 1, picture"),
        ("link-dead", "error", "story 3"),
        ("link-dead", "error", "story 4"),
        ("link-unchecked", "warning", "story 5"),
        ("link-dead", "error", "story 6"),
        ("link-unchecked", "warning", "story 7"),
    ]
    assert site.most_under_way <= 2


def test_without_a_network_no_link_is_called_dead(desk: Newsdesk) -> None:
    edition = linking(desk, "https://a-paper.news/x", "https://news.example.org/invented")
    assert codes(links.dead(desk, edition, resolver=nobody)) == [("link-unchecked", "warning", "story 1")]


def test_pages_that_are_not_out_yet_are_not_asked_for(desk: Newsdesk, site: Site, hands: Hands) -> None:
    made = alert(desk)
    article = desk.store.archive.article(made.entries[0].article or ArticleId(""))
    assert article is not None
    entry = replace(made.entries[0], url=site.base + "/not-yet")
    for unpublished in (
        replace(article, feed="/news/feed.xml"),
        replace(article, embargo_until=hands() + timedelta(hours=1)),
    ):
        desk.store.archive.put_article(unpublished)
        assert links.dead(desk, replace(made, entries=(entry,)), resolver=names) == []
    assert not site.asked


def test_a_server_that_says_nothing_costs_no_more_than_its_time(desk: Newsdesk, site: Site) -> None:
    slow = [site.page(f"/slow{number}", "Slow", "x", after=30) for number in range(3)]
    started, threads = time.monotonic(), threading.active_count()
    assert codes(links.dead(desk, linking(desk, *slow), resolver=names)) == [
        ("link-unchecked", "warning", f"story {number}") for number in (1, 2, 3)
    ]
    assert time.monotonic() - started < 9
    assert threading.active_count() <= threads + 12


def a_command(folder: Path, text: str) -> str:
    file = folder / "spamassassin"
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
    return str(file)


REPORT = """cat >mail; cat <<'X'
Subject: a mail that says (9.9 points, 5.0 required)

Content analysis details:   (6.7 points, 5.0 required)

 pts rule name              description
---- ---------------------- --------------------------------------------------
 2.5 ADVANCE_FEE            Claims you can be rich
-0.0 NO_RELAYS              Informational: message was not relayed via SMTP
 4.2 HTML_IMAGE_ONLY_04     BODY: HTML: images with 0-400 bytes of words
X"""


def test_a_spam_score_is_told_with_the_rules_that_made_it(
    desk: Newsdesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    edition = alert(desk)
    mail = sample_mail(desk, render(desk, edition))
    told = spam.findings(mail, command=a_command(tmp_path, REPORT))
    assert codes(told) == [("spam-score", "warning", "the mail")]
    assert "6.7 of 5.0 points: HTML_IMAGE_ONLY_04 +4.2, ADVANCE_FEE +2.5" in told[0].text
    assert (tmp_path / "mail").read_bytes() == mail
    clean = REPORT.replace("(6.7", "(0.9")
    assert spam.findings(mail, command=a_command(tmp_path, clean)) == []


def is_alive(process: int) -> bool:
    """Tell whether a process runs; one that nobody has buried yet does not."""
    try:
        return ") Z " not in Path(f"/proc/{process}/stat").read_text()
    except FileNotFoundError:
        return False


def test_spamassassin_is_never_needed_and_never_waited_for(tmp_path: Path) -> None:
    assert spam.findings(b"x", command=str(tmp_path / "nothing")) == []
    started = time.monotonic()
    hanging = a_command(tmp_path, f"sleep 60 & echo $! >{tmp_path}/child; wait")
    assert codes(spam.findings(b"x", command=hanging, seconds=0.5)) == [("spam-unchecked", "warning", "the mail")]
    assert time.monotonic() - started < 5
    child = int((tmp_path / "child").read_text())
    wait_until(lambda: not is_alive(child), seconds=5)
    assert codes(spam.findings(b"x" * 10**6, command=a_command(tmp_path, "exit 3"))) == [
        ("spam-unchecked", "warning", "the mail")
    ]
