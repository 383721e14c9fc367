"""Values as dictionaries for JSON, the same for the command line and the HTTP API.

An undefined figure is ``None``. A time is ISO 8601 in UTC, ``2026-01-31T12:00:00+00:00``. The keys
of an answer and what they mean are stated once, as a typed dictionary: the type checker holds the
code to it, and the API describes its answers with it.
"""

from cryptoforecast.json_views.ablations import AblationJson, ablation_json
from cryptoforecast.json_views.anomalies import AnomaliesJson, anomalies_json
from cryptoforecast.json_views.backtests import (
    BacktestJson,
    FoldJson,
    backtest_json,
    walk_forward_json,
)
from cryptoforecast.json_views.coin_boards import CoinBoardJson, coin_board_json
from cryptoforecast.json_views.diagnoses import diagnosis_json
from cryptoforecast.json_views.forecasts import ForecastJson, forecast_json, mean_of_quantiles
from cryptoforecast.json_views.models import ModelJson, model_json
from cryptoforecast.json_views.prices import data_json, inspect_json, unreadable_json
from cryptoforecast.json_views.scores import (
    leaderboard_json,
    scores_json,
    step_json,
    verdict_json,
)
from cryptoforecast.json_views.searches import search_json
from cryptoforecast.json_views.values import (
    MAX_PROBABILITY,
    MIN_PROBABILITY,
    Figures,
    Json,
    Says,
    finite,
    probability_json,
    time_json,
)

__all__ = [
    "MAX_PROBABILITY",
    "MIN_PROBABILITY",
    "AblationJson",
    "AnomaliesJson",
    "BacktestJson",
    "CoinBoardJson",
    "Figures",
    "FoldJson",
    "ForecastJson",
    "Json",
    "ModelJson",
    "Says",
    "ablation_json",
    "anomalies_json",
    "backtest_json",
    "coin_board_json",
    "data_json",
    "diagnosis_json",
    "finite",
    "forecast_json",
    "inspect_json",
    "leaderboard_json",
    "mean_of_quantiles",
    "model_json",
    "probability_json",
    "scores_json",
    "search_json",
    "step_json",
    "time_json",
    "unreadable_json",
    "verdict_json",
    "walk_forward_json",
]
