"""Articles find their stories at the desk: between polls, after a restart, and where an editor puts them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.config import Digest
from alerts.content.reading.articles import make
from alerts.desk import Newsdesk, clustering, compose, decide, digest, identity, open_desk, placing, send
from alerts.errors import NeedsAgain, SendRefused
from alerts.model import Article, Relation, Story, StoryId, Urgency
from tests.integration.newsdesk import Hands, open_newsroom

OUTLETS = """
[[outlets]]
name = "Herald"
trust = 0.9

[[outlets]]
name = "Courier"
owner = "Coast Media"

[[outlets]]
name = "Gazette"
owner = "Coast Media"

[[outlets]]
name = "Radio"
relation = "watched"
"""

QUAKES = {
    "Valdona": (
        "An earthquake of magnitude 6.1 shook the mountain town of Valdona in the early hours and killed 17 people.",
        "Rescue workers searched collapsed houses around the Santa Rita market for survivors, mayor Ines Ruiz said.",
        "Soldiers from the Torrado barracks brought tents and blankets along the river road to Valdona by noon.",
    ),
    "Kerasund": (
        "An earthquake of magnitude 5.4 shook the harbour town of Kerasund in the late evening and killed 3 people.",
        "Rescue workers searched collapsed houses behind the Selim mosque for survivors, the governor Cem Demir said.",
        "Ships from the Halat naval base brought tents and blankets across the bay to Kerasund before midnight.",
    ),
}
SECOND_HAND = {
    "Valdona": (
        "Seventeen bodies have been found in Valdona after the magnitude 6.1 earthquake that struck before dawn.",
        "Houses near the Santa Rita market fell on people who slept, and mayor Ines Ruiz asked for cranes and dogs.",
    ),
    "Kerasund": (
        "Three people died in Kerasund when the magnitude 5.4 earthquake brought down houses in the harbour quarter.",
        "Governor Cem Demir said that nobody was missing any more behind the Selim mosque, where most of them stood.",
    ),
}


class Room:
    """A desk to which articles come."""

    def __init__(self, folder: Path) -> None:
        self.hands = Hands()
        self.desk = open_newsroom(folder, clock=self.hands, more=OUTLETS)

    def restart(self) -> None:
        """What was in memory is gone."""
        config = self.desk.config
        self.desk.close()
        self.desk = open_desk(config, clock=self.hands)

    @contextmanager
    def other_process(self) -> Iterator[Newsdesk]:
        desk = open_desk(self.desk.config, clock=self.hands)
        try:
            yield desk
        finally:
            desk.close()

    def bring(self, *articles: Article, desk: Newsdesk | None = None) -> None:
        desk = desk or self.desk
        known = identity.recognised(desk, articles)
        added = desk.store.archive.add_articles([(article, False) for article in known])
        clustering.cluster(desk, added)

    def article(self, title: str, paragraphs: tuple[str, ...], outlet: str = "Herald", *, at: str = "") -> Article:
        slug = at or "".join(char if char.isalnum() else "-" for char in title.lower())
        return make(url=f"https://{outlet.lower()}.example/{slug}", title=title, paragraphs=paragraphs, outlet=outlet,
                    seen_at=self.hands(), published_at=self.hands(), language="en")  # fmt: skip

    def quake(self, place: str, outlet: str = "Herald") -> Article:
        texts = QUAKES if outlet == "Herald" else SECOND_HAND
        return self.article(f"Earthquake kills people in {place}", texts[place], outlet)

    def stories(self) -> list[Story]:
        return self.desk.store.archive.open_stories(since=self.hands() - timedelta(days=3))

    def homes(self) -> list[set[str]]:
        return sorted(({article.outlet for article in story.articles} for story in self.stories()), key=sorted)

    def story_of(self, article: Article) -> Story:
        story = self.desk.store.archive.story_of(article.id)
        assert story is not None
        return story

    def alert(self, story: StoryId, segment: str = "breaking") -> send.SendPlan:
        found = compose.find(self.desk, [story])
        made = compose.alert(self.desk, found, segments=(segment,), urgency=Urgency.ALERT, made_by="nora")
        return send.plan(self.desk, made)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    made = Room(tmp_path / "newsroom")
    yield made
    made.desk.close()


def test_two_quakes_are_two_stories_whoever_tells_them_in_whatever_order(room: Room) -> None:
    for place, outlet in (("Valdona", "Herald"), ("Kerasund", "Radio"), ("Valdona", "Radio"), ("Kerasund", "Herald")):
        room.bring(room.quake(place, outlet))
        room.hands.turn(minutes=7)
    places = [
        {place for place in QUAKES if place in article.title} for story in room.stories() for article in story.articles
    ]
    assert room.homes() == [{"Herald", "Radio"}, {"Herald", "Radio"}]
    assert all(len(found) == 1 for found in places)
    # Time for stories to be compared with one another: they stay two.
    room.hands.turn(minutes=30)
    room.bring(room.article("Library opens on Sundays", ("The library on Quay Street opens on Sundays from May.",)))
    assert len(room.stories()) == 3


def test_why_an_article_joined_is_kept(room: Room) -> None:
    first, second = room.quake("Valdona"), room.quake("Valdona", "Radio")
    room.bring(first)
    room.bring(second)
    why = room.desk.store.placements.reasons(room.story_of(first).id)
    assert why[first.id].similarity is None
    assert (why[second.id].similarity or 0) > 0.2
    assert "valdona" in why[second.id].shared


@pytest.mark.parametrize("restarts", [False, True])
def test_a_story_goes_on_between_polls_and_after_a_restart(room: Room, restarts: bool) -> None:
    room.bring(room.quake("Valdona"))
    room.hands.turn(hours=2)
    if restarts:
        room.restart()
    room.bring(room.quake("Valdona", "Radio"))
    assert room.homes() == [{"Herald", "Radio"}]


def test_what_another_process_placed_is_noticed(room: Room) -> None:
    room.bring(room.article("Library opens on Sundays", ("The library on Quay Street opens on Sundays from May.",)))
    with room.other_process() as other:
        room.bring(room.quake("Valdona"), desk=other)
    room.bring(room.quake("Valdona", "Radio"))
    assert room.homes() == [{"Herald"}, {"Herald", "Radio"}]


def test_the_same_text_under_a_new_address_is_the_same_article(room: Room) -> None:
    old = room.quake("Valdona")
    room.bring(old)
    for days in (1, 20):
        room.hands.turn(days=days)
        room.bring(room.article(old.title, old.paragraphs, at=f"new-{days}"))
    found = room.desk.store.archive.articles(since=old.seen_at)
    assert [article.id for article in found] == [old.id]
    assert found[0].url.endswith("/new-20")
    # Its next text comes under the new address, and is still that article.
    room.bring(room.article(old.title, (*old.paragraphs, "Schools stay closed."), at="new-20"))
    assert [article.id for article in room.desk.store.archive.articles(since=old.seen_at)] == [old.id]
    assert "Schools stay closed." in room.story_of(old).articles[0].paragraphs


def test_an_agencys_text_in_three_papers_is_one_story(room: Room) -> None:
    first = room.quake("Valdona")
    room.bring(first)
    room.bring(room.article("Panic at dawn", first.paragraphs[1:], "Courier"))
    room.bring(room.article("Mountain town in ruins", first.paragraphs[:2], "Radio"))
    assert room.homes() == [{"Courier", "Herald", "Radio"}]
    why = room.desk.store.placements.reasons(room.story_of(first).id).values()
    assert sorted(one.shared for one in why) == [(), ("same", "text"), ("same", "text")]


# --- an editor's word -------------------------------------------------------------------------------


def test_a_merge_stays_and_an_old_name_still_finds_the_story(room: Room) -> None:
    one, other = room.quake("Valdona"), room.quake("Kerasund", "Courier")
    room.bring(one, other)
    names = [room.story_of(article).id for article in (one, other)]
    plan = placing.plan_merge(room.desk, names)
    assert [len(story.articles) for story in plan.after] == [2]
    assert len(room.stories()) == 2, "a plan changes nothing"
    placing.merge(room.desk, plan, editor="nora")
    assert placing.find(room.desk, names[1]).id == names[0]
    room.bring(room.article("Earthquake kills people in Kerasund", (*other.paragraphs, "It is over."), "Courier"))
    assert room.homes() == [{"Courier", "Herald"}]
    (decision,) = room.desk.store.daybook.story_decisions(names[0])
    assert (decision.decision, decision.editor) == ("merge", "nora")


def test_a_split_is_never_undone_by_itself(room: Room) -> None:
    one, other = room.quake("Valdona"), room.quake("Valdona", "Radio")
    room.bring(one, other)
    story = room.story_of(one)
    kept, new = placing.split(room.desk, placing.plan_split(room.desk, story.id, [other.url]), editor="nora")
    assert {kept.id, new.id} == {room.story_of(one).id, room.story_of(other).id}
    for minutes in (20, 40):
        room.hands.turn(minutes=minutes)
        room.bring(
            room.article("Earthquake kills people in Valdona", (*SECOND_HAND["Valdona"], f"{minutes} min."), "Radio")
        )
        room.restart()
    assert room.homes() == [{"Herald"}, {"Radio"}]
    assert room.story_of(other).id == new.id


def test_a_split_is_refused_where_nothing_would_stay(room: Room) -> None:
    room.bring(room.quake("Valdona"))
    (story,) = room.stories()
    with pytest.raises(SendRefused, match="1 of the 1 articles"):
        placing.plan_split(room.desk, story.id, ["1"])
    with pytest.raises(SendRefused, match="names no article"):
        placing.plan_split(room.desk, story.id, ["https://herald.example/nowhere"])


def test_a_story_that_changed_since_the_plan_is_not_split(room: Room) -> None:
    room.bring(room.quake("Valdona"), room.quake("Valdona", "Radio"))
    (story,) = room.stories()
    plan = placing.plan_split(room.desk, story.id, ["1"])
    room.bring(room.article("Panic at dawn", QUAKES["Valdona"][1:], "Courier"))
    with pytest.raises(SendRefused, match="has changed since"):
        placing.split(room.desk, plan, editor="nora")


def test_what_was_told_of_a_merged_story_was_told_of_the_whole(room: Room) -> None:
    """Both names were separate; readers had an alert of the second. Nobody gets another one of the first."""
    one, other = room.quake("Valdona"), room.quake("Kerasund", "Courier")
    room.bring(one, other)
    names = [room.story_of(article).id for article in (one, other)]
    send.launch(room.desk, room.alert(names[1]), editor="nora")
    placing.merge(room.desk, placing.plan_merge(room.desk, names), editor="nora")
    with pytest.raises(NeedsAgain, match="sent before") as refused:
        room.alert(names[0])
    assert "alerts stories split" in refused.value.hint
    found = compose.find(room.desk, [names[0]])
    update = compose.alert(room.desk, found, segments=("breaking",), urgency=Urgency.ALERT, made_by="nora", update=True)
    assert update.key.endswith("/r2")


@pytest.mark.parametrize("first", [0, 1])
def test_of_two_drafts_whose_stories_are_one_by_now_only_one_goes_out(room: Room, first: int) -> None:
    """Both waited before an editor saw that they tell of one event. Whichever is approved first is the one alert."""
    one, other = room.quake("Valdona"), room.quake("Kerasund", "Courier")
    room.bring(one, other)
    names = [room.story_of(article).id for article in (one, other)]
    drafts = [room.alert(name).edition for name in names]
    assert all(room.desk.store.ledger.add_draft(edition) for edition in drafts)
    placing.merge(room.desk, placing.plan_merge(room.desk, names), editor="nora")
    decide.approve(room.desk, drafts[first].id, editor="nora")
    with pytest.raises(NeedsAgain, match=f"sent before as .*{drafts[first].id}"):
        decide.approve(room.desk, drafts[1 - first].id, editor="omar")


def test_a_digest_does_not_tell_again_what_it_told_under_another_name(room: Room) -> None:
    one, other = room.quake("Valdona"), room.quake("Kerasund", "Courier")
    room.bring(one, other)
    names = [room.story_of(article).id for article in (one, other)]
    morning = Digest(name="morning", at=("07:00",), segment=("breaking",))
    due = digest.occurrence_on(room.desk, morning, None)
    told = digest.compose(room.desk, morning, due)
    entries = tuple(entry for entry in told.entries if entry.story == names[1])
    made = send.plan(room.desk, replace(told, entries=entries))
    digest.launch(room.desk, due, made, editor="nora")
    room.hands.turn(days=1)
    placing.merge(room.desk, placing.plan_merge(room.desk, names), editor="nora")
    room.bring(room.quake("Valdona", "Gazette"))
    with pytest.raises(SendRefused, match="0 new stories"):
        digest.compose(room.desk, morning, digest.occurrence_on(room.desk, morning, None))


def test_a_false_merge_that_was_sent_is_split_and_the_other_event_goes_out(room: Room) -> None:
    one, other = room.quake("Valdona"), room.quake("Kerasund", "Courier")
    room.bring(one, other)
    names = [room.story_of(article).id for article in (one, other)]
    placing.merge(room.desk, placing.plan_merge(room.desk, names), editor="nora")
    plan = room.alert(names[0])
    send.launch(room.desk, plan, editor="nora")
    told = plan.edition.entries[0].article
    leaves = other if told == one.id else one
    kept, new = placing.split(room.desk, placing.plan_split(room.desk, names[0], [leaves.url]), editor="nora")
    assert [article.id for article in kept.articles] == [told]
    assert room.alert(new.id).existing is None
    text = (kept.articles[0].paragraphs[0], "More is known now.")
    room.bring(room.article(kept.title, text, kept.articles[0].outlet))
    with pytest.raises(NeedsAgain):
        room.alert(kept.id)


def test_splitting_off_the_article_that_was_told_leaves_it_the_name_that_was_told(room: Room) -> None:
    one, other = room.quake("Valdona"), room.quake("Valdona", "Radio")
    room.bring(one, other)
    story = room.story_of(one)
    send.launch(room.desk, room.alert(story.id), editor="nora")
    kept, new = placing.split(room.desk, placing.plan_split(room.desk, story.id, [one.url]), editor="nora")
    assert room.story_of(one).id == kept.id == story.id
    assert room.story_of(other).id == new.id


# --- stories that grew alike -----------------------------------------------------------------------


def test_stories_that_grew_alike_are_joined_and_carry_what_was_told(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An alert went out of the younger story before both turned out to be one."""
    first, second = room.quake("Valdona"), room.quake("Valdona", "Courier")
    with monkeypatch.context() as early:
        # When the second one came too little was known to be sure.
        for name in ("_JOIN", "_REJOIN"):
            early.setattr(f"alerts.content.clusters.stories.{name}", 0.95)
        room.bring(first)
        room.hands.turn(minutes=1)
        room.bring(second)
    names = [room.story_of(article).id for article in (first, second)]
    assert len(set(names)) == 2
    send.launch(room.desk, room.alert(names[1]), editor="nora")
    room.hands.turn(minutes=20)
    room.bring(room.article("Library opens on Sundays", ("The library on Quay Street opens on Sundays from May.",)))
    assert room.homes() == [{"Courier", "Herald"}, {"Herald"}]
    # What readers know keeps its name, and both names find it.
    assert {placing.find(room.desk, name).id for name in names} == {names[1]}
    room.bring(room.article("Valdona mourns", SECOND_HAND["Valdona"], "Herald"))
    with pytest.raises(NeedsAgain):
        room.alert(names[0])


