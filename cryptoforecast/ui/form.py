"""The training form: which network, which preset, and a control for every setting."""

from __future__ import annotations

import dataclasses

import streamlit as st

from cryptoforecast.service import choices
from cryptoforecast.types import ModelSpec, PriceHistory
from cryptoforecast.ui import inputs, words
from cryptoforecast.ui.controls import Controls

#: What each kind of network is called.
NETWORKS = {"lstm": "LSTM", "dense": "Dense"}
#: Inputs that have the same value at every candle of an interval.
CONSTANT = {"1d": ("hour", "half_day"), "1w": ("hour", "half_day", "week", "weekend")}


def draw(history: PriceHistory) -> ModelSpec | None:
    """Draw the training form; return the settings once it is submitted."""
    rows, interval = len(history), history.interval
    volume = choices.has_volume(history.candles)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        preset = st.segmented_control(
            "Preset",
            list(choices.PRESETS),
            default="quick",
            required=True,
            key="preset",
            format_func=lambda name: words.plain(name).capitalize(),
            help="\n".join(
                f"- **{words.plain(name)}**: {words.plain(text)}"
                for name, text in choices.PRESET_HELP.items()
            ),
        )
        network = st.segmented_control(
            "Network",
            list(choices.NETWORKS),
            default="lstm",
            required=True,
            key="network",
            format_func=NETWORKS.__getitem__,
            help="An LSTM reads one candle after the other and has a memory. A Dense network gets "
            "all candles at once.",
        )
    st.caption(words.plain(choices.PRESET_HELP[str(preset)]))
    fixed = "horizon" in choices.PRESETS[str(preset)]
    horizon = None if fixed else inputs.steps(interval, rows)
    base = choices.make_spec(str(preset), str(network), rows=rows, volume=volume, horizon=horizon)
    varying = tuple(name for name in base.features if name not in CONSTANT.get(interval, ()))
    base = dataclasses.replace(base, features=varying)
    needed = choices.candles_needed(base)
    if rows < needed:
        st.warning(
            f"{rows:,} {words.prices(interval)} are too few to train on. With these settings, "
            f"about {needed:,} are needed. Choose a longer history, or shorter candles.",
            icon=":material/data_alert:",
        )
    key = f"{preset}-{network}-{interval}"
    with st.form(f"train-{key}", border=False):
        controls = Controls(base, key)
        changes = controls.first()
        with st.expander("More settings"):
            changes |= controls.more()
        submitted = st.form_submit_button("Train", type="primary", icon=":material/model_training:")
    if changes["target"] == "price":
        changes["unit"] = "fixed"
    return (
        choices.make_spec(str(preset), str(network), rows=rows, volume=volume, **changes)
        if submitted
        else None
    )
