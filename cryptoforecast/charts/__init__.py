"""Draw values as Plotly figures, each with a sentence that says the same.

Knows values only: imports ``types`` and ``errors`` of ours, and no Streamlit. Plotly loads its
parts when they are first used, so importing this costs little.
"""

from cryptoforecast.charts.downsample import downsample
from cryptoforecast.charts.forecasts import (
    fan,
    predicted_vs_actual,
    summary_fan,
    summary_predicted,
)
from cryptoforecast.charts.market import RANGES, candles, summary_candles
from cryptoforecast.charts.scores import (
    compare_errors,
    coverage,
    loss_curve,
    summary_coverage,
    summary_errors,
    summary_loss,
)

__all__ = [
    "RANGES",
    "candles",
    "compare_errors",
    "coverage",
    "downsample",
    "fan",
    "loss_curve",
    "predicted_vs_actual",
    "summary_candles",
    "summary_coverage",
    "summary_errors",
    "summary_fan",
    "summary_loss",
    "summary_predicted",
]
