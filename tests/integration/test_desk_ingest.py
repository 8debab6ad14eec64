"""The desk proposes what breaks, once, of our own outlets only, and lets drafts lapse that nobody approved."""

import re
from collections.abc import Iterator
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from alerts.desk import Newsdesk, clustering, decide, drafts, ingest
from alerts.desk.drafts import look_after
from alerts.desk.ingest import poll
from alerts.desk.notify import tell
from alerts.errors import SendRefused
from alerts.model import EditionState, Kind, NoticeKind
from alerts.store.records import EditionRecord
from tests.integration.newsdesk import Hands, open_newsroom

OUTLETS = """
[[outlets]]
name = "The Harwick Herald"
trust = 0.9
priority = true
feeds = ["herald.xml"]
{herald}

[[outlets]]
name = "Coast Gazette"
relation = "watched"
trust = 0.8
feeds = ["gazette.xml"]

[breaking]
alert_score = 5.0
{breaking}
"""

QUAKE = (
    "Breaking: Earthquake of magnitude 6.1 hits Tarnmouth, two killed",
    "An earthquake of magnitude 6.1 has hit Tarnmouth, and two people were killed, police say. "
    "The quake struck at 11:40 and brought down part of the old customs house on Pier Street.",
)
QUAKE_WORSE = (
    "Breaking: Tarnmouth earthquake toll rises to 14 dead",
    "Fourteen people are now known to have died in the Tarnmouth earthquake, police say. "
    "The quake of magnitude 6.1 brought down the old customs house on Pier Street.",
)
FIRE = (
    "Breaking: Explosion and fire at Skarrow oil refinery, dozens injured",
    "An explosion has torn through the oil refinery on Skarrow, and dozens of workers were injured. "
    "Flames could be seen from twenty miles away, the coastguard said.",
)
SHIP = (
    "Breaking: Container ship sinks off Cape Merrow, nine missing",
    "A container ship has sunk in heavy seas off Cape Merrow, and nine of her crew are missing, the coastguard said. "
    "The vessel sent a distress call shortly before three; two helicopters are searching.",
)
QUIET = ("Library opens a reading room for children", "The library on Quay Street has opened a room for its youngest.")


class Press:
    """Writes the feeds of the test's outlets."""

    def __init__(self, desk: Newsdesk, hands: Hands) -> None:
        self.desk = desk
        self.hands = hands
        self.told: dict[str, list[str]] = {"herald": [], "gazette": []}
        self._write()
        poll(desk)

    def publish(self, outlet: str, story: tuple[str, str], *, minutes_ago: float = 1) -> None:
        title, text = story
        at = format_datetime(self.hands.at - timedelta(minutes=minutes_ago))
        slug = re.sub(r"\W+", "-", title.lower())
        self.told[outlet].insert(
            0,
            f"<item><title>{title}</title><link>https://{outlet}.example/{slug}</link><pubDate>{at}</pubDate>"
            f"<description>{text}</description></item>",
        )
        self._write()
        self.hands.turn(minutes=5)
        poll(self.desk, everything=True)

    def _write(self) -> None:
        for outlet, items in self.told.items():
            head = f'<?xml version="1.0"?><rss version="2.0"><channel><title>{outlet}</title>'
            (self.desk.config.base / f"{outlet}.xml").write_text(head + "".join(items) + "</channel></rss>")

    def drafts(self) -> list[EditionRecord]:
        return self.desk.store.ledger.editions(states=(EditionState.DRAFT,))

    def notices(self, kind: NoticeKind) -> list[str]:
        since = self.hands.at - timedelta(days=2)
        return [n.notice.text for n in self.desk.store.daybook.notices(since=since) if n.notice.kind is kind]


@pytest.fixture
def hands() -> Hands:
    return Hands()


def press(folder: Path, hands: Hands, *, herald: str = "", breaking: str = "") -> Iterator[Press]:
    desk = open_newsroom(folder / "newsroom", clock=hands, more=OUTLETS.format(herald=herald, breaking=breaking))
    try:
        yield Press(desk, hands)
    finally:
        desk.close()


