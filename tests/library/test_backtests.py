"""Backtests: the command line's figures, in frames; and objects that say what they are."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import cryptoforecast as cf
from cryptoforecast.errors import AlreadyExists, InvalidInput, NotEnoughData, UnknownModel
from cryptoforecast.service import shared
from cryptoforecast.types import QUANTILES, Progress
from tests import synthetic
from tests.library.conftest import Command, same

QUICK = {
    "epochs": 1, "units": (4,), "lookback": 8, "unit": "fixed", "final": 0.0,
    "features": ("return", "hour"),
}  # fmt: skip
OPTIONS = (
    "--epochs", 1, "--units", 4, "--lookback", 8, "--unit", "fixed", "--final", 0,
    "--features", "return,hour",
)  # fmt: skip
SHIPPED = "btc-1h-lstm-close"


# ------------------------------------------------------------------ one figure everywhere


def test_a_baseline_scores_as_on_the_command_line_and_in_the_service(
    file: Path, run: Command
) -> None:
    answer = run("backtest", "--data", file, "--network", "har", "--horizon", 3)
    result = cf.backtest(cf.read(file), "har", horizon=3)
    assert same(answer, result.to_dict())
    service = shared().backtests
    direct = service.with_all_baselines(
        service.of_baseline(shared().prices.read(file, file.name), "har", 3)
    )
    assert result.verdict == direct.verdict
    for name, steps in direct.scores.items():
        for step, scores in enumerate(steps, start=1):
            row = result.scores.loc[(name, step)]
            np.testing.assert_array_equal(row, dataclasses.astuple(scores))


def test_a_network_scores_as_on_the_command_line(file: Path, run: Command) -> None:
    result = cf.backtest(cf.read(file), "dense", **QUICK)
    assert not result.result.cached
    answer = run("backtest", "--data", file, "--network", "dense", *OPTIONS)
    assert answer["cached"]
    assert same(answer, cf.backtest(cf.read(file), "dense", **QUICK).to_dict())
    assert answer["scores"] == json.loads(json.dumps(result.to_dict()["scores"]))


def test_a_walk_forward_scores_as_on_the_command_line(file: Path, run: Command) -> None:
    plan = ("--folds", 2, "--window", "sliding", "--window-rows", 300, "--gap", 5)
    answer = run("backtest", "--data", file, "--network", "drift", *plan)
    result = cf.backtest(cf.read(file), "drift", folds=2, window="sliding", window_rows=300, gap=5)
    assert same(answer, result.to_dict())
    assert "2 folds" in repr(result)
    assert result.model is None


def test_a_saved_model_scores_as_on_the_command_line(file: Path, run: Command) -> None:
    answer = run("backtest", "--data", file, "--model", SHIPPED, "--test", 0.3)
    prices = cf.read(file)
    result = cf.backtest(prices, SHIPPED, test=0.3)
    assert same(answer, result.to_dict())
    assert repr(result).startswith(f"Backtest({SHIPPED!r}, BTC 1h, ")
    assert result == cf.load(SHIPPED).backtest(prices, test=0.3)
    since = result.result.forecast.origins[0]
    later = cf.load(SHIPPED).backtest(prices, since=since, validation=0.16)
    assert later.scores.equals(result.scores)
    assert cf.backtest(prices, SHIPPED, since=str(since), validation=0.16).scores.equals(
        result.scores
    )
    assert result == cf.backtest(prices, cf.load(SHIPPED), test=0.3)
    assert result != cf.backtest(prices, SHIPPED)
    assert result.model == cf.load(SHIPPED)


def test_forecasts_are_those_that_the_command_line_writes(
    file: Path, run: Command, tmp_path: Path, drift: cf.Backtest
) -> None:
    target = tmp_path / "forecasts.parquet"
    run("backtest", "--data", file, "--network", "drift", "--horizon", 3, "--forecasts", target)
    written = pd.read_parquet(target)
    frame = drift.frame()
    assert [*frame.columns] == [*written.columns]
    apart = ["source", "origin", "time"]
    pd.testing.assert_frame_equal(frame.drop(columns=apart), written.drop(columns=apart))
    assert (frame["origin"] == written["origin"]).all()
    assert (frame["time"] == written["time"]).all()


def test_the_leaderboard_is_the_command_lines(file: Path, run: Command, drift: cf.Backtest) -> None:
    more = ("--leaderboard", "mae", "--against", "cone", "--step", 2)
    answer = run("backtest", "--data", file, "--network", "drift", "--horizon", 3, *more)
    board = drift.leaderboard("mae", 2, "cone")
    standings = answer["leaderboard"]["standings"]  # type: ignore[index]
    expected = pd.DataFrame(standings).astype(board.dtypes)
    pd.testing.assert_frame_equal(board, expected)
    last = drift.leaderboard()
    pd.testing.assert_frame_equal(last, drift.leaderboard("pinball", 3, "naive"))
    with pytest.raises(InvalidInput, match="`metric` must be one of"):
        drift.leaderboard("luck")
    with pytest.raises(InvalidInput, match=r"`against` must be one of naive, .*Received: 'nave'"):
        drift.leaderboard(against="nave")


# ------------------------------------------------------------------ tables


def test_nixtla_style_has_every_predictor_side_by_side(drift: cf.Backtest) -> None:
    frame = drift.frame("nixtla")
    names = [*drift.result.forecasts]
    bands = [f"{end}-{level}" for level in (50, 80, 90, 95) for end in ("lo", "hi")]
    columns = [column for n in names for column in (n, *(f"{n}-{band}" for band in bands))]
    assert [*frame.columns] == ["unique_id", "ds", "cutoff", "y", *columns]
    origins = len(drift.result.forecast)
    assert len(frame) == origins * 3
    assert (frame["unique_id"] == "BTC").all()
    assert frame[["cutoff", "ds"]].apply(tuple, axis=1).is_monotonic_increasing
    assert not frame.duplicated(["unique_id", "cutoff", "ds"]).any()
    assert ((frame["ds"] - frame["cutoff"]) / pd.Timedelta(hours=1)).tolist() == [1, 2, 3] * origins


def test_both_styles_have_the_same_numbers(drift: cf.Backtest) -> None:
    cf_style = drift.frame().sort_values(["origin", "step"], ignore_index=True)
    nixtla = drift.frame("nixtla")
    same_columns = {
        "ds": "time", "cutoff": "origin", "y": "actual", "drift": "predicted",
        "drift-lo-95": "q0.025", "drift-lo-90": "q0.05", "drift-lo-80": "q0.1",
        "drift-lo-50": "q0.25", "drift-hi-50": "q0.75", "drift-hi-80": "q0.9",
        "drift-hi-90": "q0.95", "drift-hi-95": "q0.975",
    }  # fmt: skip
    for ours, theirs in same_columns.items():
        assert (nixtla[ours] == cf_style[theirs]).all(), ours
    closes = drift.result.history.candles["close"]
    assert (closes.loc[nixtla["ds"]].to_numpy() == nixtla["y"]).all()
    assert (closes.loc[nixtla["cutoff"]].to_numpy() == nixtla["naive"]).all()


def test_times_skip_a_gap_in_both_styles() -> None:
    history = synthetic.parted(synthetic.history(), {550: 5})
    result = cf.backtest(cf.Prices(history), "naive", horizon=2)
    frame, ours = result.frame("nixtla"), result.frame()
    assert sorted(frame["ds"]) == sorted(ours["time"])
    assert frame["ds"].isin(history.candles.index).all()


def test_scores_are_a_row_a_predictor_and_step(drift: cf.Backtest) -> None:
    scores = drift.scores
    assert scores.index.names == ["predictor", "step"]
    assert [*scores.index.unique("predictor")] == [*drift.result.forecasts]
    assert scores.index.unique("step").tolist() == [1, 2, 3]
    frame = drift.frame("nixtla")
    third = frame.iloc[2::3]
    assert scores.loc[("drift", 3), "mae"] == pytest.approx(
        (third["drift"] - third["y"]).abs().mean()
    )
    inside = third["y"].between(third["drift-lo-80"], third["drift-hi-80"]).mean()
    assert scores.loc[("drift", 3), "coverage_80"] == pytest.approx(inside)
    assert np.isnan(scores.loc[("naive", 3), "directional_accuracy"])


def test_another_style_is_refused(drift: cf.Backtest) -> None:
    with pytest.raises(InvalidInput, match=r"`style` must be cf or nixtla. Received: 'darts'"):
        drift.frame("darts")


# ------------------------------------------------------------------ what it shows


def test_a_backtest_says_its_verdict(drift: cf.Backtest) -> None:
    first, second = repr(drift).split("\n")
    assert first == f"Backtest(drift, BTC 1h, {len(drift.result.forecast)} origins, 3 steps)"
    assert second == str(drift.verdict) == drift.verdict.sentence
    assert drift.notes == drift.result.notes


def test_a_notebook_shows_the_verdict_first(prices: cf.Prices) -> None:
    history = dataclasses.replace(prices.history, notes=("<i>note</i>",), simulated=True)
    result = cf.backtest(cf.Prices(history), "naive")
    text = result._repr_html_()
    verdict = '<p class="tex2jax_ignore mathjax_ignore"><strong>This is the last price itself'
    assert text.startswith(verdict)
    assert "<i>" not in text
    assert "&lt;i&gt;note&lt;/i&gt;" in text
    assert "simulated" in text
    assert text.count("<tr") == 2 + 6


def test_a_backtest_is_drawn(drift: cf.Backtest) -> None:
    figure = drift.plot(2)
    assert {trace.name for trace in figure.data} >= {"actual", "predicted"}
    with pytest.raises(InvalidInput):
        drift.plot(4)


def test_a_report_is_written_once(drift: cf.Backtest, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    assert drift.html(path) == path
    assert drift.verdict.sentence.split(":")[0] in path.read_text("utf-8")
    with pytest.raises(AlreadyExists):
        drift.html(str(path))
    assert drift.html(str(path), force=True) == path
    with pytest.raises(InvalidInput, match=r"must end in .html"):
        drift.html(tmp_path / "report.txt")


def test_to_dict_is_plain_json(drift: cf.Backtest) -> None:
    assert json.loads(json.dumps(drift.to_dict()))["verdict"]["baseline"] == "naive"


# ------------------------------------------------------------------ what it is


def test_backtests_are_compared_by_their_forecasts(prices: cf.Prices, drift: cf.Backtest) -> None:
    again = cf.backtest(prices, "drift", horizon=3)
    assert again is not drift
    assert again == drift
    assert hash(again) == hash(drift)
    assert drift != cf.backtest(prices, "drift", horizon=2)
    assert drift != cf.backtest(prices, "naive", horizon=3)
    assert drift != prices


def test_backtests_are_copied_and_pickled(drift: cf.Backtest) -> None:
    for again in (copy.copy(drift), copy.deepcopy(drift), pickle.loads(pickle.dumps(drift))):
        assert again == drift
        assert repr(again) == repr(drift)
        assert again.verdict == drift.verdict
        assert hash(again.verdict) == hash(drift.verdict)
        pd.testing.assert_frame_equal(again.scores, drift.scores)


def test_a_verdict_with_undefined_figures_equals_its_copy(prices: cf.Prices) -> None:
    verdict = cf.backtest(prices, "cone").verdict
    assert np.isnan(verdict.p_value)
    assert pickle.loads(pickle.dumps(verdict)) == verdict
    assert verdict != cf.backtest(prices, "drift").verdict
    assert verdict != verdict.sentence


# ------------------------------------------------------------------ settings


def test_progress_is_reported_and_the_cache_can_be_passed_by(prices: cf.Prices) -> None:
    seen: list[Progress] = []
    first = cf.backtest(prices, "dense", progress=seen.append, **QUICK)
    assert seen
    assert seen[-1].done == 1
    count = len(seen)
    assert cf.backtest(prices, "dense", progress=seen.append, **QUICK).result.cached
    assert len(seen) == count
    again = cf.backtest(prices, "dense", progress=seen.append, cache=False, **QUICK)
    assert len(seen) > count
    assert not again.result.cached
    assert again == first


def test_lists_are_taken_for_tuples(prices: cf.Prices) -> None:
    lists = {**QUICK, "units": [4], "features": ["return", "hour"]}
    assert cf.backtest(prices, "dense", **lists) == cf.backtest(prices, "dense", **QUICK)


def test_numbers_of_numpy_are_taken_for_those_of_python(prices: cf.Prices) -> None:
    result = cf.backtest(
        prices, "drift", horizon=np.int64(2), folds=np.int64(2), test=np.float64(0.3)
    )
    assert result == cf.backtest(prices, "drift", horizon=2, folds=2, test=0.3)


@pytest.mark.parametrize("wrong", [pd.DataFrame({"close": [1]}), pd.Series([1])])
def test_a_frame_is_refused_with_the_way_to_prices(wrong: object) -> None:
    with pytest.raises(InvalidInput, match=r"must be Prices. Received: \w+. Make them of it: "
                       r"cryptoforecast.from_frame\(df"):  # fmt: skip
        cf.backtest(wrong, "naive")  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [None, "BTC", synthetic.history(30)])
def test_anything_else_is_refused_too(wrong: object) -> None:
    with pytest.raises(InvalidInput, match=r"Use cryptoforecast.fetch, read or from_frame"):
        cf.backtest(wrong, "naive")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("model", "options", "reason"),
    [
        (5, {}, "`model` must be a name or a Model. Received: int"),
        ("Naive!", {}, "A model's name must be"),
        ("drift", {"horizon": 0}, "`horizon` must be between"),
        ("drift", {"horizon": 1.5}, "`horizon` must be of type int"),
        ("drift", {"colour": "red"}, "Unknown setting. Received: colour. .* preset, .*lookback"),
        ("dense", {"network": "lstm"}, "Unknown setting. Received: network"),
        ("drift", {"folds": 0}, "`folds` must be between"),
        ("drift", {"folds": 2.0}, "`folds` must be of type int. Received: 2.0"),
        ("drift", {"refit_every": 0}, "`refit_every` must be at least"),
        ("drift", {"refit_every": 9.0}, "`refit_every` must be of type int. Received: 9.0"),
        ("drift", {"refit_every": 90, "folds": 2}, "`folds` or `refit_every`. Received: both"),
        (SHIPPED, {"refit_every": 90}, "Received: `refit_every` 90"),
        ("drift", {"window": 3}, "`window` must be of type str. Received: 3"),
        ("drift", {"warm_start": True}, "`warm_start` needs a network"),
        ("dense", {"preset": "magic"}, "`preset` must be one of"),
        ("dense", {"features": "return"}, "`features` must be a tuple of names"),
        (SHIPPED, {"since": "soon"}, "`since` must be .*, or cutoff. Received: 'soon'"),
        (SHIPPED, {"since": 5}, "`since` must be .* Received: 5"),
        (SHIPPED, {"since": "2024-01-10", "test": 0.2}, "`test` or `since`. Received: both"),
        ("har", {"since": "cutoff"}, "Unknown setting. Received: since"),
        (SHIPPED, {"horizon": 5}, "keeps its own settings, .* Received: `horizon` 5"),
        (SHIPPED, {"folds": 3}, "Received: `folds` 3"),
        (SHIPPED, {"epochs": 3}, "Received: `epochs` 3"),
        (SHIPPED, {"test": 2.0}, "`test` must be between"),
    ],
)
def test_what_can_not_be_tested_is_refused(
    prices: cf.Prices, model: object, options: dict[str, object], reason: str
) -> None:
    with pytest.raises(InvalidInput, match=reason):
        cf.backtest(prices, model, **options)  # type: ignore[arg-type]


def test_an_unknown_model_names_all_that_there_are(prices: cf.Prices) -> None:
    with pytest.raises(
        UnknownModel, match=r"btc-1h-dense.*a network \(lstm, dense\).*\(naive, cone"
    ):
        cf.backtest(prices, "prophet")


def test_too_few_prices_are_refused() -> None:
    with pytest.raises(NotEnoughData):
        cf.backtest(cf.Prices(synthetic.history(60)), "naive")


def test_a_model_of_its_own_horizon_may_be_told_it() -> None:
    model, prices = cf.load("btc-1h-dense"), cf.Prices(synthetic.history(900))
    assert cf.backtest(prices, model, horizon=24) == cf.backtest(prices, model)


# ------------------------------------------------------------------ closes alone


@pytest.fixture(scope="module")
def closes() -> cf.Prices:
    candles = synthetic.history().candles
    return cf.from_frame(candles[["close"]], coin="BTC")


def test_closes_alone_are_tested(closes: cf.Prices, tmp_path: Path) -> None:
    result = cf.backtest(closes, "drift")
    assert result.scores.loc["cone", "pinball"].isna().all()
    assert np.isfinite(result.verdict.skill)
    assert result.leaderboard()["predictor"].iloc[-1] == "cone"
    result.plot()
    result.html(tmp_path / "report.html")
    assert "The volatility cone" in result._repr_html_()
    assert cf.backtest(closes, "dense", **QUICK).verdict.sentence


def test_what_reads_ranges_alone_is_refused_on_closes(closes: cf.Prices) -> None:
    with pytest.raises(InvalidInput, match="`cone` reads the range within a candle"):
        cf.backtest(closes, "cone")
    with pytest.raises(InvalidInput, match="`range` reads the range within a candle"):
        cf.backtest(closes, "dense", **{**QUICK, "features": ("return", "range")})


def test_every_quantile_is_an_end_of_a_band() -> None:
    from cryptoforecast.service.forecast_tables import LEVELS

    ends = {QUANTILES[i] for pair in LEVELS.values() for i in pair}
    assert ends == set(QUANTILES) - {0.5}
    assert [*LEVELS] == [50, 80, 90, 95]
