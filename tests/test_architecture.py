"""The rules of the house: who may import what, and what nobody may do.

import-linter holds the package to its layers (see ``pyproject.toml``). Here is what it can't
see: the pages and ``app.py`` outside the package, and what really gets loaded.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests import sources

ROOT = Path(__file__).resolve().parent.parent
HEAVY = ("tensorflow", "keras", "sklearn", "yfinance", "scipy")
FILES = sorted(
    path
    for pattern in ("app.py", "pages/*.py", "cryptoforecast/**/*.py")
    for path in ROOT.glob(pattern)
)
PAGES = sorted(ROOT.glob("pages/*.py"))
SCRIPTS = sorted([*ROOT.glob("benchmarks/**/*.py"), *ROOT.glob(".ci/*.py")])
#: What a page may know of ours: the shell's parts, the one door, and values.
PAGE_MAY_IMPORT = {"ui", "service", "types", "errors", "settings"}


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


#: Packages that an extra installs.
EXTRAS = {
    re.split("[<>=]", line)[0]
    for lines in tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"][
        "optional-dependencies"
    ].values()
    for line in lines
}


def allowed(path: Path) -> set[str]:
    """Return the packages with one place that this file is the place for."""
    where = name(path)
    packages = set()
    if where == "app.py" or where.startswith(("pages/", "cryptoforecast/ui/")):
        packages |= {"streamlit"}
    if where == "app.py":
        packages |= {"starlette"}
    if where == "cryptoforecast/api.py" or where.startswith("cryptoforecast/api/"):
        packages |= {"fastapi", "starlette"}
    if where.startswith("cryptoforecast/server/"):
        packages |= {"starlette"}
    if where == "cryptoforecast/learning/networks.py":
        packages |= {"tensorflow", "keras"}
    if where == "cryptoforecast/learning/keras_files.py":
        packages |= {"keras", "onnx"}
    if where == "cryptoforecast/cli/assistants.py":
        packages |= {"mcp"}
    if where == "cryptoforecast/alarms/sending.py":
        packages |= {"apprise"}
    if where in ("cryptoforecast/searches/study.py", "cryptoforecast/charts/search.py"):
        packages |= {"optuna"}
    if where == "cryptoforecast/workers/cluster.py":
        packages |= {"distributed"}
    return packages


@pytest.mark.parametrize("path", FILES, ids=name)
def test_each_framework_has_one_place(path: Path) -> None:
    placed = {"streamlit", "fastapi", "starlette", "tensorflow", "keras", *EXTRAS}
    assert sources.packages(path.read_text("utf-8")) & placed <= allowed(path)


@pytest.mark.parametrize("path", [*FILES, *SCRIPTS], ids=name)
def test_nothing_runs_code_from_data_or_hides_failures(path: Path) -> None:
    source = path.read_text("utf-8")
    assert sources.dangers(source) == []
    assert sources.unexplained_catches(source) == []


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_pages_are_thin(path: Path) -> None:
    source = path.read_text("utf-8")
    assert len(source.splitlines()) <= 60
    ours = {module.split(".")[1] for module in _ours(source)}
    assert ours <= PAGE_MAY_IMPORT


def _ours(source: str) -> set[str]:
    return {module for module in sources.imports(source) if module.startswith("cryptoforecast.")}


def _plain(distribution: str) -> str:
    return distribution.lower().replace("_", "-")


def _pinned(*files: str) -> set[str]:
    """Return the distributions that requirement files name."""
    lines = [line for file in files for line in (ROOT / file).read_text("utf-8").splitlines()]
    return {_plain(line.partition("==")[0]) for line in lines if "==" in line}


def _third_party(paths: list[Path]) -> set[str]:
    names = {one for path in paths for one in sources.packages(path.read_text("utf-8"))}
    ours = {"cryptoforecast", "pages", "app", "tests", "benchmarks"}
    return names - sys.stdlib_module_names - ours


@pytest.mark.parametrize(
    ("paths", "files"),
    [
        (FILES, ["requirements.txt"]),
        (
            [*SCRIPTS, *sorted(ROOT.glob("tests/**/*.py"))],
            ["requirements.txt", "requirements-dev.txt", "benchmarks/requirements.txt"],
        ),
    ],
    ids=["app", "tests"],
)
def test_what_is_imported_is_pinned(paths: list[Path], files: list[str]) -> None:
    # What is not installed here, such as a peer of a benchmark, is pinned under its own name.
    owners = importlib.metadata.packages_distributions()
    pinned = _pinned(*files)
    imported = _third_party(paths)
    assert imported
    pinned |= EXTRAS  # installed by whoever wants them, and pinned for the tests
    loose = {one for one in imported if not {*map(_plain, owners.get(one, [one]))} & pinned}
    assert loose == set()


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt"])
def test_every_requirement_is_pinned_with_its_reason(file: str) -> None:
    lines = (ROOT / file).read_text("utf-8").splitlines()
    named = [line for line in lines if line and not line.startswith(("#", "-r "))]
    assert named
    for line in named:
        assert re.fullmatch(r"[a-z0-9_-]+==[0-9.]+( ; [^#]+)?\s+# \w.+", line), line


def _run(code: str, **environ: str) -> str:
    """Run Python in a process of its own, with this test's environment, and return stdout."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_everything_loads_nothing_heavy() -> None:
    """``ui.main`` is left out: it is the script, it draws when it is run."""
    code = f"""
import importlib, pkgutil, sys
import cryptoforecast
names = [m.name for m in pkgutil.walk_packages(cryptoforecast.__path__, "cryptoforecast.")]
names = [n for n in names if n != "cryptoforecast.ui.main"]
for module in names:
    importlib.import_module(module)
print(len(names), *(name for name in {HEAVY} if name in sys.modules))
"""
    count, *loaded = _run(code).split()
    assert int(count) > 20
    assert loaded == []


