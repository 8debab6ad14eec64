"""`alerts run`: everything that happens by itself, until somebody stops it. Edge: threads, signals, clocks.

    APScheduler ── beat ──► leads? ─┬─ feeds       (own thread: a slow feed delays nothing else)
                                    ├─ pushed      (what a CMS handed over, embargoes that end)
                                    ├─ digests     (not while the clock's time is in doubt)
                                    └─ drafts
                put right · outage
    own threads ── notices (the desk is told within seconds) · delivery · web

Of several processes on one database one leads: it polls, plans and tells. All of them deliver, each under the ledger's
leases. Should two lead for a moment, unique keys in the database keep editions, occurrences and notices single.
"""

import logging
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from alerts.desk import Newsdesk
from alerts.desk.dispatching import dispatcher
from alerts.errors import AlertsError
from alerts.log import log
from alerts.model import EditionId, OutcomeKind
from alerts.scheduler import jobs
from alerts.scheduler.clock import ClockWatch
from alerts.scheduler.outage import Outage

# It warns at every tick that a slow poll sits out; that is what we want of it.
logging.getLogger("apscheduler").setLevel(logging.ERROR)

#: Seconds between ticks, and between looks for notices: the desk hears of everything within 10 s.
BEAT, DIGESTS, FEEDS, PUSHED, DRAFTS, OUTAGE, RIGHT = 2.0, 5.0, 5.0, 2.0, 5.0, 1.0, 5.0
NOTICES = 1.5
#: A process that gave no sign for so long no longer leads.
LEADS_FOR = timedelta(seconds=10)
_DUTY = "duty:newsroom"
#: Seconds before delivery is tried again after it broke; doubles up to the last.
_FIRST_PAUSE, _LAST_PAUSE = 1.0, 30.0
#: Seconds within which threads must end after a stop; a submission's own deadline is shorter.
_PATIENCE = 90.0


#: Serves the pages until the event is set.
Web = Callable[[threading.Event], None]


def run(desk: Newsdesk, *, stop: threading.Event, web: Web | None = None) -> None:
    """Run until `stop` is set; what is being handed over is finished.

    `web` serves the pages meanwhile. Raises AlertsError at once when the database cannot be used.
    """
    Runner(desk, web=web, stop=stop).run()


