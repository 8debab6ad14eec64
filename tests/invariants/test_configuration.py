"""config.example.toml tells the truth about every key."""

import re
from pathlib import Path

import pytest

from alerts.config import Config, load
from docs.generate import EXAMPLE, ROOT, Setting, keys, settings, uncommented

TEXT = EXAMPLE.read_text(encoding="utf-8")
SHOWN = [setting for setting in settings(TEXT) if setting.name]
KEYS = [name for name, _ in keys(Config)]


def test_example_as_it_ships_is_the_same_as_an_empty_file() -> None:
    assert load(EXAMPLE).model_dump() == Config().model_dump()


def test_example_shows_every_key_once_and_no_other() -> None:
    shown = [f"{setting.table}.{setting.name}" for setting in SHOWN if setting.table != "topics"]
    assert sorted(shown) == sorted(key for key in KEYS if key != "topics")


def test_example_shows_the_default_of_every_key_that_has_one() -> None:
    """What is not commented out is in the file's TOML; loading it equals the defaults, so each value is the default."""
    unset = {f"{setting.table}.{setting.name}" for setting in SHOWN if setting.is_unset}
    without_default = {name for name, field in keys(Config) if field.default is None}
    of_optional_tables = {
        name for name in KEYS if name.startswith(("outlets.", "digests.", "breaking.words.", "breaking.routes."))
    }
    assert unset - {"topics.politics"} == without_default | of_optional_tables


def test_what_the_example_suggests_is_accepted(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(uncommented(TEXT), encoding="utf-8")
    config = load(file)
    assert config.outlets
    assert config.digests
    assert config.topics
    assert config.rehearsal


@pytest.mark.parametrize("setting", SHOWN, ids=lambda setting: f"{setting.table}.{setting.name}")
def test_every_key_is_explained_in_a_line(setting: Setting) -> None:
    assert 3 < len(setting.remark) < 120


def test_no_key_is_without_effect() -> None:
    """A key that no code reads would be a promise that nobody keeps."""
    code = "\n".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "alerts").rglob("*.py") if path.parent.name != "config"
    )
    # an outlet's keys become the noun all at once, and so do words
    wanted = [key for key in KEYS if not key.startswith(("outlets.", "breaking.words."))]
    dead = [key for key in wanted if not re.search(rf"\.{key.rpartition('.')[2]}\b", code)]
    assert dead == []
