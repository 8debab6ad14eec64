"""The roster: who asked for mail, who left, who is on which list. Edge: reads and writes the database.

A suppression is removed by nothing here but `lift`, which only the subscriber's own act may call.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, delete, func, literal, select, update

from alerts import tokens
from alerts.errors import SendRefused
from alerts.model import (
    SCOPE_ALL,
    SIGNUP,
    ListDiff,
    ListRow,
    Segment,
    Segments,
    Subscriber,
    Suppression,
    SuppressionReason,
)
from alerts.store import list_sync, people
from alerts.store.engine import reading, writing
from alerts.store.records import ListSync
from alerts.store.segments import Ids, segment_sql
from alerts.store.statements import insert_or_skip, insert_or_update
from alerts.store.tables import attributes, list_syncs, memberships, subscribers, suppressions

_ROWS_AT_ONCE = 1000


class Roster:
    """Who asked for mail. Each method is one transaction. Addresses must be normalised by the caller."""

    def __init__(self, engine: Engine, address_key: bytes) -> None:
        self._engine = engine
        self._address_key = address_key

    # --- subscribers ------------------------------------------------------------------------------

    def address_hash(self, address: str) -> str:
        """Tell what suppressions and deliveries know an address by."""
        return tokens.address_hash(self._address_key, address)

    def subscriber(self, address: str) -> Subscriber | None:
        """Find a subscriber by address."""
        return self._find(subscribers.c.address_hash == self.address_hash(address))

    def subscriber_by_hash(self, address_hash: str) -> Subscriber | None:
        """Find a subscriber by address hash; None too if they were erased."""
        return self._find(subscribers.c.address_hash == address_hash)

    def subscriber_by_public_id(self, public_id: str) -> Subscriber | None:
        """Find a subscriber by the name they have in links; None too if they were erased."""
        return self._find(subscribers.c.public_id == public_id)

    def address_hash_by_public_id(self, public_id: str) -> str | None:
        """Tell whom a link means, even if they were erased since: leaving must always work."""
        with reading(self._engine) as connection:
            found = select(subscribers.c.address_hash).where(subscribers.c.public_id == public_id)
            return connection.scalars(found).one_or_none()

    def subscribers(
        self,
        segment: Segment | None = None,
        all_segments: Segments | None = None,
        *,
        on_list: str | None = None,
        limit: int | None = None,
    ) -> Iterator[Subscriber]:
        """Stream subscribers by id: all, those of a segment, or those on a list; suppressed ones too.

        One transaction for the whole stream, so do not dawdle over it.
        """
        found = select(subscribers).where(subscribers.c.address.is_not(None))
        if segment is not None:
            found = found.where(subscribers.c.id.in_(segment_sql(segment, all_segments or {})))
        if on_list is not None:
            found = found.where(subscribers.c.id.in_(_members(on_list)))
        found = found.order_by(subscribers.c.id).limit(limit)
        with reading(self._engine) as connection:
            result = connection.execution_options(yield_per=_ROWS_AT_ONCE).execute(found)
            for rows in result.partitions():
                yield from people.filled(connection, rows)

    def count(self, segment: Segment, all_segments: Segments) -> int:
        """Count whom a segment picks, without those who must get no mail at all."""
        everybody = select(func.count()).select_from(subscribers)
        with reading(self._engine) as connection:
            picked = everybody.where(subscribers.c.id.in_(segment_sql(segment, all_segments)), _not_suppressed())
            return connection.scalar(picked) or 0

    def add(self, row: ListRow, *, list_name: str, now: datetime) -> Subscriber:
        """Put a person on a list, or say something new of one who is on it; what the row leaves open stays.

        Lifts no suppression. Raises SendRefused for somebody who was erased: only their own new sign-up, which lifts
        that, brings them back.
        """
        address_hash = self.address_hash(row.address)
        with writing(self._engine) as connection:
            if _is_erased(connection, address_hash):
                raise SendRefused(
                    "this address was forgotten at its owner's request",
                    hint="only they can come back, by signing up themselves",
                )
            subscriber_id = people.add(connection, row, address_hash=address_hash, list_name=list_name, now=now)
            found = connection.execute(select(subscribers).where(subscribers.c.id == subscriber_id)).all()
            return next(people.filled(connection, found))

    def _find(self, rule: ColumnElement[bool]) -> Subscriber | None:
        found = select(subscribers).where(rule, subscribers.c.address.is_not(None))
        with reading(self._engine) as connection:
            return next(people.filled(connection, connection.execute(found).all()), None)

    # --- lists ------------------------------------------------------------------------------------

    def diff_list(self, list_name: str, rows: Iterable[ListRow]) -> ListDiff:
        """Tell what bringing a list up to date would change; changes nothing."""
        _check_owned(list_name)
        with reading(self._engine) as connection:
            list_sync.stage(connection, rows, address_key=self._address_key)
            return list_sync.compare(connection, list_name)

    def apply_list(
        self,
        list_name: str,
        rows: Iterable[ListRow],
        *,
        now: datetime,
        file_hash: str = "",
        check: Callable[[ListDiff], None] | None = None,
    ) -> ListDiff:
        """Make a list what the rows say, in one transaction; what `check` raises undoes everything.

        Only this list's memberships and claims change. Memory stays flat whatever the number of rows, and nobody
        waits while they are read. Raises SendRefused for `signup`, which belongs to those who signed up themselves.
        """
        _check_owned(list_name)

        def stage(connection: Connection) -> None:
            list_sync.stage(connection, rows, address_key=self._address_key)

        with writing(self._engine, first=stage) as connection:
            diff = list_sync.compare(connection, list_name)
            if check is not None:
                check(diff)
            list_sync.apply(connection, list_name, now=now)
            list_sync.unstage(connection)
            synced = insert_or_update(connection, list_syncs)
            connection.execute(synced.values(list=list_name, at=now, members=diff.after, file_hash=file_hash))
        return diff

    def lists(self) -> Mapping[str, int]:
        """Count the members of every list that has any."""
        members = select(memberships.c.list, func.count().label("members")).where(memberships.c.ended_at.is_(None))
        with reading(self._engine) as connection:
            found = connection.execute(members.group_by(memberships.c.list).order_by(memberships.c.list))
            return {row.list: row.members for row in found}

    def last_sync(self, list_name: str) -> ListSync | None:
        """Tell when a list was last brought up to date; None: never."""
        with reading(self._engine) as connection:
            row = connection.execute(select(list_syncs).where(list_syncs.c.list == list_name)).one_or_none()
        return ListSync(**row._mapping) if row else None

    def fields(self, *, most: int = 50) -> Mapping[str, Mapping[str, int]]:
        """Tell what a rule can ask for: field → value → number of people, of each field the most frequent values."""
        asked: dict[str, dict[str, int]] = defaultdict(dict)
        with reading(self._engine) as connection:
            for statement in _field_counts(most):
                for name, value, number in connection.execute(statement):
                    asked[name][value] = number
        return asked

    # --- suppressions -----------------------------------------------------------------------------

    def suppress(
        self, address_hash: str, *, reason: SuppressionReason, scope: str, now: datetime, evidence: str = ""
    ) -> bool:
        """Send an address no more mail of a scope; False: that was so already. Durable when it returns."""
        with writing(self._engine) as connection:
            return _suppress(connection, address_hash, reason, scope, now, evidence)

    def suppressions(self, address_hash: str, *, lifted: bool = False) -> list[Suppression]:
        """List why an address gets no mail, oldest first; with `lifted` also what was lifted since."""
        found = select(suppressions).where(suppressions.c.address_hash == address_hash)
        if not lifted:
            found = found.where(suppressions.c.lifted_at.is_(None))
        with reading(self._engine) as connection:
            rows = connection.execute(found.order_by(suppressions.c.at, suppressions.c.scope)).all()
        return [_suppression(row) for row in rows]

    def lift(
        self,
        address_hash: str,
        *,
        by: str,
        now: datetime,
        scope: str | None = None,
        reasons: Collection[SuppressionReason] | None = None,
    ) -> int:
        """Let mail go to an address again, because its owner asked for it (`by` says how); return how many ended.

        Without `scope` or `reasons` it lifts every one. The row stays, with who lifted it.
        """
        rules = [suppressions.c.address_hash == address_hash, suppressions.c.lifted_at.is_(None)]
        if scope is not None:
            rules.append(suppressions.c.scope == scope)
        if reasons is not None:
            rules.append(suppressions.c.reason.in_([reason.value for reason in reasons]))
        with writing(self._engine) as connection:
            done = connection.execute(update(suppressions).where(*rules).values(lifted_at=now, lifted_by=by))
        return done.rowcount

    def forget(self, address_hash: str, now: datetime) -> bool:
        """Erase a person everywhere but for the keyed hash that keeps them from being mailed again.

        False: nobody of that hash was known; mail to it is suppressed all the same.
        """
        with writing(self._engine) as connection:
            _suppress(connection, address_hash, SuppressionReason.ERASED, SCOPE_ALL, now, "")
            connection.execute(
                update(suppressions).where(suppressions.c.address_hash == address_hash).values(evidence="")
            )
            person = select(subscribers.c.id).where(subscribers.c.address_hash == address_hash)
            subscriber_id = connection.scalars(person).one_or_none()
            if subscriber_id is None:
                return False
            for table in (attributes, memberships):
                connection.execute(delete(table).where(table.c.subscriber_id == subscriber_id))
            erased = {"address": None, "name": "", "language": "", "timezone": "", "joined_at": None}
            connection.execute(update(subscribers).where(subscribers.c.id == subscriber_id).values(erased))
        return True


def _check_owned(list_name: str) -> None:
    if list_name == SIGNUP:
        raise SendRefused(f'no file may own the list "{SIGNUP}": it is those who signed up', hint="rename the file")


# --- suppression ---------------------------------------------------------------------------------


def _suppress(
    connection: Connection, address_hash: str, reason: SuppressionReason, scope: str, now: datetime, evidence: str
) -> bool:
    key = {"address_hash": address_hash, "scope": scope, "reason": reason.value}
    added = connection.execute(insert_or_skip(connection, suppressions).values(**key, at=now, evidence=evidence))
    if added.rowcount == 1:
        return True
    mine = [suppressions.c[name] == value for name, value in key.items()]
    again = connection.execute(
        update(suppressions)
        .where(*mine, suppressions.c.lifted_at.is_not(None))
        .values(at=now, evidence=evidence, lifted_at=None, lifted_by="")
    )
    return again.rowcount == 1


def _suppression(row: Row[Any]) -> Suppression:
    reason = SuppressionReason(row.reason)
    return Suppression(address_hash=row.address_hash, reason=reason, scope=row.scope, at=row.at, evidence=row.evidence)


def _is_erased(connection: Connection, address_hash: str) -> bool:
    erased = select(suppressions.c.address_hash).where(
        suppressions.c.address_hash == address_hash,
        suppressions.c.reason == SuppressionReason.ERASED.value,
        suppressions.c.lifted_at.is_(None),
    )
    return connection.execute(erased).first() is not None


def _not_suppressed() -> ColumnElement[bool]:
    return subscribers.c.address_hash.not_in(
        select(suppressions.c.address_hash).where(suppressions.c.scope == SCOPE_ALL, suppressions.c.lifted_at.is_(None))
    )


# --- counting ------------------------------------------------------------------------------------


def _members(list_name: str) -> Ids:
    return select(memberships.c.subscriber_id).where(memberships.c.list == list_name, memberships.c.ended_at.is_(None))


def _field_counts(most: int) -> Iterator[Any]:
    number = func.count(attributes.c.subscriber_id.distinct())
    ranked = (
        select(
            attributes.c.name,
            attributes.c.value,
            number.label("number"),
            func.row_number()
            .over(partition_by=attributes.c.name, order_by=(number.desc(), attributes.c.value))
            .label("rank"),
        )
        .where(attributes.c.name.not_in(people.OWN_COLUMNS))
        .group_by(attributes.c.name, attributes.c.value)
        .subquery()
    )
    yield (
        select(ranked.c.name, ranked.c.value, ranked.c.number)
        .where(ranked.c.rank <= most)
        .order_by(ranked.c.name, ranked.c.rank)
    )
    lists = select(literal("list"), memberships.c.list, func.count()).where(memberships.c.ended_at.is_(None))
    yield lists.group_by(memberships.c.list).order_by(func.count().desc(), memberships.c.list)
    for column in (subscribers.c.language, subscribers.c.timezone):
        spoken = select(literal(column.name), column, func.count()).where(column != "")
        yield spoken.group_by(column).order_by(func.count().desc(), column).limit(most)
