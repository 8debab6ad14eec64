"""A variant and readers to hand over in provider tests. Our own invention."""

from datetime import timedelta
from pathlib import Path

from alerts.config import OutboxProvider, ProviderTable, Secret, SendGridProvider, SmtpProvider
from alerts.mail.variant import Addressed, Context, Hole, Slot, Variant
from alerts.model import DeliveryId, EditionId, Mailbox, SubmissionId

EDITION = EditionId("k7f3ufloodwarn")
SUBMISSION = SubmissionId("sub0001")

NAME = Hole(Slot.NAME, Context.PLAIN)
LINK = Hole(Slot.UNSUBSCRIBE_URL, Context.PLAIN)


def variant(subject: str = "Flood warning: the Ouse is rising – what to do", *, filler: int = 0) -> Variant:
    """Make a rendering with every kind of hole."""
    return Variant(
        language="en",
        theme="default",
        subject=subject,
        preheader="Sandbags at the fire station",
        sender=Mailbox(address="alerts@news.example.org", name="The Ouse Courier, Łódź desk"),
        reply_to=Mailbox(address="desk@news.example.org"),
        headers=(
            ("List-Id", "The Ouse Courier <alerts.news.example.org>"),
            ("Feedback-ID", "k7f3u:alert:ouse-courier"),
            ("Auto-Submitted", "auto-generated"),
        ),
        text=("Dear ", NAME, ",\n\n.The river is at 4.2 m – and rising.\n\nLeave: ", LINK, "\n", "x" * 60 + "\n"),
        html=(
            "<html><body><p>Dear ",
            Hole(Slot.NAME, Context.HTML),
            f'</p><p>The river is at 4.2&nbsp;m – and rising.</p>{"<p>More of it.</p>" * filler}<a href="',
            Hole(Slot.UNSUBSCRIBE_URL, Context.URL),
            '">Leave</a></body></html>\n',
        ),
        domain="news.example.org",
    )


def addressed(number: int, *, address: str = "", name: str = "") -> Addressed:
    """Make a delivery to one reader."""
    url = f"https://news.example.org/u/token-{number}?scope=alerts&x=1"
    return Addressed(
        delivery=DeliveryId(number),
        to=Mailbox(address=address or f"reader{number}@readers.example", name=name),
        message_id=f"<{EDITION}.{number}@news.example.org>",
        slots={
            Slot.NAME: name or f"Reader {number}",
            Slot.ADDRESS: address or f"reader{number}@readers.example",
            Slot.CONFIRM_URL: f"https://news.example/c/{number}",
            Slot.UNSUBSCRIBE_URL: url,
        },
        headers=(
            ("List-Unsubscribe", f"<{url}>, <mailto:leave+{number}@news.example.org>"),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ),
    )


def readers(count: int, *, first: int = 1) -> list[Addressed]:
    """Make deliveries to so many readers."""
    return [addressed(number) for number in range(first, first + count)]


def outbox_table(directory: Path) -> ProviderTable:
    """Write the table of a configuration."""
    return ProviderTable(use="outbox", outbox=OutboxProvider(directory=directory))


def smtp_table(
    port: int,
    *,
    host: str = "localhost",
    security: str = "none",
    ca_file: Path | None = None,
    username: str = "",
    password: Secret | None = None,
    connections: int = 4,
    timeout: float = 30,
    sender: str | None = None,
) -> ProviderTable:
    """Write the table of a configuration."""
    smtp = SmtpProvider.model_validate(
        {
            "host": host,
            "port": port,
            "security": security,
            "ca_file": ca_file,
            "username": username,
            "password": password,
            "connections": connections,
            "timeout": timedelta(seconds=timeout),
            "envelope_sender": sender,
        }
    )
    return ProviderTable(use="smtp", smtp=smtp)


def sendgrid_table(
    url: str, *, timeout: float = 30, look_up: bool = False, connections: int = 4, region: str = "global"
) -> ProviderTable:
    """Write the table of a configuration."""
    sendgrid = SendGridProvider.model_validate(
        {
            "api_key": Secret(env="TEST_SENDGRID_KEY"),
            "url": url,
            "timeout": timedelta(seconds=timeout),
            "look_up": look_up,
            "connections": connections,
            "region": region,
        }
    )
    return ProviderTable(use="sendgrid", sendgrid=sendgrid)
