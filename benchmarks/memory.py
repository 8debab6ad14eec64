"""Does memory grow with the audience? Hands 1,000 and 100,000 deliveries to a local SMTP sink and compares the peaks.

    make bench-memory        or        python benchmarks/memory.py [--many 100000] [--few 1000]

Each hand-over is a process of its own with the real store, dispatcher and SMTP provider: freeze, claim, submit, settle.
Peak: the most memory the kernel saw it hold (ru_maxrss). Exit code 1: more than 1.2 times as much for the many.
"""

import argparse
import resource
import socket
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

ALLOWED = 1.2


def main() -> int:
    """Compare the peaks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--few", type=int, default=1000)
    parser.add_argument("--many", type=int, default=100_000)
    parser.add_argument("--hand-over", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.hand_over:
        hand_over(wanted.hand_over, port=wanted.port, folder=wanted.folder)
        return 0
    few, many = (measure(number) for number in (wanted.few, wanted.many))
    ratio = many / few
    print(f"{'work':<44} {'peer':>10} {'ours':>10} {'ratio':>6} {'reach':>7}")
    print(
        f"{f'peak memory, {wanted.many:,} deliveries to SMTP':<44} {few:>7.1f} MB {many:>7.1f} MB {ratio:>6.2f} "
        f"{f'<= {ALLOWED}':>7} {'ok' if ratio <= ALLOWED else 'short'}"
    )
    print(f"peer: the same for {wanted.few:,} deliveries")
    return int(ratio > ALLOWED)


def measure(number: int) -> float:
    """Hand so many over in a process of its own; tell its peak in MB."""
    with tempfile.TemporaryDirectory() as folder, Sink() as sink:
        subscribe_all(number, Path(folder))
        command = [sys.executable, __file__, "--hand-over", str(number), "--port", str(sink.port), "--folder", folder]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        peak, seconds = (float(word) for word in done.stdout.split())
        if sink.taken != number:
            raise SystemExit(f"the sink took {sink.taken} of {number}")
    print(f"{number:>7} deliveries: peak {peak:.1f} MB, {number / seconds:.0f} mails/s", flush=True)
    return peak


def subscribe_all(number: int, folder: Path) -> None:
    """Fill the list, in this process: importing is not what is measured."""
    from tests.databases import store_in
    from tests.ledger_samples import reader, subscribe

    store = store_in(folder)
    subscribe(store, [reader(each) for each in range(number)])
    store.close()


def hand_over(number: int, *, port: int, folder: Path) -> None:
    """Freeze and send; print the peak in MB and the seconds that sending took."""
    from alerts.config import SmtpProvider
    from alerts.delivery.addressing import addresser
    from alerts.delivery.dispatch import Dispatcher, DispatchSettings
    from alerts.model import DeliveryState
    from alerts.provider.smtp import open_smtp
    from tests.databases import KEY, store_in
    from tests.ledger_samples import edition, freeze
    from tests.provider_samples import variant

    def clock() -> datetime:
        return datetime.now(UTC)

    store = store_in(folder)
    made = edition(made_at=clock(), expires_at=clock() + timedelta(hours=6))
    freeze(store, made, variants={"": variant(filler=500)}, provider="smtp", now=clock())
    provider = open_smtp(SmtpProvider(host="127.0.0.1", port=port, security="none"), base=folder)
    address = addresser(token_key=KEY, web_url="https://herald.example", unsubscribe_mailbox="leave@herald.example")
    dispatcher = Dispatcher(store.ledger, provider, clock, address=address, settings=DispatchSettings(owner="bench"))
    started = time.monotonic()
    dispatcher.run(stop=threading.Event(), workers=2, until_idle=True)
    seconds = time.monotonic() - started
    provider.close()
    receipt = store.ledger.receipt(made.id)
    store.close()
    if receipt.deliveries[DeliveryState.ACCEPTED] != number or not receipt.adds_up:
        raise SystemExit(f"not all were accepted: {receipt.deliveries}")
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, seconds)


class Sink:
    """An SMTP server that takes everything and keeps nothing."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self.taken = 0
        self._lock = threading.Lock()

    def __enter__(self) -> "Sink":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection, connection.makefile("rb") as lines:
            connection.sendall(b"220 sink\r\n")
            for line in lines:
                verb = line[:4].upper()
                if verb == b"EHLO":
                    connection.sendall(b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n")
                elif verb == b"DATA":
                    connection.sendall(b"354 go on\r\n")
                    while lines.readline() != b".\r\n":
                        pass
                    with self._lock:
                        self.taken += 1
                    connection.sendall(b"250 taken\r\n")
                elif verb == b"QUIT":
                    connection.sendall(b"221 bye\r\n")
                    return
                else:
                    connection.sendall(b"250 ok\r\n")


if __name__ == "__main__":
    sys.exit(main())
