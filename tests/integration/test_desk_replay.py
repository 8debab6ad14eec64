"""A policy is tried on recorded material: it tells what would have gone out, sends nothing, and leaves no trace."""

import zlib
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from alerts.desk import Newsdesk
from alerts.desk.ingest import poll
from alerts.desk.recorded import recordings
from alerts.desk.replay import Replayed, replay
from alerts.errors import ConfigError, ContentError
from tests.integration.newsdesk import MONDAY, Hands, dump, open_newsroom

OUTLETS = """
[[outlets]]
name = "The Harwick Herald"
trust = 0.9
{automatic}
feeds = ["herald.xml"]

[[outlets]]
name = "Coast Gazette"
relation = "watched"
trust = 0.8
feeds = ["gazette.xml"]
"""
OLD = ("Library opens a reading room for children", "The library on Quay Street has opened a room for its youngest.")
QUAKE = (
    "Breaking: Earthquake of magnitude 6.1 hits Tarnmouth, two killed",
    "An earthquake of magnitude 6.1 has hit Tarnmouth, and two people were killed, police say.",
)
SAME = (
    "Tarnmouth earthquake: two people killed",
    "Two people were killed when an earthquake of magnitude 6.1 hit Tarnmouth, police say.",
)
WORSE = (
    "Tarnmouth earthquake toll rises to 14 dead",
    "Fourteen people are now known to have died in the Tarnmouth earthquake, and a search goes on in the harbour.",
)
FERRY = (
    "Ferry runs aground off Skarrow, 200 evacuated",
    "A ferry ran aground off Skarrow in fog, and 200 people were evacuated by lifeboats.",
)


def feed(host: str, *told: tuple[tuple[str, str], datetime]) -> str:
    items = "".join(
        f"<item><title>{title}</title><link>https://{host}.example/{zlib.crc32(title.encode())}</link>"
        f"<pubDate>{format_datetime(at)}</pubDate><description>{text}</description></item>"
        for (title, text), at in reversed(told)
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>News</title>{items}</channel></rss>'


def at(minutes: float) -> datetime:
    return MONDAY + timedelta(minutes=minutes)


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    """An afternoon of two outlets: a quake, told again, worse after half an hour; a ferry that only others have."""
    herald = [(OLD, at(-60)), (QUAKE, at(1)), (SAME, at(11)), (WORSE, at(41))]
    gazette = [(OLD, at(-60)), (FERRY, at(20))]
    for outlet, told in (("the-harwick-herald", herald), ("Coast Gazette", gazette)):
        (tmp_path / "tape" / outlet).mkdir(parents=True)
        for minutes in (0, 5, 15, 25, 45):
            known = [one for one in told if one[1] <= at(minutes)]
            name = at(minutes).strftime("%Y-%m-%dT%H%MZ.xml")
            (tmp_path / "tape" / outlet / name).write_text(feed(outlet.partition(" ")[0].lower(), *known))
    return tmp_path / "tape"


@pytest.fixture
def desk(tmp_path: Path) -> Newsdesk:
    return open_newsroom(tmp_path / "newsroom", clock=Hands(), more=OUTLETS.format(automatic=""))


def told(found: Replayed) -> list[tuple[str, str, bool]]:
    return [(one.at.strftime("%H:%M"), one.what, one.automatic) for one in found.happened]


def test_recorded_feeds_run_through_the_policy_by_their_own_clock(desk: Newsdesk, tape: Path) -> None:
    before = dump(desk)
    found = replay(desk, feeds=tape)
    assert told(found) == [("12:05", "alert", False), ("12:25", "not ours yet", False), ("12:45", "update", False)]
    alert, ferry, update = found.happened
    assert "6.1 hits Tarnmouth" in alert.title
    assert alert.segments == ("breaking",)
    assert alert.score >= 4.5
    assert [gate.name for gate in alert.asked] == ["approval"]
    assert ferry.outlet == "Coast Gazette"
    assert update.reasons[0] == "a number grew: 2 dead before, now 14"
    assert found.articles == 6
    assert dump(desk) == before, "the newsroom's own database knows nothing of it"
    desk.close()


def test_an_automatic_outlet_goes_by_itself_and_the_gates_that_asked_are_named(tmp_path: Path, tape: Path) -> None:
    desk = open_newsroom(tmp_path / "newsroom", clock=Hands(), more=OUTLETS.format(automatic="automatic = true"))
    found = replay(desk, feeds=tape)
    assert [(one.what, one.automatic) for one in found.happened] == [
        ("alert", True),
        ("not ours yet", False),
        ("update", False),
    ]
    assert "marker" in [gate.name for gate in found.happened[2].asked], "the update does not call itself breaking"
    strict = tmp_path / "strict.toml"
    strict.write_text("[breaking]\nautomatic_trust = 0.95\n")
    found = replay(desk, feeds=tape, policy=strict)
    assert [gate.name for gate in found.happened[0].asked] == ["trust"]
    desk.close()


def test_another_policy_would_have_sent_less(desk: Newsdesk, tape: Path, tmp_path: Path) -> None:
    deaf = tmp_path / "deaf.toml"
    deaf.write_text("[breaking]\nreview_score = 5.5\nalert_score = 6\n[breaking.weights]\nmarker = 0\n")
    found = replay(desk, feeds=tape, policy=deaf)
    assert found.happened == ()
    desk.close()


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("[breaking]\nalert_scor = 3\n", "alert_scor"),
        ('[breaking]\nwindow = "soon"\n', "window"),
        ("[breaking]\nreview_score = 9\n", "review_score is above alert_score"),
        ("[digests]\n", "holds no policy"),
        ("alert_score = 3\n", "holds no policy"),
        ("[breaking", "not TOML"),
    ],
)
def test_a_policy_with_a_mistake_is_refused_in_words(desk: Newsdesk, tmp_path: Path, written: str, said: str) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(written)
    with pytest.raises(ConfigError) as caught:
        replay(desk, feeds=tmp_path, policy=policy)
    assert said in f"{caught.value} {' '.join(map(str, caught.value.problems))}"
    desk.close()


