"""Fetch the pages of articles whose feed tells only their beginning, and put the whole text in its place.

A slow site delays nobody: pages are fetched beside the feeds of a poll, two at a time for each host, and what did not
come within a few seconds is tried at later polls. What is urgent is not waited for at all. An article that was
completed stays so while its feed repeats the same teaser; a page that fails is given up after a few tries.
"""

import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from queue import SimpleQueue
from urllib.parse import urlsplit

from alerts.content import breaking
from alerts.content.reading import pages, pushed
from alerts.content.reading.articles import content_hash
from alerts.content.text import containment, words
from alerts.desk import cleanse
from alerts.desk.newsdesk import Newsdesk
from alerts.errors import ContentError
from alerts.log import log
from alerts.model import Article, ArticleId, Relation
from alerts.store.records import Completion

#: Seconds that the pages of a poll have, from when they are known: the poll waits no longer for them.
BUDGET = 5.0
#: Pages of one host at the same time, and hosts at the same time.
_PER_HOST, _HOSTS = 2, 8
#: Pages that are tried at one poll, at most: after an outage the rest comes with the next ones.
_MOST_PAGES = 60
#: How long after a failure a page is tried again; after the last it is given up.
_RETRIES = (timedelta(minutes=2), timedelta(minutes=10), timedelta(minutes=30))
#: A page that holds less of the teaser's words is not its page but a wall or a front page.
_SAME_TEXT = 0.6


def unless_known(desk: Newsdesk, articles: Sequence[Article]) -> list[Article]:
    """Leave out of a feed's articles those of which we have more: completed ones, and what a CMS handed over.

    A teaser whose words changed since it was completed, or an article its feed calls newer, is not left out.
    """
    teasers = desk.store.completions.known(article.id for article in articles if article.truncated)
    by_cms = _handed_over(desk, articles)
    kept = []
    for article in articles:
        done = teasers.get(article.id)
        if done is not None and done.completed_at is not None and done.entry_hash == article.content_hash:
            continue
        ours = by_cms.get(article.id)
        if ours is not None and not (article.updated_at and article.updated_at > (ours.updated_at or ours.seen_at)):
            continue
        kept.append(article)
    return kept


