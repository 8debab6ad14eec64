"""Single people in the tables of the roster. Edge: works on a connection that the roster opened.

What a list says of a person is kept as claims: rows of `attributes` under the list's name, among them `name`,
`language` and `timezone`, from which the subscriber's own columns are drawn again whenever a claim changes. So the
order in which lists speak does not matter, and what one list says ends with it.
"""

import secrets
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, case, delete, func, literal, or_, select, update

from alerts.model import SIGNUP, ListRow, Subscriber, SubscriberId
from alerts.store.statements import insert_or_skip
from alerts.store.tables import attributes, memberships, subscribers

#: Claims that are columns of the subscriber, kept as they are written; all others are compared, so kept folded.
OWN_COLUMNS = ("name", "language", "timezone")


def new_public_id() -> str:
    """Make the random name that a subscriber has in links."""
    return secrets.token_hex(12)


def claims_of(row: ListRow) -> Iterator[tuple[str, str]]:
    """List what a row says of its person: name and value of every claim."""
    for name, value in (("name", row.name), ("language", row.language), ("timezone", row.timezone)):
        if value:
            yield name, value
    for name, values in row.attributes.items():
        if name not in OWN_COLUMNS:
            yield from ((name, value) for value in values)


def add(connection: Connection, row: ListRow, *, address_hash: str, list_name: str, now: datetime) -> SubscriberId:
    """Put a person on a list, or say something new of one who is on it; what the row leaves open stays."""
    subscriber_id = _add_person(connection, row, address_hash, now)
    _add_membership(connection, subscriber_id, list_name, row.joined_at or now)
    _add_claims(connection, subscriber_id, list_name, row)
    return subscriber_id


def filled(connection: Connection, rows: Sequence[Row[Any]]) -> Iterator[Subscriber]:
    """Make subscribers of rows of their table, with lists and attributes: two queries for all of them."""
    ids = [row.id for row in rows]
    lists: defaultdict[int, set[str]] = defaultdict(set)
    said: defaultdict[int, defaultdict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    current = memberships.c.subscriber_id.in_(ids), memberships.c.ended_at.is_(None)
    for subscriber_id, list_name in connection.execute(
        select(memberships.c.subscriber_id, memberships.c.list).where(*current)
    ):
        lists[subscriber_id].add(list_name)
    for subscriber_id, name, value in connection.execute(
        select(attributes.c.subscriber_id, attributes.c.name, attributes.c.value).where(
            attributes.c.subscriber_id.in_(ids), attributes.c.name.not_in(OWN_COLUMNS)
        )
    ):
        said[subscriber_id][name].add(value)
    for row in rows:
        yield Subscriber(
            id=SubscriberId(row.id),
            public_id=row.public_id,
            address=row.address,
            address_hash=row.address_hash,
            name=row.name,
            language=row.language,
            timezone=row.timezone,
            lists=frozenset(lists[row.id]),
            attributes={name: frozenset(values) for name, values in said[row.id].items()},
            joined_at=row.joined_at,
        )


def draw_columns(connection: Connection, ids: Select[Any]) -> None:
    """Set name, language and time zone of subscribers to what is claimed of them: by themselves, else by a list."""
    values = {column: func.coalesce(_first_claim(column), "") for column in OWN_COLUMNS}
    connection.execute(update(subscribers).where(subscribers.c.id.in_(ids)).values(values))


def _first_claim(name: str) -> Any:
    by_themselves = case((attributes.c.list == SIGNUP, 0), else_=1)
    return (
        select(attributes.c.value)
        .where(attributes.c.subscriber_id == subscribers.c.id, attributes.c.name == name)
        .order_by(by_themselves, attributes.c.list, attributes.c.value)
        .limit(1)
        .correlate(subscribers)
        .scalar_subquery()
    )


def _add_person(connection: Connection, row: ListRow, address_hash: str, now: datetime) -> SubscriberId:
    person = {
        "public_id": new_public_id(),
        "address": row.address,
        "address_hash": address_hash,
        "joined_at": row.joined_at or now,
    }
    connection.execute(insert_or_skip(connection, subscribers).values(person))
    mine = subscribers.c.address_hash == address_hash
    connection.execute(update(subscribers).where(mine, subscribers.c.address.is_(None)).values(address=row.address))
    return SubscriberId(connection.scalars(select(subscribers.c.id).where(mine)).one())


def _add_membership(connection: Connection, subscriber_id: SubscriberId, list_name: str, joined_at: datetime) -> None:
    key = {"subscriber_id": subscriber_id, "list": list_name}
    connection.execute(insert_or_skip(connection, memberships).values(**key, joined_at=joined_at))
    mine = (memberships.c.subscriber_id == subscriber_id, memberships.c.list == list_name)
    connection.execute(
        update(memberships)
        .where(*mine, memberships.c.ended_at.is_not(None))
        .values(ended_at=None, ended_reason="", joined_at=joined_at)
    )


def _add_claims(connection: Connection, subscriber_id: SubscriberId, list_name: str, row: ListRow) -> None:
    """Replace what the list says of the fields that the row speaks of; a sign-up ends what files say of them."""
    claims = list(claims_of(row))
    if not claims:
        return
    spoken_of = attributes.c.name.in_({name for name, _ in claims})
    theirs = attributes.c.subscriber_id == subscriber_id
    by_whom = or_(literal(list_name) == SIGNUP, attributes.c.list == list_name)
    connection.execute(delete(attributes).where(theirs, spoken_of, by_whom))
    chosen = select(attributes.c.name).where(theirs, attributes.c.list == SIGNUP)
    beaten = set(connection.scalars(chosen)) if list_name != SIGNUP else set()
    rows = [
        {"subscriber_id": subscriber_id, "list": list_name, "name": name, "value": value}
        for name, value in claims
        if name not in beaten
    ]
    if rows:
        connection.execute(attributes.insert(), rows)
    draw_columns(connection, select(literal(subscriber_id)))
