"""`replay`: recorded material through a policy. Sends nothing, changes nothing."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from alerts.cli.output import local, table
from alerts.cli.session import Leaf, Session, pass_session

if TYPE_CHECKING:
    from alerts.desk.replay import Happened, Replayed

#: nothing was published on the web before
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)


@click.command(cls=Leaf)
@click.option("--feeds", type=click.Path(path_type=Path), metavar="DIR", help="Recorded feeds: DIR/OUTLET/TIME.xml.")
@click.option("--since", metavar="TIME", help="What the archive first saw since then, such as 2d, 6h or 2026-10-01.")
@click.option(
    "--policy",
    "policies",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="FILE",
    help="A TOML file with keys of [breaking]; may be repeated, to compare. [default: the configuration]",
)
@click.option("--reasons", is_flag=True, help="Show every reason, and what was stopped by which gate.")
@pass_session
def replay(
    session: Session, /, *, feeds: Path | None, since: str | None, policies: tuple[Path, ...], reasons: bool
) -> None:
    """List what a policy would have sent of recorded material, when and why. Sends nothing."""
    from alerts.cli.logs import set_up
    from alerts.desk.replay import replay as replayed

    if (feeds is None) == (since is None):
        raise click.UsageError("name either recorded feeds (--feeds DIR) or a time (--since TIME)")
    with session.desk() as desk:
        # What happens in the scratch database is nobody's news.
        set_up(desk.config.log.model_copy(update={"level": "error"}), verbosity=session.verbosity)
        zone = desk.config.newsroom.timezone
        began = None if since is None else instant_of(since, desk.clock(), zone)
        found = [replayed(desk, feeds=feeds, since=began, policy=policy) for policy in policies or (None,)]
        session.data(found, lambda: "\n\n".join(_text(one, zone, reasons=reasons) for one in found))


def instant_of(written: str, now: datetime, zone: str) -> datetime:
    """Read a span before now, or a day or time in the newsroom's zone. Raises BadParameter."""
    from alerts.config import duration

    try:
        return max(now - duration(written), _EARLIEST)
    except (ValueError, OverflowError):
        pass
    try:
        read = datetime.fromisoformat(written)
        read = (read if read.tzinfo else read.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
    except (ValueError, OverflowError):
        raise click.BadParameter(
            f'"{written}" is no time; such as 2d, 6h, 2026-10-01 or 2026-10-01T07:00', param_hint="--since"
        ) from None
    return max(read, _EARLIEST)


def _text(found: "Replayed", zone: str, *, reasons: bool) -> str:
    rows = [
        (
            local(one.at, zone),
            one.what,
            "by itself" if one.automatic else "" if one.what == "not ours yet" else "approval",
            f"{one.score:.2f}",
            one.outlet,
            one.story[:8],
            one.title,
        )
        for one in found.happened
    ]
    lines = [
        f"policy: {found.policy or 'as configured'}; {found.articles} articles"
        + (f" from {local(found.began_at, zone)} to {local(found.ended_at, zone)}" if found.began_at else ""),
        "",
        table(("WHEN", "WHAT", "HOW", "SCORE", "OUTLET", "STORY", "SAYS"), rows, empty="nothing would have gone out"),
    ]
    if reasons:
        lines += ["", *(line for one in found.happened for line in _why(one))]
        stopped = [
            (local(one.at, zone), one.gate.name, f"{one.score:.2f}", one.story[:8], one.title, one.gate.text)
            for one in found.stopped
        ]
        lines += ["stopped:", table(("WHEN", "GATE", "SCORE", "STORY", "TITLE", "WHY"), stopped)]
    sent = [one for one in found.happened if one.what != "not ours yet"]
    by_itself = sum(one.automatic for one in sent)
    lines += [
        "",
        f"{len(sent)} would have gone out, {by_itself} of them by themselves; {len(found.stopped)} were stopped",
    ]
    return "\n".join(lines)


def _why(one: "Happened") -> list[str]:
    told = [f"  + {reason}" for reason in one.reasons]
    asked = [f"  ? {gate.text}" for gate in one.asked]
    return [f"{one.what} {one.story[:8]} {one.title}", *told, *asked, ""]
