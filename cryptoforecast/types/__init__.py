"""The values that flow through the project: prices, specs, models, forecasts, test results.

All of them are frozen. The frames and arrays inside are shared, so no function may change the ones
that it receives.
"""

from cryptoforecast.types.ablation import Ablation, Contribution
from cryptoforecast.types.anomalies import (
    MAX_RARITY,
    MONTH,
    AlarmRate,
    Anomalies,
    Surprises,
    candles_a_month,
    count_text,
    rarity_text,
    rate_text,
)
from cryptoforecast.types.coin_board import CoinBoard, CoinStanding
from cryptoforecast.types.durations import duration, span_text
from cryptoforecast.types.evaluation import (
    Backtest,
    CoinTest,
    Leaderboard,
    Scores,
    Standing,
    Verdict,
)
from cryptoforecast.types.forecasts import Forecast, StepForecast
from cryptoforecast.types.indicators import Indicator
from cryptoforecast.types.judgement import (
    OUTCOMES,
    Comparison,
    Contest,
    Judgement,
    Outcome,
    Promise,
    outcome_of,
)
from cryptoforecast.types.learning import (
    MEDIAN,
    QUANTILES,
    UNWATCHED,
    EpochLoss,
    ModelSpec,
    Monitor,
    Progress,
    Scaler,
    Split,
    Stretches,
    TrainingRecord,
)
from cryptoforecast.types.lessons import Cheats, Delay, ForecastStages, LeakScores, RecipeTest
from cryptoforecast.types.models import ModelCard, ModelSummary, SavedModel, TrainedModel
from cryptoforecast.types.moments import (
    brief_moment_text,
    days_text,
    local_text,
    moment_text,
    months_text,
    short_moment_text,
)
from cryptoforecast.types.next_steps import (
    Calibration,
    Member,
    NextSteps,
    Probability,
    Spread,
)
from cryptoforecast.types.paths import Extremes, Paths, Touch
from cryptoforecast.types.predictor_names import (
    PREDICTOR_NAMES,
    input_name,
    predictor_name,
    predictor_phrase,
)
from cryptoforecast.types.prices import (
    INTERVAL_NOUNS,
    INTERVALS,
    Array,
    MarketQuery,
    PriceHistory,
    Problem,
    QualityReport,
)
from cryptoforecast.types.quotes import affixes, price_text
from cryptoforecast.types.reliability import CoverageBySteps, Regime, Reliability, Share
from cryptoforecast.types.search import Finalist, Search, SearchPlan, SearchTest, Trial, TrialState
from cryptoforecast.types.signals import Signal, is_signal, signal_name
from cryptoforecast.types.teamwork import TeamProgress
from cryptoforecast.types.users import OWNER, User
from cryptoforecast.types.walk_forward import Fold, WalkForward, WalkPlan

__all__ = [
    "INTERVALS",
    "INTERVAL_NOUNS",
    "MAX_RARITY",
    "MEDIAN",
    "MONTH",
    "OUTCOMES",
    "OWNER",
    "PREDICTOR_NAMES",
    "QUANTILES",
    "UNWATCHED",
    "Ablation",
    "AlarmRate",
    "Anomalies",
    "Array",
    "Backtest",
    "Calibration",
    "Cheats",
    "CoinBoard",
    "CoinStanding",
    "CoinTest",
    "Comparison",
    "Contest",
    "Contribution",
    "CoverageBySteps",
    "Delay",
    "EpochLoss",
    "Extremes",
    "Finalist",
    "Fold",
    "Forecast",
    "ForecastStages",
    "Indicator",
    "Judgement",
    "Leaderboard",
    "LeakScores",
    "MarketQuery",
    "Member",
    "ModelCard",
    "ModelSpec",
    "ModelSummary",
    "Monitor",
    "NextSteps",
    "Outcome",
    "Paths",
    "PriceHistory",
    "Probability",
    "Problem",
    "Progress",
    "Promise",
    "QualityReport",
    "RecipeTest",
    "Regime",
    "Reliability",
    "SavedModel",
    "Scaler",
    "Scores",
    "Search",
    "SearchPlan",
    "SearchTest",
    "Share",
    "Signal",
    "Split",
    "Spread",
    "Standing",
    "StepForecast",
    "Stretches",
    "Surprises",
    "TeamProgress",
    "Touch",
    "TrainedModel",
    "TrainingRecord",
    "Trial",
    "TrialState",
    "User",
    "Verdict",
    "WalkForward",
    "WalkPlan",
    "affixes",
    "brief_moment_text",
    "candles_a_month",
    "count_text",
    "days_text",
    "duration",
    "input_name",
    "is_signal",
    "local_text",
    "moment_text",
    "months_text",
    "outcome_of",
    "predictor_name",
    "predictor_phrase",
    "price_text",
    "rarity_text",
    "rate_text",
    "short_moment_text",
    "signal_name",
    "span_text",
]
