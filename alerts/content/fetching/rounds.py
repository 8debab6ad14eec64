"""Asking many addresses at once, politely and without waiting for the slow ones. Edge: threads.

Sixteen at a time, two of one host, whatever is ranked lowest first. What a host answers is read (parsed, say) after its
place is free again. The threads are daemons: who stops waiting for a round is not held up by a server that drips, for
every question has its own deadline anyway.
"""

import heapq
import queue
import threading
from collections import Counter
from collections.abc import Callable
from typing import Generic, TypeVar

from alerts.content.fetching.fetch import PER_HOST

AT_ONCE = 16

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class Round(Generic[Asked, Answer]):
    """Questions under way. One thread adds and collects; `ask` and `read` run in threads of the round."""

    def __init__(self, *, ask: Callable[[str], Asked], read: Callable[[str, Asked], Answer]) -> None:
        self._ask = ask
        self._read = read
        self._lock = threading.Lock()
        #: host → rank, order, address; a host without any is left out
        self._waiting: dict[str, list[tuple[int, int, str]]] = {}
        self._asking: Counter[str] = Counter()
        self._threads = 0
        self._added = 0
        self._unanswered = 0
        self._answers: queue.SimpleQueue[tuple[str, Answer | BaseException]] = queue.SimpleQueue()

    @property
    def busy(self) -> bool:
        """Whether anything added was neither collected nor dropped yet."""
        return self._unanswered > 0

    def add(self, address: str, *, host: str, rank: int = 0) -> None:
        """Ask an address as soon as there is a place at its host."""
        with self._lock:
            heapq.heappush(self._waiting.setdefault(host, []), (rank, self._added, address))
            self._added += 1
            self._unanswered += 1
        self._hire()

    def collect(self, timeout: float) -> list[tuple[str, Answer]]:
        """Take the answers that are there; if there is none, wait for one as long as `timeout` seconds.

        Raises what `ask` or `read` raised.
        """
        found = []
        try:
            found.append(self._answers.get(timeout=timeout))
            while True:
                found.append(self._answers.get_nowait())
        except queue.Empty:
            pass
        with self._lock:
            self._unanswered -= len(found)
        for _, answer in found:
            if isinstance(answer, BaseException):
                raise answer
        return [(address, answer) for address, answer in found if not isinstance(answer, BaseException)]

    def drop(self, host: str | None = None) -> list[str]:
        """Forget what still waits for a host, or all that waits; return the addresses."""
        with self._lock:
            hosts = list(self._waiting) if host is None else [host]
            dropped = [address for name in hosts for _, _, address in sorted(self._waiting.pop(name, ()))]
            self._unanswered -= len(dropped)
        return dropped

    # --- the threads ---

    def _hire(self) -> None:
        """Start a thread if there is anything to do and a place for one."""
        with self._lock:
            if self._threads >= AT_ONCE or self._free_host() is None:
                return
            self._threads += 1
        threading.Thread(target=self._work, name="fetch", daemon=True).start()

    def _work(self) -> None:
        while (taken := self._take()) is not None:
            host, address = taken
            answer: Answer | BaseException
            try:
                try:
                    asked = self._ask(address)
                finally:
                    with self._lock:
                        self._asking[host] -= 1
                # While this thread reads, another one may use the place.
                self._hire()
                answer = self._read(address, asked)
            except BaseException as error:  # whoever collects must hear of it
                answer = error
            self._answers.put((address, answer))

    def _take(self) -> tuple[str, str] | None:
        """Take what is first of those whose host has a place; None ends the thread.

        Whatever waits for a host without a place is found by the thread that frees it.
        """
        with self._lock:
            host = self._free_host()
            if host is None:
                self._threads -= 1
                return None
            _, _, address = heapq.heappop(self._waiting[host])
            if not self._waiting[host]:
                del self._waiting[host]
            self._asking[host] += 1
        return host, address

    def _free_host(self) -> str | None:
        free = (host for host in self._waiting if self._asking[host] < PER_HOST)
        return min(free, key=lambda host: self._waiting[host][0], default=None)
