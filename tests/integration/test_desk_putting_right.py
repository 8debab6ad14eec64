"""What was wrong is put right where it was told: in the next digest, and on the mail's page on the web."""

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from alerts import tokens
from alerts.content import editions
from alerts.desk import Newsdesk, compose, decide, digest, send, web_version
from alerts.desk.rendering import render
from alerts.mail.public import without_reader
from alerts.mail.variant import Context, Hole, Slot
from alerts.model import Correction, Edition, Kind, Sentence, StoryId, Urgency
from alerts.web.app import create_app
from tests.features.newsroom import addresses, parse
from tests.integration.newsdesk import Hands
from tests.integration.test_scheduler_ticks import digests, newsroom, publish


@pytest.fixture
def clock() -> Hands:
    return Hands(datetime(2026, 3, 2, 6, 0, tzinfo=UTC))


@pytest.fixture
def desk(tmp_path: Path, clock: Hands) -> Iterator[Newsdesk]:
    opened = newsroom(tmp_path / "newsroom", clock, at="07:00")
    digest.tick(opened)
    yield opened
    opened.close()


@pytest.fixture
def web(desk: Newsdesk) -> FlaskClient:
    return create_app(desk).test_client()


def stories(desk: Newsdesk) -> dict[str, StoryId]:
    return {story.title: story.id for story in desk.store.archive.stories(since=datetime(2026, 3, 1, tzinfo=UTC))}


def send_off(desk: Newsdesk, edition: Edition) -> Edition:
    plan = send.plan(desk, edition)
    send.launch(desk, plan, editor="Nora")
    return plan.edition


def alert(desk: Newsdesk, story: StoryId, *, segments: tuple[str, ...] = ("morning",)) -> Edition:
    found = compose.find(desk, [story])
    return send_off(
        desk, compose.alert(desk, found, segments=segments, urgency=Urgency.ALERT, made_by="Nora", update=False)
    )


def correct(desk: Newsdesk, wrong: Edition, *, kind: Kind = Kind.CORRECTION) -> Edition:
    """Correct or withdraw an edition as an editor would."""
    entry = wrong.entries[0]
    said = Correction(wrong="Nine crossings were added.", right="Six were added.", wrong_at=wrong.made_at)
    made = replace(
        wrong,
        id=editions.new_id(),
        kind=kind,
        key=f"{kind.value}/{wrong.id}",
        told_key=f"{kind.value}/{wrong.id}",
        subject=f"{kind.value.capitalize()}: the ferry timetable",
        preheader="We gave a wrong number of crossings this morning.",
        line="",
        entries=(replace(entry, sentences=(Sentence(text="The timetable starts on Monday."),), correction=said),),
        corrects=wrong.id,
        made_at=desk.clock(),
        expires_at=None,
    )
    return send_off(desk, made)


def todays(desk: Newsdesk, clock: Hands) -> Edition:
    """Let the digest go out on the next morning."""
    clock.turn(days=1)
    clock.at = clock.at.replace(hour=7, minute=1)
    digest.tick(desk)
    return digests(desk)[0].edition


# --- the digest -----------------------------------------------------------------------------------


def test_a_digest_says_when_its_readers_were_alerted(desk: Newsdesk, clock: Hands) -> None:
    publish(desk, 0)
    publish(desk, 1)
    ferry = stories(desk)["Ferry timetable grows by nine crossings"]
    clock.turn(minutes=35)
    alert(desk, ferry)
    clock.turn(minutes=27)
    digest.tick(desk)
    (record,) = digests(desk)
    told = {entry.headline: entry.alerted_at for entry in record.edition.entries}
    assert told == {
        "Ferry timetable grows by nine crossings": datetime(2026, 3, 2, 6, 35, tzinfo=UTC),
        "Orchard growers expect a late pear harvest": None,
    }
    shown = " ".join(re.sub(r"<[^>]*>", " ", without_reader(render(desk, record.edition).html)).split())
    assert shown.count("We sent an alert on this at 06:35 UTC.") + shown.count("at 06:35 GMT.") == 1


