"""A digest that the desk sees before it goes: untouched it goes at its time, rejected it does not."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from alerts import config
from alerts.desk import Newsdesk, compose, decide, digest, open_desk, send
from alerts.errors import SendRefused
from alerts.model import EditionState, NoticeKind
from alerts.store.records import EditionRecord
from tests.integration.newsdesk import Hands
from tests.integration.test_scheduler_ticks import digests, newsroom, publish


@pytest.fixture
def clock() -> Hands:
    return Hands(datetime(2026, 3, 2, 6, 0, tzinfo=UTC))


@pytest.fixture
def desk(tmp_path: Path, clock: Hands) -> Iterator[Newsdesk]:
    opened = newsroom(tmp_path / "newsroom", clock, at="07:00", more='draft = "30m"')
    digest.tick(opened)
    publish(opened, 0)
    yield opened
    opened.close()


def notices(desk: Newsdesk, kind: NoticeKind) -> list[str]:
    return [
        waiting.notice.text
        for waiting in desk.store.daybook.waiting_notices(desk.clock())
        if waiting.notice.kind is kind
    ]


def test_untouched_it_goes_at_its_time(desk: Newsdesk, clock: Hands) -> None:
    clock.turn(minutes=29)
    digest.tick(desk)
    assert digests(desk) == []
    clock.turn(minutes=2)
    digest.tick(desk)
    (draft,) = digests(desk)
    assert draft.state is EditionState.DRAFT
    (notice,) = notices(desk, NoticeKind.DIGEST_PREVIEW)
    assert "goes out at 07:00 GMT unless you reject it" in notice
    clock.turn(minutes=29)
    digest.tick(desk)
    (record,) = digests(desk)
    assert record.state is EditionState.READY
    assert record.approved_by == "alerts (schedule)"


def test_rejected_it_does_not_go(desk: Newsdesk, clock: Hands) -> None:
    clock.turn(minutes=31)
    digest.tick(desk)
    decide.reject(desk, digests(desk)[0].edition.id, editor="Nora", reason="wrong lead")
    for _ in range(8):
        clock.turn(minutes=15)
        digest.tick(desk)
    (record,) = digests(desk)
    assert record.state is EditionState.REJECTED


def test_approved_early_it_still_goes_at_its_time(desk: Newsdesk, clock: Hands) -> None:
    clock.turn(minutes=31)
    digest.tick(desk)
    decide.approve(desk, digests(desk)[0].edition.id, editor="Nora")
    (record,) = digests(desk)
    assert record.state is EditionState.READY
    assert record.edition.not_before_at == datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
    clock.turn(minutes=31)
    digest.tick(desk)
    assert len(digests(desk)) == 1


def test_changed_at_the_moment_it_goes_it_goes_in_its_new_words(
    desk: Newsdesk, clock: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.turn(minutes=31)
    digest.tick(desk)
    draft = digests(desk)[0].edition
    with monkeypatch.context() as patched:
        launch = send.launch

        def launch_after_edit(desk: Newsdesk, plan: send.SendPlan, *, editor: str) -> object:
            written = compose.form(draft).replace(draft.subject, "The day in Nora's own words", 1)
            decide.edit(desk, draft.id, written, editor="Nora")
            return launch(desk, plan, editor=editor)

        patched.setattr(send, "launch", launch_after_edit)
        clock.turn(minutes=30)
        digest.tick(desk)
    digest.tick(desk)
    (record,) = digests(desk)
    assert (record.state, record.edition.subject) == (EditionState.READY, "The day in Nora's own words")


def test_a_draft_that_was_slept_through_is_skipped_and_reported(desk: Newsdesk, clock: Hands) -> None:
    clock.turn(minutes=31)
    digest.tick(desk)
    clock.turn(hours=5)
    digest.tick(desk)
    (record,) = digests(desk)
    assert record.state is EditionState.SKIPPED
    (notice,) = notices(desk, NoticeKind.DIGEST_SKIPPED)
    assert "was due 5 h ago" in notice


def test_a_process_that_died_between_opening_and_writing_is_made_good(desk: Newsdesk, clock: Hands) -> None:
    clock.turn(minutes=61)
    rule = desk.config.digest("daily")
    occurrence = digest.occurrence_on(desk, rule, None)
    made = digest.compose(desk, rule, occurrence)
    assert desk.store.daybook.open_occurrence(occurrence, edition=made.id, now=clock())
    digest.tick(desk)
    (record,) = digests(desk)
    assert record.edition.id == made.id
    assert record.state is EditionState.READY


def test_the_first_digest_takes_its_last_period_not_the_archive(tmp_path: Path) -> None:
    clock = Hands(datetime(2026, 2, 20, 12, 0, tzinfo=UTC))
    desk = newsroom(tmp_path / "newsroom", clock, at="07:00")
    publish(desk, 0)
    clock.at = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    digest.tick(desk)
    publish(desk, 1)
    clock.at = datetime(2026, 3, 2, 7, 1, tzinfo=UTC)
    digest.tick(desk)
    (record,) = digests(desk)
    assert [entry.headline for entry in record.edition.entries] == ["Orchard growers expect a late pear harvest"]
    clock.turn(hours=1)
    publish(desk, 2)
    clock.turn(days=1)
    digest.tick(desk)
    second = digests(desk)[0]
    assert [entry.headline for entry in second.edition.entries] == ["Council buys the empty cinema on Mill Lane"]
    desk.close()


# --- which one is meant ---------------------------------------------------------------------------


def test_on_a_day_without_one_none_is_taken_for_another_days(tmp_path: Path) -> None:
    saturday = Hands(datetime(2026, 3, 7, 8, 0, tzinfo=UTC))
    desk = newsroom(tmp_path / "newsroom", saturday, at="07:00", more='days = "weekdays"')
    rule = desk.config.digest("daily")
    with pytest.raises(SendRefused, match="daily is not due today") as refused:
        digest.occurrence_on(desk, rule, None)
    assert "--date 2026-03-09" in refused.value.hint
    assert digest.occurrence_on(desk, rule, None, next_ok=True).nominal_on == date(2026, 3, 9)
    assert digest.occurrence_on(desk, rule, date(2026, 3, 9)).nominal_on == date(2026, 3, 9)
    desk.close()


@pytest.mark.parametrize(
    ("hour", "slot"), [(0, "07:00"), (6, "07:00"), (7, "07:00"), (11, "07:00"), (12, "12:00"), (23, "18:00")]
)
def test_of_several_today_the_latest_that_is_due_is_meant(tmp_path: Path, hour: int, slot: str) -> None:
    clock = Hands(datetime(2026, 3, 2, hour, 0, tzinfo=UTC))
    desk = newsroom(tmp_path / "newsroom", clock, at="12:00")
    thrice = desk.config.digest("daily").model_copy(update={"at": ("18:00", "07:00", "12:00")})
    occurrence = digest.occurrence_on(desk, thrice, None)
    assert (occurrence.nominal_on, occurrence.slot) == (date(2026, 3, 2), slot)
    desk.close()


def test_today_is_the_day_in_the_digests_zone(tmp_path: Path) -> None:
    # Sunday evening in UTC is Monday morning in Auckland
    clock = Hands(datetime(2026, 3, 1, 20, 0, tzinfo=UTC))
    desk = newsroom(tmp_path / "newsroom", clock, at="07:00", zone="Pacific/Auckland", more='days = "mon"')
    assert digest.occurrence_on(desk, desk.config.digest("daily"), None).nominal_on == date(2026, 3, 2)
    desk.close()


# --- lateness -------------------------------------------------------------------------------------


def opened_and_died(desk: Newsdesk, clock: Hands) -> str:
    """Open today's occurrence as a process does that dies before its edition is written."""
    occurrence = digest.occurrence_on(desk, desk.config.digest("daily"), None)
    made = digest.compose(desk, desk.config.digest("daily"), occurrence)
    assert desk.store.daybook.open_occurrence(occurrence, edition=made.id, now=clock())
    return occurrence.key


