"""Show an edition as its readers will see it, without sending anything."""

from alerts.desk import send
from alerts.desk.newsdesk import Newsdesk
from alerts.mail.variant import Addressed, Slot
from alerts.model import DeliveryId, Edition, Mailbox
from alerts.templating.preview import page


def preview(desk: Newsdesk, edition: Edition) -> str:
    """Make a page that shows the mail at several widths, light and dark, its text, headers and findings."""
    variant = send.render(desk, edition)
    link = f"{desk.config.web.url.rstrip('/')}/u/test"
    sample = Addressed(
        delivery=DeliveryId(0),
        to=Mailbox(address="reader@example.org", name="A reader"),
        message_id=f"<preview@{variant.domain}>",
        slots={Slot.NAME: "A reader", Slot.ADDRESS: "reader@example.org", Slot.UNSUBSCRIBE_URL: link},
        headers=(("List-Unsubscribe", f"<{link}>"), ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")),
    )
    return page(variant, sample, send.findings(desk, edition, variant))
