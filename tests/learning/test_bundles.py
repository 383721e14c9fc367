"""Bundles come back bit for bit, and a hostile or damaged one is refused with the reason."""

import dataclasses
import hashlib
import io
import json
import os
import pickle
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
from cryptoforecast.learning import bundle_archive, bundle_format, bundles, inference
from tests import synthetic

SPECS = (
    {"network": "lstm", "horizon": 3, "units": (5, 3)},
    {"network": "dense", "target": "price", "loss": "mse"},
)


@pytest.fixture
def bundle(tmp_path) -> Path:
    return bundles.save(synthetic.model(), tmp_path, "mine")


def assert_same_forecasts(one, other):
    history = synthetic.history(200)
    a, b = (inference.forecast(model, history, range(100, 200)) for model in (one, other))
    np.testing.assert_array_equal(a.quantiles, b.quantiles)
    np.testing.assert_array_equal(a.predicted, b.predicted)


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


# ------------------------------------------------------------------ damage and malice


def refused(bundle: Path, reason: str = "can't be read") -> None:
    with pytest.raises(InvalidBundle, match=reason) as caught:
        bundles.load(bundle)
    assert "Delete it, or save it again." in str(caught.value)
    assert len(str(caught.value)) < 500
    str(caught.value).encode()
    assert "\n" not in str(caught.value)


def rewrite(bundle: Path, change) -> None:
    content = json.loads((bundle / "bundle.json").read_text())
    change(content)
    (bundle / "bundle.json").write_text(json.dumps(content))


def repack(bundle: Path, archive: bytes) -> None:
    """Replace the weights, with the checksum a forger would put."""
    (bundle / "weights.npz").write_bytes(archive)
    digest = hashlib.sha256(archive).hexdigest()
    rewrite(bundle, lambda content: content["checksums"].update({"weights.npz": digest}))


def packed(arrays, **options) -> bytes:
    archive = io.BytesIO()
    np.savez_compressed(archive, **arrays, **options)
    return archive.getvalue()


def arrays_of(bundle: Path) -> dict[str, np.ndarray]:
    with np.load(bundle / "weights.npz") as arrays:
        return dict(arrays)


def test_repacking_itself_is_harmless(bundle):
    """So that the refusals below are for their own reasons."""
    repack(bundle, packed(arrays_of(bundle)))
    assert_same_forecasts(bundles.load(bundle), synthetic.model())


@pytest.mark.parametrize("position", [0, 200, -1])
def test_altered_weights(bundle, position):
    content = bytearray((bundle / "weights.npz").read_bytes())
    content[position] ^= 1
    (bundle / "weights.npz").write_bytes(content)
    refused(bundle, "altered: its checksum differs")


def test_a_wrong_and_a_missing_checksum(bundle):
    rewrite(bundle, lambda content: content["checksums"].update({"weights.npz": "0" * 64}))
    refused(bundle, "checksum differs")
    rewrite(bundle, lambda content: content.update(checksums={}))
    refused(bundle, "weights.npz")
    rewrite(bundle, lambda content: content.update(checksums=["weights.npz"]))
    refused(bundle, "`checksums` must be an object")


def test_missing_weights(bundle):
    (bundle / "weights.npz").unlink()
    refused(bundle, r"weights.npz must be a file")


@pytest.mark.parametrize("target", ["/dev/zero", "pipe"])
def test_weights_that_never_end(bundle, tmp_path, target):
    (bundle / "weights.npz").unlink()
    os.mkfifo(tmp_path / "pipe")
    (bundle / "weights.npz").symlink_to(tmp_path / target)
    refused(bundle, r"weights.npz must be a file")


@pytest.mark.parametrize("change", ["extra", "missing", "renamed", "doubled"])
def test_other_arrays_than_the_spec_has(bundle, change):
    arrays = arrays_of(bundle)
    if change == "extra":
        arrays["w04"] = np.zeros(1, np.float32)
    else:
        last = arrays.pop("w03")
        if change == "renamed":
            arrays["weights"] = last
        if change == "doubled":
            arrays["../w03"] = last
    repack(bundle, packed(arrays))
    refused(bundle, "must hold 4 arrays and nothing else")


