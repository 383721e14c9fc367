"""``backtest`` by workers: the figures of one process, for one coin and for several."""

import json
import os
import signal
import subprocess
import sys

import pytest

import cryptoforecast as cf
from cryptoforecast.cli.progress import Meter
from cryptoforecast.types import TeamProgress
from tests.command_line import refused, runner
from tests.workers import processes

MONTH = ("--start", "2024-01-01", "--end", "2024-02-01")
TEST = ("backtest", "--network", "cone", "--horizon", "3", *MONTH, "--json")


@pytest.fixture
def run(capsys):
    return runner(capsys)


def test_folds_by_workers_are_those_of_one_process(run):
    alone = json.loads(run(*TEST, "--coin", "BTC", "--folds", 3)[1])
    status, out, _ = run(*TEST, "--coin", "BTC", "--folds", 3, "--workers", 2)
    by_workers = json.loads(out)
    assert status == 0
    assert len(by_workers["folds"]) == 3
    for key in ("spec", "split", "scores", "verdict", "folds"):
        assert by_workers[key] == alone[key]


def test_coins_by_workers_are_those_of_one_process(run):
    alone = json.loads(run(*TEST, "--coins", "BTC,ETH")[1])
    status, out, err = run(*TEST, "--coins", "BTC,zzzz,ETH", "--workers", 2)
    by_workers = json.loads(out)
    assert (status, [one["coin"] for one in by_workers]) == (0, ["BTC", "zzzz", "ETH"])
    assert "note: zzzz is left out." in err
    assert by_workers[1]["backtest"] is None
    for own, other in zip([by_workers[0], by_workers[2]], alone, strict=True):
        assert own["backtest"]["scores"] == other["backtest"]["scores"]


def test_the_library_has_workers_too():
    prices = cf.fetch("BTC", start="2024-01-01", end="2024-02-01", simulated="only")
    alone = cf.backtest(prices, "cone", folds=2)
    assert cf.backtest(prices, "cone", folds=2, workers=2).fingerprint == alone.fingerprint


def test_workers_that_cannot_be_had_are_refused_before_prices_are_fetched(run):
    given = ("backtest", "--coin", "BTC", "--folds", 2)
    refused(run(*given, "--workers", 0), "`workers` must be between 1 and 64")
    refused(run(*given, "--workers", 2, "--scheduler", "tcp://h:1"), "Leave one out")
    refused(run(*given, "--scheduler", "here"), "tcp://host:8786")
    refused(run(*given, "--workers", 2, "--warm-start"), "`warm_start`")
    saved = ("backtest", "--coin", "BTC", "--model", "btc-1h-dense")
    refused(run(*saved, "--workers", 2), "A saved model keeps its own settings")


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_ends_the_command_and_its_workers(tmp_path):
    command = [sys.executable, "-m", "cryptoforecast", "backtest", "--coin", "BTC", "--days", "400",
               "--epochs", "500", "--folds", "2", "--workers", "1"]  # fmt: skip
    process = subprocess.Popen(
        command,
        env={**os.environ, "CRYPTOFORECAST_HOME": str(tmp_path), "CRYPTOFORECAST_LIVE": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    processes.wait(lambda: processes.worker_processes(process.pid))
    (worker,) = processes.worker_processes(process.pid)
    next(line for line in process.stderr if line.startswith(b"Testing on BTC: "))
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=processes.PATIENCE)
    assert process.returncode == 130
    assert b"Interrupted." in err
    processes.wait(lambda: not processes.is_alive(worker))


def test_progress_of_all_is_one_line():
    progress = TeamProgress(3, 10, 0.25, 30.0, fold=2, folds=8, workers=2, finished=1)
    line = Meter("Testing on BTC, ETH").line(progress)
    assert line == "Testing on BTC, ETH: 1 of 8 done, 2 workers, 30 s, about 90 s left"
