"""The verdict: does a predictor beat the last price? In numbers, and in one sentence.

One interval decides the words and is the one in the sentence (``comparison``): it says "beats" or
"loses" only if the interval leaves out 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from cryptoforecast.errors import InvalidInput
from cryptoforecast.evaluation import losses
from cryptoforecast.evaluation.comparison import Difference, compare, min_origins
from cryptoforecast.evaluation.difference_text import MIN_MULTIPLE, difference_text, size_text
from cryptoforecast.evaluation.scores import coverage
from cryptoforecast.evaluation.significance import skill_interval
from cryptoforecast.types import INTERVAL_NOUNS, Forecast, Verdict, duration

#: The usual fee of a trade on large exchanges, in basis points (0.01 %) of its value.
USUAL_FEE = 10.0

_LAST_PRICES = "that of the last price"
_UNDEFINED = Difference(*(math.nan,) * 5)


def judge(
    forecast: Forecast,
    naive: Forecast,
    cone: Forecast | None = None,
    *,
    others: Sequence[Forecast] = (),
    simulated: bool = False,
) -> Verdict:
    """Compare a forecast with the last price by absolute error at the last step.

    The errors are those of the price. The band is compared with the cone's by the pinball loss of
    the log-return.

    Args:
        forecast: Forecast of the tested predictor.
        naive: Forecast of the last price, from the same origins and for the same steps.
        cone: Forecast of the volatility cone, from the same origins; ``None`` to leave the band
            out of the verdict.
        others: Forecasts that are tested beside this one, from the same origins. What is claimed
            is corrected for their number.
        simulated: Whether the prices are simulated; the sentence then says so.

    Returns:
        The verdict; ``beats_baseline`` only if the corrected interval of the skill lies above 0.

    Raises:
        InvalidInput: If the forecasts do not have the same origins and steps.
    """
    candidates = [forecast, *others]
    for other in (naive, *others, *([] if cone is None else [cone])):
        _check_alike(forecast, other)
    price, (ci_low, ci_high) = _compared_with(naive, candidates, "mae")
    beats = price.low > 0
    sentence = _sentence(forecast, price, simulated)
    if beats:
        sentence += _gain_sentence(forecast)
    band, (band_ci_low, band_ci_high) = _UNDEFINED, (math.nan, math.nan)
    if cone is not None:
        band, (band_ci_low, band_ci_high) = _compared_with(cone, candidates, "pinball")
        sentence += "" if math.isnan(price.skill) else _band_sentence(forecast, band)
    return Verdict(
        "naive", "mae", price.skill, ci_low, ci_high, price.p_value, beats, sentence,
        band.skill, band_ci_low, band_ci_high, price.low, price.high, band.low, band.high,
    )  # fmt: skip


def direction_gain(forecast: Forecast) -> float:
    """Compute the mean gain of following the predicted direction, before fees.

    Mean of ``sign(predicted - close)`` times the log-return that happened, last step.

    Returns:
        Basis points (0.01 %) of the price a forecast; NaN if no outcome is known.
    """
    outcomes = forecast.at(forecast.horizon)
    if not len(outcomes):
        return math.nan
    direction = np.sign(outcomes.predicted - outcomes.close)
    return float(np.mean(direction * outcomes.actual_returns)) * 1e4


def _check_alike(forecast: Forecast, other: Forecast) -> None:
    if not forecast.origins.equals(other.origins) or forecast.horizon != other.horizon:
        raise InvalidInput(
            "A verdict needs two forecasts of the same origins and horizon. Received: "
            f"{len(forecast)} origins with {forecast.horizon} steps and {len(other)} with "
            f"{other.horizon}. Run both on one backtest."
        )


def _compared_with(
    baseline: Forecast, candidates: Sequence[Forecast], metric: str
) -> tuple[Difference, tuple[float, float]]:
    """Compare the first forecast with a baseline, and return its bootstrap interval too."""
    step = baseline.horizon
    reference, own, *others = (
        losses.of_metric(each, metric, step) for each in (baseline, *candidates)
    )
    difference = compare({str(i): each for i, each in enumerate((own, *others))}, reference, step)[
        "0"
    ]
    if len(own) < min_origins(step):
        return difference, (math.nan, math.nan)
    return difference, skill_interval(own, reference, step)[1:]


def _band_sentence(forecast: Forecast, band: Difference) -> str:
    """Write how good the band is; empty where that is undefined."""
    outcomes = forecast.at(forecast.horizon)
    share = coverage(outcomes.actual_returns, outcomes.quantiles, 80)
    if math.isnan(band.low) or math.isnan(share):
        return ""
    sentence = f"80 % band covers {share * 100:.1f} %"
    if forecast.predictor == "cone":
        return f" Its {sentence}."
    difference = _difference(band, "that of the volatility cone")
    return f" Its band's error is {difference}; its {sentence}."


def _sentence(forecast: Forecast, price: Difference, simulated: bool) -> str:
    when = _when(forecast)
    errors = losses.of_metric(forecast, "mae", forecast.horizon)
    span = f"over {_count(len(errors), forecast.interval, simulated)}"
    if forecast.predictor == "naive":
        return f"This is the last price itself, which every other forecast is measured by, {span}."
    if not len(errors):
        return f"Can't be judged: no price {when.strip() or 'after an origin'} is known yet."
    if not np.isfinite(errors).all():
        undefined = int(np.sum(~np.isfinite(errors)))
        return f"Can't be judged: {undefined:,} of its forecasts are not numbers, {span}."
    if math.isnan(price.skill):
        return f"Can't be judged: the price never moved{when}, {span}."
    if math.isnan(price.low):
        least = min_origins(forecast.horizon)
        return (
            f"Too few forecasts to tell{when}: its error is "
            f"{size_text(price.skill, _LAST_PRICES)} {span}; {least:,} are needed."
        )
    if price.low == price.high == 0:
        return f"Does not beat the last price{when}: it has the same error {span}."
    return f"{_opening(price)}{when}: its error is {_difference(price)} {span}."


def _opening(price: Difference) -> str:
    if price.low > 0:
        return "Beats the last price"
    if not price.high < 0:
        return "Does not beat the last price"
    return f"Loses {'badly ' if 1 - price.skill >= MIN_MULTIPLE else ''}to the last price"


def _difference(difference: Difference, baseline: str = "") -> str:
    return difference_text(difference.skill, difference.low, difference.high, baseline)


def _gain_sentence(forecast: Forecast) -> str:
    gain = direction_gain(forecast)
    fee = f"{USUAL_FEE:.0f}"
    comparison = (
        f"less than the usual fee of {fee}" if gain < USUAL_FEE else f"a usual fee is {fee}"
    )
    verb = "gained" if gain >= 0 else "lost"
    return (
        f" Following its direction {verb} {abs(gain):.1f} basis points a forecast before fees; "
        f"{comparison} a trade."
    )


def _when(forecast: Forecast) -> str:
    if forecast.horizon == 1:
        return ""
    return f" {duration(forecast.horizon, forecast.interval)} ahead"


def _count(number: int, interval: str, simulated: bool = False) -> str:
    noun = INTERVAL_NOUNS[interval] + ("" if number == 1 else "s")
    return f"{number:,} {'simulated ' if simulated else ''}{noun}"