def test_one_that_was_opened_but_never_written_does_not_go_hours_late(desk: Newsdesk, clock: Hands) -> None:
    clock.turn(minutes=61)
    key = opened_and_died(desk, clock)
    clock.turn(hours=5)
    for _ in range(3):
        digest.tick(desk)
    assert digests(desk) == []
    (notice,) = notices(desk, NoticeKind.DIGEST_SKIPPED)
    assert "was due 5 h ago" in notice
    record = desk.store.daybook.occurrence(key)
    assert record is not None
    assert (record.state, record.edition) == ("skipped", None)


def test_one_that_is_being_written_at_this_moment_is_not_given_up(desk: Newsdesk, clock: Hands) -> None:
    clock.turn(hours=4, seconds=-1)
    opened_and_died(desk, clock)
    clock.turn(seconds=5)
    digest.tick(desk)
    assert notices(desk, NoticeKind.DIGEST_SKIPPED) == []
    clock.turn(minutes=10)
    digest.tick(desk)
    assert len(notices(desk, NoticeKind.DIGEST_SKIPPED)) == 1


def test_its_life_counts_from_when_it_was_due_unless_sent_by_hand(desk: Newsdesk, clock: Hands) -> None:
    clock.turn(hours=3)
    rule = desk.config.digest("daily")
    by_hand = digest.plan(desk, rule, digest.occurrence_on(desk, rule, None)).edition
    assert by_hand.expires_at == clock() + timedelta(hours=6)
    digest.tick(desk)
    (record,) = digests(desk)
    assert record.edition.expires_at == datetime(2026, 3, 2, 13, 0, tzinfo=UTC)


