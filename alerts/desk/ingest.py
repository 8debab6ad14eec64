"""Take in what outlets publish, and propose what is breaking.

due feeds ─► fetch ─► read (guarded) ─► articles ─► stories ─► judge ─► `propose`
             └── threads of a round ──┘  └── as answers come, not when the last one has come ──┘

Each arrow may be the last thing a process did: what was taken in but not placed, placed but not proposed, is found
again at the next poll; what was fetched but not taken in is fetched again, for validators are kept with the articles.
"""

import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alerts.content.fetching import polling
from alerts.content.fetching.answers import Fetched, NoAnswer
from alerts.content.fetching.fetch import host_of
from alerts.content.fetching.rounds import Round
from alerts.content.reading import feeds
from alerts.content.reading.articles import from_entry
from alerts.content.text import key
from alerts.content.topics import topics_of
from alerts.desk import cleanse, clustering, complete, feed_health, identity
from alerts.desk.feed_health import Brought
from alerts.desk.newsdesk import Newsdesk
from alerts.desk.propose import propose
from alerts.errors import ContentError
from alerts.log import log
from alerts.model import Article, ArticleId, Outlet
from alerts.store.records import FeedState

#: An article older than this when first seen is for digests only.
_STALE = timedelta(hours=24)
#: What an outlet published in this time counts as told when its feed lists everything anew.
_REMEMBERED = timedelta(days=30)
#: Seconds without an answer after which what came is placed; with answers coming all the time it is placed after
#: `_BREATH`, then after four times what placing took.
_CALM, _BREATH = 0.25, 1.0
#: For so many seconds a poll that waits for slow feeds asks others that become due meanwhile.
_WELCOMES = 60.0
#: After so many of its feeds in a row gave no answer, a host is left alone for a while.
_MUTE_AFTER = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Polled:
    """What one poll of a feed came to."""

    feed: str
    outlet: str
    #: entries in the feed; None: not modified or failed
    entries: int | None = None
    new: tuple[Article, ...] = ()
    error: str = ""
    #: so much of it was no news that none of that may alert anybody
    relisted: bool = False


