"""The hash of an entry covers the entry before, the kind and every column."""

import hashlib

import pytest

from cryptoforecast.ledger import chain

ROW = {"position": 1, "coin": "BTC", "last_close": 64_494.25, "simulated": 0}


def test_the_hash_is_that_of_the_text_written_by_hand():
    text = '{"coin":"BTC","kind":"forecast","last_close":64494.25,"position":1,"simulated":0}'
    assert chain.canonical(chain.FORECAST, ROW) == text
    expected = hashlib.sha256(("0" * 64 + "\n" + text).encode()).hexdigest()
    assert chain.entry_hash(chain.BEGINNING, chain.FORECAST, ROW) == expected


@pytest.mark.parametrize("change", [
    {"position": 2}, {"coin": "ETH"}, {"last_close": 64_494.250000000001 + 1e-11},
    {"simulated": 1}, {"last_close": "64494.25"}, {"coin": b"BTC"}, {"more": None},
], ids=str)  # fmt: skip
def test_any_column_changes_the_hash(change):
    before = chain.entry_hash(chain.BEGINNING, chain.FORECAST, ROW)
    assert chain.entry_hash(chain.BEGINNING, chain.FORECAST, {**ROW, **change}) != before


def test_the_kind_and_the_entry_before_change_the_hash():
    before = chain.entry_hash(chain.BEGINNING, chain.FORECAST, ROW)
    assert chain.entry_hash(chain.BEGINNING, chain.OUTCOME, ROW) != before
    assert chain.entry_hash("1" * 64, chain.FORECAST, ROW) != before
