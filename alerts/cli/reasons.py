"""How a story's score and the decisions on it look in a terminal. Prints nothing by itself."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from alerts.cli.output import local, table

if TYPE_CHECKING:
    from alerts.desk.explain import Explained
    from alerts.store.records import Decision


def story_text(found: "Explained", zone: str) -> str:
    """Lay out why a story was picked or not: signals, thresholds, what was decided, and which gate stopped it."""
    story = found.story
    outlets = ", ".join(sorted({article.outlet for article in story.articles}))
    rows = [
        (one.name, f"{one.value:.2f}", f"{one.weight:g}", f"{one.points:+.2f}", one.evidence) for one in found.signals
    ]
    rows.append(("", "", "", f"{found.score:+.2f}", ""))
    lines = [
        f"{story.id}  {story.title}",
        f"{len(story.articles)} article{'s' if len(story.articles) > 1 else ''} of {outlets}",
        "",
        table(("SIGNAL", "VALUE", "WEIGHT", "POINTS", "EVIDENCE"), rows),
        "",
        f"score {found.score:.2f} → {found.level}; "
        f"an alert asks for {found.alert_score:g}, a review for {found.review_score:g}",
        f"now: {_now(found)}",
        *(f"  {'stopped by' if gate.stops else 'needs an editor:'} {gate.name}: {gate.text}" for gate in found.gates),
    ]
    for past, state, decisions in found.proposed:
        became = f"{past.edition.kind.value} {past.edition.id}, {state}: {past.edition.subject}"
        lines += ["", f"{local(past.edition.made_at, zone)}  proposed: {became}"]
        lines += decision_lines(decisions, zone)
    return "\n".join(lines)


def _now(found: "Explained") -> str:
    if found.action == "nothing":
        return "nothing is proposed"
    if found.action == "tell the desk":
        return "the desk is told that we do not have it; nothing of a watched outlet is sent"
    how = "waits for approval" if found.gates else "goes out by itself"
    developed = f", for it developed: {found.developed}" if found.developed else ""
    return f"an {found.action} {how}{developed}"


def decision_lines(decisions: "Sequence[Decision]", zone: str) -> list[str]:
    """Write what was decided, by whom, and on which score."""
    return [
        f"{local(one.at, zone)}  {one.decision} by {one.editor}"
        + (f" ({one.reason})" if one.reason else "")
        + (f"; score {one.verdict.score:.2f}: " + _points(one) if one.verdict else "")
        for one in decisions
    ]


def _points(decision: "Decision") -> str:
    signals = decision.verdict.signals if decision.verdict else ()
    return ", ".join(f"{signal.name} {signal.points:+.2f}" for signal in signals)
