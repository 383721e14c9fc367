"""Draw values as Plotly figures, each with a sentence that says the same.

Knows values only: imports ``types`` and ``errors`` of ours, and no Streamlit. Plotly loads its
parts when they are first used, so importing this costs little.
"""

from cryptoforecast.charts.forecasts import fan, predicted_vs_actual, summary_fan, summary_predicted
from cryptoforecast.charts.market import RANGES, candles, summary_candles
from cryptoforecast.charts.probability import (
    chance_by_step,
    chance_map,
    summary_chance,
    summary_chances,
)
from cryptoforecast.charts.reliability import (
    coverage_by_regime,
    coverage_by_step,
    pit,
    reliability,
    summary_coverage_by_regime,
    summary_coverage_by_step,
    summary_pit,
    summary_reliability,
)
from cryptoforecast.charts.scores import (
    compare_errors,
    coverage,
    loss_curve,
    summary_coverage,
    summary_errors,
    summary_loss,
)
from cryptoforecast.charts.stills import still

__all__ = [
    "RANGES",
    "candles",
    "chance_by_step",
    "chance_map",
    "compare_errors",
    "coverage",
    "coverage_by_regime",
    "coverage_by_step",
    "fan",
    "loss_curve",
    "pit",
    "predicted_vs_actual",
    "reliability",
    "still",
    "summary_candles",
    "summary_chance",
    "summary_chances",
    "summary_coverage",
    "summary_coverage_by_regime",
    "summary_coverage_by_step",
    "summary_errors",
    "summary_fan",
    "summary_loss",
    "summary_pit",
    "summary_predicted",
    "summary_reliability",
]