@pytest.fixture
def newsstand(tmp_path: Path, hands: Hands) -> Iterator[Press]:
    yield from press(tmp_path, hands)


def test_a_breaking_story_becomes_one_draft_with_its_reasons(newsstand: Press) -> None:
    newsstand.publish("herald", QUIET)
    newsstand.publish("herald", QUAKE)
    (draft,) = newsstand.drafts()
    assert draft.edition.kind is Kind.ALERT
    assert "Earthquake of magnitude 6.1 hits Tarnmouth" in draft.edition.subject
    assert any("Breaking" in reason for reason in draft.edition.reasons)
    (notice,) = newsstand.notices(NoticeKind.DRAFT_WAITS)
    assert "3 readers" in notice
    newsstand.hands.turn(minutes=5)
    poll(newsstand.desk)
    assert len(newsstand.drafts()) == 1


def test_a_watched_outlets_scoop_is_told_to_the_desk_and_never_drafted(newsstand: Press) -> None:
    newsstand.publish("gazette", QUAKE)
    assert newsstand.drafts() == []
    (notice,) = newsstand.notices(NoticeKind.NOT_OURS_YET)
    assert "Coast Gazette" in notice
    newsstand.publish("herald", QUAKE)
    (draft,) = newsstand.drafts()
    assert draft.edition.entries[0].url.startswith("https://herald.example/")


def test_a_told_story_is_proposed_again_only_when_it_develops(newsstand: Press) -> None:
    newsstand.publish("herald", QUAKE)
    decide.approve(newsstand.desk, newsstand.drafts()[0].edition.id, editor="Nora")
    newsstand.publish("gazette", QUAKE)
    assert newsstand.drafts() == [], "another outlet says the same"
    newsstand.publish("herald", QUAKE_WORSE)
    (update,) = newsstand.drafts()
    assert update.edition.kind is Kind.UPDATE
    assert update.edition.key.endswith("/r2")


def test_two_different_events_are_two_drafts(newsstand: Press) -> None:
    newsstand.publish("herald", QUAKE)
    newsstand.publish("herald", FIRE)
    assert len(newsstand.drafts()) == 2


def test_a_rejected_story_is_not_proposed_again(newsstand: Press) -> None:
    newsstand.publish("herald", QUAKE)
    decide.reject(newsstand.desk, newsstand.drafts()[0].edition.id, editor="Nora", reason="not our area")
    newsstand.publish("gazette", QUAKE)
    assert newsstand.drafts() == []
    (decision,) = newsstand.desk.store.daybook.decisions(
        newsstand.desk.store.ledger.editions(states=(EditionState.REJECTED,))[0].edition.id
    )
    assert (decision.decision, decision.editor, decision.reason) == ("reject", "Nora", "not our area")
    assert decision.verdict is not None, "its signals are kept for calibration"


def test_a_draft_lapses_and_the_desk_hears_of_it(newsstand: Press) -> None:
    newsstand.publish("herald", QUAKE)
    tell(newsstand.desk)
    newsstand.hands.turn(minutes=29)
    look_after(newsstand.desk)
    assert len(newsstand.drafts()) == 1
    newsstand.hands.turn(minutes=2)
    look_after(newsstand.desk)
    assert newsstand.drafts() == []
    (notice,) = newsstand.notices(NoticeKind.EXPIRED)
    assert "Nobody approved" in notice


def test_old_news_that_comes_in_late_is_for_digests(newsstand: Press) -> None:
    newsstand.publish("herald", QUAKE, minutes_ago=240)
    assert newsstand.drafts() == []


def test_only_so_many_alerts_a_day(tmp_path: Path, hands: Hands) -> None:
    for newsstand in press(tmp_path, hands, breaking="max_per_day = 1"):
        newsstand.publish("herald", QUAKE)
        decide.approve(newsstand.desk, newsstand.drafts()[0].edition.id, editor="Nora")
        newsstand.publish("herald", FIRE)
        (draft,) = newsstand.drafts()
        assert "it would be alert number 2 in 24 hours; the cap is 1" in draft.edition.reasons


