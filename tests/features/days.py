"""Two days of a newsroom in fast motion: outlets on a local server, a desk with a turned clock, a scripted editor.

The clock jumps from one instant at which something is due to the next: a poll, the editor's decision, a draft's end.
"""

import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from alerts import config
from alerts.desk import decide, open_desk, send, sync_subscribers
from alerts.errors import AlertsError
from alerts.model import EditionId, EditionState, NoticeKind, Signal, Story, StoryId
from alerts.scheduler import jobs
from alerts.store.records import Decision, EditionRecord, FeedState
from tests.features.newsroom import Newsroom, parse
from tests.integration.newsdesk import Hands
from tests.servers.feed_server import FeedServer
from tests.servers.press import Press

START, END = datetime(2026, 3, 10, 6, 0, tzinfo=UTC), datetime(2026, 3, 11, 22, 0, tzinfo=UTC)
#: What the desk is told of news that only others have.
NOTICE = "notice"
EDITOR = "Nora"
#: what is new is at most this old: it is looked for at every instant
_JUST_NOW = timedelta(minutes=2)


@dataclass(frozen=True, kw_only=True)
class Expected:
    """A line of `expected.toml`: what a good desk would want to be shown."""

    story: str
    kind: str
    start: datetime
    end: datetime
    why: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    ends: str = ""

    def __str__(self) -> str:
        return f"{self.start:%a %H:%M}–{self.end:%H:%M} {self.kind:6} {self.story}"


@dataclass(kw_only=True)
class Proposed:
    """What the desk was shown, when and why, and what became of it."""

    story: str
    kind: str
    at: datetime
    signals: Sequence[Signal]
    reasons: str
    title: str
    edition: EditionId | None = None
    ends: str = ""

    def __str__(self) -> str:
        signals = ", ".join(f"{one.name} {one.points:+g}" for one in self.signals)
        return (
            f"{self.at:%a %H:%M} {self.kind:6} {self.story} {f'({self.ends}) ' if self.ends else ''}“{self.title}”\n"
            f"      {signals}\n      {self.reasons}"
        )


@dataclass(frozen=True, kw_only=True)
class Script:
    """`expected.toml`: the newsroom's settings, what its editor does, and what is expected."""

    breaking: Mapping[str, Any]
    editor: Mapping[str, Any]
    expected: tuple[Expected, ...]

    def does(self, story: str) -> tuple[str, timedelta]:
        """Tell what the editor does with a story's draft, and after how long."""
        line = next((one for one in self.editor["but"] if one["story"] == story), self.editor)
        return line["does"], timedelta(minutes=line.get("after", 0))


def read_script(file: Path) -> Script:
    """Read what is expected."""
    written = tomllib.loads(file.read_text(encoding="utf-8"))
    return Script(
        breaking=written["breaking"],
        editor=written["editor"],
        expected=tuple(
            Expected(
                story=one["story"],
                kind=one["kind"],
                start=one["from"],
                end=one["by"],
                why=tuple(one.get("why", ())),
                says=tuple(one.get("says", ())),
                ends=one.get("ends", ""),
            )
            for one in written["proposal"]
        ),
    )


@dataclass
class Played:
    """What came of the days."""

    proposed: list[Proposed] = field(default_factory=list)
    #: (when, what) of every notice
    notices: list[tuple[datetime, NoticeKind, str]] = field(default_factory=list)
    mails: list[EmailMessage] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    records: list[EditionRecord] = field(default_factory=list)
    polls: int = 0


