"""Nobody is told twice and nobody is missed: resuming, parts, second tellings, rehearsals, drafts that lapsed."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from alerts import config
from alerts.desk import Newsdesk, compose, decide, open_desk, recover, send, sync_subscribers
from alerts.errors import ConfigError, NeedsAgain, SendRefused
from alerts.model import DeliveryState, Edition, EditionState, NoticeKind, Urgency
from tests.features.newsroom import READERS, addresses, parse
from tests.integration.newsdesk import Hands, draft, open_newsroom

REHEARSAL = '[provider]\nonly_to = ["ana@example.org"]\n'


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def desk(tmp_path: Path, clock: Hands) -> Iterator[Newsdesk]:
    opened = open_newsroom(tmp_path / "newsroom", clock=clock)
    yield opened
    opened.close()


def written(desk: Newsdesk, *, segments: tuple[str, ...] = ("breaking",), update: bool = False) -> Edition:
    found = compose.find(desk, [str(desk.config.base / "article.txt")])
    return compose.alert(desk, found, segments=segments, urgency=Urgency.ALERT, made_by="Nora", update=update)


def mailed(desk: Newsdesk) -> list[str]:
    return addresses([parse(file.read_bytes()) for file in (desk.config.base / "outbox").rglob("*.eml")])


def sent(desk: Newsdesk, plan: send.SendPlan) -> None:
    if plan.existing is None:
        send.launch(desk, plan, editor="Nora")
    send.deliver(desk, plan.edition.id)


def reconfigured(desk: Newsdesk, more: str) -> Newsdesk:
    """The same newsroom after its configuration was changed and alerts started anew."""
    file = desk.config.base / "config.toml"
    text = file.read_text().replace(REHEARSAL, "")
    file.write_text(text + more)
    return open_desk(config.load(file), clock=desk.clock)


@pytest.mark.parametrize("refused", [True, False])
def test_a_draft_that_came_to_nothing_told_nobody(desk: Newsdesk, clock: Hands, refused: bool) -> None:
    edition = draft(desk)
    if refused:
        decide.reject(desk, edition.id, editor="Omar")
    else:
        clock.turn(hours=1)
        assert desk.store.ledger.change_state(edition.id, EditionState.EXPIRED, now=clock())
    plan = send.plan(desk, written(desk))
    assert plan.existing is None
    sent(desk, plan)
    assert len(mailed(desk)) == 3


def test_a_rehearsal_tells_nobody_anything(tmp_path: Path, clock: Hands) -> None:
    rehearsing = open_newsroom(tmp_path / "newsroom", clock=clock, more=REHEARSAL)
    sent(rehearsing, send.plan(rehearsing, written(rehearsing)))
    assert mailed(rehearsing) == ["ana@example.org"]
    live = reconfigured(rehearsing, "")
    rehearsing.close()
    plan = send.plan(live, written(live))
    assert plan.existing is None
    assert plan.count.to_send == 3
    sent(live, plan)
    assert mailed(live) == ["ana@example.org", "ana@example.org", "ben@example.org", "cleo@example.org"]
    live.close()


def test_what_was_approved_live_is_held_when_rehearsal_is_back(desk: Newsdesk) -> None:
    plan = send.plan(desk, written(desk))
    send.launch(desk, plan, editor="Nora")
    rehearsing = reconfigured(desk, REHEARSAL)
    send.deliver(rehearsing, plan.edition.id)
    assert mailed(rehearsing) == []
    record = rehearsing.store.ledger.find(plan.edition.id)
    assert record is not None
    assert record.state is EditionState.HELD
    kinds = [waiting.notice.kind for waiting in rehearsing.store.daybook.waiting_notices(rehearsing.clock())]
    assert NoticeKind.HELD in kinds
    rehearsing.close()


def test_a_second_telling_that_was_interrupted_goes_on_and_is_not_told_a_third_time(desk: Newsdesk) -> None:
    sent(desk, send.plan(desk, written(desk)))
    other = replace(written(desk), subject="Harwick under water")
    with pytest.raises(NeedsAgain):
        send.plan(desk, other)
    send.launch(desk, send.plan(desk, other, again="too weak"), editor="Nora")  # and is killed before it delivers
    once_more = send.plan(desk, replace(written(desk), subject="Harwick under water"), again="too weak")
    assert once_more.existing is not None
    sent(desk, once_more)
    assert len(mailed(desk)) == 6
    third = send.plan(desk, replace(written(desk), subject="Harwick under water"), again="once more")
    assert third.existing is None, "another reason is another telling"


def test_a_part_that_was_interrupted_is_found_with_the_next(desk: Newsdesk) -> None:
    from alerts.desk import told

    first = send.plan(desk, written(desk, segments=("breaking",)))
    send.launch(desk, first, editor="Nora")
    both = send.plan(desk, written(desk, segments=("breaking", "morning")))
    assert both.existing is None
    assert both.count.to_send == 1
    send.launch(desk, both, editor="Nora")
    assert [part.edition.id for part in told.unfinished_parts(desk, both.edition)] == [first.edition.id]


def test_the_words_that_were_shown_are_the_words_that_go(desk: Newsdesk) -> None:
    edition = draft(desk)
    shown = desk.edition(edition.id)
    plan = send.plan(desk, shown.edition, shown=shown.content_hash)
    decide.edit(desk, edition.id, "Subject: Other words\n\nOther words altogether.\n", editor="Omar")
    with pytest.raises(SendRefused, match="changed"):
        decide.approve(desk, edition.id, editor="Nora", seen=shown.content_hash)
    with pytest.raises(SendRefused, match="changed"):
        send.launch(desk, plan, editor="Nora")
    decide.approve(desk, edition.id, editor="Nora", seen=desk.edition(edition.id).content_hash)


def test_a_number_that_grew_since_it_was_confirmed_is_asked_again(desk: Newsdesk) -> None:
    plan = send.plan(desk, written(desk))
    more = "".join(f"late{number}@example.org,Late,breaking\n" for number in range(40))
    (desk.config.base / "subscribers/lists/readers.csv").write_text(READERS + more)
    for file in sync_subscribers.list_files(desk):
        sync_subscribers.apply(desk, file)
    with pytest.raises(SendRefused, match="43"):
        send.launch(desk, plan, editor="Nora", expected=plan.count.to_send)
    assert desk.store.ledger.find(plan.edition.id) is None


def test_one_reader_who_leaves_meanwhile_does_not_stop_an_alert(desk: Newsdesk, clock: Hands) -> None:
    plan = send.plan(desk, written(desk))
    from alerts.model import SuppressionReason

    desk.store.roster.suppress(
        desk.address_hash("ben@example.org"), reason=SuppressionReason.UNSUBSCRIBED, scope="all", now=clock()
    )
    send.launch(desk, plan, editor="Nora", expected=plan.count.to_send)
    send.deliver(desk, plan.edition.id)
    assert mailed(desk) == ["ana@example.org", "cleo@example.org"]


def test_without_its_key_nothing_is_frozen(desk: Newsdesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SENDGRID_API_KEY", raising=False)
    keyless = reconfigured(desk, '[provider]\nuse = "sendgrid"\n')
    plan = send.plan(keyless, written(keyless))
    with pytest.raises(ConfigError, match="SENDGRID_API_KEY"):
        send.launch(keyless, plan, editor="Nora")
    assert keyless.store.ledger.editions() == []
    keyless.close()


def test_an_alert_that_was_killed_before_the_first_mail_is_not_what_an_update_follows(desk: Newsdesk) -> None:
    plan = send.plan(desk, written(desk))
    send.launch(desk, plan, editor="Nora")
    decide.kill(desk, "last", editor="Nora")
    with pytest.raises(SendRefused, match="nothing was sent of this story"):
        written(desk, update=True)


def test_last_means_what_is_going_out_not_the_tools_own_draft(desk: Newsdesk, clock: Hands) -> None:
    plan = send.plan(desk, written(desk))
    send.launch(desk, plan, editor="Nora")
    clock.turn(minutes=1)
    proposal = replace(written(desk), key="alert/other/r1", told_key="alert/other/r1", subject="A proposal")
    assert desk.store.ledger.add_draft(proposal)
    assert decide.kill(desk, "last", editor="Nora").edition.edition.id == plan.edition.id
    assert decide.reject(desk, "last", editor="Nora").edition.id == proposal.id


def test_a_held_alert_whose_answer_was_lost_is_not_sent_by_recovering(desk: Newsdesk, clock: Hands) -> None:
    plan = send.plan(desk, written(desk))
    send.launch(desk, plan, editor="Nora")
    decide.hold(desk, "last", editor="Nora")
    for _ in range(3):
        clock.turn(minutes=10)
        recover.recover(desk)
    record = desk.store.ledger.find(plan.edition.id)
    assert record is not None
    assert record.state is EditionState.HELD
    assert desk.store.ledger.counts(plan.edition.id)[DeliveryState.PENDING] == 3
