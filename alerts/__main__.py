"""`python -m alerts` is the same as `alerts`."""

from alerts.cli import main

main()
