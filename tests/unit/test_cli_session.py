"""The command line itself: help, errors, exit codes."""

import json
from pathlib import Path

import pytest

from alerts.cli import output
from alerts.cli.root import SECTIONS, cli, run
from alerts.cli.session import Session
from alerts.errors import SendRefused


def test_help_lists_every_command_by_section(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    printed = capsys.readouterr().out
    for section, commands in SECTIONS.items():
        assert f"{section}:" in printed
        for (
            name,
            line,
        ) in ((name, line) for name, _, line in commands):
            assert name in printed
            assert line in printed


def test_every_command_can_be_loaded_and_explains_itself() -> None:
    for commands in SECTIONS.values():
        for name, _, _ in commands:
            command = cli.get_command(None, name)  # type: ignore[arg-type]
            assert command is not None, name
            assert command.help, name


def test_unknown_command_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["publish"]) == 2
    assert "publish" in capsys.readouterr().err


def test_missing_configuration_is_one_clear_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(["check", "-c", str(tmp_path / "config.toml")]) == 3
    printed = capsys.readouterr().err
    assert printed.startswith("error: ")
    assert "config.toml" in printed
    assert "hint: `alerts init`" in printed
    assert "Traceback" not in printed


def test_three_mistakes_are_reported_at_once_with_their_lines(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    config = tmp_path / "config.toml"
    config.write_text(
        '[newsroom]\nname = "x"\ntimezon = "UTC"\n[provider.sendgrid]\napi_key = "SG.real.secret"\n'
        '[[digests]]\nname = "m"\nat = "7:00"\nsegment = "m"\n'
    )
    assert run(["check", "-c", str(config)]) == 3
    printed = capsys.readouterr().err
    assert "3 mistakes" in printed
    assert f"{config}:3: newsroom.timezon" in printed
    assert f"{config}:5: provider.sendgrid.api_key" in printed
    assert "7:00" in printed
    assert "SG.real.secret" not in printed


def test_errors_are_json_where_json_was_asked_for(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(["check", "--json", "-c", str(tmp_path / "none.toml")]) == 3
    written = json.loads(capsys.readouterr().err)
    assert written["exit_code"] == 3
    assert "none.toml" in written["error"]


def test_without_terminal_and_without_yes_nothing_is_sent() -> None:
    with pytest.raises(SendRefused, match="no terminal"):
        Session(no_input=True).confirm_number(5, yes=False, expect=None)


def test_expectation_must_be_met_exactly() -> None:
    Session().confirm_number(5, yes=False, expect=5)
    with pytest.raises(SendRefused, match="6 subscribers would get it, 5 were expected"):
        Session().confirm_number(6, yes=True, expect=5)


def test_tables_keep_their_columns_with_wide_characters() -> None:
    lines = output.table(("NAME", "N"), [("日本語", 1), ("Ana", 22)]).splitlines()
    assert output.width(lines[1].rpartition("1")[0]) == output.width(lines[2].rpartition("22")[0])


def test_completion_scripts_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    for shell in ("bash", "zsh", "fish"):
        assert run(["completion", shell]) == 0
        assert "_ALERTS_COMPLETE" in capsys.readouterr().out
