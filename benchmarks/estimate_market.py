"""Estimate the embedded market's parameters from real hourly candles, and compare the two.

    python -m benchmarks.estimate_market --data FOLDER

FOLDER holds ``hourly/BTCUSDT_1h_binance_2017-08_2025-09.csv.gz``. The method is described in
``cryptoforecast/prices/simulation/market.py``. ``DEFAULT`` in ``parameters.py`` beside it holds the
numbers that are printed here.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import brentq, minimize
from scipy.signal import lfilter
from scipy.special import gammaln

from cryptoforecast.prices.files import price_file
from cryptoforecast.prices.simulation.market import (
    DEFAULT,
    EPOCH,
    MarketParameters,
    constant_volatility,
    simulate,
)
from cryptoforecast.types import QUANTILES

FILE = Path("hourly/BTCUSDT_1h_binance_2017-08_2025-09.csv.gz")
COMPONENTS = 3
SEEDS = tuple(range(24))
END = pd.Timestamp("2025-10-01", tz="UTC")


@dataclass(frozen=True)
class Hours:
    """Deseasonalised hours: log-returns, Parkinson variances, and the pattern taken out."""

    returns: np.ndarray
    parkinson: np.ndarray
    hours: tuple[float, ...]
    weekend: float

    @property
    def range_ratio(self) -> float:
        """Mean Parkinson variance over mean squared return."""
        return float(self.parkinson.mean() / (self.returns**2).mean())


def parkinson(candles: pd.DataFrame) -> pd.Series:
    """Estimate the variance of each candle by its range: ln(high/low)^2 / (4 ln 2)."""
    return np.log(candles["high"] / candles["low"]) ** 2 / (4 * np.log(2))


def deseasonalise(candles: pd.DataFrame) -> Hours:
    """Divide by the mean absolute return of the hour of day and of the weekend."""
    returns = np.log(candles["close"]).diff().iloc[1:]
    size, index = returns.abs(), pd.DatetimeIndex(returns.index)
    by_hour = size.groupby(index.hour).mean() / size.mean()
    pattern = by_hour.to_numpy()[index.hour]
    weekend = np.asarray(index.day_of_week >= 5)
    ratio = float((size / pattern)[weekend].mean() / (size / pattern)[~weekend].mean())
    pattern = pattern * np.where(weekend, ratio, 1.0)
    pattern /= np.sqrt((pattern**2).mean())
    variance = parkinson(candles).iloc[1:].to_numpy() / pattern**2
    return Hours(
        returns.to_numpy() / pattern, variance, tuple(by_hour.round(2).tolist()), round(ratio, 3)
    )


def unpack(theta: np.ndarray) -> tuple[np.ndarray, np.ndarray, float, float]:
    """Return weights (sum below 1), half-lives, leverage and degrees of freedom."""
    share = np.exp(theta[:COMPONENTS])
    half_lives = np.exp(np.sort(theta[COMPONENTS : 2 * COMPONENTS]))
    return share / (1 + share.sum()), half_lives, np.tanh(theta[-2]), 2 + np.exp(theta[-1])


def variance(theta: np.ndarray, hours: Hours) -> np.ndarray:
    """Forecast the variance of each hour from the hours before it."""
    weights, half_lives, leverage, _ = unpack(theta)
    level = float((hours.returns**2).mean())
    surprise = hours.parkinson / hours.range_ratio
    surprise = surprise * (1 + leverage * np.where(hours.returns < 0, 0.5, -0.5))
    h = np.full(len(surprise), level * (1 - weights.sum()))
    for weight, decay in zip(weights, 0.5 ** (1 / half_lives), strict=True):
        average = lfilter([1 - decay], [1, -decay], surprise, zi=[decay * level])[0]
        h += weight * np.r_[level, average[:-1]]
    return h


def negative_log_likelihood(theta: np.ndarray, hours: Hours) -> float:
    """Compute the mean over hours, for Student's t with the variance of ``variance``."""
    freedom = unpack(theta)[3]
    scale2 = variance(theta, hours) * (freedom - 2) / freedom
    density = gammaln((freedom + 1) / 2) - gammaln(freedom / 2)
    density = density - 0.5 * np.log(np.pi * freedom * scale2)
    density -= (freedom + 1) / 2 * np.log1p(hours.returns**2 / (freedom * scale2))
    return -float(density.mean())


