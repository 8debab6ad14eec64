"""Write a new newsroom's files: settings in rehearsal, segments, an example list, keys. Overwrites nothing."""

import secrets
from dataclasses import dataclass
from pathlib import Path

from alerts import bundled
from alerts.errors import ConfigError

_GITIGNORE = """# people and secrets stay out of git; the rules (segments.toml, config.toml) belong in it
subscribers/lists/
keys/
outbox/
*.db
*.db-wal
*.db-shm
"""

_CONFIG = """# Settings of {name}. Every key is explained in docs/configuration.md and config.example.toml.

[newsroom]
name = {name_toml}
site = {site_toml}
language = "en"
timezone = "{zone}"

[sender]
address = "{address}"
# The law asks for a postal address in every mail.
postal_address = {name_toml}

[provider]
# outbox writes .eml files and sends nothing; smtp and sendgrid send.
use = "outbox"
# REHEARSAL: only these addresses get mail. Delete the line to go live.
only_to = ["{address}"]

[desk]
editors = ["{address}"]
testers = ["{address}"]

[breaking]
segments = "breaking"

[[digests]]
name = "morning"
title = "The morning briefing"
at = "07:00"
days = "weekdays"
segment = "morning"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What `alerts init` asks."""

    name: str
    address: str
    zone: str


def init(folder: Path, answers: Answers) -> list[Path]:
    """Write the files; return them. Raises ConfigError, before anything is written, when one is there already."""
    shipped = bundled.path("subscribers")
    texts = {folder / "config.toml": _config(answers), folder / ".gitignore": _GITIGNORE}
    for source in sorted(path for path in shipped.rglob("*") if path.is_file()):
        texts[folder / "subscribers" / source.relative_to(shipped)] = source.read_text(encoding="utf-8")
    # In rehearsal only the sender gets mail, so the sender must be a subscriber.
    texts[folder / "subscribers" / "lists" / "staff.csv"] = f"email,name,frequency\n{answers.address},Desk,all\n"
    keys = {folder / "keys" / f"{name}.key": secrets.token_urlsafe(32) + "\n" for name in ("tokens", "addresses")}
    there = [path for path in (*texts, *keys) if path.exists()]
    if there:
        raise ConfigError(
            f"{there[0]} is there already; nothing was written", hint="choose an empty folder, or remove that file"
        )
    try:
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        for path, text in keys.items():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch(mode=0o600)
            path.write_text(text, encoding="ascii")
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be written: {error.strerror}") from error
    return [*texts, *keys]


def _config(answers: Answers) -> str:
    domain = answers.address.rpartition("@")[2]
    return _CONFIG.format(
        name=answers.name,
        name_toml=toml_text(answers.name),
        site_toml=toml_text(f"https://{domain}"),
        zone=answers.zone,
        address=answers.address,
    )


def toml_text(text: str) -> str:
    """Write a text as a TOML basic string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(char if ord(char) >= 32 else f"\\u{ord(char):04x}" for char in escaped) + '"'
