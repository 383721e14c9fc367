"""All predictors forecast from the same origins; a test never changes a saved model."""

import dataclasses
import re

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.errors import InvalidInput, NotEnoughData
from cryptoforecast.evaluation import backtest
from cryptoforecast.evaluation.verdict import judge
from cryptoforecast.forecasting import network
from cryptoforecast.forecasting.baselines import BASELINES
from cryptoforecast.learning import inference, samples, specs
from cryptoforecast.service import choices
from tests import synthetic

SPEC = synthetic.spec(horizon=3)
NAIVE = specs.make(network="naive", horizon=3)


@pytest.fixture
def history():
    return synthetic.history(700)


def test_all_predictors_are_judged_on_identical_origins(history):
    result = backtest.holdout(history, SPEC, synthetic.model(SPEC))
    rows = range(560, 697)
    assert result.split.test_origins() == rows
    assert list(result.forecasts) == [*BASELINES, "dense", "stack"]
    close = history.candles["close"].to_numpy()
    for name, forecast in result.forecasts.items():
        assert forecast.predictor == name
        assert forecast.origins.equals(history.candles.index[560:697])
        np.testing.assert_array_equal(forecast.close, close[560:697])
        assert forecast.quantiles.shape == (137, 3, 9)
        for i, row in enumerate(rows):
            np.testing.assert_array_equal(forecast.actual[i], close[row + 1 : row + 4])


def test_scores_and_verdict_are_of_these_forecasts(history):
    result = backtest.holdout(history, SPEC, synthetic.model(SPEC))
    scale = np.abs(np.diff(history.candles["close"].to_numpy()[: result.split.train_end])).mean()
    for name, scores in result.scores.items():
        assert len(scores) == 3
        last, forecast = scores[-1], result.forecasts[name]
        error = np.abs(forecast.actual[:, 2] - forecast.predicted[:, 2]).mean()
        assert last.mae == pytest.approx(error)
        assert last.mase == pytest.approx(error / scale)
    assert list(result.verdicts) == ["stack", "dense"]
    for name, verdict in result.verdicts.items():
        skill = 1 - result.scores[name][-1].mae / result.scores["naive"][-1].mae
        assert verdict.skill == pytest.approx(skill)
    assert result.predictor == "stack"
    assert result.forecast is result.forecasts["stack"]
    assert result.verdict is result.verdicts["stack"]
    assert result.network_sentences == (f"dense alone: {result.verdicts['dense'].sentence}",)


def test_a_network_is_judged_as_without_its_stack(history):
    model = synthetic.model(SPEC)
    result = backtest.holdout(history, SPEC, model)
    alone = network.for_test(model, result.split).forecast(history, result.split.test_origins())
    np.testing.assert_array_equal(result.forecasts["dense"].quantiles, alone.quantiles)
    np.testing.assert_array_equal(result.forecasts["dense"].predicted, alone.predicted)
    naive, cone = result.forecasts["naive"], result.forecasts["cone"]
    combined = result.forecasts["stack"]
    assert result.verdicts["dense"] == judge(alone, naive, cone, others=[combined])


def test_baselines_are_fitted_on_the_rows_before_the_test_span(history):
    result = backtest.holdout(history, SPEC, synthetic.model(SPEC))
    for name, kind in BASELINES.items():
        fitted = kind.fit(history, 560, 3).forecast(history, range(560, 697))
        np.testing.assert_array_equal(result.forecasts[name].quantiles, fitted.quantiles)
    other = backtest.holdout(synthetic.altered(history, 561), SPEC, synthetic.model(SPEC))
    for name, forecast in result.forecasts.items():
        np.testing.assert_array_equal(forecast.quantiles[0], other.forecasts[name].quantiles[0])
        np.testing.assert_array_equal(forecast.predicted[0], other.forecasts[name].predicted[0])


@pytest.mark.parametrize("name", list(BASELINES))
def test_a_baseline_can_be_judged_too(history, name):
    result = backtest.holdout(history, specs.make(network=name, horizon=2))
    assert list(result.forecasts) == list(BASELINES)
    assert result.model is None
    assert result.notes == ()
    assert result.forecast.predictor == result.predictor == name
    assert list(result.verdicts) == [name]
    assert result.network_sentences == ()
    assert not result.verdict.beats_baseline
    assert (result.verdict.skill == 0) == (name in ("naive", "cone", "har"))


