"""How fast is a poll of 500 feeds, and what does an article cost from its feed entry to its scored story?

A server of its own process answers every request after 50 ms: 450 feeds with 304, 50 with 30 new entries each. They are
polled by the real desk: real database with 2,000 articles, guarded worker, stories, judgement, proposals. Once all
feeds are of one host, where two connections are the limit (500 × 50 ms / 2 = 12.5 s at best), once of 50. There is no
peer: no library polls, stores and judges.

    make bench-content_polling
"""

import itertools
import logging
import random
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import structlog

from benchmarks.table import Row, show

FEEDS, FRESH, ENTRIES, LATENCY = 500, 50, 30, 0.05
#: events that several outlets tell of
EVENTS = 400
#: entries of each feed before: the stories that are open when the new ones come
BEFORE = 4
MOST_SECONDS, MOST_CPU_MS = 30.0, 50.0


def _vocabulary() -> tuple[list[str], list[str]]:
    """Make words as news has them: a few that are everywhere, thousands that are rare, and names.

    Of an invented language, so that no word alerts anybody: a poll is measured, not a catastrophe.
    """
    chance = random.Random(7)
    starts = [
        "b",
        "br",
        "d",
        "dr",
        "f",
        "fl",
        "g",
        "gr",
        "k",
        "kl",
        "l",
        "m",
        "n",
        "p",
        "pl",
        "r",
        "s",
        "st",
        "t",
        "tr",
    ]
    middles, ends = "aeiou", ["l", "m", "n", "r", "s", "t", "nd", "rk", "st"]

    def word() -> str:
        return "".join(
            chance.choice(starts) + chance.choice(middles) for _ in range(chance.choice((1, 2, 2, 3)))
        ) + chance.choice(ends)

    words = list(dict.fromkeys(word() for _ in range(30_000)))
    return words[:20_000], [name.capitalize() for name in words[20_000:24_000]]


_WORDS, _NAMES = _vocabulary()
#: Zipf: the second word is half as common as the first
_COMMONNESS = [1 / rank for rank in range(1, len(_WORDS) + 1)]
_CUMULATED = list(itertools.accumulate(_COMMONNESS))


def _common(chance: random.Random, number: int) -> list[str]:
    return chance.choices(_WORDS, cum_weights=_CUMULATED, k=number)


def feed_text(number: int, *, batch: int, at: datetime, entries: int = ENTRIES) -> bytes:
    """Write a feed whose entries nobody has seen in another batch."""
    chance = random.Random(number * 1000 + batch)
    items = []
    for entry in range(entries):
        # Every third event is told by several.
        event = chance.randrange(EVENTS) if chance.random() < 1 / 3 else EVENTS + number * 1000 + entry
        about = random.Random(batch * 1_000_003 + event)
        names, topic = about.sample(_NAMES, 3), about.sample(_WORDS[500:], 10)
        title = " ".join([about.choice(names), *chance.sample(topic, 4), *_common(chance, 3)]).capitalize()
        text = " ".join(
            " ".join([chance.choice(names), *_common(chance, 12), *chance.sample(topic, 4), str(chance.randrange(900))])
            + "."
            for _ in range(6)
        )
        dated = format_datetime(at - timedelta(minutes=entry))
        items.append(
            f"<item><title>{title}</title><link>https://outlet{number}.example/{batch}/{entry}</link>"
            f"<guid>{number}-{batch}-{entry}</guid><pubDate>{dated}</pubDate><category>News</category>"
            f"<description>&lt;p&gt;{text}&lt;/p&gt;</description></item>"
        )
    head = f'<?xml version="1.0"?><rss version="2.0"><channel><title>Outlet {number}</title>'
    return (head + "".join(items) + "</channel></rss>").encode()


