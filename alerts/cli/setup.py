"""`init`, `demo`, `completion`: the first minutes."""

import sys
from pathlib import Path
from typing import Any

import click

from alerts.cli.session import Leaf, Session, pass_session
from alerts.errors import ConfigError


@click.command(cls=Leaf)
@click.argument("folder", type=click.Path(path_type=Path), default=Path())
@click.option("--name", help="The newsroom's name.")
@click.option("--address", help="The address mail comes from.")
@click.option("--timezone", "zone", help="Such as Europe/Paris.")
@pass_session
def init(session: Session, /, *, folder: Path, name: str | None, address: str | None, zone: str | None) -> None:
    """Write a new newsroom's files into FOLDER: configuration, segments, an example list, keys.

    The configuration is in rehearsal: only the sender's own address gets mail until you delete one line. Nothing
    that is there already is overwritten.
    """
    from pydantic import TypeAdapter, ValidationError

    from alerts.config import Address, Line, Zone
    from alerts.desk.init import Answers
    from alerts.desk.init import init as write

    def ask(question: str, kind: Any, given: str | None, usual: str) -> str:
        """Ask until the answer can be used; an answer given as an option is not asked again."""
        while True:
            answer = given
            if answer is None:
                answer = str(click.prompt(question, default=usual, err=True)) if session.asks else usual
            try:
                return str(TypeAdapter(kind).validate_python(answer))
            except ValidationError as error:
                wrong = error.errors()[0]["msg"].removeprefix("Value error, ")
                if given is not None or not session.asks:
                    raise ConfigError(f"{question}: {wrong}") from None
                click.echo(wrong, err=True)

    answers = Answers(
        name=ask("The newsroom's name", Line, name, "Our newsroom"),
        address=ask("The address mail comes from", Address, address, "alerts@news.example.org"),
        zone=ask("The time zone", Zone, zone, "UTC"),
    )
    written = write(folder, answers)
    then = "" if folder == Path() else f"cd {folder} && "
    session.data(
        {"written": written},
        "\n".join([f"wrote {path}" for path in written] + ["", f"next: {then}alerts subscribers sync && alerts check"]),
    )


@click.command(cls=Leaf)
@click.argument("folder", type=click.Path(path_type=Path), default=Path("demo"))
@pass_session
def demo(session: Session, /, *, folder: Path) -> None:
    """Run the main job on sample articles, in FOLDER, without network: pick, plan, send, receipt, digest."""
    from alerts.cli.demonstration import demonstrate

    demonstrate(session, folder)


@click.command(cls=Leaf)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script; for bash: eval "$(alerts completion bash)"."""
    from click.shell_completion import get_completion_class

    from alerts.cli.root import cli

    kind = get_completion_class(shell)
    assert kind is not None
    made = kind(cli, {}, "alerts", "_ALERTS_COMPLETE")
    # Not `made.source()`: for bash it runs the shell to ask its version, and the script suits every version since 4.4.
    sys.stdout.write(made.source_template % made.source_vars() + "\n")
