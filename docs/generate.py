"""Write docs/cli.md from the commands and docs/configuration.md from config.example.toml and the settings.

`make docs` runs it; tests/invariants hold the files to what it makes, so neither can fall behind the code.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin

import click
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from alerts import config, errors
from alerts.cli.root import cli as alerts

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "config.example.toml"
_WIDTH = 100


def main() -> int:
    """Write both files anew."""
    for name, text in pages().items():
        (ROOT / "docs" / name).write_text(text, encoding="utf-8")
    return 0


def pages() -> dict[str, str]:
    """Make the text of every generated page."""
    return {"cli.md": cli(), "configuration.md": configuration()}


# --- settings ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One key as the example shows it."""

    #: the question it helps to answer
    question: str
    #: such as `provider.smtp`; of the top level: empty
    table: str
    #: empty: the table's own line
    name: str
    #: as TOML
    value: str
    #: commented out: it has no default, or stands in a table that is there only when wanted
    is_unset: bool
    remark: str


def settings(example: str) -> Iterator[Setting]:
    """Read the example line by line: what TOML's own reader drops is what we want, the remarks."""
    question, table, remarks = "", "", list[str]()
    for line in example.splitlines():
        if rule := re.match(r"# --- (.+?) -+$", line):
            question, remarks = rule[1], []
        elif header := re.match(r"#?\[\[?([a-z_.]+)\]\]?$", line):
            table = header[1]
            yield Setting(question=question, table=table, name="", value="", is_unset=False, remark=" ".join(remarks))
            remarks = []
        elif key := re.match(r"(#?)([a-z_]+) = (.+)$", line):
            yield Setting(
                question=question,
                table=table,
                name=key[2],
                value=key[3],
                is_unset=bool(key[1]),
                remark=" ".join(remarks),
            )
            remarks = []
        elif line.startswith("# "):
            remarks.append(line[2:])
        elif line in {"", "#"}:
            remarks = []
        else:
            raise ValueError(f"config.example.toml: not understood: {line}")


def uncommented(example: str) -> str:
    """Set every setting that the example leaves unset, at the value it suggests."""
    return re.sub(r"(?m)^#(?=[\[a-z])", "", example)


def keys(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """List every key of the settings with dots, such as `provider.smtp.host`; not what is no key."""
    for name, field in model.model_fields.items():
        if field.exclude:
            continue
        table = _table_of(field.annotation)
        if table is None:
            yield prefix + name, field
        else:
            yield from keys(table, f"{prefix}{name}.")


def configuration() -> str:
    """Make docs/configuration.md."""
    known = dict(keys(config.Config))
    lines = [_CONFIGURATION_HEAD]
    question = ""
    for setting in settings(EXAMPLE.read_text(encoding="utf-8")):
        if setting.question != question:
            question = setting.question
            lines += ["", f"## {question}"]
        if setting.name:
            lines.append(_row(setting, known.get(f"{setting.table}.{setting.name}")))
        else:
            lines += _table_head(setting)
    return "\n".join(lines) + "\n"


def _table_head(setting: Setting) -> list[str]:
    brackets = f"[[{setting.table}]]" if setting.table in _REPEATED else f"[{setting.table}]"
    said = [_sentence(setting.remark), ""] if setting.remark else []
    return ["", f"### `{brackets}`", "", *said, "| key | takes | default | meaning |", "|---|---|---|---|"]


def _sentence(remark: str) -> str:
    return remark[:1].upper() + remark[1:] + ("" if remark.endswith(".") else ".")


_REPEATED = {"outlets", "digests", "breaking.words", "breaking.routes"}

_CONFIGURATION_HEAD = """# Configuration

<!-- Written by `make docs` from config.example.toml and alerts/config/; not by hand. -->

`alerts` reads one TOML file: `--config FILE`, else `$ALERTS_CONFIG`, else `config.toml` in the current folder.
`alerts init` writes a short one; [config.example.toml](../config.example.toml) shows every key. What a file leaves
out keeps its default. `alerts check` reports every mistake at once, each with its line and its remedy.

- **Durations** are text with a unit: `"90s"`, `"30m"`, `"6h"`, `"2d"`.
- **Paths** are relative to the folder of the file.
- **Secrets** never stand in the file. Write `{ env = "NAME" }` for a variable of the environment or
  `{ file = "path" }` for a file; a literal is refused. They are read at the moment they are used.
- **Times of day** are local to the zone beside them; `docs/operations.md` says what happens when clocks change."""


def _row(setting: Setting, field: FieldInfo | None) -> str:
    example = f"none; such as `{setting.value}`"
    if setting.table in _REPEATED and field is not None:
        example = "must be set" if field.is_required() else f"`{_toml(field.default)}`"
        if field.default is None:
            example = f"none; such as `{setting.value}`"
    shown = example if setting.is_unset else f"`{setting.value}`"
    takes = "a list; each text" if field is None else _words(field.annotation, tuple(field.metadata))
    cells = (f"`{setting.name}`", takes, shown, setting.remark)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _table_of(annotation: Any) -> type[BaseModel] | None:
    for candidate in (annotation, *get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel) and candidate is not config.Secret:
            return candidate
    return None


_BY_CHECK = {
    "mailbox": "an address, or a name with one: `The Desk <desk@example.org>`",
    "_zone": "a time zone",
    "_address": "an e-mail address",
    "_one_line": "text on one line",
    "_one_or_many": "text, or a list of texts",
    "duration": "a duration",
}
_BY_PATTERN = {r"^https?://": "a web address", r"^#": "a colour", r"^[a-z0-9]": "a name"}
_BY_TYPE = {str: "text", int: "a whole number", float: "a number", bool: "`true` or `false`", Path: "a path"}


def _words(annotation: Any, metadata: tuple[Any, ...] = ()) -> str:
    """Say in words what a key takes."""
    for check in metadata:
        name = getattr(getattr(check, "func", None), "__name__", "")
        if name in _BY_CHECK:
            return _BY_CHECK[name]
        pattern = getattr(check, "pattern", None) or ""
        for start, words in _BY_PATTERN.items():
            if pattern.startswith(start):
                return words
    arguments = get_args(annotation)
    if hasattr(annotation, "__metadata__"):
        return _words(arguments[0], annotation.__metadata__)
    if NoneType in arguments:
        return _words(next(argument for argument in arguments if argument is not NoneType))
    if annotation is config.Secret:
        return "a secret"
    if annotation is timedelta:
        return "a duration"
    if get_origin(annotation) is Literal:
        return "one of " + ", ".join(f"`{value}`" for value in arguments)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return "one of " + ", ".join(f"`{member.value}`" for member in annotation)
    if get_origin(annotation) is tuple:
        return "a list; each " + _words(arguments[0]).removeprefix("a list; each ")
    return _BY_TYPE[annotation] + _limits(metadata)


def _limits(metadata: tuple[Any, ...]) -> str:
    least = next((check.ge for check in metadata if hasattr(check, "ge")), None)
    most = next((check.le for check in metadata if hasattr(check, "le")), None)
    if least is not None and most is not None:
        return f" from {least} to {most}"
    return "" if least is None else f", at least {least}"


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, timedelta):
        seconds = int(value.total_seconds())
        size, unit = next(
            (size, unit) for size, unit in ((86400, "d"), (3600, "h"), (60, "m"), (1, "s")) if seconds % size == 0
        )
        return f'"{seconds // size}{unit}"'
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(part) for part in value) + "]"
    return str(value) if isinstance(value, int | float) else f'"{value}"'


