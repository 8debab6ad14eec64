"""Taking out of a scraped text what is not the article, and saying what and why. Pure.

The steps, in order: shortcodes → breadcrumb (becomes the section) → title repeated → captions (known, or a phrase
without a full stop that is repeated or stands in a sentence of the text) → byline (becomes the authors) → boilerplate
paragraphs by the rules of the language → agency (named by dateline or signature) → `Read more` at the end of a
paragraph → paragraphs
repeated. Nothing is rewritten; each removal names its rule.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from alerts.content.reading import agencies, shortcodes
from alerts.content.rules import Rules, rules_for
from alerts.content.text import is_sentence, key, tidy, words
from alerts.model import Removed

_SEPARATORS = re.compile(r"\s*[>»›→|/·•]\s*")
#: a caption that no sentence repeats cannot be told from a subheading; one this similar to a sentence can
_SAME_CAPTION = 0.75
#: shorter ones are subheadings: they say again what their section says
_SHORTEST_ECHO = 8
#: so many phrases are compared with every sentence: more are a list
_MOST_ECHOES = 40
_SITE_SUFFIX = re.compile(r"\s+[|–—·•-]\s+[^|–—·•]{2,40}$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """An article's text without its wrapping."""

    title: str
    paragraphs: tuple[str, ...]
    section: str = ""
    authors: tuple[str, ...] = ()
    #: the agency that signs it; empty: none does
    agency: str = ""
    removed: tuple[Removed, ...] = ()
    #: the text breaks off: the rest stands elsewhere
    truncated: bool = False


def clean(
    paragraphs: Sequence[str],
    *,
    title: str = "",
    language: str = "",
    captions: Sequence[str] = (),
    site: str = "",
) -> Cleaned:
    """Clean a text; without a title, the first line that is none of the wrapping becomes it."""
    work = _Work([tidy(paragraph) for paragraph in paragraphs], tidy(title), rules_for(language))
    known = [tidy(caption) for caption in captions] + work.take_shortcodes()
    section = work.take_breadcrumb()
    if not work.title:
        work.find_title()
    work.title = without_site(work.title, site)
    work.take_titles()
    work.take_captions([caption for caption in known if caption])
    authors = work.take_bylines()
    work.take_boilerplate()
    work.take_signatures()
    truncated = work.take_endings()
    work.take_repeats()
    return Cleaned(
        title=work.title,
        paragraphs=tuple(work.paragraphs),
        section=section,
        authors=authors,
        agency=work.agency,
        removed=tuple(work.removed),
        truncated=truncated,
    )


def without_site(title: str, site: str) -> str:
    """Take ` | Site name` off a title; only a name that is known goes."""
    match = _SITE_SUFFIX.search(title)
    if (
        match
        and site
        and (key(match[0]) == key(site) or key(site).startswith(key(match[0])) or key(match[0]).startswith(key(site)))
    ):
        return title[: match.start()]
    return title


def _is_echo(phrase: str, sentences: Sequence[set[str]]) -> bool:
    """Tell whether a phrase only says what a sentence of the text says."""
    mine = set(words(phrase))
    if len(mine) < _SHORTEST_ECHO:
        return False
    return any(len(mine & other) >= _SAME_CAPTION * len(mine) for other in sentences)


