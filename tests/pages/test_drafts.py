"""The settings of the next training: a recipe and what the user changed of it."""

from __future__ import annotations

import dataclasses

import pytest
import streamlit as st

from cryptoforecast.errors import InvalidInput
from cryptoforecast.service.choices import has_volume, make_spec
from cryptoforecast.ui import drafts, inputs
from cryptoforecast.ui.drafts import Draft
from tests import synthetic


@pytest.fixture(autouse=True)
def session(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """Return the state of a session that has just begun."""
    state: dict[str, object] = {}
    monkeypatch.setattr(st, "session_state", state)
    return state


def test_a_session_begins_with_the_quick_recipe():
    assert drafts.current() == Draft("quick", "lstm", {})


def test_changes_stay_and_choosing_a_recipe_clears_them():
    drafts.change("lookback", 30)
    drafts.change("epochs", 3)
    drafts.change("lookback", 31)
    drafts.keep(dataclasses.replace(drafts.current(), network="dense"))
    assert drafts.current() == Draft("quick", "dense", {"lookback": 31, "epochs": 3})
    drafts.keep(Draft("popular"))
    assert drafts.current().changes == {}


def test_what_one_draft_changed_is_not_in_another_one():
    before = drafts.current()
    drafts.change("lookback", 30)
    assert before.changes == Draft().changes == {}


@pytest.mark.parametrize("network", ["lstm", "dense"])
@pytest.mark.parametrize("recipe", list(drafts.RECIPES))
def test_a_recipe_without_changes_is_its_preset(recipe, network):
    history = synthetic.history(9000)
    preset = drafts.RECIPES[recipe]
    spec = Draft(recipe, network).spec(history)
    model = make_spec(
        preset.preset,
        network,
        rows=len(history),
        volume=has_volume(history.candles),
        horizon=None if recipe == "popular" else inputs.steps("1h", 9000),
        ensemble=preset.ensemble,
    )
    assert spec == model
    assert (spec.network, spec.ensemble) == (network, 3 if recipe == "careful" else 1)
    assert (spec.horizon == 1) == (recipe == "popular")


@pytest.mark.parametrize("network", ["lstm", "dense"])
def test_changes_are_the_settings_that_the_same_call_would_give(network):
    history = synthetic.history(9000)
    changes = {"lookback": 30, "units": (8,), "epochs": 3, "features": ("return",), "seed": 7}
    spec = Draft("quick", network, dict(changes)).spec(history)
    base = dataclasses.asdict(Draft("quick", network).base(history))
    del base["network"]
    assert spec == make_spec("quick", network, **(base | changes))
    assert {name: getattr(spec, name) for name in changes} == changes


def test_a_price_as_target_has_a_fixed_unit():
    spec = Draft("quick", "lstm", {"target": "price"}).spec(synthetic.history(9000))
    assert (spec.target, spec.unit) == ("price", "fixed")


def test_a_setting_outside_the_rules_is_refused():
    with pytest.raises(InvalidInput, match="`features` must be"):
        Draft("quick", "lstm", {"features": ()}).spec(synthetic.history(9000))


@pytest.mark.parametrize("interval", ["1d", "1w"])
def test_inputs_that_never_change_at_these_candles_are_left_out(interval):
    history = synthetic.lasting(synthetic.history(900), interval)
    features = Draft().base(history).features
    assert features
    assert not set(features) & set(drafts.CONSTANT[interval])
