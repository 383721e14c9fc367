"""Predictors have plain names for people."""

from __future__ import annotations

import pytest

from cryptoforecast.forecasting.baselines import BASELINES
from cryptoforecast.learning.specs import NETWORKS
from cryptoforecast.types.predictor_names import (
    PREDICTOR_NAMES,
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
    words = predictor_phrase(predictor).strip("“”").removeprefix("the ")
    assert words.lower() == name.lower()
    assert words[0].islower() or words.startswith(("HAR", "LSTM"))


def test_other_names_stay():
    assert predictor_name("mine") == predictor_phrase("mine") == "mine"
