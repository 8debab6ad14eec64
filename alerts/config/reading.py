"""Reads `config.toml` and finds every mistake in it, in words an editor can act on. Edge: reads files."""

import re
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from alerts.config.tables import Breaking, Config
from alerts.errors import ConfigError, Problem


def load(path: Path) -> Config:
    """Read a configuration file. Raises ConfigError that carries every problem in it."""
    shown = str(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(
            f"{shown}: there is no configuration here",
            hint="`alerts init` writes one; or name yours with --config",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{shown}: cannot be read: {error}") from error
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{shown}: not TOML: {error}", hint="mend that line") from error
    for reserved in ("base", "file"):
        raw.pop(reserved, None)
    try:
        found = Config.model_validate(raw)
    except ValidationError as error:
        problems = tuple(_problem(shown, text, item) for item in error.errors())
        raise ConfigError(_count(len(problems), shown), problems=problems) from error
    problems = tuple(_contradictions(shown, text, found))
    if problems:
        raise ConfigError(_count(len(problems), shown), problems=problems)
    return found.model_copy(update={"base": path.resolve().parent, "file": path})


def load_policy(path: Path, own: Breaking) -> Breaking:
    """Read a policy: a file with keys of `[breaking]`; what it leaves out is as in `own`. Raises ConfigError."""
    shown = str(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
        raw = tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{shown}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{shown}: not TOML: {error}", hint="mend that line") from error
    if set(raw) != {"breaking"} or not isinstance(raw["breaking"], dict):
        raise ConfigError(f"{shown}: holds no policy", hint="write `[breaking]` and its keys below, no other table")
    written = raw["breaking"]
    merged = own.model_dump() | written
    if isinstance(written.get("weights"), dict):
        merged["weights"] = own.weights.model_dump() | written["weights"]
    try:
        found = Breaking.model_validate(merged)
    except ValidationError as error:
        items = [{**item, "loc": ("breaking", *item["loc"])} for item in error.errors()]
        problems = tuple(_problem(shown, text, item) for item in items)
        raise ConfigError(_count(len(problems), shown), problems=problems) from error
    if found.review_score > found.alert_score:
        raise ConfigError(f"{shown}: breaking.review_score is above alert_score", hint="review must ask for less")
    return found


def _count(number: int, shown: str) -> str:
    return f"{shown}: {number} mistake{'s' if number > 1 else ''}"


def _contradictions(shown: str, text: str, config: Config) -> list[Problem]:
    """Find what is right by itself but not together."""
    problems = []
    for kind, names in (
        ("digests", [digest.name for digest in config.digests]),
        ("outlets", [outlet.name for outlet in config.outlets]),
    ):
        for name in sorted({name for name in names if names.count(name) > 1}):
            line = _line_of(text, (kind, names.index(name), "name"))
            problems.append(
                Problem(
                    file=shown,
                    line=line,
                    path=kind,
                    text=f'the name "{name}" is used twice',
                    remedy="rename one",
                )
            )
    problems += _shared_feeds(shown, text, config)
    for index, route in enumerate(config.breaking.routes):
        if route.topic not in config.topics:
            problems.append(
                Problem(
                    file=shown,
                    line=_line_of(text, ("breaking.routes", index, "topic")),
                    path="breaking.routes",
                    text=f'"{route.topic}" is no topic',
                    remedy="define it under [topics]: " + (", ".join(config.topics) or "none is there yet"),
                )
            )
    if config.breaking.review_score > config.breaking.alert_score:
        problems.append(
            Problem(
                file=shown,
                line=_line_of(text, ("breaking", "review_score")),
                path="breaking.review_score",
                text="is above alert_score",
                remedy="review must ask for less than alert",
            )
        )
    return problems


def _shared_feeds(shown: str, text: str, config: Config) -> list[Problem]:
    """Find feeds of two outlets: their articles would be the first one's, be the second one watched."""
    first: dict[str, str] = {}
    return [
        Problem(
            file=shown,
            line=_line_of(text, ("outlets", index, "feeds")),
            path=f"outlets.{index}.feeds",
            text=f'{feed} is a feed of "{first[feed]}" already',
            remedy="a feed is one outlet's: take it out of the other",
        )
        for index, outlet in enumerate(config.outlets)
        for feed in outlet.feeds
        if first.setdefault(feed, outlet.name) != outlet.name
    ]


#: pydantic's words that only a programmer understands
_IN_WORDS = {
    "extra_forbidden": "is not a key",
    "tuple_type": 'must be a list, such as ["one", "two"]',
    "model_type": "must be a table, such as [newsroom]",
    "model_attributes_type": "must be a table, such as [newsroom]",
}
_REMEDIES = {
    "extra_forbidden": "no such key; see docs/configuration.md",
    "missing": "add this key",
}


def _problem(shown: str, text: str, item: Any) -> Problem:
    path = ".".join(str(part) for part in item["loc"])
    message = str(item["msg"]).removeprefix("Value error, ")
    message = _IN_WORDS.get(item["type"], message)
    return Problem(
        file=shown,
        line=_line_of(text, item["loc"]),
        path=path,
        text=message,
        remedy=_REMEDIES.get(item["type"], ""),
    )


def _line_of(text: str, loc: tuple[int | str, ...]) -> int | None:
    """Find the line that a path of keys stands on; the table's header where the key is missing."""
    table: list[str] = []
    index: dict[str, int] = {}
    wanted_names = [part for part in loc if isinstance(part, str)]
    wanted_index = next((part for part in loc if isinstance(part, int)), None)
    best: int | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*(\[\[?)\s*([^\]]+?)\s*\]", line):
            table = [part.strip().strip("\"'") for part in header[2].split(".")]
            if header[1] == "[[":
                index[header[2]] = index.get(header[2], -1) + 1
            if wanted_index is not None and index.get(header[2], wanted_index) != wanted_index:
                table = ["\0other"]
            if table == wanted_names[: len(table)]:
                best = number
        elif (key := re.match(r"\s*([\w-]+|\"[^\"]+\")\s*[=.]", line)) and table == wanted_names[: len(table)]:
            rest = wanted_names[len(table) :]
            if rest and key[1].strip('"') == rest[0]:
                return number
    return best
