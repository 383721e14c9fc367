"""An input that is not there is refused when it was asked for, and told where a model needs it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from cryptoforecast.errors import InvalidInput
from cryptoforecast.evaluation import backtest, walk_forward
from cryptoforecast.forecasting import warnings
from cryptoforecast.learning import features, scaling, specs, training
from cryptoforecast.types import PriceHistory, TrainedModel, WalkPlan
from tests import synthetic

NO_VOLUMES = {"unknown": np.nan, "zero": 0.0, "constant": 5.0}
SPEC = synthetic.spec(features=("return", "volume"))


def with_volume(volume: object, rows: int = 700) -> PriceHistory:
    history = synthetic.history(rows)
    return dataclasses.replace(history, candles=history.candles.assign(volume=volume))


def unused_volume(model: TrainedModel) -> TrainedModel:
    """The model as if it had been trained on prices without volumes."""
    column = features.owners(model.spec.features).index("volume")
    scale = model.scaler.scale.copy()
    scale[column] = 1.0
    return dataclasses.replace(model, scaler=dataclasses.replace(model.scaler, scale=scale))


@pytest.mark.parametrize(
    ("volume", "why"),
    [
        (np.nan, r"\(these prices have no volume\)"),
        (0.0, r"\(the volume is 0 in all of them\)"),
        (5.0, r"\(the volume is 5 in all of them\)"),
    ],
)
def test_a_volume_that_is_not_there_is_refused_and_the_remedy_told(volume: float, why: str) -> None:
    match = rf"^An input must vary .* Received: volume, which never does {why}\. Leave it out \(--"
    with pytest.raises(InvalidInput, match=match):
        training.check(with_volume(volume), SPEC)
    with pytest.raises(InvalidInput, match=match):
        training.train(with_volume(volume), SPEC)
    with pytest.raises(InvalidInput, match=match):
        walk_forward.check_all(with_volume(volume), SPEC, WalkPlan(folds=2))


def test_a_volume_that_begins_after_the_training_rows_is_refused() -> None:
    volume = np.where(np.arange(700) < 500, np.nan, synthetic.history(700).candles["volume"])
    with pytest.raises(InvalidInput, match="Received: volume"):
        training.check(with_volume(volume), SPEC)
    volume = np.where(np.arange(700) < 300, np.nan, synthetic.history(700).candles["volume"])
    training.check(with_volume(volume), SPEC)


def test_every_constant_input_is_named() -> None:
    history = dataclasses.replace(with_volume(np.nan), interval="1d")
    days = history.candles.set_axis(
        history.candles.index[0] + np.arange(700) * history.candle_length
    )
    spec = synthetic.spec(features=("return", "hour", "volume", "weekend"))
    match = r"hour and volume, which never do .* Leave them out \(--features return,weekend on"
    with pytest.raises(InvalidInput, match=match):
        training.check(dataclasses.replace(history, candles=days), spec)


def test_closes_alone_have_no_range() -> None:
    history = synthetic.history(700)
    closes = history.candles.assign(**dict.fromkeys(("open", "high", "low"), history.candles.close))
    with pytest.raises(InvalidInput, match=r"Received: range, which never does\. Leave it out"):
        training.check(
            dataclasses.replace(history, candles=closes),
            synthetic.spec(features=("return", "range")),
        )


def test_the_inputs_of_a_preset_are_never_refused() -> None:
    for volume in (np.nan, 3.0):
        history = with_volume(volume)
        has_volume = features.has_volume(history.candles)
        assert not has_volume
        spec = specs.make(rows=700, volume=has_volume, lookback=8)
        assert "volume" not in spec.features
        training.check(history, spec)
    assert features.has_volume(synthetic.history().candles)
    assert specs.make(rows=700).features == specs.PLAIN_FEATURES


def test_inputs_that_were_chosen_are_told_from_those_of_a_preset() -> None:
    for rows in (700, 20_000, 200_000, None):
        for volume in (True, False):
            spec = specs.make(rows=rows, volume=volume)
            assert not specs.has_chosen_inputs(spec)
            names = {*spec.features} - {"hour", "half_day", "volume"}
            rest = tuple(name for name in spec.features if name in names)
            assert not specs.has_chosen_inputs(dataclasses.replace(spec, features=rest))
    assert not specs.has_chosen_inputs(specs.make("classic"))
    for names in (
        ("return",),
        ("return", "volume"),
        (*specs.PLAIN_FEATURES, "rsi"),
        ("hour",),
        ("return", "abs_return", "range", "volume"),
    ):
        assert specs.has_chosen_inputs(specs.make(features=names))


@pytest.mark.parametrize("volume", NO_VOLUMES.values(), ids=NO_VOLUMES)
def test_a_saved_model_that_reads_volume_warns_where_there_is_none(volume: float) -> None:
    model, history = synthetic.model(), with_volume(volume)
    text = "The network reads volume, which never varies in these prices."
    assert any(one.startswith(text) for one in warnings.of_forecast(history, model))
    assert any(one.startswith(text) for one in backtest.saved(history, model).notes)
    sound = synthetic.history(700)
    assert warnings.of_forecast(sound, model) == ()
    assert backtest.saved(sound, model).notes == ()


def test_a_model_that_learnt_without_volumes_says_so_and_warns_where_they_are() -> None:
    model = unused_volume(synthetic.model())
    assert scaling.unused_inputs(model.spec, model.scaler) == ("volume",)
    without = warnings.of_forecast(with_volume(np.nan), model)
    assert without == (
        "The network has learnt nothing from volume, which never varied in its training candles.",
    )
    with_volumes = warnings.of_forecast(synthetic.history(700), model)
    assert with_volumes[0] == without[0]
    assert with_volumes[1].startswith("In these prices volume varies: the network can't tell")


def test_a_flat_market_has_no_missing_input() -> None:
    history = synthetic.dead(synthetic.history(700), 200)
    notes = warnings.of_forecast(history, synthetic.model())
    assert not [sentence for sentence in notes if "never" in sentence]