@pytest.mark.parametrize(
    "bad",
    [
        np.zeros((3, 3), np.float32), np.zeros(9, np.complex64), np.zeros(9, "S4"),
        np.zeros(9, bool), np.full(9, np.nan, np.float32), np.full(9, np.inf, np.float32),
        np.zeros(9, "M8[s]"), np.zeros(9, [("a", "f4")]), np.zeros((9, 1), np.float32),
    ],
    ids=lambda array: f"{array.dtype}{array.shape}",
)  # fmt: skip
def test_arrays_of_other_shapes_and_kinds(bundle, bad):
    repack(bundle, packed(arrays_of(bundle) | {"w03": bad}))
    refused(bundle, r"Expected finite numbers of shape \(9,\)")


class Bang:
    """Unpickling this makes a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_pickles_are_refused_and_never_run(bundle, tmp_path):
    mark, arrays = tmp_path / "ran", arrays_of(bundle)
    payload = np.array([Bang(mark)] * 9, dtype=object)
    repack(bundle, packed(arrays | {"w03": payload}))
    refused(bundle, "allow_pickle=False")
    repack(bundle, pickle.dumps(Bang(mark)))
    refused(bundle, "not a zip file")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as entries:
        for name in arrays:
            entries.writestr(f"{name}.npy", pickle.dumps(Bang(mark)))
    repack(bundle, archive.getvalue())
    refused(bundle, "Received: ")
    assert not mark.exists()
    pickle.loads(pickle.dumps(Bang(mark)))
    assert mark.exists()  # it would have


def zipped(bundle: Path, last: bytes, compression=zipfile.ZIP_DEFLATED) -> bytes:
    """The bundle's archive with other bytes in place of its last array."""
    archive = io.BytesIO()
    with (
        zipfile.ZipFile(bundle / "weights.npz") as old,
        zipfile.ZipFile(archive, "w", compression) as new,
    ):
        for name in old.namelist()[:-1]:
            new.writestr(name, old.read(name))
        new.writestr("w03.npy", last)
    return archive.getvalue()


def npy(header: str) -> bytes:
    text = header.encode().ljust(118) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


def test_a_zip_bomb(bundle):
    repack(bundle, zipped(bundle, bytes(1_000_000)))
    refused(bundle, "must unpack to at most")


@pytest.mark.parametrize("network", ["lstm", "dense"])
def test_weights_may_have_their_own_bytes_and_a_thousand_an_array(network):
    spec = synthetic.spec(network=network, training="windows")
    weights = synthetic.model(spec).weights
    assert {array.dtype for array in weights} == {np.dtype(np.float32)}
    allowed = sum(array.nbytes + 1000 for array in weights)
    assert bundle_format.max_archive_bytes(spec) == allowed


def test_a_zip_bomb_that_lies_about_its_size(bundle):
    archive = bytearray(zipped(bundle, bytes(1_000_000)))
    size = (1_000_000).to_bytes(4, "little")
    assert archive.count(size) == 2
    repack(bundle, bytes(archive.replace(size, (100).to_bytes(4, "little"))))
    refused(bundle)


