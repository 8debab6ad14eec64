"""What a CMS hands over: JSON to an Article. Pure, but for asking the guarded worker to read HTML.

Whoever sends it may be mistaken in many fields at once, so all mistakes are named together. A field that is not known
is a mistake too: `embargo` instead of `embargo_until` must not let a story out before its time.
"""

import difflib
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from alerts.content.reading import articles
from alerts.content.reading.cleaning import clean
from alerts.content.text import language_by_script, language_of, tidy
from alerts.errors import ContentError
from alerts.guarded import Worker
from alerts.model import Article, Image, Urgency

#: `Article.feed` of what was handed over
FEED = "push"

_MOST = {"title": 500, "standfirst": 2000, "section": 80, "agency": 80, "url": 2000, "language": 35, "outlet": 200}
_MOST_ITEMS, _LONGEST_ITEM = 50, 200
#: unknown fields that are named, at most
_MOST_UNKNOWN = 20
_MOST_PARAGRAPHS, _LONGEST_PARAGRAPH = 2000, 20_000
#: an embargo further ahead is a mistake, such as milliseconds or another century
_LONGEST_EMBARGO = timedelta(days=366)
_FIRST_YEAR, _LAST_YEAR = 1995, 2199
_IMAGE_FIELDS = ("url", "alt", "caption", "credit")


class NotJson(ContentError):
    """The request is no JSON object."""


