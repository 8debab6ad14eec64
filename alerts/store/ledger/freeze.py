"""Drafts, and the one transaction that freezes an edition: its content, its renderings and whom it goes to.

Edge: works inside the transaction that it is given. Counting and freezing share their statements, so that the number
an editor confirms is the number that is frozen.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Row,
    Select,
    String,
    and_,
    case,
    delete,
    exists,
    false,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    true,
    union,
    update,
)

from alerts.errors import NeedsAgain, SendRefused
from alerts.mail.variant import Variant
from alerts.model import (
    SCOPE_ALL,
    Audience,
    AudienceCount,
    DeliveryState,
    Edition,
    EditionState,
    Fate,
    SuppressionReason,
)
from alerts.store.ledger.written import content_hash, edition_from_json, edition_row, edition_to_json
from alerts.store.segments import segment_sql
from alerts.store.statements import insert_or_skip
from alerts.store.tables import (
    deliveries,
    edition_stories,
    edition_variants,
    editions,
    exclusions,
    subscribers,
    suppressions,
    variants,
)

TOLD_BEFORE = "told before"
REHEARSAL = "rehearsal"

#: how a draft ends that never became more; its key is free again
_CAME_TO_NOTHING = (EditionState.REJECTED.value, EditionState.EXPIRED.value, EditionState.SKIPPED.value)
#: with what is appended it still fits the column
_LONGEST_KEY = 360


def add_draft(connection: Connection, edition: Edition) -> bool:
    """Write a draft, unless its key is taken by something that was sent or may yet be."""
    for row in connection.execute(select(editions).where(editions.c.key == edition.key).with_for_update()).all():
        if row.id != edition.id and _came_to_nothing(row):
            _give_up_key(connection, row)
    draft = {**edition_row(edition), "state": EditionState.DRAFT.value}
    if connection.execute(insert_or_skip(connection, editions).values(draft)).rowcount == 0:
        return False
    _write_stories(connection, edition)
    return True


def replace_draft(connection: Connection, edition: Edition, *, shown: str | None = None) -> bool:
    """Overwrite a draft with its edited self; `shown` is the content hash of what it replaces."""
    still_draft = and_(editions.c.id == edition.id, editions.c.state == EditionState.DRAFT.value)
    if shown is not None:
        still_draft = and_(still_draft, editions.c.content_hash == shown)
    if connection.execute(update(editions).where(still_draft).values(edition_row(edition))).rowcount == 0:
        return False
    _write_stories(connection, edition)
    return True


def count_audience(connection: Connection, edition: Edition, audience: Audience) -> AudienceCount:
    """Count whom it would reach now."""
    people = _candidates(audience)
    reason = _why_not(edition, audience).label("reason")
    found = select(reason, func.count()).select_from(_joined(people)).group_by(reason)
    excluded = {why or "": number for why, number in connection.execute(found)}
    candidates = sum(excluded.values())
    excluded.pop("", None)
    return AudienceCount(
        candidates=candidates, by_segment=_by_segment(connection, audience), excluded=dict(sorted(excluded.items()))
    )


def freeze(
    connection: Connection,
    edition: Edition,
    *,
    renderings: Mapping[str, Variant],
    audience: Audience,
    provider: str,
    approved_by: str,
    now: datetime,
    expected: int | None = None,
    shown: str | None = None,
) -> AudienceCount:
    """Freeze an edition: make it ready, with one delivery or one exclusion for every candidate.

    Raises NeedsAgain if the key was frozen before, SendRefused if not about `expected` would get it or if its draft
    is not the one that was `shown` (its content hash), ValueError without a rendering for everybody else ("").
    """
    if "" not in renderings:
        raise ValueError("there must be a variant for readers of other languages")
    _make_way(connection, edition, shown=shown)
    _write_edition(connection, edition, renderings, audience=audience, provider=provider, by=approved_by, now=now)
    people = _candidates(audience)
    _exclude(connection, edition, audience, people)
    to_send = _deliver(connection, edition, people, renderings, now=now)
    if expected is not None and not _is_near(to_send, expected):
        raise SendRefused(
            f"{to_send} subscribers would get it now, {expected} were confirmed",
            hint="look at it again, and confirm the new number",
        )
    excluded = _excluded(connection, edition)
    candidates = to_send + sum(excluded.values())
    connection.execute(update(editions).where(editions.c.id == edition.id).values(candidates=candidates))
    return AudienceCount(candidates=candidates, by_segment=_by_segment(connection, audience), excluded=excluded)


def _is_near(number: int, confirmed: int) -> bool:
    """Allow for those who leave, or join a large list, between the plan and the editor's word."""
    share = confirmed // 50
    return confirmed - max(share, 10) <= number <= confirmed + share


