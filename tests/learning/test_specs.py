"""Presets are what they promise; a spec outside the rules is refused with the rule."""

import dataclasses
import math

import pytest

from cryptoforecast.errors import InvalidInput
from cryptoforecast.learning import bundles, specs
from cryptoforecast.types import ModelSpec


def test_the_classic_preset_is_the_popular_recipe_to_the_letter():
    spec = specs.make("classic")
    assert dataclasses.asdict(spec) == {
        "network": "lstm", "target": "price", "loss": "mse", "training": "windows",
        "features": ("close",), "lookback": 60, "horizon": 1, "units": (64, 32), "dropout": 0.2,
        "learning_rate": 1e-3, "schedule": "constant", "batch_size": 32, "chunk": 31,
        "epochs": 50, "patience": 5, "test": 0.2, "validation": 0.16, "seed": 0,
        "unit": "fixed", "final": 0.0, "ensemble": 1,
    }  # fmt: skip
    assert specs.needs(spec) == 60
    assert bundles.parameters(spec) == 29_345


def test_seed_is_another_name_of_classic():
    assert specs.make("seed", "dense", rows=5000, epochs=3) == specs.make(
        "classic", "dense", rows=5000, epochs=3
    )
    assert "seed" not in specs.PRESETS


def test_defaults_are_the_contract():
    spec = specs.make()
    assert spec == ModelSpec()
    assert (spec.network, spec.target, spec.loss, spec.training) == (
        "lstm", "return", "quantile", "sequences",
    )  # fmt: skip
    assert (spec.lookback, spec.horizon, spec.units, spec.dropout) == (60, 1, (64, 32), 0.2)
    assert (spec.test, spec.validation, spec.seed) == (0.2, 0.16, 0)


def test_careful_takes_more_and_smaller_steps():
    quick, careful = specs.make("quick"), specs.make("careful")
    assert careful.epochs > quick.epochs
    assert careful.learning_rate < quick.learning_rate


@pytest.mark.parametrize("preset", list(specs.PRESETS))
@pytest.mark.parametrize("network", specs.NETWORKS)
def test_every_preset_serves_every_network(preset, network):
    spec = specs.make(preset, network)
    assert spec.network == network
    assert network == "lstm" or spec.training == "windows"
    assert set(specs.PRESETS) == set(specs.PRESET_HELP)


def test_a_choice_wins_over_the_preset_and_none_keeps_it():
    spec = specs.make("classic", epochs=3, patience=None, dropout=0.0)
    assert (spec.epochs, spec.patience, spec.dropout) == (3, 5, 0.0)
    assert specs.make(target="price").features == ("close",)
    assert specs.make(target="price", features=("return",)).features == ("return",)
    assert specs.make(training="windows").batch_size == 256
    assert specs.make(network="dense", learning_rate=0.01).learning_rate == 0.01


def test_windows_of_the_popular_recipe_keep_its_batches():
    assert specs.make("classic", training="windows").batch_size == 32
    assert specs.make("classic", training="windows") == specs.make("classic")


def test_a_short_history_without_volumes_has_all_other_inputs():
    names = specs.make(rows=700, volume=False).features
    assert names == tuple(name for name in specs.PLAIN_FEATURES if name != "volume")
    assert specs.make(rows=700).features == specs.PLAIN_FEATURES


def test_an_input_that_is_none_is_refused():
    with pytest.raises(InvalidInput, match="`features` must be different names out of"):
        specs.make(features=("return", "moon"))


def test_needs_is_lookback_plus_warm_up():
    assert specs.needs(specs.make(features=("return",), unit="fixed")) == 61
    assert specs.needs(specs.make(features=("close", "hour"), unit="fixed", lookback=10)) == 10
    assert specs.needs(specs.make(features=("return",))) == 228
    assert specs.needs(specs.make()) == 228
    assert specs.needs(specs.make(rows=100_000)) == 564


def test_a_baseline_reads_one_candle_at_least_and_a_network_its_needs():
    assert specs.candles_read(specs.make(network="naive")) == 1
    assert specs.candles_read(specs.make()) == specs.needs(specs.make()) == 228


def test_only_a_network_can_be_trained():
    for name in ("lstm", "dense"):
        specs.check_network(name)
    with pytest.raises(InvalidInput, match="Only an lstm or a dense network is trained"):
        specs.check_network("naive")


def test_what_is_read_fits_the_length_of_the_history_and_the_horizon():
    short = specs.make(rows=specs.MIN_RANGE_ROWS - 1, horizon=24)
    assert (short.features, short.unit, specs.needs(short)) == (specs.PLAIN_FEATURES, "fixed", 83)
    usual = specs.make(rows=specs.MIN_RANGE_ROWS, horizon=24)
    assert (usual.features, usual.unit) == (ModelSpec().features, "range")
    long = specs.make(rows=specs.MIN_LONG_ROWS, horizon=24)
    assert long.features == (*usual.features, "long_range")
    assert (
        specs.make(rows=specs.MIN_LONG_ROWS, horizon=specs.FAR_HORIZON - 1).features
        == usual.features
    )
    assert specs.make(rows=10 * specs.MIN_LONG_ROWS, horizon=1).features == long.features
    # What the user sets counts.
    assert specs.make(rows=100, features=("hour",), unit="range").features == ("hour",)


