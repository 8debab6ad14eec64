"""How the dispatcher works, in numbers. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from alerts.model import Lane


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchSettings:
    """How the dispatcher works; made from `[delivery]`."""

    #: host and process, so that a person sees in the ledger who held a lease
    owner: str
    #: a submission that is not settled by then counts as unknown
    lease: timedelta = timedelta(minutes=3)
    #: whether only what was frozen as a rehearsal may go out: what was approved for everybody waits
    rehearsal_only: bool = False
    #: deliveries in one submission: what a crash can leave unknown
    limit: Mapping[Lane, int] = field(
        default_factory=lambda: {Lane.URGENT: 100, Lane.DIGEST: 1000, Lane.BULK: 1000},
    )
    #: how often a busy provider is tried for one delivery
    attempts: int = 12
    #: over all workers; 0: as fast as the provider takes it
    per_second: float = 0.0
    #: how long to wait for news of an unknown delivery
    unknown_after: timedelta = timedelta(minutes=3)
    #: how long a command waits for a busy provider before it leaves the rest for later
    patience: timedelta = timedelta(seconds=10)
    #: outcomes are written down in groups: after so many …
    group: int = 250
    #: … or so many seconds
    group_seconds: float = 0.5
