"""Everything a person can choose: selectors, sliders and forms. The URL holds the choices."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cryptoforecast.errors import InvalidInput
from cryptoforecast.evaluation.verdict import fewest_origins
from cryptoforecast.learning import features, samples, specs
from cryptoforecast.learning.baselines import BASELINES
from cryptoforecast.prices.coins import COINS
from cryptoforecast.prices.sources import CANDLES
from cryptoforecast.service import Service, is_file
from cryptoforecast.types import INTERVALS, MarketQuery, ModelSpec, PriceHistory

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
#: Inputs that are the same for every candle of an interval.
POINTLESS = {"1d": ("hour", "half_day"), "1w": ("hour", "half_day", "week", "weekend")}
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
        return MarketQuery(coin, service.file(coin).interval)
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
                help="The span of prices. Its last fifth is the test span.",
            )
        )
    return query(coin, interval, window)


def _coin_label(service: Service, name: str) -> str:
    if is_file(name):
        try:
            return service.file(name).source
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
    most = next(h for h in range(tested, -1, -1) if h < 2 or tested - h >= fewest_origins(h))
    return max(1, min(STEPS[interval], most))


def model(service: Service, interval: str) -> str:
    """Draw the model selector: saved models of this interval, trainings, baselines."""
    first = _first(service, interval)
    _begin("model", first)
    opened = st.session_state.pop("open", None)
    if opened is not None:
        st.session_state["model"] = opened
    names = [saved.name for saved in service.models() if saved.model.card.interval == interval]
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
        tested = len(service.file(coin)) * (1 - ModelSpec().test)
        return name if service.model(name).model.card.needs < tested else "cone"
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
    job = service.runner.get(key)
    return f"Your {job.title if job is not None else 'training'} · {key[:6]}"


def training(history: PriceHistory) -> ModelSpec | None:
    """Draw the training form for these prices; return a spec when it is sent."""
    rows, interval = len(history), history.interval
    with st.container(horizontal=True, vertical_alignment="bottom"):
        preset = st.segmented_control(
            "Preset",
            list(specs.PRESETS),
            default="quick",
            required=True,
            key="preset",
            format_func=str.capitalize,
            help="\n".join(f"- **{name}**: {text}" for name, text in specs.PRESET_HELP.items()),
        )
        network = st.segmented_control(
            "Network",
            list(specs.NETWORKS),
            default="lstm",
            required=True,
            key="network",
            format_func=lambda name: {"lstm": "LSTM", "dense": "Dense"}[name],
            help="An LSTM reads candle by candle and remembers; a Dense network sees all at once.",
        )
    st.caption(specs.PRESET_HELP[str(preset)])
    horizon = None if preset == "seed" else steps(interval, rows)
    base = specs.make(str(preset), str(network), rows=rows, horizon=horizon)
    pointed = tuple(name for name in base.features if name not in POINTLESS.get(interval, ()))
    base = dataclasses.replace(base, features=pointed)
    needed = samples.candles_needed(base)
    if rows < needed:
        st.warning(
            f"{rows:,} {CANDLES[interval]} are too few to train on; about {needed:,} are needed "
            "with these settings. Choose a longer history, or shorter candles.",
            icon=":material/data_alert:",
        )
    key = f"{preset}-{network}-{interval}"
    with st.form(f"train-{key}", border=False):
        changes = _sliders(base, key)
        sent = st.form_submit_button("Train", type="primary", icon=":material/model_training:")
    return specs.make(str(preset), str(network), rows=rows, **changes) if sent else None


def _sliders(base: ModelSpec, key: str) -> dict[str, object]:
    """Draw a control for every field of a spec; return what each is set to."""
    changes: dict[str, object] = {}
    left, middle, right = st.columns(3)
    with left:
        changes["lookback"] = st.slider(
            "Lookback (candles)",
            5,
            240,
            base.lookback,
            key=f"{key}-lookback",
            help="How many candles the network sees before it predicts.",
        )
        changes["horizon"] = st.slider(
            "Horizon (candles)",
            1,
            48,
            base.horizon,
            key=f"{key}-horizon",
            help="How many candles ahead it predicts, all at once.",
        )
        changes["epochs"] = st.slider(
            "Epochs, at most",
            1,
            200,
            base.epochs,
            key=f"{key}-epochs",
            help="Passes over the training rows. The best one is kept.",
        )
    with middle:
        changes["units"] = _layers(base.units, key)
        changes["dropout"] = st.slider(
            "Dropout",
            0.0,
            0.6,
            base.dropout,
            0.05,
            key=f"{key}-dropout",
            help="Share of units silenced at random while training: less overfitting.",
        )
        changes["patience"] = st.slider(
            "Patience (epochs)",
            0,
            50,
            base.patience,
            key=f"{key}-patience",
            help="Stop after so many epochs without improvement; 0 runs the whole schedule.",
        )
    with right:
        changes["features"] = tuple(
            st.multiselect(
                "Inputs",
                list(features.FEATURES),
                list(base.features),
                key=f"{key}-features",
                help="\n".join(f"- **{f.name}**: {f.help}" for f in features.FEATURES.values()),
            )
        )
        changes["target"] = st.segmented_control(
            "Target",
            specs.TARGETS,
            default=base.target,
            required=True,
            key=f"{key}-target",
            help="The log-return from the last close, or the min-max scaled price itself.",
        )
        changes["loss"] = st.segmented_control(
            "Loss",
            specs.LOSSES,
            default=base.loss,
            required=True,
            key=f"{key}-loss",
            help="Nine quantiles (a band), or the mean by squared error.",
        )
    with st.expander("More settings"):
        changes |= _more(base, key)
    if changes["target"] == "price":
        changes["unit"] = "fixed"
    return changes


def _layers(units: tuple[int, ...], key: str) -> tuple[int, ...]:
    first = st.select_slider(
        "Units, first layer",
        [8, 16, 32, 64, 128],
        units[0],
        key=f"{key}-units1",
        help="Width of the first hidden layer: more can learn more, and overfit more.",
    )
    second = st.select_slider(
        "Units, second layer",
        [0, 8, 16, 32, 64, 128],
        units[1] if len(units) > 1 else 0,
        key=f"{key}-units2",
        help="0 leaves the second layer out.",
    )
    return (first, second) if second else (first,)


def _more(base: ModelSpec, key: str) -> dict[str, object]:
    changes: dict[str, object] = {}
    left, middle, right = st.columns(3)
    with left:
        changes["learning_rate"] = st.select_slider(
            "Learning rate",
            sorted({1e-4, 3e-4, 1e-3, 2e-3, 3e-3, 4e-3, 6e-3, 1e-2}),
            base.learning_rate,
            key=f"{key}-rate",
            format_func=lambda rate: f"{rate:g}",
            help="Step size of Adam; its peak under the cosine schedule.",
        )
        changes["schedule"] = st.segmented_control(
            "Schedule",
            specs.SCHEDULES,
            default=base.schedule,
            required=True,
            key=f"{key}-schedule",
            help="Warm up and decay the learning rate, or keep it.",
        )
    with middle:
        changes["batch_size"] = st.select_slider(
            "Batch size",
            [16, 32, 64, 128, 256, 512],
            base.batch_size,
            key=f"{key}-batch",
            help="Sequences or windows in one update.",
        )
        if base.network == "lstm":
            changes["training"] = st.segmented_control(
                "Training on",
                specs.TRAININGS,
                default=base.training,
                required=True,
                key=f"{key}-training",
                help="Many targets a sequence (fast), or one a window.",
            )
            changes["chunk"] = st.slider(
                "Targets in a sequence",
                1,
                200,
                base.chunk,
                key=f"{key}-chunk",
                help="How many targets share one run through their history.",
            )
    with right:
        changes["test"] = st.slider(
            "Test share",
            0.1,
            0.4,
            base.test,
            0.05,
            key=f"{key}-test",
            help="The last share of the history, never seen until judged.",
        )
        changes["validation"] = st.slider(
            "Validation share",
            0.08,
            0.32,
            base.validation,
            0.04,
            key=f"{key}-validation",
            help="The share before that: chooses the best epoch.",
        )
        changes["seed"] = st.number_input(
            "Seed",
            0,
            2**31 - 1,
            base.seed,
            key=f"{key}-seed",
            help="The same seed and data give the same model.",
        )
        changes["unit"] = st.segmented_control(
            "Unit of returns",
            specs.UNITS,
            default=base.unit,
            required=True,
            key=f"{key}-unit",
            help="In units of the average true range of the last 168 candles, calm and wild "
            "markets look alike; a fixed unit is the same everywhere. A price has a fixed one.",
        )
        changes["final"] = st.slider(
            "Final epochs, share",
            0.0,
            1.0,
            round(base.final, 2),
            key=f"{key}-final",
            help="So many epochs follow on training and validation rows together, at half the "
            "step size, so that the newest prices before the test are learnt too.",
        )
        changes["ensemble"] = st.slider(
            "Networks",
            1,
            5,
            base.ensemble,
            key=f"{key}-ensemble",
            help="Several networks from different seeds, averaged: a little better, and their "
            "spread shows how much is luck. Takes as many times longer.",
        )
    return changes
