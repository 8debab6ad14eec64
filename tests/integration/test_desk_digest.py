"""A digest that the desk sees before it goes: untouched it goes at its time, rejected it does not."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from alerts.desk import Newsdesk, decide, digest
from alerts.errors import SendRefused
from alerts.model import EditionState, NoticeKind
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
