"""The package: what it needs, what is in it, and where it finds its own files."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from cryptoforecast import __version__, settings

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def by_name(lines: list[str]) -> dict[str, Requirement]:
    """Read requirements, without their comments."""
    found = [Requirement(line.partition("#")[0].strip()) for line in lines]
    named = {canonicalize_name(one.name): one for one in found}
    assert len(named) == len(found)
    return named


@pytest.fixture(scope="module")
def ranges() -> dict[str, Requirement]:
    return by_name(PROJECT["dependencies"])


@pytest.fixture(scope="module")
def pins() -> dict[str, Requirement]:
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    return by_name([line for line in lines if line and not line.startswith("#")])


def test_package_and_app_need_the_same_distributions(
    ranges: dict[str, Requirement], pins: dict[str, Requirement]
) -> None:
    assert ranges.keys() == pins.keys()
    markers = {name: str(one.marker) for name, one in pins.items() if one.marker}
    assert {name: str(one.marker) for name, one in ranges.items() if one.marker} == markers


def test_every_pin_begins_its_range(
    ranges: dict[str, Requirement], pins: dict[str, Requirement]
) -> None:
    """A range promises no version older than the tests run with, and ends somewhere."""
    for name, pin in pins.items():
        (exact,) = pin.specifier
        bounds = {one.operator: one.version for one in ranges[name].specifier}
        assert bounds.keys() == {">=", "<"}, name
        assert ranges[name].specifier.contains(exact.version), name
        assert f"{exact.version}.".startswith(f"{bounds['>=']}."), name


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    """Build the wheel from this checkout."""
    folder = tmp_path_factory.mktemp("dist")
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (path,) = folder.iterdir()
    assert path.name == f"cryptoforecast-{__version__}-py3-none-any.whl"
    with zipfile.ZipFile(path) as archive:
        yield archive


def test_wheel_holds_the_package_and_all_that_it_shows(wheel: zipfile.ZipFile) -> None:
    ours = [*ROOT.glob("cryptoforecast/**/*.py"), ROOT / "cryptoforecast" / "py.typed"]
    beside = [ROOT / "app.py", *ROOT.glob("pages/*.py"), *ROOT.glob(".streamlit/*")]
    beside += [path for path in ROOT.glob("models/**/*") if path.is_file()]
    expected = {path.relative_to(ROOT).as_posix() for path in ours}
    expected |= {f"cryptoforecast/_app/{path.relative_to(ROOT).as_posix()}" for path in beside}
    names = wheel.namelist()
    assert len(set(names)) == len(names)
    about = f"cryptoforecast-{__version__}.dist-info/"
    assert {name for name in names if not name.startswith(about)} == expected
    assert f"{about}licenses/LICENSE" in names


def test_wheel_names_its_command(wheel: zipfile.ZipFile) -> None:
    entry_points = wheel.read(f"cryptoforecast-{__version__}.dist-info/entry_points.txt").decode()
    assert "cryptoforecast = cryptoforecast.__main__:run" in entry_points.splitlines()


def test_a_checkout_shows_its_own_files() -> None:
    assert settings.ROOT == ROOT
    assert settings.PACKAGE == ROOT / "cryptoforecast"
    assert settings.Settings(home=ROOT).shipped == ROOT / "models"
