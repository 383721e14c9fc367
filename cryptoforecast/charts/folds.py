"""The figure of a walk-forward test: how each fold fared."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from cryptoforecast.charts import style
from cryptoforecast.types import WalkForward


def table(tested: WalkForward) -> pd.DataFrame:
    """List the folds, with figures of the last step.

    Returns:
        One row a fold, columns ``fold``, ``fitted_from``, ``fitted_to``, ``judged_from``,
        ``judged_to``, ``origins``, ``mae`` and ``pinball`` over naive's (NaN where that is 0),
        ``covered`` (share in the 80 % band), ``epochs`` and ``seconds`` (NaN for a baseline).
    """
    joined = tested.backtest
    index, name = joined.history.candles.index, joined.spec.network
    rows = []
    for number, fold in enumerate(tested.folds, start=1):
        own, naive = fold.scores[name][-1], fold.scores["naive"][-1]
        record = None if fold.model is None else fold.model.record
        rows.append(
            {
                "fold": number,
                "fitted_from": index[fold.split.first],
                "fitted_to": index[fold.split.fit_end - 1],
                "judged_from": index[fold.split.test_start],
                "judged_to": index[fold.end - 1],
                "origins": len(fold.split.test_origins()),
                "mae": own.mae / naive.mae if naive.mae > 0 else math.nan,
                "pinball": own.pinball / naive.pinball if naive.pinball > 0 else math.nan,
                "covered": own.coverage_80,
                "epochs": math.nan if record is None else record.epochs,
                "seconds": math.nan if record is None else record.seconds,
            }
        )
    return pd.DataFrame(rows)


def folds(tested: WalkForward, *, dark: bool = False) -> go.Figure:
    """Draw each fold's errors as multiples of the last price's, over the span it was judged on.

    Args:
        tested: a walk-forward test.
        dark: whether the page behind is dark.
    """
    colours, joined, frame = style.theme(dark), tested.backtest, table(tested)
    interval = joined.history.interval
    middle = frame["judged_from"] + (frame["judged_to"] - frame["judged_from"]) / 2
    x = style.milliseconds(pd.DatetimeIndex(middle))
    figure = go.Figure()
    figure.add_hline(y=1, line={"color": colours.ink, "dash": "dash", "width": 1})
    for column, words, colour, symbol in (
        ("pinball", "error of the band", colours.calm, "square"),
        ("mae", "error of the price", colours.strong, "diamond"),
    ):
        figure.add_scatter(
            x=x, y=frame[column], name=words, mode="lines+markers", customdata=frame["fold"],
            line={"color": colour, "width": 1.8}, marker={"size": 9, "symbol": symbol},
            hovertemplate=f"fold %{{customdata}}: {words} %{{y:.4f}}<extra></extra>",
        )  # fmt: skip
    for begin in frame["judged_from"].iloc[1:]:
        figure.add_vline(
            x=begin.timestamp() * 1000, line={"color": style.GRID, "width": 1, "dash": "dot"}
        )
    ahead = style.ahead(joined.spec.horizon, interval)
    subtitle = style.subtitle_lines(joined.history, "dashed: the last price; below it is better")
    style.lay_out(
        figure, f"Errors by fold, {ahead}, naive = 1", subtitle, dark=dark, height=340,
        keep=f"folds {interval} {len(frame)}",
    )  # fmt: skip
    figure.update_layout(
        xaxis=style.time_axis(interval)
        | {"title": {"text": "judged on, UTC", "font": {"size": 11}, "standoff": 4}},
        yaxis={"title": {"text": "error / naive error", "font": {"size": 11}}, "nticks": 6},
    )
    return figure


def how(tested: WalkForward) -> str:
    """Say in one sentence how a walk-forward test refitted."""
    plan, window = tested.plan, "all candles before it"
    if plan.window_rows is not None:
        window = f"the {plan.window_rows:,} candles before it"
    text = f"Fitted anew for each of {len(tested.folds)} folds, on {window}"
    return f"{text}, going on from the weights before." if plan.warm_start else f"{text}."


def summary_folds(tested: WalkForward) -> str:
    """Say in a sentence or two what ``folds`` shows."""
    known = table(tested)["pinball"].to_numpy()
    if not np.isfinite(known).any():
        return "The band of none of the folds can be judged."
    better = int((known < 1).sum())
    return (
        f"The band is better than the last price's in {better} of {len(known)} folds; its error "
        f"lies between {np.nanmin(known):.3f} and {np.nanmax(known):.3f} times that."
    )
