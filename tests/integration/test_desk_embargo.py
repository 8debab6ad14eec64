"""The CMS hands over an article at 13:55 that is under embargo until 14:00: nothing of it leaves the house before."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from alerts.desk import (
    Newsdesk,
    compose,
    decide,
    digest,
    drafts,
    embargo,
    ingest,
    notify,
    receive,
    send,
)
from alerts.desk.test_copy import send_test
from alerts.errors import SendRefused
from alerts.model import DeliveryState, Edition, EditionState, StoryId, Urgency
from alerts.store.records import EditionRecord
from alerts.web.app import create_app
from tests.features.newsroom import parse, part
from tests.integration.newsdesk import Hands, dump, open_newsroom, page_of

NOON = datetime(2026, 3, 2, 13, 55, tzinfo=UTC)
ENDS = "2026-03-02T14:00:00+00:00"
TOKEN = "t" * 32
OUTLETS = """
[[outlets]]
name = "The Harwick Herald"
trust = 0.9
push = {{ env = "HERALD_PUSH" }}
feeds = ["herald.xml"]
{herald}

[[outlets]]
name = "Coast Gazette"
relation = "watched"
feeds = ["gazette.xml"]

[desk]
editors = ["nora@herald.example"]
testers = ["test@herald.example"]

[breaking]
recheck = false
review_score = 3.0
alert_score = 3.5

[[digests]]
name = "day"
at = ["14:05", "15:05"]
segment = "morning"
draft = "20m"
"""
RATES: dict[str, Any] = {
    "url": "https://herald.example/rates",
    "title": "Central bank of Norrland raises interest rate to 9 percent in emergency move",
    "paragraphs": [
        "The central bank of Norrland has raised its interest rate to 9 percent in an emergency move, it said.",
        "Governor Ilse Brandt said the bank acted to stop the fall of the krona after 40 banks asked for help.",
    ],
    "urgency": "flash",
    "embargo_until": ENDS,
}
HARBOUR = (
    "Fire destroys the fish market at Skarrow harbour",
    "A fire has destroyed the fish market at Skarrow harbour, the fire service said. Nobody was hurt in the blaze.",
)


@pytest.fixture
def hands() -> Hands:
    return Hands(NOON)


def opened(tmp_path: Path, hands: Hands, monkeypatch: pytest.MonkeyPatch, herald: str = "") -> Newsdesk:
    monkeypatch.setenv("HERALD_PUSH", TOKEN)
    desk = open_newsroom(tmp_path / "newsroom", clock=hands, more=OUTLETS.format(herald=herald))
    for name in ("herald", "gazette"):
        publish(desk, name)
    ingest.poll(desk, everything=True)
    return desk


@pytest.fixture
def desk(tmp_path: Path, hands: Hands, monkeypatch: pytest.MonkeyPatch) -> Iterator[Newsdesk]:
    desk = opened(tmp_path, hands, monkeypatch)
    yield desk
    desk.close()


def publish(desk: Newsdesk, outlet: str, *told: tuple[str, str]) -> None:
    """Write an outlet's feed."""
    at = format_datetime(desk.clock() - timedelta(minutes=1))
    items = "".join(
        f"<item><title>{title}</title><link>https://{outlet}.example/{number}</link><pubDate>{at}</pubDate>"
        f"<description>{text}</description></item>"
        for number, (title, text) in enumerate(told)
    )
    feed = f'<?xml version="1.0"?><rss version="2.0"><channel><title>x</title>{items}</channel></rss>'
    (desk.config.base / f"{outlet}.xml").write_text(feed)


