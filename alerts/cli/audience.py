"""`segments` and `subscribers`: who gets what."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from alerts.cli.output import ago, local, table
from alerts.cli.send import complete_segments
from alerts.cli.session import Leaf, Session, editor_name, pass_session
from alerts.errors import ConfigError, SendRefused

if TYPE_CHECKING:
    from datetime import datetime

    from alerts.desk.sync_subscribers import ListPlan

_SEGMENT = click.argument("segment", shell_complete=complete_segments)


@click.group()
def segments() -> None:
    """List, count and test segments."""


@segments.command("list", cls=Leaf)
@pass_session
def list_segments(session: Session, /) -> None:
    """List segments with the number of subscribers who can be mailed."""
    with session.desk() as desk:
        known = desk.segments()
        counts = {name: desk.store.roster.count(segment, known) for name, segment in known.items()}
        rows = [(name, counts[name], segment.title, ", ".join(segment.sources)) for name, segment in known.items()]
        session.data(
            [{"name": name, "title": segment.title, "count": counts[name]} for name, segment in known.items()],
            lambda: table(("SEGMENT", "COUNT", "TITLE", "FROM"), rows),
        )


@segments.command("show", cls=Leaf)
@_SEGMENT
@pass_session
def show_segment(session: Session, /, *, segment: str) -> None:
    """Show a segment's rule."""
    with session.desk() as desk:
        found = desk.segment(segment)
        lines = [f"{found.name}  {found.title}", f"from     {', '.join(found.sources)}"]
        lines += [f"include  {c.field} is {' or '.join(c.values)}" for c in found.include]
        lines += [f"exclude  {c.field} is {' or '.join(c.values)}" for c in found.exclude]
        if found.sample < 1:
            lines.append(f"sample   {found.sample:.0%}")
        session.data(found, "\n".join(lines))


@segments.command("count", cls=Leaf)
@_SEGMENT
@pass_session
def count_segment(session: Session, /, *, segment: str) -> None:
    """Count the subscribers of a segment who can be mailed."""
    with session.desk() as desk:
        number = desk.store.roster.count(desk.segment(segment), desk.segments())
        session.data({"segment": segment, "count": number}, str(number))


@segments.command("test", cls=Leaf)
@click.argument("address")
@click.option("-s", "--segment", "only", shell_complete=complete_segments, help="Only this segment.")
@pass_session
def test_segment(session: Session, /, *, address: str, only: str | None) -> None:
    """Explain for an address why it is in a segment, or why not."""
    from alerts.audience.segments import explain

    with session.desk() as desk:
        known = desk.segments()
        person = desk.subscriber(address)
        if person is None:
            raise SendRefused(f"{address} is not a subscriber", hint="alerts subscribers sync reads the list files")
        suppressions = desk.store.roster.suppressions(person.address_hash)
        chosen = {only: desk.segment(only)} if only else known
        explained = {name: explain(segment, known, person) for name, segment in chosen.items()}
        lines = [f"{s.reason.value} ({s.scope}) since {local(s.at)}: gets no such mail" for s in suppressions]
        for name, explanation in explained.items():
            lines.append(f"{name}: {'in' if explanation.matches else 'out'}")
            lines += [f"    {line}" for line in explanation.lines]
        session.data(
            {"suppressions": suppressions, "segments": explained},
            "\n".join(lines),
        )


@click.group()
def subscribers() -> None:
    """Sync, show, suppress and forget subscribers."""


@subscribers.command("sync", cls=Leaf)
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("-n", "--dry-run", is_flag=True, help="Show the plan, change nothing.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--allow-shrink", is_flag=True, help="Apply a list although it lost many people.")
@pass_session
def sync(session: Session, /, *, files: tuple[Path, ...], dry_run: bool, yes: bool, allow_shrink: bool) -> None:
    """Bring subscribers in line with the list files (subscribers/lists/*.csv).

    Shows who would be added, changed and gone, asks, and applies each list in one transaction. A suppressed address
    stays suppressed whatever a file says.
    """
    from alerts.desk import sync_subscribers as syncing

    with session.desk() as desk:
        chosen = list(files) or syncing.list_files(desk)
        plans = [syncing.plan(desk, file, shrink=allow_shrink) for file in chosen]
        bad = [problem for plan in plans for problem in plan.problems]
        for problem in bad[:50]:
            click.echo(f"  {problem}", err=True)
        if len(bad) > 50:
            click.echo(f"  … and {len(bad) - 50} more", err=True)
        text = _plans_text(plans, desk.clock())
        refused = [plan for plan in plans if plan.refused]
        if dry_run:
            session.data(_plans_data(plans), text)
            session.say("dry run: nothing was changed")
        else:
            session.say(text)
            changes = any(plan.diff.added or plan.diff.changed or plan.diff.gone for plan in plans)
            if changes and not yes:
                if not session.asks:
                    raise SendRefused("there is no terminal to ask; nothing was changed", hint="say --yes")
                click.confirm("Apply", abort=True, err=True)
            done = [syncing.apply(desk, plan.file, shrink=allow_shrink) for plan in plans if not plan.refused]
            session.data(_plans_data(done), f"{len(done)} of {len(plans)} lists applied")
        if refused:
            raise SendRefused(
                "; ".join(plan.refused for plan in refused) + ("" if dry_run else "; that list was left as it was"),
                hint="if the file is right: alerts subscribers sync --allow-shrink",
            )
        if bad:
            raise ConfigError(
                f"{len(bad)} mistakes in the lists; each is named above with what was left out",
                hint="mend those lines and sync again",
            )


