"""A newsroom in a folder, worked only through the `alerts` command: what the feature tests tell their stories with."""

import email
import email.policy
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

ARTICLE = """Home News Flood barrier fails at Harwick, old town evacuated

Flood barrier fails at Harwick, old town evacuated

The flood barrier at Harwick gave way shortly after noon on Monday, sending seawater into the old town.

About 1,200 people were told to leave their homes, the Harwick fire service said.

Nobody was reported missing by the early afternoon, according to the county's crisis team.

The barrier was last inspected in March and found to be sound, the water board said in a statement.

[youtube k3Xq9 640]
"""

SEGMENTS = """[breaking]
title = "Breaking news"
from = ["readers"]
include = { topics = "breaking" }

[morning]
title = "The morning briefing"
from = ["readers"]

[nobody]
title = "Nobody"
from = ["readers"]
include = { topics = "chess" }
"""

READERS = """email,name,topics
ana@example.org,Ana,breaking|politics
ben@example.org,Ben,breaking
cleo@example.org,Cléo,breaking|sport
dov@example.org,Dov,politics
"""

_CONFIG = """[newsroom]
name = "The Harwick Herald"
site = "https://herald.example"
timezone = "Europe/London"

[sender]
address = "news@herald.example"
postal_address = "1 Quay Street, Harwick"
"""


@dataclass(frozen=True)
class Ran:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    def ok(self) -> "Ran":
        assert self.code == 0, f"exit code {self.code}\n{self.out}\n{self.err}"
        return self

    def failed(self, code: int, *said: str) -> "Ran":
        """It ended with this code, said all of this in its error line, and showed no traceback."""
        assert self.code == code, f"exit code {self.code}, not {code}\n{self.out}\n{self.err}"
        assert "Traceback" not in self.err
        assert self.err.count("\nerror: ") + self.err.startswith("error: ") == 1, self.err
        for words in said:
            assert words in self.err, f"{words!r} not in:\n{self.err}"
        return self


@dataclass
class Newsroom:
    """A newsroom's folder."""

    folder: Path
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        lists = self.folder / "subscribers" / "lists"
        lists.mkdir(parents=True)
        (self.folder / "keys").mkdir(mode=0o700)
        for name in ("tokens", "addresses"):
            key = self.folder / "keys" / f"{name}.key"
            key.write_text(name[0] * 43)
            key.chmod(0o600)
        (self.folder / "subscribers" / "segments.toml").write_text(SEGMENTS)
        (lists / "readers.csv").write_text(READERS)
        (self.folder / "article.txt").write_text(ARTICLE)
        self.configure("")

    def configure(self, more: str, *, listen: str = "127.0.0.1:8025", url: str = "https://news.herald.example") -> None:
        """Write the configuration: the newsroom's own, and more."""
        web = f'\n[web]\nurl = "{url}"\nlisten = "{listen}"\n'
        (self.folder / "config.toml").write_text(_CONFIG + web + more, encoding="utf-8")

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "alerts", *arguments]

    @property
    def environment(self) -> Mapping[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        # Warnings are errors here too: a leaked connection in the command must not pass unseen.
        return {**kept, "ALERTS_EDITOR": "Nora", "COLUMNS": "120", **self.env}

    def run(self, *arguments: str, typed: str | bytes = b"", env: Mapping[str, str] | None = None) -> Ran:
        """Run `alerts` in the folder, as a person without a terminal would."""
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env={**self.environment, **(env or {})},
            input=typed.encode() if isinstance(typed, str) else typed,
            capture_output=True,
            timeout=90,
            check=False,
        )
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start `alerts` and leave it running; what it says is in service.log."""
        with (self.folder / "service.log").open("ab") as log:
            return subprocess.Popen(
                self.command(*arguments),
                cwd=self.folder,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def outbox(self) -> list[EmailMessage]:
        """Read the mails in the outbox, oldest name first."""
        return [parse(file.read_bytes()) for file in sorted((self.folder / "outbox").rglob("*.eml"))]

    def sync(self) -> Ran:
        return self.run("subscribers", "sync", "--yes")


def parse(raw: bytes) -> EmailMessage:
    """Read a mail with the standard library."""
    found = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    assert not found.defects, found.defects
    return found


def free_port() -> int:
    """Find a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(what: Callable[[], Any], *, seconds: float = 20) -> Any:
    """Wait until something is true and return it; fail when it takes too long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s")


def listens(port: int) -> bool:
    """Tell whether somebody listens on a port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def part(mail: EmailMessage, kind: str) -> str:
    """Read the `plain` or `html` part."""
    body = mail.get_body((kind,))
    assert body is not None
    text: str = body.get_content()
    return text


def addresses(mails: Sequence[EmailMessage]) -> list[str]:
    """Tell whom mails are to, sorted."""
    return sorted(mail["To"].addresses[0].addr_spec for mail in mails)
