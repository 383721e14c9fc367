"""The training form: a control for everything that a network can be told."""

from __future__ import annotations

import dataclasses
from typing import TypeVar

import streamlit as st

from cryptoforecast.learning import features, samples, specs
from cryptoforecast.prices.live.sources import CANDLE_NAMES
from cryptoforecast.types import ModelSpec, PriceHistory
from cryptoforecast.ui import inputs

#: Inputs that are the same for every candle of an interval.
POINTLESS = {"1d": ("hour", "half_day"), "1w": ("hour", "half_day", "week", "weekend")}
UNITS = (8, 16, 32, 64, 128)
RATES = (1e-4, 3e-4, 1e-3, 2e-3, 3e-3, 4e-3, 6e-3, 1e-2)
BATCHES = (16, 32, 64, 128, 256, 512)


def draw(history: PriceHistory) -> ModelSpec | None:
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
    horizon = None if preset == "classic" else inputs.steps(interval, rows)
    base = specs.make(str(preset), str(network), rows=rows, horizon=horizon)
    pointed = tuple(name for name in base.features if name not in POINTLESS.get(interval, ()))
    base = dataclasses.replace(base, features=pointed)
    needed = samples.candles_needed(base)
    if rows < needed:
        st.warning(
            f"{rows:,} {CANDLE_NAMES[interval]} are too few to train on; about {needed:,} are "
            "needed with these settings. Choose a longer history, or shorter candles.",
            icon=":material/data_alert:",
        )
    key = f"{preset}-{network}-{interval}"
    with st.form(f"train-{key}", border=False):
        controls = _Controls(base, key)
        changes = controls.first()
        with st.expander("More settings"):
            changes |= controls.more()
        sent = st.form_submit_button("Train", type="primary", icon=":material/model_training:")
    if changes["target"] == "price":
        changes["unit"] = "fixed"
    return specs.make(str(preset), str(network), rows=rows, **changes) if sent else None


Number = TypeVar("Number", int, float)


