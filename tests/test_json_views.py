"""The JSON holds every key of the contract, the library's own numbers, and no NaN."""

import dataclasses
import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptoforecast import json_views
from cryptoforecast.evaluation import backtest, walk_forward
from cryptoforecast.learning import inference, specs
from cryptoforecast.types import (
    INTERVALS,
    QUANTILES,
    Calibration,
    Extremes,
    Member,
    NextSteps,
    Probability,
    Problem,
    QualityReport,
    SavedModel,
    Scores,
    Touch,
    Verdict,
    WalkPlan,
)
from tests import synthetic

DATA = {"coin", "interval", "source", "simulated", "rows", "start", "end", "fingerprint"}
FIGURES = {
    "mae", "rmse", "mape", "smape", "mase", "directional_accuracy", "pinball", "coverage_80",
    "coverage_95",
}  # fmt: skip


@pytest.fixture(scope="module")
def result():
    history = synthetic.history()
    model = synthetic.model(synthetic.spec(network="lstm", horizon=3))
    return backtest.holdout(history, model.spec, model, cached=True)


def future(loss="quantile", horizon=2, interval="1h", **changes):
    history = synthetic.lasting(synthetic.history(**changes), interval)
    model = synthetic.model(synthetic.spec(loss=loss, horizon=horizon))
    last = len(history) - 1
    forecast = inference.forecast(model, history, range(last, last + 1))
    return NextSteps("mine", history, forecast, ("Beware.",))


def as_read(value):
    """The value after a strict JSON writer and a reader."""
    return json.loads(json.dumps(value, allow_nan=False))


def test_a_backtest_has_every_key_of_the_contract(result):
    answer = as_read(json_views.backtest_json(result))
    assert answer["data"].keys() >= DATA
    assert answer["spec"].keys() == {field.name for field in dataclasses.fields(result.spec)}
    assert answer["split"].keys() == {
        "train_rows", "validation_rows", "test_origins", "test_start", "test_end"
    }  # fmt: skip
    assert answer["training"].keys() >= {"epochs", "seconds", "targets_per_second"}
    assert answer["scores"].keys() == result.scores.keys() >= {"naive", "cone", "lstm"}
    for scores in answer["scores"].values():
        assert scores.keys() == FIGURES | {"by_step"}
        assert [step.keys() for step in scores["by_step"]] == [FIGURES | {"step"}] * 3
    assert answer["verdict"].keys() == {
        "baseline", "metric", "skill", "ci_low", "ci_high", "p_value", "beats_baseline", "sentence",
        "band_skill", "band_ci_low", "band_ci_high", "low", "high", "band_low", "band_high",
    }  # fmt: skip


def test_a_backtest_has_the_librarys_numbers(result):
    answer = json_views.backtest_json(result)
    index = result.history.candles.index
    assert answer["split"] == {
        "train_rows": 384,
        "validation_rows": 96,
        "test_origins": len(result.forecast),
        "test_start": index[480].isoformat(),
        "test_end": index[-1].isoformat(),
    }
    steps = answer["scores"]["lstm"]["by_step"]
    assert [step["mae"] for step in steps] == [s.mae for s in result.scores["lstm"]]
    assert answer["scores"]["lstm"]["mae"] == result.scores["lstm"][2].mae
    assert answer["scores"]["naive"]["directional_accuracy"] is None
    assert answer["verdict"] == answer["verdicts"]["stack"]
    assert {name: each["skill"] for name, each in answer["verdicts"].items()} == {
        "stack": result.verdict.skill,
        "lstm": result.verdicts["lstm"].skill,
    }
    assert answer["spec"]["units"] == [4]
    assert (answer["cached"], answer["model"]) == (True, None)


def test_saved_models_and_baselines_have_no_training(result):
    saved = json_views.backtest_json(result, saved="mine")
    assert (saved["training"], saved["model"]) == (None, "mine")
    history = synthetic.history()
    baseline = backtest.holdout(history, synthetic.spec(network="cone", training="windows"))
    assert json_views.backtest_json(baseline)["training"] is None


