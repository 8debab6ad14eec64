"""The roster: lists come and go, what people chose stays, and who left stays gone."""

import random
import threading
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import text

from alerts.errors import SendRefused
from alerts.model import ListDiff, ListRow, Segment, Subscriber, SuppressionReason
from alerts.store import Store
from alerts.store.engine import reading, writing
from tests.databases import store_in

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
LEFT = SuppressionReason.UNSUBSCRIBED


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = store_in(tmp_path)
    yield opened
    opened.close()


def row(name: str, **attributes: str) -> ListRow:
    said = {key: frozenset(value.split("|")) for key, value in attributes.items()}
    return ListRow(address=f"{name}@example.org", name=name.title(), attributes=said)


def numbers(diff: ListDiff) -> tuple[int, int, int, int, int]:
    return diff.added, diff.changed, diff.gone, diff.kept, diff.suppressed


def found(store: Store, name: str) -> Subscriber:
    subscriber = store.roster.subscriber(f"{name}@example.org")
    assert subscriber is not None
    return subscriber


def dump(store: Store) -> dict[str, list[str]]:
    """Everything in the tables of the roster, but for the time of the last sync."""
    names = ["subscribers", "memberships", "attributes", "suppressions"]
    with reading(store.engine) as connection:
        return {name: sorted(map(repr, connection.execute(text(f"SELECT * FROM {name}")))) for name in names}


