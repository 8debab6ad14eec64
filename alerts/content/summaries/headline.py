"""Cleaning titles, and fitting one into a subject line. Pure."""

import re
from collections import Counter
from collections.abc import Callable, Sequence

from alerts.content.summaries.fitting import cut
from alerts.content.text import key, shorten, tidy, width
from alerts.model import Article

#: longer subjects are cut by phones; 30 to 50 is best
SUBJECT_LIMIT = 70
_BEST = 50
_MARKER = re.compile(
    r"^\s*(?:(?:breaking(?: news)?|just in|urgent|flash|news alert|alert|update[ds]?|developing|live|"
    r"exclusive|watch|video|eilmeldung|eil|urgente|dernière minute|عاجل)\s*[:|–—!-]+\s*)+",
    re.IGNORECASE,
)
_SUFFIX = re.compile(r"\s+[|–—•·»-]+\s+(?P<site>[^|–—•·»]{2,40})$")
#: a title with a larger share of capitals shouts
_SHOUTS = 0.7
#: written in capitals also where nobody shouts
_ACRONYM_WORDS = "US UK EU UN UAE USA NATO NASA FBI CIA BBC CNN AI WHO IMF GDP NHS MP MPS PM TV COVID AP EC ECB"
_ACRONYMS = frozenset(_ACRONYM_WORDS.split())


def bare(title: str, *, outlet: str = "", text: str = "") -> str:
    """Take `BREAKING:` (the template says so) and the site's name off a title, and turn SHOUTING into sentence case.

    `text` is the article's: a name in it keeps its capitals.
    """
    cleaned = _MARKER.sub("", tidy(title)) or tidy(title)
    cleaned = _without_site(cleaned, outlet)
    letters = [char for char in cleaned if char.isalpha()]
    if len(letters) > 10 and sum(char.isupper() for char in letters) / len(letters) > _SHOUTS:
        cleaned = _quiet(cleaned, text)
    return cleaned[:1].upper() + cleaned[1:]


def of_article(article: Article) -> str:
    """Clean the title of an article."""
    return bare(article.title, outlet=article.outlet, text="\n".join((article.standfirst, *article.paragraphs)))


def _without_site(title: str, outlet: str) -> str:
    """Take the name of the site off the end of a title."""
    match = _SUFFIX.search(title)
    if not match or not outlet:
        return title
    site, ours = key(match["site"]), key(outlet)
    named = bool(site and ours) and (
        site == ours or (len(ours) > 2 and ours in site) or (len(site) > 3 and site in ours)
    )
    return title[: match.start()] if named and match.start() > 10 else title


def _quiet(title: str, text: str) -> str:
    """Write a shouted title in sentence case; words that the article writes with capitals keep them."""
    forms: dict[str, Counter[str]] = {}
    for match in re.finditer(r"(?<=[\w,;] )[^\W\d_]+", text[:20_000]):
        forms.setdefault(match[0].casefold(), Counter())[match[0]] += 1

    def quiet(match: re.Match[str]) -> str:
        word = match[0]
        if known := forms.get(word.casefold()):
            return known.most_common(1)[0][0]
        return word if word in _ACRONYMS or not word.isupper() else word.lower()

    return re.sub(r"[^\W\d_]+", quiet, title)


def subject_of(
    titles: Sequence[str], *, language: str = "en", stands: Callable[[str], bool] = lambda _title: True
) -> str:
    """Choose a subject of at most 70 columns: the first title, else its main clause, another title, or a cut.

    Titles are clean; `stands` tells whether another title may stand for the first one.
    """
    given = [title for title in titles if title.strip()]
    if not given:
        return ""
    if width(given[0]) <= SUBJECT_LIMIT:
        return given[0]
    others = sorted(given[1:], key=lambda title: abs(width(title) - _BEST))
    for text in (*_clauses(given[0]), *(title for title in others if stands(title))):
        if width(text) <= SUBJECT_LIMIT:
            return text
    return cut(given[0], SUBJECT_LIMIT, language=language, measure=width) or _forced(given[0])


def _forced(title: str) -> str:
    """Cut a title that has no place to be cut at: an endless word, a quotation and nothing else."""
    text = shorten(title, SUBJECT_LIMIT)
    while width(text) > SUBJECT_LIMIT:
        text = shorten(text.rstrip("…"), len(text) - 1)
    return text


def _clauses(title: str) -> list[str]:
    """Split a title where it says a second thing; the longer half comes first.

    A short half is a kicker or says whose words the other one is (`Police: …`): neither stands without the other.
    """
    halves: list[str] = []
    for mark in (": ", " – ", " — ", " - ", "; ", " | "):
        parts = title.split(mark)
        if len(parts) == 2 and all(len(part.split()) >= 4 for part in parts):
            halves += sorted((part[:1].upper() + part[1:] for part in parts), key=len, reverse=True)
    return halves
