"""Is the judge honest? On simulated markets whose truth is known, many times over.

    python -m benchmarks.judge [--markets 400] [--first 1000] [--processes 1]

Each market is another path of the embedded one (``prices/simulation/market.py``): 4,000 hours to
fit on, then 480 or 14,000 origins to test on, by ``verdict.judge`` as on the pages.

**Nothing to find.** No price can be foreseen here. *Drift*, *linear* and *last return* (a slope on
the last return by least squares) are fitted to noise and compared with the last price; their own
bands, where they have one that can't be better than the cone's, against the cone's. The *stack*
combines HAR and the shipped global network, whose direction it keeps as far as its past calls for.
*Opposites* are exactly as good as each other: one goes with the last move and the other against it,
and a coin that turns every two days or so says which of them has the wider band. A claim is
*better* where the verdict beats the baseline, or where the band's interval lies above 0. Both are
one side of a two-sided 95 % test, so that 2.5 % is what a perfect judge would reach with opposites.

**Something to find.** A slope planted on the last return; and volatility that clusters by a share
of what the embedded market does, where a band is measured by the constant one. *Worth* is the mean
skill on 14,000 origins. A quarter of the markets is used here.

**Bands.** What the quantiles of the true model cover, beside those of the baselines: the mean over
the markets with its 95 % interval.
"""

from __future__ import annotations

import argparse
import functools
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.signal import lfilter

from benchmarks import measure
from benchmarks.estimate_market import parkinson
from benchmarks.judge_tables import SPANS, BandCoverage, Opinion, bands, claims, grouped, power
from cryptoforecast.evaluation.scores import coverage
from cryptoforecast.evaluation.verdict import judge
from cryptoforecast.forecasting.bands import RollingBand
from cryptoforecast.forecasting.baselines import BASELINES
from cryptoforecast.forecasting.network import NetworkPredictor
from cryptoforecast.forecasting.stack import Stack
from cryptoforecast.learning import bundles, specs
from cryptoforecast.learning.targets import cumulative_returns
from cryptoforecast.prices.simulation.market import (
    DEFAULT,
    EPOCH,
    MarketParameters,
    constant_volatility,
    simulate,
)
from cryptoforecast.settings import ROOT
from cryptoforecast.types import QUANTILES, Array, Forecast, PriceHistory

FITTED = 4_000
HORIZONS = (1, 24)
SIGNALS = (0.02, 0.05, 0.1, 0.2)
CLUSTERING = (0.0, 0.2, 1.0)
#: One in so many markets is used where there is something to find.
POWER = 4
#: Seed of the first market, and seeds of those from which the law of a return is measured.
FIRST, LAW = 1_000, range(900_000, 900_040)
#: Of the opposites: share of the last move that is expected again, logarithm of the wider band,
#: probability that the coin turns.
LEAN, WIDTH, TURN = 0.05, 0.1, 1 / 48
#: The market's bound on an hour's variance relative to the long run.
MOST = 20.0
HOUR = pd.Timedelta(hours=1)


def nothing_to_find(seed: int) -> Iterator[Opinion | BandCoverage]:
    """Judge forecasters that can know nothing of the price, and measure what bands cover."""
    history = market(seed)
    combined = stack(history)
    for horizon in HORIZONS:
        rows = origins(history, horizon)
        by_name = forecasts(history, horizon, ("naive", "cone", "drift", "linear"))
        by_name["stack"] = first_steps(combined, horizon, len(rows))
        naive, cone = by_name["naive"], by_name["cone"]
        by_name["last return"] = last_return(history, rows, cone)
        for who in ("drift", "linear", "last return", "stack"):
            yield from verdicts("nothing", "embedded", who, by_name[who], naive, cone)
        one, other = opposites(history, rows, cone, seed)
        yield from verdicts("nothing", "embedded", "opposites", one, other, other)
        for who in ("naive", "cone", "linear", "stack"):
            quantiles = by_name[who].quantiles[:, -1]
            yield covered("embedded", who, horizon, naive.actual_returns[:, -1], quantiles)
        if horizon == 1:
            sigma = volatility(history.candles, DEFAULT)[rows.start : rows.stop]
            truth = sigma[:, None] * law(horizon)
            yield covered("embedded", "true model", horizon, naive.actual_returns[:, -1], truth)
    flat = constant_volatility()
    history = market(seed, parameters=flat)
    for horizon in HORIZONS:
        rows = origins(history, horizon)
        returns = cumulative_returns(history.candles["close"].to_numpy(float), horizon)
        truth = np.tile(flat.volatility * law(horizon), (len(rows), 1))
        happened = returns[rows.start : rows.stop, -1]
        yield covered("constant volatility", "true model", horizon, happened, truth)


