"""A segment picks the same people in SQL as in Python, whatever the rule."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select

from alerts.audience.segments import matches
from alerts.errors import ConfigError
from alerts.model import Condition, ListRow, Segment, Segments, SuppressionReason, folded
from alerts.store import Store
from alerts.store.engine import reading, writing
from alerts.store.fingerprint import ADDRESS_KEY
from alerts.store.segments import segment_sql
from alerts.store.tables import control, subscribers
from tests.databases import store_in

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LISTS = ("readers", "staff", "signup", "vips")
VALUES = ("Europe", "ASIA", "straße", "zu\u0308rich", "100%", "it's", "_")

FIELDS = ("region", "topics", "plan")


def some_people(chance: random.Random, number: int) -> list[ListRow]:
    """Draw what one list says; lists share people and differ over them."""
    return [
        ListRow(
            address=f"p{person}@example.org",
            language=chance.choice(["", "en", "en-GB", "eng", "fr", "pt-BR"]),
            timezone=chance.choice(["", "Europe/Paris", "UTC"]),
            attributes={
                field: frozenset(folded(value) for value in chance.sample(VALUES, chance.randint(1, 3)))
                for field in chance.sample(FIELDS, chance.randint(0, 3))
            },
        )
        for person in chance.sample(range(60), number)
    ]


def conditions(segments: tuple[str, ...]) -> st.SearchStrategy[Condition]:
    def of(field: str, *values: str) -> st.SearchStrategy[Condition]:
        chosen = st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True).map(tuple)
        return st.builds(Condition, field=st.just(field), values=chosen)

    kinds = [of(field, *VALUES, "nowhere") for field in FIELDS]
    kinds += [of("language", "en", "EN-gb", "fr", "pt", "e"), of("timezone", "europe/paris", "UTC", "Asia/Tokyo")]
    kinds += [of("list", *LISTS, "nobody"), of("never_asked", "x")]
    return st.one_of(*kinds, *([of("segment", *segments)] if segments else []))


@st.composite
def rules(draw: st.DrawFn) -> Segments:
    """Up to four segments, each of which may be made of those before it."""
    segments: dict[str, Segment] = {}
    for name in ("a", "b", "c", "d"):
        known = tuple(segments)
        some = st.lists(conditions(known), max_size=2).map(tuple)
        segments[name] = Segment(
            name=name,
            sources=draw(st.lists(st.sampled_from([*LISTS, "nobody", *known]), max_size=3, unique=True).map(tuple)),
            include=draw(some),
            exclude=draw(some),
            sample=draw(st.sampled_from([1.0, 1.0, 0.5, 0.9, 0.0])),
        )
    return segments


@pytest.fixture(scope="module", params=[2026, 2027])
def crowd(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A database with random people."""
    opened = store_in(tmp_path_factory.mktemp("segments"))
    chance = random.Random(request.param)
    # twice: so that some were on a list and are no longer
    for list_name in ("readers", "staff", "vips") * 2:
        opened.roster.apply_list(list_name, some_people(chance, 30), now=NOW)
    for row in some_people(chance, 20):
        opened.roster.add(row, list_name="signup", now=NOW)
    yield opened
    opened.close()


def picked(store: Store, segment: Segment, segments: Segments) -> set[int]:
    with reading(store.engine) as connection:
        return set(connection.scalars(segment_sql(segment, segments)))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(segments=rules())
def test_sql_and_python_pick_the_same_people(crowd: Store, segments: Segments) -> None:
    everybody = list(crowd.roster.subscribers())
    for segment in segments.values():
        expected: set[int] = {one.id for one in everybody if matches(segment, segments, one)}
        assert picked(crowd, segment, segments) == expected
    assert {one.id for one in crowd.roster.subscribers(segment, segments)} == expected
    assert crowd.roster.count(segment, segments) == len(expected)


class TestTheStatement:
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        opened = store_in(tmp_path)
        opened.roster.apply_list("readers", [ListRow(address=f"p{n}@example.org") for n in range(9)], now=NOW)
        yield opened
        opened.close()

    def test_it_can_stand_inside_another_that_asks_the_same_table(self, store: Store) -> None:
        segments = {"a": Segment(name="a", sources=("readers",)), "b": Segment(name="b", sources=("a",))}
        inside = subscribers.c.id.in_(segment_sql(segments["b"], segments))
        with writing(store.engine) as connection:
            found = select(subscribers.c.public_id, subscribers.c.address, subscribers.c.joined_at).where(inside)
            connection.execute(insert(control).from_select(["name", "value", "at"], found))
        assert len([name for name, _, _ in store.daybook.facts("") if name != ADDRESS_KEY]) == 9

    def test_who_was_erased_is_in_nothing(self, store: Store) -> None:
        segment = Segment(name="a", sources=("readers",))
        store.roster.forget(store.roster.address_hash("p3@example.org"), NOW)
        assert len(picked(store, segment, {"a": segment})) == 8

    def test_counting_leaves_out_who_gets_no_mail_at_all(self, store: Store) -> None:
        segment, gone = Segment(name="a", sources=("readers",)), SuppressionReason.UNSUBSCRIBED
        for address, scope in (("p1@example.org", "all"), ("p2@example.org", "alerts")):
            store.roster.suppress(store.roster.address_hash(address), reason=gone, scope=scope, now=NOW)
        assert len(picked(store, segment, {})) == 9
        assert store.roster.count(segment, {}) == 8

    def test_a_circle_is_refused(self, store: Store) -> None:
        segments = {"a": Segment(name="a", sources=("b",)), "b": Segment(name="b", sources=("a",))}
        with pytest.raises(ConfigError, match="circle: a → b → a"):
            segment_sql(segments["a"], segments)

    def test_a_rule_over_many_people_asks_indexes(self, store: Store) -> None:
        region = Condition(field="region", values=("europe", "asia"))
        segment = Segment(name="a", sources=("readers",), include=(region,))
        written = segment_sql(segment, {}).compile(store.engine, compile_kwargs={"literal_binds": True})
        with reading(store.engine) as connection:
            plan = [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {written}")]
        assert any("INDEX ix_attributes_name" in line for line in plan), plan
        assert any("INDEX ix_memberships_list" in line for line in plan), plan