def _handed_over(desk: Newsdesk, articles: Sequence[Article]) -> dict[ArticleId, Article]:
    if all(table.push is None for table in desk.config.outlets):
        return {}
    known = (desk.store.archive.article(article.id) for article in articles)
    return {article.id: article for article in known if article is not None and article.feed == pushed.FEED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """An article that waits for its page, and how that went so far."""

    article: Article
    completion: Completion
    #: on the monotonic clock
    until: float
    #: not placed yet
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Came:
    waiting: Waiting
    #: the whole article, or why there is none
    found: Article | str
    completion: Completion


class Pages:
    """The pages that one poll fetches beside its feeds. One thread uses it; only `_work_off` runs in those of the pool.

    `take` begins, `come` hands out what came meanwhile, `rest` waits for what is still under way, but not for long.
    """

    def __init__(self, desk: Newsdesk) -> None:
        self._desk = desk
        self._budget = BUDGET
        self._pool = ThreadPoolExecutor(max_workers=_PER_HOST * _HOSTS, thread_name_prefix="pages")
        self._running: list[Future[None]] = []
        self._done: SimpleQueue[_Came] = SimpleQueue()
        self._held: dict[ArticleId, Article] = {}
        self._until = 0.0

    @property
    def held(self) -> Collection[ArticleId]:
        """The articles that are better placed when their page has come."""
        return self._held.keys()

    def take(self, new: Iterable[Article]) -> None:
        """Begin to fetch the pages that are wanted: of new articles, and those whose next try is due."""
        if not self._desk.config.fetching.pages:
            return
        self._until = time.monotonic() + self._budget
        wanted = _wanted(self._desk, new, until=self._until)[:_MOST_PAGES]
        self._held |= {
            one.article.id: one.article for one in wanted if one.is_new and not is_urgent(self._desk, one.article)
        }
        for lane in _lanes(wanted):
            self._running.append(self._pool.submit(self._work_off, lane))

    def come(self) -> list[Article]:
        """Keep the pages that came since the last call; return the articles that can be placed now."""
        came = []
        while not self._done.empty():
            came.append(self._done.get())
        failed = [self._held[one.waiting.article.id] for one in came if one.waiting.article.id in self._held]
        ready = {article.id: article for article in (*failed, *_keep(self._desk, came))}
        for article_id in ready:
            self._held.pop(article_id, None)
        return list(ready.values())

    def rest(self) -> list[Article]:
        """Wait until everything came or the time is over; return the articles to be placed, as whole as they are."""
        wait(self._running, timeout=max(0.0, self._until - time.monotonic()))
        # What still hangs at a slow server goes on without us: it is asked for again at a later poll.
        self._pool.shutdown(wait=False, cancel_futures=True)
        ready = self.come()
        left = list(self._held.values())
        self._held.clear()
        return [*ready, *left]

    def _work_off(self, lane: Sequence[Waiting]) -> None:
        for one in lane:
            if time.monotonic() < one.until:
                found, completion = _fetch(self._desk, one)
                self._done.put(_Came(waiting=one, found=found, completion=completion))


def _wanted(desk: Newsdesk, new: Iterable[Article], *, until: float) -> list[Waiting]:
    now = desk.clock()
    fresh = [article for article in new if _is_wanted(desk, article)]
    backfill = desk.store.archive.backfill(article.id for article in fresh)
    begun = [
        Waiting(article=article, completion=_begun(article, now), until=until, is_new=True)
        for article in fresh
        if article.id not in backfill
    ]
    known = {one.article.id for one in begun}
    due = [
        Waiting(article=article, completion=completion, until=until, is_new=False)
        for completion in desk.store.completions.due(now=now, limit=_MOST_PAGES)
        if completion.article_id not in known
        and (article := desk.store.archive.article(completion.article_id)) is not None
        and _is_wanted(desk, article)
    ]
    # On disk before anything is fetched: what this poll does not reach, a later one does. Meanwhile nobody else does.
    later = now + _RETRIES[0]
    desk.store.completions.save(replace(one.completion, next_at=later) for one in (*begun, *due))
    return [*begun, *due]


def _begun(article: Article, now: datetime) -> Completion:
    return Completion(article_id=article.id, entry_hash=article.content_hash, next_at=now)


def _is_wanted(desk: Newsdesk, article: Article) -> bool:
    """Only ours, only from the web: a watched outlet is evidence, and its teaser is enough for that."""
    outlet = desk.outlets.get(article.outlet)
    return (
        article.truncated
        and article.url.startswith(("http://", "https://"))
        and article.feed.startswith(("http://", "https://"))
        and outlet is not None
        and outlet.relation is Relation.OURS
    )


def is_urgent(desk: Newsdesk, article: Article) -> bool:
    """Tell whether an article is proposed with what there is, before its page came."""
    return bool(breaking.marked(article, desk.outlets.get(article.outlet)))


def _lanes(wanted: Sequence[Waiting]) -> list[list[Waiting]]:
    """Give each host at most two lanes, so that a slow one cannot take the places of the others."""
    hosts: defaultdict[str, list[Waiting]] = defaultdict(list)
    for one in wanted:
        hosts[urlsplit(one.article.url).hostname or ""].append(one)
    return [lane for all_of in hosts.values() for at in range(_PER_HOST) if (lane := all_of[at::_PER_HOST])]


def _fetch(desk: Newsdesk, one: Waiting) -> tuple[Article | str, Completion]:
    """Fetch and read one page; return the whole article, or why there is none."""
    try:
        fetched = desk.fetcher.fetch_page(one.article.url)
        page = pages.read(
            fetched.body,
            url=fetched.url,
            content_type=fetched.content_type,
            worker=desk.worker,
            now=one.article.seen_at,
            outlet=one.article.outlet,
            language=one.article.language,
        )
    except ContentError as error:
        return str(error), one.completion
    whole = merged(one.article, page)
    seen = replace(one.completion, headline=page.title, etag=fetched.etag, last_modified=fetched.last_modified)
    return (whole, seen) if whole is not None else ("its page does not hold what the feed told", one.completion)


def merged(teaser: Article, page: Article) -> Article | None:
    """Put a page's text in the place of a teaser's; None: the page is another text, or holds no more.

    Title, address and identity stay as the feed gave them: they are what readers and we know it by.
    """
    told = words(" ".join(teaser.paragraphs) or teaser.title)
    there = words(" ".join((page.title, page.standfirst, *page.paragraphs)))
    if containment(told, there) < _SAME_TEXT or _length(page) <= _length(teaser):
        return None
    return replace(
        teaser,
        paragraphs=page.paragraphs,
        standfirst=teaser.standfirst or page.standfirst,
        section=teaser.section or page.section,
        authors=teaser.authors or page.authors,
        agency=teaser.agency or page.agency,
        language=teaser.language or page.language,
        image=page.image or teaser.image,
        published_at=teaser.published_at or page.published_at,
        updated_at=teaser.updated_at or page.updated_at,
        truncated=page.truncated,
        content_hash=content_hash(teaser.title, page.paragraphs),
        removed=page.removed,
    )


def _length(article: Article) -> int:
    return sum(map(len, article.paragraphs))


def _keep(desk: Newsdesk, came: Sequence[_Came]) -> list[Article]:
    now = desk.clock()
    remembered, whole = [], []
    for one in came:
        found, completion = one.found, one.completion
        if isinstance(found, Article):
            whole.append(cleanse.completed(desk, found))
            remembered.append(replace(completion, completed_at=now, next_at=None, reason=""))
            continue
        tries = completion.attempts + 1
        next_at = now + _RETRIES[tries - 1] if tries <= len(_RETRIES) else None
        remembered.append(replace(completion, attempts=tries, next_at=next_at, reason=found[:300]))
        log.warning(
            "page_not_read", article=completion.article_id, url=one.waiting.article.url, tries=tries, error=found[:300]
        )
    # First the text, then that we have it: the other way round a crash would leave a teaser for good.
    # Its CMS may have handed an article over while its page came, with an urgency that no page tells.
    with desk.placing:
        by_cms = _handed_over(desk, whole)
        changed = desk.store.archive.add_articles([(one, False) for one in whole if one.id not in by_cms])
    desk.store.completions.save(remembered)
    return [*changed, *by_cms.values()]
