"""What comes next: calibrated, with warnings, and from closes alone."""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.errors import InvalidInput, NotEnoughData
from cryptoforecast.forecasting import network
from cryptoforecast.learning import bundles, inference
from cryptoforecast.service import PREDICT_MODEL
from tests import synthetic


def test_the_future_starts_at_the_last_closed_candle(service):
    history, model = synthetic.history(), synthetic.model(synthetic.spec(horizon=3))
    next_steps = service.forecasts.next_steps(history, model, "mine", "dense")
    assert next_steps.model == "mine"
    assert len(next_steps.forecast) == 1
    assert next_steps.forecast.origins[0] == history.end
    assert np.isnan(next_steps.forecast.actual).all()
    whole = inference.forecast(model, history, range(500, 600))
    np.testing.assert_allclose(next_steps.forecast.predicted[0], whole.predicted[-1], rtol=1e-6)
    needed = dataclasses.replace(history, candles=history.candles.iloc[-model.card.needs :])
    again = service.forecasts.next_steps(needed, model, predictor="dense").forecast
    np.testing.assert_array_equal(again.predicted, next_steps.forecast.predicted)


def test_the_stack_comes_first_and_each_member_by_its_name(service):
    history, model = synthetic.history(), synthetic.model(synthetic.spec(horizon=3))
    steps = {
        name: service.forecasts.next_steps(history, model, "mine", name)
        for name in ("stack", "dense", "har")
    }
    first = service.forecasts.next_steps(history, model, "mine")
    assert {name: each.forecast.predictor for name, each in steps.items()} == {
        name: name for name in steps
    }
    assert {each.model for each in steps.values()} == {"mine"}
    assert first.forecast is steps["stack"].forecast
    assert [each.name for each in first.members] == ["dense", "har"]
    assert list(first.weights) == ["step", "dense", "har"]
    np.testing.assert_allclose(first.weights[["dense", "har"]].sum(axis=1), 1)
    assert (steps["dense"].members, steps["har"].members) == ((), ())
    alone = service.forecasts.of_baseline(history, "har", 3).forecast
    np.testing.assert_array_equal(steps["har"].forecast.quantiles, alone.quantiles)
    own = network.for_next_steps(model, history).forecast(history, history.last_row)
    np.testing.assert_array_equal(steps["dense"].forecast.quantiles, own.quantiles)
    with pytest.raises(InvalidInput, match="one of stack, dense, har"):
        service.forecasts.next_steps(history, model, predictor="lstm")


def test_the_band_of_what_comes_next_is_calibrated_once(service, monkeypatch):
    history, model = synthetic.history(), synthetic.model(synthetic.spec(horizon=3))
    next_steps = service.forecasts.next_steps(history, model)
    assert next_steps.calibration.outcomes > 500
    assert not [warning for warning in next_steps.warnings if "with an outcome" in warning]
    monkeypatch.setattr(inference, "forecast", None)
    again = service.forecasts.next_steps(synthetic.history(), model, "mine")
    assert again.forecast is next_steps.forecast
    assert again.model == "mine"


def test_prices_that_were_read_again_are_not_forecast_again(service, monkeypatch):
    history, model = synthetic.history(), synthetic.model(synthetic.spec(horizon=3))

    def read(minutes):
        moment = history.closes_at + pd.Timedelta(minutes=minutes)
        prices = dataclasses.replace(history, fetched_at=moment)
        return service.forecasts.next_steps(prices, model)

    first, old = read(1), read(180)
    monkeypatch.setattr(inference, "forecast", None)
    again = read(90)
    assert again.forecast is first.forecast
    assert again.warnings == first.warnings
    assert again.history.fetched_at > first.history.fetched_at
    (late,) = set(old.warnings) - set(first.warnings)
    assert late.startswith("The prices end 3 hours before they were read, on 20")


def test_the_next_steps_are_the_same_however_long_the_history(service, monkeypatch):
    """To the last digit, if each history holds all candles that the forecast reads."""
    monkeypatch.setattr("cryptoforecast.forecasting.calibration.CALIBRATION_ROWS", 600)
    model = synthetic.model(synthetic.spec(network="lstm", horizon=3))
    history = synthetic.history(3000)
    enough = 600 + 3 + model.card.needs - 1
    shorter = dataclasses.replace(history, candles=history.candles.iloc[-enough:])
    one, other = (
        service.forecasts.next_steps(prices, model, predictor="lstm")
        for prices in (history, shorter)
    )
    np.testing.assert_array_equal(one.forecast.quantiles, other.forecast.quantiles)
    assert one.calibration.since == other.calibration.since