def test_baselines_that_are_not_chosen_are_left_out_and_can_be_added_later(history):
    spec, whole = specs.make(network="drift"), backtest.holdout(history, specs.make(network="har"))
    few = backtest.holdout(history, spec, baselines=())
    assert list(few.forecasts) == ["naive", "cone", "drift"]
    other = backtest.holdout(history, specs.make(network="har"), baselines=())
    both = backtest.with_baselines(few, other)
    assert list(both.forecasts) == list(both.scores) == ["naive", "cone", "drift", "har"]
    assert both.scores["har"] == whole.scores["har"]
    assert (both.verdict, both.spec) == (few.verdict, spec)
    model = synthetic.model(SPEC)
    assert list(backtest.saved(history, model, baselines=["har"]).scores) == [
        "naive", "cone", "har", "dense", "stack"
    ]  # fmt: skip


def test_the_verdict_compares_the_band_with_the_cones(history):
    result = backtest.holdout(history, specs.make(network="har", horizon=2))
    pinball = {name: steps[-1].pinball for name, steps in result.scores.items()}
    assert result.verdict.band_skill == pytest.approx(1 - pinball["har"] / pinball["cone"])
    covered = 100 * result.scores["har"][-1].coverage_80
    assert result.verdict.sentence.endswith(f"; its 80 % band covers {covered:.1f} %.")


def test_a_network_without_a_model_and_an_unknown_name_are_refused(history):
    with pytest.raises(InvalidInput, match="Judging dense needs its trained model"):
        backtest.holdout(history, SPEC)
    without = "A baseline is tested without a model. Received: naive with a model. Leave it out."
    with pytest.raises(InvalidInput, match=f"^{without}$"):
        backtest.holdout(history, specs.make(network="naive"), synthetic.model(SPEC))
    with pytest.raises(InvalidInput, match=r"lstm, dense, naive, .*boosting. Received: 'oracle'"):
        backtest.holdout(history, specs.make(network="oracle"))
    with pytest.raises(NotEnoughData):
        backtest.holdout(synthetic.history(100), SPEC, synthetic.model(SPEC))


@pytest.mark.parametrize("loss", ["quantile", "mse"])
def test_judging_a_saved_model_leaves_it_untouched(history, loss):
    spec = synthetic.spec(loss=loss, horizon=2)
    model = synthetic.model(spec)
    before = [array.copy() for array in (*model.weights, *dataclasses.astuple(model.scaler))]
    residuals = None if model.residuals is None else model.residuals.copy()
    result = backtest.saved(history, model, test=0.3, validation=0.2)
    after = (*model.weights, *dataclasses.astuple(model.scaler))
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_equal(model.residuals, residuals)
    assert result.model.weights is model.weights
    assert result.model.scaler is model.scaler
    assert (result.spec.test, result.spec.validation) == (0.3, 0.2)
    assert result.split == samples.split(history, result.spec)
    forecast = inference.forecast(model, history, result.split.test_origins())
    np.testing.assert_array_equal(result.forecasts["dense"].predicted, forecast.predicted)


def test_the_band_of_a_saved_squared_error_model_is_of_the_rows_before_the_test(history):
    spec = synthetic.spec(loss="mse", horizon=2)
    model = synthetic.model(spec)
    result = backtest.saved(history, model)
    origins = result.split.validation_origins(specs.needs(spec))
    assert origins == (range(448, 558),)
    expected = inference.residual_quantiles(model, history, origins)
    assert not np.array_equal(expected, model.residuals)
    for one in (result, backtest.saved(synthetic.altered(history, 560), model)):
        alone = one.forecasts["dense"]
        centre = np.log(alone.predicted / alone.close[:, None])
        np.testing.assert_allclose(alone.quantiles, centre[..., None] + expected)


def test_a_saved_squared_error_model_needs_no_training_span():
    model = synthetic.model(synthetic.spec(loss="mse"))
    few = model.card.needs + 200  # 64 % of these are too few to train on
    assert len(backtest.saved(synthetic.history(few), model).forecast) > 30
    with pytest.raises(NotEnoughData, match="on at least 30 candles before the test span"):
        backtest.saved(synthetic.history(160), model, validation=0.15)


