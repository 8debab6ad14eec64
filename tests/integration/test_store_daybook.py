"""The daybook: one edition for one due time, nothing told twice, nothing decided forgotten."""

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from alerts.model import EditionId, Level, Notice, NoticeKind, Occurrence, Signal, StoryId, Verdict
from alerts.store import Store
from alerts.store.records import Decision
from tests.databases import store_in

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = store_in(tmp_path)
    yield opened
    opened.close()


def occurrence(day: int, digest: str = "morning") -> Occurrence:
    due_at = datetime(2026, 3, day, 6, tzinfo=UTC)
    return Occurrence(digest=digest, nominal_on=date(2026, 3, day), slot="07:00", zone="Europe/Paris", due_at=due_at)


class TestOccurrences:
    def test_one_is_taken_once(self, store: Store) -> None:
        assert store.daybook.open_occurrence(occurrence(2), edition=EditionId("e1"), now=NOW)
        assert not store.daybook.open_occurrence(occurrence(2), edition=EditionId("e2"), now=NOW)
        assert not store.daybook.skip_occurrence(occurrence(2), reason="late", now=NOW)
        record = store.daybook.occurrence(occurrence(2).key)
        assert record is not None
        assert (record.occurrence, record.state, record.edition) == (occurrence(2), "opened", "e1")

    def test_one_that_was_skipped_is_not_opened_any_more(self, store: Store) -> None:
        assert store.daybook.skip_occurrence(occurrence(2), reason="nothing new", now=NOW)
        assert not store.daybook.open_occurrence(occurrence(2), edition=EditionId("e1"), now=NOW)
        record = store.daybook.occurrence(occurrence(2).key)
        assert record is not None
        assert (record.state, record.edition, record.reason) == ("skipped", None, "nothing new")

    def test_a_rehearsed_one_is_still_there_for_everybody(self, store: Store) -> None:
        book, key = store.daybook, occurrence(2).key
        assert book.open_occurrence(occurrence(2), edition=EditionId("r1"), now=NOW, rehearsal=True)
        assert not book.open_occurrence(occurrence(2), edition=EditionId("r2"), now=NOW, rehearsal=True)
        assert book.occurrence(key) is None
        assert book.occurrences(since=NOW - HOUR) == []
        assert book.open_occurrence(occurrence(2), edition=EditionId("e1"), now=NOW)
        found = [book.occurrence(key, rehearsal=rehearsal) for rehearsal in (False, True)]
        assert [record.edition for record in found if record] == ["e1", "r1"]

    def test_one_whose_edition_came_to_nothing_is_given_to_another_or_skipped(self, store: Store) -> None:
        book, key = store.daybook, occurrence(2).key
        one, other = EditionId("e1"), EditionId("e2")
        book.open_occurrence(occurrence(2), edition=one, now=NOW)
        assert not book.replace_occurrence(occurrence(2), instead_of=other, edition=None, now=NOW)
        assert book.replace_occurrence(occurrence(2), instead_of=one, edition=other, now=NOW)
        assert not book.replace_occurrence(occurrence(2), instead_of=one, edition=None, now=NOW)
        assert book.replace_occurrence(occurrence(2), instead_of=other, edition=None, reason="too late", now=NOW)
        record = book.occurrence(key)
        assert record is not None
        assert (record.state, record.edition, record.reason) == ("skipped", None, "too late")
        assert not book.replace_occurrence(occurrence(2), instead_of=other, edition=one, now=NOW)

    def test_two_schedulers_with_a_database_each_open_agree(self, store: Store, tmp_path: Path) -> None:
        other = store_in(tmp_path)
        taken: list[tuple[str, int]] = []

        def schedule(daybook_of: Store, name: str) -> None:
            taken.extend(
                (name, day)
                for day in range(1, 20)
                if daybook_of.daybook.open_occurrence(occurrence(day), edition=EditionId(f"{name}{day}"), now=NOW)
            )

        threads = [threading.Thread(target=schedule, args=one) for one in ((store, "a"), (other, "b"))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        other.close()
        assert sorted(day for _, day in taken) == list(range(1, 20))

    def test_they_are_listed_in_order(self, store: Store) -> None:
        for day, digest in ((4, "morning"), (2, "morning"), (3, "evening"), (1, "morning")):
            store.daybook.skip_occurrence(occurrence(day, digest), reason="", now=NOW)
        since = datetime(2026, 3, 2, tzinfo=UTC)
        days = [record.occurrence.nominal_on.day for record in store.daybook.occurrences(since=since)]
        assert days == [2, 3, 4]
        of_one = store.daybook.occurrences("evening", since=since)
        assert [record.occurrence for record in of_one] == [occurrence(3, "evening")]


def test_decisions_are_kept_in_order_with_their_grounds(store: Store) -> None:
    verdict = Verdict(score=6.5, level=Level.ALERT, signals=(Signal(name="speed", points=2, evidence="3 in 5 min"),))
    edition = EditionId("e1")
    decisions = [
        Decision(edition=edition, story=StoryId("s1"), decision="hold", editor="Ada", at=NOW, verdict=verdict),
        Decision(edition=edition, decision="approve", editor="Grace", at=NOW, reason="confirmed"),
    ]
    for decision in decisions:
        store.daybook.decide(decision)
    store.daybook.decide(Decision(edition=EditionId("e2"), decision="reject", editor="Ada", at=NOW))
    assert store.daybook.decisions(edition) == decisions


class TestNotices:
    NOTICE = Notice(key="draft/e1", kind=NoticeKind.DRAFT_WAITS, text="A draft", at=NOW, edition=EditionId("e1"))

    def test_the_same_is_told_once_and_waits_until_mailed_and_posted(self, store: Store) -> None:
        assert store.daybook.add_notice(self.NOTICE)
        assert not store.daybook.add_notice(self.NOTICE)
        (waiting,) = store.daybook.waiting_notices(NOW)
        assert (waiting.notice, waiting.mailed_at, waiting.posted_at, waiting.attempts) == (self.NOTICE, None, None, 0)
        store.daybook.notice_mailed(self.NOTICE.key, NOW)
        assert [one.mailed_at for one in store.daybook.waiting_notices(NOW)] == [NOW]
        store.daybook.notice_posted(self.NOTICE.key, NOW)
        assert store.daybook.waiting_notices(NOW) == []
        assert not store.daybook.add_notice(self.NOTICE)

    def test_one_that_failed_is_tried_again_later(self, store: Store) -> None:
        store.daybook.add_notice(self.NOTICE)
        for attempt in (1, 2):
            store.daybook.notice_failed(self.NOTICE.key, "refused", retry_at=NOW + attempt * HOUR)
        assert store.daybook.waiting_notices(NOW + HOUR) == []
        (waiting,) = store.daybook.waiting_notices(NOW + 2 * HOUR)
        assert (waiting.attempts, waiting.last_error) == (2, "refused")

    def test_they_are_listed_newest_first(self, store: Store) -> None:
        for number in range(3):
            kind = NoticeKind.FEED_DEAD
            store.daybook.add_notice(Notice(key=f"n{number}", kind=kind, text="", at=NOW + number * HOUR))
        assert [one.notice.key for one in store.daybook.notices(since=NOW + HOUR)] == ["n2", "n1"]


def test_small_facts_are_put_read_and_removed(store: Store) -> None:
    assert store.daybook.get("stop") is None
    store.daybook.put("stop", "Ada: wrong list", now=NOW)
    store.daybook.put("stop", "Grace: still", now=NOW + HOUR)
    store.daybook.put("breaker:smtp", "open", now=NOW)
    assert store.daybook.get("stop") == ("Grace: still", NOW + HOUR)
    assert store.daybook.facts("breaker:") == [("breaker:smtp", "open", NOW)]
    assert store.daybook.remove("stop")
    assert not store.daybook.remove("stop")
    assert store.daybook.get("stop") is None
