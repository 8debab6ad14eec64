"""The exception tree: every way in which `alerts` says no. Pure; imports nothing of ours.

    AlertsError (1)            something failed; the base of all
    ├─ ConfigError (3)         config.toml, segments.toml or a list is wrong; carries every problem at once
    ├─ ContentError (4)        a feed, page, file or article cannot be used
    ├─ TemplateError (5)       a template is broken; names template and line
    ├─ SendRefused (6)         our own rules said no
    │   └─ NeedsAgain (6)      it was told before; `--again REASON` overrides
    ├─ ProviderError (7)       the mail provider refused or cannot be reached
    ├─ StoreError (8)          the database cannot be used, or a receipt does not add up
    └─ PartlySent (9)          some went, some did not, or some are unknown

Each class has an exit code (design §10). `hint` says what to type or change next.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake in something that a person wrote."""

    #: the file, as the person named it
    file: str
    #: 1-based; None where the format does not tell
    line: int | None = None
    #: where inside the file, such as `digests.0.segment`
    path: str = ""
    text: str
    remedy: str = ""

    def __str__(self) -> str:
        where = self.file + (f":{self.line}" if self.line else "")
        parts = [where, self.path, self.text]
        sentence = ": ".join(part for part in parts if part)
        return f"{sentence} ({self.remedy})" if self.remedy else sentence


class AlertsError(Exception):
    """Something failed."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class ConfigError(AlertsError):
    """The configuration, a segment file or a list is wrong."""

    exit_code = 3

    def __init__(self, message: str, *, problems: tuple[Problem, ...] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.problems = problems


class ContentError(AlertsError):
    """A feed, page, file or article cannot be used."""

    exit_code = 4


class TemplateError(AlertsError):
    """A template is broken or cannot be rendered."""

    exit_code = 5

    def __init__(self, message: str, *, template: str = "", line: int | None = None, hint: str = "") -> None:
        where = template + (f":{line}" if line else "")
        super().__init__(f"{where}: {message}" if where else message, hint=hint)
        self.template = template
        self.line = line


class SendRefused(AlertsError):
    """Our own rules said no; nothing was sent."""

    exit_code = 6


class NeedsAgain(SendRefused):
    """These readers were told this before, in other words or by another edition."""


class ProviderError(AlertsError):
    """The mail provider refused us or cannot be reached."""

    exit_code = 7


class StoreError(AlertsError):
    """The database cannot be used."""

    exit_code = 8


class PartlySent(AlertsError):
    """Some deliveries went out, others did not or are unknown."""

    exit_code = 9
