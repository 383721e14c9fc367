"""The parts of the Market page: what the price did, its chart, and whether it can be trusted."""

from __future__ import annotations

import contextlib
import dataclasses
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from cryptoforecast import charts
from cryptoforecast.errors import CryptoForecastError
from cryptoforecast.service import Service, is_file, market_view
from cryptoforecast.types import INTERVALS, MarketQuery, PriceHistory, span_text
from cryptoforecast.ui import card, dialogs, elements, inputs, live, local_time, part, url, words

#: Spans of the chart in days, by candle length; ``None`` is all that the source has.
SPANS: dict[str, dict[str, float | None]] = {
    "1m": {"3 hours": 0.125, "12 hours": 0.5, "2 days": 2, "7 days": 7},
    "5m": {"12 hours": 0.5, "2 days": 2, "1 week": 7, "1 month": 30, "2 months": 58},
    "15m": {"2 days": 2, "1 week": 7, "1 month": 30, "2 months": 58},
    "1h": {"1 week": 7, "1 month": 31, "3 months": 92, "1 year": 365, "2 years": 728},
    "4h": {"1 month": 31, "3 months": 92, "1 year": 365, "2 years": 728},
    "1d": {
        "6 months": 183, "1 year": 365, "2 years": 730, "5 years": 1826, "10 years": 3652,
        "All": None,
    },
    "1w": {"3 years": 1096, "5 years": 1826, "10 years": 3652, "All": None},
}  # fmt: skip
#: Name of the indicators in the URL.
_INDICATORS = "indicators"
_DRAWABLE = market_view.DRAWABLE
_ENLARGE = "Drag across the chart to enlarge a time. "
_COLOURS = "Hollow candles rose, filled ones fell. "


@dataclass(frozen=True)
class View:
    """What of a market is shown.

    Attributes:
        history: The prices.
        span: What the part is called: "in 2 weeks".
        rows: The part that is shown.
        selected: Whether the part was selected in the chart.
    """

    history: PriceHistory
    span: str
    rows: slice
    selected: bool

    @property
    def part(self) -> PriceHistory:
        """The part as prices."""
        return market_view.shown(self.history, self.rows)


def choose_view(service: Service, query: MarketQuery, history: PriceHistory) -> View:
    """Return what the controls of the chart, which stand below the answer, have chosen.

    Args:
        service: Knows more prices, if the span needs them.
        query: What was asked for.
        history: Its answer.
    """
    spans = _spans(query, history)
    first = _first_span(query)
    key = _span_key(query)
    name = st.query_params.get(key, st.session_state.get(key, first))
    if name not in spans:
        name = first
    span = spans[name]
    with st.container():
        if not is_file(query.coin) and not market_view.reaches(history, span):
            start = None if span is None else inputs.since(query.interval, span)
            history = live.history(service, dataclasses.replace(query, start=start))
    selection = part.selected()
    rows = market_view.part(history, span, selection)
    selected = selection is not None and rows != market_view.part(history, span)
    words_of_span = f"since {history.start:%b %Y}" if span is None else f"in {name}"
    return View(history, words_of_span, rows, selected)


def headline(view: View) -> None:
    """Write what the price did as the heading of the page, with the table of it."""
    prices = view.part
    finding = market_view.finding(prices)
    price = words.price(finding.close, prices.quote)
    span = view.span
    if view.selected:
        span = f"from {_time(prices, prices.start)} to {_time(prices, prices.end)}"
    text = price
    if finding.change is not None:
        move = words.change(finding.change)
        way = {"−": "Down", "+": "Up"}.get(move[0])
        text = f"{way} {move[1:]} {span}, to {price}" if way else f"No change {span}, at {price}"
    lowest, highest = (
        words.price(finding.low, prices.quote),
        words.price(finding.high, prices.quote),
    )
    line = (
        f"Lowest {lowest} ({_time(prices, finding.low_at)}), highest {highest} "
        f"({_time(prices, finding.high_at)})"
    )
    end = view.history.closes_at
    if not view.selected and not view.history.of_file:
        age = span_text(pd.Timestamp.now("UTC") - end, close=True)
        line += f" · last candle closed {age} ago"
    with st.container(horizontal=True, wrap=False, vertical_alignment="top", gap="small"):
        with st.container():
            card.answer(
                words.plain(text),
                words.plain(line),
                help=local_time.help_text("The last candle closed", end),
            )
        elements.download(prices.candles.reset_index(), prices, "shown", label="CSV")


