"""Making foreign text fit to print, and comparing texts. Pure.

Everything a reader may see goes through `tidy` or `tidy_paragraph` before it becomes part of an Article: control and
bidirectional-control characters can make a headline read as something else, or break a mail header.
"""

import re
import unicodedata
from collections.abc import Iterable

# Joiners (U+200C, U+200D) stay: Persian, Indic scripts and emoji need them.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufdd0-\ufdef\ufeff\uffa0\ufff0-\uffff\ud800-\udfff"
    "\U000e0000-\U000e0fff\U000f0000-\U0010ffff]"
)
_SPACES = re.compile(r"[\s\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+")
_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_NO_LETTER = re.compile(r"[\W_]+")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")

#: a paragraph that ends in one of these is a sentence; quotes and brackets after it do not count
TERMINAL = ".!?…。！？؟۔।:;"
_CLOSERS = "\"'”’»)]›」』"


def tidy(text: str) -> str:
    """Write text on one line: NFC, invisible and direction-changing characters gone, blanks collapsed."""
    return _SPACES.sub(" ", _INVISIBLE.sub("", unicodedata.normalize("NFC", text))).strip()


def tidy_lines(text: str) -> str:
    """Write text like `tidy`, but keep its lines."""
    return "\n".join(tidy(line) for line in _LINE_ENDS.sub("\n", text).split("\n"))


def words(text: str) -> list[str]:
    """Split into words, case folded."""
    return _WORD.findall(text.casefold())


def key(text: str) -> str:
    """Reduce to letters and digits, so that two spellings of one passage compare equal."""
    return _NO_LETTER.sub("", unicodedata.normalize("NFKD", text).casefold())


def is_sentence(text: str) -> bool:
    """Tell whether a paragraph ends like a sentence."""
    bare = text.rstrip(_CLOSERS + " ")
    return bool(bare) and bare[-1] in TERMINAL


def containment(part: Iterable[str], whole: Iterable[str]) -> float:
    """Tell which share of the words of one text stands in another: 0…1."""
    wanted, there = set(part), set(whole)
    return len(wanted & there) / len(wanted) if wanted else 0.0


_ENDINGS = ("ingly", "edly", "ings", "ing", "ied", "ies", "ed", "es", "s", "ly")


def stem(word: str) -> str:
    """Cut the commonest English endings, so that `quakes` and `quake` meet; others stay as they are."""
    word = word.removesuffix("'s").removesuffix("’s")
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 4 and word.isascii():
            bare = word[: -len(ending)]
            return bare + "y" if ending in {"ied", "ies"} else bare
    return word


def width(text: str) -> int:
    """Count columns: East Asian wide characters take two, combining ones none."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def shorten(text: str, limit: int) -> str:
    """Cut to a length at a word's end, with `…`; never inside a number, and leave no open quote or bracket."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    if not text[limit - 1].isspace() and " " in cut:
        cut = cut[: cut.rindex(" ")]
    cut = _back_to_balance(cut).rstrip(" ,;:–—-(“«\"'‘")
    return cut + "…"


_PAIRS = (("“", "”"), ("«", "»"), ("(", ")"), ("„", "“"), ("‹", "›"), ("「", "」"))


def _back_to_balance(text: str) -> str:
    """Cut back before a quotation or bracket that is not closed: half a quote is a false quote."""
    for opening, closing in _PAIRS:
        start = text.rfind(opening)
        if start > 0 and closing not in text[start + 1 :]:
            text = text[:start]
    if text.count('"') % 2:
        text = text[: text.rindex('"')]
    return text.rstrip()


def language_of(code: str) -> str:
    """Reduce a language tag to its first part: `en-GB` → `en`; empty if it is none."""
    match = re.match(r"([A-Za-z]{2,3})(?![A-Za-z])", code.strip())
    return match[1].lower() if match else ""


_SCRIPTS = (
    ("ar", "\u0600", "\u06ff"),
    ("he", "\u0590", "\u05ff"),
    ("ja", "\u3040", "\u30ff"),
    ("ko", "\uac00", "\ud7af"),
    ("zh", "\u4e00", "\u9fff"),
    ("el", "\u0370", "\u03ff"),
    ("th", "\u0e00", "\u0e7f"),
    ("hi", "\u0900", "\u097f"),
)


def language_by_script(text: str) -> str:
    """Guess the language from the script where the script tells it; empty: it does not."""
    sample = [char for char in text[:2000] if char.isalpha()]
    if not sample:
        return ""
    for language, first, last in _SCRIPTS:
        share = sum(first <= char <= last for char in sample) / len(sample)
        # Japanese mixes kana into Chinese characters: a little kana is enough.
        if share > (0.1 if language == "ja" else 0.5):
            return language
    return ""
