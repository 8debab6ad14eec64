"""The preview: a page on this machine that shows a mail as its readers will see it, and follows what is being written.

Every toggle is a plain link, so the page works without its script; the script only reloads it when a file changed. The
address holds a random word and names the loopback: no other page and no other machine can look at a draft.
"""

import base64
import hashlib
import hmac
import logging
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlencode

from flask import Flask, Response, abort, jsonify, request
from waitress import wasyncore
from waitress.server import create_server

from alerts.desk.preview import SAMPLES, Previewing, Shown
from alerts.errors import AlertsError
from alerts.model import Severity
from alerts.templating.checks import SIZE_ERROR
from alerts.templating.simulation import Program, View, seen
from alerts.web.pages import HEADERS, environment

_WIDTHS = ("320", "375", "600", "1000")
#: how often the files are looked at, and how long a page waits for a change before it asks again
_LOOK_SECONDS, _WAIT_SECONDS = 0.03, 20.0
#: where a phone's, an iPhone's and a desktop's list cut a subject and preheader off
_CUTS = (("small phone", 33, 40), ("phone", 48, 99), ("desktop", 70, 110))
_MAIL_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; {images}; base-uri 'none'; form-action 'none'"
_IMAGES, _NO_IMAGES = "img-src https: http: data:", "img-src 'none'"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    """One way out of several to look at the mail."""

    name: str
    shown: str
    chosen: bool
    link: str


class PreviewServer:
    """Shows one edition until told to stop."""

    def __init__(self, previewing: Previewing, *, port: int) -> None:
        """Listen on the loopback; port 0 takes a free one. Raises AlertsError when the port is taken."""
        self._word = secrets.token_urlsafe(16)
        # A page that waits for a change holds a thread; that is no overload to speak of.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        self._stopping = threading.Event()
        self._sockets: dict[int, object] = {}
        try:
            self._server = create_server(
                create_app(previewing, word=self._word, stopping=self._stopping),
                map=self._sockets,
                listen=f"127.0.0.1:{port}",
                threads=12,
                ident=None,
                max_request_body_size=1000,
            )
        except OSError as error:
            wasyncore.close_all(self._sockets, ignore_all=True)
            raise AlertsError(
                f"127.0.0.1:{port}: cannot listen there: {error.strerror or error}", hint="name another --port"
            ) from error

    @property
    def address(self) -> str:
        """Where to look; it holds the word that opens the page."""
        return f"http://127.0.0.1:{self._server.effective_port}/{self._word}/"

    def run(self, stop: threading.Event) -> None:
        """Answer until told to stop."""
        while not stop.is_set():
            wasyncore.loop(timeout=0.2, map=self._sockets, use_poll=True, count=1)
        self._stopping.set()
        self._server.task_dispatcher.shutdown(timeout=1)
        wasyncore.close_all(self._sockets, ignore_all=True)


