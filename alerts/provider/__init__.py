"""Mail providers: outbox, SMTP, SendGrid, and those of other packages. Edge: looks up entry points.

A provider turns a variant and its deliveries into requests, and what comes back into outcomes. It keeps no state of
its own, decides nothing and never touches the ledger.
"""

from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from alerts.config import ProviderTable
from alerts.errors import AlertsError, ConfigError
from alerts.ports import Provider

GROUP = "alerts.providers"


def known_providers() -> list[str]:
    """Name the providers that are installed."""
    return sorted({point.name for point in entry_points(group=GROUP)})


def open_provider(table: ProviderTable, base: Path) -> Provider:
    """Open the provider that the configuration names. Raises ConfigError."""
    opener = _opener(_entry_point(table.use))
    settings: Any = getattr(table, table.use, None)
    if settings is None:
        settings = {}
    try:
        return opener(settings, base=base)
    except AlertsError:
        raise
    except Exception as error:
        # Somebody else's code; its faults must not look like ours.
        raise ConfigError(f'provider "{table.use}" cannot be opened: {type(error).__name__}: {error}') from error


def _entry_point(name: str) -> EntryPoint:
    for point in entry_points(group=GROUP):
        if point.name == name:
            return point
    raise ConfigError(
        f'provider.use: there is no provider "{name}"',
        hint=f"known: {', '.join(known_providers()) or 'none; install alerts anew'}",
    )


def _opener(point: EntryPoint) -> Callable[..., Provider]:
    try:
        opener: Callable[..., Provider] = point.load()
    except Exception as error:
        raise ConfigError(f'provider "{point.name}" cannot be loaded: {type(error).__name__}: {error}') from error
    return opener
