"""Bad input: one clear line, the right exit code, and nothing lost."""

import sqlite3
import subprocess
import threading

import pytest

from tests.features.newsroom import ARTICLE, READERS, Newsroom, addresses


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.txt", b"", "empty"),
        ("blank.txt", b" \n\n \n", "empty"),
        ("title.txt", b"Only a headline\n", "no text"),
        ("photo.jpg", b"\xff\xd8\xff\xe0" + bytes(range(256)) * 4, "binary"),
        ("latin.txt", "Überschwemmung\n\nDas Wasser stieg weiter an.".encode("latin-1"), "UTF-8"),
        ("shell.html", b"<html><body><script>go()</script></body></html>", "no article text"),
    ],
)
def test_articles_that_are_none(newsroom: Newsroom, name: str, content: bytes, said: str) -> None:
    (newsroom.folder / name).write_bytes(content)
    newsroom.run("send", name, "-s", "breaking", "--yes").failed(4, name, said)
    assert not newsroom.outbox()


def test_a_missing_file_is_named(newsroom: Newsroom) -> None:
    newsroom.run("send", "gone.txt", "-s", "breaking", "--yes").failed(4, "gone.txt", "no such file")


def test_nothing_typed(newsroom: Newsroom) -> None:
    newsroom.run("send", "-", "-s", "breaking", "--yes").failed(4, "standard input", "empty")


def test_an_unknown_segment_names_the_known_ones(newsroom: Newsroom) -> None:
    newsroom.run("send", "article.txt", "-s", "brekking", "--yes").failed(3, "brekking", "breaking, morning, nobody")


def test_an_empty_segment_is_refused(newsroom: Newsroom) -> None:
    newsroom.run("send", "article.txt", "-s", "nobody", "--yes").failed(6, "nobody would get it")


def test_no_terminal_and_no_yes(newsroom: Newsroom) -> None:
    newsroom.run("send", "article.txt", "-s", "breaking").failed(6, "no terminal", "--yes")
    newsroom.run("subscribers", "forget", "ana@example.org").failed(6, "no terminal", "--yes")
    assert not newsroom.outbox()


def test_a_feed_that_is_not_xml(newsroom: Newsroom) -> None:
    (newsroom.folder / "feed.xml").write_text("It works!")
    newsroom.run("feeds", "add", "feed.xml").failed(4, "feed.xml")
    newsroom.configure('[[outlets]]\nname = "Herald"\nfeeds = ["feed.xml"]\n')
    newsroom.run("feeds", "fetch").failed(4, "feed.xml")
    assert "feed.xml" in newsroom.run("feeds", "list").ok().out


def test_three_mistakes_in_the_configuration_are_told_at_once(newsroom: Newsroom) -> None:
    newsroom.configure('[newsrom]\nname = "x"\n[delivery]\nlease = "soon"\n[desk]\neditors = ["nobody"]\n')
    done = newsroom.run("check").failed(3, "3 mistakes", "newsrom", "delivery.lease", "desk.editors.0")
    assert "config.toml:" in done.err


def test_a_literal_secret_is_refused_and_not_repeated(newsroom: Newsroom) -> None:
    newsroom.configure('[provider.sendgrid]\napi_key = "SG.do-not-print-me"\n')
    done = newsroom.run("check").failed(3, "a secret must not stand here", "env =")
    assert "do-not-print-me" not in done.err + done.out


def test_a_secret_missing_from_the_environment(newsroom: Newsroom) -> None:
    newsroom.configure('[provider]\nuse = "sendgrid"\n')
    newsroom.run("send", "article.txt", "-s", "breaking", "--yes").failed(3, "SENDGRID_API_KEY is not set")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"ana@example.org\nben@example.org\n", "email"),
        ("email,name\nana@example.org,Jos\xe9\n".encode("latin-1"), "UTF-8"),
        (b"", "readers.csv"),
    ],
)
def test_lists_that_cannot_be_read_wipe_nobody(newsroom: Newsroom, content: bytes, said: str) -> None:
    (newsroom.folder / "subscribers/lists/readers.csv").write_bytes(content)
    done = newsroom.sync()
    assert done.code in {3, 6}, done
    assert said in done.err
    assert "Traceback" not in done.err
    assert newsroom.run("segments", "count", "morning").ok().out.strip() == "4"


