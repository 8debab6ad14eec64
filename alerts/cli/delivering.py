"""Deliver an edition with a progress bar, print its receipt, and tell by the exit code how it went."""

from typing import TYPE_CHECKING

from alerts.cli.output import local, progress, receipt_text
from alerts.cli.session import Session
from alerts.cli.stopping import stoppable
from alerts.errors import PartlySent, ProviderError, StoreError

if TYPE_CHECKING:
    from alerts.desk import Newsdesk
    from alerts.model import EditionId, Receipt


def deliver_and_report(session: Session, desk: "Newsdesk", edition: "EditionId") -> int:
    """Deliver until nothing is left to do now; print the receipt; return 0, or 130 when interrupted.

    Raises PartlySent (9) while something is unresolved or waits, ProviderError (7) when the provider took nothing,
    StoreError (8) when the receipt does not add up.
    """
    from alerts.desk.send import deliver

    left = sum(
        number
        for state, number in desk.store.ledger.counts(edition).items()
        if state.value in {"pending", "submitting"}
    )
    with stoppable() as stop, progress(left, shown=not session.json and session.verbosity >= 0) as listener:
        receipt = deliver(desk, edition, listener=listener, stop=stop)
    zone = desk.config.newsroom.timezone
    session.data(receipt_data(receipt), lambda: receipt_text(receipt, zone))
    if not receipt.adds_up:
        raise StoreError(f"the receipt of {edition} does not add up", hint="stop sending and look: alerts doctor")
    if stop.is_set():
        session.say(f"interrupted; the same command goes on, or `alerts run` does (edition {edition})")
        return 130
    record = desk.store.ledger.find(edition)
    starts_at = record.edition.not_before_at if record else None
    if starts_at is not None and starts_at > desk.clock():
        session.say(f"it waits until {local(starts_at, zone)}; `alerts run` sends it then (edition {edition})")
        return 0
    _judge(desk, receipt)
    return 0


def receipt_data(receipt: "Receipt") -> dict[str, object]:
    """Lay a receipt out for JSON."""
    from dataclasses import asdict

    return {**asdict(receipt), "adds_up": receipt.adds_up}


def _judge(desk: "Newsdesk", receipt: "Receipt") -> None:
    from alerts.desk.send import waits

    count = {state.value: number for state, number in receipt.deliveries.items()}
    why = "; ".join(receipt.failures)
    if receipt.state.value == "blocked":
        raise ProviderError(
            f"the provider refuses us: {why or 'see alerts doctor'}; {count['pending']} wait",
            hint=f"mend it, then: alerts release {receipt.edition}",
        )
    open_ones = count["pending"] + count["deferred"] + count["submitting"]
    if open_ones and not count["accepted"] and not count["unknown"]:
        raise ProviderError(
            f"the provider took nothing yet: {why or 'no reason given'}; {open_ones} wait",
            hint="the same command, or `alerts run`, tries again",
        )
    if open_ones or count["unknown"] or count["dead"]:
        wait = waits(desk, receipt.edition)
        when = f"; the next try is in {int(wait.total_seconds())} s" if wait is not None else ""
        raise PartlySent(
            f"{open_ones} wait, {count['unknown']} unknown, {count['dead']} given up{when}",
            hint="`alerts run` (or the same command) goes on; `alerts receipt` shows the account",
        )
