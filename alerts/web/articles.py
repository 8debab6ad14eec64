"""Where a CMS hands articles over: one door for all outlets, a key for each. Answers are JSON, errors too.

At most a few articles are taken in at the same time, for the threads that answer here also let readers leave: whoever
comes beyond that is asked to come again, and nothing was kept of what they sent. Proposing is not done here at all
(`desk.receive`), so an article costs its reading and placing, or at most the fetch of its page.
"""

import threading
import time
from http import HTTPStatus

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from alerts.content.reading.pushed import BadFields, NotJson
from alerts.desk import Newsdesk, receive
from alerts.errors import AlertsError
from alerts.log import log
from alerts.model import Outlet
from alerts.web.limits import Buckets, network_of

#: Of the server's six threads, at most so many take articles in.
_AT_ONCE = 3
#: Articles a second from one outlet, and how many at once: a desk that publishes a whole paper stays below.
_PER_SECOND, _BURST = 1.0, 120
#: Wrong tokens from one network before it is told to wait. The right one always opens: a guesser must not lock us out.
_GUESSES_PER_SECOND, _GUESSES = 0.1, 10


def routes(desk: Newsdesk) -> Blueprint:
    """Make the door for articles."""
    blueprint = Blueprint("articles", __name__)
    places = threading.BoundedSemaphore(_AT_ONCE)
    outlets = Buckets(per_second=_PER_SECOND, burst=_BURST)
    guesses = Buckets(per_second=_GUESSES_PER_SECOND, burst=_GUESSES)

    @blueprint.post("/articles")
    def hand_over() -> Response:
        if not receive.is_open(desk):
            return _no(HTTPStatus.NOT_FOUND, "there is nothing here")
        outlet = receive.outlet_of(desk, _token())
        now = time.monotonic()
        if outlet is None:
            return _unknown(patient=guesses.take(network_of(request.remote_addr or ""), now=now))
        if not outlets.take(outlet.name, now=now):
            return _later(HTTPStatus.TOO_MANY_REQUESTS, "too many articles at once", seconds=60)
        if not request.is_json:
            return _no(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send JSON, with Content-Type: application/json")
        if not places.acquire(blocking=False):
            return _later(HTTPStatus.SERVICE_UNAVAILABLE, "other articles are being taken in", seconds=2)
        try:
            return _take_in(desk, outlet)
        finally:
            places.release()

    @blueprint.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Response:
        return _no(HTTPStatus(error.code or 500), HTTPStatus(error.code or 500).phrase.lower())

    @blueprint.errorhandler(AlertsError)
    def failed(error: AlertsError) -> Response:
        log.error("push_failed", error=str(error))
        return _later(HTTPStatus.SERVICE_UNAVAILABLE, "not possible right now; nothing is lost, send it again", 60)

    return blueprint


def _take_in(desk: Newsdesk, outlet: Outlet) -> Response:
    body = request.get_data(cache=False)
    try:
        received = receive.receive(desk, outlet, body)
    except NotJson as error:
        return _no(HTTPStatus.BAD_REQUEST, str(error))
    except BadFields as error:
        log.warning("push_refused", outlet=outlet.name, fields=sorted(error.problems))
        return _no(HTTPStatus.UNPROCESSABLE_ENTITY, "these fields cannot be used", fields=error.problems)
    until = received.embargo_until
    return jsonify(
        article=received.article,
        story=received.story,
        outlet=received.outlet,
        level=received.level.value,
        score=received.score,
        reasons=list(received.reasons),
        embargo_until=until.isoformat() if until else None,
        evidence_only=received.evidence_only,
    )


def _token() -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _unknown(*, patient: bool) -> Response:
    log.warning("push_token_refused", network=network_of(request.remote_addr or ""))
    if not patient:
        return _later(HTTPStatus.TOO_MANY_REQUESTS, "too many wrong tokens", seconds=60)
    answer = _no(HTTPStatus.UNAUTHORIZED, "send the outlet's token: Authorization: Bearer …")
    answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def _no(status: HTTPStatus, error: str, **more: object) -> Response:
    answer = jsonify(error=error, **more)
    answer.status_code = status
    return answer


def _later(status: HTTPStatus, error: str, seconds: int) -> Response:
    answer = _no(status, error)
    answer.headers["Retry-After"] = str(seconds)
    return answer
