"""Feeds are polled politely and by their habits, and the desk hears of those that die, move, fall silent or return."""

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.content.fetching import polling as rules
from alerts.content.fetching.answers import Fetched
from alerts.content.reading.articles import from_entry
from alerts.desk import feed_health
from alerts.desk.ingest import poll
from alerts.model import NoticeKind
from tests.integration.newsdesk import MONDAY
from tests.integration.polled import feed, gone, polling
from tests.servers.scripted_site import Answer, ScriptedSite, drip

#: proposes whatever sounds like news
EAGER = "[breaking]\nreview_score = 1.0"
OLD = MONDAY - timedelta(hours=30)


@pytest.fixture
def site() -> Iterator[ScriptedSite]:
    with ScriptedSite() as opened:
        yield opened


def test_a_restart_asks_nobody_earlier_and_keeps_what_servers_gave_us_to_tell_versions_by(
    tmp_path: Path, site: ScriptedSite
) -> None:
    tag, changed = 'W/"a, b\\\\c-é"', "Mon,  2 Mar 2026 10:00:00 +0000 (sic)"
    site.answers["/feed"] = Answer(body=feed(("Ferry runs again", OLD)), etag=tag, headers={"Last-Modified": changed})
    with polling(tmp_path, site, site.url("/feed")) as room:
        room.poll()
        room.restart()
        assert room.poll(minutes=4) == [], "it is not due"
        assert len(site.requests) == 1
        (polled,) = room.poll(minutes=2)
        assert (polled.entries, polled.error) == (None, "")
        sent = site.requests[-1].headers
        assert sent["if-none-match"].encode("latin-1") == tag.encode("latin-1")
        assert sent["if-modified-since"] == changed
        assert room.state(site.url("/feed")).entries == 1


def test_a_quiet_feed_is_asked_less_and_less_and_a_priority_feed_every_minute(
    tmp_path: Path, site: ScriptedSite
) -> None:
    site.answers["/feed"] = Answer(body=feed(("Ferry runs again", OLD)), etag='"1"')
    for priority, wanted in (("", [5, 7.5, 11, 17, 25, 38, 57, 60, 60]), ("priority = true", [1] * 9)):
        with polling(tmp_path / str(len(priority)), site, site.url("/feed"), outlet=priority) as room:
            waits = []
            for _ in wanted:
                room.poll()
                due = room.state(site.url("/feed")).next_poll_at
                assert due is not None
                waits.append((due - room.hands.at) / timedelta(minutes=1))
                room.hands.at = due
            assert waits == pytest.approx(wanted, rel=0.13), "a tenth earlier or later"
            assert len({round(wait / most, 3) for wait, most in zip(waits, wanted, strict=True)}) > 5, "never in step"
            site.answers["/feed"] = Answer(body=feed(("Market opens", room.hands.at), ("Ferry runs again", OLD)))
            room.poll()
            assert room.state(site.url("/feed")).interval_seconds == (60 if priority else 300)
            site.answers["/feed"] = Answer(body=feed(("Ferry runs again", OLD)), etag='"1"')


def test_what_a_publisher_asks_for_is_kept_to_unless_the_feed_is_a_priority(tmp_path: Path, site: ScriptedSite) -> None:
    site.answers["/ttl"] = Answer(body=feed(("Ferry runs again", OLD), ttl="20"))
    site.answers["/age"] = Answer(body=feed(("Market opens", OLD)), headers={"Cache-Control": "public, max-age=1800"})
    for priority, wanted in (("", (1200, 1800)), ("priority = true", (60, 60))):
        with polling(tmp_path / str(len(priority)), site, site.url("/ttl"), site.url("/age"), outlet=priority) as room:
            room.poll()
            assert (
                room.state(site.url("/ttl")).interval_seconds,
                room.state(site.url("/age")).interval_seconds,
            ) == wanted


def test_a_move_for_good_is_believed_when_repeated_and_told_once(tmp_path: Path, site: ScriptedSite) -> None:
    old, new = site.url("/old"), site.url("/new")
    site.answers["/old"] = gone(301, Location="/new")
    site.answers["/new"] = Answer(body=feed(("Ferry runs again", OLD)), etag='"1"')
    with polling(tmp_path, site, old) as room:
        for _ in range(5):
            room.poll(minutes=70)
        assert len(site.asked("/old")) == 3, "then it is asked where it is"
        (notice,) = room.told(NoticeKind.FEED_MOVED)
        assert f"to {new}" in notice
        assert "config.toml" in notice
        # The new place breaks; the configured one works again.
        site.answers["/new"] = gone(500)
        site.answers["/old"] = Answer(body=feed(("Market opens", room.hands.at)))
        (polled,) = room.poll(minutes=70)
        assert (polled.error, len(polled.new)) == ("", 1)
        assert room.state(old).moved_to == ""


