"""Who tells a story in words of its own. Pure.

Five papers that carry one agency's text are one voice, and so are the papers of one owner: what they publish bears out
nothing.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from alerts.content.copies import voices
from alerts.model import Article, Outlet

_AGENCY = re.compile(r"\((AP|Reuters|AFP|dpa|UPI|ANSA|EFE|PA|Xinhua|TASS|Bloomberg)\)")
#: an agency signs at the beginning
_DATELINE = 200


def independent_voices(articles: Sequence[Article], outlets: Mapping[str, Outlet]) -> list[str]:
    """Name one outlet for each voice that tells a story in words of its own, the first to tell it first."""
    signed = [replace(article, agency=_agency(article)) for article in articles]
    return [voice.first.outlet for voice in voices(signed, owner=lambda one: _owner(one, outlets))]


def _owner(article: Article, outlets: Mapping[str, Outlet]) -> str:
    outlet = outlets.get(article.outlet)
    return outlet.owner_group if outlet else article.outlet


def _agency(article: Article) -> str:
    found = _AGENCY.search(" ".join(article.paragraphs)[:_DATELINE])
    return (article.agency or (found[1] if found else "")).casefold()
