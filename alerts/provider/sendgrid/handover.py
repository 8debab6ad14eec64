"""One submission on its way to SendGrid: divided only where that is needed for every reader to have an outcome. Pure.

A 400 took nobody. If it names readers, the others go again without them. If it does not, the refused one is searched
for by halves: a half that goes proves that the other half holds it, without asking. What was not yet looked at goes
together, so that each refused reader costs about eleven requests, and the others still get their mail. Nobody is
rejected who was not refused alone: a 400 may have been a passing fault.

    one request ──202──> accepted
        │ 400 naming readers ──> they are rejected, the rest is one request again
        │ 400 naming nobody  ──> search by halves
        │ 413                ──> smaller requests
        └ anything else      ──> that is the outcome of all; what was not tried is busy
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Protocol

from alerts.model import DeliveryId, Outcome, OutcomeKind
from alerts.provider.sendgrid.bodies import MAX_READERS
from alerts.provider.sendgrid.replies import Ruling

#: So many readers refused one by one and none ever taken: perhaps the fault is in what they share. So many more, from
#: all over the submission, are then tried alone (a list may well begin with its bad addresses).
_FIRST_REFUSED = 3
_PROBES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A delivery as it stands in a request."""

    delivery: DeliveryId
    #: in lower case; comes once in a request
    address: str
    text: str


class Post(Protocol):
    """Makes one request."""

    def __call__(self, texts: Sequence[str], *, divided: bool) -> Ruling:
        """Post these readers; `divided`: others of the submission are not among them."""
        ...


class HandOver:
    """A submission's readers until each has an outcome."""

    def __init__(self, post: Post) -> None:
        self._post = post
        self._limit = MAX_READERS
        self._divided = False
        self._any_taken = False
        self._alone_refused = 0
        #: not yet looked at
        self._waiting: list[Reader] = []
        #: they hold one that is refused
        self._suspects: list[Reader] = []

    def run(self, readers: Sequence[Reader], *, divided: bool = False) -> Iterator[Outcome]:
        """Yield an outcome for each reader; `divided`: the submission has others, who are not handed over."""
        rounds = _without_twins(readers)
        self._divided = divided or len(rounds) > 1 or len(readers) > self._limit
        for at, self._waiting in enumerate(rounds):
            while self._waiting or self._suspects:
                part = self._next_part()
                ruling = self._post([reader.text for reader in part], divided=self._divided)
                yield from self._after(part, ruling)
                if ruling.kind in {OutcomeKind.BUSY, OutcomeKind.UNKNOWN}:
                    yield from _not_tried([*self._suspects, *self._waiting, *chain(*rounds[at + 1 :])], ruling)
                    return

    def _next_part(self) -> list[Reader]:
        if self._suspects:
            return self._suspects[: min(len(self._suspects) // 2 or 1, self._limit)]
        probe = self._alone_refused - _FIRST_REFUSED
        if not self._any_taken and 0 <= probe < _PROBES:
            return [self._waiting[len(self._waiting) * (probe + 1) // (_PROBES + 1)]]
        return self._waiting[: self._limit]

    def _after(self, part: list[Reader], ruling: Ruling) -> Iterator[Outcome]:
        """Tell what a ruling settles, and note what it leaves to do."""
        if ruling.refused and all(0 <= position < len(part) for position in ruling.refused):
            yield from self._drop(part, ruling)
        elif ruling.too_large and len(part) > 1:
            self._divided = True
            self._limit = len(part) // 2
        elif (ruling.unnamed or ruling.refused) and len(part) > 1 and self._worth_searching():
            self._search(part)
        else:
            self._any_taken |= ruling.kind is OutcomeKind.ACCEPTED
            self._alone_refused += ruling.kind is OutcomeKind.REJECTED and len(part) == 1
            self._forget(part)
            yield from _settled(part, ruling)

    def _drop(self, part: list[Reader], ruling: Ruling) -> Iterator[Outcome]:
        for position, refusal in ruling.refused.items():
            alone = replace(ruling, reason=refusal.reason, refused={})
            for outcome in _settled([part[position]], alone):
                yield replace(outcome, invalid_address=refusal.invalid_address)
        # The next request leaves them out: that it was accepted must not be taken for theirs by a look-up.
        self._divided = True
        # Perhaps it was they who were searched for: the others are under no suspicion any more.
        self._waiting = self._suspects + self._waiting
        self._suspects = []
        self._forget([part[position] for position in ruling.refused])

    def _search(self, part: list[Reader]) -> None:
        """Suspect a part, and nobody else until the refused one in it is found."""
        self._divided = True
        self._forget(part)
        self._waiting = self._suspects + self._waiting
        self._suspects = part

    def _worth_searching(self) -> bool:
        return self._any_taken or self._alone_refused < _FIRST_REFUSED + _PROBES

    def _forget(self, part: list[Reader]) -> None:
        gone = {reader.delivery for reader in part}
        self._waiting = [reader for reader in self._waiting if reader.delivery not in gone]
        self._suspects = [reader for reader in self._suspects if reader.delivery not in gone]


def _without_twins(readers: Sequence[Reader]) -> list[list[Reader]]:
    """Part readers so that no address comes twice in a request, which SendGrid refuses."""
    rounds: list[list[Reader]] = []
    seen: dict[str, int] = {}
    for reader in readers:
        turn = seen.get(reader.address, 0)
        seen[reader.address] = turn + 1
        if turn == len(rounds):
            rounds.append([])
        rounds[turn].append(reader)
    return rounds


def _settled(part: Sequence[Reader], ruling: Ruling) -> Iterator[Outcome]:
    for reader in part:
        yield Outcome(
            delivery=reader.delivery,
            kind=ruling.kind,
            reason=ruling.reason,
            provider_ref=ruling.provider_ref,
            retry_after=ruling.retry_after,
            halts=ruling.halts,
        )


def _not_tried(readers: Sequence[Reader], ruling: Ruling) -> Iterator[Outcome]:
    """Tell of those whose request was not made because one before it got no answer, or a no."""
    return _settled(readers, replace(ruling, kind=OutcomeKind.BUSY, reason=f"not tried: {ruling.reason}"))
