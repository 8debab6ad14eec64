"""Set up logging: for people on a terminal, JSON lines elsewhere. Never an address, never a secret."""

import logging
import re
import sys
from collections.abc import MutableMapping
from functools import partial
from typing import Any

from alerts.config import Log
from alerts.log import log

_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+")
_SECRET = re.compile(r"SG\.[\w-]+\.[\w-]+|(?<=Bearer )\S+|(?<=/u/)[\w.~-]{16,}|(?<=/desk/)[\w.~-]{16,}")


def set_up(settings: Log, *, verbosity: int = 0) -> None:
    """Send log events to standard error. On the command line only warnings show, unless -v."""
    log.set_up_by(partial(_set_up_events, settings, verbosity))
    logging.basicConfig(level=max(_level(settings, verbosity), logging.WARNING), stream=sys.stderr, force=True)
    # python_http_client prints key and payload at DEBUG; nothing may turn that on.
    logging.getLogger("python_http_client").setLevel(logging.CRITICAL)


def _level(settings: Log, verbosity: int) -> int:
    level = {"debug": 10, "info": 20, "warning": 30, "error": 40}[settings.level]
    return {-1: 40, 1: 20}.get(verbosity, 10) if verbosity else level


def _set_up_events(settings: Log, verbosity: int) -> None:
    import structlog

    human = settings.format == "console" or (settings.format == "auto" and sys.stderr.isatty())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _without_people,
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
            if human
            else structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_level(settings, verbosity)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def _without_people(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = _SECRET.sub("***", _ADDRESS.sub("***@***", value))
    return event
