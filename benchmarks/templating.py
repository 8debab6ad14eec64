"""What does one more reader cost, and what can content do to a mail? Measures templating and `mail`.

    make bench-templating        or        python benchmarks/templating.py [--contexts 10000]

Peers in the same run: Jinja over the compiled HTML, rendering anew for each reader, the standard library's
`EmailMessage`. Each is timed as the best of several rounds in process time, ours and the peer's turn about. Exit code
1: something falls short.
"""

import argparse
import re
import sys
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime, formataddr
from pathlib import Path

import jinja2

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from alerts import bundled
from alerts.mail.fill import fill
from alerts.mail.mime import Skeleton
from alerts.mail.variant import Addressed, Hole, Slot, Variant
from alerts.model import DeliveryId, Edition, Mailbox
from alerts.templating import Renderer, samples
from benchmarks.table import Row, show

ROUNDS = 7
READERS = 200
DATE = datetime(2026, 3, 3, 9, 40, tzinfo=UTC)


def main() -> int:
    """Measure, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--contexts", type=int, default=10_000, help="hostile contexts to render")
    wanted = parser.parse_args()
    renderer = Renderer(bundled=bundled.path("templates"))
    digest, alert = render(renderer, samples.DIGEST), render(renderer, samples.ALERT)
    return show([*merging(renderer, digest), writing(digest), *sizes(digest, alert), hostile(wanted.contexts)])


def render(renderer: Renderer, edition: Edition) -> Variant:
    """Render one of the samples."""
    return renderer.render(
        edition,
        brand=samples.BRAND,
        sender=samples.SENDER,
        why=samples.WHY_DIGEST,
        zone="Europe/London",
        domain="news.example.org",
    )


def reader(number: int) -> Addressed:
    """Make one reader, unlike the others."""
    link = f"https://news.example.org/u/c2FtcGxl{number:08}.bm90aGluZw"
    return Addressed(
        delivery=DeliveryId(number),
        to=Mailbox(address=f"reader{number}@example.org", name=f"Reader Numéro {number}"),
        message_id=f"<sample.{number}@news.example.org>",
        slots={Slot.NAME: f"Reader Numéro {number}", Slot.ADDRESS: f"reader{number}@example.org"}
        | {Slot.UNSUBSCRIBE_URL: link},
        headers=(("List-Unsubscribe", f"<{link}>"), ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")),
    )


def merging(renderer: Renderer, digest: Variant) -> list[Row]:
    """Fill one more reader's HTML: ours, Jinja over the compiled HTML, everything anew."""
    source, values = as_jinja(digest)
    template = jinja2.Environment(autoescape=True).from_string(source)
    someone = reader(1)
    filled = template.render(v=values, **{slot.value: value for slot, value in someone.slots.items()})
    if unescaped(filled) != unescaped(fill(digest.html, someone.slots)):
        raise SystemExit("the peer does not make the same page")
    ours, peer = against(
        lambda someone: fill(digest.html, someone.slots),
        lambda someone: template.render(v=values, **{slot.value: text for slot, text in someone.slots.items()}),
        times=(3000, 100),
    )
    _, anew = against(
        lambda someone: fill(digest.html, someone.slots),
        lambda _: render(renderer, samples.DIGEST),
        times=(300, 3),
    )
    return [
        faster("fill one reader's digest, against Jinja over the compiled HTML", ours, peer, reach=15),
        faster("the same, against rendering anew", ours, anew, reach=200),
    ]


def as_jinja(variant: Variant) -> tuple[str, list[str]]:
    """Write the compiled page as a Jinja template: every text of it, and every slot, is a variable."""
    values: list[str] = []

    def keep(match: re.Match[str]) -> str:
        text = match[1]
        if not text.strip():
            return match[0]
        values.append(unescaped(text))
        return f">{{{{ v[{len(values) - 1}] }}}}<"

    pieces = []
    for piece in variant.html:
        if isinstance(piece, Hole):
            pieces.append(f"{{{{ {piece.slot.value} }}}}")
            continue
        for part in re.split(r"(<style.*?</style>|<!--.*?-->)", piece, flags=re.DOTALL):
            is_layout = part.startswith(("<style", "<!--"))
            pieces.append("{% raw %}" + part + "{% endraw %}" if is_layout else re.sub(r">([^<>]+)<", keep, part))
    return "".join(pieces), values


def unescaped(text: str) -> str:
    """Read character references, so that two ways of escaping compare equal."""
    import html

    return html.unescape(text)


