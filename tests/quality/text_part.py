"""Hold each mail's text part against its HTML part: `python -m tests.quality.text_part FOLDER`.

Nothing of ours is asked: the standard library parses the mail, html5lib the HTML, w3m draws it, and the flowed text is
put together again by a decoder written here from RFC 3676.
"""

import email
import email.policy
import re
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from xml.etree.ElementTree import Element

import html5lib

COLUMNS = 78
_TOKEN = re.compile(r"zq[0-9a-z]+qz|zq[0-9a-f]{6,}", re.IGNORECASE)
_MARKUP = re.compile(r"</?[a-z][a-z0-9]*(?:\s[^<>]*)?>|&(?:amp|lt|gt|nbsp|#\d+);|\{\{|%\}", re.IGNORECASE)


def main(folder: Path) -> int:
    """Look at every mail; return 1 when one of them has a fault."""
    wrong: list[str] = []
    headlines = links = corrections = widest = 0
    mails = sorted(folder.glob("*.eml"))
    for file in mails:
        look = Look(file)
        wrong += [f"{file.stem}: {fault}" for fault in look.faults()]
        headlines += len(look.headings)
        links += len(look.links)
        corrections += len(look.boxes)
        widest = max(widest, look.widest)
    print(
        f"text parts: {len(mails)} mails hold {headlines} headlines, {links} links and {corrections} paragraphs of "
        f"corrections of their HTML; widest line {widest} columns; {len(wrong)} failures"
    )
    for fault in wrong:
        print(f"  {fault}", file=sys.stderr)
    return 1 if wrong or not (mails and headlines and links and corrections) else 0


class Look:
    """A mail's two parts, side by side."""

    def __init__(self, file: Path) -> None:
        parsed = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        text, page = parsed.iter_parts()
        assert isinstance(text, EmailMessage)
        assert isinstance(page, EmailMessage)
        self.is_hostile = file.stem.endswith("-long")
        self.lines = text.get_content().replace("\r\n", "\n").split("\n")
        self.flowed = text["content-type"].params.get("format") == "flowed"
        self.paragraphs = list(decoded(self.lines, delsp=text["content-type"].params.get("delsp") == "yes"))
        self.html: str = page.get_content()
        tree = html5lib.parse(self.html, namespaceHTMLElements=False)
        self.headings = ["".join(one.itertext()) for one in tree.iter() if str(one.tag) in {"h1", "h2", "h3", "h4"}]
        self.links = sorted({str(one.get("href")) for one in tree.iter("a")})
        boxes = [one for one in tree.iter() if "notice" in (one.get("class") or "").split()]
        self.boxes = [line for box in boxes for paragraph in box.iter("p") for line in _lines(paragraph)]
        self.widest = max(columns(line) for line in self.lines if _can_break(line))

    def faults(self) -> Iterator[str]:
        """List what is wrong."""
        text = _bare("\n".join(self.paragraphs))
        drawn = _w3m(self.html)
        if not self.flowed:
            yield "its text is not flowed"
        for what, wanted in (("headline", self.headings), ("correction", self.boxes)):
            for one in wanted:
                if _bare(one) not in text:
                    yield f"its text lacks the {what} {one.strip()[:60]!r}"
                if _letters(one) not in _letters(drawn):
                    yield f"w3m does not show the {what} {one.strip()[:60]!r}"
        for link in self.links:
            if link not in self.lines:
                yield f"its text lacks the link {link} on a line of its own"
        for line in self.lines:
            if _can_break(line) and columns(line) > COLUMNS:
                yield f"a line has {columns(line)} columns: {line[:60]!r}"
        for what, shown in (("text", "\n".join(self.paragraphs)), ("w3m's drawing", drawn)):
            if found := _TOKEN.search(shown):
                yield f"a token is left in the {what}: {found[0]}"
            if not self.is_hostile and (found := _MARKUP.search(shown)):
                yield f"markup is left in the {what}: {found[0]}"


def decoded(lines: list[str], *, delsp: bool) -> Iterator[str]:
    """Put flowed lines together (RFC 3676 §4): a line that ends in a space goes on in the next."""
    paragraph = ""
    for line in lines:
        # Space-stuffing goes first, then the signature's mark, which never flows.
        line = line.removeprefix(" ")
        if line == "-- ":
            yield from (paragraph, line) if paragraph else (line,)
            paragraph = ""
        elif line.endswith(" "):
            paragraph += line[:-1] if delsp else line
        else:
            yield paragraph + line
            paragraph = ""
    if paragraph:
        yield paragraph


def columns(line: str) -> int:
    """Count the cells that a terminal gives to a line."""
    return sum(
        0 if unicodedata.category(one) in {"Mn", "Me", "Cf"} else 2 if unicodedata.east_asian_width(one) in "WF" else 1
        for one in line.rstrip(" ")
    )


def _can_break(line: str) -> bool:
    """Tell whether a line is more than one word: a link is never broken, nor a word of sixty letters."""
    return " " in line.strip()


def _lines(paragraph: Element) -> list[str]:
    """Part a paragraph's text at its line breaks."""
    text = paragraph.text or ""
    for child in paragraph:
        text += ("\n" if child.tag == "br" else "\n".join(_lines(child))) + (child.tail or "")
    return [line for line in text.split("\n") if line.strip()]


def _bare(text: str) -> str:
    """Take out what a drawing adds: spaces, breaks, invisible marks, capitals."""
    return "".join(one for one in text if not one.isspace() and unicodedata.category(one) != "Cf").casefold()


def _letters(text: str) -> str:
    """Reduce to letters and digits: a terminal has its own way with marks and emoji."""
    return "".join(one for one in unicodedata.normalize("NFKD", text) if one.isalnum()).casefold()


def _w3m(page: str) -> str:
    command = ["w3m", "-dump", "-T", "text/html", "-I", "UTF-8", "-O", "UTF-8", "-cols", "78"]
    return subprocess.run(command, input=page.encode(), capture_output=True, check=True, timeout=60).stdout.decode()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
