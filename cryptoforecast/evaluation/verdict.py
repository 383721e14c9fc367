"""The verdict: does a predictor beat the last price? In numbers, and in one sentence.

The words follow the numbers: a sentence says "beats" or "loses" only if the bootstrap interval and
the Diebold-Mariano test both find more than chance.
"""

from __future__ import annotations

import math

import numpy as np

from cryptoforecast.errors import InvalidInput
from cryptoforecast.evaluation import losses
from cryptoforecast.evaluation.scores import coverage
from cryptoforecast.evaluation.significance import diebold_mariano, skill_interval
from cryptoforecast.types import INTERVAL_NOUNS, Array, Forecast, Verdict, duration

#: A p-value at or above this is within chance.
SIGNIFICANCE = 0.05

#: Origins below which nothing is claimed, and origins for each step of the horizon: targets of
#: neighbouring origins overlap, so only so many of them are separate observations.
MIN_ORIGINS = 30
ORIGINS_A_STEP = 20

#: From this multiple on the sentence names an error in times, not in per cent.
MIN_MULTIPLE = 2.0

#: The usual fee of a trade on large exchanges, in basis points (0.01 %) of its value.
USUAL_FEE = 10.0


def judge(
    forecast: Forecast, naive: Forecast, cone: Forecast | None = None, *, simulated: bool = False
) -> Verdict:
    """Compare a forecast with the last price by absolute error at the last step.

    The errors are those of the price. The band is compared with the cone's by the pinball loss of
    the log-return.

    Args:
        forecast: Forecast of the tested predictor.
        naive: Forecast of the last price, from the same origins and for the same steps.
        cone: Forecast of the volatility cone, from the same origins; ``None`` to leave the band
            out of the verdict.
        simulated: Whether the prices are simulated; the sentence then says so.

    Returns:
        The verdict; ``beats_baseline`` only if the skill and the lower end of its interval are
        above 0 and the p-value is below 0.05.

    Raises:
        InvalidInput: If the forecasts do not have the same origins and steps.
    """
    for other in (naive, *([] if cone is None else [cone])):
        _check_alike(forecast, other)
    own, baseline = (losses.of_metric(each, "mae", each.horizon) for each in (forecast, naive))
    skill, low, high = skill_interval(own, baseline, forecast.horizon)
    p_value = diebold_mariano(own, baseline, forecast.horizon)
    if len(own) < min_origins(forecast.horizon):
        low = high = p_value = math.nan
    beats = skill > 0 and low > 0 and p_value < SIGNIFICANCE
    sentence = _sentence(forecast, own, skill, low, high, p_value, simulated)
    if beats:
        sentence += _gain_sentence(forecast)
    band = (math.nan,) * 3
    if cone is not None:
        band = _band_skill(forecast, cone)
        sentence += "" if math.isnan(skill) else _band_sentence(forecast, *band)
    return Verdict("naive", "mae", skill, low, high, p_value, beats, sentence, *band)


def min_origins(horizon: int) -> int:
    """Count the origins below which nothing is claimed."""
    return max(MIN_ORIGINS, ORIGINS_A_STEP * horizon)


def direction_gain(forecast: Forecast) -> float:
    """Compute the mean gain of following the predicted direction, before fees.

    Mean of ``sign(predicted - close)`` times the log-return that happened, last step.

    Returns:
        Basis points (0.01 %) of the price a forecast; NaN if no outcome is known.
    """
    known = forecast.at(forecast.horizon)
    if not len(known):
        return math.nan
    direction = np.sign(known.predicted - known.close)
    return float(np.mean(direction * known.actual_returns)) * 1e4


def _check_alike(forecast: Forecast, other: Forecast) -> None:
    if not forecast.origins.equals(other.origins) or forecast.horizon != other.horizon:
        raise InvalidInput(
            "A verdict needs two forecasts of the same origins and horizon. Received "
            f"{len(forecast)} origins with {forecast.horizon} steps and {len(other)} with "
            f"{other.horizon}. Run both on one backtest."
        )


def _band_skill(forecast: Forecast, cone: Forecast) -> tuple[float, float, float]:
    """Estimate the skill of a band against the cone's, and its interval; NaN where undefined."""
    own, baseline = (losses.of_metric(each, "pinball", each.horizon) for each in (forecast, cone))
    skill, low, high = skill_interval(own, baseline, forecast.horizon)
    if len(own) < min_origins(forecast.horizon):
        low = high = math.nan
    return skill, low, high


def _band_sentence(forecast: Forecast, skill: float, low: float, high: float) -> str:
    """Write how good the band is; empty where that is undefined."""
    known = forecast.at(forecast.horizon)
    covered = coverage(known.actual_returns, known.quantiles, 80)
    if math.isnan(low) or math.isnan(covered):
        return ""
    sentence = f"80 % band covers {covered * 100:.1f} %"
    if forecast.predictor == "cone":
        return f" Its {sentence}."
    if 1 - skill >= MIN_MULTIPLE:
        size = f"{_change(skill)} as the cone's"
        interval = f"95 % CI {1 - high:.1f} to {1 - low:.1f} times"
    else:
        ends = (low, high) if skill > 0 else (-high, -low)
        size = f"{_change(skill, *ends)} than the cone's"
        interval = _interval(skill, *ends)
    chance = ", within chance" if low <= 0 <= high and low < high else ""
    return f" Its band's error is {size}{chance} ({interval}); its {sentence}."


