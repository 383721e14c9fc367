"""Bundles come back bit for bit; saving, renaming and deleting lose nothing."""

import dataclasses
import json
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from cryptoforecast.errors import (
    AlreadyExists,
    CryptoForecastError,
    InvalidBundle,
    InvalidInput,
    UnknownModel,
)
from cryptoforecast.learning import bundle_archive, bundle_format, bundles
from tests import synthetic
from tests.learning.comparisons import assert_same_forecasts

SPECS = (
    {"network": "lstm", "horizon": 3, "units": (5, 3)},
    {"network": "dense", "target": "price", "loss": "mse"},
)


@pytest.mark.parametrize("change", SPECS, ids=str)
def test_save_load_predict_is_the_identity(tmp_path, change):
    model = synthetic.model(synthetic.spec(**change))
    loaded = bundles.load(bundles.save(model, tmp_path / "new" / "folder", "mine"))
    assert_same_forecasts(model, loaded)
    assert (loaded.spec, loaded.record, loaded.card) == (model.spec, model.record, model.card)
    assert hash(loaded.spec) == hash(model.spec)


def test_a_really_trained_network_comes_back_too(tmp_path, lstm, dense):
    for name, model in (("lstm", lstm), ("dense", dense)):
        loaded = bundles.load(bundles.save(model, tmp_path, name))
        assert_same_forecasts(model, loaded)
        assert loaded.card == model.card
    assert bundles.names(tmp_path) == ["dense", "lstm"]


@pytest.mark.parametrize(
    ("verdict", "outcomes"),
    [
        ("Beats the last price: its error is 0.4 % smaller", {"dense": "better"}),
        ("Loses badly to the last price 24 hours ahead: its error is", {"dense": "worse"}),
        ("Does not beat the last price 24 hours ahead", {"dense": "tie"}),
        ("Too few forecasts to tell", {}),
        ("", {}),
    ],
)
def test_the_outcome_of_an_older_model_is_that_of_its_sentence(tmp_path, verdict, outcomes):
    folder = bundles.save(synthetic.model(verdict=verdict), tmp_path, "older")
    file = folder / "bundle.json"
    content = json.loads(file.read_text())
    for name in ("outcomes", "origins", "gain"):
        del content["card"][name]
    file.write_text(json.dumps(content))
    card = bundles.load(folder).card
    assert (card.outcomes, card.origins, card.gain) == (outcomes, 0, None)
    content["card"]["outcomes"] = {"dense": "tie", "stack": "better"}
    file.write_text(json.dumps(content))
    assert bundles.load(folder).card.outcomes == content["card"]["outcomes"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("outcomes", {"dense": "great"}), ("outcomes", {"dense": []}), ("outcomes", []),
     ("outcomes", None), ("gain", "much"), ("gain", [1]), ("origins", 1.5)],
)  # fmt: skip
def test_what_a_test_found_is_checked(tmp_path, name, value):
    folder = bundles.save(synthetic.model(), tmp_path, "altered")
    file = folder / "bundle.json"
    content = json.loads(file.read_text())
    content["card"][name] = value
    file.write_text(json.dumps(content))
    with pytest.raises(InvalidBundle):
        bundles.load(folder)


def test_saving_the_same_model_gives_the_same_bytes(tmp_path):
    one, other = (bundles.save(synthetic.model(), tmp_path, name) for name in ("a", "b"))
    for file in ("bundle.json", "weights.npz"):
        assert (one / file).read_bytes() == (other / file).read_bytes()
    assert sorted(path.name for path in one.iterdir()) == ["bundle.json", "weights.npz"]


# ------------------------------------------------------------------ names


