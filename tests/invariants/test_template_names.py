"""What a template may print stands in docs/templates.md, and what stands there may be printed."""

import re
from dataclasses import fields

import pytest

from alerts.templating import context, theme
from alerts.templating.reader import ReaderView
from docs.generate import ROOT

RECORDS = {
    "`edition`": context.EditionView,
    "`entry`": context.EntryView,
    "`correction`": context.CorrectionView,
    "`image`": context.ImageView,
    "`section`": context.SectionView,
    "`brand`": theme.Brand,
    "`theme`": theme.Theme,
    "`light`, `dark`": theme.Palette,
    "`reader`": ReaderView,
}


@pytest.mark.parametrize("name", RECORDS)
def test_every_field_is_documented_and_no_other(name: str) -> None:
    document = (ROOT / "docs" / "templates.md").read_text(encoding="utf-8")
    chapter = document.partition(f"\n### {name}\n")[2].partition("\n### ")[0]
    rows = re.findall(r"^\| (`.+?`) \|", chapter, re.M)
    assert {field for row in rows for field in re.findall(r"`(\w+)`", row)} == {
        field.name for field in fields(RECORDS[name])
    }


def test_every_shipped_template_is_listed() -> None:
    document = (ROOT / "docs" / "templates.md").read_text(encoding="utf-8").partition("\n## ")[0]
    shipped = {path.name for path in (ROOT / "templates").glob("*.j2")}
    assert shipped == set(re.findall(r"`(\w+\.(?:mjml|txt)\.j2)`", document))