def test_shares_outside_the_rules_are_refused(history):
    model = synthetic.model()
    for test in (0.04, 0.96, float("nan"), "0.3", True):
        with pytest.raises(InvalidInput, match="`test` must be "):
            backtest.saved(history, model, test=test)
    for validation in (0.04, 0.41, "0.3"):
        with pytest.raises(InvalidInput, match="`validation` must be "):
            backtest.saved(history, model, validation=validation)
    with pytest.raises(InvalidInput, match=r"`test` 0\.9 and `validation` 0\.1\. Choose"):
        backtest.saved(history, model, 0.9, 0.1)
    with pytest.raises(InvalidInput, match=r"`test` or `since`\. Received: both"):
        backtest.saved(history, model, 0.2, since=history.end)


@pytest.mark.parametrize("test", [0.6, 0.9, 0.95])
def test_a_saved_model_is_tested_on_almost_all_rows(test):
    history = synthetic.history(3000)
    result = backtest.saved(history, synthetic.model(SPEC), test, baselines=("har",))
    start = round(3000 * (1 - test))
    assert result.split.test_start == start
    assert result.split.train_end == round(3000 * (1 - test) * 0.68)
    assert len(result.forecast) == 3000 - start - SPEC.horizon
    # Baselines and bands know nothing of later rows at the first origin.
    later = backtest.saved(
        synthetic.altered(history, start + 1), synthetic.model(SPEC), test, baselines=("har",)
    )
    for name in ("naive", "cone", "dense"):
        np.testing.assert_array_equal(
            result.forecasts[name].quantiles[0], later.forecasts[name].quantiles[0]
        )


def test_by_default_nothing_changes_up_to_half_of_the_rows(history):
    for test in (0.2, 0.5):
        result = backtest.saved(history, synthetic.model(SPEC), test, baselines=())
        assert result.spec.validation == 0.16
    assert backtest.saved(history, synthetic.model(SPEC), baselines=()).spec.test == 0.2


def test_the_test_may_begin_at_a_time(history):
    model = synthetic.model(SPEC)
    times = history.candles.index
    for row in (100, 333, 500):
        for since in (times[row], times[row] - pd.Timedelta("59min")):
            result = backtest.saved(history, model, since=since, baselines=())
            assert (result.split.test_start, result.forecast.origins[0]) == (row, times[row])
    share = backtest.saved(history, model, 0.5, baselines=())
    same = backtest.saved(history, model, since=times[350], baselines=())
    np.testing.assert_array_equal(same.forecast.quantiles, share.forecast.quantiles)


def test_a_test_that_begins_too_early_or_too_late_is_refused(history):
    model, times = synthetic.model(SPEC), history.candles.index
    last = len(history) - 30 - SPEC.horizon
    assert len(backtest.saved(history, model, since=times[last], baselines=()).forecast) == 30
    for since in (times[last + 1], times[-1], times[-1] + pd.Timedelta("900D")):
        with pytest.raises(NotEnoughData, match=r"at least \d+ candles\. Received: \d+ of 700"):
            backtest.saved(history, model, since=since, baselines=())
    for since in (times[0], times[29], times[0] - pd.Timedelta("900D")):
        with pytest.raises(NotEnoughData, match=r"candles before the test span\. Received: \d+ of"):
            backtest.saved(history, model, since=since, baselines=())


@pytest.mark.parametrize("lookback", [60, 400])
@pytest.mark.parametrize("baselines", [(), ("har",)])
def test_a_refusal_names_the_first_and_the_last_time_that_can_be_tested(lookback, baselines):
    history = synthetic.history(1500)
    model = synthetic.model(synthetic.spec(horizon=3, lookback=lookback))
    for since, words in (
        ("2000-01-01", "a time from (.*) on"),
        ("2100-01-01", "a time until (.*),"),
    ):
        with pytest.raises(NotEnoughData, match=f"Received: 0 of 1,500.* Choose {words}") as raised:
            backtest.saved(history, model, since=pd.Timestamp(since, tz="UTC"))
        (moment,) = re.findall(words, str(raised.value))
        time = pd.Timestamp(moment.removesuffix(" UTC"), tz="UTC")
        assert backtest.saved(history, model, since=time, baselines=baselines).split
        beyond = time + (-1 if "from" in words else 1) * history.candle_length
        with pytest.raises(NotEnoughData, match=re.escape(moment)):
            backtest.saved(history, model, since=beyond)


