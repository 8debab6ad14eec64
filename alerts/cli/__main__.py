"""`python -m alerts.cli` is the same as `alerts`."""

from alerts.cli import main

main()