def poll(desk: Newsdesk, *, everything: bool = False, stop: threading.Event | None = None) -> list[Polled]:
    """Fetch the feeds that are due (or all, retired ones too), take their articles in, propose what is breaking.

    Every answer is taken in as it comes. `stop` ends it at once: what was not answered yet stays due.
    """
    return _Poll(desk, stop or threading.Event()).run(everything=everything)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What a feed answered; an error where it could not be fetched or read."""

    fetched: Fetched | ContentError
    articles: tuple[Article, ...] = ()
    holds: timedelta | None = None
    #: asked at its configured address, not where it has moved
    at_home: bool = True


class _Poll:
    """One poll of many feeds. One thread; only `_fetch` and `_read` run in those of the round."""

    def __init__(self, desk: Newsdesk, stop: threading.Event) -> None:
        self._desk = desk
        self._stop = stop
        #: feed → the first outlet that has it
        self._outlets: dict[str, Outlet] = {}
        for outlet in desk.config.all_outlets:
            for feed in outlet.feeds:
                self._outlets.setdefault(feed, outlet)
        #: of the feeds under way
        self._states: dict[str, FeedState] = {}
        self._round: Round[_Answer, _Answer] = Round(ask=self._fetch, read=self._read)
        self._polled: list[Polled] = []
        #: host → until when it wants to be left alone, and how many of its feeds in a row gave no answer
        self._resting: dict[str, datetime] = {}
        self._mute: Counter[str] = Counter()
        self._rest_is_news = False
        #: taken in and not placed yet; an article whose text changed has its place and is judged anew
        self._unplaced: dict[ArticleId, Article] = {}
        #: of those whose feed tells only their beginning
        self._pages = complete.Pages(desk)
        self._place_at = time.monotonic() + _BREATH

    def run(self, *, everything: bool) -> list[Polled]:
        # Opened here: the threads of the round share them.
        _ = self._desk.fetcher, self._desk.worker
        self._admit(everything=everything)
        began = looked = time.monotonic()
        while self._round.busy and not self._stop.is_set():
            answers = self._round.collect(timeout=_CALM)
            if answers:
                self._take_in(dict(answers))
            self._unplaced |= {article.id: article for article in self._pages.come()}
            now = time.monotonic()
            if self._unplaced and (not answers or now >= self._place_at):
                self._place()
            if not everything and now - looked > 1 and now - began < _WELCOMES:
                looked = now
                self._admit(everything=False)
        self._round.drop()
        if self._polled and not self._stop.is_set():
            self._place()
            if whole := self._pages.rest():
                self._unplaced = {article.id: article for article in whole}
                self._place()
        return self._polled

    def _admit(self, *, everything: bool) -> None:
        """Ask whatever is due, priority feeds first, failing ones last."""
        now = self._desk.clock()
        known = {state.url: state for state in self._desk.store.archive.feed_states()}
        moved = {state.moved_to: state for state in known.values() if state.moved_to}
        for feed, outlet in self._outlets.items():
            state = known.get(feed) or FeedState(url=feed, outlet=outlet.name)
            if feed not in known and feed in moved:
                state = feed_health.renamed(moved[feed], feed)
            due = everything or (state.retired_at is None and polling.is_due(state.next_poll_at, now))
            if due and feed not in self._states:
                self._states[feed] = replace(state, outlet=outlet.name)
                # What failed last time comes last: it may take the guarded worker all the time it is allowed.
                rank = (2 if state.failures else 0) + (0 if outlet.priority else 1)
                self._round.add(feed, host=host_of(_address(state)), rank=rank)

    # --- in the threads of the round ---

    def _fetch(self, feed: str) -> _Answer:
        try:
            return self._asked(feed)
        except Exception as error:  # one server that trips us up must not stop the others, now and at every poll
            log.error("feed_not_fetched", feed=feed, error=repr(error))
            return _Answer(fetched=ContentError(f"{feed}: not fetched ({type(error).__name__})"))

    def _asked(self, feed: str) -> _Answer:
        state, fetcher = self._states[feed], self._desk.fetcher
        address = _address(state)
        try:
            fetched = fetcher.fetch(address, etag=state.etag, last_modified=state.last_modified)
            if address == feed or fetched.status != 410:
                return _Answer(fetched=fetched, at_home=address == feed)
        except ContentError as error:
            if address == feed:
                return _Answer(fetched=error)
        # It is no more where it had moved to: the configuration may know better.
        try:
            return _Answer(fetched=fetcher.fetch(feed))
        except ContentError as error:
            return _Answer(fetched=error)

    def _read(self, feed: str, answer: _Answer) -> _Answer:
        fetched = answer.fetched
        if isinstance(fetched, ContentError) or not fetched.ok:
            return answer
        try:
            reading = feeds.read(
                fetched.body, url=fetched.url, content_type=fetched.content_type, worker=self._desk.worker
            )
            articles = self._articles(feed, reading)
        except ContentError as error:
            return replace(answer, fetched=error)
        except Exception as error:  # one feed that trips us up must not stop the others, now and at every poll
            log.error("feed_not_understood", feed=feed, error=repr(error))
            return replace(answer, fetched=ContentError(f"{feed}: not understood ({type(error).__name__})"))
        asked = max(fetched.fresh_for or timedelta(), reading.ttl or timedelta())
        # The bytes have done their duty; many feeds may wait to be taken in.
        return replace(answer, fetched=replace(fetched, body=b""), articles=articles, holds=asked)

    def _articles(self, feed: str, reading: feeds.FeedReading) -> tuple[Article, ...]:
        now, outlet, topics = self._desk.clock(), self._outlets[feed].name, self._desk.config.topics
        made = [from_entry(entry, outlet=outlet, feed=feed, now=now) for entry in reading.entries]
        return tuple(replace(article, topics=topics_of(article, topics)) for article in made if article is not None)

    # --- as answers come ---

    def _take_in(self, answers: dict[str, _Answer]) -> None:
        """Keep the articles of some answers, then what the answers mean for polling."""
        now = self._desk.clock()
        brought = self._keep(answers, now)
        changed: dict[str, FeedState] = {}
        for feed, answer in answers.items():
            outlet, before, fetched = self._outlets[feed], self._states.pop(feed), answer.fetched
            polled = Polled(feed=feed, outlet=outlet.name)
            if isinstance(fetched, Fetched) and (fetched.ok or fetched.status == 304):
                came, added = brought.get(feed, (None, ()))
                told = came or Brought(entries=before.entries, at_home=answer.at_home, holds=fetched.fresh_for)
                after = feed_health.answered(before, outlet, fetched, told, now=now)
                polled = replace(polled, entries=told.entries if came else None, new=added, relisted=told.relisted)
                log.info("feed_read", feed=feed, status=fetched.status, entries=told.entries, new=len(added))
                self._mute.pop(host_of(_address(before)), None)
            else:
                after = self._failed(before, outlet, fetched, now)
                polled = replace(polled, error=after.last_error)
                log.warning("feed_failed", feed=feed, failures=after.failures, error=after.last_error)
            feed_health.tell(self._desk, outlet, before, after)
            changed[feed] = after
            self._polled.append(polled)
        self._desk.store.archive.save_feed_states([*self._rested(changed, now).values()])

    def _keep(self, answers: dict[str, _Answer], now: datetime) -> dict[str, tuple[Brought, tuple[Article, ...]]]:
        """Keep articles, marked as backfill where they may alert nobody; tell what each feed brought."""
        archive = self._desk.store.archive
        read = {feed: a for feed, a in answers.items() if isinstance(a.fetched, Fetched) and a.fetched.ok}
        known = archive.known(article.id for answer in read.values() for article in answer.articles)
        old = {feed: self._no_news(feed, answer.articles, known) for feed, answer in read.items()}
        came = identity.rightful(
            self._desk,
            [
                article
                for answer in read.values()
                for article in complete.unless_known(
                    self._desk, identity.recognised(self._desk, cleanse.cleansed(self._desk, answer.articles))
                )
            ],
        )
        kept = [
            (one, self._states[one.feed].first_success_at is None or one.id in old[one.feed] or _is_stale(one, now))
            for one in came
        ]
        # An article that two feeds bring is news if one of them brings it as such: the last one counts.
        added = archive.add_articles(sorted(kept, key=lambda one: not one[1])) if kept else []
        self._unplaced |= {article.id: article for article in added}
        self._pages.take(added)
        brought = {}
        for feed, answer in read.items():
            new = tuple(article for article in added if article.feed == feed)
            told = Brought(
                entries=len(answer.articles),
                new=len(new),
                dates=[article.published_at for article in answer.articles],
                at_home=answer.at_home,
                holds=answer.holds,
                relisted=bool(old[feed]),
            )
            brought[feed] = (told, new)
        return brought

    def _no_news(self, feed: str, articles: Sequence[Article], known: set[ArticleId]) -> frozenset[ArticleId]:
        """Find what a known feed only lists anew: a new content system, new addresses, a restored backup."""
        state = self._states[feed]
        new = [article for article in articles if article.id not in known]
        if state.last_success_at is None or not polling.is_upheaval(len(new), len(articles)):
            return frozenset()
        outlet, since = self._outlets[feed].name, state.last_success_at - _REMEMBERED
        titles = {key(title) for title in self._desk.store.archive.titles(outlet=outlet, since=since)}
        old = polling.relisted(new, looked_at=state.last_success_at, known_titles=titles)
        if old:
            log.warning("feed_relisted", feed=feed, entries=len(articles), new=len(new), muted=len(old))
        return old

    def _failed(self, state: FeedState, outlet: Outlet, answer: Fetched | ContentError, now: datetime) -> FeedState:
        host = host_of(_address(state))
        if isinstance(answer, Fetched):
            why = f"the server answered {answer.status}"
            after = feed_health.failed(state, outlet, why, asked=answer.retry_after, gone=answer.status == 410, now=now)
            if answer.status == 429 or answer.retry_after:
                # What it asked for, not the longer wait that this feed's failures have grown to.
                asked = answer.retry_after or timedelta(seconds=polling.USUAL_SECONDS)
                self._rest(host_of(answer.url) or host, now + asked)
            return after
        self._mute[host] += isinstance(answer, NoAnswer)
        if self._mute[host] >= _MUTE_AFTER:
            self._rest(host, now + timedelta(seconds=polling.USUAL_SECONDS))
        return feed_health.failed(state, outlet, str(answer), now=now)

    def _rest(self, host: str, until: datetime) -> None:
        """Leave a host alone, with all its feeds that wait to be asked."""
        if not host:
            return
        self._resting[host] = max(until, self._resting.get(host, until))
        self._rest_is_news = True
        why = "put off: its host gives no answer or asks for a rest"
        for feed in self._round.drop(host):
            self._states.pop(feed)
            self._polled.append(Polled(feed=feed, outlet=self._outlets[feed].name, error=why))
        log.warning("host_rests", host=host, until=until.isoformat())

    def _rested(self, changed: dict[str, FeedState], now: datetime) -> dict[str, FeedState]:
        """Put off the feeds of hosts that want to be left alone, whether they were asked or not."""
        states = dict(changed)
        if self._rest_is_news:
            self._rest_is_news = False
            known = {state.url: state for state in self._desk.store.archive.feed_states()}
            for feed, outlet in self._outlets.items():
                states.setdefault(feed, known.get(feed) or FeedState(url=feed, outlet=outlet.name))
        for feed, state in states.items():
            until = self._resting.get(host_of(_address(state)))
            if until and until > now and feed not in self._states and polling.is_due(state.next_poll_at, until):
                changed[feed] = replace(state, next_poll_at=until)
        return changed

    # --- what it means ---

    def _place(self) -> None:
        """Put what came into stories, and propose."""
        began = time.monotonic()
        left = self._desk.store.archive.unplaced(since=self._desk.clock() - _STALE)
        waiting = {article.id: article for article in left} | self._unplaced
        self._unplaced = {}
        held = self._pages.held
        clustering.cluster(self._desk, [article for article in waiting.values() if article.id not in held])
        propose(self._desk)
        self._place_at = time.monotonic() + max(_BREATH, 4 * (time.monotonic() - began))


def _address(state: FeedState) -> str:
    """Tell where a feed is to be asked: where it said it has moved for good, if it said so often enough."""
    return state.moved_to if state.moved_to and state.moved_times >= polling.MOVED_AFTER else state.url


def _is_stale(article: Article, now: datetime) -> bool:
    return article.published_at is not None and now - article.published_at > _STALE
