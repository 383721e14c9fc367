"""The controls of the training form, one for each setting of a network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from cryptoforecast.service import choices
from cryptoforecast.service.signals import MAX_SIGNALS, SIGNALS, input_of, signal_inputs
from cryptoforecast.types import (
    INTERVAL_NOUNS,
    PriceHistory,
    Signal,
    input_name,
    is_signal,
    signal_name,
)
from cryptoforecast.ui import drafts
from cryptoforecast.ui.drafts import Draft
from cryptoforecast.ui.words import NETWORKS, plain

#: Where the session keeps the keys of the controls that were drawn last.
_DRAWN = "controls-drawn"
#: Widths of the hidden layers.
SIZES = {"Small": (32, 16), "Medium": (64, 32), "Large": (128, 64)}

UNITS = (8, 16, 32, 64, 128)
RATES = (1e-4, 3e-4, 1e-3, 2e-3, 3e-3, 4e-3, 6e-3, 1e-2)
BATCHES = (16, 32, 64, 128, 256, 512)
_HELP = {
    "lookback": "How many candles the network sees before it makes a forecast.",
    "horizon": "How many candles ahead the network forecasts, all of them at once.",
    "epochs": "How often the network goes through the prices that it learns from. The best pass "
    "counts. Final passes come on top.",
    "units1": "Size of the first hidden layer. A larger one can learn more, and overfits more.",
    "units2": "Size of the second hidden layer. With 0 there is none.",
    "dropout": "Share of the units that are switched off at random during training. It reduces "
    "overfitting.",
    "patience": "The training stops after so many passes without improvement. With 0 it makes "
    "all of them.",
    "target": "What the network learns to say (target). Return: how far the price moves from the "
    "last close (log-return). Price: the price itself, between 0, the lowest, and 1, the highest "
    "(min-max).",
    "loss": "Which error the training makes small (loss). Quantile: that of nine lines, which give "
    "a range. MSE: the squared error, which gives one price.",
    "learning_rate": "Step size of the optimiser, Adam. With the cosine schedule it is the largest "
    "step.",
    "schedule": "Cosine: the learning rate rises at first and then falls. Constant: it stays the "
    "same.",
    "unit": "In what moves are measured (unit). Range: in usual moves of the last 168 candles "
    "(average true range), so that calm and restless markets look alike. Fixed: in the same unit "
    "everywhere, as always where the target is a price.",
    "batch_size": "How many sequences or windows one update uses.",
    "training": "Sequences: many targets in each, which is fast. Windows: one target in each.",
    "chunk": "How many targets one sequence has.",
    "final": "The newest prices before the test are held back to find the best pass (validation). "
    "At the end the network learns from them too. This is how many passes that takes, as a share "
    "of the others; the step size is halved.",
    "test": "The last part of the history. The network does not see it before the test.",
    "validation": "The part before the test. It decides which epoch is best.",
    "seed": "The same seed and the same prices give the same model.",
    "ensemble": "The average of several networks with different seeds is a little better, and the "
    "differences between them show how much is luck. The training takes as many times longer.",
}


_SIGNALS_HELP = "\n".join(
    (
        "What the network reads beside the price. It sees a value only from when it was known.",
        *(f"- **{plain(input_name(input_of(name)))}**: {plain(SIGNALS[name])}" for name in SIGNALS),
        "- **Another coin**: how it moved in the same candle.",
        "- **Your file**: what you have added below, “A signal of your own, from a file”.",
        "",
        "Whether a signal helps is tested on the Backtest page, “Which inputs help?”.",
    )
)


class Controls:
    """Draws the controls of the next training's settings, one for each field of ``ModelSpec``.

    A control shows the draft. What the user moves is noted in the draft before the next run, so
    no control has a state of its own. One whose value another control has changed is a new one.

    Args:
        draft: What the user has set.
        history: The prices that are learnt from.
        own: The signals that the user has added.
    """

    def __init__(self, draft: Draft, history: PriceHistory, own: Sequence[Signal] = ()) -> None:
        self._base, self._own = draft.base(history), [signal.input for signal in own]
        self._draft, self._history = draft, history
        st.session_state[_DRAWN] = ()

    def main(self) -> None:
        """Draw what matters most: how far it looks back and ahead, which network, how large."""
        noun = f"{INTERVAL_NOUNS[self._history.interval]}s"
        left, right = st.columns(2, gap="medium")
        with left:
            self._slider("lookback", f"Looks back, {noun}", (5, 240))
            st.segmented_control(
                "Network",
                list(choices.NETWORKS),
                required=True,
                key=(key := self._begin("network", self._draft.network, "network")),
                on_change=_network_moved,
                args=(key,),
                format_func=NETWORKS.__getitem__,
                width="stretch",
                help="An LSTM reads one candle after the other and has a memory. A Dense network "
                "gets all candles at once.",
            )
        with right:
            self._slider("horizon", f"Looks ahead, {noun}", (1, 48))
            units = self._value("units")
            size = next((name for name, each in SIZES.items() if each == tuple(units)), None)
            st.segmented_control(
                "Size",
                list(SIZES),
                key=(key := self._begin("size", size, "size")),
                on_change=_size_moved,
                args=(key,),
                width="stretch",
                help="Units of the hidden layers. A larger network can learn more, and overfits "
                "more.",
            )

    def more(self) -> None:
        """Draw all other controls."""
        inputs = self._value("features")
        features = self._begin("features", [name for name in inputs if not is_signal(name)])
        signals = self._begin("signals", list(filter(is_signal, inputs)))
        st.multiselect(
            "Inputs",
            list(choices.FEATURES),
            format_func=input_name,
            key=features,
            on_change=_inputs_moved,
            args=(features, signals),
            help="\n".join(
                f"- **{plain(input_name(f.name))}**: {plain(f.help)}"
                for f in choices.FEATURES.values()
            ),
        )
        st.multiselect(
            "Signals beside the price",
            list(
                dict.fromkeys(
                    (*self._own, *signal_inputs(self._history), *st.session_state[signals])
                )
            ),
            format_func=_signal_title,
            key=signals,
            on_change=_inputs_moved,
            args=(features, signals),
            max_selections=MAX_SIGNALS,
            placeholder="None",
            help=_SIGNALS_HELP,
        )
        left, middle, right = st.columns(3, gap="medium")
        with left:
            self._one_of("target", "Target", choices.TARGETS)
            self._one_of("loss", "Loss", choices.LOSSES)
            self._one_of("unit", "Unit of returns", choices.UNITS)
            self._slider("dropout", "Dropout", (0.0, 0.6), step=0.05)
            self._layers()
        with middle:
            self._slider("epochs", "Passes over the data, at most", (1, 200))
            self._slider("patience", "Stops after passes without gain", (0, 50))
            self._slider("final", "Final passes, share", (0.0, 1.0))
            self._step("learning_rate", "Learning rate", RATES)
            self._one_of("schedule", "Schedule", choices.SCHEDULES)
        with right:
            self._step("batch_size", "Batch size", BATCHES)
            if self._draft.network == "lstm":
                self._one_of("training", "Training on", choices.TRAININGS)
                self._slider("chunk", "Targets in a sequence", (1, 200))
            self._slider("test", "Test share", (0.1, 0.4), step=0.05)
            self._slider("validation", "Validation share", (0.08, 0.32), step=0.04)
            self._slider("ensemble", "Networks", (1, 5))
            st.number_input(
                "Seed",
                0,
                2**31 - 1,
                key=(key := self._begin("seed", self._value("seed"))),
                on_change=_moved,
                args=("seed", int, key),
                help=_HELP["seed"],
            )

    def _value(self, field: str) -> Any:
        return self._draft.changes.get(field, getattr(self._base, field))

    def _begin(self, field: str, value: object, control: str = "others") -> str:
        """Set a control to its value, and return its key; see ``drafts.renew``."""
        key = f"setting-{field}-{drafts.renewals(control)}"
        st.session_state[key] = value
        st.session_state[_DRAWN] = (*st.session_state[_DRAWN], key)
        return key

    def _slider(
        self,
        field: str,
        label: str,
        bounds: tuple[float, float],
        step: float = 0.01,
    ) -> None:
        """Draw a slider between the bounds; ``step`` is used for fractions only."""
        (low, high), value = bounds, self._value(field)
        kind = int if isinstance(high, int) else float
        position = min(max(value if kind is int else round(value, 2), low), high)
        st.slider(
            plain(label),
            low,
            high,
            step=1 if kind is int else step,
            key=(key := self._begin(field, position)),
            on_change=_moved,
            args=(field, kind, key),
            help=_HELP[field],
        )

    def _step(self, field: str, label: str, options: tuple[float, ...]) -> None:
        position = self._value(field)
        st.select_slider(
            plain(label),
            sorted({*options, position}),
            key=(key := self._begin(field, position)),
            on_change=_moved,
            args=(field, type(position), key),
            format_func=lambda value: f"{value:g}",
            help=_HELP[field],
        )

    def _one_of(self, field: str, label: str, options: tuple[str, ...]) -> None:
        st.segmented_control(
            plain(label),
            options,
            required=True,
            key=(key := self._begin(field, self._value(field))),
            on_change=_moved,
            args=(field, str, key),
            help=_HELP[field],
        )

    def _layers(self) -> None:
        """Draw the widths of the first two hidden layers.

        Further layers stay as they are until the user moves one of these two controls. Then they
        are left out.
        """
        units: tuple[int, ...] = self._value("units")
        first, second, *_ = (*units, 0)
        widths = {"units1": first, "units2": second}
        keys = [self._begin(field, width, "layers") for field, width in widths.items()]
        for field, key, name in zip(widths, keys, ("first", "second"), strict=True):
            st.select_slider(
                f"Units, {plain(name)} layer",
                sorted({*UNITS, widths[field]} | ({0} if field == "units2" else set())),
                key=key,
                on_change=_layers_moved,
                args=keys,
                help=_HELP[field],
            )


def _is_drawn(key: str) -> bool:
    """Return whether a control is in the newest form; a browser may still show an older one."""
    return key in st.session_state[_DRAWN]


def _moved(field: str, kind: Callable[[Any], object], key: str) -> None:
    """Note in the draft what the user has set."""
    if _is_drawn(key):
        drafts.change(field, kind(st.session_state[key]))


def _signal_title(name: str) -> str:
    """Name a signal among others: an index, the ticker of another coin, or a file of the user."""
    own, title = signal_name(name), input_name(name)
    if own in SIGNALS:
        return f"{title[0].upper()}{title[1:]}"
    return f"Move of {own.upper()}" if own.upper() in choices.COINS else f"{own} (your file)"


def _inputs_moved(features: str, signals: str) -> None:
    if _is_drawn(features):
        drafts.change("features", (*st.session_state[features], *st.session_state[signals]))


def _network_moved(key: str) -> None:
    if _is_drawn(key):
        drafts.change_network(st.session_state[key])


def _size_moved(key: str) -> None:
    if _is_drawn(key) and st.session_state[key] is not None:
        drafts.change("units", SIZES[st.session_state[key]])
        drafts.renew("layers")


def _layers_moved(first: str, second: str) -> None:
    if _is_drawn(first):
        widths = (st.session_state[first], st.session_state[second])
        drafts.change("units", tuple(width for width in widths if width))
        drafts.renew("size")
