"""Feature tests use only the `alerts` command and HTTP, and read only what arrived."""

from pathlib import Path

import pytest

from tests.features.newsroom import Newsroom


@pytest.fixture
def newsroom(tmp_path: Path) -> Newsroom:
    """A newsroom with four readers, synced into its database."""
    made = Newsroom(tmp_path / "newsroom")
    made.sync().ok()
    return made
