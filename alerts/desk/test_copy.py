"""Send the real mail through the real provider to testers only. Nothing is counted as told."""

from collections.abc import Sequence
from dataclasses import replace

from alerts.desk import embargo
from alerts.desk.direct import hand_over
from alerts.desk.newsdesk import Newsdesk
from alerts.desk.rendering import render
from alerts.errors import SendRefused
from alerts.model import Edition, Mailbox, Outcome


def send_test(desk: Newsdesk, edition: Edition, *, to: Sequence[str] = ()) -> list[tuple[str, Outcome]]:
    """Send test copies to the given addresses, else to `[desk] testers`. Raises SendRefused when there are none, and
    for what is under embargo.
    """
    testers = tuple(to) or desk.config.desk.testers
    if not testers:
        raise SendRefused(
            "nobody to test with", hint="name testers in [desk] of the configuration, or use --to ADDRESS"
        )
    # A mail to a tester is a mail: it leaves the house too.
    embargo.refuse(desk, replace(edition, not_before_at=None))
    variant = render(desk, edition, test=True)
    return [(tester, hand_over(desk, variant, Mailbox(address=tester), purpose="test copy")) for tester in testers]
