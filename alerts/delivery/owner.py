"""Names the process that holds a lease, so that another one can see that it is dead. Edge: looks at this machine.

A command that is started again after a crash need not wait for the lease of its dead predecessor to end. Only what is
certain counts: the same machine, the same start of it, the same view of processes (a container has its own), and no
process of that id that started at that time.
"""

import os
import secrets
import socket
from pathlib import Path

_PROC = Path("/proc")


def this_process() -> str:
    """Name this process; unique for all time."""
    return "|".join((*_place(), str(os.getpid()), _started(os.getpid()), secrets.token_hex(4)))


def is_dead(owner: str) -> bool:
    """Tell whether a process is certainly dead; False also where nobody can tell."""
    parts = owner.split("|")
    if len(parts) != 6 or tuple(parts[:3]) != _place() or not parts[1] or not parts[4]:
        return False
    return _started(int(parts[3])) != parts[4]


def _place() -> tuple[str, str, str]:
    """Name where process ids mean what they mean here: host, its present start, its view of processes."""
    try:
        start = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        view = str((_PROC / "self/ns/pid").readlink())
    except OSError:
        return socket.gethostname(), "", ""
    return socket.gethostname(), start, view


def _started(process: int) -> str:
    """Tell when a process started, in ticks; empty: there is none, or it is a corpse."""
    try:
        status = (_PROC / str(process) / "stat").read_text()
    except OSError:
        return ""
    # the name, in brackets, may hold blanks: proc(5)
    fields = status.rpartition(")")[2].split()
    return "" if fields[0] in {"Z", "X"} else fields[19]
