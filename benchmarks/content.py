"""How good is the content desk? Runs every measurement of content on real data, and prints one table.

    make bench-content        or one part:        make bench-content_feeds, …

The data and its scorers lie outside the repository (their texts are their publishers'): `ALERTS_BENCH_DATA`, else
`../shared/data`. The peer's figure is measured in the same run. Exit code 1: something falls short.
"""

import importlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.table import Row, show

PARTS = (
    "content_polling",
    "content_feeds",
    "content_pages",
    "content_stories",
    "content_breaking",
    "content_summaries",
)


def main() -> int:
    """Run every part, print one table."""
    rows: list[Row] = []
    for part in PARTS:
        print(f"{part} …", file=sys.stderr, flush=True)
        rows += importlib.import_module(f"benchmarks.{part}").measure()
    return show(rows)


if __name__ == "__main__":
    sys.exit(main())
