"""Hand one mail over outside the ledger: notices to the desk and test copies. Nobody is counted as told."""

import secrets

from alerts.desk.newsdesk import Newsdesk
from alerts.mail.variant import Addressed, Slot, Variant
from alerts.model import DeliveryId, EditionId, Mailbox, Outcome, OutcomeKind, SubmissionId


def hand_over(desk: Newsdesk, variant: Variant, to: Mailbox, *, purpose: str) -> Outcome:
    """Hand a variant over to one address through the real provider; return what became of it.

    The unsubscribe link leads to a page that says so and leaves nothing: a test must not sign a reader off.
    """
    unique = secrets.token_hex(8)
    dead_link = f"{desk.config.web.url.rstrip('/')}/u/test"
    addressed = Addressed(
        delivery=DeliveryId(int(unique[:12], 16)),
        to=to,
        message_id=f"<direct.{unique}@{variant.domain}>",
        slots={
            Slot.NAME: to.name,
            Slot.ADDRESS: to.address,
            Slot.UNSUBSCRIBE_URL: dead_link,
            Slot.CONFIRM_URL: dead_link,
        },
    )
    outcomes = list(
        desk.provider.submit(
            variant, [addressed], submission=SubmissionId(f"direct{unique}"), edition=EditionId("direct")
        )
    )
    if outcomes:
        return outcomes[0]
    return Outcome(delivery=addressed.delivery, kind=OutcomeKind.UNKNOWN, reason=f"{purpose}: no answer")
