"""A notice to the desk as a mail: what happened, and one button that leads to what can be done. Edge: reads templates.

Notices are in English, as the command line is; they go to editors, not to readers, so there is nothing to unsubscribe.
"""

from dataclasses import dataclass

from alerts.mail import headers, mime
from alerts.mail.variant import Variant
from alerts.model import Mailbox
from alerts.templating.renderer import Renderer
from alerts.templating.theme import Brand

_LANGUAGE = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeView:
    """What the template is given, as `edition`: it shares the frame of the readers' mails."""

    subject: str
    preheader: str
    title: str
    text: str
    #: where it can be decided; empty: nothing to decide
    link: str
    is_test: bool = False


def render_notice(
    renderer: Renderer, *, title: str, text: str, link: str, brand: Brand, sender: Mailbox, domain: str
) -> Variant:
    """Render a notice. Raises TemplateError, or SendRefused for a header that cannot be written safely."""
    subject = headers.clean(f"[desk] {title}: {text}")
    shown = NoticeView(
        subject=subject if len(subject) <= 120 else subject[:119].rstrip() + "…",
        preheader=headers.clean(text)[:140],
        title=headers.clean(title).capitalize(),
        text=headers.clean(text),
        link=link,
    )
    text_part, html_part = renderer.parts("notice", {"edition": shown}, brand=brand, language=_LANGUAGE)
    variant = Variant(
        language=_LANGUAGE,
        theme=brand.theme,
        subject=shown.subject,
        preheader=shown.preheader,
        sender=Mailbox(address=sender.address, name=headers.clean(sender.name)),
        reply_to=None,
        headers=(("Auto-Submitted", "auto-generated"), ("Importance", "high")),
        text=text_part,
        html=html_part,
        domain=domain,
    )
    mime.prove(variant)
    return variant