def test_whom_the_alert_did_not_reach_is_told_of_none(desk: Newsdesk, clock: Hands) -> None:
    publish(desk, 0)
    (ferry,) = stories(desk).values()
    alert(desk, ferry, segments=("breaking",))
    clock.turn(minutes=62)
    digest.tick(desk)
    (record,) = digests(desk)
    assert [entry.alerted_at for entry in record.edition.entries] == [None]


def test_what_was_put_right_since_stands_in_the_next_digest_once(desk: Newsdesk, clock: Hands) -> None:
    publish(desk, 0)
    (ferry,) = stories(desk).values()
    wrong = alert(desk, ferry)
    clock.turn(minutes=62)
    digest.tick(desk)
    clock.turn(hours=3)
    publish(desk, 1)
    correct(desk, wrong)
    second = todays(desk, clock)
    (righted,) = second.corrections
    assert righted.headline == "Ferry timetable grows by nine crossings"
    assert righted.correction == Correction(
        wrong="Nine crossings were added.",
        right="Six were added.",
        wrong_at=datetime(2026, 3, 2, 6, 0, tzinfo=UTC),
        at=datetime(2026, 3, 2, 10, 2, tzinfo=UTC),
    )
    assert desk.store.ledger.find(second.id).edition == second  # type: ignore[union-attr]
    publish(desk, 2)
    assert todays(desk, clock).corrections == ()


def test_what_a_digests_readers_were_never_told_is_not_put_right_there(desk: Newsdesk, clock: Hands) -> None:
    publish(desk, 0)
    (ferry,) = stories(desk).values()
    wrong = alert(desk, ferry, segments=("breaking",))
    correct(desk, wrong)
    occurrence = digest.occurrence_on(desk, desk.config.digest("daily"), None)
    made = digest.compose(desk, desk.config.digest("daily"), occurrence)
    assert [entry.story for entry in made.entries] == [ferry]
    assert made.corrections == ()


def test_what_was_withdrawn_is_no_news_of_the_digest(desk: Newsdesk, clock: Hands) -> None:
    publish(desk, 0)
    publish(desk, 1)
    ferry = stories(desk)["Ferry timetable grows by nine crossings"]
    wrong = alert(desk, ferry)
    clock.turn(minutes=20)
    correct(desk, wrong, kind=Kind.WITHDRAWAL)
    clock.turn(minutes=42)
    digest.tick(desk)
    (record,) = digests(desk)
    assert [entry.headline for entry in record.edition.entries] == ["Orchard growers expect a late pear harvest"]
    (righted,) = record.edition.corrections
    assert righted.correction is not None
    assert righted.correction.withdrawn


# --- the mail on the web --------------------------------------------------------------------------


def path_of(desk: Newsdesk, edition: Edition) -> str:
    """The path of an edition's page, as its mail links to it."""
    (file,) = [
        file
        for file in (desk.config.base / "outbox").rglob("*.eml")
        if addresses([parse(file.read_bytes())]) == ["dov@example.org"]
        and edition.id in str(parse(file.read_bytes())["Message-ID"])
    ]
    body = parse(file.read_bytes()).get_body(("html",))
    assert body is not None
    found = re.search(r'href="https://news\.herald\.example(/w/[^"]+)"', body.get_content())
    assert found is not None
    return html.unescape(found[1])


@pytest.fixture
def sent(desk: Newsdesk) -> Edition:
    publish(desk, 0)
    (ferry,) = stories(desk).values()
    edition = alert(desk, ferry)
    send.deliver(desk, edition.id)
    return edition