def fit_volume(candles: pd.DataFrame) -> tuple[float, float, float]:
    """Fit volume to range: the elasticity, and the rest's standard deviation and memory."""
    log_volume = np.log(candles["volume"])
    log_range = 0.5 * np.log(parkinson(candles))
    # The exchange grew a hundredfold: both are taken relative to their last month.
    y = log_volume - log_volume.rolling(720).median()
    x = log_range - log_range.rolling(720).median()
    both = pd.DataFrame({"y": y, "x": x}).replace([np.inf, -np.inf], np.nan).dropna()
    slope = float(np.polyfit(both["x"], both["y"], 1)[0])
    rest = both["y"] - slope * both["x"]
    return slope, float(rest.std()), float(rest.autocorr(1))


def calibrate_wick(ratio: float) -> float:
    """Find the stretch that gives a path without clustering the real range.

    Persistence is close to one, so an error here of a thousandth moves the level by a tenth:
    hence the many paths.
    """
    level = 0.005

    def gap(wick: float) -> float:
        flat = constant_volatility(
            replace(DEFAULT, volatility=level, wick=wick, freedom=float("inf"))
        )
        paths = [simulate("BTC", end=END, parameters=flat, seed=seed) for seed in range(24)]
        mean = float(np.mean([parkinson(path.candles).mean() for path in paths]))
        return mean / level**2 - ratio

    return float(brentq(gap, 1.3, 1.7, xtol=1e-4))


def calibrate_level(parameters: MarketParameters, target: float) -> float:
    """Find the level that gives the median of many paths the real standard deviation.

    With fat tails and long memory the variance lives in rare bursts: a path of some years stays
    well below its expectation, so the level is matched on paths.
    """
    paths = (simulate("BTC", end=END, parameters=parameters, seed=seed) for seed in range(60))
    spread = [np.log(path.candles["close"]).diff().std() for path in paths]
    return parameters.volatility * target / float(np.median(spread))


def estimate(candles: pd.DataFrame) -> MarketParameters:
    """Estimate everything; volatility's level from the epoch on, the rest from all hours."""
    hours = deseasonalise(candles)
    start = np.array([1.0, 1.0, 0.7, 0.0, 2.0, 4.5, 0.2, 0.5])
    optimum = minimize(negative_log_likelihood, start, args=(hours,), method="L-BFGS-B")
    if not optimum.success:
        raise RuntimeError(f"The likelihood was not maximised: {optimum.message}")
    weights, half_lives, leverage, freedom = unpack(optimum.x)
    print(f"mean log-likelihood {-optimum.fun:.4f} over {len(hours.returns):,} hours")
    elasticity, noise, memory = fit_volume(candles)
    target = float(np.log(candles["close"])[lambda c: c.index >= EPOCH].diff().std())
    parameters = MarketParameters(
        volatility=target,
        weights=tuple(weights.round(3).tolist()),
        half_lives=tuple(half_lives.round(2).tolist()),
        leverage=round(float(leverage), 3),
        freedom=round(float(freedom), 2),
        hours=hours.hours,
        weekend=hours.weekend,
        range_ratio=round(hours.range_ratio, 3),
        wick=round(calibrate_wick(round(hours.range_ratio, 3)), 4),
        volume_elasticity=round(elasticity, 2),
        volume_noise=round(noise, 2),
        volume_memory=round(memory, 2),
    )
    return replace(parameters, volatility=round(calibrate_level(parameters, target), 4))


