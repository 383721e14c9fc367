"""The odds on the Forecast page: how likely a price is, at every step."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from cryptoforecast import charts
from cryptoforecast.cache import LruCaches
from cryptoforecast.charts import style
from cryptoforecast.forecasting import probability
from cryptoforecast.types import NextSteps, Probability
from cryptoforecast.ui import figures, show

_DIRECTIONS = ("above", "below")
#: Prices asked for that stay in memory, of each forecast.
_KEPT = 12

_worked_out: LruCaches[tuple[Probability, tuple[Probability, ...]]] = LruCaches(_KEPT)


@st.fragment
def section(ahead: NextSteps) -> None:
    """Ask for a price and a direction; show its chance, and those of the prices around."""
    st.subheader("How likely is a price?")
    with show.errors():
        _draw(ahead, *of(ahead, *_asked(ahead)))


def of(
    ahead: NextSteps, level: float, direction: str
) -> tuple[Probability, tuple[Probability, ...]]:
    """Work out the odds of a price (USD), and of the prices around the last close."""

    def work_out() -> tuple[Probability, tuple[Probability, ...]]:
        above = direction == "above"
        (one,) = probability.of_next_steps(ahead, [level] * above, [level] * (not above))
        ladder = probability.ladder(ahead)
        return one, probability.of_next_steps(ahead, ladder * above, ladder * (not above))

    return _worked_out.of(ahead.forecast).answer((level, direction), work_out)


def _asked(ahead: NextSteps) -> tuple[float, str]:
    """Draw the price and the direction; the URL holds both."""
    close = float(ahead.forecast.close[0])
    decimals = style.price_decimals(close)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        level = st.number_input(
            "Price, USD",
            value=None,
            placeholder=f"{close:.{decimals}f} (last close)",
            step=probability.round_step(close / 100),
            format=f"%.{decimals}f",
            key=f"price_{ahead.history.coin}",
            bind="query-params",
            width=220,
            help="Empty: the last close. The chance is read off the nine quantiles of the "
            "forecast; beyond the outer two, 2.5 % on either side, it follows a tail whose shape "
            "was measured on past prices.",
        )
        direction = st.segmented_control(
            "Ends",
            _DIRECTIONS,
            default="above",
            required=True,
            key="ends",
            bind="query-params",
        )
    return close if level is None else float(level), str(direction)


def _draw(ahead: NextSteps, one: Probability, around: tuple[Probability, ...]) -> None:
    summary, rest = (
        charts.summary_probability(ahead, one),
        charts.summary_probabilities(ahead, around),
    )
    question, _, answer = summary.partition(": ")
    chance, semicolon, first = answer.rstrip(".").partition("; ")
    st.markdown(f"{question}: **{chance}**{semicolon}{first}.")
    maps = figures.probability_map(ahead, around, dark=show.dark())
    if ahead.forecast.horizon == 1:
        show.chart(maps, alt=rest, key="chances")
    else:
        left, right = st.columns(2)
        with left:
            line = figures.probability_by_step(ahead, one, dark=show.dark())
            show.chart(line, alt=summary, key="chance")
        with right:
            show.chart(maps, alt=rest, key="chances")
    show.table(
        "The numbers behind these charts (%)", lambda: _frame(ahead, one, around), ahead.history,
        f"{ahead.model}-odds",
    )  # fmt: skip


def _frame(ahead: NextSteps, one: Probability, around: tuple[Probability, ...]) -> pd.DataFrame:
    """One row a step, one column a price, chances in %."""
    forecast = ahead.forecast.frame()
    columns = {f"{each.direction} {style.money(each.level)}": each for each in (one, *around)}
    chances = {name: (100 * each.by_step).round(2) for name, each in columns.items()}
    return pd.DataFrame({"time": forecast["time"], "step": forecast["step"], **chances})
