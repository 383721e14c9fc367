"""The parts of the Market page: last price, candles, quality report."""

from __future__ import annotations

import contextlib
import dataclasses
import math

import pandas as pd
import streamlit as st

from cryptoforecast import charts
from cryptoforecast.errors import CryptoForecastError
from cryptoforecast.service import Service, files
from cryptoforecast.service.choices import base_interval
from cryptoforecast.types import INTERVALS, MarketQuery, PriceHistory, price_text, span_text
from cryptoforecast.ui import elements, inputs, live, local_time, words

#: Spans of the candle chart in days, by candle length; ``None`` is all that the source has.
SPANS: dict[str, dict[str, float | None]] = {
    "1m": {"6 hours": 0.25, "1 day": 1, "3 days": 3, "7 days": 7},
    "5m": {"1 day": 1, "1 week": 7, "1 month": 30, "2 months": 58},
    "15m": {"1 day": 1, "3 days": 3, "2 weeks": 14, "2 months": 58},
    "1h": {"1 week": 7, "1 month": 31, "3 months": 92, "1 year": 365, "2 years": 728},
    "4h": {"1 month": 31, "2 months": 62, "6 months": 182, "1 year": 365, "2 years": 728},
    "1d": {
        "3 months": 92, "1 year": 365, "2 years": 730, "5 years": 1826, "10 years": 3652,
        "All": None,
    },
    "1w": {"1 year": 365, "5 years": 1826, "10 years": 3652, "All": None},
}  # fmt: skip
#: The span to begin with: a few hundred candles, which need not be thinned out.
SPAN = {
    "1m": "6 hours", "5m": "1 day", "15m": "3 days", "1h": "1 month", "4h": "2 months",
    "1d": "1 year", "1w": "5 years",
}  # fmt: skip
#: Span of prices that gives the last close and its change in a week, with some days more, and the
#: same for candles shorter than an hour.
_RECENT, _RECENT_MINUTES = pd.Timedelta(days=30), pd.Timedelta(days=7, hours=4)


def view(interval: str) -> tuple[pd.Timedelta | None, bool]:
    """Draw the selectors of the chart.

    Args:
        interval: Candle length.

    Returns:
        The span to show, ``None`` for all that the source has, and whether the axis is
        logarithmic.
    """
    with st.container(horizontal=True, vertical_alignment="bottom"):
        spans = SPANS[interval]
        span = st.segmented_control(
            "Show",
            list(spans),
            default=SPAN[interval],
            required=True,
            key=f"span_{interval}",
            bind="query-params",
            wrap=True,
        )
        log = st.toggle(
            "Log axis",
            key="log",
            bind="query-params",
            help="On a logarithmic axis, equal distances are equal percentages.",
        )
    days = spans[str(span)]
    return None if days is None else pd.Timedelta(days=days), log


def over(query: MarketQuery, span: pd.Timedelta | None) -> MarketQuery:
    """Return the query for a span that ends now; ``None`` means everything."""
    start = None if span is None else inputs.since(query.interval, span)
    return dataclasses.replace(query, start=start)


@st.fragment(run_every="30s")
def last_price(service: Service, query: MarketQuery) -> None:
    """Show the last close, its age and its change; refreshes by itself.

    It comes from the candles that the source has, not from longer ones made of them: the last
    close of a week can be days old, that of its last day is not.
    """
    # Where there are no prices, the chart below says why.
    with contextlib.suppress(CryptoForecastError):
        now = pd.Timestamp.now("UTC")
        interval = base_interval(query.interval)
        short = INTERVALS[interval] < INTERVALS["1h"]
        start = inputs.since(interval, _RECENT_MINUTES if short else _RECENT)
        history = live.at_hand(service, MarketQuery(query.coin, interval, start))
        if history is None:
            return
        close = history.candles["close"]
        last = float(close.iloc[-1])
        label = "Last simulated close" if history.simulated else "Last close"
        with st.grid(3, min_column_width=200):
            price = price_text(last, history.quote)
            with elements.room_for("last", price):
                st.metric(
                    f"{label} of {words.plain(history.coin)}",
                    price,
                    f"closed {span_text(now - history.closes_at, close=True)} ago",
                    delta_color="off",
                    delta_arrow="off",
                    border=True,
                    help=local_time.help_text("Closed", history.closes_at),
                )
            for name, days in (("24 hours", 1), ("7 days", 7)):
                before = close[close.index <= history.end - pd.Timedelta(days=days)]
                change = last / float(before.iloc[-1]) - 1 if len(before) else float("nan")
                difference = price_text(last - last / (1 + change), history.quote, "+")
                st.metric(
                    f"Change in {words.plain(name)}",
                    words.percent(change),
                    None if math.isnan(change) else difference,
                    border=True,
                )


