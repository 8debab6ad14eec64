"""How much a story is breaking news, and why. Pure: gets `now`.

The score is a sum of signals, each with points and the evidence in words. Points were set beforehand from what raised
the odds that a newsroom pushed a story (`explicit marker` most; a second voice, speed, words of grave events); they
were fitted to nothing. What is old, soft or an echo of one agency loses points.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.content.faithfulness import numbers
from alerts.content.rules import UrgencyWords, stopwords, urgency_words_for
from alerts.content.text import containment, key, stem, words
from alerts.content.topics import mention
from alerts.model import Article, Edition, Level, Outlet, Relation, Signal, Story, Verdict

#: an agency's text carried by five papers is one voice
_AGENCY = re.compile(r"\((AP|Reuters|AFP|dpa|UPI|ANSA|EFE|PA|Xinhua|TASS|Bloomberg)\)")
_SAME_TEXT = 0.7
_SPEED_WINDOW = timedelta(hours=2)
_MARKED_TITLE = re.compile(r"^\s*([\w ]{3,16}?)\s*[:|–—!-]", re.UNICODE)


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakingPolicy:
    """What a newsroom calls breaking."""

    alert_score: float = 6.0
    review_score: float = 3.5
    #: a story that broke longer ago is for digests
    max_age: timedelta = timedelta(hours=3)
    #: names, places or phrases that matter here
    watch_words: tuple[str, ...] = ()


def judge(story: Story, *, outlets: Mapping[str, Outlet], policy: BreakingPolicy, now: datetime) -> Verdict:
    """Score a story. A story that broke before `max_age` is never more than digest material."""
    found = [
        _marker(story, outlets),
        _voices(story, outlets, now),
        _speed(story, now),
        _gravity(story),
        _trust(story, outlets),
        _watch(story, policy.watch_words),
        _softness(story),
        _age(story, policy, now),
    ]
    signals = tuple(signal for signal in found if signal is not None)
    score = round(sum(signal.points for signal in signals), 2)
    return Verdict(score=score, level=_level(score, story, policy, now), signals=signals)


def _level(score: float, story: Story, policy: BreakingPolicy, now: datetime) -> Level:
    if now - broke_at(story) > policy.max_age:
        return Level.DIGEST_ONLY
    if score >= policy.alert_score:
        return Level.ALERT
    return Level.REVIEW if score >= policy.review_score else Level.DIGEST_ONLY


def broke_at(story: Story) -> datetime:
    """Tell when the news of a story began: its first report, as published or first seen."""
    return min(article.told_at for article in story.articles)


def marked(article: Article) -> str:
    """Quote the words by which the publisher itself calls an article breaking; empty: it does not."""
    markers = {key(marker) for marker in _words(article).markers}
    title = _MARKED_TITLE.match(article.title)
    if title and key(title[1]) in markers:
        return title[1]
    return next((name for name in (article.section, *article.categories) if name and key(name) in markers), "")


# --- signals --------------------------------------------------------------------------------------


def _marker(story: Story, outlets: Mapping[str, Outlet]) -> Signal | None:
    best: tuple[float, str] | None = None
    for article in story.articles:
        if marker := marked(article):
            # A stranger's “BREAKING” weighs less than one of ours.
            points = (
                3.0 + _trust_of(article, outlets)
                if _is_ours(article, outlets)
                else 1.0 + 2.0 * _trust_of(article, outlets)
            )
            if best is None or points > best[0]:
                best = points, f"{article.outlet} marks it “{marker}”"
    return Signal(name="marker", points=round(best[0], 2), evidence=best[1]) if best else None


def _voices(story: Story, outlets: Mapping[str, Outlet], now: datetime) -> Signal | None:
    """Count independent voices: owner groups, an agency's text counted once."""
    recent = [article for article in story.articles if now - article.told_at <= timedelta(hours=6)]
    voices = independent_voices(recent, outlets)
    if len(voices) < 2:
        return None
    points = 1.2 * math.log(len(voices)) / math.log(2)
    return Signal(
        name="owners",
        points=round(min(points, 3.0), 2),
        evidence=f"{len(voices)} independent outlets report it: {', '.join(voices)}",
    )


