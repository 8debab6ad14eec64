"""The dispatcher: works off what the ledger says is due. A pipeline: decides nothing that `outcomes` or the ledger can.

    next_due_at → claim (the intent is on disk) → address → submit → settle, in groups → …
                                                     └ a crash here: the lease ends, `recover` sorts it out

No transaction is open while the provider is called. Nothing is handed over under a lease that may have ended.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache

from alerts.delivery.addressing import Addresser
from alerts.delivery.limits import Breaker, Bucket
from alerts.delivery.outcomes import all_busy, pause_asked, shows_trouble, with_wait
from alerts.delivery.settings import DispatchSettings
from alerts.log import log
from alerts.mail.variant import Addressed, Variant
from alerts.model import DeliveryId, EditionId, Outcome, OutcomeKind
from alerts.ports import Claim, Clock, DispatchLedger, Provider

__all__ = ["DispatchSettings", "Dispatcher", "Listener"]

#: told of every group of outcomes; called by one thread at a time
Listener = Callable[[EditionId, Mapping[OutcomeKind, int]], None]

_POLL_SECONDS = 1.0


class Dispatcher:
    """Hands over what is due, on as many threads as asked for."""

    def __init__(
        self,
        ledger: DispatchLedger,
        provider: Provider,
        clock: Clock,
        *,
        address: Addresser,
        settings: DispatchSettings,
        listener: Listener | None = None,
    ) -> None:
        self._ledger = ledger
        self._provider = provider
        self._clock = clock
        self._address = address
        self._settings = settings
        self._listener = listener
        self._variant = lru_cache(maxsize=8)(ledger.variant)
        self._bucket = Bucket(settings.per_second)
        self._breaker = Breaker()
        self._lock = threading.Lock()

    def once(self, edition: EditionId | None = None) -> bool:
        """Hand over one submission; False: nothing is due, or the provider must be left alone for now."""
        if self._pause() > 0:
            return False
        lease = _Lease(self._settings, self._clock)
        claim = self._claim(lease, edition)
        if claim is None:
            return False
        with self._lock:
            self._bucket.spend(len(claim.deliveries), time.monotonic())
            self._breaker.begin(time.monotonic())
        self._work_off(claim, lease)
        return True

    def run(
        self,
        *,
        stop: threading.Event,
        edition: EditionId | None = None,
        workers: int = 1,
        until_idle: bool,
    ) -> None:
        """Work until `stop`, or until nothing more can go now; a submission that has begun is always finished.

        `until_idle` waits for a busy provider no longer than `settings.patience`. An error of a worker stops all and
        is raised here. Ctrl-C, too, waits for the submissions under way; a second one does not.
        """
        quits = threading.Event()
        failures: list[Exception] = []

        def work() -> None:
            try:
                self._work(stop, quits, edition, until_idle=until_idle)
            except Exception as error:
                failures.append(error)
                quits.set()

        threads = [threading.Thread(target=work, name=f"dispatch-{number}", daemon=True) for number in range(workers)]
        for thread in threads:
            thread.start()
        try:
            _join(threads)
        except KeyboardInterrupt:
            quits.set()
            _join(threads)
            raise
        if failures:
            raise failures[0]

    # --- waiting for work ------------------------------------------------------------------------

    def _work(
        self, stop: threading.Event, quits: threading.Event, edition: EditionId | None, *, until_idle: bool
    ) -> None:
        while not stop.is_set() and not quits.is_set():
            seconds = self._until_next(edition)
            if seconds == 0.0 and self.once(edition):
                continue
            if until_idle and (seconds is None or seconds > self._settings.patience.total_seconds()):
                return
            stop.wait(_POLL_SECONDS if seconds is None else min(max(seconds, 0.02), _POLL_SECONDS))

    def _until_next(self, edition: EditionId | None) -> float | None:
        """Tell how many seconds to wait for the next submission; None: none is in sight."""
        now = self._clock()
        due = self._ledger.next_due_at(
            now=now, provider=self._provider.name, edition=edition, rehearsal_only=self._settings.rehearsal_only
        )
        return None if due is None else max((due - now).total_seconds(), self._pause(), 0.0)

    def _pause(self) -> float:
        with self._lock:
            now = time.monotonic()
            return max(self._bucket.wait(now), self._breaker.wait(now))

    # --- one submission --------------------------------------------------------------------------

    def _claim(self, lease: "_Lease", edition: EditionId | None) -> Claim | None:
        most = self._provider.capabilities.max_deliveries
        with self._lock:
            limit = {
                lane: self._breaker.at_once(self._bucket.at_once(min(wanted, most)))
                for lane, wanted in self._settings.limit.items()
            }
        return self._ledger.claim(
            owner=self._settings.owner,
            provider=self._provider.name,
            now=lease.taken_at,
            lease_until=lease.until,
            limit=limit,
            edition=edition,
            rehearsal_only=self._settings.rehearsal_only,
        )

    def _work_off(self, claim: Claim, lease: "_Lease") -> None:
        book = _Book(self._ledger, claim, self._settings, lease, self._clock)
        try:
            variant = self._variant(claim.variant_hash)
            addressed = [self._address(claim, variant, delivery) for delivery in claim.deliveries]
        except Exception:
            # nothing was handed over: that is certain, and must not be left for anybody to guess
            book.write(all_busy(book.missing, "it could not be addressed", halts=True))
            book.close()
            raise
        if not lease.is_safe:
            book.write(all_busy(book.missing, "the lease was too short to hand over safely"))
            book.close()
            return
        try:
            self._hand_over(claim, variant, addressed, book)
        finally:
            book.close()
            self._learn(claim, book)

    def _hand_over(self, claim: Claim, variant: Variant, addressed: Sequence[Addressed], book: "_Book") -> None:
        attempts = {delivery.id: delivery.attempts for delivery in claim.deliveries}
        answers = self._answers(claim, variant, addressed)
        # whoever lost the lease must not ask for one more outcome: that may hand over one more mail
        while book.may_go_on() and (outcome := next(answers, None)) is not None:
            wait = with_wait(outcome, attempts=attempts.get(outcome.delivery, 0), jitter=random.random())  # noqa: S311
            book.add(outcome, wait)
            if book.is_group_full:
                self._tell(claim.edition, book.settle())

    def _answers(self, claim: Claim, variant: Variant, addressed: Sequence[Addressed]) -> Iterator[Outcome]:
        try:
            yield from self._provider.submit(variant, addressed, submission=claim.submission, edition=claim.edition)
        except Exception:
            # a provider must not raise; what it has not told us is unknown, and other submissions go on
            log.exception("provider_raised", provider=self._provider.name, submission=claim.submission)

    def _learn(self, claim: Claim, book: "_Book") -> None:
        """Tell the listener of the rest, the breaker of the whole."""
        self._tell(claim.edition, book.unheard())
        total = book.total
        with self._lock:
            now = time.monotonic()
            pause = pause_asked(book.answers) if shows_trouble(total) else None
            if pause is not None:
                self._breaker.hold_off(pause.total_seconds(), now)
            else:
                self._breaker.report(trouble=shows_trouble(total) and not book.halted, now=now)

    def _tell(self, edition: EditionId, number: Mapping[OutcomeKind, int]) -> None:
        if self._listener is not None and number:
            with self._lock:
                self._listener(edition, number)


class _Lease:
    """How long what was claimed is ours. By two clocks: one can be set, the other sleeps when the machine sleeps."""

    def __init__(self, settings: DispatchSettings, clock: Clock) -> None:
        self._span = settings.lease
        self._clock = clock
        self.taken_at: datetime
        self.renew()

    @property
    def until(self) -> datetime:
        return self.taken_at + self._span

    @property
    def is_safe(self) -> bool:
        """Whether less than half of it has passed: enough is left for a call with a deadline of its own."""
        half = self._span / 2
        by_timer = time.monotonic() - self._taken < half.total_seconds()
        return by_timer and self._clock() - self.taken_at < half

    def renew(self) -> None:
        self.taken_at = self._clock()
        self._taken = time.monotonic()


class _Book:
    """Keeps what is known of one submission and writes it into the ledger, a group at a time."""

    def __init__(
        self, ledger: DispatchLedger, claim: Claim, settings: DispatchSettings, lease: _Lease, clock: Clock
    ) -> None:
        self._ledger = ledger
        self._claim = claim
        self._settings = settings
        self._lease = lease
        self._clock = clock
        self._holds = True
        self._group: list[Outcome] = []
        self._settled_at = time.monotonic()
        self._untold: Counter[OutcomeKind] = Counter()
        self._heard: set[DeliveryId] = set()
        self._ours = {delivery.id for delivery in claim.deliveries}
        self.total: Counter[OutcomeKind] = Counter()
        #: one busy answer is enough to know what the provider asks for
        self.answers: list[Outcome] = []
        self.halted = False

    @property
    def missing(self) -> list[DeliveryId]:
        """Those of whom nothing was heard."""
        return [delivery.id for delivery in self._claim.deliveries if delivery.id not in self._heard]

    @property
    def is_group_full(self) -> bool:
        waited = time.monotonic() - self._settled_at
        return len(self._group) >= self._settings.group or waited >= self._settings.group_seconds

    def add(self, outcome: Outcome, with_its_wait: Outcome) -> None:
        """Take one outcome; the first one for a delivery counts, one for somebody else's does not."""
        if outcome.delivery in self._heard or outcome.delivery not in self._ours:
            return
        self._heard.add(outcome.delivery)
        self._group.append(with_its_wait)
        self.total[outcome.kind] += 1
        self._untold[outcome.kind] += 1
        self.halted = self.halted or outcome.halts
        if outcome.kind is OutcomeKind.BUSY and not self.answers:
            self.answers.append(outcome)

    def write(self, outcomes: Sequence[Outcome]) -> None:
        """Take outcomes of our own."""
        for outcome in outcomes:
            self.add(outcome, outcome)

    def may_go_on(self) -> bool:
        """Tell whether one more may be handed over; where half the lease is gone, ask the ledger for a new one."""
        if self._holds and not self._lease.is_safe:
            self.settle()
        return self._holds

    def settle(self) -> Mapping[OutcomeKind, int]:
        """Write the group down and renew the lease; return what it was."""
        group, self._group = self._group, []
        self._lease.renew()
        self._holds = self._ledger.settle(
            self._claim,
            group,
            now=self._lease.taken_at,
            final=False,
            max_attempts=self._settings.attempts,
            lease_until=self._lease.until,
        ).holds
        self._settled_at = time.monotonic()
        told, self._untold = self._untold, Counter()
        return told

    def close(self) -> None:
        """Write the rest down and end the submission: what was not heard of is unknown."""
        silent = len(self.missing)
        if silent:
            self.total[OutcomeKind.UNKNOWN] += silent
            self._untold[OutcomeKind.UNKNOWN] += silent
        self._ledger.settle(
            self._claim, self._group, now=self._clock(), final=True, max_attempts=self._settings.attempts
        )
        self._group = []

    def unheard(self) -> Mapping[OutcomeKind, int]:
        """Hand out what the listener was not told yet."""
        return self._untold


def _join(threads: Sequence[threading.Thread]) -> None:
    # with a time-out, because a plain join does not let Ctrl-C through
    for thread in threads:
        while thread.is_alive():
            thread.join(0.2)
