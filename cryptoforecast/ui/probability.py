"""The probability of a price on the Forecast page, at every step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

from cryptoforecast import charts
from cryptoforecast.cache import LruCaches
from cryptoforecast.charts.probability import probability_text
from cryptoforecast.json_views import MAX_PROBABILITY, MIN_PROBABILITY
from cryptoforecast.service import Service
from cryptoforecast.service.choices import ladder, round_step
from cryptoforecast.types import (
    INTERVAL_NOUNS,
    QUANTILES,
    NextSteps,
    Probability,
    Touch,
    price_text,
)
from cryptoforecast.types.quotes import decimals
from cryptoforecast.ui import bars, card, elements, figures, forecast_table, local_time
from cryptoforecast.ui.words import plain, price

if TYPE_CHECKING:
    from streamlit.elements.lib.column_types import ColumnConfig

_DIRECTIONS = ("above", "below")
#: Columns of what may happen on the way: the highest and the lowest price, and their quantiles.
_ENDS = ("highest", "lowest")
_SHARES = {f"q{level}": QUANTILES.index(level) for level in (0.1, 0.5, 0.9)}
#: Prices of one forecast whose probabilities stay in memory.
MAX_PRICES = 12

_probabilities: LruCaches[tuple[Probability, tuple[Probability, ...]]] = LruCaches(MAX_PRICES)


@st.fragment
def show(service: Service, future: NextSteps) -> None:
    """Show how likely round prices around the close are, and the user's own price."""
    left, right = st.columns(card.SIDES, gap="medium")
    with elements.errors():
        with right:
            level, direction = _inputs(future)
        one, around = of(service, future, level, direction)
        touch = _touch(service, future, level)
        with left:
            _bars(future, around)
        with right:
            _answer(future, one, touch)
        st.caption(plain(charts.summary_probability(future, one)))
        _by_step(future, one, touch)
        _offer_tables(service, future, one, around)


def of(
    service: Service, future: NextSteps, level: float, direction: str
) -> tuple[Probability, tuple[Probability, ...]]:
    """Compute how likely a price is, and the prices around the last close.

    Args:
        service: Computes the probabilities.
        future: The forecast.
        level: The price, in the currency of the forecast's prices.
        direction: ``"above"`` or ``"below"``.

    Raises:
        InvalidInput: If no price can have this level.
    """

    def compute() -> tuple[Probability, tuple[Probability, ...]]:
        above = direction == "above"
        probabilities = service.forecasts.probabilities
        (one,) = probabilities(future, [level] * above, [level] * (not above))
        around = ladder(future)
        return one, probabilities(future, around * above, around * (not above))

    return _probabilities.of(future.forecast).get_or_make((level, direction), compute)


def _inputs(future: NextSteps) -> tuple[float, str]:
    """Draw the inputs for the price and the direction; the URL holds both."""
    close = float(future.forecast.close[0])
    quote = future.history.quote
    digits = decimals(close, quote)
    level = st.number_input(
        f"Your price, {plain(quote)}",
        value=None,
        placeholder=f"{close:.{digits}f}, the last close",
        step=round_step(close / 100),
        format=f"%.{digits}f",
        key=f"price_{future.history.market}",
        bind="query-params",
        help="Leave it empty for the last close. The chance is read from the forecast's ranges. "
        "For very unlikely prices, outside the 95 % range, it follows how often past prices went "
        "so far.",
    )
    direction = st.segmented_control(
        "The price ends",
        _DIRECTIONS,
        default="above",
        required=True,
        key="ends",
        bind="query-params",
        label_visibility="collapsed",
    )
    return close if level is None else float(level), str(direction)


def _touch(service: Service, future: NextSteps, level: float) -> Touch | None:
    """Compute how likely the price touches a level; ``None`` for the last close, where it is."""
    if level == float(future.forecast.close[0]):
        return None
    (touch,) = service.forecasts.touch(future, [level])
    return touch


def _bars(future: NextSteps, around: tuple[Probability, ...]) -> None:
    """Draw the chance of each round price, the highest first."""
    if not around:
        return
    quote = future.history.quote
    st.caption(f"Chance to end {plain(around[0].direction)}")
    bars.draw(
        [
            bars.Bar(price(each.level, quote), probability_text(each.last), each.last)
            for each in reversed(around)
        ],
        "odds",
    )


