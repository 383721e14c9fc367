"""Plotly figures of values, each with a sentence that says the same.

Plotly loads its parts when they are first used, so importing this costs little.
"""

from cryptoforecast.charts.anomalies import anomalies, summary_anomalies
from cryptoforecast.charts.folds import summary_refits
from cryptoforecast.charts.forecasts import fan, predicted_vs_actual, summary_fan, summary_predicted
from cryptoforecast.charts.leaderboard import METRIC_NAMES, skill_text
from cryptoforecast.charts.ledger import (
    ledger_ranges,
    ledger_weeks,
    price_skill,
    range_skill,
    summary_ledger_ranges,
    summary_ledger_weeks,
)
from cryptoforecast.charts.ledger_series import ledger_series, summary_ledger_series
from cryptoforecast.charts.market import MAX_CANDLES, candles, summary_candles
from cryptoforecast.charts.probability import (
    probability_by_step,
    summary_probability,
    summary_touch,
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
from cryptoforecast.charts.skills import (
    NOTE,
    headline,
    rank,
    skills,
    summary_best,
    summary_coins,
)
from cryptoforecast.charts.training import (
    loss_curve,
    summary_loss,
    words_on_loss,
)

__all__ = [
    "MAX_CANDLES",
    "METRIC_NAMES",
    "NOTE",
    "anomalies",
    "candles",
    "coverage_by_regime",
    "coverage_by_step",
    "fan",
    "headline",
    "ledger_ranges",
    "ledger_series",
    "ledger_weeks",
    "loss_curve",
    "pit",
    "predicted_vs_actual",
    "price_skill",
    "probability_by_step",
    "range_skill",
    "rank",
    "reliability",
    "skill_text",
    "skills",
    "summary_anomalies",
    "summary_best",
    "summary_candles",
    "summary_coins",
    "summary_coverage_by_regime",
    "summary_coverage_by_step",
    "summary_fan",
    "summary_ledger_ranges",
    "summary_ledger_series",
    "summary_ledger_weeks",
    "summary_loss",
    "summary_pit",
    "summary_predicted",
    "summary_probability",
    "summary_refits",
    "summary_reliability",
    "summary_touch",
    "words_on_loss",
]
