"""Who tells a story in words of its own. Pure.

Five papers that carry one agency's text are one voice, and so are the papers of one owner: what they publish bears out
nothing.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from alerts.content.clusters.copies import voices
from alerts.model import Article, Outlet

_AGENCY = re.compile(r"\((AP|Reuters|AFP|dpa|UPI|ANSA|EFE|PA|Xinhua|TASS|Bloomberg)\)", re.IGNORECASE)
#: a dateline stands at the very beginning
_DATELINE = 200


def independent_voices(articles: Sequence[Article], outlets: Mapping[str, Outlet]) -> list[str]:
    """Name one outlet for each voice that tells a story in words of its own, the first to tell it first."""

    def owner(article: Article) -> str:
        outlet = outlets.get(article.outlet)
        return outlet.owner_group if outlet else article.outlet

    found = voices([_with_agency(article) for article in articles], owner=owner)
    return [voice.first.outlet for voice in found]


def _with_agency(article: Article) -> Article:
    """Read the agency off the dateline where nobody has yet."""
    if article.agency or not article.paragraphs:
        return article
    named = _AGENCY.search(article.paragraphs[0][:_DATELINE])
    return replace(article, agency=named[1].casefold()) if named else article
