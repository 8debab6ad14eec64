"""Find out what is wrong before a reader does: settings, lists, templates, provider, database, clock, disk."""

import importlib.metadata
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from alerts.audience import lists
from alerts.desk.newsdesk import Newsdesk
from alerts.desk.receive import SHORTEST_TOKEN
from alerts.desk.rendering import render
from alerts.desk.sync_subscribers import list_files
from alerts.errors import AlertsError, ConfigError, Problem
from alerts.model import Edition, EditionId, Entry, Finding, Kind, Sentence, Severity

#: A scheduler that has not been heard of for this long is dead.
HEARTBEAT_LIMIT = timedelta(seconds=60)
_LEAST_FREE_BYTES = 200_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkup:
    """One thing that was looked at."""

    what: str
    findings: tuple[Finding, ...]


def check(desk: Newsdesk) -> list[Checkup]:
    """Check what people write: settings, segments, lists, templates. Sends nothing, asks no network."""
    return list(_run(desk, _WRITTEN))


def doctor(desk: Newsdesk) -> list[Checkup]:
    """Check everything: what people write, the installation, the provider, the database, the scheduler."""
    return list(_run(desk, {**_WRITTEN, **_INSTALLED}))


def _run(desk: Newsdesk, looks: dict[str, Callable[[Newsdesk], list[Finding]]]) -> Iterator[Checkup]:
    for what, look in looks.items():
        try:
            found = look(desk)
        except ConfigError as error:
            found = [_of(problem) for problem in error.problems] or [_error(str(error), remedy=error.hint)]
        except AlertsError as error:
            found = [_error(str(error), remedy=error.hint)]
        yield Checkup(what=what, findings=tuple(found))


def _of(problem: Problem) -> Finding:
    return Finding(code="written", severity=Severity.ERROR, text=str(problem), place=problem.file)


def _error(text: str, *, code: str = "broken", remedy: str = "") -> Finding:
    return Finding(code=code, severity=Severity.ERROR, text=text, remedy=remedy)


def _warning(text: str, *, code: str = "doubtful", remedy: str = "") -> Finding:
    return Finding(code=code, severity=Severity.WARNING, text=text, remedy=remedy)


def _settings(desk: Newsdesk) -> list[Finding]:
    config = desk.config
    found = []
    if not config.sender.postal_address:
        found.append(_error("sender.postal_address is empty", remedy="the law asks for it in every mail"))
    if config.provider.use != "outbox" and not config.web.url.startswith("https://"):
        found.append(
            _warning("web.url is not https", remedy="mail programs show one-click unsubscribe only for https addresses")
        )
    if not config.desk.editors and not config.desk.webhook:
        found.append(_warning("[desk] names no editors and no webhook", remedy="nobody would hear of waiting drafts"))
    found += _push_tokens(desk)
    if not config.outlets:
        found.append(_warning("no outlets", remedy="alerts feeds add URL"))
    return found


def _push_tokens(desk: Newsdesk) -> list[Finding]:
    found = []
    for table in desk.config.outlets:
        if table.push is None:
            continue
        try:
            token = table.push.read(base=desk.config.base, what=f'push of "{table.name}"')
        except ConfigError as error:
            found.append(_error(str(error), remedy=error.hint))
            continue
        if len(token) < SHORTEST_TOKEN:
            text = f'push of "{table.name}" is shorter than {SHORTEST_TOKEN} characters: its CMS is turned away'
            found.append(_error(text, remedy="make one: openssl rand -hex 24"))
    return found


def _keys(desk: Newsdesk) -> list[Finding]:
    found = []
    for name, key in (("tokens", desk.token_keys[0]), ("addresses", desk.address_key)):
        if len(key) < 32:
            found.append(_error(f"keys.{name} is shorter than 32 characters", remedy="`alerts init` writes good keys"))
    files = [key.file for key in (desk.config.keys.tokens, desk.config.keys.addresses) if key.file]
    found += [
        _warning(f"{file} can be read by others", remedy=f"chmod 600 {file}")
        for file in files
        if (desk.config.base / file).stat().st_mode & (stat.S_IRGRP | stat.S_IROTH)
    ]
    return found


