"""The documents say what the code does."""

import re
import tomllib
from pathlib import Path

import click
import pytest

from alerts import errors
from docs.generate import ROOT, error_classes, pages, tree

DOCUMENTS = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
COMMANDS = {context.command_path: (command, context) for command, context in tree()}


@pytest.mark.parametrize("name", ["cli.md", "configuration.md"])
def test_generated_pages_are_what_the_code_makes_now(name: str) -> None:
    written = (ROOT / "docs" / name).read_text(encoding="utf-8")
    assert written == pages()[name], "run `make docs` and commit what it writes"


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_and_option_has_help(words: str) -> None:
    command, _ = COMMANDS[words]
    assert command.help
    options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    assert [option.name for option in options if not option.help] == []


def test_every_error_has_an_exit_code_and_a_line_where_people_look() -> None:
    drawn = dict(re.findall(r"(\w+) \((\d+)\)", errors.__doc__ or ""))
    listed = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    for error in error_classes():
        assert drawn[error.__name__] == str(error.exit_code)
        assert f"| {error.exit_code} | {(error.__doc__ or '').splitlines()[0]} | `{error.__name__}` |" in listed


def test_errors_that_a_room_keeps_to_itself_end_with_the_code_of_their_kind() -> None:
    tree = set(error_classes())
    finer = [kind for error in tree for kind in error.__subclasses__() if kind not in tree]
    assert [kind.__name__ for kind in finer if "exit_code" in vars(kind)] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", document.read_text(encoding="utf-8"))
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_commands_that_documents_and_hints_tell_people_to_type_exist() -> None:
    known = {words.removeprefix("alerts ") for words in COMMANDS}
    groups = {
        words.removeprefix("alerts ") for words, (command, _) in COMMANDS.items() if isinstance(command, click.Group)
    }
    wrong = []
    for path in [*DOCUMENTS, *(ROOT / "alerts").rglob("*.py"), *(ROOT / "templates").rglob("*.j2")]:
        for first, second in re.findall(
            r"(?:`|^\$ )alerts ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?", path.read_text("utf-8"), re.M
        ):
            if first not in known or (second and first in groups and f"{first} {second}" not in known):
                wrong.append(f"{path.relative_to(ROOT)}: alerts {first} {second}")
    assert wrong == []


def test_changelog_tells_of_this_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert re.search(rf"^## {re.escape(version)}\b", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
