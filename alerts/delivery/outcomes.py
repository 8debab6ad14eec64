"""What outcomes mean for the next try: how long to wait, and whether the provider as a whole is in trouble. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta

from alerts.model import DeliveryId, Outcome, OutcomeKind

_FIRST_WAIT = timedelta(seconds=5)
_LONGEST_WAIT = timedelta(minutes=5)
#: what a provider may ask for at most; more than this is a mistake or a clock that is wrong
_LONGEST_ASKED = timedelta(minutes=15)


def back_off(attempts: int, *, jitter: float) -> timedelta:
    """Wait twice as long at every try, between half and all of that: 5 s … 5 min. `jitter` is 0…1."""
    full = min(_FIRST_WAIT * float(2 ** min(attempts, 10)), _LONGEST_WAIT)
    return full * (0.5 + jitter / 2)


def with_wait(outcome: Outcome, *, attempts: int, jitter: float) -> Outcome:
    """Give a busy outcome the time of the next try: our back-off, or longer if the provider asks for it."""
    if outcome.kind is not OutcomeKind.BUSY or outcome.halts:
        return outcome
    asked = min(outcome.retry_after or timedelta(), _LONGEST_ASKED)
    return replace(outcome, retry_after=max(asked, back_off(attempts, jitter=jitter)))


def all_busy(deliveries: Iterable[DeliveryId], reason: str, *, halts: bool = False) -> list[Outcome]:
    """Say of deliveries that were provably not handed over that they may be tried again."""
    return [
        Outcome(delivery=delivery, kind=OutcomeKind.BUSY, reason=reason, retry_after=timedelta(), halts=halts)
        for delivery in deliveries
    ]


def pause_asked(outcomes: Iterable[Outcome]) -> timedelta | None:
    """Tell how long the provider as a whole wants to be left alone; None: it said nothing of the kind."""
    asked = [outcome.retry_after for outcome in outcomes if outcome.kind is OutcomeKind.BUSY and outcome.retry_after]
    return min(max(asked), _LONGEST_ASKED) if asked else None


def shows_trouble(number: Mapping[OutcomeKind, int]) -> bool:
    """Tell whether a submission came to nothing that the provider decided: no answer was a yes or a no."""
    return not number.get(OutcomeKind.ACCEPTED) and not number.get(OutcomeKind.REJECTED)