def test_a_refused_share_names_the_largest():
    history = synthetic.history(1500)
    model = synthetic.model(synthetic.spec(horizon=3, lookback=400))
    with pytest.raises(
        NotEnoughData, match=r"of 1,500 with `test` 0\.95\. Choose `test` up to"
    ) as no:
        backtest.saved(history, model, test=0.95)
    (largest,) = re.findall(r"up to (0\.\d\d),", str(no.value))
    assert backtest.saved(history, model, float(largest), baselines=()).split
    with pytest.raises(NotEnoughData, match="Choose `test` up to"):
        backtest.saved(history, model, float(largest) + 0.01)
    short = synthetic.history(410)
    with pytest.raises(NotEnoughData, match=r"Choose a history of at least 4\d\d candles\."):
        backtest.saved(short, model)
    with pytest.raises(NotEnoughData, match=r"Choose a history of at least 4\d\d candles\."):
        backtest.saved(short, model, since=short.start)


def test_rows_after_the_cutoff_are_a_fair_test(history):
    times = history.candles.index
    model = synthetic.model(SPEC, cutoff=times[200].isoformat())
    after = choices.parse_since("cutoff", model.card)
    result = backtest.saved(history, model, since=after, baselines=())
    assert (result.forecast.origins[0], result.seen) == (times[201], False)
    assert backtest.saved(history, model, since=times[200], baselines=()).seen
    assert choices.parse_since("2024-01-05", model.card) == pd.Timestamp("2024-01-05", tz="UTC")
    with pytest.raises(ValueError, match="soon"):
        choices.parse_since("soon", model.card)


def result(history, **card):
    return backtest.saved(history, synthetic.model(SPEC, **card))


def notes(history, **card):
    return result(history, **card).notes


def test_a_model_that_was_fitted_on_its_test_span_never_beats_the_last_price(history, monkeypatch):
    won = dataclasses.replace(result(history).verdict, beats_baseline=True, sentence="Beats it.")
    monkeypatch.setattr(backtest, "judge", lambda *_, **__: won)
    test_start = history.candles.index[560]
    hour = pd.Timedelta(hours=1)
    assert result(history, cutoff=(test_start - hour).isoformat()).verdict == won
    fair, none = (
        "A test of all prices since then is fair",
        "A fair test needs prices that end later",
    )
    for cutoff, remedy in ((test_start.isoformat(), fair), ("2030-01-01T00:00:00+00:00", none)):
        verdict = result(history, cutoff=cutoff).verdict
        assert result(history, cutoff=cutoff).seen
        assert not verdict.beats_baseline
        assert remedy in verdict.sentence
        assert re.sub(r" A (fair )?test [^.]*\.", "", verdict.sentence) == (
            "Not a fair test: the model was fitted on prices up to "
            f"{pd.Timestamp(cutoff) + hour:%Y-%m-%d}, and the test span begins on "
            f"{test_start + hour:%Y-%m-%d}. Take with care: Beats it."
        )
    # Simulated prices share no moment with real ones.
    assert result(history, cutoff="2030-01-01T00:00:00+00:00", simulated=True).verdict == won


@pytest.mark.parametrize(("unseen", "is_enough"), [(32, False), (33, True)])
def test_a_fair_test_needs_thirty_candles_more_than_the_horizon(history, unseen, is_enough):
    cutoff = history.candles.index[-unseen - 1]
    model = synthetic.model(SPEC, cutoff=cutoff.isoformat())
    sentence = backtest.saved(history, model, baselines=()).verdict.sentence
    assert ("A test of all prices since then is fair" in sentence) is is_enough
    assert ("A fair test needs prices that end later" in sentence) is not is_enough
    since = cutoff + history.candle_length
    if is_enough:
        assert len(backtest.saved(history, model, since=since, baselines=()).forecast) == 30


