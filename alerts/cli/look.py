"""`receipt`, `status`, `explain`, `why`, `editions`, `deliveries`: what happened, and why. Changes nothing."""

from typing import TYPE_CHECKING, Any

import click

from alerts.cli.delivering import receipt_data
from alerts.cli.output import ago, local, receipt_text, table
from alerts.cli.send import complete_editions
from alerts.cli.session import Leaf, Session, pass_session
from alerts.errors import SendRefused, StoreError

if TYPE_CHECKING:
    from datetime import datetime

    from alerts.desk import Newsdesk
    from alerts.store.records import EditionRecord

_EDITION = click.argument("edition", metavar="EDITION|last", shell_complete=complete_editions)


@click.command(cls=Leaf)
@_EDITION
@click.option("--people", is_flag=True, help="List every reader with what became of them.")
@pass_session
def receipt(session: Session, /, *, edition: str, people: bool) -> None:
    """Show who got an edition and why the others did not; exit code 8 if it does not add up."""
    with session.desk() as desk:
        record = desk.edition(edition)
        account = desk.store.ledger.receipt(record.edition.id)
        rows = list(_people(desk, record)) if people else []
        data = receipt_data(account)
        if people:
            data["people"] = [dict(zip(("address", "what", "reason"), row, strict=True)) for row in rows]
        text = receipt_text(account, desk.config.newsroom.timezone)
        session.data(data, text + ("\n\n" + table(("ADDRESS", "WHAT", "REASON"), rows) if people else ""))
        if not account.adds_up:
            raise StoreError(f"the receipt of {record.edition.id} does not add up")


def _people(desk: "Newsdesk", record: "EditionRecord") -> Any:
    ledger = desk.store.ledger
    after = 0
    while page := ledger.deliveries(edition=record.edition.id, limit=1000, after=after):
        for delivery in page:
            fate = f", {delivery.fate.value}" if delivery.fate.value != "none" else ""
            yield delivery.address or "(erased)", delivery.state.value + fate, delivery.reason
        after = page[-1].id
    after = 0
    while left_out := ledger.exclusions(record.edition.id, limit=1000, after=after):
        for exclusion in left_out:
            yield exclusion.address or "(erased)", "excluded", exclusion.reason
        after = left_out[-1].subscriber_id


@click.command(cls=Leaf)
@pass_session
def status(session: Session, /) -> None:
    """Show what waits, what goes out, what is due, and whether `alerts run` is alive."""
    from alerts.model import EditionState
    from alerts.timetable.occurrences import upcoming

    with session.desk() as desk:
        now, zone = desk.clock(), desk.config.newsroom.timezone
        ledger = desk.store.ledger
        open_states = (
            EditionState.DRAFT,
            EditionState.READY,
            EditionState.SENDING,
            EditionState.HELD,
            EditionState.BLOCKED,
            EditionState.DONE_UNRESOLVED,
        )
        going = ledger.editions(states=open_states, limit=200)
        counts = {record.edition.id: ledger.counts(record.edition.id) for record in going}
        beat, stopped = desk.store.daybook.get("heartbeat"), desk.store.daybook.get("stop")
        due = sorted(
            (o for d in desk.config.digests for o in upcoming(desk.rule_of(d), now=now, count=1)),
            key=lambda occurrence: occurrence.due_at,
        )
        feeds = [state for state in desk.store.archive.feed_states() if state.failures]
        data = {
            "live": desk.live,
            "provider": desk.config.provider.use,
            "stopped": stopped.value if stopped else None,
            "heartbeat_at": beat.at if beat else None,
            "open": [
                {"edition": r.edition.id, "state": r.state, "line": r.edition.line, "counts": counts[r.edition.id]}
                for r in going
            ],
            "due": due,
            "failing_feeds": [state.url for state in feeds],
        }
        rows = [
            (
                record.edition.id,
                record.edition.kind.value,
                record.state.value,
                ", ".join(f"{number} {state.value}" for state, number in counts[record.edition.id].items() if number),
                record.edition.subject,
            )
            for record in going
        ]
        lines = [
            f"{desk.config.newsroom.name}: {desk.config.provider.use}, {'LIVE' if desk.live else 'rehearsal'}"
            + (f" · ALL SENDING STOPPED ({stopped.value})" if stopped else ""),
            f"alerts run: last heard {ago(beat.at, now)}" if beat else "alerts run: never ran here",
            "",
            table(("EDITION", "KIND", "STATE", "DELIVERIES", "SUBJECT"), rows, empty="nothing waits or goes out"),
            "",
            *(f"next: {o.digest} at {local(o.due_at, o.zone)}{_here(o.due_at, o.zone, zone)}" for o in due),
            *(f"feed fails: {state.url}: {state.last_error}" for state in feeds),
        ]
        session.data(data, "\n".join(lines))


