"""Saying a story in a few sentences, each of which stands in an article. Pure.

The publisher's own standfirst is taken if it is fit and the body bears it out; else sentences are extracted, the lead
first (on news, every cleverer ranking measured worse than the lead). A sentence that leans on one before it (`He
said…`) is not taken. What may be taken off a sentence: a dateline, an opening connector, an aside in brackets.
Nothing is reworded.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from alerts.content import headline, sentences
from alerts.content.faithfulness import unsupported
from alerts.content.rules import openings_for, rules_for, stopwords
from alerts.content.text import containment, is_sentence, key, shorten, stem, words
from alerts.model import Article, Sentence, Summary

ALERT_LIMIT = 300
BLURB_LIMIT = 400
PREHEADER = (40, 110)
#: an alert is read in one glance: the median event summary of editors has 29 words
_ALERT_WORDS = 55
_SAME = 0.5
#: a standfirst and the lead tell the same fact in other words
_SAME_AS_STANDFIRST = 0.3
_DATELINE = re.compile(
    r"^(?:[^\W\d_][^()–—\n]{1,40}\s*)?\((?:AP|Reuters|AFP|dpa|UPI|ANSA|EFE|PA|Xinhua|TASS|Bloomberg)\)\s*[-–—:]+\s*"
    r"|^[A-Z][A-Z .,'’/-]{2,40}(?:,\s[A-Z][\w. ]{1,30})?\s*[–—]\s*(?=[A-Z“\"])"
)
_ASIDE = re.compile(r"\s*\([^()]{1,120}\)")


@dataclass(frozen=True, slots=True)
class _Candidate:
    sentence: Sentence
    #: 0 is the first of the article
    position: int
    score: float


def summarise(articles: Sequence[Article]) -> Summary:
    """Summarise a story from our articles on it, the lead first. Every sentence names where it stands."""
    lead = articles[0]
    standfirst = _standfirst(lead)
    extracted = _candidates(lead)
    chosen = standfirst or _opening(extracted, lead)
    alert = _fill(chosen, extracted, limit=ALERT_LIMIT, most=2, most_words=_ALERT_WORDS)
    blurb = _fill(chosen, extracted, limit=BLURB_LIMIT, most=3, most_words=75)
    subject = headline.subject_of([article.title for article in articles])
    return Summary(
        headline=subject,
        preheader=_preheader(subject, [*alert, *(candidate.sentence for candidate in extracted[:6])]),
        sentences=alert,
        blurb=blurb,
        method="standfirst" if standfirst else "lead",
    )


# --- the publisher's own words --------------------------------------------------------------------


def _standfirst(article: Article) -> tuple[Sentence, ...]:
    """Take the publisher's own summary if it is one, whole, and borne out by the text."""
    text = article.standfirst
    if not (60 <= len(text) <= ALERT_LIMIT and is_sentence(text)) or text.rstrip().endswith(("…", "...", ":")):
        return ()
    if key(text) == key(article.title) or rules_for(article.language).rule_for(text):
        return ()
    parts = sentences.split(text)
    if any(_flaw(part, article.language) >= 1 for part in parts):
        return ()
    body = "\n".join(article.paragraphs)
    if key(text) not in key(body):
        claims = [word for word in words(text) if word not in stopwords()]
        # A standfirst gathers facts from all over the text: that they stand apart there is no fault.
        wrong = [found for found in unsupported(text, [article.title, body]) if not found.misplaced]
        if containment(claims, words(body)) < 0.5 or wrong:
            return ()
    return tuple(Sentence(text=part, article=article.id, place="standfirst") for part in parts)


# --- extraction -----------------------------------------------------------------------------------


def _candidates(article: Article) -> list[_Candidate]:
    """List the sentences of an article that can stand alone, in order, each with a score."""
    about = {word for word in words(article.title) if word not in stopwords()}
    found: list[_Candidate] = []
    for position, (place, text) in enumerate(islice(_sentences_of(article), 80)):
        flaw = _flaw(text, article.language)
        if flaw >= 1:
            continue
        mine = {word for word in words(text) if word not in stopwords()}
        likeness = len(mine & about) / math.sqrt(len(mine) * len(about)) if mine and about else 0.0
        score = likeness + 2 * math.exp(-position / 4) - flaw
        sentence = Sentence(text=text, article=article.id, place=place)
        found.append(_Candidate(sentence, position, score))
    return found


def _sentences_of(article: Article) -> Iterator[tuple[str, str]]:
    for number, paragraph in enumerate(article.paragraphs[:20], start=1):
        for text in sentences.split(_DATELINE.sub("", paragraph) if number == 1 else paragraph):
            yield f"paragraph {number}", _without_connector(text, article.language)