def push(desk: Newsdesk, **changed: Any) -> receive.Received:
    """Hand the article over, and let the scheduler take it up."""
    client = create_app(desk).test_client()
    article = {name: value for name, value in {**RATES, **changed}.items() if value is not None}
    answer = client.post("/articles", json=article, headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200, answer.text
    receive.catch_up(desk)
    story = desk.store.archive.story(answer.get_json()["story"])
    assert story is not None
    return receive._answer(desk, desk.outlets["The Harwick Herald"], story.articles[-1])


def the_draft(desk: Newsdesk) -> EditionRecord:
    (draft,) = desk.store.ledger.editions(states=(EditionState.DRAFT,))
    return draft


def accepted(desk: Newsdesk, edition: Edition) -> int:
    if desk.store.ledger.next_due_at(now=desk.clock(), edition=edition.id) == desk.clock():
        send.deliver(desk, edition.id)
    return desk.store.ledger.counts(edition.id)[DeliveryState.ACCEPTED]


def mailed(desk: Newsdesk) -> str:
    """All that left the house, as one text."""
    mails = [parse(file.read_bytes()) for file in sorted((desk.config.base / "outbox").rglob("*.eml"))]
    return "\n".join(f"{mail['Subject']}\n{part(mail, 'plain')}\n{part(mail, 'html')}" for mail in mails)


def test_approved_before_its_end_it_goes_out_on_the_minute(desk: Newsdesk, hands: Hands) -> None:
    told_of = push(desk)
    assert told_of.embargo_until == datetime.fromisoformat(ENDS)
    draft = the_draft(desk)
    assert draft.edition.reasons[0] == "under embargo until 14:00 GMT"
    page = create_app(desk).test_client().get(page_of(desk, draft.edition)).text
    assert "under embargo until 14:00 GMT" in page
    assert "Approve: send at 14:00" in page
    assert "also if nobody decides" not in page
    decide.approve(desk, draft.edition.id, editor="Nora")
    assert accepted(desk, draft.edition) == 0
    hands.turn(minutes=4, seconds=59)
    assert accepted(desk, draft.edition) == 0
    hands.turn(seconds=1)
    assert accepted(desk, draft.edition) == 3


def test_before_its_end_no_mail_of_any_kind_tells_of_it(desk: Newsdesk, hands: Hands) -> None:
    """Not the notice to the editors either, nor the one that it was held or lapsed, nor a test copy."""
    push(desk)
    draft = the_draft(desk).edition
    drafts.look_after(desk)
    notify.tell(desk)
    with pytest.raises(SendRefused, match="under embargo until 14:00 GMT"):
        send_test(desk, draft)
    decide.approve(desk, draft.id, editor="Nora")
    decide.hold(desk, draft.id, editor="Nora")
    notify.tell(desk)
    left = mailed(desk)
    assert "under embargo until 14:00 GMT" in left
    for secret in ("Norrland", "interest", "9 percent", "Brandt"):
        assert secret not in left
    with pytest.raises(SendRefused, match="under embargo"):
        decide.release(desk, draft.id, editor="Nora") if push(desk, embargo_until="2026-03-02T15:00:00Z") else None
    hands.turn(minutes=66)
    decide.release(desk, draft.id, editor="Nora")
    assert accepted(desk, draft) == 3


def test_nobody_approved_so_the_desk_hears_again_when_it_ends(desk: Newsdesk, hands: Hands) -> None:
    push(desk)
    drafts.look_after(desk)
    hands.turn(minutes=5)
    receive.catch_up(desk)
    drafts.look_after(desk)
    texts = [one.notice.text for one in desk.store.daybook.notices(since=NOON)]
    assert any("Norrland" in text for text in texts)
    assert the_draft(desk).edition.subject.startswith("Central bank of Norrland")
    decide.approve(desk, the_draft(desk).edition.id, editor="Nora")
    (record,) = desk.store.ledger.editions(states=(EditionState.READY,))
    assert accepted(desk, record.edition) == 3


def test_sending_it_by_hand_is_refused_and_scheduling_it_is_not(desk: Newsdesk, hands: Hands) -> None:
    told_of = push(desk)
    for source in (RATES["url"], told_of.story):
        found = compose.find(desk, [source])
        edition = compose.alert(desk, found, segments=("breaking",), urgency=Urgency.FLASH, made_by="Nora")
        with pytest.raises(SendRefused, match="under embargo until 14:00 GMT") as refused:
            send.plan(desk, edition, again="it must be")
        assert refused.value.exit_code == 6
        assert "--at 2026-03-02T14:00+00:00" in refused.value.hint
        send.plan(desk, replace(edition, not_before_at=datetime.fromisoformat(ENDS)))


def test_what_it_says_to_type_is_not_refused_either_where_an_embargo_ends_within_a_minute(desk: Newsdesk) -> None:
    push(desk, embargo_until="2026-03-02T14:00:20+00:00")
    edition = compose.alert(
        desk, compose.find(desk, [RATES["url"]]), segments=("breaking",), urgency=Urgency.FLASH, made_by="Nora"
    )
    with pytest.raises(SendRefused) as refused:
        send.plan(desk, edition)
    assert "--at 2026-03-02T14:01+00:00" in refused.value.hint


def test_a_digest_leaves_it_out_until_it_ended(desk: Newsdesk, hands: Hands) -> None:
    push(desk, embargo_until="2026-03-02T14:30:00Z", urgency=None)
    publish(desk, "herald", HARBOUR)
    ingest.poll(desk, everything=True)
    rule = desk.config.digest("day")
    first, second = digest.occurrence_on(desk, rule, None), None
    assert "Norrland" not in str(digest.compose(desk, rule, first))
    hands.turn(minutes=45)
    receive.catch_up(desk)
    second = digest.occurrence_on(desk, rule, None)
    assert "Norrland" in str(digest.compose(desk, rule, second))


def test_a_digest_that_was_drafted_goes_out_without_what_came_under_embargo_since(desk: Newsdesk, hands: Hands) -> None:
    push(desk, embargo_until=None, urgency=None)
    publish(desk, "herald", HARBOUR)
    ingest.poll(desk, everything=True)
    digest.tick(desk)
    drafted = next(one for one in desk.store.ledger.editions(states=(EditionState.DRAFT,)) if one.edition.digest)
    assert "Norrland" in str(drafted.edition)
    push(desk, embargo_until="2026-03-02T16:00:00Z", urgency=None)
    hands.turn(minutes=10)
    digest.tick(desk)
    (record,) = desk.store.ledger.editions(states=(EditionState.READY,))
    assert record.edition.id == drafted.edition.id
    assert "Norrland" not in str(record.edition)
    assert "Skarrow" in str(record.edition)


def test_an_embargo_that_comes_after_approval_holds_the_edition(desk: Newsdesk, hands: Hands) -> None:
    push(desk)
    draft = the_draft(desk).edition
    decide.approve(desk, draft.id, editor="Nora")
    push(desk, embargo_until="2026-03-02T16:00:00+00:00")
    record = desk.store.ledger.find(draft.id)
    assert record is not None
    assert record.state is EditionState.HELD
    assert "under embargo until 16:00 GMT" in record.state_reason
    hands.turn(minutes=30)
    assert accepted(desk, draft) == 0


def test_a_drafts_time_moves_with_the_embargo(desk: Newsdesk, hands: Hands) -> None:
    push(desk)
    push(desk, embargo_until="2026-03-02T14:30:00+00:00")
    assert the_draft(desk).edition.not_before_at == datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
    push(desk, embargo_until=None)
    moved = the_draft(desk).edition
    assert moved.not_before_at is None
    decide.approve(desk, moved.id, editor="Nora")
    assert accepted(desk, moved) == 3


def test_what_is_embargoed_until_tomorrow_is_proposed_shortly_before(desk: Newsdesk, hands: Hands) -> None:
    push(desk, embargo_until="2026-03-03T09:00:00+00:00")
    assert desk.store.ledger.editions() == []
    for hour in range(24):
        if the_hour := desk.store.ledger.editions():
            assert datetime(2026, 3, 3, 9, tzinfo=UTC) - hands.at <= embargo.AHEAD, the_hour
            break
        hands.turn(hours=1)
        receive.catch_up(desk)
        assert hour < 20, "it was never proposed"
    draft = the_draft(desk).edition
    hands.at = datetime(2026, 3, 3, 9, 1, tzinfo=UTC)
    receive.catch_up(desk)
    drafts.look_after(desk)
    assert the_draft(desk).edition.id == draft.id, "it is news from nine o'clock on, and not stale"
    decide.approve(desk, draft.id, editor="Nora")
    assert accepted(desk, draft) == 3


def test_an_automatic_outlets_story_goes_by_itself_only_when_the_embargo_ended(
    tmp_path: Path, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = opened(tmp_path, hands, monkeypatch, herald="automatic = true")
    push(desk)
    assert desk.store.ledger.editions(states=(EditionState.READY,)) == []
    hands.turn(minutes=4)
    receive.catch_up(desk)
    assert desk.store.ledger.editions() == []
    hands.turn(minutes=1)
    receive.catch_up(desk)
    (record,) = desk.store.ledger.editions(states=(EditionState.READY,))
    assert record.approved_by == "alerts (automatic)"
    desk.close()


def test_an_embargoed_article_lends_no_sentence_to_its_story(desk: Newsdesk, hands: Hands) -> None:
    """Our feed reports the event; the CMS has the secret analysis of it. Only the report is told."""
    report = ("Breaking: " + RATES["title"], RATES["paragraphs"][0])
    publish(desk, "herald", report)
    hands.turn(minutes=1)
    ingest.poll(desk, everything=True)
    push(
        desk, url="https://herald.example/analysis", urgency=None, standfirst="Brandt will resign tonight, it is said."
    )
    draft = the_draft(desk).edition
    story = desk.store.archive.story(StoryId(str(draft.entries[0].story)))
    assert story is not None
    assert len(story.articles) == 2, "the two are one story"
    assert draft.not_before_at is None
    assert draft.entries[0].url == "https://herald.example/0"
    assert "Brandt" not in str(draft)
    found = compose.find(desk, [story.id])
    assert [article.url for article in found.articles] == ["https://herald.example/0"]


def test_the_page_of_an_embargoed_article_read_by_hand_keeps_its_embargo(desk: Newsdesk, hands: Hands) -> None:
    told_of = push(desk)
    known = desk.store.archive.article(told_of.article)
    assert known is not None
    changed = replace(known, title="Bank raises rate", embargo_until=None, content_hash="0" * 64, feed="herald.xml")
    desk.store.archive.add_articles([(changed, False)])
    kept = desk.store.archive.article(told_of.article)
    assert kept is not None
    assert kept.embargo_until == known.embargo_until


def test_looking_again_and_again_changes_nothing(desk: Newsdesk, hands: Hands) -> None:
    push(desk)
    hands.turn(minutes=6)
    receive.catch_up(desk)
    before = dump(desk)
    for _ in range(3):
        hands.turn(seconds=2)
        receive.catch_up(desk)
    assert dump(desk) == before


def test_what_lay_finished_for_days_is_news_when_its_embargo_ends(desk: Newsdesk, hands: Hands) -> None:
    push(desk, published_at="2026-02-27T09:00:00+00:00")
    receive.catch_up(desk)
    hands.turn(minutes=6)
    receive.catch_up(desk)
    (record,) = desk.store.ledger.editions(states=(EditionState.DRAFT,))
    assert "Central bank" in record.edition.subject
