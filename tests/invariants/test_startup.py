"""Typing `alerts --help` costs no more than it must."""

import re
import subprocess
import sys

#: what a command needs, not the overview of all commands
HEAVY = {"sqlalchemy", "alembic", "sendgrid", "apscheduler", "flask", "waitress", "trafilatura", "feedparser", "lxml"}
HEAVY |= {
    "httpx2",
    "mjml",
    "jinja2",
    "pydantic",
    "cryptography",
    "rich",
    "structlog",
    "babel",
    "email_validator",
    "nh3",
}


def test_help_imports_nothing_heavy() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "alerts", "--help"], capture_output=True, text=True, check=True
    )
    imported = {name.partition(".")[0] for name in re.findall(r"\|\s+([\w.]+)$", done.stderr, re.M)}
    assert "click" in imported
    assert imported & HEAVY == set()
    assert "receipt" in done.stdout
