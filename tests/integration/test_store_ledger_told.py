"""What a digest told: so that the next one neither repeats it nor leaves out what nobody ever got."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from alerts.model import Edition, EditionId, EditionState, Kind, OutcomeKind
from alerts.store import Store
from tests.databases import store_in
from tests.ledger_samples import NOW, all_are, audience, claim, edition, freeze, must_claim, reader, states, subscribe

PAST_EXPIRY = NOW + timedelta(hours=2)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = store_in(tmp_path)
    subscribe(opened, [reader(number) for number in range(4)])
    yield opened
    opened.close()


def morning(name: str = "monday", *, made_at: datetime = NOW) -> Edition:
    """Make a digest of one story."""
    return edition(name, kind=Kind.DIGEST, digest="morning", scope="digest:morning", made_at=made_at)


def _told(store: Store, *, rehearsal: bool = False) -> set[str]:
    return {str(story) for story in store.ledger.told_stories(digest="morning", rehearsal=rehearsal)}


def test_a_rehearsal_does_not_count_as_told_in_earnest_nor_the_other_way_round(store: Store) -> None:
    freeze(store, morning("rehearsed", made_at=NOW), to=audience(only_to=[reader(0)]))
    freeze(store, morning("earnest", made_at=NOW - timedelta(days=1)))

    assert _told(store) == {"story-earnest"}
    assert _told(store, rehearsal=True) == {"story-rehearsed"}
    assert store.ledger.digest_watermark("morning") == NOW - timedelta(days=1)
    assert store.ledger.digest_watermark("morning", rehearsal=True) == NOW


@pytest.mark.parametrize("end", [EditionState.SKIPPED, EditionState.REJECTED, EditionState.EXPIRED])
def test_a_draft_that_came_to_nothing_told_nothing(store: Store, end: EditionState) -> None:
    store.ledger.add_draft(morning())
    assert store.ledger.digest_watermark("morning") == store.ledger.digest_watermark("morning", True) == NOW

    store.ledger.change_state(morning().id, end, now=NOW)

    assert _told(store) == set()
    assert store.ledger.digest_watermark("morning") is None


def _end(store: Store, end: EditionState) -> None:
    if end is EditionState.KILLED:
        assert store.ledger.change_state(morning().id, end, now=NOW)
    else:
        store.ledger.finish_editions(now=PAST_EXPIRY)


@pytest.mark.parametrize("end", [EditionState.KILLED, EditionState.EXPIRED])
def test_an_edition_stopped_before_anything_went_told_nothing(store: Store, end: EditionState) -> None:
    freeze(store, morning())
    assert (_told(store), store.ledger.digest_watermark("morning")) == ({"story-monday"}, NOW)

    _end(store, end)

    assert store.ledger.receipt(EditionId("ed-monday")).state is end
    assert (_told(store), store.ledger.digest_watermark("morning")) == (set(), None)


@pytest.mark.parametrize("kind", [OutcomeKind.ACCEPTED, OutcomeKind.UNKNOWN])
def test_an_edition_killed_half_way_was_told(store: Store, kind: OutcomeKind) -> None:
    freeze(store, morning())
    claimed = must_claim(store, size=1)
    store.ledger.settle(claimed, all_are(claimed, kind), now=NOW, final=True, max_attempts=12)

    _end(store, EditionState.KILLED)

    assert claim(store) is None
    assert states(store, morning()) == {kind.value: 1, "cancelled": 3}
    assert (_told(store), store.ledger.digest_watermark("morning")) == ({"story-monday"}, NOW)


def test_an_edition_called_expired_half_way_was_told(store: Store) -> None:
    freeze(store, morning())
    claimed = must_claim(store, size=1)
    store.ledger.settle(claimed, all_are(claimed, OutcomeKind.ACCEPTED), now=NOW, final=True, max_attempts=12)

    assert store.ledger.change_state(morning().id, EditionState.EXPIRED, now=NOW)

    assert (_told(store), store.ledger.digest_watermark("morning")) == ({"story-monday"}, NOW)
