"""Summarise a story: by extraction, or by a language model where one is configured and the guard lets its text through.

articles ─► extract ─► kind may be written by a model? ─► ask ─► guard ─► (once more) ─► its sentences
               └────────────────────── no, or refused, or no answer ─────────────────────► ours
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from alerts.content.guard.faithfulness import Guard
from alerts.content.summaries.candidates import leans
from alerts.content.summaries.conflicts import disputes
from alerts.content.summaries.summary import ALERT, BLURB, Budget, summarise
from alerts.desk import embargo
from alerts.desk.newsdesk import Newsdesk
from alerts.errors import ContentError
from alerts.log import log
from alerts.model import Article, Sentence, Summary
from alerts.ports import Summariser, SummaryRequest

#: the first text, and one more after it was told what is wrong
_TRIES = 2
#: more articles than these add nothing
_MOST_ARTICLES = 4


def summary_of(desk: Newsdesk, articles: Sequence[Article], *, kind: Literal["alert", "digest"]) -> Summary:
    """Summarise a story from our articles on it, the lead first."""
    owners = {outlet.name: outlet.owner_group for outlet in desk.outlets.values()}
    extracted = summarise(articles, owners=owners)
    if kind not in desk.config.summaries.kinds or not articles[0].paragraphs:
        return extracted
    if any(embargo.running(desk, article) for article in articles):
        return extracted  # what is under embargo leaves the house for nobody, a language model neither
    if (summariser := desk.summariser) is None:
        return extracted
    budget = ALERT if kind == "alert" else BLURB
    written, refused = _written(summariser, articles[:_MOST_ARTICLES], budget)
    log.info(
        "summary_written" if written else "summary_not_written", article=articles[0].id, kind=kind, refused=refused
    )
    if not written:
        return replace(extracted, doubts=(*extracted.doubts, *refused))
    if kind == "alert":
        return replace(extracted, sentences=written, method="llm")
    return replace(extracted, blurb=written, method="llm")


def _written(
    summariser: Summariser, articles: Sequence[Article], budget: Budget
) -> tuple[tuple[Sentence, ...], tuple[str, ...]]:
    """Let a model write; return its sentences if they may be printed, else none and why."""
    lead = articles[0]
    texts = [text_of(article) for article in articles]
    guard = Guard(texts, language=lead.language)
    request = SummaryRequest(
        title=lead.title,
        text="\n\n".join(texts),
        language=lead.language,
        sentences=budget.sentences,
        characters=budget.limit,
    )
    for _ in range(_TRIES):
        try:
            answer = summariser.summarise(request)
        except ContentError as error:
            return (), (str(error),)
        said = _within(answer, budget)
        violations = _violations(said, guard, articles)
        if not violations:
            return tuple(_traced(sentence, guard, articles) for sentence in said), ()
        request = replace(request, refused=answer, violations=violations)
    return (), tuple(f"the language model's text was refused: {violation}" for violation in request.violations)


def _within(answer: tuple[str, ...], budget: Budget) -> tuple[str, ...]:
    """Keep the whole sentences that there is room for."""
    kept: list[str] = []
    for sentence in answer[: budget.sentences]:
        if len(" ".join([*kept, sentence])) > budget.limit:
            break
        kept.append(sentence)
    return tuple(kept)


def _violations(said: tuple[str, ...], guard: Guard, articles: Sequence[Article]) -> tuple[str, ...]:
    """List why a text may not be printed."""
    if not said:
        return ("no sentence of it fits",)
    lead = articles[0]
    found = [f"“{wrong.text}”: {wrong.what}" for sentence in said for wrong in guard.check(sentence)]
    found += (
        [f"“{said[0]}” begins with a word that points at something before it"] if leans(said[0], lead.language) else []
    )
    for sentence in said:
        found += [f"sources disagree: {one.in_words}" for one in disputes(sentence, lead, articles)]
    return tuple(dict.fromkeys(found))


def _traced(sentence: str, guard: Guard, articles: Sequence[Article]) -> Sentence:
    """Name the sentence that a model's sentence comes from."""
    origin = guard.origin(sentence)
    whose = next((article for article in articles if origin and origin in text_of(article)), articles[0])
    return Sentence(text=sentence, article=whose.id, place="llm", source=origin)


def text_of(article: Article) -> str:
    """Put together everything an article says, for the guard."""
    caption = article.image.caption if article.image else ""
    return "\n".join((article.title, article.standfirst, *article.paragraphs, caption))