def test_an_oversized_archive(bundle):
    repack(bundle, zipped(bundle, os.urandom(50_000)))
    refused(bundle, r"weights.npz must be at most \d+ bytes")


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f4', 'fortran_order': False, 'shape': (100000000000000,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }",
        "{'descr': '|O', 'fortran_order': False, 'shape': (9,), }",
        "__import__('os').mkdir('ran')",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (9L,), }",
        "(" * 100,
        "'",
        "  x\n y\n",
    ],
    ids=range(9),
)
def test_npy_headers_made_up(bundle, header, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    repack(bundle, zipped(bundle, npy(header) + bytes(36)))
    refused(bundle)
    assert not Path("ran").exists()


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions(bundle, compression):
    repack(bundle, zipped(bundle, bytes(100), compression))
    refused(bundle, "nothing else")


def test_broken_compression_and_encryption(bundle):
    whole = (bundle / "weights.npz").read_bytes()
    archive = bytearray(whole)
    start = archive.index(b"w00.npy") + 40
    archive[start : start + 20] = bytes(20)
    repack(bundle, bytes(archive))
    refused(bundle)
    archive = bytearray(whole)
    archive[6] |= 1  # "encrypted", in the first entry and in the directory
    archive[archive.index(b"PK\x01\x02") + 8] |= 1
    repack(bundle, bytes(archive))
    refused(bundle, "encrypted")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Expecting value"), ("not json", "Expecting value"), ("[]", "list"),
        ("null", "NoneType"),
        ("[" * 100_000, "recursion"), ('{"format": 1}', "spec"), ('{"a":' * 100_000, "recursion"),
        (" " * 1_000_001, "bundle.json must be at most 1000000 bytes"),
        ("\ufffe", "Expecting value"),
        ('{"format": 1, "spec": []}', "features"), ('{"format": ' + "9" * 5000 + "}", "digits"),
    ],
    ids=range(11),
)  # fmt: skip
def test_json_that_is_none_or_huge_or_deep(bundle, text, reason):
    (bundle / "bundle.json").write_text(text)
    refused(bundle, reason)


def test_json_of_other_bytes(bundle):
    (bundle / "bundle.json").write_bytes(b"\xff\xfe\x00garbage")
    refused(bundle)


@pytest.mark.parametrize("version", [0, 2, "1", None, "x" * 10_000])
def test_an_unknown_format(bundle, version):
    rewrite(bundle, lambda content: content.update(format=version))
    refused(bundle, r"Expected format 1. Received: ")


@pytest.mark.parametrize("part", ["spec", "scaler", "residuals", "record", "card", "checksums"])
def test_a_missing_part(bundle, part):
    rewrite(bundle, lambda content: content.pop(part))
    refused(bundle, part)


@pytest.mark.parametrize(
    ("part", "field", "value"),
    [
        ("spec", "lookback", True), ("spec", "lookback", "8"), ("spec", "lookback", 8.0),
        ("spec", "lookback", 10**400), ("spec", "lookback", 10**9), ("spec", "lookback", -8),
        ("spec", "horizon", True), ("spec", "seed", None), ("spec", "dropout", True),
        ("spec", "dropout", "0.2"), ("spec", "dropout", float("nan")), ("spec", "units", 4),
        ("spec", "units", [True]), ("spec", "units", [4.0]), ("spec", "units", ["4"]),
        ("spec", "units", [10**6]), ("spec", "units", []), ("spec", "features", "return"),
        ("spec", "features", ["nope"]), ("spec", "features", [["return"]]),
        ("spec", "features", ["return"] * 100_000), ("spec", "network", "naive"),
        ("spec", "network", 3), ("spec", "target", "x"), ("spec", "surprise", 1),
        ("spec", "x" * 100_000, 1), ("spec", "lookback", 9), ("spec", "units", [5]),
        ("scaler", "offset", [0.0]), ("scaler", "offset", "zero"), ("scaler", "scale", None),
        ("scaler", "scale", [0.0] * 7), ("scaler", "scale", [-1.0] * 7),
        ("scaler", "scale", [float("nan")] * 7), ("scaler", "offset", [True] * 7),
        ("scaler", "target_scale", [0.0]), ("scaler", "target_scale", [[1.0]]),
        ("scaler", "offset", [10**400] * 7),
        ("record", "epochs", "2"), ("record", "epochs", True), ("record", "seconds", None),
        ("record", "curve", 5), ("record", "curve", [{"epoch": 1}]),
        ("record", "curve", [{"epoch": 1, "loss": "x", "val_loss": 1.0, "seconds": 1.0}]),
        ("record", "surprise", 1),
        ("card", "needs", 1), ("card", "needs", 31.0), ("card", "coin", 5), ("card", "coin", None),
        ("card", "interval", "7h"), ("card", "simulated", "no"), ("card", "simulated", 0),
        ("card", "rows", 1.5), ("card", "lowest", 0.0), ("card", "highest", -1.0),
        ("card", "highest", "200"), ("card", "cutoff", "then"), ("card", "cutoff", 5),
        ("card", "cutoff", "2024-01-01"), ("card", "end", ""), ("card", "scores", "good"),
        ("card", "scores", {"dense": 1}), ("card", "scores", {"dense": {"mae": "x"}}),
        ("card", "scores", {"dense": {"mae": True}}), ("card", "libraries", {"keras": 3}),
        ("card", "libraries", None), ("card", "surprise", "x\ny" * 100_000),
        ("card", "quote", 5), ("card", "quote", "DOGE"), ("card", "quote", "usd"),
        ("card", "quote", ""), ("card", "verdict", "\ud800"), ("card", "source", "a\udfffb"),
        ("card", "libraries", {"\ud800": "1"}), ("card", "libraries", {"keras": "\ud800"}),
        ("card", "scores", {"\ud800": {}}), ("card", "scores", {"dense": {"mae": 10**400}}),
        ("card", "scores", {"dense": {"mae": -(10**400)}}), ("card", "lowest", 10**400),
        ("card", "rows", 10**400), ("record", "epochs", 10**30),
        ("record", "seconds", 10**400), ("card", "cutoff", "0001-01-01T00:00+00:00"),
        ("card", "created", "9999-12-31T00:00+00:00"), ("card", "surprise\ud800", 1),
    ],
    ids=range(85),
)  # fmt: skip
def test_wrong_values(bundle, part, field, value):
    rewrite(bundle, lambda content: content[part].update({field: value}))
    refused(bundle)


