"""Two days of seven outlets, played by a local server to a desk with a turned clock: what it proposes is what a good
breaking-news desk would want to be shown, no more and no less.

The material and the expectations stand in `two_days/*.toml`; they are the newsroom's, and were written before the code
was run on them.
"""

from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from alerts.model import Kind, NoticeKind
from tests.features import days
from tests.features.days import Played, Script
from tests.features.newsroom import Newsroom, addresses, part
from tests.servers import press
from tests.servers.feed_server import FeedServer

MATERIAL = Path(__file__).parent / "two_days"
READERS = ["ana@example.org", "ben@example.org", "cleo@example.org"]
#: All of these look at one run.
pytestmark = [pytest.mark.xdist_group("two days"), pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def script() -> Script:
    return days.read_script(MATERIAL / "expected.toml")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, script: Script) -> tuple[Played, FeedServer]:
    return days.play(tmp_path_factory.mktemp("days") / "newsroom", press.read(MATERIAL), script)


@pytest.fixture(scope="module")
def played(run: tuple[Played, FeedServer]) -> Played:
    return run[0]


@pytest.fixture(scope="module")
def server(run: tuple[Played, FeedServer]) -> FeedServer:
    return run[1]


def test_the_desk_is_shown_what_it_wants_to_see_and_nothing_else(played: Played, script: Script) -> None:
    different = days.differences(script.expected, played.proposed)
    assert not different, "\n" + "\n".join(different)


def test_no_mail_holds_anything_of_a_watched_outlet(played: Played, server: FeedServer) -> None:
    watched = {paper.name for paper in server.press.papers if paper.settings["relation"] == "watched"}
    titles = [one.title for one in server.press.printed if one.outlet in watched]
    ours = [one.title for one in server.press.printed if one.outlet not in watched]
    for mail in played.mails:
        for text in (mail["Subject"], part(mail, "plain"), part(mail, "html")):
            assert not [name for name in watched if server.base(name) in text]
            assert not [title for title in titles if title in text]
    assert any(title in part(mail, "plain") for mail in played.mails for title in ours)


def test_a_story_alerts_once_and_after_that_only_when_it_developed(played: Played) -> None:
    alerts = Counter(one.story for one in played.proposed if one.kind == Kind.ALERT.value)
    assert set(alerts.values()) == {1}
    updates = [one for one in played.proposed if one.kind == Kind.UPDATE.value]
    assert updates
    for update in updates:
        told = [one for one in played.proposed if one.story == update.story and one.edition and one.at < update.at]
        assert update.title not in {one.title for one in told}
        assert update.reasons.partition(";")[0] not in {one.reasons.partition(";")[0] for one in told}


def test_what_is_listed_again_reaches_nobody(played: Played, server: FeedServer) -> None:
    before = {one.title for one in server.press.printed if one.at <= days.START}
    archived = {one.title.rpartition(" : ")[2] for one in server.press.printed if "/archives/" in one.path}
    old = {one.title for one in server.press.printed if one.published and one.published.year < 2026}
    assert len(archived) == 40
    assert old
    for mail in played.mails:
        text = part(mail, "plain").casefold()
        assert not [title for title in before | archived | old if title.casefold() in text]
    assert server.answers["Meridian News", 200]


def test_every_reader_of_the_segment_gets_every_alert_once(played: Played) -> None:
    sent = {record.edition.subject for record in played.records if record.ready_at}
    by_subject = {subject: [mail for mail in played.mails if mail["Subject"] == subject] for subject in sent}
    assert sum(map(len, by_subject.values())) == len(played.mails)
    for subject, mails in by_subject.items():
        assert addresses(mails) == READERS, subject


def test_every_decision_is_written_down_with_the_signals_it_was_made_on(played: Played) -> None:
    decided = {one.edition: one for one in played.decisions if one.decision in {"approve", "automatic", "reject"}}
    wanted = {one.edition for one in played.proposed if one.ends in {"approved", "rejected", "by itself"}}
    assert wanted
    assert wanted <= set(decided)
    for edition in wanted:
        verdict = decided[edition].verdict
        assert verdict is not None, edition
        assert verdict.signals
    makers = Counter(decided[edition].editor for edition in wanted)
    assert set(makers) == {days.EDITOR, "alerts (automatic)"}


def test_a_replay_of_what_was_served_proposes_the_same_at_the_same_minute(
    played: Played, server: FeedServer, script: Script, tmp_path: Path
) -> None:
    noon = days.START.replace(hour=12)
    newsroom = Newsroom(tmp_path / "newsroom")
    newsroom.configure(days.settings(server, script))
    server.record(tmp_path / "recorded", until=noon)
    (replayed,) = newsroom.run("replay", "--feeds", str(tmp_path / "recorded"), "--json").ok().json
    live = [(one.at, "not ours yet" if one.kind == days.NOTICE else one.kind, one.title) for one in played.proposed]
    assert len([one for one in live if one[0] < noon]) > 3
    assert [
        (datetime.fromisoformat(one["at"]).replace(second=0), one["what"], one["title"]) for one in replayed["happened"]
    ] == [(at.replace(second=0, microsecond=0), what, title) for at, what, title in live if at < noon]


def test_the_outlets_made_the_trouble_they_were_to_make_and_the_desk_was_told(
    played: Played, server: FeedServer
) -> None:
    for paper in server.press.papers:
        assert server.answers[paper.name, 200] > 1
        assert server.answers[paper.name, 304] > 1
    assert server.answers["Union Wire", 503]
    assert server.answers["Evening Sentinel", 301]
    told = [(kind, text) for _, kind, text in played.notices]
    assert any(kind is NoticeKind.FEED_DEAD and text.startswith("Union Wire") for kind, text in told)
    assert any(kind is NoticeKind.EXPIRED and "substation" in text for kind, text in told)