class TestSync:
    def test_a_plan_tells_what_applying_does_and_changes_nothing(self, store: Store) -> None:
        store.roster.apply_list("readers", [row("anna", region="europe"), row("bert"), row("cleo")], now=NOW)
        before = dump(store)
        rows = [row("anna", region="europe"), row("bert", region="asia"), row("dora")]
        plan = store.roster.diff_list("readers", rows)
        assert numbers(plan) == (1, 1, 1, 1, 0)
        assert (plan.before, plan.after) == (3, 3)
        assert plan.examples == {
            "added": ("dora@example.org",),
            "changed": ("bert@example.org",),
            "gone": ("cleo@example.org",),
        }
        assert dump(store) == before
        assert store.roster.apply_list("readers", rows, now=LATER) == plan
        assert found(store, "bert").attributes == {"region": frozenset({"asia"})}
        assert found(store, "cleo").lists == frozenset()
        assert found(store, "dora").lists == frozenset({"readers"})

    def test_the_same_files_again_change_nothing_in_whatever_order(self, store: Store) -> None:
        readers = [ListRow(address="anna@example.org", name="Anna", language="en", attributes={})]
        staff = [ListRow(address="Anna@example.org", name="Anna B.", language="fr", timezone="UTC")]
        store.roster.apply_list("readers", readers, now=NOW)
        store.roster.apply_list("staff", staff, now=NOW)
        first = dump(store)
        for list_name, rows in (("staff", staff), ("readers", readers), ("staff", staff)):
            assert numbers(store.roster.apply_list(list_name, rows, now=LATER)) == (0, 0, 0, 1, 0)
        assert dump(store) == first
        anna = found(store, "anna")
        assert (anna.name, anna.language, anna.timezone) == ("Anna", "en", "UTC")

    def test_a_row_gone_from_a_file_ends_only_that_lists_membership(self, store: Store) -> None:
        store.roster.apply_list("readers", [row("anna", region="europe"), row("bert")], now=NOW)
        store.roster.apply_list("staff", [row("anna", desk="news")], now=NOW)
        store.roster.add(row("anna", topics="politics"), list_name="signup", now=NOW)
        store.roster.apply_list("readers", [row("bert")], now=LATER)
        anna = found(store, "anna")
        assert anna.lists == frozenset({"staff", "signup"})
        assert anna.attributes == {"desk": frozenset({"news"}), "topics": frozenset({"politics"})}

    def test_what_a_subscriber_chose_beats_what_a_file_says(self, store: Store) -> None:
        rows = [ListRow(address="anna@example.org", language="en", attributes={"frequency": frozenset({"daily"})})]
        store.roster.apply_list("readers", rows, now=NOW)
        chosen = ListRow(address="anna@example.org", language="fr", attributes={"frequency": frozenset({"weekly"})})
        store.roster.add(chosen, list_name="signup", now=NOW)
        for list_name in ("readers", "staff"):
            store.roster.apply_list(list_name, rows, now=LATER)
            anna = found(store, "anna")
            assert (anna.language, anna.attributes) == ("fr", {"frequency": frozenset({"weekly"})})
        assert numbers(store.roster.diff_list("readers", rows)) == (0, 0, 0, 1, 0)

    def test_no_file_takes_over_those_who_signed_up(self, store: Store) -> None:
        store.roster.add(row("anna"), list_name="signup", now=NOW)
        with pytest.raises(SendRefused, match="no file may own"):
            store.roster.diff_list("signup", [])
        with pytest.raises(SendRefused, match="no file may own"):
            store.roster.apply_list("signup", [], now=NOW)
        assert store.roster.lists() == {"signup": 1}

    def test_what_a_row_no_longer_says_is_no_longer_known(self, store: Store) -> None:
        said = ListRow(address="anna@example.org", name="Anna", attributes=row("anna", region="europe|asia").attributes)
        store.roster.apply_list("readers", [said], now=NOW)
        less = ListRow(address="anna@example.org", name="Anna", attributes=row("anna", region="asia").attributes)
        assert numbers(store.roster.apply_list("readers", [less], now=LATER)) == (0, 1, 0, 0, 0)
        assert found(store, "anna").attributes == {"region": frozenset({"asia"})}
        assert numbers(store.roster.apply_list("readers", [ListRow(address="anna@example.org")], now=LATER))[1] == 1
        assert (found(store, "anna").name, found(store, "anna").attributes) == ("", {})

    def test_who_comes_back_to_a_list_is_the_same_subscriber(self, store: Store) -> None:
        store.roster.apply_list("readers", [row("anna", region="europe"), row("bert")], now=NOW)
        before = found(store, "anna")
        store.roster.apply_list("readers", [row("bert")], now=NOW)
        assert found(store, "anna").attributes == {}
        assert numbers(store.roster.apply_list("readers", [row("anna"), row("bert")], now=LATER)) == (1, 0, 0, 1, 0)
        assert (found(store, "anna").id, found(store, "anna").public_id) == (before.id, before.public_id)

    def test_two_spellings_of_an_address_are_one_person(self, store: Store) -> None:
        store.roster.apply_list("readers", [ListRow(address="Anna@example.org")], now=NOW)
        store.roster.apply_list("staff", [ListRow(address="ANNA@example.org"), row("anna")], now=NOW)
        assert len(list(store.roster.subscribers())) == 1
        assert found(store, "anna").address == "Anna@example.org"

    def test_what_the_check_refuses_leaves_the_last_state(self, store: Store) -> None:
        store.roster.apply_list("readers", [row(f"p{n}") for n in range(50)], now=NOW, file_hash="first")
        before = dump(store)

        def refuse(diff: ListDiff) -> None:
            raise SendRefused(f"{diff.gone} would go")

        with pytest.raises(SendRefused, match="49 would go"):
            store.roster.apply_list("readers", [row("p1")], now=LATER, file_hash="second", check=refuse)
        assert dump(store) == before
        synced = store.roster.last_sync("readers")
        assert synced is not None
        assert (synced.members, synced.file_hash, synced.at) == (50, "first", NOW)

    def test_a_file_that_breaks_off_leaves_the_last_state(self, store: Store) -> None:
        store.roster.apply_list("readers", [row("anna"), row("bert")], now=NOW)
        before = dump(store)

        def broken() -> Iterator[ListRow]:
            yield row("cleo")
            raise OSError("the disk went away")

        for sync in (store.roster.diff_list, lambda name, rows: store.roster.apply_list(name, rows, now=LATER)):
            with pytest.raises(OSError, match="the disk"):
                sync("readers", broken())
        assert dump(store) == before
        assert numbers(store.roster.apply_list("readers", [row("dora")], now=LATER)) == (1, 0, 2, 0, 0)
        assert store.roster.lists() == {"readers": 1}

    def test_nobody_waits_while_a_file_is_read(self, store: Store) -> None:
        reading_now, go_on, seconds = threading.Event(), threading.Event(), 5.0

        def slow() -> Iterator[ListRow]:
            yield row("anna")
            reading_now.set()
            assert go_on.wait(seconds)
            yield row("bert")

        syncing = threading.Thread(target=lambda: store.roster.apply_list("readers", slow(), now=NOW))
        syncing.start()
        assert reading_now.wait(seconds)
        store.daybook.put("heartbeat", "beats", now=NOW)
        go_on.set()
        syncing.join(seconds)
        assert store.roster.lists() == {"readers": 2}

    def test_memory_does_not_grow_with_the_list(self, store: Store) -> None:
        def peak(people: int) -> int:
            rows = (row(f"p{n}", region="europe") for n in range(people))
            tracemalloc.start()
            store.roster.apply_list("readers", rows, now=NOW)
            sum(1 for _ in store.roster.subscribers())
            highest = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            return highest

        peak(10)
        few = peak(2_500)
        assert peak(6_000) < 1.3 * few