def test_each_module_of_the_pages_can_be_the_first_that_is_loaded() -> None:
    """Pages load what they need in an order of their own: a circle of imports would break one."""
    code = """
import importlib, pkgutil, sys
import cryptoforecast.ui
names = [m.name for m in pkgutil.walk_packages(cryptoforecast.ui.__path__, "cryptoforecast.ui.")]
for first in [name for name in names if name != "cryptoforecast.ui.main"]:
    for name in [name for name in sys.modules if name.startswith("cryptoforecast.ui")]:
        del sys.modules[name]
    importlib.import_module(first)
    print(first)
"""
    assert len(_run(code).split()) > 20


def test_nothing_large_is_loaded_before_the_server_answers() -> None:
    loaded = _run("import sys, app; print('app', *({'pandas', 'fastapi'} & set(sys.modules)))")
    assert loaded.split() == ["app"]


def test_the_server_starts_with_what_its_landing_page_needs() -> None:
    """What is loaded when the first visitor comes, before anyone asks for more."""
    code = """
import sys, app
from cryptoforecast.service import shared
from cryptoforecast.ui import inputs, selection
service = shared()
history = service.prices.history(inputs.query(inputs.COIN, inputs.INTERVAL), wait=0)
selection.backtest(service, inputs.FIRST[inputs.INTERVAL], history)
selection.next_steps(service, inputs.FIRST[inputs.INTERVAL], history)
later = ("fastapi", "pydantic", "scipy", "cryptoforecast.prices.files.readers")
print("found", *(name for name in later if name in sys.modules))
"""
    assert _run(code).split() == ["found"]


def test_a_file_is_written_without_what_reads_files() -> None:
    code = """
import sys, cryptoforecast.service.files
print("found", *(name for name in sys.modules if name.startswith("cryptoforecast.prices.files.r")))
"""
    assert _run(code).split() == ["found"]


def test_forecasting_from_a_shipped_model_needs_no_tensorflow() -> None:
    models = ["btc-1h-lstm-close", "btc-1h-dense", "global-1h-lstm"]
    code = f"""
import sys
from cryptoforecast.service import shared
from cryptoforecast.types import MarketQuery
service = shared()
history = service.prices.history(MarketQuery("BTC"))
for name in {models}:
    steps = service.forecasts.next_steps(history, service.saved_models.load(name).model)
    large = {{"tensorflow", "keras", "sklearn"}} & set(sys.modules)
    print(steps.forecast.predicted[0, 0], *large)
"""
    for model, line in zip(models, _run(code).splitlines(), strict=True):
        price, *loaded = line.split()
        assert float(price) > 0
        assert loaded == [], model


def test_training_leaves_the_price_source_able_to_ask() -> None:
    """TensorFlow's own libcurl must not take the place of the one that asks for prices."""
    code = """
from cryptoforecast.learning import networks, specs
networks.build(specs.make(network="dense", units=(4,)))
from curl_cffi import requests
try:
    requests.get("http://127.0.0.1:9/", impersonate="chrome", timeout=5)
except requests.exceptions.RequestException as error:
    print(type(error).__name__)
"""
    assert _run(code).strip() == "ConnectionError"
