"""Deliver an edition with a progress bar, print its receipt, and tell by the exit code how it went."""

from typing import TYPE_CHECKING

from alerts.cli.output import local, progress, receipt_text
from alerts.cli.session import Session
from alerts.cli.stopping import stoppable
from alerts.errors import PartlySent, ProviderError, SendRefused, StoreError

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
    _refuse_ended(receipt)
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


def _refuse_ended(receipt: "Receipt") -> None:
    """Raise SendRefused for an edition that was ended before everybody had it."""
    ended = {"killed": "was killed", "expired": "expired before it could go out"}
    if how := ended.get(receipt.state.value):
        raise SendRefused(
            f"{receipt.edition} {how}; {_count(receipt, 'accepted')} have it",
            hint="to send it once more, say why: --again REASON",
        )


def _judge(desk: "Newsdesk", receipt: "Receipt") -> None:
    """Say by the exit code how far an edition came, and why not further."""
    why = "; ".join(receipt.failures) or receipt.state_reason
    waiting = sum(_count(receipt, state) for state in ("pending", "deferred", "submitting"))
    accepted, unknown = _count(receipt, "accepted"), _count(receipt, "unknown")
    lost = sum(_count(receipt, state) for state in ("dead", "expired"))
    if waiting:
        _explain_waiting(desk, receipt, waiting, why)
    if waiting and not accepted and not unknown:
        raise ProviderError(
            f"the provider took nothing yet: {why or 'no reason given'}; {waiting} wait",
            hint="the same command, or `alerts run`, tries again",
        )
    if waiting or unknown:
        raise PartlySent(
            f"{waiting} wait, {unknown} unknown, {lost} did not go{_next_try(desk, receipt)}",
            hint="`alerts run` (or the same command) goes on; `alerts receipt` shows the account",
        )
    if (lost or _count(receipt, "rejected")) and not accepted:
        raise ProviderError(
            f"nobody got it: {why or 'no reason given'}", hint=f"alerts receipt {receipt.edition} --people"
        )
    if lost:
        raise PartlySent(
            f"{accepted} have it, {lost} do not: {why}", hint=f"alerts receipt {receipt.edition} --people names them"
        )


def _explain_waiting(desk: "Newsdesk", receipt: "Receipt", waiting: int, why: str) -> None:
    """Raise where an edition waits for a person rather than for the provider."""
    if stopped := desk.store.daybook.get("stop"):
        raise SendRefused(f"all sending is stopped ({stopped.value}); {waiting} wait", hint="to go on: alerts resume")
    if receipt.state.value == "held":
        raise SendRefused(
            f"{receipt.edition} is held{': ' + receipt.state_reason if receipt.state_reason else ''}; {waiting} wait",
            hint=f"to go on: alerts release {receipt.edition}",
        )
    if receipt.state.value == "blocked":
        raise ProviderError(
            f"the provider refuses us: {why or 'see alerts doctor'}; {waiting} wait",
            hint=f"mend it, then: alerts release {receipt.edition}",
        )
    if receipt.provider != desk.config.provider.use:
        raise SendRefused(
            f"{receipt.edition} was approved to go through {receipt.provider}, not {desk.config.provider.use}; "
            f"{waiting} wait",
            hint=f'set provider.use = "{receipt.provider}" again, or: alerts kill {receipt.edition} and send --again',
        )


def _next_try(desk: "Newsdesk", receipt: "Receipt") -> str:
    from alerts.desk.send import waits

    wait = waits(desk, receipt.edition)
    return f"; the next try is in {int(wait.total_seconds())} s" if wait is not None else ""


def _count(receipt: "Receipt", state: str) -> int:
    return next((number for known, number in receipt.deliveries.items() if known.value == state), 0)