# --- commands ------------------------------------------------------------------------------------


def commands(command: click.Command, context: click.Context) -> Iterator[tuple[click.Command, click.Context]]:
    """Walk a command and all below it, each with the context that prints its help."""
    yield command, context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None and not below.hidden:
                yield from commands(below, _context(below, name, context))


def tree() -> Iterator[tuple[click.Command, click.Context]]:
    """Walk every command of `alerts`."""
    return commands(alerts, _context(alerts, "alerts", None))


def _context(command: click.Command, name: str, parent: click.Context | None) -> click.Context:
    own = command.context_settings
    return click.Context(command, parent, info_name=name, terminal_width=_WIDTH, max_content_width=_WIDTH, **own)


def error_classes(base: type[errors.AlertsError] = errors.AlertsError) -> Iterator[type[errors.AlertsError]]:
    """List the tree of `alerts/errors.py`, the base first; a room's own finer errors end as what they are kinds of."""
    yield base
    for below in base.__subclasses__():
        if below.__module__ == errors.__name__:
            yield from error_classes(below)


def cli() -> str:
    """Make docs/cli.md."""
    lines = [_CLI_HEAD, *_exit_codes()]
    for command, context in tree():
        words = context.command_path
        lines += ["", f"## {words}", "", "```text", command.get_help(context).rstrip(), "```"]
    return "\n".join(lines) + "\n"


_CLI_HEAD = """# Commands

<!-- Written by `make docs` from the commands themselves; not by hand. -->

Verbs for what the product does, nouns for what it manages; the same flag means the same everywhere. What a command
finds out goes to standard output, what it says about it to standard error. A command that sends asks first; without a
terminal and without `--yes` it refuses.

## Exit codes

| code | when | error |
|---|---|---|
| 0 | it is done | |"""


def _exit_codes() -> Iterator[str]:
    rows = [
        (error.exit_code, (error.__doc__ or "").splitlines()[0], f"`{error.__name__}`") for error in error_classes()
    ]
    rows += [(2, "The command line is not understood.", ""), (130, "Interrupted by Ctrl-C.", "")]
    return (f"| {code} | {when} | {name} |" for code, when, name in sorted(rows))


if __name__ == "__main__":
    sys.exit(main())
