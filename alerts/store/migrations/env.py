"""Run by Alembic: hands it our connection, so that migrations happen in the transaction that asked for them."""

from alembic import context

from alerts.store.tables import metadata

# Only `bring_up_to_date` runs migrations: there is no alembic.ini and no offline mode.
context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
