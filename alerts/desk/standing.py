"""Where the words of an edition stand: each printed sentence with its article, and what stands in none. Reads only."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from alerts.content.guard.faithfulness import Guard, Unsupported
from alerts.content.summaries.summary import DIFFER
from alerts.desk.newsdesk import Newsdesk
from alerts.desk.summarising import text_of
from alerts.model import Article, ArticleId, Edition, Entry, Finding, Sentence, Severity

Sources = Mapping[ArticleId, Article]

_REMEDY = "check it against the article, or take it out with --edit"
#: what the tool itself adds beside the sentences
_BY = {"editor": "an editor’s own words", "llm": "a language model’s words", DIFFER: "added: articles disagree"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """A printed sentence and where it comes from."""

    #: 1-based place of its story in the edition
    story: int
    text: str
    #: who wrote it, if not the article's author; empty: it stands in the article
    written_by: str
    #: empty: it was written by an editor before there was an article
    article: str
    outlet: str
    title: str
    url: str
    #: such as `paragraph 1`, `standfirst`
    place: str
    #: the sentence as it stands there
    source: str
    #: what of it stands in no article
    doubts: tuple[str, ...]


def sources_of(desk: Newsdesk, edition: Edition) -> dict[ArticleId, Article]:
    """Read the articles that an edition is of."""
    found: dict[ArticleId, Article] = {}
    for entry in edition.entries:
        for known in {sentence.article for sentence in entry.printed if sentence.article} | {entry.article}:
            if known and (article := desk.store.archive.article(ArticleId(known))):
                found[article.id] = article
    return found


def doubts(edition: Edition, sources: Sources) -> list[Finding]:
    """List what an edition says that its articles do not, and what was noted when it was summarised."""
    found: list[Finding] = []
    for number, entry in enumerate(edition.entries, start=1):
        found += [_noted(doubt, number) for doubt in entry.doubts]
        guard = _guard(entry, sources)
        if guard is None:
            continue
        for place, text in _printed(edition, entry, number):
            found += [_finding(wrong, place) for wrong in guard.check(text)]
    return list(dict.fromkeys(found))


def trace(edition: Edition, sources: Sources) -> list[Traced]:
    """Name where each printed sentence of an edition comes from."""
    found: list[Traced] = []
    for number, entry in enumerate(edition.entries, start=1):
        guard = _guard(entry, sources)
        for sentence in entry.printed:
            article = sources.get(ArticleId(sentence.article or entry.article or ""))
            wrong = guard.check(sentence.text) if guard and sentence.place != DIFFER else []
            found.append(
                Traced(
                    story=number,
                    text=sentence.text,
                    written_by=_BY.get(sentence.place or "editor", ""),
                    article=article.id if article else "",
                    outlet=article.outlet if article else "",
                    title=article.title if article else "",
                    url=article.url if article else "",
                    place=sentence.place or "editor",
                    source=_origin(sentence, guard),
                    doubts=tuple(f"“{one.text}”: {one.what}" for one in wrong),
                )
            )
    return found


def _origin(sentence: Sentence, guard: Guard | None) -> str:
    """Tell the sentence that one comes from: as it was when it was taken, for articles change."""
    if sentence.source:
        return sentence.source
    if sentence.place in {"", "editor"}:
        return guard.origin(sentence.text) if guard else ""
    return "" if sentence.place == DIFFER else sentence.text


def _guard(entry: Entry, sources: Sources) -> Guard | None:
    """Make the guard over what an entry may draw on; None: there is no article yet."""
    known = [sentence.article for sentence in entry.printed if sentence.article in sources]
    wanted = dict.fromkeys([*known, *([entry.article] if entry.article in sources else [])])
    texts = [text_of(sources[ArticleId(article)]) for article in wanted if article]
    return Guard(texts, language=entry.language) if texts else None


def _printed(edition: Edition, entry: Entry, number: int) -> Iterator[tuple[str, str]]:
    """List the texts that an entry's articles must bear out."""
    if not edition.digest:
        yield "subject", edition.subject
        yield "preheader", edition.preheader
    place = f"story {number}"
    yield place, entry.headline
    yield from ((place, sentence.text) for sentence in entry.printed if sentence.place != DIFFER)
    if entry.correction is not None and entry.correction.right:
        yield place, entry.correction.right


def _finding(wrong: Unsupported, place: str) -> Finding:
    return Finding(
        code="not-in-source",
        severity=Severity.WARNING,
        text=f'"{wrong.text}" ({wrong.what}) does not stand in the source',
        place=place,
        remedy=_REMEDY,
    )


def _noted(doubt: str, number: int) -> Finding:
    return Finding(
        code="summary-noted",
        severity=Severity.WARNING,
        text=doubt,
        place=f"story {number}",
        remedy="read the articles, and say with --edit what you know",
    )
