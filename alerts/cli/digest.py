"""`digest NAME` and `digests list|next`."""

from datetime import datetime
from typing import TYPE_CHECKING

import click

from alerts.cli.output import local, table
from alerts.cli.send import complete_digests, confirm_and_send
from alerts.cli.session import Leaf, Session, editor_name, pass_session

if TYPE_CHECKING:
    from alerts.desk.send import SendPlan


@click.command(cls=Leaf)
@click.argument("name", shell_complete=complete_digests)
@click.option(
    "--date", "on", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="The digest of this day. [default: today]"
)
@click.option("--expect", type=int, metavar="N", help="Send only if exactly N subscribers would get it; asks nothing.")
@click.option("-n", "--dry-run", is_flag=True, help="Show everything, send nothing.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@pass_session
def digest(session: Session, /, *, name: str, on: datetime | None, expect: int | None, dry_run: bool, yes: bool) -> int:
    """Send a digest now: the one of today, or of --date.

    `alerts run` sends digests when they are due; a digest of a day goes out once, whoever sends it.
    """
    from alerts.desk import digest as digests

    with session.desk() as desk:
        rule = desk.config.digest(name)
        occurrence = digests.occurrence_on(desk, rule, on.date() if on else None)
        plan = digests.plan(desk, rule, occurrence)

        def launch(plan: "SendPlan") -> None:
            # With --yes alone nobody looked at the number.
            expected = None if yes and expect is None else plan.count.to_send
            digests.launch(desk, occurrence, plan, editor=editor_name(), expected=expected)

        return confirm_and_send(session, desk, plan, dry_run=dry_run, yes=yes, expect=expect, launch=launch)


@click.group()
def digests() -> None:
    """List digests and when they are due."""


@digests.command("list", cls=Leaf)
@pass_session
def list_digests(session: Session, /) -> None:
    """List the digests of the configuration."""
    with session.desk() as desk:
        rows = [
            (d.name, d.title, ", ".join(d.at), d.days, d.zone or desk.config.newsroom.timezone, ", ".join(d.segment))
            for d in desk.config.digests
        ]
        headers = ("NAME", "TITLE", "AT", "DAYS", "ZONE", "SEGMENT")
        session.data([d.model_dump() for d in desk.config.digests], lambda: table(headers, rows))


@digests.command("next", cls=Leaf)
@click.option("--count", default=7, show_default=True, help="How many occurrences of each.")
@pass_session
def next_digests(session: Session, count: int) -> None:
    """List the coming occurrences in local time and UTC."""
    from alerts.timetable.occurrences import upcoming

    with session.desk() as desk:
        found = sorted(
            (
                occurrence
                for digest in desk.config.digests
                for occurrence in upcoming(desk.rule_of(digest), now=desk.clock(), count=count)
            ),
            key=lambda occurrence: occurrence.due_at,
        )
        rows = [(o.digest, local(o.due_at, o.zone), local(o.due_at)) for o in found]
        session.data(found, lambda: table(("DIGEST", "LOCAL", "UTC"), rows))
