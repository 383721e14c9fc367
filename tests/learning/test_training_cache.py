"""The training cache: keyed by prices, spec and recipe; bounded; a damaged entry is dropped."""

import dataclasses
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from cryptoforecast.learning import inference, training_cache
from cryptoforecast.learning.training_cache import TrainingCache
from tests import synthetic

KEYS = [f"{i:032x}" for i in range(6)]


@pytest.fixture
def cache(tmp_path):
    return TrainingCache(tmp_path / "results", max_models=3)


def numbers(cache):
    """Return which of ``KEYS`` are there."""
    return [i for i, key in enumerate(KEYS) if (cache.folder / key).exists()]


def put(cache, number, age):
    """Put a model in as if that was ``age`` seconds ago."""
    cache.put(KEYS[number], synthetic.model(seed=number))
    time = (cache.folder / KEYS[number]).stat().st_mtime - age
    os.utime(cache.folder / KEYS[number], (time, time))


def test_what_is_put_comes_back_also_in_another_process(cache):
    model = synthetic.model(seed=3)
    assert cache.get(KEYS[0]) is None
    cache.put(KEYS[0], model)
    other = TrainingCache(cache.folder, 3).get(KEYS[0])
    history = synthetic.history(200)
    for name in ("quantiles", "predicted"):
        np.testing.assert_array_equal(
            *(
                getattr(inference.forecast(each, history, range(100, 200)), name)
                for each in (model, other)
            )
        )
    assert cache.get(KEYS[1]) is None


def test_the_least_recently_used_goes_first(cache):
    for i in range(3):
        put(cache, i, age=100 - i)
    assert numbers(cache) == [0, 1, 2]
    assert cache.get(KEYS[0]) is not None  # used just now
    put(cache, 3, age=0)
    assert numbers(cache) == [0, 2, 3]
    put(cache, 2, age=50)  # the same key again replaces itself alone
    assert numbers(cache) == [0, 2, 3]


def test_a_model_that_is_put_again_replaces_the_one_before(cache):
    for seed in (1, 2):
        model = synthetic.model(seed=seed)
        cache.put(KEYS[0], model)
        for own, rest in zip(model.weights, cache.get(KEYS[0]).weights, strict=True):
            np.testing.assert_array_equal(own, rest)


@pytest.mark.parametrize("limit", [0, 1])
def test_small_limits_hold(tmp_path, limit):
    cache = TrainingCache(tmp_path, limit)
    for i in range(3):
        cache.put(KEYS[i], synthetic.model(seed=i))
    assert numbers(cache) == [0, 1, 2][3 - limit :]


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


@pytest.mark.parametrize("failing", ["stat", "replace"])
def test_what_can_not_be_trimmed_loses_no_training(cache, monkeypatch, caplog, failing):
    """Another process may drop an entry at any time, and a folder may be read-only."""
    for i in range(3):
        put(cache, i, age=100 - i)
    real = getattr(Path, failing)
    refused = cache.folder / KEYS[0] / ("bundle.json" if failing == "replace" else "")

    def refuse(path, *args, **more):
        if path == refused:
            raise PermissionError(13, "not permitted", str(path))
        return real(path, *args, **more)

    monkeypatch.setattr(Path, failing, refuse)
    cache.put(KEYS[3], synthetic.model(seed=3))
    monkeypatch.undo()
    assert cache.get(KEYS[0]) is not None
    assert cache.get(KEYS[3]) is not None
    assert numbers(cache) == [0, 1, 2, 3]
    assert "did not keep a model" not in caplog.text


def test_a_model_that_another_process_drops_meanwhile_counts_as_dropped(cache, monkeypatch):
    for i in range(3):
        put(cache, i, age=100 - i)
    smaller = TrainingCache(cache.folder, max_models=2)
    real = Path.stat

    def dropped(path, *args, **more):
        if path == cache.folder / KEYS[0]:
            shutil.rmtree(path, ignore_errors=True)
        return real(path, *args, **more)

    monkeypatch.setattr(Path, "stat", dropped)
    smaller.put(KEYS[3], synthetic.model(seed=3))
    monkeypatch.undo()
    assert numbers(cache) == [2, 3]


def test_a_damaged_entry_that_can_not_be_dropped_is_absent(cache, monkeypatch):
    put(cache, 0, age=0)
    (cache.folder / KEYS[0] / "weights.npz").write_bytes(b"half")

    def refuse(path, *args):
        raise PermissionError(13, "not permitted", str(path))

    monkeypatch.setattr(Path, "replace", refuse)
    assert cache.get(KEYS[0]) is None


