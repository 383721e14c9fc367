"""Several networks as the predictors of one test: the same origins, the same steps, one last price.

Networks differ in how many steps they forecast and how many candles they read. Only the steps and
origins that all of them have are compared.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Mapping

import numpy as np

from cryptoforecast.evaluation import backtest, losses
from cryptoforecast.evaluation.comparison import compare_pairs
from cryptoforecast.evaluation.scores import score
from cryptoforecast.evaluation.verdict import judge
from cryptoforecast.types import (
    Array,
    Backtest,
    CoinTest,
    Forecast,
    Leaderboard,
    Standing,
    Verdict,
)

#: The last price, beside which all stand.
REFERENCE = "naive"


def side_by_side(tests: Mapping[str, Backtest]) -> Backtest:
    """Put the networks of several tests into one, on what all of them forecast.

    Args:
        tests: Tests of networks by name, on the same prices. None of the names may be
            ``REFERENCE``.

    Returns:
        A test whose forecasts are those of the reference and of the networks alone, without the
        stack, by these names. It has as many steps as the network with the fewest.
    """
    first = next(iter(tests.values()))
    forecasts = {REFERENCE: first.forecasts[REFERENCE]} | {
        name: test.forecasts[test.spec.network] for name, test in tests.items()
    }
    forecasts = aligned(forecasts)
    return dataclasses.replace(
        first,
        spec=dataclasses.replace(first.spec, horizon=forecasts[REFERENCE].horizon),
        forecasts=forecasts,
        scores=backtest.score(first.history, first.split, forecasts),
        verdicts={name: _verdict(name, forecasts, first) for name in tests},
        model=None,
        seen=any(test.seen for test in tests.values()),
    )


def _verdict(name: str, forecasts: Mapping[str, Forecast], test: Backtest) -> Verdict:
    """Compare one network with the last price, corrected for the number of networks."""
    others = [one for other, one in forecasts.items() if other not in (name, REFERENCE)]
    simulated = test.history.simulated
    return judge(forecasts[name], forecasts[REFERENCE], others=others, simulated=simulated)


def on_coins(tests: Mapping[str, Backtest]) -> CoinTest:
    """Put the tests of one network on several coins onto the same origins.

    Each coin is compared with its own last price, corrected for the number of coins.

    Args:
        tests: Tests of the network by coin.

    Returns:
        The standings of the coins, the one with the largest skill first, and the scores of the
        network and of the last price on each coin. MASE is NaN, because no training rows are given.
    """
    pairs = {
        coin: (test.forecasts[test.spec.network], test.forecasts[REFERENCE])
        for coin, test in tests.items()
    }
    common = aligned({f"{i} {coin}": pair[i] for coin, pair in pairs.items() for i in (0, 1)})
    own, naive = ({coin: common[f"{i} {coin}"] for coin in tests} for i in (0, 1))
    any_one = next(iter(own.values()))
    step, times = any_one.horizon, any_one.closes_at(0)
    differences = compare_pairs(
        {
            coin: (losses.of_metric(own[coin], "mae", step), losses.of_metric(each, "mae", step))
            for coin, each in naive.items()
        },
        step,
    )
    scores, references = (
        {coin: score(each, math.nan)[-1] for coin, each in forecasts.items()}
        for forecasts in (own, naive)
    )
    standings = [
        Standing(
            coin, scores[coin].mape, each.skill, each.low, each.high, each.p_value, each.p_holm
        )
        for coin, each in differences.items()
    ]
    standings.sort(key=lambda each: each.skill, reverse=True)
    return CoinTest(
        Leaderboard("mape", step, REFERENCE, len(any_one), tuple(standings)),
        scores,
        references,
        times[0],
        times[-1],
        tuple(coin for coin, test in tests.items() if test.seen),
    )


def aligned(forecasts: Mapping[str, Forecast]) -> dict[str, Forecast]:
    """Cut forecasts to the steps and origins that all of them have, with a known outcome.

    Args:
        forecasts: Forecasts by name, of the same prices.

    Returns:
        The forecasts, each named as it is here.
    """
    horizon = min(forecast.horizon for forecast in forecasts.values())
    origins = [forecast.at(horizon).origins for forecast in forecasts.values()]
    common = functools.reduce(np.intersect1d, (each.asi8 for each in origins))
    return {
        name: _cut(dataclasses.replace(forecast, predictor=name), common, horizon)
        for name, forecast in forecasts.items()
    }


def _cut(forecast: Forecast, origins: Array, horizon: int) -> Forecast:
    """Return the first steps of a forecast at some of its origins, in nanoseconds."""
    rows = np.isin(forecast.origins.asi8, origins)
    return dataclasses.replace(
        forecast,
        origins=forecast.origins[rows],
        close=forecast.close[rows],
        predicted=forecast.predicted[rows, :horizon],
        quantiles=forecast.quantiles[rows, :horizon],
        actual=forecast.actual[rows, :horizon],
    )
