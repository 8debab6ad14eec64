"""What a mail's footer leads to: the page to unsubscribe (RFC 8058), and the mail on the web.

Looking at either writes nothing; pressing a button leaves.
"""

from http import HTTPStatus

from flask import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from alerts.desk import Newsdesk, leave, web_version
from alerts.model import SCOPE_ALL
from alerts.web.pages import Pages


def routes(desk: Newsdesk, pages: Pages) -> Blueprint:
    """Make the readers' routes."""
    blueprint = Blueprint("subscriber", __name__)

    @blueprint.get("/u/<path:token>")
    def look(token: str) -> Response:
        found = leave.page(desk, token)
        return _unreadable(pages) if found is None else pages.show("leave", page=found, all=SCOPE_ALL)

    @blueprint.post("/u/<path:token>")
    def go(token: str) -> Response:
        # One-click comes from the mail service without cookies or referrer: the token alone must be enough.
        one_click = request.form.get("List-Unsubscribe") == "One-Click"
        scope = request.form.get("scope")
        if not one_click and scope not in {"this", "all"}:
            found = leave.page(desk, token)
            if found is None:
                return _unreadable(pages)
            return pages.show("leave", status=HTTPStatus.BAD_REQUEST, page=found, all=SCOPE_ALL)
        done = leave.leave(
            desk,
            token,
            everything=not one_click and scope == "all",
            evidence="one-click" if one_click else "unsubscribe page",
        )
        return _unreadable(pages) if done is None else pages.show("left", page=done, all=SCOPE_ALL)

    @blueprint.get("/w/<path:token>")
    def read(token: str) -> Response:
        if token == web_version.TEST:
            return pages.message(
                HTTPStatus.OK, title="This was a test", text="The mail on the web stands here once it was sent."
            )
        found = _sent(desk, token)
        if not found.heading:
            return pages.web_version(found.html)
        status = HTTPStatus.GONE if found.gone else HTTPStatus.OK
        return pages.show("web_version", status=status, page=found, token=token)

    @blueprint.get("/w/<token>/as-sent")
    def as_sent(token: str) -> Response:
        found = _sent(desk, token)
        if found.gone:
            raise NotFound
        return pages.web_version(found.html)

    return blueprint


def _sent(desk: Newsdesk, token: str) -> web_version.WebVersion:
    found = web_version.find(desk, token)
    if found is None:
        raise NotFound
    return found


def _unreadable(pages: Pages) -> Response:
    return pages.show("unreadable", status=HTTPStatus.NOT_FOUND)