def test_the_mail_on_the_web_says_the_same_and_nothing_of_the_reader(
    desk: Newsdesk, web: FlaskClient, sent: Edition
) -> None:
    page = web.get(path_of(desk, sent))
    assert page.status_code == 200
    assert html.escape(sent.entries[0].headline) in page.text
    assert sent.entries[0].url in page.text
    assert "Unsubscribe" not in page.text
    assert "/u/" not in page.text
    assert "dov@" not in page.text
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-popups ")
    assert "script" not in policy
    assert "default-src 'none'" in policy
    assert "noindex" in page.headers["X-Robots-Tag"]


def test_an_address_cannot_be_guessed_and_shows_nothing_before_its_time(
    desk: Newsdesk, web: FlaskClient, clock: Hands, sent: Edition
) -> None:
    path = path_of(desk, sent)
    later = replace(sent, id=editions.new_id(), key="alert/x/r1", told_key="alert/x/r1")
    other = tokens.sign(b"x" * 43, "web", sent.id, "en")
    leaving = tokens.sign(desk.token_keys[0], "unsubscribe", sent.id, "en")
    drafted = web_version.link(desk, later, language="en").removeprefix(desk.config.web.url)
    assert desk.store.ledger.add_draft(later)
    for wrong in (path[:-1], f"/w/{sent.id}", f"/w/{other}", f"/w/{leaving}", "/w/last", drafted, drafted + "/as-sent"):
        assert web.get(wrong).status_code == 404, wrong
    waiting = replace(later, not_before_at=clock().replace(hour=20))
    send_off(desk, waiting)
    assert web.get(drafted).status_code == 404
    clock.turn(hours=15)
    assert web.get(drafted).status_code == 200


def test_a_test_copy_and_a_house_without_a_public_address(desk: Newsdesk, web: FlaskClient, sent: Edition) -> None:
    assert web_version.link(desk, sent, language="en", test=True).endswith("/w/test")
    assert "This was a test" in web.get("/w/test").text
    for url in (
        "http://localhost:8025",
        "https://localhost",
        "https://10.0.0.7",
        "http://news.example",
        "https://a.local",
    ):
        assert not web_version.is_public(url)
    assert web_version.is_public("https://news.herald.example")


def test_what_was_corrected_says_so_before_it_is_read(desk: Newsdesk, web: FlaskClient, sent: Edition) -> None:
    path = path_of(desk, sent)
    correct(desk, sent)
    page = web.get(path)
    assert page.status_code == 200
    for words in ("turned out to be wrong", "Nine crossings were added.", "Six were added.", "Corrected at"):
        assert words in page.text
    assert "/u/" not in page.text
    as_sent = web.get(f"{path}/as-sent")
    assert html.escape(sent.entries[0].sentences[0].text) in as_sent.text
    assert as_sent.headers["Content-Security-Policy"].startswith("sandbox ")


@pytest.mark.parametrize("withdrawn", [True, False])
def test_what_was_taken_back_is_not_shown_any_more(
    desk: Newsdesk, web: FlaskClient, sent: Edition, withdrawn: bool
) -> None:
    path = path_of(desk, sent)
    if withdrawn:
        correct(desk, sent, kind=Kind.WITHDRAWAL)
    else:
        another = replace(sent, id=editions.new_id(), key="alert/y/r1", told_key="alert/y/r1")
        send_off(desk, another)
        decide.kill(desk, another.id, editor="Nora")
        path = web_version.link(desk, another, language="en").removeprefix(desk.config.web.url)
    page = web.get(path)
    assert page.status_code == 410
    assert ("taken this mail back" if withdrawn else "was stopped") in page.text
    assert sent.entries[0].sentences[0].text not in page.text
    assert web.get(f"{path}/as-sent").status_code == 404


def test_only_links_of_the_reader_are_taken_out() -> None:
    url, name = Hole(Slot.UNSUBSCRIBE_URL, Context.URL), Hole(Slot.NAME, Context.HTML)
    page = without_reader(
        ("<p>Dear ", name, '</p><a href="https://a.example/">A</a> <a class="m" href="', url, '" style="x">Leave</a>!')
    )
    assert page == '<p>Dear </p><a href="https://a.example/">A</a> !'
