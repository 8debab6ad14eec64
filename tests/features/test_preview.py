"""An editor looks at a mail while it is being written: in every way, every mistake at once, and nobody else looks."""

import html
import re
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.features.newsroom import Newsroom, wait_until


@dataclass(frozen=True)
class Looking:
    """A preview that runs."""

    newsroom: Newsroom
    address: str

    def at(self, query: str = "", *, host: str = "") -> str:
        request = urllib.request.Request(self.address + query)
        if host:
            request.add_header("Host", host)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return str(answer.read().decode())

    def mail(self, query: str = "") -> str:
        return self.at("mail" + query)

    def refused(self, address: str, *, host: str = "") -> int:
        try:
            Looking(self.newsroom, address).at(host=host)
        except urllib.error.HTTPError as error:
            return error.code
        return 200


@pytest.fixture
def looking(newsroom: Newsroom) -> Iterator[Looking]:
    running: subprocess.Popen[bytes] = newsroom.start("preview", "article.txt", "-s", "breaking", "--no-open")
    try:
        log = newsroom.folder / "service.log"
        found = wait_until(lambda: re.search(r"http://127\.0\.0\.1:\d+/\S+/", log.read_text()))
        yield Looking(newsroom, found[0])
    finally:
        running.terminate()
        assert running.wait(timeout=20) == 0


def test_the_mail_is_seen_in_every_way_that_readers_see_it(looking: Looking) -> None:
    page = looking.at()
    for shown in (
        "sending seawater into the old town",
        "In the inbox",
        "Its text part",
        "List-Unsubscribe:",
        "bytes of",
    ):
        assert shown in page
    for toggle in ("width=320", "width=1000", "scheme=dark", "images=off", "program=Outlook", "language=ar", "reader="):
        assert toggle in page

    sent = looking.mail()
    assert "sending seawater into the old town" in html.unescape(sent)
    assert "@media not all" in sent
    assert "@media all" in looking.mail("?scheme=dark")
    assert "<style" in sent
    assert "<style" not in looking.mail("?program=no+style+sheets")
    assert "[if" not in looking.mail("?program=Outlook")
    arabic = looking.mail("?language=ar")
    assert 'dir="rtl"' in arabic
    assert "إلغاء الاشتراك" in arabic
    assert "maximiliane.von" in looking.at("?reader=a+long+name")
    assert 'id="here"' in looking.mail("?story=1")


def test_what_is_saved_shows_at_once_and_mistakes_name_their_line(looking: Looking) -> None:
    folder = looking.newsroom.folder / "templates"
    state = re.search(r'data-state="([^"]+)"', looking.at())
    assert state is not None

    folder.mkdir()
    (folder / "alert.mjml.j2").write_text(
        '{% extends "bundled/alert.mjml.j2" %}\n{% block body %}{{ edition.nonsense }}'
    )
    assert state[1] not in looking.at(f"changes?since={state[1]}")
    assert "It cannot be shown yet" in (page := looking.at())
    assert "alert.mjml.j2" in page

    (folder / "alert.mjml.j2").unlink()
    looking.newsroom.configure('[theme]\naccent = "#0b3d91"\n')
    assert "#0b3d91" in looking.mail()
    (looking.newsroom.folder / "article.txt").write_text(
        "A bridge is closed\n\nIt was closed at noon, the council said."
    )
    assert "A bridge is closed" in looking.mail()


def test_nobody_else_looks_at_a_draft(looking: Looking) -> None:
    root = re.match(r"http://[^/]+/", looking.address)
    assert root is not None
    assert looking.refused(root[0]) == 404
    assert looking.refused(root[0] + "x" * 22 + "/") == 404
    # a page elsewhere whose name was made to lead to this machine
    assert looking.refused(looking.address, host="evil.example:80") == 404
    with urllib.request.urlopen(looking.address, timeout=20) as answer:
        policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy
    with urllib.request.urlopen(looking.address + "mail?images=off", timeout=20) as answer:
        policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox;")
    assert "img-src 'none'" in policy
