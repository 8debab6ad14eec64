"""Render an edition with the look that its digest, its segments or the newsroom give it."""

from dataclasses import replace

from alerts.desk import web_version
from alerts.desk.newsdesk import Newsdesk
from alerts.mail.variant import Variant
from alerts.model import Edition, Look, Mailbox


def render(desk: Newsdesk, edition: Edition, *, language: str = "", test: bool = False) -> Variant:
    """Render an edition as its readers would see it; `language` is tried instead of its own."""
    look = look_of(desk, edition)
    spoken = language or look.language or edition.language
    sender = look.sender or desk.config.sender_mailbox
    titles = [desk.segment(name).title or name for name in edition.segments]
    return desk.renderer.render(
        edition,
        brand=replace(desk.brand, theme=look.theme or desk.config.theme.name),
        sender=sender if sender.name else replace(sender, name=desk.config.sender_mailbox.name),
        reply_to=look.reply_to,
        language=spoken,
        why=desk.renderer.why(spoken, ", ".join(titles)),
        zone=_zone(desk, edition),
        domain=sender.address.rpartition("@")[2],
        test=test,
        web_url=web_version.link(desk, edition, language=spoken, test=test),
    )


def look_of(desk: Newsdesk, edition: Edition) -> Look:
    """Find an edition's look: its digest's before its segments', in their order, before the newsroom's."""
    reply_to = desk.config.sender.reply_to
    usual = Look(reply_to=Mailbox(address=reply_to) if reply_to else None)
    looks = [digest.look for digest in desk.config.digests if edition.digest == digest.name]
    looks += [desk.segment(name).look for name in edition.segments]
    found = Look()
    for look in (*looks, usual):
        found = found.over(look)
    return found


def _zone(desk: Newsdesk, edition: Edition) -> str:
    if edition.digest:
        digest = next((d for d in desk.config.digests if d.name == edition.digest), None)
        if digest is not None and digest.zone:
            return digest.zone
    return desk.config.newsroom.timezone
