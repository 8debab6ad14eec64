"""What every command shares: its flags, where it prints, and the newsdesk it opens. Edge."""

import getpass
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from alerts.errors import SendRefused

if TYPE_CHECKING:
    from alerts.desk import Newsdesk


@dataclass(slots=True, kw_only=True)
class Session:
    """The flags that mean the same everywhere, and what follows from them."""

    config: Path = Path("config.toml")
    json: bool = False
    no_input: bool = False
    verbosity: int = 0
    debug: bool = False

    @contextmanager
    def desk(self) -> Iterator["Newsdesk"]:
        """Open the newsdesk of the configuration; close it afterwards."""
        from alerts import config

        settings = config.load(self.config)
        from alerts.cli.logs import set_up
        from alerts.desk import open_desk

        set_up(settings.log, verbosity=self.verbosity)
        desk = open_desk(settings)
        try:
            yield desk
        finally:
            desk.close()

    def data(self, value: Any, text: str | Callable[[], str]) -> None:
        """Print what was asked for: as JSON with --json, else as text."""
        if self.json:
            click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))
        else:
            click.echo(text() if callable(text) else text)

    def say(self, text: str) -> None:
        """Tell the person something that is not the data; silent with -q."""
        if self.verbosity >= 0:
            click.echo(text, err=True)

    @property
    def asks(self) -> bool:
        """Whether there is somebody to ask."""
        return not self.no_input and sys.stdin.isatty()

    def confirm_number(self, number: int, *, yes: bool, expect: int | None) -> int | None:
        """Make sure that somebody means it: asks for the number of subscribers. Raises SendRefused otherwise.

        Return the number that was confirmed; None: with --yes nobody looked at it.
        """
        if expect is not None:
            if expect != number:
                raise SendRefused(
                    f"{number} subscribers would get it, {expect} were expected; nothing was sent",
                    hint="look at the plan with --dry-run",
                )
            return number
        if yes:
            return None
        if not self.asks:
            raise SendRefused(
                "there is no terminal to ask; nothing was sent", hint="say --yes, or --expect NUMBER (safer)"
            )
        answer = click.prompt(
            f"Type the number of subscribers ({number}) to send", default="", show_default=False, err=True
        )
        if answer.strip().replace(" ", "") != str(number):
            raise SendRefused("not confirmed; nothing was sent")
        return number


def editor_name() -> str:
    """Tell who is at the keyboard: $ALERTS_EDITOR, else the account's name."""
    named = os.environ.get("ALERTS_EDITOR", "").strip()
    if named:
        return named
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def _plain(value: object) -> object:
    from dataclasses import asdict, is_dataclass
    from datetime import date, datetime, timedelta

    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, frozenset | set):
        return sorted(value)
    if isinstance(value, Path):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


_FLAGS = ("config", "json", "no_input", "verbose", "quiet", "debug")

#: The session of the command that runs; the error printer asks it for --json and --debug.
current = Session()


class Leaf(click.Command):
    """A command that takes the flags every command takes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(
            [
                click.Option(
                    ["-c", "--config"],
                    type=click.Path(path_type=Path),
                    default=Path("config.toml"),
                    envvar="ALERTS_CONFIG",
                    show_default=True,
                    help="The configuration file.",
                ),
                click.Option(["--json"], is_flag=True, help="Print data as JSON."),
                click.Option(["--no-input"], is_flag=True, help="Never ask."),
                click.Option(["-v", "--verbose"], count=True, help="Say more; twice: everything."),
                click.Option(["-q", "--quiet"], is_flag=True, help="Say only what was asked for, and errors."),
                click.Option(["--debug"], is_flag=True, help="Show tracebacks."),
            ]
        )

    def invoke(self, ctx: click.Context) -> Any:
        """Turn the shared flags into the session, then run the command."""
        flags = {name: ctx.params.pop(name) for name in _FLAGS}
        current.config = flags["config"]
        current.json = flags["json"]
        current.no_input = flags["no_input"]
        current.verbosity = -1 if flags["quiet"] else flags["verbose"]
        current.debug = flags["debug"]
        ctx.obj = current
        return super().invoke(ctx)


pass_session = click.make_pass_decorator(Session)