class TestLooking:
    def test_lists_and_fields_are_counted(self, store: Store) -> None:
        rows = [row("anna", region="europe|asia"), row("bert", region="europe"), row("cleo")]
        store.roster.apply_list("readers", rows, now=NOW)
        store.roster.apply_list("staff", [row("anna", region="europe")], now=NOW)
        assert store.roster.lists() == {"readers": 3, "staff": 1}
        assert store.roster.fields() == {
            "region": {"europe": 2, "asia": 1},
            "list": {"readers": 3, "staff": 1},
        }
        assert store.roster.fields(most=1)["region"] == {"europe": 2}

    def test_subscribers_are_found_by_address_link_and_list(self, store: Store) -> None:
        store.roster.apply_list("readers", [row("anna"), row("bert")], now=NOW)
        store.roster.apply_list("staff", [row("bert")], now=NOW)
        anna = found(store, "anna")
        assert store.roster.subscriber("ANNA@example.org") == anna
        assert store.roster.subscriber_by_public_id(anna.public_id) == anna
        assert store.roster.subscriber_by_hash(anna.address_hash) == anna
        assert store.roster.subscriber("nobody@example.org") is None
        assert [one.address for one in store.roster.subscribers(on_list="staff")] == ["bert@example.org"]
        assert [one.address for one in store.roster.subscribers(limit=1)] == ["anna@example.org"]

    def test_links_do_not_tell_the_address(self, store: Store) -> None:
        store.roster.apply_list("readers", [row(f"p{n}") for n in range(100)], now=NOW)
        links = {one.public_id for one in store.roster.subscribers()}
        assert len(links) == 100
        assert all(len(link) == 24 and link.isalnum() for link in links)


class TestSuppressions:
    def test_they_outlive_every_sync(self, store: Store) -> None:
        store.roster.apply_list("readers", [row("anna"), row("bert")], now=NOW)
        anna = found(store, "anna").address_hash
        assert store.roster.suppress(anna, reason=LEFT, scope="all", now=NOW, evidence="one click")
        for rows in ([row("anna", region="asia"), row("bert")], [row("bert")], [row("anna"), row("bert")]):
            store.roster.apply_list("readers", rows, now=LATER)
            (suppression,) = store.roster.suppressions(anna)
            assert (suppression.reason, suppression.scope, suppression.at) == (LEFT, "all", NOW)
        assert numbers(store.roster.diff_list("other", [row("anna")])) == (1, 0, 0, 0, 1)

    def test_one_is_told_once_and_only_its_owner_lifts_it(self, store: Store) -> None:
        anna = store.roster.address_hash("anna@example.org")
        bounced = SuppressionReason.BOUNCED
        assert store.roster.suppress(anna, reason=LEFT, scope="alerts", now=NOW)
        assert not store.roster.suppress(anna, reason=LEFT, scope="alerts", now=LATER)
        assert store.roster.suppress(anna, reason=bounced, scope="all", now=NOW)
        assert store.roster.lift(anna, by="signed up again", now=LATER, reasons=[LEFT]) == 1
        assert [item.reason for item in store.roster.suppressions(anna)] == [bounced]
        assert {item.reason for item in store.roster.suppressions(anna, lifted=True)} == {LEFT, bounced}
        assert store.roster.suppress(anna, reason=LEFT, scope="alerts", now=LATER)
        assert {item.reason for item in store.roster.suppressions(anna)} == {LEFT, bounced}

    def test_forgetting_leaves_nothing_but_the_hash(self, store: Store, tmp_path: Path) -> None:
        store.roster.apply_list("readers", [row("annabella", city="kleinkleckersdorf"), row("bert")], now=NOW)
        anna = found(store, "annabella")
        store.roster.suppress(anna.address_hash, reason=LEFT, scope="alerts", now=NOW, evidence="annabella wrote")
        assert store.roster.forget(anna.address_hash, LATER)
        with writing(store.engine) as connection:
            kept = {str(connection.execute(text(f"SELECT * FROM {name}")).all()) for name in dump(store)}
        assert not any("annabella" in rows.lower() or "kleinkleckersdorf" in rows for rows in kept)
        assert store.roster.subscriber("annabella@example.org") is None
        assert store.roster.subscriber_by_public_id(anna.public_id) is None
        assert store.roster.address_hash_by_public_id(anna.public_id) == anna.address_hash
        scopes = {(item.reason, item.scope) for item in store.roster.suppressions(anna.address_hash)}
        assert scopes == {(SuppressionReason.ERASED, "all"), (LEFT, "alerts")}

    def test_who_was_forgotten_is_not_learnt_again_from_a_file(self, store: Store) -> None:
        rows = [row("anna"), row("bert")]
        store.roster.apply_list("readers", rows, now=NOW)
        anna = found(store, "anna").address_hash
        store.roster.forget(anna, NOW)
        assert numbers(store.roster.apply_list("readers", rows, now=LATER)) == (0, 0, 0, 1, 1)
        assert store.roster.subscriber("anna@example.org") is None
        with pytest.raises(SendRefused, match="forgotten"):
            store.roster.add(row("anna"), list_name="signup", now=LATER)
        store.roster.lift(anna, by="signed up again", now=LATER)
        store.roster.add(row("anna"), list_name="signup", now=LATER)
        assert found(store, "anna").lists == frozenset({"signup"})

    def test_somebody_unknown_can_be_forgotten_in_advance(self, store: Store) -> None:
        stranger = store.roster.address_hash("stranger@example.org")
        assert not store.roster.forget(stranger, NOW)
        assert numbers(store.roster.apply_list("readers", [row("stranger")], now=LATER)) == (0, 0, 0, 0, 1)


