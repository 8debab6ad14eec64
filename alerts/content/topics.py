"""Which topics of ours an article belongs to. Pure.

The newsroom writes words per topic; an article is in a topic when its section, a feed category or its own words say so.
A word in the headline weighs more than one in the lead, that more than one further down.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from alerts.content.text import key
from alerts.model import Article

#: headline 3, first paragraph 2, each of the next five 1
_ENOUGH = 3.0


def topics_of(article: Article, rules: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Name the topics of an article in the order of the rules; `rules` maps a topic to its words."""
    filed = {key(name) for name in (article.section, *article.categories) if name}
    segments = {key(part) for part in re.split(r"[/?#]", article.url)[3:5] if part.isalpha()}
    found = []
    for topic, wanted in rules.items():
        names = {key(word) for word in (topic, *wanted)}
        if names & (filed | segments) or _weight(article, wanted) >= _ENOUGH:
            found.append(topic)
    return tuple(found)


def _weight(article: Article, wanted: tuple[str, ...]) -> float:
    pattern = mention(wanted)
    if pattern is None:
        return 0.0
    lead = article.standfirst or (article.paragraphs[0] if article.paragraphs else "")
    hits = 3.0 * bool(pattern.search(article.title)) + 2.0 * bool(pattern.search(lead))
    return hits + sum(bool(pattern.search(text)) for text in article.paragraphs[1:6])


@lru_cache(maxsize=256)
def mention(wanted: tuple[str, ...]) -> re.Pattern[str] | None:
    """Make the pattern that finds any of some words or phrases as whole words, `*` standing for any ending."""
    phrases = [re.escape(word.strip()).replace(r"\*", r"\w*").replace(r"\ ", r"\s+") for word in wanted if word.strip()]
    return re.compile(rf"(?<!\w)(?:{'|'.join(phrases)})(?:['’]s)?(?!\w)", re.IGNORECASE) if phrases else None