def candles(history: PriceHistory, span: pd.Timedelta | None, *, log: bool) -> None:
    """Show candles and volume, and the table behind them.

    Args:
        history: The prices.
        span: How much of their end to show; ``None`` for all of them.
        log: Whether the price axis is logarithmic.
    """
    summary = charts.summary_candles(history, span)
    figure = charts.candles(history, log=log, last=span, dark=elements.dark())
    elements.chart(figure, alt=summary, key="candles")
    st.caption(words.plain(summary))
    title = f"All candles ({history.quote}; a time is the open of its candle)"
    close = history.candles["close"].to_numpy(float)
    columns = elements.price_columns(("open", "high", "low", "close"), close, history.quote)
    elements.table(title, history.candles.reset_index, history, "candles", columns=columns)


# Findings that concern all prices, by kind; ``{}`` stands for the detail.
_CAVEATS = {
    "level_shift": "The coin's unit changes: {}. Nothing is learnt or tested across the change. "
    "When you open a file, its repairs can rescale or leave out what is before.",
    "coarse_tick": "A thin market: {}. A move of one tick is no news, and a forecast cannot be "
    "finer than that.",
    "local_time": "The times have no zone and are read as UTC, but {}.",
    "future": "Candles of the future are left out: {}.",
    "live_price": "The last row is no candle and is left out: {}.",
}


def report(history: PriceHistory, *, decisions: bool = True) -> None:
    """Show the quality report of the prices.

    Args:
        history: The prices.
        decisions: Whether to list what was decided when the prices were read.
    """
    quality = history.quality
    st.subheader("Can these data be trusted?")
    counts = {
        "Missing candles": quality.missing,
        "Candles with the time of another one": quality.duplicates,
        "Candles at the end that repeat one price": quality.flat_tail,
        "Candles with open or close outside high and low": quality.ohlc_violations,
        "Candles far away from both neighbours": quality.outliers,
    }
    total = sum(counts.values())
    if total:
        noun = "finding" if total == 1 else "findings"
        st.markdown(f":orange[:material/warning:] {total:,} {noun} in {len(history):,} candles.")
    elif quality.problems:
        kinds = ", ".join(dict.fromkeys(one.kind.replace("_", " ") for one in quality.problems))
        st.markdown(
            f":orange[:material/info:] Notes on {len(history):,} candles: {words.plain(kinds)}."
        )
    else:
        st.markdown(f":green[:material/check_circle:] No findings in {len(history):,} candles.")
    for problem in quality.problems:
        if problem.kind in _CAVEATS:
            caveat = _CAVEATS[problem.kind].format(problem.detail)
            st.warning(words.plain(caveat), icon=":material/warning:")
    if history.volume_unit == "quote":
        st.caption(
            f"The volume is the turnover in {words.plain(history.quote)}. This source gives it so."
        )
    with st.expander("All checks", icon=":material/fact_check:"):
        checks = pd.DataFrame({"Check": list(counts), "Candles": list(counts.values())})
        st.dataframe(checks, hide_index=True, alt="Findings of the data report")
        if quality.problems:
            problems = pd.DataFrame(
                {
                    "Finding": [one.kind.replace("_", " ") for one in quality.problems],
                    "How many": [one.count for one in quality.problems],
                    "First line": [one.first_line for one in quality.problems],
                    "What is done": [one.repair for one in quality.problems],
                    "Where": [one.detail for one in quality.problems],
                }
            )
            st.dataframe(
                files.cells(problems), hide_index=True, placeholder=words.DASH, alt="All findings"
            )
        if decisions and quality.decisions:
            st.caption("What was decided when these prices were read:")
            decided = pd.DataFrame(quality.decisions.items(), columns=["What", "Decision"])
            st.dataframe(files.cells(decided), hide_index=True, alt="Decisions made while reading")
