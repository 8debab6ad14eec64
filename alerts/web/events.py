"""Where providers report what became of mail. The answer says 2xx only after what they said is on disk."""

from http import HTTPStatus

from flask import Blueprint, Response, request

from alerts.desk import Newsdesk, apply_events
from alerts.errors import ProviderError
from alerts.log import log

#: SendGrid's own batches stay far below.
_MOST_BYTES = 1_000_000


def routes(desk: Newsdesk) -> Blueprint:
    """Make the providers' routes."""
    blueprint = Blueprint("events", __name__)

    @blueprint.post("/events/sendgrid")
    def sendgrid() -> Response:
        # Without a key nobody could tell SendGrid from a stranger: the door is not there.
        if not apply_events.sendgrid_open(desk):
            return _plain(HTTPStatus.NOT_FOUND)
        request.max_content_length = _MOST_BYTES
        # The signature covers these very bytes.
        body = request.get_data(cache=False)
        try:
            apply_events.receive_sendgrid(desk, dict(request.headers.items()), body)
        except ProviderError as refused:
            log.warning("events_refused", provider="sendgrid", reason=str(refused), bytes=len(body))
            return _plain(HTTPStatus.FORBIDDEN)
        return _plain(HTTPStatus.NO_CONTENT)

    return blueprint


def _plain(status: HTTPStatus) -> Response:
    text = "" if status is HTTPStatus.NO_CONTENT else f"{status.phrase}\n"
    return Response(text, status=status, content_type="text/plain; charset=utf-8")
