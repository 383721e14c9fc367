"""The controls of the training form, one for each setting of a network."""

from __future__ import annotations

from typing import TypeVar

import streamlit as st

from cryptoforecast.service import choices
from cryptoforecast.types import ModelSpec
from cryptoforecast.ui.words import plain

UNITS = (8, 16, 32, 64, 128)
RATES = (1e-4, 3e-4, 1e-3, 2e-3, 3e-3, 4e-3, 6e-3, 1e-2)
BATCHES = (16, 32, 64, 128, 256, 512)
_HELP = {
    "lookback": "How many candles the network sees before it makes a forecast.",
    "horizon": "How many candles ahead the network forecasts, all of them at once.",
    "epochs": "How often the network goes through the training rows. The best epoch is used.",
    "units1": "Size of the first hidden layer. A larger one can learn more, and overfits more.",
    "units2": "Size of the second hidden layer. With 0 there is none.",
    "dropout": "Share of the units that are switched off at random during training. It reduces "
    "overfitting.",
    "patience": "The training stops after so many epochs without improvement. With 0 it runs all "
    "epochs.",
    "target": "What the network predicts: the log-return since the last close, or the price "
    "itself, scaled between minimum and maximum.",
    "loss": "What the training minimises: the loss of nine quantiles, which give a range, or the "
    "squared error, which gives a mean.",
    "learning_rate": "Step size of the optimiser, Adam. With the cosine schedule it is the largest "
    "step.",
    "schedule": "Cosine: the learning rate rises at first and then falls. Constant: it stays the "
    "same.",
    "unit": "Range: returns are divided by the average true range of the last 168 candles, so that "
    "calm and restless markets look alike. Fixed: the unit is the same everywhere. A price as "
    "target has a fixed unit.",
    "batch_size": "How many sequences or windows one update uses.",
    "training": "Sequences: many targets in each, which is fast. Windows: one target in each.",
    "chunk": "How many targets one sequence has.",
    "final": "After the training, the network also learns from the validation rows, which are the "
    "newest prices before the test. This share of the epochs is added for that, with half the step "
    "size.",
    "test": "The last part of the history. The network does not see it before the test.",
    "validation": "The part before the test. It decides which epoch is best.",
    "seed": "The same seed and the same prices give the same model.",
    "ensemble": "The average of several networks with different seeds is a little better, and the "
    "differences between them show how much is luck. The training takes as many times longer.",
}

Number = TypeVar("Number", int, float)


class Controls:
    """Draws the controls of a network's settings.

    Args:
        base: The settings to begin with.
        key: How the keys of the widgets begin; they end with the name of the field.
    """

    def __init__(self, base: ModelSpec, key: str) -> None:
        self.base, self.key = base, key

    def first(self) -> dict[str, object]:
        """Draw the main controls in three columns; return their values by field."""
        left, middle, right = st.columns(3)
        with left:
            changes: dict[str, object] = {
                "lookback": self._slider("lookback", "Lookback (candles)", (5, 240)),
                "horizon": self._slider("horizon", "Horizon (candles)", (1, 48)),
                "epochs": self._slider("epochs", "Epochs, at most", (1, 200)),
            }
        with middle:
            changes |= {
                "units": self._layers(),
                "dropout": self._slider("dropout", "Dropout", (0.0, 0.6), step=0.05),
                "patience": self._slider("patience", "Patience (epochs)", (0, 50)),
            }
        with right:
            inputs = st.multiselect(
                "Inputs",
                list(choices.FEATURES),
                list(self.base.features),
                key=f"{self.key}-features",
                help="\n".join(
                    f"- **{plain(f.name)}**: {plain(f.help)}" for f in choices.FEATURES.values()
                ),
            )
            changes |= {
                "features": tuple(inputs),
                "target": self._one_of("target", "Target", choices.TARGETS),
                "loss": self._one_of("loss", "Loss", choices.LOSSES),
            }
        return changes

    def more(self) -> dict[str, object]:
        """Draw the other controls in three columns; return their values by field."""
        left, middle, right = st.columns(3)
        with left:
            changes: dict[str, object] = {
                "learning_rate": self._step("learning_rate", "Learning rate", RATES),
                "schedule": self._one_of("schedule", "Schedule", choices.SCHEDULES),
                "unit": self._one_of("unit", "Unit of returns", choices.UNITS),
            }
        with middle:
            changes["batch_size"] = self._step("batch_size", "Batch size", BATCHES)
            if self.base.network == "lstm":
                changes |= {
                    "training": self._one_of("training", "Training on", choices.TRAININGS),
                    "chunk": self._slider("chunk", "Targets in a sequence", (1, 200)),
                }
            changes["final"] = self._slider("final", "Final epochs, share", (0.0, 1.0))
        with right:
            changes |= {
                "test": self._slider("test", "Test share", (0.1, 0.4), step=0.05),
                "validation": self._slider(
                    "validation", "Validation share", (0.08, 0.32), step=0.04
                ),
                "seed": st.number_input(
                    "Seed",
                    0,
                    2**31 - 1,
                    self.base.seed,
                    key=f"{self.key}-seed",
                    help=_HELP["seed"],
                ),
                "ensemble": self._slider("ensemble", "Networks", (1, 5)),
            }
        return changes

    def _slider(
        self, field: str, label: str, bounds: tuple[Number, Number], step: float = 0.01
    ) -> Number:
        """Draw a slider between the bounds; ``step`` is used for fractions only."""
        value, whole = getattr(self.base, field), isinstance(bounds[1], int)
        setting: Number = st.slider(
            plain(label),
            *bounds,
            value if whole else round(value, 2),
            1 if whole else step,
            key=f"{self.key}-{field}",
            help=_HELP[field],
        )
        return setting

    def _step(self, field: str, label: str, options: tuple[Number, ...]) -> Number:
        setting: Number = st.select_slider(
            plain(label),
            options,
            getattr(self.base, field),
            key=f"{self.key}-{field}",
            format_func=lambda value: f"{value:g}",
            help=_HELP[field],
        )
        return setting

    def _one_of(self, field: str, label: str, options: tuple[str, ...]) -> str:
        setting: str = st.segmented_control(
            plain(label),
            options,
            default=getattr(self.base, field),
            required=True,
            key=f"{self.key}-{field}",
            help=_HELP[field],
        )
        return setting

    def _layers(self) -> tuple[int, ...]:
        first, *more = self.base.units
        layers = [
            st.select_slider(
                "Units, first layer",
                UNITS,
                first,
                key=f"{self.key}-units1",
                help=_HELP["units1"],
            ),
            st.select_slider(
                "Units, second layer",
                [0, *UNITS],
                more[0] if more else 0,
                key=f"{self.key}-units2",
                help=_HELP["units2"],
            ),
        ]
        return tuple(width for width in layers if width)
