"""Holds a database to the key that its addresses are hashed with. Edge: the database only; never writes the key.

With another key every address hashes differently: no suppression would fit anybody any more.
"""

import hmac
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine, select

from alerts.errors import ConfigError
from alerts.store.engine import reading, writing
from alerts.store.statements import insert_or_skip
from alerts.store.tables import control

#: the row of `control` that the fingerprint is kept in
ADDRESS_KEY = "address-key"

_CONSTANT = b"fingerprint of the address key"


def hold_to_key(engine: Engine, address_key: bytes) -> None:
    """Keep the fingerprint of the key that a database is first opened with. Raises ConfigError for any other key."""
    ours = hmac.digest(address_key, _CONSTANT, "sha256").hex()
    with reading(engine) as connection:
        kept = _kept(connection)
    if kept is None:
        with writing(engine) as connection:
            row = {"name": ADDRESS_KEY, "value": ours, "at": datetime.now(UTC)}
            connection.execute(insert_or_skip(connection, control).values(row))
            # another process may have been faster, and with another key
            kept = _kept(connection)
    if kept is None or not hmac.compare_digest(kept, ours):
        raise ConfigError(
            "keys.addresses is not the key this database was made with: who left would be mailed again",
            hint="put the old key file back",
        )


def _kept(connection: Connection) -> str | None:
    kept: str | None = connection.execute(select(control.c.value).where(control.c.name == ADDRESS_KEY)).scalar()
    return kept
