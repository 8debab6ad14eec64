"""`send`, `test`: everything that starts from something to say."""

import os
import sys
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from alerts.cli.delivering import deliver_and_report
from alerts.cli.output import plan_text
from alerts.cli.session import Leaf, Session, editor_name, pass_session
from alerts.errors import ContentError, ProviderError, SendRefused

if TYPE_CHECKING:
    from alerts.desk import Newsdesk
    from alerts.desk.send import SendPlan
    from alerts.model import Edition


def complete_segments(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Complete a segment's name from the configuration."""
    from alerts.cli.complete import segments

    return segments(ctx, incomplete)


def complete_digests(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Complete a digest's name from the configuration."""
    from alerts.cli.complete import digests

    return digests(ctx, incomplete)


def complete_editions(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Complete an edition's id from the ledger."""
    from alerts.cli.complete import editions

    return editions(ctx, incomplete)


SOURCE = click.argument("sources", metavar="[SOURCE]...", nargs=-1)
SEGMENT = click.option(
    "-s",
    "--segment",
    "segments",
    multiple=True,
    metavar="NAME",
    shell_complete=complete_segments,
    help="A segment it goes to; may be repeated. [default: [breaking] segments]",
)


def words_of(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that change what an alert says."""
    for option in (
        click.option("--flash", is_flag=True, help="Most urgent: waits for nothing, not even quiet hours."),
        click.option("--update", is_flag=True, help="An update of a story that was alerted before."),
        click.option("--edit", is_flag=True, help="Open subject, preheader and text in $EDITOR first."),
        click.option("--subject", metavar="TEXT", help="Use this subject."),
        click.option("--preheader", metavar="TEXT", help="Use this preheader."),
    ):
        command = option(command)
    return command


def what_else(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the other ways to name what is tested, shown or checked."""
    for option in (
        click.option("--digest", metavar="NAME", shell_complete=complete_digests, help="The digest that is due next."),
        click.option("--edition", metavar="ID", shell_complete=complete_editions, help="An edition or draft."),
    ):
        command = option(command)
    return command


@click.command(cls=Leaf)
@SOURCE
@SEGMENT
@words_of
@click.option("--at", metavar="TIME", help='Not before: "18:30" (newsroom time) or "2026-11-24T18:30+01:00".')
@click.option("--expect", type=int, metavar="N", help="Send only if exactly N subscribers would get it; asks nothing.")
@click.option("--again", metavar="REASON", help="Send it although it was told before, and write down why.")
@click.option(
    "--despite", default="", metavar="REASON", help="Send it though its page is gone or changed, and write down why."
)
@click.option("-n", "--dry-run", is_flag=True, help="Show everything, send nothing.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@pass_session
def send(
    session: Session,
    /,
    *,
    sources: tuple[str, ...],
    segments: tuple[str, ...],
    at: str | None,
    expect: int | None,
    again: str | None,
    despite: str,
    dry_run: bool,
    yes: bool,
    **words: Any,
) -> int:
    """Send a breaking-news alert.

    SOURCE is an address, an HTML or text file, "-" for standard input, or a story's id. Several sources of one story
    make one alert. Without SOURCE, $EDITOR opens for a flash in your own words.

    It shows the subject, the audience and what was found wrong, asks for the number of subscribers, sends, and
    prints the receipt. The same command again resumes what was interrupted and mails nobody twice.
    """
    from dataclasses import replace

    from alerts.desk import send as sending

    with session.desk() as desk:
        edition = _compose(session, desk, sources, segments, **words)
        if at is not None:
            edition = replace(edition, not_before_at=_instant(at, desk.config.newsroom.timezone, desk.clock()))
        plan = sending.plan(desk, edition, again=again or "")
        return confirm_and_send(session, desk, plan, dry_run=dry_run, yes=yes, expect=expect, despite=despite)


def confirm_and_send(
    session: Session,
    desk: "Newsdesk",
    plan: "SendPlan",
    *,
    dry_run: bool,
    yes: bool,
    expect: int | None,
    despite: str = "",
    launch: Callable[["SendPlan"], Any] | None = None,
) -> int:
    """Show a plan, ask, send it, print the receipt; return the exit code."""
    from alerts.desk import send as sending
    from alerts.desk import told

    zone = desk.config.newsroom.timezone
    if dry_run:
        session.data(_plan_data(plan), lambda: plan_text(plan, zone))
        session.say("dry run: nothing was sent")
        return 6 if plan.errors else 0
    if plan.existing is None:
        session.say(plan_text(plan, zone))
        sending.refuse_unfit(plan)
        expected = session.confirm_number(plan.count.to_send, yes=yes, expect=expect)
        if launch is not None:
            launch(plan)
        else:
            sending.launch(desk, plan, editor=editor_name(), expected=expected, despite=despite)
    else:
        session.say(f'"{plan.edition.subject}" was launched before as {plan.edition.id}; going on with what is left')
    for part in told.unfinished_parts(desk, plan.edition):
        session.say(f"going on with {part.edition.id} too, which tells the same to {', '.join(part.edition.segments)}")
        sending.deliver(desk, part.edition.id)
    return deliver_and_report(session, desk, plan.edition.id)


def _plan_data(plan: "SendPlan") -> dict[str, Any]:
    edition = plan.edition
    return {
        "edition": edition.id,
        "kind": edition.kind,
        "subject": edition.subject,
        "preheader": edition.preheader,
        "entries": [
            {
                "headline": entry.headline,
                "sentences": [s.text for s in entry.sentences],
                "known": [s.text for s in entry.known],
                "unknown": [s.text for s in entry.unknown],
                "url": entry.url,
            }
            for entry in edition.entries
        ],
        "reasons": edition.reasons,
        "provider": plan.provider,
        "live": plan.live,
        "candidates": plan.count.candidates,
        "by_segment": dict(plan.count.by_segment),
        "excluded": dict(plan.count.excluded),
        "to_send": plan.count.to_send,
        "not_before_at": edition.not_before_at,
        "findings": plan.findings,
    }


def _instant(written: str, zone: str, now: datetime) -> datetime:
    """Read a time of day of today or tomorrow, or a whole ISO time."""
    from datetime import UTC, time, timedelta
    from zoneinfo import ZoneInfo

    try:
        if len(written) <= 5:
            here = now.astimezone(ZoneInfo(zone))
            hour, minute = (int(part) for part in written.split(":"))
            found = datetime.combine(here.date(), time(hour, minute), tzinfo=ZoneInfo(zone))
            return (found if found > here else found + timedelta(days=1)).astimezone(UTC)
        read = datetime.fromisoformat(written)
    except ValueError:
        raise click.BadParameter(
            f'"{written}" is no time; such as 18:30 or 2026-11-24T18:30', param_hint="--at"
        ) from None
    at = (read if read.tzinfo else read.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
    if at < now - timedelta(minutes=1):
        raise click.BadParameter(f"{written} is past", param_hint="--at")
    return at


def _compose(
    session: Session,
    desk: "Newsdesk",
    sources: tuple[str, ...],
    segments: tuple[str, ...],
    *,
    flash: bool = False,
    update: bool = False,
    edit: bool = False,
    subject: str | None = None,
    preheader: str | None = None,
) -> "Edition":
    from alerts.desk import compose
    from alerts.model import Urgency

    names = segments or desk.config.breaking.segments
    for name in names:
        desk.segment(name)
    if sources:
        typed = sys.stdin.buffer.read() if "-" in sources else None
        edition = compose.alert(
            desk,
            compose.find(desk, sources, typed=typed),
            segments=names,
            urgency=Urgency.FLASH if flash else Urgency.ALERT,
            made_by=editor_name(),
            update=update,
        )
        if edit:
            edition = compose.edited(edition, _in_editor(session, compose.form(edition)))
    else:
        written = (
            _in_editor(session, compose.BLANK_FORM) if subject is None or edit else f"Subject: {subject}\n\n{subject}"
        )
        edition = compose.flash(desk, written, segments=names, made_by=editor_name())
    if subject or preheader:
        given = compose.form(edition).partition("\n\n")[2]
        head = f"Subject: {subject or edition.subject}\nPreheader: {preheader or edition.preheader}"
        edition = compose.edited(edition, f"{head}\n\n{given}")
    return edition


def _in_editor(session: Session, text: str) -> str:
    if not session.asks and not (os.environ.get("VISUAL") or os.environ.get("EDITOR")):
        raise SendRefused(
            "there is no terminal to write at; nothing was sent", hint="name a SOURCE, or give the words with --subject"
        )
    try:
        written = click.edit(text, extension=".txt", require_save=False)
    except click.ClickException as error:
        raise ContentError(f"the editor did not run: {error.format_message()}", hint="set $EDITOR") from error
    if not written or not written.strip():
        raise ContentError("nothing was written; nothing was sent")
    return written


def chosen(
    session: Session,
    desk: "Newsdesk",
    sources: tuple[str, ...],
    segments: tuple[str, ...],
    digest: str | None,
    edition: str | None,
    **words: Any,
) -> "Edition":
    """Make or find the edition that a command points at. Raises UsageError for two ways at once."""
    from alerts.desk import digest as digests

    if sum(map(bool, (sources, digest, edition))) > 1:
        raise click.UsageError("name one of SOURCE, --digest and --edition")
    if edition:
        return desk.edition(edition).edition
    if digest:
        rule = desk.config.digest(digest)
        return digests.compose(desk, rule, digests.occurrence_on(desk, rule, None, next_ok=True))
    return _compose(session, desk, sources, segments, **words)


@click.command(cls=Leaf)
@SOURCE
@SEGMENT
@words_of
@what_else
@click.option("--to", multiple=True, metavar="ADDRESS", help="Instead of [desk] testers; may be repeated.")
@pass_session
def test(
    session: Session,
    /,
    *,
    sources: tuple[str, ...],
    segments: tuple[str, ...],
    digest: str | None,
    edition: str | None,
    to: tuple[str, ...],
    **words: Any,
) -> None:
    """Send the real mail through the real provider to testers only.

    [TEST] stands in the subject and a band in the mail; its unsubscribe link leaves nothing; nobody counts as told.
    """
    from alerts.desk.test_copy import send_test

    with session.desk() as desk:
        picked = chosen(session, desk, sources, segments, digest, edition, **words)
        outcomes = send_test(desk, picked, to=to)
        session.data(
            [{"to": tester, "outcome": outcome.kind, "reason": outcome.reason} for tester, outcome in outcomes],
            "\n".join(
                f"{tester}: {outcome.kind.value}" + (f" ({outcome.reason})" if outcome.reason else "")
                for tester, outcome in outcomes
            ),
        )
        failed = [outcome for _, outcome in outcomes if outcome.kind.value != "accepted"]
        if failed:
            raise ProviderError(f"{len(failed)} of {len(outcomes)} test copies did not go: {failed[0].reason}")
