"""Write the lock files from pyproject.toml, or tell in a blink whether they are behind it.

`requirements.lock` is what a newsroom runs; `requirements-dev.lock` is that and all that `make check`, `make test` and
the wheel's build need. Both pin every package with its hashes and name no address of any package index. The check
needs no network: each lock carries a hash of the dependency tables that it was made from.
"""

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RUNTIME = ROOT / "requirements.lock"
DEVELOPMENT = ROOT / "requirements-dev.lock"
_MARK = "# made from dependency tables sha256:"
# Settings of whoever runs this that would change what is found; an index address stays theirs to set.
_NOT_OURS = ("PIP_FIND_LINKS", "PIP_CONSTRAINT", "PIP_NO_BINARY", "PIP_ONLY_BINARY", "PIP_PRE", "PIP_REQUIRE_HASHES")
# A name with its version, then at least one hash.
_PIN = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*(\[[a-z,]+\])?==\S+( ; .+)? \\$")


def main() -> int:
    """Carry out `write` or `check`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["write", "check"])
    parser.add_argument("--upgrade", action="store_true", help="move every pin to the newest version allowed")
    given = parser.parse_args()
    if given.what == "check":
        problems = [problem for lock in (RUNTIME, DEVELOPMENT) for problem in _problems(lock)]
        for problem in problems:
            print(problem, file=sys.stderr)  # noqa: T201
        return 1 if problems else 0
    tables = _tables()
    runtime = tables["project"]["dependencies"]
    _write(RUNTIME, runtime, upgrade=given.upgrade)
    everything = [*runtime, *tables["dependency-groups"]["dev"], *tables["build-system"]["requires"]]
    _write(DEVELOPMENT, everything, f"--constraint={RUNTIME.name}", upgrade=given.upgrade)
    return 0


def _tables() -> dict[str, Any]:
    loaded: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return loaded


def _fingerprint(tables: dict[str, Any]) -> str:
    project = tables["project"]
    parts = [
        tables["build-system"]["requires"],
        project["requires-python"],
        project["dependencies"],
        project.get("optional-dependencies", {}),
        tables.get("dependency-groups", {}),
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _problems(lock: Path) -> list[str]:
    if not lock.is_file():
        return [f"{lock.name}: there is none (make lock)"]
    text = lock.read_text(encoding="utf-8")
    found = []
    if f"{_MARK}{_fingerprint(_tables())}" not in text.splitlines():
        found.append(f"{lock.name}: pyproject.toml asks for other packages than it was made from (make lock)")
    if re.search(r"://|--(extra-)?index|--find-links|--trusted-host", text):
        found.append(f"{lock.name}: names an address of a package index or a folder (make lock)")
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.startswith((" ", "#")) and line and not _PIN.match(line):
            found.append(f"{lock.name}:{number}: a package without a version or a hash (make lock)")
    return found


def _write(lock: Path, requirements: list[str], *options: str, upgrade: bool) -> None:
    command = [
        *(sys.executable, "-m", "piptools", "compile", "--quiet", "-", f"--output-file={lock.name}"),
        *("--generate-hashes", "--allow-unsafe", "--strip-extras", "--no-header", "--annotation-style=line"),
        *("--no-emit-index-url", "--no-emit-find-links", "--no-emit-trusted-host", "--no-emit-options"),
        *options,
        *(["--upgrade"] if upgrade else []),
    ]
    environment = {name: value for name, value in os.environ.items() if name not in _NOT_OURS}
    subprocess.run(command, cwd=ROOT, env=environment, input="\n".join(requirements), text=True, check=True)  # noqa: S603
    body = (
        lock.read_text(encoding="utf-8").replace("via -r -", "via pyproject.toml").replace(", -r -", ", pyproject.toml")
    )
    header = f"# Written by `make lock`; not by hand.\n{_MARK}{_fingerprint(_tables())}\n"
    lock.write_text(header + body, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
