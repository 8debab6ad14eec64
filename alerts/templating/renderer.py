"""Rendering: an edition becomes a variant. Edge: reads template files.

edition ──▶ view ──▶ Jinja, values into the vault ──▶ MJML ──▶ HTML with holes ─┐
                 └─▶ Jinja, values into the vault ──▶ text, wrapped and flowed ─┴─▶ Variant ──▶ proved
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import jinja2

from alerts.errors import AlertsError, SendRefused, TemplateError
from alerts.mail import headers, mime
from alerts.mail.variant import Part, Variant
from alerts.model import Edition, Kind, Mailbox
from alerts.templating import compile as html_compile
from alerts.templating import context, text, theme, wording
from alerts.templating.reader import ReaderView
from alerts.templating.theme import Brand
from alerts.templating.vault import Constant, Vault, constant, open_vault, vaulted

_TEMPLATES: Mapping[Kind, str] = {
    Kind.ALERT: "alert",
    Kind.UPDATE: "alert",
    Kind.CORRECTION: "alert",
    Kind.WITHDRAWAL: "alert",
    Kind.DIGEST: "digest",
    Kind.CATCH_UP: "digest",
    Kind.CONFIRMATION: "confirmation",
}

#: They hand out markup made of content, which would pass by the vault.
_FORBIDDEN_FILTERS = ("safe", "e", "escape", "forceescape", "xmlattr", "tojson", "urlize", "striptags", "pprint")


class Renderer:
    """Renders editions with a newsroom's templates, or the shipped ones. Threads may share one."""

    def __init__(self, *, directories: Sequence[Path] = (), bundled: Path) -> None:
        self._directories = (*directories, bundled)
        self._environment = _environment(directories, bundled)

    def render(
        self,
        edition: Edition,
        *,
        brand: Brand,
        sender: Mailbox,
        reply_to: Mailbox | None = None,
        language: str = "",
        why: str,
        zone: str,
        domain: str,
        test: bool = False,
        web_url: str = "",
    ) -> Variant:
        """Render an edition. `domain` is the right-hand side of its Message-IDs; `zone` is where the newsroom is.

        `web_url` is where the mail can be read on the web; empty: nowhere.
        Raises TemplateError, naming template and line, or SendRefused for a header that cannot be written safely.
        """
        name = _TEMPLATES[edition.kind]
        language = language or edition.language
        words = wording.load(language, self._directories)
        subject = headers.clean(edition.subject)
        shown = context.view(
            edition, wording=words, zone=ZoneInfo(zone), why=why, test=test, subject=subject, web_url=web_url
        )
        given = self._given(shown, brand, words, language)
        domain = _sending_domain(domain)
        variant = Variant(
            language=language,
            theme=brand.theme,
            subject=f"[TEST] {subject}" if test else subject,
            preheader=headers.clean(edition.preheader),
            sender=Mailbox(address=sender.address, name=headers.clean(sender.name)),
            reply_to=reply_to,
            headers=_shared_headers(edition, brand, domain),
            text=self._text(f"{name}.txt.j2", given, language),
            html=self._html(f"{name}.mjml.j2", given),
            domain=domain,
        )
        mime.prove(variant)
        return variant

    def why(self, language: str, name: str) -> str:
        """Say why the reader gets a mail: because they subscribed to what is called so."""
        return wording.load(language, self._directories)("footer.why", name=name)

    def words(self, language: str) -> wording.Wording:
        """Read the mails' own words in a language, or in the nearest one that there is."""
        return wording.load(language, self._directories)

    def mjml(self, edition: Edition, *, brand: Brand, language: str, why: str, zone: str, web_url: str = "") -> str:
        """Render only the MJML, with tokens for values: what a checker of MJML is shown."""
        words = wording.load(language, self._directories)
        subject = headers.clean(edition.subject)
        shown = context.view(
            edition, wording=words, zone=ZoneInfo(zone), why=why, test=False, subject=subject, web_url=web_url
        )
        return self._stage(f"{_TEMPLATES[edition.kind]}.mjml.j2", self._given(shown, brand, words, language), Vault())

    def parts(self, name: str, given: Mapping[str, Any], *, brand: Brand, language: str) -> tuple[Part, Part]:
        """Render the text and the HTML part of what is no edition. Raises TemplateError."""
        words = wording.load(language, self._directories)
        everything = {**self._surroundings(brand, words, language), **given}
        return self._text(f"{name}.txt.j2", everything, language), self._html(f"{name}.mjml.j2", everything)

    def _given(self, shown: context.EditionView, brand: Brand, words: wording.Wording, language: str) -> dict[str, Any]:
        return {"edition": shown, "reader": ReaderView(), **self._surroundings(brand, words, language)}

    def _surroundings(self, brand: Brand, words: wording.Wording, language: str) -> dict[str, Any]:
        rtl = wording.is_right_to_left(language)
        look = theme.load(brand, self._directories)
        return {
            "brand": brand,
            "theme": look,
            "light": look.light,
            "dark": look.dark,
            "t": words,
            "language": context.language_tag(language),
            "direction": Constant("rtl" if rtl else "ltr"),
            "start": Constant("right" if rtl else "left"),
            "end": Constant("left" if rtl else "right"),
        }

    def _html(self, name: str, given: Mapping[str, Any]) -> tuple[Any, ...]:
        vault = Vault()
        source = self._stage(name, given, vault)
        try:
            return html_compile.to_part(html_compile.to_html(source, vault), vault)
        except TemplateError as error:
            raise _at_least_named(error, name) from error

    def _text(self, name: str, given: Mapping[str, Any], language: str) -> tuple[Any, ...]:
        vault = Vault()
        return text.to_part(self._stage(name, given, vault), vault, language=language)

    def _stage(self, name: str, given: Mapping[str, Any], vault: Vault) -> str:
        """Run a template with a vault open; whatever goes wrong names template and line."""
        opened = open_vault.set(vault)
        try:
            return self._environment.get_template(name).render(given)
        except jinja2.TemplateSyntaxError as error:
            raise TemplateError(
                error.message or "cannot be read", template=error.name or name, line=error.lineno, hint=_hint(error)
            ) from error
        except jinja2.TemplateNotFound as error:
            raise TemplateError(f"there is no template {error.message}", template=name) from error
        except TemplateError as error:
            template, line = (error.template, error.line) if error.template else _failing_line(error, name)
            raise TemplateError(_bare(error), template=template, line=line, hint=error.hint) from error
        except AlertsError:
            raise
        except Exception as error:
            template, line = _failing_line(error, name)
            raise TemplateError(f"{error}", template=template, line=line) from error
        finally:
            open_vault.reset(opened)


