"""Which state may follow which, and what outcomes and events do. Pure: tables and the functions that read them.

EDITION   draft → ready → sending ⇄ held → done | done_unresolved ;  skipped · blocked · killed · expired · rejected
DELIVERY  deferred → pending → submitting → accepted (fate: delivered → bounced → complained)
          pending → suppressed | expired | cancelled | dead
          submitting → rejected · pending (provably not taken) · unknown (anything else)
          unknown → accepted (event, look-up) · pending (look-up: absent; or handed over again) · abandoned
"""

from collections.abc import Mapping

from sqlalchemy import ColumnElement, String, case, literal

from alerts.model import DeliveryState, EditionState, EventKind, Fate, OutcomeKind, SuppressionReason
from alerts.store.tables import deliveries

_E = EditionState
_ENDS = {_E.KILLED, _E.EXPIRED, _E.DONE, _E.DONE_UNRESOLVED}

#: from → to. `ready` is reached only by freezing, which is not a mere change of state.
LEGAL: Mapping[EditionState, frozenset[EditionState]] = {
    _E.DRAFT: frozenset({_E.REJECTED, _E.SKIPPED, _E.EXPIRED}),
    _E.READY: frozenset({_E.SENDING, _E.HELD, _E.BLOCKED} | _ENDS),
    _E.SENDING: frozenset({_E.HELD, _E.BLOCKED} | _ENDS),
    _E.HELD: frozenset({_E.SENDING, _E.BLOCKED} | _ENDS),
    _E.BLOCKED: frozenset({_E.SENDING, _E.HELD} | _ENDS),
    # unknowns may yet be resolved, or handed over again
    _E.DONE_UNRESOLVED: frozenset({_E.SENDING, _E.DONE, _E.KILLED}),
}

#: frozen, and something may still happen to its deliveries
OPEN = (_E.READY, _E.SENDING, _E.HELD, _E.BLOCKED)
#: a person must look at it first: time and look-ups never move it on, and nothing is handed over again meanwhile
STANDING = (_E.HELD, _E.BLOCKED)
#: nothing will be handed over any more, whatever comes back to pending
STOPPED = (_E.KILLED, _E.EXPIRED, _E.DONE)
#: the story counts as told, or is about to be
TOLD = (*OPEN, _E.DONE, _E.DONE_UNRESOLVED)
#: ended before its time: counts as told if anybody may have had it
CUT_SHORT = (_E.SKIPPED, _E.REJECTED, _E.EXPIRED, _E.KILLED)

#: a reader has the mail, or may have it
MAY_HAVE_GONE = (
    DeliveryState.SUBMITTING,
    DeliveryState.ACCEPTED,
    DeliveryState.UNKNOWN,
    DeliveryState.ABANDONED,
)

AFTER_OUTCOME: Mapping[OutcomeKind, DeliveryState] = {
    OutcomeKind.ACCEPTED: DeliveryState.ACCEPTED,
    OutcomeKind.REJECTED: DeliveryState.REJECTED,
    OutcomeKind.BUSY: DeliveryState.PENDING,
    OutcomeKind.UNKNOWN: DeliveryState.UNKNOWN,
}

#: Deliveries that an event proves taken, although we did not know. A pending one counts if it was handed over before:
#: the event is of an earlier submission whose fate nobody knew.
PROVABLE = (
    DeliveryState.SUBMITTING,
    DeliveryState.UNKNOWN,
    DeliveryState.PENDING,
    DeliveryState.ABANDONED,
)

FATE_OF: Mapping[EventKind, Fate] = {
    EventKind.DELIVERED: Fate.DELIVERED,
    EventKind.BOUNCED: Fate.BOUNCED,
    EventKind.COMPLAINED: Fate.COMPLAINED,
}

#: None as scope: that of the edition. Blocked, dropped and deferred say nothing about the address.
SUPPRESSION_OF: Mapping[EventKind, SuppressionReason] = {
    EventKind.BOUNCED: SuppressionReason.BOUNCED,
    EventKind.COMPLAINED: SuppressionReason.COMPLAINED,
    EventKind.UNSUBSCRIBED: SuppressionReason.UNSUBSCRIBED,
}


def earlier_fates(fate: Fate) -> list[Fate]:
    """List the fates that may be followed by this one: it only ever moves forward."""
    order = list(Fate)
    return order[: order.index(fate)]


def unless_it_may_have_gone(state: DeliveryState) -> ColumnElement[str]:
    """Name the state that a pending delivery ends in; one handed over again after an unknown ends as unknown.

    Nothing may claim that a mail did not go where an earlier submission of it may have gone.
    """
    return case((deliveries.c.resends > 0, literal(DeliveryState.UNKNOWN.value, String)), else_=literal(state.value))