def autocorrelation(values: np.ndarray, lag: int) -> float:
    """Compute the sample autocorrelation at one lag."""
    centred = values - values.mean()
    return float((centred[lag:] * centred[:-lag]).mean() / (centred**2).mean())


def cone_against_constant(candles: pd.DataFrame, step: int) -> float:
    """Divide the pinball loss of a scaled band by a constant one's, on the last fifth of hours."""
    sigma = np.sqrt(parkinson(candles).ewm(alpha=0.1, adjust=False).mean().to_numpy()[:-step])
    close = np.log(candles["close"].to_numpy())
    r, levels = close[step:] - close[:-step], np.array(QUANTILES)
    cut = int(0.8 * len(r))

    def pinball(band: np.ndarray) -> float:
        miss = r[cut:, None] - band
        return float(np.maximum(levels * miss, (levels - 1) * miss).mean())

    scaled = sigma[cut:, None] * np.quantile(r[:cut] / sigma[:cut], levels)
    return pinball(scaled) / pinball(np.tile(np.quantile(r[:cut], levels), (len(r) - cut, 1)))


def facts(candles: pd.DataFrame) -> dict[str, float]:
    """Measure stylised facts of hourly candles."""
    returns = np.log(candles["close"]).diff().iloc[1:]
    size = returns.abs()
    width = np.log(candles["high"] / candles["low"]).iloc[1:]
    index = pd.DatetimeIndex(size.index)
    by_hour = size.groupby(index.hour).mean() / size.mean()
    weekend = np.asarray(index.day_of_week >= 5)
    log_volume = np.log(candles["volume"].iloc[1:])
    return {
        "standard deviation, %": 100 * float(returns.std()),
        "excess kurtosis": float(returns.kurt()),
        "largest move, standard deviations": float(size.max() / returns.std()),
        "autocorrelation of r, lag 1": autocorrelation(returns.to_numpy(), 1),
        **{f"... of |r|, lag {k}": autocorrelation(size.to_numpy(), k) for k in (1, 24, 168, 720)},
        "|r| at 14:00 / mean": float(by_hour[14]),
        "|r| at 04:00 / mean": float(by_hour[4]),
        "|r| at the weekend / other days": float(size[weekend].mean() / size[~weekend].mean()),
        "mean range / mean |r|": float(width.mean() / size.mean()),
        "correlation of log volume and log range": float(
            np.corrcoef(log_volume, np.log(width.clip(lower=1e-6)))[0, 1]
        ),
        "cone's pinball / constant's, 1 h": cone_against_constant(candles, 1),
        "cone's pinball / constant's, 24 h": cone_against_constant(candles, 24),
    }


def compare(real: pd.DataFrame, parameters: MarketParameters) -> None:
    """Print real facts beside the median and the middle 80 % of many simulated paths."""
    paths = [
        facts(simulate("BTC", end=END, parameters=parameters, seed=seed).candles) for seed in SEEDS
    ]
    whole, recent = facts(real), facts(real[real.index >= EPOCH])
    print(f"{'':42}{'2017-2025':>10}{'2022-2025':>10}{'simulated':>10}   over {len(SEEDS)} paths")
    for name in whole:
        simulated = np.array([path[name] for path in paths])
        print(
            f"{name:42}{whole[name]:10.3f}{recent[name]:10.3f}{np.median(simulated):10.3f}"
            f"   {np.quantile(simulated, 0.1):.3f} to {np.quantile(simulated, 0.9):.3f}"
        )


def main(show: Callable[[str], None] = print) -> None:
    """Estimate, print, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the price files")
    path = parser.parse_args().data / FILE
    candles = price_file.read(path, path.name).candles
    # Outages of the exchange: flat candles without volume, which are no market.
    candles = candles[(candles["volume"] > 0) & (candles["high"] > candles["low"])]
    parameters = estimate(candles)
    for name, value in vars(parameters).items():
        show(f"    {name}={value!r},")
    compare(candles, parameters)


if __name__ == "__main__":
    main()
