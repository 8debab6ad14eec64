"""Make the dispatcher that hands deliveries over, from the settings."""

from collections.abc import Callable, Mapping

from alerts.delivery.addressing import addresser
from alerts.delivery.dispatch import Dispatcher, DispatchSettings
from alerts.delivery.owner import this_process
from alerts.desk.newsdesk import Newsdesk
from alerts.model import EditionId, Lane, OutcomeKind

#: Told of outcomes as they are settled.
Listener = Callable[[EditionId, Mapping[OutcomeKind, int]], None]


def dispatch_settings(desk: Newsdesk) -> DispatchSettings:
    """Read the dispatcher's settings; the owner names host and process, so that a dead one is recognised."""
    settings = desk.config.delivery
    return DispatchSettings(
        owner=this_process(),
        lease=settings.lease,
        limit={
            Lane.URGENT: settings.urgent_submission,
            Lane.DIGEST: settings.submission,
            Lane.BULK: settings.submission,
        },
        attempts=settings.attempts,
        per_second=settings.per_second,
        unknown_after=settings.unknown_after,
        rehearsal_only=not desk.live,
    )


def dispatcher(desk: Newsdesk, *, listener: Listener | None = None) -> Dispatcher:
    """Make a dispatcher over the desk's ledger and provider."""
    return Dispatcher(
        desk.store.ledger,
        desk.provider,
        desk.clock,
        address=addresser(
            token_key=desk.token_keys[0],
            web_url=desk.config.web.url,
            unsubscribe_mailbox=desk.config.sender.reply_to or desk.config.sender.address,
        ),
        settings=dispatch_settings(desk),
        listener=listener,
    )
