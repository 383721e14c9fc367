"""What a test consists of, in a sentence."""

from __future__ import annotations

from cryptoforecast.charts import wording
from cryptoforecast.types import Backtest, predictor_phrase
from cryptoforecast.ui import words


def span(result: Backtest) -> str:
    """Write which past forecasts a test consists of."""
    forecast, history = result.forecast, result.history
    return (
        f"Tested on {len(forecast):,} past forecasts of {history.title} "
        f"{words.prices(history.interval)}, made {wording.span_of_closes(forecast.closes_at(0))}, "
        f"each {wording.step_label(forecast.horizon, history.interval)}."
        + (" The prices are simulated." if history.simulated else "")
    )


def combined(result: Backtest) -> str:
    """Write what the forecasts of a stack combine; empty for a single predictor."""
    if not result.network_sentences:
        return ""
    name = predictor_phrase(result.spec.network)
    return (
        f" The forecasts combine {name} and {predictor_phrase('har')}; {name} by itself stands "
        "beside them below."
    )
