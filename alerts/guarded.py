"""The worker process in which hostile bytes are parsed. Edge: starts and kills processes.

A parser that crashes, hangs or eats memory costs its caller one exception, never the program. The process is a fresh
interpreter (spawned, never forked: we have threads) with an empty environment, so there is no secret in it; it may not
open sockets, write files or start programs; CPU, memory and time are limited. What it sends back is JSON, bounded in
size, and is believed no more than the bytes it came from: nothing of it is ever unpickled or executed.

Only the standard library is imported here; what is called lives elsewhere (`alerts.content.untrusted`).
"""

import base64
import importlib
import json
import os
import queue
import resource
import selectors
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from alerts.errors import AlertsError, ContentError

#: No answer may be larger.
MAX_ANSWER = 16_000_000
#: A process is replaced after so many calls: parsers leak.
CALLS_PER_PROCESS = 200
#: Starting an interpreter and importing a parser is not the caller's fault: it has a deadline of its own.
START_DEADLINE = 60.0

_LENGTH = struct.Struct(">I")
_BYTES = "\0bytes"


class GuardedFailure(ContentError):
    """The worker crashed, hung or ran out of memory over these bytes."""


class Worker:
    """Calls functions in guarded processes. Threads may share one; each call has a process to itself."""

    def __init__(
        self, *, cpu_seconds: int = 10, memory_mb: int = 512, deadline: float = 15.0, processes: int = 2
    ) -> None:
        self._deadline = deadline
        self._limits = (cpu_seconds, memory_mb)
        # A slot holds an idle process, or None where one has to be started first.
        self._slots: queue.LifoQueue[_Process | None] = queue.LifoQueue()
        self._processes = processes
        self._busy: set[_Process] = set()
        self._closed = False
        for _ in range(processes):
            self._slots.put(None)

    def call(self, function: str, *args: object) -> object:
        """Call `module:name` with plain values or bytes; return what it returned, as plain values.

        A ContentError of the function comes back as ContentError; anything else that goes wrong is a GuardedFailure.
        """
        request = json.dumps({"function": function, "args": [_out(arg) for arg in args]}).encode()
        process = self._slots.get()
        try:
            if self._closed:
                raise GuardedFailure("the guarded worker is closed")
            process = process or _Process(*self._limits)
            self._busy.add(process)
            answer = process.exchange(request, deadline=self._deadline)
        except BaseException:
            if process is not None:
                self._busy.discard(process)
                process.kill()
            process = None
            raise
        finally:
            if process is not None:
                self._busy.discard(process)
            if process is not None and (process.calls >= CALLS_PER_PROCESS or self._closed):
                process.kill()
                process = None
            self._slots.put(process)
        return _value_of(answer)

    def close(self) -> None:
        """Stop every process; calls under way fail."""
        self._closed = True
        for busy in list(self._busy):
            busy.end()
        for _ in range(self._processes):
            process = self._slots.get()
            if process is not None:
                process.kill()
        for _ in range(self._processes):
            self._slots.put(None)

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _out(value: object) -> object:
    return {_BYTES: base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def _value_of(answer: object) -> object:
    """Read a worker's answer, which may be anything."""
    if isinstance(answer, dict):
        if "value" in answer:
            return answer["value"]
        if isinstance(reason := answer.get("refused"), str):
            raise ContentError(_one_line(reason), hint=_one_line(str(answer.get("hint", ""))))
        if isinstance(reason := answer.get("failed"), str):
            raise GuardedFailure(f"could not be parsed safely ({_one_line(reason)})")
    raise GuardedFailure("could not be parsed safely (the parser answered nonsense)")


def _one_line(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text[:500])


# --- the caller's side of a process ---------------------------------------------------------------


class _Process:
    def __init__(self, cpu_seconds: int, memory_mb: int) -> None:
        root = str(Path(__file__).resolve().parent.parent)
        start = f"import sys; sys.path.insert(0, {root!r}); from alerts.guarded import serve; serve()"
        # -I: neither the environment nor the current folder decides what is imported.
        command = [sys.executable, "-I", "-B", "-c", start, str(cpu_seconds), str(memory_mb)]
        self.calls = 0
        self._cpu_seconds = cpu_seconds
        self._child = subprocess.Popen(  # noqa: S603 - no shell, nothing of the command comes from outside
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"LANG": "C.UTF-8", "PATH": os.defpath},
            cwd="/",
            bufsize=0,
            start_new_session=True,  # Ctrl-C is for us, not for it
        )
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._in, self._out = self._child.stdin, self._child.stdout
        for pipe in (self._in, self._out):
            os.set_blocking(pipe.fileno(), False)

    def exchange(self, request: bytes, *, deadline: float) -> object:
        """Send a request and read the answer. Raises GuardedFailure; the process is then of no more use."""
        self.calls += 1
        self._write(_LENGTH.pack(len(request)) + request, until=time.monotonic() + START_DEADLINE)
        # The first frame says that the function is imported: only now its time runs.
        self._read_frame(until=time.monotonic() + START_DEADLINE)
        raw = self._read_frame(until=time.monotonic() + deadline)
        try:
            answer: object = json.loads(raw)
        except (ValueError, RecursionError) as error:
            raise GuardedFailure("could not be parsed safely (the parser answered nonsense)") from error
        return answer

    def end(self) -> None:
        """Let whoever waits for its answer find it dead."""
        self._child.kill()

    def kill(self) -> None:
        """End it without asking."""
        self._child.kill()
        self._child.wait()
        self._in.close()
        self._out.close()

    def _write(self, frame: bytes, *, until: float) -> None:
        view = memoryview(frame)
        while view:
            self._await(self._in, selectors.EVENT_WRITE, until)
            try:
                view = view[os.write(self._in.fileno(), view[:65536]) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise GuardedFailure(self._obituary()) from error

    def _read_frame(self, *, until: float) -> bytes:
        (length,) = _LENGTH.unpack(self._read(_LENGTH.size, until))
        if length > MAX_ANSWER:
            raise GuardedFailure("could not be parsed safely (the result is too large)")
        return self._read(length, until)

    def _read(self, length: int, until: float) -> bytes:
        received = bytearray()
        while len(received) < length:
            self._await(self._out, selectors.EVENT_READ, until)
            try:
                chunk = os.read(self._out.fileno(), min(65536, length - len(received)))
            except BlockingIOError:
                continue
            if not chunk:
                raise GuardedFailure(self._obituary())
            received += chunk
        return bytes(received)

    def _await(self, pipe: Any, event: int, until: float) -> None:
        remaining = until - time.monotonic()
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, event)
            if remaining <= 0 or not selector.select(remaining):
                raise GuardedFailure("could not be parsed in time")

    def _obituary(self) -> str:
        try:
            code = self._child.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return "could not be parsed safely (the parser stopped talking)"
        if code == -signal.SIGXCPU:
            return f"could not be parsed in {self._cpu_seconds} s of computing time"
        name = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return f"could not be parsed safely (the parser crashed: {name})"


