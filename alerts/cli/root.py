"""The command tree: loads a command's module only when it is needed, and prints every error the same way."""

import importlib
import json
import sys
from collections.abc import Sequence

import click

import alerts
from alerts.cli import session
from alerts.errors import AlertsError, ConfigError

#: section → (command, module, one line); the line is repeated here so that `--help` imports nothing.
SECTIONS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "Send": (
        ("send", "alerts.cli.send", "Send a breaking-news alert."),
        ("test", "alerts.cli.send", "Send the real mail to testers only."),
        ("preview", "alerts.cli.preview", "Show the mail as a page in the browser."),
        ("preflight", "alerts.cli.preflight", "Check a mail without sending it."),
        ("digest", "alerts.cli.digest", "Send a digest now."),
    ),
    "Decide": (
        ("approve", "alerts.cli.decide", "Let a draft go out."),
        ("reject", "alerts.cli.decide", "Say no to a draft."),
        ("hold", "alerts.cli.decide", "Stop an edition for now."),
        ("release", "alerts.cli.decide", "Let a held or blocked edition go on."),
        ("kill", "alerts.cli.decide", "Stop an edition for good."),
        ("stop", "alerts.cli.decide", "Stop all sending at once."),
        ("resume", "alerts.cli.decide", "Let sending go on after a stop."),
    ),
    "Look": (
        ("receipt", "alerts.cli.look", "Show who got an edition and why the others did not."),
        ("status", "alerts.cli.look", "Show what waits, what goes out, what is due."),
        ("explain", "alerts.cli.look", "Show why a story was picked, where words come from."),
        ("replay", "alerts.cli.replay", "List what a policy would have sent of recorded material."),
        ("why", "alerts.cli.look", "Show what an address got, and what not."),
        ("editions", "alerts.cli.look", "List and show editions."),
        ("deliveries", "alerts.cli.look", "List and show single deliveries."),
        ("digests", "alerts.cli.digest", "List digests and when they are due."),
    ),
    "Manage": (
        ("feeds", "alerts.cli.content", "Add, list and fetch feeds."),
        ("stories", "alerts.cli.content", "List, show, merge and split stories."),
        ("templates", "alerts.cli.templates", "List, take over and try templates, themes and words."),
        ("segments", "alerts.cli.audience", "List, count and test segments."),
        ("subscribers", "alerts.cli.audience", "Sync, show, suppress and forget subscribers."),
    ),
    "Service": (
        ("run", "alerts.cli.service", "Poll, propose, send digests and serve pages until stopped."),
        ("serve", "alerts.cli.service", "Serve the readers' and editors' pages only."),
        ("check", "alerts.cli.service", "Check what you wrote: settings, segments, lists, templates."),
        ("doctor", "alerts.cli.service", "Check everything: installation, provider, database, scheduler."),
        ("init", "alerts.cli.setup", "Write a new newsroom's files."),
        ("demo", "alerts.cli.setup", "Run the main job on sample articles."),
        ("completion", "alerts.cli.setup", "Print the shell's completion script."),
    ),
}

_MODULES = {name: module for commands in SECTIONS.values() for name, module, _ in commands}


class Root(click.Group):
    """The `alerts` command."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Name every command, in the order of the sections."""
        return list(_MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Load a command's module now that it is wanted."""
        module = _MODULES.get(cmd_name)
        if module is None:
            return None
        found: click.Command = getattr(importlib.import_module(module), cmd_name.replace("-", "_"))
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands by section without loading them."""
        for section, commands in SECTIONS.items():
            with formatter.section(section):
                formatter.write_dl([(name, line) for name, _, line in commands])


@click.command(cls=Root, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(alerts.__version__, prog_name="alerts")
def cli() -> None:
    """Send breaking-news alerts and digests by e-mail, and account for every reader.

    Start with `alerts init`, then `alerts send ARTICLE -s SEGMENT`. Nothing leaves this machine until you configure
    a provider, and a new configuration is in rehearsal.
    """


def run(arguments: Sequence[str]) -> int:
    """Run a command line; return its exit code (design §10)."""
    try:
        code = cli.main(args=list(arguments), prog_name="alerts", standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("interrupted", err=True)
        return 130
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except AlertsError as error:
        _print(error)
        if session.current.debug:
            raise
        return error.exit_code
    except KeyboardInterrupt:
        click.echo("interrupted", err=True)
        return 130
    except BrokenPipeError:
        # The reader of our output went away (`alerts … | head`): not our failure, but nothing more can be printed.
        sys.stderr.close()
        return 0
    except Exception as error:
        if session.current.debug:
            raise
        click.echo(f"error: {type(error).__name__}: {error}", err=True)
        click.echo("hint: this is a fault in alerts; run it again with --debug and report what it prints", err=True)
        return 1
    return code if isinstance(code, int) else 0


def _print(error: AlertsError) -> None:
    problems = error.problems if isinstance(error, ConfigError) else ()
    if session.current.json:
        written = {
            "error": str(error),
            "hint": error.hint,
            "exit_code": error.exit_code,
            "problems": [str(problem) for problem in problems],
        }
        click.echo(json.dumps(written, ensure_ascii=False), err=True)
        return
    click.echo(f"error: {error}", err=True)
    for problem in problems:
        click.echo(f"  {problem}", err=True)
    if error.hint:
        click.echo(f"hint: {error.hint}", err=True)
