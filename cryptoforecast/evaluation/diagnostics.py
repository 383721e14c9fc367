"""Diagnostics: is a forecast only late, when and in which market does it err, do errors repeat?

Each function returns a frame, which is both the table and the data of the chart. Errors are
log-returns, ln(actual / predicted), so that years of low and of high prices have the same weight;
0.01 is about 1 % of the price.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd

from cryptoforecast.errors import InvalidInput, NotEnoughData
from cryptoforecast.evaluation import losses
from cryptoforecast.forecasting.baselines import BASELINES
from cryptoforecast.learning import inference
from cryptoforecast.learning.specs import needs
from cryptoforecast.types import (
    Array,
    Backtest,
    Forecast,
    input_name,
    predictor_name,
    predictor_phrase,
)

#: Known outcomes that every analysis needs.
MIN_OUTCOMES = 30
#: Longest distance between two compared errors, in candles.
MAX_LAGS = 48
#: Bars of the histogram, over four standard deviations to each side.
BARS, REACH = 41, 4.0
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
#: A model that can be fed its own forecasts.
READS_CLOSES = "btc-1h-lstm-close"
REGIMES = ("calm", "usual", "restless")
#: Origins that a free run starts from, and steps that it predicts, at most.
FREE_ORIGINS, FREE_STEPS = 100, 24


def residuals(forecast: Forecast, step: int) -> pd.DataFrame:
    """List the errors whose outcome is known.

    Args:
        forecast: Forecasts of one predictor.
        step: 1 to the horizon.

    Returns:
        One row an origin, columns ``origin``, ``time`` and ``closes_at`` (open and close of the
        candle that was predicted), ``residual`` (ln(actual / predicted)) and ``average``: the mean
        of the last residuals, a twentieth of all but at least ``MIN_OUTCOMES``; NaN in the first
        rows, which have fewer before them.

    Raises:
        NotEnoughData: If fewer than ``MIN_OUTCOMES`` are known.
    """
    column = step - 1
    residual = np.log(forecast.actual[:, column] / forecast.predicted[:, column])
    has_outcome = np.isfinite(residual)
    if has_outcome.sum() < MIN_OUTCOMES:
        raise NotEnoughData(
            f"Errors are analysed from {MIN_OUTCOMES} known outcomes on. Received: "
            f"{has_outcome.sum()} at step {step}. Choose a longer history."
        )
    origins, residual = forecast.origins[has_outcome], residual[has_outcome]
    rows = max(MIN_OUTCOMES, len(residual) // 20)
    average = pd.Series(residual).rolling(rows, min_periods=rows).mean().to_numpy()
    return pd.DataFrame(
        {
            "origin": origins,
            "time": forecast.times(step)[has_outcome],
            "closes_at": forecast.closes_at(step)[has_outcome],
            "residual": residual,
            "average": average,
        }
    )


def delays(forecast: Forecast, step: int) -> pd.DataFrame:
    """Compare predicted prices with the actual ones of earlier candles: the lag test.

    A forecast that repeats the last price is closest to the price ``step`` candles before its
    target, which is the close at its origin.

    Args:
        forecast: Forecasts of one predictor from consecutive rows.
        step: 1 to the horizon.

    Returns:
        One row a shift, 0 to ``2 * step + 4`` and at most ``MAX_LAGS + step``, columns ``shift``
        (candles before the target), ``error`` (mean |predicted - actual|, a price) and ``relative``
        (``error`` divided by the error of the last price at shift 0).

    Raises:
        NotEnoughData: If fewer than ``MIN_OUTCOMES`` origins have all of these prices.
    """
    most = min(2 * step + 4, MAX_LAGS + step)
    skip = most - step
    predicted = forecast.predicted[skip:, step - 1]
    prices = np.column_stack([_before(forecast, step, shift)[skip:] for shift in range(most + 1)])
    has_outcome = np.isfinite(prices).all(axis=1) & np.isfinite(predicted)
    if has_outcome.sum() < MIN_OUTCOMES:
        raise NotEnoughData(
            f"A lag test needs {MIN_OUTCOMES} known outcomes. Received: {has_outcome.sum()} at "
            f"step {step}. Choose a longer history."
        )
    error = np.abs(predicted[has_outcome, None] - prices[has_outcome]).mean(axis=0)
    last = float(np.abs(prices[has_outcome, step] - prices[has_outcome, 0]).mean())
    relative = error / last if last > 0 else np.full(len(error), math.nan)
    return pd.DataFrame({"shift": np.arange(most + 1), "error": error, "relative": relative})


def histogram(forecast: Forecast, step: int) -> pd.DataFrame:
    """Count errors by size, beside the counts of a normal distribution.

    Returns:
        One row a bar, columns ``low`` and ``high`` (in standard deviations of the errors),
        ``count`` and ``normal``. The outermost bars hold everything beyond. Empty where the
        errors do not vary.

    Raises:
        NotEnoughData: If fewer than ``MIN_OUTCOMES`` outcomes are known.
    """
    residual = residuals(forecast, step)["residual"].to_numpy()
    spread = float(residual.std())
    if np.ptp(residual) == 0:
        return pd.DataFrame({name: [] for name in ("low", "high", "count", "normal")})
    deviations = (residual - residual.mean()) / spread
    edges = np.linspace(-REACH, REACH, BARS + 1)
    count, _ = np.histogram(np.clip(deviations, -REACH, REACH), edges)
    below = np.array([math.erf(edge / math.sqrt(2)) / 2 + 0.5 for edge in edges])
    below[0], below[-1] = 0.0, 1.0
    return pd.DataFrame(
        {
            "low": edges[:-1],
            "high": edges[1:],
            "count": count,
            "normal": np.diff(below) * len(residual),
        }
    )


def autocorrelation(forecast: Forecast, step: int) -> pd.DataFrame:
    """Correlate errors, and their sizes, with those of earlier origins.

    Targets of neighbouring origins overlap over ``step - 1`` candles, so errors at smaller lags
    are correlated whatever the forecast is. From lag ``step`` on, correlations that are chance
    stay within the bounds in 95 % of cases. The bounds allow for volatility that clusters (Lo and
    MacKinlay, 1989, "The size and power of the variance ratio test in finite samples"), and their
    long-run variance allows for the overlap.

    Returns:
        One row a lag, 1 to ``MAX_LAGS`` at most, columns ``lag`` (candles), ``residual`` and
        ``size`` (correlations), ``bound`` and ``size_bound``; NaN where errors do not vary.

    Raises:
        NotEnoughData: If fewer than ``MIN_OUTCOMES`` outcomes are known.
    """
    residual = residuals(forecast, step)["residual"].to_numpy()
    lags = np.arange(1, min(max(MAX_LAGS // 2, 2 * step), MAX_LAGS, len(residual) // 3) + 1)
    correlations, bound = _correlations(residual, lags, step)
    sizes, size_bound = _correlations(np.abs(residual), lags, step)
    columns = {"lag": lags, "residual": correlations, "size": sizes}
    return pd.DataFrame({**columns, "bound": bound, "size_bound": size_bound})


def by_hour(forecast: Forecast, step: int) -> pd.DataFrame:
    """Average error and band by the hour (UTC) in which the predicted candle opens.

    Returns:
        One row an hour that occurs, column ``hour`` and those of ``_averages``.

    Raises:
        NotEnoughData: If fewer than ``MIN_OUTCOMES`` outcomes are known.
    """
    frame = _outcomes(forecast, step)
    return _averages(frame, "hour", frame["time"].dt.hour.to_numpy())


def by_weekday(forecast: Forecast, step: int) -> pd.DataFrame:
    """Average error and band by the weekday (UTC) on which the predicted candle opens.

    Returns:
        One row a weekday that occurs, column ``weekday`` and those of ``_averages``.

    Raises:
        NotEnoughData: If fewer than ``MIN_OUTCOMES`` outcomes are known.
    """
    frame = _outcomes(forecast, step)
    averages = _averages(frame, "weekday", frame["time"].dt.day_of_week.to_numpy())
    return averages.assign(weekday=[WEEKDAYS[day] for day in averages["weekday"]])


def by_regime(forecast: Forecast, naive: Forecast, step: int, sigma: Array) -> pd.DataFrame:
    """Average error and band by the volatility at the origin.

    Args:
        forecast: Forecasts of one predictor.
        naive: Forecasts of the last price from the same origins.
        step: 1 to the horizon.
        sigma: ``(n,)`` volatility known at each origin, log-return a candle.

    Returns:
        One row for each third of the origins by ``sigma``, columns ``regime``, those of
        ``_averages``, ``lowest`` and ``highest`` (sigma), ``error_naive`` (naive's error),
        ``pinball`` and ``pinball_naive`` (log-return). Empty where sigma does not vary.

    Raises:
        NotEnoughData: If fewer than ``MIN_OUTCOMES`` outcomes are known.
    """
    own, base = _outcomes(forecast, step), _outcomes(naive, step).set_index("origin")
    restless = pd.Series(sigma, index=forecast.origins).reindex(own["origin"]).to_numpy()
    if not np.ptp(restless) > 0:
        own, restless = own.iloc[:0], restless[:0]
    third = np.empty(len(own), dtype=int)
    for i, rows in enumerate(np.array_split(np.argsort(restless, kind="stable"), len(REGIMES))):
        third[rows] = i
    averages = _averages(own, "regime", third)
    borders = pd.Series(restless).groupby(third)
    other = base.reindex(own["origin"]).groupby(third)
    return averages.assign(
        regime=[REGIMES[i] for i in averages["regime"]],
        lowest=borders.min().to_numpy(),
        highest=borders.max().to_numpy(),
        error_naive=other["error"].mean().to_numpy(),
        pinball=own.groupby(third)["pinball"].mean().to_numpy(),
        pinball_naive=other["pinball"].mean().to_numpy(),
    )


def free_run(result: Backtest, report: Callable[[float], None] = lambda _: None) -> pd.DataFrame:
    """Feed a network its own forecasts, and measure how the error grows.

    From up to ``FREE_ORIGINS`` origins, evenly spread over the test span, the network predicts the
    next close and reads it as if it were the actual one, again and again. The errors are compared
    with those of the network's direct forecasts and of the last price.

    Args:
        result: A test of one network on features of the close alone.
        report: Called with the share of the origins that are done.

    Returns:
        One row a step, columns ``step`` and the mean errors |ln(actual / predicted)| of
        ``direct`` (NaN beyond the network's horizon), ``free_run`` and ``naive``; ``origins``.

    Raises:
        InvalidInput: If the model can't be fed its own forecasts; see ``why_no_free_run``.
        NotEnoughData: If too few outcomes are known.
    """
    reason, model = why_no_free_run(result), result.model
    if reason is not None or model is None:
        raise InvalidInput(reason or "A free run needs a network.")
    needed, close = needs(model.spec), result.history.candles["close"].to_numpy(float)
    first = max(result.split.test_start, needed - 1)
    steps = max(model.spec.horizon, FREE_STEPS)
    rows = np.arange(first, len(close) - steps)
    if len(rows) < MIN_OUTCOMES:
        raise NotEnoughData(
            f"A free run over {steps} candles needs {MIN_OUTCOMES} known outcomes. Received: "
            f"{len(rows)}. Choose a longer history."
        )
    rows = rows[np.linspace(0, len(rows) - 1, min(FREE_ORIGINS, len(rows))).astype(int)]
    free, direct = (np.full((len(rows), steps), math.nan) for _ in range(2))
    for i, row in enumerate(rows):
        closes = np.concatenate([close[row - needed + 1 : row + 1], np.empty(steps)])
        for step in range(steps):
            forecast = inference.from_closes(model, closes[step : step + needed])
            free[i, step] = closes[needed + step] = forecast[0]
            if step == 0:
                direct[i, : len(forecast)] = forecast
        report((i + 1) / len(rows))
    actual = close[rows[:, None] + np.arange(1, steps + 1)]
    last = np.broadcast_to(close[rows, None], actual.shape)
    errors = {
        name: np.abs(np.log(actual / prices)).mean(axis=0)
        for name, prices in (("direct", direct), ("free_run", free), ("naive", last))
    }
    return pd.DataFrame({"step": np.arange(1, steps + 1), **errors, "origins": len(rows)})


def _needs_more(reads: str, *, several: bool = False) -> str:
    it, its = ("they", "their") if several else ("it", "its")
    return (
        f"{reads}, which a forecast of closes does not give, so {it} can't be fed {its} own "
        "forecasts. Choose a network that reads closes alone, such as "
        f"{predictor_name(READS_CLOSES)}."
    )


def _capitalised(name: str) -> str:
    """Let a name begin in upper case, also behind a quotation mark."""
    first = 1 if name.startswith("“") else 0
    return f"{name[:first]}{name[first : first + 1].upper()}{name[first + 1 :]}"


def why_no_free_run(result: Backtest) -> str | None:
    """Return why a model can't be fed its own forecasts; ``None`` where it can be."""
    name = _capitalised(predictor_phrase(result.spec.network))
    if result.spec.network in ("naive", "drift"):
        return f"{name} says the same whether its steps are predicted at once or one by one."
    if result.spec.network in BASELINES:
        several = result.spec.network == "boosting"  # "boosted trees"
        read = "read" if several else "reads"
        return _needs_more(f"{name} {read} highs and lows of candles", several=several)
    if result.model is None:
        return (
            "A walk-forward test has a network for each fold; this is shown for a single one. "
            "Choose Single test."
        )
    more = inference.beyond_closes(result.spec)
    if more:
        return _needs_more(f"This network reads {', '.join(map(input_name, more))}")
    return None


def _outcomes(forecast: Forecast, step: int) -> pd.DataFrame:
    """Measure the error, the band and the loss of each forecast whose outcome is known."""
    frame = residuals(forecast, step)
    rows = forecast.origins.get_indexer(pd.DatetimeIndex(frame["origin"]))
    quantiles = forecast.quantiles[rows, step - 1]
    returns = np.log(forecast.actual[rows, step - 1] / forecast.close[rows])
    low, high = (quantiles[:, each] for each in losses.band(80))
    return frame.assign(
        error=frame["residual"].abs(),
        half_width=(high - low) / 2,
        inside=losses.inside(returns, quantiles, 80),
        pinball=losses.pinball_of_origins(returns, quantiles),
    )


def _averages(frame: pd.DataFrame, name: str, group: Array) -> pd.DataFrame:
    """Average by group.

    Returns:
        Columns ``name``, ``origins``, ``error`` (mean size of the residual), ``half_width`` (mean
        of half the width of the 80 % band) and ``covered`` (share of actuals in this band).
    """
    groups = frame.groupby(group)
    averages = groups.agg(
        origins=("error", "size"),
        error=("error", "mean"),
        half_width=("half_width", "mean"),
        covered=("inside", "mean"),
    )
    return averages.rename_axis(name).reset_index()


def _before(forecast: Forecast, step: int, shift: int) -> Array:
    """Return the price ``shift`` candles before each target, ``(n,)``; NaN where unknown."""
    if shift < step:
        return forecast.actual[:, step - shift - 1]
    back = shift - step
    earlier = np.full(len(forecast), math.nan)
    earlier[back:] = forecast.close[: len(forecast) - back]
    return earlier


def _correlations(values: Array, lags: Array, step: int) -> tuple[Array, Array]:
    """Compute the autocorrelation at each lag and the bound of chance; NaN if nothing varies."""
    if np.ptp(values) == 0:
        return np.full(len(lags), math.nan), np.full(len(lags), math.nan)
    centred = values - values.mean()
    total = float(centred @ centred)
    products = [centred[lag:] * centred[:-lag] for lag in lags]
    errors = [math.sqrt(_sum_variance(each, 2 * (step - 1))) for each in products]
    correlations = np.array([float(each.sum()) for each in products]) / total
    return correlations, 1.96 * np.array(errors) / total


def _sum_variance(products: Array, count: int) -> float:
    """Estimate the variance of a sum of dependent products of mean 0, with Bartlett weights."""
    count = min(count, len(products) // 5)
    total = float(products @ products)
    for lag in range(1, count + 1):
        total += 2 * (1 - lag / (count + 1)) * float(products[lag:] @ products[:-lag])
    return total
