"""A breaking-news alert goes from a scraped text to the outbox, once, and every reader is accounted for."""

import re

from tests.features.newsroom import Newsroom, addresses, part


def test_a_scraped_article_becomes_an_alert_with_a_receipt(newsroom: Newsroom) -> None:
    done = newsroom.run("send", "article.txt", "-s", "breaking", "--expect", "3").ok()

    assert "Flood barrier fails at Harwick, old town evacuated" in done.err
    assert "LIVE" in done.err
    assert "3 will get it" in done.err
    assert re.search(r"adds up: 3 = 3", done.out)

    mails = newsroom.outbox()
    assert addresses(mails) == ["ana@example.org", "ben@example.org", "cleo@example.org"]
    links = set()
    for mail in mails:
        assert mail["Subject"] == "Flood barrier fails at Harwick, old town evacuated"
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        link = re.search(r"<(https://news\.herald\.example/u/[\w.~-]+)>", mail["List-Unsubscribe"])
        assert link is not None
        links.add(link[1])
        for text in (part(mail, "plain"), part(mail, "html")):
            assert "sending seawater into the old town" in text
            assert "1 Quay Street, Harwick" in text
            assert link[1] in text
            assert "youtube" not in text
            assert "Home News" not in text
    assert len(links) == 3, "each reader leaves by a link of their own"


def test_the_same_send_again_mails_nobody_twice(newsroom: Newsroom) -> None:
    newsroom.run("send", "article.txt", "-s", "breaking", "--yes").ok()
    again = newsroom.run("send", "article.txt", "-s", "breaking", "--yes").ok()
    assert "launched before" in again.err
    assert len(newsroom.outbox()) == 3


def test_another_segment_adds_only_those_who_were_not_in_it(newsroom: Newsroom) -> None:
    newsroom.run("send", "article.txt", "-s", "breaking", "--yes").ok()
    newsroom.run("send", "article.txt", "-s", "morning", "--expect", "1").ok()
    assert addresses(newsroom.outbox()) == ["ana@example.org", "ben@example.org", "cleo@example.org", "dov@example.org"]


def test_other_words_for_the_same_story_need_a_reason(newsroom: Newsroom) -> None:
    newsroom.run("send", "article.txt", "-s", "breaking", "--yes").ok()
    other = ("send", "article.txt", "-s", "breaking", "--subject", "Harwick under water", "--yes")
    newsroom.run(*other).failed(6, "was sent before", "--again REASON")
    assert len(newsroom.outbox()) == 3
    newsroom.run(*other, "--again", "the first subject was too weak").ok()
    assert len(newsroom.outbox()) == 6


def test_a_dry_run_shows_everything_and_sends_nothing(newsroom: Newsroom) -> None:
    shown = newsroom.run("send", "article.txt", "-s", "breaking", "--dry-run").ok()
    assert "3 will get it" in shown.out
    assert not newsroom.outbox()
    counted = newsroom.run("send", "article.txt", "-s", "breaking", "--dry-run", "--json").ok().json
    assert counted["to_send"] == 3
    assert counted["by_segment"] == {"breaking": 3}


def test_a_wrong_expectation_stops_the_alert(newsroom: Newsroom) -> None:
    newsroom.run("send", "article.txt", "-s", "breaking", "--expect", "300").failed(
        6, "3 subscribers", "300 were expected"
    )
    assert not newsroom.outbox()


def test_a_flash_is_written_in_the_editor_before_the_article_exists(newsroom: Newsroom) -> None:
    script = newsroom.folder / "editor.sh"
    script.write_text(
        '#!/bin/sh\nprintf "Subject: Quake shakes Harwick\\n\\nA strong quake was felt at 14:02.\\n" > "$1"\n'
    )
    script.chmod(0o755)
    newsroom.run("send", "-s", "breaking", "--flash", "--yes", env={"EDITOR": str(script)}).ok()
    mails = newsroom.outbox()
    assert len(mails) == 3
    assert mails[0]["Subject"] == "Quake shakes Harwick"
    assert "A strong quake was felt at 14:02." in part(mails[0], "plain")


def test_in_rehearsal_only_the_named_addresses_get_mail(newsroom: Newsroom) -> None:
    newsroom.configure('[provider]\nonly_to = ["Ben@example.org"]\n')
    done = newsroom.run("send", "article.txt", "-s", "breaking", "--yes").ok()
    assert "REHEARSAL" in done.err
    assert "2 rehearsal" in done.err
    assert addresses(newsroom.outbox()) == ["ben@example.org"]


def test_a_suppressed_reader_gets_nothing_and_the_receipt_says_why(newsroom: Newsroom) -> None:
    newsroom.run("subscribers", "suppress", "BEN@example.org", "--reason", "asked by phone").ok()
    newsroom.sync().ok()
    newsroom.run("send", "article.txt", "-s", "breaking", "--yes").ok()
    assert addresses(newsroom.outbox()) == ["ana@example.org", "cleo@example.org"]
    receipt = newsroom.run("receipt", "last", "--people", "--json").ok().json
    assert receipt["candidates"] == 3
    assert receipt["excluded"] == {"manual": 1}
    assert receipt["adds_up"] is True
    what = {person["address"]: (person["what"], person["reason"]) for person in receipt["people"]}
    assert what["ben@example.org"] == ("excluded", "manual")
    assert what["ana@example.org"][0] == "accepted"
    assert "manual" in newsroom.run("why", "ben@example.org").ok().out


