"""Make an edition from what an editor points at: an address, a file, a text, a story, or words typed just now."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from alerts.content import editions
from alerts.content.reading import pages
from alerts.content.reading.articles import article_id
from alerts.content.text import tidy
from alerts.content.topics import topics_of
from alerts.desk import clustering, embargo
from alerts.desk.newsdesk import Newsdesk
from alerts.desk.summarising import summary_of
from alerts.desk.told import is_told
from alerts.errors import ContentError, SendRefused
from alerts.model import Article, Edition, Entry, Story, StoryId, Urgency

#: A file larger than this is no article.
_MAX_FILE_BYTES = 5_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What an editor pointed at."""

    #: ours, best first
    articles: tuple[Article, ...]
    #: the story they belong to, if the archive knows one
    story: Story | None = None
    #: the story itself was pointed at, so its reasons are why it is sent
    by_story: bool = False


def find(desk: Newsdesk, sources: Sequence[str], *, typed: bytes | None = None) -> Found:
    """Read what the sources name: addresses, files, `-` (what was typed), or one story id.

    Raises ContentError when one cannot be used, SendRefused when it is a watched outlet's.
    """
    if len(sources) == 1 and (known := _story(desk, sources[0])):
        story = embargo.tellable(desk, known).story
        ours = tuple(desk.ours_among(story.articles))
        if story.lead is None or not ours:
            raise SendRefused(
                f"only watched outlets have story {story.id}: {story.title}",
                hint="write your own: alerts send --edit without a source makes a flash",
            )
        return Found(articles=(story.lead, *(a for a in ours if a.id != story.lead.id)), story=story, by_story=True)
    articles = tuple(_article(desk, source, typed=typed) for source in sources)
    sendable = desk.ours_among(articles)
    for article in articles:
        if article not in sendable:
            raise SendRefused(
                f"{article.outlet} is a watched outlet: its articles are never sent",
                hint='set relation = "ours" for it if you may send them',
            )
    # Marked as backfill: what an editor picks by hand is not proposed to them as well.
    desk.store.archive.add_articles([(article, True) for article in articles])
    clustering.cluster(desk, [article for article in articles if desk.store.archive.story_of(article.id) is None])
    return Found(articles=articles, story=desk.store.archive.story_of(articles[0].id))


def _story(desk: Newsdesk, source: str) -> Story | None:
    if re.match(r"https?://", source) or source == "-" or Path(source).exists():
        return None
    return desk.store.archive.story(source) if re.fullmatch(r"[A-Za-z0-9]{4,32}", source) else None


def _article(desk: Newsdesk, source: str, *, typed: bytes | None) -> Article:
    if re.match(r"https?://", source):
        known = desk.store.archive.article(article_id(source, ""))
        if known is not None and embargo.running(desk, known):
            return known  # its CMS handed it over; its page is not public yet
        fetched = desk.fetcher.fetch_page(source)
        return _read(desk, fetched.body, url=fetched.url, content_type=fetched.content_type, shown=source)
    if source == "-":
        return _read(desk, typed or b"", shown="standard input")
    return _read(desk, _file(Path(source)), shown=source)


def _read(desk: Newsdesk, body: bytes, *, shown: str, url: str = "", content_type: str = "") -> Article:
    article = pages.read(body, url=url, content_type=content_type, worker=desk.worker, now=desk.clock(), shown=shown)
    # A saved page says by its canonical address whose it is.
    claimed = desk.outlet_of(article.url or url)
    return replace(
        article,
        outlet=claimed.name if claimed else article.outlet or desk.config.newsroom.name,
        topics=topics_of(article, desk.config.topics),
    )


