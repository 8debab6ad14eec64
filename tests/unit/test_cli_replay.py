"""From when a replay begins, as an editor writes it."""

from datetime import UTC, datetime

import click
import pytest

from alerts.cli.replay import instant_of

NOW = datetime(2026, 10, 3, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("6h", datetime(2026, 10, 3, 6, 0, tzinfo=UTC)),
        # as every other time that is typed and printed, it is the newsroom's
        ("2026-10-01T07:00", datetime(2026, 10, 1, 5, 0, tzinfo=UTC)),
        ("2026-10-01T07:00Z", datetime(2026, 10, 1, 7, 0, tzinfo=UTC)),
        ("0001-01-02", datetime(1990, 1, 1, tzinfo=UTC)),
        ("99999d", datetime(1990, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_replay_begins_when_the_editor_says(written: str, at: datetime) -> None:
    assert instant_of(written, NOW, "Europe/Paris") == at


@pytest.mark.parametrize("written", ["yesterday", "-5m", "2026-13-01", "0001-01-01", "99999999999d", ""])
def test_what_is_no_time_is_refused_with_an_example(written: str) -> None:
    with pytest.raises(click.BadParameter, match="is no time; such as 2d"):
        instant_of(written, NOW, "Europe/Paris")
