"""A damaged or hostile bundle is refused with the reason, and nothing in it is executed."""

import dataclasses
import hashlib
import io
import json
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from cryptoforecast.errors import InvalidBundle
from cryptoforecast.learning import bundle_format, bundles
from tests import synthetic
from tests.learning.comparisons import assert_same_forecasts


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
