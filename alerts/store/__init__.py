"""The database: archive, roster, ledger and daybook behind one door. Edge: reads and writes the database only.

Nothing here decides anything about news or mail; it records what others decided, in transactions that either happen
or do not.
"""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from alerts.store.engine import open_engine, reading

if TYPE_CHECKING:
    from alerts.store.archive import Archive
    from alerts.store.boilerplate import Boilerplate
    from alerts.store.completions import Completions
    from alerts.store.daybook import Daybook
    from alerts.store.identities import Identities
    from alerts.store.ledger import Ledger
    from alerts.store.placements import Placements
    from alerts.store.roster import Roster


class Store:
    """An open database of a newsroom; any thread may use it at any time."""

    def __init__(self, engine: Engine, *, address_key: bytes) -> None:
        self.engine = engine
        self._address_key = address_key

    @cached_property
    def archive(self) -> "Archive":
        """What was published."""
        from alerts.store.archive import Archive

        return Archive(self.engine)

    @cached_property
    def completions(self) -> "Completions":
        """How fetching the pages of feeds' teasers went."""
        from alerts.store.completions import Completions

        return Completions(self.engine)

    @cached_property
    def boilerplate(self) -> "Boilerplate":
        """What outlets print under article after article."""
        from alerts.store.boilerplate import Boilerplate

        return Boilerplate(self.engine)

    @cached_property
    def placements(self) -> "Placements":
        """Which article belongs to which story, and why."""
        from alerts.store.placements import Placements

        return Placements(self.engine)

    @cached_property
    def identities(self) -> "Identities":
        """Which articles are one under several addresses."""
        from alerts.store.identities import Identities

        return Identities(self.engine)

    @cached_property
    def roster(self) -> "Roster":
        """Who asked for mail."""
        from alerts.store.roster import Roster

        return Roster(self.engine, self._address_key)

    @cached_property
    def ledger(self) -> "Ledger":
        """What was sent to whom."""
        from alerts.store.ledger import Ledger

        return Ledger(self.engine)

    @cached_property
    def daybook(self) -> "Daybook":
        """What the desk decided and was told."""
        from alerts.store.daybook import Daybook

        return Daybook(self.engine)

    def check(self) -> list[str]:
        """Tell what is wrong with the database; nothing: all is well."""
        if self.engine.dialect.name != "sqlite":
            return []
        found = []
        with reading(self.engine) as connection:
            lines = connection.exec_driver_sql("PRAGMA quick_check(5)").scalars().all()
            if lines != ["ok"]:
                found.append("the file is damaged: " + "; ".join(map(str, lines)) + "; restore it from your backup")
            if connection.exec_driver_sql("PRAGMA synchronous").scalar_one() != 2:
                found.append("synchronous is not FULL: a power loss could forget what was sent")
        return found

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()


def open_store(url: str, *, base: Path, address_key: bytes) -> Store:
    """Open a newsroom's database and bring its tables up to date; make it where there is none.

    Raises StoreError for a file that cannot be used and for a database that a newer version made, ConfigError for an
    address key that is not the one it was made with.
    """
    from alerts.store.fingerprint import hold_to_key
    from alerts.store.migrations import bring_up_to_date

    engine = open_engine(url, base=base)
    try:
        bring_up_to_date(engine)
        hold_to_key(engine, address_key)
    except BaseException:
        engine.dispose()
        raise
    return Store(engine, address_key=address_key)
