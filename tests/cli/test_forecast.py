"""`forecast`: what comes next, by the command as by page, library and API."""

from __future__ import annotations

import json
import re

import pandas as pd
import pytest

from cryptoforecast.forecasting import probability
from cryptoforecast.service import Service, shared
from cryptoforecast.settings import Settings
from cryptoforecast.types import MarketQuery
from tests.cli.processes import process
from tests.command_line import refused


def test_forecast_gives_the_librarys_numbers(trained, run, prices):
    status, out, _ = run("forecast", "--model", "tiny", "--data", prices, "--json")
    result = json.loads(out)
    service = Service(Settings.from_environment())
    saved = service.saved_models.load("tiny")
    next_steps = service.forecasts.next_steps(service.prices.read(prices, prices.name), saved.model)
    medians = [step["median"] for step in result["steps"]]
    assert status == 0
    assert medians == next_steps.forecast.predicted[0].tolist()
    assert result["origin"] == "2024-01-25T23:00:00+00:00"
    assert result["steps"][1]["time"] == "2024-01-26T01:00:00+00:00"
    assert result["steps"][1]["closes_at"] == "2024-01-26T02:00:00+00:00"
    text = run("forecast", "--model", "tiny", "--data", prices)[1]
    assert f"last close, ${next_steps.forecast.close[0]:.2f} at 2024-01-26 00:00 UTC." in text
    (row,) = [line for line in text.splitlines() if line.startswith("2 ")]
    assert row.split()[1:3] == ["2024-01-26", "02:00"]
    assert "This forecast combines the ranges of the dense network" in text


@pytest.mark.parametrize("name", ["stack", "dense", "har"])
def test_forecast_of_a_member_has_its_figures_and_its_verdict(name, trained, run, prices):
    command = ("forecast", "--model", "tiny", "--data", prices, "--predictor", name)
    result = json.loads(run(*command, "--json")[1])
    service = Service(Settings.from_environment())
    history, model = (
        service.prices.read(prices, prices.name),
        service.saved_models.load("tiny").model,
    )
    steps = service.forecasts.next_steps(history, model, predictor=name)
    assert result["predictor"] == name
    assert [step["median"] for step in result["steps"]] == steps.forecast.predicted[0].tolist()
    assert [each["name"] for each in result["members"]] == (
        ["dense", "har"] if name == "stack" else []
    )
    assert all(len(each["weight"]) == len(result["steps"]) for each in result["members"])
    tested = json.loads(run("backtest", "--model", "tiny", "--data", prices, "--json")[1])
    if name == "har":
        assert result["verdict"]["skill"] == 0
    else:
        assert result["verdict"] == tested["verdicts"][name]
    sentence = result["verdict"]["sentence"]
    assert run(*command)[1].startswith(f"Test of {name} (tiny) on these prices: {sentence}\n")


def test_forecast_of_another_predictor_is_refused(trained, run, prices):
    command = ("forecast", "--model", "tiny", "--data", prices, "--predictor", "cone")
    status, out, err = run(*command)
    assert (status, out) == (2, "")
    assert "`predictor` must be one of stack, dense, har. Received: 'cone'." in err


def test_forecast_of_what_comes_next_labels_simulated_prices(trained, run):
    status, out, err = run("forecast", "--model", "tiny")
    assert status == 0
    assert out.startswith("Test of stack (tiny) on these prices: ")
    assert "SIMULATED" in out
    assert "note:" in err
    result = json.loads(run("forecast", "--model", "tiny", "--coin", "ETH", "--json")[1])
    assert (result["data"]["coin"], result["data"]["simulated"]) == ("ETH", True)
    assert any("learnt from BTC" in warning for warning in result["warnings"])


def test_forecast_gives_the_chance_of_each_level(trained, run, prices):
    options = ["--above", "120", "--below", "80", "--above", "1e-3"]
    result = json.loads(run("forecast", "--model", "tiny", "--data", prices, *options, "--json")[1])
    service = Service(Settings.from_environment())
    next_steps = service.forecasts.next_steps(
        service.prices.read(prices, prices.name), service.saved_models.load("tiny").model
    )
    command = probability.of_next_steps(next_steps, [120, 0.001], [80])
    assert [(one["level"], one["direction"]) for one in result["odds"]] == [
        (120, "above"), (0.001, "above"), (80, "below"),
    ]  # fmt: skip
    for one, expected in zip(result["odds"], command, strict=True):
        assert [step["probability"] for step in one["steps"]] == expected.by_step.clip(
            0.01, 0.99
        ).tolist()
        assert [step["time"] for step in one["steps"]] == [s["time"] for s in result["steps"]]
    text = run("forecast", "--model", "tiny", "--data", prices, *options)[1]
    (header,) = [line for line in text.splitlines() if "below $80.00" in line]
    assert re.split(r" {2,}", header) == [
        "step", "above $120.00", "above $0.001000", "below $80.00",
    ]  # fmt: skip
    assert command[0].by_step[0] < 0.01 < 0.99 < command[1].by_step[0]
    assert re.split(r" {2,}", text.splitlines()[-2])[1:] == ["< 1%", "> 99%", "< 1%"]
    assert "200 forecasts with an outcome are needed" in text
    assert result["calibration"] is None
    assert "turned out, from" in run("forecast", "--model", "tiny", "--coin", "BTC")[1]
    plain = run("forecast", "--model", "tiny", "--data", prices)[1]
    assert "Chance" not in plain
    assert (
        json.loads(run("forecast", "--model", "tiny", "--data", prices, "--json")[1])["odds"] == []
    )


