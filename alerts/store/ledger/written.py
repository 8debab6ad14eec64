"""Editions as JSON and rows, and back without loss. Pure."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row

from alerts.model import (
    ArticleId,
    Correction,
    Edition,
    EditionId,
    EditionState,
    Entry,
    Image,
    Kind,
    Sentence,
    StoryId,
    UnknownPolicy,
    Urgency,
)
from alerts.store.records import EditionRecord


def edition_to_json(edition: Edition) -> str:
    """Write an edition; `edition_from_json` reads it back equal."""
    return json.dumps(asdict(edition), ensure_ascii=False, sort_keys=True, default=_instant)


def edition_from_json(written: str) -> Edition:
    """Read what `edition_to_json` wrote."""
    raw: dict[str, Any] = json.loads(written)
    return Edition(
        id=EditionId(raw["id"]),
        kind=Kind(raw["kind"]),
        urgency=Urgency(raw["urgency"]),
        key=raw["key"],
        told_key=raw["told_key"],
        subject=raw["subject"],
        preheader=raw["preheader"],
        # Editions of an earlier release have no line.
        line=raw.get("line", ""),
        entries=tuple(_entry(entry) for entry in raw["entries"]),
        corrections=tuple(_entry(entry) for entry in raw.get("corrections", ())),
        corrects=EditionId(corrects) if (corrects := raw.get("corrects")) else None,
        segments=tuple(raw["segments"]),
        language=raw["language"],
        scope=raw["scope"],
        title=raw["title"],
        digest=raw["digest"],
        nominal_on=date.fromisoformat(raw["nominal_on"]) if raw["nominal_on"] else None,
        made_at=datetime.fromisoformat(raw["made_at"]),
        not_before_at=_at(raw["not_before_at"]),
        expires_at=_at(raw["expires_at"]),
        unknown_policy=UnknownPolicy(raw["unknown_policy"]),
        again=raw["again"],
        reasons=tuple(raw["reasons"]),
        made_by=raw["made_by"],
    )


def content_hash(edition: Edition, variant_hashes: Iterable[str] = ()) -> str:
    """Hash all that is said and to whom, with the renderings it is frozen with: SHA-256, hex."""
    return hashlib.sha256("\n".join((edition_to_json(edition), *sorted(variant_hashes))).encode()).hexdigest()


def edition_row(edition: Edition) -> dict[str, Any]:
    """Make the columns that follow from the edition itself."""
    return {
        "id": edition.id,
        "key": edition.key,
        "told_key": edition.told_key,
        "kind": edition.kind.value,
        "lane": edition.lane.rank,
        "subject": edition.subject,
        "edition": edition_to_json(edition),
        "content_hash": content_hash(edition),
        "digest": edition.digest,
        "nominal_on": edition.nominal_on,
        "scope": edition.scope,
        "unknown_policy": edition.unknown_policy.value,
        "made_at": edition.made_at,
        "not_before_at": edition.not_before_at,
        "expires_at": edition.expires_at,
    }


def record_of(row: Row[Any]) -> EditionRecord:
    """Read a row of `editions`."""
    return EditionRecord(
        edition=edition_from_json(row.edition),
        state=EditionState(row.state),
        approved_by=row.approved_by,
        ready_at=row.ready_at,
        finished_at=row.finished_at,
        candidates=row.candidates,
        provider=row.provider,
        rehearsal=row.rehearsal,
        state_reason=row.state_reason,
        content_hash=row.content_hash,
    )


def _entry(raw: dict[str, Any]) -> Entry:
    image, story, article = raw["image"], raw["story"], raw["article"]
    return Entry(
        headline=raw["headline"],
        sentences=tuple(Sentence(**sentence) for sentence in raw["sentences"]),
        url=raw["url"],
        outlet=raw["outlet"],
        section=raw["section"],
        language=raw["language"],
        published_at=_at(raw["published_at"]),
        image=Image(**image) if image else None,
        story=StoryId(story) if story else None,
        article=ArticleId(article) if article else None,
        method=raw.get("method", ""),
        doubts=tuple(raw.get("doubts", ())),
        known=tuple(Sentence(**sentence) for sentence in raw.get("known", ())),
        unknown=tuple(Sentence(**sentence) for sentence in raw.get("unknown", ())),
        outlets=tuple(raw.get("outlets", ())),
        correction=_correction(raw.get("correction")),
        alerted_at=_at(raw.get("alerted_at")),
    )


def _correction(raw: dict[str, Any] | None) -> Correction | None:
    return Correction(**{**raw, "wrong_at": _at(raw["wrong_at"]), "at": _at(raw["at"])}) if raw else None


def _at(written: str | None) -> datetime | None:
    return datetime.fromisoformat(written) if written else None


def _instant(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"an edition must not hold a {type(value).__name__}")
