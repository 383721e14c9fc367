"""Saved models on the command line: one file out, the same model in."""

import json
import shutil
import zipfile

import numpy as np
import pytest

from cryptoforecast import cli
from cryptoforecast.cli import options, prices
from cryptoforecast.learning import bundle_archive, bundles
from cryptoforecast.service import shared
from cryptoforecast.settings import Settings
from tests.command_line import refused

SHIPPED = "btc-1h-lstm-close"


@pytest.fixture
def run(capsysbinary):
    """Run a command here; return its status, stdout and stderr."""

    def run(*args):
        capsysbinary.readouterr()
        try:
            status = cli.main([*map(str, args)])
        except SystemExit as end:
            status = end.code
        printed = capsysbinary.readouterr()
        return status, printed.out.decode(), printed.err.decode()

    return run


def test_a_model_goes_out_as_one_file_and_comes_in_again(run, tmp_path, home):
    file = tmp_path / "taken.zip"
    assert run("models", "export", SHIPPED, "--to", file) == (
        0, f"Exported {SHIPPED} to {file}.\n", "",
    )  # fmt: skip
    assert file.read_bytes() == shared().saved_models.zipped(SHIPPED)
    refused(run("models", "export", SHIPPED, "--to", file), "--force")
    assert json.loads(run("models", "export", SHIPPED, "--to", file, "--force", "--json")[1]) == {
        "exported": SHIPPED, "format": None, "to": str(file),
    }  # fmt: skip

    refused(run("models", "import", file), "is a model of the project's own")
    result = json.loads(run("models", "import", file, "--name", "mine", "--json")[1])
    assert (result["name"], result["shipped"]) == ("mine", False)
    original = bundles.load(Settings.from_environment().shipped / SHIPPED)
    for left, right in zip(
        bundles.load(home / "models" / "mine").weights, original.weights, strict=True
    ):
        np.testing.assert_array_equal(left, right)
    refused(run("models", "import", file, "--name", "mine"), "--force")
    status, out, _ = run("models", "import", file, "--name", "mine", "--force")
    assert status == 0
    assert out.splitlines()[0] == "Imported mine."
    # Of its own name, where that is free.
    own = tmp_path / "own.zip"
    run("models", "export", "mine", "--to", own)
    run("models", "delete", "mine")
    assert run("models", "import", own)[0] == 0
    assert bundles.names(home / "models") == ["mine"]


def test_no_archive_is_written_that_could_not_be_imported(run, tmp_path, monkeypatch):
    monkeypatch.setattr(bundle_archive, "MAX_BYTES", 1_000)
    file = tmp_path / "a.zip"
    refused(run("models", "export", SHIPPED, "--to", file), "at most 1,000 bytes")
    assert not file.exists()


def test_what_can_not_be_exported_or_imported_is_refused(run, tmp_path, home):
    file = tmp_path / "a.zip"
    refused(run("models", "export", "nothing", "--to", file), "No saved model")
    refused(run("models", "export", SHIPPED, "--to", tmp_path / "a.tar"), "must end in .zip")
    refused(run("models", "export", SHIPPED, "--to", tmp_path / "no" / "a.zip"), "no folder")
    refused(run("models", "import", file), "no file")
    refused(run("models", "import", tmp_path), "no file")
    refused(run("models", "import", "/dev/zero"), "no file")
    file.write_bytes(b"PK\x03\x04 and more")
    refused(run("models", "import", file), "holds no model")
    run("models", "export", SHIPPED, "--to", file, "--force")
    for name in ("../up", "", "A", "a/b"):
        refused(run("models", "import", file, f"--name={name}"), "small letters")
    folder = tmp_path / "elsewhere"
    with zipfile.ZipFile(file) as archive:
        archive.extractall(folder)
    (folder / SHIPPED).rename(folder / "..up")
    evil = shutil.make_archive(str(tmp_path / "evil"), "zip", folder)
    refused(run("models", "import", evil), "small letters")
    assert not (home / "models").exists()


def test_an_export_for_other_programs_is_refused_before_the_work(run, tmp_path):
    export = ("models", "export")
    refused(run(*export, SHIPPED, "--format=pt", "--to", tmp_path / "a.zip"), "keras, onnx, h5")
    refused(run(*export, SHIPPED, "--format=h5", "--to", tmp_path / "a.keras"), ".zip or .h5")
    refused(run(*export, SHIPPED, "--format=h5", "--to", tmp_path / "a.h5"), "a name in .zip")
    general = (*export, "global-1h-lstm", "--format=keras", "--to", tmp_path / "a.keras")
    refused(run(*general), "reads scaled_return")
    classic = (*export, "classic", "--format=h5", "--to", tmp_path / "a.zip")
    answer = run(*classic)
    refused(answer, "Train it first: `train ")
    remedy = answer[2].split("`")[1]
    args = options.parser().parse_args(remedy.split())
    prices.check(args)  # nothing is missing
    assert (args.preset, args.save) == ("classic", "classic")
    assert not list(tmp_path.glob("*.*"))