def writing(digest: Variant) -> Row:
    """Write one more reader's mail: ours, `EmailMessage`; equal after parsing."""
    skeleton = Skeleton(digest)
    mine = message_from_bytes(skeleton.bytes_for(reader(7), date=DATE), policy=policy.default)
    theirs = message_from_bytes(with_email_message(digest, reader(7)), policy=policy.default)
    for name in ("From", "To", "Subject", "Message-ID", "List-Unsubscribe-Post"):
        if str(mine[name]) != str(theirs[name]):
            raise SystemExit(f"{name} differs: {mine[name]} / {theirs[name]}")
    for left, right in zip(mine.iter_parts(), theirs.iter_parts(), strict=True):
        if left.get_content().replace("\r\n", "\n").rstrip() != right.get_content().replace("\r\n", "\n").rstrip():
            raise SystemExit("a part differs")
    ours, peer = against(
        lambda someone: skeleton.bytes_for(someone, date=DATE),
        lambda someone: with_email_message(digest, someone),
        times=(1000, 5),
    )
    return faster("write one reader's mail, against EmailMessage", ours, peer, reach=100)


def with_email_message(variant: Variant, someone: Addressed) -> bytes:
    """Write a mail as the standard library's documentation shows."""
    message = EmailMessage()
    message["From"] = formataddr((variant.sender.name, variant.sender.address))
    message["To"] = formataddr((someone.to.name, someone.to.address))
    message["Subject"] = variant.subject
    message["Message-ID"] = someone.message_id
    message["Date"] = format_datetime(DATE)
    for name, value in (*variant.headers, *someone.headers):
        message[name] = value
    message.set_content(fill(variant.text, someone.slots))
    message.add_alternative(fill(variant.html, someone.slots), subtype="html")
    return message.as_bytes(policy=policy.SMTP)


def sizes(digest: Variant, alert: Variant) -> list[Row]:
    """Weigh the shipped mails."""
    rows = []
    for what, variant, limit in (("a digest of 12 stories", digest, 40), ("an alert", alert, 20)):
        weight = len(fill(variant.html, reader(1).slots).encode()) / 1000
        rows.append(Row(work=f"HTML of {what}", ours=f"{weight:.1f} KB", reach=f"<= {limit} KB", ok=weight <= limit))
    return rows


def hostile(contexts: int) -> Row:
    """Render texts that attack every stage in every field; the property is the test suite's own."""
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import strategies as st

    from alerts.model import Kind
    from tests.unit.test_templating_rendering import WORDS
    from tests.unit.test_templating_rendering import (
        test_hostile_text_in_every_field_comes_out_equal_and_inert as sample,
    )

    many = settings(
        max_examples=contexts // 2,
        deadline=None,
        database=None,
        derandomize=False,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    hold = many(given(texts=st.lists(WORDS, min_size=10, max_size=10))(sample.hypothesis.inner_test))
    broken = ""
    for kind in (Kind.ALERT, Kind.DIGEST):
        try:
            hold(kind=kind)
        except AssertionError as error:
            broken = f"{kind.value}: {error}\n{traceback.format_exc()}"
    if broken:
        print(broken, file=sys.stderr)
    return Row(
        work=f"{contexts:,} hostile contexts: altered text, new elements, attributes or headers, crashes",
        ours="0" if not broken else "some",
        reach="0",
        ok=not broken,
    )


def against(
    ours: Callable[[Addressed], object], peer: Callable[[Addressed], object], *, times: tuple[int, int]
) -> tuple[float, float]:
    """Time both, turn about; the best round of each, in microseconds a call."""
    best = [float("inf"), float("inf")]
    readers = [reader(number) for number in range(READERS)]
    for _ in range(ROUNDS):
        for side, (work, calls) in enumerate(zip((ours, peer), times, strict=True)):
            started = time.process_time()
            for number in range(calls):
                work(readers[number % READERS])
            best[side] = min(best[side], (time.process_time() - started) / calls * 1e6)
    return best[0], best[1]


def faster(work: str, ours: float, peer: float, *, reach: int) -> Row:
    """Say how many times faster ours is."""
    ratio = peer / ours
    return Row(
        work=work, peer=f"{peer:.0f} µs", ours=f"{ours:.1f} µs", ratio=ratio, reach=f">= {reach} x", ok=ratio >= reach
    )


if __name__ == "__main__":
    sys.exit(main())
