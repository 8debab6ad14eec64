"""SMTP: every reader a whole mail of their own, through a relay. Edge: sockets, TLS.

Our own client, for `smtplib` has no pool, no PIPELINING and no way to tell a mail that was not taken from one of which
nobody knows.
"""

import ssl
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from alerts.config import SmtpProvider
from alerts.errors import ConfigError
from alerts.mail.headers import address
from alerts.mail.mime import Skeleton
from alerts.mail.variant import Addressed, Variant
from alerts.model import DeliveryId, EditionId, Finding, Outcome, OutcomeKind, Severity, SubmissionId
from alerts.ports import Capabilities, Found
from alerts.provider.connections import START_WITHIN, Deadline, Pool
from alerts.provider.kept import KeptByVariant
from alerts.provider.smtp.letters import Letter, Letters
from alerts.provider.smtp.replies import Ruling
from alerts.provider.smtp.session import Access, Refused, Session
from alerts.provider.words import fault, plain

__all__ = ["Smtp", "open_smtp"]

#: In one submission: as many as a slow relay takes before the deadline.
_MOST_DELIVERIES = 100
#: Connections that may break in one submission before the rest waits for a better moment.
_MOST_BREAKS = 3


def open_smtp(settings: SmtpProvider, *, base: Path) -> "Smtp":
    """Open a relay as configured. Raises ConfigError when the password or the authority's file is not there."""
    if settings.password is not None and not settings.username:
        raise ConfigError("provider.smtp: there is a password but no username")
    if settings.username and settings.password is None:
        raise ConfigError("provider.smtp: there is a username but no password", hint='password = { env = "NAME" }')
    password = settings.password.read(base=base, what="provider.smtp.password") if settings.password else ""
    return Smtp(settings, tls=_tls(settings, base), password=password)


def _tls(settings: SmtpProvider, base: Path) -> ssl.SSLContext | None:
    if settings.security == "none":
        return None
    context = ssl.create_default_context()
    if settings.ca_file is not None:
        try:
            context.load_verify_locations(cafile=base / settings.ca_file)
        except OSError as error:
            raise ConfigError(f"provider.smtp.ca_file: cannot read {settings.ca_file}: {fault(error)}") from error
    return context