def _segments(desk: Newsdesk) -> list[Finding]:
    known = desk.segments()
    named = [(f"digests.{digest.name}", name) for digest in desk.config.digests for name in digest.segment]
    named += [("breaking.segments", name) for name in desk.config.breaking.segments]
    named += [("breaking.routes", name) for route in desk.config.breaking.routes for name in route.segments]
    return [
        _error(f'{place} names the segment "{name}", which is not in {desk.segments_file.name}')
        for place, name in named
        if name not in known
    ]


def _lists(desk: Newsdesk) -> list[Finding]:
    found: list[Finding] = []
    for file in list_files(desk):
        problems: list[Problem] = []
        for _ in lists.rows(file, problems):
            pass
        found.extend(_of(problem) for problem in problems)
    return found


def _templates(desk: Newsdesk) -> list[Finding]:
    # The newsroom's own templates are only known to be sound when they have been rendered.
    known = tuple(desk.segments())[:1]
    said = (Sentence(text="A sentence of a sample story, which is sent to nobody."),)
    entry = Entry(headline="A sample story", sentences=said, url="https://example.org/sample", section="Sample")
    for kind, name in ((Kind.ALERT, ""), (Kind.DIGEST, "sample")):
        render(
            desk,
            Edition(
                id=EditionId("sample"),
                kind=kind,
                key="sample",
                told_key="sample",
                subject="A sample story",
                preheader="This is rendered to see whether the templates are sound",
                entries=(entry,) * (1 if kind is Kind.ALERT else 12),
                segments=known,
                language=desk.config.newsroom.language,
                digest=name,
                made_at=desk.clock(),
            ),
        )
    return []


def _installation(desk: Newsdesk) -> list[Finding]:
    names = {dist.metadata["Name"].lower() for dist in importlib.metadata.distributions() if dist.metadata["Name"]}
    found = []
    # Both install an import package called `mjml`; whichever came last wins.
    if {"mjml", "mjml-python"} <= names:
        found.append(_error("the packages mjml and mjml-python overwrite each other", remedy="pip uninstall mjml"))
    free = shutil.disk_usage(desk.config.base).free
    if free < _LEAST_FREE_BYTES:
        found.append(_error(f"only {free // 1_000_000} MB of disk are left", remedy="the ledger needs room"))
    return found


def _database(desk: Newsdesk) -> list[Finding]:
    return [_error(text) for text in desk.store.check()]


def _provider(desk: Newsdesk) -> list[Finding]:
    return desk.provider.check()


def _scheduler(desk: Newsdesk) -> list[Finding]:
    beat = desk.store.daybook.get("heartbeat")
    if beat is None:
        return [_warning("`alerts run` has never run here", remedy="digests and proposals need it")]
    age = desk.clock() - beat.at
    if age > HEARTBEAT_LIMIT:
        return [_error(f"`alerts run` was last heard of {int(age.total_seconds())} s ago", remedy="start it again")]
    return []


def _feeds(desk: Newsdesk) -> list[Finding]:
    return [
        _warning(f"{state.url}: {state.last_error} ({state.failures} times)", code="feed")
        for state in desk.store.archive.feed_states()
        if state.failures
    ]


_WRITTEN: dict[str, Callable[[Newsdesk], list[Finding]]] = {
    "settings": _settings,
    "keys": _keys,
    "segments": _segments,
    "lists": _lists,
    "templates": _templates,
}
_INSTALLED: dict[str, Callable[[Newsdesk], list[Finding]]] = {
    "installation": _installation,
    "database": _database,
    "provider": _provider,
    "scheduler": _scheduler,
    "feeds": _feeds,
}


def worst(checkups: list[Checkup]) -> Severity | None:
    """Tell how bad it is; None: all is well."""
    severities = {finding.severity for checkup in checkups for finding in checkup.findings}
    if Severity.ERROR in severities:
        return Severity.ERROR
    return Severity.WARNING if severities else None