def something_to_find(seed: int) -> Iterator[Opinion]:
    """Judge forecasters of planted slopes, and bands where volatility clusters."""
    for signal in SIGNALS:
        history = market(seed, signal=signal)
        by_name = forecasts(history, 1, ("naive", "cone", "linear"))
        by_name["last return"] = last_return(history, origins(history, 1), by_name["cone"])
        for who in ("last return", "linear"):
            name = f"slope {signal}"
            yield from verdicts("price", name, who, by_name[who], by_name["naive"], by_name["cone"])
    for share in CLUSTERING:
        history = market(seed, parameters=clustering(share))
        for horizon in HORIZONS:
            by_name = forecasts(history, horizon, ("naive", "cone", "har"))
            for who in ("cone", "har"):
                name = f"clustering {share}"
                yield from verdicts(
                    "band", name, who, by_name[who], by_name["naive"], by_name["naive"]
                )


def market(seed: int, parameters: MarketParameters = DEFAULT, signal: float = 0.0) -> PriceHistory:
    """Simulate one market, long enough for the longest span at the longest horizon."""
    end = EPOCH + (FITTED + max(SPANS) + max(HORIZONS)) * HOUR
    return simulate("BTC", end=end, now=end, parameters=parameters, signal=signal, seed=seed)


def origins(history: PriceHistory, horizon: int) -> range:
    """Return the rows to forecast from, after the fitted ones: as many as the longest span has."""
    return range(FITTED, min(FITTED + max(SPANS), len(history) - horizon))


def forecasts(history: PriceHistory, horizon: int, names: Iterable[str]) -> dict[str, Forecast]:
    """Fit baselines and let them forecast all origins."""
    rows = origins(history, horizon)
    return {
        name: BASELINES[name].fit(history, FITTED, horizon).forecast(history, rows)
        for name in names
    }


def stack(history: PriceHistory) -> Forecast:
    """Let the shipped global network and HAR forecast all origins together, a day ahead.

    The network learnt from real prices, which tell nothing of simulated ones.
    """
    model = bundles.load(ROOT / "models" / "global-1h-lstm")
    network = NetworkPredictor(model, RollingBand(specs.needs(model.spec) - 1, FITTED))
    har = BASELINES["har"].fit(history, FITTED, model.spec.horizon)
    return Stack(network, (har,)).forecast(history, origins(history, max(HORIZONS)))


def first_steps(forecast: Forecast, horizon: int, count: int) -> Forecast:
    """Return the first steps of a forecast, from its first origins."""
    part = forecast[:count]
    return replace(
        part,
        predicted=part.predicted[:, :horizon],
        quantiles=part.quantiles[:, :horizon],
        actual=part.actual[:, :horizon],
    )


def verdicts(
    table: str, where: str, who: str, forecast: Forecast, naive: Forecast, cone: Forecast
) -> Iterator[Opinion]:
    """Judge the first origins and all of them."""
    for span in SPANS:
        part = slice(0, span)
        verdict = judge(forecast[part], naive[part], cone[part], simulated=True)
        yield Opinion(
            (table, where, who, forecast.horizon, span),
            verdict.beats_baseline,
            verdict.high < 0,
            verdict.band_low > 0,
            verdict.band_high < 0,
            verdict.skill,
            verdict.band_skill,
        )


def last_return(history: PriceHistory, rows: range, cone: Forecast) -> Forecast:
    """Forecast by a slope on the last return, of least squares; the band is the cone's."""
    close = history.candles["close"].to_numpy(float)
    targets = cumulative_returns(close, cone.horizon)[1 : FITTED - cone.horizon]
    last = np.diff(np.log(close), prepend=np.nan)
    x = last[1 : FITTED - cone.horizon]
    slopes = x @ targets / (x @ x)
    centre = last[rows.start : rows.stop, None] * slopes
    return replace(cone, predictor="last return", predicted=cone.close[:, None] * np.exp(centre))


def opposites(
    history: PriceHistory, rows: range, cone: Forecast, seed: int
) -> tuple[Forecast, Forecast]:
    """Make two forecasts that are exactly as good as each other, whatever the market does.

    Returns are as likely to rise as to fall, and the coin knows nothing of them.
    """
    moved = np.diff(np.log(history.candles["close"].to_numpy(float)), prepend=0.0)
    over = pd.Series(moved).rolling(cone.horizon, min_periods=1).sum().to_numpy()
    rng = np.random.default_rng(seed)
    coin = 1 - 2 * (np.cumsum(rng.random(len(rows)) < TURN) % 2)
    one, other = (
        replace(
            cone,
            predictor=name,
            predicted=cone.close[:, None] * np.exp(side * LEAN * over[rows.start : rows.stop, None])
            * np.ones(cone.horizon),
            quantiles=cone.quantiles * np.exp(side * WIDTH * coin)[:, None, None],
        )
        for name, side in (("one", 1), ("other", -1))
    )  # fmt: skip
    return one, other


