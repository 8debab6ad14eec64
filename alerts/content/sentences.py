"""Splitting paragraphs into sentences. Pure.

Rules instead of a model: titles never end a sentence, initials and abbreviations end one only before a word that
usually begins one, and nothing is split inside quotation marks or brackets.
"""

import re

#: never end a sentence
_TITLE_WORDS = (
    "mr mrs ms dr prof gen col lt sgt capt cmdr maj adm rev hon sen rep gov pres sr jr st vs fr mme mlle m mm hr "
    "fr nr art fig vol pp ed al approx op cf bzw ca sra srta sig ave blvd mt ft no"
)
_TITLES = frozenset(_TITLE_WORDS.split())
#: may end one, before a word that usually begins one
_ABBREVIATION_WORDS = (
    "inc ltd co corp bros llc plc etc jan feb mar apr jun jul aug sep sept oct nov dec a.m p.m e.g i.e u.s u.k "
    "u.n e.u d.c u.s.a ph.d ariz calif colo conn fla ga ill ind kan ky la md mass mich minn mo mont neb nev okla "
    "ore pa tenn tex va vt wash wis wyo usw z.b d.h"
)
_ABBREVIATIONS = frozenset(_ABBREVIATION_WORDS.split())
_STARTER_WORDS = (
    "the a an he she it they we i you this that these those in on at but and however meanwhile after before when "
    "while for from with as by if there his her their its our some many most all one two no not what who why how "
    "police officials according since during despite although"
)
_STARTERS = frozenset(_STARTER_WORDS.split())
_END = re.compile(r"""([.!?…]+|[。！？؟۔।]+)(["'”’»)\]›」』]*)(?=\s|$|(?<=[。！？」』])(?=\S))""")
_OPENERS, _CLOSERS = "“«„‹「『([", "”»“›」』)]"


def split(paragraph: str) -> list[str]:
    """Split a tidied paragraph into its sentences; their text is not changed."""
    found: list[str] = []
    start = 0
    for match in _END.finditer(paragraph):
        end = match.end()
        if end <= start or not _ends(paragraph, start, match):
            continue
        sentence = paragraph[start:end].strip()
        if sentence:
            found.append(sentence)
        start = end
    if rest := paragraph[start:].strip():
        found.append(rest)
    return found


def _ends(paragraph: str, start: int, match: re.Match[str]) -> bool:
    """Tell whether this mark ends a sentence."""
    # Windows, not the whole rest: a hostile text has a full stop at every word.
    after = paragraph[match.end() : match.end() + 80].lstrip()
    if not after:
        return True
    if _inside_quote(paragraph[start : match.end()]):
        return False
    if match[1][0] in "。！？؟۔।":
        return True
    if after[0].islower():
        return False
    if match[1] != ".":
        # “Stop!” he said. – the reporting clause belongs to it; that one is lower-case and was seen above
        return True
    return not _abbreviated(paragraph[max(start, match.start() - 60) : match.start()], after)


def _abbreviated(before: str, after: str) -> bool:
    """Tell whether the full stop belongs to the word before it."""
    last = before.rsplit(None, 1)[-1].lstrip("(\"'“‘[«").casefold() if before.strip() else ""
    following = after.split(None, 1)[0].strip("\"'“”‘’«»(),.;:").casefold()
    if last in _TITLES and not (last in {"no", "st", "m"} and following in _STARTERS):
        return True
    if last.rpartition("-")[2] in _ABBREVIATIONS or re.fullmatch(r"(?:[^\W\d_]\.)+[^\W\d_]", last):
        return following not in _STARTERS
    # an initial: “J. Smith”, but not “plan B. The …”
    return bool(re.fullmatch(r"[^\W\d_]", last)) and following not in _STARTERS


def _inside_quote(text: str) -> bool:
    # A quotation that runs on for paragraphs is never closed: do not swallow everything.
    if len(text) >= 600:
        return False
    depth = 0
    for char in text:
        if char in _OPENERS and not (char in _CLOSERS and depth > 0):
            depth += 1
        elif char in _CLOSERS and depth > 0:
            depth -= 1
    return depth > 0 or text.count('"') % 2 == 1
