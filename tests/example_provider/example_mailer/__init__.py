"""A provider of another package: notes every mail as a line of a file. As small as a provider can be."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from alerts.errors import ConfigError
from alerts.mail.fill import fill
from alerts.mail.variant import Addressed, Variant
from alerts.model import DeliveryId, EditionId, Finding, Outcome, OutcomeKind, SubmissionId
from alerts.ports import Capabilities, Found


def open_example(settings: Mapping[str, Any], *, base: Path) -> "Example":
    """Open it with the table [provider.example] of the configuration."""
    if not isinstance(settings.get("file"), str):
        raise ConfigError("provider.example.file: missing", hint='file = "sent.txt"')
    return Example(base / settings["file"])


class Example:
    """Mail into lines."""

    name = "example"
    capabilities = Capabilities(max_deliveries=50, look_up=True)

    def __init__(self, file: Path) -> None:
        self._file = file

    def submit(
        self, variant: Variant, deliveries: Sequence[Addressed], *, submission: SubmissionId, edition: EditionId
    ) -> Iterator[Outcome]:
        """Note each mail."""
        for delivery in deliveries:
            text = fill(variant.text, delivery.slots)
            try:
                with self._file.open("a", encoding="utf-8") as file:
                    file.write(f"{delivery.delivery}\t{delivery.to.address}\t{len(text)}\n")
            except OSError as error:
                # Nobody knows whether half a line stands there.
                yield Outcome(delivery=delivery.delivery, kind=OutcomeKind.UNKNOWN, reason=str(error.strerror))
            else:
                yield Outcome(delivery=delivery.delivery, kind=OutcomeKind.ACCEPTED)

    def look_up(self, submission: SubmissionId, deliveries: Sequence[DeliveryId]) -> Mapping[DeliveryId, Found]:
        """Read the file."""
        try:
            lines = self._file.read_text(encoding="utf-8").splitlines()
        except OSError:
            return dict.fromkeys(deliveries, Found.UNKNOWN)
        noted = {line.partition("\t")[0] for line in lines}
        return {each: Found.ACCEPTED if str(each) in noted else Found.ABSENT for each in deliveries}

    def check(self) -> list[Finding]:
        """There is nothing that could be wrong."""
        return []

    def close(self) -> None:
        """Nothing stays open."""
