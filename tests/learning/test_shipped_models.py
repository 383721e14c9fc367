"""The shipped models give the forecasts that they gave when they were recorded.

A constant of a feature, an order of weights or a scaling may change by mistake. All other tests of
them would then compare new code with new code; these compare it with recorded numbers.
"""

import pandas as pd
import pytest

from cryptoforecast.learning import bundles, global_training, inference
from cryptoforecast.prices.simulation.market import simulate
from cryptoforecast.settings import Settings

END = pd.Timestamp("2025-01-01", tz="UTC")

#: Quantiles of the cumulative log-return by step, after the last candle of the simulated BTC
#: before ``END``.
RECORDED = {
    "btc-1h-dense": {
        1: (-0.003980888, -0.002850373, -0.001974827, -0.000883770, 0.000015711,
            0.000866989, 0.001897471, 0.002685847, 0.003695997),
        24: (-0.026077148, -0.020888597, -0.014306234, -0.006909697, 0.000258841,
            0.006797715, 0.013991817, 0.020685695, 0.026085414),
    },
    "btc-1h-lstm-close": {
        1: (-0.005496174, -0.003759449, -0.002581349, -0.001196147, -0.000019060,
            0.001049963, 0.002594050, 0.003943875, 0.005819757),
    },
    "global-1d-lstm": {
        1: (-0.032120142, -0.025263531, -0.017934002, -0.009527389, -0.001305500,
            0.005785918, 0.015045616, 0.022551149, 0.031045565),
        7: (-0.099775746, -0.074685313, -0.052490842, -0.025299594, -0.003106184,
            0.023562349, 0.055410661, 0.081744738, 0.107226148),
    },
    "global-1h-lstm": {
        1: (-0.003422101, -0.002658289, -0.001961085, -0.001091307, -0.000177828,
            0.000837659, 0.002002432, 0.003095719, 0.004325541),
        24: (-0.022658786, -0.017618723, -0.012479146, -0.006172838, -0.000473290,
            0.006734313, 0.015015246, 0.022658218, 0.029770518),
    },
}  # fmt: skip


def test_every_shipped_model_is_recorded(tmp_path):
    assert bundles.names(Settings(home=tmp_path).shipped) == sorted(RECORDED)


@pytest.mark.parametrize("name", RECORDED)
def test_a_forecast_is_the_recorded_one(name, tmp_path):
    model = bundles.load(Settings(home=tmp_path).shipped / name)
    history = simulate("BTC", model.card.interval, end=END, now=END)
    forecast = inference.forecast(model, history, range(len(history) - 1, len(history)))
    assert forecast.horizon == max(RECORDED[name])
    for step, quantiles in RECORDED[name].items():
        # Weights are float32, and processors add up in different orders: 1e-8 apart at most.
        assert forecast.quantiles[0, step - 1] == pytest.approx(quantiles, rel=0, abs=1e-7)


@pytest.mark.parametrize("interval", ["1h", "1d"])
def test_the_global_models_have_the_settings_that_train_them_anew(tmp_path, interval):
    shipped = bundles.load(Settings(home=tmp_path).shipped / f"global-{interval}-lstm")
    assert shipped.spec == global_training.SPECS[interval]
