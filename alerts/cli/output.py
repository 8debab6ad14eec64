"""How things look in a terminal: tables, the plan of a send, receipts, progress. Prints nothing by itself."""

import sys
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from alerts.desk.dispatching import Listener
    from alerts.desk.send import SendPlan
    from alerts.model import EditionId, Finding, OutcomeKind, Receipt


def width(text: str) -> int:
    """Count the terminal cells of a text."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def table(headers: Sequence[str], rows: Sequence[Sequence[object]], *, empty: str = "none") -> str:
    """Lay rows out in columns; the last one may be as long as it likes."""
    if not rows:
        return empty
    cells = [list(headers), *([("" if cell is None else str(cell)) for cell in row] for row in rows)]
    widths = [max(width(row[column]) for row in cells) for column in range(len(headers))]
    lines = []
    for row in cells:
        padded = [cell + " " * (wide - width(cell)) for cell, wide in zip(row, widths, strict=True)]
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)


def local(instant: datetime | None, zone: str = "UTC") -> str:
    """Write an instant as local time of a zone, to the minute."""
    return "" if instant is None else instant.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M %Z")


def ago(instant: datetime | None, now: datetime) -> str:
    """Write how long ago an instant was."""
    if instant is None:
        return "never"
    seconds = int((now - instant.astimezone(UTC)).total_seconds())
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if abs(seconds) >= size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"


def until(instant: datetime | None, now: datetime) -> str:
    """Write how far off an instant is; empty or past: now."""
    seconds = int((instant.astimezone(UTC) - now).total_seconds()) if instant else 0
    if seconds <= 0:
        return "now"
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"in {seconds // size} {unit}"
    return f"in {seconds} s"


def wrapped(text: str, *, indent: str = "", columns: int = 78) -> str:
    """Break a text into lines of a terminal's width."""
    import textwrap

    return "\n".join(
        textwrap.fill(line, columns, initial_indent=indent, subsequent_indent=indent) for line in text.splitlines()
    )


def plan_text(plan: "SendPlan", zone: str) -> str:
    """Show what would be sent, how, to how many, and what was found wrong."""
    edition = plan.edition
    shown = [f"  Subject    {edition.subject}", f"  Preheader  {edition.preheader}", ""]
    for number, entry in enumerate(edition.entries[:12], start=1):
        lead = f"{number}. {entry.headline}" if edition.digest else entry.headline
        shown.append(wrapped(lead, indent="    "))
        shown.extend(
            wrapped(sentence.text, indent="    ") for sentence in entry.sentences[: 1 if edition.digest else 9]
        )
        for word, listed in (("Known", entry.known), ("Unknown", entry.unknown)):
            shown.extend(wrapped(f"{word}: {sentence.text}", indent="    ") for sentence in listed)
        if entry.url and not edition.digest:
            shown.append("    " + entry.url)
    shown.extend(wrapped(f"Put right: {entry.headline}", indent="    ") for entry in edition.corrections)
    shown.append("")
    shown.append(f"  Edition    {edition.id} · {edition.kind.value}, {edition.lane.value} lane")
    if edition.reasons:
        shown.append("  Picked     " + "; ".join(edition.reasons))
    if edition.not_before_at:
        shown.append(f"  Goes at    {local(edition.not_before_at, zone)}")
    mode = "LIVE" if plan.live else "REHEARSAL (only_to)"
    shown.append(f"  Provider   {plan.provider} · {mode}")
    by_segment = ", ".join(f"{name} {number}" for name, number in plan.count.by_segment.items())
    shown.append(f"  Segments   {by_segment}")
    shown.append(f"  Audience   {plan.count.candidates} candidates" + _less(plan.count.excluded))
    shown.append(f"             {plan.count.to_send} will get it")
    for finding in plan.findings:
        place = f" [{finding.place}]" if finding.place else ""
        remedy = f" – {finding.remedy}" if finding.remedy else ""
        shown.append(f"  {finding.severity.value.capitalize():<10} {finding.text}{place}{remedy}")
    if not plan.findings:
        shown.append("  Checks     nothing found")
    return "\n".join(shown)


def finding_line(finding: "Finding") -> str:
    """Show a finding with its place, its code and what to do."""
    place = f"{finding.place}: " if finding.place else ""
    remedy = f"; {finding.remedy}" if finding.remedy else ""
    return f"{finding.severity.value}: {place}{finding.text}{remedy} [{finding.code}]"


def _less(excluded: Mapping[str, int]) -> str:
    return "".join(f", less {number} {reason}" for reason, number in sorted(excluded.items()))


def receipt_text(receipt: "Receipt", zone: str) -> str:
    """Show the account of an edition; every line of it counts readers."""
    sums = [("excluded: " + reason, number) for reason, number in sorted(receipt.excluded.items())]
    sums += [(state.value, number) for state, number in receipt.deliveries.items() if number]
    widest = max([len(name) for name, _ in sums] + [10])
    lines = [
        f'Receipt of {receipt.edition}: "{receipt.subject}"',
        f"  {receipt.kind.value} · {receipt.state.value.replace('_', ' ')} · provider {receipt.provider or '–'}"
        + (" · rehearsal" if receipt.rehearsal else "")
        + (f" · approved by {receipt.approved_by}" if receipt.approved_by else ""),
        f"  segments: {', '.join(receipt.segments)}",
        "",
        f"  {'candidates':<{widest}}  {receipt.candidates:>9,}",
        *(f"  {name:<{widest}}  {number:>9,}" for name, number in sums),
        f"  {'adds up' if receipt.adds_up else 'DOES NOT ADD UP'}: "
        f"{receipt.candidates:,} = {' + '.join(f'{number:,}' for _, number in sums) or '0'}",
    ]
    fates = [f"{number:,} {fate.value}" for fate, number in receipt.fates.items() if number and fate.value != "none"]
    if fates:
        lines.append("  of the accepted: " + ", ".join(fates))
    if receipt.possible_doubles:
        lines.append(f"  sent again after an unknown: {receipt.possible_doubles:,} (so many may have got it twice)")
    lines.extend(f"  {number:>9,} × {reason}" for reason, number in receipt.failures.items())
    if receipt.first_accepted_at and receipt.last_accepted_at:
        took = (receipt.last_accepted_at - receipt.first_accepted_at).total_seconds()
        lines.append(f"  first accepted {local(receipt.first_accepted_at, zone)}, last {took:.1f} s later")
    lines.append(f"  content {receipt.content_hash[:16]}")
    return "\n".join(lines)


@contextmanager
def progress(total: int, *, shown: bool) -> Iterator["Listener"]:
    """Draw a progress bar on standard error while deliveries are settled; on no terminal draw nothing."""
    if not shown or not sys.stderr.isatty():
        yield lambda _edition, _outcomes: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("sending"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("sending", total=total, note="")
        trouble: dict[str, int] = {}

        def settled(_edition: "EditionId", outcomes: "Mapping[OutcomeKind, int]") -> None:
            done = sum(number for kind, number in outcomes.items() if kind.value != "busy")
            for kind, number in outcomes.items():
                if kind.value != "accepted" and number:
                    trouble[kind.value] = trouble.get(kind.value, 0) + number
            bar.update(task, advance=done, note=", ".join(f"{number} {kind}" for kind, number in trouble.items()))

        yield settled