def create_app(previewing: Previewing, *, word: str, stopping: threading.Event) -> Flask:
    """Make the application; `word` opens it, `stopping` lets go of pages that wait for a change."""
    app = Flask("alerts.preview", static_folder=None, template_folder=None)
    shown_with = environment(None)
    pieces = {name: shown_with.get_template(f"preview.{name}.j2").render() for name in ("css", "js")}
    policy = (
        f"default-src 'none'; style-src '{_fingerprint(pieces['css'])}'; script-src '{_fingerprint(pieces['js'])}'; "
        "connect-src 'self'; frame-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    )

    @app.before_request
    def ours_only() -> None:
        # A page elsewhere can make a browser ask us under another name (DNS rebinding), but not under this one.
        host = (request.host or "").rpartition(":")[0]
        given = (request.view_args or {}).get("word", "")
        if host not in {"127.0.0.1", "localhost"} or not hmac.compare_digest(given.encode(), word.encode()):
            abort(HTTPStatus.NOT_FOUND)

    @app.after_request
    def harmless(answer: Response) -> Response:
        for name, value in HEADERS.items():
            answer.headers.setdefault(name, value)
        return answer

    @app.get("/<word>/")
    def page(word: str) -> Response:  # noqa: ARG001 - checked above
        state = previewing.state()
        try:
            given = _page(previewing.show(**_asked()), previewing, request.args)
            text = shown_with.get_template("preview.html.j2").render(given | {"state": state})
        except AlertsError as error:
            # What is being written is often broken for a moment; the page waits for it to be mended.
            text = shown_with.get_template("preview_error.html.j2").render(
                {"state": state, "error": str(error), "hint": error.hint}
            )
        answer = Response(text, content_type="text/html; charset=utf-8")
        answer.headers["Content-Security-Policy"] = policy
        return answer

    @app.get("/<word>/mail")
    def mail(word: str) -> Response:  # noqa: ARG001
        try:
            found = previewing.show(**_asked())
        except AlertsError:
            abort(HTTPStatus.CONFLICT)
        answer = Response(seen(found.html, _view(found)), content_type="text/html; charset=utf-8")
        images = _NO_IMAGES if request.args.get("images") == "off" else _IMAGES
        answer.headers["Content-Security-Policy"] = _MAIL_POLICY.format(images=images)
        return answer

    @app.get("/<word>/changes")
    def changes(word: str) -> Response:  # noqa: ARG001
        known, until = request.args.get("since", ""), time.monotonic() + _WAIT_SECONDS
        while (now := previewing.state()) == known and time.monotonic() < until:
            if stopping.wait(_LOOK_SECONDS):
                break
        return jsonify(state=now)

    return app


def _fingerprint(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _asked() -> dict[str, str]:
    return {"language": request.args.get("language", ""), "reader": request.args.get("reader", "") or "a reader"}


def _view(shown: Shown) -> View:
    program = request.args.get("program", "")
    story = request.args.get("story", "")
    number = int(story) if story.isascii() and story.isdigit() and len(story) < 4 else 0
    entries = shown.edition.entries
    return View(
        program=Program(program) if program in set(Program) else Program.AS_SENT,
        dark=request.args.get("scheme") == "dark",
        headline=entries[number - 1].headline if 0 < number <= len(entries) else "",
    )


def _page(shown: Shown, previewing: Previewing, args: Mapping[str, str]) -> dict[str, object]:
    width = args.get("width", "")
    return {
        "shown": shown,
        "toggles": _toggles(shown, previewing, args),
        "width": width if width in _WIDTHS else "600",
        "mail": "mail?" + urlencode(dict(args)) + ("#here" if args.get("story") else ""),
        "inbox": [
            (name, *_cut(shown.variant.subject, subject), *_cut(shown.variant.preheader, preheader))
            for name, subject, preheader in _CUTS
        ],
        "sender": shown.variant.sender.name or shown.variant.sender.address,
        "findings": [
            (finding, finding.severity is Severity.ERROR, _where(finding.place, args)) for finding in shown.findings
        ],
        "share": min(100, round(shown.html_bytes / SIZE_ERROR * 100)),
        "limit": SIZE_ERROR,
        "reader": args.get("reader", ""),
        "kept": {name: value for name, value in args.items() if name != "reader"},
    }


def _toggles(shown: Shown, previewing: Previewing, args: Mapping[str, str]) -> dict[str, list[_Choice]]:
    def row(name: str, values: Mapping[str, str], default: str) -> list[_Choice]:
        current = args.get(name) or default
        return [
            _Choice(name=value, shown=text, chosen=value == current, link="?" + urlencode({**args, name: value}))
            for value, text in values.items()
        ]

    return {
        "Width": row("width", {width: width for width in _WIDTHS}, "600"),
        "Colours": row("scheme", {"light": "light", "dark": "dark"}, "light"),
        "Images": row("images", {"on": "on", "off": "off"}, "on"),
        "Program": row("program", {program.value: program.value for program in Program}, Program.AS_SENT.value),
        "Language": row("language", {name: name for name in previewing.languages}, shown.variant.language),
        "Reader": row("reader", {name: name for name in SAMPLES}, "a reader"),
    }


def _cut(text: str, length: int) -> tuple[str, str]:
    return text[:length], text[length:]


def _where(place: str, args: Mapping[str, str]) -> str:
    """Tell the link that leads to a finding's place; empty: it has none."""
    first, _, rest = place.partition(" ")
    if first == "story" and (number := rest.split(",")[0]).isdigit():
        return "?" + urlencode({**args, "story": number}) + "#mail"
    return {"subject": "#inbox", "preheader": "#inbox", "text": "#text", "html": "#size", "footer": "#mail"}.get(
        first, "#mail" if first in {"title", "the"} else ""
    )
