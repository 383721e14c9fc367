"""What a chart shows of an indicator is what its textbook says, and what a network reads."""

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.errors import InvalidInput
from cryptoforecast.learning import features
from cryptoforecast.learning.indicator_lines import DRAWABLE, lines, warmup
from tests import synthetic

CANDLES = synthetic.history(700).candles
CLOSE = CANDLES["close"]


def drawn(name: str, candles: pd.DataFrame = CANDLES) -> dict[str, np.ndarray]:
    (indicator,) = lines(candles, [name])
    return dict(indicator.lines)


def test_averages_are_means_of_the_closes():
    for rows, line in zip((10, 50, 100), drawn("averages").values(), strict=True):
        expected = CLOSE.rolling(rows).mean()
        np.testing.assert_allclose(line[99:], expected[99:], rtol=1e-9)


def test_the_bollinger_band_is_twice_the_deviation_around_the_mean():
    mean, deviation = CLOSE.rolling(20).mean(), CLOSE.rolling(20).std(ddof=0)
    band = drawn("bollinger")
    np.testing.assert_allclose(band["mean"][19:], mean[19:], rtol=1e-9)
    np.testing.assert_allclose(band["upper end"][19:], (mean + 2 * deviation)[19:], rtol=1e-9)
    np.testing.assert_allclose(band["lower end"][19:], (mean - 2 * deviation)[19:], rtol=1e-9)


def test_the_strength_index_is_wilders():
    move = CLOSE.diff()
    up = move.clip(lower=0).ewm(alpha=1 / 14, adjust=True).mean()
    down = (-move.clip(upper=0)).ewm(alpha=1 / 14, adjust=True).mean()
    expected = 100 * up / (up + down)
    line = drawn("rsi")["RSI"]
    assert np.nanmax(np.abs(line[200:] - expected[200:])) < 1  # its average is cut off


def test_the_true_range_is_a_share_of_the_price():
    before = CLOSE.shift()
    ranges = np.maximum(CANDLES["high"], before) - np.minimum(CANDLES["low"], before)
    expected = 100 * ranges.ewm(alpha=1 / 14).mean() / CLOSE
    np.testing.assert_allclose(drawn("atr")["true range"][200:], expected[200:], rtol=0.02)


def test_the_volume_ratio_is_that_to_the_mean():
    expected = CANDLES["volume"] / CANDLES["volume"].rolling(24).mean()
    np.testing.assert_allclose(drawn("volume")["volume"][23:], expected[23:], rtol=1e-9)


@pytest.mark.parametrize("name", list(DRAWABLE))
def test_no_indicator_looks_ahead_or_further_back_than_its_warmup(name):
    whole, rows = drawn(name), warmup([name])
    part = drawn(name, CANDLES.iloc[650 - rows : 660])
    for line, values in part.items():
        np.testing.assert_array_equal(values[rows:], whole[line][650:660])


@pytest.mark.parametrize("name", list(DRAWABLE))
def test_a_network_can_read_each_of_them(name):
    assert name in features.FEATURES


def test_an_unknown_name_is_refused():
    with pytest.raises(InvalidInput, match="Received: clouds"):
        lines(CANDLES, ["rsi", "clouds"])
