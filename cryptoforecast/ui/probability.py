"""The probability of a price on the Forecast page, at every step."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from cryptoforecast import charts
from cryptoforecast.cache import LruCaches
from cryptoforecast.service import Service
from cryptoforecast.service.choices import ladder, round_step
from cryptoforecast.types import NextSteps, Probability, price_text
from cryptoforecast.types.quotes import decimals
from cryptoforecast.ui import elements, figures, forecast_table, local_time
from cryptoforecast.ui.words import plain

_DIRECTIONS = ("above", "below")
#: Prices of one forecast whose probabilities stay in memory.
MAX_PRICES = 12

_probabilities: LruCaches[tuple[Probability, tuple[Probability, ...]]] = LruCaches(MAX_PRICES)


@st.fragment
def show(service: Service, future: NextSteps) -> None:
    """Show how likely the user's price is, and the prices around the close."""
    st.subheader("How likely is a price?")
    with elements.errors():
        _draw(future, *of(service, future, *_inputs(future)))


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
    with st.container(horizontal=True, vertical_alignment="bottom"):
        level = st.number_input(
            f"Price, {plain(quote)}",
            value=None,
            placeholder=f"{close:.{digits}f} (last close)",
            step=round_step(close / 100),
            format=f"%.{digits}f",
            key=f"price_{future.history.market}",
            bind="query-params",
            width=220,
            help="Leave it empty for the last close. The probability comes from the nine quantiles "
            "of the forecast. Beyond the outer two, 2.5 % on either side, it follows a tail whose "
            "shape was measured on past prices.",
        )
        direction = st.segmented_control(
            "The price ends",
            _DIRECTIONS,
            default="above",
            required=True,
            key="ends",
            bind="query-params",
        )
    return close if level is None else float(level), str(direction)


def _draw(future: NextSteps, one: Probability, around: tuple[Probability, ...]) -> None:
    summary, rest = (
        charts.summary_probability(future, one),
        charts.summary_probabilities(future, around),
    )
    question, _, answer = summary.partition(": ")
    last, semicolon, first = answer.rstrip(".").partition("; ")
    st.markdown(
        f"{plain(question)}: **{plain(last)}**{plain(semicolon + first)}.",
        help=local_time.help_text("The last step is for", future.closing_times[-1]),
    )
    dark = elements.dark()
    map_figure = figures.probability_map(future, around, dark=dark)
    if future.forecast.horizon == 1:
        elements.chart(map_figure, alt=rest, key="probabilities")
    else:
        left, right = st.columns(2)
        with left:
            zone = local_time.zone(future.closing_times[-1])
            by_step = figures.probability_by_step(future, one, dark=dark, zone=zone)
            elements.chart(by_step, alt=summary, key="probability")
        with right:
            elements.chart(map_figure, alt=rest, key="probabilities")
    elements.table(
        "The numbers behind these charts (%)",
        lambda: _frame(future, one, around),
        future.history,
        f"{future.model}-probabilities",
        order=("closes_at", *(_name(each, future) for each in (one, *around)), "step", "time"),
        columns=forecast_table.time_columns(),
    )


def _frame(future: NextSteps, one: Probability, around: tuple[Probability, ...]) -> pd.DataFrame:
    """Return a row for each step and a column for each price, in %."""
    forecast = future.forecast.frame()
    columns = {_name(each, future): each for each in (one, *around)}
    percentages = {name: (100 * each.by_step).round(2) for name, each in columns.items()}
    return pd.DataFrame({**forecast[["time", "closes_at", "step"]], **percentages})


def _name(probability: Probability, future: NextSteps) -> str:
    """Name the column of a price."""
    return f"{probability.direction} {price_text(probability.level, future.history.quote)}"
