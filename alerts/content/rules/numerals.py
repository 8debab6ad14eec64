"""The numbers in words of each language, read from the data file beside this one. Edge: reads our own file, once."""

import tomllib
from functools import cache
from pathlib import Path


@cache
def numerals_for(language: str) -> tuple[dict[str, int], dict[str, int]]:
    """Read the numbers in words of a language: values and scales; empty where none are known."""
    tables = tomllib.loads((Path(__file__).parent / "numerals.toml").read_text(encoding="utf-8"))
    table = tables.get(language or "en", {"values": {}, "scales": {}})
    return table["values"], table["scales"]