def _here(instant: "datetime", zone: str, newsroom: str) -> str:
    return "" if zone == newsroom else f" ({local(instant, newsroom)} here)"


@click.command(cls=Leaf)
@click.argument("what", metavar="STORY|EDITION|last")
@pass_session
def explain(session: Session, /, *, what: str) -> None:
    """Show why a story was picked, or where each sentence of an edition comes from."""
    from alerts.cli.explaining import explain_edition

    with session.desk() as desk:
        record = desk.edition(what) if what == "last" else desk.store.ledger.find(what)
        if record is not None:
            explain_edition(session, desk, record)
            return
        if story := desk.store.archive.story(what):
            from alerts.cli.reasons import story_text
            from alerts.desk.explain import explain as explained

            found = explained(desk, story)
            session.data(found, lambda: story_text(found, desk.config.newsroom.timezone))
            return
        raise SendRefused(f'there is no story and no edition "{what}"', hint="alerts stories list")


@click.command(cls=Leaf)
@click.argument("address")
@pass_session
def why(session: Session, /, *, address: str) -> None:
    """Show what an address got, what it did not get, and why."""
    with session.desk() as desk:
        hashed = desk.address_hash(address)
        person = desk.subscriber(address)
        suppressions = desk.store.roster.suppressions(hashed)
        deliveries = desk.store.ledger.deliveries(address_hash=hashed, limit=100)
        left_out = desk.store.ledger.exclusions(None, address_hash=hashed, limit=100)
        zone = desk.config.newsroom.timezone
        rows = [(local(d.changed_at, zone), d.edition, d.state.value, d.reason) for d in deliveries]
        rows += [("", e.edition, "excluded", e.reason) for e in left_out]
        lines = [
            f"in the lists {', '.join(sorted(person.lists)) or 'none'}" if person else "not a subscriber",
            *(
                f"suppressed: {s.reason.value} ({s.scope}) since {local(s.at, zone)}; {s.evidence}"
                for s in suppressions
            ),
            "",
            table(
                ("WHEN", "EDITION", "WHAT", "REASON", "SUBJECT"),
                [(*row, _subject(desk, row[1])) for row in rows],
                empty="no edition was ever meant for it",
            ),
        ]
        session.data(
            {"subscriber": person, "suppressions": suppressions, "deliveries": deliveries, "exclusions": left_out},
            "\n".join(lines),
        )


def _subject(desk: "Newsdesk", edition: str) -> str:
    record = desk.store.ledger.find(edition)
    return record.edition.subject if record else ""


@click.group()
def editions() -> None:
    """List and show editions."""


@editions.command("list", cls=Leaf)
@click.option("--state", "states", multiple=True, help="Only in this state; may be repeated.")
@click.option("--limit", default=30, show_default=True, help="How many, newest first.")
@pass_session
def list_editions(session: Session, /, *, states: tuple[str, ...], limit: int) -> None:
    """List editions, newest first."""
    from alerts.model import EditionState

    try:
        wanted = tuple(EditionState(state) for state in states) or None
    except ValueError as error:
        raise click.BadParameter(f"{error}; one of {', '.join(EditionState)}", param_hint="--state") from None
    with session.desk() as desk:
        found = desk.store.ledger.editions(states=wanted, limit=limit)
        zone = desk.config.newsroom.timezone
        rows = [
            (
                r.edition.id,
                local(r.edition.made_at, zone),
                r.edition.kind.value,
                r.state.value,
                r.candidates,
                r.edition.subject,
            )
            for r in found
        ]
        session.data(found, lambda: table(("EDITION", "MADE", "KIND", "STATE", "CANDIDATES", "SUBJECT"), rows))


