"""Makes HTML pages of the templates in `templates/web/`, and the headers that keep them harmless. Edge: reads files.

Every value is escaped, every name must exist, and no page may run a script: the policy allows exactly our one
stylesheet, by its hash.
"""

import base64
import hashlib
from http import HTTPStatus
from pathlib import Path

from flask import Response
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined

from alerts import bundled
from alerts.desk import Newsdesk

#: On every answer, whatever it is.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    # The address of a page is a key: it must not travel with a link.
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

_STYLESHEET = "page.css.j2"

#: A mail is shown in a frame that may do nothing but look like itself.
_MAIL_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src https: http: data:; "
    "frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)


#: The same as a page of its own: nothing may run, but its links lead somewhere.
_WEB_VERSION_POLICY = _MAIL_POLICY.replace(
    "sandbox;", "sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation;"
)


class Pages:
    """The pages of a newsroom. Threads may share it."""

    def __init__(self, desk: Newsdesk) -> None:
        look = desk.theme
        self._common = {
            "newsroom": desk.config.newsroom.name,
            "contact": desk.config.sender.reply_to or desk.config.sender.address,
            "accent": look.light.accent,
            "on_accent": look.light.on_accent,
            "accent_dark": look.dark.accent,
            "on_accent_dark": look.dark.on_accent,
        }
        self._environment = environment(desk.config.base / desk.config.templates.directory / "web")
        style = self._environment.get_template(_STYLESHEET).render(self._common)
        fingerprint = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        self._policy = (
            f"default-src 'none'; style-src 'sha256-{fingerprint}'; form-action 'self'; "
            "frame-src 'self'; frame-ancestors 'none'; base-uri 'none'"
        )

    def show(self, template: str, *, status: HTTPStatus = HTTPStatus.OK, **values: object) -> Response:
        """Make an answer of a template."""
        text = self._environment.get_template(f"{template}.html.j2").render({**self._common, **values})
        answer = Response(text, status=status, content_type="text/html; charset=utf-8")
        answer.headers["Content-Security-Policy"] = self._policy
        return answer

    def message(self, status: HTTPStatus, *, title: str, text: str) -> Response:
        """Make a page that only says something."""
        return self.show("message", status=status, title=title, text=text)

    def mail(self, html: str) -> Response:
        """Hand a mail's own HTML to the frame that shows it."""
        answer = Response(html, content_type="text/html; charset=utf-8")
        answer.headers["Content-Security-Policy"] = _MAIL_POLICY
        return answer

    def web_version(self, html: str) -> Response:
        """Show a mail's own HTML as a page whose links work."""
        answer = Response(html, content_type="text/html; charset=utf-8")
        answer.headers["Content-Security-Policy"] = _WEB_VERSION_POLICY
        return answer


def environment(own: Path | None) -> Environment:
    """Make what renders pages; a newsroom's own folder, if any, comes before the shipped templates."""
    shipped = FileSystemLoader(bundled.path("templates") / "web")
    return Environment(
        # `bundled/leave.html.j2` lets a newsroom's own page extend the shipped one.
        loader=ChoiceLoader([*([FileSystemLoader(own)] if own else []), shipped, PrefixLoader({"bundled": shipped})]),
        # by hand: select_autoescape does not know `.html.j2`
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
