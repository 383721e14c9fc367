"""The archive of a saved model: the same model comes out, and nothing else ever does."""

import io
import json
import zipfile

import numpy as np
import pytest

from cryptoforecast.errors import InvalidBundle, InvalidInput
from cryptoforecast.learning import bundle_archive
from tests import synthetic


@pytest.fixture(scope="module")
def archive() -> bytes:
    return bundle_archive.pack(synthetic.model(seed=4), "mine")


def parts(archive: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        return {name: file.read(name) for name in file.namelist()}


def archive_of(files: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", compression) as file:
        for name, content in files.items():
            file.writestr(name, content)
    return target.getvalue()


def test_a_model_comes_out_as_it_went_in(archive):
    model = synthetic.model(seed=4)
    name, again = bundle_archive.unpack(archive)
    assert name == "mine"
    assert (again.spec, again.card, again.record) == (model.spec, model.card, model.record)
    for left, right in zip(again.weights, model.weights, strict=True):
        np.testing.assert_array_equal(left, right)


def test_the_same_model_gives_the_same_bytes(archive):
    assert bundle_archive.pack(synthetic.model(seed=4), "mine") == archive


def test_a_folder_packed_by_another_program_is_read(archive):
    files = {"mine/": b"", **dict(reversed(parts(archive).items()))}
    assert bundle_archive.unpack(archive_of(files, zipfile.ZIP_DEFLATED))[0] == "mine"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda files: {**files, "mine/more.py": b"import os"}, "nothing else"),
        (lambda files: {**files, "../../evil": b"x"}, "nothing else"),
        (lambda files: {f"../{k.split('/')[1]}": v for k, v in files.items()}, None),
        (lambda files: {f"/a/{k.split('/')[1]}": v for k, v in files.items()}, "one folder"),
        (lambda files: {f"a/{k}": v for k, v in files.items()}, "one folder"),
        (lambda files: {k.split("/")[1]: v for k, v in files.items()}, "one folder"),
        (lambda files: dict(list(files.items())[:1]), "one folder"),
        (lambda files: {"a/bundle.json": b"{}", "b/weights.npz": b""}, "one folder"),
        (lambda files: {"a/bundle.jso": b"{}", "a/weights.npz": b""}, "bundle.json is missing"),
        (lambda files: {**files, "mine/bundle.json": b"{"}, "Expecting"),
        (lambda files: {**files, "mine/bundle.json": b" " * 1_000_001}, "at most 1,000,000"),
        (lambda files: {**files, "mine/weights.npz": files["mine/weights.npz"][:-1]}, "altered"),
        (lambda files: {**files, "mine/weights.npz": bytes(10**7)}, "must be at most"),
    ],
)
def test_an_altered_archive_is_refused(archive, change, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    altered = archive_of(change(parts(archive)), zipfile.ZIP_DEFLATED)
    if words is None:  # a folder of a name that the service refuses
        assert bundle_archive.unpack(altered)[0] == ".."
    else:
        with pytest.raises(InvalidBundle, match=words):
            bundle_archive.unpack(altered)
    assert not list(tmp_path.iterdir())
    assert not list(tmp_path.parent.glob("evil"))


def test_an_archive_that_would_be_too_large_to_import_is_not_made(archive, monkeypatch):
    monkeypatch.setattr(bundle_archive, "MAX_BYTES", len(archive))
    name, model = bundle_archive.unpack(bundle_archive.pack(synthetic.model(seed=4), "mine"))
    monkeypatch.setattr(bundle_archive, "MAX_BYTES", len(archive) - 1)
    most = f"{len(archive) - 1:,} bytes"
    with pytest.raises(InvalidInput, match=f"at most {most}.* Received: mine, .*{len(archive):,}"):
        bundle_archive.pack(model, name)


@pytest.mark.parametrize(
    "content", [b"", b"no", b"PK\x05\x06" + bytes(18), b"PK\x03\x04" + bytes(30), b"\x00" * 100]
)
def test_what_is_no_archive_is_refused(content):
    with pytest.raises(InvalidBundle, match="holds no model that can be read"):
        bundle_archive.unpack(content)


def test_other_compressions_and_links_are_no_way_out(archive):
    with pytest.raises(InvalidBundle, match="stored or deflated"):
        bundle_archive.unpack(archive_of(parts(archive), zipfile.ZIP_LZMA))
    link = zipfile.ZipInfo("mine/bundle.json")
    link.external_attr = 0o120777 << 16
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as file:
        file.writestr(link, "/etc/passwd")
        file.writestr("mine/weights.npz", b"")
    with pytest.raises(InvalidBundle):  # its content is read as JSON, and the link not followed
        bundle_archive.unpack(target.getvalue())


def test_a_changed_number_breaks_a_checksum_or_a_rule(archive):
    files = parts(archive)
    content = json.loads(files["mine/bundle.json"])
    content["spec"]["units"] = [5]
    files["mine/bundle.json"] = json.dumps(content).encode()
    with pytest.raises(InvalidBundle):
        bundle_archive.unpack(archive_of(files))
