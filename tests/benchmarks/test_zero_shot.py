"""The zero-shot peer: what its network reads, how its steps add up, and how it is scored."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import zero_shot
from benchmarks.zero_shot import LEVELS, Peer
from cryptoforecast.types import Array

AWAY = np.array([-0.03, -0.02, 0.0, 0.01, 0.02])


def last_value(windows: Array, horizon: int) -> Array:
    """Forecast that a series stays at its last value, with five quantiles."""
    return np.repeat(windows[:, -1:, None] + AWAY, horizon, axis=1)


def average(windows: Array, horizon: int) -> Array:
    """Forecast the mean of what there is."""
    return np.repeat(np.nanmean(windows, axis=1)[:, None, None] + AWAY, horizon, axis=1)


@pytest.fixture
def close() -> Array:
    return 100 * np.exp(np.cumsum(0.01 * np.random.default_rng(0).standard_normal(300)))


def test_quantiles_of_prices_are_relative_to_the_last_price(close: Array) -> None:
    peer = Peer(last_value, context=50, columns=(1, 2, 3))
    quantiles = peer.from_prices(close, range(3, 299, 7), 4)
    np.testing.assert_allclose(
        quantiles, np.broadcast_to([-0.02, 0, 0.01], quantiles.shape), atol=1e-9
    )


def test_independent_steps_add_up_by_their_squares(close: Array) -> None:
    peer = Peer(last_value, context=50, columns=(1, 2, 3))
    quantiles = peer.from_returns(close, range(60, 299), 4)
    np.testing.assert_allclose(quantiles[0], np.sqrt([1, 2, 3, 4])[:, None] * [-0.02, 0, 0.01])


def test_the_network_reads_its_context_up_to_the_origin(close: Array) -> None:
    peer = Peer(average, context=50, columns=(0, 2, 4))
    rows = [10, 120, 200]
    whole, logs = peer.from_prices(close, rows, 2), np.log(close)
    for place, row in enumerate(rows):
        mean = logs[max(0, row - 49) : row + 1].mean() - logs[row]
        np.testing.assert_allclose(whole[place, 0], mean + AWAY[[0, 2, 4]])
    altered = np.where(np.arange(300) > 120, 5 * close, close)
    np.testing.assert_array_equal(peer.from_prices(altered, rows, 2)[:2], whole[:2])
    np.testing.assert_array_equal(
        peer.from_returns(altered, rows, 2)[:2], peer.from_returns(close, rows, 2)[:2]
    )


def test_the_best_width_is_found_by_step() -> None:
    actual = np.random.default_rng(1).standard_normal((20_000, 2))
    right = np.array([-1.2816, 0, 1.2816])
    band = np.broadcast_to(np.stack([right / 2, 3 * right]), (20_000, 2, 3))
    assert zero_shot.best_widths(band, actual)[:, 0] == pytest.approx([2, 1 / 3], rel=0.05)


def test_figures_equal_a_hand_loop() -> None:
    actual = np.array([0.0, 2.0, -3.0, 1.0])
    band = np.array([[-1.0, 0, 1], [-1, 0.5, 1], [-2, 0, 2], [-1, 0, 1]])
    losses = [
        max(level * (y - q), (level - 1) * (y - q))
        for y, row in zip(actual, band, strict=True)
        for level, q in zip(LEVELS, row, strict=True)
    ]
    quantiles = zero_shot.figures(actual, band, 2 * band)
    assert quantiles["pinball"] == pytest.approx(sum(losses) / 12)
    assert quantiles["coverage_80"] == 0.5
    assert quantiles["pinball_naive"] != quantiles["pinball"]
