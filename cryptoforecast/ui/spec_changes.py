"""What was set otherwise in one training than in another, in words."""

from __future__ import annotations

from cryptoforecast.types import ModelSpec, input_name
from cryptoforecast.ui.controls import SIZES

#: Changes that are named; there are rarely more, and the card is small.
MAX_NAMED = 3
#: What each setting is called in a sentence; the controls have the same words.
_NAMES = {
    "network": "network", "lookback": "looks back", "horizon": "looks ahead", "units": "size",
    "target": "target", "loss": "loss", "unit": "unit of returns", "dropout": "dropout",
    "epochs": "passes", "patience": "stops after", "final": "final passes",
    "learning_rate": "learning rate", "schedule": "schedule", "batch_size": "batch size",
    "training": "training on", "chunk": "targets in a sequence", "test": "test share",
    "validation": "validation share", "ensemble": "networks", "seed": "seed",
}  # fmt: skip
_NETWORKS = {"lstm": "LSTM", "dense": "Dense"}


def sentence(spec: ModelSpec, before: ModelSpec) -> str:
    """Write what differs: "Looks back 60 instead of 30."; empty where nothing does.

    Args:
        spec: Settings of a network.
        before: Those that it is compared with.
    """
    values = [(title, getattr(spec, name), getattr(before, name)) for name, title in _NAMES.items()]
    parts = [
        f"{title} {_text(value)} instead of {_text(other)}"
        for title, value, other in values
        if value != other
    ]
    parts += _inputs(spec, before)
    if not parts:
        return ""
    more = len(parts) - MAX_NAMED
    text = ", ".join(parts[:MAX_NAMED]) + (f" and {more} more" if more > 0 else "")
    return f"{text[:1].upper()}{text[1:]}."


def _text(value: object) -> str:
    """Write the value of a setting as its control does."""
    if isinstance(value, tuple):
        units = "-".join(map(str, value))
        return next((name for name, size in SIZES.items() if size == value), units)
    if isinstance(value, float):
        return f"{value:.2g}"
    return _NETWORKS.get(str(value), str(value))


def _inputs(spec: ModelSpec, before: ModelSpec) -> list[str]:
    """Name the inputs that only one of two networks has."""
    return [
        f"{word} {', '.join(names)}"
        for word, names in (
            ("with", [input_name(each) for each in spec.features if each not in before.features]),
            (
                "without",
                [input_name(each) for each in before.features if each not in spec.features],
            ),
        )
        if names
    ]
