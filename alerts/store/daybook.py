"""The daybook: what the desk decided, what it was told, which digests were due. Edge: reads and writes the database."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, Row, delete, or_, select, update

from alerts.model import EditionId, Notice, NoticeKind, Occurrence, StoryId
from alerts.store import tables
from alerts.store.archived import verdict_from_json, verdict_to_json
from alerts.store.engine import reading, writing
from alerts.store.records import Decision, Fact, OccurrenceRecord, WaitingNotice
from alerts.store.statements import insert_or_skip, insert_or_update

#: States of an occurrence.
OPENED, SKIPPED = "opened", "skipped"

#: Begins the keys of occurrences that were only rehearsed.
_REHEARSAL = "rehearsal/"

_FAR_AHEAD = timedelta(minutes=1)


class Daybook:
    """What the desk decided and was told. Each method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # --- occurrences ------------------------------------------------------------------------------

    def open_occurrence(
        self, occurrence: Occurrence, *, edition: EditionId, now: datetime, rehearsal: bool = False
    ) -> bool:
        """Take an occurrence for an edition; False: it was taken or skipped before, perhaps by another process.

        What is rehearsed has a record of its own: it takes nothing from the occurrence that everybody waits for.
        """
        key = occurrence_key(occurrence.key, rehearsal=rehearsal)
        return self._settle(key, occurrence, state=OPENED, edition=edition, reason="", now=now)

    def skip_occurrence(self, occurrence: Occurrence, *, reason: str, now: datetime, rehearsal: bool = False) -> bool:
        """Record that a digest does not go out, and why; False: it was taken or skipped before."""
        key = occurrence_key(occurrence.key, rehearsal=rehearsal)
        return self._settle(key, occurrence, state=SKIPPED, edition=None, reason=reason, now=now)

    def replace_occurrence(
        self,
        occurrence: Occurrence,
        *,
        instead_of: EditionId,
        edition: EditionId | None,
        now: datetime,
        reason: str = "",
        rehearsal: bool = False,
    ) -> bool:
        """Give an occurrence whose edition came to nothing to another, or skip it (None) with the reason.

        False: it is not that edition's any more.
        """
        table = tables.occurrences
        with writing(self._engine) as connection:
            done = connection.execute(
                update(table)
                .where(table.c.key == occurrence_key(occurrence.key, rehearsal=rehearsal))
                .where(table.c.state == OPENED, table.c.edition_id == instead_of)
                .values(state=OPENED if edition else SKIPPED, edition_id=edition, reason=reason, at=now)
            )
        return done.rowcount == 1

    def occurrence(self, key: str, *, rehearsal: bool = False) -> OccurrenceRecord | None:
        """Tell what became of an occurrence."""
        with reading(self._engine) as connection:
            wanted = tables.occurrences.c.key == occurrence_key(key, rehearsal=rehearsal)
            row = connection.execute(select(tables.occurrences).where(wanted)).one_or_none()
        return _occurrence(row) if row else None

    def occurrences(self, digest: str | None = None, *, since: datetime) -> list[OccurrenceRecord]:
        """List what was due since an instant, of one digest or of all, oldest first; nothing that was rehearsed."""
        table = tables.occurrences
        found = select(table).where(table.c.due_at >= since).order_by(table.c.due_at, table.c.key)
        found = found.where(table.c.key.not_like(f"{_REHEARSAL}%"))
        if digest is not None:
            found = found.where(table.c.digest == digest)
        with reading(self._engine) as connection:
            return [_occurrence(row) for row in connection.execute(found)]

    def _settle(
        self, key: str, occurrence: Occurrence, *, state: str, edition: EditionId | None, reason: str, now: datetime
    ) -> bool:
        with writing(self._engine) as connection:
            done = connection.execute(
                insert_or_skip(connection, tables.occurrences).values(
                    key=key,
                    digest=occurrence.digest,
                    nominal_on=occurrence.nominal_on,
                    slot=occurrence.slot,
                    zone=occurrence.zone,
                    due_at=occurrence.due_at,
                    state=state,
                    edition_id=edition,
                    reason=reason,
                    at=now,
                )
            )
        return done.rowcount == 1

    # --- decisions --------------------------------------------------------------------------------

    def decide(self, decision: Decision) -> None:
        """Record what an editor decided; nothing here is ever changed or removed."""
        with writing(self._engine) as connection:
            connection.execute(
                tables.decisions.insert().values(
                    edition_id=decision.edition,
                    story_id=decision.story,
                    decision=decision.decision,
                    editor=decision.editor,
                    at=decision.at,
                    reason=decision.reason,
                    verdict=verdict_to_json(decision.verdict),
                )
            )

    def decisions(self, edition: EditionId) -> list[Decision]:
        """List what was decided on an edition, oldest first."""
        table = tables.decisions
        with reading(self._engine) as connection:
            rows = connection.execute(select(table).where(table.c.edition_id == edition).order_by(table.c.id)).all()
        return [_decision(row) for row in rows]

    def story_decisions(self, story: StoryId) -> list[Decision]:
        """List what was decided on a story and its editions, oldest first."""
        table = tables.decisions
        with reading(self._engine) as connection:
            rows = connection.execute(select(table).where(table.c.story_id == story).order_by(table.c.id)).all()
        return [_decision(row) for row in rows]

    # --- notices ----------------------------------------------------------------------------------

    def add_notice(self, notice: Notice) -> bool:
        """Queue something that the desk must know; False: it was told or waits already."""
        with writing(self._engine) as connection:
            done = connection.execute(
                insert_or_skip(connection, tables.notices).values(
                    key=notice.key,
                    kind=notice.kind.value,
                    text=notice.text,
                    edition_id=notice.edition,
                    at=notice.at,
                )
            )
        return done.rowcount == 1

    def waiting_notices(self, now: datetime) -> list[WaitingNotice]:
        """List notices that were not both mailed and posted yet and may be tried now, oldest first."""
        table = tables.notices
        found = (
            select(table)
            .where(or_(table.c.mailed_at.is_(None), table.c.posted_at.is_(None)))
            .where(or_(table.c.not_before_at.is_(None), table.c.not_before_at <= now))
            .order_by(table.c.at, table.c.key)
        )
        with reading(self._engine) as connection:
            return [_notice(row) for row in connection.execute(found)]

    def notices(self, *, since: datetime) -> list[WaitingNotice]:
        """List what the desk was told since an instant, newest first."""
        table = tables.notices
        found = select(table).where(table.c.at >= since).order_by(table.c.at.desc(), table.c.key)
        with reading(self._engine) as connection:
            return [_notice(row) for row in connection.execute(found)]

    def notice_mailed(self, key: str, now: datetime) -> None:
        """Record that a notice was mailed, or that nobody is to be mailed."""
        self._change_notice(key, mailed_at=now)

    def notice_posted(self, key: str, now: datetime) -> None:
        """Record that a notice was posted to the webhook, or that there is none."""
        self._change_notice(key, posted_at=now)

    def notice_failed(self, key: str, error: str, retry_at: datetime) -> None:
        """Record that telling it failed, and when it is tried again."""
        attempts = tables.notices.c.attempts + 1
        self._change_notice(key, attempts=attempts, last_error=error, not_before_at=retry_at)

    def _change_notice(self, key: str, **values: object) -> None:
        with writing(self._engine) as connection:
            connection.execute(update(tables.notices).where(tables.notices.c.key == key).values(**values))

    # --- small facts ------------------------------------------------------------------------------

    def get(self, name: str) -> Fact | None:
        """Read a small fact, and when it was put."""
        with reading(self._engine) as connection:
            row = connection.execute(select(tables.control).where(tables.control.c.name == name)).one_or_none()
        return Fact(row.value, row.at) if row else None

    def put(self, name: str, value: str, now: datetime) -> None:
        """Keep a small fact under its name."""
        with writing(self._engine) as connection:
            statement = insert_or_update(connection, tables.control)
            connection.execute(statement.values(name=name, value=value, at=now))

    def remove(self, name: str) -> bool:
        """Forget a small fact; False: there was none."""
        with writing(self._engine) as connection:
            done = connection.execute(delete(tables.control).where(tables.control.c.name == name))
        return done.rowcount == 1

    def hold(self, name: str, *, owner: str, now: datetime, until: datetime) -> bool:
        """Take a duty that one process at a time may have, or keep it for longer; False: another one has it."""
        table = tables.control
        with writing(self._engine) as connection:
            statement = insert_or_update(
                connection,
                table,
                where=or_(
                    table.c.value == owner,
                    table.c.at <= now,
                    # taken by a clock that has gone back since: nobody takes a duty for so long
                    table.c.at > until + _FAR_AHEAD,
                ),
            )
            done = connection.execute(statement.values(name=name, value=owner, at=until))
        return done.rowcount == 1

    def let_go(self, name: str, *, owner: str) -> None:
        """Give up a duty, so that another process need not wait for its end."""
        table = tables.control
        with writing(self._engine) as connection:
            connection.execute(delete(table).where(table.c.name == name, table.c.value == owner))

    def facts(self, prefix: str) -> Sequence[tuple[str, str, datetime]]:
        """List the small facts whose names begin so: name, value, when it was put."""
        table = tables.control
        with reading(self._engine) as connection:
            found = select(table).where(table.c.name.startswith(prefix, autoescape=True)).order_by(table.c.name)
            return [(row.name, row.value, row.at) for row in connection.execute(found)]


