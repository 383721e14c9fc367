"""Signals of the library: made of files and Series, read by networks, and ablated."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import cryptoforecast as cf
from cryptoforecast.errors import InvalidInput
from cryptoforecast.signals.simulation import hint
from tests import synthetic

SMALL = {"units": (4,), "epochs": 2, "lookback": 8, "final": 0.0, "unit": "fixed"}
INPUTS = ("return", "abs_return")


def test_a_network_reads_a_signal_and_needs_it_again(tmp_path: Path) -> None:
    history = synthetic.history(700)
    prices = cf.from_frame(history.candles, coin="BTC")
    series = hint(history, 1.0)
    mood = cf.signal(series.tz_localize(None), "mood", lag="0h", max_age=pd.Timedelta(hours=6))
    model = cf.train(prices, "dense", signals=[mood], features=INPUTS, **SMALL)
    assert model.spec.features == (*INPUTS, "signal:mood")
    assert model.card.signals == {"mood": mood.about}
    forecast = model.forecast(prices, signals=mood)
    assert len(forecast) == 1
    with pytest.raises(InvalidInput, match="There is no signal mood"):
        model.forecast(prices)
    assert len(model.backtest(prices, signals=[mood]).result.forecast) > 100
    path = tmp_path / "mood.csv"
    series.rename("value").rename_axis("time").to_csv(path)
    same = cf.signal(path, lag="0h", max_age="6h")
    assert model.forecast(prices, signals=[same]).frame().equals(forecast.frame())
    with pytest.raises(InvalidInput, match="must be an input of the network"):
        cf.load("btc-1h-dense").forecast(prices, signals=[mood])
    result = cf.backtest(prices, "dense", signals=[mood], features=INPUTS, **SMALL)
    ablation = result.ablate("signal:mood", seeds=2)
    assert ablation.inputs == ("signal:mood",)
    assert str(ablation) == ablation.sentence
    with pytest.raises(InvalidInput, match="some of the model's inputs"):
        result.ablate("volume")


def test_what_is_no_signal_is_refused() -> None:
    prices = cf.from_frame(synthetic.history(700).candles, coin="BTC")
    with pytest.raises(InvalidInput, match="needs times as its index, and a name"):
        cf.signal(pd.Series([1.0, 2.0]), "mood")
    with pytest.raises(InvalidInput, match="path of a file or of a Series"):
        cf.signal(3)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="`signals` must be names"):
        cf.train(prices, signals=[3])  # type: ignore[list-item]
    with pytest.raises(InvalidInput, match="There is no signal nothing"):
        cf.train(prices, signals="nothing")
    with pytest.raises(InvalidInput, match="Received: dvol for har"):
        cf.backtest(prices, "har", signals=["dvol"])
