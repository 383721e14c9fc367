"""Models and what they expect: the command line's figures, and objects that can be kept."""

from __future__ import annotations

import copy
import html
import json
import pickle
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd
import pytest

import cryptoforecast as cf
from cryptoforecast.errors import AlreadyExists, InvalidInput, NotEnoughData, UnknownModel
from cryptoforecast.service import shared
from tests import synthetic
from tests.library.conftest import Command, same
from tests.library.test_backtests import OPTIONS, QUICK, SHIPPED


@pytest.fixture(scope="module")
def model(prices: cf.Prices) -> cf.Model:
    return cf.train(prices, "dense", **QUICK)


@pytest.fixture(scope="module")
def forecast(prices: cf.Prices) -> cf.Forecast:
    return cf.load("btc-1h-dense").forecast(prices, above=[110, 120.5], below=90, touch=[115, 85])


# ------------------------------------------------------------------ models


def test_training_gives_what_the_command_line_trains(file: Path, run: Command) -> None:
    answer = run("train", "--data", file, "--network", "dense", *OPTIONS, "--save", "by-command")
    model = cf.train(cf.read(file), "dense", **QUICK)
    saved = model.save("by-library")
    assert saved == model == cf.load("by-command")
    shown = run("models", "show", "by-library")
    other = run("models", "show", "by-command")
    assert shown | {"name": ""} == other | {"name": ""}
    assert model.card.verdict == answer["verdicts"]["dense"]["sentence"]  # type: ignore[index]
    assert model.card.scores["dense"]["mae"] == answer["scores"]["dense"]["mae"]  # type: ignore[index]


def test_the_model_of_a_backtest_is_the_trained_one(prices: cf.Prices, model: cf.Model) -> None:
    result = cf.backtest(prices, "dense", **QUICK)
    assert result.model == model
    assert result.model is not None
    assert result.model.card.verdict == result.verdicts["dense"].sentence
    assert result.verdict == result.verdicts["stack"] != result.verdicts["dense"]
    assert result.model.name is None
    assert cf.backtest(prices, "naive").model is None


def test_a_model_is_saved_and_found_again(model: cf.Model) -> None:
    saved = model.save("my-dense")
    assert (saved.name, saved.shipped) == ("my-dense", False)
    assert saved.card == model.card
    assert cf.load("my-dense") == saved
    assert next(one.name for one in cf.models()) == "my-dense"
    with pytest.raises(AlreadyExists, match="A model named my-dense exists"):
        model.save("my-dense")
    assert model.save("my-dense", force=True) == saved
    with pytest.raises(AlreadyExists, match="a model of the project's own"):
        model.save(SHIPPED, force=True)
    with pytest.raises(InvalidInput, match="A model's name must be"):
        model.save("My model")
    with pytest.raises(InvalidInput, match=r"must be text. Received: PurePosixPath"):
        model.save(PurePosixPath("folder/model"))  # type: ignore[arg-type]


def test_a_shipped_model_can_be_saved_under_another_name() -> None:
    shipped = cf.load(SHIPPED)
    copied = shipped.save("mine")
    assert copied == shipped
    assert copied.card == shipped.card
    assert (shipped.shipped, copied.shipped) == (True, False)


def test_a_model_is_loaded_by_its_path(model: cf.Model, home: Path) -> None:
    model.save("somewhere")
    path = home / "models" / "somewhere"
    assert cf.load(path) == cf.load(str(path)) == model
    assert cf.load(path).name == "somewhere"
    for absent in ("nowhere", home / "nowhere"):
        with pytest.raises(UnknownModel, match="No saved model is named nowhere"):
            cf.load(absent)
    with pytest.raises(InvalidInput, match=r"by its name or by the path .* Received: int"):
        cf.load(5)  # type: ignore[arg-type]


def test_models_are_those_of_the_command_line(run: Command) -> None:
    listed = run("models", "list")
    assert [one.name for one in cf.models()] == [one["name"] for one in listed]  # type: ignore[index]
    assert {one.name for one in cf.models() if one.shipped} >= {SHIPPED, "btc-1h-dense"}


def test_a_model_says_what_it_is(model: cf.Model) -> None:
    assert repr(model) == "Model(not saved, dense, BTC 1h, 1 step, reads 9 candles)"
    assert repr(cf.load("btc-1h-dense")).startswith("Model('btc-1h-dense', dense, BTC 1h, 24 steps")
    assert model.spec.units == (4,)


