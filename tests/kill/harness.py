"""Kills the sender at random points, starts it again, and believes only the server's own log.

    freeze → [ start the sender → SIGKILL at a random moment → compare ledger and log ] × kills
           → look up what is unknown, send the rest → every reader has exactly one mail

The sender's clock goes on by twenty minutes between two runs, so that leases end and waits are over; the machine's own
time is spent on killing. A trial is one seed; it ends early when a reader got two mails or the ledger told an untruth.
"""

import json
import multiprocessing
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from alerts.model import DeliveryState, EditionId, EditionState
from alerts.store import Store
from tests.databases import store_in
from tests.kill.sender import Orders, send
from tests.ledger_samples import edition, freeze, ids_in, subscribe
from tests.servers.sendgrid_server import KEY

#: of requests; what the provider then says is unknown, busy or refused
FAULTS = {
    "reset-early": 0.02,
    "reset-before": 0.02,
    "reset-after": 0.03,
    "silent-before": 0.01,
    "silent-after": 0.02,
    "cut-status": 0.01,
    "503": 0.02,
    "503-after": 0.02,
    "429": 0.02,
}
#: addresses with this in them are refused by name, in the midst of their neighbours
REFUSED = "nobody."
_LAST_RUNS = 40


@dataclass
class Report:
    """What a trial showed."""

    deliveries: int
    kills: int = 0
    runs: int = 0
    #: how often a restart found deliveries whose fate the killed sender took with it
    left_behind: int = 0
    unknown_at_most: int = 0
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def __str__(self) -> str:
        found = "; ".join(self.wrong) or "every reader has exactly one mail, and the ledger says so"
        return (
            f"{self.deliveries} deliveries, {self.kills} kills, {self.runs} runs, "
            f"{self.left_behind} kills left deliveries in the air (at most {self.unknown_at_most} at once), "
            f"{self.seconds:.0f} s: {found}"
        )


