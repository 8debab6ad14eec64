"""Everything that is wrong with a mail, found before anybody gets it: on every send, and with `alerts preflight`.

`findings` reads the archive and the ledger and touches no network: it runs before every send, on the approval page and
in the preview. What takes longer is for `alerts preflight` alone: links (`links`), a spam score (`spam`).
"""

from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

from alerts.content.rules import stopwords
from alerts.content.text import key, stem, words
from alerts.desk import standing, told
from alerts.desk.newsdesk import Newsdesk
from alerts.mail.mime import delsp
from alerts.mail.variant import Variant
from alerts.model import Edition, Finding, Severity
from alerts.templating.checks import preflight

#: A small phone's list shows so much of a subject.
SUBJECT_START = 33
#: who got the same within so long should not get it again
SAME_WITHIN = timedelta(hours=24)
#: Editions that are looked through for the same words: more than any newsroom sends in a day.
_LOOKED_THROUGH = 200


def findings(desk: Newsdesk, edition: Edition, variant: Variant) -> tuple[Finding, ...]:
    """Check an edition and its rendering, errors first; each finding names its place and what to do."""
    sources = standing.sources_of(desk, edition)
    found = preflight(
        edition,
        variant,
        sources=sources,
        postal_address=desk.config.sender.postal_address,
        findings=[*_late(edition), *_same(desk, edition), *standing.doubts(edition, sources)],
    )
    return tuple(dict.fromkeys(found))


def _late(edition: Edition) -> Iterator[Finding]:
    """Find a subject whose beginning, all that a small phone shows, tells nothing of the news."""
    subject = edition.subject.strip()
    if len(subject) <= SUBJECT_START or delsp(edition.language) or not edition.entries:
        return
    telling = [one.text for entry in edition.entries for one in entry.printed]
    told_of = {
        stem(word) for text in (*telling, *(entry.headline for entry in edition.entries)) for word in words(text)
    }
    # The last word may be cut in two.
    shown = subject[:SUBJECT_START].rpartition(" ")[0]
    if not any(stem(word) in told_of for word in words(shown) if word not in stopwords()):
        yield Finding(
            code="subject-late",
            severity=Severity.WARNING,
            text=f"the first {SUBJECT_START} characters of the subject, all that a small phone shows, tell no news",
            place="subject",
            remedy="begin with what happened",
        )


def _same(desk: Newsdesk, edition: Edition) -> Iterator[Finding]:
    """Find what told the same words to some of the same segments within a day, under whatever key."""
    now, wanted = desk.clock(), _words(edition)
    mine = told.keyed(desk, edition).key
    for record in desk.store.ledger.editions(since=now - 2 * SAME_WITHIN, limit=_LOOKED_THROUGH):
        if record.edition.id == edition.id or record.edition.key == mine:
            continue  # the same once more is resumed, or refused
        if record.ready_at is None or now - record.ready_at > SAME_WITHIN:
            continue
        shared = sorted(set(edition.segments) & set(record.edition.segments))
        if shared and _words(record.edition) == wanted and told.is_told(desk, record):
            at = record.ready_at.astimezone(ZoneInfo(desk.config.newsroom.timezone))
            yield Finding(
                code="same-content",
                severity=Severity.WARNING,
                text=f"the same words went to {', '.join(shared)} at {at:%Y-%m-%d %H:%M %Z} ({record.edition.id})",
                place="the mail",
                remedy=f"`alerts receipt {record.edition.id}` shows who has it; send what is new instead",
            )
            return


def _words(edition: Edition) -> list[tuple[str, ...]]:
    """Reduce an edition to what it tells: a full stop more or less makes no news."""
    return [(key(entry.headline), *(key(one.text) for one in entry.printed)) for entry in edition.entries]