def test_an_editor_who_writes_the_new_address_down_starts_no_first_fetch(tmp_path: Path, site: ScriptedSite) -> None:
    site.answers["/old"] = gone(308, Location="/new")
    site.answers["/new"] = Answer(body=feed(("Ferry runs again", OLD)), etag='"1"')
    with polling(tmp_path, site, site.url("/old")) as room:
        room.poll()
        file = room.desk.config.base / "config.toml"
        file.write_text(file.read_text().replace("/old", "/new"))
        room.restart()
        site.answers["/new"] = Answer(body=feed(("Market opens", room.hands.at), ("Ferry runs again", OLD)))
        room.poll(minutes=1)
        assert room.backfill() == 1, "what came since is news"


def test_a_move_for_now_is_forgotten(tmp_path: Path, site: ScriptedSite) -> None:
    site.answers["/feed"] = gone(302, Location="/today")
    site.answers["/today"] = Answer(body=feed(("Ferry runs again", OLD)))
    with polling(tmp_path, site, site.url("/feed")) as room:
        for _ in range(5):
            room.poll(minutes=70)
        assert len(site.asked("/feed")) == 5
        assert room.told(NoticeKind.FEED_MOVED) == []


def test_a_feed_that_is_gone_is_asked_no_more_until_somebody_asks_by_hand(tmp_path: Path, site: ScriptedSite) -> None:
    site.answers["/feed"] = gone(410)
    with polling(tmp_path, site, site.url("/feed")) as room:
        room.poll()
        for _ in range(3):
            assert room.poll(minutes=2000) == []
        (notice,) = room.told(NoticeKind.FEED_DEAD)
        assert "gone for good" in notice
        assert feed_health.listing(room.desk)[0].health == "gone"
        site.answers["/feed"] = Answer(body=feed(("Ferry runs again", OLD)))
        room.poll(everything=True)
        assert len(room.told(NoticeKind.FEED_BACK)) == 1
        assert len(room.poll(minutes=10)) == 1


def test_a_dead_feed_is_left_alone_longer_each_time_told_once_and_again_when_it_is_back(
    tmp_path: Path, site: ScriptedSite
) -> None:
    url = site.url("/feed")
    with polling(tmp_path, site, url) as room:
        waits = []
        for _ in range(9):
            room.poll()
            due = room.state(url).next_poll_at
            assert due is not None
            waits.append((due - room.hands.at) / timedelta(minutes=1))
            room.hands.at = due
        assert waits == pytest.approx([5, 10, 20, 40, 80, 160, 320, 360, 360], rel=0.11)
        (notice,) = room.told(NoticeKind.FEED_DEAD)
        assert "answered 404" in notice
        (health,) = feed_health.listing(room.desk)
        assert (health.health, health.state and health.state.failures) == ("dead", 9)
        site.answers["/feed"] = Answer(body=feed(("Ferry runs again", OLD)))
        room.poll()
        assert len(room.told(NoticeKind.FEED_BACK)) == 1
        assert feed_health.listing(room.desk)[0].health == "ok"


@pytest.mark.parametrize("asked", ["7200", "Mon, 02 Mar 2026 14:00:00 GMT"])
def test_a_host_that_asks_for_a_rest_gets_it_for_all_its_feeds(tmp_path: Path, site: ScriptedSite, asked: str) -> None:
    site.answers["/busy"] = gone(429, Retry_After=asked, Date="Mon, 02 Mar 2026 12:00:00 GMT")
    paths = [f"/{number}" for number in range(6)]
    for path in paths:
        site.answers[path] = Answer(body=feed(("Ferry runs again", OLD)), latency=0.05)
    urls = [site.url("/busy"), *map(site.url, paths), site.url("/0", host="127.0.0.2")]
    with polling(tmp_path, site, *urls) as room:
        room.poll()
        before = len(site.requests)
        assert before < len(urls), "those that had not been asked are not"
        room.poll(minutes=60)
        assert [request.headers["host"].partition(":")[0] for request in site.requests[before:]] == ["127.0.0.2"]
        site.answers["/busy"] = Answer(body=feed(("Market opens", OLD)))
        assert len(room.poll(minutes=75)) == len(urls)


def test_one_feed_that_is_always_busy_does_not_silence_its_host_for_longer_than_it_asks(
    tmp_path: Path, site: ScriptedSite
) -> None:
    site.answers["/busy"] = gone(503, Retry_After="30")
    site.answers["/feed"] = Answer(body=feed(("Ferry runs again", OLD)))
    with polling(tmp_path, site, site.url("/busy"), site.url("/feed"), outlet="priority = true") as room:
        for _ in range(40):
            room.poll(minutes=2)
            if room.state(site.url("/busy")).failures == 5:
                break
        due = room.state(site.url("/busy")).next_poll_at
        assert due is not None
        assert due - room.hands.at > timedelta(minutes=10), "itself it is left alone longer each time"
        room.poll(minutes=2)
        assert room.state(site.url("/feed")).last_success_at == room.hands.at


