"""Sorts out what a crash or a silent provider left behind. A pipeline; safe to run at any time, in many processes.

leases that ended → unknown → what the provider says of them (look-up) → accepted | pending
                            → nothing certain: the edition's policy    → pending, once | stays unknown
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from alerts.delivery.owner import is_dead
from alerts.delivery.settings import DispatchSettings
from alerts.errors import AlertsError
from alerts.log import log
from alerts.model import DeliveryId, UnknownPolicy
from alerts.ports import Clock, DispatchLedger, Found, Provider, UnknownSubmission

#: look-ups of one pass: some providers allow six a minute
_AT_ONCE = 50
#: a provider that knew nothing for a day will not know any more
_LOOK_UP_FOR = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """What was found and done."""

    #: deliveries whose sender stopped before the answer
    left_behind: int = 0
    #: unknown deliveries whose fate is known now, or that are handed over again
    resolved: int = 0
    #: looked at, and still unknown
    unresolved: int = 0


def recover(ledger: DispatchLedger, provider: Provider, clock: Clock, settings: DispatchSettings) -> Recovered:
    """Take leases away that ended, and resolve the unknown as far as look-up and policy allow."""
    dead = {owner for owner in ledger.lease_owners() if is_dead(owner)}
    left_behind = ledger.expire_leases(now=clock(), dead=dead)
    resolved = unresolved = 0
    for submission in _worth_a_look(ledger, provider, clock, settings):
        found = _look_up(provider, submission)
        waited = submission.unknown_at <= clock() - settings.unknown_after
        resend = submission.policy is UnknownPolicy.AT_LEAST_ONCE and waited
        changed = 0
        if resend or any(answer is not Found.UNKNOWN for answer in found.values()):
            changed = ledger.resolve_unknown(submission.submission, found, now=clock(), resend=resend)
        resolved += changed
        unresolved += len(submission.deliveries) - changed
    return Recovered(left_behind=left_behind, resolved=resolved, unresolved=unresolved)


def _worth_a_look(
    ledger: DispatchLedger, provider: Provider, clock: Clock, settings: DispatchSettings
) -> Sequence[UnknownSubmission]:
    now = clock()
    can = provider.capabilities
    # Only where handing over twice delivers once, a look-up may race with a call that is still under way.
    patience = timedelta() if can.look_up and can.idempotent else settings.unknown_after
    unknown = ledger.unknown_submissions(before=now - patience)
    if not can.look_up:
        return unknown
    recent = [submission for submission in unknown if submission.unknown_at > now - _LOOK_UP_FOR]
    # at random, so that those that never resolve do not keep the others from their turn
    return random.sample(recent, _AT_ONCE) if len(recent) > _AT_ONCE else recent


def _look_up(provider: Provider, submission: UnknownSubmission) -> Mapping[DeliveryId, Found]:
    nobody_knows = dict.fromkeys(submission.deliveries, Found.UNKNOWN)
    if submission.provider != provider.name or not provider.capabilities.look_up:
        return nobody_knows
    try:
        return nobody_knows | dict(provider.look_up(submission.submission, submission.deliveries))
    except AlertsError as error:
        log.warning("look_up_failed", provider=provider.name, error=str(error))
        return nobody_knows
