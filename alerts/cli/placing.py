"""`stories merge` and `stories split`: an editor's word on what belongs together."""

from typing import TYPE_CHECKING

import click

from alerts.cli.session import Leaf, Session, editor_name, pass_session
from alerts.errors import SendRefused

if TYPE_CHECKING:
    from alerts.desk import Newsdesk
    from alerts.desk.placing import Change
    from alerts.model import Story
    from alerts.store.records import Joining

_DRY_RUN = click.option("-n", "--dry-run", is_flag=True, help="Show what would change, change nothing.")
_YES = click.option("-y", "--yes", is_flag=True, help="Do not ask.")


@click.command("merge", cls=Leaf)
@click.argument("story", nargs=-1, required=True, metavar="STORY STORY...")
@_DRY_RUN
@_YES
@pass_session
def merge_stories(session: Session, /, *, story: tuple[str, ...], dry_run: bool, yes: bool) -> None:
    """Make one story of several; the first one keeps its name, and what was sent of the others counts for it."""
    from alerts.desk import placing

    with session.desk() as desk:
        plan = placing.plan_merge(desk, story)
        if dry_run:
            _report(session, plan, done=False)
            return
        _confirm(session, plan, f"Merge these {len(plan.before)} stories?", yes=yes)
        placing.merge(desk, plan, editor=editor_name())
        _report(session, plan, done=True)


@click.command("split", cls=Leaf)
@click.argument("story")
@click.argument("article", nargs=-1, required=True, metavar="ARTICLE...")
@_DRY_RUN
@_YES
@pass_session
def split_story(session: Session, /, *, story: str, article: tuple[str, ...], dry_run: bool, yes: bool) -> None:
    """Move articles of a story into a new one; name them by address, id or number in `stories show`."""
    from alerts.desk import placing

    with session.desk() as desk:
        plan = placing.plan_split(desk, story, article)
        if dry_run:
            _report(session, plan, done=False)
            return
        _confirm(session, plan, "Split this story?", yes=yes)
        placing.split(desk, plan, editor=editor_name())
        _report(session, plan, done=True)


def joining(why: "Joining | None") -> str:
    """Say why an article is in its story; empty: the story began with it."""
    if why is None:
        return ""
    words = f": {', '.join(why.shared)}" if why.shared else ""
    alike = f"joined at {why.similarity:.2f}{words}" if why.similarity is not None else ""
    return "; ".join(part for part in (alike, f"placed by {why.editor}" if why.editor else "") if part)


def merged(desk: "Newsdesk", found: "Story", ref: str) -> list[str]:
    """Say which stories were merged into one that is shown, and that it was asked for by an old name."""
    gone = sorted(desk.store.placements.formerly([found.id]))
    asked = [f"{ref} was merged into it"] if any(name.startswith(ref) for name in gone) else []
    return asked or ([f"merged into it: {', '.join(gone)}"] if gone else [])


def _confirm(session: Session, plan: "Change", question: str, *, yes: bool) -> None:
    if yes:
        return
    if not session.asks:
        raise SendRefused("there is no terminal to ask; nothing was changed", hint="say --yes, or look with --dry-run")
    click.echo(_text(plan, done=False), err=True)
    if not click.confirm(question, err=True):
        raise SendRefused("not confirmed; nothing was changed")


def _report(session: Session, plan: "Change", *, done: bool) -> None:
    data = {
        "done": done,
        "before": [_data(story) for story in plan.before],
        "after": [_data(story) for story in plan.after],
        "waiting": [record.edition.id for record in plan.waiting],
        "told": [record.edition.id for record in plan.told],
    }
    session.data(data, lambda: _text(plan, done=done))


def _data(story: "Story") -> dict[str, object]:
    return {
        "story": story.id,
        "title": story.title,
        "level": story.verdict.level if story.verdict else "",
        "score": story.verdict.score if story.verdict else 0.0,
        "articles": [article.id for article in story.articles],
    }


def _text(plan: "Change", *, done: bool) -> str:
    lines = ["was:", *(_line(story) for story in plan.before), "is now:" if done else "would be:"]
    for story in plan.after:
        lines.append(_line(story))
        lines += [f"      {article.outlet}: {article.title}" for article in story.articles]
    lines += [f'sent before: {record.edition.id} "{record.edition.subject}"' for record in plan.told]
    for record in plan.waiting:
        edition = record.edition
        lines.append(
            f'a draft was made before and still waits: {edition.id} "{edition.subject}"; '
            f"read it again: alerts approve -n {edition.id}, or alerts reject {edition.id}"
        )
    if not done:
        lines.append("nothing was changed yet")
    return "\n".join(lines)


def _line(story: "Story") -> str:
    count = f"{len(story.articles)} article{'s' if len(story.articles) > 1 else ''}"
    verdict = f"{story.verdict.level.value}, score {story.verdict.score:.1f}" if story.verdict else "not judged"
    return f"  {story.id}  {count}  {verdict}  {story.title}"
