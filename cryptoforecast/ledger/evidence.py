"""A verdict that may be read after every forecast: e-values of mean loss differences.

A usual test that is read every day claims something sooner or later. Here the evidence is a process
whose expected value is at most 1 if the forecasts are not better, whenever one stops. So it ever
reaches 40 in at most one of 40 ledgers (Ville's inequality). The difference of two losses has a
bound that is known when the forecast is made: for the miss, the distance of the two middles; for
the pinball loss, the distances of the quantiles. Differences divided by twice the largest bound so
far lie between -1/2 and 1/2, and for these
``exp(rate * sum(x - mean) - psi(rate) * sum((x - guess)^2))`` is such a process, whatever the guess
made before each (Fan, Grama and Liu 2015; Howard et al. 2021; Waudby-Smith and Ramdas 2024). The
mean of it over several rates is one too. Choe and Ramdas (2024) compare forecasters with it; what
is tested is the mean difference, which may change with time.

Outcomes of forecasts that overlap are not known in the order in which the forecasts were made. So a
forecast gives evidence only if it was made when the outcome of the one before was known: the choice
depends on times alone. The usual test of the same forecasts stands beside it, for one look.
``benchmarks/anytime.py`` measures how often each claims what is not there.
"""

from __future__ import annotations

import math

import numpy as np

from cryptoforecast.evaluation import significance
from cryptoforecast.ledger import grading
from cryptoforecast.types import MEDIAN, QUANTILES, Array
from cryptoforecast.types.ledger import LEDGER_LEVELS, LedgerForecast, LedgerOutcome
from cryptoforecast.types.ledger_record import MIN_FORECASTS, LedgerVerdict, UsualTest

#: What forecasts are compared with: the last price by the miss, the cone by the pinball loss.
AGAINST = ("naive", "cone")
#: The confidence sequence covers the truth with this probability, at all times together.
LEVEL = 0.95
#: Each end of it may be wrong with half of the remaining probability. So much evidence is a claim.
CLAIM = 2 / (1 - LEVEL)
#: Rates over which the process is averaged.
RATES = 0.95 * 0.5 ** np.arange(12)
#: What each squared deviation costs at a rate.
PSI = -np.log1p(-RATES) - RATES
#: Columns of the evidence at a step: when the next forecast may count, in seconds since 1970; how
#: many counted, and how often their ranges held; then for each of ``AGAINST`` the columns below.
_NEXT, _SEPARATE, _HITS, _FIRST = 0, 1, 2, 2 + len(LEDGER_LEVELS)
#: Number of differences, largest bound, sum and squared deviations of the scaled differences, sum
#: of the other's scaled losses; for the usual test, sums of the differences and of their squares.
_COUNT, _BOUND, _SUM, _SQUARES, _BASE, _PLAIN, _PLAIN_SQUARES = range(7)
#: Number of columns for each of ``AGAINST``.
PART = 7
COLUMNS = _FIRST + PART * len(AGAINST)
_STEEPEST = np.maximum(QUANTILES, 1 - np.array(QUANTILES))


def empty(horizon: int) -> Array:
    """Return the evidence of no forecast, ``(horizon, COLUMNS)``."""
    return np.zeros((horizon, COLUMNS))


def add(evidence: Array, forecast: LedgerForecast, outcome: LedgerOutcome) -> Array:
    """Return the evidence with one more outcome, where it does not overlap the one before.

    Args:
        evidence: ``(horizon, COLUMNS)``.
        forecast: The forecast.
        outcome: Its outcome, with candles.
    """
    origin = forecast.known_at.timestamp()
    steps = np.arange(1, len(evidence) + 1)
    rows = origin >= evidence[:, _NEXT]
    result = evidence.copy()
    result[rows, _NEXT] = origin + steps[rows] * forecast.candle_length.total_seconds()
    result[rows, _SEPARATE] += 1
    for column, level in enumerate(LEDGER_LEVELS, _HITS):
        result[rows, column] += outcome.inside[level][rows]
    for place, (base, own, bound) in enumerate(_losses(forecast, outcome)):
        columns = columns_against(place)
        part = with_difference(evidence[:, columns], base, own, bound)
        result[rows, columns] = part[rows]
    return result


def columns_against(place: int) -> slice:
    """Return the columns of the evidence against one of ``AGAINST``."""
    return slice(_FIRST + PART * place, _FIRST + PART * (place + 1))


def _losses(
    forecast: LedgerForecast, outcome: LedgerOutcome
) -> tuple[tuple[Array, Array, Array], ...]:
    """Return the other's loss, the own one and the bound of the difference, by ``AGAINST``."""
    quantiles = grading.to_returns(forecast, forecast.quantiles)
    cone = grading.to_returns(forecast, forecast.cone)
    returns = grading.to_returns(forecast, outcome.actual)
    middle = quantiles[:, MEDIAN]
    distance = (_STEEPEST * np.abs(quantiles - cone)).mean(axis=1)
    return (
        (np.abs(returns), np.abs(returns - middle), np.abs(middle)),
        (outcome.pinball_cone, outcome.pinball, distance),
    )


