"""The publisher's own summary of an article: whether it is one, and borne out by the text. Pure."""

import re

from alerts.content import sentences
from alerts.content.guard.faithfulness import Guard
from alerts.content.rules import rules_for, stopwords
from alerts.content.summaries.candidates import flaw_of
from alerts.content.text import containment, is_sentence, key, words
from alerts.model import Article, Sentence

#: one below this is a kicker, one above a text of its own
_SHORTEST, _LONGEST = 60, 300
#: fewer characters name a subject and tell nothing of it
_LINE_SHORTEST = 25
#: a link is no part of what a standfirst says
_LINKS = re.compile(r"\s*https?://\S+")


def standfirst_of(article: Article) -> tuple[Sentence, ...]:
    """Take the publisher's own summary if it is one, whole, and borne out by the text."""
    text = mended(article.standfirst)
    if not (_SHORTEST <= len(text) <= _LONGEST and is_sentence(text)):
        return ()
    if text.rstrip().endswith(("…", "...", ":")) or key(text) == key(article.title):
        return ()
    parts = sentences.split(text)
    if any(flaw_of(part, article.language) >= 1 for part in parts) or not _is_borne_out(text, article):
        return ()
    return tuple(Sentence(text=part, article=article.id, place="standfirst") for part in parts)


def mended(standfirst: str) -> str:
    """Take links out of a standfirst, and give back the quotation mark that feeds lose where one stands first."""
    text = _LINKS.sub("", standfirst).strip()
    marks = list(re.finditer(r'(?P<closes>(?<=[^\s(]))?"', text))
    if len(marks) % 2 and marks[0]["closes"] is not None and not text[marks[0].end() :][:1].isalnum():
        return '"' + text
    if "”" in text and "“" not in text.partition("”")[0] and "„" not in text:
        return "“" + text
    return text


def _is_borne_out(standfirst: str, article: Article) -> bool:
    """Tell whether a standfirst is one, and the body says what it says."""
    if rules_for(article.language).rule_for(standfirst):
        return False
    body = "\n".join(article.paragraphs)
    # A bare feed entry has no other text that could bear it out.
    if not body or key(standfirst) in key(body):
        return True
    claims = [word for word in words(standfirst) if word not in stopwords()]
    # A standfirst gathers facts from all over the text: that they stand apart there is no fault.
    guard = Guard([article.title, body], language=article.language)
    return containment(claims, words(body)) >= 0.5 and all(found.misplaced for found in guard.check(standfirst))


def first_line_of(article: Article, limit: int) -> list[Sentence]:
    """Take the standfirst's first sentence that stands alone, and what follows it as far as it fits.

    Like a headline it may do without a full stop.
    """
    told: list[str] = []
    for text in sentences.split(mended(article.standfirst)):
        if told and (len(" ".join([*told, text])) > limit or not _is_line(text, article)):
            break
        if _is_line(text, article):
            told.append(text)
    return [Sentence(text=" ".join(told), article=article.id, place="standfirst")] if told else []


def _is_line(text: str, article: Article) -> bool:
    """Tell whether a sentence of a standfirst can be printed alone."""
    finished = text if is_sentence(text) else text + "."
    if len(text) < _LINE_SHORTEST or flaw_of(finished, article.language) >= 1:
        return False
    return not text.endswith(("…", "...", ":")) and key(text) != key(article.title) and _is_borne_out(text, article)
