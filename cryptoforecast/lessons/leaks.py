"""The leak lab: one forecaster, tested honestly or with leaks, on a market of coin tosses.

The forecaster looks for the days of the past that were most like today, and expects what followed
them: the nearest neighbours. It knows three things about a day: where the price lies between its
lowest and highest (the scaler), how it changed in a month, and where it lies beside an average of
two weeks. It forecasts whether the price rises or falls in a week.

The days are cut into three spans: to learn from, to test on, and untouched ones at the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cryptoforecast.lessons import coin_tosses
from cryptoforecast.types import Array, Cheats, LeakScores

if TYPE_CHECKING:
    from sklearn.neighbors import KDTree

#: First day of the test, and first untouched day.
TEST, UNTOUCHED = 180, 240
#: Days that a forecast looks ahead, and days of the past that it is made of.
HORIZON, NEIGHBOURS = 7, 25
#: Days of the long change, and of half the average on either side of its middle.
MONTH, HALF = 30, 6
# How much the place between lowest and highest price counts among the three inputs.
_PLACE = 6.0
# Usual move of a day, log-return, which brings the other inputs to about 1.
_MOVE = (coin_tosses.MIN_MOVE + coin_tosses.MAX_MOVE) / 2


@dataclass(frozen=True, eq=False)
class _Days:
    """Some days of all coins: ``(n, 3)`` inputs and ``(n,)`` moves that followed."""

    inputs: Array
    moves: Array


def scores(cheats: Cheats, seed: int = 0) -> LeakScores:
    """Test the forecaster on a market of coin tosses; see ``scores_of``.

    Args:
        cheats: The leaks that are switched on.
        seed: Names the tosses.
    """
    return scores_of(coin_tosses.log_prices(seed), cheats, seed)


def scores_of(prices: Array, cheats: Cheats, seed: int = 0) -> LeakScores:
    """Test the forecaster with the given leaks, and then on the untouched days.

    Args:
        prices: ``(coins, days)`` logarithms of prices.
        cheats: The leaks that are switched on.
        seed: Names the order in which days are shuffled.
    """
    from sklearn.neighbors import KDTree

    reference = prices[:, : UNTOUCHED if cheats.scaler else TEST]
    inputs = _inputs(prices, reference, centred=cheats.ahead)
    moves = prices[:, HORIZON:] - prices[:, :-HORIZON]
    learn, test = _split(shuffled=cheats.shuffled, seed=seed)
    past = _days(inputs, moves, learn)
    similar = KDTree(past.inputs)
    test_days = _days(inputs, moves, test)
    # What comes later cannot be read when it matters: the input is what is known on the day.
    honest = _inputs(prices, reference, centred=False)
    later = _days(honest, moves, np.arange(UNTOUCHED, moves.shape[1]))
    return LeakScores(
        test=_right(similar, past.moves, test_days),
        untouched=_right(similar, past.moves, later),
        tested=len(test_days.moves),
        later=len(later.moves),
    )


def _split(*, shuffled: bool, seed: int) -> tuple[Array, Array]:
    """Return the days to learn from and the days to test on.

    One after the other, the last days to learn from are those whose outcome was known when the test
    began.
    """
    days = np.arange(MONTH, UNTOUCHED - HORIZON)
    if not shuffled:
        return days[days < TEST - HORIZON], days[days >= TEST]
    order = np.random.default_rng([seed, 1]).permutation(days)
    test = int((days >= TEST).sum())
    return order[test:], order[:test]


def _inputs(prices: Array, reference: Array, *, centred: bool) -> Array:
    """Compute what the forecaster knows about each day, ``(coins, days, 3)``.

    Args:
        prices: ``(coins, days)`` logarithms of prices.
        reference: The days from which the lowest and highest price are taken.
        centred: Whether the average of two weeks is centred on the day, instead of ending with it.
    """
    low, high = reference.min(axis=1, keepdims=True), reference.max(axis=1, keepdims=True)
    place = (prices - low) / (high - low)
    change, beside = np.full((2, *prices.shape), np.nan)
    change[:, MONTH:] = (prices[:, MONTH:] - prices[:, :-MONTH]) / (_MOVE * MONTH**0.5)
    days = 2 * HALF + 1
    average = np.lib.stride_tricks.sliding_window_view(prices, days, axis=1).mean(axis=2)
    if centred:
        beside[:, HALF:-HALF] = prices[:, HALF:-HALF] - average
    else:
        beside[:, days - 1 :] = prices[:, days - 1 :] - average
    return np.stack([_PLACE * place, change, beside / (_MOVE * days**0.5)], axis=-1)


def _days(inputs: Array, moves: Array, days: Array) -> _Days:
    return _Days(inputs[:, days].reshape(-1, inputs.shape[-1]), moves[:, days].ravel())


def _right(past: KDTree, moves: Array, days: _Days) -> float:
    """Return the share of the forecasts that had the direction of the move.

    Args:
        past: The inputs of the days that were learnt from.
        moves: What followed these days.
        days: The days to forecast from.
    """
    nearest = past.query(days.inputs, NEIGHBOURS, return_distance=False)
    forecasts = moves[nearest].mean(axis=1)
    return float((np.sign(forecasts) == np.sign(days.moves)).mean())