def with_difference(part: Array, base: Array, own: Array, bound: Array) -> Array:
    """Return evidence with one more difference in each row; equal forecasts add nothing.

    Args:
        part: ``(n, PART)`` evidence against one of ``AGAINST``.
        base: ``(n,)`` losses of this other forecaster, log-return.
        own: ``(n,)`` own losses, log-return.
        bound: ``(n,)`` how far the two can be apart, known when the forecasts were made.
    """
    count, total = part[:, _COUNT], part[:, _SUM]
    scale = np.maximum(part[:, _BOUND], bound)
    counts = bound > 0
    unit = np.where(counts, 2 * scale, 1.0)
    # The bound holds for exact losses; those that are stored have only eight digits.
    scaled = np.clip((base - own) / unit, -0.5, 0.5)
    guess = np.where(count > 0, total / np.maximum(count, 1), 0.0)
    plain = base - own
    growth = (
        np.ones(len(part)), scale - part[:, _BOUND], scaled, (scaled - guess) ** 2, base / unit,
        plain, plain**2,
    )  # fmt: skip
    result: Array = part + np.where(counts[:, None], np.stack(growth, axis=1), 0.0)
    return result


def separate(evidence: Array, step: int) -> tuple[int, dict[int, int]]:
    """Return how many forecasts of a step do not overlap, and how often their ranges held."""
    row = evidence[step - 1]
    hits = {level: int(row[column]) for column, level in enumerate(LEDGER_LEVELS, _HITS)}
    return int(row[_SEPARATE]), hits


def verdicts(evidence: Array, step: int) -> tuple[LedgerVerdict, ...]:
    """Judge the forecasts of a step against each of ``AGAINST``.

    Where there is no difference yet, the skill is NaN and nothing is claimed.
    """
    row = evidence[step - 1]
    return tuple(verdict(name, row[columns_against(place)]) for place, name in enumerate(AGAINST))


def verdict(against: str, part: Array) -> LedgerVerdict:
    """Judge forecasts by the evidence against one of ``AGAINST``, ``(PART,)``."""
    count, total, squares, base = (
        float(part[column]) for column in (_COUNT, _SUM, _SQUARES, _BASE)
    )
    usual = usual_test(part)
    if count == 0 or base <= 0:
        return LedgerVerdict(against, int(count), math.nan, math.nan, math.nan, 1.0, usual)
    lowest = _lowest_mean(total, squares, count) * count / base
    highest = -_lowest_mean(-total, squares, count) * count / base
    e_value = math.exp(min(_log_evidence(total, squares), 700.0))
    return LedgerVerdict(against, int(count), total / base, lowest, highest, e_value, usual)


def usual_test(part: Array) -> UsualTest:
    """Test once whether two forecasters have the same expected loss.

    It is the test of Diebold and Mariano with the correction of Harvey, Leybourne and Newbold
    (1997). Since the forecasts do not overlap it has no lags, and is Student's test of the mean
    difference.

    Args:
        part: ``(PART,)`` evidence against one of ``AGAINST``.
    """
    count, total, squares = (float(part[column]) for column in (_COUNT, _PLAIN, _PLAIN_SQUARES))
    if count < MIN_FORECASTS:
        return UsualTest(total / count if count else math.nan, math.nan)
    mean = total / count
    variance = (squares - count * mean**2) / (count - 1)
    if not variance > 1e-12 * squares / count:  # a difference that is always the same
        return UsualTest(mean, math.nan)
    statistic = mean / math.sqrt(variance / count)
    return UsualTest(mean, significance.two_sided(statistic, count - 1))


def log_evidence(part: Array) -> Array:
    """Return the logarithm of the evidence that forecasts are better, ``(n,)``.

    Args:
        part: ``(n, PART)`` evidence against one of ``AGAINST``.
    """
    return _log_process(part[:, _SUM], part[:, _SQUARES])


def _log_process(total: Array, squares: Array) -> Array:
    """Return the logarithm of the process for differences of these sums, less the mean tested."""
    logs = np.multiply.outer(total, RATES) - np.multiply.outer(squares, PSI)
    largest = logs.max(axis=-1, keepdims=True)
    result: Array = largest[..., 0] + np.log(np.exp(logs - largest).mean(axis=-1))
    return result


def _log_evidence(total: float, squares: float) -> float:
    return float(_log_process(np.array(total), np.array(squares)))


def _lowest_mean(total: float, squares: float, count: float) -> float:
    """Return the largest mean that the evidence rejects, at least -1/2."""
    low, high = -0.5, 0.5
    if _log_evidence(total - count * low, squares) < math.log(CLAIM):
        return low
    for _ in range(60):
        middle = (low + high) / 2
        if _log_evidence(total - count * middle, squares) >= math.log(CLAIM):
            low = middle
        else:
            high = middle
    return low