def _sentence(
    forecast: Forecast,
    errors: Array,
    skill: float,
    low: float,
    high: float,
    p_value: float,
    simulated: bool,
) -> str:
    when = _when(forecast)
    span = f"over {_count(len(errors), forecast.interval, simulated)}"
    if forecast.predictor == "naive":
        return f"This is the last price itself, which every other forecast is measured by, {span}."
    if not len(errors):
        return f"Can't be judged: no price {when.strip() or 'after an origin'} is known yet."
    if not np.isfinite(errors).all():
        undefined = int(np.sum(~np.isfinite(errors)))
        return f"Can't be judged: {undefined:,} of its forecasts are not numbers, {span}."
    if math.isnan(skill):
        return f"Can't be judged: the price never moved{when}, {span}."
    if math.isnan(low):
        needed = min_origins(forecast.horizon)
        return (
            f"Too few forecasts to tell{when}: its error is {_compared(skill)} the last price's "
            f"{span}; {needed:,} are needed."
        )
    if low == high == 0:
        return f"Does not beat the last price{when}: it has the same error {span}."
    return f"{_finding(skill, low, high, p_value, when)} {span}."


def _finding(skill: float, low: float, high: float, p_value: float, when: str) -> str:
    """Write which forecast is better and by how much, with the interval."""
    beyond = low * high > 0
    certain = beyond and p_value < SIGNIFICANCE
    chance = "" if beyond else ", within chance"
    doubt = f"; not beyond chance: p = {p_value:.2f}" if beyond and not certain else ""
    if 1 - skill >= MIN_MULTIPLE:
        opening = "Loses badly to the last price" if certain else "Does not beat the last price"
        return (
            f"{opening}{when}: its error is {1 - skill:.1f} times as large{chance} "
            f"(95 % CI {1 - high:.1f} to {1 - low:.1f} times{doubt})"
        )
    if skill > 0:
        opening = "Beats the last price" if certain else "Does not beat the last price"
        ends = low, high
    else:
        opening = "Loses to the last price" if certain else "Does not beat the last price"
        ends = -high, -low
    interval = _interval(skill, *ends)
    return f"{opening}{when}: its error is {_change(skill, *ends)}{chance} ({interval}{doubt})"


def _gain_sentence(forecast: Forecast) -> str:
    gain = direction_gain(forecast)
    fee = f"{USUAL_FEE:.0f}"
    compared = f"less than the usual fee of {fee}" if gain < USUAL_FEE else f"a usual fee is {fee}"
    verb = "gained" if gain >= 0 else "lost"
    return (
        f" Following its direction {verb} {abs(gain):.1f} basis points a forecast before fees; "
        f"{compared} a trade."
    )


def _compared(skill: float) -> str:
    """Put the error's change in words, up to what it is compared with."""
    if skill == 0:
        return "the same as"
    return f"{_change(skill)} {'as' if 1 - skill >= MIN_MULTIPLE else 'than'}"


def _change(skill: float, *ends: float) -> str:
    """Put the error's change in words: "0.2 % larger", or "4.7 times as large"."""
    if 1 - skill >= MIN_MULTIPLE:
        return f"{1 - skill:.1f} times as large"
    size = _percent(abs(skill), _decimals(skill, *ends))
    return f"{size} {'smaller' if skill > 0 else 'larger'}"


def _interval(skill: float, low: float, high: float) -> str:
    decimals = _decimals(skill, low, high)
    return f"95 % CI {_percent(low, decimals).removesuffix(' %')} to {_percent(high, decimals)}"


def _decimals(skill: float, *ends: float) -> int:
    """Choose 1 to 3 decimals, so that what differs from 0 does not read as 0.0."""
    certain = bool(ends) and ends[0] * ends[1] > 0
    smallest = min(map(abs, (skill, *ends) if certain else (skill,)))
    if smallest == 0:
        return 1
    return min(3, max(1, math.ceil(-math.log10(smallest * 100))))


def _percent(share: float, decimals: int) -> str:
    # Adding 0.0 turns a rounded -0.0 into 0.0.
    return f"{round(share * 100, decimals) + 0.0:.{decimals}f} %"


def _when(forecast: Forecast) -> str:
    if forecast.horizon == 1:
        return ""
    return f" {duration(forecast.horizon, forecast.interval)} ahead"


def _count(number: int, interval: str, simulated: bool = False) -> str:
    noun = INTERVAL_NOUNS[interval] + ("" if number == 1 else "s")
    return f"{number:,} {'simulated ' if simulated else ''}{noun}"