class Smtp:
    """Mail through an SMTP relay."""

    name = "smtp"
    capabilities = Capabilities(max_deliveries=_MOST_DELIVERIES)

    def __init__(self, settings: SmtpProvider, *, tls: ssl.SSLContext | None, password: str) -> None:
        self._settings = settings
        self._timeout = settings.timeout.total_seconds()
        access = Access(
            host=settings.host,
            port=settings.port,
            tls=tls,
            implicit=settings.security == "tls",
            username=settings.username,
            password=password,
        )
        self._pool: Pool[Session] = Pool(lambda deadline: Session(access, deadline), settings.connections)
        self._skeletons = KeptByVariant(Skeleton)

    def submit(
        self,
        variant: Variant,
        deliveries: Sequence[Addressed],
        *,
        submission: SubmissionId,  # noqa: ARG002 - a relay has no use for our ids
        edition: EditionId,  # noqa: ARG002
    ) -> Iterator[Outcome]:
        """Hand over the deliveries one after the other, telling of each as soon as the relay replied."""
        deadline = Deadline(self._timeout)
        try:
            skeleton = self._skeletons.of(variant)
            sender = address(self._settings.envelope_sender or variant.sender.address)
        except ValueError as error:
            yield from (_unwritable(delivery, error) for delivery in deliveries)
            return
        unwritable: list[Outcome] = []
        letters = Letters(_letters(skeleton, deliveries, sender, unwritable))
        yield from self._all(letters, deadline)
        yield from unwritable

    def look_up(
        self,
        submission: SubmissionId,  # noqa: ARG002
        deliveries: Sequence[DeliveryId],
    ) -> Mapping[DeliveryId, Found]:
        """A relay cannot be asked."""
        return dict.fromkeys(deliveries, Found.UNKNOWN)

    def check(self) -> list[Finding]:
        """Log in, and ask whether the relay takes mail from the configured sender."""
        deadline = Deadline(min(self._timeout, 15))
        findings = []
        try:
            with self._pool.lend(deadline) as session:
                sender = self._settings.envelope_sender
                refusal = session.try_sender(address(sender), deadline) if sender else None
                if refusal:
                    findings.append(_finding("provider-sender", refusal.reason, "look at envelope_sender"))
        except Refused as error:
            findings.append(
                _finding("provider-refuses", error.ruling.reason, "look at username, password and security")
            )
        except (OSError, ValueError) as error:
            findings.append(_finding("provider-unreachable", self._unreachable(error), "look at host, port, security"))
        if self._settings.security == "none" and self._settings.username:
            text = "the password crosses the network in the clear"
            findings.append(Finding(code="provider-clear", severity=Severity.WARNING, text=text))
        return findings

    def close(self) -> None:
        """Let go of connections."""
        self._pool.close()

    def _all(self, letters: Letters, deadline: Deadline) -> Iterator[Outcome]:
        """Hand over letters, over another connection where one broke or was used up."""
        start_by = deadline.within(self._timeout * START_WITHIN)
        breaks = 0
        ruling: Ruling | None = None
        while not letters.empty:
            if start_by.passed:
                yield from _not_tried(letters, Ruling(kind=OutcomeKind.BUSY, reason="no time was left"))
                return
            try:
                with self._pool.lend(deadline, fresh=breaks > 0) as session:
                    for letter, ruling in session.hand_over(letters, deadline, start_by):
                        yield _outcome(letter.delivery, ruling)
                    broke = not session.usable()
            except Refused as error:
                ruling, breaks = error.ruling, _MOST_BREAKS
            except OSError as error:
                ruling, breaks = Ruling(kind=OutcomeKind.BUSY, reason=self._unreachable(error)), _MOST_BREAKS
            else:
                breaks += broke and (ruling is None or ruling.kind is not OutcomeKind.ACCEPTED)
            if breaks >= _MOST_BREAKS or (ruling is not None and ruling.halts):
                yield from _not_tried(letters, ruling)

    def _unreachable(self, error: Exception) -> str:
        return f"no connection to {self._settings.host}: {fault(error)}"


def _letters(
    skeleton: Skeleton, deliveries: Sequence[Addressed], sender: str, unwritable: list[Outcome]
) -> Iterator[Letter]:
    """Write mails as they are asked for; those that cannot be written are set aside."""
    date = datetime.now(UTC)
    for delivery in deliveries:
        try:
            content = skeleton.bytes_for(delivery, date=date)
            recipient = address(delivery.to.address)
        except (ValueError, KeyError) as error:
            unwritable.append(_unwritable(delivery, error))
            continue
        if not content.count(b"\n") == content.count(b"\r") == content.count(b"\r\n"):
            # What servers disagree on lets a mail be cut in two (SMTP smuggling).
            unwritable.append(_unwritable(delivery, ValueError("a line does not end as lines must")))
            continue
        yield Letter(delivery=delivery.delivery, sender=sender, recipient=recipient, content=content)


def _not_tried(letters: Letters, ruling: Ruling | None) -> Iterator[Outcome]:
    reason = f"not tried: {ruling.reason}" if ruling else "not tried"
    retry_after, halts = (ruling.retry_after, ruling.halts) if ruling else (None, False)
    while letter := letters.take():
        yield Outcome(
            delivery=letter.delivery, kind=OutcomeKind.BUSY, reason=reason, retry_after=retry_after, halts=halts
        )


def _outcome(delivery: DeliveryId, ruling: Ruling) -> Outcome:
    return Outcome(
        delivery=delivery,
        kind=ruling.kind,
        reason=ruling.reason,
        provider_ref=ruling.provider_ref,
        retry_after=ruling.retry_after,
        invalid_address=ruling.invalid_address,
        halts=ruling.halts,
    )


def _unwritable(delivery: Addressed, error: Exception) -> Outcome:
    words = f"no value for {error}" if isinstance(error, KeyError) else str(error)
    return Outcome(delivery=delivery.delivery, kind=OutcomeKind.REJECTED, reason=plain(words))


def _finding(code: str, text: str, remedy: str) -> Finding:
    return Finding(code=code, severity=Severity.ERROR, text=text, remedy=remedy)
