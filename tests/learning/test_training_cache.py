"""The training cache: keyed by data, spec and recipe; bounded; damage means asking anew."""

import dataclasses
import os
import shutil

import numpy as np
import pytest

from cryptoforecast.learning import inference, training_cache
from cryptoforecast.learning.training_cache import TrainingCache
from tests import synthetic

KEYS = [f"{i:032x}" for i in range(6)]


@pytest.fixture
def cache(tmp_path):
    return TrainingCache(tmp_path / "results", limit=3)


def kept(cache):
    return [i for i, key in enumerate(KEYS) if (cache.folder / key).exists()]


def put(cache, number, age):
    """Keep a model as if that was ``age`` seconds ago."""
    cache.put(KEYS[number], synthetic.model(seed=number))
    time = (cache.folder / KEYS[number]).stat().st_mtime - age
    os.utime(cache.folder / KEYS[number], (time, time))


def test_what_is_put_comes_back_also_in_another_process(cache):
    model = synthetic.model(seed=3)
    assert cache.get(KEYS[0]) is None
    cache.put(KEYS[0], model)
    found = TrainingCache(cache.folder, 3).get(KEYS[0])
    history = synthetic.history(200)
    for name in ("quantiles", "predicted"):
        one, other = (
            getattr(inference.forecast(each, history, range(100, 200)), name)
            for each in (model, found)
        )
        np.testing.assert_array_equal(one, other)
    assert cache.get(KEYS[1]) is None


def test_the_least_recently_used_goes_first(cache):
    for i in range(3):
        put(cache, i, age=100 - i)
    assert kept(cache) == [0, 1, 2]
    assert cache.get(KEYS[0]) is not None  # used just now
    put(cache, 3, age=0)
    assert kept(cache) == [0, 2, 3]
    put(cache, 2, age=50)  # anew: replaces itself and drives nothing out
    assert kept(cache) == [0, 2, 3]


@pytest.mark.parametrize("limit", [0, 1])
def test_small_limits_hold(tmp_path, limit):
    cache = TrainingCache(tmp_path, limit)
    for i in range(3):
        cache.put(KEYS[i], synthetic.model(seed=i))
    assert kept(cache) == [0, 1, 2][3 - limit :]


@pytest.mark.parametrize("damage", ["weights", "json", "missing", "version"])
def test_a_damaged_entry_is_dropped_and_can_be_put_again(cache, damage):
    put(cache, 0, age=0)
    folder = cache.folder / KEYS[0]
    if damage == "weights":
        (folder / "weights.npz").write_bytes(b"half")
    elif damage == "missing":
        (folder / "weights.npz").unlink()
    elif damage == "json":
        (folder / "bundle.json").write_text('{"format": 1, "spec"')
    else:
        (folder / "bundle.json").write_text('{"format": 99}')
    assert cache.get(KEYS[0]) is None
    assert not folder.exists()
    cache.put(KEYS[0], synthetic.model())
    assert cache.get(KEYS[0]) is not None


def test_a_folder_that_can_not_be_written_loses_no_training(tmp_path, caplog):
    (tmp_path / "file").write_text("in the way")
    cache = TrainingCache(tmp_path / "file" / "results", 3)
    cache.put(KEYS[0], synthetic.model())
    assert cache.get(KEYS[0]) is None
    assert "The training cache did not keep a model" in caplog.text


def test_the_key_is_of_the_question():
    history, spec = synthetic.history(), synthetic.spec()
    key = training_cache.key(history, spec)
    assert training_cache.is_key(key)
    assert key == training_cache.key(synthetic.history(), synthetic.spec())
    fetched = history.fetched_at + history.candle_length
    assert key == training_cache.key(dataclasses.replace(history, fetched_at=fetched), spec)
    others = [
        training_cache.key(synthetic.altered(history, len(history) - 1), spec),
        training_cache.key(synthetic.history(599), spec),
        training_cache.key(dataclasses.replace(history, coin="ETH"), spec),
        training_cache.key(dataclasses.replace(history, source="simulated"), spec),
        training_cache.key(dataclasses.replace(history, interval="4h"), spec),
        training_cache.key(history, spec, (0, 300, 400)),
        training_cache.key(history, spec, (0, 300, 401)),
    ]
    for field in dataclasses.fields(spec):
        value = getattr(spec, field.name)
        other = (*value, value[0]) if isinstance(value, tuple) else value * 2 or 1
        others.append(training_cache.key(history, dataclasses.replace(spec, **{field.name: other})))
    assert len({key, *others}) == len(others) + 1


def test_the_key_changes_with_every_file_of_the_recipe(tmp_path, monkeypatch):
    shutil.copytree(training_cache.PACKAGE, tmp_path / "package")
    monkeypatch.setattr(training_cache, "PACKAGE", tmp_path / "package")
    history, spec = synthetic.history(), synthetic.spec()

    def key():
        training_cache.recipe_version.cache_clear()
        return training_cache.key(history, spec)

    before = key()
    assert key() == before
    (tmp_path / "package" / "learning" / "bundles.py").write_text("# no part of the recipe")
    assert key() == before
    seen = {before}
    for name in training_cache.RECIPE:
        path = tmp_path / "package" / name
        path.write_text(path.read_text() + "\n# changed\n")
        seen.add(key())
    assert len(seen) == 1 + len(training_cache.RECIPE)
    training_cache.recipe_version.cache_clear()


@pytest.mark.parametrize(
    "text", ["", "0" * 31, "0" * 33, "g" * 32, "../" + "0" * 29, "0" * 31 + "\n", "A" * 32]
)
def test_other_texts_are_no_keys(text):
    assert not training_cache.is_key(text)
