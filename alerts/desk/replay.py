"""Run recorded material through a policy and tell what would have gone out, when and why. Sends nothing.

    recorded feeds ─► poll ─┐                                         (the same code as in service)
    the archive    ─► cluster, propose ─► what the policy said ─► a draft counts as approved at once

It all happens in a scratch database in a temporary folder, with a clock that jumps from one recorded instant to the
next. The newsroom's own database is read where `--since` asks for it, and never written.
"""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from alerts import config
from alerts.config import Breaking, Config, Desk, Keys, ProviderTable
from alerts.content.breaking import Gate, Ruling
from alerts.desk import clustering, ingest
from alerts.desk import propose as proposing
from alerts.desk.newsdesk import Newsdesk
from alerts.desk.recorded import Recording, recordings
from alerts.mail.variant import Variant
from alerts.model import Article, Audience, Edition, Story, StoryId

#: the stories that were open when the replay begins are taken over from so long before
_CONTEXT = timedelta(hours=72)


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """Something that would have gone out, or been told to the desk."""

    at: datetime
    #: `alert`, `update` or `not ours yet`
    what: str
    story: StoryId
    title: str
    outlet: str
    score: float
    #: without an editor; False: a draft, taken as approved at once
    automatic: bool
    segments: tuple[str, ...]
    reasons: tuple[str, ...]
    #: what kept it from going by itself
    asked: tuple[Gate, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """A story that scored enough, and the gate that stopped it."""

    at: datetime
    story: StoryId
    title: str
    score: float
    gate: Gate


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What one policy made of the material."""

    #: the policy file; empty: the configuration
    policy: str
    began_at: datetime | None
    ended_at: datetime | None
    articles: int
    happened: tuple[Happened, ...]
    stopped: tuple[Stopped, ...]


def replay(
    desk: Newsdesk, *, feeds: Path | None = None, since: datetime | None = None, policy: Path | None = None
) -> Replayed:
    """Run a folder of recorded feeds, or the archive since an instant, through a policy (None: the configured one).

    Raises ConfigError for a policy that is none, ContentError for a folder without recordings.
    """
    settings = config.load_policy(policy, desk.config.breaking) if policy else desk.config.breaking
    clock = _Clock()
    if feeds is not None:
        recorded = recordings(feeds, desk.config.all_outlets)
        with _scratch(desk, settings, clock) as (scratch, ear):
            _play_feeds(scratch, clock, recorded)
    else:
        assert since is not None
        context, articles, old = _archived(desk, since)
        with _scratch(desk, settings, clock) as (scratch, ear):
            _play_articles(scratch, clock, context, articles, old)
    return Replayed(
        policy=str(policy or ""),
        began_at=clock.began,
        ended_at=clock.at if clock.began else None,
        articles=ear.articles,
        happened=tuple(ear.happened),
        stopped=tuple(sorted(ear.stopped.values(), key=lambda one: one.at)),
    )


class _Clock:
    """Stands at a recorded instant until it is put forward; never goes back."""

    def __init__(self) -> None:
        self.began: datetime | None = None
        self.at = datetime(1970, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def put(self, at: datetime) -> None:
        self.began = self.began or at
        self.at = max(at, self.at)


@dataclass(slots=True)
class _Ear:
    """Hears what the policy says, and plays readers and editors: every draft is approved at once."""

    desk: Newsdesk
    happened: list[Happened] = field(default_factory=list)
    stopped: dict[tuple[StoryId, str], Stopped] = field(default_factory=dict)
    told: set[StoryId] = field(default_factory=set)
    articles: int = 0

    def heard(self, story: Story, ruling: Ruling) -> None:
        """Note a story that was stopped, once for each gate, and one that only others have, once."""
        score = story.verdict.score if story.verdict else 0.0
        if ruling.not_ours:
            if story.id not in self.told:
                self.told.add(story.id)
                self._note(story, ruling, what="not ours yet", title=story.title, segments=())
            return
        gate = ruling.stopped_by
        # That it was told already goes without saying.
        if gate is not None and not (gate.name == "window" and self._was_told(story)):
            known = Stopped(at=self.desk.clock(), story=story.id, title=story.title, score=score, gate=gate)
            self.stopped.setdefault((story.id, gate.name), known)

    def takes(self, edition: Edition, story: Story, ruling: Ruling) -> None:
        """Count a proposal as sent: what comes after is held against it."""
        self._note(story, ruling, what=edition.kind.value, title=edition.subject, segments=edition.segments)
        self.desk.store.ledger.freeze(
            edition,
            variants={"": _unwritten(self.desk, edition)},
            audience=Audience(segments=(), all_segments={}),
            provider="replay",
            approved_by="replay",
            now=self.desk.clock(),
        )

    def _note(self, story: Story, ruling: Ruling, *, what: str, title: str, segments: tuple[str, ...]) -> None:
        self.happened.append(
            Happened(
                at=self.desk.clock(),
                what=what,
                story=story.id,
                title=title,
                outlet=(story.lead or story.articles[-1]).outlet,
                score=story.verdict.score if story.verdict else 0.0,
                automatic=ruling.automatic,
                segments=segments,
                reasons=ruling.reasons,
                asked=() if ruling.not_ours else tuple(gate for gate in ruling.gates if not gate.stops),
            )
        )

    def _was_told(self, story: Story) -> bool:
        return any(one.story == story.id for one in self.happened)


def _unwritten(desk: Newsdesk, edition: Edition) -> Variant:
    """Stand in for a rendering: nobody reads it."""
    return Variant(
        language="",
        theme="",
        subject=edition.subject,
        preheader=edition.preheader,
        sender=desk.config.sender_mailbox,
        reply_to=None,
        headers=(),
        text=(edition.subject,),
        html=(edition.subject,),
        domain=desk.domain,
    )


@contextmanager
def _scratch(desk: Newsdesk, settings: Breaking, clock: _Clock) -> Iterator[tuple[Newsdesk, _Ear]]:
    """Open a newsdesk in a temporary folder, with the newsroom's outlets, topics and a policy, and nothing else."""
    with tempfile.TemporaryDirectory(prefix="alerts-replay-") as folder:
        base = Path(folder)
        (base / "keys").mkdir()
        for name in ("tokens", "addresses"):
            (base / "keys" / f"{name}.key").write_text("replay-" * 8)
        scratch = Newsdesk(_settings(desk.config, settings, base), clock=clock)
        ear = _Ear(scratch)
        scratch.replayer = ear
        try:
            yield scratch, ear
        finally:
            scratch.close()


def _settings(own: Config, settings: Breaking, base: Path) -> Config:
    """Take over what decides; nobody is mailed or told, no page is fetched, no feed of the newsroom is asked."""
    outlets = tuple(table.model_copy(update={"feeds": (), "push": None}) for table in own.outlets)
    return Config(
        newsroom=own.newsroom,
        sender=own.sender,
        keys=Keys(),
        provider=ProviderTable(),
        delivery=own.delivery,
        outlets=outlets,
        topics=own.topics,
        fetching=own.fetching.model_copy(update={"pages": False}),
        breaking=settings.model_copy(update={"recheck": False}),
        desk=Desk(),
        log=own.log,
    ).model_copy(update={"base": base, "file": base / "config.toml"})


# --- recorded feeds -------------------------------------------------------------------------------


def _play_feeds(scratch: Newsdesk, clock: _Clock, recorded: Sequence[Recording]) -> None:
    """Lay each recording where its outlet's feed is polled, and poll at its instant."""
    places = _places(scratch, recorded)
    by_instant: dict[datetime, list[Recording]] = {}
    for one in recorded:
        by_instant.setdefault(one.at, []).append(one)
    ear = scratch.replayer
    assert isinstance(ear, _Ear)
    for at, some in sorted(by_instant.items()):
        clock.put(at)
        for one in some:
            shutil.copyfile(one.file, places[one.feed])
        polled = ingest.poll(scratch, everything=True)
        ear.articles += sum(len(feed.new) for feed in polled)


def _places(scratch: Newsdesk, recorded: Sequence[Recording]) -> dict[tuple[str, str], Path]:
    """Give each recorded feed a file, and its outlet that file as a feed."""
    folder = scratch.config.base / "feeds"
    folder.mkdir()
    keys = dict.fromkeys(one.feed for one in recorded)
    places = {feed: folder / f"{number}.feed" for number, feed in enumerate(keys)}
    outlets = tuple(
        table.model_copy(
            update={
                "feeds": tuple(str(place) for (outlet, _), place in places.items() if outlet == table.name),
                "breaking": tuple(
                    str(places[(table.name, name)]) if (table.name, name) in places else name for name in table.breaking
                ),
            }
        )
        for table in scratch.config.outlets
    )
    scratch.config = scratch.config.model_copy(update={"outlets": outlets})
    return places


# --- the archive ----------------------------------------------------------------------------------


def _archived(desk: Newsdesk, since: datetime) -> tuple[list[Article], list[Article], set[str]]:
    """Read articles first seen before an instant and since, oldest first, and which of them were backfill."""
    found = sorted(desk.store.archive.articles(since=since - _CONTEXT), key=lambda one: (one.seen_at, one.id))
    old = desk.store.archive.backfill(article.id for article in found)
    before = [article for article in found if article.seen_at < since]
    return before, [article for article in found if article.seen_at >= since], {str(known) for known in old}


def _play_articles(
    scratch: Newsdesk, clock: _Clock, context: Sequence[Article], articles: Sequence[Article], old: set[str]
) -> None:
    """Take in the articles as they were first seen, those of one poll together."""
    archive = scratch.store.archive
    ear = scratch.replayer
    assert isinstance(ear, _Ear)
    if context:
        clock.put(max(article.seen_at for article in context))
        archive.add_articles([(article, True) for article in context])
        clustering.cluster(scratch, context)
        clock.began = None
    by_instant: dict[datetime, list[Article]] = {}
    for article in articles:
        by_instant.setdefault(article.seen_at, []).append(article)
    for at, some in sorted(by_instant.items()):
        clock.put(at)
        archive.add_articles([(article, str(article.id) in old) for article in some])
        clustering.cluster(scratch, some)
        proposing.propose(scratch)
        ear.articles += len(some)
