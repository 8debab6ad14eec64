"""`run`, `serve`, `check`, `doctor`: the machinery and its health."""

from typing import TYPE_CHECKING

import click

from alerts.cli.session import Leaf, Session, pass_session
from alerts.cli.stopping import stoppable
from alerts.errors import ConfigError, ProviderError

if TYPE_CHECKING:
    from alerts.desk.doctor import Checkup


@click.command(cls=Leaf)
@click.option("--web/--no-web", default=True, show_default=True, help="Serve the readers' and editors' pages too.")
@pass_session
def run(session: Session, /, *, web: bool) -> None:
    """Poll feeds, propose alerts, send digests when due, work deliveries off, serve the pages; until stopped.

    Stop it with Ctrl-C or SIGTERM: it finishes the submission in hand. Killed, it resumes where it was.
    """
    from alerts.scheduler.runner import run as run_service
    from alerts.web.serving import Serving

    with session.desk() as desk:
        serving = Serving(desk) if web else None
        session.say(f"alerts runs for {desk.config.newsroom.name}: {desk.config.provider.use}, " + _mode(desk.live))
        if web:
            session.say(f"pages at {desk.config.web.url} (listening on {desk.config.web.listen})")
        with stoppable() as stop:
            run_service(desk, web=serving.run if serving else None, stop=stop)
        session.say("stopped")


@click.command(cls=Leaf)
@pass_session
def serve(session: Session, /) -> None:
    """Serve the readers' and editors' pages only, until stopped."""
    from alerts.web.serving import serve as serve_pages

    with session.desk() as desk:
        session.say(f"pages at {desk.config.web.url} (listening on {desk.config.web.listen})")
        with stoppable() as stop:
            serve_pages(desk, stop)


def _mode(live: bool) -> str:
    return "LIVE" if live else "rehearsal: only the addresses in only_to get mail"


@click.command(cls=Leaf)
@pass_session
def check(session: Session, /) -> None:
    """Check what you wrote: settings, keys, segments, lists, templates. Asks no network, sends nothing."""
    from alerts.desk import doctor as health

    with session.desk() as desk:
        checkups = health.check(desk)
        _report(session, checkups)
        if health.worst(checkups) == "error":
            raise ConfigError("some of what you wrote is wrong")


@click.command(cls=Leaf)
@pass_session
def doctor(session: Session, /) -> None:
    """Check everything: what you wrote, installation, database, provider, scheduler, feeds."""
    from alerts.desk import doctor as health

    with session.desk() as desk:
        checkups = health.doctor(desk)
        _report(session, checkups)
        bad = [checkup for checkup in checkups if health.worst([checkup]) == "error"]
        if any(checkup.what == "provider" for checkup in bad):
            raise ProviderError("the provider is not ready")
        if bad:
            raise ConfigError("not everything is well: " + ", ".join(checkup.what for checkup in bad))


def _report(session: Session, checkups: "list[Checkup]") -> None:
    lines = []
    for checkup in checkups:
        lines.append(f"{checkup.what:<13} {'ok' if not checkup.findings else ''}".rstrip())
        for finding in checkup.findings:
            remedy = f" ({finding.remedy})" if finding.remedy else ""
            lines.append(f"  {finding.severity.value}: {finding.text}{remedy}")
    session.data(checkups, "\n".join(lines))