# --- whose they are --------------------------------------------------------------------------------


def _reconfigured(desk: Newsdesk, outlet: str, **changed: object) -> None:
    """Change an outlet's table in the configuration."""
    tables = [one.model_copy(update=changed) if one.name == outlet else one for one in desk.config.outlets]
    desk.config = desk.config.model_copy(update={"outlets": tuple(tables)})
    # read once for each configuration
    desk.config.__dict__.pop("all_outlets", None)


@pytest.mark.parametrize("changed", [{"name": "Radio One"}, {"name": "Club", "relation": Relation.OURS, "feeds": ()}])
def test_what_a_watched_outlet_told_is_never_sent_when_it_was_renamed_or_taken_out(
    room: Room, changed: dict[str, object]
) -> None:
    _reconfigured(room.desk, "Radio", feeds=("radio.xml",))
    heard = replace(room.quake("Valdona", "Radio"), feed=room.desk.outlets["Radio"].feeds[0])
    room.bring(room.quake("Valdona"), heard)
    (story,) = room.stories()
    _reconfigured(room.desk, "Radio", **changed)
    assert [article.outlet for article in compose.find(room.desk, [story.id]).articles] == ["Herald"]
    room.hands.turn(minutes=1)
    room.bring(replace(heard, title="Valdona quake kills 17", content_hash="anew", seen_at=room.hands()))
    assert room.story_of(heard).lead == story.lead


def test_an_outlet_that_became_a_watched_one_gives_no_lead_any_more(room: Room) -> None:
    room.bring(room.quake("Valdona", "Courier"))
    room.hands.turn(minutes=1)
    room.bring(room.quake("Valdona"))
    (story,) = room.stories()
    assert story.lead is not None
    left = {"Herald", "Courier"} - {story.lead.outlet}
    _reconfigured(room.desk, story.lead.outlet, relation=Relation.WATCHED)
    found = compose.find(room.desk, [story.id])
    assert {article.outlet for article in found.articles} == left
    _reconfigured(room.desk, left.pop(), relation=Relation.WATCHED)
    with pytest.raises(SendRefused, match="only watched outlets"):
        compose.find(room.desk, [story.id])
