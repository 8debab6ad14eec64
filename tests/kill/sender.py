"""The process that is killed: what `alerts send` does, with the real store, dispatcher and SendGrid provider."""

import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path

import structlog

from alerts.config import Secret, SendGridProvider
from alerts.delivery.addressing import addresser
from alerts.delivery.dispatch import Dispatcher, DispatchSettings
from alerts.delivery.recover import recover
from alerts.model import Lane
from alerts.ports import Provider
from alerts.provider.sendgrid import open_sendgrid
from alerts.store.ledger import Ledger
from tests.databases import KEY, store_in
from tests.kill.mutants import LEDGERS, PROVIDERS

#: how far the clock goes on between two runs: past every lease, wait and pause
LATER = timedelta(minutes=20)
SETTINGS = DispatchSettings(
    owner="sender",
    # SendGrid's look-up answers for so many readers of a submission from which it refused one
    limit=dict.fromkeys(Lane, 6),
    lease=timedelta(minutes=3),
    unknown_after=timedelta(minutes=3),
    # a refusal to the harness's faults must not end as dead: that is another test
    attempts=1000,
    patience=timedelta(),
    # small groups, so that a kill can fall between two of one submission
    group=3,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What one run of the sender is to do."""

    directory: Path
    url: str
    #: how often it was started before
    restarts: int
    look_up: bool
    mutant: str = ""


def send(orders: Orders, says: Connection) -> None:
    """Say that it begins; recover, send what is due, recover."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))

    def clock() -> datetime:
        return datetime.now(UTC) + orders.restarts * LATER

    says.send("begins")
    store = store_in(orders.directory)
    ledger = LEDGERS.get(orders.mutant, Ledger)(store.engine)
    provider = _provider(orders)
    dispatcher = Dispatcher(
        ledger,
        provider,
        clock,
        address=addresser(token_key=KEY, web_url="https://herald.example", unsubscribe_mailbox="leave@herald.example"),
        settings=SETTINGS,
    )
    recover(ledger, provider, clock, SETTINGS)
    dispatcher.run(stop=threading.Event(), workers=2, until_idle=True)
    recover(ledger, provider, clock, SETTINGS)
    ledger.finish_editions(now=clock())


def _provider(orders: Orders) -> Provider:
    settings = SendGridProvider(
        api_key=Secret(file=orders.directory / "key"),
        url=orders.url,
        timeout=timedelta(seconds=0.4),
        look_up=orders.look_up,
    )
    provider: Provider = open_sendgrid(settings, base=orders.directory)
    return PROVIDERS[orders.mutant](provider) if orders.mutant in PROVIDERS else provider
