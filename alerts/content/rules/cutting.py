"""Where a sentence of a language may end early, read from the data file beside this one. Edge: reads our own file."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutting:
    """Where sentences of a language may be cut, and where not."""

    clause: frozenset[str]
    ending: frozenset[str]
    source: frozenset[str]
    relative: frozenset[str]


@cache
def cutting_for(language: str) -> Cutting:
    """Read where a language may be cut; nothing is known of one that has no rules."""
    tables = tomllib.loads((Path(__file__).parent / "cutting.toml").read_text(encoding="utf-8"))
    table = tables.get(language or "en", {})
    return Cutting(
        **{name: frozenset(str(table.get(name, "")).split()) for name in ("clause", "ending", "source", "relative")}
    )
