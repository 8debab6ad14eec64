"""Drafts: what came to nothing is in nobody's way, and what is frozen is what was read and confirmed."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from alerts.errors import NeedsAgain, SendRefused
from alerts.model import EditionId, EditionState, StoryId
from alerts.store import Store
from tests.ledger_samples import NOW, edition, freeze, reader, states, store_in, subscribe

PAST = pytest.mark.parametrize("past", [EditionState.REJECTED, EditionState.EXPIRED, EditionState.SKIPPED])
SECOND = edition(id=EditionId("second"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = store_in(tmp_path)
    subscribe(opened, [reader(number) for number in range(4)])
    yield opened
    opened.close()


def _came_to_nothing(store: Store, past: EditionState) -> None:
    assert store.ledger.add_draft(edition())
    assert store.ledger.change_state(edition().id, past, now=NOW, reason="not now", by="mara")


def _kept_as_past(store: Store, past: EditionState) -> None:
    record = store.ledger.find(edition().id)
    assert record is not None
    assert (record.state, record.state_reason) == (past, "not now (mara)")
    assert record.edition == replace(edition(), key=f"{edition().key}/past-{edition().id}")
    assert store.ledger.by_key(record.edition.key) == record


@PAST
def test_what_came_to_nothing_may_be_proposed_again(store: Store, past: EditionState) -> None:
    _came_to_nothing(store, past)

    assert store.ledger.add_draft(SECOND)

    found = store.ledger.by_key(edition().key)
    assert found is not None
    assert (found.edition, found.state) == (SECOND, EditionState.DRAFT)
    _kept_as_past(store, past)
    assert len(store.ledger.story_editions([StoryId("story-flood")])) == 2


@PAST
def test_what_came_to_nothing_may_be_sent_after_all(store: Store, past: EditionState) -> None:
    _came_to_nothing(store, past)

    freeze(store, SECOND)

    assert states(store, SECOND) == {"pending": 4}
    _kept_as_past(store, past)


def test_it_may_come_to_nothing_many_times(store: Store) -> None:
    for number in range(3):
        draft = edition(id=EditionId(f"try-{number}"))
        assert store.ledger.add_draft(draft)
        assert store.ledger.change_state(draft.id, EditionState.REJECTED, now=NOW)

    freeze(store, edition())

    assert len(store.ledger.editions()) == 4


@pytest.mark.parametrize("end", [EditionState.EXPIRED, EditionState.KILLED, EditionState.DONE])
def test_what_was_frozen_keeps_its_key_however_it_ended(store: Store, end: EditionState) -> None:
    freeze(store, edition())
    store.ledger.change_state(edition().id, end, now=NOW)

    assert not store.ledger.add_draft(SECOND)
    with pytest.raises(NeedsAgain):
        freeze(store, SECOND)

    assert store.ledger.find("second") is None


def test_a_draft_rejected_while_another_editor_approves_it_is_not_sent(store: Store) -> None:
    _came_to_nothing(store, EditionState.REJECTED)

    with pytest.raises(SendRefused, match="is rejected"):
        freeze(store, edition())

    assert not store.ledger.add_draft(edition())
    record = store.ledger.find(edition().id)
    assert record is not None
    assert (record.state, record.edition.key) == (EditionState.REJECTED, edition().key)