def _plans_text(plans: "list[ListPlan]", now: "datetime") -> str:
    rows = []
    for p in plans:
        diff = p.diff
        counts = (diff.added, diff.changed, diff.gone, diff.kept, diff.suppressed, len(p.problems))
        rows.append((p.list, *counts, ago(p.synced_at, now), p.refused))
    headers = ("LIST", "NEW", "CHANGED", "GONE", "SAME", "SUPPRESSED", "BAD LINES", "LAST SYNC", "")
    return table(headers, rows, empty="no list files")


def _plans_data(plans: "list[ListPlan]") -> list[dict[str, object]]:
    return [
        {
            "list": p.list,
            "file": p.file,
            "diff": p.diff,
            "problems": [str(problem) for problem in p.problems],
            "refused": p.refused,
        }
        for p in plans
    ]


@subscribers.command("show", cls=Leaf)
@click.argument("address")
@pass_session
def show_subscriber(session: Session, /, *, address: str) -> None:
    """Show what is known of a subscriber."""
    with session.desk() as desk:
        hashed = desk.address_hash(address)
        person = desk.subscriber(address)
        suppressions = desk.store.roster.suppressions(hashed)
        if person is None and not suppressions:
            raise SendRefused(f"{address} is not known here")
        lines = []
        if person is not None:
            lines += [
                f"{person.address}  {person.name}".rstrip(),
                f"lists     {', '.join(sorted(person.lists)) or 'none'}",
            ]
            lines += [f"{name:<9} {', '.join(sorted(values))}" for name, values in sorted(person.attributes.items())]
        lines += [f"suppressed: {s.reason.value} ({s.scope}) since {local(s.at)}; {s.evidence}" for s in suppressions]
        session.data({"subscriber": person, "suppressions": suppressions}, "\n".join(lines))


@subscribers.command("suppress", cls=Leaf)
@click.argument("address")
@click.option("--scope", default="all", show_default=True, help='"all", "alerts" or "digest:NAME".')
@click.option("--reason", default="", help="Written down with it.")
@pass_session
def suppress(session: Session, /, *, address: str, scope: str, reason: str) -> None:
    """Never mail an address again, whatever the lists say."""
    from alerts.model import SuppressionReason

    with session.desk() as desk:
        if scope not in {"all", "alerts", *(f"digest:{digest.name}" for digest in desk.config.digests)}:
            raise click.BadParameter(f'"{scope}" is no scope', param_hint="--scope")
        desk.store.roster.suppress(
            desk.address_hash(address),
            reason=SuppressionReason.MANUAL,
            scope=scope,
            now=desk.clock(),
            evidence=f"{editor_name()}: {reason}" if reason else editor_name(),
        )
        session.data({"suppressed": address, "scope": scope}, f"{address} gets no more mail ({scope})")


@subscribers.command("lift", cls=Leaf)
@click.argument("address")
@click.option("--reason", required=True, help="Why it was a mistake; written down with it.")
@pass_session
def lift(session: Session, /, *, address: str, reason: str) -> None:
    """Let mail go to an address again that was suppressed by a technical mistake.

    Only what bounced, was invalid or was suppressed by hand: who left or complained comes back by their own act alone.
    """
    from alerts.model import SuppressionReason as Why

    with session.desk() as desk:
        hashed = desk.address_hash(address)
        technical = (Why.BOUNCED, Why.INVALID, Why.MANUAL)
        by = f"{editor_name()}: {reason}"
        lifted = desk.store.roster.lift(hashed, by=by, now=desk.clock(), reasons=technical)
        left = desk.store.roster.suppressions(hashed)
        if not lifted:
            why = ", ".join(sorted({s.reason.value for s in left}))
            raise SendRefused(
                f"{address} is {why}: only its owner can lift that" if left else f"{address} is not suppressed",
                hint=f"alerts subscribers show {address}",
            )
        rest = "".join(f"; still {s.reason.value} ({s.scope})" for s in left)
        session.data({"lifted": lifted, "left": left}, f"{address} can be mailed again{rest}")


@subscribers.command("forget", cls=Leaf)
@click.argument("address")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@pass_session
def forget(session: Session, /, *, address: str, yes: bool) -> None:
    """Erase a person; only a keyed hash stays, so that no file brings them back."""
    from alerts.desk.sync_subscribers import list_files

    with session.desk() as desk:
        hashed = desk.address_hash(address)
        if not yes:
            if not session.asks:
                raise SendRefused("there is no terminal to ask; nothing was erased", hint="say --yes")
            click.confirm(f"Erase {address} for good", abort=True, err=True)
        known = desk.store.roster.forget(hashed, now=desk.clock())
        needle = address.strip().casefold().encode()
        holding = [file for file in list_files(desk) if needle in file.read_bytes().lower()]
        lines = [f"{address} is erased" if known else f"{address} was not known; it will never be mailed"]
        lines += [f"{file} still holds the address: take it out there" for file in holding]
        session.data({"erased": known, "files": holding}, "\n".join(lines))
