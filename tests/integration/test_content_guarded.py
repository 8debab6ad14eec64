"""The guarded worker against real processes: what a hostile parser does costs its caller one exception."""

import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from alerts import guarded
from alerts.errors import ContentError
from alerts.guarded import GuardedFailure, Worker


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker(deadline=3.0, cpu_seconds=2, processes=1) as running:
        yield running


def test_values_and_bytes_go_there_and_plain_values_come_back(worker: Worker) -> None:
    assert worker.call("builtins:sorted", ["b", "a"]) == ["a", "b"]
    assert worker.call("builtins:len", bytes(range(256))) == 256


def test_a_crash_is_one_exception_and_the_next_call_works(worker: Worker) -> None:
    with pytest.raises(GuardedFailure, match="crashed: exit code 7"):
        worker.call("os:_exit", 7)
    assert worker.call("builtins:abs", -3) == 3


def test_a_segfault_is_one_exception(worker: Worker) -> None:
    with pytest.raises(GuardedFailure, match="SIGSEGV"):
        worker.call("faulthandler:_sigsegv")


def test_a_parser_that_sleeps_is_ended_by_the_deadline() -> None:
    with Worker(deadline=0.5, processes=1) as impatient:
        began = time.monotonic()
        with pytest.raises(GuardedFailure, match="in time"):
            impatient.call("time:sleep", 60)
        assert time.monotonic() - began < 15
        assert impatient.call("builtins:abs", -1) == 1


def test_a_parser_that_computes_for_ever_is_ended_by_its_computing_time() -> None:
    with Worker(cpu_seconds=1, deadline=30, processes=1) as busy, pytest.raises(GuardedFailure, match="computing time"):
        busy.call("builtins:eval", "sum(range(10**12))")


def test_a_parser_that_eats_memory_fails_alone(worker: Worker) -> None:
    with pytest.raises(GuardedFailure, match="MemoryError"):
        worker.call("builtins:eval", "bytes(2_000_000_000)")
    assert worker.call("builtins:abs", -2) == 2


def test_an_answer_too_large_is_refused(worker: Worker) -> None:
    with pytest.raises(GuardedFailure, match="too large"):
        worker.call("builtins:eval", "'x' * 17_000_000")


def test_a_forged_answer_is_nonsense_not_an_object() -> None:
    frame = guarded._LENGTH.pack(5)
    with Worker(processes=1) as worker, pytest.raises(GuardedFailure, match="nonsense"):
        # The parser has been taken over and writes its own frame: bytes that are no JSON.
        worker.call("builtins:eval", f"__import__('os').write(3, {frame!r} + b'cos\\nX')")


def test_what_the_content_is_refused_for_is_told(worker: Worker) -> None:
    with pytest.raises(ContentError, match="is empty") as caught:
        worker.call("alerts.content.untrusted.feeds:parse", b"", "", "")
    assert not isinstance(caught.value, GuardedFailure)


def test_no_secret_is_in_the_worker(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENDGRID_API_KEY", "a secret")
    with Worker(processes=1) as fresh:
        assert fresh.call("builtins:eval", "sorted(__import__('os').environ)") in (
            ["LANG", "PATH"],
            ["LANG", "LC_CTYPE", "PATH"],
        )


@pytest.mark.parametrize(
    "deed",
    [
        "__import__('socket').create_connection(('127.0.0.1', 9))",
        "__import__('subprocess').run(['true'])",
        "__import__('os').system('true')",
        "__import__('os').fork()",
    ],
)
def test_the_worker_reaches_out_nowhere(worker: Worker, deed: str) -> None:
    with pytest.raises(GuardedFailure, match="PermissionError"):
        worker.call("builtins:eval", deed)


def test_the_worker_writes_no_files(worker: Worker, tmp_path: Path) -> None:
    target = tmp_path / "left-behind"
    with pytest.raises(GuardedFailure, match="PermissionError"):
        worker.call("builtins:eval", f"open({str(target)!r}, 'w')")
    assert not target.exists()


def test_a_chatty_parser_does_not_disturb_the_answer(worker: Worker) -> None:
    assert worker.call("builtins:print", "noise on standard output") is None


def test_it_is_another_process_and_not_a_fork(worker: Worker) -> None:
    assert worker.call("os:getpid") != os.getpid()
    assert worker.call("builtins:eval", "'pytest' in __import__('sys').modules") is False
    assert "pytest" in sys.modules


def test_processes_are_replaced_after_many_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guarded, "CALLS_PER_PROCESS", 2)
    with Worker(processes=1) as worker:
        seen = [worker.call("os:getpid") for _ in range(4)]
    assert seen[0] == seen[1] != seen[2] == seen[3]


def test_threads_share_a_worker_without_mixing_answers() -> None:
    answers: dict[int, object] = {}
    with Worker(processes=2) as worker:

        def ask(number: int) -> None:
            answers[number] = [worker.call("builtins:eval", f"{number} * {again}") for again in range(5)]

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert answers == {number: [number * again for again in range(5)] for number in range(6)}


def test_a_closed_worker_says_so() -> None:
    worker = Worker(processes=1)
    worker.close()
    with pytest.raises(GuardedFailure, match="closed"):
        worker.call("builtins:abs", -1)