def clustering(share: float) -> MarketParameters:
    """Return the embedded market with a share of what makes its volatility forecastable."""
    return replace(
        DEFAULT,
        weights=tuple(share * weight for weight in DEFAULT.weights),
        hours=tuple(1 + share * (hour - 1) for hour in DEFAULT.hours),
        weekend=1 - share * (1 - DEFAULT.weekend),
    )


def volatility(candles: pd.DataFrame, parameters: MarketParameters) -> Array:
    """Compute the market's own volatility of the hour after each row, ``(n,)``.

    This is the model of ``prices/simulation/market.py`` with the ranges that were seen.
    """
    index = pd.DatetimeIndex(candles.index).append(candles.index[-1:] + HOUR)
    hours = np.asarray(parameters.hours)
    pattern = hours[index.hour] * np.where(index.day_of_week >= 5, parameters.weekend, 1.0)
    pattern /= np.sqrt((hours**2).mean() * (5 + 2 * parameters.weekend**2) / 7)
    sigma = parameters.volatility * pattern
    fell = (candles["close"] < candles["open"]).to_numpy()
    seen = parkinson(candles).to_numpy() / sigma[:-1] ** 2 / parameters.range_ratio
    seen *= 1 + parameters.leverage * np.where(fell, 0.5, -0.5)
    relative = np.full(len(candles), 1 - sum(parameters.weights))
    for weight, half_life in zip(parameters.weights, parameters.half_lives, strict=True):
        decay = 0.5 ** (1 / half_life)
        relative += weight * lfilter([1 - decay], [1, -decay], seen, zi=[decay])[0]
    return sigma[1:] * np.sqrt(np.minimum(relative, MOST))


@functools.cache
def law(horizon: int) -> Array:
    """Read the quantiles of a return over its hourly volatility off many other markets."""
    flat = constant_volatility()
    closes = (market(seed, parameters=flat).candles["close"].to_numpy(float) for seed in LAW)
    returns = [cumulative_returns(close, horizon)[:-horizon, -1] for close in closes]
    return np.quantile(np.concatenate(returns) / flat.volatility, QUANTILES)


def covered(where: str, who: str, horizon: int, returns: Array, quantiles: Array) -> BandCoverage:
    """Measure what quantiles of the return over ``horizon`` hours covered."""
    shares = (coverage(returns, quantiles, level) for level in (80, 95))
    return BandCoverage((where, who, horizon), *shares)


def _over(
    ask: Callable[[int], list[Opinion | BandCoverage]], seeds: range, processes: int
) -> list[Opinion | BandCoverage]:
    """Ask of every market, and say now and then how far it is."""
    records: list[Opinion | BandCoverage] = []
    with ProcessPoolExecutor(processes) as pool:
        for number, one in enumerate(pool.map(ask, seeds), 1):
            records += one
            if number % 20 == 0 or number == len(seeds):
                print(f"{number} of {len(seeds)} markets ...", file=sys.stderr, flush=True)
    return records


def _nothing(seed: int) -> list[Opinion | BandCoverage]:
    return list(nothing_to_find(seed))


def _something(seed: int) -> list[Opinion | BandCoverage]:
    return list(something_to_find(seed))


def main() -> None:
    """Ask of every market, print the three tables, write them and the counts."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--markets", type=int, default=400, help="how many, at least 4")
    parser.add_argument("--first", type=int, default=FIRST, help="seed of the first market")
    parser.add_argument("--processes", type=int, default=1, help="how many at a time")
    args = parser.parse_args()
    if args.markets < POWER:
        parser.error(f"--markets must be at least {POWER}. Received: {args.markets}.")
    if args.first < 0 or args.first + args.markets > LAW.start:
        parser.error(f"--first must be a seed from 0 to {LAW.start:,}. Received: {args.first}.")
    seeds = range(args.first, args.first + args.markets)
    records = _over(_nothing, seeds, args.processes)
    records += _over(_something, seeds[: args.markets // POWER], args.processes)
    opinions = [one for one in records if isinstance(one, Opinion)]
    measured = [one for one in records if isinstance(one, BandCoverage)]
    tables = {"something to find": power(opinions), "bands": bands(measured)}
    for name, rows in tables.items():
        print(f"\n{name.capitalize()}\n\n{measure.table(rows)}")
    print("\nNothing to find\n")
    counts = [
        {
            "case": case,
            "markets": len(group),
            **{
                name: sum(getattr(one, name) for one in group)
                for name in ("better", "worse", "band_better", "band_worse")
            },
        }
        for case, group in grouped(opinions)
    ]
    command = f"python -m benchmarks.judge --markets {args.markets} --first {args.first}"
    measure.publish("judge", command, claims(opinions), {**tables, "counts": counts})


if __name__ == "__main__":
    main()
