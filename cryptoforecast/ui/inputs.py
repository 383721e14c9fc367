"""The inputs of a page: coin, candle, history and model. The URL holds the choices."""

from __future__ import annotations

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cryptoforecast.errors import InvalidInput
from cryptoforecast.service import Service, is_file
from cryptoforecast.service.choices import BASELINES, COINS, min_origins
from cryptoforecast.service.saved_models import RUN
from cryptoforecast.types import INTERVALS, MarketQuery, ModelSpec, predictor_name
from cryptoforecast.ui import identity, url

#: History windows in days by candle length; ``None`` is all that the source has.
#: Yahoo has minutes of 7 days, 5 and 15 minutes of 59 days, and hours of 729 days.
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
#: The window to begin with.
WINDOW = {
    "1m": "7 days", "5m": "1 month", "15m": "2 months", "1h": "1 year", "4h": "2 years",
    "1d": "5 years", "1w": "10 years",
}  # fmt: skip
#: The coin and the candle length to begin with.
COIN, INTERVAL = "BTC", "1h"
#: Steps that a baseline forecasts, by interval, if the test span has room for them.
STEPS = {
    "1m": 15, "5m": 12, "15m": 12, "30m": 12, "1h": 24, "2h": 12, "4h": 6, "6h": 4, "8h": 3,
    "12h": 2, "1d": 7, "3d": 5, "1w": 4,
}  # fmt: skip
#: The model to begin with, by interval; the volatility cone for the others.
FIRST = {"1h": "global-1h-lstm", "1d": "global-1d-lstm"}


def row() -> DeltaGenerator:
    """Return a row for selectors that wraps on a phone."""
    return st.container(horizontal=True, vertical_alignment="bottom")


def market(service: Service, *, windows: bool = True) -> MarketQuery:
    """Draw the selectors of coin, candle length and history window.

    A price file has its own candle length and is used as a whole.

    Args:
        service: Knows the opened files.
        windows: Whether to draw the history window.
    """
    url.begin("coin", COIN)
    files = st.session_state.get("files", [])
    coin = str(
        st.selectbox(
            "Coin",
            url.with_value([*COINS, *files], st.session_state["coin"]),
            key="coin",
            on_change=url.changed,
            args=("coin",),
            format_func=lambda name: _coin_label(service, name),
            accept_new_options=True,
            help="Pick a coin, or type another symbol, such as ATOM or BTC-EUR. Files that you "
            "open on the Data page are in this list too.",
            width=220,
        )
    )
    url.remember("coin", coin)
    if is_file(coin):
        return MarketQuery(coin, service.prices.file(coin, user=identity.user()).interval)
    url.begin("interval", INTERVAL)
    if st.session_state["interval"] not in WINDOWS:
        st.session_state["interval"] = INTERVAL
    interval = str(
        st.segmented_control(
            "Candle",
            list(WINDOWS),
            required=True,
            key="interval",
            on_change=url.changed,
            args=("interval",),
            wrap=True,
            help="The length of one candle: minutes (m), hours (h), a day (d) or a week (w).",
        )
    )
    url.remember("interval", interval)
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
                help="How far back the prices go. The last part of them, a fifth by default, is "
                "used for the test.",
            )
        )
    return query(coin, interval, window)


def query(coin: str, interval: str, window: str | None = None) -> MarketQuery:
    """Return the query for a history window.

    Args:
        coin: Ticker or symbol.
        interval: Candle length.
        window: Name of the window; by default the one to begin with.
    """
    days = WINDOWS[interval][window or WINDOW[interval]]
    start = None if days is None else since(interval, pd.Timedelta(days=days))
    return MarketQuery(coin, interval, start)


def since(interval: str, span: pd.Timedelta) -> pd.Timestamp:
    """Return where a span of history that ends now begins, UTC.

    It begins with a day, so that the query and its cached answers stay the same all day long.
    Candles shorter than an hour begin with an hour: the sources do not have one day more than
    the longest window.
    """
    now = pd.Timestamp.now("UTC")
    whole = now.floor("h") if INTERVALS[interval] < INTERVALS["1h"] else now.normalize()
    return (whole - span).as_unit("ns")


def steps(interval: str, rows: int) -> int:
    """Return how many steps a baseline forecasts for a conclusive test.

    Args:
        interval: Candle length.
        rows: Candles of the history.
    """
    tested = int(rows * ModelSpec().test)
    possible = range(tested, -1, -1)
    longest = next(h for h in possible if h < 2 or tested - h >= min_origins(h))
    return max(1, min(STEPS[interval], longest))


def model(service: Service, interval: str) -> str:
    """Draw the model selector; return the model's name, see ``selection``.

    Args:
        service: Knows the saved models and the trainings.
        interval: Candle length; only saved models for it are listed.
    """
    first = _first_model(service, interval)
    url.begin("model", first)
    just_trained = st.session_state.pop("open", None)
    if just_trained is not None:
        st.session_state["model"] = just_trained
    saved = [one for one in service.saved_models.all() if one.card.interval == interval]
    guests = [one.name for one in saved if one.card.guest]
    names = [one.name for one in saved if not one.card.guest]
    # Guests of a server may save many: they come last, in front of nobody's own.
    own = st.session_state.get("runs", [])
    options = [*names, *own, *BASELINES, *guests]
    if str(st.session_state["model"]).startswith(RUN):
        options = url.with_value(options, st.session_state["model"])
    if st.session_state["model"] not in options:
        st.session_state["model"] = first if first in options else options[0]
    name = str(
        st.selectbox(
            "Model",
            options,
            key="model",
            on_change=url.changed,
            args=("model",),
            format_func=lambda name: _model_label(service, name, own=name in own),
            help="A saved model, a model that you trained in this session, or a simple method to "
            "compare with (baseline). Saved models are listed if they learnt from candles of this "
            "length.",
            width=300,
        )
    )
    url.remember("model", name)
    return name


def _first_model(service: Service, interval: str) -> str:
    """Return the model to begin with; a short file gets one that reads less."""
    name, coin = FIRST.get(interval, "cone"), str(st.session_state.get("coin", COIN))
    if name not in BASELINES and is_file(coin):
        before_test = len(service.prices.file(coin)) * (1 - ModelSpec().test)
        return name if service.saved_models.load(name).model.card.needs < before_test else "cone"
    return name


def _coin_label(service: Service, name: str) -> str:
    if is_file(name):
        try:
            return service.prices.file(name).source
        except InvalidInput:
            return "a file that is no longer open"
    return f"{name} · {COINS[name].name}" if name in COINS else name


def _model_label(service: Service, name: str, *, own: bool) -> str:
    if name in BASELINES:
        return f"Baseline: {predictor_name(name)}"
    if not name.startswith(RUN):
        return name
    key = name.removeprefix(RUN)
    job = service.training.job(key)
    whose = "Your" if own else "Linked"
    return f"{whose} {job.title if job is not None else 'training'} · {key[:6]}"