def test_over_the_cap_nothing_goes_by_itself(tmp_path: Path, hands: Hands) -> None:
    for newsstand in press(tmp_path, hands, herald="automatic = true", breaking='max_per_day = 1\nmin_gap = "0s"'):
        newsstand.publish("herald", QUAKE)
        newsstand.publish("herald", FIRE)
        first, second = newsstand.desk.store.ledger.editions()
        assert (first.state, second.state) == (EditionState.DRAFT, EditionState.READY)


def test_a_rejected_story_that_develops_is_proposed_again(newsstand: Press) -> None:
    newsstand.publish("herald", QUAKE)
    decide.reject(newsstand.desk, newsstand.drafts()[0].edition.id, editor="Nora")
    newsstand.publish("herald", QUAKE_WORSE)
    (again,) = newsstand.drafts()
    assert again.edition.kind is Kind.ALERT, "readers were told nothing of it"
    decide.approve(newsstand.desk, again.edition.id, editor="Nora")


def test_what_a_crash_left_between_two_steps_is_taken_up_again(
    newsstand: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies after it kept the article, then after it kept the story, then after it kept the draft."""
    for module, name in ((clustering, "cluster"), (ingest, "propose"), (drafts, "tell_of")):
        with monkeypatch.context() as dying:
            dying.setattr(module, name, _die)
            with pytest.raises(RuntimeError, match="killed"):
                newsstand.publish("herald", QUAKE) if module is clustering else poll(newsstand.desk, everything=True)
    assert newsstand.notices(NoticeKind.DRAFT_WAITS) == []
    look_after(newsstand.desk)
    assert len(newsstand.drafts()) == 1
    assert len(newsstand.notices(NoticeKind.DRAFT_WAITS)) == 1


def _die(*_: object, **__: object) -> None:
    raise RuntimeError("killed")


def test_a_trusted_outlets_marked_story_goes_out_by_itself_where_configured(tmp_path: Path, hands: Hands) -> None:
    for newsstand in press(tmp_path, hands, herald="automatic = true"):
        newsstand.publish("herald", QUAKE)
        (record,) = newsstand.desk.store.ledger.editions()
        assert record.state is EditionState.READY
        assert record.approved_by == "alerts (automatic)"
        newsstand.publish("herald", FIRE)
        (second,) = newsstand.drafts()
        assert "refinery" in second.edition.subject, "too soon after the first: an editor decides"


def test_a_dead_feed_is_told_once(newsstand: Press) -> None:
    (newsstand.desk.config.base / "herald.xml").write_text("It works!")
    for _ in range(8):
        newsstand.hands.turn(hours=7)
        poll(newsstand.desk)
    (notice,) = newsstand.notices(NoticeKind.FEED_DEAD)
    assert "herald.xml" in notice
    state = newsstand.desk.store.archive.feed_state(str(newsstand.desk.config.base / "herald.xml"))
    assert state is not None
    assert state.failures == 8


def test_an_article_that_is_rewritten_in_its_place_is_an_update(newsstand: Press) -> None:
    newsstand.publish("herald", QUAKE)
    decide.approve(newsstand.desk, newsstand.drafts()[0].edition.id, editor="Nora")
    (item,) = newsstand.told["herald"]
    newsstand.told["herald"] = []
    newsstand.publish("gazette", QUIET)
    newsstand.told["herald"] = [item.replace(QUAKE[0], QUAKE_WORSE[0]).replace(QUAKE[1], QUAKE_WORSE[1])]
    newsstand.publish("gazette", FIRE)
    (update,) = newsstand.drafts()
    assert update.edition.kind is Kind.UPDATE
    assert "14 dead" in update.edition.subject


def test_a_draft_does_not_lapse_before_the_desk_could_be_told(tmp_path: Path, hands: Hands) -> None:
    """The webhook is down for forty minutes; the draft's half hour begins when it answers."""
    breaking = '\n[desk]\nwebhook = "http://127.0.0.1:9/closed"'
    for newsstand in press(tmp_path, hands, breaking=breaking):
        newsstand.publish("herald", QUAKE)
        tell(newsstand.desk)
        hands.turn(minutes=40)
        look_after(newsstand.desk)
        (draft,) = newsstand.drafts()
        newsstand.desk.store.daybook.notice_posted(f"draft/{draft.edition.id}", now=hands.at)
        hands.turn(minutes=29)
        look_after(newsstand.desk)
        assert len(newsstand.drafts()) == 1
        hands.turn(minutes=2)
        with pytest.raises(SendRefused, match="has expired"):
            decide.approve(newsstand.desk, draft.edition.id, editor="Nora")
        look_after(newsstand.desk)
        assert newsstand.drafts() == []


def test_a_draft_never_outlives_its_news_whoever_was_told(tmp_path: Path, hands: Hands) -> None:
    breaking = '\n[desk]\nwebhook = "http://127.0.0.1:9/closed"'
    for newsstand in press(tmp_path, hands, breaking=breaking):
        newsstand.publish("herald", QUAKE)
        hands.turn(minutes=91)
        look_after(newsstand.desk)
        assert newsstand.drafts() == []


def test_a_waiting_draft_is_written_anew_when_its_story_moves_on(newsstand: Press) -> None:
    newsstand.publish("herald", QUAKE)
    (before,) = newsstand.drafts()
    newsstand.publish("herald", QUAKE_WORSE)
    (after,) = newsstand.drafts()
    assert after.edition.id == before.edition.id
    assert "14 dead" in after.edition.subject
    assert any("was written anew" in text for text in newsstand.notices(NoticeKind.DRAFT_WAITS))
    with pytest.raises(SendRefused, match="changed since you read it"):
        decide.approve(newsstand.desk, before.edition.id, editor="Nora", seen=before.content_hash)


def test_an_editors_own_words_are_not_written_over(newsstand: Press) -> None:
    newsstand.publish("herald", QUAKE)
    (draft,) = newsstand.drafts()
    decide.edit(
        newsstand.desk, draft.edition.id, "Subject: Quake in our town\n\nStay out of Pier Street.", editor="Nora"
    )
    newsstand.publish("herald", QUAKE_WORSE)
    (after,) = newsstand.drafts()
    assert after.edition.subject == "Quake in our town"
    assert any("waits as you wrote it" in text for text in newsstand.notices(NoticeKind.DRAFT_WAITS))


def test_every_decision_is_kept_with_its_signals(tmp_path: Path, hands: Hands) -> None:
    """Approved, sent by itself, lapsed: each with the score that it was decided on."""
    for newsstand in press(tmp_path, hands, herald="automatic = true"):
        newsstand.publish("herald", QUAKE)
        newsstand.publish("herald", FIRE)
        decide.approve(newsstand.desk, newsstand.drafts()[0].edition.id, editor="Nora")
        newsstand.publish("herald", SHIP)
        tell(newsstand.desk)
        hands.turn(minutes=31)
        look_after(newsstand.desk)
        records = newsstand.desk.store.ledger.editions()
        made = [newsstand.desk.store.daybook.decisions(record.edition.id)[-1] for record in reversed(records)]
        assert [one.decision for one in made] == ["automatic", "approve", "lapse"]
        assert all(one.verdict and one.verdict.score > 2.5 and one.verdict.signals for one in made)


def test_alerts_on_a_topic_go_where_its_route_says(tmp_path: Path, hands: Hands) -> None:
    routes = '\n[[breaking.routes]]\ntopic = "industry"\nsegments = "morning"\n[topics]\nindustry = ["refinery"]\n'
    for newsstand in press(tmp_path, hands, breaking=routes):
        newsstand.publish("herald", QUAKE)
        newsstand.publish("herald", FIRE)
        segments = {record.edition.subject[:5]: record.edition.segments for record in newsstand.drafts()}
        assert sorted(segments.values()) == [("breaking",), ("morning",)]
