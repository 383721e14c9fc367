"""Plain headings of the columns of tables, with the term of the field in their help.

The downloads keep the names of the library.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

import pandas as pd

from cryptoforecast.types import predictor_name

if TYPE_CHECKING:
    from streamlit.elements.lib.column_types import ColumnConfig

_OF_CHANCE = "Where the true value lies with 95 % certainty."
#: Heading and help of each column, by its name in the library.
HEADINGS: Mapping[str, tuple[str, str]] = {
    "step": ("candles ahead", "Step of the horizon."),
    "origins": ("past forecasts", "Origins of the test."),
    # Forecasts.
    "predicted": ("middle", "The price that is predicted: the median, or the mean."),
    "residual": ("error", "Actual less predicted (residual)."),
    "q0.025": ("95 % range, from", "Quantile 0.025."),
    "q0.05": ("90 % range, from", "Quantile 0.05."),
    "q0.1": ("80 % range, from", "Quantile 0.1."),
    "q0.25": ("50 % range, from", "Quantile 0.25."),
    "q0.5": ("median", "Quantile 0.5: as likely above as below."),
    "q0.75": ("50 % range, to", "Quantile 0.75."),
    "q0.9": ("80 % range, to", "Quantile 0.9."),
    "q0.95": ("90 % range, to", "Quantile 0.95."),
    "q0.975": ("95 % range, to", "Quantile 0.975."),
    "highest q0.1": ("highest, 80 % range from", "Quantile 0.1 of the highest price until then."),
    "highest q0.5": ("highest, median", "Quantile 0.5 of the highest price until then."),
    "highest q0.9": ("highest, 80 % range to", "Quantile 0.9 of the highest price until then."),
    "lowest q0.1": ("lowest, 80 % range from", "Quantile 0.1 of the lowest price until then."),
    "lowest q0.5": ("lowest, median", "Quantile 0.5 of the lowest price until then."),
    "lowest q0.9": ("lowest, 80 % range to", "Quantile 0.9 of the lowest price until then."),
    "fall q0.1": ("largest fall, 80 % range from", "Quantile 0.1 of the largest fall."),
    "fall q0.5": ("largest fall, median", "Quantile 0.5 of the largest fall."),
    "fall q0.9": ("largest fall, 80 % range to", "Quantile 0.9 of the largest fall."),
    # Leaderboards.
    "predictor": ("model", "Predictor."),
    "skill": ("better by", "Skill: 1 - error / error of the reference; of a range, its distance "
              "to the promise. A fraction."),
    "low": ("at least", f"{_OF_CHANCE} Of a class of errors: where it begins."),
    "high": ("at most", f"{_OF_CHANCE} Of a class of errors: where it ends."),
    "p_value": ("p-value", "How likely such a difference would be by chance."),
    "p_holm": ("p-value, corrected", "Corrected for the number of comparisons (Holm's method)."),
    # Errors.
    "shift": ("candles before the target", "By how much the prices are moved (shift)."),
    "error": ("average miss", "In the currency of the prices, or a fraction of the price."),
    "relative": ("against the last price", "Divided by the average miss of the last price."),
    "average": ("running average", "Mean of the errors around this one."),
    "count": ("errors", "How many errors have this size."),
    "normal": ("errors, if normal", "How many there would be in a normal distribution."),
    "lag": ("candles between", "Candles between two forecasts (lag)."),
    "size": ("likeness of sizes", "Correlation of the sizes of two errors."),
    "bound": ("chance, errors", "95 % of correlations of errors are nearer to 0 by chance."),
    "size_bound": ("chance, sizes", "95 % of correlations of sizes are nearer to 0 by chance."),
    "hour": ("hour, UTC", ""),
    "half_width": ("80 % range, each side", "A fraction of the price."),
    "covered": ("80 % range held", "Share of the prices inside the 80 % range (coverage)."),
    "regime": ("market", "Thirds of the forecasts by the volatility when they were made."),
    "lowest": ("volatility from", "The lowest one of this third."),
    "highest": ("volatility to", "The highest one of this third."),
    "error_naive": ("“stays put” misses", "Average miss of the last price, a fraction."),
    "pinball": ("error of the range", "Mean pinball loss of nine quantiles, log-return."),
    "pinball_naive": ("the same of “stays put”", "Its range is constant."),
    "direct": ("predicted at once", "Average miss, a fraction of the price."),
    "free_run": ("fed its own forecasts", "Average miss, a fraction of the price."),
    "naive": ("“stays put” misses", "Average miss of the last price, a fraction."),
    # Ranges.
    "promised": ("chance below, promised", "Quantile."),
    "share": ("share measured", "A fraction of the outcomes."),
    "part": ("part, lowest first", "Equally likely parts of the forecast (PIT)."),
    **{
        name: heading
        for level in (50, 80, 90, 95)
        for name, heading in (
            (f"in_{level}", (f"{level} % range held", "Coverage, a fraction.")),
            (f"low_{level}", (f"{level} %, at least", _OF_CHANCE)),
            (f"high_{level}", (f"{level} %, at most", _OF_CHANCE)),
        )
    },
    # Folds.
    "fitted_from": ("learns from", "Open of the first candle, UTC."),
    "fitted_to": ("learns to", "Close of the last candle, UTC."),
    "test_from": ("tested from", "Open of the first candle, UTC."),
    "test_to": ("tested to", "Close of the last candle, UTC."),
    "mae": ("miss / “stays put”", "Ratio of the mean absolute errors; below 1 is better."),
    "epochs": ("passes", "Epochs of the training."),
    # A training.
    "epoch": ("pass", "Epoch: once through all prices that it learns from."),
    "loss": ("prices it learns from", "Training loss."),
    "val_loss": ("prices it hasn't seen", "Validation loss."),
}  # fmt: skip


def headed(
    frame: pd.DataFrame, configs: Mapping[str, ColumnConfig] | None = None
) -> dict[str, ColumnConfig]:
    """Return how the columns of a table are shown, each with its plain heading.

    Args:
        frame: The table.
        configs: How columns are shown, by name; a heading in it wins.
    """
    result = dict(configs or {})
    if "open" in frame:  # candles have their usual names
        return result
    for name in frame.columns:
        title, help_text = HEADINGS.get(name, ("", ""))
        if title:
            own = {key: value for key, value in result.get(name, {}).items() if value is not None}
            heading = {"label": title, "help": help_text or None}
            result[name] = cast("ColumnConfig", {**heading, **own})
    return result


def readable(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table with the names of predictors instead of their identifiers."""
    if "predictor" not in frame:
        return frame
    return frame.assign(predictor=frame["predictor"].map(predictor_name))
