"""Reads segments and tells whom they pick. Edge: reads `segments.toml`.

    [europe-breaking]
    title   = "Breaking news, Europe"
    from    = ["readers", "staff"]                                      # lists or other segments
    include = { topics = ["breaking", "politics"], region = "europe" }  # fields AND, values OR
    exclude = { plan = "trial" }                                        # any of these keeps a subscriber out
    sample  = 0.1                                                       # a tenth, always the same people

`store.segments` says the same rules in SQL; a property test holds the two together.
"""

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from alerts.audience import lists
from alerts.audience.segment_file import SegmentFile
from alerts.errors import ConfigError
from alerts.model import SIGNUP, Condition, Segment, Segments, Subscriber, folded


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a segment picks a subscriber or not."""

    matches: bool
    #: a line for every part of the rule, those of a segment inside another indented
    lines: tuple[str, ...]


def load(path: Path, *, known_lists: Iterable[str] = ()) -> Segments:
    """Read the segments of a file. Raises ConfigError that carries every problem in it.

    A name under `from` must be a segment or a list: a CSV file in the folder `lists` beside it, `signup`, or one of
    `known_lists`. Where that folder is missing (people stay out of git, rules do not) any list may be named.
    """
    shown = str(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
        raw = tomllib.loads(text)
    except FileNotFoundError:
        hint = "`alerts init` writes one with two examples"
        raise ConfigError(f"{shown}: there are no segments here", hint=hint) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{shown}: cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{shown}: not TOML: {error}", hint="mend that line") from error
    folder = path.parent / "lists"
    names = {SIGNUP, *known_lists, *lists.files(folder)} if folder.is_dir() else None
    file = SegmentFile(shown=shown, text=text, raw=raw, lists=names)
    segments, problems = file.read()
    if problems:
        number = len(problems)
        raise ConfigError(f"{shown}: {number} mistake{'s' if number > 1 else ''}", problems=tuple(problems))
    return segments


def matches(segment: Segment, segments: Segments, subscriber: Subscriber) -> bool:
    """Tell whether a segment picks a subscriber, suppressed or not."""
    return (
        any(_in_source(source, segments, subscriber) for source in segment.sources)
        and all(_meets(condition, segments, subscriber) for condition in segment.include)
        and not any(_meets(condition, segments, subscriber) for condition in segment.exclude)
        and _in_sample(segment, subscriber)
    )


def explain(segment: Segment, segments: Segments, subscriber: Subscriber) -> Explanation:
    """Tell line by line why a segment picks a subscriber or not."""
    lines = tuple(_explained(segment, segments, subscriber))
    return Explanation(matches=matches(segment, segments, subscriber), lines=lines)


def _in_source(source: str, segments: Segments, subscriber: Subscriber) -> bool:
    if source in segments:
        return matches(segments[source], segments, subscriber)
    return source in subscriber.lists


def _in_sample(segment: Segment, subscriber: Subscriber) -> bool:
    below = segment.sample_below
    return below is None or subscriber.address_hash < below


def _meets(condition: Condition, segments: Segments, subscriber: Subscriber) -> bool:
    values = [folded(value) for value in condition.values]
    if condition.field == "segment":
        return any(value in segments and matches(segments[value], segments, subscriber) for value in values)
    if condition.field == "language":
        language = subscriber.language.lower()
        return any(language == value or language.startswith(f"{value}-") for value in values)
    return not _said(condition.field, subscriber).isdisjoint(values)


def _said(field: str, subscriber: Subscriber) -> frozenset[str]:
    """Tell what a subscriber has in a field."""
    if field == "list":
        return subscriber.lists
    if field == "timezone":
        return frozenset({subscriber.timezone.lower()})
    if field == "language":
        return frozenset({subscriber.language})
    return subscriber.attributes.get(field, frozenset())


def _explained(segment: Segment, segments: Segments, subscriber: Subscriber, depth: int = 0) -> Iterator[str]:
    indent = "  " * depth
    for source in segment.sources:
        there = _in_source(source, segments, subscriber)
        if source in segments:
            yield f"{indent}from segment {source}: {'in it' if there else 'not in it'}"
            yield from _explained(segments[source], segments, subscriber, depth + 1)
        else:
            yield f"{indent}from list {source}: {'on it' if there else 'not on it'}"
    for condition in segment.include:
        met = _meets(condition, segments, subscriber)
        yield f"{indent}include {_written(condition)}: {'yes' if met else 'no'}, {_has(condition.field, subscriber)}"
    for condition in segment.exclude:
        met = _meets(condition, segments, subscriber)
        effect = "keeps out" if met else "does not apply"
        yield f"{indent}exclude {_written(condition)}: {effect}, {_has(condition.field, subscriber)}"
    if segment.sample_below is not None:
        yield f"{indent}sample {segment.sample:.2%}: {'in it' if _in_sample(segment, subscriber) else 'not in it'}"


def _written(condition: Condition) -> str:
    return f"{condition.field} = {' or '.join(condition.values)}"


def _has(field: str, subscriber: Subscriber) -> str:
    if field == "segment":
        return "by its rule"
    said = sorted(value for value in _said(field, subscriber) if value)
    return f"has {', '.join(said)}" if said else "has none"
