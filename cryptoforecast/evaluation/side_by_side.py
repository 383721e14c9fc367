"""Several networks as the predictors of one test: the same origins, the same steps, one last price.

A network forecasts so many steps and reads so many candles; what can be compared is what all did.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import pandas as pd

from cryptoforecast.evaluation.backtest import score
from cryptoforecast.evaluation.verdict import judge
from cryptoforecast.types import Backtest, Forecast, Verdict

#: The last price, beside which all stand.
REFERENCE = "naive"


def side_by_side(tests: Mapping[str, Backtest]) -> Backtest:
    """Put the networks of several tests into one, on what all of them forecast.

    Args:
        tests: Tests of networks by name, on the same prices. No network is named as the reference.

    Returns:
        A test whose forecasts are those of the reference and of the networks alone, without the
        stack, by these names. It has as many steps as the network with the fewest.
    """
    first = next(iter(tests.values()))
    forecasts = {REFERENCE: first.forecasts[REFERENCE]} | {
        name: test.forecasts[test.spec.network] for name, test in tests.items()
    }
    horizon = min(forecast.horizon for forecast in forecasts.values())
    start = max(forecast.origins[0] for forecast in forecasts.values())
    end = min(forecast.origins[-1] for forecast in forecasts.values())
    forecasts = {
        name: _cut(dataclasses.replace(forecast, predictor=name), start, end, horizon)
        for name, forecast in forecasts.items()
    }
    return dataclasses.replace(
        first,
        spec=dataclasses.replace(first.spec, horizon=horizon),
        forecasts=forecasts,
        scores=score(first.history, first.split, forecasts),
        verdicts={name: _verdict(name, forecasts, first) for name in tests},
        model=None,
        seen=any(test.seen for test in tests.values()),
    )


def _verdict(name: str, forecasts: Mapping[str, Forecast], test: Backtest) -> Verdict:
    """Compare one network with the last price, corrected for the number of networks."""
    others = [one for other, one in forecasts.items() if other not in (name, REFERENCE)]
    simulated = test.history.simulated
    return judge(forecasts[name], forecasts[REFERENCE], others=others, simulated=simulated)


def _cut(forecast: Forecast, start: pd.Timestamp, end: pd.Timestamp, horizon: int) -> Forecast:
    """Return the first steps of a forecast at the origins in a span."""
    within = forecast[
        forecast.origins.searchsorted(start) : forecast.origins.searchsorted(end, side="right")
    ]
    return dataclasses.replace(
        within,
        predicted=within.predicted[:, :horizon],
        quantiles=within.quantiles[:, :horizon],
        actual=within.actual[:, :horizon],
    )
