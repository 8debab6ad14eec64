"""Judge what `alerts demo` left behind, from the outside: by the command, and by the mails that lie in the outbox.

Run by the Python of an environment that holds nothing but the wheel: `python check_demo.py FOLDER`.
"""

import email
import json
import subprocess
import sys
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

#: What a reader's mail program needs (RFC 5322, RFC 8058).
_HEADERS = ("From", "To", "Subject", "Date", "Message-ID", "List-Unsubscribe", "List-Unsubscribe-Post")


def main(folder: Path) -> int:
    """Print what was checked; return 1 if anything is wrong."""
    alerts = Path(sys.executable).parent / "alerts"
    editions = _answer(alerts, folder, "editions", "list")
    wrong = [] if editions else ["the demo made no edition"]
    accepted = 0
    for edition in editions:
        name = edition["edition"]["id"]
        receipt = _answer(alerts, folder, "receipt", name)
        total = sum(receipt["excluded"].values()) + sum(receipt["deliveries"].values())
        if receipt["candidates"] != total:
            wrong.append(f"the receipt of {name} does not add up: {receipt['candidates']} is not {total}")
        accepted += receipt["deliveries"]["accepted"]
    mails = sorted(folder.rglob("*.eml"))
    if not mails or len(mails) != accepted:
        wrong.append(f"{len(mails)} mails lie in the outbox, but the receipts count {accepted}")
    wrong += [problem for mail in mails for problem in _problems(mail)]
    for problem in wrong:
        print(problem, file=sys.stderr)  # noqa: T201
    print(f"{len(editions)} editions, {len(mails)} mails, receipts {'wrong' if wrong else 'add up'}")  # noqa: T201
    return 1 if wrong else 0


def _answer(alerts: Path, folder: Path, *words: str) -> Any:
    done = subprocess.run(  # noqa: S603
        [alerts, *words, "--json"], cwd=folder, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    if done.returncode != 0:
        sys.exit(f"alerts {' '.join(words)} --json ended with {done.returncode}: {done.stderr}")
    return json.loads(done.stdout)


def _problems(path: Path) -> list[str]:
    mail = email.message_from_bytes(path.read_bytes(), policy=default)
    assert isinstance(mail, EmailMessage)
    found = [f"{path}: no {name}" for name in _HEADERS if not mail[name]]
    kinds = [part.get_content_type() for part in mail.walk() if not part.is_multipart()]
    if kinds != ["text/plain", "text/html"]:
        found.append(f"{path}: parts are {kinds}")
    found += [f"{path}: an empty part" for part in mail.walk() if not part.is_multipart() and not part.get_content()]
    return found


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
