"""A CMS hands over an article that is under embargo for some seconds yet; an editor approves it, and it waits."""

import json
import re
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.features.newsroom import Newsroom, part, wait_until
from tests.features.test_service import mails_to, reach, running, service

TOKEN = "herald-" + "t" * 25
URL = "https://herald.example/rates"
READERS = ("ana@example.org", "ben@example.org", "cleo@example.org")


def push(base: str, article: dict[str, Any], *, token: str = TOKEN) -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(
        base + "/articles",
        data=json.dumps(article).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_what_is_under_embargo_waits_for_its_minute(newsroom: Newsroom) -> None:
    newsroom.env["HERALD_PUSH"] = TOKEN
    base = service(newsroom, 'push = { env = "HERALD_PUSH" }\n')
    with running(newsroom):
        wait_until(lambda: reach(base + "/healthz")[0] == 200)
        assert push(base, {}, token="guessed-" * 5)[0] == 401
        code, answer = push(base, {"title": "Bank raises rate", "embargo": "14:00"})
        assert code == 422
        assert set(answer["fields"]) == {"url", "embargo"}

        ends_at = datetime.now(UTC) + timedelta(seconds=14)
        article = {
            "url": URL,
            "title": "Central bank of Norrland raises interest rate to 9 percent in emergency move",
            "paragraphs": [
                "The central bank of Norrland has raised its interest rate to 9 percent, it said on Monday."
            ],
            "urgency": "flash",
            "embargo_until": ends_at.isoformat(),
        }
        code, answer = push(base, article)
        assert code == 200, answer
        assert answer["level"] in {"alert", "review"}

        wait_until(lambda: bool(mails_to(newsroom, "nora@herald.example")), seconds=12)
        (notice,) = mails_to(newsroom, "nora@herald.example")
        assert "under embargo until" in part(notice, "plain")
        assert "Norrland" not in str(notice)
        newsroom.run("send", URL, "--yes").failed(6, "under embargo until", "--at ")

        link = re.search(rf"{re.escape(base)}/desk/\S+", part(notice, "plain"))
        assert link is not None
        page = reach(link[0])[1]
        seen = re.search(r'name="seen" value="([^"]+)"', page)
        assert seen is not None
        assert "Approve: send at" in page
        code, page = reach(link[0], {"action": "approve", "seen": seen[1]})
        assert code == 200, page
        while datetime.now(UTC) < ends_at - timedelta(seconds=0.5):
            assert not any(mails_to(newsroom, reader) for reader in READERS)
            time.sleep(0.3)
        wait_until(lambda: all(mails_to(newsroom, reader) for reader in READERS), seconds=15)
        assert datetime.now(UTC) >= ends_at
        assert "Norrland" in mails_to(newsroom, "ana@example.org")[0]["Subject"]
