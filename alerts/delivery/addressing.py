"""From a claimed delivery to one that a provider can hand over: Message-ID, slots, the way to leave. Pure.

One-click unsubscribing (RFC 8058) needs both headers in every mail. The token names subscriber and scope, never an
address.
"""

from collections.abc import Callable

from alerts import tokens
from alerts.mail.variant import Addressed, Slot, Variant
from alerts.ports import Claim, ClaimedDelivery

#: what an unsubscribe token is signed for
UNSUBSCRIBE = "unsubscribe"

Addresser = Callable[[Claim, Variant, ClaimedDelivery], Addressed]


def addresser(*, token_key: bytes, web_url: str, unsubscribe_mailbox: str) -> Addresser:
    """Make the function that addresses deliveries; `unsubscribe_mailbox` takes the leavers that write a mail."""
    base = web_url.rstrip("/")

    def address(claim: Claim, variant: Variant, delivery: ClaimedDelivery) -> Addressed:
        token = tokens.sign(token_key, UNSUBSCRIBE, delivery.subscriber_public_id, claim.scope)
        link = f"{base}/u/{token}"
        return Addressed(
            delivery=delivery.id,
            to=delivery.to,
            # the same at every retry, so that mailboxes and people can recognise a double
            message_id=f"<{claim.edition}.{delivery.id}@{variant.domain}>",
            slots={Slot.NAME: delivery.to.name, Slot.ADDRESS: delivery.to.address, Slot.UNSUBSCRIBE_URL: link},
            headers=(
                ("List-Unsubscribe", f"<{link}>, <mailto:{unsubscribe_mailbox}?subject=unsubscribe%20{token}>"),
                ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
            ),
        )

    return address