def test_a_read_only_cache_can_be_read(cache, monkeypatch):
    put(cache, 0, age=0)

    def refuse(path, *args, **more):
        raise PermissionError(13, "not permitted", str(path))

    monkeypatch.setattr(os, "utime", refuse)
    assert cache.get(KEYS[0]) is not None


@pytest.fixture
def version(tmp_path, monkeypatch):
    """Return the version of a copy of the package, after an edit of one of its files."""
    shutil.copytree(
        training_cache.PACKAGE, tmp_path / "copy", ignore=shutil.ignore_patterns("__pycache__")
    )
    monkeypatch.setattr(training_cache, "PACKAGE", tmp_path / "copy")

    def edited(name="learning/targets.py", edit=lambda text: text):
        path = tmp_path / "copy" / name
        text = path.read_text()
        path.write_text(edit(text))
        training_cache.recipe_version.cache_clear()
        result = training_cache.recipe_version()
        path.write_text(text)
        return result

    yield edited
    training_cache.recipe_version.cache_clear()


def test_the_version_changes_with_the_code_of_every_file_of_the_recipe(version):
    before = version()
    assert len(before) == 12
    assert version("learning/bundles.py", lambda text: text + "x = 1\n") == before
    changed = {version(name, lambda text: text + "x = 1\n") for name in training_cache.RECIPE}
    assert before not in changed
    assert len(changed) == len(training_cache.RECIPE)


def test_the_version_is_part_of_the_key(monkeypatch):
    history, spec = synthetic.history(), synthetic.spec()
    before = training_cache.key(history, spec)
    monkeypatch.setattr(training_cache, "recipe_version", lambda: "another")
    assert training_cache.key(history, spec) != before


def test_the_version_changes_with_the_libraries(version, monkeypatch):
    before = version()
    for library in ("keras", "numpy"):
        monkeypatch.setattr(
            training_cache.importlib.metadata,
            "version",
            lambda name, library=library: f"{name} {'2' if name == library else '1'}",
        )
        assert version() != before
        before = version()


CODE = '''"""A module."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from cryptoforecast.learning.targets import actual_prices

if TYPE_CHECKING:
    from cryptoforecast.types import Array

#: How many.
COUNT = 3


class Rule:
    """A rule."""

    limit: int = 5


@cache
def total(values, start: float = 0.5) -> float:
    """Add up."""
    sums: Array = np.cumsum(values)  # all of them
    "An explanation."
    return start + COUNT * sums[-1] if len(sums) > 2 else actual_prices(values, -1, 1)
'''


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"""Add up."""', '"""Add up all values, and then some."""'),
        ('"""Add up."""\n', "\n"),
        ('"""A module."""', '"""Another description."""'),
        ('"""A rule."""', '"""A rule that must be kept."""'),
        ('"An explanation."', '"Another explanation."'),
        ("  # all of them", ""),
        ("#: How many.\n", "\n\n# A comment of\n# two lines.\n"),
        ("start + COUNT * sums[-1]", "(start\n            + (COUNT * sums[-1]))"),
        ("def total(values, start: float = 0.5) -> float:", "def total(values, start=0.5):"),
        ("sums: Array = ", "sums = "),
        ("import Array", "import Array, PriceHistory"),
        ("if TYPE_CHECKING:\n    from cryptoforecast.types import Array\n", ""),
        ("cryptoforecast.learning.targets import", "cryptoforecast.forecasting.goals import"),
        ("from cryptoforecast.learning.targets", "from .targets"),
        ("import numpy as np\n", "import numpy as np\nimport os\n"),
        (
            "from functools import cache\nfrom typing import TYPE_CHECKING\n",
            "from typing import TYPE_CHECKING\nfrom functools import cache\n",
        ),
    ],
)
def test_edits_without_an_effect_are_the_same_code(old, new):
    assert CODE.count(old) == 1
    assert training_cache.code_only(CODE.replace(old, new)) == training_cache.code_only(CODE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("COUNT = 3", "COUNT = 4"),
        ("COUNT = 3", "COUNT = 3.0"),
        ("COUNT = 3", "NUMBER = 3"),
        ("start: float = 0.5", "start: float = 0.25"),
        ("limit: int = 5", "limit: int = 6"),
        ("limit: int = 5", "limit: float = 5"),
        ("start + COUNT", "start - COUNT"),
        ("> 2", ">= 2"),
        ("sums[-1]", "sums[1]"),
        ("np.cumsum", "np.cumprod"),
        ("@cache\n", ""),
        ("import numpy as np", "import cupy as np"),
        ("from functools import cache", "from somewhere import cache"),
        ("import actual_prices", "import cumulative_returns as actual_prices"),
        ("if TYPE_CHECKING:", "if COUNT:"),
        ("import Array\n", "import Array\nelse:\n    COUNT = 9\n"),
    ],
)
def test_edits_with_an_effect_are_other_code(old, new):
    assert CODE.count(old) == 1
    assert training_cache.code_only(CODE.replace(old, new)) != training_cache.code_only(CODE)


