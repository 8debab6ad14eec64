"""What speaks for and against a story, each with its value and its evidence in words. Pure.

A signal knows nothing of weights: `score` multiplies. None: nothing of it was seen.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from alerts.content.breaking import speed as pace
from alerts.content.breaking.counts import CASUALTIES, figures, tolls
from alerts.content.breaking.voices import independent_voices
from alerts.content.rules import UrgencyWords, lifts, urgency_words_for
from alerts.content.text import key, stem
from alerts.content.topics import mention
from alerts.model import Article, Outlet, Story, Urgency

_MARKED_TITLE = re.compile(r"^\s*([\w ]{3,20}?)\s*[:|–—!-]", re.UNICODE)
_LABEL = re.compile(r"^\s*([^:|–—]{2,24}?)\s*[:|–—]")
_END_LABEL = re.compile(r"[:|–—(\[]\s*([^:|–—()\[\]]{2,24}?)\s*[)\]]?\s*$")
#: an outlet that nobody configured
_STRANGER = 0.3
_FRESH = timedelta(minutes=20)
_DIGEST_HALF_LIFE = timedelta(hours=12)
_WATCHED_AT_MOST = 2
#: a word in the first paragraph counts half of one in the title
_IN_LEAD = 0.5
#: one word may be a figure of speech (a crash diet); a second one of its class, counting half, seldom is
_SECOND = 0.5
#: half counts everything in a title that only tells what somebody said
_SPOKEN = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """How much of a signal was seen, before it is weighed."""

    name: str
    value: float
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A story, and what is needed to look at it."""

    story: Story
    outlets: Mapping[str, Outlet]
    now: datetime
    #: outlet → reports it usually adds to a story in an hour
    rates: Mapping[str, float]
    #: language → its urgency words
    words: Callable[[str], UrgencyWords]
    #: what was reported before says nothing of what is breaking now; None: all of it still does
    speaks_from: datetime | None = None

    @property
    def hard(self) -> tuple[Article, ...]:
        """The reports that nothing marks as soft; all, where all are."""
        told = self.story.articles
        reports = tuple(one for one in told if self.speaks_from is None or one.told_at >= self.speaks_from) or told
        return tuple(one for one in reports if is_hard(one, self.words(one.language))) or reports

    def trust(self, article: Article) -> float:
        """Tell how far the outlet of an article is believed."""
        outlet = self.outlets.get(article.outlet)
        return outlet.trust if outlet else _STRANGER


def marked(article: Article, outlet: Outlet | None = None, words: UrgencyWords | None = None) -> str:
    """Quote how the publisher itself calls an article breaking; empty: it does not."""
    if article.urgency is not None:
        return "flash" if article.urgency is Urgency.FLASH else "urgent"
    if outlet is not None and article.feed and article.feed in outlet.breaking:
        return "its feed of breaking news"
    known = {key(marker) for marker in (words or urgency_words_for(article.language)).markers}
    title = _MARKED_TITLE.match(article.title)
    if title and key(title[1]) in known:
        return title[1]
    known |= {key(name) for name in (outlet.breaking if outlet else ())}
    return next((name for name in (article.section, *article.categories) if name and key(name) in known), "")


def marker(look: Look) -> Seen | None:
    """An explicit marker: title prefix, section, category, the CMS's urgency, a feed for breaking news.

    Half of its worth depends on who says so: a stranger's “BREAKING” weighs less than that of a trusted outlet.
    """
    best: Seen | None = None
    for article in look.hard:
        if said := marked(article, look.outlets.get(article.outlet), look.words(article.language)):
            value = 0.5 + 0.5 * look.trust(article)
            if best is None or value > best.value:
                best = Seen(name="marker", value=value, evidence=f"{article.outlet} marks it “{said}”")
    return best


def owners(look: Look) -> Seen | None:
    """Independent owner groups within the last hour; copies of one agency's text are one voice."""
    recent = [one for one in look.story.articles if timedelta() <= look.now - one.told_at <= pace.WINDOW]
    voices = independent_voices(recent, look.outlets)
    if len(voices) < 2:
        return None
    return Seen(
        name="owners",
        value=math.log(len(voices)),
        evidence=f"{len(voices)} independent outlets report it within the hour: {', '.join(voices)}",
    )


def speed(look: Look) -> Seen | None:
    """Reports within the last hour that followed the first, against what the outlets usually add to a story."""
    reports = pace.followers(look.story, now=look.now)
    if not reports:
        return None
    value, expected = pace.surprise(reports, look.rates)
    return Seen(
        name="speed",
        value=value,
        evidence=f"{len(reports)} more report{'s' if len(reports) > 1 else ''} within the hour; "
        f"{expected:.1f} would be usual",
    )


def gravity(look: Look) -> Seen | None:
    """Words of hard news in the title or, counting half, in the first paragraph; the gravest report counts."""
    found = [seen for article in look.hard if (seen := _gravity_of(article, look.words(article.language)))]
    return max(found, key=lambda seen: seen.value, default=None)


def gravest_at(look: Look, articles: Sequence[Article]) -> datetime:
    """Tell when the first of some reports came that is as grave as the gravest, but for a figure.

    Talks that went on all day are no news; that they collapsed is, and it is as old as the first who said so.
    """
    graded = [(_grade(article, look), article.told_at) for article in articles]
    most = max(grade for grade, _ in graded)
    return min(at for grade, at in graded if grade >= most - math.log(lifts()["number"]))


def _grade(article: Article, look: Look) -> float:
    vocabulary = look.words(article.language)
    seen = _gravity_of(article, vocabulary)
    is_marked = bool(marked(article, look.outlets.get(article.outlet), vocabulary))
    return (seen.value if seen else 0.0) + is_marked


