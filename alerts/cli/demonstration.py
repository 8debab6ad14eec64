"""The main job on sample articles, start to end, as `alerts demo` shows it. Sends nothing out of the folder."""

import secrets
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alerts.cli.delivering import deliver_and_report
from alerts.cli.output import plan_text, table, wrapped
from alerts.cli.session import Session
from alerts.errors import AlertsError, ConfigError

if TYPE_CHECKING:
    from alerts.desk import Newsdesk

_EDITOR = "the demo"


def demonstrate(session: Session, folder: Path) -> None:
    """Pick the breaking story, send it, account for everybody, send a digest, say where to look."""
    from alerts import config
    from alerts.cli.logs import set_up
    from alerts.desk import open_desk
    from alerts.desk.newsdesk import utc_now

    _settle(folder)
    settings = config.load(folder / "config.toml")
    set_up(settings.log.model_copy(update={"level": "warning"}), verbosity=session.verbosity)
    now = utc_now()
    _an_hour_ago(folder, settings, now)
    desk = open_desk(settings)
    try:
        _part("1. Who gets mail: the list files, by the rules in subscribers/segments.toml")
        _readers(desk)
        _part("2. What is in the news: five feeds, three of them of other outlets (watched, never sent)")
        alert = _pick(desk)
        _part("3. The alert: an editor looks, and approves")
        _send(session, desk, alert)
        _part("4. A scraped text: what cleaning took out before anything was written from it")
        _clean(desk, folder / "articles" / "skarrow-talks.txt")
        _part("5. The morning digest, for another segment, without what is no news any more")
        _digest(session, desk)
        _part("6. Where to look")
        _look(desk, folder)
    finally:
        desk.close()


def _part(title: str) -> None:
    click.secho(f"\n{title}\n", bold=True)


def _settle(folder: Path) -> None:
    from alerts import bundled

    if folder.exists() and any(folder.iterdir()):
        raise ConfigError(f"{folder} is not empty; nothing was written", hint="name another folder, or remove it")
    try:
        shutil.copytree(bundled.path("subscribers"), folder / "subscribers", dirs_exist_ok=True)
        (folder / "keys").mkdir(mode=0o700)
        for name in ("tokens", "addresses"):
            key = folder / "keys" / f"{name}.key"
            key.touch(mode=0o600)
            key.write_text(secrets.token_urlsafe(32) + "\n")
        from alerts.demo import materialise
        from alerts.desk.newsdesk import utc_now

        materialise(folder, utc_now())
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be written: {error.strerror}") from error


def _an_hour_ago(folder: Path, settings: object, now: datetime) -> None:
    """Let the newsroom have polled its feeds before: the first fetch of a feed alerts nobody."""
    from alerts.config import Config
    from alerts.demo import materialise
    from alerts.desk import open_desk
    from alerts.desk.ingest import poll

    assert isinstance(settings, Config)
    then = now - timedelta(hours=1)
    materialise(folder, now, as_of=then)
    desk = open_desk(settings, clock=lambda: then)
    try:
        poll(desk)
    finally:
        desk.close()
    materialise(folder, now)


def _readers(desk: "Newsdesk") -> None:
    from alerts.desk import sync_subscribers

    for file in sync_subscribers.list_files(desk):
        sync_subscribers.apply(desk, file)
    known = desk.segments()
    rows = [(name, desk.store.roster.count(segment, known), segment.title) for name, segment in known.items()]
    click.echo(table(("SEGMENT", "PEOPLE", "TITLE"), rows))


def _pick(desk: "Newsdesk") -> str:
    from alerts.desk.ingest import poll
    from alerts.model import EditionState

    polled = poll(desk, everything=True)
    rows = [(one.outlet, one.entries if one.entries is not None else "–", len(one.new)) for one in polled]
    click.echo(table(("OUTLET", "ENTRIES", "NEW"), rows))
    drafts = desk.store.ledger.editions(states=(EditionState.DRAFT,), limit=5)
    if not drafts:
        raise AlertsError("the demo's feeds held no breaking story")
    draft = drafts[0].edition
    story = desk.store.archive.story(draft.entries[0].story or "")
    click.echo(f'\nBreaking: "{draft.subject}", because')
    signals = story.verdict.signals if story and story.verdict else ()
    click.echo(table(("SIGNAL", "POINTS", "EVIDENCE"), [(s.name, f"{s.points:+.2f}", s.evidence) for s in signals]))
    if story and story.verdict:
        asked = desk.config.breaking.alert_score
        click.echo(f"{story.verdict.score:.2f} points; {asked:g} make an alert. It waits for an editor: {draft.id}")
    return draft.id


def _send(session: Session, desk: "Newsdesk", alert: str) -> None:
    from alerts.desk import decide
    from alerts.desk import send as sending

    plan = sending.plan(desk, desk.edition(alert).edition)
    click.echo(plan_text(plan, desk.config.newsroom.timezone))
    click.echo(f"\n$ alerts approve {alert}\n")
    decide.approve(desk, alert, editor=_EDITOR)
    deliver_and_report(session, desk, plan.edition.id)


def _clean(desk: "Newsdesk", file: Path) -> None:
    from alerts.content.summaries.summary import summarise
    from alerts.desk import compose

    article = compose.find(desk, [str(file)]).articles[0]
    click.echo(f"{article.title}  [{article.section}], {len(article.paragraphs)} paragraphs")
    click.echo(table(("RULE", "TAKEN OUT"), [(gone.rule, _shortened(gone.text)) for gone in article.removed]))
    click.echo("\nIts summary, every sentence as it stands in the text:")
    for sentence in summarise((article,)).sentences:
        click.echo(wrapped(f"{sentence.text} ({sentence.place})", indent="  "))


def _shortened(text: str) -> str:
    return text if len(text) <= 70 else text[:69] + "…"


def _digest(session: Session, desk: "Newsdesk") -> None:
    from alerts.desk import digest as digests

    rule = desk.config.digest("morning")
    occurrence = digests.occurrence_on(desk, rule, None)
    plan = digests.plan(desk, rule, occurrence)
    click.echo(plan_text(plan, desk.config.newsroom.timezone))
    click.echo("\n$ alerts digest morning\n")
    digests.launch(desk, occurrence, plan, editor=_EDITOR)
    deliver_and_report(session, desk, plan.edition.id)


def _look(desk: "Newsdesk", folder: Path) -> None:
    from alerts.desk.preview import preview

    shown = []
    for record in reversed(desk.store.ledger.editions(limit=10)):
        page = folder / f"{record.edition.kind.value}.html"
        page.write_text(preview(desk, record.edition), encoding="utf-8")
        shown.append((str(page), f"the {record.edition.kind.value} on a phone and a desk, light and dark"))
    mails = len(list((folder / "outbox").rglob("*.eml")))
    shown.append((str(folder / "outbox"), f"{mails} mails as .eml files; open one in a mail program"))
    shown.append((str(folder / "config.toml"), "the settings of this newsroom"))
    click.echo(table(("LOOK AT", "IT IS"), shown))
    click.echo(f"\nIn {folder}, try: alerts status · alerts stories list · alerts receipt last --people")
    click.echo(f"                {' ' * len(str(folder))} alerts why {_somebody(desk)}")


def _somebody(desk: "Newsdesk") -> str:
    return next(iter(desk.store.roster.subscribers())).address
