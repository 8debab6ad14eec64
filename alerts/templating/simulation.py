"""What a mail program makes of a mail, as far as a browser can show it. Pure.

A simulation takes away what a program drops (`research` behind it: which feature which client supports). It cannot show
what a program adds: the forced inversion of some dark modes, the metrics of Word's layout.
"""

import html
import re
from dataclasses import dataclass
from enum import StrEnum

_DARK_MEDIA = re.compile(r"@media\s*\(prefers-color-scheme:\s*dark\)")
_STYLE = re.compile(r"<style\b.*?</style\s*>", re.DOTALL | re.IGNORECASE)
_CLASS = re.compile(r"""\sclass=(?:"[^"]*"|'[^']*')""")
#: MJML's own branches: what only Outlook sees, and what it must not see
_NOT_OUTLOOK = re.compile(r"<!--\[if !mso[^\]]*\]><!-->.*?<!--<!\[endif\]-->", re.DOTALL)
_OUTLOOK = re.compile(r"<!--\[if [^\]]*mso[^\]]*\]>(.*?)<!\[endif\]-->", re.DOTALL)
_MEDIA = re.compile(r"@media[^{]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}")
_UNKNOWN_TO_WORD = re.compile(r"(?:border-radius|max-width|overflow|opacity)\s*:[^;\"']*;?")
_HEADING = re.compile(r"<h([123])\b([^>]*)>(.*?)</h\1>", re.DOTALL)
_OUTLINE = "outline:3px solid #b7791f;outline-offset:4px;"


class Program(StrEnum):
    """A kind of mail program."""

    AS_SENT = "as sent"
    #: Gmail's apps for accounts that are not Google's: no style sheets, no classes
    NO_STYLE = "no style sheets"
    #: Outlook for Windows: Word's branches of the markup, none of the newer styles
    OUTLOOK = "Outlook"


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How a mail is looked at."""

    program: Program = Program.AS_SENT
    dark: bool = False
    images: bool = True
    #: the headline to point at; empty: none
    headline: str = ""


def seen(page: str, view: View) -> str:
    """Change a mail's HTML into what is left of it in a program; images off is for the frame's policy to do."""
    if view.headline:
        page = _pointed_at(page, view.headline)
    if view.program is Program.NO_STYLE:
        return _CLASS.sub("", _STYLE.sub("", page))
    if view.program is Program.OUTLOOK:
        page = _OUTLOOK.sub(r"\1", _NOT_OUTLOOK.sub("", page))
        return _UNKNOWN_TO_WORD.sub("", _MEDIA.sub("", page))
    # The editor's own screen has a scheme, too: the one asked for must win.
    return _DARK_MEDIA.sub("@media all" if view.dark else "@media not all", page)


def _pointed_at(page: str, headline: str) -> str:
    """Frame the heading that holds a headline, and name it `here`."""
    for heading in _HEADING.finditer(page):
        if headline in html.unescape(re.sub(r"<[^>]*>", "", heading[3])):
            attributes = heading[2].replace('style="', f'style="{_OUTLINE}', 1)
            return f'{page[: heading.start()]}<h{heading[1]} id="here"{attributes}>{page[heading.start(3) :]}'
    return page