def test_a_band_that_can_not_be_calibrated_gives_a_warning(service):
    model = synthetic.model(synthetic.spec(horizon=3))
    next_steps = service.forecasts.next_steps(synthetic.history(200), model)
    assert next_steps.calibration is None
    (text,) = [warning for warning in next_steps.warnings if "with an outcome" in warning]
    assert "There are 167." in text
    assert "200 forecasts with an outcome are needed" in text
    squared = synthetic.model(synthetic.spec(loss="mse"))
    few, enough = (
        service.forecasts.next_steps(synthetic.history(rows), squared) for rows in (200, 400)
    )
    assert [warning for warning in few.warnings if "with an outcome" in warning]
    assert not [warning for warning in enough.warnings if "with an outcome" in warning]


def test_the_future_needs_enough_candles(service):
    with pytest.raises(NotEnoughData, match="needs 31 candles"):
        service.forecasts.next_steps(synthetic.history(30), synthetic.model())


def warnings(service, history, **card):
    spec = synthetic.spec(target="price", features=("close",))
    return service.forecasts.next_steps(history, synthetic.model(spec, **card)).warnings


def test_a_forecast_warns_of_what_makes_it_doubtful(service):
    history = synthetic.history()
    close = history.candles["close"].iloc[-1]
    bounds = {"lowest": 0.9 * close, "highest": 1.1 * close}
    assert warnings(service, history, **bounds) == ()
    (text,) = warnings(service, history, **bounds | {"highest": close / 1.14})
    assert text == "The last close is 14.0 % above anything seen in training."
    (text,) = warnings(service, history, **bounds | {"lowest": close / 0.8})
    assert text == "The last close is 20.0 % below anything seen in training."
    (text,) = warnings(service, history, **bounds, coin="ETH")
    assert text == "This model learnt from ETH, not BTC."
    assert warnings(service, history, **bounds, coin="any") == ()
    (text,) = warnings(service, history, **bounds, interval="1d")
    assert text == "This model learnt from 1d candles, not 1h."
    (text,) = warnings(service, history, **bounds, simulated=True)
    assert text == "This model learnt from simulated prices; these are real."
    prices, origin = warnings(service, dataclasses.replace(history, simulated=True), **bounds)
    assert prices.startswith("These prices are simulated")
    assert origin == "This model learnt from real prices; these are simulated."
    for hours, ages in ((2, ()), (5, ("5 hours",)), (24 * 10, ("10 days",))):
        late = history.end + pd.Timedelta(hours=1 + hours)
        late_warnings = warnings(service, dataclasses.replace(history, fetched_at=late), **bounds)
        assert len(late_warnings) == len(ages)
        assert all(
            f"end {age} before" in text for age, text in zip(ages, late_warnings, strict=True)
        )


def test_only_price_models_warn_of_unseen_prices(service):
    assert (
        service.forecasts.next_steps(
            synthetic.history(), synthetic.model(highest=1.0, lowest=0.5)
        ).warnings
        == ()
    )


@pytest.fixture
def predicting(service):
    spec = synthetic.spec(network="lstm", features=("return", "abs_return"), lookback=59, horizon=2)
    model = synthetic.model(spec)
    bundles.save(model, service.settings.shipped, PREDICT_MODEL)
    return service, model


def test_sixty_closes_give_the_next_hour(predicting):
    service, model = predicting
    history = synthetic.history(60)
    predicted = service.forecasts.predict_closes(history.candles["close"].tolist())
    steps = service.forecasts.next_steps(history, model, predictor="lstm")
    assert predicted == steps.forecast.predicted[0, 0]


@pytest.mark.parametrize(
    ("closes", "text"),
    [
        ([100.0] * 59, "must hold exactly 60 hourly closes, oldest first. Received: 59"),
        ([100.0] * 61, "Received: 61"),
        ([], "Received: 0"),
        ([100.0] * 59 + [math.nan], "finite and above 0"),
        ([100.0] * 59 + [math.inf], "finite and above 0"),
        ([100.0] * 59 + [0.0], "finite and above 0"),
        ([-1.0] + [100.0] * 59, "finite and above 0"),
    ],
)
def test_other_closes_are_refused(predicting, closes, text):
    with pytest.raises(InvalidInput, match=text):
        predicting[0].forecasts.predict_closes(closes)


@pytest.mark.parametrize("extreme", [1e-300, 1e300, 1.7e308])
def test_extreme_closes_give_a_number(predicting, extreme):
    for closes in ([extreme] * 60, [extreme] + [100.0] * 59):
        assert math.isfinite(predicting[0].forecasts.predict_closes(closes))


def test_closes_too_far_apart_are_refused(predicting):
    with pytest.raises(InvalidInput, match="too far apart for a finite prediction"):
        predicting[0].forecasts.predict_closes([5e-324, 1.7e308] * 30)