@pytest.mark.parametrize("year", [1700, 2200])
def test_the_first_and_the_last_year_are_taken(bundle, year):
    created = f"{year}-06-01T00:00:00+00:00"
    rewrite(bundle, lambda content: content["card"].update(created=created))
    assert bundles.load(bundle).card.created == created


@pytest.mark.parametrize(("scope", "quote"), [("coin", "USD"), ("global", "any")])
def test_bundles_of_before_have_the_usual_quote(bundle, scope, quote):
    rewrite(bundle, lambda content: content["card"].update(scope=scope))
    rewrite(bundle, lambda content: content["card"].pop("quote"))
    assert bundles.load(bundle).card.quote == quote


@pytest.mark.parametrize("quote", ["EUR", "BTC", "KRW", "any"])
def test_the_quote_is_kept(tmp_path, quote):
    bundles.save(synthetic.model(quote=quote), tmp_path, "net")
    assert bundles.load(tmp_path / "net").card.quote == quote


def test_a_missing_field(bundle):
    rewrite(bundle, lambda content: content["card"].pop("coin"))
    refused(bundle, "coin")


def test_a_band_that_contradicts_the_loss_or_itself(tmp_path, bundle):
    rewrite(bundle, lambda content: content.update(residuals=[[0.0] * 9]))
    refused(bundle, "The band contradicts the loss")
    model = synthetic.model(synthetic.spec(loss="mse"))
    for residuals, reason in (
        (None, "contradicts the loss"),
        ([[0.0] * 8], r"shape \(1, 9\)"),
        ([[9.0 - i for i in range(9)]], "must rise"),
    ):
        other = bundles.save(model, tmp_path, "other", force=True)
        rewrite(other, lambda content, band=residuals: content.update(residuals=band))
        refused(other, reason)


def test_unknown_bounds_of_training_prices_are_allowed(tmp_path):
    model = synthetic.model(lowest=float("nan"), highest=float("nan"))
    card = bundles.load(bundles.save(model, tmp_path, "mine")).card
    assert np.isnan(card.lowest)


def test_prices_far_below_a_dollar_are_sound(tmp_path):
    model = synthetic.model(lowest=1e-9, highest=2e-9)
    bundles.save(model, tmp_path, "tiny")
    card = bundles.load(tmp_path / "tiny").card
    assert (card.lowest, card.highest) == (1e-9, 2e-9)


def test_parameters_are_counted_from_the_shapes():
    model = synthetic.model(synthetic.spec(network="lstm", units=(5, 3), horizon=2))
    assert bundles.parameters(model.spec) == sum(array.size for array in model.weights)
    assert dataclasses.replace(model.spec, units=(5,)) != model.spec
