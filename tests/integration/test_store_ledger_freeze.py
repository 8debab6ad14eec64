"""Freezing: content, audience and account of an edition come into being at once, and never twice."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from alerts.errors import AlertsError, NeedsAgain
from alerts.model import (
    ArticleId,
    Edition,
    EditionId,
    EditionState,
    Entry,
    Image,
    Kind,
    Sentence,
    StoryId,
    SuppressionReason,
    UnknownPolicy,
    Urgency,
)
from alerts.store import Store
from alerts.store.ledger.written import edition_from_json, edition_to_json
from tests.databases import store_in
from tests.ledger_samples import (
    NOW,
    READERS,
    STAFF,
    audience,
    claim,
    edition,
    freeze,
    hash_of,
    reader,
    states,
    subscribe,
)
from tests.provider_samples import variant


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = store_in(tmp_path)
    subscribe(opened, [reader(number) for number in range(10)])
    yield opened
    opened.close()


def _suppress(store: Store, address: str, reason: SuppressionReason, scope: str) -> None:
    store.roster.suppress(hash_of(address), reason=reason, scope=scope, now=NOW, evidence="test")


def test_every_candidate_is_accounted_for_by_name(store: Store) -> None:
    subscribe(store, ["ed@herald.example"], to="staff")
    _suppress(store, reader(1), SuppressionReason.UNSUBSCRIBED, "alerts")
    _suppress(store, reader(2), SuppressionReason.COMPLAINED, "all")
    _suppress(store, reader(3), SuppressionReason.UNSUBSCRIBED, "digest:morning")
    made = edition(segments=("breaking", "colleagues"))
    expected = store.ledger.count_audience(made, audience(READERS, STAFF))

    count = freeze(store, made, to=audience(READERS, STAFF))

    assert count == expected
    assert (count.candidates, count.to_send) == (11, 9)
    assert count.by_segment == {"breaking": 10, "colleagues": 1}
    assert count.excluded == {"complained": 1, "unsubscribed": 1}
    assert states(store, made) == {"pending": 9}
    assert {(row.address, row.reason) for row in store.ledger.exclusions(made.id)} == {
        (reader(1), "unsubscribed"),
        (reader(2), "complained"),
    }


def test_a_person_in_two_segments_gets_one_mail(store: Store) -> None:
    everybody = replace(STAFF, name="everybody", sources=("readers",))

    count = freeze(store, edition(), to=audience(READERS, everybody))

    assert count.candidates == 10
    assert count.by_segment == {"breaking": 10, "everybody": 10}


def test_rehearsal_reaches_only_those_it_names(store: Store) -> None:
    made = edition()

    count = freeze(store, made, to=audience(only_to=[reader(4), "somebody@else.example"]))

    assert count.excluded == {"rehearsal": 9}
    assert store.ledger.receipt(made.id).rehearsal
    assert [row.address for row in store.ledger.deliveries(edition=made.id)] == [reader(4)]


def test_rehearsal_with_nobody_named_reaches_nobody(store: Store) -> None:
    assert freeze(store, edition(), to=audience(only_to=[])).to_send == 0


def test_nobody_is_told_the_same_twice(store: Store) -> None:
    freeze(store, edition(key="alert/flood/r1", told_key="alert/flood"))
    subscribe(store, ["late@readers.example"])

    second = edition("flood2", key="alert/flood/part-2", told_key="alert/flood")
    count = freeze(store, second)

    assert count.excluded == {"told before": 10}
    assert [row.address for row in store.ledger.deliveries(edition=second.id)] == ["late@readers.example"]


def test_one_reason_is_given_suppression_before_told_before_before_rehearsal(store: Store) -> None:
    freeze(store, edition(), to=audience(only_to=[reader(1), reader(2)]))
    _suppress(store, reader(1), SuppressionReason.BOUNCED, "all")
    second = edition("more", told_key="alert/flood")

    freeze(store, second, to=audience(only_to=[reader(9)]))

    reasons = {row.address: row.reason for row in store.ledger.exclusions(second.id)}
    assert (reasons[reader(1)], reasons[reader(2)], reasons[reader(3)]) == ("bounced", "told before", "rehearsal")


def test_a_lifted_suppression_no_longer_counts(store: Store) -> None:
    _suppress(store, reader(1), SuppressionReason.BOUNCED, "all")
    store.roster.lift(hash_of(reader(1)), scope="all", now=NOW, by="operator")

    assert freeze(store, edition()).excluded == {}


def test_the_same_key_is_frozen_once(store: Store) -> None:
    freeze(store, edition())

    with pytest.raises(NeedsAgain, match='"Flood barrier fails') as caught:
        freeze(store, edition(id=EditionId("another")))

    assert "--again" in caught.value.hint
    assert states(store, edition()) == {"pending": 10}


def test_of_many_who_freeze_the_same_one_wins(store: Store) -> None:
    results: list[str] = []

    def go() -> None:
        try:
            freeze(store, edition())
            results.append("frozen")
        except AlertsError as error:
            results.append(type(error).__name__)

    threads = [threading.Thread(target=go) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(results) == ["NeedsAgain"] * 5 + ["frozen"]
    assert states(store, edition()) == {"pending": 10}


def test_a_draft_becomes_the_edition(store: Store) -> None:
    draft = edition()
    assert store.ledger.add_draft(draft)
    assert not store.ledger.add_draft(edition(id=EditionId("other")))
    assert store.ledger.replace_draft(replace(draft, subject="Barrier fails at Harwick"))
    assert store.ledger.receipt(draft.id).state is EditionState.DRAFT

    found = store.ledger.by_key(draft.key)
    assert found is not None
    freeze(store, found.edition)

    record = store.ledger.find(draft.id)
    assert record is not None
    assert (record.state, record.edition.subject, record.approved_by) == (
        EditionState.READY,
        "Barrier fails at Harwick",
        "mara",
    )
    assert not store.ledger.replace_draft(draft)


def test_sending_by_hand_takes_the_place_of_a_waiting_draft(store: Store) -> None:
    store.ledger.add_draft(edition(id=EditionId("draft")))

    freeze(store, edition(id=EditionId("by-hand")))

    assert store.ledger.find("draft") is None
    assert [record.edition.id for record in store.ledger.story_editions([StoryId("story-flood")])] == ["by-hand"]


def test_readers_get_the_nearest_language(store: Store) -> None:
    subscribe(store, ["ana@readers.example"], language="fr-CA")
    subscribe(store, ["zoé@readers.example"], language="FR")
    subscribe(store, ["fritz@readers.example"], language="frr")
    made = edition()

    freeze(store, made, variants={"": variant(), "fr": variant("Alerte"), "fr-CA": variant("Alerte au Québec")})

    languages = {}
    while claimed := claim(store):
        subject = store.ledger.variant(claimed.variant_hash).subject
        languages.update({delivery.to.address: subject for delivery in claimed.deliveries})
    assert languages["ana@readers.example"] == "Alerte au Québec"
    assert languages["zoé@readers.example"] == "Alerte"
    assert languages["fritz@readers.example"] == languages[reader(0)] == variant().subject


def test_what_is_frozen_is_read_back_as_it_was(store: Store) -> None:
    made = Edition(
        id=EditionId("full"),
        kind=Kind.DIGEST,
        urgency=Urgency.FLASH,
        key="digest/morning/2026-03-02/07:00/Europe/Paris",
        told_key="digest/morning/2026-03-02",
        subject="Früh: “Wasser” – عاجل",
        preheader="…",
        entries=(
            Entry(
                headline="One",
                sentences=(Sentence(text="A.", article=ArticleId("a1"), place="standfirst"),),
                url="https://herald.example/1",
                outlet="Herald",
                section="City",
                language="de",
                published_at=NOW - timedelta(hours=1),
                image=Image(url="https://herald.example/1.jpg", alt="x", caption="y", credit="z"),
                story=StoryId("s1"),
                article=ArticleId("a1"),
            ),
            Entry(headline="Two", sentences=()),
        ),
        segments=("breaking",),
        language="de",
        scope="digest:morning",
        title="Morning",
        digest="morning",
        nominal_on=date(2026, 3, 2),
        made_at=NOW,
        not_before_at=NOW + timedelta(minutes=5),
        expires_at=NOW + timedelta(hours=6),
        unknown_policy=UnknownPolicy.AT_LEAST_ONCE,
        again="late figures",
        reasons=("three owners", "marker"),
        made_by="alerts",
    )
    assert edition_from_json(edition_to_json(made)) == made

    freeze(store, made)

    record = store.ledger.find("full")
    assert record is not None
    assert record.edition == made
    assert store.ledger.told_stories(digest="morning") == {"s1"}
    assert store.ledger.digest_watermark("morning") == NOW
    assert store.ledger.digest_watermark("evening") is None
