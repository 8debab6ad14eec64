"""The web application: routes, limits, and what the outside is told when something breaks (never how it broke)."""

import time
from http import HTTPStatus

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from alerts.desk import Newsdesk
from alerts.desk.doctor import HEARTBEAT_LIMIT
from alerts.errors import AlertsError, StoreError
from alerts.log import log
from alerts.web import articles, events, newsroom, subscriber
from alerts.web.limits import Buckets, network_of
from alerts.web.pages import HEADERS, Pages

#: The largest body of any request; forms are far smaller.
MOST_BYTES = 1_000_000
_MOST_FORM_BYTES, _MOST_FORM_FIELDS = 100_000, 20
#: Writes per second from one network, and how many at once: a mail service posts its readers' one-clicks from few.
_PER_SECOND, _BURST = 20.0, 200

_WORDS = {
    HTTPStatus.NOT_FOUND: ("There is nothing here", "Check the address, or go back to the mail that led you here."),
    HTTPStatus.METHOD_NOT_ALLOWED: ("This cannot be done here", "Go back to the mail that led you here."),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("That was too much", "What was sent is larger than we take."),
    HTTPStatus.TOO_MANY_REQUESTS: ("Too many at once", "Wait a minute, then try again."),
    HTTPStatus.SERVICE_UNAVAILABLE: (
        "Not possible right now",
        "Nothing was changed. Please try again in a few minutes.",
    ),
    HTTPStatus.INTERNAL_SERVER_ERROR: (
        "Something broke on our side",
        "It was written down. Please try again in a few minutes.",
    ),
}


def create_app(desk: Newsdesk) -> Flask:
    """Make the application of an open desk."""
    app = Flask("alerts.web", static_folder=None, template_folder=None)
    app.config.update(
        MAX_CONTENT_LENGTH=MOST_BYTES, MAX_FORM_MEMORY_SIZE=_MOST_FORM_BYTES, MAX_FORM_PARTS=_MOST_FORM_FIELDS
    )
    # a doubled slash is a broken link, not a reason to send anybody elsewhere
    app.url_map.merge_slashes = False
    pages = Pages(desk)
    app.register_blueprint(subscriber.routes(desk, pages))
    app.register_blueprint(newsroom.routes(desk, pages))
    app.register_blueprint(events.routes(desk))
    app.register_blueprint(articles.routes(desk))
    app.add_url_rule("/healthz", "health", lambda: _health(desk), methods=["GET"])
    _limit(app, pages)
    _guard(app, pages)
    return app


def _limit(app: Flask, pages: Pages) -> None:
    buckets = Buckets(per_second=_PER_SECOND, burst=_BURST)

    @app.before_request
    def slow_down() -> Response | None:
        if request.method in {"GET", "HEAD", "OPTIONS"}:
            return None
        if buckets.take(network_of(request.remote_addr or ""), now=time.monotonic()):
            return None
        answer = _page(pages, HTTPStatus.TOO_MANY_REQUESTS)
        answer.headers["Retry-After"] = "60"
        return answer


def _guard(app: Flask, pages: Pages) -> None:
    @app.after_request
    def harmless(answer: Response) -> Response:
        for name, value in HEADERS.items():
            answer.headers.setdefault(name, value)
        return answer

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Response:
        answer = _page(pages, HTTPStatus(error.code or 500))
        if allowed := getattr(error, "valid_methods", None):
            answer.headers["Allow"] = ", ".join(sorted(allowed))
        return answer

    @app.errorhandler(StoreError)
    def no_store(error: StoreError) -> Response:
        # Whoever posts tries again on 5xx: mail services and providers do, for days.
        log.error("web_store_failed", route=request.endpoint, error=str(error))
        answer = _page(pages, HTTPStatus.SERVICE_UNAVAILABLE)
        answer.headers["Retry-After"] = "60"
        return answer

    @app.errorhandler(AlertsError)
    def ours(error: AlertsError) -> Response:
        log.error("web_failed", route=request.endpoint, error=str(error))
        return _page(pages, HTTPStatus.SERVICE_UNAVAILABLE)

    @app.errorhandler(Exception)
    def broken(error: Exception) -> Response:
        # The path holds a token, so the log names the route instead.
        log.exception("web_broke", route=request.endpoint, error=type(error).__name__)
        return _page(pages, HTTPStatus.INTERNAL_SERVER_ERROR)


def _page(pages: Pages, status: HTTPStatus) -> Response:
    title, text = _WORDS.get(status, ("This did not work", "Go back to the mail that led you here."))
    return pages.message(status, title=title, text=text)


def _health(desk: Newsdesk) -> Response:
    """Tell whether the database answers (503 if not) and whether a scheduler is heard of."""
    try:
        beat = desk.store.daybook.get("heartbeat")
    except StoreError as error:
        log.error("unhealthy", error=str(error))
        answer = jsonify(store="failed")
        answer.status_code = HTTPStatus.SERVICE_UNAVAILABLE
        return answer
    scheduler = "never seen" if beat is None else "alive" if desk.clock() - beat.at <= HEARTBEAT_LIMIT else "silent"
    return jsonify(store="ok", scheduler=scheduler)
