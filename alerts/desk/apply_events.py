"""Take in what the provider tells us later: delivered, bounced, complained, unsubscribed."""

from collections.abc import Mapping

from alerts.desk.newsdesk import Newsdesk
from alerts.desk.notify import note
from alerts.log import log
from alerts.model import Event, EventKind, NoticeKind
from alerts.provider.sendgrid.events import read_events


def sendgrid_open(desk: Newsdesk) -> bool:
    """Tell whether SendGrid's events can be verified; without a key the door stays shut."""
    return desk.config.provider.sendgrid.event_key is not None


def receive_sendgrid(desk: Newsdesk, headers: Mapping[str, str], body: bytes) -> int:
    """Verify and apply a batch of SendGrid's events; durable when it returns. Return how many were new.

    Raises ProviderError when the signature, age or form is wrong; then nothing was changed.
    """
    key = desk.config.provider.sendgrid.event_key
    assert key is not None
    keys = [key.read(base=desk.config.base, what="provider.sendgrid.event_key")]
    return apply(desk, read_events(headers, body, keys=keys, now=desk.clock()))


def apply(desk: Newsdesk, events: list[Event]) -> int:
    """Apply events; duplicates and disorder do no harm."""
    new = desk.store.ledger.apply_events(events, now=desk.clock())
    for event in events:
        if event.kind is EventKind.ACCOUNT_SUSPENDED:
            # The ledger stopped all sending in the transaction that took the event in.
            note(
                desk,
                NoticeKind.PROVIDER_DOWN,
                key=f"suspended/{event.provider}/{event.event_id}",
                text=f"{event.provider} suspended the account: {event.reason}. Nothing more is sent; "
                "once it is settled: alerts resume",
            )
    log.info("events_applied", received=len(events), new=new)
    return new
