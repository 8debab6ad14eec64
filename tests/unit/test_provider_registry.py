"""Providers are found by entry point, ours and those of other packages."""

import subprocess
import sys
from pathlib import Path

import pytest

from alerts.config import ProviderTable
from alerts.errors import ConfigError
from alerts.provider import known_providers, open_provider

EXAMPLE = Path(__file__).parents[1] / "example_provider"


def test_ours_are_known() -> None:
    assert {"outbox", "smtp", "sendgrid"} <= set(known_providers())


def test_an_unknown_provider_is_named_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="sendgird") as raised:
        open_provider(ProviderTable(use="sendgird"), tmp_path)
    assert "outbox, sendgrid, smtp" in raised.value.hint


def _install(folder: Path) -> None:
    """Install the example as pip would, without a network: its package and its entry points."""
    target = folder / "example_mailer"
    target.mkdir()
    (target / "__init__.py").write_text((EXAMPLE / "example_mailer" / "__init__.py").read_text())
    described = folder / "example_mailer-1.0.dist-info"
    described.mkdir()
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: example-mailer\nVersion: 1.0\n")
    points = "[alerts.providers]\nexample = example_mailer:open_example\nbroken = example_mailer:no_such_thing\n"
    (described / "entry_points.txt").write_text(points)


def test_a_provider_of_another_package_is_found_and_gets_its_own_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _install(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    table = ProviderTable.model_validate({"use": "example", "example": {"file": "sent.txt"}})
    assert "example" in known_providers()
    provider = open_provider(table, tmp_path)
    assert provider.name == "example"
    with pytest.raises(ConfigError, match="cannot be loaded"):
        open_provider(ProviderTable(use="broken"), tmp_path)
    with pytest.raises(ConfigError, match=r"example\.file"):
        open_provider(ProviderTable(use="example"), tmp_path)


def test_the_example_keeps_the_promises_that_the_dispatcher_relies_on(tmp_path: Path) -> None:
    """In a process of its own, as a newsroom would run it."""
    _install(tmp_path)
    script = f"""
import sys
sys.path.insert(0, {str(tmp_path)!r})
from pathlib import Path
from alerts.config import ProviderTable
from alerts.provider import open_provider
from tests.provider_samples import EDITION, SUBMISSION, readers, variant
table = ProviderTable.model_validate({{"use": "example", "example": {{"file": "sent.txt"}}}})
provider = open_provider(table, Path({str(tmp_path)!r}))
outcomes = list(provider.submit(variant(), readers(3), submission=SUBMISSION, edition=EDITION))
assert [outcome.kind.value for outcome in outcomes] == ["accepted"] * 3, outcomes
assert set(provider.look_up(SUBMISSION, [1, 2, 9]).values()) == {{"accepted", "absent"}}
assert provider.check() == []
provider.close()
provider.close()
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=EXAMPLE.parents[1], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "sent.txt").read_text().count("@readers.example") == 3
