"""The settings of the next training: a recipe, and what the user changed of it.

They stay for the whole session, so that training again with one change is one change.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

import streamlit as st

from cryptoforecast.service import choices
from cryptoforecast.types import ModelSpec, PriceHistory
from cryptoforecast.ui import inputs

#: Inputs that have the same value at every candle of an interval.
CONSTANT = {"1d": ("hour", "half_day"), "1w": ("hour", "half_day", "week", "weekend")}
#: Groups of controls. A group is renewed when something other than the user changes its values.
CONTROLS = ("network", "size", "layers", "others")
_KEY, _RENEWALS = "draft", "renewals-of-controls"


@dataclass(frozen=True)
class Recipe:
    """A way to train that many want.

    Attributes:
        title: What it is called.
        teaches: What the user learns from it.
        preset: A key of ``choices.PRESETS``.
        network: ``"lstm"`` or ``"dense"``.
        ensemble: Networks whose average is taken.
    """

    title: str
    teaches: str
    preset: str
    network: str = "lstm"
    ensemble: int = 1


RECIPES = {
    "quick": Recipe("Quick LSTM", "Shows what a network can and can't find.", "quick"),
    "careful": Recipe(
        "Careful LSTM", "Three networks averaged: how much is luck?", "careful", ensemble=3
    ),
    "popular": Recipe(
        "Popular recipe", "The one from the tutorials. See why it misses new highs.", "classic"
    ),
}


@dataclass(frozen=True)
class Draft:
    """What the next training starts from.

    Attributes:
        recipe: A key of ``RECIPES``.
        network: ``"lstm"`` or ``"dense"``.
        changes: What the user set otherwise than the recipe, by field of ``ModelSpec``.
    """

    recipe: str = "quick"
    network: str = "lstm"
    changes: dict[str, object] = field(default_factory=dict)

    def base(self, history: PriceHistory) -> ModelSpec:
        """Return the settings of the recipe for a history, without the user's changes."""
        recipe, rows = RECIPES[self.recipe], len(history)
        preset, fixed = recipe.preset, "horizon" in choices.PRESETS[recipe.preset]
        horizon = None if fixed else inputs.steps(history.interval, rows)
        base = choices.make_spec(
            preset,
            self.network,
            rows=rows,
            volume=choices.has_volume(history.candles),
            horizon=horizon,
            ensemble=recipe.ensemble,
        )
        constant = CONSTANT.get(history.interval, ())
        varying = tuple(name for name in base.features if name not in constant)
        return dataclasses.replace(base, features=varying)

    def features(self, history: PriceHistory) -> tuple[str, ...]:
        """Return the inputs with the user's changes."""
        names = self.changes.get("features")
        return names if isinstance(names, tuple) else self.base(history).features

    def spec(self, history: PriceHistory) -> ModelSpec:
        """Return the settings with the user's changes.

        Raises:
            InvalidInput: If a value breaks a rule.
        """
        values = dataclasses.asdict(self.base(history)) | self.changes
        if values["target"] == "price":
            values["unit"] = "fixed"
        values.pop("network")
        return choices.make_spec(RECIPES[self.recipe].preset, self.network, **values)


def current() -> Draft:
    """Return the settings that this session has."""
    draft: Draft = st.session_state.get(_KEY, Draft())
    return draft


def keep(draft: Draft) -> None:
    """Keep settings for the next training of this session."""
    st.session_state[_KEY] = draft
    renew(*CONTROLS)


def change(field: str, value: object) -> None:
    """Note one setting that the user has changed."""
    draft = current()
    st.session_state[_KEY] = dataclasses.replace(draft, changes={**draft.changes, field: value})


def change_inputs(history: PriceHistory, *, with_: str = "", without: str = "") -> None:
    """Note that an input was added to the next training or taken away, not by its control.

    Args:
        history: The prices that are learnt from.
        with_: Name of an input that is added; one that is there already is not added twice.
        without: Name of an input that is taken away.
    """
    names = current().features(history)
    changed = tuple(name for name in names if name not in (with_, without))
    change("features", (*changed, with_) if with_ else changed)
    renew("others")


def change_network(network: str) -> None:
    """Note that the user has chosen a network, whose recipe has other settings."""
    st.session_state[_KEY] = dataclasses.replace(current(), network=network)
    renew("size", "layers", "others")


def renew(*controls: str) -> None:
    """Make the next run draw new controls, because something else has changed their values.

    A browser sends the value of every control with each click. Before it has drawn a new value, it
    sends the old one, which would count as a change by the user. So each renewed control gets a new
    key, and what an older control sends is ignored.

    Args:
        controls: Some of ``CONTROLS``.
    """
    counts = st.session_state.get(_RENEWALS, {})
    st.session_state[_RENEWALS] = counts | {each: counts.get(each, 0) + 1 for each in controls}


def renewals(control: str) -> int:
    """Return how often one of ``CONTROLS`` was renewed in this session."""
    count: int = st.session_state.get(_RENEWALS, {}).get(control, 0)
    return count