def independent_voices(articles: Sequence[Article], outlets: Mapping[str, Outlet]) -> list[str]:
    """Name one outlet for each voice that tells a story in words of its own, the first to tell it first."""
    heard: list[tuple[str, str, str, set[str]]] = []
    for article in sorted(articles, key=lambda one: (one.told_at, one.id)):
        outlet = outlets.get(article.outlet)
        owner = outlet.owner_group if outlet else article.outlet
        text = " ".join(article.paragraphs[:8])
        agency = found[1] if (found := _AGENCY.search(text[:200])) else ""
        mine = shingles(text)
        copied = any(
            owner == other
            or (agency and agency == wire)
            or (len(mine) > 20 and containment(mine, theirs) >= _SAME_TEXT)
            for _, other, wire, theirs in heard
        )
        if not copied:
            heard.append((article.outlet, owner, agency, mine))
    return [name for name, *_ in heard]


def shingles(text: str) -> set[str]:
    """Cut a text into its runs of three words."""
    tokens = words(text)
    return {" ".join(tokens[at : at + 3]) for at in range(len(tokens) - 2)}


def _speed(story: Story, now: datetime) -> Signal | None:
    recent = [article for article in story.articles if timedelta() <= now - article.told_at <= _SPEED_WINDOW]
    if len(recent) < 2:
        return None
    return Signal(
        name="speed",
        points=round(min(2.0, 0.7 * (len(recent) - 1)), 2),
        evidence=f"{len(recent)} reports within {_ago(_SPEED_WINDOW)}",
    )


def _gravity(story: Story) -> Signal | None:
    best: tuple[float, str] | None = None
    for article in story.articles:
        vocabulary = _words(article)
        lead = article.paragraphs[0] if article.paragraphs else article.standfirst
        for points, wanted in ((2.0, vocabulary.grave), (1.2, vocabulary.hard)):
            pattern = mention(wanted)
            in_title = pattern.search(article.title) if pattern else None
            in_lead = pattern.search(lead) if pattern else None
            hit = in_title or in_lead
            worth = points if in_title else points / 2
            if hit and (best is None or worth > best[0]):
                best = worth, f"tells of “{hit[0]}”" + ("" if in_title else " in its first paragraph")
    return Signal(name="gravity", points=best[0], evidence=best[1]) if best else None


def _trust(story: Story, outlets: Mapping[str, Outlet]) -> Signal | None:
    ranked = sorted(story.articles, key=lambda article: -_trust_of(article, outlets))
    trust = _trust_of(ranked[0], outlets)
    return (
        Signal(name="trust", points=round(trust, 2), evidence=f"{ranked[0].outlet} is trusted ({trust:g})")
        if trust
        else None
    )


def _watch(story: Story, watch_words: tuple[str, ...]) -> Signal | None:
    pattern = mention(watch_words)
    if pattern is None:
        return None
    text = " ".join(f"{article.title} {' '.join(article.paragraphs[:2])}" for article in story.articles)
    hits = list(dict.fromkeys(match.casefold() for match in pattern.findall(text)))
    if not hits:
        return None
    return Signal(name="watch", points=1.0 * min(2, len(hits)), evidence=f"names what we watch: {', '.join(hits[:4])}")


def _softness(story: Story) -> Signal | None:
    for article in story.articles:
        pattern = mention(_words(article).soft)
        if pattern is None:
            continue
        filed = next((name for name in (article.section, *article.categories) if name and pattern.fullmatch(name)), "")
        opening = pattern.match(article.title)
        if filed or opening:
            named = filed or (opening[0] if opening else "")
            return Signal(name="soft", points=-2.5, evidence=f"{article.outlet} files it under “{named}”")
    return None