def test_outcomes_across_a_change_of_the_unit_are_unknown(history):
    changes = (600, 640)
    changed = dataclasses.replace(
        history, unit_changes=tuple(history.candles.index[row] for row in changes)
    )
    cut = samples.split(history, NAIVE, trained=True)
    predictors = backtest.predictors(history, NAIVE, cut, None, ())
    before = backtest.forecasts(history, predictors, cut)
    after = backtest.forecasts(changed, predictors, cut)
    assert list(after) == list(before) == ["naive", "cone"]
    unknown = [
        [any(row < change <= row + step for change in changes) for step in (1, 2, 3)]
        for row in cut.test_origins()
    ]
    assert np.sum(unknown) == 2 * (1 + 2 + 3)
    for name, forecast in before.items():
        assert np.isfinite(forecast.actual).all()
        expected = np.where(unknown, np.nan, forecast.actual)
        np.testing.assert_array_equal(after[name].actual, expected)
        np.testing.assert_array_equal(after[name].quantiles, forecast.quantiles)


def test_a_test_begins_on_the_day_on_which_its_first_candle_closes():
    rows = next(
        n for n in range(600, 700)
        if synthetic.history(n).candles.index[samples.first_of_test(n, SPEC.test)].hour == 23
    )  # fmt: skip
    history = synthetic.history(rows)
    opens = history.candles.index[samples.first_of_test(rows, SPEC.test)]
    verdict = result(history, cutoff=opens.isoformat()).verdict
    assert f"the test span begins on {opens + pd.Timedelta(days=1):%Y-%m-%d}" in verdict.sentence


def test_a_model_may_be_fitted_up_to_the_candle_before_its_test_span(history):
    """A model's own cutoff is the last candle before its test span."""
    cut = samples.split(history, SPEC)
    card = {"cutoff": history.candles.index[cut.test_start - 1].isoformat()}
    own = backtest.holdout(history, SPEC, synthetic.model(SPEC, **card))
    assert "fair" not in own.verdict.sentence
    assert not own.seen


def test_a_model_of_another_coin_interval_or_kind_of_prices_has_a_note(history):
    assert notes(history, coin="ETH") == ("This model learnt from ETH, not BTC.",)
    assert notes(history, coin="any") == ()
    assert notes(history, interval="1d") == ("This model learnt from 1d candles, not 1h.",)
    simulated = dataclasses.replace(history, simulated=True)
    assert notes(simulated) == ("This model learnt from real prices; these are simulated.",)


def test_test_forecasts_across_a_gap_are_counted_and_kept(history):
    model = synthetic.model(SPEC)
    parted = synthetic.parted(history, {600: 7, 695: 30, 650: 6})
    parted_result = backtest.holdout(parted, SPEC, model)
    assert len(parted_result.forecast) == 137
    # Origins 597 to 599 and those whose 31 candles end at 600 to 629; 692 to 696.
    needs = model.card.needs
    assert needs == 31
    assert parted_result.notes == (
        "Test forecasts that reach across a gap of more than 6 candles: 38 of 137.",
    )
    naive = backtest.holdout(parted, specs.make(network="naive", horizon=3))
    assert naive.notes == (
        "Test forecasts that reach across a gap of more than 6 candles: 6 of 137.",
    )


@pytest.mark.parametrize("loss", ["quantile", "mse"])
def test_a_move_across_a_gap_does_not_widen_the_band_of_a_saved_model(history, loss):
    spec = synthetic.spec(loss=loss, features=("return", "range"))
    model = synthetic.model(spec)
    candles = history.candles.copy()
    candles.iloc[500:] *= 64
    jumped = synthetic.parted(dataclasses.replace(history, candles=candles), {500: 24})
    calm, wild = backtest.saved(history, model), backtest.saved(jumped, model)
    width = [np.ptp(test.forecast.quantiles, axis=-1).mean() for test in (calm, wild)]
    assert width[1] < 2 * width[0]


def test_a_dead_market_can_be_tested_on_and_has_a_note(history):
    """Nothing is learnt from it, and baselines and saved models cost nothing."""
    dead = synthetic.dead(history, 200)
    sentence = (
        "The last 200 candles repeat one price without volume, from 2024-01-21 20:00 UTC on: "
        "the market seems dead."
    )
    assert sentence in backtest.holdout(dead, specs.make(network="cone")).notes
    tested = backtest.saved(dead, synthetic.model(SPEC))
    assert sentence in tested.notes
    assert tested.verdict.sentence.startswith("Can't be judged: the price never moved")
    assert not tested.verdict.beats_baseline


