"""A sample of `make kill`: the sender may be killed at any moment, and the harness would notice if it may not."""

from pathlib import Path

import pytest

from tests.kill.harness import Trial
from tests.kill.mutants import MUTANTS


@pytest.mark.timeout(300)
def test_a_killed_sender_neither_doubles_nor_loses_a_mail(tmp_path: Path) -> None:
    report = Trial(tmp_path, kills=15, deliveries=400, seed=7).run()

    assert not report.wrong, report
    assert report.kills == 15
    # else the kills fell where nothing was at stake
    assert report.left_behind >= 3, report


@pytest.mark.timeout(300)
@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_sender_with_a_known_bug_is_caught_within_fifty_kills(tmp_path: Path, mutant: str) -> None:
    report = Trial(tmp_path, kills=50, deliveries=400, seed=7, mutant=mutant).run()

    assert report.wrong, f"{mutant} survived: {report}"
    assert "the sender fails" not in str(report), report
