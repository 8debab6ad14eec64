"""docs/preflight.md names every code that a mail's findings can have, and no other."""

import ast
import re
from collections.abc import Iterator

from docs.generate import ROOT

CHECKED = [
    ROOT / "alerts" / room
    for room in ("templating/checks.py", "desk/preflight.py", "desk/standing.py", "desk/links.py", "desk/spam.py")
]
_MAKERS = {"_error", "_warning"}
_CODE = re.compile(r"[a-z]+(-[a-z]+)*")


def codes(source: str) -> Iterator[str]:
    """List the codes that a module gives to its findings, as constants or as one of two."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        given = [keyword.value for keyword in node.keywords if keyword.arg == "code"]
        if isinstance(node.func, ast.Name) and node.func.id in _MAKERS:
            given += node.args[:1]
        for value in given:
            yield from (
                leaf.value
                for leaf in ast.walk(value)
                if isinstance(leaf, ast.Constant) and isinstance(leaf.value, str) and _CODE.fullmatch(leaf.value)
            )


def test_every_code_is_told_to_editors() -> None:
    listed = re.findall(r"^\| `([a-z-]+)` \|", (ROOT / "docs" / "preflight.md").read_text("utf-8"), re.MULTILINE)
    made = {code for file in CHECKED for code in codes(file.read_text("utf-8"))}
    assert len(listed) == len(set(listed))
    assert set(listed) == made
