"""What the program tells whoever runs it. Edge: standard error, by way of structlog.

structlog comes in with the first event: importing it takes longer than most commands have to say, and most have nothing
to say. Nobody else imports it, or its first event would come out before it is set up.
"""

from collections.abc import Callable
from threading import Lock


class Log:
    """Takes events: a name in snake_case, and what it is about."""

    def __init__(self) -> None:
        self._set_up: Callable[[], None] | None = None
        self._lock = Lock()

    def set_up_by(self, set_up: Callable[[], None]) -> None:
        """Say how to set structlog up before the next event."""
        self._set_up = set_up

    def info(self, event: str, **about: object) -> None:
        """Tell what happened."""
        self._tell("info", event, about)

    def warning(self, event: str, **about: object) -> None:
        """Tell what went wrong and is being taken care of."""
        self._tell("warning", event, about)

    def error(self, event: str, **about: object) -> None:
        """Tell what went wrong."""
        self._tell("error", event, about)

    def exception(self, event: str, **about: object) -> None:
        """Tell of the exception that is being handled."""
        self._tell("exception", event, about)

    def _tell(self, how: str, event: str, about: dict[str, object]) -> None:
        import structlog

        with self._lock:
            if self._set_up is not None:
                self._set_up()
                self._set_up = None
        getattr(structlog.get_logger(), how)(event, **about)


log = Log()
