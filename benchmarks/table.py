"""The table that every measurement prints: work, peer, ours, ratio, reach, and whether it is reached."""

from collections.abc import Sequence
from dataclasses import dataclass

_COLUMNS = ("work", "peer", "ours", "ratio", "reach", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure beside its peer's, measured in the same run."""

    work: str
    #: as printed, with its unit; empty: there is no peer
    peer: str = ""
    ours: str
    ratio: float | None = None
    #: what must be reached, as printed
    reach: str
    ok: bool


def show(rows: Sequence[Row]) -> int:
    """Print rows as a Markdown table; return the exit code: 1 when one falls short."""
    lines = [_COLUMNS] + [
        (
            row.work,
            row.peer,
            row.ours,
            "" if row.ratio is None else f"{row.ratio:.2f}",
            row.reach,
            "ok" if row.ok else "short",
        )
        for row in rows
    ]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_COLUMNS))]
    for number, line in enumerate(lines):
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |")
        if number == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return int(not all(row.ok for row in rows))