@pytest.mark.parametrize("volume", [np.nan, 0.0])
@pytest.mark.parametrize("loss", ["quantile", "mse"])
def test_without_volume_everything_is_judged(history, volume, loss):
    quiet = dataclasses.replace(history, candles=history.candles.assign(volume=volume))
    model = synthetic.model(synthetic.spec(loss=loss))
    assert "volume" in model.spec.features
    for result in (
        backtest.saved(quiet, model),
        backtest.holdout(quiet, model.spec, model),
        *(backtest.holdout(quiet, specs.make(network=name)) for name in BASELINES),
    ):
        for forecast in result.forecasts.values():
            assert np.isfinite(forecast.quantiles).all()
        assert np.isfinite(result.verdict.skill)


def test_simulated_prices_are_named_in_the_verdict(history):
    simulated = dataclasses.replace(history, simulated=True)
    sentence = backtest.holdout(simulated, SPEC, synthetic.model(SPEC)).verdict.sentence
    assert "137 simulated hours" in sentence


def test_the_scale_of_mase_is_of_the_training_rows_of_a_window(history):
    cut = samples.split_rows(700, specs.make(network="naive", horizon=2))
    cut = dataclasses.replace(cut, first=100, train_end=400)
    naive = BASELINES["naive"].fit(history, 560, 2).forecast(history, range(560, 698))
    mean_scores = backtest.score(history, cut, {"naive": naive})["naive"]
    moves = np.abs(np.diff(history.candles["close"].to_numpy()[100:400]))
    for step in (0, 1):
        assert mean_scores[step].mae / mean_scores[step].mase == pytest.approx(moves.mean())


def test_a_result_says_whether_its_model_was_cached(history):
    model = synthetic.model(SPEC)
    assert backtest.holdout(history, SPEC, model, cached=True, baselines=()).cached
    assert not backtest.holdout(history, SPEC, model, baselines=()).cached


def test_thirty_candles_are_enough_for_the_band_of_a_squared_error_model():
    model = synthetic.model(synthetic.spec(loss="mse"))
    spec = dataclasses.replace(model.spec, test=0.3, validation=0.1)
    rows = {}
    for length in range(250, 450):
        cut = samples.split_rows(length, spec, trained=True)
        rows[sum(map(len, cut.validation_origins(specs.needs(spec))))] = length
    result = backtest.saved(synthetic.history(rows[30]), model, 0.3, 0.1, baselines=())
    assert result.notes[-1] == "Its band is measured on the 30 candles before the test span."
    with pytest.raises(NotEnoughData, match=r"at least 30 candles .* Received: 29\. Choose"):
        backtest.saved(synthetic.history(rows[29]), model, 0.3, 0.1, baselines=())
    quantile = backtest.saved(synthetic.history(600), synthetic.model(SPEC), baselines=())
    assert quantile.notes == ()


def test_the_names_of_all_predictors_are_in_the_refusal_of_another(history):
    cut = samples.split(history, specs.make(network="naive"))
    for name in ("oracle", "lstm"):
        with pytest.raises(InvalidInput, match=rf"lstm, dense, .*naive, cone.*Received: '{name}'"):
            backtest.predictors(history, specs.make(network=name), cut, None)


@pytest.mark.parametrize(("before", "is_missing"), [(0, False), (1, True)])
def test_an_input_that_varies_in_no_candle_that_the_test_reads_is_missing(
    history, before, is_missing
):
    model = synthetic.model(synthetic.spec(features=("return", "volume"), horizon=3))
    start = backtest.saved(history, model).split.test_start
    # The first origin of the test reads so many candles, itself the last.
    first = start - model.card.needs + 1
    volume = np.full(len(history), 5.0)
    volume[: first - before + 1] = 9.0
    candles = history.candles.assign(volume=volume)
    notes = backtest.saved(dataclasses.replace(history, candles=candles), model).notes
    assert any("which never varies in these prices" in note for note in notes) is is_missing
