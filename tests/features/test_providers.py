"""The same command through SMTP and SendGrid, with a few lines of configuration; judged by what arrived there."""

import json
import re
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.features.newsroom import Newsroom, addresses, free_port, listens, parse, part, wait_until
from tests.servers import certificates
from tests.servers.sendgrid_events import event_of
from tests.servers.sendgrid_server import KEY, SendGridServer, rendered
from tests.servers.smtp_server import SmtpServer


def through_sendgrid(newsroom: Newsroom, server: SendGridServer, more: str = "") -> None:
    newsroom.env["SENDGRID_API_KEY"] = server.key
    newsroom.configure(
        f'[provider]\nuse = "sendgrid"\n[provider.sendgrid]\nurl = "{server.url}"\nlook_up = true\n{more}'
    )


def test_an_alert_through_smtp_with_tls_and_a_password(newsroom: Newsroom, tmp_path: Path) -> None:
    authority = certificates.Authority(tmp_path)
    with SmtpServer(tls=authority.server(), login=("herald", "s3cret-word")) as server:
        newsroom.env["SMTP_PASSWORD"] = "s3cret-word"
        newsroom.configure(
            '[provider]\nuse = "smtp"\n[provider.smtp]\nhost = "localhost"\nsecurity = "starttls"\n'
            f'port = {server.port}\nusername = "herald"\npassword = {{ env = "SMTP_PASSWORD" }}\n'
            f'ca_file = "{authority.ca_file}"\n'
        )
        done = newsroom.run("send", "article.txt", "-s", "breaking", "--yes", "-v").ok()
        mails = [parse(content) for _, _, content in server.mails]
        envelopes = sorted(recipient for _, recipient, _ in server.mails)
    assert "s3cret-word" not in done.out + done.err
    assert envelopes == addresses(mails) == ["ana@example.org", "ben@example.org", "cleo@example.org"]
    for mail in mails:
        assert mail["Subject"] == "Flood barrier fails at Harwick, old town evacuated"
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert "sending seawater into the old town" in part(mail, "plain")
    cleo = next(mail for mail in mails if mail["To"].addresses[0].addr_spec == "cleo@example.org")
    assert cleo["To"].addresses[0].display_name == "Cléo"


def test_an_alert_through_sendgrid_one_request_for_all(newsroom: Newsroom) -> None:
    with SendGridServer() as server:
        through_sendgrid(newsroom, server)
        newsroom.run("send", "article.txt", "-s", "breaking", "--expect", "3").ok()
        assert sorted(line["address"] for line in server.accepted) == [
            "ana@example.org",
            "ben@example.org",
            "cleo@example.org",
        ]
        (body,) = server.bodies
    links = set()
    for person in body["personalizations"]:
        link = re.search(r"<(https://news\.herald\.example/u/[^>]+)>", person["headers"]["List-Unsubscribe"])
        assert link is not None
        links.add(link[1])
        texts = rendered(body, person)
        assert link[1] in texts["text/plain"]
        assert link[1] in texts["text/html"]
    assert len(links) == 3
    assert body["tracking_settings"]["click_tracking"]["enable"] is False


def test_one_refused_address_does_not_sink_its_neighbours(newsroom: Newsroom) -> None:
    with SendGridServer() as server:
        server.refused.add("ben@")
        through_sendgrid(newsroom, server)
        newsroom.run("send", "article.txt", "-s", "breaking", "--yes").ok()
        assert sorted(line["address"] for line in server.accepted) == ["ana@example.org", "cleo@example.org"]
    receipt = newsroom.run("receipt", "last", "--json").ok().json
    assert receipt["deliveries"]["accepted"] == 2
    assert receipt["deliveries"]["rejected"] == 1
    assert receipt["adds_up"]


