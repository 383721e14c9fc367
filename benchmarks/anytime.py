"""How often the anytime verdict claims what is not there, and how much later it finds what is.

    python -m benchmarks.anytime

First part: 400 simulated markets whose forecasts are on average exactly as good as the last price
and the cone. Each is looked at after every forecast, at two steps, as the ledger does it; the usual
test is looked at as often, and once at the end. Second part: forecasts that are better. A fixed
test looks once, after as many forecasts as were chosen beforehand; the anytime verdict looks after
every one of them.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from cryptoforecast.evaluation import significance
from cryptoforecast.ledger import evidence, grading
from cryptoforecast.prices.candles.quality import report
from cryptoforecast.types import Array, PriceHistory
from cryptoforecast.types.ledger import LedgerForecast, SeriesName

MARKETS, FORECASTS, HORIZON = 400, 300, 3
#: Forecasts of the second part, at most.
MAX_FORECASTS = 6000
_NORMAL = np.array([-1.96, -1.645, -1.282, -0.674, 0, 0.674, 1.282, 1.645, 1.96])
_HOUR = pd.Timedelta(hours=1)
_CLAIM = np.log(evidence.CLAIM)
#: Changes the sign of the sum of differences, which is the third column.
_TURNED = np.array([1, 1, -1, 1, 1, 1, 1])


def main() -> None:
    """Print both parts as tables."""
    print(
        "claimed in how many of the markets without signal: | better price | better range | worse"
    )
    claims = np.array([_without_signal(seed) for seed in range(MARKETS)]).mean(axis=0)
    names = ("anytime, ever", "usual, ever", "usual, at the end")
    for name, shares in zip(names, claims, strict=True):
        print(f"{name} | {' | '.join(f'{share:.1%}' for share in shares)}")
    print("\nskill | a fixed test finds half after | the anytime verdict after | times as many")
    for signal in (1.0, 1.5, 2.5, 4.0):
        print(" | ".join(_with_signal(signal)))


def _without_signal(seed: int) -> Array:
    """Return what is ever claimed of one market, at its first step or its last.

    Returns:
        ``(3, 3)`` bool: a row for the anytime verdict, the usual test, and the usual test at the
        end alone; a column for a better price, a better range, and one of the two being worse.
    """
    rng = np.random.default_rng(seed)
    sigma = np.full(FORECASTS + HORIZON, 0.005)
    noise = rng.standard_normal(len(sigma))
    for row in range(1, len(sigma)):  # volatility comes in spells
        sigma[row] = np.sqrt(
            2e-6 + 0.1 * (sigma[row - 1] * noise[row - 1]) ** 2 + 0.82 * sigma[row - 1] ** 2
        )
    shift = rng.normal(0, 0.1, FORECASTS) * sigma[:FORECASTS]
    returns = sigma * noise
    # Half of each forecast comes true: then it misses exactly as much as the last price does.
    returns[1 : FORECASTS + 1] += shift / 2
    close = 100 * np.exp(np.cumsum(returns))
    history = _history(close)
    gathered, ever, now = evidence.empty(HORIZON), np.zeros((2, 3), bool), np.zeros((2, 3), bool)
    for row in range(FORECASTS):
        steps = _forecast(history, row, shift[row], sigma[row + 1], rng)
        outcome = grading.grade(1, steps, history, steps.due_at)
        if outcome is None:
            raise RuntimeError("Every candle is there.")
        gathered = evidence.add(gathered, steps, outcome)
        now = np.stack([_anytime(gathered), _usual(gathered)])
        ever |= now
    return np.vstack([ever, now[1]])


def _parts(gathered: Array) -> list[Array]:
    """Return the evidence at the first step and at the last, against each other forecaster."""
    return [gathered[[0, -1], evidence.columns_against(place)] for place in range(2)]


def _anytime(gathered: Array) -> list[bool]:
    parts = _parts(gathered)
    better = [bool((evidence.log_evidence(part) >= _CLAIM).any()) for part in parts]
    worse = [bool((evidence.log_evidence(part * _TURNED) >= _CLAIM).any()) for part in parts]
    return [*better, any(worse)]


def _usual(gathered: Array) -> list[bool]:
    tests = [[evidence.usual_test(row) for row in part] for part in _parts(gathered)]
    better = [any(test.better for test in both) for both in tests]
    return [*better, any(test.worse for both in tests for test in both)]


def _forecast(
    history: PriceHistory, row: int, shift: float, sigma: float, rng: np.random.Generator
) -> LedgerForecast:
    """Return a forecast whose band is as wrong as that of the cone, by chance."""
    close = float(history.candles["close"].iloc[row])
    spread = sigma * np.sqrt(np.arange(1, HORIZON + 1))[:, None] * _NORMAL
    own, cone = (spread * np.exp(rng.normal(0, 0.1)) for _ in range(2))
    return LedgerForecast(
        series=SeriesName("simulated", "stack", "BTC", "USD", "1h", False, HORIZON),
        made_at=history.candles.index[row] + _HOUR,
        version="",
        fingerprint="",
        source="simulated",
        origin=history.candles.index[row],
        last_close=close,
        quantiles=close * np.exp(own + np.where(_NORMAL == 0, shift, 0.0)),
        naive=close * np.exp(spread),
        cone=close * np.exp(cone),
    )


def _history(close: Array) -> PriceHistory:
    index = pd.date_range("2024-01-01", periods=len(close), freq="h", tz="UTC", unit="ns")
    columns = dict.fromkeys(("open", "high", "low", "close"), close)
    candles = pd.DataFrame({**columns, "volume": 1.0}, index=index.rename("time"))
    return PriceHistory(
        "BTC", "1h", candles, "simulated", index[-1] + _HOUR, quality=report(candles, "1h")
    )


def _with_signal(signal: float) -> list[str]:
    """Compare both tests on forecasts of which so much comes true."""
    rng = np.random.default_rng(1)
    shape = (MARKETS, MAX_FORECASTS)
    guess = rng.normal(0, 0.1, shape)
    actual = signal * guess + rng.standard_normal(shape)
    base, own = np.abs(actual), np.abs(actual - guess)
    fixed = next(
        (n for n in range(40, MAX_FORECASTS, 40) if _rejected(own[:, :n], base[:, :n]) >= 0.5), None
    )
    part, when = np.zeros((MARKETS, evidence.PART)), np.full(MARKETS, np.inf)
    for number in range(MAX_FORECASTS):
        column = slice(number, number + 1)
        part = evidence.with_difference(
            part, base[:, number], own[:, number], np.abs(guess[:, column])[:, 0]
        )
        claimed = evidence.log_evidence(part) >= _CLAIM
        when[claimed & np.isinf(when)] = number + 1
    median = float(np.median(when))
    ratio = f"{median / fixed:.1f}" if fixed and np.isfinite(median) else "-"
    skill = 1 - own.mean() / base.mean()
    return [f"{skill:.2%}", str(fixed), f"{median:.0f}", ratio]


def _rejected(own: Array, base: Array) -> float:
    """Return the share of 100 markets in which the Diebold-Mariano test finds them better."""
    values = [
        significance.diebold_mariano(one, other, 1) < 0.05 and one.mean() < other.mean()
        for one, other in zip(own[:100], base[:100], strict=True)
    ]
    return float(np.mean(values))


if __name__ == "__main__":
    main()
