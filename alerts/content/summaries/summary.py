"""Saying a story in a few sentences, each of which stands in an article. Pure.

The publisher's own standfirst is taken if it is fit and the body bears it out; else sentences are extracted, the lead
first (on news, every cleverer ranking measured worse than the lead). Other articles of ours on the story add what the
lead does not say. Nothing is reworded; a number on which the articles disagree is never printed alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from alerts.content.guard.faithfulness import Guard
from alerts.content.summaries import headline
from alerts.content.summaries.candidates import Candidate, candidates, content_of, leans, overlap
from alerts.content.summaries.conflicts import Dispute, disputes
from alerts.content.summaries.fitting import fit, with_less
from alerts.content.summaries.standfirst import first_line_of, standfirst_of
from alerts.model import Article, Sentence, Summary

ALERT_LIMIT = 300
BLURB_LIMIT = 400
#: what a push or a text message shows of an alert
LINE_LIMIT = 116
PREHEADER = (40, 110)
#: a sentence with a lower score is left out even where there is room
_WORTH_IT = 0.2
_SAME = 0.5
#: a standfirst and the lead tell the same fact in other words
_SAME_AS_STANDFIRST = 0.3
#: the place of a sentence that the tool adds where articles disagree
DIFFER = "reports differ"
_DIFFERS = {
    "en": "Reports differ: {}.",
    "fr": "Les chiffres divergent : {}.",
    "de": "Die Angaben gehen auseinander: {}.",
    "es": "Las cifras difieren: {}.",
    "ar": "تتباين الأرقام: {}.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How much room there is."""

    #: characters altogether
    limit: int
    sentences: int
    words: int


#: an alert is read in one glance: the median event summary of editors has 29 words
ALERT = Budget(limit=ALERT_LIMIT, sentences=2, words=55)
BLURB = Budget(limit=BLURB_LIMIT, sentences=3, words=75)


def summarise(articles: Sequence[Article], *, owners: Mapping[str, str] | None = None) -> Summary:
    """Summarise a story from our articles on it, the lead first. Every sentence names where it stands.

    `owners` tells which outlets are one voice: outlet → owner.
    """
    lead = articles[0]
    others = voices(articles, owners or {})
    found = candidates(lead, others)
    standfirst = standfirst_of(lead)
    opening = standfirst or _opening(found, lead)
    alert, doubts = _told(opening, found, articles, ALERT)
    blurb, more = _told(opening, found, articles, BLURB)
    subject = _subject(articles)
    doubts = tuple(dict.fromkeys((*doubts, *more, *_of_title(subject, lead, articles))))
    # The mail itself begins with the first sentence: beside the subject, the next one tells more.
    offered = (*alert[1:], *alert[:1], *(one.sentence for one in found[:6]))
    printable = [sentence for sentence in offered if sentence.place != DIFFER]
    return Summary(
        headline=subject,
        preheader=preheader(subject, [one for one in printable if not _disputed(one, articles)], lead.language),
        sentences=alert,
        blurb=blurb,
        method="standfirst" if standfirst else "lead",
        line=line_of(articles, opening),
        doubts=doubts,
    )


def voices(articles: Sequence[Article], owners: Mapping[str, str]) -> list[Article]:
    """List, beside the lead, the newest article of each other voice in the lead's language, newest first."""
    lead = articles[0]
    newest: dict[str, Article] = {}
    for article in sorted(articles[1:], key=lambda one: one.told_at, reverse=True):
        if article.language == lead.language or not article.language:
            newest.setdefault(_voice(article, owners), article)
    newest.pop(_voice(lead, owners), None)
    return list(newest.values())


def _voice(article: Article, owners: Mapping[str, str]) -> str:
    """Name who speaks: the agency whose text it is, else the owner, else the outlet."""
    return article.agency or owners.get(article.outlet, "") or article.outlet


def extract(articles: Sequence[Article], budget: Budget) -> tuple[Sentence, ...]:
    """Choose the sentences that tell a story in the room there is, the lead first."""
    lead = articles[0]
    found = candidates(lead, voices(articles, {}))
    return _told(standfirst_of(lead) or _opening(found, lead), found, articles, budget)[0]


# --- extraction -----------------------------------------------------------------------------------


def _opening(found: Sequence[Candidate], lead: Article) -> tuple[Sentence, ...]:
    """Choose the sentence to begin with: the lead, unless it cannot stand alone."""
    mine = [candidate for candidate in found if candidate.sentence.article == lead.id]
    # Among the first few the score decides; later ones never begin.
    for candidate in sorted(mine[:4], key=lambda candidate: -candidate.score):
        if fitted := _fitted(candidate.sentence, ALERT_LIMIT, lead.language):
            return (fitted,)
    # Nothing can stand alone: what comes first at least stands in its place, unless it leans on something.
    for place, text in (
        ("paragraph 1", lead.paragraphs[0] if lead.paragraphs else ""),
        ("standfirst", lead.standfirst),
    ):
        if text and not leans(text, lead.language):
            whole = Sentence(text=text, article=lead.id, place=place)
            return (fitted,) if (fitted := _fitted(whole, ALERT_LIMIT, lead.language)) else ()
    return ()


def _fitted(sentence: Sentence, limit: int, language: str) -> Sentence | None:
    """Make a sentence fit; None: it cannot be."""
    text = fit(sentence.text, limit, language=language)
    if text == sentence.text:
        return sentence
    return replace(sentence, text=text, source=sentence.source or sentence.text) if text else None


