"""`feeds` and `stories`: what comes in."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from alerts.cli.output import ago, local, table, until, wrapped
from alerts.cli.placing import joining, merge_stories, merged, split_story
from alerts.cli.session import Leaf, Session, pass_session
from alerts.cli.stopping import stoppable
from alerts.errors import ContentError, SendRefused

if TYPE_CHECKING:
    from alerts.model import Article


@click.group()
def feeds() -> None:
    """Add, list and fetch feeds."""


@feeds.command("add", cls=Leaf)
@click.argument("source", metavar="URL|FILE|OPML")
@click.option("--name", default="", help="The outlet's name. [default: the feed's title]")
@click.option("--watched", is_flag=True, help="Evidence only: never linked, never sent.")
@pass_session
def add_feed(session: Session, /, *, source: str, name: str, watched: bool) -> None:
    """Try a feed and add it to the configuration file; of a web page the feed that it names, of OPML all feeds."""
    from alerts.desk.feeds import add

    with session.desk() as desk:
        added = add(desk, source, name=name, watched=watched)
        lines = [
            f"{one.outlet}: {one.url}" + (f" ({one.entries} entries)" if one.entries is not None else "")
            for one in added
        ]
        session.data(added, "\n".join([*lines, f"added to {desk.config.file}"]))


@feeds.command("list", cls=Leaf)
@pass_session
def list_feeds(session: Session, /) -> None:
    """List feeds with their health: when read, when due, what is wrong, silent for longer than usual."""
    from alerts.desk.feed_health import listing

    with session.desk() as desk:
        now = desk.clock()
        found = listing(desk)
        rows = []
        for one in found:
            state = one.state
            rows.append(
                (
                    one.outlet,
                    one.relation.value,
                    one.health,
                    ago(state.last_success_at, now) if state else "never",
                    state.entries if state else "",
                    ago(state.last_new_at, now) if state and state.last_new_at else "",
                    state.failures or "" if state else "",
                    "" if state and state.retired_at else until(state.next_poll_at if state else None, now),
                    one.feed + (f"  – {one.note}" if one.note else ""),
                )
            )
        headers = ("OUTLET", "", "HEALTH", "READ", "ENTRIES", "NEWEST", "ERRORS", "NEXT", "FEED")
        session.data(found, lambda: table(headers, rows, empty="no feeds; add one: alerts feeds add URL"))


@feeds.command("fetch", cls=Leaf)
@click.option("--due", is_flag=True, help="Only those that are due.")
@pass_session
def fetch_feeds(session: Session, /, *, due: bool) -> None:
    """Fetch all feeds now, and propose what is breaking."""
    from alerts.desk.ingest import poll

    with session.desk() as desk:
        with stoppable() as stop:
            polled = poll(desk, everything=not due, stop=stop)
        rows = [
            (
                p.outlet,
                "failed" if p.error else "not modified" if p.entries is None else f"{p.entries} entries",
                f"{len(p.new)} new",
                p.error or ("lists old articles anew: kept, but they alert nobody" if p.relisted else ""),
            )
            for p in polled
        ]
        session.data(
            [
                {
                    "outlet": p.outlet,
                    "feed": p.feed,
                    "entries": p.entries,
                    "new": len(p.new),
                    "error": p.error,
                    "relisted": p.relisted,
                }
                for p in polled
            ],
            lambda: table(("OUTLET", "READ", "NEW", "TROUBLE"), rows, empty="no feed is due"),
        )
        if stop.is_set():
            raise KeyboardInterrupt
        if polled and all(p.error for p in polled):
            raise ContentError(f"no feed could be read: {polled[0].error}")


@click.group()
def stories() -> None:
    """List, show, merge and split stories."""


stories.add_command(merge_stories)
stories.add_command(split_story)


@stories.command("list", cls=Leaf)
@click.option("--hours", default=24, show_default=True, help="Seen in the last hours.")
@click.option("--level", type=click.Choice(["alert", "review", "digest-only"]), help="Only of this level.")
@click.option("--limit", default=30, show_default=True, help="How many, newest first.")
@pass_session
def list_stories(session: Session, /, *, hours: int, level: str | None, limit: int) -> None:
    """List stories, highest score first."""
    from datetime import timedelta

    from alerts.model import Level

    with session.desk() as desk:
        now = desk.clock()
        wanted = Level(level) if level else None
        found = desk.store.archive.stories(since=now - timedelta(hours=hours), level=wanted, limit=1000)
        found = sorted(found, key=lambda story: -(story.verdict.score if story.verdict else 0))[:limit]
        rows = [
            (
                story.id,
                f"{story.verdict.score:.1f}" if story.verdict else "",
                story.verdict.level.value if story.verdict else "",
                len(story.articles),
                ago(story.first_seen_at, now),
                story.title,
            )
            for story in found
        ]
        session.data(found, lambda: table(("STORY", "SCORE", "LEVEL", "ARTICLES", "FIRST SEEN", "TITLE"), rows))


def _taken_out(article: "Article") -> list[str]:
    """Write each passage that cleaning took out under the rule that took it."""
    if not article.removed:
        return ["    nothing was taken out of it"]
    lines = []
    for rule in dict.fromkeys(gone.rule for gone in article.removed):
        lines.append(f"    taken out as {rule}:")
        texts = (
            gone.text if len(gone.text) <= 300 else f"{gone.text[:299]}…"
            for gone in article.removed
            if gone.rule == rule
        )
        lines += [wrapped(f"– {text if len(text) <= 300 else text[:299] + '…'}", indent="      ") for text in texts]
    return lines


@stories.command("show", cls=Leaf)
@click.argument("story")
@click.option("--removed", is_flag=True, help="Show what cleaning took out of the articles, and why.")
@pass_session
def show_story(session: Session, /, *, story: str, removed: bool) -> None:
    """Show a story: its articles and what we would say of it."""
    from alerts.content.summaries.summary import summarise

    with session.desk() as desk:
        found = desk.store.archive.story(story)
        if found is None:
            raise SendRefused(f'there is no story "{story}"', hint="alerts stories list")
        zone = desk.config.newsroom.timezone
        lines = [f"{found.id}  {found.title}", *merged(desk, found, story), ""]
        why = desk.store.placements.reasons(found.id)
        for number, article in enumerate(found.articles, start=1):
            lead = "*" if found.lead is not None and article.id == found.lead.id else " "
            lines.append(f"{lead}{number:>3}  {local(article.told_at, zone)}  {article.outlet}: {article.title}")
            lines += [f"      {text}" for text in (article.url, joining(why.get(article.id))) if text]
            if removed:
                lines += _taken_out(article)
        if found.lead is not None:
            summary = summarise((found.lead,))
            lines += ["", f"Headline:  {summary.headline}", f"Preheader: {summary.preheader}", ""]
            lines += [wrapped(sentence.text) for sentence in summary.sentences]
        session.data({**asdict(found), "joined": why}, "\n".join(lines))