def occurrence_key(key: str, *, rehearsal: bool) -> str:
    """Name an occurrence's record."""
    return _REHEARSAL + key if rehearsal else key


def _occurrence(row: Row[Any]) -> OccurrenceRecord:
    return OccurrenceRecord(
        occurrence=Occurrence(
            digest=row.digest, nominal_on=row.nominal_on, slot=row.slot, zone=row.zone, due_at=row.due_at
        ),
        state=row.state,
        edition=EditionId(row.edition_id) if row.edition_id else None,
        reason=row.reason,
        at=row.at,
    )


def _decision(row: Row[Any]) -> Decision:
    return Decision(
        edition=EditionId(row.edition_id) if row.edition_id else None,
        story=StoryId(row.story_id) if row.story_id else None,
        decision=row.decision,
        editor=row.editor,
        at=row.at,
        reason=row.reason,
        verdict=verdict_from_json(row.verdict),
    )


def _notice(row: Row[Any]) -> WaitingNotice:
    return WaitingNotice(
        notice=Notice(
            key=row.key,
            kind=NoticeKind(row.kind),
            text=row.text,
            at=row.at,
            edition=EditionId(row.edition_id) if row.edition_id else None,
        ),
        mailed_at=row.mailed_at,
        posted_at=row.posted_at,
        attempts=row.attempts,
        last_error=row.last_error,
    )
