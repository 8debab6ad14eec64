"""Ticking brings every digest out once: across clock changes, after outages, and with several schedulers."""

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from alerts.desk import Newsdesk, clustering
from alerts.model import Article, ArticleId, EditionState, Kind, NoticeKind
from alerts.scheduler import jobs, runner
from alerts.scheduler.outage import Outage
from alerts.scheduler.runner import LEADS_FOR, Runner
from alerts.store.records import EditionRecord
from tests.integration.newsdesk import Hands, draft, open_newsroom

_DIGEST = '[[digests]]\nname = "{name}"\nat = "{at}"\nzone = "{zone}"\nsegment = "morning"\n{more}'


def newsroom(folder: Path, clock: Hands, *, at: str, zone: str = "UTC", more: str = "") -> Newsdesk:
    return open_newsroom(folder, clock=clock, more=_DIGEST.format(name="daily", at=at, zone=zone, more=more))


def publish(desk: Newsdesk, day: int) -> None:
    """Let the newsroom publish an article now."""
    now = desk.clock()
    title, body = _NEWS[day]
    key = f"{abs(hash((title, now))):x}"
    article = Article(
        id=ArticleId(key),
        url=f"https://herald.example/{key}",
        title=title,
        paragraphs=(body,),
        outlet="The Harwick Herald",
        published_at=now,
        seen_at=now,
        content_hash=key,
    )
    desk.store.archive.add_articles([(article, False)])
    clustering.cluster(desk, [article])


def digests(desk: Newsdesk) -> list[EditionRecord]:
    return desk.store.ledger.editions(kinds=(Kind.DIGEST,), limit=100)


#: words enough that no two days tell one story
_NEWS = (
    ("Ferry timetable grows by nine crossings", "Commuters from the islands asked for an early boat since January."),
    ("Orchard growers expect a late pear harvest", "Frost in April held the blossom back, a farmer explained."),
    ("Council buys the empty cinema on Mill Lane", "Architects will draw up plans for a music school there."),
    ("Library opens on Sundays from now on", "Two librarians were hired so that families can borrow books."),
    ("Rowing club wins the estuary cup", "Its women's eight finished four lengths ahead of Saltmarsh."),
    ("Bridge toll falls to eighty pence", "Lorry drivers still pay six pounds each way, says the operator."),
)


@pytest.mark.parametrize(
    ("zone", "at", "first"),
    [
        # spring: 02:00 → 03:00 on 8 March; midnight is the hour APScheduler's cron loses
        ("America/New_York", "00:00", date(2026, 3, 7)),
        ("America/New_York", "02:30", date(2026, 3, 7)),
        # autumn: 01:30 comes twice on 1 November
        ("America/New_York", "01:30", date(2026, 10, 31)),
        ("Europe/Paris", "02:30", date(2026, 10, 24)),
        # midnight itself does not exist on 24 April
        ("Africa/Cairo", "00:00", date(2026, 4, 23)),
    ],
)
def test_across_a_clock_change_every_date_gets_one_digest(tmp_path: Path, zone: str, at: str, first: date) -> None:
    clock = Hands(datetime(first.year, first.month, first.day, tzinfo=UTC) - timedelta(hours=12))
    desk = newsroom(tmp_path / "newsroom", clock, at=at, zone=zone)
    jobs.plan_digests(desk)
    for day in range(4):
        publish(desk, day)
        for _ in range(24 * 2):
            clock.turn(minutes=30)
            jobs.plan_digests(desk)
    dates = sorted(record.edition.nominal_on for record in digests(desk) if record.edition.nominal_on)
    assert len(dates) == len(set(dates))
    wanted = [first + timedelta(days=day) for day in range(3)]
    assert [on for on in dates if on in wanted] == wanted
    assert all(record.state is EditionState.READY for record in digests(desk))
    desk.close()


