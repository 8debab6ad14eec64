"""Which sentences of an article can be printed alone, and how much each tells. Pure.

A sentence that leans on one before it (`He said…`) is none. What may be taken off a sentence: a dateline, an opening
connector.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from alerts.content import sentences
from alerts.content.rules import openings_for, stopwords
from alerts.content.summaries.fitting import is_balanced
from alerts.content.text import containment, is_sentence, stem, words
from alerts.model import Article, Sentence

#: of a text that goes on and on, so much is looked at
_MOST_PARAGRAPHS = 20
_MOST_SENTENCES = 80
#: of the other articles on a story, only what comes first
_OTHERS_SENTENCES = 5
#: a sentence is borne out by an article that has so many of its words
_BORNE_OUT = 0.6
_AGENCIES = "AP|Reuters|AFP|dpa|UPI|ANSA|EFE|PA|PA Media|Xinhua|TASS|Bloomberg|CNN|Tanjug|Kyodo|PTI|CP|NTB|TT|Ritzau"
_DATELINE = re.compile(
    rf"^(?:[^\W\d_][^()–—\n]{{1,40}}\s*)?\((?:{_AGENCIES})\)\s*[-–—:]+\s*"
    rf"|^[^\W\d_][^()–—\n]{{1,40}},?\s+[-–—]\s+(?:{_AGENCIES})\s*[-–—:]\s+"
    r"|^[A-Z][A-Z .,'’/-]{2,40}(?:,\s[A-Z][\w. ]{1,30})?\s*[–—]\s*(?=[A-Z“\"])"
)
#: join a sentence to the one before and change nothing in it
_CONJUNCTIONS = {
    "en": frozenset({"but", "and"}),
    "fr": frozenset({"mais", "et", "or"}),
    "de": frozenset({"aber", "und"}),
    "es": frozenset({"pero", "y"}),
}
_SPEAKS = re.compile(r"\b(?:he|she|they)\s+(?:said|says|added|told|wrote|warned|explained)\b", re.IGNORECASE)
#: `In a dying wind she …`: who?
_LATE_PRONOUN = re.compile(
    r"^(?:In|On|At|After|Before|When|While|As|With|For|From|By|During|Despite|If|Since|Until|Once)\b"
    r"[^A-Z“\"]{0,80}?\b(?:he|she)\b"
)
_QUOTED = re.compile(r"“[^”]*”|\"[^\"]*\"|«[^»]*»|„[^“”]*[“”]")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence that can be printed alone."""

    sentence: Sentence
    #: 0 is the first of its article
    position: int
    score: float
    #: 0 is the first of all
    order: int = 0

    def printed(self, text: str) -> "Candidate":
        """Make the candidate of which less is said."""
        mine = self.sentence
        if text == mine.text:
            return self
        return replace(self, sentence=replace(mine, text=text, source=mine.source or mine.text))


def candidates(lead: Article, others: Sequence[Article] = ()) -> list[Candidate]:
    """List what can stand alone: of the lead in order, then of the newest article of each other voice."""
    about = content_of(lead.title)
    bodies = [frozenset(words(_body(article))) for article in (lead, *others)]
    found: list[Candidate] = []
    for article in (lead, *others):
        most = _MOST_SENTENCES if article is lead else _OTHERS_SENTENCES
        for position, (place, text) in enumerate(islice(_sentences_of(article), most)):
            printed = without_connector(text, article.language)
            flaw = flaw_of(printed, article.language)
            if flaw >= 1:
                continue
            score = _likeness(content_of(printed), about) + 2 * math.exp(-position / 4) - flaw
            if others:
                mine = [word for word in words(printed) if word not in stopwords()]
                score += math.log1p(sum(containment(mine, body) >= _BORNE_OUT for body in bodies)) - math.log(2)
            sentence = Sentence(text=printed, article=article.id, place=place, source="" if printed == text else text)
            found.append(Candidate(sentence, position, score, len(found)))
    return found


def content_of(text: str) -> set[str]:
    """Reduce a text to the stems of the words that tell something."""
    return {stem(word) for word in words(text) if word not in stopwords()}


def overlap(one: str, other: str) -> float:
    """Tell how far the shorter of two texts is said by the longer one."""
    mine, theirs = (content_of(text) or set(words(text)) for text in (one, other))
    shorter, longer = sorted((mine, theirs), key=len)
    return containment(shorter, longer)


def _body(article: Article) -> str:
    return "\n".join((article.title, article.standfirst, *article.paragraphs[:_MOST_PARAGRAPHS]))


def _likeness(mine: set[str], about: set[str]) -> float:
    return len(mine & about) / math.sqrt(len(mine) * len(about)) if mine and about else 0.0


def _sentences_of(article: Article) -> Iterator[tuple[str, str]]:
    for number, paragraph in enumerate(article.paragraphs[:_MOST_PARAGRAPHS], start=1):
        for text in sentences.split(_DATELINE.sub("", paragraph) if number == 1 else paragraph):
            yield f"paragraph {number}", text


def without_connector(text: str, language: str) -> str:
    """Take `Meanwhile,` or `But` off a sentence."""
    first, _, rest = text.partition(" ")
    if first.casefold() in _CONJUNCTIONS.get(language or "en", ()) and rest[:1].isalpha():
        return rest[:1].upper() + rest[1:]
    for connector in openings_for(language or "en").connectors:
        rest = text[len(connector) :]
        if text.casefold().startswith(connector) and re.match(r",\s+\S", rest):
            bare = rest.lstrip(", ")
            return bare[:1].upper() + bare[1:]
    return text


def leans(text: str, language: str) -> bool:
    """Tell whether a text begins with a word that points at something said before."""
    start = text.casefold().lstrip("“”\"'‘’«»„([ ")
    openings = openings_for(language or "en")
    return any(
        # “So-called” does not lean on anything, “so” does.
        start.startswith(opening) and not re.match(r"[\w-]", start[len(opening) : len(opening) + 1])
        for opening in (*openings.dangling, *openings.connectors)
    )


def flaw_of(text: str, language: str) -> float:
    """Tell how badly a sentence stands alone: 0 well, from 1 on not at all."""
    if leans(text, language) or not is_balanced(text):
        return 1.0
    if not is_sentence(text) or text.rstrip().endswith((":", "…")) or text[:1].islower() or "|" in text:
        return 1.0
    outside = _QUOTED.sub("", text)
    # “…,” he said: whose words are they? And a quotation alone says nothing of its speaker.
    if _SPEAKS.search(outside) or _LATE_PRONOUN.match(text) or (outside != text and not words(outside)):
        return 1.0
    flaw = 0.0
    if text[:1] in '“"«„‘':
        flaw += 0.3
    if set(words(outside)) & openings_for(language or "en").personal:
        flaw += 0.4
    if text.rstrip().endswith(("?", "؟", "？")):
        flaw += 0.6
    tokens = words(text)
    # Scripts without blanks have few “words”.
    if len(tokens) < 6 and len(text) < 40:
        flaw += 0.5
    return flaw + (0.2 if len(tokens) > 45 else 0.0)
