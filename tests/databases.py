"""Databases for tests: the migrations run once a process, and what they made is copied."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from alerts.store import Store, open_store
from alerts.store.engine import open_engine
from alerts.store.migrations import bring_up_to_date

KEY = b"k" * 32


def store_in(folder: Path, *, name: str = "alerts.db") -> Store:
    """Open the database of a folder; a new one where there is none."""
    lay(folder / name)
    return open_store(f"sqlite:///{name}", base=folder, address_key=KEY)


def migrated_in(folder: Path) -> Store:
    """Open the database of a folder; where there is none the migrations make it, here and now."""
    return open_store("sqlite:///alerts.db", base=folder, address_key=KEY)


def lay(file: Path) -> None:
    """Put an empty database where there is none, as the migrations would; no key has opened it yet."""
    if not file.exists():
        file.touch(mode=0o600)
        file.write_bytes(_empty())


@cache
def _empty() -> bytes:
    with TemporaryDirectory() as folder:
        engine = open_engine("sqlite:///empty.db", base=Path(folder))
        bring_up_to_date(engine)
        engine.dispose()
        return (Path(folder) / "empty.db").read_bytes()