@pytest.fixture(scope="module")
def tested():
    spec = specs.make(network="cone", horizon=2)
    plan = WalkPlan(folds=3, gap=5)
    return walk_forward.run(synthetic.history(900), spec, plan, baselines=("naive",))


def test_a_walk_forward_test_has_the_spans_of_each_fold(tested):
    answer = as_read(json_views.walk_forward_json(tested))
    index = tested.backtest.history.candles.index
    assert answer["walk_forward"] == dataclasses.asdict(tested.plan) | {"without_target": 2}
    assert answer["training"] is None
    for entry, fold in zip(answer["folds"], tested.folds, strict=True):
        split = fold.split
        train, validation = (
            index[split.first : split.train_end], index[split.train_end : split.fit_end],
        )  # fmt: skip
        test = index[split.test_start : fold.end]
        assert test[0] - validation[-1] > pd.Timedelta(hours=3)
        assert {name: entry[name] for name in entry if name not in ("scores",)} == {
            "train_start": train[0].isoformat(),
            "train_end": train[-1].isoformat(),
            "validation_end": validation[-1].isoformat(),
            "test_start": test[0].isoformat(),
            "test_end": test[-1].isoformat(),
            "train_rows": len(train),
            "validation_rows": len(validation),
            "origins": len(split.test_origins()),
            "training": None,
            "cached": False,
            "warm_start": False,
        }
        assert entry["scores"]["cone"]["mae"] == fold.scores["cone"][-1].mae


def test_the_training_of_a_walk_forward_test_adds_its_fits_up(tested):
    model = synthetic.model(synthetic.spec())

    def fold(epochs, seconds, speed):
        record = dataclasses.replace(
            model.record, epochs=epochs, seconds=seconds, targets_per_second=speed, best_epoch=1
        )
        return dataclasses.replace(tested.folds[0], model=dataclasses.replace(model, record=record))

    folds = (fold(3, 1.5, 100.0), fold(4, 2.0, 400.0), fold(5, 2.5, 250.0))
    answer = json_views.walk_forward_json(dataclasses.replace(tested, folds=folds))
    assert answer["training"] == {
        "epochs": 12, "seconds": 6.0, "targets_per_second": 250.0, "best_epoch": None
    }  # fmt: skip
    assert [entry["training"]["epochs"] for entry in answer["folds"]] == [3, 4, 5]
    two = json_views.walk_forward_json(dataclasses.replace(tested, folds=folds[:2]))
    assert two["training"]["epochs"] == 7
    single = json_views.walk_forward_json(dataclasses.replace(tested, folds=folds[:1]))
    assert single["training"] == {
        "epochs": 3, "seconds": 1.5, "targets_per_second": 100.0, "best_epoch": 1
    }  # fmt: skip


def test_a_forecast_has_one_entry_a_step():
    coming = future(horizon=3)
    answer = as_read(json_views.forecast_json(coming, "quantile"))
    assert answer.keys() >= {"model", "data", "origin", "last_close", "steps", "warnings"}
    history = coming.history
    assert answer["origin"] == history.end.isoformat()
    assert answer["last_close"] == history.candles["close"].iloc[-1]
    assert answer["warnings"] == ["Beware."]
    assert [step["step"] for step in answer["steps"]] == [1, 2, 3]
    assert [pd.Timestamp(step["time"]) for step in answer["steps"]] == [
        history.end + pd.Timedelta(hours=k) for k in (1, 2, 3)
    ]
    for step, points in zip(answer["steps"], coming.forecast.predicted[0], strict=True):
        assert list(step["quantiles"]) == [
            "0.025", "0.05", "0.1", "0.25", "0.5", "0.75", "0.9", "0.95", "0.975"
        ]  # fmt: skip
        prices = list(step["quantiles"].values())
        assert prices == sorted(prices)
        assert step["median"] == step["quantiles"]["0.5"] == points
        assert prices[0] < step["mean"] < prices[-1]


