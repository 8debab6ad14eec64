"""Changing one fact of a text: how the guard is tried. Changes are made from principle, not from the guard's rules.

Each function yields changed texts of one sentence; `source` is the whole text that the sentence is of. Deterministic.
"""

import re
import zlib
from collections.abc import Iterator, Sequence

#: invented; a source that has one of them is not used with it
NAMES = ("Kovalenko", "Brannigan", "Ostrava", "Marisol Quint", "Tarnmouth", "Okonjo Reyes", "Velmar", "Ilse Grondahl")
_WORDS = ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "twenty", "fifty"]
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]+(?: [A-Z][a-z]+)*\b")
_QUOTE = re.compile(r"“([^“”]{12,})”|\"([^\"]{12,})\"")
_AUXILIARY = re.compile(r"\b(is|are|was|were|will|would|has|have|had|can|could|should|must|may|might)\b(?! not|n['’]t)")
_NOT = re.compile(r"\b(is|are|was|were|will|would|has|have|had|can|could|should|did|does|do)( not\b|n['’]t\b)")


def _pick(text: str, many: int) -> int:
    return zlib.crc32(text.encode()) % many


def numbers(sentence: str, source: str) -> Iterator[str]:
    """Change one number: the next one, another digit, ten times as many; or one in words."""
    for match in re.finditer(r"\d+(?:[.,]\d+)*", sentence):
        digits = match[0]
        other = str((int(digits[0]) % 9) + 1) + digits[1:]
        last = digits[:-1] + str((int(digits[-1]) + 1) % 10)
        # 1.20 would be 1.2.
        tenfold = digits if "." in digits else digits + "0"
        for changed in dict.fromkeys((other, last, tenfold)):
            if changed not in source:
                yield sentence[: match.start()] + changed + sentence[match.end() :]
    for match in re.finditer(r"\b(" + "|".join(_WORDS) + r")\b", sentence, re.IGNORECASE):
        word = _WORDS[(_WORDS.index(match[0].casefold()) + 1 + _pick(sentence, 8)) % len(_WORDS)]
        if not re.search(rf"\b{word}\b", source, re.IGNORECASE):
            written = word.capitalize() if match[0][0].isupper() else word
            yield sentence[: match.start()] + written + sentence[match.end() :]


def names(sentence: str, source: str) -> Iterator[str]:
    """Put a name in another's place that the source never has."""
    for match in _NAME.finditer(sentence):
        name = NAMES[_pick(match[0], len(NAMES))]
        if name not in source:
            yield sentence[: match.start()] + name + sentence[match.end() :]


def swapped_names(sentence: str, source: str) -> Iterator[str]:
    """Put a name in another's place that the source has elsewhere."""
    others = sorted({found[0] for found in _NAME.finditer(source)} - set(re.findall(r"\w+", sentence)))
    others = [name for name in others if name not in sentence]
    for match in _NAME.finditer(sentence):
        if others:
            name = others[_pick(match[0] + sentence, len(others))]
            yield sentence[: match.start()] + name + sentence[match.end() :]


def swapped_numbers(sentence: str, source: str) -> Iterator[str]:
    """Put a number in another's place that the source has elsewhere."""
    found = set(re.findall(r"\b\d+(?:[.,]\d+)*\b", source))
    mine = re.findall(r"\b\d+(?:[.,]\d+)*\b", sentence)
    others = sorted(found - set(mine))
    for match in re.finditer(r"\b\d+(?:[.,]\d+)*\b", sentence):
        if others:
            yield sentence[: match.start()] + others[_pick(sentence, len(others))] + sentence[match.end() :]


def quotes(sentence: str, source: str) -> Iterator[str]:
    """Change one word of a quotation: for one of another text, for one of the same text, or leave it out."""
    known: Sequence[str] = sorted(set(re.findall(r"\b[a-z]{5,}\b", source)))
    for match in _QUOTE.finditer(sentence):
        start, end = match.span()
        words = list(re.finditer(r"\b[a-z]{4,}\b", sentence[start:end]))
        if not words:
            continue
        word = words[_pick(sentence, len(words))]
        at, until = start + word.start(), start + word.end()
        # Quoting less of it is no fault: only a word from its midst is left out.
        inner = re.search(r"\w", sentence[start:at]) and re.search(r"\w", sentence[until:end])
        for other in (
            "gladly",
            known[_pick(word[0] + sentence, len(known))] if known else "",
            *([""] if inner else []),
        ):
            if other != word[0]:
                yield re.sub(r"  +", " ", sentence[:at] + other + sentence[until:])


def negated(sentence: str, _source: str) -> Iterator[str]:
    """Deny what the sentence affirms."""
    for match in list(_AUXILIARY.finditer(sentence))[:2]:
        if not _quoted(sentence, match.start()):
            yield sentence[: match.end()] + " not" + sentence[match.end() :]


def affirmed(sentence: str, _source: str) -> Iterator[str]:
    """Affirm what the sentence denies."""
    for match in list(_NOT.finditer(sentence))[:2]:
        if not _quoted(sentence, match.start()):
            yield sentence[: match.end(1)] + sentence[match.end() :]
    for match in list(re.finditer(r"\bno (?=[a-z])|\bnever ", sentence))[:1]:
        if not _quoted(sentence, match.start()):
            yield sentence[: match.start()] + sentence[match.end() :]


def _quoted(sentence: str, at: int) -> bool:
    """Tell whether a place lies inside a quotation."""
    return any(match.start() < at < match.end() for match in _QUOTE.finditer(sentence))