class Days:
    """Plays the days once."""

    def __init__(self, folder: Path, server: FeedServer, clock: Hands, script: Script) -> None:
        self.newsroom = Newsroom(folder)
        self.newsroom.configure(settings(server, script))
        self.server, self.clock, self.script = server, clock, script
        self.desk = open_desk(config.load(self.newsroom.folder / "config.toml"), clock=clock)
        for file in sync_subscribers.list_files(self.desk):
            sync_subscribers.apply(self.desk, file)
        self.played = Played()
        #: draft → when the editor decides, what, and the headline that was read
        self._waiting: dict[EditionId, tuple[datetime, str, str]] = {}
        self._notices: set[str] = set()

    def play(self, *, until: datetime = END) -> Played:
        """Let the time pass."""
        try:
            while self.clock.at < until:
                self._now()
                self.clock.at = max(self._next(), self.clock.at + timedelta(seconds=1))
            self._close()
        finally:
            self.desk.close()
        return self.played

    # --- what happens at an instant ---

    def _now(self) -> None:
        self.played.polls += 1
        jobs.poll_feeds(self.desk)
        jobs.look_after_drafts(self.desk)
        jobs.tell_desk(self.desk)
        self._see_drafts()
        self._see_notices()
        for edition, (due, does, headline) in list(self._waiting.items()):
            if due <= self.clock.at:
                del self._waiting[edition]
                self._decide(edition, does, headline)

    def _see_drafts(self) -> None:
        seen = {one.edition for one in self.played.proposed}
        for record in reversed(self.desk.store.ledger.editions(since=self.clock.at - _JUST_NOW, limit=100)):
            edition = record.edition
            if edition.id in seen:
                continue
            story = self._story(edition.entries[0].story)
            label = self._label(story) if story else self.server.label(edition.entries[0].url)
            self.played.proposed.append(
                Proposed(
                    story=label,
                    kind=edition.kind.value,
                    at=self.clock.at,
                    signals=story.verdict.signals if story and story.verdict else (),
                    reasons="; ".join(edition.reasons),
                    title=edition.subject,
                    edition=edition.id,
                )
            )
            if record.state is EditionState.DRAFT:
                does, after = self.script.does(label)
                if does != "nothing":
                    self._waiting[edition.id] = (self.clock.at + after, does, edition.entries[0].headline)
            else:
                send.deliver(self.desk, edition.id)

    def _see_notices(self) -> None:
        for waiting in self.desk.store.daybook.notices(since=self.clock.at - _JUST_NOW):
            notice = waiting.notice
            if notice.key in self._notices:
                continue
            self._notices.add(notice.key)
            self.played.notices.append((self.clock.at, notice.kind, notice.text))
            if notice.kind is NoticeKind.NOT_OURS_YET:
                story = self._story(StoryId(notice.key.split("/")[1]))
                assert story is not None
                self.played.proposed.append(
                    Proposed(
                        story=self._label(story),
                        kind=NOTICE,
                        at=self.clock.at,
                        signals=story.verdict.signals if story.verdict else (),
                        reasons=notice.text,
                        title=story.title,
                    )
                )

    def _decide(self, edition: EditionId, does: str, headline: str) -> None:
        """Do what the editor does: with a draft that says something else by now, reject it."""
        shown = self.desk.edition(edition)
        changed = shown.edition.entries[0].headline != headline
        proposal = self._proposal(edition)
        try:
            if does == "reject" or changed:
                decide.reject(self.desk, edition, editor=EDITOR, reason="not for our readers")
                proposal.ends = f"stopped: it says now “{shown.edition.entries[0].headline}”" if changed else ""
            else:
                decide.approve(self.desk, edition, editor=EDITOR, seen=shown.content_hash)
                send.deliver(self.desk, edition)
        except AlertsError as error:
            proposal.ends = f"stopped: {error}"

    def _proposal(self, edition: EditionId) -> Proposed:
        return next(one for one in self.played.proposed if one.edition == edition)

    # --- what is due next ---

    def _next(self) -> datetime:
        polls = [
            self._telling(state, state.next_poll_at)
            for state in self.desk.store.archive.feed_states()
            if state.next_poll_at is not None and state.retired_at is None
        ]
        return min([*polls, *(due for due, *_ in self._waiting.values())])

    def _telling(self, state: FeedState, due: datetime) -> datetime:
        """Pass over the polls of a minute-by-minute feed that would be answered "not modified": they change nothing."""
        changes = self.server.changes(state.outlet, after=state.last_success_at or START)
        if state.interval_seconds > 60 or state.failures:
            return due
        minutes = max(math.ceil((changes - due) / timedelta(minutes=1)), 0)
        return due + timedelta(minutes=minutes)

    # --- what it came to ---

    def _close(self) -> None:
        jobs.put_right(self.desk)
        played = self.played
        played.records = self.desk.store.ledger.editions(since=START, limit=1000)
        for record in played.records:
            decisions = self.desk.store.daybook.decisions(record.edition.id)
            played.decisions += decisions
            proposal = self._proposal(record.edition.id)
            proposal.ends = proposal.ends or _ended(record)
        played.mails = [parse(f.read_bytes()) for f in sorted((self.newsroom.folder / "outbox").rglob("*.eml"))]

    def _story(self, story: StoryId | None) -> Story | None:
        return self.desk.store.archive.story(story) if story else None

    def _label(self, story: Story) -> str:
        """Name a story by the events it tells of: two are a mistake that must be seen, a stray column is not."""
        labels = dict.fromkeys(self.server.label(article.url) for article in story.articles)
        return " + ".join([label for label in labels if " " not in label] or labels)


def _ended(record: EditionRecord) -> str:
    if record.ready_at is not None:
        return "approved" if record.approved_by == EDITOR else "by itself"
    words = {EditionState.REJECTED: "rejected", EditionState.EXPIRED: "lapsed"}
    return words.get(record.state, record.state.value)


def settings(server: FeedServer, script: Script) -> str:
    """Write the part of the configuration that names the outlets."""
    hosts = ", ".join(f'"{host}"' for host in server.hosts)
    lines = ["", "[fetching]", f"allow_private = [{hosts}]"]
    for paper in server.press.papers:
        lines += ["", "[[outlets]]", f'name = "{paper.name}"', f'feeds = ["{server.feed(paper.name)}"]']
        lines += [f"{name} = {_toml(value)}" for name, value in paper.settings.items()]
    lines += ["", "[breaking]", *(f"{name} = {_toml(value)}" for name, value in script.breaking.items())]
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else str(value)


def differences(expected: Iterable[Expected], proposed: Iterable[Proposed]) -> list[str]:
    """Compare both ways; one readable entry for each difference."""
    left, found = list(proposed), []
    for wanted in expected:
        same = [one for one in left if (one.story, one.kind) == (wanted.story, wanted.kind)]
        match = next((one for one in same if wanted.start <= one.at <= wanted.end), None)
        if match is None:
            found.append(f"missing  {wanted}")
            continue
        left.remove(match)
        signals = {one.name for one in match.signals if one.points > 0}
        wrong = [f"no signal “{name}”" for name in wanted.why if name not in signals]
        wrong += [f"its reasons do not say “{words}”" for words in wanted.says if words not in match.reasons]
        wrong += [f"it was to be {wanted.ends}"] if not match.ends.startswith(wanted.ends) else []
        found += [f"differs  {'; '.join(wrong)}: {match}"] if wrong else []
    return found + [f"extra    {one}" for one in left]


def play(folder: Path, material: Press, script: Script, *, until: datetime = END) -> tuple[Played, FeedServer]:
    """Play the days from their files."""
    clock = Hands(START)
    with FeedServer(material, clock) as server:
        return Days(folder, server, clock, script).play(until=until), server
