"""`alerts stories`: an editor looks why articles are one story, merges and splits, and old names go on working."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from tests.features.newsroom import Newsroom

OUTLETS = """
[[outlets]]
name = "Harwick Herald"
feeds = ["herald.xml"]

[[outlets]]
name = "Coast Gazette"
feeds = ["gazette.xml"]
"""

FERRY = (
    "Ferry aground off Port Ellery",
    "A ferry carrying 214 people ran aground in fog off Port Ellery on Monday. The Skarrow Queen struck the Cormorant "
    "Bank on her way from Skarrow Island, and lifeboats took the passengers off.",
)
AGAIN = (
    "Passengers taken off ferry in fog",
    "Lifeboats have taken 214 people off the Skarrow Queen, which struck the Cormorant Bank near Port Ellery. "
    "The ferry was on her way from Skarrow Island when fog came up.",
)
CHOIR = (
    "Choir of Calder Bay looks for tenors",
    "The fishermen of Calder Bay sing in forty basses and want a single tenor. Rehearsals in the net loft are open.",
)


def feed(*told: tuple[str, str], host: str) -> str:
    at = format_datetime(datetime.now(UTC) - timedelta(minutes=5))
    items = "".join(
        f"<item><title>{title}</title><link>https://{host}.example/{number}</link><pubDate>{at}</pubDate>"
        f"<description>{text}</description></item>"
        for number, (title, text) in enumerate(told)
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>{host}</title>{items}</channel></rss>'


def test_an_editor_merges_and_splits_stories(newsroom: Newsroom) -> None:
    newsroom.configure(OUTLETS)
    (newsroom.folder / "herald.xml").write_text(feed(FERRY, CHOIR, host="herald"))
    (newsroom.folder / "gazette.xml").write_text(feed(AGAIN, host="gazette"))
    newsroom.run("feeds", "fetch").ok()
    listed = newsroom.run("stories", "list", "--json").ok().json
    ferry, choir = sorted(listed, key=lambda story: -len(story["articles"]))
    assert len(ferry["articles"]) == 2

    # Why are they one story?
    shown = newsroom.run("stories", "show", ferry["id"]).ok().out
    assert "joined at" in shown
    assert "skarrow" in shown

    # Nobody is at a terminal, and a look changes nothing.
    newsroom.run("stories", "merge", ferry["id"], choir["id"]).failed(6, "no terminal", "nothing was changed")
    assert "would be:" in newsroom.run("stories", "merge", "-n", ferry["id"], choir["id"]).ok().out
    assert len(newsroom.run("stories", "list", "--json").ok().json) == 2

    merged = newsroom.run("stories", "merge", "-y", "--json", ferry["id"], choir["id"]).ok().json
    assert [len(story["articles"]) for story in merged["after"]] == [3]
    old = newsroom.run("stories", "show", choir["id"]).ok().out
    assert old.startswith(ferry["id"])
    assert f"{choir['id']} was merged into it" in old
    assert "placed by" in old

    # That was wrong: the choir leaves again, by its address.
    newsroom.run("stories", "split", ferry["id"], "https://nowhere.example/x", "-y").failed(6, "names no article")
    split = newsroom.run("stories", "split", ferry["id"], "https://herald.example/1", "-y", "--json").ok().json
    assert [len(story["articles"]) for story in split["after"]] == [2, 1]
    newsroom.run("feeds", "fetch").ok()
    sizes = sorted(len(story["articles"]) for story in newsroom.run("stories", "list", "--json").ok().json)
    assert sizes == [1, 2]
