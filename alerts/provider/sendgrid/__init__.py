"""SendGrid: up to 1,000 readers in one request, each with headers and values of their own. Edge: HTTPS.

The `sendgrid` package says where to go, with which key and under what name; its transport is not used, for it knows no
timeout, opens a connection for each call, follows redirects and takes a cut-off status line for success. The key
stands in one private mapping and is never logged.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from sendgrid import SendGridAPIClient

from alerts.config import SendGridProvider
from alerts.errors import ConfigError
from alerts.mail.variant import Addressed, Variant
from alerts.model import (
    DeliveryId,
    EditionId,
    Finding,
    Outcome,
    OutcomeKind,
    Severity,
    SubmissionId,
)
from alerts.ports import Capabilities, Found
from alerts.provider.connections import START_WITHIN, Deadline
from alerts.provider.exchange import Endpoint, NeverSent, NoAnswer, Reply
from alerts.provider.kept import KeptByVariant
from alerts.provider.sendgrid.bodies import MAX_BYTES, MAX_READERS, PART, Form, Unfit
from alerts.provider.sendgrid.events import NAME, ForgedEvents, GarbledEvents, read_events
from alerts.provider.sendgrid.handover import HandOver, Reader
from alerts.provider.sendgrid.replies import Ruling, rule

__all__ = ["ForgedEvents", "GarbledEvents", "SendGrid", "open_sendgrid", "read_events"]

#: One question each; Email Activity answers six a minute.
_MOST_QUESTIONS = 6


def open_sendgrid(settings: SendGridProvider, *, base: Path) -> "SendGrid":
    """Open SendGrid as configured. Raises ConfigError when the key is not there."""
    key = settings.api_key.read(base=base, what="provider.sendgrid.api_key")
    if not re.fullmatch(r"[\x21-\x7e]+", key):
        raise ConfigError("provider.sendgrid.api_key: the key holds blanks or characters that no key has")
    return SendGrid(settings, key=key)


class SendGrid:
    """Mail through SendGrid's v3 API."""

    name = NAME

    def __init__(self, settings: SendGridProvider, *, key: str) -> None:
        client = SendGridAPIClient(key)
        client.set_sendgrid_data_residency(settings.region)
        self._headers = {**client.client.request_headers, "Content-Type": "application/json"}
        self._timeout = settings.timeout.total_seconds()
        # The European accounts have no Email Activity.
        self._looks_up = settings.look_up and settings.region != "eu"
        self._settings = settings
        try:
            self._endpoint = Endpoint(settings.url or client.host, connections=settings.connections)
        except ValueError as error:
            raise ConfigError(f"provider.sendgrid.url: {error}") from error
        self._forms = KeptByVariant(Form)
        self.capabilities = Capabilities(max_deliveries=MAX_READERS, look_up=self._looks_up)

    def submit(
        self, variant: Variant, deliveries: Sequence[Addressed], *, submission: SubmissionId, edition: EditionId
    ) -> Iterator[Outcome]:
        """Hand over the deliveries: one request, or a few where an address is refused or comes twice."""
        deadline = Deadline(self._timeout)
        try:
            form = self._forms.of(variant)
        except Unfit as error:
            yield from (_rejected(delivery.delivery, str(error)) for delivery in deliveries)
            return
        readers: list[Reader] = []
        for delivery in deliveries:
            try:
                text = form.reader(delivery)
                readers.append(Reader(delivery=delivery.delivery, address=delivery.to.address.lower(), text=text))
            except Unfit as error:
                yield _rejected(delivery.delivery, str(error))
            except KeyError as error:
                yield _rejected(delivery.delivery, f"no value for {error}")
        start_by = deadline.within(self._timeout * START_WITHIN)

        def post(texts: Sequence[str], *, divided: bool) -> Ruling:
            if start_by.passed:
                return Ruling(kind=OutcomeKind.BUSY, reason="no time was left for another request")
            return self._post(form.body(texts, submission=submission, edition=edition, divided=divided), deadline)

        yield from HandOver(post).run(readers, divided=len(readers) < len(deliveries))

    def look_up(self, submission: SubmissionId, deliveries: Sequence[DeliveryId]) -> Mapping[DeliveryId, Found]:
        """Ask Email Activity, where the account has it."""
        unknown = dict.fromkeys(deliveries, Found.UNKNOWN)
        if not self._looks_up:
            return unknown
        deadline = Deadline(self._timeout)
        ours = f"(unique_args['s']=\"{submission}\")"
        anything = self._knows(ours, deadline)
        if not anything:
            return unknown if anything is None else dict.fromkeys(deliveries, Found.ABSENT)
        divided = self._knows(f"{ours} AND (unique_args['p']=\"{PART}\")", deadline)
        if divided is False:
            # One request carried them all, and a request is all or nothing.
            return dict.fromkeys(deliveries, Found.ACCEPTED)
        if divided is None or len(deliveries) > _MOST_QUESTIONS:
            return unknown
        said = {None: Found.UNKNOWN, True: Found.ACCEPTED, False: Found.ABSENT}
        return {each: said[self._knows(f"{ours} AND (unique_args['d']=\"{each}\")", deadline)] for each in deliveries}

    def check(self) -> list[Finding]:
        """Ask SendGrid what the key may do."""
        try:
            reply = self._call("GET", "/v3/scopes", b"", Deadline(min(self._timeout, 15)))
        except (NeverSent, NoAnswer) as error:
            return [_finding("provider-unreachable", str(error), "look at the network, and at [provider.sendgrid] url")]
        if reply.status in {401, 403}:
            return [_finding("provider-key", "SendGrid refuses the key", "make a new key with the right to send mail")]
        try:
            scopes = set(json.loads(reply.body)["scopes"])
        except (ValueError, LookupError, TypeError):
            return [_finding("provider-answer", f"SendGrid answered {reply.status}, not what the key may do")]
        return self._lacking(scopes)

    def close(self) -> None:
        """Let go of connections."""
        self._endpoint.close()

    def _post(self, body: bytes, deadline: Deadline) -> Ruling:
        """Make one request to send, and rule on what came of it."""
        if len(body) > MAX_BYTES:
            return Ruling(kind=OutcomeKind.REJECTED, reason="larger than SendGrid takes", too_large=True)
        try:
            reply = self._call("POST", "/v3/mail/send", body, deadline)
        except NeverSent as error:
            return Ruling(kind=OutcomeKind.BUSY, reason=str(error))
        except NoAnswer as error:
            return Ruling(kind=OutcomeKind.UNKNOWN, reason=str(error))
        return rule(reply, now=datetime.now(UTC))

    def _call(self, method: str, path: str, body: bytes, deadline: Deadline) -> Reply:
        return self._endpoint.call(method, path, headers=self._headers, body=body, deadline=deadline)

    def _knows(self, query: str, deadline: Deadline) -> bool | None:
        """Tell whether Email Activity has a mail like that; None: it does not say."""
        try:
            reply = self._call("GET", f"/v3/messages?limit=1&query={quote(query, safe='')}", b"", deadline)
            found = json.loads(reply.body)["messages"] if reply.status == 200 else None
        except (NeverSent, NoAnswer, ValueError, LookupError, TypeError):
            return None
        return bool(found) if isinstance(found, list) else None

    def _lacking(self, scopes: set[str]) -> list[Finding]:
        findings = []
        if self._settings.url and not re.match(r"https:|http://(localhost|127\.0\.0\.1)\b", self._settings.url):
            findings.append(_warning("provider-clear", "the key crosses the network in the clear; write https://"))
        if "mail.send" not in scopes:
            findings.append(_finding("provider-key", "this key may not send mail", "give it the right Mail Send"))
        if self._settings.look_up and not self._looks_up:
            findings.append(_warning("provider-look-up", "look_up has no effect: EU accounts have no Email Activity"))
        elif self._looks_up and "messages.read" not in scopes:
            findings.append(_warning("provider-look-up", "this key may not read Email Activity; look_up has no effect"))
        if self._settings.event_key is None:
            text = "no event_key: bounces and complaints are not heard, unknown deliveries stay unknown"
            findings.append(_warning("provider-events", text))
        return findings


def _rejected(delivery: DeliveryId, reason: str) -> Outcome:
    return Outcome(delivery=delivery, kind=OutcomeKind.REJECTED, reason=reason)


def _finding(code: str, text: str, remedy: str = "") -> Finding:
    return Finding(code=code, severity=Severity.ERROR, text=text, remedy=remedy)


def _warning(code: str, text: str) -> Finding:
    return Finding(code=code, severity=Severity.WARNING, text=text)