class BadFields(ContentError):
    """Fields of an article cannot be used."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{field}: {text}" for field, text in problems.items()))
        self.problems = dict(problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """An article as it was handed over: every field read, none cleaned yet."""

    url: str
    title: str = ""
    paragraphs: tuple[str, ...] = ()
    html: str = ""
    standfirst: str = ""
    section: str = ""
    topics: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    language: str = ""
    authors: tuple[str, ...] = ()
    agency: str = ""
    image: Image | None = None
    published_at: datetime | None = None
    updated_at: datetime | None = None
    embargo_until: datetime | None = None
    urgency: Urgency | None = None

    @property
    def has_text(self) -> bool:
        """Whether its text came along; without, its page has to be fetched."""
        return bool(self.paragraphs or self.html)


_FIELDS = (*(field.name for field in fields(Pushed)), "outlet")


def read(body: bytes, *, outlet: str, topics: Collection[str], now: datetime) -> Pushed:
    """Read what the CMS of an outlet handed over. Raises NotJson, or BadFields that names every bad field."""
    try:
        raw = json.loads(body)
    except RecursionError:
        raise NotJson("the request is nested too deeply") from None
    except ValueError:
        raise NotJson("the request is not JSON in UTF-8") from None
    if not isinstance(raw, dict):
        raise NotJson("the request is not a JSON object")
    return _Reading(raw, outlet=outlet, topics=topics, now=now).pushed()


class _Reading:
    """Reads the fields one by one, collecting what is wrong with them."""

    def __init__(self, raw: dict[str, Any], *, outlet: str, topics: Collection[str], now: datetime) -> None:
        # `null` says as little as leaving a field out.
        self.raw = {name: value for name, value in raw.items() if value is not None}
        self.outlet, self.topics, self.now = outlet, topics, now
        self.problems: dict[str, str] = {}

    def pushed(self) -> Pushed:
        """Read everything. Raises BadFields."""
        for name in sorted(self.raw.keys() - set(_FIELDS))[:_MOST_UNKNOWN]:
            near = difflib.get_close_matches(name[:40], _FIELDS, n=1)
            hint = f"; do you mean {near[0]}?" if near else ""
            self.problems[tidy(name)[:40] or "?"] = f"is not a field{hint}"
        found = Pushed(
            url=self._web("url", self.raw.get("url")),
            title=self._line("title"),
            paragraphs=self._list("paragraphs", most=_MOST_PARAGRAPHS, longest=_LONGEST_PARAGRAPH),
            html=self._text("html"),
            standfirst=self._line("standfirst"),
            section=self._line("section"),
            topics=self._known_topics(),
            categories=self._list("categories"),
            language=self._language(),
            authors=self._list("authors"),
            agency=self._line("agency"),
            image=self._image(),
            published_at=self._instant("published_at"),
            updated_at=self._instant("updated_at"),
            embargo_until=self._instant("embargo_until"),
            urgency=self._urgency(),
        )
        self._together(found)
        if self.problems:
            raise BadFields(self.problems)
        return found

    def _together(self, found: Pushed) -> None:
        if "url" not in self.raw:
            self.problems["url"] = "is missing: an article is known by its address"
        if "paragraphs" in self.raw and "html" in self.raw:
            self.problems["html"] = "stands beside paragraphs; give one of them"
        if found.has_text and not found.title and "title" not in self.problems:
            self.problems["title"] = "is missing"
        for name in ("html", "paragraphs"):
            if name in self.raw and name not in self.problems and not getattr(found, name):
                self.problems[name] = "is empty; leave it out to have the page fetched"
        until = found.embargo_until
        if until is not None and until - self.now > _LONGEST_EMBARGO:
            self.problems["embargo_until"] = "is more than a year ahead"
        if self._line("outlet") not in {"", self.outlet}:
            self.problems["outlet"] = f'this token speaks for "{self.outlet}" only'

    # --- kinds of fields ---

    def _text(self, name: str) -> str:
        value = self.raw.get(name, "")
        if not isinstance(value, str):
            self.problems[name] = "must be text"
            return ""
        return value

    def _line(self, name: str) -> str:
        text = tidy(self._text(name))
        if len(text) > _MOST[name]:
            self.problems[name] = f"is longer than {_MOST[name]} characters"
        elif not text and self.raw.get(name) not in (None, "") and name not in self.problems:
            self.problems[name] = "has no letter that can be shown"
        return text

    def _list(self, name: str, *, most: int = _MOST_ITEMS, longest: int = _LONGEST_ITEM) -> tuple[str, ...]:
        value = self.raw.get(name, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.problems[name] = "must be a list of texts"
            return ()
        if len(value) > most:
            self.problems[name] = f"has more than {most} items"
        elif any(len(item) > longest for item in value):
            self.problems[name] = f"has an item longer than {longest} characters"
        return tuple(dict.fromkeys(text for text in map(tidy, value) if text))

    def _known_topics(self) -> tuple[str, ...]:
        given = self._list("topics")
        unknown = [name for name in given if name not in self.topics]
        if unknown and "topics" not in self.problems:
            known = ", ".join(sorted(self.topics)) or "none is configured"
            self.problems["topics"] = f'"{unknown[0]}" is no topic of ours ({known}); categories may say anything'
        return given

    def _web(self, name: str, value: object) -> str:
        if value is None:
            return ""
        url = value.strip() if isinstance(value, str) else ""
        if not url or url != tidy(url) or len(url) > _MOST["url"] or re.search(r'[\s<>"\\]', url):
            self.problems[name] = "must be an http(s) address"
            return ""
        if not articles.canonical(url):
            self.problems[name] = "must be an http(s) address without a name or password"
        return url

    def _image(self) -> Image | None:
        value = self.raw.get("image")
        if value is None:
            return None
        if not isinstance(value, dict):
            self.problems["image"] = "must be an object with url, alt, caption and credit"
            return None
        unknown = sorted(str(name) for name in value.keys() - set(_IMAGE_FIELDS))
        if unknown:
            self.problems[f"image.{tidy(unknown[0])[:40]}"] = "is not a field"
        if value.get("url") is None:
            self.problems["image.url"] = "is missing"
        texts = {}
        for part in ("alt", "caption", "credit"):
            text = value.get(part) or ""
            if not isinstance(text, str) or len(text) > 1000:
                self.problems[f"image.{part}"] = "must be text of at most 1000 characters"
                text = ""
            texts[part] = tidy(text)
        return Image(url=self._web("image.url", value.get("url")), **texts)

    def _language(self) -> str:
        given = self._line("language")
        code = language_of(given) if re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*", given) else ""
        if given and not code and "language" not in self.problems:
            self.problems["language"] = "must be a language such as en or pt-BR"
        return code

    def _urgency(self) -> Urgency | None:
        value = self.raw.get("urgency")
        if value is None:
            return None
        if isinstance(value, str) and value in {one.value for one in Urgency}:
            return Urgency(value)
        self.problems["urgency"] = "must be " + " or ".join(one.value for one in Urgency)
        return None

    def _instant(self, name: str) -> datetime | None:
        value = self.raw.get(name)
        if value is None:
            return None
        try:
            parsed = datetime.fromisoformat(value.strip()) if isinstance(value, str) else None
            if parsed is None or not _FIRST_YEAR <= parsed.year <= _LAST_YEAR:
                raise ValueError
        except ValueError:
            self.problems[name] = "must be a time such as 2026-11-24T14:00:00+01:00"
            return None
        if parsed.tzinfo is None:
            # A guessed zone would end an embargo hours too early.
            self.problems[name] = "must say its zone, such as +01:00 or Z"
            return None
        return parsed.astimezone(UTC)


def article(pushed: Pushed, *, page: Article | None = None, outlet: str, worker: Worker, seen_at: datetime) -> Article:
    """Make the article; what the CMS did not say is taken from its page. Raises BadFields when no text is left."""
    language = pushed.language or (page.language if page else "")
    title = pushed.title or (page.title if page else "")
    given = _paragraphs_of(pushed.html, worker) if pushed.html else pushed.paragraphs
    cleaned = clean(given, title=title, language=language, captions=[pushed.image.caption] if pushed.image else [])
    paragraphs = cleaned.paragraphs or (page.paragraphs if page else ())
    if not paragraphs:
        raise BadFields({"html" if pushed.html else "paragraphs": "has no text that can be printed"})
    made = articles.make(
        url=pushed.url,
        title=title if page is not None else cleaned.title,
        paragraphs=paragraphs,
        outlet=outlet,
        seen_at=seen_at,
        standfirst=pushed.standfirst or (page.standfirst if page else ""),
        section=pushed.section or (page.section if page else ""),
        authors=pushed.authors or cleaned.authors or (page.authors if page else ()),
        categories=pushed.categories,
        language=language or language_by_script(" ".join((title, *paragraphs))),
        image=pushed.image or (page.image if page else None),
        published_at=pushed.published_at or (page.published_at if page else None),
        feed=FEED,
        removed=cleaned.removed if given else page.removed if page else (),
    )
    return replace(
        made,
        agency=pushed.agency or made.agency,
        urgency=pushed.urgency,
        updated_at=pushed.updated_at,
        embargo_until=pushed.embargo_until,
    )


def _paragraphs_of(html: str, worker: Worker) -> tuple[str, ...]:
    try:
        found: Any = worker.call("alerts.content.untrusted.markup:paragraphs", html)
    except ContentError as error:
        raise BadFields({"html": str(error)}) from error
    return tuple(str(text) for text in found)