def test_a_slow_feed_does_not_keep_the_breaking_news_of_another(tmp_path: Path, site: ScriptedSite) -> None:
    quiet, breaking = ("Library opens a reading room", OLD), "Breaking: Explosion at Skarrow refinery, twelve killed"
    site.answers["/fast"] = site.answers["/slow"] = Answer(body=feed(quiet))
    urls = (site.url("/slow", host="127.0.0.2"), site.url("/fast"))
    with polling(tmp_path, site, *urls, timeout=8, more=EAGER) as room:
        room.poll()
        site.answers["/slow"] = drip(8)
        text = "An explosion at the Skarrow oil refinery has killed twelve workers, police say."
        site.answers["/fast"] = Answer(body=feed((breaking, room.hands.at), quiet, text=text))
        room.hands.turn(minutes=10)
        stop = threading.Event()
        running = threading.Thread(target=poll, args=(room.desk,), kwargs={"stop": stop})
        began = time.monotonic()
        running.start()
        while not room.drafts() and time.monotonic() - began < 6:
            time.sleep(0.05)
        assert any("Explosion at Skarrow" in subject for subject in room.drafts())
        assert running.is_alive(), "the slow feed still drips"
        asked_to_stop = time.monotonic()
        stop.set()
        running.join(5)
        room.desk.close()
        assert time.monotonic() - asked_to_stop < 2, "nor does it keep the program from ending"
        assert not running.is_alive()


def test_what_becomes_due_while_a_slow_feed_drips_is_asked_meanwhile(tmp_path: Path, site: ScriptedSite) -> None:
    site.answers["/fast"] = Answer(body=feed(("Ferry runs again", OLD)))
    site.answers["/slow"] = drip(9)
    with polling(tmp_path, site, site.url("/fast"), site.url("/slow", host="127.0.0.2"), timeout=2.5) as room:

        def turn_when_the_fast_one_is_in() -> None:
            while room.desk.store.archive.feed_state(site.url("/fast")) is None:
                time.sleep(0.02)
            room.hands.turn(minutes=6)

        threading.Thread(target=turn_when_the_fast_one_is_in, daemon=True).start()
        polled = room.poll()
        assert [one.outlet for one in polled] == ["Outlet 1", "Outlet 1", "Outlet 2"]


def test_two_connections_for_a_host_and_sixteen_in_all(tmp_path: Path, site: ScriptedSite) -> None:
    urls = [site.url(f"/{number}", host=f"127.0.0.{1 + number // 6}") for number in range(60)]
    for number in range(60):
        site.answers[f"/{number}"] = Answer(body=feed(("Ferry runs again", OLD)), latency=0.1)
    with polling(tmp_path, site, *urls) as room:
        assert len(room.poll()) == 60
    assert site.most["127.0.0.1"] == 2
    assert 8 <= site.most["all"] <= 16


def test_a_host_that_says_nothing_is_not_asked_for_all_its_feeds(tmp_path: Path, site: ScriptedSite) -> None:
    for number in range(12):
        site.answers[f"/{number}"] = drip(20)
    site.answers["/good"] = Answer(body=feed(("Ferry runs again", OLD)))
    silent = [site.url(f"/{number}", host="127.0.0.2") for number in range(12)]
    with polling(tmp_path, site, *silent, site.url("/good"), timeout=0.5) as room:
        began = time.monotonic()
        polled = room.poll()
        assert time.monotonic() - began < 4
        assert sum("no complete answer" in one.error for one in polled) <= 6
        assert sum(not one.error for one in polled) == 1
        assert room.poll(minutes=1) == [], "all of them rest"
        assert len(room.poll(minutes=10)) > 1


def test_a_silence_longer_than_usual_is_told_once_and_its_end(tmp_path: Path, site: ScriptedSite) -> None:
    url = site.url("/feed")
    entries = [
        (f"Item {number} of the council", MONDAY - timedelta(hours=4 * number, minutes=7)) for number in range(8)
    ]
    site.answers["/feed"] = Answer(body=feed(*entries), etag='"1"')
    with polling(tmp_path, site, url) as room:
        room.poll()
        for _ in range(14):
            room.poll(minutes=30)
        assert room.told(NoticeKind.FEED_SILENT) == [], "seven hours are not unusual where four are usual"
        for _ in range(24):
            room.poll(minutes=66)
        (notice,) = room.told(NoticeKind.FEED_SILENT)
        assert "longest pause lately was 4 h" in notice
        (health,) = feed_health.listing(room.desk)
        assert health.health == "silent"
        assert health.note.startswith("nothing new for")
        site.answers["/feed"] = Answer(body=feed(("At last something new", room.hands.at), *entries))
        room.poll(minutes=66)
        assert len(room.told(NoticeKind.FEED_BACK)) == 1
        assert feed_health.listing(room.desk)[0].health == "ok"