class Runner:
    """One process that keeps the newsroom going."""

    def __init__(
        self,
        desk: Newsdesk,
        *,
        web: Web | None,
        stop: threading.Event,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._desk = desk
        self._web = web
        self._stop = stop
        self._monotonic = monotonic
        self._owner = secrets.token_hex(8)
        self._leads_until = 0.0
        self._outage = Outage()
        self._watch = ClockWatch()

    def run(self) -> None:
        """Start everything, wait for the stop, end everything in order."""
        desk = self._desk
        # Opened here, so that what cannot work says so before anything starts.
        _ = desk.store, desk.provider, desk.renderer, desk.token_keys
        threads = [self._thread("delivery", self._deliver), self._thread("notices", self._tell)]
        if self._web is not None:
            threads.append(self._thread("web", partial(self._web, self._stop)))
        schedule = self._schedule()
        try:
            self._beat()
            schedule.start()
            for thread in threads:
                thread.start()
            log.info("runs", leads=self.leads, web=self._web is not None, workers=desk.config.delivery.workers)
            self._supervise(schedule, threads)
        finally:
            self._stop.set()
            self._end(schedule, threads)

    @property
    def leads(self) -> bool:
        """Whether polling, planning and telling are this process's duty."""
        return self._monotonic() < self._leads_until

    # --- ticks ---

    def _schedule(self) -> BackgroundScheduler:
        # Each job has a thread of its own: none can wait for another.
        ticks: list[tuple[str, float, Callable[[], None]]] = [
            ("beat", BEAT, self._beat),
            ("digests", DIGESTS, self._plan_digests),
            ("feeds", FEEDS, lambda: self._led(partial(jobs.poll_feeds, stop=self._stop))),
            ("pushed", PUSHED, lambda: self._led(jobs.take_up)),
            ("drafts", DRAFTS, self._look_after),
            ("outage", OUTAGE, lambda: jobs.report_outage(self._desk, self._outage, monotonic=self._monotonic())),
            ("right", RIGHT, lambda: jobs.put_right(self._desk)),
        ]
        schedule = BackgroundScheduler(
            timezone=UTC,
            executors={name: ThreadPoolExecutor(1) for name, _, _ in ticks},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        for name, seconds, job in ticks:
            schedule.add_job(
                self._safely(name, job),
                IntervalTrigger(seconds=seconds, timezone=UTC),
                id=name,
                executor=name,
                next_run_time=datetime.now(UTC),
            )
        return schedule

    def _safely(self, name: str, job: Callable[[], None]) -> Callable[[], None]:
        """Wrap a job so that nothing it raises ends the schedule."""

        def tick() -> None:
            if self._stop.is_set():
                return
            try:
                job()
            except AlertsError as error:
                log.error("tick_failed", job=name, error=str(error), hint=error.hint)
            except Exception:
                log.exception("tick_broke", job=name)

        return tick

    def _led(self, job: Callable[[Newsdesk], None]) -> None:
        if self.leads:
            job(self._desk)

    def _beat(self) -> None:
        """Keep or take the lead, and leave a sign of life."""
        began = self._monotonic()
        now = self._desk.clock()
        if self._desk.store.daybook.hold(_DUTY, owner=self._owner, now=now, until=now + LEADS_FOR):
            if not self.leads:
                log.info("leads")
            self._leads_until = began + LEADS_FOR.total_seconds()
        jobs.beat(self._desk)

    def _plan_digests(self) -> None:
        jump = self._watch.look(self._desk.clock(), self._monotonic())
        if jump:
            log.warning("clock_jumped", seconds=round(jump.total_seconds()), effect="no digest is planned for now")
        if self._watch.believed:
            self._led(jobs.plan_digests)

    def _look_after(self) -> None:
        if self.leads:
            jobs.look_after_drafts(self._desk)
            jobs.report_blocked(self._desk)

    def _supervise(self, schedule: BackgroundScheduler, threads: list[threading.Thread]) -> None:
        """Wait for the stop; wake the schedule when the wall clock was set back, for it would sleep that long."""
        before = self._desk.clock(), self._monotonic()
        while not self._stop.wait(1.0):
            after = self._desk.clock(), self._monotonic()
            if (after[0] - before[0]).total_seconds() - (after[1] - before[1]) < -1.0:
                for job in schedule.get_jobs():
                    job.modify(next_run_time=datetime.now(UTC))
            before = after
            if ended := [thread.name for thread in threads if not thread.is_alive()]:
                raise AlertsError(f"{', '.join(ended)} ended by itself", hint="see the log, then start it again")

    # --- threads ---

    def _thread(self, name: str, work: Callable[[], None]) -> threading.Thread:
        return threading.Thread(target=work, name=name, daemon=True)

    def _tell(self) -> None:
        while not self._stop.is_set():
            self._safely("notices", lambda: self._led(jobs.tell_desk))()
            self._stop.wait(NOTICES)

    def _deliver(self) -> None:
        """Hand over whatever is ready; after a failure (a full disk, say) wait a little and go on."""
        pause = _FIRST_PAUSE
        while not self._stop.is_set():
            began = self._monotonic()
            try:
                dispatcher(self._desk, listener=self._hear).run(
                    stop=self._stop, workers=self._desk.config.delivery.workers, until_idle=False
                )
            except AlertsError as error:
                log.error("delivery_failed", error=str(error), hint=error.hint)
            except Exception:
                log.exception("delivery_broke")
            pause = _FIRST_PAUSE if self._monotonic() - began > _LAST_PAUSE else min(pause * 2, _LAST_PAUSE)
            self._stop.wait(pause)

    def _hear(self, _edition: EditionId, outcomes: Mapping[OutcomeKind, int]) -> None:
        self._outage.hear(outcomes, now=self._monotonic())

    # --- the end ---

    def _end(self, schedule: BackgroundScheduler, threads: list[threading.Thread]) -> None:
        log.info("stops")
        if schedule.running:
            schedule.shutdown(wait=True)
        give_up = time.monotonic() + _PATIENCE
        for thread in threads:
            if thread.is_alive():
                thread.join(timeout=max(0.0, give_up - time.monotonic()))
        try:
            self._desk.store.daybook.let_go(_DUTY, owner=self._owner)
        except AlertsError as error:
            log.warning("lead_not_given_up", error=str(error))
        log.info("stopped", unfinished=[thread.name for thread in threads if thread.is_alive()])
