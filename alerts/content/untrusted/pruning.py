"""Taking out of a page, before its text is read, what no reader reads as text. Runs in the guarded worker.

Only what is certain: pop-ups and labels for screen readers inside a paragraph, and lists in which every entry is one
link and nothing else (navigation, "related stories"). Everything else is left to extraction and to cleaning.
"""

import re
from typing import Any

Node = Any

_HIDDEN = re.compile(
    r"(?:^|[\s_-])(?:tool-?tip(?:s|text)?|pop-?(?:over|up)s?|hover-?card|rollover-?block|sr-only|visually-?hidden|"
    r"screen-?reader(?:-text)?|offscreen)(?:$|[\s_-])",
    re.IGNORECASE,
)
_NOT_SHOWN = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
_INLINE = frozenset({"span", "a", "div", "b", "i", "em", "strong", "small", "label", "sup", "button"})


def prune(tree: Node) -> None:
    """Take them out, in place."""
    doomed = [node for paragraph in tree.iter("p") for node in paragraph.iter(*_INLINE) if _is_hidden(node)]
    doomed += [node for node in tree.iter("ul", "ol") if _is_only_links(node)]
    for node in doomed:
        if node.getparent() is not None:
            node.drop_tree()


def _is_hidden(node: Node) -> bool:
    return (
        node.get("hidden") is not None
        or _HIDDEN.search((node.get("class") or "")[:200]) is not None
        or _NOT_SHOWN.search((node.get("style") or "")[:200]) is not None
    )


def _is_only_links(node: Node) -> bool:
    """Tell whether a list has two entries or more, each of them one link and nothing else."""
    entries = [entry for entry in node if entry.tag == "li"]
    if not 2 <= len(entries) <= 200:
        return False
    for entry in entries:
        links = list(entry.iter("a"))
        if len(links) != 1 or _letters(entry) != _letters(links[0]):
            return False
    return True


def _letters(node: Node) -> int:
    return sum(len(re.sub(r"\s+", "", text)) for text in node.itertext())
