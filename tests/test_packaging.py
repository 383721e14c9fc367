"""The package: what it needs, what is in it, and where it finds its own files."""

from __future__ import annotations

import importlib.metadata
import re
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
LOCK = "requirements.lock"
LOCKS = (LOCK, "requirements-dev.lock")


def by_name(lines: list[str]) -> dict[str, Requirement]:
    """Read requirements, without their comments."""
    requirements = [Requirement(line.partition("#")[0].strip()) for line in lines]
    named = {canonicalize_name(one.name): one for one in requirements}
    assert len(named) == len(requirements)
    return named


@pytest.fixture(scope="module")
def ranges() -> dict[str, Requirement]:
    return by_name(PROJECT["dependencies"])


@pytest.fixture(scope="module")
def pins() -> dict[str, Requirement]:
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    return by_name([line for line in lines if line and not line.startswith(("#", "-r "))])


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
    kinds = ("*.py", "*.json", "*.css", "py.typed")
    ours = [path for kind in kinds for path in ROOT.glob(f"cryptoforecast/**/{kind}")]
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


def locked(name: str) -> list[tuple[Requirement, int]]:
    """Read a lock: each package with the number of its hashes."""
    text = (ROOT / name).read_text("utf-8")
    text = "".join(line for line in text.splitlines(True) if not line.strip().startswith("#"))
    entries = [entry.split("--hash=sha256:") for entry in re.split(r"(?m)^(?=\S)", text) if entry]
    for _, *hashes in entries:
        assert all(re.fullmatch(r"[0-9a-f]{64}[\s\\]*", one) for one in hashes)
    return [(Requirement(entry[0].rstrip(" \\\n")), len(entry) - 1) for entry in entries]


def here(requirements: list[Requirement], extra: str = "") -> list[Requirement]:
    """Keep what applies to this system and this Python."""
    return [one for one in requirements if not one.marker or one.marker.evaluate({"extra": extra})]


def needed(roots: list[Requirement]) -> set[str]:
    """Walk from requirements to every distribution that is installed for them."""
    done: set[tuple[str, str]] = set()
    waiting = [(one.name, extra) for one in here(roots) for extra in ("", *one.extras)]
    while waiting:
        name, extra = waiting.pop()
        if (canonicalize_name(name), extra) in done:
            continue
        done.add((canonicalize_name(name), extra))
        further = [Requirement(one) for one in importlib.metadata.requires(name) or []]
        waiting += [(one.name, more) for one in here(further, extra) for more in ("", *one.extras)]
    return {name for name, _ in done}


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_has_one_version_and_its_hashes(name: str) -> None:
    entries = locked(name)
    assert len(entries) > 30
    for requirement, hashes in entries:
        assert [one.operator for one in requirement.specifier] == ["=="], requirement
        assert requirement.url is None
        assert hashes > 0, requirement


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_host(name: str) -> None:
    """Where packages come from is decided by who installs them."""
    text = (ROOT / name).read_text("utf-8")
    assert not re.search(r"https?:|//|--(index|extra|find|trusted)|\bfile:", text)


def test_pip_reads_the_lock_before_the_pins() -> None:
    """Two lines name each package: pip takes the hashes of the first."""
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    assert next(line for line in lines if line and not line.startswith("#")) == f"-r {LOCK}"


def test_the_lock_has_every_pin(pins: dict[str, Requirement]) -> None:
    entries = [one for one, _ in locked(LOCK)]
    for name, pin in pins.items():
        same = [one for one in entries if canonicalize_name(one.name) == name]
        assert [one.specifier for one in same] == [pin.specifier], name
        assert (same[0].marker is None) == (pin.marker is None), name


@pytest.mark.parametrize(
    ("file", "names"), [("requirements.txt", LOCKS[:1]), ("requirements-dev.txt", LOCKS)]
)
def test_the_locks_have_all_that_is_installed(file: str, names: tuple[str, ...]) -> None:
    """A package that another one needs is pinned as well, to the version that is tested."""
    lines = (ROOT / file).read_text("utf-8").splitlines()
    roots = by_name([line for line in lines if line and not line.startswith(("#", "-r "))])
    versions = {
        canonicalize_name(one.name): one.specifier
        for name in names
        for one in here([entry for entry, _ in locked(name)])
    }
    installed = needed(list(roots.values()))
    assert len(installed) > len(roots)
    assert installed - versions.keys() == set()
    # A virtual environment of Python 3.11 brings a setuptools of its own, until pip replaces it.
    for name in installed - {"setuptools"}:
        assert versions[name].contains(importlib.metadata.version(name)), name


def test_what_an_extra_installs_is_what_the_tests_run_with() -> None:
    lines = (ROOT / "requirements-dev.txt").read_text("utf-8").splitlines()
    pins = by_name([line for line in lines if line and not line.startswith(("#", "-r "))])
    extras = [line for group in PROJECT["optional-dependencies"].values() for line in group]
    for name, one in by_name(extras).items():
        (exact,) = pins[name].specifier
        assert one.specifier.contains(exact.version), name
        assert {each.operator for each in one.specifier} == {">=", "<"}, name