def test_what_would_have_expired_is_not_caught_up(tmp_path: Path, clock: Hands) -> None:
    desk = newsroom(tmp_path / "newsroom", clock, at="07:00", more='expires = "1h"')
    digest.tick(desk)
    publish(desk, 0)
    clock.turn(hours=2)
    digest.tick(desk)
    assert digests(desk) == []
    assert len(notices(desk, NoticeKind.DIGEST_SKIPPED)) == 1
    desk.close()


# --- by hand --------------------------------------------------------------------------------------


def by_hand(desk: Newsdesk) -> EditionRecord:
    """Send today's as `alerts digest daily` does."""
    rule = desk.config.digest("daily")
    occurrence = digest.occurrence_on(desk, rule, None)
    plan = digest.plan(desk, rule, occurrence)
    digest.launch(desk, occurrence, plan, editor="Nora")
    record = desk.store.ledger.find(plan.edition.id)
    assert record is not None
    return record


def test_by_hand_the_waiting_draft_goes_now_in_its_own_words(desk: Newsdesk, clock: Hands) -> None:
    clock.turn(minutes=31)
    digest.tick(desk)
    draft = digests(desk)[0].edition
    written = compose.form(draft).replace(draft.subject, "The day in Nora's own words", 1)
    decide.edit(desk, draft.id, written, editor="Nora")
    words = digests(desk)[0].edition
    assert words.subject == "The day in Nora's own words"
    publish(desk, 1)
    record = by_hand(desk)
    assert record.state is EditionState.READY
    assert record.edition.not_before_at is None
    assert (record.edition.id, record.edition.subject, record.edition.entries) == (
        draft.id,
        words.subject,
        words.entries,
    )
    clock.turn(hours=1)
    digest.tick(desk)
    assert len(digests(desk)) == 1


def test_by_hand_a_draft_that_changed_since_it_was_shown_does_not_go(desk: Newsdesk, clock: Hands) -> None:
    clock.turn(minutes=31)
    digest.tick(desk)
    rule = desk.config.digest("daily")
    occurrence = digest.occurrence_on(desk, rule, None)
    plan = digest.plan(desk, rule, occurrence)
    written = compose.form(plan.edition).replace(plan.edition.subject, "The day in Nora's own words", 1)
    decide.edit(desk, plan.edition.id, written, editor="Nora")
    with pytest.raises(SendRefused, match="changed since you read it"):
        digest.launch(desk, occurrence, plan, editor="Ben")
    assert digests(desk)[0].state is EditionState.DRAFT


def test_by_hand_a_new_one_goes_where_the_draft_was_rejected(desk: Newsdesk, clock: Hands) -> None:
    clock.turn(minutes=31)
    digest.tick(desk)
    decide.reject(desk, digests(desk)[0].edition.id, editor="Nora", reason="wrong lead")
    record = by_hand(desk)
    clock.turn(hours=1)
    digest.tick(desk)
    assert sorted(one.state for one in digests(desk)) == [EditionState.READY, EditionState.REJECTED]
    assert record.state is EditionState.READY


