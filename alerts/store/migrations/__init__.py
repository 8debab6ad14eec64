"""Brings the tables of an empty or older database up to date, in one transaction. Edge: the database only.

Alembic does the work, but is loaded only where there is work: every command would pay for it.
"""

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from alerts.errors import StoreError
from alerts.store.engine import reading, writing

#: the revision that this version of the program works with; a test holds it to `versions/`
HEAD = "0002"


def bring_up_to_date(engine: Engine) -> None:
    """Run the migrations that are missing; several processes may do so at once.

    Raises StoreError for a database that a newer version made, or that is not ours.
    """
    with reading(engine) as connection:
        if _revision(connection) == HEAD:
            return
    with writing(engine) as connection:
        # looked at again, now that nobody else can write
        found = _revision(connection)
        if found == HEAD:
            return
        _check_ours(connection, found)
        _upgrade(connection)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return revision


def _check_ours(connection: Connection, found: str | None) -> None:
    # revisions are numbered, so that an older program can tell that it is older
    if found is not None and found > HEAD:
        raise StoreError(
            f"the database was made by a newer version of alerts (its tables are {found}, this version knows {HEAD})",
            hint="install the newer version again, or restore the backup from before the upgrade",
        )
    if found is None and inspect(connection).get_table_names():
        raise StoreError("the database belongs to another program", hint="check `url` under [store]")


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