def _gravity_of(article: Article, vocabulary: UrgencyWords) -> Seen | None:
    lead = article.paragraphs[0] if article.paragraphs else article.standfirst
    return _gravity(article.title, lead, article.language, vocabulary)


@lru_cache(maxsize=4096)
def _gravity(title: str, lead: str, language: str, vocabulary: UrgencyWords) -> Seen | None:
    value, said = 0.0, []
    for name, wanted in vocabulary.events:
        pattern = mention(wanted)
        in_title = _distinct(pattern, title)
        hits = in_title or _distinct(pattern, lead)[:1]
        if not hits:
            continue
        share = (1.0 if in_title else _IN_LEAD) + _SECOND * (len(hits) > 1)
        value += math.log(lifts()[name]) * share
        said.append(f"{' and '.join(f'“{hit}”' for hit in hits)} ({name}{'' if in_title else ', first paragraph'})")
    people = [number for name, number in tolls(title, language).items() if name in CASUALTIES]
    if people:
        # Thirty dead are graver than three, but not ten times as grave.
        value += math.log(lifts()["number"]) * (1 + math.log10(max(people)))
        said.append(f"{max(people):,.0f} counted")
    elif figures(title):
        value += math.log(lifts()["number"])
        said.append("a figure")
    if not said:
        return None
    if not people and (verb := _spoken(title, vocabulary)):
        value *= _SPOKEN
        said.append(f"but only said (“{verb}”)")
    return Seen(name="gravity", value=value, evidence="tells of " + ", ".join(said))


def _distinct(pattern: re.Pattern[str] | None, text: str) -> list[str]:
    """Quote the first two words of a text that a pattern finds, no word twice."""
    found = {stem(hit[0].casefold()): hit[0] for hit in pattern.finditer(text)} if pattern else {}
    return list(found.values())[:2]


def _spoken(title: str, vocabulary: UrgencyWords) -> str:
    """Quote the verb of a title that tells what somebody said; “…, police say” at its end is a source, not the news."""
    pattern = mention(vocabulary.speech)
    found = pattern.search(title) if pattern else None
    return found[0] if found and len(title[found.end() :].split()) >= 2 else ""


def trust(look: Look) -> Seen | None:
    """How far the most trusted outlet that reports it is believed."""
    best = max(look.story.articles, key=look.trust)
    value = look.trust(best)
    return Seen(name="trust", value=value, evidence=f"{best.outlet} is trusted ({value:g})") if value else None


def watch(look: Look, wanted: tuple[str, ...]) -> Seen | None:
    """What the newsroom watches for; more than two names add nothing."""
    pattern = mention(wanted)
    if pattern is None:
        return None
    text = " ".join(f"{article.title} {' '.join(article.paragraphs[:2])}" for article in look.story.articles)
    hits = list(dict.fromkeys(match.casefold() for match in pattern.findall(text)))
    if not hits:
        return None
    value = float(min(_WATCHED_AT_MOST, len(hits)))
    return Seen(name="watch", value=value, evidence=f"names what we watch: {', '.join(hits[:4])}")


def soft(look: Look) -> Seen | None:
    """Marks of what never breaks: opinion, live blog, video, preview; a question half as much.

    A live blog beside hard reports says nothing against them: only a story that is all soft loses points.
    """
    if any(is_hard(article, look.words(article.language)) for article in look.story.articles):
        return None
    newest = look.story.articles[-1]
    why = softness(newest, look.words(newest.language))
    return why or softness(look.story.articles[0], look.words(look.story.articles[0].language))


def paid(article: Article, vocabulary: UrgencyWords) -> str:
    """Quote what marks an article as paid for; empty: nothing does."""
    pattern = mention(vocabulary.paid)
    opening = article.paragraphs[0].partition(".")[0] if article.paragraphs else ""
    titled = _LABEL.match(article.title)
    labels = (article.section, *article.categories, titled[1] if titled else "", opening)
    return next((label for label in labels if label and pattern and pattern.fullmatch(label.strip())), "")


def is_hard(article: Article, vocabulary: UrgencyWords) -> bool:
    """Tell whether nothing marks an article as soft."""
    return softness(article, vocabulary) is None


def softness(article: Article, vocabulary: UrgencyWords) -> Seen | None:
    """Quote what marks an article as soft."""
    labels, openings = mention(vocabulary.soft), mention(vocabulary.soft_openings)
    titled = [label[1] for label in (_LABEL.match(article.title), _END_LABEL.search(article.title)) if label]
    for name in (article.section, *article.categories, *titled):
        if name and labels and labels.fullmatch(name):
            return Seen(name="soft", value=-1.0, evidence=f"{article.outlet} files it under “{name}”")
    if openings and (opening := openings.match(article.title)):
        return Seen(name="soft", value=-1.0, evidence=f"{article.outlet}'s title begins “{opening[0]}”")
    if article.title.rstrip().endswith(("?", "؟")):
        return Seen(name="soft", value=-0.5, evidence="its title asks a question")
    return None


def age(broke: datetime, half_life: timedelta, max_age: timedelta, now: datetime) -> Seen | None:
    """How long ago the news began, in half-lives; what is too old to alert ages slowly, for digests still rank it."""
    passed = now - broke
    if passed <= _FRESH:
        return None
    value = min(passed, max_age) / half_life + max(timedelta(), passed - max_age) / _DIGEST_HALF_LIFE
    return Seen(name="age", value=-value, evidence=f"it broke {ago(passed)} ago")


def ago(span: timedelta) -> str:
    """Write how long ago something was, in words."""
    minutes = int(span.total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} days"