def test_a_notebook_shows_the_models_verdict_first(model: cf.Model) -> None:
    text = model._repr_html_()
    assert "<strong>" in text.partition("</p>")[0]
    assert "price" in text.partition("</strong>")[0]
    odd = cf.Model(synthetic.model(coin="<b>", source="<script>"), "x")
    assert "<b>" not in odd._repr_html_()
    assert "<script>" not in odd._repr_html_()


def test_models_are_compared_by_their_weights(model: cf.Model, prices: cf.Prices) -> None:
    one, other = (cf.Model(synthetic.model(seed=seed)) for seed in (0, 1))
    assert one == cf.Model(synthetic.model(seed=0), "another name", True)
    assert one != other
    assert model != prices
    assert hash(one) != hash(other)
    squared = synthetic.spec(loss="mse")
    assert cf.Model(synthetic.model(squared)) == cf.Model(synthetic.model(squared))


def test_models_are_copied_and_pickled(model: cf.Model, prices: cf.Prices) -> None:
    for again in (copy.copy(model), copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert again == model
        assert again.card == model.card
        assert again.forecast(prices) == model.forecast(prices)


@pytest.mark.parametrize(
    ("network", "options", "reason"),
    [
        ("naive", {}, "Only an lstm or a dense network is trained. Received: 'naive'"),
        (SHIPPED, {}, "Only an lstm or a dense network is trained"),
        ("dense", {"folds": 2}, "A network is trained once. Received: `folds`"),
        ("dense", {"warm_start": True}, "Received: `warm_start`"),
        ("dense", {"lookback": 1}, "`lookback` must be between"),
        ("dense", {"preset": "magic"}, "`preset` must be one of"),
    ],
)
def test_what_can_not_be_trained_is_refused(
    prices: cf.Prices, network: str, options: dict[str, object], reason: str
) -> None:
    with pytest.raises(InvalidInput, match=reason):
        cf.train(prices, network, **options)  # type: ignore[arg-type]


def test_a_network_is_not_trained_on_a_frame() -> None:
    with pytest.raises(InvalidInput, match=r"must be Prices. Received: DataFrame"):
        cf.train(pd.DataFrame({"close": [1.0]}))  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match=r"must be Prices. Received: DataFrame"):
        cf.load(SHIPPED).forecast(pd.DataFrame({"close": [1.0]}))  # type: ignore[arg-type]


# ------------------------------------------------------------------ forecasts


def test_a_forecast_is_the_command_lines_and_the_services(file: Path, run: Command) -> None:
    options = ("--above", 110, "--above", 120.5, "--below", 90, "--touch", 115)
    answer = run("forecast", "--model", "btc-1h-dense", "--data", file, *options)
    model, prices = cf.load("btc-1h-dense"), cf.read(file)
    forecast = model.forecast(prices, above=[110, 120.5], below=90, touch=115)
    assert same(answer, forecast.to_dict())
    assert forecast.version == model.version == shared().saved_models.version("btc-1h-dense")
    assert cf.load(shared().settings.shipped / "btc-1h-dense").version == model.version
    steps = shared().forecasts.next_steps(prices.history, model.network)
    np.testing.assert_array_equal(forecast.frame()["q0.9"], steps.forecast.quantile_prices[0, :, 6])


def test_a_forecast_is_a_row_a_step(forecast: cf.Forecast, prices: cf.Prices) -> None:
    frame = forecast.frame()
    assert len(forecast) == len(frame) == 24
    assert [*frame.columns] == [
        "step", "time", "closes_at", "median", "mean", "q0.025", "q0.05", "q0.1", "q0.25", "q0.5",
        "q0.75", "q0.9", "q0.95", "q0.975",
    ]  # fmt: skip
    assert frame["step"].tolist() == [*range(1, 25)]
    assert frame["time"].iloc[0] == prices.history.end + pd.Timedelta(hours=1)
    assert ((frame["closes_at"] - frame["time"]) == pd.Timedelta(hours=1)).all()
    assert (frame["median"] == frame["q0.5"]).all()
    assert (frame["q0.025"] < frame["q0.975"]).all()


