"""The approval page behind the link in a notice: one draft, one named editor, until it is decided or lapses.

The token in the address names edition and editor and cannot be made without our key, so a strange site cannot post
here for an editor; what a browser says of the request's origin is checked as well.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, redirect, request
from werkzeug.exceptions import Forbidden, NotFound

from alerts.desk import Newsdesk, compose, decide
from alerts.desk.rendering import render
from alerts.errors import AlertsError, ContentError, SendRefused, StoreError
from alerts.log import log
from alerts.mail.fill import fill
from alerts.mail.variant import Slot, Variant
from alerts.model import DeliveryState, Edition, EditionState, Entry
from alerts.web.pages import Pages

#: What became of an edition, in an editor's words.
_STATES = {
    EditionState.DRAFT: "lapsed: nobody approved it in time",
    EditionState.READY: "approved, about to go out",
    EditionState.SENDING: "going out now",
    EditionState.HELD: "held",
    EditionState.DONE: "sent",
    EditionState.DONE_UNRESOLVED: "sent; of some deliveries nobody knows",
    EditionState.SKIPPED: "skipped",
    EditionState.BLOCKED: "blocked: the provider refuses us",
    EditionState.KILLED: "killed",
    EditionState.EXPIRED: "lapsed: it was not sent in time",
    EditionState.REJECTED: "rejected",
}

_DECISIONS = {
    "approve": "approved it",
    "again": "approved it, though it was told before",
    "despite": "approved it all the same",
    "automatic": "let it go by itself",
    "recheck": "held it back",
    "reject": "rejected it",
    "edit": "changed its words",
    "hold": "held it",
    "release": "let it go on",
    "kill": "killed it",
}


def routes(desk: Newsdesk, pages: Pages) -> Blueprint:
    """Make the editors' routes."""
    blueprint = Blueprint("newsroom", __name__)

    @blueprint.get("/desk/<token>")
    def look(token: str) -> Response:
        return _show(desk, pages, token)

    @blueprint.get("/desk/<token>/mail")
    def mail(token: str) -> Response:
        found = _page(desk, token)
        variant = found.plan.variant if found.plan is not None else render(desk, found.record.edition)
        return pages.mail(_for_a_reader(desk, variant))

    @blueprint.post("/desk/<token>")
    def act(token: str) -> Response:
        _same_origin(desk)
        found = _page(desk, token)
        try:
            _do(desk, found)
        except StoreError:
            raise
        except AlertsError as refused:
            kind = "content" if isinstance(refused, ContentError) else "rules"
            log.info("web_decision_refused", edition=found.record.edition.id, by=kind)
            return _show(desk, pages, token, status=HTTPStatus.CONFLICT, trouble=str(refused))
        # A redirect, so that reloading the page decides nothing again.
        return _to(token)

    return blueprint


def _to(token: str) -> Response:
    answer = redirect(token, code=HTTPStatus.SEE_OTHER)
    assert isinstance(answer, Response)
    return answer


def _page(desk: Newsdesk, token: str) -> decide.DraftPage:
    found = decide.draft_page(desk, token)
    if found is None:
        raise NotFound
    return found


def _same_origin(desk: Newsdesk) -> None:
    """Refuse a form that another site posted."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        if site not in {"same-origin", "none"}:
            raise Forbidden
        return
    # Our pages send no referrer, and a browser that hides the referrer says `null` of the origin too.
    origin = request.headers.get("Origin", "null")
    if origin not in {"null", _origin_of(desk.config.web.url), _origin_of(request.host_url)}:
        raise Forbidden


def _origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _do(desk: Newsdesk, found: decide.DraftPage) -> None:
    """Do what the pressed button says, in the name of the token's editor."""
    form = request.form
    edition = found.record.edition
    action = form.get("action")
    if action in {"approve", "edit"} and form.get("seen") != found.record.content_hash:
        raise SendRefused("It was changed since you opened this page. Read it again, then decide.")
    if action == "approve":
        despite = _one_line(form.get("despite", ""))
        if "despite" in form and not despite:
            raise SendRefused("Say why it shall go out all the same. Nothing was sent.")
        decide.approve(desk, edition.id, editor=found.editor, seen=form.get("seen"), despite=despite)
    elif action == "reject":
        decide.reject(desk, edition.id, editor=found.editor, reason=_one_line(form.get("reason", "")))
    elif action == "edit":
        written = "Subject: {}\nPreheader: {}\n\n{}".format(
            _one_line(form.get("subject", "")),
            _one_line(form.get("preheader", "")),
            form.get("text", "").replace("\r\n", "\n"),
        )
        decide.edit(desk, edition.id, written, editor=found.editor)
    else:
        raise SendRefused("That button is not known. Nothing was changed.")


