"""From MJML with tokens to HTML with holes. Pure: no files, no clock.

    MJML with tokens ── depth checked ──▶ mrml ── tokens in = tokens out ──▶ HTML with tokens
        ── split on the reader's tokens ──▶ ── fill the edition's, escaped for their place ──▶ Part

The order matters: were the edition's tokens filled first, an article could try to mint a reader's. Every place a token
may stand in is named here; in any other (a style, an event handler, a tag's name) it is an error.
"""

import html
import re
from collections import Counter
from collections.abc import Iterator

import mjml

from alerts.errors import TemplateError
from alerts.mail.fill import BLOCKED
from alerts.mail.variant import Context, Hole, Part, Slot
from alerts.templating.vault import Vault

#: mrml overflows the stack of the whole process at about 9,000; no mail needs more than thirty
MAX_DEPTH = 100
#: no mail has a template so large; mrml is given no chance to be slow
MAX_SOURCE = 2_000_000

_LINK_ATTRIBUTES = frozenset(["href", "src", "background", "action"])
_TEXT_ATTRIBUTES = frozenset(["alt", "title", "aria-label", "content", "summary"])
_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)

_TAG = re.compile(r"""<(/?)([A-Za-z][^\s/>]*)((?:[^<>"']|"[^"]*"|'[^']*')*)>""")
_ATTRIBUTE = re.compile(r"""([^\s"'=<>/]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_UNFILLED = re.compile(r"<(style|script)\b[^>]*>.*?</\1\s*>", re.DOTALL | re.IGNORECASE)
_LINK = re.compile(r"(?:https?://|mailto:)[^\s\\]+", re.IGNORECASE)


def to_html(source: str, vault: Vault) -> str:
    """Compile MJML whose values are tokens. Raises TemplateError; the process never dies of a template."""
    _check_depth(source, vault)
    try:
        compiled = mjml.mjml2html(source, fonts={}, disable_comments=True)
    except ValueError as error:
        raise _broken(source, vault, str(error)) from error
    except BaseException as error:
        # mrml panics arrive as PanicException, which is no Exception.
        if type(error).__name__ != "PanicException":
            raise
        raise _broken(source, vault, "MJML cannot be read") from error
    _check_tokens(source, compiled, vault)
    return str(compiled)


def to_part(compiled: str, vault: Vault) -> Part:
    """Turn HTML with tokens into literals and holes. Raises TemplateError for a token in a place that has no escape."""
    places = dict(_places(compiled, vault))
    pieces: list[str | Hole] = []
    start = 0
    for match in vault.pattern.finditer(compiled):
        pieces.append(compiled[start : match.start()])
        value, context = vault.value(match[0]), places[match.start()]
        pieces.append(Hole(value, context) if isinstance(value, Slot) else _escaped(value, context))
        start = match.end()
    pieces.append(compiled[start:])
    return joined(pieces)


def joined(pieces: list[str | Hole]) -> Part:
    """Join neighbouring literals."""
    part: list[str | Hole] = []
    for piece in pieces:
        if isinstance(piece, str) and part and isinstance(part[-1], str):
            part[-1] += piece
        elif piece:
            part.append(piece)
    return tuple(part)


def _escaped(value: str, context: Context) -> str:
    if context is Context.URL and not _LINK.fullmatch(value):
        return BLOCKED
    return html.escape(value, quote=True)


def _places(compiled: str, vault: Vault) -> Iterator[tuple[int, Context]]:
    """Find where each token stands."""
    forbidden = [match.span() for match in _UNFILLED.finditer(compiled)]
    in_tags: dict[int, Context] = {}
    for tag in _TAG.finditer(compiled):
        if vault.pattern.search(tag[0]):
            in_tags |= _places_in_tag(tag, vault)
    for match in vault.pattern.finditer(compiled):
        if any(start <= match.start() < end for start, end in forbidden):
            raise _misplaced(vault, match[0], "a style sheet or script")
        yield match.start(), in_tags.get(match.start(), Context.HTML)


def _places_in_tag(tag: re.Match[str], vault: Vault) -> dict[int, Context]:
    found: dict[int, Context] = {}
    for attribute in _ATTRIBUTE.finditer(tag[3]):
        name = attribute[1].lower()
        group = 2 if attribute[2] is not None else 3
        for token in vault.pattern.finditer(attribute[group]):
            if name in _LINK_ATTRIBUTES:
                if token[0] != attribute[group]:
                    raise _misplaced(vault, token[0], f"a part of {name}; a link must be one value")
                context = Context.URL
            elif name in _TEXT_ATTRIBUTES:
                context = Context.HTML
            else:
                raise _misplaced(vault, token[0], f"the attribute {name}")
            found[tag.start(3) + attribute.start(group) + token.start()] = context
    inside = list(vault.pattern.finditer(tag[0]))
    if len(inside) != len(found):
        raise _misplaced(vault, inside[0][0], "a tag, outside a quoted attribute")
    return found


def _misplaced(vault: Vault, token: str, where: str) -> TemplateError:
    origin = vault.origin(token)
    return TemplateError(
        f"a value must not stand in {where}",
        template=origin.template,
        line=origin.line,
        hint="values may stand in text, alt, title, and as a whole href or src; constants need `|constant`",
    )


def _check_tokens(source: str, compiled: str, vault: Vault) -> None:
    """Hold what came out against what went in: MJML drops attributes it does not know, in silence."""
    went_in = Counter(match[0] for match in vault.pattern.finditer(source))
    came_out = Counter(match[0] for match in vault.pattern.finditer(compiled))
    for token in went_in:
        # More than once is right: mj-title also becomes aria-label.
        if came_out[token] < went_in[token]:
            origin = vault.origin(token)
            raise TemplateError(
                "MJML dropped this value: it stands in an attribute or place that MJML does not know",
                template=origin.template,
                line=origin.line,
                hint="check the attribute's spelling in the MJML documentation",
            )
    if set(came_out) - set(went_in):
        raise TemplateError("MJML altered a value")


def _check_depth(source: str, vault: Vault) -> None:
    if len(source) > MAX_SOURCE:
        raise TemplateError(f"the template makes {len(source):,} characters of MJML; at most {MAX_SOURCE:,}")
    depth = 0
    for match in re.finditer(r"<(/?)([A-Za-z][\w-]*)", source):
        if match[2].lower() in _VOID:
            continue
        end = source.find(">", match.end())
        if match[1]:
            depth -= 1
        elif not (end > 0 and source[end - 1] == "/"):
            depth += 1
        if depth > MAX_DEPTH:
            raise _broken(source, vault, f"elements are nested deeper than {MAX_DEPTH}", at=match.start())


def _broken(source: str, vault: Vault, what: str, *, at: int | None = None) -> TemplateError:
    """Make the error for MJML that cannot be read, naming the template line nearest to the place."""
    if at is None and (position := re.search(r"position (\d+)", what)):
        # mrml counts bytes.
        at = len(source.encode()[: int(position[1])].decode(errors="ignore"))
        what = re.sub(r"\s*at position [\d:]+", "", what)
    origin = None
    excerpt = ""
    if at is not None:
        before = [match[0] for match in vault.pattern.finditer(source, 0, at)]
        origin = vault.origin(before[-1]) if before else None
        excerpt = vault.pattern.sub("…", source[max(0, at - 10) : at + 50]).strip().split("\n")[0]
    return TemplateError(
        f"MJML: {what}" + (f" near `{excerpt}`" if excerpt else ""),
        template=origin.template if origin else "",
        line=origin.line if origin else None,
        hint="check that every tag is closed",
    )