@pytest.mark.parametrize(
    "name",
    [
        "", ".", "..", "../mine", "a/b", "/etc", "a\\b", "mine\n", "a\nb", "mine\x00", "a..b",
        "mine.", "-mine", ".mine", "Mine", "mein-modell-ä", "a b", "x" * 65, "~", "%2e%2e",
    ],
)  # fmt: skip
def test_names_that_lead_elsewhere_are_refused_everywhere(tmp_path, name):
    text = "A model's name must be 1 to 64 small letters"
    folder = tmp_path / "models"
    with pytest.raises(InvalidInput, match=text):
        bundles.save(synthetic.model(), folder, name)
    with pytest.raises(InvalidInput, match=text):
        bundles.delete(folder, name)
    with pytest.raises(InvalidInput):
        bundles.rename(folder, name, "new")
    with pytest.raises(InvalidInput):
        bundles.rename(folder, "mine", name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a", "btc-1h-lstm-close", "v1.2_b", "0" * 64])
def test_good_names(tmp_path, name):
    bundles.save(synthetic.model(), tmp_path, name)
    assert bundles.names(tmp_path) == [name]


# ------------------------------------------------------------------ overwriting, deleting


def test_overwriting_needs_force(tmp_path, bundle):
    other = synthetic.model(seed=9)
    with pytest.raises(AlreadyExists, match=r"A model named mine exists. .*--force"):
        bundles.save(other, tmp_path, "mine")
    with pytest.raises(AlreadyExists, match="A model named mine exists"):
        bundles.check_free(tmp_path, "mine")
    bundles.check_free(tmp_path, "mine", force=True)
    assert_same_forecasts(bundles.load(bundle), synthetic.model())
    bundles.save(other, tmp_path, "mine", force=True)
    assert_same_forecasts(bundles.load(bundle), other)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_deleting(tmp_path, bundle):
    bundles.delete(tmp_path, "mine")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(UnknownModel, match="No saved model of yours is named mine"):
        bundles.delete(tmp_path, "mine")
    with pytest.raises(UnknownModel, match="No saved model is named mine"):
        bundles.load(bundle)


def test_renaming_moves_a_model_and_replaces_none(tmp_path, bundle):
    folder = bundle.parent
    bundles.save(synthetic.model(seed=2), folder, "other")
    (bundle / "notes.txt").write_text("mine")
    before = (bundle / "bundle.json").read_bytes()
    with pytest.raises(AlreadyExists, match="other exists"):
        bundles.rename(folder, bundle.name, "other")
    bundles.rename(folder, bundle.name, "new")
    assert bundles.names(folder) == ["new", "other"]
    assert (folder / "new" / "bundle.json").read_bytes() == before
    assert (folder / "new" / "notes.txt").read_text() == "mine"
    with pytest.raises(UnknownModel, match="Nothing was renamed"):
        bundles.rename(folder, bundle.name, "again")
    assert bundles.names(folder) == ["new", "other"]


def test_a_name_that_is_taken_in_the_last_moment_stays_what_it_is(tmp_path, bundle, monkeypatch):
    folder = bundle.parent
    monkeypatch.setattr(bundles, "check_free", lambda *_, **__: None)  # it was free when we looked
    bundles.save(synthetic.model(seed=2), folder, "model")
    (folder / "file").write_text("no model")
    (folder / "being-copied").mkdir()
    (folder / "being-copied" / "weights.npz").write_bytes(b"half")
    content = bundles.load(folder / "model").weights[0].tobytes()
    for name in ("model", "file", "being-copied"):
        with pytest.raises(AlreadyExists, match=f"{name} exists"):
            bundles.rename(folder, bundle.name, name)
    assert bundles.load(folder / "model").weights[0].tobytes() == content
    assert (folder / "file").read_text() == "no model"
    assert bundle.name in bundles.names(folder)


def test_of_many_renames_at_once_one_succeeds(tmp_path, bundle):
    folder = bundle.parent

    def rename(number: int) -> bool:
        try:
            bundles.rename(folder, bundle.name, f"new-{number % 3}")
        except (AlreadyExists, UnknownModel):
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(rename, range(24))) == 1
    assert len(bundles.names(folder)) == 1


def test_a_link_is_not_renamed(tmp_path, bundle):
    (bundle.parent / "link").symlink_to(bundle)
    with pytest.raises(InvalidInput, match="A link can't be renamed"):
        bundles.rename(bundle.parent, "link", "new")


def test_a_zipped_model_is_read_where_it_is_unpacked(tmp_path):
    model = synthetic.model(seed=4)
    archive = tmp_path / "mine.zip"
    archive.write_bytes(bundle_archive.pack(model, "mine"))
    with zipfile.ZipFile(archive) as file:
        assert sorted(file.namelist()) == ["mine/bundle.json", "mine/weights.npz"]
        file.extractall(tmp_path / "elsewhere")
    again = bundles.load(tmp_path / "elsewhere" / "mine")
    assert again.spec == model.spec
    for left, right in zip(again.weights, model.weights, strict=True):
        assert np.array_equal(left, right)


def test_a_linked_model_is_read_and_deleting_it_leaves_the_original(tmp_path, bundle):
    folder = tmp_path / "others"
    folder.mkdir()
    (folder / "link").symlink_to(bundle)
    assert bundles.names(folder) == ["link"]
    assert_same_forecasts(bundles.load(folder / "link"), synthetic.model())
    with pytest.raises(AlreadyExists, match=r"A link can't be replaced.*delete link first"):
        bundles.save(synthetic.model(seed=9), folder, "link", force=True)
    bundles.delete(folder, "link")
    assert bundles.names(folder) == []
    assert_same_forecasts(bundles.load(bundle), synthetic.model())


def test_a_link_that_leads_nowhere_is_not_overwritten_but_can_be_deleted(tmp_path):
    (tmp_path / "mine").symlink_to(tmp_path / "gone")
    for force in (False, True):
        with pytest.raises(AlreadyExists):
            bundles.save(synthetic.model(), tmp_path, "mine", force=force)
    bundles.delete(tmp_path, "mine")
    bundles.save(synthetic.model(), tmp_path, "mine")
    assert bundles.names(tmp_path) == ["mine"]


