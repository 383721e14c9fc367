"""What is looked at: coin, candle, history and model. The URL holds the choices."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cryptoforecast.errors import InvalidInput
from cryptoforecast.evaluation.verdict import min_origins
from cryptoforecast.forecasting.baselines import BASELINES
from cryptoforecast.prices.candles.coins import COINS
from cryptoforecast.service import Service, is_file
from cryptoforecast.types import INTERVALS, MarketQuery, ModelSpec

#: History windows in days, by interval, and the one to begin with; ``None`` is all there is.
#: Yahoo has minutes of 7 days, 5 and 15 minutes of 59 and hours of 729.
WINDOWS: dict[str, dict[str, int | None]] = {
    "1m": {"1 day": 1, "3 days": 3, "7 days": 7},
    "5m": {"1 week": 7, "1 month": 30, "2 months": 58},
    "15m": {"2 weeks": 14, "1 month": 30, "2 months": 58},
    "1h": {"90 days": 90, "1 year": 365, "2 years": 728},
    "4h": {"6 months": 182, "1 year": 365, "2 years": 728},
    # A test of 7 days ahead needs a few days more than two years.
    "1d": {"2 years": 735, "5 years": 1826, "10 years": 3652, "All": None},
    "1w": {"5 years": 1826, "10 years": 3652, "All": None},
}
WINDOW = {
    "1m": "7 days", "5m": "1 month", "15m": "2 months", "1h": "1 year", "4h": "2 years",
    "1d": "5 years", "1w": "10 years",
}  # fmt: skip
#: The coin and the candle to begin with.
COIN, INTERVAL = "BTC", "1h"
#: Steps a baseline is asked for, by interval, if the test span has room for them.
STEPS = {"1m": 15, "5m": 12, "15m": 12, "30m": 12, "1h": 24, "4h": 6, "1d": 7, "1w": 4}
#: The model on screen before anything is chosen, by interval.
FIRST = {"1h": "global-1h-lstm", "1d": "global-1d-lstm"}
#: What each baseline is called in the model selector.
BASELINE_WORDS = {
    "naive": "last price", "cone": "volatility cone", "drift": "last price and drift",
    "har": "volatility regression (HAR)", "linear": "linear regression",
    "boosting": "boosted trees",
}  # fmt: skip
#: How a training is named where a saved model could stand.
RUN = "run-"


def row() -> DeltaGenerator:
    """Return a row for selectors that wraps on a phone."""
    return st.container(horizontal=True, vertical_alignment="bottom")


def market(service: Service, *, windows: bool = True) -> MarketQuery:
    """Draw the coin, interval and history window selectors; a file has its own interval."""
    _begin("coin", COIN)
    coin = str(
        st.selectbox(
            "Coin",
            _with([*COINS, *st.session_state.get("files", [])], st.session_state["coin"]),
            key="coin",
            on_change=_chosen,
            args=("coin",),
            format_func=lambda name: _coin_label(service, name),
            accept_new_options=True,
            help="Pick one, or type any symbol in USD, such as ATOM-USD. Files come from the "
            "Data page.",
            width=220,
        )
    )
    _keep("coin", coin)
    if is_file(coin):
        return MarketQuery(coin, service.prices.file(coin).interval)
    _begin("interval", INTERVAL)
    if st.session_state["interval"] not in WINDOWS:
        st.session_state["interval"] = INTERVAL
    interval = str(
        st.segmented_control(
            "Candle",
            list(WINDOWS),
            required=True,
            key="interval",
            on_change=_chosen,
            args=("interval",),
            wrap=True,
            help="How long one candle is: minutes (m), hours (h), a day (d) or a week (w).",
        )
    )
    _keep("interval", interval)
    window = WINDOW[interval]
    if windows:
        window = str(
            st.segmented_control(
                "History",
                list(WINDOWS[interval]),
                default=window,
                required=True,
                key=f"history_{interval}",
                bind="query-params",
                wrap=True,
                help="The span of prices. Its end, a fifth by default, is the test span.",
            )
        )
    return query(coin, interval, window)


def _coin_label(service: Service, name: str) -> str:
    if is_file(name):
        try:
            return service.prices.file(name).source
        except InvalidInput:
            return "a file that is gone"
    return f"{name} · {COINS[name].name}" if name in COINS else name


def query(coin: str, interval: str, window: str | None = None) -> MarketQuery:
    """Ask for a history window by its name; the first one by default."""
    days = WINDOWS[interval][window or WINDOW[interval]]
    start = None if days is None else since(interval, pd.Timedelta(days=days))
    return MarketQuery(coin, interval, start)


def since(interval: str, span: pd.Timedelta) -> pd.Timestamp:
    """Find where a span of history begins.

    Whole days keep the question, and so its cached answers, the same all day long. Of candles
    shorter than an hour the sources do not have a day more than the longest window.
    """
    now = pd.Timestamp.now("UTC")
    whole = now.floor("h") if INTERVALS[interval] < INTERVALS["1h"] else now.normalize()
    return (whole - span).as_unit("ns")


def steps(interval: str, rows: int) -> int:
    """Choose how many steps a forecast looks ahead, so that its test can tell something.

    Args:
        interval: candle length.
        rows: candles of the history.
    """
    tested = int(rows * ModelSpec().test)
    most = next(h for h in range(tested, -1, -1) if h < 2 or tested - h >= min_origins(h))
    return max(1, min(STEPS[interval], most))


def model(service: Service, interval: str) -> str:
    """Draw the model selector: saved models of this interval, trainings, baselines."""
    first = _first(service, interval)
    _begin("model", first)
    opened = st.session_state.pop("open", None)
    if opened is not None:
        st.session_state["model"] = opened
    names = [
        saved.name for saved in service.saved_models.all() if saved.model.card.interval == interval
    ]
    options = [*names, *st.session_state.get("runs", []), *BASELINES]
    if str(st.session_state["model"]).startswith(RUN):
        options = _with(options, st.session_state["model"])
    if st.session_state["model"] not in options:
        st.session_state["model"] = first if first in options else options[0]
    chosen = str(
        st.selectbox(
            "Model",
            options,
            key="model",
            on_change=_chosen,
            args=("model",),
            format_func=lambda name: _label(service, name),
            help="A saved model, one you trained in this session, or a baseline. "
            "Saved models are listed if they learnt from candles of this length.",
            width=300,
        )
    )
    _keep("model", chosen)
    return chosen


def pick(
    label: str, options: Sequence[str], key: str, words: Callable[[str], str], help: str
) -> str:
    """Draw a selector whose choice stands in the URL by its value, whatever it is called.

    Args:
        label: above it.
        options: values; the first is chosen to begin with, and where the URL has none of them.
        key: of the widget, and in the URL.
        words: what a value is called.
        help: one sentence.
    """
    _begin(key, options[0])
    if st.session_state[key] not in options:
        st.session_state[key] = options[0]
    chosen = str(
        st.selectbox(
            label,
            options,
            key=key,
            on_change=_chosen,
            args=(key,),
            format_func=words,
            help=help,
            width=240,
        )
    )
    _keep(key, chosen)
    return chosen


def _first(service: Service, interval: str) -> str:
    """Choose the model to begin with; a short file gets one that reads less of it."""
    name, coin = FIRST.get(interval, "cone"), str(st.session_state.get("coin", COIN))
    if name not in BASELINES and is_file(coin):
        tested = len(service.prices.file(coin)) * (1 - ModelSpec().test)
        return name if service.saved_models.load(name).model.card.needs < tested else "cone"
    return name


def _begin(key: str, default: str) -> None:
    """Set a selector to what the URL says, else, on entering a page, to what was chosen last.

    The URL holds the values themselves, which must not change with their labels. A person's
    choice gets there by ``_chosen`` before the page runs.
    """
    kept = st.session_state.get(f"kept-{key}", default)
    st.session_state[key] = st.query_params.get(key, kept)


def _chosen(key: str) -> None:
    """Note that a person has picked something."""
    _keep(key, str(st.session_state[key]))


def _keep(key: str, value: str) -> None:
    """Remember a choice for the other pages, and write it into the URL."""
    st.session_state[f"kept-{key}"] = value
    st.query_params[key] = value


def _with(options: list[str], chosen: str) -> list[str]:
    """Make sure that what is chosen can be drawn."""
    return options if chosen in options else [*options, chosen]


def _label(service: Service, name: str) -> str:
    if name in BASELINES:
        return f"Baseline: {BASELINE_WORDS.get(name, name)}"
    if not name.startswith(RUN):
        return name
    key = name.removeprefix(RUN)
    job = service.training.job(key)
    return f"Your {job.title if job is not None else 'training'} · {key[:6]}"
