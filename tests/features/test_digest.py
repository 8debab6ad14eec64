"""A digest of the day: what is new since the last one, once, to those who asked for it."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from tests.features.newsroom import Newsroom, addresses, part

CONFIG = """
[[outlets]]
name = "The Harwick Herald"
feeds = ["feed.xml"]

[[outlets]]
name = "Coast Gazette"
relation = "watched"
feeds = ["gazette.xml"]

[[digests]]
name = "morning"
title = "The morning briefing"
at = "07:00"
segment = "morning"
"""

STORIES = [
    (
        "Library opens a reading room for children",
        "The library on Quay Street has opened a room for its youngest readers.",
    ),
    (
        "Ferry line to Skarrow adds a late boat",
        "From Friday the last ferry to Skarrow leaves at half past eleven at night.",
    ),
    (
        "Harwick United sign goalkeeper from Tarn",
        "The club has signed Ivo Marek on a contract that runs for three seasons.",
    ),
]


def write_feed(newsroom: Newsroom, name: str, stories: list[tuple[str, str]], *, outlet: str = "herald") -> None:
    at = format_datetime(datetime.now(UTC) - timedelta(minutes=20))
    items = "".join(
        f"<item><title>{title}</title><link>https://{outlet}.example/{number}-{len(title)}</link>"
        f"<pubDate>{at}</pubDate><description>{text}</description></item>"
        for number, (title, text) in enumerate(stories)
    )
    xml = f'<?xml version="1.0"?><rss version="2.0"><channel><title>{outlet}</title>{items}</channel></rss>'
    (newsroom.folder / name).write_text(xml)


def test_a_digest_tells_what_is_ours_and_new_and_only_once(newsroom: Newsroom) -> None:
    newsroom.configure(CONFIG)
    write_feed(newsroom, "feed.xml", STORIES)
    write_feed(newsroom, "gazette.xml", [("Rival paper's scoop about the mayor", "A scoop.")], outlet="gazette")
    newsroom.run("feeds", "fetch").ok()

    done = newsroom.run("digest", "morning", "--expect", "4").ok()
    assert "adds up: 4 = 4" in done.out
    mails = newsroom.outbox()
    assert addresses(mails) == ["ana@example.org", "ben@example.org", "cleo@example.org", "dov@example.org"]
    text = part(mails[0], "plain")
    for title, _ in STORIES:
        assert title in text
    assert "scoop" not in text, "a watched outlet's article is never in a mail"
    assert "digest" in mails[0]["List-Id"] or "morning" in mails[0]["List-Id"]

    again = newsroom.run("digest", "morning", "--yes").ok()
    assert "launched before" in again.err
    assert len(newsroom.outbox()) == 4


def test_a_thin_day_is_refused_with_the_reason(newsroom: Newsroom) -> None:
    newsroom.configure(CONFIG)
    newsroom.run("digest", "morning", "--yes").failed(6, "0 new stories", "at least 1 wanted")


def test_an_unknown_digest_names_the_known_ones(newsroom: Newsroom) -> None:
    newsroom.configure(CONFIG)
    newsroom.run("digest", "evening", "--yes").failed(3, "evening", "morning")


def test_leaving_a_digest_leaves_the_alerts_alone(newsroom: Newsroom) -> None:
    newsroom.configure(CONFIG)
    write_feed(newsroom, "feed.xml", STORIES)
    write_feed(newsroom, "gazette.xml", [], outlet="gazette")
    newsroom.run("feeds", "fetch").ok()
    newsroom.run("subscribers", "suppress", "ana@example.org", "--scope", "digest:morning").ok()
    newsroom.run("digest", "morning", "--expect", "3").ok()
    newsroom.run("send", "article.txt", "-s", "breaking", "--expect", "3").ok()
    assert addresses(newsroom.outbox()).count("ana@example.org") == 1


def test_the_coming_occurrences_are_listed_in_local_time_and_utc(newsroom: Newsroom) -> None:
    newsroom.configure(CONFIG.replace('at = "07:00"', 'at = "07:00"\nzone = "America/New_York"'))
    listed = newsroom.run("digests", "next", "--count", "2").ok().out
    assert "07:00 E" in listed
    assert "UTC" in listed
    found = newsroom.run("digests", "next", "--count", "400", "--json").ok().json
    assert len({one["nominal_on"] for one in found}) == 400, "one a day, through both clock changes"


def test_without_a_date_only_todays_is_sent(newsroom: Newsroom) -> None:
    another_day = (datetime.now(UTC) + timedelta(days=3)).strftime("%a").lower()
    newsroom.configure(CONFIG + f'days = "{another_day}"\n')
    write_feed(newsroom, "feed.xml", STORIES)
    write_feed(newsroom, "gazette.xml", [], outlet="gazette")
    newsroom.run("feeds", "fetch").ok()
    newsroom.run("digest", "morning", "--yes").failed(6, "morning is not due today", "--date 20")
    assert newsroom.outbox() == []
    newsroom.run("preview", "--digest", "morning", "-o", "page.html").ok()
    assert STORIES[0][0] in (newsroom.folder / "page.html").read_text()


def test_rehearsed_by_hand_it_goes_to_everybody_once_live(newsroom: Newsroom) -> None:
    rehearsal = CONFIG + '\n[provider]\nonly_to = ["ana@example.org"]\n'
    newsroom.configure(rehearsal)
    write_feed(newsroom, "feed.xml", STORIES)
    write_feed(newsroom, "gazette.xml", [], outlet="gazette")
    newsroom.run("feeds", "fetch").ok()
    newsroom.run("digest", "morning", "--expect", "1").ok()
    assert addresses(newsroom.outbox()) == ["ana@example.org"]
    newsroom.configure(CONFIG)
    newsroom.run("digest", "morning", "--expect", "4").ok()
    assert len(newsroom.outbox()) == 5