def test_what_runs_where_types_are_not_checked_is_code():
    one, other = (
        CODE.replace("import Array\n", f"import Array\nelse:\n    Array = {number}\n")
        for number in (1, 2)
    )
    assert training_cache.code_only(one) != training_cache.code_only(other)


def test_a_moved_module_keeps_the_version(version, monkeypatch):
    before = version()
    old = training_cache.PACKAGE / "learning" / "targets.py"
    old.rename(training_cache.PACKAGE / "forecasting" / "goals.py")
    for name in training_cache.RECIPE:
        path = training_cache.PACKAGE / name
        if path.exists():
            path.write_text(path.read_text().replace("learning.targets", "forecasting.goals"))
    moved = [
        "forecasting/goals.py" if name == "learning/targets.py" else name
        for name in reversed(training_cache.RECIPE)
    ]
    monkeypatch.setattr(training_cache, "RECIPE", moved)
    assert version("learning/training.py") == before


#: Loaded by a training, but without an effect on what it gives.
WITHOUT_EFFECT = {
    "errors.py",  # messages
    "learning/threads.py",  # speed
    "prices/candles/findings.py",  # sentences of the quality report
    "prices/candles/resample.py",  # lengths of candles, for the quality report
    "types/ablation.py",  # what an input contributes
    "types/anomalies.py",  # what is unusual in prices
    "types/coin_board.py",  # how a recipe did on each coin
    "types/confidence.py",  # how sure a difference is
    "types/durations.py",  # words for lengths of time
    "types/evaluation.py",  # what a test gives
    "types/indicators.py",  # indicators of a chart
    "types/judgement.py",  # what a test comes to
    "types/lessons.py",  # what a lesson shows
    "types/moments.py",  # words for times
    "types/next_steps.py",  # what comes after the last candle
    "types/paths.py",  # paths of a forecast
    "types/predictor_names.py",  # what a predictor is called
    "types/quotes.py",  # how a price is written
    "types/reliability.py",  # how often a band held
    "types/search.py",  # what a search tries and finds
    "types/teamwork.py",  # how far several workers are
    "types/users.py",  # who asks
    "types/walk_forward.py",  # what a test with several fits gives
}


@pytest.mark.slow
def test_the_recipe_is_complete():
    program = """if True:
        import json, sys
        from pathlib import Path
        from cryptoforecast.learning import training
        from tests import synthetic
        before = set(sys.modules)
        spec = synthetic.spec(loss="mse", target="price", features=("close",), epochs=1)
        training.train(synthetic.history(), spec)
        names = [name for name in sys.modules if name.split(".")[0] == "cryptoforecast"]
        files = [Path(sys.modules[name].__file__) for name in names]
        print(json.dumps([str(file) for file in files if file.name != "__init__.py"]))
    """
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=training_cache.PACKAGE.parent,
    )
    loaded = {
        Path(file).relative_to(training_cache.PACKAGE).as_posix()
        for file in json.loads(done.stdout.splitlines()[-1])
    }
    # Of the test's own imports:
    helpers = {
        "learning/bundles.py", "learning/bundle_folder.py", "learning/bundle_format.py",
        "whole_files.py",
    }  # fmt: skip
    assert loaded - WITHOUT_EFFECT - helpers == set(training_cache.RECIPE)


@pytest.mark.parametrize(
    "text", ["", "0" * 31, "0" * 33, "g" * 32, "../" + "0" * 29, "0" * 31 + "\n", "A" * 32]
)
def test_other_texts_are_no_keys(text):
    assert not training_cache.is_key(text)


def test_a_key_may_have_every_digit():
    assert training_cache.is_key("0123456789abcdef" * 2)


def test_first_trainings_at_once_do_not_parse_the_recipe_at_once(monkeypatch):
    inside, most, barrier = [], [], threading.Barrier(4)
    code_only = training_cache.code_only

    def spied(source):
        inside.append(source)
        most.append(len(inside))
        time.sleep(0.002)
        try:
            return code_only(source)
        finally:
            inside.remove(source)

    def first(_):
        barrier.wait(20)
        return training_cache.recipe_version()

    expected = training_cache.recipe_version()
    monkeypatch.setattr(training_cache, "code_only", spied)
    training_cache.recipe_version.cache_clear()
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(first, range(4))) == {expected}
    assert max(most) == 1
