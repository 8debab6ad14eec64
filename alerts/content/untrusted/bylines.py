"""Who a page says wrote it. Runs in the guarded worker.

What the page states in data comes first, unless that is only the site's name or a login: then what it shows around the
headline. Names are read out of lines such as `Posted by A, B and C – Desk of D`.
"""

import re
from collections.abc import Callable, Iterator, Sequence

from alerts.content.untrusted.layout import Layout, Node, marks_of, text_of

_LABEL = (
    r"(?:(?:view|see|zeige|voir|ver) )?(?:(?:all|alle|tous les|todas las) )?"
    r"(?:posts|articles|stories|entradas|beiträge) (?:by|from|von|de|por)|"
    r"(?:(?:posted|written|words|text|story|reported|article|analysis|report|published|edited)\s+)?by|"
    r"von|verfasst von|geschrieben von|ein artikel von|text|autor(?:in|en|es|a)?|authors?|auteure?s?|verfasser(?:in)?|"
    r"par|écrit par|publié par|por|escrito por|publicado por|escribe|redactor(?:a)?|di|door|af|av|words"
)
_BY = re.compile(rf"^(?:{_LABEL})(?:\s*:\s*|\s+)(?=\S)", re.IGNORECASE)
_BY_LINE = re.compile(
    r"^(?:(?:posted|written|words|text|story|reported)\s+by|by|von|par|por)(?:\s*:\s*|\s+)(?=[^\W\d_])", re.IGNORECASE
)
_ONLY_LABEL = re.compile(rf"^(?:{_LABEL})\s*:?$", re.IGNORECASE)
_ROLES = (
    r"writer|reporter|editor|correspondent|staff|columnist|contributor|journalist|producer|chief|redakt\w+|journaliste|"
    r"corresponsal|reportero|periodista|bureau|team|desk|special to\b.*"
)
_ROLE = re.compile(rf"\s*[,|–—-]\s+[^,|]{{0,60}}\b(?:{_ROLES})\b.*$", re.IGNORECASE)
_AFTER = re.compile(
    r"\s*(?:[|•·@]|\s[–—-]\s|\b(?:on|am|le|el)\s+(?:[\w.,]{1,12}\s){0,3}\d|"
    r"\b(?:updated|published|posted|for|in|vor|il y a|hace)\b\s|\(|,?\s\w{0,9}\.?\s?\d{1,2}[.,:/ ]).*$"
)
_BETWEEN = re.compile(r"\s*(?:;|,|&|\band\b|\bund\b|\bet\b|\by\b|\be\b|\bwith\b|\bmit\b|\bavec\b|\bcon\b)\s*")
#: names of desks, not of people; good enough where there is nothing better
_IMPERSONAL = re.compile(
    r"^(?:admin(?:istrator)?|editors?|editorial|staff|team|web ?master|redaktion|redacción|redacao|(?:la )?rédaction|"
    r"news ?(?:desk|room)|online|agenc(?:y|ies)|agencias?|agenturen|guest|unknown|anonymous|null|none|undefined|author|"
    r"user|root|contributor|press release|wire services?)\b.{0,20}$",
    re.IGNORECASE,
)
_BYLINE = re.compile(
    r"(?:^|[\s_-])(?:by-?line\w*|(?:post|entry|article|story|meta|tech)?-?_?authors?(?:-?_?names?)?|author\w*|autor\w*|"
    r"auteurs?|verfasser\w*|writers?|posted-?by|writtenby|contributors?|redactor\w*|signature|journalist\w*)(?:$|[\s_-])",
    re.IGNORECASE,
)
_NO_NAME = re.compile(r"(?:^|[\s_-])(?:bio|avatar|image|img|photo|description|desc|box|social|links?|twitter)", re.I)
_PARTICLES = frozenset(
    ("van", "von", "de", "der", "den", "del", "du", "la", "le", "al", "bin", "ibn", "da", "di", "dos", "zu", "y")
)
_MOST = 8


def choose(stated: Sequence[Sequence[str]], layout: Layout, *, site: str) -> list[str]:
    """Take the first statement that names people; else the first that names anybody.

    `stated` are the page's own data, the most trustworthy first.
    """
    second: list[str] = []
    for given in (*stated, *_shown(layout)):
        names = names_in(given, site=site)
        people = [name for name in names if _is_person(name, site)]
        if people:
            return people
        second = second or names
    return second


def names_in(given: Sequence[str], *, site: str = "") -> list[str]:
    """Read the names out of what a page gives as its authors."""
    found: list[str] = []
    for text in given[:_MOST]:
        bare = _bare(text, site)
        parts = [bare] if _is_name(bare) and not _BETWEEN.search(bare) else _BETWEEN.split(bare)
        if len(parts) > 1 and not all(_is_name(part) for part in parts if part):
            # `Jane Doe, Berlin bureau`: what follows the first comma is no name.
            parts = parts[:1]
        found += [part for part in parts if _is_name(part)]
    return list(dict.fromkeys(found))[:_MOST]


