"""Codes of content systems that a scraper takes for text: `[youtube ID 650]`, `[caption …]…[/caption]`. Pure."""

import re

_NAMES = (
    "youtube|vimeo|video|audio|playlist|gallery|caption|embed|embedyt|tweet|twitter|instagram|facebook|soundcloud|"
    "googlemaps?|map|quote|pullquote|blockquote|poll|pdf|slideshow|slideshare|button|columns?|one_half|one_third|row|"
    "tabs?|accordion|toggle|ad|ads|adrotate|advert|newsletter|signup|subscribe|related|related_posts?|readmore|more|"
    "contact-form(?:-\\d+)?|gravityforms?|wpforms|ninja_forms?|mc4wp_form|jwplayer|brightcove|dailymotion|"
    "toc|table|image|img|photo|media|infobox|sidebar|shortcode|"
    "(?:su|vc|et_pb|fusion|av|mk|tds?|cmsms|ultimate|elementor|wpdm|ngg|metaslider|rev)_?[\\w-]*"
)
_KNOWN = re.compile(rf"\[(/?)({_NAMES})((?:[\s:=][^\[\]]{{0,300}})?)(/?)\]", re.IGNORECASE)
# Unknown names only where they stand alone and look like code: `[name key="v"]`, `[name ID 650]`, `[/name]`.
_GENERIC = re.compile(
    r"\[/[a-z][\w-]{1,30}\]|\[[a-z][\w-]{1,30}(?:\s+[\w-]+=(?:\"[^\"\]]*\"|'[^'\]]*'|[^\s\"'\]]+))+\s*/?\]"
    r"|\[[a-z][\w-]{2,30}\s+(?=[^\]]*\d)[\w:/.?=&-]{3,200}(?:\s+\d+(?:px|%)?)*\s*\]"
)
_CAPTION = re.compile(r"\[caption\b[^\[\]]{0,300}\](.{0,1000}?)\[/caption\]", re.IGNORECASE | re.DOTALL)
_ALONE = re.compile(rf"\s*(?:{_GENERIC.pattern})\s*")


def captions_in(paragraph: str) -> list[str]:
    """Name the captions that `[caption]` codes of a paragraph wrap."""
    return [_KNOWN.sub("", inner).strip() for inner in _CAPTION.findall(paragraph)]


def strip(paragraph: str) -> tuple[str, list[str]]:
    """Take the codes out of a paragraph; return what is left and the codes.

    Notes such as [1], [sic], […] or [laughs] are prose and stay.
    """
    found: list[str] = []

    def take(match: re.Match[str]) -> str:
        found.append(match[0])
        return " "

    left = _CAPTION.sub(take, paragraph)
    left = _KNOWN.sub(lambda match: take(match) if _is_code(match, left) else match[0], left)
    if _ALONE.fullmatch(left):
        left = _GENERIC.sub(take, left)
    if not found:
        return paragraph, []
    return re.sub(r"\s+", " ", left).strip(), found


def _is_code(match: re.Match[str], paragraph: str) -> bool:
    """Tell a code from an editor's note in prose such as [more] or [video]."""
    bare = not match[1] and not match[3].strip() and not match[4]
    return not bare or f"[/{match[2]}]" in paragraph or paragraph.strip() == match[0]
