"""A database is opened with the key it was made with, or not at all: who left must stay away."""

import os
from pathlib import Path

import pytest
from sqlalchemy import delete, select

from alerts.errors import ConfigError
from alerts.model import SuppressionReason
from alerts.store import open_store
from alerts.store.engine import reading, writing
from alerts.store.fingerprint import ADDRESS_KEY
from alerts.store.tables import control
from tests.databases import KEY, store_in
from tests.ledger_samples import NOW, hash_of

OTHER = b"o" * 32


def _kept(directory: Path, key: bytes = KEY) -> tuple[str, object]:
    store = open_store("sqlite:///alerts.db", base=directory, address_key=key)
    with reading(store.engine) as connection:
        row = connection.execute(select(control).where(control.c.name == ADDRESS_KEY)).one()
    store.close()
    return row.value, row.at


def test_a_database_is_not_opened_with_another_key(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    left = hash_of("ana@readers.example")
    store.roster.suppress(left, reason=SuppressionReason.UNSUBSCRIBED, scope="all", now=NOW, evidence="click")
    store.close()

    with pytest.raises(ConfigError, match="who left would be mailed again") as caught:
        open_store("sqlite:///alerts.db", base=tmp_path, address_key=OTHER)

    assert (caught.value.exit_code, caught.value.hint) == (3, "put the old key file back")
    again = store_in(tmp_path)
    assert again.roster.suppressions(left)
    again.close()


def test_the_key_itself_is_not_kept(tmp_path: Path) -> None:
    key = os.urandom(32)
    value, _ = _kept(tmp_path, key)

    assert len(bytes.fromhex(value)) == 32
    for written in (key, key.hex().encode()):
        assert not any(written in file.read_bytes() for file in tmp_path.iterdir())


def test_an_older_database_takes_the_key_it_is_opened_with(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    with writing(store.engine) as connection:
        connection.execute(delete(control).where(control.c.name == ADDRESS_KEY))
    store.close()

    _kept(tmp_path, OTHER)

    with pytest.raises(ConfigError):
        store_in(tmp_path)


def test_opening_it_again_writes_nothing(tmp_path: Path) -> None:
    before = _kept(tmp_path)
    store = store_in(tmp_path)
    with store.engine.connect() as watching:
        version = watching.exec_driver_sql("PRAGMA data_version").scalar_one()
        watching.rollback()

        assert _kept(tmp_path) == before

        assert watching.exec_driver_sql("PRAGMA data_version").scalar_one() == version
    store.close()