def _told(
    opening: tuple[Sentence, ...], found: Sequence[Candidate], articles: Sequence[Article], budget: Budget
) -> tuple[tuple[Sentence, ...], tuple[str, ...]]:
    """Choose what is told, with the numbers in dispute beside their sources; and what the desk should know."""
    language = articles[0].language
    settled = [candidate for candidate in found if not _disputed(candidate.sentence, articles)]
    contested = [dispute for sentence in opening for dispute in _disputed(sentence, articles)]
    if not contested:
        return _fill(opening, settled, budget, language), ()
    note = _note(contested, articles[0])
    doubts = tuple(f"articles disagree: {dispute.in_words}" for dispute in contested)
    if sum(len(one.text) + 1 for one in (*opening, note)) <= budget.limit:
        less = replace(budget, limit=budget.limit - len(note.text) - 1, sentences=budget.sentences - 1)
        return (*_fill(opening, settled, less, language), note), doubts
    # No room to name both: rather a sentence less than one of two numbers.
    undisputed = tuple(sentence for sentence in opening if not _disputed(sentence, articles))
    return _fill(undisputed, settled, budget, language), doubts


def _disputed(sentence: Sentence, articles: Sequence[Article]) -> list[Dispute]:
    if len(articles) < 2:
        return []
    article = next((one for one in articles if one.id == sentence.article), articles[0])
    return disputes(sentence.text, article, articles)


def _note(contested: Sequence[Dispute], lead: Article) -> Sentence:
    said = "; ".join(dispute.in_words for dispute in contested)
    frame = _DIFFERS.get(lead.language or "en", _DIFFERS["en"])
    return Sentence(text=frame.format(said), article=lead.id, place=DIFFER)


def _fill(
    chosen: tuple[Sentence, ...], found: Sequence[Candidate], budget: Budget, language: str
) -> tuple[Sentence, ...]:
    """Add the best sentences that fit and say something new; the order of the articles is kept."""
    added: list[Candidate] = []
    for candidate in sorted(found, key=lambda candidate: -candidate.score):
        said = [*(sentence.text for sentence in chosen), *(other.sentence.text for other in added)]
        if len(said) >= budget.sentences or candidate.score < _WORTH_IT:
            continue
        restates = candidate.position == 0 and chosen and chosen[0].place == "standfirst"
        limit_of_likeness = _SAME_AS_STANDFIRST if restates else _SAME
        if any(overlap(candidate.sentence.text, other) >= limit_of_likeness for other in said):
            continue
        text = candidate.sentence.text
        for shorter in (text, *with_less(text, language)):
            together = " ".join([*said, shorter])
            if len(together) <= budget.limit and len(together.split()) <= budget.words:
                added.append(candidate.printed(shorter))
                break
    added.sort(key=lambda candidate: candidate.order)
    return (*chosen, *(candidate.sentence for candidate in added))


# --- subject, preheader, line ---------------------------------------------------------------------


def _subject(articles: Sequence[Article]) -> str:
    """Choose the subject: the lead's title, unless other articles give its numbers differently and one avoids them."""
    lead = articles[0]
    guard = Guard([lead.title, lead.standfirst, *lead.paragraphs], language=lead.language)
    titles = [headline.of_article(article) for article in articles]
    settled = [
        title
        for title, article in zip(titles, articles, strict=True)
        if not disputes(article.title, article, articles) and (article is lead or not guard.check(title))
    ]
    if disputes(lead.title, lead, articles) and settled:
        titles = [*settled, *titles]
    return headline.subject_of(titles, language=lead.language, stands=lambda title: not guard.check(title))


def _of_title(subject: str, lead: Article, articles: Sequence[Article]) -> tuple[str, ...]:
    return tuple(f"articles disagree on the subject: {found.in_words}" for found in disputes(subject, lead, articles))


def preheader(subject: str, offered: Sequence[Sentence], language: str = "en") -> str:
    """Choose the line that mail programs show beside the subject: it must not repeat the subject."""
    shortest, longest = PREHEADER
    texts = list(dict.fromkeys(sentence.text for sentence in offered))
    fresh = [text for text in texts if overlap(text, subject) <= 0.5]
    for text in fresh:
        if shortest <= len(text) <= longest:
            return text
    for text in (*fresh, *texts):
        fitted = fit(text, longest, language=language)
        # Cut to what the subject says it would repeat it after all.
        if len(fitted) >= shortest and (overlap(fitted, subject) <= 0.5 or text not in fresh):
            return fitted
    return next((text for text in (*fresh, *texts) if len(text) <= longest), "")


def line_of(articles: Sequence[Article], opening: Sequence[Sentence]) -> Sentence | None:
    """Say the news in one line: the standfirst's first sentence, else the first printed one, else the headline.

    None: there is none without a number on which the articles disagree.
    """
    lead = articles[0]
    title = headline.subject_of([headline.of_article(lead)], language=lead.language)
    headlined = Sentence(text=title, article=lead.id, place="title")
    for sentence in (*first_line_of(lead, LINE_LIMIT), *opening[:1], headlined):
        fitted = _fitted(sentence, LINE_LIMIT, lead.language)
        if fitted and content_of(fitted.text) and not _disputed(fitted, articles):
            return fitted
    return None