def test_a_forecast_names_its_predictor_its_members_and_its_verdict(result):
    coming = future(horizon=2)
    answer = as_read(json_views.forecast_json(coming, "quantile"))
    assert (answer["predictor"], answer["members"], answer["verdict"]) == ("dense", [], None)
    members = Member("dense", np.array([0.25, np.nan])), Member("har", np.array([0.75, np.nan]))
    stacked = dataclasses.replace(coming, members=members)
    answer = as_read(json_views.forecast_json(stacked, "quantile", verdict=result.verdict))
    assert answer["members"] == [
        {"name": "dense", "weight": [0.25, None]}, {"name": "har", "weight": [0.75, None]},
    ]  # fmt: skip
    assert answer["verdict"] == as_read(json_views.verdict_json(result.verdict))


def test_the_calibration_of_the_band_has_its_factors():
    coming = future(horizon=2)
    assert json_views.forecast_json(coming, "quantile")["calibration"] is None
    factors = np.arange(18.0).reshape(2, 9)
    since = pd.Timestamp("2024-01-03", tz="UTC")
    calibrated = dataclasses.replace(coming, calibration=Calibration(4000, 321, since, factors))
    answer = as_read(json_views.forecast_json(calibrated, "quantile"))["calibration"]
    assert (answer["window"], answer["outcomes"]) == (4000, 321)
    assert answer["since"] == "2024-01-03T00:00:00+00:00"
    assert answer["factors"]["0.025"] == [0, 9]
    assert answer["factors"]["0.975"] == [8, 17]


@pytest.mark.parametrize(
    ("interval", "first", "last"),
    [
        ("1h", "2024-01-26T01:00:00+00:00", "2024-01-26T03:00:00+00:00"),
        ("1d", "2025-08-24T00:00:00+00:00", "2025-08-26T00:00:00+00:00"),
        ("1w", "2035-07-09T00:00:00+00:00", "2035-07-23T00:00:00+00:00"),
    ],
)
def test_each_step_says_when_its_close_is_known(interval, first, last):
    coming = future(horizon=3, interval=interval)
    level = Probability(65_000.0, "above", np.array([0.25, 0.5, 0.75]))
    answer = as_read(json_views.forecast_json(coming, "quantile", [level]))
    length = INTERVALS[interval]
    for steps in (answer["steps"], answer["odds"][0]["steps"]):
        assert [step["closes_at"] for step in (steps[0], steps[-1])] == [first, last]
        for step in steps:
            assert pd.Timestamp(step["closes_at"]) - pd.Timestamp(step["time"]) == length
    origin = pd.Timestamp(answer["origin_closes_at"])
    assert origin == pd.Timestamp(answer["origin"]) + length
    assert pd.Timestamp(answer["steps"][0]["closes_at"]) == origin + length


def test_undefined_chances_of_touching_are_null():
    coming = future(horizon=2)
    touch = Touch(65_000.0, np.array([0.25, math.nan]))
    values = np.full((2, 9), math.nan)
    answer = as_read(
        json_views.forecast_json(coming, "quantile", (), [touch], Extremes(values, values, values))
    )
    assert answer["touch"] == [{"price": 65_000, "probability": [0.25, None]}]
    assert answer["extremes"][1]["closes_at"] == answer["steps"][1]["closes_at"]
    for name in ("high", "low", "largest_fall"):
        assert answer["extremes"][0][name]["0.5"] is None


def test_probabilities_are_no_more_certain_than_what_is_known():
    coming = future(horizon=2)
    one = Probability(65_000.0, "above", np.array([0.0, 0.5]))
    touch = Touch(65_000.0, np.array([0.999, 1.0]))
    answer = as_read(json_views.forecast_json(coming, "quantile", [one], [touch]))
    assert [step["probability"] for step in answer["odds"][0]["steps"]] == [0.01, 0.5]
    assert answer["touch"][0]["probability"] == [0.99, 0.99]


def test_undefined_odds_are_null():
    coming = future(horizon=2)
    one = Probability(65_000.0, "below", np.array([0.25, math.nan]))
    (answer,) = as_read(json_views.forecast_json(coming, "quantile", [one]))["odds"]
    steps = json_views.forecast_json(coming, "quantile")["steps"]
    times, close = [step["time"] for step in steps], steps[-1]["closes_at"]
    assert answer == {
        "level": 65_000,
        "direction": "below",
        "steps": [
            {"step": 1, "time": times[0], "closes_at": times[1], "probability": 0.25},
            {"step": 2, "time": times[1], "closes_at": close, "probability": None},
        ],
    }