def _age(story: Story, policy: BreakingPolicy, now: datetime) -> Signal | None:
    age = now - broke_at(story)
    if age <= timedelta(minutes=20):
        return None
    # Half of the longest age costs two points.
    points = -4.0 * min(1.5, age / policy.max_age)
    return Signal(name="age", points=round(points, 2), evidence=f"it broke {_ago(age)} ago")


def _ago(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} days"


def _words(article: Article) -> UrgencyWords:
    return urgency_words_for(article.language)


def _trust_of(article: Article, outlets: Mapping[str, Outlet]) -> float:
    outlet = outlets.get(article.outlet)
    return outlet.trust if outlet else 0.3


def _is_ours(article: Article, outlets: Mapping[str, Outlet]) -> bool:
    outlet = outlets.get(article.outlet)
    return outlet is not None and outlet.relation is Relation.OURS


# --- does it develop? -----------------------------------------------------------------------------

_TURNS = (
    ("missing", "dead|killed|found|rescued"),
    ("trapped|aground", "freed|rescued|refloated|sank|sunk|sinks"),
    ("arrest", "charged|indicted|released"),
    ("charged", "convicted|acquitted|guilty"),
    ("vote", "passed|approved|rejected|wins|won"),
    ("talks", "agreed|agreement|deal|collapsed"),
    ("strike", "ends|over|called"),
    ("fire|blaze", "contained|out"),
    ("evacuat", "return|lifted"),
)


_TIME = re.compile(r"\b\d{1,2}[:h.]\d{2}\b(?!\d)")


def develops(story: Story, told: Edition) -> str | None:
    """Say why a story that was told has moved on enough for an update; None: it has not."""
    if story.lead is None:
        return None
    before = " ".join(
        [
            told.subject,
            *(f"{entry.headline} {' '.join(sentence.text for sentence in entry.sentences)}" for entry in told.entries),
        ]
    )
    opening = f"{story.lead.title} {' '.join(story.lead.paragraphs[:2])}"
    # Another article counts only if it reached us since; the one that was told may have been rewritten in its place.
    rewritten = story.lead.id in {entry.article for entry in told.entries}
    if (story.lead.seen_at <= told.made_at and not rewritten) or _is_old_news(opening, before):
        return None
    return _grown(story.lead.title, before) or _turned(opening, before) or _named(story.lead.title, before)


def _is_old_news(text: str, before: str) -> bool:
    mine = {stem(word) for word in words(text) if word not in stopwords()}
    said = {stem(word) for word in words(before)}
    return containment(mine, said) > 0.85


def _grown(title: str, before: str) -> str | None:
    """A number of the headline that was told as something else, at least half as large again."""
    told = _counts(before)
    for value, written in numbers(title).items():
        if told and value in _counts(title) and value not in told and value >= 1.5 * max(told):
            return f"a number grew: {written}"
    return None


def _counts(text: str) -> set[float]:
    """Collect the numbers of a text that count something: no years, times or ages."""
    without_times = _TIME.sub(" ", text)
    return {value for value in numbers(without_times) if 1 < value < 10**6 and not 1900 <= value <= 2100}


def _turned(opening: str, before: str) -> str | None:
    for was, became in _TURNS:
        stood = re.search(rf"\b(?:{was})", before, re.IGNORECASE)
        turns = re.findall(rf"\b(?:{became})\b", opening, re.IGNORECASE) if stood else []
        fresh = next((word for word in turns if word.casefold() not in words(before)), "")
        if stood and fresh:
            return f"it turned: “{stood[0]}” before, now “{fresh}”"
    return None


def _named(title: str, before: str) -> str | None:
    """A name in the headline that was not told before, where headlines do not capitalise every word."""
    tokens = title.split()
    capitals = [token for token in tokens if token[:1].isupper()]
    if len(tokens) < 4 or len(capitals) / len(tokens) > 0.6:
        return None
    known = set(words(before))
    for token in tokens[1:]:
        word = "".join(words(token))
        if token[:1].isupper() and len(word) > 2 and word not in known and word not in stopwords():
            return f"a new name: {token.strip('.,:;“”‘’')}"
    return None
