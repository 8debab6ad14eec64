"""A command costs no more at its start than it must."""

import re
import subprocess

import pytest

from docs.generate import ROOT
from tests.features.newsroom import Newsroom

#: what fetches, reads, renders, sends, serves, migrates or logs
WORK = {
    "alembic",
    "apscheduler",
    "babel",
    "cryptography",
    "email_validator",
    "feedparser",
    "flask",
    "httpx2",
    "jinja2",
    "lxml",
    "mjml",
    "nh3",
    "rich",
    "sendgrid",
    "structlog",
    "trafilatura",
    "waitress",
}
#: what reads the configuration and the database
LOOKING = {"pydantic", "sqlalchemy"}


@pytest.fixture(scope="module")
def newsroom(tmp_path_factory: pytest.TempPathFactory) -> Newsroom:
    made = Newsroom(tmp_path_factory.mktemp("startup") / "newsroom")
    made.sync().ok()
    made.run("send", "article.txt", "-s", "breaking", "--yes").ok()
    return made


def imported_by(newsroom: Newsroom, *arguments: str) -> set[str]:
    python, *command = newsroom.command(*arguments)
    done = subprocess.run(
        [python, "-X", "importtime", *command],
        cwd=newsroom.folder,
        env=dict(newsroom.environment),
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.partition(".")[0] for name in re.findall(r"\|\s+([\w.]+)$", done.stderr, re.M)}


def test_help_imports_nothing_heavy(newsroom: Newsroom) -> None:
    found = imported_by(newsroom, "--help")
    assert "click" in found
    assert found & (WORK | LOOKING) == set()


@pytest.mark.parametrize(
    "command",
    [
        "status",
        "receipt last",
        "why ana@example.org",
        "editions list",
        "deliveries list",
        "digests list",
        "stories list",
        "segments list",
        "subscribers show ana@example.org",
    ],
)
def test_looking_imports_nothing_that_works(newsroom: Newsroom, command: str) -> None:
    found = imported_by(newsroom, *command.split())
    assert found & LOOKING
    assert found & WORK == set()


def test_sending_files_imports_neither_the_network_nor_the_service(newsroom: Newsroom) -> None:
    found = imported_by(newsroom, "send", "article.txt", "-s", "breaking", "--again", "for this test", "--dry-run")
    assert {"jinja2", "mjml"} <= found
    assert found & (WORK - {"babel", "jinja2", "lxml", "mjml"}) == set()


def test_only_the_log_brings_structlog_in() -> None:
    knowing = [
        file.relative_to(ROOT / "alerts").as_posix()
        for file in (ROOT / "alerts").rglob("*.py")
        if re.search(r"^\s*(import|from) structlog", file.read_text(encoding="utf-8"), re.M)
    ]
    # Whoever logs without `alerts.log` logs before anything is set up: to standard output, with addresses.
    assert sorted(knowing) == ["cli/logs.py", "log.py"]
