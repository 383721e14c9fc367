"""GARCH(1,1) of the ``arch`` package beside our forecasters, on the same origins.

    pip install -r benchmarks/requirements.txt
    python -m benchmarks.garch --data FOLDER [--coins BTC,ETH] [--horizons 1,6,24]
                               [--forecasters cone,har,boosting,lstm]

FOLDER holds the hourly files named in ``histories.FILES``. The cells of our forecasters are those
of ``python -m benchmarks.forecasters``, with which this shares the folder of finished cells: any
name that it knows can be given. All are scored on the last 20 % of each history. *Seconds* are of
fits, forecasts and verdict together.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import forecasters, histories, measure
from cryptoforecast.evaluation import backtest
from cryptoforecast.forecasting import baselines
from cryptoforecast.forecasting.baselines import common
from cryptoforecast.learning import samples, specs
from cryptoforecast.service import Service
from cryptoforecast.settings import Settings
from cryptoforecast.types import QUANTILES, Array, Forecast, PriceHistory

HORIZONS = (1, 6, 24)
#: Our forecasters in the table by default; a network would be trained for each coin and horizon.
BESIDE = ("cone", "har", "boosting")
#: Candles that a fit reads, and candles until the next fit: a year and a week of hours.
WINDOW, REFIT = 8_760, 168


@dataclasses.dataclass(frozen=True)
class Garch:
    """The last price, with a band whose width follows a GARCH(1,1) with Student's t.

    The model is fitted again every ``REFIT`` candles, on the ``WINDOW`` candles before. It reads
    log-returns divided by the root mean square of their hour, on weekdays and at weekends. The band
    is the root of the expected variance of the next k candles times the quantiles of the fitted t
    distribution. Sources: Bollerslev (1987), "A conditionally heteroskedastic time series model for
    speculative prices and rates of return"; Andersen and Bollerslev (1997), "Intraday periodicity
    and volatility persistence in financial markets".

    Attributes:
        horizon: Steps, at least 1.
    """

    horizon: int

    @property
    def name(self) -> str:
        return "garch"

    def forecast(self, history: PriceHistory, rows: range) -> Forecast:
        """Forecast from each of ``rows``; row *t* looks at candles up to *t*."""
        weeks = (rows[first : first + REFIT] for first in range(0, len(rows), REFIT))
        bands = [self._band(history, week) for week in weeks]
        return common.forecast(self.name, history, rows, np.concatenate(bands))

    def _band(self, history: PriceHistory, rows: range) -> Array:
        """Fit on the candles before ``rows``; return the quantiles of each of them."""
        from arch import arch_model

        candles = history.candles.iloc[max(0, rows.start - WINDOW - 1) : rows.stop]
        returns = np.diff(np.log(candles["close"].to_numpy(float)))
        opens, last = pd.DatetimeIndex(candles.index[1:]), len(returns) - len(rows)
        hours = _hours(opens)
        squares = pd.Series(returns[:last] ** 2).groupby(hours[:last]).mean()
        pattern = np.sqrt(squares.reindex(range(48))).to_numpy()
        model = arch_model(
            returns / pattern[hours], mean="Zero", vol="GARCH", p=1, q=1, dist="t", rescale=False
        )
        fitted = model.fit(last_obs=last, disp="off")
        variance = fitted.forecast(horizon=self.horizon, start=last, reindex=False).variance
        ahead = [opens[last:] + k * history.candle_length for k in range(1, self.horizon + 1)]
        following = pattern[np.column_stack([_hours(times) for times in ahead])]
        sigma = np.sqrt((variance.to_numpy() * following**2).cumsum(axis=1))
        ratios = model.distribution.ppf(np.array(QUANTILES), fitted.params[["nu"]])
        band: Array = sigma[:, :, None] * ratios
        return band


def _hours(opens: pd.DatetimeIndex) -> Array:
    """Number the hours of a weekday 0 to 23, those of a day at the weekend 24 to 47."""
    hours: Array = opens.hour.to_numpy() + 24 * (opens.day_of_week.to_numpy() >= 5)
    return hours


def cell(history: PriceHistory, horizon: int) -> forecasters.Cell:
    """Test the model on the last share of a history, as a backtest does with a baseline."""
    began = time.perf_counter()
    history = samples.in_one_unit(history)
    spec = specs.make(network="naive", horizon=horizon, rows=len(history))
    split = samples.split(history, spec)
    references = baselines.fit(backtest.REFERENCES, history, split)
    spec = dataclasses.replace(spec, network="garch")
    result = backtest.run(history, [*references, Garch(horizon)], split, spec)
    return forecasters.figures(result, result.spec.network, horizon, time.perf_counter() - began)


def table(cells: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Put band errors of one market and horizon in one row, then coverage and seconds."""
    rows = forecasters.wide(cells)
    markets = dict.fromkeys((each["coin"], each["horizon"]) for each in cells)
    for row, market in zip(rows, markets, strict=True):
        own = {
            each["forecaster"]: each for each in cells if (each["coin"], each["horizon"]) == market
        }
        garch = own["garch"]
        del row["stack covers (80, 95 %)"]
        row["garch covers (80, 95 %)"] = ", ".join(
            f"{100 * garch[name]:.1f} %" for name in ("coverage_80", "coverage_95")
        )
        row["seconds"] = ", ".join(f"{name} {each['seconds']:.1f}" for name, each in own.items())
    return rows


def main() -> None:
    """Ask every cell, print the table, write it with every figure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of price files")
    parser.add_argument("--coins", type=_words, default=forecasters.COINS)
    parser.add_argument("--horizons", type=_words, default=tuple(map(str, HORIZONS)))
    parser.add_argument("--forecasters", type=_words, default=BESIDE, help="ours, by name")
    args = parser.parse_args()
    settings = dataclasses.replace(Settings.from_environment(os.environ), live=False)
    folder = settings.home / "benchmarks" / "forecasters"
    bench = forecasters.Bench(Service(settings), folder, forecasters.code_version(), fresh=False)
    cells = []
    for coin in args.coins:
        history = histories.read_one(args.data, "1h", coin)
        for horizon in map(int, args.horizons):
            print(f"{coin}, {horizon} ahead, garch ...", file=sys.stderr, flush=True)
            by_name = {who: bench.cell(history, who, horizon) for who in args.forecasters}
            by_name["garch"] = cell(history, horizon)
            market = {"coin": coin, "interval": "1h", "horizon": horizon}
            cells += [
                {**market, "forecaster": who, **vars(each)} for who, each in by_name.items() if each
            ]
    options = [
        f" --{name} {','.join(getattr(args, name))}"
        for name in ("coins", "horizons", "forecasters")
        if getattr(args, name) != parser.get_default(name)
    ]
    command = f"python -m benchmarks.garch --data FOLDER{''.join(options)}"
    measure.publish("garch", command, table(cells), cells)


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split(","))


if __name__ == "__main__":
    main()