# --- the edition itself --------------------------------------------------------------------------


def _make_way(connection: Connection, edition: Edition, *, shown: str | None) -> None:
    """Clear key and id for the edition: take its draft away, re-key what came to nothing; anything else stays."""
    same = or_(editions.c.key == edition.key, editions.c.id == edition.id)
    rows = connection.execute(select(editions).where(same).with_for_update()).all()
    for row in rows:
        if row.state == EditionState.DRAFT.value:
            connection.execute(delete(edition_stories).where(edition_stories.c.edition_id == row.id))
            connection.execute(delete(editions).where(editions.c.id == row.id))
        elif not _came_to_nothing(row):
            when = f" on {row.ready_at:%Y-%m-%d %H:%M} UTC" if row.ready_at else ""
            raise NeedsAgain(
                f'this was sent before as {row.id} "{row.subject}"{when} ({row.state})',
                hint="to send it once more, say why: --again REASON",
            )
        elif row.id == edition.id:
            # somebody said no while somebody else said yes
            raise SendRefused(
                f'{row.id} "{row.subject}" is {row.state}: it cannot be sent any more',
                hint=f"`alerts editions show {row.id}` tells why",
            )
        else:
            _give_up_key(connection, row)
    if shown is not None and shown not in {row.content_hash for row in rows if row.id == edition.id}:
        raise SendRefused(
            f'{edition.id} "{edition.subject}": it was changed since you read it', hint="read it again, then approve it"
        )


def _came_to_nothing(row: Row[Any]) -> bool:
    return row.ready_at is None and row.state in _CAME_TO_NOTHING


def _give_up_key(connection: Connection, row: Row[Any]) -> None:
    """Re-key an edition of which nobody was told, so that the same may be proposed and sent after all."""
    key = f"{row.key[:_LONGEST_KEY]}/past-{row.id}"
    past = edition_to_json(replace(edition_from_json(row.edition), key=key))
    connection.execute(update(editions).where(editions.c.id == row.id).values(key=key, edition=past))


def _write_edition(
    connection: Connection,
    edition: Edition,
    renderings: Mapping[str, Variant],
    *,
    audience: Audience,
    provider: str,
    by: str,
    now: datetime,
) -> None:
    hashes = {language: variant.hash for language, variant in renderings.items()}
    connection.execute(
        insert(editions).values(
            {
                **edition_row(edition),
                "state": EditionState.READY.value,
                "content_hash": content_hash(edition, hashes.values()),
                "approved_by": by,
                "ready_at": now,
                "provider": provider,
                "rehearsal": audience.only_to is not None,
            }
        )
    )
    for language, variant in renderings.items():
        row = {"hash": hashes[language], "variant": variant.to_json()}
        connection.execute(insert_or_skip(connection, variants).values(row))
        connection.execute(
            insert(edition_variants).values(edition_id=edition.id, language=language, variant_hash=hashes[language])
        )
    _write_stories(connection, edition)


def _write_stories(connection: Connection, edition: Edition) -> None:
    connection.execute(delete(edition_stories).where(edition_stories.c.edition_id == edition.id))
    rows = [
        {"edition_id": edition.id, "position": position, "story_id": entry.story, "article_id": entry.article}
        for position, entry in enumerate(edition.entries)
    ]
    if rows:
        connection.execute(insert(edition_stories), rows)


# --- its audience --------------------------------------------------------------------------------


def _candidates(audience: Audience) -> FromClause:
    """Everybody whom at least one segment picks, once."""
    picked = [segment_sql(segment, audience.all_segments) for segment in audience.segments]
    nobody = select(subscribers.c.id).where(false())
    return union(*picked, nobody).subquery("candidates")


def _joined(people: FromClause) -> FromClause:
    return people.join(subscribers, subscribers.c.id == people.c.id)