class Trial:
    """One sender, one server, one seed."""

    def __init__(self, directory: Path, *, kills: int, deliveries: int, seed: int, mutant: str = "") -> None:
        self._directory = directory
        self._kills = kills
        self._random = random.Random(seed)
        self._seed = seed
        self._mutant = mutant
        self._log = directory / "accepted.jsonl"
        self._read_to = 0
        self._arrived: Counter[int] = Counter()
        self._editions: list[EditionId] = []
        self._report = Report(deliveries=0)
        self._per_edition = deliveries
        self._kill_after = 0.2

    def run(self) -> Report:
        """Kill so many times, then let it come to an end."""
        started = time.monotonic()
        (self._directory / "key").write_text(KEY)
        store = store_in(self._directory)
        subscribe(store, [self._address(number) for number in range(self._per_edition)])
        with self._server() as url:
            self._freeze(store)
            while self._report.kills < self._kills and not self._report.wrong:
                if not ids_in(store, DeliveryState.PENDING, DeliveryState.SUBMITTING):
                    self._freeze(store)  # all is sent, but not enough was killed
                self._kill_once(store, url)
            if not self._report.wrong:
                self._finish(store, url)
        store.close()
        self._report.seconds = time.monotonic() - started
        return self._report

    # --- one run ---------------------------------------------------------------------------------

    def _kill_once(self, store: Store, url: str) -> None:
        before = self._arrived.total()
        # without a look-up in half of the runs, so that what is unknown stays so for a while
        process = self._start(url, look_up=self._random.random() < 0.5)
        process.join(self._random.uniform(0, 2 * self._kill_after))
        killed = process.is_alive()
        process.kill()
        process.join()
        self._report.kills += killed
        if process.exitcode and process.exitcode > 0:
            self._report.wrong.append(f"the sender fails with {process.exitcode}")
        self._wait_until_quiet(url)
        self._compare(store)
        self._aim(self._arrived.total() - before, store)

    def _aim(self, progress: int, store: Store) -> None:
        """Choose the next moment so that kills and deliveries run out together."""
        left = len(ids_in(store, DeliveryState.PENDING, DeliveryState.SUBMITTING, DeliveryState.UNKNOWN))
        wanted = max(left / max(1, self._kills - self._report.kills), 1.0)
        factor = 1.15 if progress < wanted else 0.87
        self._kill_after = min(max(self._kill_after * factor, 0.02), 2.0)

    def _start(self, url: str, *, look_up: bool) -> multiprocessing.process.BaseProcess:
        # neither this process nor its threads are copied into the one that is killed
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["tests.kill.sender"])
        hears, says = context.Pipe(duplex=False)
        orders = Orders(
            directory=self._directory, url=url, restarts=self._report.runs, look_up=look_up, mutant=self._mutant
        )
        process = context.Process(target=send, args=(orders, says))
        process.start()
        says.close()
        hears.recv()
        hears.close()
        self._report.runs += 1
        return process

    def _finish(self, store: Store, url: str) -> None:
        """Let it run undisturbed until nothing is left; then all must have theirs."""
        unsettled = (DeliveryState.PENDING, DeliveryState.SUBMITTING, DeliveryState.UNKNOWN)
        for _ in range(_LAST_RUNS):
            process = self._start(url, look_up=True)
            process.join(60)
            if process.is_alive():
                process.kill()
                process.join()
                self._report.wrong.append("the sender hangs")
                return
            if process.exitcode:
                self._report.wrong.append(f"the sender fails with {process.exitcode}")
                return
            if not ids_in(store, *unsettled):
                break
        self._wait_until_quiet(url)
        self._compare(store)
        self._check_end(store)

    # --- what must be true -----------------------------------------------------------------------

    def _compare(self, store: Store) -> None:
        """At every restart: nobody has two, the ledger calls nothing sent that was not, the receipts add up."""
        self._read_log()
        wrong = self._report.wrong
        doubles = [delivery for delivery, times in self._arrived.items() if times > 1]
        if doubles:
            wrong.append(f"{len(doubles)} got more than one mail")
        untrue = ids_in(store, DeliveryState.ACCEPTED) - self._arrived.keys()
        if untrue:
            wrong.append(f"{len(untrue)} are called accepted and were not")
        denied = ids_in(store, DeliveryState.REJECTED) & self._arrived.keys()
        if denied:
            wrong.append(f"{len(denied)} are called rejected and arrived")
        wrong.extend(f"the receipt of {each} does not add up" for each in self._editions if not _adds_up(store, each))
        in_the_air = len(ids_in(store, DeliveryState.SUBMITTING))
        self._report.left_behind += bool(in_the_air)
        self._report.unknown_at_most = max(
            self._report.unknown_at_most, in_the_air + len(ids_in(store, DeliveryState.UNKNOWN))
        )

    def _check_end(self, store: Store) -> None:
        """In the end: everybody but the refused has exactly one, and the ledger knows it."""
        wrong = self._report.wrong
        unsettled = ids_in(store, *DeliveryState) - ids_in(store, DeliveryState.ACCEPTED, DeliveryState.REJECTED)
        if unsettled:
            wrong.append(f"{len(unsettled)} were never settled")
        if ids_in(store, DeliveryState.ACCEPTED) != self._arrived.keys():
            wrong.append("ledger and log do not name the same deliveries")
        if any(times != 1 for times in self._arrived.values()):
            wrong.append("somebody has more or less than one")
        refused = sum(REFUSED in self._address(number) for number in range(self._per_edition)) * len(self._editions)
        if len(self._arrived) != self._report.deliveries - refused:
            wrong.append(f"{len(self._arrived)} arrived of {self._report.deliveries - refused}")
        for each in self._editions:
            state = store.ledger.receipt(each).state
            if state is not EditionState.DONE:
                wrong.append(f"{each} ends as {state.value}")

    def _read_log(self) -> None:
        if not self._log.exists():
            return
        with self._log.open("rb") as file:
            file.seek(self._read_to)
            for line in file:
                self._arrived[json.loads(line)["delivery"]] += 1
            self._read_to = file.tell()

    # --- around it -------------------------------------------------------------------------------

    def _freeze(self, store: Store) -> None:
        now = datetime.now(UTC)
        made = edition(f"flood{len(self._editions)}", made_at=now, expires_at=now + timedelta(days=10_000))
        freeze(store, made, provider="sendgrid", now=now)
        self._editions.append(made.id)
        self._report.deliveries += self._per_edition

    def _address(self, number: int) -> str:
        return f"{REFUSED if number % 97 == 13 else ''}reader{number}@readers.example"

    @contextmanager
    def _server(self) -> Iterator[str]:
        command = [sys.executable, "-m", "tests.servers.sendgrid_server", "--log", str(self._log)]
        rates = ",".join(f"{fault}={rate}" for fault, rate in FAULTS.items())
        command += ["--rates", rates, "--seed", str(self._seed), "--refused", REFUSED]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
            try:
                assert server.stdout is not None
                yield f"http://127.0.0.1:{int(server.stdout.readline())}"
            finally:
                server.kill()

    def _wait_until_quiet(self, url: str) -> None:
        """Wait until the server has dealt with what a dead sender left in its sockets: minutes in real life."""
        port = f":{int(url.rsplit(':', 1)[1]):04X}"
        give_up = time.monotonic() + 5
        while time.monotonic() < give_up:
            table = Path("/proc/net/tcp").read_text().splitlines()[1:]
            # 0A: listening, 06: time-wait
            busy = [row for row in table if row.split()[1].endswith(port) and row.split()[3] not in {"0A", "06"}]
            if not busy:
                return
            time.sleep(0.01)


def _adds_up(store: Store, edition_id: EditionId) -> bool:
    return store.ledger.receipt(edition_id).adds_up