PEOPLE = ("anna", "bert", "cleo")
EVERYBODY = Segment(name="everybody", sources=("readers", "staff", "signup"))


class LivesOfSubscribers(RuleBasedStateMachine):
    """Whatever files, desks and readers do: who left gets nothing until they come back of their own will."""

    folders = iter(range(10**6))
    base: Path

    def __init__(self) -> None:
        super().__init__()
        self.store = store_in(self.base, name=f"{next(self.folders)}.db")
        self.left: set[str] = set()

    def hash_of(self, name: str) -> str:
        return self.store.roster.address_hash(f"{name}@example.org")

    @rule(list_name=st.sampled_from(["readers", "staff"]), names=st.sets(st.sampled_from(PEOPLE)), says=st.booleans())
    def a_file_is_synced(self, list_name: str, names: set[str], says: bool) -> None:
        rows = [row(name, region="asia") if says else row(name.upper()) for name in sorted(names)]
        before = {one.address.lower() for one in self.store.roster.subscribers(on_list=list_name)}
        diff = self.store.roster.apply_list(list_name, rows, now=NOW)
        assert diff.before == len(before)
        assert self.store.roster.lists().get(list_name, 0) == diff.after

    @rule(name=st.sampled_from(PEOPLE))
    def somebody_leaves(self, name: str) -> None:
        self.store.roster.suppress(self.hash_of(name), reason=LEFT, scope="all", now=NOW)
        self.left.add(name)

    @rule(name=st.sampled_from(PEOPLE))
    def somebody_is_forgotten(self, name: str) -> None:
        self.store.roster.forget(self.hash_of(name), NOW)
        self.left.add(name)

    @rule(name=st.sampled_from(PEOPLE))
    def the_desk_adds_somebody(self, name: str) -> None:
        try:
            self.store.roster.add(row(name), list_name="signup", now=NOW)
        except SendRefused:
            assert name in self.left

    @precondition(lambda self: self.left)
    @rule(chance=st.randoms(use_true_random=False))
    def somebody_signs_up_again(self, chance: random.Random) -> None:
        name = chance.choice(sorted(self.left))
        self.store.roster.lift(self.hash_of(name), by="sign-up confirmed", now=LATER)
        self.store.roster.add(row(name), list_name="signup", now=LATER)
        self.left.discard(name)

    @invariant()
    def nobody_who_left_can_be_mailed(self) -> None:
        for name in PEOPLE:
            assert bool(self.store.roster.suppressions(self.hash_of(name))) == (name in self.left)
        mailable = {one.address.partition("@")[0].lower() for one in self.store.roster.subscribers(EVERYBODY, {})}
        assert self.store.roster.count(EVERYBODY, {}) == len(mailable - self.left)

    def teardown(self) -> None:
        self.store.close()


def test_who_left_never_becomes_sendable_by_anything_but_their_own_act(tmp_path: Path) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    LivesOfSubscribers.base = tmp_path
    run_state_machine_as_test(
        LivesOfSubscribers, settings=settings(max_examples=6, stateful_step_count=20, deadline=None)
    )