def test_what_the_archive_first_saw_is_played_again(tmp_path: Path, tape: Path) -> None:
    hands = Hands()
    desk = open_newsroom(tmp_path / "newsroom", clock=hands, more=OUTLETS.format(automatic=""))
    for minutes in (0, 5, 15, 25, 45):
        hands.at = at(minutes)
        name = hands.at.strftime("%Y-%m-%dT%H%MZ.xml")
        for file, outlet in (("herald.xml", "the-harwick-herald"), ("gazette.xml", "Coast Gazette")):
            (desk.config.base / file).write_text((tape / outlet / name).read_text())
        poll(desk, everything=True)
    before = dump(desk)
    found = replay(desk, since=at(1))
    assert told(found) == [("12:05", "alert", False), ("12:25", "not ours yet", False), ("12:45", "update", False)]
    assert replay(desk, since=at(30)).happened != found.happened
    assert dump(desk) == before
    desk.close()


def test_recordings_have_their_time_from_their_name_or_from_the_file(desk: Newsdesk, tmp_path: Path) -> None:
    folder = tmp_path / "tape" / "coast-gazette" / "sport"
    folder.mkdir(parents=True)
    for name in ("2026-10-01T0700Z.xml", "20261001T070500.xml", "feed-2026-10-01T09:10:00+02:00.xml", "latest.xml"):
        (folder / name).write_text(feed("herald"))
    found = recordings(tmp_path / "tape", desk.config.all_outlets)
    assert [one.at for one in found[:3]] == [datetime(2026, 10, 1, 7, minute, tzinfo=UTC) for minute in (0, 5, 10)]
    assert {one.feed for one in found} == {("Coast Gazette", "sport")}
    (tmp_path / "tape" / "stray").mkdir()
    (tmp_path / "tape" / "stray" / "x.xml").write_text("")
    with pytest.raises(ContentError, match="in no outlet's folder"):
        recordings(tmp_path / "tape", desk.config.all_outlets)
    desk.close()