def test_the_mean_of_squared_error_is_its_point_forecast():
    coming = future("mse")
    answer = json_views.forecast_json(coming, "mse")
    assert [step["mean"] for step in answer["steps"]] == coming.forecast.predicted[0].tolist()


def test_a_missing_band_is_null():
    coming = future("mse")
    empty = np.full_like(coming.forecast.quantiles, math.nan)
    coming = dataclasses.replace(
        coming, forecast=dataclasses.replace(coming.forecast, quantiles=empty)
    )
    step = as_read(json_views.forecast_json(coming, "mse"))["steps"][0]
    assert step["median"] is None
    assert set(step["quantiles"].values()) == {None}
    assert step["mean"] == coming.forecast.predicted[0, 0]


@pytest.mark.parametrize("simulated", [True, False])
def test_every_answer_says_whether_prices_are_simulated(simulated):
    history = synthetic.history(simulated=simulated)
    assert json_views.data_json(history)["simulated"] is simulated
    assert json_views.forecast_json(future(simulated=simulated), "quantile")["data"][
        "simulated"
    ] is (simulated)
    card = synthetic.model(simulated=simulated)
    assert json_views.model_json(SavedModel("a", False, card).summary)["simulated"] is simulated


def test_every_answer_says_what_its_prices_are_in():
    for quote in ("USD", "EUR", "BTC"):
        history = synthetic.history(quote=quote)
        assert json_views.data_json(history)["quote"] == quote
        answer = json_views.inspect_json(history)
        assert (answer["coin"], answer["quote"], answer["source"]) == (
            "BTC",
            quote,
            "file test.csv",
        )
        card = synthetic.model(quote=quote)
        model = json_views.model_json(SavedModel("a", False, card).summary)
        assert model["quote"] == model["data"]["quote"] == quote


def test_the_age_of_prices_counts_from_when_the_source_was_asked():
    time = pd.Timestamp.now("UTC") - pd.Timedelta("3D")
    old = synthetic.history(source="yahoo", fetched_at=time)
    assert json_views.data_json(old)["age_seconds"] == pytest.approx(3 * 86_400, abs=60)
    ahead = synthetic.history(source="yahoo", fetched_at=time + pd.Timedelta("9D"))
    assert json_views.data_json(ahead)["age_seconds"] == 0
    assert json_views.data_json(synthetic.history(fetched_at=time))["age_seconds"] is None


def test_the_mean_of_quantiles_integrates_the_quantile_function():
    prices = np.array([[90.0, 92, 95, 98, 100, 103, 107, 112, 120], [5.0] * 9])
    # By hand: many probabilities, the quantile of each, their average.
    many = (np.arange(200_000) + 0.5) / 200_000
    expected = [np.interp(many, QUANTILES, row).mean() for row in prices]
    np.testing.assert_allclose(json_views.mean_of_quantiles(prices), expected, rtol=1e-9)


@given(st.lists(st.floats(1e-6, 1e6), min_size=9, max_size=9).map(sorted))
def test_the_mean_of_quantiles_lies_within_them(row):
    mean = json_views.mean_of_quantiles(np.array([row]))[0]
    assert row[0] * (1 - 1e-12) <= mean <= row[-1] * (1 + 1e-12)


def test_a_model_has_every_key_of_the_contract():
    card = {"scores": {"lstm": {"mae": 1.5, "directional_accuracy": math.nan, "mase": None}}}
    model = synthetic.model(synthetic.spec(network="lstm"), **card)
    answer = as_read(json_views.model_json(SavedModel("mine", True, model).summary))
    assert answer.keys() >= {
        "name", "network", "interval", "coin", "quote", "scope", "features", "lookback", "horizon",
        "needs", "cutoff", "created", "shipped", "simulated", "scores",
    }  # fmt: skip
    assert (answer["name"], answer["shipped"], answer["network"]) == ("mine", True, "lstm")
    assert answer["needs"] == model.card.needs
    assert answer["parameters"] == sum(array.size for array in model.weights)
    assert answer["scores"]["lstm"] == {"mae": 1.5, "directional_accuracy": None, "mase": None}
    assert answer["verdict"] is None
    verdict = "Beats the last price."
    model = synthetic.model(synthetic.spec(network="lstm"), verdict=verdict)
    answer = as_read(json_views.model_json(SavedModel("mine", True, model).summary))
    assert answer["verdict"] == verdict


