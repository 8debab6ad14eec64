"""The open stories as clustering knows them, kept in memory between polls.

Rebuilt from the archive's last days when a process starts; after that only what another process or an editor changed
is read again, by the version that every story carries.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from alerts.content.clusters.stories import WINDOW, Clusterer
from alerts.model import Article, Story, StoryId

if TYPE_CHECKING:
    from alerts.store import Store


class OpenStories:
    """What is known of open stories. Use it while holding `desk.placing`."""

    def __init__(self) -> None:
        self.clusterer = Clusterer()
        self._known: dict[StoryId, Story] = {}
        self._versions: dict[StoryId, int] = {}

    @property
    def known(self) -> Iterable[Story]:
        """The open stories, their articles without their texts: who told when."""
        return self._known.values()

    def refresh(self, store: "Store", *, now: datetime) -> None:
        """Take in what changed since last time, and let go of what closed or was merged."""
        versions = store.placements.versions(since=now - WINDOW)
        for gone in self._versions.keys() - versions.keys():
            self.forget(gone)
        changed = [story for story, version in versions.items() if self._versions.get(story) != version]
        found = {story.id: story for story in store.archive.named_stories(changed)}
        for story in sorted(found.values(), key=lambda one: (one.first_seen_at, one.id)):
            self.take(story, version=versions[story.id])
        for emptied in changed:
            if emptied not in found:
                self.forget(emptied)
                self._versions[emptied] = versions[emptied]

    def take(self, story: Story, *, version: int | None) -> None:
        """Take in a story anew, as it is in the archive."""
        again = story.id in self._known
        self.clusterer.drop(story.id)
        for article in story.articles:
            self.clusterer.add(article, story.id, again=again)
        self._note(story, version)

    def grow(self, story: Story, article: Article) -> None:
        """Take in an article that joined or began a story."""
        known = self._known.get(story.id)
        if known is not None and any(one.id == article.id for one in known.articles):
            self.take(story, version=None)
            return
        self.clusterer.add(article, story.id)
        self._note(story, None)

    def saved(self, story: StoryId, version: int | None) -> None:
        """Note the version under which a story was saved; if another process was between, it is read again."""
        before = self._versions.get(story, 0)
        if version is not None and version == before + 1:
            self._versions[story] = version
        else:
            self._versions.pop(story, None)

    def forget(self, story: StoryId) -> None:
        """Let go of a story."""
        self.clusterer.drop(story)
        self._known.pop(story, None)
        self._versions.pop(story, None)

    def _note(self, story: Story, version: int | None) -> None:
        thin = tuple(replace(article, paragraphs=(), removed=(), image=None) for article in story.articles)
        self._known[story.id] = replace(story, articles=thin, lead=None)
        if version is not None:
            self._versions[story.id] = version
