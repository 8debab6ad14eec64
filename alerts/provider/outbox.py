"""The outbox: every mail becomes an `.eml` file, and nothing leaves the machine. Edge: files.

A file's name is its delivery, so handing the same one over twice makes one file, and the folder itself is the answer to
"did it go?".
"""

import contextlib
import errno
import os
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from alerts.config import OutboxProvider
from alerts.mail.mime import Skeleton
from alerts.mail.variant import Addressed, Variant
from alerts.model import DeliveryId, EditionId, Finding, Outcome, OutcomeKind, Severity, SubmissionId
from alerts.ports import Capabilities, Found
from alerts.provider.kept import KeptByVariant
from alerts.provider.words import fault, plain

_MOST_DELIVERIES = 1000
#: what file systems without hard links answer (FAT, some network drives)
_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EXDEV})


def open_outbox(settings: OutboxProvider, *, base: Path) -> "Outbox":
    """Open the outbox; its folder is made with the first mail."""
    return Outbox(base / settings.directory)


class Outbox:
    """Mail into files."""

    name = "outbox"
    capabilities = Capabilities(max_deliveries=_MOST_DELIVERIES, idempotent=True, look_up=True)

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._skeletons = KeptByVariant(Skeleton)

    def submit(
        self,
        variant: Variant,
        deliveries: Sequence[Addressed],
        *,
        submission: SubmissionId,  # noqa: ARG002 - a file belongs to its delivery
        edition: EditionId,
    ) -> Iterator[Outcome]:
        """Write each mail to a file of its own."""
        date = datetime.now(UTC)
        for delivery in deliveries:
            try:
                path = self._path(edition, delivery.delivery)
                if not path.exists():
                    _write_once(path, self._skeletons.of(variant).bytes_for(delivery, date=date))
            except (ValueError, KeyError) as error:
                yield _outcome(delivery, OutcomeKind.REJECTED, reason=plain(str(error)))
            except OSError as error:
                yield _outcome(delivery, OutcomeKind.BUSY, reason=f"cannot write to the outbox: {fault(error)}")
            else:
                yield _outcome(delivery, OutcomeKind.ACCEPTED, provider_ref=f"{path.parent.name}/{path.name}")

    def look_up(
        self,
        submission: SubmissionId,  # noqa: ARG002
        deliveries: Sequence[DeliveryId],
    ) -> Mapping[DeliveryId, Found]:
        """Look whether the files are there, in whatever edition's folder."""
        try:
            folders = [folder for folder in self._directory.iterdir() if folder.is_dir()]
        except FileNotFoundError:
            return dict.fromkeys(deliveries, Found.ABSENT)
        except OSError:
            return dict.fromkeys(deliveries, Found.UNKNOWN)
        return {delivery: _found(folders, delivery) for delivery in deliveries}

    def check(self) -> list[Finding]:
        """Try whether files can be written."""
        probe = self._directory / f".{secrets.token_hex(8)}.tmp"
        try:
            _make_private(self._directory)
            probe.write_bytes(b"")
            probe.unlink()
        except OSError as error:
            text = f"cannot write to {self._directory}: {fault(error)}"
            remedy = "look at its owner and rights, and at the space left"
            return [Finding(code="provider-outbox", severity=Severity.ERROR, text=text, remedy=remedy)]
        return []

    def close(self) -> None:
        """Nothing stays open."""

    def _path(self, edition: EditionId, delivery: DeliveryId) -> Path:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", edition):
            raise ValueError("an edition whose id is no name for a folder")
        return self._directory / edition / _file_name(delivery)


def _outcome(delivery: Addressed, kind: OutcomeKind, *, reason: str = "", provider_ref: str = "") -> Outcome:
    return Outcome(delivery=delivery.delivery, kind=kind, reason=reason, provider_ref=provider_ref)


def _file_name(delivery: DeliveryId) -> str:
    return f"{int(delivery)}.eml"


def _found(folders: Sequence[Path], delivery: DeliveryId) -> Found:
    try:
        there = any((folder / _file_name(delivery)).is_file() for folder in folders)
    except OSError:
        return Found.UNKNOWN
    return Found.ACCEPTED if there else Found.ABSENT


def _make_private(folder: Path) -> None:
    """Make a folder that holds people's addresses."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(exist_ok=True, mode=0o700)


def _name(temporary: Path, path: Path) -> None:
    """Give a whole file its name."""
    try:
        # Unlike rename, link fails where the name is taken: somebody else wrote this very mail.
        os.link(temporary, path)
    except FileExistsError:
        return
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        temporary.rename(path)


def _write_once(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, and never over another. Raises OSError."""
    # One after the other: of the folders that `parents` makes, it gives the mode to the last alone.
    _make_private(path.parent.parent)
    _make_private(path.parent)
    temporary = path.parent / f".{path.name}.{secrets.token_hex(8)}.tmp"
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _name(temporary, path)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
