"""The package itself: a dozen names, typed, and none loaded before it is used."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import cryptoforecast as cf

ROOT = Path(__file__).resolve().parents[2]
NAMES = {
    "Anomalies", "Backtest", "CryptoForecastError", "Forecast", "Model", "Prices", "Search",
    "__version__",
    "anomalies", "backtest", "fetch", "forecast", "from_frame", "load", "models", "read", "search",
    "signal", "train", "train_global",
}  # fmt: skip


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = """
import sys
before = set(sys.modules)
import cryptoforecast
ours = sorted(m for m in set(sys.modules) - before if m.startswith("cryptoforecast"))
heavy = {"numpy", "pandas", "plotly", "pyarrow", "streamlit", "tensorflow", "keras", "requests"}
print(ours, sorted(heavy & set(sys.modules)))
from cryptoforecast import __version__, Prices
print(Prices.__module__, "streamlit" in sys.modules, "tensorflow" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [
        "['cryptoforecast'] []",
        "cryptoforecast.library.prices False False",
    ]


def test_every_name_is_there_and_listed() -> None:
    assert set(cf.__all__) == NAMES
    assert {name for name in dir(cf) if not name.startswith("__")} == NAMES - {"__version__"}
    for name in NAMES:
        assert getattr(cf, name) is not None
    assert cf.fetch is cf.fetch  # the same object each time


def test_all_names_are_imported_by_a_star() -> None:
    names: dict[str, object] = {}
    exec("from cryptoforecast import *", names)
    assert names.keys() >= NAMES


def test_an_unknown_name_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="module 'cryptoforecast' has no attribute 'nothing'"):
        cf.nothing  # noqa: B018


def test_the_package_says_that_it_is_typed() -> None:
    package = ROOT / "cryptoforecast"
    assert (package / "py.typed").is_file()
    strict = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["mypy"]["strict"]
    assert strict is True


def test_a_type_checker_knows_the_names(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    script = tmp_path / "script.py"
    script.write_text(
        "import cryptoforecast as cf\n"
        "prices: cf.Prices = cf.fetch('BTC')\n"
        "skill: float = cf.backtest(prices).verdict.skill\n"
        "wrong: int = cf.models()\n"
        "cf.nothing\n"
    )
    # In a process of its own: it raises the recursion limit of the one that it runs in.
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--follow-imports=silent", "--ignore-missing-imports",
         "--config-file=", "--explicit-package-bases", f"--cache-dir={tmp_path / 'cache'}",
         str(script)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    out = done.stdout
    errors = [line.partition(": error: ")[2] for line in out.splitlines() if ": error: " in line]
    assert len(errors) == 2
    assert 'expression has type "list[Model]"' in errors[0]
    assert 'has no attribute "nothing"' in errors[1]
