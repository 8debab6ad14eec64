"""Choosing what an edition says. Pure, but for drawing the edition's random id.

Makes drafts: whom it goes to, when, and whether, others decide.
"""

import base64
import hashlib
import secrets
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from alerts.content.reading.articles import canonical
from alerts.content.summaries import headline
from alerts.content.summaries.fitting import fit
from alerts.content.text import shorten, tidy
from alerts.errors import ContentError
from alerts.model import (
    SCOPE_ALERTS,
    Article,
    Edition,
    EditionId,
    Entry,
    Kind,
    Occurrence,
    Sentence,
    Story,
    StoryId,
    Summary,
    Urgency,
)

_LONGEST_KEY = 300
_LATE_AT_MOST = timedelta(hours=24)


def new_id() -> EditionId:
    """Draw an edition's id: 12 letters and digits, 60 bits."""
    return EditionId(base64.b32encode(secrets.token_bytes(8)).decode()[:12].lower())


def alert(
    told: Story | Article,
    summary: Summary,
    *,
    segments: Sequence[str],
    made_at: datetime,
    urgency: Urgency = Urgency.ALERT,
    made_by: str = "",
    revision: int = 1,
    language: str = "",
) -> Edition:
    """Make the alert on a story or a single article; from revision 2 on it is an update.

    Raises ContentError for a story that only watched outlets have: theirs is never sent.
    """
    story = told if isinstance(told, Story) else None
    article = told.lead if isinstance(told, Story) else told
    if article is None:
        raise ContentError(f"{tidy(told.title)}: no outlet of ours has this story yet")
    key = f"alert/{_subject_of(story, article)}/r{revision}"
    return Edition(
        id=new_id(),
        kind=Kind.ALERT if revision == 1 else Kind.UPDATE,
        urgency=urgency,
        key=key,
        told_key=key,
        subject=tidy(summary.headline),
        preheader=tidy(summary.preheader),
        line=tidy(summary.line.text) if summary.line else "",
        entries=(entry(article, summary.sentences, story=story.id if story else None, summary=summary),),
        segments=tuple(segments),
        language=language or article.language or "en",
        scope=SCOPE_ALERTS,
        made_at=made_at,
        reasons=story.verdict.reasons if story and story.verdict else (),
        made_by=made_by,
    )


def _subject_of(story: Story | None, article: Article) -> str:
    """Name what an alert tells of: the story, else the address, else the words."""
    if story is not None:
        return story.id
    if article.url and len(article.url) <= _LONGEST_KEY:
        return canonical(article.url)
    return article.id if article.url else article.content_hash[:32]


def flash(
    subject: str,
    text: str,
    *,
    segments: Sequence[str],
    made_at: datetime,
    made_by: str = "",
    url: str = "",
    preheader: str = "",
    language: str = "en",
    urgency: Urgency = Urgency.FLASH,
    known: Sequence[str] = (),
    unknown: Sequence[str] = (),
) -> Edition:
    """Make an alert of an editor's own words, before there is an article. Raises ContentError for an empty part.

    `known` and `unknown` are what they list as known, and as not known yet.
    """
    subject = tidy(subject)
    paragraphs = [tidy(paragraph) for paragraph in text.splitlines() if tidy(paragraph)]
    if not subject:
        raise ContentError("the flash has no subject")
    if not paragraphs:
        raise ContentError("the flash has no text")
    digest_of = hashlib.sha256("\0".join([subject, *paragraphs]).encode()).hexdigest()[:32]
    said, listed, open_yet = (_said(lines) for lines in (paragraphs, known, unknown))
    key = f"alert/flash-{digest_of}/r1"
    return Edition(
        id=new_id(),
        kind=Kind.ALERT,
        urgency=urgency,
        key=key,
        told_key=key,
        subject=subject,
        preheader=tidy(preheader) or _beginning(paragraphs[0], language),
        entries=(
            Entry(
                headline=subject,
                sentences=said,
                url=canonical(url) if url else "",
                language=language,
                known=listed,
                unknown=open_yet,
            ),
        ),
        segments=tuple(segments),
        language=language,
        made_at=made_at,
        made_by=made_by,
    )


def _said(lines: Sequence[str], before: Sequence[Sentence] = ()) -> tuple[Sentence, ...]:
    """Take over an editor's lines; one that stood there before keeps its source."""
    known = {sentence.text: sentence for sentence in before}
    return tuple(known.get(line, Sentence(text=line, place="editor")) for line in map(tidy, lines) if line)


def rewritten(
    edition: Edition,
    *,
    subject: str,
    preheader: str,
    lines: Sequence[str],
    known: Sequence[str] = (),
    unknown: Sequence[str] = (),
) -> Edition:
    """Take over an editor's words; a sentence left as it was keeps its source. A digest keeps its entries.

    Raises ContentError when nothing is left to say.
    """
    subject, preheader = tidy(subject), tidy(preheader)
    if not subject:
        raise ContentError("the subject is empty")
    if edition.digest:
        return replace(edition, subject=subject, preheader=preheader or edition.preheader)
    first = edition.entries[0]
    said = _said(lines, first.printed)
    if not said:
        raise ContentError("the text is empty")
    headline_now = subject if subject != edition.subject else first.headline
    told = replace(
        first,
        headline=headline_now,
        sentences=said,
        known=_said(known, first.printed),
        unknown=_said(unknown, first.printed),
    )
    return replace(
        edition,
        subject=subject,
        preheader=preheader or _beginning(said[0].text, edition.language),
        # A line that says what the editor took out must not live on in notices.
        line=edition.line if said == first.sentences and subject == edition.subject else "",
        entries=(told, *edition.entries[1:]),
    )


