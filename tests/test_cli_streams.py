"""Standard input and output of the command line, and what is refused before any work."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from cryptoforecast.prices.files import writing
from cryptoforecast.service import SavedModelService
from cryptoforecast.settings import Settings
from tests import synthetic
from tests.command_line import Answer, refused, runner

ROOT = Path(__file__).resolve().parent.parent
unix = pytest.mark.skipif(sys.platform == "win32", reason="needs a terminal of Unix")


@pytest.fixture(scope="module")
def prices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A price file of a random walk."""
    path = tmp_path_factory.mktemp("prices") / "BTCUSD.csv"
    writing.write(synthetic.history(), path)
    return path


def process(*args: object, content: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "cryptoforecast", *map(str, args)],
        cwd=ROOT,
        input=content,
        capture_output=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    return runner(capsys)


def test_prices_go_in_and_out_by_a_pipe(prices: Path, tmp_path: Path) -> None:
    content = prices.read_bytes()
    options = ("--coin", "BTC", "--interval", "2h", "--to", "-")
    piped = process("convert", "-", *options, content=content)
    assert (piped.returncode, piped.stderr) == (0, b"")
    assert (
        process("convert", prices, "--interval", "2h", "--to", tmp_path / "a.csv").returncode == 0
    )
    assert piped.stdout == (tmp_path / "a.csv").read_bytes()
    command = ("backtest", "--data", "-", "--network", "cone", "--json")
    first, other = process(*command, content=content), process(*command[:2], prices, *command[3:])
    assert json.loads(first.stdout)["scores"] == json.loads(other.stdout)["scores"]
    assert json.loads(first.stdout)["data"]["source"] == "file stdin"


def test_what_comes_on_standard_input_is_judged_as_a_file_is() -> None:
    for content in (b"", b"a,b\n1,2\n", b"\x00" * 1000):
        done = process("inspect", "-", content=content)
        assert (done.returncode, done.stdout) == (2, b"")
        assert done.stderr.startswith(b"error: stdin can't be read.")
    done = process("models", "import", "-", content=b"no archive")
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"holds no model" in done.stderr


def test_a_model_goes_from_one_process_to_another(tmp_path: Path) -> None:
    archive = process("models", "export", "btc-1h-dense", "--to", "-").stdout
    assert len(zipfile.ZipFile(io.BytesIO(archive)).namelist()) == 2
    done = process("models", "import", "-", "--name", "mine", "--json", content=archive)
    assert json.loads(done.stdout)["name"] == "mine"


@pytest.mark.parametrize(
    "options",
    [
        ("fetch", "--coin", "BTC", "--to", "-", "--json"),
        ("backtest", "--coin", "BTC", "--network", "naive", "--html", "-", "--forecasts", "-"),
    ],
)
def test_standard_output_takes_one_result(run, options: tuple[str, ...]) -> None:
    refused(run(*options), "Standard output takes one result")


@unix
def test_a_table_fits_a_terminal_of_40_columns() -> None:
    import pty

    ours, theirs = pty.openpty()
    done = subprocess.Popen(
        [sys.executable, "-m", "cryptoforecast", "models", "list"],
        cwd=ROOT,
        stdout=theirs,
        env=os.environ | {"COLUMNS": "40"},
    )
    seen = b""
    assert done.wait(120) == 0
    os.close(theirs)
    while len(seen) < 100_000:
        try:
            block = os.read(ours, 65536)
        except OSError:  # all is read
            break
        if not block:
            break
        seen += block
    os.close(ours)
    lines = seen.decode().splitlines()
    assert max(map(len, lines)) == 40
    assert lines[0] == "btc-1h-dense"
    assert sum(line.startswith("  expires") for line in lines) == 4


@pytest.mark.parametrize(
    "command",
    [
        "forecast --model btc-1h-dense --predictor boosting",
        "forecast --model btc-1h-dense --above -5",
        "backtest --network cone --leaderboard mae --against lstm",
        "backtest --network lstm --leaderboard mae --step 2",
        "backtest --model btc-1h-dense --leaderboard mae --against nobody",
        "backtest --model btc-1h-dense --leaderboard mae --step 25",
        "anomalies --alarms 0",
        "anomalies --model har --alarms nan",
        "anomalies --all",
        "train --lookback 1000",
    ],
)
def test_a_wrong_option_is_refused_before_prices_are_fetched(run, command: str) -> None:
    # Asking for live prices would end with status 3.
    refused(run(*command.split(), "--coin", "BTC", "--prices", "live"))


@unix
def test_a_folder_that_can_not_be_written_is_refused_before_the_work(
    run, prices: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = Path("/proc/self/fd")  # nobody can write there, root neither
    refused(run("fetch", "--coin", "BTC", "--to", nowhere / "a.csv"), "can't be written")
    monkeypatch.setenv("CRYPTOFORECAST_HOME", str(nowhere / "home"))
    training = ("train", "--network", "dense", "--data", prices, "--save", "mine")
    monkeypatch.setattr("cryptoforecast.learning.training.train", None)
    refused(run(*training), "Saving a model needs a folder that can be written")
    several = ("train", "--network", "dense", "--coins", "BTC,ETH", "--save", "mine")
    refused(run(*several), "Saving a model needs a folder that can be written")
    with pytest.raises(Exception, match="can be written"):
        SavedModelService(Settings.from_environment()).check_writable()
