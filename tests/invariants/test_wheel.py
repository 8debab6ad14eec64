"""What a newsroom installs is all there."""

import configparser
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from docs.generate import ROOT

#: folder of the checkout → folder of the wheel
PLACES = {"alerts": "alerts", "templates": "alerts/_bundled/templates", "subscribers": "alerts/_bundled/subscribers"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return zipfile.ZipFile(next(folder.glob("*.whl")))


def test_wheel_holds_every_file_of_the_program_and_its_data(wheel: zipfile.ZipFile) -> None:
    wanted = {
        f"{inside}/{path.relative_to(ROOT / outside).as_posix()}": path
        for outside, inside in PLACES.items()
        for path in (ROOT / outside).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    wanted["alerts/_bundled/config.example.toml"] = ROOT / "config.example.toml"
    names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert names == set(wanted)
    assert any(name.startswith("alerts/demo/") for name in names)
    assert [name for name, path in wanted.items() if wheel.read(name) != path.read_bytes()] == []


def test_wheel_tells_its_command_its_providers_and_its_licence(wheel: zipfile.ZipFile) -> None:
    told = {Path(name).name: wheel.read(name).decode() for name in wheel.namelist() if ".dist-info/" in name}
    entry_points = configparser.ConfigParser(delimiters=["="])
    entry_points.optionxform = str  # type: ignore[assignment, method-assign]
    entry_points.read_string(told["entry_points.txt"])
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert dict(entry_points["console_scripts"]) == project["scripts"]
    assert dict(entry_points["alerts.providers"]) == project["entry-points"]["alerts.providers"]
    assert "MIT License" in told["LICENSE"]
