"""`approve`, `reject`, `hold`, `release`, `kill`, `stop`, `resume`: an editor's word."""

from typing import TYPE_CHECKING

import click

from alerts.cli.delivering import deliver_and_report
from alerts.cli.output import plan_text
from alerts.cli.send import complete_editions
from alerts.cli.session import Leaf, Session, editor_name, pass_session

if TYPE_CHECKING:
    from alerts.desk.decide import Stopped

_EDITION = click.argument("edition", metavar="EDITION|last", shell_complete=complete_editions)
_REASON = click.option("--reason", default="", metavar="TEXT", help="Written down with the decision.")


@click.command(cls=Leaf)
@_EDITION
@click.option(
    "--expect", type=int, metavar="N", help="Approve only if exactly N subscribers would get it; asks nothing."
)
@click.option(
    "--despite", default="", metavar="REASON", help="Approve though its page is gone or changed, and write down why."
)
@click.option("-n", "--dry-run", is_flag=True, help="Show everything, approve nothing.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@pass_session
def approve(session: Session, /, *, edition: str, expect: int | None, despite: str, dry_run: bool, yes: bool) -> int:
    """Let a draft go out: now, or when the embargo on its article ends.

    The article's page is looked at once more before. If it is gone or has another headline, nothing is sent.
    """
    from alerts.desk import decide

    with session.desk() as desk:
        record = desk.edition(edition, among="drafts")
        plan = decide.plan(desk, record)
        if dry_run:
            session.data({"edition": plan.edition.id}, lambda: plan_text(plan, desk.config.newsroom.timezone))
            return 0
        session.say(plan_text(plan, desk.config.newsroom.timezone))
        expected = session.confirm_number(plan.count.to_send, yes=yes, expect=expect)
        decide.approve(
            desk,
            plan.edition.id,
            editor=editor_name(),
            seen=record.content_hash,
            expected=expected,
            despite=despite,
        )
        return deliver_and_report(session, desk, plan.edition.id)


@click.command(cls=Leaf)
@_EDITION
@_REASON
@pass_session
def reject(session: Session, /, *, edition: str, reason: str) -> None:
    """Say no to a draft; its story is proposed again only if it develops."""
    from alerts.desk import decide

    with session.desk() as desk:
        record = decide.reject(desk, edition, editor=editor_name(), reason=reason)
        session.data({"edition": record.edition.id, "state": "rejected"}, f"{record.edition.id} rejected")


@click.command(cls=Leaf)
@_EDITION
@_REASON
@pass_session
def hold(session: Session, /, *, edition: str, reason: str) -> None:
    """Stop an edition for now; at most the submission in hand still goes."""
    from alerts.desk import decide

    with session.desk() as desk:
        stopped = decide.hold(desk, edition, editor=editor_name(), reason=reason)
        _report(session, stopped, f"to go on: alerts release {stopped.edition.edition.id}")


@click.command(cls=Leaf)
@_EDITION
@pass_session
def release(session: Session, /, *, edition: str) -> int:
    """Let a held or blocked edition go on."""
    from alerts.desk import decide

    with session.desk() as desk:
        record = decide.release(desk, edition, editor=editor_name())
        return deliver_and_report(session, desk, record.edition.id)


@click.command(cls=Leaf)
@_EDITION
@_REASON
@pass_session
def kill(session: Session, /, *, edition: str, reason: str) -> None:
    """Stop an edition for good; at most the submission in hand still goes."""
    from alerts.desk import decide

    with session.desk() as desk:
        stopped = decide.kill(desk, edition, editor=editor_name(), reason=reason)
        _report(session, stopped, f"who has it: alerts receipt {stopped.edition.edition.id}")


def _report(session: Session, stopped: "Stopped", then: str) -> None:
    session.data(
        {
            "edition": stopped.edition.edition.id,
            "accepted": stopped.accepted,
            "stopped": stopped.stopped,
            "in_flight": stopped.in_flight,
        },
        f"{stopped.accepted:,} accepted, {stopped.stopped:,} stopped"
        + (f", {stopped.in_flight:,} were just being handed over" if stopped.in_flight else "")
        + f"\n{then}",
    )


@click.command(cls=Leaf)
@click.option("--reason", default="stopped by hand", show_default=True, metavar="TEXT", help="Shown to whoever asks.")
@pass_session
def stop(session: Session, /, *, reason: str) -> None:
    """Stop all sending at once, in every process on this database."""
    with session.desk() as desk:
        desk.store.daybook.put("stop", f"{editor_name()}: {reason}", now=desk.clock())
        session.data({"stopped": True}, "all sending is stopped; to go on: alerts resume")


@click.command(cls=Leaf)
@pass_session
def resume(session: Session, /) -> None:
    """Let sending go on after a stop; shows what expired meanwhile."""
    from alerts.desk.recover import recover
    from alerts.model import EditionState

    with session.desk() as desk:
        stopped = desk.store.daybook.get("stop")
        if stopped is None:
            session.data({"stopped": False}, "nothing is stopped")
            return
        recover(desk)
        expired = [
            record
            for record in desk.store.ledger.editions(states=(EditionState.EXPIRED,), limit=1000)
            if record.finished_at and record.finished_at >= stopped.at
        ]
        desk.store.daybook.remove("stop")
        session.data(
            {"stopped": False, "expired": [record.edition.id for record in expired]},
            "\n".join(
                ["sending goes on", *(f"expired meanwhile: {r.edition.id} {r.edition.subject}" for r in expired)]
            ),
        )
