"""A sender that was killed is recognised at once; one that may be alive never is."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.delivery.dispatch import DispatchSettings
from alerts.delivery.owner import is_dead, this_process
from alerts.delivery.recover import recover
from alerts.model import Lane, OutcomeKind
from tests.databases import store_in
from tests.integration.test_delivery_dispatch import Clock, Scripted, always
from tests.ledger_samples import NOW, edition, freeze, reader, states, subscribe

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only Linux tells when a process started")

_NAME_YOURSELF = "from alerts.delivery.owner import this_process; print(this_process(), flush=True); input()"


def _killed() -> str:
    with subprocess.Popen(
        [sys.executable, "-c", _NAME_YOURSELF], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        owner = process.stdout.readline().strip()
        assert not is_dead(owner)
        process.kill()
        process.wait()
    return owner


def test_only_a_process_that_is_certainly_dead_is_called_so() -> None:
    owner = _killed()
    host, start, view, process, started, rest = owner.split("|")

    assert is_dead(owner)
    assert not is_dead(this_process())
    # on another machine, in another container, before the machine started anew, or of an older version: who knows
    for stranger in (
        ("elsewhere", start, view, process, started, rest),
        (host, "earlier", view, process, started, rest),
        (host, start, "pid:[1]", process, started, rest),
        (host, process, rest),
    ):
        assert not is_dead("|".join(stranger))


def test_what_a_killed_sender_held_is_found_without_waiting_for_its_lease(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    subscribe(store, [reader(number) for number in range(3)])
    made = edition()
    freeze(store, made)
    for owner in (_killed(), this_process()):
        store.ledger.claim(
            owner=owner,
            provider="tests",
            now=NOW,
            lease_until=NOW + timedelta(minutes=3),
            limit=dict.fromkeys(Lane, 2),
        )

    found = recover(
        store.ledger, Scripted(always(OutcomeKind.ACCEPTED)), Clock(), DispatchSettings(owner=this_process())
    )

    assert found.left_behind == 2
    assert states(store, made) == {"unknown": 2, "submitting": 1}
    store.close()
