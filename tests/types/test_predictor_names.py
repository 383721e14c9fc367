"""Predictors have plain names for people."""

from __future__ import annotations

import pytest

from cryptoforecast.forecasting.baselines import BASELINES
from cryptoforecast.learning import bundles
from cryptoforecast.learning.features import FEATURES
from cryptoforecast.learning.specs import NETWORKS
from cryptoforecast.settings import Settings
from cryptoforecast.types.predictor_names import (
    INPUT_NAMES,
    MODEL_NAMES,
    PREDICTOR_NAMES,
    input_name,
    predictor_name,
    predictor_phrase,
)

EVERY = {*BASELINES, *NETWORKS, "stack"}


def test_every_predictor_has_a_name_of_its_own():
    assert PREDICTOR_NAMES.keys() == EVERY
    assert len(set(PREDICTOR_NAMES.values())) == len(EVERY)


@pytest.mark.parametrize("predictor", sorted(EVERY))
def test_a_phrase_is_the_name_within_a_sentence(predictor):
    name = predictor_name(predictor)
    assert name != predictor
    words = predictor_phrase(predictor).strip("“”").removeprefix("the ").removeprefix("price ")
    assert words.lower() == name.lower()
    assert words[0].islower() or words.startswith(("HAR", "LSTM"))


def test_shipped_models_and_inputs_have_names_of_their_own(tmp_path):
    assert MODEL_NAMES.keys() == set(bundles.names(Settings(home=tmp_path).shipped))
    assert INPUT_NAMES.keys() == FEATURES.keys()
    for names in (MODEL_NAMES, INPUT_NAMES):
        assert len(set(names.values())) == len(names)
        assert not any("_" in name for name in names.values())
    assert predictor_name("global-1h-lstm") == predictor_phrase("global-1h-lstm")
    assert input_name("abs_return") == "size of the move"


def test_other_names_stay():
    assert predictor_name("mine") == predictor_phrase("mine") == "mine"