def test_down_for_two_seconds_or_two_hours_it_goes_out_late_and_once(tmp_path: Path) -> None:
    for seconds in (2, 7200):
        clock = Hands(datetime(2026, 3, 2, 6, 59, tzinfo=UTC))
        desk = newsroom(tmp_path / str(seconds), clock, at="07:00")
        jobs.plan_digests(desk)
        publish(desk, 0)
        clock.turn(seconds=60 + seconds)
        for _ in range(3):
            jobs.plan_digests(desk)
        assert [record.edition.nominal_on for record in digests(desk)] == [date(2026, 3, 2)]
        desk.close()


def test_down_for_three_days_there_is_one_report_a_date_and_no_burst(tmp_path: Path) -> None:
    clock = Hands(datetime(2026, 3, 2, 6, 59, tzinfo=UTC))
    desk = newsroom(tmp_path / "newsroom", clock, at="07:00")
    jobs.plan_digests(desk)
    publish(desk, 0)
    clock.turn(days=3, hours=5)
    for _ in range(3):
        jobs.plan_digests(desk)
    assert digests(desk) == []
    kinds = [waiting.notice.kind for waiting in desk.store.daybook.waiting_notices(clock())]
    assert kinds == [NoticeKind.DIGEST_SKIPPED] * 4
    desk.close()


def test_two_schedulers_at_the_same_instant_make_one_edition(tmp_path: Path) -> None:
    clock = Hands(datetime(2026, 3, 2, 6, 59, tzinfo=UTC))
    one = newsroom(tmp_path / "newsroom", clock, at="07:00")
    jobs.plan_digests(one)
    publish(one, 0)
    desks = [one, *(Newsdesk(one.config, clock=clock) for _ in range(2))]
    for day in range(3):
        clock.at = datetime(2026, 3, 2 + day, 7, 0, 1, tzinfo=UTC)
        publish(one, 1 + day)
        together = threading.Barrier(len(desks))
        broken: list[Exception] = []

        def tick(desk: Newsdesk, together: threading.Barrier = together, broken: list[Exception] = broken) -> None:
            together.wait()
            try:
                jobs.plan_digests(desk)
            except Exception as error:
                broken.append(error)

        threads = [threading.Thread(target=tick, args=(desk,)) for desk in desks]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert broken == []
    assert sorted(record.edition.nominal_on for record in digests(one) if record.edition.nominal_on) == [
        date(2026, 3, 2 + day) for day in range(3)
    ]
    assert {record.state for record in digests(one)} == {EditionState.READY}
    assert desks[0].store.daybook.waiting_notices(clock()) == []
    for desk in desks:
        desk.close()


# --- one leads ------------------------------------------------------------------------------------


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Hands, Runner, Runner]]:
    """Two processes' runners over one database, with a clock that the test turns."""
    clock = Hands()
    desks = [open_newsroom(tmp_path / "newsroom", clock=clock)]
    desks.append(Newsdesk(desks[0].config, clock=clock))
    one, other = (
        Runner(desk, web=None, stop=threading.Event(), monotonic=lambda: clock().timestamp()) for desk in desks
    )
    yield clock, one, other
    for desk in desks:
        desk.close()


def test_one_of_two_leads_and_the_other_takes_over_when_it_dies(pair: tuple[Hands, Runner, Runner]) -> None:
    clock, one, other = pair
    for _ in range(10):
        one._beat()
        other._beat()
        assert (one.leads, other.leads) == (True, False)
        clock.turn(seconds=2)
    for _ in range(int(LEADS_FOR.total_seconds())):
        clock.turn(seconds=1)
        other._beat()
        assert not (one.leads and other.leads), "never both"
    assert other.leads


def test_a_clock_set_back_leaves_nobody_without_a_leader(pair: tuple[Hands, Runner, Runner]) -> None:
    clock, one, other = pair
    one._beat()
    clock.turn(hours=-1)
    other._beat()
    assert other.leads, "the lease of an hour ahead is nobody's"


