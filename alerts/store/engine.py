"""Opens the database and runs transactions on it. Edge: files and sockets. No table is named here.

Whoever talks to the database does it inside `reading` or `writing`: one transaction each, whose driver errors leave as
`StoreError` with one clear line. SQLite runs in WAL with `synchronous=FULL` (NORMAL lost acknowledged commits in 200
of 200 simulated power losses), and a writer says BEGIN IMMEDIATE: a transaction that reads first and writes later fails
with SQLITE_BUSY_SNAPSHOT at once, whatever the busy timeout.
"""

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from alerts.errors import StoreError

BUSY_SECONDS = 10.0
_WRITING = "alerts_writing"
_WRITER_LOCK = "alerts_writer_lock"

#: SQLite's primary error names → what to tell a person, and what to do about it
_SQLITE_WORDS = {
    "SQLITE_FULL": ("the disk is full", "make room, then run the command again; nothing recorded is lost"),
    "SQLITE_BUSY": (
        "another process keeps the database locked",
        "see which program uses it, then run the command again",
    ),
    "SQLITE_LOCKED": ("another process keeps the database locked", "see which program uses it, then run it again"),
    "SQLITE_CORRUPT": ("the database file is damaged", "restore it from a backup"),
    "SQLITE_NOTADB": ("the file is not a database", "check `url` under [store]"),
    "SQLITE_CANTOPEN": ("the database file cannot be opened", "check its path and permissions"),
    "SQLITE_READONLY": ("the database may not be written", "check the permissions of the file and its folder"),
    "SQLITE_PERM": ("the database may not be opened", "check the permissions of the file and its folder"),
    "SQLITE_IOERR": ("the disk failed or is full", "check the disk, then run the command again"),
}


def open_engine(url: str, *, base: Path) -> Engine:
    """Open the database that a URL names; a relative SQLite path starts at `base`.

    Makes the file (0600) and its folders (0700) where they are missing; makes no tables.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreError(
            f"'{url}' is not a database URL", hint="write sqlite:///alerts.db under [store] url"
        ) from error
    try:
        if parsed.get_backend_name() == "sqlite":
            return _open_sqlite(parsed, base)
        return create_engine(parsed, pool_pre_ping=True)
    except (NoSuchModuleError, ImportError) as error:
        raise StoreError(
            f"no driver for {parsed.drivername} is installed", hint="pip install 'newsroom-alerts[postgres]'"
        ) from error


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Read from one unchanging view of the database; what the block writes is undone."""
    with _clearly(engine), engine.connect() as connection:
        connection.begin()
        yield connection


@contextmanager
def writing(engine: Engine, *, first: Callable[[Connection], None] | None = None) -> Iterator[Connection]:
    """Run one writing transaction: durable when the block ends, undone when it raises. Never nest it.

    `first` fills temporary tables of the connection in a transaction of its own, before anybody else is kept waiting.
    """
    with _clearly(engine), engine.connect() as connection:
        if first is not None:
            with connection.begin():
                first(connection)
        with _one_writer(engine):
            connection.execution_options(**{_WRITING: True})
            with connection.begin():
                yield connection


def _open_sqlite(url: URL, base: Path) -> Engine:
    if not url.database or url.database == ":memory:":
        raise StoreError("a database in memory would forget what was sent", hint="name a file: sqlite:///alerts.db")
    path = base / url.database
    _make_file(path)
    engine = create_engine(
        url.set(database=str(path)),
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
        pool_size=8,
        # a thread never waits for a connection: it waits for the one writer, or not at all
        max_overflow=-1,
        # the one used last has its pages in memory; the others need none
        pool_use_lifo=True,
        # SQLite lets the most impatient writer win; among our threads the lock is fairer than its polling
        execution_options={_WRITER_LOCK: threading.Lock()},
    )
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    with _clearly(engine):
        _switch_to_wal(engine)
    return engine


def _make_file(path: Path) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise StoreError(
            f"the database {path} cannot be opened: {error.strerror or error}", hint="check `url` under [store]"
        ) from error


def _on_connect(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    # sqlite3 must not begin transactions by itself: `_on_begin` does
    connection.isolation_level = None
    for pragma in (f"busy_timeout={int(BUSY_SECONDS * 1000)}", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _on_begin(connection: Connection) -> None:
    mode = "IMMEDIATE" if connection.get_execution_options().get(_WRITING) else "DEFERRED"
    connection.exec_driver_sql(f"BEGIN {mode}")


def _switch_to_wal(engine: Engine) -> None:
    """Turn WAL on; the file remembers it. SQLite does not wait for locks here, so we do."""
    give_up = time.monotonic() + BUSY_SECONDS
    raw = engine.raw_connection()
    try:
        while True:
            try:
                raw.cursor().execute("PRAGMA journal_mode=WAL")
                return
            except sqlite3.OperationalError as error:
                if not _primary_name(error).startswith("SQLITE_BUSY") or time.monotonic() > give_up:
                    raise
                time.sleep(0.05)
    finally:
        raw.close()


@contextmanager
def _one_writer(engine: Engine) -> Iterator[None]:
    lock: threading.Lock | None = engine.get_execution_options().get(_WRITER_LOCK)
    if lock is None:
        yield
        return
    if not lock.acquire(timeout=3 * BUSY_SECONDS):
        raise StoreError("the database is too busy: another part of this program keeps writing to it")
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _clearly(engine: Engine) -> Iterator[None]:
    """Turn the driver's errors into a StoreError: the only place that does."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise _in_words(error, engine.url) from error


def _in_words(error: Exception, url: URL) -> StoreError:
    cause: Any = error.orig if isinstance(error, DBAPIError) else error
    name = _primary_name(cause)
    where = url.database if url.get_backend_name() == "sqlite" else url.render_as_string(hide_password=True)
    if name in _SQLITE_WORDS:
        words, hint = _SQLITE_WORDS[name]
        return StoreError(f"{words}: {where}", hint=hint)
    first_line = (str(cause).strip() or type(cause).__name__).splitlines()[0]
    return StoreError(f"the database {where} failed: {first_line}")


def _primary_name(error: object) -> str:
    """Tell `SQLITE_BUSY` of `SQLITE_BUSY_SNAPSHOT`: extended names say more than a person needs."""
    name = str(getattr(error, "sqlite_errorname", None) or "")
    return "_".join(name.split("_")[:2])
