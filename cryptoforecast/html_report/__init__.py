"""A backtest as parts to look at, and all of them as one HTML file that needs nothing else."""

from cryptoforecast.html_report.page import BOARDS, page
from cryptoforecast.html_report.sections import (
    LUCK,
    VIEWS,
    Part,
    board,
    folds,
    forecasts,
    free_run,
    makers,
    metric_text,
    standings,
)

__all__ = [
    "BOARDS",
    "LUCK",
    "VIEWS",
    "Part",
    "board",
    "folds",
    "forecasts",
    "free_run",
    "makers",
    "metric_text",
    "page",
    "standings",
]