def test_testers_see_the_real_mail_and_nobody_counts_as_told(newsroom: Newsroom) -> None:
    newsroom.configure('[desk]\ntesters = ["desk@herald.example"]\n')
    newsroom.run("test", "article.txt", "-s", "breaking").ok()
    (mail,) = newsroom.outbox()
    assert addresses([mail]) == ["desk@herald.example"]
    assert mail["Subject"].startswith("[TEST] ")
    assert "TEST" in part(mail, "html")
    assert "/u/test" in part(mail, "plain")
    newsroom.run("send", "article.txt", "-s", "breaking", "--expect", "3").ok()


def test_a_killed_alert_reaches_nobody_else(newsroom: Newsroom) -> None:
    newsroom.run("send", "article.txt", "-s", "breaking", "--at", "2099-01-01T00:00+00:00", "--yes").ok()
    killed = newsroom.run("kill", "last", "--reason", "wrong town").ok()
    assert "0 accepted, 3 stopped" in killed.out
    receipt = newsroom.run("receipt", "last", "--json").ok().json
    assert receipt["state"] == "killed"
    assert receipt["deliveries"]["cancelled"] == 3
    newsroom.run("send", "article.txt", "-s", "breaking", "--yes").failed(6, "was killed", "--again REASON")
    assert not newsroom.outbox()


def test_an_arabic_article_is_sent_right_to_left(newsroom: Newsroom) -> None:
    (newsroom.folder / "arabic.txt").write_text(
        "انهيار حاجز الفيضانات في هارويك\n\n"
        "انهار حاجز الفيضانات في هارويك بعد ظهر يوم الاثنين، مما أدى إلى تدفق مياه البحر إلى البلدة القديمة.\n\n"
        "وقالت خدمة الإطفاء إنه طُلب من نحو 1200 شخص مغادرة منازلهم.\n",
        encoding="utf-8",
    )
    newsroom.run("send", "arabic.txt", "-s", "breaking", "--yes").ok()
    mail = newsroom.outbox()[0]
    assert mail["Subject"] == "انهيار حاجز الفيضانات في هارويك"
    assert 'dir="rtl"' in part(mail, "html")
    assert "البلدة القديمة" in part(mail, "plain")


def test_an_alert_for_later_waits(newsroom: Newsroom) -> None:
    done = newsroom.run("send", "article.txt", "-s", "breaking", "--at", "2099-01-01T00:00+00:00", "--yes").ok()
    assert "it waits until 2099-01-01" in done.err
    assert "3 pending" in newsroom.run("status").ok().out
    assert not newsroom.outbox()


def test_an_edition_that_is_held_goes_on_when_released(newsroom: Newsroom) -> None:
    newsroom.run("stop", "--reason", "the number of evacuees is in doubt").ok()
    newsroom.run("send", "article.txt", "-s", "breaking", "--yes").failed(6, "all sending is stopped", "alerts resume")
    assert not newsroom.outbox(), "nothing goes out while all sending is stopped"
    newsroom.run("hold", "last").ok()
    assert "sending goes on" in newsroom.run("resume").ok().out
    newsroom.run("send", "article.txt", "-s", "breaking", "--yes").failed(6, "is held", "alerts release")
    assert not newsroom.outbox(), "nor while the edition is held"
    newsroom.run("release", "last").ok()
    assert len(newsroom.outbox()) == 3


def test_a_preview_shows_the_mail_and_sends_nothing(newsroom: Newsroom) -> None:
    newsroom.run("preview", "article.txt", "-s", "breaking", "-o", "page.html").ok()
    page = (newsroom.folder / "page.html").read_text()
    assert "sending seawater into the old town" in page
    assert "Content-Security-Policy" in page
    assert not newsroom.outbox()


def test_names_of_segments_digests_and_editions_complete(newsroom: Newsroom) -> None:
    newsroom.configure('[[digests]]\nname = "morning-brief"\nat = "07:00"\nsegment = "morning"\n')
    newsroom.run("send", "article.txt", "-s", "breaking", "--yes").ok()

    def completed(line: str) -> str:
        words = {"_ALERTS_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(line.split()))}
        return newsroom.run(env={**words, "ALERTS_CONFIG": str(newsroom.folder / "config.toml")}).out

    assert "breaking" in completed("alerts send -s ")
    assert "morning-brief" in completed("alerts digest ")
    assert "last" in completed("alerts receipt ")


def test_only_a_technical_mistake_is_lifted_by_hand(newsroom: Newsroom) -> None:
    newsroom.run("subscribers", "suppress", "ana@example.org", "--reason", "wrong Ana").ok()
    newsroom.run("send", "article.txt", "-s", "breaking", "--expect", "2", "--dry-run").ok()
    newsroom.run("subscribers", "lift", "ana@example.org", "--reason", "it was another Ana").ok()
    newsroom.run("subscribers", "lift", "ana@example.org", "--reason", "again").failed(6, "is not suppressed")
    newsroom.run("subscribers", "forget", "ben@example.org", "--yes").ok()
    newsroom.run("subscribers", "lift", "ben@example.org", "--reason", "x").failed(6, "only its owner can lift that")
    newsroom.run("send", "article.txt", "-s", "breaking", "--expect", "2").ok()
