"""Between proposal and approval the article changes, or goes: nobody is sent what is no longer so."""

import html
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from alerts.desk import Newsdesk, compose, decide, ingest, notify, recheck, send
from alerts.errors import SendRefused
from alerts.model import Article, ArticleId, EditionState, NoticeKind, Urgency
from alerts.store.records import EditionRecord
from alerts.web.app import create_app
from tests.integration.newsdesk import Hands, open_newsroom, page_of
from tests.servers.site import Shown, Site

OUTLETS = """
[[outlets]]
name = "The Harwick Herald"
trust = 0.9
feeds = ["{feed}"]
{herald}

[desk]
editors = ["nora@herald.example"]

[fetching]
allow_private = ["127.0.0.1"]
timeout = "2s"

[breaking]
review_score = 3.0
alert_score = 4.0
{breaking}
"""
TITLE = "Breaking: Earthquake of magnitude 6.1 hits Tarnmouth, two killed"
TEXT = (
    "An earthquake of magnitude 6.1 has hit Tarnmouth, and two people were killed, police say.",
    "The quake struck at 11:40 and brought down part of the old customs house on Pier Street.",
)


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


def newsroom(folder: Path, hands: Hands, site: Site, *, herald: str = "", breaking: str = "") -> Newsdesk:
    """Open a newsroom that has polled its outlet's feed once, when there was nothing in it."""
    site.write_feed()
    more = OUTLETS.format(feed=f"{site.base}/feed", herald=herald, breaking=breaking)
    desk = open_newsroom(folder / "newsroom", clock=hands, more=more)
    ingest.poll(desk, everything=True)
    return desk


@pytest.fixture
def desk(tmp_path: Path, hands: Hands, site: Site) -> Iterator[Newsdesk]:
    desk = newsroom(tmp_path, hands, site)
    yield desk
    desk.close()


def quake(desk: Newsdesk, hands: Hands, site: Site) -> EditionRecord:
    """The feed tells of a quake, its page stands; the desk has a draft."""
    site.page("/quake", TITLE, *TEXT)
    site.feed("/quake", TITLE, " ".join(TEXT), hands.at)
    hands.turn(minutes=2)
    ingest.poll(desk, everything=True)
    (draft,) = desk.store.ledger.editions()
    return draft


def approve(desk: Newsdesk, draft: EditionRecord, despite: str = "") -> EditionRecord:
    decide.approve(desk, draft.edition.id, editor="Nora", despite=despite)
    return desk.edition(draft.edition.id)


def refused(desk: Newsdesk, draft: EditionRecord, why: str) -> None:
    with pytest.raises(SendRefused, match=why) as refusal:
        approve(desk, draft)
    assert refusal.value.exit_code == 6
    assert "--despite" in refusal.value.hint
    assert desk.edition(draft.edition.id).state is EditionState.DRAFT


def test_a_page_that_stands_as_it_was_goes_out(desk: Newsdesk, hands: Hands, site: Site) -> None:
    draft = quake(desk, hands, site)
    assert approve(desk, draft).state is EditionState.READY
    assert site.asked["/quake"] == 1


@pytest.mark.parametrize(("status", "why"), [(404, "is gone"), (410, "was taken down")])
def test_a_retracted_article_is_not_sent_and_the_desk_hears_of_it(
    desk: Newsdesk, hands: Hands, site: Site, status: int, why: str
) -> None:
    draft = quake(desk, hands, site)
    site.paths["/quake"] = Shown(status=status)
    refused(desk, draft, why)
    (notice,) = [one.notice for one in desk.store.daybook.notices(since=hands.at) if one.notice.kind is NoticeKind.HELD]
    assert why in notice.text
    assert [one.decision for one in desk.store.daybook.decisions(draft.edition.id)] == ["recheck"]


def test_an_editor_may_send_it_all_the_same_and_it_is_written_down(desk: Newsdesk, hands: Hands, site: Site) -> None:
    draft = quake(desk, hands, site)
    site.paths["/quake"] = Shown(status=404)
    refused(desk, draft, "is gone")
    assert approve(desk, draft, despite="the site is being moved").state is EditionState.READY
    last = desk.store.daybook.decisions(draft.edition.id)[-1]
    assert (last.decision, last.editor) == ("despite", "Nora")
    assert "the site is being moved" in last.reason
    assert "is gone" in last.reason


def test_the_same_on_the_approval_page(desk: Newsdesk, hands: Hands, site: Site) -> None:
    draft = quake(desk, hands, site)
    site.paths["/quake"] = Shown(status=404)
    web, path = create_app(desk).test_client(), page_of(desk, draft.edition)
    seen = re.search(r'name="seen" value="([^"]+)"', web.get(path).text)
    assert seen
    answer = web.post(path, data={"action": "approve", "seen": seen[1]})
    assert answer.status_code == 409
    assert "is gone" in html.unescape(answer.text)
    page = web.get(path).text
    assert "Approve all the same" in page
    assert web.post(path, data={"action": "approve", "seen": seen[1], "despite": " "}).status_code == 409
    assert web.post(path, data={"action": "approve", "seen": seen[1], "despite": "moved"}).status_code == 303
    assert desk.edition(draft.edition.id).state is EditionState.READY
    assert "approved it all the same: moved" in html.unescape(web.get(path).text)


def test_another_headline_holds_it(desk: Newsdesk, hands: Hands, site: Site) -> None:
    draft = quake(desk, hands, site)
    site.page("/quake", "No earthquake at Tarnmouth: police withdraw report of two killed in blast at quarry", *TEXT)
    refused(desk, draft, "headline is now")


