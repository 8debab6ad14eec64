"""`templates`: what mails and pages are made of."""

import click

from alerts.cli.output import table
from alerts.cli.session import Leaf, Session, pass_session
from alerts.errors import TemplateError


@click.group()
def templates() -> None:
    """List, take over and try templates, themes and words."""


@templates.command("list", cls=Leaf)
@pass_session
def list_templates(session: Session, /) -> None:
    """List templates, themes and words; yours stand before the shipped ones."""
    from alerts.desk.templates import templates as found

    with session.desk() as desk:
        files = found(desk)
        rows = [(file.name, "yours" if file.own else "shipped", str(file.path) if file.own else "") for file in files]
        session.data(files, lambda: table(("NAME", "", "FILE"), rows))


@templates.command("eject", cls=Leaf)
@click.argument("name")
@pass_session
def eject_template(session: Session, /, *, name: str) -> None:
    """Copy a shipped template, theme or file of words to your own folder, to change it there.

    NAME is one of `alerts templates list`; "alert" means alert.mjml.j2 and alert.txt.j2. To change only a part, write
    a file that says {% extends "bundled/alert.mjml.j2" %} instead: it follows the shipped one.
    """
    from alerts.desk.templates import eject

    with session.desk() as desk:
        files = eject(desk, name)
        session.data(files, "\n".join(map(str, files)))
        session.say("alerts preview shows it while you change it; alerts templates lint tries it")


@templates.command("lint", cls=Leaf)
@pass_session
def lint_templates(session: Session, /) -> None:
    """Render every kind of mail in every language and theme; exit code 5 when something is wrong."""
    from alerts.desk.templates import lint
    from alerts.model import Severity

    with session.desk() as desk:
        found = lint(desk)
        lines = [
            f"{f.severity.value}: {f.place}{': ' if f.place else ''}{f.text} [{f.code}]"
            + (f"\n       {f.remedy}" if f.remedy else "")
            for f in found
        ]
        session.data(found, "\n".join(lines) or "nothing found")
        errors = sum(finding.severity is Severity.ERROR for finding in found)
        if errors:
            raise TemplateError(f"{errors} mistake{'s' if errors > 1 else ''} in templates, themes or words")
