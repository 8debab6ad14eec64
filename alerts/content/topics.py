"""Which topics of ours an article belongs to. Pure.

The newsroom writes rules per topic: names of sections or feed categories, addresses of feeds, words. What the publisher
says comes first – its feed, section, category or address – and then the article's own words. A word in the headline
weighs more than one in the lead, that more than one further down. A rule that begins with “-” keeps an article out
whose headline or lead has that word, unless the publisher filed it there.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from alerts.content.text import key
from alerts.model import Article

#: headline 3, first paragraph 2, each of the next five 1
_ENOUGH = 3.0


def topics_of(article: Article, rules: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Name the topics of an article: those it is filed under, then those its words tell of, in the order of the rules.

    `rules` maps a topic to its names, feeds and words.
    """
    filed = [topic for topic, wanted in rules.items() if _is_filed(article, topic, wanted)]
    told = [topic for topic, wanted in rules.items() if topic not in filed and _tells(article, wanted)]
    return (*filed, *told)


def _is_filed(article: Article, topic: str, wanted: tuple[str, ...]) -> bool:
    if article.feed and article.feed in wanted:
        return True
    names = {key(word) for word in (topic, *wanted) if not word.startswith("-")} - {""}
    filed = {key(name) for name in (article.section, *article.categories) if name}
    return not names.isdisjoint(filed | {key(part) for part in re.split(r"[/?#]", article.url)[3:5] if part.isalpha()})


def _tells(article: Article, wanted: tuple[str, ...]) -> bool:
    pattern = mention(tuple(word for word in wanted if not word.startswith("-")))
    if pattern is None:
        return False
    lead = article.standfirst or (article.paragraphs[0] if article.paragraphs else "")
    barred = mention(tuple(word.removeprefix("-") for word in wanted if word.startswith("-")))
    if barred and (barred.search(article.title) or barred.search(lead)):
        return False
    hits = 3.0 * bool(pattern.search(article.title)) + 2.0 * bool(pattern.search(lead))
    return hits + sum(bool(pattern.search(text)) for text in article.paragraphs[1:6]) >= _ENOUGH


@lru_cache(maxsize=256)
def mention(wanted: tuple[str, ...]) -> re.Pattern[str] | None:
    """Make the pattern that finds any of some words or phrases as whole words, `*` standing for any ending."""
    phrases = [re.escape(word.strip()).replace(r"\*", r"\w*").replace(r"\ ", r"\s+") for word in wanted if word.strip()]
    return re.compile(rf"(?<!\w)(?:{'|'.join(phrases)})(?:['’]s)?(?!\w)", re.IGNORECASE) if phrases else None