def test_the_layout_of_nixtla_has_the_same_numbers(
    forecast: cf.Forecast, prices: cf.Prices
) -> None:
    frame, usual, name = forecast.frame("nixtla"), forecast.frame(), forecast.predictor
    bands = [f"{name}-{end}-{level}" for level in (50, 80, 90, 95) for end in ("lo", "hi")]
    assert [*frame.columns] == ["unique_id", "ds", "cutoff", name, *bands]
    assert (frame["unique_id"] == prices.coin).all()
    assert (frame["cutoff"] == prices.history.end).all()
    same_columns = {
        "ds": "time", name: "median",
        f"{name}-lo-95": "q0.025", f"{name}-lo-50": "q0.25", f"{name}-hi-80": "q0.9",
    }  # fmt: skip
    for ours, theirs in same_columns.items():
        assert (frame[ours] == usual[theirs]).all(), ours
    with pytest.raises(InvalidInput, match=r"`style` must be cf or nixtla\. Received: 'wide'"):
        forecast.frame("wide")


def test_probabilities_are_a_row_a_price_and_step(forecast: cf.Forecast) -> None:
    frame = forecast.probabilities
    assert len(frame) == 3 * 24
    assert frame.groupby(["direction", "level"], sort=False).size().index.tolist() == [
        ("above", 110.0), ("above", 120.5), ("below", 90.0),
    ]  # fmt: skip
    assert frame["probability"].between(0.01, 0.99).all()
    assert frame["time"].iloc[:24].tolist() == forecast.frame()["time"].tolist()
    certain = cf.load(SHIPPED).forecast(cf.Prices(synthetic.history()), above=[1, 1e6], touch=1e6)
    assert [*certain.probabilities["probability"]] == [0.99, 0.01]
    assert [*certain.touch["probability"]] == [0.01]
    none = cf.load(SHIPPED).forecast(cf.Prices(synthetic.history()))
    assert none.probabilities.empty
    assert [*none.probabilities.columns] == [*frame.columns]


def test_touches_are_a_row_a_price_and_step(forecast: cf.Forecast) -> None:
    frame = forecast.touch
    assert [*frame.columns] == ["price", "step", "time", "closes_at", "probability"]
    assert frame.groupby("price", sort=False).size().to_dict() == {115.0: 24, 85.0: 24}
    assert frame["probability"].between(0, 1).all()
    none = cf.load(SHIPPED).forecast(cf.Prices(synthetic.history()))
    assert none.touch.empty
    assert [*none.touch.columns] == [*frame.columns]


def test_paths_are_the_ones_that_touch(forecast: cf.Forecast) -> None:
    paths = forecast.paths()
    assert len(paths) == 1000 * 24
    highest = paths.groupby("path")["high"].max()
    touched = forecast.touch.set_index(["price", "step"])["probability"]
    assert (highest >= 115).mean() == pytest.approx(touched[115.0, 24], abs=0.01)
    again = pickle.loads(pickle.dumps(forecast))
    pd.testing.assert_frame_equal(again.paths(), paths)
    pd.testing.assert_frame_equal(again.touch, forecast.touch)


def test_a_forecast_warns(forecast: cf.Forecast) -> None:
    assert forecast.warnings == forecast.steps.warnings
    assert json.loads(json.dumps(forecast.to_dict()))["warnings"] == [*forecast.warnings]


def test_a_forecast_says_what_it_is(forecast: cf.Forecast) -> None:
    first, second = repr(forecast).split("\n")
    assert first == "Forecast(btc-1h-dense, BTC 1h, 24 steps after 2024-01-26 00:00 UTC)"
    assert second.startswith("by Sat 27 Jan 2024, 00:00 UTC: median $")
    assert ", 80 % band $" in second


def test_a_notebook_shows_the_verdict_on_the_forecast_first(forecast: cf.Forecast) -> None:
    model = cf.Model(synthetic.model(synthetic.spec()))
    shown = model.forecast(cf.Prices(synthetic.history()))
    assert shown.verdict is not None
    text = shown._repr_html_()
    sentence = html.escape(shown.verdict.sentence)
    assert f"<strong>{sentence}</strong>" in text.partition("</p>")[0]


def test_a_notebook_shows_no_verdict_where_prices_are_too_few(forecast: cf.Forecast) -> None:
    assert forecast.verdict is None
    text = forecast._repr_html_()
    assert "<strong>" not in text
    assert text.count("<tr") == 1 + 24


