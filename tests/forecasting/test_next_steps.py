"""Next steps: the median is the model's own, the band follows from known outcomes."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.errors import InvalidInput, NotEnoughData
from cryptoforecast.forecasting import band_width, calibration, network, next_steps, paths, warnings
from cryptoforecast.forecasting.baselines import BASELINES
from cryptoforecast.forecasting.stack import Stack
from cryptoforecast.learning import inference, specs
from cryptoforecast.types import MEDIAN, QUANTILES, Calibration, Member, Spread
from tests import synthetic

SPEC = synthetic.spec(horizon=3)
MODEL = synthetic.model(SPEC)


def banded(history, model=MODEL):
    """Return the forecast of the next steps, and how its band was rescaled."""
    steps = next_steps.of_model(history, model, model.spec.network)
    return steps.forecast, steps.calibration


def own(history, model=MODEL):
    last = len(history) - 1
    return inference.forecast(model, history, range(last, last + 1))


def test_the_median_and_the_point_are_the_models_own():
    history = synthetic.history()
    forecast, calibrated = banded(history, MODEL)
    plain = own(history)
    np.testing.assert_array_equal(forecast.predicted, plain.predicted)
    np.testing.assert_array_equal(forecast.quantiles[..., MEDIAN], plain.quantiles[..., MEDIAN])
    assert calibrated is not None
    assert (forecast.quantiles != plain.quantiles).any()
    assert forecast.origins[0] == history.end
    assert np.isnan(forecast.actual).all()


def test_the_band_is_rescaled_by_the_factors_of_a_hand_count():
    """Factors of the width, then of each level, of all forecasts whose outcome is known."""
    history = synthetic.history(1900)
    model = dataclasses.replace(MODEL, weights=tuple(0.1 * each for each in MODEL.weights))
    forecast, calibrated = banded(history, model)
    first, last = specs.needs(SPEC) - 1, len(history) - 1
    past = inference.forecast(model, history, range(first, last + 1))
    widths = band_width.factors(past, history)
    assert (widths[-1] != 1).all()
    adapted = past.quantiles[..., MEDIAN, None] + widths[..., None] * (
        past.quantiles - past.quantiles[..., MEDIAN, None]
    )
    close = history.candles["close"].to_numpy()
    expected = np.repeat(widths[-1][:, None], len(QUANTILES), axis=1)
    for step in (1, 2, 3):
        rows = range(first, last - step + 1)
        for i, level in enumerate(QUANTILES):
            if i == MEDIAN:
                continue
            ratios = []
            for row in rows:
                middle, bound = adapted[row - first, step - 1, [MEDIAN, i]]
                ratios.append((np.log(close[row + step] / close[row]) - middle) / (bound - middle))
            log = np.log(np.quantile(ratios, max(level, 1 - level)))
            certain = log**2 / (log**2 + calibration.SHRINKAGE * step / len(rows))
            expected[step - 1, i] = widths[-1, step - 1] * np.exp(certain * log)
    np.testing.assert_allclose(calibrated.factors, expected, rtol=1e-5)
    plain = own(history, model).quantiles
    middle = plain[..., MEDIAN, None]
    np.testing.assert_allclose(forecast.quantiles, middle + expected * (plain - middle), rtol=1e-5)
    assert calibrated.outcomes == len(history) - 3 - first
    assert calibrated.since == history.candles.index[first]
    assert calibrated.window == calibration.CALIBRATION_ROWS


def test_it_covers_what_it_promises():
    blank = dataclasses.replace(MODEL, weights=tuple(0 * each for each in MODEL.weights))
    history = synthetic.history(3000)
    close = history.candles["close"].to_numpy()
    steps, hits = np.array([1, 3]), {"own": [], "calibrated": []}
    for rows in range(1500, 2990, 3):
        past = dataclasses.replace(history, candles=history.candles.iloc[:rows])
        actual = np.log(close[rows - 1 + steps] / close[rows - 1])
        for name, one in (("own", own(past, blank)), ("calibrated", banded(past, blank)[0])):
            low, high = one.quantiles[0, steps - 1][:, [2, 6]].T
            hits[name].append((low <= actual) & (actual <= high))
    shares = {name: np.mean(inside, axis=0) for name, inside in hits.items()}
    assert (abs(shares["own"] - 0.8) > 0.08).all()
    assert (abs(shares["calibrated"] - 0.8) < 0.04).all()


def test_outcomes_looked_back_on_are_bounded_however_long_the_history_is(monkeypatch):
    monkeypatch.setattr(calibration, "CALIBRATION_ROWS", 300)
    history = synthetic.history(900)
    forecast, calibrated = banded(history, MODEL)
    assert calibrated.outcomes == 300
    enough = 300 + 3 + specs.needs(SPEC) - 1
    shorter = dataclasses.replace(history, candles=history.candles.iloc[-enough:])
    again, same = banded(shorter, MODEL)
    np.testing.assert_array_equal(again.quantiles, forecast.quantiles)
    assert same.since == calibrated.since


def test_rows_that_the_model_was_fitted_on_are_not_looked_back_on():
    history = synthetic.history()
    index = history.candles.index
    cutoff = index[599 - 3 - calibration.MIN_OUTCOMES]  # leaves one outcome too many for none
    model = synthetic.model(SPEC, cutoff=cutoff.isoformat())
    _, calibrated = banded(history, model)
    assert calibrated.outcomes == calibration.MIN_OUTCOMES == network.known_outcomes(history, model)
    assert calibrated.since > cutoff
    later = synthetic.model(SPEC, cutoff=index[600 - 3 - calibration.MIN_OUTCOMES].isoformat())
    forecast, calibrated = banded(history, later)
    assert calibrated is None
    assert network.known_outcomes(history, later) == calibration.MIN_OUTCOMES - 1
    np.testing.assert_array_equal(forecast.quantiles, own(history, later).quantiles)
    ahead_of_all = synthetic.model(SPEC, cutoff="2030-01-01T00:00:00+00:00")
    assert banded(history, ahead_of_all)[1] is None
    assert network.known_outcomes(history, ahead_of_all) == 0
    # A model of real prices never saw simulated ones, whatever the time.
    simulated = dataclasses.replace(history, simulated=True)
    assert banded(simulated, later)[1] is not None


def test_a_band_of_squared_error_is_measured_on_these_prices():
    history = synthetic.history()
    model = synthetic.model(synthetic.spec(loss="mse", horizon=2))
    forecast, calibrated = banded(history, model)
    plain = own(history, model)
    first = model.card.needs - 1
    rows = range(first, len(history) - 2)
    expected = inference.residual_quantiles(model, history, (rows,))
    np.testing.assert_array_equal(forecast.predicted, plain.predicted)
    np.testing.assert_allclose(
        forecast.quantiles, np.log(plain.predicted / plain.close[:, None])[..., None] + expected
    )
    assert (calibrated.outcomes, calibrated.since) == (len(rows), history.candles.index[first])
    widths = [one.quantiles[0] - one.quantiles[0, :, MEDIAN, None] for one in (plain, forecast)]
    np.testing.assert_allclose(widths[0] * calibrated.factors, widths[1], atol=1e-7)
    few, none = banded(synthetic.history(200), model)
    assert none is None
    np.testing.assert_array_equal(few.quantiles, own(synthetic.history(200), model).quantiles)


@pytest.mark.parametrize("rows", [31, 33, 34])
def test_a_short_history_gives_the_models_own_band(rows):
    history = synthetic.history(rows)
    assert banded(history, MODEL)[1] is None
    assert network.known_outcomes(history, MODEL) == max(0, rows - 33)


def test_earlier_forecasts_begin_at_the_first_row_that_can_be_forecast():
    history = synthetic.history(60)
    steps = next_steps.of_model(history, MODEL, MODEL.spec.network)
    earlier = steps.earlier(history)
    assert earlier.origins[0] == history.candles.index[30]  # 31 candles are needed
    assert len(earlier) == 60 - 3 - 30


def test_too_few_candles_are_refused():
    with pytest.raises(NotEnoughData, match="needs 31 candles"):
        banded(synthetic.history(30), MODEL)


@pytest.mark.parametrize("name", list(BASELINES))
def test_a_baseline_is_fitted_on_all_candles_and_forecasts_from_the_last(name):
    history = synthetic.dead(synthetic.history(300), 60)
    steps = next_steps.of_baseline(history, name, 4)
    last = range(299, 300)
    expected = BASELINES[name].fit(history, 300, 4).forecast(history, last)
    np.testing.assert_array_equal(steps.forecast.quantiles, expected.quantiles)
    np.testing.assert_array_equal(steps.forecast.predicted, expected.predicted)
    assert (steps.model, steps.history, steps.calibration, steps.spread) == (
        name, history, None, None,
    )  # fmt: skip
    assert steps.warnings == warnings.of_prices(history)
    assert len(steps.warnings) == 1


def test_a_network_comes_with_its_warnings_and_its_name():
    history = synthetic.history()
    steps = next_steps.of_model(history, synthetic.model(SPEC, coin="ETH"))
    assert steps.warnings[-1] == "This model learnt from ETH, not BTC."
    assert (steps.model, steps.history, steps.spread) == ("dense", history, None)
    short = synthetic.history(100)
    few = next_steps.of_model(short, MODEL)
    assert few.warnings == (
        *warnings.of_forecast(short, MODEL),
        *warnings.of_band(100 - 3 - (specs.needs(SPEC) - 1)),
    )


@pytest.mark.parametrize("name", ["stack", "dense", "har"])
def test_the_stack_and_each_of_its_members_can_be_asked_for(name):
    history = synthetic.history(400)
    steps = next_steps.of_model(history, MODEL, name)
    assert (steps.model, steps.forecast.predictor) == ("dense" if name == "stack" else name, name)
    assert [each.name for each in steps.members] == (["dense", "har"] if name == "stack" else [])
    expected = {
        "stack": lambda: next_steps.of_model(history, MODEL),
        "dense": lambda: network.for_next_steps(MODEL, history),
        "har": lambda: next_steps.of_baseline(history, "har", 3),
    }[name]()
    forecast = (
        expected.forecast(history, history.last_row) if name == "dense" else expected.forecast
    )
    np.testing.assert_array_equal(steps.forecast.quantiles, forecast.quantiles)


def test_a_predictor_that_is_no_member_is_refused_with_the_names_of_those():
    for refused in ("lstm", "cone", ""):
        for check in (
            lambda name: next_steps.check_predictor(MODEL, name),
            lambda name: next_steps.of_model(synthetic.history(60), MODEL, name),
        ):
            with pytest.raises(InvalidInput, match="must be one of stack, dense, har"):
                check(refused)
    for name in ("stack", "dense", "har"):
        next_steps.check_predictor(MODEL, name)


def test_earlier_forecasts_of_a_stack_begin_with_equal_parts(monkeypatch):
    """Outcomes before the first of them do not correct it."""
    monkeypatch.setattr(paths, "PAST_ROWS", 300)
    history = synthetic.history(600)
    earlier = next_steps.of_model(history, MODEL).earlier(history)
    har = BASELINES["har"].fit(history, len(history), 3)
    whole = Stack(network.for_next_steps(MODEL, history), (har,))
    rows = range(297, 597)
    alone, corrected = (
        dataclasses.replace(whole, burn_in=burn_in).forecast(history, rows)
        for burn_in in (False, True)
    )
    np.testing.assert_array_equal(earlier.quantiles, alone.quantiles)
    assert (earlier.quantiles != corrected.quantiles).any()


def test_the_sentence_of_a_calibration():
    since = pd.Timestamp("2024-01-02", tz="UTC")
    calibrated = Calibration(8000, 1234, since, np.ones((3, 9)))
    assert next_steps.calibration_sentence(calibrated, "2 January") == (
        "The width of the band follows from how the model's last 1,234 forecasts turned out, from "
        "2 January on."
    )


# ---------------------------------------------------------------------------- ensembles


def test_the_spread_of_an_ensemble_is_that_of_its_networks():
    model = synthetic.model(synthetic.spec(ensemble=3, horizon=2))
    history, last = synthetic.history(300), range(299, 300)
    reading = next_steps.spread(history, model)
    alone = [inference.forecast(one, history, last) for one in inference.members(model)]
    points = [np.log(forecast.predicted[0, 1] / forecast.close[0]) for forecast in alone]
    assert reading.point[1] == pytest.approx(np.std(points, ddof=1))
    widths = [forecast.quantiles[0, 1, 6] - forecast.quantiles[0, 1, 2] for forecast in alone]
    assert reading.width[1] == pytest.approx(np.std(widths, ddof=1) / np.mean(widths))
    assert reading.networks == 3
    assert next_steps.of_model(history, model).spread.width[1] == reading.width[1]


def test_the_sentence_of_a_spread_is_of_the_last_step():
    apart = Spread(networks=3, point=np.array([0.01, 0.0234]), width=np.array([0.1, 0.0567]))
    assert next_steps.spread_sentence(apart) == (
        "This is the mean of 3 networks with different seeds. At the last step their points differ "
        "by 2.34 % and the widths of their 80 % bands by 5.7 % (one standard deviation)."
    )


def test_the_sentence_of_a_stack_names_its_members_and_their_last_weights():
    members = Member("lstm", np.array([0.2, 0.553])), Member("har", np.array([0.8, 0.447]))
    assert next_steps.members_sentence(members) == (
        "This forecast combines the ranges of the LSTM network (55 %) and the HAR regression "
        "(45 %). The weights at the last step come from how past forecasts turned out."
    )
    single = tuple(Member(each.name, each.weights[:1]) for each in members)
    assert "the HAR regression (80 %). The weights come from" in next_steps.members_sentence(single)


def test_equal_weights_and_a_single_member_are_said_in_words():
    members = Member("dense", np.full(2, 0.5)), Member("har", np.full(2, 0.5))
    assert "in equal parts: too few past forecasts" in next_steps.members_sentence(members)
    alone = (Member("dense", np.ones(2)),)
    assert next_steps.members_sentence(alone) == (
        "This forecast is that of the dense network alone, corrected by its past errors."
    )


def test_a_single_network_has_no_spread():
    assert next_steps.spread(synthetic.history(300), synthetic.model()) is None