def _until(desk: "Newsdesk", record: "EditionRecord") -> "datetime | None":
    """Tell until when an edition goes out, or a draft of it can be approved."""
    from alerts.desk import drafts

    waits = record.state.value == "draft"
    return drafts.waits_until(desk, record.edition) if waits else record.edition.expires_at


@editions.command("show", cls=Leaf)
@_EDITION
@pass_session
def show_edition(session: Session, /, *, edition: str) -> None:
    """Show what an edition says, what was decided on which score, and where it stands."""
    from dataclasses import asdict

    from alerts.cli.reasons import decision_lines
    from alerts.desk import compose

    with session.desk() as desk:
        record = desk.edition(edition)
        zone = desk.config.newsroom.timezone
        shown = record.edition
        lines = [
            f"{shown.id}  {shown.kind.value}, {record.state.value}"
            + (f": {record.state_reason}" if record.state_reason else ""),
            f"made {local(shown.made_at, zone)} by {shown.made_by or 'alerts'}; "
            f"expires {local(_until(desk, record), zone) or '–'}",
            f"segments {', '.join(shown.segments)}",
            "",
        ]
        if shown.digest:
            lines += [f"Subject: {shown.subject}", f"Preheader: {shown.preheader}", ""]
            lines += [f"{n}. {entry.headline}\n   {entry.url}" for n, entry in enumerate(shown.entries, start=1)]
        else:
            lines.append(compose.form(shown).rstrip())
        decisions = desk.store.daybook.decisions(shown.id)
        if decisions:
            lines += ["", *decision_lines(decisions, zone)]
        session.data({**asdict(record), "decisions": decisions}, "\n".join(lines))


@click.group()
def deliveries() -> None:
    """List and show single deliveries."""


@deliveries.command("list", cls=Leaf)
@click.argument("edition", metavar="[EDITION|last]", required=False, shell_complete=complete_editions)
@click.option("--state", help="Only in this state.")
@click.option("--limit", default=50, show_default=True, help="How many at most.")
@pass_session
def list_deliveries(session: Session, /, *, edition: str | None, state: str | None, limit: int) -> None:
    """List deliveries of an edition, or of all."""
    from alerts.model import DeliveryState

    try:
        wanted = DeliveryState(state) if state else None
    except ValueError as error:
        raise click.BadParameter(f"{error}; one of {', '.join(DeliveryState)}", param_hint="--state") from None
    with session.desk() as desk:
        chosen = desk.edition(edition).edition.id if edition else None
        found = desk.store.ledger.deliveries(edition=chosen, state=wanted, limit=limit)
        zone = desk.config.newsroom.timezone
        rows = [
            (d.id, d.edition, d.address or "(erased)", d.state.value, d.attempts, local(d.changed_at, zone), d.reason)
            for d in found
        ]
        headers = ("DELIVERY", "EDITION", "ADDRESS", "STATE", "TRIES", "CHANGED", "REASON")
        session.data(found, lambda: table(headers, rows))


@deliveries.command("show", cls=Leaf)
@click.argument("delivery", type=int)
@pass_session
def show_delivery(session: Session, /, *, delivery: int) -> None:
    """Show one delivery."""
    with session.desk() as desk:
        found = [d for d in desk.store.ledger.deliveries(limit=1, after=delivery - 1) if d.id == delivery]
        if not found:
            raise SendRefused(f"there is no delivery {delivery}", hint="alerts deliveries list")
        one = found[0]
        zone = desk.config.newsroom.timezone
        lines = [
            f"delivery {one.id} of {one.edition} to {one.address or '(erased)'}",
            f"{one.state.value}, {one.fate.value}; {one.attempts} tries; {local(one.changed_at, zone)}",
            one.reason,
        ]
        session.data(one, "\n".join(line for line in lines if line))
