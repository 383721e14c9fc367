"""A backtest as parts to look at, and all of them as one HTML file that needs nothing else."""

from cryptoforecast.document.parts import (
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
from cryptoforecast.document.whole import BOARDS, page

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
