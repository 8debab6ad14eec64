"""Statements that SQLite and PostgreSQL both know but SQLAlchemy offers only by dialect. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Table
from sqlalchemy.dialects import sqlite

Item = TypeVar("Item")

#: rows handed to the driver at once: far below the parameter limits of both databases
ROWS_AT_ONCE = 500


def insert_or_skip(connection: Connection, table: Table) -> Any:
    """Begin an INSERT that leaves a row that is there as it is; its `rowcount` tells whether it went in."""
    # psycopg forgets the count of an INSERT unless it is told to keep it.
    return _insert(connection, table).on_conflict_do_nothing().execution_options(preserve_rowcount=True)


def insert_or_update(
    connection: Connection, table: Table, *, keep: Sequence[str] = (), where: ColumnElement[bool] | None = None
) -> Any:
    """Begin an INSERT that overwrites the row of the same primary key, but for the columns to keep.

    With `where`, only if the row that is there fits; `rowcount` tells.
    """
    statement = _insert(connection, table)
    fixed = {*keep, *(column.name for column in table.primary_key)}
    changes = {column.name: statement.excluded[column.name] for column in table.columns if column.name not in fixed}
    return statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=changes, where=where)


def counting_insert(connection: Connection, table: Table) -> Any:
    """Begin an INSERT to which the caller says what happens to the row that is there (`on_conflict_do_update`)."""
    return _insert(connection, table)


def chunks(items: Iterable[Item], size: int = ROWS_AT_ONCE) -> Iterator[list[Item]]:
    """Hand out items a few at a time, so that memory stays flat."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


def _insert(connection: Connection, table: Table) -> Any:
    if connection.dialect.name == "postgresql":
        # Few have it, and all would wait for it at every start.
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)
    return sqlite.insert(table)