def test_by_hand_only_the_number_that_was_confirmed_gets_it(desk: Newsdesk, clock: Hands) -> None:
    rule = desk.config.digest("daily")
    occurrence = digest.occurrence_on(desk, rule, None)
    plan = digest.plan(desk, rule, occurrence)
    with pytest.raises(SendRefused):
        digest.launch(desk, occurrence, plan, editor="Nora", expected=3)
    assert digests(desk) == []
    clock.turn(minutes=61)
    digest.tick(desk)
    (record,) = digests(desk)
    assert record.edition.id == plan.edition.id, "it still goes when it is due"


# --- rehearsal ------------------------------------------------------------------------------------


def switch(desk: Newsdesk, *, live: bool) -> Newsdesk:
    """Write or delete the line only_to, and start alerts anew."""
    file = desk.config.base / "config.toml"
    settings = file.read_text().partition("\n[provider]")[0]
    file.write_text(settings if live else settings + '\n[provider]\nonly_to = ["ana@example.org"]\n')
    desk.close()
    return open_desk(config.load(file), clock=desk.clock)


def to_send(desk: Newsdesk) -> list[tuple[bool, int]]:
    """Of each frozen digest, oldest first: whether it was a rehearsal, and how many get it."""
    frozen = [record for record in digests(desk) if record.ready_at is not None]
    return [
        (record.rehearsal, sum(desk.store.ledger.counts(record.edition.id).values())) for record in reversed(frozen)
    ]


@pytest.fixture
def rehearsing(tmp_path: Path, clock: Hands) -> Newsdesk:
    opened = switch(newsroom(tmp_path / "newsroom", clock, at="07:00"), live=False)
    digest.tick(opened)
    publish(opened, 0)
    return opened


def test_rehearsed_by_hand_it_still_goes_to_everybody(rehearsing: Newsdesk, clock: Hands) -> None:
    assert by_hand(rehearsing).rehearsal
    desk = switch(rehearsing, live=True)
    clock.turn(minutes=61)
    for _ in range(2):
        digest.tick(desk)
    assert to_send(desk) == [(True, 1), (False, 4)]
    first, last = (record.edition for record in reversed(digests(desk)))
    assert [entry.headline for entry in first.entries] == [entry.headline for entry in last.entries]
    desk.close()


def test_the_scheduler_rehearses_each_once_and_sends_it_once_live(rehearsing: Newsdesk, clock: Hands) -> None:
    clock.turn(minutes=61)
    for _ in range(2):
        digest.tick(rehearsing)
    assert to_send(rehearsing) == [(True, 1)]
    desk = switch(rehearsing, live=True)
    for _ in range(2):
        clock.turn(minutes=1)
        digest.tick(desk)
    assert to_send(desk) == [(True, 1), (False, 4)]
    desk.close()


def test_days_of_rehearsal_are_no_days_missed(rehearsing: Newsdesk, clock: Hands) -> None:
    clock.turn(minutes=61)
    for day in range(3):
        digest.tick(rehearsing)
        clock.turn(days=1)
        publish(rehearsing, 1 + day)
    digest.tick(rehearsing)
    desk = switch(rehearsing, live=True)
    clock.turn(hours=5)
    digest.tick(desk)
    assert notices(desk, NoticeKind.DIGEST_SKIPPED) == []
    assert to_send(desk) == [(True, 1)] * 4
    desk.close()


@pytest.mark.parametrize("live", [False, True])
def test_a_draft_goes_out_as_what_alerts_is_when_it_is_due(desk: Newsdesk, clock: Hands, live: bool) -> None:
    clock.turn(minutes=31)
    started = switch(desk, live=not live)
    digest.tick(started)
    (draft,) = digests(started)
    now = switch(started, live=live)
    for _ in range(3):
        clock.turn(minutes=15)
        digest.tick(now)
    assert to_send(now) == [(not live, 4 if live else 1)]
    assert digests(now)[0].edition.id == draft.edition.id
    for again in (True, False, True):
        now = switch(now, live=again)
        for _ in range(2):
            clock.turn(minutes=1)
            digest.tick(now)
    clock.turn(hours=4)
    digest.tick(now)
    assert sorted(to_send(now)) == [(False, 4), (True, 1)], "each once, however often only_to comes and goes"
    assert notices(now, NoticeKind.DIGEST_SKIPPED) == []
    now.close()
