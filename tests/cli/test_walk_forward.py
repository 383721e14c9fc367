"""`backtest --folds`: each fold has a fit of its own."""

from __future__ import annotations

import json
import shutil

import pytest

from tests.cli.processes import FIGURES, TINY, process
from tests.command_line import refused


@pytest.fixture(scope="module")
def walk_forward(prices, tmp_path_factory):
    """A real ``backtest --folds 2 --warm-start --json``: what it printed, and the home it left."""
    home = tmp_path_factory.mktemp("walk_forward")
    command = ("backtest", "--data", prices, *TINY, "--epochs=3", "--folds=2", "--warm-start")
    done = process(*command, "--json", CRYPTOFORECAST_HOME=str(home))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), home, command


def test_fits_lie_so_many_candles_apart(run, prices):
    command = ("backtest", "--data", prices, "--network", "har", "--json")
    plain = json.loads(run(*command)[1])
    rows = plain["data"]["rows"] - plain["data"]["rows"] * 4 // 5
    apart = json.loads(run(*command, "--refit-every", str(rows // 3 + 1))[1])
    assert apart["walk_forward"]["folds"] == 3
    assert len(apart["folds"]) == 3
    assert apart["folds"] == json.loads(run(*command, "--folds", "3")[1])["folds"]
    longer = json.loads(run(*command, "--refit-every", str(rows))[1])
    assert longer["walk_forward"]["folds"] == 1
    code, _, message = run(*command, "--refit-every", "1")
    assert code == 2
    assert "`refit_every` must be at least" in message
    code, _, message = run(*command, "--refit-every", "50", "--folds", "2")
    assert code == 2
    assert "--folds or --refit-every" in message


def test_folds_are_described_beside_the_keys_of_any_backtest(walk_forward, run, prices):
    result = walk_forward[0]
    plain = json.loads(run("backtest", "--data", prices, "--network", "naive", "--json")[1])
    assert result.keys() == plain.keys()
    assert result["split"] == {
        "train_rows": 384, "validation_rows": 96, "test_origins": 118,
        "test_start": "2024-01-21T00:00:00+00:00", "test_end": "2024-01-25T23:00:00+00:00",
    }  # fmt: skip
    assert result["walk_forward"] == {
        "folds": 2, "window": "expanding", "window_rows": None, "gap": 2, "warm_start": True,
        "without_target": 2,
    }  # fmt: skip
    borders = ("train_start", "train_end", "validation_end", "test_start", "test_end")
    assert [[fold[key][5:16] for key in borders] for fold in result["folds"]] == [
        ["01-01T00:00", "01-16T23:00", "01-20T23:00", "01-21T00:00", "01-23T11:00"],
        ["01-01T00:00", "01-18T23:00", "01-23T11:00", "01-23T12:00", "01-25T23:00"],
    ]
    counts = ("train_rows", "validation_rows", "origins", "warm_start", "cached")
    assert [[fold[key] for key in counts] for fold in result["folds"]] == [
        [384, 96, 60, False, False], [432, 108, 58, True, False]
    ]  # fmt: skip
    assert [fold["training"]["epochs"] for fold in result["folds"]] == [3, 1]
    for fold in result["folds"]:
        assert fold["scores"].keys() == result["scores"].keys() >= {"naive", "cone", "dense"}
        assert fold["scores"]["dense"].keys() == FIGURES | {"by_step"}
    seconds = sum(fold["training"]["seconds"] for fold in result["folds"])
    assert (result["training"]["epochs"], result["training"]["best_epoch"]) == (4, None)
    assert result["training"]["seconds"] == pytest.approx(seconds)
    assert result["spec"]["epochs"] == 3
    maes = [fold["scores"]["naive"]["mae"] for fold in result["folds"]]
    mean = (60 * maes[0] + 58 * maes[1]) / 118
    assert result["scores"]["naive"]["mae"] == pytest.approx(mean)


def test_folds_are_answered_from_the_cache(walk_forward, run, home):
    result, home_before, command = walk_forward
    shutil.copytree(home_before, home)
    again = json.loads(run(*command, "--json")[1])
    assert again["cached"]
    assert [fold["cached"] for fold in again["folds"]] == [True, True]
    assert again["scores"] == result["scores"]
    assert again["training"] == result["training"]
    out = run(*command)[1]
    assert out.splitlines()[:2] == [
        result["verdict"]["sentence"],
        f"dense alone: {result['verdicts']['dense']['sentence']}",
    ]
    assert "Walk forward: 2 folds, each fitted on the candles before it (expanding window)" in out
    assert "The last 2 candles are no origins: the targets are not known yet." in out
    assert "Fits from the training cache: 2 of 2." in out
    assert "Warm start: each fit after the first starts from the weights of the fit before." in out
    ratios = [
        f"{fold['scores']['stack']['mae'] / fold['scores']['naive']['mae']:.4f}"
        for fold in result["folds"]
    ]
    rows = [line.split() for line in out.splitlines()[-2:]]
    assert [row[0] for row in rows] == ["1", "2"]
    assert [ratio in row for ratio, row in zip(ratios, rows, strict=True)] == [True, True]
    assert ("warm" in rows[0], "warm" in rows[1]) == (False, True)


def test_one_fold_is_the_backtest_there_always_was(run, prices):
    command = ("backtest", "--data", prices, "--network", "cone")
    one, plain = (json.loads(run(*command, *more, "--json")[1]) for more in (("--folds", 1), ()))
    for result in (one, plain):
        result["data"].pop("fetched_at")
    assert one == plain
    (fold,) = plain["folds"]
    assert fold["scores"] == plain["scores"]
    assert fold["training"] is None
    assert (fold["train_rows"], fold["validation_rows"]) == (384, 96)
    assert (fold["test_start"], fold["test_end"]) == (
        plain["split"]["test_start"], plain["split"]["test_end"]
    )  # fmt: skip
    assert plain["walk_forward"]["folds"] == 1
    text = run(*command)[1]
    assert run(*command, "--folds", 1)[1] == text
    assert "fold" not in text


def test_a_sliding_window_of_a_baseline(run, prices):
    command = ("--folds", 3, "--window", "sliding", "--window-rows", 300, "--gap", 7)
    options = ("backtest", "--data", prices, "--network", "naive", *command)
    result = json.loads(run(*options, "--json")[1])
    assert result["walk_forward"]["window_rows"] == 300
    assert [fold["train_rows"] + fold["validation_rows"] for fold in result["folds"]] == [300] * 3
    assert result["folds"][0]["train_start"] == "2024-01-08T06:00:00+00:00"  # row 480 - 6 - 300
    assert result["training"] is None
    out = run(*options)[1]
    assert "sliding window, of 300 candles), with a gap of 7 between" in out
    assert "training cache" not in out


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("--folds", "many"), ("--folds", "must be a whole number")),
        (("--folds", "0"), ("`folds` must be between 1 and 50", "Received: 0")),
        (("--folds", "20"), ("at least 30 origins", "fold 1 of 20", "fewer folds")),
        (("--folds", "2", "--window", "wide"), ("expanding or sliding", "'wide'")),
        (("--folds", "2", "--window-rows", "200"), ("goes with a sliding window",)),
        (("--folds", "2", "--gap", "0"), ("at least the horizon, 1", "Received: 0")),
        (("--folds", "2", "--warm-start"), ("needs a network", "Received: cone")),
    ],
    ids=str,
)
def test_walk_forward_refusals(run, prices, command, words):
    refused(run("backtest", "--data", prices, "--network", "cone", *command), *words)
