"""The age of a model, and the date from which it is worth renewing."""

import dataclasses

import pandas as pd

from cryptoforecast import json_views
from cryptoforecast.cli import text
from cryptoforecast.types import SavedModel
from cryptoforecast.types.expiry import LIFETIME, expires, expiry_text, is_expired
from tests import synthetic


def summary(cutoff, **changes):
    model = synthetic.model()
    card = dataclasses.replace(model.card, cutoff=cutoff.isoformat(), **changes)
    return SavedModel("mine", False, dataclasses.replace(model, card=card)).summary


def test_a_model_expires_a_fixed_time_after_the_last_candle_that_it_learnt_from():
    # When it was trained, and on which candles it was tested, changes nothing.
    card = summary(pd.Timestamp("2026-01-01T23:00Z"), created="2030-01-01T00:00:00+00:00").card
    date = pd.Timestamp("2026-07-01T00:00Z")
    assert expires(card) == date == pd.Timestamp("2026-01-02T00:00Z") + LIFETIME
    assert not is_expired(card, date - pd.Timedelta("1s"))
    assert is_expired(card, date)
    before = expiry_text(card, pd.Timestamp("2026-01-12T00:00Z"))
    assert before == "2026-01-02, 10 days ago; expires on 2026-07-01"
    assert expiry_text(card, date) == "2026-01-02, 180 days ago; expired on 2026-07-01"


def test_lists_and_cards_say_when_it_expires():
    now = pd.Timestamp.now("UTC").floor("h")
    young, old = summary(now - pd.Timedelta("240h")), summary(now - LIFETIME - pd.Timedelta("1h"))
    assert json_views.model_json(young)["expires"] == expires(young.card).isoformat()
    header, first, second = text.models([young, old]).splitlines()
    assert {"trained", "to", "age", "expires"} <= set(header.split())
    assert f"{expires(young.card):%Y-%m-%d}" in first
    assert "9 days" in first
    assert "expired" in second.split()
    assert "; expired on " in text.card(old)
    assert "; expires on " in text.card(young)
