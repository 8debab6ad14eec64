"""The migrations make exactly the tables that the code works with, on both databases."""

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_mock_engine, inspect
from sqlalchemy.dialects import postgresql

from alerts.store import migrations, tables
from alerts.store.engine import reading
from tests.databases import migrated_in


def test_an_empty_database_gets_exactly_the_tables_of_the_code(tmp_path: Path) -> None:
    store = migrated_in(tmp_path)
    with reading(store.engine) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        differences = compare_metadata(context, tables.metadata)
        deliveries = inspect(connection).get_unique_constraints("deliveries")
    store.close()

    assert differences == []
    unique = {tuple(constraint["column_names"]) for constraint in deliveries}
    assert unique == {("edition_id", "address_hash"), ("told_key", "subscriber_id")}


def test_ids_of_deliveries_are_never_used_twice(tmp_path: Path) -> None:
    store = migrated_in(tmp_path)
    with reading(store.engine) as connection:
        made = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = 'deliveries'").scalar_one()
    store.close()

    # without it SQLite gives the id of a deleted last row to the next one
    assert "AUTOINCREMENT" in made


def test_the_head_named_in_the_code_is_the_newest_migration() -> None:
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))

    assert scripts.get_heads() == [migrations.HEAD]


def test_the_tables_can_be_made_on_postgresql() -> None:
    statements: list[str] = []
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    engine = create_mock_engine(
        "postgresql+psycopg://", lambda made, *_args, **_more: statements.append(str(made.compile(dialect=dialect)))
    )
    tables.metadata.create_all(engine, checkfirst=False)

    made = "\n".join(statements)
    assert "id BIGSERIAL" in made
    assert "TIMESTAMP WITH TIME ZONE" in made
