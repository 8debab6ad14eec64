"""`preflight`: what is wrong with a mail, before anybody gets it."""

from typing import Any

import click

from alerts.cli.output import finding_line
from alerts.cli.send import SEGMENT, SOURCE, chosen, what_else, words_of
from alerts.cli.session import Leaf, Session, pass_session
from alerts.errors import SendRefused


@click.command(cls=Leaf)
@SOURCE
@SEGMENT
@words_of
@what_else
@click.option("--no-links", is_flag=True, help="Do not ask whether its links are alive.")
@click.option("--no-spam", is_flag=True, help="Do not ask SpamAssassin, where it is installed.")
@pass_session
def preflight(
    session: Session,
    /,
    *,
    sources: tuple[str, ...],
    segments: tuple[str, ...],
    digest: str | None,
    edition: str | None,
    no_links: bool,
    no_spam: bool,
    **words: Any,
) -> None:
    """Check a mail without sending it; exit code 6 when something forbids sending.

    The same is checked before every send, but for the links and for SpamAssassin's score, which take seconds.
    """
    from alerts.desk import links, spam
    from alerts.desk import preflight as checking
    from alerts.desk.preview import sample_mail
    from alerts.desk.rendering import render
    from alerts.model import Severity

    with session.desk() as desk:
        picked = chosen(session, desk, sources, segments, digest, edition, **words)
        variant = render(desk, picked)
        found = [
            *checking.findings(desk, picked, variant),
            *([] if no_links else links.dead(desk, picked)),
            *([] if no_spam else spam.findings(sample_mail(desk, variant))),
        ]
        found.sort(key=lambda finding: finding.severity is not Severity.ERROR)
        session.data(found, "\n".join(finding_line(finding) for finding in found) or "nothing found")
        if any(finding.severity is Severity.ERROR for finding in found):
            raise SendRefused("the checks forbid sending this")