# --- the worker's side ----------------------------------------------------------------------------


def serve() -> None:
    """Answer requests on standard input until it ends. Runs in the worker process only."""
    cpu_seconds, memory_mb = int(sys.argv[1]), int(sys.argv[2])
    answers = os.fdopen(os.dup(1), "wb")
    requests = os.fdopen(os.dup(0), "rb")
    quiet = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1):  # a chatty parser must not talk into our frames
        os.dup2(quiet, stream)
    _confine(memory_mb)
    while (request := _next(requests)) is not None:
        try:
            function, args = _prepared(request)
            _send(answers, {"ready": True})
            _allow_cpu(cpu_seconds)
            answer: dict[str, object] = {"value": function(*args)}
        except ContentError as error:
            answer = {"refused": str(error), "hint": error.hint}
        except AlertsError as error:
            answer = {"failed": str(error)}
        except Exception as error:  # whatever a parser raises
            answer = {"failed": type(error).__name__}
        _send(answers, answer)


def _confine(memory_mb: int) -> None:
    """Take away what a parser never needs. Limits the system does not know are left out."""
    size = memory_mb * 1024 * 1024
    for limit, value in ((resource.RLIMIT_AS, size), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 0)):
        try:
            resource.setrlimit(limit, (value, value))
        except (ValueError, OSError):  # macOS refuses RLIMIT_AS
            continue
    sys.addaudithook(_refuse)


_FORBIDDEN = ("socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.kill", "ctypes.")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def _refuse(event: str, args: tuple[Any, ...]) -> None:
    if event == "open" and isinstance(args[2], int) and args[2] & _WRITING:
        raise PermissionError("the guarded worker writes no files")
    if event.startswith(_FORBIDDEN) and event not in _HARMLESS:
        raise PermissionError(f"the guarded worker may not {event}")


# raised by merely importing ctypes, socket or asyncio; none of them reaches out
_HARMLESS = frozenset({"socket.__new__", "socket.gethostname", "ctypes.dlopen", "ctypes.dlsym", "ctypes.cdata"})


def _allow_cpu(seconds: int) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + 1 + seconds
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def _next(requests: BinaryIO) -> dict[str, Any] | None:
    head = requests.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    request: dict[str, Any] = json.loads(requests.read(_LENGTH.unpack(head)[0]))
    return request


def _prepared(request: dict[str, Any]) -> tuple[Callable[..., object], list[object]]:
    module, _, name = request["function"].partition(":")
    function: Callable[..., object] = getattr(importlib.import_module(module), name)
    return function, [base64.b64decode(arg[_BYTES]) if _is_bytes(arg) else arg for arg in request["args"]]


def _is_bytes(arg: object) -> bool:
    return isinstance(arg, dict) and arg.keys() == {_BYTES}


def _send(answers: BinaryIO, answer: dict[str, object]) -> None:
    raw = json.dumps(answer).encode()
    if len(raw) > MAX_ANSWER:
        raw = json.dumps({"failed": "the result is too large"}).encode()
    answers.write(_LENGTH.pack(len(raw)) + raw)
    answers.flush()
