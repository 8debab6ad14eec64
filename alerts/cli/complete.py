"""Complete names in the shell. Must be quick and never fail: a broken configuration completes nothing."""

import tomllib
from pathlib import Path
from typing import Any

import click


def segments(ctx: click.Context, incomplete: str) -> list[str]:
    """Name the segments in `segments.toml` that begin so."""
    settings = _settings(ctx)
    folder = settings.get("subscribers", {}).get("directory", "subscribers")
    return _begin(_toml(_file(ctx).parent / folder / "segments.toml"), incomplete)


def digests(ctx: click.Context, incomplete: str) -> list[str]:
    """Name the digests of the configuration that begin so."""
    return _begin([digest.get("name", "") for digest in _settings(ctx).get("digests", [])], incomplete)


def editions(ctx: click.Context, incomplete: str) -> list[str]:
    """Name the newest editions that begin so, and `last`."""
    from alerts import config
    from alerts.desk import open_desk
    from alerts.errors import AlertsError

    try:
        desk = open_desk(config.load(_file(ctx)))
        try:
            return _begin(["last", *(record.edition.id for record in desk.store.ledger.editions(limit=50))], incomplete)
        finally:
            desk.close()
    except AlertsError:
        return []


def _file(ctx: click.Context) -> Path:
    return Path(ctx.params.get("config") or "config.toml")


def _settings(ctx: click.Context) -> dict[str, Any]:
    return _toml(_file(ctx))


def _toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        return {}


def _begin(names: Any, incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