@pytest.mark.parametrize("name", ["stack", "dense", "har"])
def test_each_member_of_a_stack_forecasts_by_its_name(name: str) -> None:
    history, prices = cf.Model(synthetic.model(synthetic.spec())), cf.Prices(synthetic.history())
    shown = history.forecast(prices, predictor=name)
    assert shown.predictor == shown.to_dict()["predictor"] == name
    assert shown.verdict is not None
    assert (shown.verdict == history.backtest(prices).verdicts.get(name)) == (name != "har")
    members = ["dense", "har"] if name == "stack" else []
    assert list(shown.members) == ["step", *members]
    assert members == [each["name"] for each in shown.to_dict()["members"]]
    if members:
        np.testing.assert_allclose(shown.members[members].sum(axis=1), 1)


def test_a_forecast_is_drawn(forecast: cf.Forecast) -> None:
    assert "median" in {trace.name for trace in forecast.plot().data}


def test_forecasts_are_compared_copied_and_pickled(
    forecast: cf.Forecast, prices: cf.Prices
) -> None:
    model = cf.load("btc-1h-dense")
    levels = {"above": [110, 120.5], "below": 90}
    assert model.forecast(prices, **levels, touch=(115, 85)) == forecast
    assert model.forecast(prices, np.array([110, 120.5]), pd.Series([90]), [115, 85]) == forecast
    assert model.forecast(prices, **levels) != forecast
    assert model.forecast(prices) != forecast
    assert cf.load(SHIPPED).forecast(prices) != model.forecast(prices)
    for again in (
        copy.copy(forecast),
        copy.deepcopy(forecast),
        pickle.loads(pickle.dumps(forecast)),
    ):
        assert again == forecast
        assert hash(again) == hash(forecast)
        pd.testing.assert_frame_equal(again.frame(), forecast.frame())


def test_what_can_not_be_forecast_is_refused(prices: cf.Prices) -> None:
    model = cf.load("btc-1h-dense")
    with pytest.raises(NotEnoughData):
        model.forecast(cf.Prices(synthetic.history(100)))
    with pytest.raises(InvalidInput, match="A price level must be above 0"):
        model.forecast(prices, above=-5)
    for wrong in ("65000", [110, "120"], None, {"price": 1.0}, True):
        with pytest.raises(InvalidInput, match="`below` must be a price, or several"):
            model.forecast(prices, below=wrong)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="At most 40 price levels"):
        model.forecast(prices, above=range(1, 30), below=range(1, 30))
    with pytest.raises(InvalidInput, match="At most 40 price levels"):
        model.forecast(prices, above=range(1, 30), touch=range(1, 30))


# ------------------------------------------------------------------ forecasts by name


@pytest.mark.parametrize(("name", "horizon"), [("har", 6), ("naive", None)])
def test_a_baseline_forecasts_as_it_does_on_the_command_line(
    file: Path, run: Command, name: str, horizon: int | None
) -> None:
    forecast = cf.forecast(cf.read(file), name, horizon=horizon, above=110, touch=[115])
    options = () if horizon is None else ("--horizon", str(horizon))
    answer = run(
        "forecast", "--model", name, "--data", file, "--above", "110", "--touch", "115", *options
    )
    assert same(forecast.to_dict(), answer)
    assert forecast.network is None
    assert (forecast.predictor, len(forecast)) == (name, horizon or 1)
    assert pickle.loads(pickle.dumps(forecast)) == forecast


def test_a_forecast_by_name_is_that_of_the_model(prices: cf.Prices, forecast: cf.Forecast) -> None:
    levels = {"above": [110, 120.5], "below": 90, "touch": [115, 85]}
    for model in ("btc-1h-dense", cf.load("btc-1h-dense")):
        assert cf.forecast(prices, model, **levels) == forecast  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("model", "options", "words"),
    [
        ("har", {"signals": "fear_greed"}, "Received: fear_greed for har"),
        ("har", {"horizon": 49}, "must be 1 to 48 steps"),
        ("har", {"horizon": 2.5}, "must be a whole number. Received: 2.5"),
        ("btc-1h-dense", {"horizon": 2}, "must be 24, as the model was trained"),
        (3, {}, "must be a name or a Model. Received: int"),
    ],
)
def test_what_no_forecast_by_name_can_have_is_refused(
    prices: cf.Prices, model: object, options: dict[str, object], words: str
) -> None:
    with pytest.raises(InvalidInput, match=words):
        cf.forecast(prices, model, **options)  # type: ignore[arg-type]


def test_an_unknown_name_is_told_what_else_may_be_named(prices: cf.Prices) -> None:
    with pytest.raises(UnknownModel, match=r"may also be a baseline \(naive, cone"):
        cf.forecast(prices, "nope")