def _why_not(edition: Edition, audience: Audience) -> ColumnElement[str | None]:
    """Say why a candidate gets none: suppression before told before before rehearsal. NULL: gets one."""
    told = exists().where(deliveries.c.told_key == edition.told_key, deliveries.c.subscriber_id == subscribers.c.id)
    outside: ColumnElement[bool] = false()
    if audience.only_to is not None:
        outside = subscribers.c.address_hash.not_in(audience.only_to) if audience.only_to else true()
    return case(
        (subscribers.c.address.is_(None), literal(SuppressionReason.ERASED.value, String)),
        (suppressed_because(edition.scope).is_not(None), suppressed_because(edition.scope)),
        (told.correlate(subscribers), literal(TOLD_BEFORE, String)),
        (outside, literal(REHEARSAL, String)),
        else_=null(),
    )


def suppressed_because(scope: str | ColumnElement[str]) -> ColumnElement[str | None]:
    """Name the first reason why a row of `subscribers` must get no mail of a scope; NULL: there is none."""
    order = case({reason.value: rank for rank, reason in enumerate(SuppressionReason)}, value=suppressions.c.reason)
    return (
        select(suppressions.c.reason)
        .where(
            suppressions.c.address_hash == subscribers.c.address_hash,
            or_(suppressions.c.scope == SCOPE_ALL, suppressions.c.scope == scope),
            suppressions.c.lifted_at.is_(None),
        )
        .order_by(order)
        .limit(1)
        .correlate(subscribers)
        .scalar_subquery()
    )


def _exclude(connection: Connection, edition: Edition, audience: Audience, people: FromClause) -> None:
    reason = _why_not(edition, audience)
    found = (
        select(literal(edition.id, String), subscribers.c.id, subscribers.c.address_hash, reason)
        .select_from(_joined(people))
        .where(reason.is_not(None))
    )
    columns = ["edition_id", "subscriber_id", "address_hash", "reason"]
    connection.execute(insert(exclusions).from_select(columns, found, include_defaults=False))


def _deliver(
    connection: Connection,
    edition: Edition,
    people: FromClause,
    renderings: Mapping[str, Variant],
    *,
    now: datetime,
) -> int:
    """Plan a delivery for every candidate who is not excluded: the two are each other's rest by construction."""
    excluded = exists().where(exclusions.c.edition_id == edition.id, exclusions.c.subscriber_id == subscribers.c.id)
    row: Mapping[str, Any] = {
        "edition_id": literal(edition.id, String),
        "subscriber_id": subscribers.c.id,
        "address_hash": subscribers.c.address_hash,
        "told_key": literal(edition.told_key, String),
        "language": _language(renderings),
        "state": literal(DeliveryState.PENDING.value, String),
        "attempts": literal(0),
        "resends": literal(0),
        "changed_at": literal(now, deliveries.c.changed_at.type),
        "fate": literal(Fate.NONE.value, String),
        "reason": literal("", String),
        "provider_ref": literal("", String),
    }
    found: Select[Any] = (
        select(*row.values())
        .select_from(_joined(people))
        .where(~excluded.correlate(subscribers))
        .order_by(subscribers.c.id)
    )
    statement = insert(deliveries).from_select(list(row), found, include_defaults=False)
    # psycopg forgets the count of an INSERT unless it is told to keep it
    return connection.execute(statement, execution_options={"preserve_rowcount": True}).rowcount


def _language(renderings: Mapping[str, Variant]) -> ColumnElement[str]:
    """Pick the rendering in the reader's language: the nearest that there is, `fr` for a reader of `fr-CA`."""
    speaks = func.lower(subscribers.c.language)
    # the longest first: fr-CA before fr
    known = sorted((language for language in renderings if language), key=len, reverse=True)
    if not known:
        return literal("", String)
    return case(
        *(
            (
                or_(speaks == language.lower(), speaks.startswith(f"{language.lower()}-", autoescape=True)),
                literal(language, String),
            )
            for language in known
        ),
        else_=literal("", String),
    )


def _excluded(connection: Connection, edition: Edition) -> dict[str, int]:
    found = (
        select(exclusions.c.reason, func.count().label("number"))
        .where(exclusions.c.edition_id == edition.id)
        .group_by(exclusions.c.reason)
        .order_by(exclusions.c.reason)
    )
    return {row.reason: row.number for row in connection.execute(found)}


def _by_segment(connection: Connection, audience: Audience) -> dict[str, int]:
    counts = {}
    for segment in audience.segments:
        picked = segment_sql(segment, audience.all_segments).subquery()
        counts[segment.name] = connection.execute(select(func.count()).select_from(picked)).scalar_one()
    return counts
