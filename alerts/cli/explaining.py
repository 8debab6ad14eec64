"""`explain EDITION`: where each printed sentence comes from. Changes nothing."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from alerts.cli.output import local, wrapped

if TYPE_CHECKING:
    from alerts.cli.session import Session
    from alerts.desk import Newsdesk
    from alerts.desk.standing import Traced
    from alerts.model import Finding
    from alerts.store.records import EditionRecord

_METHODS = {
    "standfirst": "the publisher’s own standfirst, and what the text adds",
    "lead": "sentences of the article",
    "llm": "a language model’s text that the guard let through",
}


def explain_edition(session: "Session", desk: "Newsdesk", record: "EditionRecord") -> None:
    """Print each sentence of an edition with its article, its place and the sentence it comes from."""
    from alerts.desk import standing

    edition, zone = record.edition, desk.config.newsroom.timezone
    sources = standing.sources_of(desk, edition)
    traced = standing.trace(edition, sources)
    found = standing.doubts(edition, sources)
    decisions = [
        f"{local(one.at, zone)}  {one.decision} by {one.editor} {one.reason}".rstrip()
        for one in desk.store.daybook.decisions(edition.id)
    ]
    data: dict[str, Any] = {
        "edition": edition.id,
        "kind": edition.kind,
        "state": record.state,
        "subject": edition.subject,
        "preheader": edition.preheader,
        "line": edition.line,
        "reasons": edition.reasons,
        "methods": [entry.method for entry in edition.entries],
        "sentences": [asdict(one) for one in traced],
        "findings": found,
        "decisions": decisions,
    }
    lines = [
        f"{edition.id}  {edition.subject}",
        *(f"picked because: {reason}" for reason in edition.reasons),
        *decisions,
    ]
    for number, entry in enumerate(edition.entries, start=1):
        lines += ["", f"{number}. {entry.headline}" if edition.digest else entry.headline]
        lines += [f"   made of: {_METHODS[entry.method]}"] if entry.method in _METHODS else []
        lines += [line for one in traced if one.story == number for line in _sentence(one)]
    elsewhere = [finding for finding in found if not any(_is_of(one, finding) for one in traced)]
    lines += ["", *(f"! {finding.place}: {finding.text}" for finding in elsewhere)] if elsewhere else []
    session.data(data, "\n".join(lines))


def _is_of(one: "Traced", finding: "Finding") -> bool:
    """Tell whether a finding is printed beside its sentence already."""
    return finding.place == f"story {one.story}" and any(
        finding.text.startswith(f'"{doubt.partition("”: ")[0].lstrip("“")}"') for doubt in one.doubts
    )


def _sentence(one: "Traced") -> list[str]:
    where = f"{one.outlet}, {one.place}: {one.title}"
    if one.written_by:
        against = f"held against {one.outlet}: {one.title}" if one.article else "no article yet"
        where = f"{one.written_by}; {against}"
    lines = [wrapped(one.text, indent="   "), f"     ← {where}"]
    if one.source and one.source != one.text:
        lines.append(wrapped(f"there: {one.source}", indent="       "))
    return [*lines, *(f"     ! {doubt}" for doubt in one.doubts)]
