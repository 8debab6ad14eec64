"""Take in what a CMS hands over: read it, keep it, put it into its story at once.

token ─► outlet ─► fields ─► [its page] ─► archive ─► story ─► judged ── answer
                                                        └─► `catch_up`: proposed within seconds

The answer tells what the article came to; proposing it is the scheduler's part (`catch_up`, every few seconds in the
process that leads), so that nobody who reads or leaves waits for a mail to be rendered, and two web processes never
propose the same. Everything is on disk before the answer goes out.
"""

import hmac
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from alerts.content.reading import pages, pushed
from alerts.content.reading.articles import article_id
from alerts.content.topics import topics_of
from alerts.desk import clustering, embargo, identity
from alerts.desk.newsdesk import Newsdesk
from alerts.desk.notify import note
from alerts.desk.propose import propose
from alerts.errors import ConfigError, ContentError
from alerts.log import log
from alerts.model import Article, ArticleId, EditionState, Level, NoticeKind, Outlet, Relation, StoryId
from alerts.store.records import EditionRecord

#: A shorter token could be guessed.
SHORTEST_TOKEN = 20
#: An article older than this when it comes is for digests only, as with feeds.
_STALE = timedelta(hours=24)
_PUSHED, _PROPOSED = "pushed", "pushed-proposed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What an article that was handed over came to."""

    article: ArticleId
    story: StoryId
    outlet: str
    level: Level
    score: float
    reasons: tuple[str, ...]
    embargo_until: datetime | None
    #: of a watched outlet: it counts for a story and is never sent
    evidence_only: bool


def is_open(desk: Newsdesk) -> bool:
    """Tell whether any outlet may hand articles over."""
    return any(table.push is not None for table in desk.config.outlets)


def outlet_of(desk: Newsdesk, token: str) -> Outlet | None:
    """Tell which outlet a token speaks for; None: it is nobody's. Takes as long whichever it is."""
    given = token.encode("utf-8", "replace")
    found = None
    for table in desk.config.outlets:
        if table.push is None:
            continue
        try:
            wanted = table.push.read(base=desk.config.base, what=f'the push token of "{table.name}"')
        except ConfigError as error:
            log.error("push_token_missing", outlet=table.name, error=str(error))
            continue
        if len(wanted) < SHORTEST_TOKEN:
            log.error("push_token_short", outlet=table.name, least=SHORTEST_TOKEN)
        elif hmac.compare_digest(wanted.encode(), given):
            found = table.name
    return desk.outlets[found] if found is not None else None


def receive(desk: Newsdesk, outlet: Outlet, body: bytes) -> Received:
    """Take in an article, or the page of its address; the same again changes nothing and is answered the same.

    Raises NotJson and BadFields for what cannot be used; then nothing was kept.
    """
    told = pushed.read(body, outlet=outlet.name, topics=desk.config.topics.keys(), now=desk.clock())
    _refuse_strange(desk, outlet, told.url)
    page = None if told.has_text else _page(desk, outlet, told.url)
    with desk.placing:
        known = desk.store.archive.article(article_id(told.url, ""))
        if (
            known is not None
            and known.outlet != outlet.name
            and not identity.is_rather_of(desk, outlet.name, known.outlet, url=told.url)
        ):
            raise pushed.BadFields({"url": f'is an article of "{known.outlet}", for which this token does not speak'})
        made = _made(desk, outlet, told, page, known)
        if known is None or replace(made, removed=known.removed) != known or not _story(desk, made.id):
            _keep(desk, made, known)
        return _answer(desk, outlet, made)


def _made(desk: Newsdesk, outlet: Outlet, told: pushed.Pushed, page: Article | None, known: Article | None) -> Article:
    now = desk.clock()
    seen_at = known.seen_at if known is not None else now
    made = pushed.article(told, page=page, outlet=outlet.name, worker=desk.worker, seen_at=seen_at)
    if made.embargo_until is not None and made.embargo_until <= now:
        made = embargo.released(made)
    found = topics_of(made, desk.config.topics)
    return replace(made, topics=tuple(topic for topic in desk.config.topics if topic in {*told.topics, *found}))


def _keep(desk: Newsdesk, made: Article, known: Article | None) -> None:
    """Write the article down, hold what may not go out any more, place it, and wake whoever proposes."""
    now = desk.clock()
    desk.store.archive.put_article(made, backfill=now - embargo.released(made).told_at > _STALE)
    _reschedule(desk, made, known)
    clustering.cluster(desk, [made])
    desk.store.daybook.put(_PUSHED, f"{made.id}/{made.content_hash[:16]}/{now.isoformat()}", now=now)
    log.info("article_pushed", article=made.id, outlet=made.outlet, new=known is None)


