"""Prices and tests that several modules look at, made once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import cryptoforecast as cf
from cryptoforecast import cli
from cryptoforecast.prices.files import writing
from tests import synthetic

Command = Callable[..., dict[str, object]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command here; return its JSON."""

    def run(*args: object) -> dict[str, object]:
        assert cli.main([*map(str, args), "--json"]) == 0
        answer: dict[str, object] = json.loads(capsys.readouterr().out)
        return answer

    return run


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Give a price file of 600 hours."""
    path = tmp_path / "BTCUSDT_1h.csv"
    writing.write(synthetic.history(), path)
    return path


@pytest.fixture(scope="session")
def prices() -> cf.Prices:
    """Give the same 600 hours."""
    return cf.Prices(synthetic.history())


@pytest.fixture(scope="session")
def drift(prices: cf.Prices) -> cf.Backtest:
    """Give the test of a baseline at three steps."""
    return cf.backtest(prices, "drift", horizon=3)


def same(one: object, other: object) -> bool:
    """Whether two answers in JSON are equal, but for when the prices were read."""
    return _without(one, "fetched_at") == _without(json.loads(json.dumps(other)), "fetched_at")


def _without(value: object, key: str) -> object:
    if isinstance(value, dict):
        return {name: _without(each, key) for name, each in value.items() if name != key}
    return [_without(each, key) for each in value] if isinstance(value, list) else value