def test_words_changed_in_passing_do_not_hold_it(desk: Newsdesk, hands: Hands, site: Site) -> None:
    draft = quake(desk, hands, site)
    site.page("/quake", "Two killed as earthquake of magnitude 6.1 hits Tarnmouth – live", *TEXT)
    assert approve(desk, draft).state is EditionState.READY


def test_an_address_that_leads_to_the_front_page_is_gone(desk: Newsdesk, hands: Hands, site: Site) -> None:
    draft = quake(desk, hands, site)
    site.page("/", "The Harwick Herald", *TEXT)
    site.paths["/quake"] = Shown(status=302, headers={"Location": "/"})
    refused(desk, draft, "now leads to")


def test_a_dead_server_holds_nothing_up(desk: Newsdesk, hands: Hands, site: Site) -> None:
    draft = quake(desk, hands, site)
    site.close()
    assert approve(desk, draft).state is EditionState.READY
    (decision,) = desk.store.daybook.decisions(draft.edition.id)
    assert decision.decision == "approve"
    assert "could not be looked at" in decision.reason


@pytest.mark.xdist_group("clock")
@pytest.mark.parametrize("shown", [Shown(after=4.0), Shown(status=500), Shown(status=429), Shown("<html></html>")])
def test_nor_does_one_that_is_slow_or_ill(desk: Newsdesk, hands: Hands, site: Site, shown: Shown) -> None:
    draft = quake(desk, hands, site)
    site.paths["/quake"] = shown
    began = time.monotonic()
    assert approve(desk, draft).state is EditionState.READY
    assert time.monotonic() - began < 3.5
    assert "could not be" in desk.store.daybook.decisions(draft.edition.id)[-1].reason


def test_an_automatic_alert_is_looked_at_too(tmp_path: Path, hands: Hands, site: Site) -> None:
    desk = newsroom(tmp_path, hands, site, herald="automatic = true")
    site.feed("/quake", TITLE, " ".join(TEXT), hands.at)
    hands.turn(minutes=2)
    ingest.poll(desk, everything=True)
    (record,) = desk.store.ledger.editions()
    assert record.state is EditionState.DRAFT, "its page is not there: an editor decides"
    kinds = {one.notice.kind for one in desk.store.daybook.notices(since=hands.at)}
    assert {NoticeKind.HELD, NoticeKind.DRAFT_WAITS} <= kinds
    notify.tell(desk)
    desk.close()


def test_a_story_sent_by_hand_is_looked_at_too(desk: Newsdesk, hands: Hands, site: Site) -> None:
    draft = quake(desk, hands, site)
    decide.reject(desk, draft.edition.id, editor="Nora")
    found = compose.find(desk, [str(draft.edition.entries[0].story)])
    edition = compose.alert(desk, found, segments=("breaking",), urgency=Urgency.ALERT, made_by="Nora")
    site.paths["/quake"] = Shown(status=404)
    with pytest.raises(SendRefused, match="is gone"):
        send.launch(desk, send.plan(desk, edition), editor="Nora")
    send.launch(desk, send.plan(desk, edition), editor="Nora", despite="it will be back")


def test_it_can_be_switched_off(tmp_path: Path, hands: Hands, site: Site) -> None:
    desk = newsroom(tmp_path, hands, site, breaking="recheck = false")
    draft = quake(desk, hands, site)
    site.paths["/quake"] = Shown(status=404)
    assert approve(desk, draft).state is EditionState.READY
    desk.close()


def test_a_draft_whose_article_was_rewritten_meanwhile_is_held(desk: Newsdesk, hands: Hands, site: Site) -> None:
    """The archive knows the new words before anybody looked at the page."""
    draft = quake(desk, hands, site)
    known = desk.store.archive.article(ArticleId(str(draft.edition.entries[0].article)))
    assert known is not None
    desk.store.archive.put_article(replace(known, title="Police: no quake at Tarnmouth, it was a blast at a quarry"))
    refused(desk, draft, "headline was changed")


ARTICLE = Article(
    id=ArticleId("a"),
    url="https://herald.example/quake",
    title="Two dead in Tarnmouth quake",
    paragraphs=TEXT,
    outlet="The Harwick Herald",
    seen_at=Hands().at,
    content_hash="x",
    language="en",
)


@pytest.mark.parametrize(
    "title",
    [
        "Two dead in Tarnmouth quake",
        "TWO DEAD IN TARNMOUTH QUAKE",
        "Two killed as earthquake of magnitude 6.1 hits Tarnmouth",
        "Breaking: Two people were killed in Tarnmouth",
        "Tarnmouth quake brings down old customs house",
    ],
)
def test_a_headline_that_tells_what_our_text_tells_is_no_change(title: str) -> None:
    assert recheck.changed(title, ARTICLE) == ""


@pytest.mark.parametrize(
    "title",
    [
        "Fourteen dead in Tarnmouth quake",
        "14 killed as earthquake of magnitude 6.1 hits Tarnmouth",
        "Retracted: Two dead in Tarnmouth quake",
        "Correction: Two dead in Tarnmouth quake",
        "Royal wedding postponed until the autumn",
        "Two killed as earthquake of magnitude 7.4 hits Tarnmouth",
    ],
)
def test_a_headline_that_tells_something_else_is_a_change(title: str) -> None:
    assert recheck.changed(title, ARTICLE)


def test_where_the_pages_own_headline_is_known_a_single_new_word_counts() -> None:
    before = "Two killed as earthquake hits Tarnmouth"
    assert recheck.changed("Two killed as earthquake hits Tarnmouth harbour, say police", ARTICLE, before=before)
    assert not recheck.changed("Earthquake hits Tarnmouth: two killed, police say", ARTICLE, before=before)