def _answer(future: NextSteps, one: Probability, touch: Touch | None) -> None:
    """Write how likely the user's price is, to end there and to be touched."""
    st.markdown(
        f"**{plain(probability_text(one.last))}** {plain(one.direction)} "
        f"{price(one.level, future.history.quote)}",
        help=local_time.help_text("The last step is for", future.closing_times[-1]),
    )
    if touch is not None:
        st.markdown(
            f"**{plain(probability_text(touch.last))}** to touch it on the way",
            help="From a thousand courses that the price may take, made of the forecast and of how "
            "prices moved on after earlier forecasts. A level above the last close counts as "
            "touched once a high reaches it, a level below once a low does.",
        )


def _by_step(future: NextSteps, one: Probability, touch: Touch | None) -> None:
    """Offer the picture of the user's price at every step."""
    if future.forecast.horizon == 1:
        return
    noun = INTERVAL_NOUNS[future.history.interval]
    folded = st.expander(
        f"Chance to end {plain(one.direction)} this price, {noun} by {noun}",
        icon=":material/show_chart:",
        key="by-step",
        on_change="rerun",
    )
    if not folded.open:
        return
    with folded:
        zone = local_time.zone(future.closing_times[-1])
        figure = figures.probability_by_step(future, one, touch, dark=elements.dark(), zone=zone)
        alt = charts.summary_probability(future, one)
        if touch is not None:
            alt = f"{alt} {charts.summary_touch(future, touch)}"
        elements.chart(figure, alt=alt, key="probability")


def _offer_tables(
    service: Service, future: NextSteps, one: Probability, around: tuple[Probability, ...]
) -> None:
    """Offer the probabilities, and what may happen on the way, each as a folded table."""
    odds = {_name(each, future): each for each in (one, *around)}
    times = forecast_table.time_columns()
    elements.table(
        "The numbers behind these charts",
        lambda: _frame(future, odds),
        future.history,
        f"{future.model}-probabilities",
        order=("closes_at", *odds, "step", "time"),
        columns=times | _percentages(odds),
    )
    levels = sorted({each.level for each in (one, *around)})
    touched = [_touches(each, future) for each in levels]
    extremes = [f"{end} {name}" for end in _ENDS for name in _SHARES]
    falls = [f"fall {name}" for name in _SHARES]
    elements.table(
        "On the way: prices that are touched, highest and lowest price "
        f"({future.history.quote}), largest fall",
        lambda: _way_frame(service, future, levels),
        future.history,
        f"{future.model}-touch",
        order=("closes_at", *touched, *extremes, *falls, "step", "time"),
        columns=times
        | _percentages((*touched, *falls))
        | elements.price_columns(
            extremes, future.forecast.predicted, future.history.quote, estimate=True
        ),
    )
    st.caption("In both tables, 1 % means 1 % or less and 99 % means 99 % or more.")


def _way_frame(service: Service, future: NextSteps, levels: Sequence[float]) -> pd.DataFrame:
    """Return a row for each step: touched prices, then quantiles of the extremes."""
    touches = service.forecasts.touch(future, levels)
    frame = _frame(future, {_touches(each.price, future): each for each in touches})
    extremes = service.forecasts.extremes(future)
    tables = (extremes.high, extremes.low, extremes.largest_fall)
    for end, values in zip((*_ENDS, "fall"), tables, strict=True):
        frame = frame.assign(
            **{f"{end} {name}": values[:, column] for name, column in _SHARES.items()}
        )
    return frame


def _frame(future: NextSteps, columns: Mapping[str, Probability | Touch]) -> pd.DataFrame:
    """Return a row for each step and a column for each price, bounded as the API's are."""
    forecast = future.forecast.frame()
    probabilities = {
        name: np.clip(each.by_step, MIN_PROBABILITY, MAX_PROBABILITY)
        for name, each in columns.items()
    }
    return pd.DataFrame({**forecast[["time", "closes_at", "step"]], **probabilities})


def _percentages(names: Iterable[str]) -> dict[str, ColumnConfig]:
    """Describe columns of fractions, which are shown in %."""
    return {name: st.column_config.NumberColumn(format="percent") for name in names}


def _name(probability: Probability, future: NextSteps) -> str:
    """Name the column of a price."""
    return f"{probability.direction} {price_text(probability.level, future.history.quote)}"


def _touches(price: float, future: NextSteps) -> str:
    """Name the column of a price that is touched."""
    return f"touches {price_text(price, future.history.quote)}"
