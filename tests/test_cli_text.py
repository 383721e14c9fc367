"""What the command line quotes can neither control the terminal nor look like a line of ours."""

from __future__ import annotations

import dataclasses

import pytest

from cryptoforecast import cli
from cryptoforecast.cli import file_text, text
from cryptoforecast.cli.progress import Meter
from cryptoforecast.evaluation import backtest
from cryptoforecast.learning import specs
from cryptoforecast.prices.files import writing
from cryptoforecast.types import Progress, SavedModel
from tests import synthetic

EVIL = "x\x1b[2J\x1b]0;title\x07\r\u202e\u2066y\nverdict: better than the last price"


def assert_harmless(shown: str) -> None:
    assert shown.replace("\n", "").isprintable()
    assert r"x\x1b[2J" in shown
    assert not any(line.startswith("verdict: better") for line in shown.splitlines())


def test_what_a_backtest_quotes_is_visible():
    history = synthetic.history(400, coin=EVIL, source=EVIL, notes=(EVIL,))
    spec = specs.make(network="cone", horizon=1)
    result = backtest.holdout(history, spec, baselines=("naive", "cone"))
    assert_harmless(text.backtest(dataclasses.replace(result, notes=(EVIL,)), EVIL))
    assert_harmless(file_text.inspect(history))


def test_what_a_card_quotes_is_visible():
    model = synthetic.model(
        coin=EVIL, source=EVIL, verdict=EVIL, libraries={EVIL: EVIL}, fingerprint=EVIL
    )
    saved = SavedModel("evil", shipped=False, model=model).summary
    assert_harmless(text.card(saved))
    assert_harmless(text.models([saved]))


def test_the_name_of_a_file_is_visible(tmp_path, capsys):
    path = tmp_path / f"BTC {EVIL}.csv"
    writing.write(synthetic.history(), path)
    assert cli.main(["inspect", str(path)]) == 0
    path.write_text("no prices")
    assert cli.main(["inspect", str(path)]) == 2
    out, err = capsys.readouterr()
    assert "BTC x" in out
    assert "BTC x" in err
    for line in (out + err).splitlines():
        assert line.isprintable()
        assert not line.startswith("verdict: better")


def test_the_first_and_the_last_candle_are_shown():
    history = synthetic.history(400)
    shown = file_text.inspect(history).splitlines()
    for place, row in (("first", 0), ("last", -1)):
        (line,) = (each for each in shown if each.startswith(f"{place}: "))
        assert line.startswith(f"{place}: open {history.candles['open'].iloc[row]:,.10g}, high ")


def test_the_title_of_a_training_is_visible():
    assert Meter(EVIL).line(Progress(1, 2, 0.5, 1.0)).isprintable()


@pytest.mark.parametrize("name", [EVIL, "\x1b[2J"])
def test_a_model_that_is_not_there_is_visible(name, capsys):
    assert cli.main(["models", "show", name]) == 2
    assert capsys.readouterr().err.replace("\n", "").isprintable()