def _answer(desk: Newsdesk, outlet: Outlet, made: Article) -> Received:
    story = desk.store.archive.story_of(made.id)
    assert story is not None
    verdict = story.verdict
    return Received(
        article=made.id,
        story=story.id,
        outlet=outlet.name,
        level=verdict.level if verdict else Level.DIGEST_ONLY,
        score=verdict.score if verdict else 0.0,
        reasons=verdict.reasons if verdict else (),
        embargo_until=embargo.running(desk, made),
        evidence_only=outlet.relation is Relation.WATCHED,
    )


def _story(desk: Newsdesk, article: ArticleId) -> bool:
    return desk.store.archive.story_of(article) is not None


def _refuse_strange(desk: Newsdesk, outlet: Outlet, url: str) -> None:
    """A token that leaked must not speak for another outlet."""
    claimed = desk.outlet_of(url)
    # Two outlets may share a host; then it is theirs both.
    if claimed is not None and _host(url) not in {_host(feed) for feed in outlet.feeds}:
        raise pushed.BadFields({"url": f'is an address of "{claimed.name}", for which this token does not speak'})


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").removeprefix("www.")


def _page(desk: Newsdesk, outlet: Outlet, url: str) -> Article:
    """Fetch and read the page of an address, under the same rules as any other."""
    try:
        fetched = desk.fetcher.fetch_page(url)
        page = pages.read(
            fetched.body,
            url=fetched.url,
            content_type=fetched.content_type,
            worker=desk.worker,
            now=desk.clock(),
            outlet=outlet.name,
        )
    except ContentError as error:
        raise pushed.BadFields({"url": f"its page cannot be used: {error}"}) from error
    _refuse_strange(desk, outlet, fetched.url)
    return page


# --- an embargo that came, moved or went ----------------------------------------------------------


def _reschedule(desk: Newsdesk, made: Article, known: Article | None) -> None:
    """Let no edition out before a new embargo ends; bring drafts to the time that holds now."""
    before = embargo.running(desk, known) if known is not None else None
    until = embargo.running(desk, made)
    if until is None and before is None:
        return
    states = (EditionState.DRAFT, EditionState.READY, EditionState.SENDING)
    for record in desk.store.ledger.editions(states=states, limit=1000):
        edition = record.edition
        named = {entry.article for entry in edition.entries}
        named |= {ArticleId(sentence.article) for entry in edition.entries for sentence in entry.printed}
        if made.id not in named:
            continue
        if record.state is not EditionState.DRAFT:
            if until is not None and (edition.not_before_at or desk.clock()) < until:
                _hold(desk, record, until)
        elif not edition.digest and edition.not_before_at in {before, None}:
            # A digest's draft is made anew without it when it is due.
            expires_at = (until or desk.clock()) + desk.config.breaking.draft_expires
            desk.store.ledger.replace_draft(replace(edition, not_before_at=until, expires_at=expires_at))


def _hold(desk: Newsdesk, record: EditionRecord, until: datetime) -> None:
    edition, now = record.edition, desk.clock()
    why = f"its article came {embargo.spoken(desk, until)} after it was approved"
    if desk.store.ledger.change_state(edition.id, EditionState.HELD, now=now, reason=why, by="alerts"):
        note(
            desk,
            NoticeKind.HELD,
            key=f"embargo/{edition.id}/{until.isoformat()}",
            text=f'"{edition.subject}" is held: {why}. Then: alerts release {edition.id}; or: alerts kill {edition.id}',
            edition=edition.id,
        )


# --- the scheduler's part -------------------------------------------------------------------------


def catch_up(desk: Newsdesk) -> None:
    """Propose what was handed over, and what an embargo has let go. Called every few seconds; safe to repeat."""
    with desk.placing:
        changed = embargo.lift(desk)
        waiting = desk.store.archive.unplaced(since=desk.clock() - _STALE)
        # What feeds bring is placed by their poll, which may wait for its pages.
        changed += clustering.cluster(desk, [article for article in waiting if article.feed == pushed.FEED])
    last, done = desk.store.daybook.get(_PUSHED), desk.store.daybook.get(_PROPOSED)
    fresh = last is not None and (done is None or done.value != last.value)
    if changed or fresh:
        propose(desk)
    if last is not None and fresh:
        # After, not before: a process that dies between the two proposes once more, which does no harm.
        desk.store.daybook.put(_PROPOSED, last.value, now=desk.clock())
