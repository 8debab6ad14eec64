"""An editor's word on which articles belong together: merge stories, or split articles off one.

plan_merge / plan_split ──(an editor confirms)──► merge / split: articles move, both are judged anew, it is written down

Clustering never undoes it: articles stay where the editor put them, and two stories that an editor arranged are never
joined by themselves. What readers were told of a story that was merged counts for the one it is part of now.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from alerts.content.reading.articles import canonical
from alerts.desk import clustering
from alerts.desk.newsdesk import Newsdesk
from alerts.desk.told import is_told
from alerts.errors import SendRefused
from alerts.model import Article, ArticleId, EditionState, Story, StoryId
from alerts.store.records import Decision, EditionRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a merge or split does, before it is done."""

    #: the stories as they are
    before: tuple[Story, ...]
    #: the stories as they would be, judged; of a split, the one that gets a new name last
    after: tuple[Story, ...]
    #: drafts that tell of one of them and wait for a word
    waiting: tuple[EditionRecord, ...]
    #: what readers have or may get of them
    told: tuple[EditionRecord, ...]


def find(desk: Newsdesk, ref: str) -> Story:
    """Find a story by id or its beginning; a merged one is found as what it is part of. Raises SendRefused."""
    story = desk.store.archive.story(ref)
    if story is None:
        raise SendRefused(f'there is no story "{ref}"', hint="alerts stories list")
    return story


def plan_merge(desk: Newsdesk, refs: Sequence[str]) -> Change:
    """Show what merging stories into the first one would make. Raises SendRefused for fewer than two."""
    stories = list({story.id: story for story in (find(desk, ref) for ref in refs)}.values())
    if len(stories) < 2:
        raise SendRefused("a merge needs two different stories; nothing was changed", hint="alerts stories list")
    return _change(desk, stories, [clustering.combined(desk, stories)])


def merge(desk: Newsdesk, plan: Change, *, editor: str) -> Story:
    """Make one of stories; the others are found as the first one from now on."""
    into, *gone = (story.id for story in plan.before)
    with desk.placing:
        _refuse_outdated(desk, plan)
        desk.store.placements.merge(into, gone, editor=editor, now=desk.clock())
        _save(desk, plan.after[0])
        _write_down(desk, "merge", into, editor=editor, reason=f"with {', '.join(gone)}")
    return find(desk, into)


def plan_split(desk: Newsdesk, ref: str, articles: Sequence[str]) -> Change:
    """Show what splitting articles off a story would make.

    An article is named by its address, its id or its number in `stories show`. Readers may have been told of an
    article that leaves: then it keeps the story's name, and the rest gets a new one. Raises SendRefused.
    """
    story = find(desk, ref)
    leaving = {_article(story, name).id for name in articles}
    moved = tuple(article for article in story.articles if article.id in leaving)
    rest = tuple(article for article in story.articles if article.id not in leaving)
    if not moved or not rest:
        raise SendRefused(
            f"{len(moved)} of the {len(story.articles)} articles of {story.id} would leave: some must go, some stay",
            hint=f"alerts stories show {story.id}",
        )
    told = {entry.article for record in _editions(desk, [story]) for entry in record.edition.entries}
    keeps, goes = rest, moved
    if any(article.id in told for article in moved) and not any(article.id in told for article in rest):
        keeps, goes = moved, rest
    old = clustering.remade(desk, replace(story, articles=keeps))
    new = clustering.remade(desk, replace(story, id=_new_id(story.id, goes), articles=goes))
    return _change(desk, [story], [old, new])


def split(desk: Newsdesk, plan: Change, *, editor: str) -> tuple[Story, Story]:
    """Split a story; return both parts, the one with the new name last."""
    old, new = plan.after
    with desk.placing:
        _refuse_outdated(desk, plan)
        going = [article.id for article in new.articles]
        desk.store.placements.split(old.id, going, new.id, editor=editor, now=desk.clock())
        _save(desk, old)
        _save(desk, new)
        _write_down(desk, "split", old.id, editor=editor, reason=f"{', '.join(going)} into {new.id}")
    return find(desk, old.id), find(desk, new.id)


def _change(desk: Newsdesk, before: Sequence[Story], after: Sequence[Story]) -> Change:
    editions = _editions(desk, before)
    return Change(
        before=tuple(before),
        after=tuple(clustering.judged(desk, story) for story in after),
        waiting=tuple(record for record in editions if record.state is EditionState.DRAFT),
        told=tuple(record for record in editions if is_told(desk, record)),
    )


def _editions(desk: Newsdesk, stories: Sequence[Story]) -> list[EditionRecord]:
    ids = [story.id for story in stories]
    return desk.store.ledger.story_editions([*ids, *desk.store.placements.formerly(ids)])


def _article(story: Story, name: str) -> Article:
    if name.isdigit() and 1 <= int(name) <= len(story.articles):
        return story.articles[int(name) - 1]
    address = canonical(name)
    fitting = [
        article
        for article in story.articles
        if (address and article.url == address) or (len(name) >= 4 and article.id.startswith(name))
    ]
    if len(fitting) != 1:
        raise SendRefused(
            f'"{name}" names {"no article" if not fitting else "several articles"} of story {story.id}',
            hint=f"addresses, ids and numbers: alerts stories show {story.id}",
        )
    return fitting[0]


def _new_id(story: StoryId, articles: Sequence[Article]) -> StoryId:
    """Name the story that is split off; never as one of its articles would have begun it."""
    parts = ["split", story, *sorted(article.id for article in articles)]
    return StoryId(hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16])


def _refuse_outdated(desk: Newsdesk, plan: Change) -> None:
    """Raise SendRefused if an article came or went since the plan was shown."""
    for story in plan.before:
        if _ids(find(desk, story.id)) != _ids(story):
            raise SendRefused(f"{story.id} has changed since; nothing was done", hint=f"alerts stories show {story.id}")


def _ids(story: Story) -> set[ArticleId]:
    return {article.id for article in story.articles}


def _save(desk: Newsdesk, story: Story) -> None:
    desk.store.archive.save_story(clustering.judged(desk, story))


def _write_down(desk: Newsdesk, decision: str, story: StoryId, *, editor: str, reason: str) -> None:
    desk.store.daybook.decide(Decision(story=story, decision=decision, editor=editor, at=desk.clock(), reason=reason))