def _without_connector(text: str, language: str) -> str:
    """Take `Meanwhile,` off a sentence."""
    for connector in openings_for(language or "en").connectors:
        rest = text[len(connector) :]
        if text.casefold().startswith(connector) and re.match(r",\s+\S", rest):
            bare = rest.lstrip(", ")
            return bare[:1].upper() + bare[1:]
    return text


def _flaw(text: str, language: str) -> float:
    """Tell how badly a sentence stands alone: 0 well, from 1 on not at all."""
    openings = openings_for(language or "en")
    start = text.casefold().lstrip("“”\"'‘«„( ")
    tokens = words(text)
    if any(
        start.startswith(opening) and not start[len(opening) : len(opening) + 1].isalnum()
        for opening in openings.dangling
    ):
        return 1.0
    if not is_sentence(text) or text.rstrip().endswith((":", "…")) or text[:1].islower() or "|" in text:
        return 1.0
    flaw = 0.0
    outside = re.sub(r"“[^”]*”|\"[^\"]*\"|«[^»]*»", "", text)
    # “…,” he said: whose words are they?
    if re.search(r"\b(?:he|she|they)\s+(?:said|says|added|told|wrote|warned|explained)\b", outside, re.IGNORECASE):
        return 1.0
    if text[:1] in '“"«„‘':
        flaw += 0.3
    if set(words(outside)) & openings.personal:
        flaw += 0.4
    if text.rstrip().endswith(("?", "؟", "？")):
        flaw += 0.6
    # Scripts without blanks have few “words”.
    if len(tokens) < 6 and len(text) < 40:
        flaw += 0.5
    return flaw + (0.2 if len(tokens) > 45 else 0.0)


def _opening(extracted: Sequence[_Candidate], article: Article) -> tuple[Sentence, ...]:
    """Choose the sentence to begin with: the lead, unless it cannot stand alone."""
    if not extracted:
        # Nothing can stand alone: what comes first at least stands in its place. A bare headline has no summary.
        first_words = article.paragraphs[0] if article.paragraphs else article.standfirst
        place = "paragraph 1" if article.paragraphs else "standfirst"
        text = shorten(first_words, ALERT_LIMIT)
        return (Sentence(text=text, article=article.id, place=place),) if text else ()
    # Among the first few the score decides; later ones never begin.
    first = max((candidate for candidate in extracted[:4]), key=lambda candidate: candidate.score)
    return (_fitted(first.sentence, ALERT_LIMIT),)


def _fitted(sentence: Sentence, limit: int) -> Sentence:
    """Make a sentence fit: without its asides, else cut at a word's end."""
    text = sentence.text
    if len(text) > limit:
        text = _ASIDE.sub("", text)
    return Sentence(text=shorten(text, limit), article=sentence.article, place=sentence.place)


def _fill(
    chosen: tuple[Sentence, ...], extracted: Sequence[_Candidate], *, limit: int, most: int, most_words: int
) -> tuple[Sentence, ...]:
    """Add the best sentences that fit and say something new; the article's order is kept."""
    added: list[_Candidate] = []
    for candidate in sorted(extracted, key=lambda candidate: -candidate.score):
        said = [*(sentence.text for sentence in chosen), *(other.sentence.text for other in added)]
        text = " ".join([*said, candidate.sentence.text])
        if len(text) > limit or len(words(text)) > most_words or len(said) >= most:
            continue
        restates = candidate.position == 0 and chosen and chosen[0].place == "standfirst"
        limit_of_likeness = _SAME_AS_STANDFIRST if restates else _SAME
        if (
            any(_overlap(candidate.sentence.text, other) >= limit_of_likeness for other in said)
            or candidate.score < 0.2
        ):
            continue
        added.append(candidate)
    added.sort(key=lambda candidate: candidate.position)
    return (*chosen, *(candidate.sentence for candidate in added))


def _overlap(one: str, other: str) -> float:
    """Tell how far the shorter of two texts is said by the longer one."""
    mine, theirs = (_content(text) for text in (one, other))
    shorter, longer = sorted((mine, theirs), key=len)
    return containment(shorter, longer)


def _content(text: str) -> set[str]:
    return {stem(word) for word in words(text) if word not in stopwords()} or set(words(text))


# --- the line beside the subject ------------------------------------------------------------------


def _preheader(subject: str, offered: Sequence[Sentence]) -> str:
    """Choose the line that mail programs show beside the subject: it must not repeat the subject."""
    shortest, longest = PREHEADER
    texts = list(dict.fromkeys(sentence.text for sentence in offered))
    fresh = [text for text in texts if _overlap(text, subject) <= 0.5]
    for text in fresh:
        if shortest <= len(text) <= longest:
            return text
    for text in (*fresh, *texts):
        if len(text) >= shortest:
            return shorten(text, longest)
    return shorten(" ".join(texts), longest)
