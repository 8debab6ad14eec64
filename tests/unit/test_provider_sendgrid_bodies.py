"""A request to SendGrid: what its own library would have written, within the limits it publishes."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sendgrid.helpers import mail as oracle

from alerts.mail.fill import fill
from alerts.mail.variant import Addressed, Context, Hole, Slot, Variant
from alerts.model import DeliveryId, EditionId, Mailbox, SubmissionId
from alerts.provider.sendgrid.bodies import MAX_SUBSTITUTION_BYTES, Form, Unfit
from tests.provider_samples import addressed, readers, variant
from tests.servers.sendgrid_limits import problems
from tests.servers.sendgrid_server import rendered


def body_of(mail: Variant, deliveries: list[Addressed], *, divided: bool = False) -> dict[str, Any]:
    form = Form(mail)
    texts = [form.reader(delivery) for delivery in deliveries]
    raw = form.body(texts, submission=SubmissionId("sub"), edition=EditionId("edi"), divided=divided)
    written: dict[str, Any] = json.loads(raw)
    return written


def test_it_is_what_sendgrids_own_library_writes() -> None:
    mail, deliveries = variant(), readers(3)
    ours = body_of(mail, deliveries)
    theirs = oracle.Mail()
    theirs.from_email = oracle.From(mail.sender.address, mail.sender.name)
    assert mail.reply_to is not None
    theirs.reply_to = oracle.ReplyTo(mail.reply_to.address)
    theirs.subject = oracle.Subject(mail.subject)
    for part in ours["content"]:
        theirs.add_content(oracle.Content(part["type"], part["value"]))
    for name, value in mail.headers:
        theirs.add_header(oracle.Header(name, value))
    tracking = oracle.TrackingSettings()
    tracking.click_tracking = oracle.ClickTracking(False, False)
    tracking.open_tracking = oracle.OpenTracking(False)
    tracking.subscription_tracking = oracle.SubscriptionTracking(False)
    tracking.ganalytics = oracle.Ganalytics(False)
    theirs.tracking_settings = tracking
    # Their add_personalization puts each new one first.
    for delivery, own in reversed(list(zip(deliveries, ours["personalizations"], strict=True))):
        person = oracle.Personalization()
        person.add_to(oracle.To(delivery.to.address))
        for name, value in (("Message-ID", delivery.message_id), *delivery.headers):
            person.add_header(oracle.Header(name, value))
        for tag, value in own["substitutions"].items():
            person.add_substitution(oracle.Substitution(tag, value))
        for name, value in (("d", str(delivery.delivery)), ("s", "sub"), ("e", "edi")):
            person.add_custom_arg(oracle.CustomArg(name, value))
        theirs.add_personalization(person)
    assert ours == theirs.get()


def test_a_thousand_readers_cost_one_copy_of_the_mail() -> None:
    body = body_of(variant(filler=2000), readers(1000))
    assert problems(body) == []
    assert len(json.dumps(body)) < 1_000_000


def test_each_context_has_a_tag_of_its_own_that_stands_nowhere_else() -> None:
    mail = variant()
    body = body_of(mail, readers(2))
    tags = list(body["personalizations"][0]["substitutions"])
    assert len(tags) == 4
    text, html = (part["value"] for part in body["content"])
    assert all((tag in text) != (tag in html) for tag in tags)
    # Another form of the same variant chooses other tags: nobody can write one into an article.
    assert set(tags).isdisjoint(body_of(mail, readers(2))["personalizations"][0]["substitutions"])


def test_the_parts_of_a_divided_submission_say_so() -> None:
    whole, part = body_of(variant(), readers(1)), body_of(variant(), readers(1), divided=True)
    assert whole["personalizations"][0]["custom_args"] == {"d": "1", "s": "sub", "e": "edi"}
    assert part["personalizations"][0]["custom_args"] == {"d": "1", "s": "sub", "e": "edi", "p": "part"}


def test_a_name_with_a_comma_is_quoted_for_recipients_only() -> None:
    body = body_of(variant(), [addressed(1, name='Doe, "Jane"; x')])
    assert body["personalizations"][0]["to"][0]["name"] == '"Doe, \\"Jane\\"; x"'
    assert body["from"]["name"] == "The Ouse Courier, Łódź desk"


def test_headers_outside_ascii_are_encoded() -> None:
    raw = variant().to_json().replace("The Ouse Courier <alerts", "Żółw <alerts")
    value = body_of(Variant.from_json(raw), readers(1))["headers"]["List-Id"]
    assert value.isascii()
    assert value.endswith(" <alerts.news.example.org>")


@pytest.mark.parametrize("name", ["Subject", "DKIM-Signature", "x-sg-eid", "Reply-To"])
def test_reserved_headers_are_refused_before_sendgrid_does(name: str) -> None:
    with pytest.raises(Unfit, match="reserves"):
        Form(Variant.from_json(variant().to_json().replace("Feedback-ID", name)))


def test_readers_who_need_more_than_the_limit_are_refused_alone() -> None:
    long = addressed(1)
    slots = {**long.slots, Slot.NAME: "x" * MAX_SUBSTITUTION_BYTES}
    form = Form(variant())
    too_long = Addressed(delivery=long.delivery, to=long.to, message_id=long.message_id, slots=slots)
    with pytest.raises(Unfit, match="longer"):
        form.reader(too_long)
    assert form.reader(addressed(2))


@pytest.mark.parametrize("missing", ["subject", "text", "html"])
def test_a_mail_without_a_part_is_refused(missing: str) -> None:
    mail = variant()
    raw = json.loads(mail.to_json())
    raw[missing] = "" if missing == "subject" else []
    with pytest.raises(Unfit, match="without"):
        Form(Variant.from_json(json.dumps(raw)))


_words = st.text(st.characters(codec="utf-8"), max_size=60)
_literal = _words.filter(bool)
_holes = st.builds(Hole, st.sampled_from(list(Slot)), st.sampled_from(list(Context)))


@settings(max_examples=150, deadline=None)
@given(
    subject=_words.map(lambda words: "Flood " + words),
    text=st.lists(st.one_of(_literal, _holes), max_size=8),
    html=st.lists(st.one_of(_literal, _holes), max_size=8),
    names=st.lists(_words, min_size=1, max_size=5),
)
def test_whatever_is_written_stays_within_the_limits_and_arrives_as_meant(
    subject: str, text: list[str | Hole], html: list[str | Hole], names: list[str]
) -> None:
    mail = Variant(
        language="en",
        theme="",
        subject=subject,
        preheader="",
        sender=Mailbox(address="a@news.example.org", name=names[0]),
        reply_to=None,
        headers=(),
        text=("Text ", *text),
        html=("<p>", *html),
        domain="news.example.org",
    )
    deliveries = [
        Addressed(
            delivery=DeliveryId(number),
            to=Mailbox(address=f"r{number}@readers.example", name=name),
            message_id=f"<{number}@news.example.org>",
            slots=dict.fromkeys(Slot, "https://x.example/?a=1&b=2") | {Slot.NAME: name, Slot.ADDRESS: name},
        )
        for number, name in enumerate(names)
    ]
    body = body_of(mail, deliveries)
    assert problems(body) == []
    for delivery, person in zip(deliveries, body["personalizations"], strict=True):
        arrived = rendered(body, person)
        assert arrived["text/plain"] == fill(mail.text, delivery.slots)
        assert arrived["text/html"] == fill(mail.html, delivery.slots)
