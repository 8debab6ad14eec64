"""Show an edition as its readers will see it, without sending anything."""

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from alerts import bundled, config
from alerts.desk import preflight
from alerts.desk.newsdesk import Newsdesk
from alerts.desk.rendering import render
from alerts.errors import AlertsError
from alerts.mail.fill import fill
from alerts.mail.mime import Skeleton
from alerts.mail.variant import Addressed, Slot, Variant
from alerts.model import DeliveryId, Edition, Finding, Mailbox
from alerts.templating.preview import page
from alerts.templating.wording import languages

#: A page and the frame in it show the same composition.
_COMPOSED_SECONDS = 1.0
#: Renderings kept: toggles that change nothing of the mail itself cost nothing.
_KEPT = 12

#: Readers that templates break on: no name, a long one, another script.
SAMPLES: Mapping[str, Mailbox] = {
    "a reader": Mailbox(address="reader@example.org", name="Ada Brandt"),
    "no name": Mailbox(address="reader@example.org"),
    "a long name": Mailbox(
        address="maximiliane.von.hohenstein-wolkenburg@subscribers.mail.example.org",
        name="Maximiliane Henriette von Hohenstein-Wolkenburg zu Altenau",
    ),
    "another script": Mailbox(address="reader@example.org", name="ليلى حدّاد"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A mail as one reader gets it, and what was found."""

    edition: Edition
    variant: Variant
    html: str
    text: str
    #: without the date, which is written when the mail is handed over
    headers: str
    #: bytes of the HTML, and of the whole mail as it travels
    html_bytes: int
    mail_bytes: int
    findings: tuple[Finding, ...]


def preview(desk: Newsdesk, edition: Edition) -> str:
    """Make one self-contained page: several widths, light and dark, text, headers and findings."""
    variant = render(desk, edition)
    sample = _addressed(desk, variant, SAMPLES["a reader"])
    return page(variant, sample, preflight.findings(desk, edition, variant))


def sample_mail(desk: Newsdesk, variant: Variant) -> bytes:
    """Write the whole mail as a sample reader gets it."""
    return Skeleton(variant).bytes_for(_addressed(desk, variant, SAMPLES["a reader"]), date=desk.clock())


def _addressed(desk: Newsdesk, variant: Variant, reader: Mailbox) -> Addressed:
    link = f"{desk.config.web.url.rstrip('/')}/u/test"
    return Addressed(
        delivery=DeliveryId(0),
        to=reader,
        message_id=f"<preview@{variant.domain}>",
        slots={
            Slot.NAME: reader.name,
            Slot.ADDRESS: reader.address,
            Slot.UNSUBSCRIBE_URL: link,
            Slot.CONFIRM_URL: link,
        },
        headers=(("List-Unsubscribe", f"<{link}>"), ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")),
    )


class Previewing:
    """An edition that is looked at while its templates, colours and words are being written.

    It follows the files as they are at every look; `state` tells cheaply whether one of them changed.
    """

    def __init__(self, desk: Newsdesk, compose: Callable[[Newsdesk], Edition], *, sources: tuple[Path, ...]) -> None:
        self._desk = desk
        self._compose = compose
        self._sources = sources
        self._composed: tuple[str, float, Edition] | None = None
        self._shown: dict[tuple[str, str, str, str], Shown] = {}
        self._templates: frozenset[Path] = frozenset()
        self._lock = Lock()

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that there are words for."""
        return languages(self._directories())

    def show(self, *, language: str = "", reader: str = "a reader") -> Shown:
        """Compose and render it now. `reader` is one of SAMPLES or a subscriber's address.

        Raises AlertsError for whatever is wrong with files, words or the address.
        """
        with self._lock:
            desk = self._fresh()
            edition = self._edition(desk)
            key = (self.state(), edition.id, language, reader)
            if key not in self._shown:
                if len(self._shown) >= _KEPT:
                    self._shown.clear()
                self._shown[key] = _shown(desk, edition, language, self._reader(desk, reader))
            return self._shown[key]

    def state(self) -> str:
        """Name the state of every file it is made of; another name means that something changed."""
        return _state([*self._written(), *self._template_files()])

    def _written(self) -> list[Path]:
        return [self._desk.config.file, self._desk.segments_file, *self._sources]

    def _template_files(self) -> Iterator[Path]:
        for directory in self._directories():
            yield from directory.rglob("*.*")

    def _directories(self) -> list[Path]:
        return [self._desk.config.base / self._desk.config.templates.directory, bundled.path("templates")]

    def _fresh(self) -> Newsdesk:
        """Take the configuration over as it is now; one that cannot be read is told as an error."""
        file = self._desk.config.file
        self._desk.config = config.load(file) if file.is_file() else self._desk.config
        if (found := frozenset(self._template_files())) != self._templates:
            # A template that was not there when its name was first looked up would go unseen.
            self._desk.__dict__.pop("renderer", None)
            self._templates = found
        return self._desk

    def _edition(self, desk: Newsdesk) -> Edition:
        """Compose it again when what it is made of changed; a draft or digest, which others edit, every second."""
        state, now = _state(self._written()), time.monotonic()
        if (
            self._composed is None
            or self._composed[0] != state
            or (not self._sources and now - self._composed[1] > _COMPOSED_SECONDS)
        ):
            self._shown.clear()
            self._composed = state, now, self._compose(desk)
        return self._composed[2]

    def _reader(self, desk: Newsdesk, wanted: str) -> Mailbox:
        if wanted in SAMPLES:
            return SAMPLES[wanted]
        found = desk.subscriber(wanted)
        if found is None:
            raise AlertsError(f"{wanted} is no subscriber", hint="`alerts subscribers show` finds them")
        return Mailbox(address=found.address, name=found.name)


def _shown(desk: Newsdesk, edition: Edition, language: str, reader: Mailbox) -> Shown:
    variant = render(desk, edition, language=language)
    sample = _addressed(desk, variant, reader)
    body = fill(variant.html, sample.slots)
    whole = Skeleton(variant)
    return Shown(
        edition=edition,
        variant=variant,
        html=body,
        text=fill(variant.text, sample.slots),
        headers=whole.head_for(sample).decode("ascii").replace("\r\n", "\n").strip(),
        html_bytes=len(body.encode()),
        mail_bytes=len(whole.bytes_for(sample, date=desk.clock())),
        findings=preflight.findings(desk, edition, variant),
    )


def _state(files: Iterable[Path]) -> str:
    marks = []
    for path in files:
        try:
            found = path.stat()
        except OSError:
            continue
        marks.append(f"{path}:{found.st_mtime_ns}:{found.st_size}")
    return hashlib.sha256("\0".join(marks).encode()).hexdigest()[:16]