_SERVER = """
import asyncio, sys
from pathlib import Path
folder, latency, port = Path(sys.argv[1]), float(sys.argv[2]), 0
async def serve(reader, writer):
    try:
        while True:
            head = (await reader.readuntil(b"\\r\\n\\r\\n")).decode("latin-1")
            name = head.split()[1].strip("/")
            body = (folder / name).read_bytes()
            tag = f'"{len(body)}-{hash(body)}"'
            await asyncio.sleep(latency)
            if f"If-None-Match: {tag}".lower() in head.lower():
                writer.write(f"HTTP/1.1 304 Not Modified\\r\\nETag: {tag}\\r\\n\\r\\n".encode())
            else:
                writer.write(f"HTTP/1.1 200 OK\\r\\nETag: {tag}\\r\\nContent-Type: application/rss+xml\\r\\n"
                             f"Content-Length: {len(body)}\\r\\n\\r\\n".encode() + body)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()
async def main():
    server = await asyncio.start_server(serve, "0.0.0.0", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""


def _cpu() -> float:
    """Seconds of computing by this process and by the guarded ones that have ended."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def _polled(*, hosts: int) -> tuple[float, float, float, int]:
    """Poll twice; tell of the second time the seconds, the CPU seconds, and those for each new article; how many."""
    from alerts.config import load
    from alerts.desk import open_desk
    from alerts.desk.ingest import poll

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "feeds").mkdir()
        start = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)
        now = start
        for number in range(FEEDS):
            before = feed_text(number, batch=0, at=start - timedelta(days=1), entries=BEFORE)
            (folder / "feeds" / f"{number}.xml").write_bytes(before)
        server = subprocess.Popen(
            [sys.executable, "-c", _SERVER, str(folder / "feeds"), str(LATENCY)], stdout=subprocess.PIPE, text=True
        )
        try:
            assert server.stdout is not None
            port = int(server.stdout.readline())
            _write_config(folder, port, hosts)
            desk = open_desk(load(folder / "config.toml"), clock=lambda: now)
            poll(desk)
            now += timedelta(hours=2)
            for number in range(FRESH):
                spread = number * (FEEDS // FRESH)
                (folder / "feeds" / f"{spread}.xml").write_bytes(feed_text(spread, batch=1, at=now))
            desk.worker.close()
            del desk.worker
            cpu, began = _cpu(), time.monotonic()
            polled = poll(desk)
            seconds = time.monotonic() - began
            # The computing of the guarded processes counts when they have ended.
            desk.worker.close()
            cpu = _cpu() - cpu
            desk.close()
        finally:
            server.kill()
            server.wait()
            assert server.stdout is not None
            server.stdout.close()
    new = sum(len(one.new) for one in polled)
    assert len(polled) == FEEDS
    assert not any(one.error for one in polled)
    assert new == FRESH * ENTRIES
    return seconds, cpu, cpu / new, new


def _write_config(folder: Path, port: int, hosts: int) -> None:
    (folder / "keys").mkdir()
    for key in ("tokens", "addresses"):
        (folder / "keys" / f"{key}.key").write_text("k" * 43)
    (folder / "subscribers").mkdir()
    (folder / "subscribers" / "segments.toml").write_text('[breaking]\nfrom = ["signup"]\n')
    names = [f"127.0.{number}.1" for number in range(hosts)]
    outlets = "".join(
        f'[[outlets]]\nname = "Outlet {number}"\nfeeds = ["http://{names[number % hosts]}:{port}/{number}.xml"]\n'
        for number in range(FEEDS)
    )
    allowed = ", ".join(f'"{name}"' for name in names)
    (folder / "config.toml").write_text(
        f'{outlets}\n[fetching]\nallow_private = [{allowed}]\n[provider]\nonly_to = ["a@example.org"]\n'
        '[log]\nlevel = "error"\n'
    )


def measure() -> list[Row]:
    """Poll 500 feeds of one host, then of 50."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    rows = []
    for hosts in (1, 50):
        seconds, cpu, per_article, new = _polled(hosts=hosts)
        rows.append(
            Row(
                work=f"500 feeds of {hosts} host{'s'[: hosts - 1]}, 50 ms latency, 450 × 304, {new} new articles",
                ours=f"{seconds:.1f} s ({cpu:.1f} s CPU)",
                reach=f"≤ {MOST_SECONDS:.0f} s",
                ok=seconds <= MOST_SECONDS,
            )
        )
    rows.append(
        Row(
            work="CPU per article, from feed entry to scored story (the 304s included)",
            ours=f"{per_article * 1000:.1f} ms",
            reach=f"≤ {MOST_CPU_MS:.0f} ms",
            ok=per_article * 1000 <= MOST_CPU_MS,
        )
    )
    return rows


if __name__ == "__main__":
    sys.exit(show(measure()))