class _Controls:
    """Controls of the fields of a spec.

    Args:
        base: what each begins with.
        key: begins the keys of the widgets; they end with the name of the field.
    """

    def __init__(self, base: ModelSpec, key: str) -> None:
        self.base, self.key = base, key

    def first(self) -> dict[str, object]:
        """Draw the controls that matter most, in three columns; return what each is set to."""
        left, middle, right = st.columns(3)
        with left:
            changes: dict[str, object] = {
                "lookback": self._slider(
                    "lookback",
                    "Lookback (candles)",
                    (5, 240),
                    "How many candles the network sees before it predicts.",
                ),
                "horizon": self._slider(
                    "horizon",
                    "Horizon (candles)",
                    (1, 48),
                    "How many candles ahead it predicts, all at once.",
                ),
                "epochs": self._slider(
                    "epochs",
                    "Epochs, at most",
                    (1, 200),
                    "Passes over the training rows. The best one is kept.",
                ),
            }
        with middle:
            changes |= {
                "units": self._layers(),
                "dropout": self._slider(
                    "dropout",
                    "Dropout",
                    (0.0, 0.6),
                    "Share of units silenced at random while training: less overfitting.",
                    step=0.05,
                ),
                "patience": self._slider(
                    "patience",
                    "Patience (epochs)",
                    (0, 50),
                    "Stop after so many epochs without improvement; 0 runs the whole schedule.",
                ),
            }
        with right:
            chosen = st.multiselect(
                "Inputs",
                list(features.FEATURES),
                list(self.base.features),
                key=f"{self.key}-features",
                help="\n".join(f"- **{f.name}**: {f.help}" for f in features.FEATURES.values()),
            )
            changes |= {
                "features": tuple(chosen),
                "target": self._one_of(
                    "target",
                    "Target",
                    specs.TARGETS,
                    "The log-return from the last close, or the min-max scaled price itself.",
                ),
                "loss": self._one_of(
                    "loss",
                    "Loss",
                    specs.LOSSES,
                    "Nine quantiles (a band), or the mean by squared error.",
                ),
            }
        return changes

    def more(self) -> dict[str, object]:
        """Draw the other controls, in three columns; return what each is set to."""
        left, middle, right = st.columns(3)
        with left:
            changes: dict[str, object] = {
                "learning_rate": self._step(
                    "learning_rate",
                    "Learning rate",
                    RATES,
                    "Step size of Adam; its peak under the cosine schedule.",
                ),
                "schedule": self._one_of(
                    "schedule",
                    "Schedule",
                    specs.SCHEDULES,
                    "Warm up and decay the learning rate, or keep it.",
                ),
                "unit": self._one_of(
                    "unit",
                    "Unit of returns",
                    specs.UNITS,
                    "In units of the average true range of the last 168 candles, calm and wild "
                    "markets look alike; a fixed unit is the same everywhere. A price has a "
                    "fixed one.",
                ),
            }
        with middle:
            changes["batch_size"] = self._step(
                "batch_size", "Batch size", BATCHES, "Sequences or windows in one update."
            )
            if self.base.network == "lstm":
                changes |= {
                    "training": self._one_of(
                        "training",
                        "Training on",
                        specs.TRAININGS,
                        "Many targets a sequence (fast), or one a window.",
                    ),
                    "chunk": self._slider(
                        "chunk",
                        "Targets in a sequence",
                        (1, 200),
                        "How many targets share one run through their history.",
                    ),
                }
            changes |= {
                "final": self._slider(
                    "final",
                    "Final epochs, share",
                    (0.0, 1.0),
                    "So many epochs follow on training and validation rows together, at half the "
                    "step size, so that the newest prices before the test are learnt too.",
                ),
            }
        with right:
            changes |= {
                "test": self._slider(
                    "test",
                    "Test share",
                    (0.1, 0.4),
                    "The last share of the history, never seen until judged.",
                    step=0.05,
                ),
                "validation": self._slider(
                    "validation",
                    "Validation share",
                    (0.08, 0.32),
                    "The share before that: chooses the best epoch.",
                    step=0.04,
                ),
                "seed": st.number_input(
                    "Seed",
                    0,
                    2**31 - 1,
                    self.base.seed,
                    key=f"{self.key}-seed",
                    help="The same seed and data give the same model.",
                ),
                "ensemble": self._slider(
                    "ensemble",
                    "Networks",
                    (1, 5),
                    "Several networks from different seeds, averaged: a little better, and their "
                    "spread shows how much is luck. Takes as many times longer.",
                ),
            }
        return changes

    def _slider(
        self, field: str, label: str, bounds: tuple[Number, Number], help: str, step: float = 0.01
    ) -> Number:
        """Draw a slider over the bounds; ``step`` matters for fractions alone."""
        value, whole = getattr(self.base, field), isinstance(bounds[1], int)
        chosen: Number = st.slider(
            label,
            *bounds,
            value if whole else round(value, 2),
            1 if whole else step,
            key=f"{self.key}-{field}",
            help=help,
        )
        return chosen

    def _step(self, field: str, label: str, options: tuple[Number, ...], help: str) -> Number:
        chosen: Number = st.select_slider(
            label,
            options,
            getattr(self.base, field),
            key=f"{self.key}-{field}",
            format_func=lambda value: f"{value:g}",
            help=help,
        )
        return chosen

    def _one_of(self, field: str, label: str, options: tuple[str, ...], help: str) -> str:
        chosen: str = st.segmented_control(
            label,
            options,
            default=getattr(self.base, field),
            required=True,
            key=f"{self.key}-{field}",
            help=help,
        )
        return chosen

    def _layers(self) -> tuple[int, ...]:
        first, *more = self.base.units
        layers = [
            st.select_slider(
                "Units, first layer",
                UNITS,
                first,
                key=f"{self.key}-units1",
                help="Width of the first hidden layer: more can learn more, and overfit more.",
            ),
            st.select_slider(
                "Units, second layer",
                [0, *UNITS],
                more[0] if more else 0,
                key=f"{self.key}-units2",
                help="0 leaves the second layer out.",
            ),
        ]
        return tuple(width for width in layers if width)
