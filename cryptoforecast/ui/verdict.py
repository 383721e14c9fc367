"""The answer of a test: the verdict in words, and four figures."""

from __future__ import annotations

import math
import re
from typing import Literal, TypedDict

import streamlit as st

from cryptoforecast.charts import style
from cryptoforecast.types import Backtest, predictor_phrase
from cryptoforecast.ui import elements, words


class _Delta(TypedDict):
    delta: str | None
    delta_color: Literal["inverse", "off"]
    delta_arrow: Literal["auto", "off"]
    delta_description: str | None


def show(result: Backtest) -> None:
    """Show whether the model beats the last price, and what it was tested on."""
    verdict = result.verdict
    headline, *rest = re.split(r": |\. ", verdict.sentence, maxsplit=1)
    detail = "".join(rest)
    mark = (
        ":green[:material/verified:]"
        if verdict.beats_baseline
        else ":orange[:material/do_not_disturb_on:]"
    )
    with st.container(border=True):
        st.markdown(f"### {mark} {words.plain(headline)}")
        if detail:
            st.markdown(words.plain(detail[:1].upper() + detail[1:]))
        st.caption(words.plain(f"{span(result)}{combined(result)}"))
        for note in result.notes:
            st.caption(f":material/info: {words.plain(note)}")


def figures(result: Backtest) -> None:
    """Show the four figures that matter, of the last step."""
    own, naive = result.scores[result.predictor][-1], result.scores["naive"][-1]
    ahead = style.step_label(result.spec.horizon, result.history.interval)
    quote = result.history.quote
    mae = words.money(own.mae, quote)
    with st.grid(4, min_column_width=150):
        with elements.room_for("mae", mae):
            st.metric(
                "Average miss (MAE)",
                mae,
                border=True,
                help=f"How far the forecasts {ahead} were from the price on average, in "
                f"{words.plain(quote)}. This is the mean absolute error.",
                **_against(own.mae, naive.mae, "last price"),
            )
        st.metric(
            "Band error",
            words.DASH if math.isnan(own.pinball) else f"{own.pinball * 1e4:.1f} bp",
            border=True,
            help="How good the band is, the range in which the price is expected; smaller is "
            "better. This is the mean pinball loss of nine quantiles of the log-return, in basis "
            "points (0.01 %).",
            **_against(own.pinball, naive.pinball, "constant band"),
        )
        for level, value in ((80, own.coverage_80), (95, own.coverage_95)):
            st.metric(
                f"{level:d} % range held",
                words.percent(value),
                None if math.isnan(value) else f"{(value * 100 - level):+.1f} points",
                delta_color="off",
                border=True,
                help=f"Share of the prices {ahead} that were inside the {level:d} % range "
                f"(coverage of the {level:d} % band). A good forecast has {level:d} %.",
            )


def span(result: Backtest) -> str:
    """Write which past forecasts a test consists of."""
    forecast, history = result.forecast, result.history
    return (
        f"Tested on {len(forecast):,} past forecasts of {history.market} "
        f"{words.prices(history.interval)}, {style.span_of_closes(forecast.closes_at(0))}, "
        f"each {style.step_label(forecast.horizon, history.interval)}."
        + (" The prices are simulated." if history.simulated else "")
    )


def combined(result: Backtest) -> str:
    """Write what the forecasts of a stack combine; empty for a single predictor."""
    if not result.network_sentences:
        return ""
    name = predictor_phrase(result.spec.network)
    return (
        f" The forecasts combine {name} and {predictor_phrase('har')}; {name} by itself stands "
        "beside them below."
    )


def _against(value: float, baseline: float, what: str) -> _Delta:
    """Write the change against a baseline as the delta of a metric."""
    if not (math.isfinite(value) and baseline > 0):
        return _Delta(delta=None, delta_color="off", delta_arrow="off", delta_description=None)
    change = value / baseline - 1
    if abs(change) < 5e-4:
        same = f"as {what}"
        return _Delta(delta="same", delta_color="off", delta_arrow="off", delta_description=same)
    text = f"{value / baseline:.1f} times" if change > 1 else f"{change * 100:+.1f} %"
    return _Delta(
        delta=text,
        delta_color="inverse",
        delta_arrow="auto",
        delta_description=what if change > 1 else f"vs {what}",
    )