def test_the_bounds_are_those_of_the_documentation():
    assert specs.BOUNDS == {
        "lookback": (2, 500), "horizon": (1, 48), "dropout": (0.0, 0.9),
        "learning_rate": (1e-5, 0.1), "batch_size": (1, 4096), "chunk": (1, 500),
        "epochs": (1, 500), "patience": (0, 100), "final": (0.0, 1.0), "ensemble": (1, 10),
        "test": (0.05, 0.5), "validation": (0.05, 0.4), "seed": (0, 2**31 - 1),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "features", "unit"),
    [
        (1679, specs.PLAIN_FEATURES, "fixed"),
        (1680, ModelSpec().features, "range"),
        (5039, ModelSpec().features, "range"),
        (5040, (*ModelSpec().features, "long_range"), "range"),
    ],
)
def test_inputs_of_a_far_horizon_by_the_length_of_the_history(rows, features, unit):
    for horizon in (12, 24):
        spec = specs.make(rows=rows, horizon=horizon)
        assert (spec.features, spec.unit) == (features, unit)


@pytest.mark.parametrize("horizon", [1, 11])
def test_a_near_horizon_reads_the_long_average_of_a_very_long_history_alone(horizon):
    assert "long_range" not in specs.make(rows=50_399, horizon=horizon).features
    assert "long_range" in specs.make(rows=50_400, horizon=horizon).features


@pytest.mark.parametrize(
    ("rows", "change", "epochs"),
    [
        (100_000, {}, 15),
        (31_000, {}, 15),  # 20 updates in an epoch
        (30_000, {}, 16),  # 19.4 updates
        (20_000, {}, 23),  # 12.9 updates: 300 / 12.9
        (2_000, {}, 40),  # 1.3 updates: no more than 40 epochs
        (500, {}, 40),
        (20_000, {"preset": "careful"}, 30),
        (20_000, {"training": "windows"}, 15),
        (20_000, {"network": "dense"}, 15),
        (20_000, {"epochs": 5}, 5),
        (20_000, {"schedule": "constant"}, 15),
        (20_000, {"test": 0.5, "validation": 0.4}, 40),
    ],
)
def test_a_short_history_gets_epochs_for_300_updates(rows, change, epochs):
    assert specs.make(rows=rows, **change).epochs == epochs


@pytest.mark.parametrize(
    ("change", "batch_size", "learning_rate"),
    [
        ({}, 32, 4e-3),
        ({"preset": "careful"}, 32, 3e-3),
        ({"preset": "classic"}, 32, 1e-3),
        ({"preset": "classic", "network": "dense"}, 32, 1e-3),
        ({"network": "dense"}, 256, 1e-3),
        ({"preset": "careful", "network": "dense"}, 256, 1e-3),
        ({"training": "windows"}, 256, 4e-3),
        ({"training": "windows", "batch_size": 8}, 8, 4e-3),
        ({"training": "windows", "preset": "classic"}, 32, 1e-3),
    ],
)
def test_batch_size_and_step_follow_the_preset_and_the_network(change, batch_size, learning_rate):
    spec = specs.make(**change)
    assert (spec.batch_size, spec.learning_rate) == (batch_size, learning_rate)


@pytest.mark.parametrize("name", list(specs.BOUNDS))
def test_bounds_are_inclusive_and_beyond_them_is_refused(name):
    kind = type(getattr(ModelSpec(), name))
    for bound, outward in zip(specs.BOUNDS[name], (-1, 1), strict=True):
        assert getattr(specs.make(**{name: kind(bound)}), name) == bound
        beyond = bound + outward if kind is int else bound + outward * 1e-6
        with pytest.raises(InvalidInput, match=f"`{name}` must be between .* Received: "):
            specs.make(**{name: beyond})


@pytest.mark.parametrize("units", [(1,), (512,), (512, 1, 512, 1)])
def test_one_to_four_layers_of_1_to_512_units_are_allowed(units):
    assert specs.make(units=units).units == units


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"target": "volume"}, "`target` must be return or price. Received: 'volume'"),
        ({"unit": "metre"}, "`unit` must be range or fixed. Received: 'metre'"),
        ({"target": "price", "unit": "range"}, "A price has a fixed unit. Received: `unit` range"),
        ({"loss": "mae"}, "`loss` must be quantile or mse"),
        ({"training": "epochs"}, "`training` must be sequences or windows"),
        ({"schedule": "linear"}, "`schedule` must be cosine or constant"),
        ({"units": ()}, "`units` must be one to four layers"),
        ({"units": (1, 2, 3, 4, 5)}, "`units` must be one to four layers"),
        ({"units": (0,)}, "of 1 to 512"),
        ({"units": (513,)}, "of 1 to 512"),
        ({"network": "dense", "training": "sequences"}, "A Dense network trains on windows"),
        ({"preset": "slow"}, "`preset` must be one of quick, careful, classic. Received: 'slow'"),
        ({"epochs": 3, "momentum": 1}, r"Unknown setting\. Received: momentum\. The settings are"),
        ({"rows": 900, "test": "much"}, r"Received: test\. The settings are"),
    ],
)
def test_refusals_name_the_rule(change, text):
    with pytest.raises(InvalidInput, match=text):
        specs.make(**change)


@pytest.mark.parametrize(
    "change",
    [
        {"lookback": 60.0}, {"lookback": True}, {"lookback": "60"}, {"dropout": "0.2"},
        {"dropout": math.nan}, {"learning_rate": math.inf}, {"dropout": False},
        {"epochs": 10**400}, {"units": (64.0,)}, {"units": (True,)}, {"units": [64]},
        {"features": ["return"]}, {"features": "return"}, {"target": ["return"]},
        {"features": (["return"],)},
    ],
)  # fmt: skip
def test_wrong_types_are_refused(change):
    with pytest.raises(InvalidInput, match=f"`{next(iter(change))}` must be"):
        specs.make(**change)


def test_a_whole_number_serves_as_a_share():
    assert specs.make(dropout=0).dropout == 0
