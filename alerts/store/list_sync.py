"""Brings one list up to date from rows, in bulk. Edge: works on a connection that the roster opened.

    rows ──stage──▶ incoming_people, incoming_claims     temporary tables; nobody waits meanwhile
                        │ compare
                        ▼
                    incoming_changes                     who is added, changed, gone
                        │ apply
                        ▼
                    subscribers, memberships, attributes

Memory stays flat: rows go to temporary tables a few at a time, everything else is SQL. A second sync of the same files
changes nothing, in whatever order they come (see `people` for how lists that differ over a person get along).
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    Text,
    and_,
    delete,
    exists,
    func,
    insert,
    literal,
    not_,
    select,
    tuple_,
    update,
)
from sqlalchemy.schema import CreateTable

from alerts import tokens
from alerts.model import SCOPE_ALL, SIGNUP, ListDiff, ListRow, SuppressionReason
from alerts.store.people import claims_of, draw_columns, new_public_id
from alerts.store.statements import chunks, insert_or_skip
from alerts.store.tables import UtcDateTime, attributes, memberships, subscribers, suppressions

ENDED_BY_SYNC = "gone from the list"
_EXAMPLES = 5
_ROWS_AT_ONCE = 1000
_ADDED, _CHANGED, _GONE = "added", "changed", "gone"

_temporary = MetaData()
_people = Table(
    "incoming_people",
    _temporary,
    # of the row: short, and in the order in which rows come
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("address_hash", String(32), nullable=False, unique=True),
    Column("address", Text, nullable=False),
    Column("public_id", String(32), nullable=False),
    Column("joined_at", UtcDateTime),
    prefixes=["TEMPORARY"],
)
_claims = Table(
    "incoming_claims",
    _temporary,
    # of a row that came twice, or of somebody erased, there is no person: such claims are nobody's
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("name", String(100), primary_key=True),
    Column("value", String(400), primary_key=True),
    prefixes=["TEMPORARY"],
    sqlite_with_rowid=False,
)
_changes = Table(
    "incoming_changes",
    _temporary,
    Column("address_hash", String(32), primary_key=True),
    Column("change", String(10), nullable=False),
    prefixes=["TEMPORARY"],
)


# --- stage ---------------------------------------------------------------------------------------


def stage(connection: Connection, rows: Iterable[ListRow], *, address_key: bytes) -> None:
    """Put rows into the temporary tables; of two rows with one address the first counts."""
    for table in (_people, _claims, _changes):
        connection.execute(CreateTable(table, if_not_exists=True))
    unstage(connection)
    # The driver gets the rows as they are, so instants must be what the column's type would make of them.
    instants: Any = UtcDateTime().dialect_impl(connection.dialect)
    written = instants.bind_processor(connection.dialect)
    for chunk in chunks(enumerate(rows), _ROWS_AT_ONCE):
        people, claims = [], []
        for number, row in chunk:
            address_hash = tokens.address_hash(address_key, row.address)
            people.append((number, address_hash, row.address, new_public_id(), written(row.joined_at)))
            claims += [(number, name, value) for name, value in claims_of(row)]
        _put(connection, _people, people)
        _put(connection, _claims, claims)
    if connection.dialect.name == "postgresql":
        # Nobody else tells its planner how large a temporary table is.
        connection.exec_driver_sql("ANALYZE incoming_people, incoming_claims")


def _put(connection: Connection, table: Table, rows: list[tuple[Any, ...]]) -> None:
    """Insert rows past SQLAlchemy, which would spend more time on millions of them than the database does."""
    mark = "%s" if connection.dialect.paramstyle in {"format", "pyformat"} else "?"
    marks = ", ".join([mark] * len(table.columns))
    if rows:
        connection.exec_driver_sql(f"INSERT INTO {table.name} VALUES ({marks}) ON CONFLICT DO NOTHING", rows)  # noqa: S608 - our own table


def unstage(connection: Connection) -> None:
    """Empty the temporary tables: they live as long as their connection."""
    for table in (_people, _claims, _changes):
        connection.execute(delete(table))


# --- compare -------------------------------------------------------------------------------------


def compare(connection: Connection, list_name: str) -> ListDiff:
    """Tell what the staged rows change in a list, and remember who changes how."""
    suppressed = _count(connection, select(_people.c.address_hash).where(_is_suppressed(_people.c.address_hash)))
    _leave_out_the_erased(connection)
    _leave_out_what_they_chose(connection)
    _note(connection, _newcomers(list_name), _ADDED)
    _note(connection, _with_another_claim(list_name), _CHANGED)
    _note(connection, _without_a_former_claim(list_name), _CHANGED)
    staying = _count(connection, select(_people.c.address_hash)) - _count(connection, _changed(_ADDED))
    _note(connection, _missing(list_name), _GONE)
    added, changed, gone = (_count(connection, _changed(change)) for change in (_ADDED, _CHANGED, _GONE))
    return ListDiff(
        list=list_name,
        added=added,
        changed=changed,
        gone=gone,
        kept=staying - changed,
        suppressed=suppressed,
        examples={change: _examples(connection, change) for change in (_ADDED, _CHANGED, _GONE)},
    )


def _leave_out_the_erased(connection: Connection) -> None:
    """Who asked to be forgotten is not remembered again because a file still knows them."""
    erased = select(suppressions.c.address_hash).where(
        suppressions.c.reason == SuppressionReason.ERASED.value, suppressions.c.lifted_at.is_(None)
    )
    connection.execute(delete(_people).where(_people.c.address_hash.in_(erased)))


def _leave_out_what_they_chose(connection: Connection) -> None:
    """What a subscriber chose beats what a file says of the same."""
    chosen = (
        select(_people.c.number, attributes.c.name)
        .join_from(memberships, subscribers, memberships.c.subscriber_id == subscribers.c.id)
        .join(_people, _people.c.address_hash == subscribers.c.address_hash)
        .join(attributes, attributes.c.subscriber_id == subscribers.c.id)
        .where(memberships.c.list == SIGNUP, attributes.c.list == SIGNUP)
    )
    connection.execute(delete(_claims).where(tuple_(_claims.c.number, _claims.c.name).in_(chosen)))


def _newcomers(list_name: str) -> Select[Any]:
    return select(_people.c.address_hash).where(_people.c.address_hash.not_in(_members(list_name)))


def _missing(list_name: str) -> Select[Any]:
    return _members(list_name).where(subscribers.c.address_hash.not_in(select(_people.c.address_hash)))


def _with_another_claim(list_name: str) -> Select[Any]:
    said_before = exists().where(
        attributes.c.subscriber_id == subscribers.c.id,
        attributes.c.list == list_name,
        attributes.c.name == _claims.c.name,
        attributes.c.value == _claims.c.value,
    )
    return (
        select(_people.c.address_hash)
        .join_from(_claims, _people, _people.c.number == _claims.c.number)
        .join(subscribers, subscribers.c.address_hash == _people.c.address_hash)
        .where(not_(said_before))
        .distinct()
    )


def _without_a_former_claim(list_name: str) -> Select[Any]:
    said_now = exists().where(
        _claims.c.number == _people.c.number,
        _claims.c.name == attributes.c.name,
        _claims.c.value == attributes.c.value,
    )
    return (
        select(subscribers.c.address_hash)
        .join_from(_people, subscribers, subscribers.c.address_hash == _people.c.address_hash)
        .join(attributes, and_(attributes.c.subscriber_id == subscribers.c.id, attributes.c.list == list_name))
        .where(not_(said_now))
        .distinct()
    )


def _members(list_name: str) -> Select[Any]:
    return (
        select(subscribers.c.address_hash)
        .join_from(memberships, subscribers, memberships.c.subscriber_id == subscribers.c.id)
        .where(memberships.c.list == list_name, memberships.c.ended_at.is_(None))
    )


def _is_suppressed(address_hash: ColumnElement[str]) -> ColumnElement[bool]:
    return address_hash.in_(
        select(suppressions.c.address_hash).where(suppressions.c.scope == SCOPE_ALL, suppressions.c.lifted_at.is_(None))
    )


def _note(connection: Connection, hashes: Select[Any], change: str) -> None:
    found = hashes.add_columns(literal(change).label("change"))
    connection.execute(insert_or_skip(connection, _changes).from_select(["address_hash", "change"], found))


def _changed(*changes: str) -> Select[Any]:
    return select(_changes.c.address_hash).where(_changes.c.change.in_(changes))


def _count(connection: Connection, statement: Select[Any]) -> int:
    return connection.scalar(select(func.count()).select_from(statement.subquery())) or 0


def _examples(connection: Connection, change: str) -> tuple[str, ...]:
    table = subscribers if change == _GONE else _people
    found = select(table.c.address).where(table.c.address_hash.in_(_changed(change)), table.c.address.is_not(None))
    return tuple(connection.scalars(found.order_by(table.c.address).limit(_EXAMPLES)))


# --- apply ---------------------------------------------------------------------------------------


def apply(connection: Connection, list_name: str, *, now: datetime) -> None:
    """Make the list what `compare` found; a suppression is never touched."""
    _add_people(connection, now)
    _begin_memberships(connection, list_name, now)
    connection.execute(
        update(memberships)
        .where(memberships.c.list == list_name, memberships.c.subscriber_id.in_(_ids(_GONE)))
        .values(ended_at=now, ended_reason=ENDED_BY_SYNC)
    )
    connection.execute(
        delete(attributes).where(
            attributes.c.list == list_name, attributes.c.subscriber_id.in_(_ids(_ADDED, _CHANGED, _GONE))
        )
    )
    claimed = (
        select(subscribers.c.id, literal(list_name), _claims.c.name, _claims.c.value)
        .join_from(_people, subscribers, subscribers.c.address_hash == _people.c.address_hash)
        .join(_claims, _claims.c.number == _people.c.number)
        .where(_people.c.address_hash.in_(_changed(_ADDED, _CHANGED)))
    )
    connection.execute(insert(attributes).from_select(["subscriber_id", "list", "name", "value"], claimed))
    draw_columns(connection, _ids(_ADDED, _CHANGED, _GONE))


def _add_people(connection: Connection, now: datetime) -> None:
    newcomers = select(
        _people.c.public_id,
        _people.c.address,
        _people.c.address_hash,
        literal("").label("name"),
        literal("").label("language"),
        literal("").label("timezone"),
        func.coalesce(_people.c.joined_at, literal(now, UtcDateTime)),
    ).where(_people.c.address_hash.in_(_changed(_ADDED)))
    columns = ["public_id", "address", "address_hash", "name", "language", "timezone", "joined_at"]
    connection.execute(insert_or_skip(connection, subscribers).from_select(columns, newcomers))
    # Who was forgotten and came back of their own will gets the address again.
    address = select(_people.c.address).where(_people.c.address_hash == subscribers.c.address_hash).scalar_subquery()
    connection.execute(
        update(subscribers)
        .where(subscribers.c.address.is_(None), subscribers.c.address_hash.in_(_changed(_ADDED)))
        .values(address=address)
    )


def _begin_memberships(connection: Connection, list_name: str, now: datetime) -> None:
    joined = (
        select(
            subscribers.c.id,
            literal(list_name),
            func.coalesce(_people.c.joined_at, literal(now, UtcDateTime)),
            literal(""),
        )
        .join_from(_people, subscribers, subscribers.c.address_hash == _people.c.address_hash)
        .where(_people.c.address_hash.in_(_changed(_ADDED)))
    )
    statement: Any = insert_or_skip(connection, memberships)
    columns = ["subscriber_id", "list", "joined_at", "ended_reason"]
    connection.execute(statement.from_select(columns, joined))
    # Those who were on the list before have a row already, which ended: it begins again.
    connection.execute(
        update(memberships)
        .where(
            memberships.c.list == list_name,
            memberships.c.ended_at.is_not(None),
            memberships.c.subscriber_id.in_(_ids(_ADDED)),
        )
        .values(ended_at=None, ended_reason="", joined_at=now)
    )


def _ids(*changes: str) -> Select[Any]:
    found = select(subscribers.c.id).where(subscribers.c.address_hash.in_(_changed(*changes)))
    return found.correlate(None)