def _one_line(text: str) -> str:
    return " ".join(text.split())


# --- what the page shows --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    at: str
    text: str


def _show(
    desk: Newsdesk, pages: Pages, token: str, *, status: HTTPStatus = HTTPStatus.OK, trouble: str = ""
) -> Response:
    found = _page(desk, token)
    if found.trouble and not trouble:
        # It cannot be planned any more (its story went out by another hand, say), but it can be rejected.
        status, trouble = HTTPStatus.CONFLICT, f"This cannot go out: {found.trouble}"
    record, edition = found.record, found.record.edition
    return pages.show(
        "draft",
        status=status,
        token=token,
        found=found,
        edition=edition,
        trouble=trouble,
        state=_STATES[record.state],
        kind=_kind(edition),
        left=_spoken(found.time_left),
        until=_clock_time(desk, edition.expires_at),
        goes_at=_clock_time(desk, edition.not_before_at) if _later(desk, edition) else "",
        segments=[_title(desk, name) for name in edition.segments],
        text=compose.text_of(edition),
        links=[entry for entry in edition.entries if _is_web(entry)],
        may_edit=not edition.digest,
        history=_history(desk, edition),
        counts=_counts(desk, found),
    )


def _kind(edition: Edition) -> str:
    return "flash" if edition.urgency.value == "flash" else edition.kind.value


def _later(desk: Newsdesk, edition: Edition) -> bool:
    return edition.not_before_at is not None and edition.not_before_at > desk.clock()


def _is_web(entry: Entry) -> bool:
    return entry.url.startswith(("https://", "http://"))


def _title(desk: Newsdesk, segment: str) -> str:
    try:
        return desk.segment(segment).title or segment
    except AlertsError:
        return segment


def _spoken(span: timedelta | None) -> str:
    """Say how long is left: `18 minutes`, `3 hours`."""
    if span is None:
        return ""
    minutes = max(int(span.total_seconds() // 60), 0)
    if minutes < 1:
        return "less than a minute"
    if minutes < 120:
        return f"{minutes} minute{'s' if minutes > 1 else ''}"
    return f"{minutes // 60} hours"


def _clock_time(desk: Newsdesk, at: datetime | None) -> str:
    if at is None:
        return ""
    local = at.astimezone(ZoneInfo(desk.config.newsroom.timezone))
    today = desk.clock().astimezone(local.tzinfo).date()
    return f"{local:%H:%M}" if local.date() == today else f"{local:%d %b %H:%M}"


def _history(desk: Newsdesk, edition: Edition) -> list[_Step]:
    return [
        _Step(
            at=_clock_time(desk, decision.at),
            text=f"{decision.editor} {_DECISIONS.get(decision.decision, decision.decision)}"
            + (f": {decision.reason}" if decision.reason else ""),
        )
        for decision in desk.store.daybook.decisions(edition.id)
    ]


def _counts(desk: Newsdesk, found: decide.DraftPage) -> dict[str, int]:
    """Count what became of the deliveries of an edition that was approved."""
    if found.record.ready_at is None:
        return {}
    counts = desk.store.ledger.counts(found.record.edition.id)
    words = {DeliveryState.ACCEPTED: "sent", DeliveryState.PENDING: "waiting", DeliveryState.SUBMITTING: "on the way"}
    return {words.get(state, state.value): number for state, number in counts.items() if number}


def _for_a_reader(desk: Newsdesk, variant: Variant) -> str:
    """Fill a variant as for a reader; its unsubscribe link is the one that leaves nothing."""
    dead_link = f"{desk.config.web.url.rstrip('/')}/u/test"
    return fill(
        variant.html,
        {Slot.NAME: "", Slot.ADDRESS: "reader@example.org", Slot.UNSUBSCRIBE_URL: dead_link},
    )
