"""The newsroom's own templates: what there is, taking one over, trying them all."""

from dataclasses import dataclass
from pathlib import Path

from alerts import bundled
from alerts.desk.newsdesk import Newsdesk
from alerts.errors import TemplateError
from alerts.model import Finding
from alerts.templating.lint import lint as try_all

_SUFFIXES = (".mjml.j2", ".txt.j2", ".toml", ".html.j2", ".css.j2")


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateFile:
    """One file that mails or pages are made of."""

    name: str
    #: the newsroom's own stands before the shipped one
    own: bool
    path: Path


def templates(desk: Newsdesk) -> list[TemplateFile]:
    """List every template, theme and file of words, by name."""
    found: dict[str, TemplateFile] = {}
    for own, directory in ((False, bundled.path("templates")), (True, _own(desk))):
        for path in sorted(directory.rglob("*")) if directory.is_dir() else ():
            name = path.relative_to(directory).as_posix()
            if path.is_file() and name.endswith(_SUFFIXES):
                found[name] = TemplateFile(name=name, own=own, path=path)
    return [found[name] for name in sorted(found)]


def eject(desk: Newsdesk, name: str) -> list[Path]:
    """Copy a shipped file (`alert` means its page and its text) to where the newsroom's own come first.

    Raises TemplateError when there is none of that name, or one of the newsroom's own stands there already.
    """
    shipped = bundled.path("templates")
    names = [path.relative_to(shipped).as_posix() for path in shipped.rglob("*") if path.is_file()]
    wanted = sorted(each for each in names if each == name or each in {f"{name}.mjml.j2", f"{name}.txt.j2"})
    if not wanted:
        known = ", ".join(sorted({each.split(".")[0] for each in names if "/" not in each}))
        raise TemplateError(f'there is no shipped template "{name}"', hint=f"such as {known}, themes/default.toml")
    targets = [_own(desk) / each for each in wanted]
    for target in targets:
        if target.exists():
            raise TemplateError(f"{target} is there already; nothing was copied", hint="move it away first")
    for each, target in zip(wanted, targets, strict=True):
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((shipped / each).read_bytes())
    return targets


def lint(desk: Newsdesk) -> list[Finding]:
    """Render every kind of mail in every language and theme, and look for what must not be; errors first."""
    own = _own(desk)
    directories = [*([own] if own.is_dir() else []), bundled.path("templates")]
    return try_all(desk.renderer, directories, brand=desk.brand)


def _own(desk: Newsdesk) -> Path:
    return desk.config.base / desk.config.templates.directory