def test_forecast_gives_the_chance_of_touching_and_the_paths(trained, run, prices, tmp_path):
    last = json.loads(run("forecast", "--model", "tiny", "--data", prices, "--json")[1])
    assert last["touch"] == []
    assert last["extremes"] is None
    levels = [round(last["last_close"] * times, 2) for times in (1.02, 0.97)]
    target = tmp_path / "paths.csv"
    options = ["--data", prices, *(f"--touch={level}" for level in levels), "--paths", target]
    result = json.loads(run("forecast", "--model", "tiny", *options, "--json")[1])
    service = Service(Settings.from_environment())
    steps = service.forecasts.next_steps(
        service.prices.read(prices, prices.name), service.saved_models.load("tiny").model
    )
    touches = service.forecasts.touch(steps, levels)
    assert result["touch"] == [
        {"price": one.price, "probability": one.by_step.clip(0.01, 0.99).tolist()}
        for one in touches
    ]
    assert [step["step"] for step in result["extremes"]] == [
        step["step"] for step in result["steps"]
    ]
    assert result["paths"] == str(target)
    table = pd.read_csv(target)
    assert len(table) == 1000 * len(result["steps"])
    up = (table.groupby("path")["high"].max() >= levels[0]).mean()
    assert up == pytest.approx(touches[0].by_step[-1], abs=0.01)
    refused(run("forecast", "--model", "tiny", *options), "exists already")
    text = run("forecast", "--model", "tiny", *options, "--force")[1]
    assert "Probability of touching, by each step:" in text
    assert f"{touches[1].by_step[0]:.1%}" in text
    assert "largest fall" in text
    assert f"Paths written to {target}." in text
    refused(run("forecast", "--model", "tiny", "--paths", "paths.txt"), "paths.txt")


@pytest.mark.parametrize("level", ["0", "-5", "nan", "inf", "1e999", "much", ""])
@pytest.mark.parametrize("option", ["--above", "--below", "--touch"])
def test_a_level_that_is_no_price_is_refused(run, option, level):
    refused(run("forecast", "--model", "tiny", "--coin", "BTC", f"{option}={level}"), "Received: ")


def test_more_levels_than_anyone_needs_are_refused(run):
    for options in (["--above=1"] * 41, ["--touch=1"] * 41, ["--above=1", "--touch=1"] * 21):
        refused(run("forecast", "--model", "tiny", *options), "At most 40 price levels")


def test_forecasting_needs_no_tensorflow(trained, prices):
    environ = {"PYTHONPROFILEIMPORTTIME": "1", "CRYPTOFORECAST_DEBUG": "1"}
    done = process("forecast", "--model", "tiny", "--data", prices, **environ)
    assert done.returncode == 0
    assert "cryptoforecast.learning.inference" in done.stderr
    assert not re.search(r"\| +(tensorflow|keras)$", done.stderr, re.MULTILINE)


def test_page_and_command_ask_the_same_question(trained, run):
    """A forecast of the coin's live prices: command, library and API share every digit."""
    result = json.loads(run("forecast", "--model", "tiny", "--coin", "BTC", "--json")[1])
    service = shared()
    next_steps = service.forecasts.next_steps(
        service.prices.history(MarketQuery("BTC", "1h")), service.saved_models.load("tiny").model
    )
    medians = [step["median"] for step in result["steps"]]
    assert medians == next_steps.forecast.predicted[0].tolist()
    assert next_steps.calibration is not None
    assert [list(step["quantiles"].values()) for step in result["steps"]] == (
        next_steps.forecast.quantile_prices[0].tolist()
    )


@pytest.mark.parametrize(
    "command", [("forecast",), ("anomalies", "--coin", "BTC"), ("forecast", "--coins", "BTC,ETH")]
)
def test_that_prices_are_simulated_is_told_once(run, command):
    out = run(*command, "--model", "har", "--days", "120")[1]
    lines = [line for line in out.splitlines() if "a real market" in line]
    assert len(lines) == 1