def controls(query: MarketQuery, view: View) -> tuple[bool, list[str]]:
    """Draw the controls of the chart: ranges, log axis, indicators.

    Args:
        query: What was asked for.
        view: What is drawn.

    Returns:
        Whether the price axis is logarithmic, and the names of the indicators.
    """
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.segmented_control(
            "Range, back from the last close",
            list(_spans(query, view.history)),
            default=_first_span(query),
            required=True,
            key=_span_key(query),
            bind="query-params",
            on_change=part.unselect,
            label_visibility="collapsed",
            wrap=True,
        )
        if view.selected:
            st.button("Whole range", icon=":material/zoom_out_map:", on_click=part.unselect)
        st.space("stretch")
        log = st.toggle(
            "Log axis",
            key="log",
            bind="query-params",
            help="On a logarithmic axis, equal distances are equal percentages.",
        )
    return log, _pick_indicators()


def chart(view: View, *, log: bool, indicators: list[str]) -> None:
    """Draw the chart; a span of time that is selected in it is shown alone.

    The price axis of a chart in the browser does not follow when a part of the time is enlarged.
    So the part is selected, and the page draws it anew, with an axis that fits. A finger that is
    drawn across the chart scrolls the page instead.
    """
    prices, zoom = view.part, not elements.touched()
    figure = charts.candles(
        prices,
        log=log,
        dark=elements.dark(),
        indicators=market_view.indicators(view.history, indicators, view.rows),
        zoom=zoom,
    )
    # Each part is a chart of its own: the selection of one says nothing about another.
    key = f"candles-{prices.start.value}-{prices.end.value}"
    label = "simulated-" if prices.simulated else ""
    picture = {"format": "png", "scale": 2, "filename": f"{label}{prices.market}-{prices.interval}"}
    st.plotly_chart(
        figure,
        theme=None,
        key=key,
        alt=charts.summary_candles(prices),
        on_select=(lambda: part.select(key)) if zoom else "ignore",
        selection_mode="box",
        config={
            "displaylogo": False,
            "displayModeBar": True,
            "modeBarButtons": [["toImage"]],
            "toImageButtonOptions": picture,
        },
    )
    drawn = len(prices) <= charts.MAX_CANDLES
    st.caption(
        f"{_COLOURS * drawn}{_ENLARGE * zoom}Indicators are what a network can read.",
        help=words.plain(" ".join(f"{one.label}: {one.help}" for one in _DRAWABLE.values())),
    )


@st.fragment(run_every="30s")
def keep_fresh(service: Service, query: MarketQuery, closes_at: pd.Timestamp) -> None:
    """Run the page again when a newer candle has closed."""
    # Where there are no prices, the page itself says why.
    with contextlib.suppress(CryptoForecastError):
        newest = live.at_hand(service, query)
        if newest is not None and newest.closes_at > closes_at:
            dialogs.refresh()


def _spans(query: MarketQuery, history: PriceHistory) -> dict[str, pd.Timedelta | None]:
    if is_file(query.coin):
        return market_view.ranges(history)
    return {
        name: None if days is None else pd.Timedelta(days=days)
        for name, days in SPANS[query.interval].items()
    }


def _first_span(query: MarketQuery) -> str:
    """Return the span to begin with: the shortest one, whose candles are drawn one by one."""
    return "All" if is_file(query.coin) else next(iter(SPANS[query.interval]))


def _span_key(query: MarketQuery) -> str:
    return f"span_{'file' if is_file(query.coin) else query.interval}"


def _pick_indicators() -> list[str]:
    """Draw the choice of indicators; the URL holds their names."""
    names = url.last(_INDICATORS, "").split(",")
    st.session_state[_INDICATORS] = [name for name in names if name in _DRAWABLE]
    picked = st.pills(
        "Indicators",
        list(_DRAWABLE),
        selection_mode="multi",
        format_func=lambda name: words.plain(_DRAWABLE[name].label),
        key=_INDICATORS,
        on_change=_remember_indicators,
        label_visibility="collapsed",
        wrap=True,
    )
    return list(picked)


def _remember_indicators() -> None:
    url.remember(_INDICATORS, ",".join(st.session_state[_INDICATORS]))


def _time(history: PriceHistory, time: pd.Timestamp) -> str:
    """Write the open of a candle: "5 Nov 14:00", "5 Nov 2025 14:00", "5 Nov 2026"."""
    clock = "" if history.candle_length >= INTERVALS["1d"] else f" {time:%H:%M}"
    year = f" {time:%Y}" if not clock or history.start.year != history.end.year else ""
    return f"{time.day} {time:%b}{year}{clock}"
