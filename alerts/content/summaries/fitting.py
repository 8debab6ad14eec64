"""Making a sentence fit where there is little room, without saying anything else. Pure.

First less is said: an aside in brackets goes, then a last clause about what was just named. If that is not enough, the
sentence ends early, at a clause where it can, and shows it by `…`; never inside a word, a number, a name, a quotation
or brackets, and never so that `police say` or `if` is cut off what it holds for.
"""

import re
from collections.abc import Callable, Iterator

from alerts.content.guard.figures import figures
from alerts.content.rules.cutting import Cutting, cutting_for

Measure = Callable[[str], int]

_ASIDE = re.compile(r"\s*\([^()]{1,160}\)|\s[–—]\s[^–—\"“”]{3,80}\s[–—](?=\s)")
_QUOTED = re.compile(
    r"“[^“”]*”|„[^„“”]*[“”]|«[^«»]*»|‹[^‹›]*›|「[^「」]*」|『[^『』]*』|\"[^\"]*\"|‘[^‘’]*(?:’(?=\w)[^‘’]*)*’(?!\w)"
    r"|(?<!\w)'[^']{2,}'(?!\w)|\([^()]*\)|\[[^\[\]]*\]|https?://\S+"
)
_OPENERS = {"“": "”", "„": "“”", "«": "»", "‹": "›", "「": "」", "『": "』", "(": ")", "[": "]"}
_CAPITAL = r"[^\W\d_a-zß-öø-ÿ\u0590-\u06ff\u0900-\u0dff\u0e00-\u0e7f\u3040-\u9fff\uac00-\ud7af][\w’'.&-]*"
_PARTICLES = "of|the|de|del|della|der|den|des|di|da|do|du|la|le|van|von|al|el|bin|ibn|and|&"
_NAME = re.compile(rf"(?<!\w){_CAPITAL}(?:\s+(?:(?:{_PARTICLES})\s+){{0,2}}{_CAPITAL}){{1,5}}")
#: scripts that write no blanks between words: a text may be cut at any character
_UNSPACED = re.compile("[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uff00-\uffef]")
_JOINED = re.compile("[\u0300-\u036f\u0e31-\u0e4e\u200c\u200d\ufe00-\ufe0f\U0001f3fb-\U0001f3ff]")
_LOOSE = " ,;:–—-/(“«„‘\"'「『[、，；：·|"
_CLAUSE_MARKS = ",;:–—-、，；：،؛"
#: a clause may be ended at if this share of the room is used; shorter, and a word's end does better
_FULL_ENOUGH = 0.75


def fit(text: str, limit: int, *, language: str = "en", measure: Measure = len) -> str:
    """Make a sentence fit into a length; empty: it cannot be without harm."""
    if measure(text) <= limit:
        return text
    for shorter in with_less(text, language):
        if measure(shorter) <= limit:
            return shorter
    return cut(text, limit, language=language, measure=measure)


def with_less(text: str, language: str = "en") -> Iterator[str]:
    """Say less, step by step, and nothing else."""
    rules = cutting_for(language)
    without_aside = _ASIDE.sub("", text) if not re.search(r"[“”\"«»]", text) else text
    if without_aside != text:
        yield without_aside
    for known in dict.fromkeys((text, without_aside)):
        head, comma, last = known.rpartition(", ")
        opening = last.split(" ", 1)[0].casefold()
        if comma and opening in rules.relative and not _QUOTED.search(last) and is_balanced(head):
            end = re.search(r"[.!?。؟]+[”\"’)»]*$", known)
            if end and not _is_barred(head, last, rules):
                yield head + end[0].rstrip('”"’)»')


def cut(text: str, limit: int, *, language: str = "en", measure: Measure = len) -> str:
    """End a text early, with `…`; empty: there is no place to end it."""
    rules = cutting_for(language)
    barred = _barred(text, language)
    best_clause = best = ""
    for at in _places(text):
        if any(start < at < end for start, end in barred):
            continue
        head = _tidied_end(text[:at], rules)
        if not head or any(start < len(head) < end for start, end in barred):
            continue
        if measure(head) + 1 > limit:
            break
        if _is_barred(head, text[len(head) :], rules):
            continue
        best = head
        if text[:at].rstrip()[-1:] in _CLAUSE_MARKS or _first_word(text[at:]) in rules.clause:
            best_clause = head
    if best_clause and measure(best_clause) >= _FULL_ENOUGH * limit:
        return best_clause + "…"
    return best + "…" if best else ""


def _places(text: str) -> Iterator[int]:
    """List where a text could end: before a blank, and between the characters of scripts without blanks."""
    for at in range(1, len(text)):
        before, after = text[at - 1], text[at]
        if _JOINED.match(after) or before == "\u200d":
            continue
        if (after.isspace() and not before.isspace()) or (_UNSPACED.match(before) and _UNSPACED.match(after)):
            yield at


def _barred(text: str, language: str) -> list[tuple[int, int]]:
    """List the passages that stay whole."""
    spans = [match.span() for match in _QUOTED.finditer(text)]
    spans += [(at, len(text)) for at in _unclosed(text, spans)]
    for figure in figures(text, language):
        # `40` belongs to what it counts, `$` to `40`.
        after = re.compile(r"[\s\u202f-]*(?:%|[^\W_]+(?:[.’'-][^\W_]+)*)").match(text, figure.end)
        before = re.search(r"[$£€¥₹#]\s?$", text[: figure.start])
        # The character after the span's last one may end the text.
        spans.append((before.start() if before else figure.start, after.end() if after else figure.end))
    words = text.split()
    capitals = sum(word.lstrip("\"'“‘«(")[:1].isupper() for word in words)
    # In a title where every word has its capital a name cannot be told.
    if capitals <= 0.6 * len(words) or len(words) < 6:
        spans += [match.span() for match in _NAME.finditer(text)]
    return spans


def _unclosed(text: str, closed: list[tuple[int, int]]) -> Iterator[int]:
    """Find what is opened and never closed: it runs to the end."""
    inside = [False] * len(text)
    for start, end in closed:
        inside[start:end] = [True] * (end - start)
    for at, char in enumerate(text):
        if not inside[at] and (char in _OPENERS or char == '"'):
            yield at


def is_balanced(text: str) -> bool:
    """Tell whether every quotation and bracket of a text is closed."""
    return not list(_unclosed(text, [match.span() for match in _QUOTED.finditer(text)]))


def _is_barred(head: str, tail: str, rules: Cutting) -> bool:
    """Tell whether a cut takes away who says so, or on what condition."""
    kept, gone = _words(head), _words(tail)
    return bool(gone & rules.source) and not kept & rules.source


def _words(text: str) -> set[str]:
    return {word.casefold() for word in re.findall(r"[^\W\d_]+(?:['’][^\W\d_]+)*", text)}


def _first_word(text: str) -> str:
    match = re.match(r"\s*([^\W\d_]+)", text)
    return match[1].casefold() if match else ""


def _tidied_end(text: str, rules: Cutting) -> str:
    """Take off what a text cannot end in: loose marks and words that lead on to others."""
    kept = text.rstrip(_LOOSE)
    while (last := kept.rsplit(None, 1)) and len(last) == 2 and last[1].casefold() in rules.ending:
        kept = last[0].rstrip(_LOOSE)
    # A quotation's closing mark may have been among the loose ones.
    return text[: len(kept) + 1] if text[len(kept) : len(kept) + 1] in {'"', "'"} and not is_balanced(kept) else kept