def _bare(text: str, site: str) -> str:
    """Take label, role, place, date and the site's name off a byline."""
    text = re.sub(r"\s+", " ", re.sub(r"https?://\S{1,300}|\S{1,100}@\S{1,100}", " ", text[:300])).strip(" :,;|-–—·•*")
    text = _BY.sub("", text)
    if site:
        text = re.sub(
            rf"^{re.escape(site)}\s*[|:–—-]\s+|\s*[,|–—-]\s+{re.escape(site)}$", "", text, flags=re.IGNORECASE
        )
    return _AFTER.sub("", _ROLE.sub("", text)).strip(" :,;|-–—·•*/")


def _is_name(text: str) -> bool:
    return (
        2 <= len(text) <= 60
        and len(text.split()) <= 7
        and not re.search(r"[/@<>{}\d?!]|\.\s*\w{3,}\s\w+\s\w+", text)
        and not _ONLY_LABEL.match(text)
        and any(char.isalpha() for char in text)
    )


def _is_person(name: str, site: str) -> bool:
    """Tell a person from a desk, a login or the site itself."""
    if _mark(name) == _mark(site) or _IMPERSONAL.match(name):
        return False
    caseless = name.lower() == name.upper()
    return caseless or name.lower() != name


def _shown(layout: Layout) -> Iterator[list[str]]:
    """Read the bylines that the page shows: marked as such, then lines that begin with `By`."""
    yield _named(layout.article, lambda node: node.get("itemprop") in {"author", "creator"})
    yield _named(layout.head, lambda node: "author" in (node.get("rel") or "").split())
    yield _named(layout.head, _is_byline)
    yield _named(layout.head, _begins_with_by)
    yield _labelled(layout.head)
    yield _named(layout.article, lambda node: "author" in (node.get("rel") or "").split())
    yield _named(layout.article, _is_byline)


def _named(nodes: Sequence[Node], wanted: Callable[[Node], bool]) -> list[str]:
    """Read the first element that is wanted and names somebody, and those right beside it."""
    found: list[str] = []
    first: Node | None = None
    for node in nodes:
        if first is not None and node.getparent() is not first.getparent():
            continue
        if wanted(node) and (text := _name_text(node)) and names_in([text]):
            first = node if first is None else first
            found.append(text)
            if len(found) == _MOST:
                break
    return found


def _name_text(node: Node) -> str:
    """Read a name out of a byline: its own marked name, its links, else all of it."""
    if content := node.get("content"):
        return str(content)
    for inner in node.iter():
        if isinstance(inner.tag, str) and inner is not node and inner.get("itemprop") == "name":
            return str(inner.get("content") or text_of(inner, most=120))
    said = text_of(node, most=160)
    links = [text for link in list(node.iter("a"))[:_MOST] if (text := text_of(link, most=80)) and _is_name(text)]
    # `By Jane Doe and John Roe, The Courier`: links are cleaner than the line, where they are names.
    if links and node.tag != "a" and _BY.match(said):
        return "; ".join(links)
    return said


def _is_byline(node: Node) -> bool:
    marks = marks_of(node)
    return _BYLINE.search(marks) is not None and not _NO_NAME.search(marks) and len(text_of(node, most=160)) < 150


def _begins_with_by(node: Node) -> bool:
    """Tell a line `By Jane Doe` that nothing marks; `By noon on Tuesday` is none, and long ones are prose."""
    own = _squeezed(node.text)
    if not own or not _BY_LINE.match(own + " x"):
        return False
    said = text_of(node, most=160)
    names = names_in([said]) if len(said) < 120 and _BY_LINE.match(said) else []
    # `Posted by Ida` can only be a name; `By Monday` cannot.
    fewest = 1 if re.match(r"\w+ by\b", said, re.IGNORECASE) else 2
    return bool(names) and all(_is_capitalised(name, fewest) for name in names)


def _is_capitalised(name: str, fewest: int) -> bool:
    """Tell whether a name has so many words but particles, each with a capital."""
    parts = [part for part in name.split() if part.lower() not in _PARTICLES]
    return len(parts) >= fewest and all(not part[0].islower() for part in parts)


def _labelled(nodes: Sequence[Node]) -> list[str]:
    """Read `Author` in an element of its own, with the name in the next one."""
    for node in nodes:
        own = _squeezed(node.text)
        if own and _ONLY_LABEL.match(own) and len(own) > 3:
            following = node.getnext()
            said = text_of(following, most=120) if following is not None else ""
            if len(said) < 100 and names_in([said]):
                return [said]
    return []


def _squeezed(text: str | None) -> str:
    return re.sub(r"\s+", " ", text).strip() if text else ""


def _mark(text: str) -> str:
    return re.sub(r"\W+", "", text).casefold()
