"""Tell the desk: a mail to the editors in the urgent lane and a POST to the webhook, within seconds, and again until
it has gone out. What must be told is first written to the daybook, so that a crash cannot swallow it.
"""

import hashlib
import json
from datetime import timedelta

from alerts import tokens
from alerts.desk import embargo
from alerts.desk.direct import hand_over
from alerts.desk.newsdesk import Newsdesk
from alerts.errors import AlertsError
from alerts.log import log
from alerts.model import EditionId, EditionState, Mailbox, Notice, NoticeKind, OutcomeKind
from alerts.store.records import WaitingNotice
from alerts.templating.notice import render_notice

_FIRST_RETRY = timedelta(seconds=10)
_LAST_RETRY = timedelta(minutes=15)
_GIVE_UP_AFTER = 40


def note(desk: Newsdesk, kind: NoticeKind, *, key: str, text: str, edition: EditionId | None = None) -> bool:
    """Write down something the desk must know; the same key is told once. Return whether it is new."""
    if edition is not None and (veiled := _veiled(desk, edition, kind)):
        # Told again in full when the embargo has ended, if it is still true then.
        key, text = f"{key}/embargo", veiled
    new = desk.store.daybook.add_notice(Notice(key=key, kind=kind, text=text, at=desk.clock(), edition=edition))
    if new:
        log.info("desk_told", kind=kind.value, edition=edition)
    return new


def _veiled(desk: Newsdesk, edition: EditionId, kind: NoticeKind) -> str:
    """Write the notice of an edition under embargo: it is a mail too, so nothing of the text may stand in it."""
    record = desk.store.ledger.find(edition)
    until = embargo.until(desk, record.edition) if record is not None else None
    if until is None:
        return ""
    how = (
        f"approved before, it goes out then: alerts approve {edition}"
        if kind is NoticeKind.DRAFT_WAITS
        else f"look: alerts editions show {edition}"
    )
    return f"The edition {edition} is {embargo.spoken(desk, until)}; {how}"


def tell(desk: Newsdesk) -> int:
    """Send the notices that wait; return how many were tried."""
    waiting = desk.store.daybook.waiting_notices(desk.clock())
    for notice in waiting:
        _tell_one(desk, notice)
    return len(waiting)


def _tell_one(desk: Newsdesk, waiting: WaitingNotice) -> None:
    notice = waiting.notice
    daybook = desk.store.daybook
    settings = desk.config.desk
    errors = []
    # First the webhook: a provider that hangs would keep the news of its own outage from the desk.
    if waiting.posted_at is None:
        if settings.webhook and (why := _post(desk, notice, settings.webhook)):
            errors.append(why)
        else:
            daybook.notice_posted(notice.key, now=desk.clock())
    if waiting.mailed_at is None:
        failed = _mail_all(desk, notice)
        if failed:
            errors.append(f"{failed} of {len(settings.editors)} editors could not be mailed")
        else:
            daybook.notice_mailed(notice.key, now=desk.clock())
    if errors:
        wait = min(_FIRST_RETRY * 2 ** min(waiting.attempts, 10), _LAST_RETRY)
        if waiting.attempts >= _GIVE_UP_AFTER:
            daybook.notice_mailed(notice.key, now=desk.clock())
            daybook.notice_posted(notice.key, now=desk.clock())
            log.error("notice_given_up", key=notice.key, error="; ".join(errors))
            return
        daybook.notice_failed(notice.key, error="; ".join(errors), retry_at=desk.clock() + wait)
        log.warning("notice_failed", key=notice.key, error="; ".join(errors))


def _mail_all(desk: Newsdesk, notice: Notice) -> int:
    """Mail the editors who were not mailed yet; return how many could not be. Who has it does not get it again."""
    name = f"mailed:{hashlib.sha256(notice.key.encode()).hexdigest()[:32]}"
    known = desk.store.daybook.get(name)
    done: set[str] = set(json.loads(known.value)) if known else set()
    # By hash: the daybook of small facts is printed in logs and dumps.
    waiting = {desk.address_hash(editor): editor for editor in desk.config.desk.editors}
    mailed = {hashed for hashed, editor in waiting.items() if hashed not in done and _mail(desk, notice, editor)}
    failed = len(waiting.keys() - done - mailed)
    if failed:
        desk.store.daybook.put(name, json.dumps(sorted(done | mailed)), now=desk.clock())
    elif known:
        desk.store.daybook.remove(name)
    return failed


def page_of(desk: Newsdesk, edition: EditionId, editor: str) -> str:
    """Make the address of an edition's approval page for one editor; the page itself checks that it still waits."""
    token = tokens.sign(desk.token_keys[0], "desk", edition, editor)
    return f"{desk.config.web.url.rstrip('/')}/desk/{token}"


def _mail(desk: Newsdesk, notice: Notice, editor: str) -> bool:
    link = ""
    if notice.edition is not None:
        record = desk.store.ledger.find(notice.edition)
        if record is not None and record.state is EditionState.DRAFT:
            link = page_of(desk, notice.edition, editor)
    try:
        variant = render_notice(
            desk.renderer,
            title=notice.kind.value,
            text=notice.text,
            link=link,
            brand=desk.brand,
            sender=desk.config.sender_mailbox,
            domain=desk.domain,
        )
        outcome = hand_over(desk, variant, Mailbox(address=editor), purpose=f"notice {notice.key}")
    except AlertsError as error:
        log.warning("notice_mail_failed", key=notice.key, error=str(error))
        return False
    # A notice twice is a nuisance, a notice lost is a draft that lapses: what nobody knows is tried again.
    return outcome.kind in {OutcomeKind.ACCEPTED, OutcomeKind.REJECTED}


def _line(desk: Newsdesk, notice: Notice) -> str:
    """Give the news of the edition that a notice is about in one line, for a chat or a text message."""
    record = desk.store.ledger.find(notice.edition) if notice.edition else None
    return (record.edition.line or record.edition.subject) if record else ""


def _post(desk: Newsdesk, notice: Notice, address: str) -> str:
    """POST a notice; return what went wrong, empty: nothing."""
    import httpx2

    body = json.dumps(
        {
            "kind": notice.kind.value,
            "text": notice.text,
            "edition": notice.edition,
            "line": _line(desk, notice),
            "at": notice.at.isoformat(),
            "newsroom": desk.config.newsroom.name,
        }
    )
    try:
        # trust_env off: a proxy of the environment must not see the desk's notices.
        with httpx2.Client(timeout=5.0, follow_redirects=False, trust_env=False) as client:
            answer = client.post(address, content=body, headers={"Content-Type": "application/json"})
    except httpx2.HTTPError as error:
        return f"webhook: {type(error).__name__}"
    return "" if answer.status_code < 300 else f"webhook: answered {answer.status_code}"
