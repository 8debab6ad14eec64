"""The database opens safely, fails clearly, and serves many threads and processes at once."""

import multiprocessing
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, text

from alerts.errors import StoreError
from alerts.store import engine as engines
from alerts.store import open_store
from alerts.store.engine import reading, writing
from alerts.store.fingerprint import ADDRESS_KEY
from alerts.store.tables import control
from tests.databases import KEY, migrated_in
from tests.ledger_samples import NOW


def _write(directory: Path, who: str, times: int) -> None:
    store = migrated_in(directory)
    for number in range(times):
        with writing(store.engine) as connection:
            connection.execute(insert(control).values(name=f"{who}/{number}", value="", at=NOW))
    store.close()


def _rows(directory: Path) -> int:
    store = migrated_in(directory)
    with reading(store.engine) as connection:
        written = select(func.count()).select_from(control).where(control.c.name != ADDRESS_KEY)
        number: int = connection.execute(written).scalar_one()
    store.close()
    return number


def test_a_commit_is_on_disk_when_it_returns(tmp_path: Path) -> None:
    store = migrated_in(tmp_path)

    for way in (reading, writing):
        with way(store.engine) as connection:
            pragmas = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode",)}
            assert pragmas["journal_mode"] == "wal"
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    store.close()


def test_only_the_owner_may_read_the_addresses(tmp_path: Path) -> None:
    store = open_store("sqlite:///state/alerts.db", base=tmp_path, address_key=KEY)
    _write(tmp_path / "state", "a", 1)

    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
    for file in (tmp_path / "state").iterdir():
        assert file.stat().st_mode & 0o777 == 0o600, file
    store.close()


def test_a_writer_keeps_others_out_from_its_first_statement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "BUSY_SECONDS", 0.1)
    one, other = migrated_in(tmp_path), migrated_in(tmp_path)

    with (
        writing(one.engine),
        pytest.raises(StoreError, match="another process keeps the database locked"),
        writing(other.engine),
    ):
        pass
    one.close()
    other.close()


def test_what_raises_is_undone(tmp_path: Path) -> None:
    store = migrated_in(tmp_path)

    def half() -> None:
        with writing(store.engine) as connection:
            connection.execute(insert(control).values(name="half", value="", at=NOW))
            raise KeyError

    with pytest.raises(KeyError):
        half()
    store.close()

    assert _rows(tmp_path) == 0


def test_threads_of_one_process_wait_for_one_another(tmp_path: Path) -> None:
    store = migrated_in(tmp_path)

    def write(who: int) -> None:
        for number in range(20):
            with writing(store.engine) as connection:
                connection.execute(insert(control).values(name=f"{who}/{number}", value="", at=NOW))

    threads = [threading.Thread(target=write, args=(who,)) for who in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store.close()

    assert _rows(tmp_path) == 160


def test_processes_may_open_and_fill_a_new_database_together(tmp_path: Path) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.kill.sender"])
    processes = [context.Process(target=_write, args=(tmp_path, str(who), 15)) for who in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()

    assert [process.exitcode for process in processes] == [0, 0, 0, 0]
    assert _rows(tmp_path) == 60


def test_a_full_disk_is_said_in_one_line_and_loses_nothing(tmp_path: Path) -> None:
    _write(tmp_path, "before", 3)
    store = migrated_in(tmp_path)

    def fill() -> None:
        with writing(store.engine) as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 1")
            for number in range(2000):
                connection.execute(insert(control).values(name=f"{number}", value="x" * 500, at=NOW))

    with pytest.raises(StoreError) as caught:
        fill()
    store.close()

    assert str(caught.value) == f"the disk is full: {tmp_path / 'alerts.db'}"
    assert _rows(tmp_path) == 3


def _not_a_database(path: Path) -> None:
    path.write_bytes(b"From: nobody\n" * 1000)


def _damaged(path: Path) -> None:
    _write(path.parent, "a", 1)
    raw = bytearray(path.read_bytes())
    raw[4096:] = b"\xaa" * (len(raw) - 4096)
    path.write_bytes(raw)


def _newer(path: Path) -> None:
    _write(path.parent, "a", 1)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()


def _of_another_program(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE recipes (cake TEXT)")
    connection.close()


def _a_folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_not_a_database, "the file is not a database"),
        (_damaged, "the database file is damaged"),
        (_newer, "the database was made by a newer version of alerts"),
        (_of_another_program, "the database belongs to another program"),
        (_a_folder, "cannot be opened: Is a directory"),
    ],
)
def test_a_file_that_cannot_be_used_is_said_in_one_line(
    tmp_path: Path, spoil: Callable[[Path], None], words: str
) -> None:
    spoil(tmp_path / "alerts.db")

    with pytest.raises(StoreError, match=words) as caught:
        migrated_in(tmp_path)

    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 8


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("alerts.db", "is not a database URL"),
        ("sqlite://", "in memory would forget"),
        ("sqlite+nonsense:///a.db", "no driver"),
        ("sqlite:////proc/nowhere/alerts.db", "cannot be opened"),
    ],
)
def test_a_url_that_cannot_be_used_is_said_in_one_line(tmp_path: Path, url: str, words: str) -> None:
    with pytest.raises(StoreError, match=words) as caught:
        open_store(url, base=tmp_path, address_key=KEY)

    assert caught.value.hint


def test_a_database_from_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    _newer(tmp_path / "alerts.db")

    with pytest.raises(StoreError):
        migrated_in(tmp_path)

    with sqlite3.connect(tmp_path / "alerts.db") as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("9999",)
    connection.close()


def test_reading_changes_nothing(tmp_path: Path) -> None:
    store = migrated_in(tmp_path)
    with reading(store.engine) as connection:
        connection.execute(text("DELETE FROM alembic_version"))
    store.close()

    migrated_in(tmp_path).close()
