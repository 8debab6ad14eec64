"""Who tells a story in words of its own. Pure.

Five papers that carry one agency's text are one voice, and so are the papers of one owner: what they publish bears out
nothing.
"""

import re
from collections.abc import Mapping, Sequence

from alerts.content.text import containment, words
from alerts.model import Article, Outlet

_AGENCY = re.compile(r"\((AP|Reuters|AFP|dpa|UPI|ANSA|EFE|PA|Xinhua|TASS|Bloomberg)\)")
_SAME_TEXT = 0.5
#: fewer runs of words than this prove no copy
_LEAST_RUNS = 20
_PARAGRAPHS = 8


def independent_voices(articles: Sequence[Article], outlets: Mapping[str, Outlet]) -> list[str]:
    """Name one outlet for each voice that tells a story in words of its own, the first to tell it first."""
    heard: list[tuple[str, str, str, set[str]]] = []
    for article in sorted(articles, key=lambda one: (one.told_at, one.id)):
        outlet = outlets.get(article.outlet)
        owner = outlet.owner_group if outlet else article.outlet
        if any(owner == other for _, other, *_ in heard):
            continue
        text = " ".join(article.paragraphs[:_PARAGRAPHS])
        agency, mine = _agency(article, text), _runs(text)
        copied = any((agency and agency == wire) or _copies(mine, theirs) for _, _, wire, theirs in heard)
        if not copied:
            heard.append((article.outlet, owner, agency, mine))
    return [name for name, *_ in heard]


def _agency(article: Article, text: str) -> str:
    found = _AGENCY.search(text[:200])
    return (article.agency or (found[1] if found else "")).casefold()


def _copies(mine: set[str], theirs: set[str]) -> bool:
    """Tell whether one of two texts stands for the most part in the other, whichever is the longer."""
    shorter, longer = sorted((mine, theirs), key=len)
    return len(shorter) > _LEAST_RUNS and containment(shorter, longer) >= _SAME_TEXT


def _runs(text: str) -> set[str]:
    """Cut a text into its runs of three words."""
    tokens = words(text)
    return {" ".join(tokens[at : at + 3]) for at in range(len(tokens) - 2)}
