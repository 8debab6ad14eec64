"""A mail's web version: the frozen rendering at an address of ours, without anything of the reader.

The address is signed, so that nobody can count through what was sent. It is the same for all readers of a rendering:
it tells nobody who reads. What was taken back since is not shown any more; what was corrected says so first.
"""

from dataclasses import dataclass, replace
from ipaddress import ip_address
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from alerts import tokens
from alerts.desk import putting_right
from alerts.desk.newsdesk import Newsdesk
from alerts.errors import TemplateError
from alerts.mail.public import without_reader
from alerts.mail.variant import Variant
from alerts.model import Edition, EditionState, Kind
from alerts.store.records import EditionRecord
from alerts.templating.context import EntryView, view
from alerts.templating.wording import Wording, is_right_to_left

#: what a token of a web version is signed for
_PURPOSE = "web"
#: leads to a page that says what it is: a test copy stands nowhere
TEST = "test"


def is_public(url: str) -> bool:
    """Tell whether readers could open our pages: https, and not this machine or house."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "https" or not host or host == "localhost" or host.endswith((".localhost", ".local")):
        return False
    try:
        return ip_address(host).is_global
    except ValueError:
        return True


def link(desk: Newsdesk, edition: Edition, *, language: str, test: bool = False) -> str:
    """Make the address of an edition's web version in a language; empty: our pages cannot be reached from outside."""
    base = desk.config.web.url.rstrip("/")
    if not is_public(base) or edition.kind is Kind.CONFIRMATION:
        return ""
    if test:
        return f"{base}/w/{TEST}"
    return f"{base}/w/{tokens.sign(desk.token_keys[0], _PURPOSE, edition.id, language)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebVersion:
    """What stands at the address of a web version."""

    record: EditionRecord
    variant: Variant
    #: what was put right since, oldest first
    corrections: tuple[EntryView, ...]
    #: killed or withdrawn: it is not shown any more
    gone: bool
    #: why it is not shown, or not alone; empty: nothing was found wrong
    heading: str
    words: Wording

    @property
    def html(self) -> str:
        """The mail as it was sent, without the reader."""
        return without_reader(self.variant.html)

    @property
    def direction(self) -> str:
        """Which way its language is written."""
        return "rtl" if is_right_to_left(self.variant.language) else "ltr"


def find(desk: Newsdesk, token: str) -> WebVersion | None:
    """Read the token of an address; None: it is not ours, or the edition was not sent (yet)."""
    fields = tokens.read(desk.token_keys, _PURPOSE, token)
    record = desk.store.ledger.find(fields[0]) if fields is not None and len(fields) == 2 else None
    if record is None or fields is None or record.ready_at is None or record.edition.id != fields[0]:
        return None
    # Frozen is not sent: what waits for its hour, or for an embargo to end, is nobody's to read.
    if record.edition.not_before_at is not None and record.edition.not_before_at > desk.clock():
        return None
    renderings = desk.store.ledger.renderings(record.edition.id)
    variant = next((one for one in renderings.values() if one.language == fields[1]), renderings[""])
    righted = putting_right.of_edition(desk, record)
    killed = record.state is EditionState.KILLED
    # A digest says more than the one story that was withdrawn.
    withdrawn = not record.edition.digest and any(one.correction and one.correction.withdrawn for one in righted)
    words = _words(desk, variant.language)
    heading = "withdrawn" if withdrawn else "killed" if killed else "corrected" if righted else ""
    shown = view(
        replace(record.edition, entries=(), corrections=righted),
        wording=words,
        zone=ZoneInfo(desk.config.newsroom.timezone),
        why="",
        test=False,
        subject=variant.subject,
    )
    return WebVersion(
        record=record,
        variant=variant,
        corrections=shown.corrections,
        gone=killed or withdrawn,
        heading=words(f"web.{heading}") if heading else "",
        words=words,
    )


def _words(desk: Newsdesk, language: str) -> Wording:
    try:
        return desk.renderer.words(language)
    except TemplateError:
        return desk.renderer.words("en")
