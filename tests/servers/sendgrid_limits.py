"""The published limits of SendGrid's v3 Mail Send, and what it answers to a body that breaks one. Pure.

Written from the documentation, independently of `alerts.provider.sendgrid`: it must be able to disagree with it.
"""

import re
from collections.abc import Iterator
from typing import Any

RESERVED = {
    "x-sg-id",
    "x-sg-eid",
    "received",
    "dkim-signature",
    "content-type",
    "content-transfer-encoding",
    "to",
    "from",
    "subject",
    "reply-to",
    "cc",
    "bcc",
}
ROOT = {
    "personalizations",
    "from",
    "reply_to",
    "reply_to_list",
    "subject",
    "content",
    "attachments",
    "template_id",
    "headers",
    "categories",
    "custom_args",
    "send_at",
    "batch_id",
    "asm",
    "ip_pool_name",
    "mail_settings",
    "tracking_settings",
}
OWN = {
    "from",
    "to",
    "cc",
    "bcc",
    "subject",
    "headers",
    "substitutions",
    "dynamic_template_data",
    "custom_args",
    "send_at",
}
MAX_BYTES = 30 * 1024 * 1024

Problem = tuple[str | None, str]


def problems(body: Any) -> list[Problem]:
    """Find what SendGrid would refuse: (field, message), field None where it does not say."""
    if not isinstance(body, dict):
        return [(None, "Bad Request")]
    return [*_root(body), *_content(body), *_personalizations(body)]


def _root(body: dict[str, Any]) -> Iterator[Problem]:
    for name in sorted(set(body) - ROOT):
        yield None, f"Invalid type. unknown field {name}"
    yield from _mailbox("from", body.get("from"), "The from object must be provided for every email send.")
    if not str(body.get("from", {}).get("email", "")).isascii():
        yield "from.email", "Unicode encoding is not supported for the from field."
    if "reply_to" in body:
        yield from _mailbox("reply_to", body["reply_to"], "The reply_to object is wrong.")
    yield from _headers("headers", body.get("headers", {}))
    categories = body.get("categories", [])
    if len(categories) > 10 or len(set(categories)) != len(categories) or any(len(one) > 255 for one in categories):
        yield "categories", "Up to 10 unique categories of at most 255 characters."
    for name in ("click_tracking", "open_tracking", "subscription_tracking", "ganalytics"):
        setting = body.get("tracking_settings", {}).get(name, {})
        if not all(isinstance(setting.get(flag, False), bool) for flag in ("enable", "enable_text")):
            yield f"tracking_settings.{name}", "must be a boolean"


def _content(body: dict[str, Any]) -> Iterator[Problem]:
    content = body.get("content")
    if not isinstance(content, list) or not content:
        yield "content", "Unless a valid template_id is provided, the content parameter is required."
        return
    kinds = [part.get("type") for part in content]
    if "text/plain" in kinds[1:]:
        yield "content", "If text/plain is present it must be the first content."
    for index, part in enumerate(content):
        if not isinstance(part.get("value"), str) or not part["value"]:
            yield f"content.{index}.value", "The content value must be a string at least one character in length."


def _personalizations(body: dict[str, Any]) -> Iterator[Problem]:
    people = body.get("personalizations")
    if not isinstance(people, list) or not 1 <= len(people) <= 1000:
        yield "personalizations", "The personalizations field is required and must have 1 to 1000 items."
        return
    seen: set[str] = set()
    total = 0
    for index, person in enumerate(people):
        place = f"personalizations.{index}"
        recipients = [*person.get("to", []), *person.get("cc", []), *person.get("bcc", [])]
        total += len(recipients)
        yield from _person(place, person, root_subject=body.get("subject"))
        for one in recipients:
            address = str(one.get("email", "")).lower()
            if address in seen:
                yield None, "Each unique email address in the personalizations array should only be included once."
            seen.add(address)
    if total > 1000:
        yield "personalizations", "There are too many recipients."


def _person(place: str, person: dict[str, Any], *, root_subject: object) -> Iterator[Problem]:
    for name in sorted(set(person) - OWN):
        yield place, f"unknown field {name}"
    if not person.get("to"):
        yield f"{place}.to", "The to array is required for all personalization objects, and must have at least one"
    for number, one in enumerate(person.get("to", [])):
        yield from _mailbox(f"{place}.to.{number}", one, "The email is required.")
    subject = person.get("subject", root_subject)
    if not isinstance(subject, str) or not subject:
        yield "subject", "The subject is required."
    yield from _headers(f"{place}.headers", person.get("headers", {}))
    substitutions = person.get("substitutions", {})
    if not all(isinstance(value, str) for value in substitutions.values()):
        yield None, "Bad Request"
        return
    if len(substitutions) > 150 or sum(len(k.encode()) + len(v.encode()) for k, v in substitutions.items()) > 10_000:
        yield f"{place}.substitutions", "The total size of substitutions must not exceed 10,000 bytes or 150 items."
    if any(re.search(r"[<>&\s]", tag) for tag in substitutions):
        yield f"{place}.substitutions", "Substitution tags must not hold < > & or spaces."
    arguments = person.get("custom_args", {})
    if not all(isinstance(value, str) for value in arguments.values()):
        yield f"{place}.custom_args", "The custom_args values must be strings."
    elif sum(len(k) + len(v.encode()) for k, v in arguments.items()) > 10_000:
        yield f"{place}.custom_args", "The custom_args must not exceed 10,000 bytes."


def _mailbox(place: str, mailbox: Any, missing: str) -> Iterator[Problem]:
    if not isinstance(mailbox, dict) or not isinstance(mailbox.get("email"), str):
        yield place, missing
    elif not re.fullmatch(r"[^\s@<>\"]{1,64}@[A-Za-z0-9.-]+\.[A-Za-z0-9-]+", mailbox["email"]):
        yield f"{place}.email", "Does not contain a valid address."


def _headers(place: str, headers: Any) -> Iterator[Problem]:
    if not isinstance(headers, dict):
        yield place, "The headers must be an object."
        return
    for name, value in headers.items():
        if name.lower() in RESERVED:
            yield place, f"The header {name} is reserved."
        if not re.fullmatch(r"[!-9;-~]+", name):
            yield place, "Header names must be ASCII without spaces."
        if not isinstance(value, str) or not value.isascii() or "\n" in value or "\r" in value:
            yield place, "Header values must be properly encoded strings."
