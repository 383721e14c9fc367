"""The command ``search``: killed and resumed, its preset and its command used again, refusals."""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import cryptoforecast as cf
from cryptoforecast.cli import commands, options
from cryptoforecast.learning import preset_files
from cryptoforecast.prices.files import price_file, writing
from cryptoforecast.searches import space
from cryptoforecast.types import ModelSpec
from tests import synthetic
from tests.command_line import refused, runner

ROOT = Path(__file__).resolve().parent.parent.parent
SETTINGS = (
    "--network", "dense", "--epochs", "2", "--unit", "fixed", "--features", "return,volume",
    "--finalists", "1", "--seeds", "2",
)  # fmt: skip
SPACE = "units = [[2], [4]]\nlookback = [4, 8]\ndropout = {low = 0.0, high = 0.4, step = 0.1}\n"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a price file and a space."""
    folder = tmp_path_factory.mktemp("files")
    writing.write(synthetic.history(600), folder / "BTCUSD.csv")
    (folder / "space.toml").write_text(SPACE)
    return folder


@pytest.fixture
def run(capsys):
    return runner(capsys)


def spec_of(command: list[str], path: Path) -> ModelSpec:
    """The settings that a command trains with."""
    args = options.parser().parse_args(command)
    history = price_file.read(path, path.name)
    spec: ModelSpec = commands._spec(args, history)
    return spec


def test_a_killed_search_is_resumed_and_its_winner_can_be_used(run, files, home) -> None:
    prices, preset = files / "BTCUSD.csv", files / "winner.json"
    given = ("search", "--data", prices, "--space", files / "space.toml", *SETTINGS)
    process = subprocess.Popen(
        [sys.executable, "-m", "cryptoforecast", *map(str, given), "--trials", "50"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    with process:
        began, losses = time.monotonic(), []
        while time.monotonic() - began < 300 and process.poll() is None:
            losses = [
                json.loads(line)["values"][0]
                for path in home.glob("searches/*.journal")
                for line in path.read_text().splitlines()
                if '"state":1,' in line and line.endswith("}")
            ]
            if len(losses) >= 2:
                break
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    status, out, err = run(*given, "--trials", "4", "--resume", "--json", "--save-preset", preset)
    assert status == 0, err
    result = json.loads(out)
    assert len(losses) >= 2
    assert [each["loss"] for each in result["trials"]][: len(losses)] == losses
    assert len(result["trials"]) >= 4
    assert [each["number"] for each in result["trials"]] == [*range(1, len(result["trials"]) + 1)]
    assert result["study"].endswith("-1")
    settled = {json.dumps(each["values"]) for each in result["trials"]}
    assert all(json.loads(each).keys() == {"units", "lookback", "dropout"} for each in settled)
    assert result["finalists"][0]["loss"] <= result["finalists"][-1]["loss"]
    # The preset and the command are the winner.
    winner = {name: x for name, x in result["winner"].items() if name not in preset_files.LEFT_OUT}
    saved = json.loads(preset.read_text())["settings"]
    assert winner == {name: saved[name] for name in winner}
    by_command = spec_of(shlex.split(result["command"])[1:], prices)
    by_preset = spec_of(["backtest", "--data", str(prices), "--preset", str(preset)], prices)
    assert by_command == by_preset
    assert by_command.units == tuple(result["winner"]["units"])
    # The library reads the same study, and says the same.
    own = cf.search(
        cf.read(prices), trials=4, network="dense", space=files / "space.toml", finalists=1,
        seeds=2, resume=True, epochs=2, unit="fixed", features=("return", "volume"),
    )  # fmt: skip
    assert own.verdict == result["sentence"]
    assert own.trials["state"].tolist() == [each["state"] for each in result["trials"]]
    assert own.to_dict()["finalists"] == result["finalists"]
    complete = own.trials["state"].eq("complete").sum()
    assert len(own.plot("settings").data) == complete + 1  # and the scale of the colours
    assert own.plot("best").layout.font.family.startswith("Inter")
    with pytest.raises(cf.CryptoForecastError, match="10 complete trials"):
        own.plot("importance")
    assert own.preset(preset, force=True) == preset
    assert "1 setting" not in repr(own)


def test_what_cannot_be_meant_is_refused_before_prices_are_read(run, files) -> None:
    given = ("search", "--data", files / "none.csv")
    refused(run(*given, "--trials", "0"), "`trials` must be a whole number from 1")
    refused(run(*given, "--time", "20"), "20m, 2h or 1d")
    refused(run(*given, "--metric", "rmse"), "pinball or mae")
    refused(run(*given, "--network", "har"), "Only an lstm or a dense network")
    refused(run(*given, "--lookback", "1"), "`lookback` must be between 2 and")
    refused(run(*given, "--space", files / "none.json"), "JSON or TOML file")
    refused(run(*given, "--save-preset", files / "winner.txt"), "must end in .json")
    refused(run(*given, "--force"), "--force goes with a file only")
    refused(run("search", "--coins", "BTC,BTC"), "different coins")
    prices = files / "BTCUSD.csv"
    both = ("search", "--data", prices, "--space", files / "space.toml", "--lookback", "8")
    refused(run(*both), "fixed or searched", "lookback")
    refused(run("search", "--data", prices, "--storage", "mysql://a:b@c/d"), "sqlite:///PATH")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "eceived"), ("[]", "eceived"), ("{}", "eceived"),
        ('{"version": 2, "settings": {"network": "lstm"}}', "with version 2."),
        ('{"version": 1, "settings": {"network": "har"}}', "with the network 'har'."),
        ('{"version": 1, "settings": {"network": ["lstm"]}}', "with the network ['lstm']."),
        ('{"version": 1, "settings": {"network": null}}', "with the network None."),
        ('{"version": 1, "settings": {"lookback": 60}}', "with no network."),
        ('{"version": 1, "settings": []}', "with no network."),
        ('{"version": 1, "settings": {"network": "lstm", "seed": 3}}', "with the setting 'seed'."),
        ('{"version": 1, "settings": {"network": "lstm", "lookback": "60"}}', "eceived"),
        ('{"version": 1, "settings": {"network": "lstm", "units": [1e9]}}', "eceived"),
        ("[" * 10_000, "eceived"), ("x" * 30_000, "eceived"),
    ],
)  # fmt: skip
def test_a_preset_that_is_none_is_refused(run, tmp_path, content, words) -> None:
    path = tmp_path / "mine.json"
    path.write_text(content)
    refused(run("backtest", "--coin", "BTC", "--preset", path), words)


def test_a_default_space_in_memory_is_what_the_docs_say() -> None:
    chosen = space.default(synthetic.spec(), volume=True)
    assert {*chosen} == {
        "network", "features", "lookback", "units", "dropout", "learning_rate", "loss",
    }  # fmt: skip


def test_several_coins_are_searched_in_one_table_and_one_in_full(run, files) -> None:
    settings = (*SETTINGS, "--trials", "1", "--units", "4", "--days", "30")
    (files / "one.json").write_text('{"lookback": [8, 60]}')
    given = ("search", "--space", files / "one.json", *settings)
    status, out, err = run(*given, "--coins", "BTC,ETH")
    assert status == 0, err
    label, header, bitcoin, ether, *sentences = out.splitlines()
    assert label.startswith("SIMULATED PRICES")
    assert label.endswith(" (BTC, ETH)")
    assert header.split()[:3] == ["coin", "tried", "winner"]
    assert bitcoin.split() == ["BTC", "1", "dense", "-", "-", "no"]
    assert ether.split() == ["ETH", "1", "dense", "-", "-", "no"]
    assert [each.partition(":")[0] for each in sentences] == ["BTC", "ETH"]
    # The only trial is that of the default settings, so nothing is tested.
    status, out, err = run(*given, "--coin", "BTC", "--resume")
    assert status == 0, err
    assert "No better settings were found: 1 setting was tried" in out
    assert "Best trials, of 1:" in out
    command = shlex.split(out.splitlines()[-1])
    assert command[:4] == ["cryptoforecast", "backtest", "--coin", "BTC"]
    options.parser().parse_args(command[1:])
