"""Returns in units of the range, and ensembles: the same numbers in every history."""

import dataclasses

import numpy as np
import pytest

from cryptoforecast.errors import InvalidInput
from cryptoforecast.learning import bundles, inference, ranges, samples, specs, training
from cryptoforecast.types import Monitor
from tests import synthetic


@pytest.fixture(scope="module")
def several():
    """Three tiny networks, really trained, on returns in units of the range."""
    spec = synthetic.spec(
        network="lstm", horizon=2, features=("return", "abs_return"), chunk=9, batch_size=8,
        unit="range", ensemble=3, epochs=1,
    )  # fmt: skip
    return training.train(synthetic.history(900), spec)


def test_what_is_learnt_is_the_return_in_units_of_the_average_range():
    history = synthetic.history(400)
    spec = synthetic.spec(unit="range", horizon=3)
    plain = samples.raw_targets(history, dataclasses.replace(spec, unit="fixed"))
    unit = ranges.unit(history.candles)
    targets = samples.raw_targets(history, spec)
    rows = slice(ranges.USUAL, None)
    np.testing.assert_allclose((targets * unit[:, None])[rows], plain[rows], atol=1e-15)
    assert np.isfinite(targets[ranges.USUAL : -3]).all()
    assert specs.needs(spec) == spec.lookback + ranges.USUAL


def test_a_forecast_reads_exactly_the_candles_it_needs(several):
    history, needed = synthetic.history(900), several.card.needs
    whole = inference.forecast(several, history, range(899, 900))
    tail = dataclasses.replace(history, candles=history.candles.iloc[-needed:])
    alone = inference.forecast(several, tail, range(needed - 1, needed))
    np.testing.assert_array_equal(alone.quantiles, whole.quantiles)
    later = synthetic.altered(history, 700)
    before, after = (inference.forecast(several, h, range(600, 700)) for h in (history, later))
    np.testing.assert_array_equal(before.quantiles, after.quantiles)


def test_a_market_twice_as_wild_gets_a_band_twice_as_wide():
    """Nothing it reads has a scale, so nothing it says depends on one but by the unit."""
    model = synthetic.model(synthetic.spec(unit="range", features=("hour",)))
    history = synthetic.history(400)
    wild = history.candles.copy()
    wild[["open", "high", "low", "close"]] **= 2
    rows = range(300, 400)
    calm = inference.forecast(model, history, rows).quantiles
    twice = inference.forecast(model, dataclasses.replace(history, candles=wild), rows).quantiles
    np.testing.assert_allclose(twice, 2 * calm, rtol=1e-9)


def test_an_ensemble_says_the_mean_of_what_its_networks_say(several):
    history, rows = synthetic.history(900), range(400, 500, 7)
    alone = [inference.forecast(one, history, rows).quantiles for one in inference.members(several)]
    assert len(alone) == 3
    assert not np.array_equal(alone[0], alone[1])
    together = inference.forecast(several, history, rows).quantiles
    # What float32 allows: half a unit in the last place of each, and of their mean.
    apart = np.abs(together - np.mean(alone, axis=0, dtype=float))
    assert (apart <= np.finfo(np.float32).eps * np.abs(alone).max(axis=0)).all()
    assert (np.diff(together, axis=-1) > 0).all()


def test_each_network_of_an_ensemble_is_the_one_its_seed_gives(several):
    spec = dataclasses.replace(several.spec, ensemble=1, seed=several.spec.seed + 1)
    alone = training.train(synthetic.history(900), spec)
    for value, expected in zip(inference.members(several)[1].weights, alone.weights, strict=True):
        np.testing.assert_array_equal(value, expected)
    assert several.record.epochs == 3


def test_an_ensemble_is_saved_and_read_again(several, tmp_path):
    bundles.save(several, tmp_path, "three")
    read = bundles.load(tmp_path / "three")
    rows = range(890, 900)
    one, other = (inference.forecast(m, synthetic.history(900), rows) for m in (several, read))
    np.testing.assert_array_equal(one.quantiles, other.quantiles)


def test_progress_runs_once_through_an_ensemble():
    spec = synthetic.spec(ensemble=2, epochs=2)
    reports = []
    training.train(synthetic.history(), spec, Monitor(reports.append))
    done = [one.done for one in reports]
    assert done == sorted(done)
    assert done[-1] == 1.0
    assert 0.5 in done


def test_bare_closes_do_not_tell_the_unit():
    model = synthetic.model(synthetic.spec(unit="range", features=("return",)))
    with pytest.raises(InvalidInput, match="ranges as the unit"):
        inference.from_closes(model, np.full(model.card.needs, 5.0))