def _file(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise ContentError(f"{path} is a folder", hint="name a file in it")
        if path.stat().st_size > _MAX_FILE_BYTES:
            raise ContentError(f"{path} is larger than {_MAX_FILE_BYTES // 1_000_000} MB: no article")
        return path.read_bytes()
    except FileNotFoundError:
        raise ContentError(
            f"{path}: there is no such file, and no story of that id", hint="`alerts stories list` shows the stories"
        ) from None
    except OSError as error:
        raise ContentError(f"{path}: cannot be read: {error.strerror}") from error


def alert(
    desk: Newsdesk,
    found: Found,
    *,
    segments: tuple[str, ...],
    urgency: Urgency,
    made_by: str,
    update: bool = False,
) -> Edition:
    """Write the alert for what an editor pointed at; an update counts on from the alerts already sent.

    Raises SendRefused for an update of what was never alerted.
    """
    revision = next_revision(desk, found.story) if update else 1
    if update and revision == 1:
        raise SendRefused("nothing was sent of this story before", hint="leave --update out")
    edition = editions.alert(
        found.story if found.story is not None and found.story.lead is not None else found.articles[0],
        summary_of(desk, found.articles, kind="alert"),
        segments=segments,
        urgency=urgency,
        revision=revision,
        language=found.articles[0].language or desk.config.newsroom.language,
        made_at=desk.clock(),
        made_by=made_by,
    )
    # The story's lead may be another outlet's telling; what the editor pointed at is what is linked.
    made = edition.entries[0]
    entry = replace(
        editions.entry(found.articles[0], made.sentences, story=found.story.id if found.story else None),
        method=made.method,
        doubts=made.doubts,
        outlets=outlets_of(desk, found.articles, found.story),
    )
    return replace(edition, entries=(entry,), reasons=edition.reasons if found.by_story else ())


def outlets_of(desk: Newsdesk, articles: Sequence[Article], story: Story | None = None) -> tuple[str, ...]:
    """Name the outlets of ours that tell of something, as told above all by the first article; none alone."""
    free = embargo.tellable(desk, story).story.articles if story is not None else ()
    named = dict.fromkeys(tidy(one.outlet) for one in desk.ours_among((*articles, *free)) if one.outlet)
    return tuple(named) if len(named) > 1 else ()


def next_revision(desk: Newsdesk, story: Story | None) -> int:
    """Count the alerts and updates that were sent of a story, plus one."""
    return 1 + len(alerts_of(desk, [story.id])) if story else 1


def alerts_of(desk: Newsdesk, stories: Sequence[StoryId]) -> list[Edition]:
    """List the alerts and updates of stories that readers have or may get, newest first."""
    ledger = desk.store.ledger
    # What was told of a story counts for the one that it was merged into.
    names = {*stories, *desk.store.placements.formerly(stories)}
    return [record.edition for record in ledger.story_editions(names) if is_told(desk, record)]


def flash(desk: Newsdesk, written: str, *, segments: tuple[str, ...], made_by: str) -> Edition:
    """Make a flash of an editor's own words (laid out like `form`), before there is an article."""
    words = _read_form(written)
    return editions.flash(
        words.subject,
        "\n".join(words.lines),
        preheader=words.preheader,
        known=words.known,
        unknown=words.unknown,
        segments=segments,
        language=desk.config.newsroom.language,
        made_at=desk.clock(),
        made_by=made_by,
    )


#: What an editor sees in $EDITOR; read back by `edited`.
_FORM = """Subject: {subject}
Preheader: {preheader}

{text}
"""
#: Each on a line of its own, above what is listed in the mail under "What we know" and "What we do not know yet".
_KNOWN, _UNKNOWN = "Known:", "Unknown:"


def form(edition: Edition) -> str:
    """Lay an edition's words out for an editor: subject, preheader, and the text as in `text_of`."""
    return _FORM.format(subject=edition.subject, preheader=edition.preheader, text=text_of(edition))


def text_of(edition: Edition) -> str:
    """Lay a text out for an editor: one sentence a line, then what is known and what is not; of a digest its lead."""
    first = edition.entries[0] if edition.entries else Entry(headline="", sentences=())
    lines = [sentence.text for sentence in first.sentences]
    if not edition.digest:
        lines += ["", _KNOWN, *(sentence.text for sentence in first.known)]
        lines += ["", _UNKNOWN, *(sentence.text for sentence in first.unknown)]
    return "\n".join(lines)


#: The form with nothing in it yet.
BLANK_FORM = _FORM.format(subject="", preheader="", text=f"\n\n{_KNOWN}\n\n{_UNKNOWN}")


def edited(edition: Edition, written: str) -> Edition:
    """Take over what an editor made of `form`. Raises ContentError when the subject is missing."""
    words = _read_form(written)
    return editions.rewritten(
        edition,
        subject=words.subject,
        preheader=words.preheader,
        lines=words.lines,
        known=words.known,
        unknown=words.unknown,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """What an editor filled into the form."""

    subject: str
    preheader: str
    lines: tuple[str, ...]
    known: tuple[str, ...]
    unknown: tuple[str, ...]


def _read_form(written: str) -> _Words:
    head, _, body = written.partition("\n\n")
    fields = dict(re.findall(r"^(Subject|Preheader):[ \t]*(.*)$", head, re.M))
    subject = fields.get("Subject", "").strip()
    if not subject:
        raise ContentError("the subject is empty; nothing was sent", hint='the first line must be "Subject: …"')
    parts: dict[str, list[str]] = {"": [], _KNOWN: [], _UNKNOWN: []}
    part = ""
    for line in map(str.strip, body.splitlines()):
        if line.capitalize() in (_KNOWN, _UNKNOWN):
            part = line.capitalize()
        elif part:
            # Whoever lists things sets bullets, which the mail does by itself.
            parts[part].append(re.sub(r"^[-*•–][ \t]+", "", line))
        else:
            parts[part].append(line)
    text, known, unknown = (tuple(line for line in lines if line) for lines in parts.values())
    return _Words(
        subject=subject,
        preheader=fields.get("Preheader", "").strip(),
        lines=text,
        known=known,
        unknown=unknown,
    )
