"""The house stays one that a newcomer can read."""

import ast
import re
from pathlib import Path

import pytest

from docs.generate import ROOT

CODE = sorted((ROOT / "alerts").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
#: lists of declarations, read by looking up and not from top to bottom
LONGER = {"alerts/model.py": 800, "alerts/config/tables.py": 500, "alerts/store/tables.py": 500}
LONGEST = 400
SAYS_NOTHING = {
    "util",
    "utils",
    "helper",
    "helpers",
    "common",
    "misc",
    "manager",
    "data",
    "info",
    "base",
    "stuff",
    "tools",
}
#: design §2, "never call it": words of other trades
NOT_OURS = {"campaign", "newsletter", "blacklist", "whitelist", "contact", "broadcast"}


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_is_longer_than_one_reading(path: Path) -> None:
    name = path.relative_to(ROOT).as_posix()
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= LONGER.get(name, LONGEST), f"{name} has {lines} lines; split it by what it is for"


def test_no_file_or_folder_has_a_name_that_says_nothing() -> None:
    named = [path.relative_to(ROOT) for path in (*CODE, *TESTS)]
    assert [path for path in named if SAYS_NOTHING & {part.removesuffix(".py") for part in path.parts}] == []


def test_names_in_the_code_are_words_of_the_glossary() -> None:
    wrong = []
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = getattr(node, "name", None) or getattr(node, "arg", None)
            if isinstance(name, str) and NOT_OURS & set(re.findall(r"[a-z]+", _spaced(name))):
                wrong.append(f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}: {name}")
    assert wrong == []


def test_no_template_switches_escaping_off() -> None:
    wrong = [
        path.relative_to(ROOT)
        for path in (
            *(ROOT / "templates").rglob("*.j2"),
            *(ROOT / "alerts").rglob("*.j2"),
            *(ROOT / "alerts").rglob("*.html"),
        )
        if re.search(r"\|\s*safe\b|autoescape\s+false|Markup\(", path.read_text(encoding="utf-8"))
    ]
    assert wrong == []


def test_nothing_is_left_open_in_the_code() -> None:
    open_ends = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")
    wrong = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in CODE
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if open_ends.search(line)
    ]
    assert wrong == []


def test_data_folders_hold_no_code() -> None:
    assert [path for folder in ("templates", "subscribers") for path in (ROOT / folder).rglob("*.py")] == []


def _spaced(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()
