"""The sections of a backtest, and all of them in one HTML file that needs no network."""

from cryptoforecast.html_report.page import LEADERBOARDS, page
from cryptoforecast.html_report.sections import (
    COMPARISON_NOTE,
    VIEWS,
    Section,
    folds_section,
    free_run_section,
    leaderboard_section,
    makers,
    metric_text,
    standings,
)

__all__ = [
    "COMPARISON_NOTE",
    "LEADERBOARDS",
    "VIEWS",
    "Section",
    "folds_section",
    "free_run_section",
    "leaderboard_section",
    "makers",
    "metric_text",
    "page",
    "standings",
]