class _Work:
    """A text under the knife."""

    def __init__(self, paragraphs: list[str], title: str, rules: Rules) -> None:
        self.paragraphs = [paragraph for paragraph in paragraphs if paragraph]
        self.title = title
        self.removed: list[Removed] = []
        self.agency = ""
        self._rules = rules

    def _remove(self, doomed: dict[int, str]) -> None:
        """Remove paragraphs by position, each with its rule."""
        self.removed += [Removed(text=self.paragraphs[at], rule=rule) for at, rule in sorted(doomed.items())]
        self.paragraphs = [text for at, text in enumerate(self.paragraphs) if at not in doomed]

    def take_shortcodes(self) -> list[str]:
        """Take out codes; return the captions they wrapped."""
        captions: list[str] = []
        kept: list[str] = []
        for paragraph in self.paragraphs:
            captions += shortcodes.captions_in(paragraph)
            left, codes = shortcodes.strip(paragraph)
            self.removed += [Removed(text=code, rule="shortcode") for code in codes]
            kept += [left] if left else []
        self.paragraphs = kept
        return captions

    def take_breadcrumb(self) -> str:
        """Take out `Home Section Title` at the top; return the section."""
        for at, paragraph in enumerate(self.paragraphs[:2]):
            section = self._breadcrumb(paragraph, self.paragraphs[at + 1 : at + 4])
            if section is not None:
                self._remove({at: "breadcrumb"})
                return section
        return ""

    def _breadcrumb(self, paragraph: str, following: Sequence[str]) -> str | None:
        """Read the section out of a breadcrumb; None: the paragraph is none."""
        home = self._home_of(paragraph)
        if len(paragraph) > 400 or is_sentence(paragraph):
            return None
        middle = paragraph[len(home) :]
        ends_in_title = False
        for title in (self.title, *following):
            if title and key(paragraph) != key(title) and middle.casefold().endswith(title.casefold()):
                middle, ends_in_title = middle[: -len(title)], True
                break
        steps = [step for step in _SEPARATORS.split(middle) if step]
        if not (home and (ends_in_title or len(steps) >= 2 or _SEPARATORS.match(middle))):
            return None
        if not ends_in_title and len(steps) > 1 and _SEPARATORS.search(middle) and len(steps[-1]) > 40:
            steps.pop()  # the last step is the article itself, shortened
        return steps[-1].strip() if steps and len(steps[-1]) <= 60 else ""

    def _home_of(self, paragraph: str) -> str:
        for word in sorted(self._rules.home, key=len, reverse=True):
            if paragraph.casefold().startswith(word) and not paragraph[len(word) : len(word) + 1].isalnum():
                return paragraph[: len(word)]
        return ""

    def find_title(self) -> None:
        """Take the first line that is not boilerplate as the title."""
        for at, paragraph in enumerate(self.paragraphs):
            if self._rules.rule_for(paragraph):
                continue
            bare = re.sub(r"^#{1,6}\s+", "", paragraph)
            if len(bare) <= 250:
                self.title = bare
                # It moves to its place: nothing was removed.
                del self.paragraphs[at]
            return

    def take_titles(self) -> None:
        """Take out the title where the top of the text repeats it."""
        spellings = {key(self.title), key(_SITE_SUFFIX.sub("", self.title))} - {""}
        doomed = {
            at: "title-repeated"
            for at, paragraph in enumerate(self.paragraphs[:4])
            if {key(paragraph), key(_SITE_SUFFIX.sub("", paragraph))} & spellings
        }
        self._remove(doomed)

    def take_captions(self, known: Sequence[str]) -> None:
        """Take out captions: those the page marks, and phrases that the text itself repeats."""
        marks = [key(paragraph) for paragraph in self.paragraphs]
        keys = {key(caption) for caption in known} - {""}
        counts = Counter(marks)
        sentences = [set(words(paragraph)) for paragraph in self.paragraphs if is_sentence(paragraph)]
        doomed: dict[int, str] = {}
        compared = 0
        for at, (paragraph, mark) in enumerate(zip(self.paragraphs, marks, strict=True)):
            if paragraph.startswith(("- ", "|")):
                continue  # rows of lists and tables say the same for good reason
            sentence = is_sentence(paragraph)
            if mark in keys and not (at == 0 and sentence):
                doomed[at] = "caption"
            elif not sentence and counts[mark] > 1:
                doomed[at] = "caption-repeated"
            elif not sentence and compared < _MOST_ECHOES:
                compared += 1
                if _is_echo(paragraph, sentences):
                    doomed[at] = "caption"
        self._remove(doomed)

    def take_bylines(self) -> tuple[str, ...]:
        """Take out `By A and B` at the top; return the names."""
        for at, paragraph in enumerate(self.paragraphs[:4]):
            for pattern in self._rules.bylines:
                if len(paragraph) <= 160 and (match := pattern.fullmatch(paragraph.rstrip("."))):
                    self.agency = self.agency or agencies.named_in(paragraph)
                    self._remove({at: "byline"})
                    names = re.split(r",\s*(?:and\s+)?|\s+(?:and|et|und|y)\s+", match[1])
                    return tuple(name.strip() for name in names if name.strip())
        return ()

    def take_boilerplate(self) -> None:
        """Take out paragraphs that the rules of the language know."""
        doomed = {at: rule for at, text in enumerate(self.paragraphs) if (rule := self._rules.rule_for(text))}
        for at in (at for at, rule in doomed.items() if rule == "copyright"):
            self.agency = self.agency or agencies.named_in(self.paragraphs[at])
        self._remove(doomed)

    def take_signatures(self) -> None:
        """Read the agency in `LONDON (AP) —`, which stays: its place is part of the news; take out a line `(AP)`."""
        for paragraph in self.paragraphs[:2]:
            self.agency = agencies.in_dateline(paragraph) or self.agency
        signed = {
            at: agency
            for at, text in enumerate(self.paragraphs)
            if len(text) <= 60 and (agency := agencies.agency_of(re.sub(r"^(?:by|von|par|por) ", "", text, flags=re.I)))
        }
        for agency in signed.values():
            self.agency = self.agency or agency
        self._remove(dict.fromkeys(signed, "agency"))

    def take_endings(self) -> bool:
        """Cut `Read more →` off paragraphs; tell whether the text breaks off there."""
        truncated = False
        for at, paragraph in enumerate(self.paragraphs):
            for rule, pattern in self._rules.endings:
                # Looked for in the last bytes only: patterns must not run over whole paragraphs.
                tail = max(0, len(paragraph) - 200)
                if match := pattern.search(paragraph, tail):
                    self.removed.append(Removed(text=match[0].strip(), rule=rule))
                    self.paragraphs[at] = paragraph = paragraph[: match.start()].rstrip()
                    truncated = truncated or at == len(self.paragraphs) - 1
        self.paragraphs = [paragraph for paragraph in self.paragraphs if paragraph]
        return truncated

    def take_repeats(self) -> None:
        """Take out a paragraph that stood in the text before."""
        seen: set[str] = set()
        doomed: dict[int, str] = {}
        for at, paragraph in enumerate(self.paragraphs):
            if (mark := key(paragraph)) in seen:
                doomed[at] = "repeated"
            seen.add(mark)
        self._remove(doomed)