def test_bad_lines_are_named_and_the_others_are_used(newsroom: Newsroom) -> None:
    (newsroom.folder / "subscribers/lists/readers.csv").write_text(
        READERS + "not-an-address,Eve,breaking\nANA@example.org,Ana again,breaking\nfay@example.org,Fay,breaking\n"
    )
    done = newsroom.sync()
    assert done.code == 3
    assert "readers.csv:6" in done.err
    assert "readers.csv:7" in done.err
    assert newsroom.run("segments", "count", "morning").ok().out.strip() == "5"


def test_a_list_that_shrank_is_refused_until_told_otherwise(newsroom: Newsroom) -> None:
    readers = newsroom.folder / "subscribers/lists/readers.csv"
    readers.write_text("email\n" + "".join(f"reader{number}@example.org\n" for number in range(100)))
    newsroom.run("subscribers", "sync", "--yes", "--allow-shrink").ok()
    readers.write_text("email\n" + "".join(f"reader{number}@example.org\n" for number in range(50)))
    newsroom.sync().failed(6, "50 of 100", "--allow-shrink")
    assert newsroom.run("segments", "count", "morning").ok().out.strip() == "100"
    newsroom.run("subscribers", "sync", "--yes", "--allow-shrink").ok()
    assert newsroom.run("segments", "count", "morning").ok().out.strip() == "50"


def test_a_provider_that_cannot_be_reached_loses_nobody(newsroom: Newsroom) -> None:
    newsroom.configure('[provider]\nuse = "smtp"\n[provider.smtp]\nhost = "127.0.0.1"\nport = 9\nsecurity = "none"\n')
    newsroom.run("send", "article.txt", "-s", "breaking", "--yes").failed(7, "3 wait")
    receipt = newsroom.run("receipt", "last", "--json").ok().json
    assert receipt["adds_up"]
    assert receipt["deliveries"]["pending"] == 3


def test_a_database_of_a_newer_version_is_left_alone(newsroom: Newsroom) -> None:
    with sqlite3.connect(newsroom.folder / "alerts.db") as database:
        database.execute("UPDATE alembic_version SET version_num = 'zzzz'")
    newsroom.run("status").failed(8, "newer")


def test_a_file_that_is_no_database(newsroom: Newsroom) -> None:
    for file in newsroom.folder.glob("alerts.db*"):
        file.unlink()
    (newsroom.folder / "alerts.db").write_text("this is no database " * 100)
    newsroom.run("status").failed(8, "alerts.db")


def test_init_overwrites_nothing(newsroom: Newsroom) -> None:
    before = (newsroom.folder / "config.toml").read_bytes()
    newsroom.run("init", ".").failed(3, "is there already")
    assert (newsroom.folder / "config.toml").read_bytes() == before


def test_a_second_process_on_the_same_database_doubles_nobody(newsroom: Newsroom) -> None:
    (newsroom.folder / "subscribers/lists/readers.csv").write_text(
        "email,topics\n" + "".join(f"reader{number}@example.org,breaking\n" for number in range(200))
    )
    newsroom.run("subscribers", "sync", "--yes", "--allow-shrink").ok()
    codes: list[int] = []
    threads = [
        threading.Thread(
            target=lambda: codes.append(newsroom.run("send", "article.txt", "-s", "breaking", "--yes").code)
        )
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    mails = addresses(newsroom.outbox())
    assert len(mails) == len(set(mails)) == 200
    # The slower ones were told that somebody was faster (6), or that some was still being sent by another (9).
    assert set(codes) <= {0, 6, 9}
    assert 0 in codes
    assert newsroom.run("receipt", "last", "--json").ok().json["adds_up"]


def test_the_article_is_not_lost_when_nothing_can_be_written(newsroom: Newsroom) -> None:
    """A full disk: every write fails, nothing is handed over, and the next try goes through."""
    limited = newsroom.folder / "limited.sh"
    limited.write_text('#!/bin/sh\nulimit -f 0\nexec "$@"\n')
    limited.chmod(0o755)
    done = subprocess.run(
        [str(limited), *newsroom.command("send", "article.txt", "-s", "breaking", "--yes")],
        cwd=newsroom.folder,
        env={**newsroom.environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 8, done.stderr.decode()
    assert b"Traceback" not in done.stderr
    assert not newsroom.outbox()
    newsroom.run("send", "article.txt", "-s", "breaking", "--expect", "3").ok()
    assert (newsroom.folder / "article.txt").read_text() == ARTICLE