def test_a_refused_key_blocks_the_edition_and_loses_nobody(newsroom: Newsroom) -> None:
    with SendGridServer() as server:
        through_sendgrid(newsroom, server)
        newsroom.env["SENDGRID_API_KEY"] = "SG.wrong"
        done = newsroom.run("send", "article.txt", "-s", "breaking", "--yes").failed(7, "3 wait", "alerts release")
        assert "SG.wrong" not in done.out + done.err
        assert not server.accepted
        newsroom.env["SENDGRID_API_KEY"] = KEY
        newsroom.run("release", "last").ok()
        assert len(server.accepted) == 3


def test_after_a_time_out_the_same_send_finds_out_and_mails_nobody_twice(newsroom: Newsroom) -> None:
    with SendGridServer() as server:
        through_sendgrid(newsroom, server, 'timeout = "2s"\n[delivery]\nunknown_after = "1s"\n')
        server.fail_next("silent-after")
        newsroom.run("send", "article.txt", "-s", "breaking", "--yes")
        newsroom.run("send", "article.txt", "-s", "breaking", "--yes").ok()
        assert sorted(line["address"] for line in server.accepted) == [
            "ana@example.org",
            "ben@example.org",
            "cleo@example.org",
        ]
    receipt = newsroom.run("receipt", "last", "--json").ok().json
    assert receipt["deliveries"]["accepted"] == 3
    assert receipt["possible_doubles"] == 0


def test_what_sendgrid_tells_later_stands_in_the_receipt(newsroom: Newsroom) -> None:
    port = free_port()
    with SendGridServer() as server:
        newsroom.env.update(EVENT_KEY=server.signer.public_key, SENDGRID_API_KEY=server.key)
        newsroom.configure(
            f'[provider]\nuse = "sendgrid"\n[provider.sendgrid]\nurl = "{server.url}"\n'
            'event_key = { env = "EVENT_KEY" }\n',
            listen=f"127.0.0.1:{port}",
        )
        newsroom.run("send", "article.txt", "-s", "breaking", "--yes").ok()
        lines = {line["address"]: line for line in server.accepted}
        service = newsroom.start("serve")
        try:
            wait_until(lambda: listens(port))
            url = f"http://127.0.0.1:{port}/events/sendgrid"
            events = [
                event_of(lines["ana@example.org"], "delivered"),
                event_of(
                    lines["ben@example.org"], "bounce", type="bounce", status="5.1.1", reason="550 5.1.1 no such user"
                ),
                event_of(lines["cleo@example.org"], "spamreport"),
            ]
            for _ in range(3):
                assert server.signer.post(url, events) < 300
            forged, body = server.signer.sign([event_of(lines["ana@example.org"], "spamreport")])
            request = urllib.request.Request(url, data=body + b" ", headers=forged, method="POST")
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(request, timeout=10)
            assert 400 <= refused.value.code < 500
            refused.value.close()
        finally:
            service.terminate()
            service.wait(timeout=20)
    receipt = newsroom.run("receipt", "last", "--json").ok().json
    assert receipt["fates"] == {"none": 0, "delivered": 1, "bounced": 1, "complained": 1}
    # Who complained or has no mailbox gets no more mail, whatever is sent.
    (newsroom.folder / "second.txt").write_text("Second story\n\nSomething else happened in Harwick this evening.\n")
    planned = newsroom.run("send", "second.txt", "-s", "breaking", "--dry-run", "--json").ok().json
    assert planned["excluded"] == {"bounced": 1, "complained": 1}


def test_bodies_hold_no_address_but_the_readers_own(newsroom: Newsroom) -> None:
    with SendGridServer() as server:
        through_sendgrid(newsroom, server)
        newsroom.run("send", "article.txt", "-s", "breaking", "--yes").ok()
        (body,) = server.bodies
    for person in body["personalizations"]:
        own = person["to"][0]["email"]
        elsewhere = json.dumps({key: value for key, value in person.items() if key != "to"})
        assert own not in elsewhere, "neither links nor arguments may name a reader"
