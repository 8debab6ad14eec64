"""`init`, `demo`, `completion`: the first minutes."""

import sys
from pathlib import Path

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

    given = {
        "name": _ask(session, "The newsroom's name", name, "Our newsroom"),
        "address": _ask(session, "The address mail comes from", address, "alerts@news.example.org"),
        "zone": _ask(session, "The time zone", zone, "UTC"),
    }
    for field, kind in (("name", Line), ("address", Address), ("zone", Zone)):
        try:
            TypeAdapter(kind).validate_python(given[field])
        except ValidationError as error:
            raise ConfigError(f"{field}: {error.errors()[0]['msg'].removeprefix('Value error, ')}") from None
    written = write(folder, Answers(**given))
    then = "" if folder == Path() else f"cd {folder} && "
    session.data(
        {"written": written},
        "\n".join([f"wrote {path}" for path in written] + ["", f"next: {then}alerts subscribers sync && alerts check"]),
    )


def _ask(session: Session, question: str, given: str | None, usual: str) -> str:
    if given is not None:
        return given
    if not session.asks:
        return usual
    answer: str = click.prompt(question, default=usual, err=True)
    return answer


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
