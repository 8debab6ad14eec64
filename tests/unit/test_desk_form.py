"""The form that an editor fills in $EDITOR: what is read back is what was laid out."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.content import editions
from alerts.desk import compose
from alerts.errors import ContentError
from alerts.model import Edition, Entry, Sentence
from alerts.templating import samples

_WRITTEN = """Subject: Ferry aground off Port Ellery
Preheader: Lifeboats are out.

The Aldous struck a sandbank in fog.
She is upright.

Known:
- 214 people are aboard.
• Lifeboats are out.

unknown:
* Why she left the channel.
Whether she lost fuel.
"""


def listed(entry: Entry) -> tuple[list[str], list[str], list[str]]:
    said, known, unknown = (
        [sentence.text for sentence in part] for part in (entry.sentences, entry.known, entry.unknown)
    )
    return said, known, unknown


def test_what_is_known_and_what_is_not_stands_under_its_word() -> None:
    made = compose.edited(samples.UPDATE, _WRITTEN).entries[0]
    assert listed(made) == (
        ["The Aldous struck a sandbank in fog.", "She is upright."],
        ["214 people are aboard.", "Lifeboats are out."],
        ["Why she left the channel.", "Whether she lost fuel."],
    )
    assert {sentence.place for sentence in made.known} == {"editor"}


def test_a_sentence_that_was_moved_keeps_its_source() -> None:
    sentence = Sentence(text="She is upright.", article="a1", place="paragraph 2")
    before = replace(samples.UPDATE, entries=(replace(samples.UPDATE.entries[0], sentences=(sentence,)),))
    assert compose.edited(before, _WRITTEN).entries[0].sentences[1] == sentence
    assert compose.edited(before, _WRITTEN + sentence.text).entries[0].unknown[-1] == sentence


_LINE = st.from_regex(r"[A-Z][a-z]{1,9}( [a-z]{1,9}){0,4}[.:?]", fullmatch=True).filter(
    lambda line: line.casefold() not in ("known:", "unknown:")
)
_LINES = st.lists(_LINE, max_size=3).map(lambda lines: tuple(Sentence(text=line, place="editor") for line in lines))


@given(said=_LINES.filter(bool), known=_LINES, unknown=_LINES)
def test_the_form_is_read_back_as_it_was_laid_out(
    said: tuple[Sentence, ...], known: tuple[Sentence, ...], unknown: tuple[Sentence, ...]
) -> None:
    entry = replace(samples.UPDATE.entries[0], sentences=said, known=known, unknown=unknown)
    edition: Edition = replace(samples.UPDATE, entries=(entry,))
    assert listed(compose.edited(edition, compose.form(edition)).entries[0]) == listed(entry)


def test_an_empty_form_is_no_flash() -> None:
    with pytest.raises(ContentError, match="subject"):
        compose.edited(samples.FLASH, compose.BLANK_FORM)
    with pytest.raises(ContentError, match="text is empty"):
        compose.edited(samples.FLASH, compose.BLANK_FORM.replace("Subject: ", "Subject: Ferry aground"))


def test_a_flash_lists_what_is_not_known_yet() -> None:
    made = editions.flash(
        "Ferry aground",
        "More soon.",
        segments=("breaking",),
        made_at=samples.FLASH.made_at,
        known=("Lifeboats are out.",),
        unknown=("Why.", " "),
    )
    assert listed(made.entries[0]) == (["More soon."], ["Lifeboats are out."], ["Why."])
