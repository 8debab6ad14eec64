"""What a person types. Thin: parse, call the desk, print. Rooms are imported inside commands, so `--help` is quick."""

import sys

from alerts.cli.root import run


def main() -> None:
    """Run the command line and exit with its code."""
    sys.exit(run(sys.argv[1:]))