def _environment(directories: Sequence[Path], bundled: Path) -> jinja2.Environment:
    shipped = jinja2.FileSystemLoader(bundled)
    environment = jinja2.Environment(
        # `bundled/alert.mjml.j2` lets a newsroom's own alert.mjml.j2 extend the shipped one.
        loader=jinja2.ChoiceLoader(
            [jinja2.FileSystemLoader(list(directories)), shipped, jinja2.PrefixLoader({"bundled": shipped})]
        ),
        # select_autoescape does not know `.mjml.j2`.
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=vaulted,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    for name in _FORBIDDEN_FILTERS:
        environment.filters.pop(name, None)
    environment.filters["constant"] = constant
    environment.globals.clear()
    environment.globals["range"] = range
    return environment


def _sending_domain(domain: str) -> str:
    try:
        return headers.ascii_domain(domain)
    except ValueError as error:
        raise SendRefused(f"mail cannot come from {domain!r}: {error}", hint="mend address in [sender]") from error


def _shared_headers(edition: Edition, brand: Brand, domain: str) -> tuple[tuple[str, str], ...]:
    scope = edition.digest or "alerts"
    found = [
        ("List-Id", f"{headers.clean(brand.name).replace('<', '')} <{scope}.{domain}>".strip()),
        ("Feedback-ID", f"{edition.id}:{edition.kind.value}:{scope}:{domain}"),
        ("Auto-Submitted", "auto-generated"),
    ]
    if edition.kind not in (Kind.DIGEST, Kind.CATCH_UP) and edition.entries:
        # An alert and its updates and corrections stand in one thread: they refer to the same mail, which nobody sent.
        first = edition.entries[0]
        # A flash has neither story nor address yet: what corrects it names it.
        thread = first.story or first.url or edition.corrects or edition.id
        found.append(("References", f"<story.{hashlib.sha256(thread.encode()).hexdigest()[:24]}@{domain}>"))
    return tuple(found)


def _failing_line(error: BaseException, name: str) -> tuple[str, int | None]:
    """Find the innermost template line of a traceback; Jinja has rewritten it to point into templates."""
    found: tuple[str, int | None] = (name, None)
    trace = error.__traceback__
    while trace is not None:
        template = trace.tb_frame.f_globals.get("__jinja_template__")
        filename = Path(trace.tb_frame.f_code.co_filename).name
        if template is not None:
            found = (template.name or name, template.get_corresponding_lineno(trace.tb_lineno))
        elif filename.endswith(".j2"):
            found = (filename, trace.tb_lineno)
        trace = trace.tb_next
    return found


def _bare(error: TemplateError) -> str:
    message = str(error)
    where = error.template + (f":{error.line}" if error.line else "")
    return message.removeprefix(f"{where}: ") if where else message


def _at_least_named(error: TemplateError, name: str) -> TemplateError:
    return error if error.template else TemplateError(_bare(error), template=name, line=error.line, hint=error.hint)


def _hint(error: jinja2.TemplateSyntaxError) -> str:
    if any(f"'{name}'" in (error.message or "") for name in _FORBIDDEN_FILTERS):
        return "values are escaped for the place they stand in; no filter may say otherwise"
    return ""
