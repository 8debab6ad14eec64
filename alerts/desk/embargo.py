"""Keep what is under embargo inside the house until its time, whoever asks for it to go out.

An embargo is the publisher's own word, given with the article (`receive`) and kept in the archive. Nothing here or
elsewhere overrides it: it ends at its time, or when the publisher says otherwise.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from alerts.desk import clustering
from alerts.desk.newsdesk import Newsdesk
from alerts.errors import SendRefused
from alerts.log import log
from alerts.model import Article, Edition, Story

#: An editor is asked this long before an embargo ends: within their shift, not the evening before.
AHEAD = timedelta(hours=2)
#: An embargo that ended while nobody was running is still noticed this much later.
_LOOK_BACK = timedelta(days=2)
_LOOKED = "embargoes-looked-at"


def running(desk: Newsdesk, article: Article) -> datetime | None:
    """Tell until when an article is under embargo; None: it is not, or not any more."""
    until = article.embargo_until
    return until if until is not None and until > desk.clock() else None


def until(desk: Newsdesk, edition: Edition) -> datetime | None:
    """Tell until when anything that an edition says is under embargo; None: nothing is."""
    under = {article.id: article.embargo_until for article in desk.store.archive.embargoes(since=desk.clock())}
    if not under:
        return None
    drawn_on: set[str | None] = {entry.article for entry in edition.entries}
    drawn_on |= {sentence.article for entry in edition.entries for sentence in entry.printed}
    return max((at for known, at in under.items() if at is not None and known in drawn_on), default=None)


def spoken(desk: Newsdesk, at: datetime) -> str:
    """Say an embargo as an editor would: `under embargo until 14:00 CET`, with the day where it is not today."""
    zone = ZoneInfo(desk.config.newsroom.timezone)
    local, today = at.astimezone(zone), desk.clock().astimezone(zone).date()
    return f"under embargo until {local:%H:%M %Z}" + ("" if local.date() == today else f" on {local:%d %b}")


def refuse(desk: Newsdesk, edition: Edition) -> None:
    """Raise SendRefused for an edition that would go out while something in it is under embargo."""
    ends_at = until(desk, edition)
    if ends_at is not None and (edition.not_before_at or desk.clock()) < ends_at:
        # Never a moment before it ends.
        minute = ends_at.replace(second=0, microsecond=0)
        minute += timedelta(minutes=minute < ends_at)
        local = minute.astimezone(ZoneInfo(desk.config.newsroom.timezone))
        raise SendRefused(
            f'"{edition.subject}" is {spoken(desk, ends_at)}',
            hint=f"schedule it: --at {local.isoformat(timespec='minutes')}; if the embargo is wrong, correct it in the "
            "CMS and let it hand the article over again",
        )


def scheduled(desk: Newsdesk, edition: Edition) -> Edition:
    """Let an edition go out no earlier than the embargoes of what it says end."""
    ends_at = until(desk, edition)
    if ends_at is None:
        return edition
    return replace(edition, not_before_at=max(ends_at, edition.not_before_at or ends_at))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tellable:
    """What of a story may be told, and from when on."""

    story: Story
    #: None: now
    not_before_at: datetime | None = None


def tellable(desk: Newsdesk, story: Story) -> Tellable:
    """Leave out what is under embargo; where our only telling is, give it as it will stand when its embargo ends."""
    story = _led_by_ours(desk, story)
    under = [article for article in story.articles if running(desk, article)]
    if not under:
        return Tellable(story=story)
    free = [article for article in story.articles if article not in under]
    ours = desk.ours_among(free)
    if ours or (story.lead is None and free):
        lead = story.lead if story.lead in free else _fullest(ours)
        return Tellable(story=clustering.judged(desk, replace(story, lead=lead, articles=tuple(free))))
    if story.lead is None:
        return Tellable(story=story, not_before_at=min(filter(None, (running(desk, one) for one in under))))
    ends_at = running(desk, story.lead)
    assert ends_at is not None
    known = [
        released(article) if (its := running(desk, article)) is not None and its <= ends_at else article
        for article in story.articles
        if (its := running(desk, article)) is None or its <= ends_at
    ]
    lead = next(article for article in known if article.id == story.lead.id)
    there = clustering.judged(desk, replace(story, lead=lead, articles=tuple(known)), now=ends_at)
    return Tellable(story=there, not_before_at=ends_at)


def _led_by_ours(desk: Newsdesk, story: Story) -> Story:
    """Choose another lead where the outlet that gave it became a watched one."""
    if story.lead is None or desk.ours_among([story.lead]):
        return story
    return clustering.judged(desk, replace(story, lead=_fullest(desk.ours_among(story.articles))))


def proposable(desk: Newsdesk, story: Story) -> Tellable | None:
    """Tell what of a story may be proposed; None: only what is under embargo for long yet."""
    found = tellable(desk, story)
    if found.not_before_at is None:
        return found
    far = found.not_before_at - desk.clock() > AHEAD
    return None if far or found.story.lead is None else found


def released(article: Article) -> Article:
    """Make an article as the world sees it once its embargo ended: its news counts from then."""
    ended_at = article.embargo_until
    if ended_at is None:
        return article
    published_at = max(article.published_at, ended_at) if article.published_at else None
    return replace(article, seen_at=max(article.seen_at, ended_at), published_at=published_at)


def lift(desk: Newsdesk) -> list[Story]:
    """Judge the stories anew whose embargo ended since the last look, or ends soon; return them. Safe to repeat."""
    now = desk.clock()
    archive, daybook = desk.store.archive, desk.store.daybook
    known = daybook.get(_LOOKED)
    since = max(known.at, now - _LOOK_BACK) if known else now - _LOOK_BACK
    ended = archive.embargoes(since=since, until=now)
    soon = [one for one in archive.embargoes(since=max(now, since + AHEAD), until=now + AHEAD) if one not in ended]
    changed = []
    if ended:
        for article in map(released, ended):
            archive.put_article(article)
            log.info("embargo_ended", article=article.id)
        changed = clustering.cluster(desk, [released(article) for article in ended])
    changed += _wake(desk, soon, now=now)
    if known is None or changed or soon or now - known.at > timedelta(minutes=1):
        daybook.put(_LOOKED, "", now=now)
    return changed


def _wake(desk: Newsdesk, articles: Iterable[Article], *, now: datetime) -> list[Story]:
    """Bring the stories of articles back among those that are looked at for proposals."""
    woken = []
    for article in articles:
        story = desk.store.archive.story_of(article.id)
        if story is not None:
            as_it_will_be = tellable(desk, story).story.verdict
            woken.append(replace(story, last_seen_at=now, verdict=as_it_will_be))
            desk.store.archive.save_story(woken[-1])
    return woken


def _fullest(articles: list[Article]) -> Article | None:
    return max(articles, key=lambda one: (sum(map(len, one.paragraphs)), one.told_at, one.id), default=None)
