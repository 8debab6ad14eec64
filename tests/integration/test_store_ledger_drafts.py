"""Drafts: what came to nothing is in nobody's way, and what is frozen is what was read and confirmed."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.errors import NeedsAgain, SendRefused
from alerts.model import AudienceCount, Edition, EditionId, EditionState, StoryId, SuppressionReason
from alerts.store import Store
from tests.databases import store_in
from tests.ledger_samples import NOW, audience, edition, freeze, hash_of, reader, states, subscribe
from tests.provider_samples import variant

PAST = pytest.mark.parametrize("past", [EditionState.REJECTED, EditionState.EXPIRED, EditionState.SKIPPED])
HOUR = timedelta(hours=1)
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


def test_the_last_draft_and_the_last_sent_are_found_for_themselves(store: Store) -> None:
    ledger = store.ledger
    assert ledger.find("last", among="drafts") is ledger.find("last", among="frozen") is ledger.find("last") is None
    freeze(store, edition("sent-early", made_at=NOW), now=NOW)
    freeze(store, edition("sent-late", made_at=NOW - HOUR), now=NOW + HOUR)
    ledger.add_draft(edition("draft", made_at=NOW + HOUR))
    ledger.add_draft(edition("refused", made_at=NOW + 2 * HOUR))
    ledger.change_state(EditionId("ed-refused"), EditionState.REJECTED, now=NOW)

    found = [ledger.find("last", among="drafts"), ledger.find("last", among="frozen"), ledger.find("last")]

    assert [record and record.edition.id for record in found] == ["ed-draft", "ed-sent-late", "ed-refused"]
    assert ledger.find("ed-draft", among="frozen") == ledger.find("ed-draft")


# --- what was read and confirmed -----------------------------------------------------------------


def _approve(store: Store, what: Edition, *, expected: int | None = None, shown: str | None = None) -> AudienceCount:
    return store.ledger.freeze(
        what,
        variants={"": variant()},
        audience=audience(),
        provider="tests",
        approved_by="mara",
        now=NOW,
        expected=expected,
        shown=shown,
    )


def _hash_of_draft(store: Store) -> str:
    record = store.ledger.find(edition().id)
    assert record is not None
    return record.content_hash


def test_as_many_as_were_confirmed_get_it(store: Store) -> None:
    assert _approve(store, edition(), expected=4).to_send == 4


@pytest.mark.parametrize("drafted", [True, False])
def test_other_than_the_confirmed_number_get_none(store: Store, drafted: bool) -> None:
    if drafted:
        store.ledger.add_draft(edition())
    subscribe(store, ["late@readers.example"])

    with pytest.raises(SendRefused, match="5 subscribers would get it now, 4 were confirmed"):
        _approve(store, edition(), expected=4)

    found = store.ledger.find(edition().id)
    assert (found is not None and found.state is EditionState.DRAFT) == drafted
    assert store.ledger.deliveries() == []
    assert _approve(store, edition(), expected=5).to_send == 5


def test_a_reader_who_leaves_meanwhile_is_no_reason_to_refuse(store: Store) -> None:
    store.roster.suppress(
        hash_of(reader(2)), reason=SuppressionReason.UNSUBSCRIBED, scope="alerts", now=NOW, evidence="click"
    )

    assert _approve(store, edition(), expected=4).to_send == 3


def test_the_draft_that_was_read_is_sent(store: Store) -> None:
    store.ledger.add_draft(edition())

    assert _approve(store, edition(), shown=_hash_of_draft(store)).to_send == 4


def test_a_draft_changed_since_it_was_read_is_not_sent(store: Store) -> None:
    store.ledger.add_draft(edition())
    read = _hash_of_draft(store)
    changed = replace(edition(), subject="Barrier holds after all")
    store.ledger.replace_draft(changed)

    with pytest.raises(SendRefused, match="changed since you read it"):
        _approve(store, edition(), shown=read)

    record = store.ledger.find(edition().id)
    assert record is not None
    assert (record.edition, record.state) == (changed, EditionState.DRAFT)
    assert store.ledger.deliveries() == []


def test_of_two_editors_who_approve_the_second_hears_that_it_went(store: Store) -> None:
    store.ledger.add_draft(edition())
    read = _hash_of_draft(store)
    _approve(store, edition(), shown=read)

    with pytest.raises(NeedsAgain):
        _approve(store, edition(), shown=read)
