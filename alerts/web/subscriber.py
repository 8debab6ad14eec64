"""The page behind the unsubscribe link: looking at it writes nothing, pressing a button leaves. RFC 8058."""

from http import HTTPStatus

from flask import Blueprint, Response, request

from alerts.desk import Newsdesk, leave
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

    return blueprint


def _unreadable(pages: Pages) -> Response:
    return pages.show("unreadable", status=HTTPStatus.NOT_FOUND)