@pytest.mark.parametrize("jump", [timedelta(hours=-1), timedelta(hours=1), timedelta(days=1)])
def test_while_the_clock_is_in_doubt_no_digest_is_planned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jump: timedelta
) -> None:
    clock, steady = Hands(), [1000.0]
    desk = open_newsroom(tmp_path / "newsroom", clock=clock)
    one = Runner(desk, web=None, stop=threading.Event(), monotonic=lambda: steady[0])
    planned: list[datetime] = []
    monkeypatch.setattr(jobs, "plan_digests", lambda _desk: planned.append(clock()))

    def tick() -> bool:
        before = len(planned)
        clock.turn(seconds=5)
        steady[0] += 5
        one._beat()
        one._plan_digests()
        return len(planned) > before

    assert [tick() for _ in range(3)] == [True] * 3
    clock.at += jump
    assert [tick() for _ in range(4)] == [False, False, True, True]
    desk.close()


# --- what the desk is told ------------------------------------------------------------------------


def test_an_outage_is_told_once_and_again_only_after_mail_went(tmp_path: Path) -> None:
    from alerts.model import OutcomeKind

    desk = open_newsroom(tmp_path / "newsroom")
    outage = Outage()

    def told() -> int:
        return sum(
            waiting.notice.kind is NoticeKind.PROVIDER_DOWN
            for waiting in desk.store.daybook.waiting_notices(desk.clock())
        )

    for second in range(0, 60, 5):
        outage.hear({OutcomeKind.BUSY: 100}, now=second)
        jobs.report_outage(desk, outage, monotonic=second)
        desk.clock.turn(seconds=5)  # type: ignore[attr-defined]
    assert told() == 1
    another_process = Outage()
    another_process.hear({OutcomeKind.BUSY: 1}, now=0)
    another_process.hear({OutcomeKind.BUSY: 1}, now=9)
    jobs.report_outage(desk, another_process, monotonic=10)
    assert told() == 1
    outage.hear({OutcomeKind.ACCEPTED: 1}, now=61)
    jobs.report_outage(desk, outage, monotonic=61)
    for second in (62, 70):
        outage.hear({OutcomeKind.UNKNOWN: 1}, now=second)
        jobs.report_outage(desk, outage, monotonic=second)
    assert told() == 2
    desk.close()


def test_a_blocked_edition_is_told_each_time_it_happens(tmp_path: Path) -> None:
    from alerts.desk import decide

    desk = open_newsroom(tmp_path / "newsroom")
    edition = draft(desk)
    decide.approve(desk, edition.id, editor="nora")

    def told() -> int:
        waiting = desk.store.daybook.waiting_notices(desk.clock())
        return sum(one.notice.kind is NoticeKind.BLOCKED for one in waiting)

    for times in (1, 2):
        assert desk.store.ledger.change_state(
            edition.id, EditionState.BLOCKED, now=desk.clock(), reason="the key is refused"
        )
        for _ in range(3):
            jobs.report_blocked(desk)
        assert told() == times
        decide.release(desk, edition.id, editor="nora")
    desk.close()


def test_a_job_that_breaks_never_stops_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = open_newsroom(tmp_path / "newsroom")
    counts = {"feeds": 0, "right": 0, "notices": 0}

    def broken(_desk: Newsdesk, *, stop: threading.Event) -> None:
        assert not stop.is_set()
        counts["feeds"] += 1
        raise RuntimeError("on purpose")

    def fine(_desk: Newsdesk) -> None:
        counts["right"] += 1

    def mute(_desk: Newsdesk) -> None:
        counts["notices"] += 1
        raise OSError("on purpose")

    monkeypatch.setattr(jobs, "poll_feeds", broken)
    monkeypatch.setattr(jobs, "tell_desk", mute)
    monkeypatch.setattr(runner, "NOTICES", 0.05)
    monkeypatch.setattr(jobs, "put_right", fine)
    monkeypatch.setattr(runner, "FEEDS", 0.05)
    monkeypatch.setattr(runner, "RIGHT", 0.05)
    stop = threading.Event()
    running = threading.Thread(target=lambda: runner.run(desk, web=None, stop=stop))
    running.start()
    waited = threading.Event()
    for _ in range(200):
        if min(counts.values()) >= 4:
            break
        waited.wait(0.05)
    stop.set()
    running.join(timeout=20)
    assert not running.is_alive()
    assert min(counts.values()) >= 4
    desk.close()
