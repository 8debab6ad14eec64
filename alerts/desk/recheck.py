"""Look at an article's page once more before an alert about it goes out.

Gone, or now telling something else: the draft stays with the desk and is not frozen. A server that does not answer
holds nothing up: an alert must not wait for a dead web server, so that only leaves a warning with the decision.
"""

import re
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from alerts.content.fetching.answers import Fetched, NothingThere
from alerts.content.guard.faithfulness import unsupported
from alerts.content.reading import pages
from alerts.content.rules import stopwords, urgency_words_for
from alerts.content.summaries.headline import bare
from alerts.content.text import key, stem, words
from alerts.desk import embargo
from alerts.desk.newsdesk import Newsdesk
from alerts.desk.notify import note
from alerts.errors import ContentError, SendRefused
from alerts.log import log
from alerts.model import Article, ArticleId, Edition, EditionId, Kind, NoticeKind, Relation
from alerts.store.records import Decision

_ALERTS = frozenset({Kind.ALERT, Kind.UPDATE})
#: With more of its words unheard of, a headline tells of something else.
_STRANGE_SHARE = 0.34
_LABEL = re.compile(r"^\s*([^\W\d_][\w -]{2,24}?)\s*[:|]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a look at the page came to."""

    #: why the draft must not go out; empty: it may
    held: str = ""
    #: what could not be found out
    warning: str = ""


def before_freeze(desk: Newsdesk, edition: Edition, *, despite: str = "") -> Look:
    """Look at the page of what an edition tells first, and return what was found.

    Raises SendRefused when the page is gone or tells something else, unless `despite` says why it shall go out all the
    same; the desk is told, and it is written down. An embargo is refused whatever is said.
    """
    embargo.refuse(desk, edition)
    article = _to_look_at(desk, edition)
    if article is None:
        return Look()
    found = _rewritten(desk, edition, article) or look(desk, article)
    if found.warning:
        log.warning("page_not_checked", edition=edition.id, why=found.warning)
    if found.held and not despite:
        _hold(desk, edition, found.held)
        raise SendRefused(
            f'"{edition.subject}" is held: {found.held}',
            hint=f"read {article.url}; to send it all the same, say why: --despite REASON",
        )
    return found


def _rewritten(desk: Newsdesk, edition: Edition, article: Article) -> Look | None:
    """Compare a draft with its article, which a feed or its CMS may have changed since; None: it tells the same."""
    record = desk.store.ledger.find(edition.id)
    if record is None or any(one.decision == "edit" for one in desk.store.daybook.decisions(edition.id)):
        return None  # made a moment ago, or an editor's own words
    entry, title = edition.entries[0], bare(article.title)
    if key(entry.headline) == key(title):
        return None
    said = tuple(sentence.text for sentence in entry.sentences)
    drafted = replace(article, title=entry.headline, standfirst=edition.preheader, paragraphs=said)
    what = changed(title, drafted)
    return Look(held=f'its headline was changed to "{title}": {what}') if what else None


def look(desk: Newsdesk, article: Article) -> Look:
    """Fetch an article's page, once and briefly, and compare it with what we have of it."""
    known = desk.store.completions.known([article.id]).get(article.id)
    try:
        fetched = desk.page_checker.fetch(
            article.url, etag=known.etag if known else "", last_modified=known.last_modified if known else ""
        )
    except NothingThere:
        return Look(held="its page is gone (404)")
    except ContentError as error:
        return Look(warning=f"its page could not be looked at: {error}")
    if fetched.status == 410:
        return Look(held="its page was taken down (410)")
    if fetched.status == 304:
        return Look()
    if not fetched.ok:
        return Look(warning=f"its page could not be looked at: the server answered {fetched.status}")
    if _is_front(fetched.url) and not _is_front(article.url):
        return Look(held=f"its address now leads to {fetched.url}")
    return _compare(desk, article, fetched, known.headline if known else "")


def _compare(desk: Newsdesk, article: Article, fetched: Fetched, headline: str) -> Look:
    try:
        page = pages.read(
            fetched.body,
            url=fetched.url,
            content_type=fetched.content_type,
            worker=desk.worker,
            now=desk.clock(),
            outlet=article.outlet,
            language=article.language,
        )
    except ContentError as error:
        return Look(warning=f"its page could not be read: {error}")
    if what := changed(page.title, article, before=headline):
        return Look(held=f'its headline is now "{page.title}": {what}')
    return Look()


def changed(title: str, article: Article, *, before: str = "") -> str:
    """Say what a page's headline tells that our text of it does not; empty: it tells the same in whatever words.

    `before` is the page's own headline as it was when we read it; without it, feed and page may word it differently.
    """
    if key(title) in {key(article.title), key(before)}:
        return ""
    text = "\n".join((article.title, article.standfirst, *article.paragraphs))
    heard = {stem(word) for word in words(f"{text} {before}")}
    label = _LABEL.match(title)
    markers = {key(marker) for marker in urgency_words_for(article.language).markers}
    if label and key(label[1]) not in markers and not {stem(word) for word in words(label[1])} <= heard:
        return f"it says “{label[1]}”"
    title = bare(title)
    content = [word for word in words(title) if word not in stopwords()]
    strange = [word for word in content if stem(word) not in heard]
    beyond = [doubt for doubt in unsupported(title, [text]) if not doubt.misplaced] if strange or not before else []
    if beyond:
        return f"“{beyond[0].text}” is not in our text"
    if strange and (before or len(strange) > _STRANGE_SHARE * len(content)):
        return f"“{strange[0]}” is not in our text"
    return ""


def _to_look_at(desk: Newsdesk, edition: Edition) -> Article | None:
    """Find the article whose page is looked at; None: there is none on the web, or it is not public yet."""
    if not desk.config.breaking.recheck or edition.kind not in _ALERTS or not edition.entries:
        return None
    named = edition.entries[0].article
    article = desk.store.archive.article(ArticleId(named)) if named else None
    if article is None or not re.match(r"https?://", article.url) or embargo.running(desk, article):
        return None
    outlet = desk.outlets.get(article.outlet)
    from_file = article.feed.startswith("/")
    return None if from_file or (outlet is not None and outlet.relation is Relation.WATCHED) else article


def _is_front(url: str) -> bool:
    parts = urlsplit(url)
    return parts.path in {"", "/"} and not parts.query


def _hold(desk: Newsdesk, edition: Edition, why: str) -> None:
    now = desk.clock()
    desk.store.daybook.decide(
        Decision(
            edition=edition.id,
            story=edition.entries[0].story,
            decision="recheck",
            editor="alerts",
            at=now,
            reason=why,
        )
    )
    if desk.store.ledger.find(edition.id) is None:
        return  # no draft: whoever sends it by hand reads the refusal
    note(
        desk,
        NoticeKind.HELD,
        key=f"recheck/{edition.id}/{why}"[:300],
        text=f'"{edition.subject}" was not sent: {why}. Read the page, then edit, reject, or send it all the same: '
        f'alerts approve {edition.id} --despite "why"',
        edition=edition.id,
    )


def held_because(desk: Newsdesk, edition: EditionId) -> str:
    """Tell why the last look at a draft's page held it; empty: it did not, or somebody decided since."""
    decisions = desk.store.daybook.decisions(edition)
    return decisions[-1].reason if decisions and decisions[-1].decision == "recheck" else ""
