"""Send an edition: plan it, freeze it, hand it over, give the receipt.

    compose ─► plan ──(an editor confirms)──► launch ─► deliver ─► receipt
               render, check, count           freeze    claim → submit → settle

Nothing is rendered after `launch`; `deliver` may be killed at any moment and called again.
"""

import threading
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alerts.desk import embargo, preflight, recheck, told
from alerts.desk.dispatching import Listener, dispatcher
from alerts.desk.newsdesk import Newsdesk
from alerts.desk.recover import recover
from alerts.desk.rendering import render
from alerts.errors import SendRefused
from alerts.mail.variant import Variant
from alerts.model import (
    AudienceCount,
    DeliveryState,
    Edition,
    EditionId,
    Finding,
    Kind,
    Receipt,
    Severity,
)
from alerts.store.records import Decision, EditionRecord

#: Between looks at what another process is handing over.
_OTHERS_SECONDS = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class SendPlan:
    """What would be sent, to how many, and what is wrong with it."""

    edition: Edition
    variant: Variant
    count: AudienceCount
    findings: tuple[Finding, ...]
    provider: str
    live: bool
    #: the same edition, launched before: deliver it instead of launching again
    existing: EditionRecord | None = None
    #: of a draft: the content hash of what this plan shows
    shown: str | None = None

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that forbid sending."""
        return tuple(finding for finding in self.findings if finding.severity is Severity.ERROR)


def plan(
    desk: Newsdesk,
    edition: Edition,
    *,
    again: str = "",
    existing: EditionRecord | None = None,
    shown: str | None = None,
) -> SendPlan:
    """Render, check and count an edition; find out whether it was sent before.

    The same edition again is resumed; other segments add only those not yet in. Raises NeedsAgain for anything else
    that was told before, unless `again` gives a reason. `shown` is the content hash of the draft as it was read.
    """
    if existing is None:
        edition, existing = told.against_earlier(desk, edition, again=again)
    if existing is not None:
        edition = existing.edition
    else:
        embargo.refuse(desk, edition)
    variant = render(desk, edition)
    return SendPlan(
        edition=edition,
        variant=variant,
        count=desk.store.ledger.count_audience(edition, desk.audience(edition.segments)),
        findings=preflight.findings(desk, edition, variant),
        provider=desk.config.provider.use,
        live=desk.live,
        existing=existing,
        shown=shown,
    )


def launch(
    desk: Newsdesk,
    plan: SendPlan,
    *,
    editor: str,
    expected: int | None = None,
    despite: str = "",
    decision: str = "approve",
) -> AudienceCount:
    """Freeze content and audience in one transaction; from here on it will be sent.

    Raises SendRefused when a check found an error, nobody would get it, the draft was changed since it was shown, the
    number is no longer the `expected` one, or its article is gone or tells something else now (unless `despite` says
    why it goes out all the same); NeedsAgain when somebody was faster.
    """
    refuse_unfit(plan)
    story = plan.edition.entries[0].story if plan.edition.entries else None
    known = desk.store.archive.story(story) if story else None
    # Opened first: what cannot be handed over for want of a key must not be frozen.
    _ = desk.provider, desk.token_keys
    found = recheck.before_freeze(desk, plan.edition, despite=despite)
    now = desk.clock()
    edition = timed(desk, plan.edition, now=now)
    count = desk.store.ledger.freeze(
        edition,
        variants={"": plan.variant},
        audience=desk.audience(edition.segments),
        provider=desk.config.provider.use,
        approved_by=editor,
        now=now,
        expected=expected,
        shown=plan.shown,
    )
    desk.store.daybook.decide(
        Decision(
            edition=edition.id,
            story=story,
            decision="despite" if found.held else "again" if edition.again else decision,
            editor=editor,
            at=now,
            reason=f"{despite} (although {found.held})" if found.held else edition.again or found.warning,
            verdict=known.verdict if known else None,
        )
    )
    return count


def refuse_unfit(plan: SendPlan) -> None:
    """Raise SendRefused when a check found an error or nobody would get it."""
    if plan.errors:
        raise SendRefused(
            "the checks found: " + "; ".join(finding.text for finding in plan.errors), hint=plan.errors[0].remedy
        )
    if plan.count.to_send == 0:
        why = ", ".join(f"{number} {reason}" for reason, number in plan.count.excluded.items())
        raise SendRefused(
            "nobody would get it: "
            + (
                f"{plan.count.candidates} in the segments, {why}" if plan.count.candidates else "the segments are empty"
            ),
            hint="`alerts segments count` and `alerts subscribers sync` show who is in",
        )


def timed(desk: Newsdesk, edition: Edition, *, now: datetime) -> Edition:
    """Give an edition its expiry and what happens to unknowns, from the settings."""
    settings = desk.config.delivery
    digest = edition.kind in {Kind.DIGEST, Kind.CATCH_UP}
    span = settings.digest_expires if digest else settings.alert_expires
    start = max(now, edition.not_before_at or now)
    return replace(
        edition,
        expires_at=edition.expires_at or start + span,
        unknown_policy=settings.digest_unknown if digest else settings.alert_unknown,
    )


def deliver(
    desk: Newsdesk,
    edition: EditionId,
    *,
    listener: Listener | None = None,
    stop: threading.Event | None = None,
) -> Receipt:
    """Hand an edition over until nothing is left to do now; return the receipt.

    Deliveries that wait (a busy provider, `--at`) and unknowns stay for `alerts run` or the same command later.
    """
    stop = stop or threading.Event()
    recover(desk)
    own = dispatcher(desk, listener=listener)
    own.run(stop=stop, edition=edition, workers=desk.config.delivery.workers, until_idle=True)
    recover(desk)
    # What another process (`alerts run`) holds is being handed over at this moment: its lease ends the wait.
    while desk.store.ledger.counts(edition)[DeliveryState.SUBMITTING] and not stop.wait(_OTHERS_SECONDS):
        own.run(stop=stop, edition=edition, workers=desk.config.delivery.workers, until_idle=True)
        recover(desk)
    return desk.store.ledger.receipt(edition)


def waits(desk: Newsdesk, edition: EditionId) -> timedelta | None:
    """Tell how long until more of it can go; None: nothing waits."""
    due = desk.store.ledger.next_due_at(now=desk.clock(), edition=edition)
    return None if due is None else max(due - desk.clock(), timedelta())
