"""An outage is told from a hiccup by how often and how long nobody answered."""

from alerts.model import OutcomeKind
from alerts.scheduler.outage import Outage

BUSY, UNKNOWN, YES, NO = (
    {kind: 1} for kind in (OutcomeKind.BUSY, OutcomeKind.UNKNOWN, OutcomeKind.ACCEPTED, OutcomeKind.REJECTED)
)


def test_one_hiccup_and_its_quick_retry_is_no_outage() -> None:
    outage = Outage()
    outage.hear(BUSY, now=0)
    assert not outage.lasts(60)
    outage.hear(YES, now=61)
    assert not outage.lasts(120)


def test_two_failures_some_seconds_long_are_one() -> None:
    outage = Outage()
    outage.hear(BUSY, now=0)
    outage.hear(UNKNOWN, now=1)
    assert not outage.lasts(2)
    assert outage.lasts(5)
    assert not outage.over


def test_the_first_answer_ends_it() -> None:
    outage = Outage()
    for second in range(10):
        outage.hear(BUSY, now=second)
    assert outage.lasts(10)
    outage.hear(NO, now=11)
    assert outage.over
    assert not outage.lasts(100)


def test_silence_is_neither() -> None:
    outage = Outage()
    outage.hear({}, now=0)
    outage.hear({}, now=100)
    assert not outage.lasts(200)
    assert not outage.over