def test_an_inspected_file_has_every_key_of_the_contract():
    quality = QualityReport(
        3, 2, 1, 4, 5, {"time": "s since 1970"}, (Problem("missing", 3, 17, "none"),)
    )
    history = synthetic.history(quality=quality)
    candles = history.candles.copy()
    candles.iloc[-1, candles.columns.get_loc("volume")] = math.nan
    history = dataclasses.replace(history, candles=candles)
    answer = as_read(json_views.inspect_json(history))
    assert answer["readable"] is True
    assert (answer["interval"], answer["rows"]) == ("1h", 600)
    assert (answer["start"], answer["end"]) == (history.start.isoformat(), history.end.isoformat())
    assert answer["first"] == {
        "time": history.start.isoformat(),
        **history.candles.iloc[0].to_dict(),
    }
    assert answer["last"]["volume"] is None
    counts = ("missing", "duplicates", "flat_tail", "ohlc_violations", "outliers")
    assert [answer[name] for name in counts] == [3, 2, 1, 4, 5]
    assert answer["decisions"] == {"time": "s since 1970"}
    assert answer["problems"] == [
        {
            "kind": "missing",
            "count": 3,
            "first_line": 17,
            "repair": "none",
            "detail": "",
            "repairs": [],
        }
    ]


def test_a_refused_file_has_the_same_keys():
    refused = as_read(json_views.unreadable_json("Mangled."))
    assert refused.keys() == json_views.inspect_json(synthetic.history()).keys()
    assert (refused["readable"], refused["reason"], refused["rows"]) == (False, "Mangled.", None)


def test_times_are_utc_in_whole_seconds():
    time = pd.Timestamp("2024-01-31T13:00:00.123456789", tz="Europe/Berlin")
    assert json_views.time_json(time) == "2024-01-31T12:00:00+00:00"


def test_scores_have_the_contracts_order_and_null_for_undefined():
    scores = (
        Scores(1.0, 2.0, 0.1, 0.1, math.inf, math.nan, 0.01, 0.8, 0.95),
        Scores(2.0, 3.0, 0.2, 0.2, 1.4, 0.4, 0.02, 0.7, 0.9),
        Scores(3.0, 4.0, 0.2, 0.2, 1.5, 0.5, 0.02, 0.7, 0.9),
    )
    result = json_views.scores_json(scores)
    keys = [
        "mae", "rmse", "mape", "smape", "mase", "directional_accuracy",
        "pinball", "coverage_80", "coverage_95",
    ]  # fmt: skip
    assert list(result) == [*keys, "by_step"]
    assert result["mae"] == 3.0
    first, _, last = result["by_step"]
    assert list(first) == ["step", *keys]
    assert (first["step"], first["mase"], first["directional_accuracy"]) == (1, None, None)
    assert last == {"step": 3, **json_views.step_json(scores[2])}
    assert "NaN" not in json.dumps(result, allow_nan=False)


def test_a_verdict_has_the_contracts_keys_and_null():
    verdict = Verdict("naive", "mae", 0.1, math.nan, math.inf, math.nan, False, "Too few.")
    result = json_views.verdict_json(verdict)
    assert json.loads(json.dumps(result, allow_nan=False)) == {
        "baseline": "naive", "metric": "mae", "skill": 0.1, "ci_low": None, "ci_high": None,
        "p_value": None, "beats_baseline": False, "sentence": "Too few.",
        "band_skill": None, "band_ci_low": None, "band_ci_high": None,
        "low": None, "high": None, "band_low": None, "band_high": None,
    }  # fmt: skip
    keys = "baseline metric skill ci_low ci_high p_value beats_baseline sentence"
    keys += " band_skill band_ci_low band_ci_high low high band_low band_high"
    assert list(result) == keys.split()