_NEWS = (
    "Ferry timetable grows by nine crossings", "Orchard growers expect a late harvest", "Council buys the old cinema",
    "Breaking: Explosion at Skarrow refinery kills twelve", "Library opens on Sundays", "Rowing club wins the cup",
    "Bridge toll falls to eighty pence", "Lighthouse keeper retires after forty years", "School gets a new roof",
    "Trawler crew rescued off Tarnmouth", "Mayor opens the harbour market", "Choir sings in the fish hall",
)  # fmt: skip


def test_a_new_content_system_that_changes_every_address_alerts_nobody(tmp_path: Path, site: ScriptedSite) -> None:
    url = site.url("/feed")
    dated = [(title, MONDAY - timedelta(minutes=40 + 2 * number)) for number, title in enumerate(_NEWS)]
    site.answers["/feed"] = Answer(body=feed(*dated))
    with polling(tmp_path, site, url, more=EAGER) as room:
        room.poll()
        # All addresses are new, and the new system dates everything anew.
        anew = [(title, MONDAY + timedelta(minutes=2 * number)) for number, title in enumerate(_NEWS)]
        site.answers["/feed"] = Answer(body=feed(*anew, at="www.herald.example/2026/story"))
        (polled,) = room.poll(minutes=30)
        assert polled.relisted
        assert room.drafts() == []
        # They are the same articles, and lie where they lie now.
        assert room.backfill() == len(room.articles()) == len(_NEWS)
        assert all("/2026/story" in article.url for article in room.articles())
        assert "alert nobody" in feed_health.listing(room.desk)[0].note


def test_articles_without_a_date_that_come_in_a_heap_alert_nobody(tmp_path: Path, site: ScriptedSite) -> None:
    site.answers["/feed"] = Answer(body=feed(("Pear harvest is late", OLD)))
    with polling(tmp_path, site, site.url("/feed"), more=EAGER) as room:
        room.poll()
        site.answers["/feed"] = Answer(body=feed(*((title, None) for title in _NEWS)))
        assert room.poll(minutes=10)[0].relisted
        assert room.drafts() == []


def test_a_big_day_is_news_however_much_of_a_feed_is_new(tmp_path: Path, site: ScriptedSite) -> None:
    site.answers["/feed"] = Answer(body=feed(*((f"Old item {number}", OLD) for number in range(12))))
    with polling(tmp_path, site, site.url("/feed"), more=EAGER) as room:
        room.poll()
        burst = [(title, MONDAY + timedelta(minutes=2 * number)) for number, title in enumerate(_NEWS)]
        site.answers["/feed"] = Answer(body=feed(*burst))
        (polled,) = room.poll(minutes=30)
        assert not polled.relisted
        assert any("Explosion at Skarrow" in subject for subject in room.drafts())


def test_a_feed_that_trips_us_up_stops_no_other(
    tmp_path: Path, site: ScriptedSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.answers["/odd"] = site.answers["/good"] = Answer(body=feed(("Ferry runs again", OLD)))
    with polling(tmp_path, site, site.url("/odd"), site.url("/good")) as room:

        def trip(*args: object, **kwargs: object) -> object:
            if str(kwargs["feed"]).endswith("/odd"):
                raise ZeroDivisionError
            return from_entry(*args, **kwargs)  # type: ignore[arg-type]

        monkeypatch.setattr("alerts.desk.ingest.from_entry", trip)
        odd, good = sorted(room.poll(), key=lambda one: one.outlet)
        assert "not understood (ZeroDivisionError)" in odd.error
        assert good.entries == 1


def test_a_server_that_trips_us_up_stops_no_other_feed(
    tmp_path: Path, site: ScriptedSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.answers["/odd"] = site.answers["/good"] = Answer(body=feed(("Ferry runs again", OLD)))
    with polling(tmp_path, site, site.url("/odd"), site.url("/good")) as room:
        fetch = room.desk.fetcher.fetch

        def trip(address: str, **kwargs: str) -> Fetched:
            if address.endswith("/odd"):
                raise ZeroDivisionError
            return fetch(address, **kwargs)

        monkeypatch.setattr(room.desk.fetcher, "fetch", trip)
        odd, good = sorted(room.poll(), key=lambda one: one.outlet)
        assert "not fetched (ZeroDivisionError)" in odd.error
        assert good.entries == 1


def test_a_time_that_a_wrong_clock_wrote_does_not_silence_a_feed() -> None:
    assert rules.is_due(MONDAY + timedelta(days=300), MONDAY)
    assert not rules.is_due(MONDAY + timedelta(hours=24), MONDAY)
