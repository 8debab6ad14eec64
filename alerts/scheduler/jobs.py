"""What is done again and again: plain functions of the desk, each safe at any moment and in many processes."""

import os
import socket
import threading

from alerts.desk import Newsdesk, digest, drafts, ingest, notify, receive, recover
from alerts.model import EditionState, NoticeKind
from alerts.scheduler.outage import Outage


def poll_feeds(desk: Newsdesk, *, stop: threading.Event | None = None) -> None:
    """Fetch the feeds that are due, take their articles in, propose what is breaking; `stop` ends it at once."""
    ingest.poll(desk, stop=stop)


def take_up(desk: Newsdesk) -> None:
    """Propose what a CMS handed over, and what an embargo has let go."""
    receive.catch_up(desk)


def look_after_drafts(desk: Newsdesk) -> None:
    """Tell the desk of drafts, and let those lapse that nobody approved in time."""
    drafts.look_after(desk)


def plan_digests(desk: Newsdesk) -> None:
    """Draft, launch or skip the digests that are due."""
    digest.tick(desk)


def put_right(desk: Newsdesk) -> None:
    """Resolve unknowns, close what is done, expire what is too late."""
    recover.recover(desk)


def tell_desk(desk: Newsdesk) -> None:
    """Send the notices that wait."""
    notify.tell(desk)


def beat(desk: Newsdesk) -> None:
    """Leave a sign of life; `alerts doctor` misses it after a minute."""
    desk.store.daybook.put("heartbeat", f"{socket.gethostname()}:{os.getpid()}", now=desk.clock())


def report_blocked(desk: Newsdesk) -> None:
    """Tell the desk of editions that the provider's refusal has blocked; once for each time it happens."""
    for record in desk.store.ledger.editions(states=(EditionState.BLOCKED,), limit=100):
        edition = record.edition
        released = sum(made.decision == "release" for made in desk.store.daybook.decisions(edition.id))
        notify.note(
            desk,
            NoticeKind.BLOCKED,
            key=f"blocked/{edition.id}" + (f"/{released}" if released else ""),
            text=f'"{edition.subject}" is blocked: {record.provider} refuses us'
            + (f" ({record.state_reason})" if record.state_reason else "")
            + f". Mend it, then: alerts release {edition.id}",
            edition=edition.id,
        )


def report_outage(desk: Newsdesk, outage: Outage, *, monotonic: float) -> None:
    """Tell the desk once when the provider stops taking mail; note when it takes mail again."""
    name = f"outage:{desk.config.provider.use}"
    daybook = desk.store.daybook
    known = daybook.get(name)
    if outage.over and known is not None:
        daybook.remove(name)
    elif outage.lasts(monotonic) and known is None:
        now = desk.clock()
        daybook.put(name, "no answer", now=now)
        notify.note(
            desk,
            NoticeKind.PROVIDER_DOWN,
            key=f"provider-down/{desk.config.provider.use}/{now.isoformat()}",
            text=f"{desk.config.provider.use} takes no mail at the moment. Nothing is lost: it is tried again until "
            "each edition's expiry. Look: alerts status",
        )
