"""The figure of a walk-forward test: the errors of each fold."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from cryptoforecast.charts import style, wording
from cryptoforecast.types import WalkForward


def table(walk_forward: WalkForward) -> pd.DataFrame:
    """List the folds, with the figures of the last step.

    Returns:
        One row a fold. Columns: ``fold`` (from 1), ``fitted_from`` and ``test_from`` (open of the
        first candle, UTC), ``fitted_to`` and ``test_to`` (close of the last one), ``origins``,
        ``mae`` and ``pinball`` as multiples of naive's (NaN where that is 0), ``covered`` (share of
        actuals in the 80 % band), ``epochs`` and ``seconds`` (NaN for a baseline).
    """
    result = walk_forward.backtest
    index, name = result.history.candles.index, result.predictor
    length = result.history.candle_length
    rows = []
    for number, fold in enumerate(walk_forward.folds, start=1):
        own, naive = fold.scores[name][-1], fold.scores["naive"][-1]
        record = None if fold.model is None else fold.model.record
        rows.append(
            {
                "fold": number,
                "fitted_from": index[fold.split.first],
                "fitted_to": index[fold.split.fit_end - 1] + length,
                "test_from": index[fold.split.test_start],
                "test_to": index[fold.end - 1] + length,
                "origins": len(fold.split.test_origins()),
                "mae": own.mae / naive.mae if naive.mae > 0 else math.nan,
                "pinball": own.pinball / naive.pinball if naive.pinball > 0 else math.nan,
                "covered": own.coverage_80,
                "epochs": math.nan if record is None else record.epochs,
                "seconds": math.nan if record is None else record.seconds,
            }
        )
    return pd.DataFrame(rows)


def folds(walk_forward: WalkForward, *, dark: bool = False) -> go.Figure:
    """Draw each fold's errors as multiples of naive's, over its test span.

    Args:
        walk_forward: A walk-forward test.
        dark: Whether the page behind is dark.
    """
    colours, result, frame = style.theme(dark), walk_forward.backtest, table(walk_forward)
    interval = result.history.interval
    middle = frame["test_from"] + (frame["test_to"] - frame["test_from"]) / 2
    x = style.dates(pd.DatetimeIndex(middle))
    figure = go.Figure()
    figure.add_hline(y=1, line={"color": colours.ink, "dash": "dash", "width": 1})
    for column, name, colour, symbol in (
        ("pinball", "error of the range", colours.ink, "square"),
        ("mae", "error of the price", colours.forecast, "diamond"),
    ):
        figure.add_scatter(
            x=x, y=frame[column], name=name, mode="lines+markers", customdata=frame["fold"],
            line={"color": colour, "width": 1.8}, marker={"size": 9, "symbol": symbol},
            hovertemplate=f"fold %{{customdata}}: {name} %{{y:.4f}}<extra></extra>",
        )  # fmt: skip
    for begin in style.dates(pd.DatetimeIndex(frame["test_from"].iloc[1:])):
        figure.add_vline(x=begin, line={"color": style.GRID, "width": 1, "dash": "dot"})
    label = wording.step_label(result.spec.horizon, interval)
    subtitle = style.subtitle_lines(
        result.history, label, "dashed: the last price; below it is better"
    )
    style.lay_out(
        figure, "Is it the same in every fold?", subtitle, dark=dark, height=340,
        revision=f"folds {interval} {len(frame)}",
    )  # fmt: skip
    figure.update_layout(
        xaxis=style.time_axis(interval) | {"title": style.axis_title("test span, UTC")},
        yaxis={"title": {"text": "error, last price = 1", "font": {"size": 11}}, "nticks": 6},
    )
    return figure


def summary_refits(walk_forward: WalkForward) -> str:
    """Describe in one sentence how a walk-forward test refits."""
    plan, window = walk_forward.plan, "all candles before it"
    if plan.window_rows is not None:
        window = f"the {plan.window_rows:,} candles before it"
    text = f"Fitted again for each of {len(walk_forward.folds)} folds, on {window}"
    return (
        f"{text}, starting from the weights of the fold before." if plan.warm_start else f"{text}."
    )


def summary_folds(walk_forward: WalkForward) -> str:
    """Describe in a sentence or two what ``folds`` shows."""
    losses = table(walk_forward)["pinball"].to_numpy()
    if not np.isfinite(losses).any():
        return "No fold has a range whose error can be compared."
    better = int((losses < 1).sum())
    return (
        f"The range is better than the last price's in {better} of {len(losses)} folds; its error "
        f"is between {np.nanmin(losses):.3f} and {np.nanmax(losses):.3f} times that of the last "
        "price."
    )