def test_deleting_and_overwriting_leave_what_is_not_ours(tmp_path, bundle):
    (bundle / "notes.txt").write_text("mine")
    bundles.save(synthetic.model(seed=9), tmp_path, "mine", force=True)
    bundles.delete(tmp_path, "mine")
    assert [path.name for path in bundle.iterdir()] == ["notes.txt"]
    assert bundles.names(tmp_path) == []
    bundles.save(synthetic.model(), tmp_path, "mine")
    assert (bundle / "notes.txt").read_text() == "mine"


def test_weights_without_a_bundle_may_be_a_copy_that_has_begun(tmp_path, bundle):
    (bundle / "bundle.json").rename(tmp_path / "comes-later")
    bundles.tidy(tmp_path)
    (tmp_path / "comes-later").rename(bundle / "bundle.json")
    assert_same_forecasts(bundles.load(bundle), synthetic.model())


# ------------------------------------------------------------------ crashes, full disks


def test_a_model_may_be_replaced_while_it_is_read(tmp_path, bundle, monkeypatch):
    """The reader has the old bundle.json when the old weights are removed: it starts again."""
    read_spec = bundle_format.read_spec

    def overtaken(text):
        monkeypatch.undo()
        bundles.save(synthetic.model(seed=9), tmp_path, "mine", force=True)
        return read_spec(text)

    monkeypatch.setattr(bundle_format, "read_spec", overtaken)
    assert_same_forecasts(bundles.load(bundle), synthetic.model(seed=9))


def test_a_model_may_be_deleted_while_it_is_read(tmp_path, bundle, monkeypatch):
    read_spec = bundle_format.read_spec

    def overtaken(text):
        bundles.delete(tmp_path, "mine")
        return read_spec(text)

    monkeypatch.setattr(bundle_format, "read_spec", overtaken)
    with pytest.raises(UnknownModel):
        bundles.load(bundle)


@pytest.mark.parametrize("folder", [".old-ab12cd_9/mine", ".new-ab12cd_9"])
@pytest.mark.parametrize("replaced", [False, True])
def test_what_earlier_versions_left_is_brought_back_or_removed(tmp_path, bundle, folder, replaced):
    (tmp_path / folder).parent.mkdir(exist_ok=True)
    bundle.rename(tmp_path / folder)
    is_old = "old" in folder
    if replaced or not is_old:
        bundles.save(synthetic.model(seed=9), tmp_path, "mine")
    bundles.tidy(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    brought_back = is_old and not replaced
    assert_same_forecasts(bundles.load(bundle), synthetic.model(seed=0 if brought_back else 9))


@pytest.mark.parametrize("call", ["replace", "mkdir"])
def test_a_write_that_fails_leaves_the_old_model_and_nothing_else(
    tmp_path, bundle, monkeypatch, call
):
    def failing(*args, **more):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, call, failing)
    with pytest.raises(CryptoForecastError, match="No space left on device"):
        bundles.save(synthetic.model(seed=9), tmp_path, "mine", force=True)
    monkeypatch.undo()
    assert_same_forecasts(bundles.load(bundle), synthetic.model())
    files = sorted(path.name for path in bundle.iterdir())
    assert files == ["bundle.json", "weights.npz"]


def test_a_folder_that_can_not_be_written_is_told_with_the_remedy(tmp_path):
    (tmp_path / "file").write_text("in the way")
    folder = tmp_path / "file" / "models"
    text = r"needs a folder that can be written.*Received: .*file/models.*CRYPTOFORECAST_HOME"
    with pytest.raises(CryptoForecastError, match=text):
        bundles.save(synthetic.model(), folder, "mine")
    assert bundles.names(folder) == []


@pytest.mark.parametrize("change", ["weights", "verdict"])
def test_what_could_not_be_read_again_is_not_saved(tmp_path, bundle, change):
    model = synthetic.model(seed=9, **({"verdict": "\ud800"} if change == "verdict" else {}))
    if change == "weights":
        weights = [array.copy() for array in model.weights]
        weights[0][0] = np.nan
        model = dataclasses.replace(model, weights=tuple(weights))
    with pytest.raises(InvalidInput, match="A model must be finite numbers and plain texts"):
        bundles.save(model, tmp_path, "mine", force=True)
    assert_same_forecasts(bundles.load(bundle), synthetic.model())
    assert sorted(path.name for path in bundle.iterdir()) == ["bundle.json", "weights.npz"]


def test_foreign_entries_are_no_models(tmp_path, bundle):
    for name in ("empty", "Capital", "new\nline", ".new-abc"):
        (tmp_path / name).mkdir()
    for name in ("Capital", "new\nline", ".new-abc"):
        (tmp_path / name / "bundle.json").write_text("{}")
    (tmp_path / "folder" / "bundle.json").mkdir(parents=True)
    (tmp_path / "dangling").mkdir()
    (tmp_path / "dangling" / "bundle.json").symlink_to(tmp_path / "gone")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "file").write_text("")
    assert bundles.names(tmp_path) == ["mine"]
    assert bundles.names(tmp_path / "gone") == []
    for name in ("empty", "folder", "dangling", "loop", "file"):
        with pytest.raises(UnknownModel):
            bundles.load(tmp_path / name)
