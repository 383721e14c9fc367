"""Signals on the command line: a model that reads one says so, and is refused prices without it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from cryptoforecast import cli
from cryptoforecast.prices import write
from cryptoforecast.signals.simulation import hint
from tests import synthetic
from tests.command_line import refused

Run = Callable[..., tuple[int, str, str]]
SMALL = ("--network", "dense", "--units", "4", "--epochs", "2", "--lookback", "8", "--final", "0")


@pytest.fixture
def run(capsysbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Run a command here; return its status, stdout and stderr."""

    def run(*args: object) -> tuple[int, str, str]:
        capsysbinary.readouterr()
        try:
            status = cli.main([*map(str, args)])
        except SystemExit as end:
            status = int(end.code or 0)
        printed = capsysbinary.readouterr()
        return status, printed.out.decode(), printed.err.decode()

    return run


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Prices, and a file of a signal beside them."""
    history = synthetic.history(900)
    prices, mood = tmp_path / "BTC.csv", tmp_path / "mood.csv"
    write(history, prices)
    hint(history, 1.0).rename("value").rename_axis("time").to_csv(mood)
    return prices, mood


def test_a_model_that_reads_a_signal_says_so_and_needs_it(
    run: Run, files: tuple[Path, Path]
) -> None:
    prices, mood = files
    signal = ("--signal", mood, "--lag", "0h", "--max-age", "12h")
    status, out, err = run("train", "--data", prices, *SMALL, *signal, "--save", "moody", "--json")
    assert status == 0, err
    assert json.loads(out)["spec"]["features"][-1] == "signal:mood"
    about = "file mood.csv, known 0m after its time, used for up to 12h"
    assert json.loads(run("models", "show", "moody", "--json")[1])["signals"] == {"mood": about}
    assert f"mood: {about}" in run("models", "show", "moody")[1]

    forecast = ("forecast", "--model", "moody", "--data", prices)
    status, out, err = run(*forecast)
    assert (status, out) == (2, "")
    assert "There is no signal mood. " in err
    assert "Give one of your own as a file (--signal mood=FILE" in err
    status, out, _ = run(*forecast, *signal, "--json")
    assert status == 0
    assert not [text for text in json.loads(out)["warnings"] if "signal" in text]
    renamed = mood.rename(mood.with_name("other.csv"))
    warnings = json.loads(run(*forecast, "--signal", f"mood={renamed}", "--json")[1])["warnings"]
    assert any("learnt from another signal mood" in text for text in warnings)

    status, _, err = run("backtest", "--model", "moody", "--data", prices)
    assert (status, "There is no signal mood" in err) == (2, True)
    export = ("models", "export", "moody", "--to", mood.with_name("m.zip"))
    assert run(*export)[0] == 0
    assert "hold networks of candles alone" in run(*export, "--format", "keras", "--force")[2]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--lag", "1d"), "--lag goes with a file only"),
        (("--signal", "no.csv"), "can't be read as a signal"),
        (("--signal", "MOOD", "--lag", "soon"), "such as 1d. Received: 'soon'"),
        (("--features", "return,signal:mood"), "There is no signal mood"),
        (("--features", "return,signal:dvol"), "Live signals are switched off. Give it as a file"),
        (("--features", "return,signal:btc"), "There is no signal btc"),
        (("--features", "return,signal:M"), "or of signals, such as signal:fear_greed"),
    ],
)
def test_a_mistake_is_refused_in_one_line(
    run: Run, files: tuple[Path, Path], options: tuple[str, ...], message: str
) -> None:
    options = tuple(str(files[1]) if part == "MOOD" else part for part in options)
    status, out, err = run("backtest", "--data", files[0], *SMALL, *options)
    assert (status, out) == (3 if "signal:dvol" in options[-1] else 2, "")
    assert message in err.splitlines()[-1]


def test_an_ablation_compares_with_and_without(run: Run, files: tuple[Path, Path]) -> None:
    prices, mood = files
    backtest = (
        "backtest", "--data", prices, *SMALL, "--signal", f"mood={mood}", "--lag", "0h",
        "--ablate", "signal:mood", "--seeds", "2",
    )  # fmt: skip
    status, out, err = run(*backtest, "--json")
    assert status == 0, err
    result = json.loads(out)["ablation"]
    assert (result["inputs"], result["seeds"], result["origins"]) == (["signal:mood"], [0, 1], 179)
    for metric in ("mae", "pinball"):
        one = result[metric]
        assert one["skill"] == pytest.approx(1 - one["error"] / one["without"])
        assert len(one["by_seed"]) == 2
        assert one["low"] < one["skill"] < one["high"]
    status, out, err = run(*backtest)  # trained already
    assert out.splitlines()[-1] == result["sentence"]
    assert "With and without signal:mood, step 1, 179 origins, seeds 0, 1:" in out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--ablate", "volume,signal:no"), "There is no signal no"),
        (("--features", "return", "--ablate", "volume"), "some of the model's inputs"),
        (("--ablate", "volume", "--folds", "2"), "--ablate goes with one fold"),
        (("--seeds", "3"), "--seeds goes with --ablate only"),
        (("--network", "cone", "--ablate", "volume"), "Only an lstm or a dense network"),
    ],
)
def test_an_ablation_that_can_not_be_made_is_refused(
    run: Run, files: tuple[Path, Path], options: tuple[str, ...], message: str
) -> None:
    status, out, err = run("backtest", "--data", files[0], *options)
    assert (status, out) == (2, "")
    assert message in err.splitlines()[-1]


@pytest.mark.parametrize(
    "command", ["backtest --network", "backtest --model", "forecast --model", "anomalies --model"]
)
def test_a_baseline_reads_no_signal(run: Run, files: tuple[Path, Path], command: str) -> None:
    prices, mood = files
    given = (*command.split(), "har", "--data", prices)
    for signal, name in (("nosuch", "nosuch"), ("fear_greed", "fear_greed"), (mood, "mood")):
        answer = run(*given, "--signal", signal)
        refused(answer, "--signal must be left out for a baseline", f"Received: {name} for har")
    refused(run(*given, "--lag", "1d"), "--lag goes with a signal", "Received: it for har")


def test_a_signal_among_the_inputs_of_a_baseline_is_refused(
    run: Run, files: tuple[Path, Path]
) -> None:
    prices, _ = files
    given = ("backtest", "--data", prices, "--network", "cone")
    refused(
        run(*given, "--features", "return,signal:eth"), "`features`", "Received: signal:eth for"
    )
