"""A tick takes every step that can be taken, and says why another could not."""

from __future__ import annotations

import dataclasses
import json

import pytest

from cryptoforecast import cli
from cryptoforecast.errors import SourceUnavailable
from cryptoforecast.service import Service, ticks
from cryptoforecast.settings import Settings
from cryptoforecast.types.ledger import GradeCounts
from tests.ledger import making


@pytest.fixture
def due(home) -> None:
    """A ledger with one practice forecast that is due: no source need confirm the time."""
    home.mkdir(parents=True, exist_ok=True)
    ledger, _, _ = making.opened(f"sqlite:///{home}/ledger.sqlite")
    series = dataclasses.replace(making.SERIES, simulated=True)
    ledger.record([making.forecast(series=series, source="simulated")])


def test_without_live_prices_what_is_due_is_graded_and_said(due, home, capsys):
    assert cli.main(["tick", "--models", "naive", "--coins", "BTC", "--json"]) == 3
    printed = capsys.readouterr()
    result = json.loads(printed.out)
    assert result["grades"] == {"graded": 0, "void": 1, "waiting": 0}
    assert result["forecasts"] == []
    assert result["failures"].keys() == {"record"}
    assert result["head"]["position"] == 2
    assert printed.err.startswith("error: Live prices of BTC-USD are needed.")


def test_a_fault_in_one_step_does_not_stop_those_after_it(due, home, monkeypatch):
    def fault(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(ticks, "STEPS", {"fault": fault, **ticks.STEPS})
    service = Service(Settings(home=home, live=False))
    result = ticks.tick(service)
    service.ledger.close()
    assert result.grades == GradeCounts(0, 1, 0)
    assert {name: type(error) for name, error in result.failures.items()} == {
        "fault": ZeroDivisionError, "record": SourceUnavailable,
    }  # fmt: skip


def test_every_step_failing_is_one_error(home, capsys):
    home.mkdir(parents=True, exist_ok=True)
    (home / "ledger.sqlite").write_text("no tables" * 200)
    assert cli.main(["tick", "--models", "naive", "--coins", "BTC", "--prices", "any"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("error:") == 1
    assert "can't be used" in printed.err
