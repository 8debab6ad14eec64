"""Feature tests use only the `alerts` command and HTTP, and read only what arrived."""

import shutil
from pathlib import Path

import pytest

from tests.features.newsroom import Newsroom


@pytest.fixture(scope="session")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Newsroom:
    """A newsroom that only copies are made of."""
    made = Newsroom(tmp_path_factory.mktemp("synced") / "newsroom")
    made.sync().ok()
    return made


@pytest.fixture
def newsroom(synced: Newsroom, tmp_path: Path) -> Newsroom:
    """A newsroom with four readers, synced into its database."""
    made = Newsroom(tmp_path / "newsroom")
    shutil.copytree(synced.folder, made.folder, dirs_exist_ok=True)
    return made