def _beginning(text: str, language: str) -> str:
    """Make a preheader of a text that an editor wrote: they see it and may write another."""
    return fit(text, 110, language=language) or shorten(text, 110)


def digest(
    items: Sequence[tuple[Story, Summary]],
    *,
    digest: str,
    title: str,
    occurrence: Occurrence,
    segments: Sequence[str],
    made_at: datetime,
    made_by: str = "",
    language: str = "en",
) -> Edition:
    """Make a digest of stories, the most important first. Stories without an article of ours are left out."""
    entries = tuple(
        entry(story.lead, summary.blurb, story=story.id, summary=summary)
        for story, summary in items
        if story.lead is not None
    )
    if not entries:
        raise ContentError(f"{digest}: there is nothing to tell")
    headlines = [summary.headline for story, summary in items if story.lead is not None]
    return Edition(
        id=new_id(),
        kind=Kind.DIGEST,
        key=occurrence.key,
        # Without the zone: who moves house gets the digest of a date once.
        told_key=f"digest/{digest}/{occurrence.nominal_on.isoformat()}/{occurrence.slot}",
        subject=headline.subject_of(
            [f"{tidy(title)}: {headlines[0]}" if title else headlines[0], headlines[0]], language=language
        ),
        preheader=_contents(headlines[1:], language)
        or _beginning(entries[0].sentences[0].text if entries[0].sentences else "", language),
        entries=entries,
        segments=tuple(segments),
        language=language,
        scope=f"digest:{digest}",
        title=tidy(title),
        digest=digest,
        nominal_on=occurrence.nominal_on,
        made_at=made_at,
        made_by=made_by,
    )


def _contents(headlines: Sequence[str], language: str) -> str:
    """List further headlines in a preheader: whole ones as far as they fit."""
    line = ""
    for text in headlines:
        longer = f"{line} · {text}" if line else text
        if len(longer) > 110:
            break
        line = longer
    return line or (fit(headlines[0], 110, language=language) if headlines else "")


def entry(
    article: Article, sentences: Sequence[Sentence], *, story: StoryId | None = None, summary: Summary | None = None
) -> Entry:
    """Make what an edition says of one article; everything in it is fit to print.

    `summary` is what the sentences are of: how they were made and what was found goes with them.
    """
    image = article.image
    if image is not None:
        image = replace(
            image, alt=tidy(image.alt), caption=tidy(image.caption), credit=tidy(image.credit), url=canonical(image.url)
        )
    return Entry(
        headline=headline.of_article(article),
        sentences=tuple(replace(sentence, text=tidy(sentence.text)) for sentence in sentences),
        url=canonical(article.url),
        outlet=tidy(article.outlet),
        section=tidy(article.section),
        language=article.language,
        published_at=article.published_at,
        image=image if image and image.url else None,
        story=story,
        article=article.id,
        method=summary.method if summary else "",
        doubts=summary.doubts if summary else (),
    )


def pick_for_digest(
    stories: Sequence[Story],
    *,
    told: Collection[StoryId],
    since: datetime,
    max_stories: int,
    topics: Sequence[str] = (),
) -> list[Story]:
    """Pick what a digest tells: ours, new since its last one, not told in it yet; best first, sections mixed."""
    wanted = set(topics)
    waiting = [
        story
        for story in stories
        if story.lead is not None
        and story.id not in told
        and _new_since(story.lead, since)
        and (not wanted or wanted & set(story.lead.topics))
    ]
    picked: list[Story] = []
    sections: dict[str, int] = {}
    while waiting and len(picked) < max_stories:
        best = max(waiting, key=lambda story: (_worth(story) - _crowded(story, sections), story.last_seen_at, story.id))
        waiting.remove(best)
        picked.append(best)
        sections[_section(best)] = sections.get(_section(best), 0) + 1
    return picked


def _new_since(article: Article, since: datetime) -> bool:
    """Tell whether an article is new, also one that reached us late; not what an old feed brought along."""
    late = article.seen_at - article.told_at
    return article.told_at >= since or (article.seen_at >= since and late <= _LATE_AT_MOST)


def _worth(story: Story) -> float:
    return story.verdict.score if story.verdict else 0.0


def _crowded(story: Story, sections: dict[str, int]) -> float:
    """Hold a section back the more it has: three crime stories in a row are a bad paper."""
    section = _section(story)
    return 0.75 * sections.get(section, 0) if section else 0.0


def _section(story: Story) -> str:
    return story.lead.section.casefold() if story.lead else ""
