"""Every example of the library runs, offline, and prints what it says."""

from __future__ import annotations

import doctest
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import cryptoforecast as cf

ROOT = Path(__file__).resolve().parents[2]
FUNCTIONS = [
    cf.anomalies,
    cf.backtest,
    cf.fetch,
    cf.from_frame,
    cf.load,
    cf.models,
    cf.read,
    cf.train,
]
CLASSES = [cf.Anomalies, cf.Backtest, cf.Forecast, cf.Model, cf.Prices]


def public(kind: type) -> Iterator[tuple[str, object]]:
    """Give the methods and properties that a user may call."""
    for name, member in vars(kind).items():
        if not name.startswith("_") and (callable(member) or hasattr(member, "__get__")):
            yield f"{kind.__name__}.{name}", member


MEMBERS = dict(pair for kind in CLASSES for pair in public(kind))
METHODS = {
    name: member
    for name, member in MEMBERS.items()
    if inspect.isfunction(member) and len(inspect.signature(member).parameters) > 1
}


def docstring(item: object) -> str:
    text = inspect.getdoc(item)
    assert text, item
    return text


def sections(text: str) -> dict[str, str]:
    """Split a Google docstring into its sections."""
    parts = re.split(r"^(Args|Returns|Raises|Example):$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], map(textwrap.dedent, parts[2::2]), strict=True))


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda one: one.__name__)
def test_every_function_says_what_it_takes_gives_and_refuses(
    function: Callable[..., object],
) -> None:
    parts = sections(docstring(function))
    assert {"Returns", "Example"} <= parts.keys()
    if inspect.signature(function).parameters:
        assert {"Args", "Raises"} <= parts.keys()
    for name in inspect.signature(function).parameters:
        assert re.search(rf"^\**{name}: [A-Z0-9`]", parts["Args"], re.MULTILINE), name


@pytest.mark.parametrize("name", METHODS)
def test_every_method_says_what_it_takes(name: str) -> None:
    parts = sections(docstring(METHODS[name]))
    for argument in [*inspect.signature(METHODS[name]).parameters][1:]:
        assert re.search(rf"^{argument}: [A-Z0-9`]", parts["Args"], re.MULTILINE), argument


@pytest.mark.parametrize("name", MEMBERS)
def test_every_member_is_documented(name: str) -> None:
    assert docstring(MEMBERS[name])


@pytest.mark.parametrize(
    "item",
    [*FUNCTIONS, *METHODS.values(), cf],
    ids=[*(one.__name__ for one in FUNCTIONS), *METHODS, "the package"],
)
def test_examples_print_what_they_say(item: object) -> None:
    finder = doctest.DocTestFinder(recurse=False)
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    for test in finder.find(item, "example", globs={}):
        report: list[str] = []
        runner.run(test, out=report.append)
        assert not runner.failures, "".join(report)


def yfinance_frame(rows: int = 2000) -> pd.DataFrame:
    """What ``yfinance.Ticker("BTC-USD").history(interval="1h")`` gives."""
    rng = np.random.default_rng(7)
    close = 60_000 * np.exp(np.cumsum(rng.normal(0, 0.005, rows)))
    opened = np.r_[close[0], close[:-1]]
    index = pd.date_range("2026-01-01", periods=rows, freq="h", tz="UTC", unit="s")
    return pd.DataFrame(
        {
            "Open": opened,
            "High": np.maximum(opened, close) * 1.001,
            "Low": np.minimum(opened, close) * 0.999,
            "Close": close,
            "Volume": rng.integers(10**8, 10**9, rows),
            "Dividends": 0.0,
            "Stock Splits": 0.0,
        },
        index=index.rename("Datetime"),
    )


def five_lines(document: str) -> str:
    """Return the first Python block of a document that makes prices of a frame."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / document).read_text("utf-8"), re.DOTALL)
    return next(block for block in blocks if "from_frame" in block)


@pytest.mark.parametrize("document", ["README.md", "docs/library.md"])
def test_five_lines_lead_from_a_frame_to_a_verdict(
    document: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = five_lines(document)
    assert len([line for line in code.splitlines() if line.strip()]) <= 5
    names: dict[str, object] = {"df": yfinance_frame()}
    # The settings of a network that trains in a moment.
    quick = 'model="dense", epochs=1, units=(4,)'
    exec(code.replace('model="lstm"', quick), names)
    assert "24 hours ahead" in capsys.readouterr().out
