"""Global models by command: what they learn from, each coin left out, the table, the cache."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.errors import InvalidInput
from cryptoforecast.evaluation import backtest, coin_board, left_out
from cryptoforecast.evaluation.coin_board import CoinLosses
from cryptoforecast.learning import global_training
from cryptoforecast.prices.files import writing
from cryptoforecast.service import coin_boards, shared
from cryptoforecast.types import WalkPlan
from cryptoforecast.workers.engine import Here
from tests import synthetic
from tests.command_line import refused, runner

TINY = ("--network", "dense", "--features", "scaled_return,scaled_move", "--units", 4,
        "--horizon", 2, "--lookback", 5, "--epochs", 1, "--chunk", 9)  # fmt: skip


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("prices")
    paths = []
    for seed, coin in enumerate(("BTC", "ETH", "LTC")):
        paths.append(folder / f"{coin}USD.csv")
        writing.write(synthetic.history(2_000, seed, coin=coin), paths[-1])
    return paths


@pytest.fixture
def run(capsys):
    return runner(capsys)


def test_one_network_of_several_files_is_that_of_the_library(run, files):
    command = ("train", "--global", "--data", *files, *TINY, "--leave-one-out", "--json")
    status, out, _ = run(*command, "--save", "mine")
    assert status == 0
    result = json.loads(out)
    assert (result["coins"], result["saved"], result["cached"]) == (
        ["BTC", "ETH", "LTC"],
        "mine",
        False,
    )
    service = shared()
    saved = service.saved_models.load("mine").model
    histories = [service.prices.read(path, path.name) for path in files]
    own = global_training.train(histories, saved.spec)
    for mine, other in zip(own.weights, saved.weights, strict=True):
        np.testing.assert_array_equal(mine, other)
    # The one that never saw ETH, on ETH: the same test as by hand.
    model = left_out.trained_without(histories[1], histories, saved.spec)
    assert model.card.source == "BTC, LTC"
    by_hand = left_out.test(histories[1], model)
    assert pd.Timestamp(model.card.cutoff) < by_hand.forecasts["naive"].origins[0]
    (entry,) = (one for one in result["left_out"] if one["coin"] == "ETH")
    assert entry["scores"]["stack"]["pinball"] == by_hand.scores["stack"][-1].pinball
    assert saved.card.scores["dense"]["pinball"] == pytest.approx(
        np.mean([one["scores"]["dense"]["pinball"] for one in result["left_out"]])
    )
    assert saved.card.scores["dense"]["mae"] is None  # dollars of different coins have no mean
    board = result["leaderboard"]
    assert {one["predictor"] for one in board["standings"]} >= {"naive", "cone", "har", "dense"}
    # Once more: all from the cache, with the same figures.
    again = json.loads(run(*command)[1])
    assert again["cached"]
    assert (again["left_out"], again["leaderboard"]) == (result["left_out"], board)


def test_the_text_says_that_nothing_was_tested(run, files):
    out = run("train", "--global", "--data", *files[:2], *TINY)[1]
    assert out.startswith("Not tested: it has learnt from every candle")
    assert "4,000 1h candles of BTC, ETH" in out
    assert "Not saved." in out


def test_options_that_do_not_fit_are_refused(run, files):
    refused(run("train", "--data", *files), "Add --global")
    refused(run("train", "--global", "--data", files[0]), "2 to 200 different coins")
    refused(run("train", "--global", "--data", *files, "--coins", "BTC"), "leave out --coin")
    refused(run("train", "--global", "--data", *files, "--preset", "quick"), "does not go with")
    refused(run("train", "--data", files[0], "--leave-one-out"), "Add --global")
    refused(run("train", "--data", files[0], "--workers", 2), "Add --coins A,B or --global")
    bad = ("train", "--global", "--data", *files, "--features", "close")
    assert "without a scale" in run(*bad)[2]


def test_a_network_of_each_coin_is_saved_under_its_name(run):
    command = ("train", "--coins", "BTC,ETH", "--days", 30, *TINY, "--unit", "range", "--json")
    results = json.loads(run(*command, "--save", "mine")[1])
    assert [one["saved"] for one in results] == ["mine-btc", "mine-eth"]
    for one in results:
        model = shared().saved_models.load(one["saved"]).model
        assert model.card.coin == one["coin"]
        assert (
            model.card.scores["dense"]["pinball"] == one["backtest"]["scores"]["dense"]["pinball"]
        )


def test_the_table_against_a_loop_by_hand():
    tests = {
        coin: backtest.holdout(
            synthetic.history(700, seed), synthetic.spec(network="har", horizon=2),
            baselines=("naive", "cone", "drift", "har"),
        )
        for seed, coin in enumerate(("ONE", "TWO"))
    }  # fmt: skip
    board = coin_boards.of(tests)
    for one in board.standings:
        ratios = [
            test.scores[one.predictor][-1].pinball / test.scores["naive"][-1].pinball
            for test in tests.values()
        ]
        assert list(one.ratios.values()) == pytest.approx(ratios)
        assert one.mean == pytest.approx(np.mean(ratios))
        ranks = []
        for test in tests.values():
            losses = [each[-1].pinball for each in test.scores.values()]
            own = test.scores[one.predictor][-1].pinball
            ties = losses.count(own) - 1
            ranks.append(1 + sum(loss < own for loss in losses) + ties / 2)
        assert one.rank == pytest.approx(np.mean(ranks))
    means = [one.mean for one in board.standings]
    assert means == sorted(means)
    with pytest.raises(InvalidInput, match="coverage_80"):
        coin_boards.of(tests, "coverage_80")


def test_wins_are_corrected_for_all_coins():
    """One forecaster is clearly better on one coin; a small lead on another is no win."""
    rng = np.random.default_rng(0)
    naive = rng.uniform(1, 2, 2_000)
    coins = {
        "CLEAR": CoinLosses(1, ("dense",), {"naive": naive, "dense": naive * 0.8}),
        **{
            f"C{i}": CoinLosses(
                1, ("dense",), {"naive": naive, "dense": naive + rng.normal(0, 0.5, 2_000)}
            )
            for i in range(5)
        },
    }
    lstm = next(one for one in coin_board.board(coins).standings if one.predictor == "dense")
    assert "CLEAR" in lstm.better
    assert len(lstm.better) + len(lstm.worse) <= 2


def test_cached_networks_of_workers_are_used_again():
    history, spec = synthetic.history(700), synthetic.spec(horizon=2, lookback=5)
    service = shared()
    from cryptoforecast.service.workers import Case

    case = Case(history, spec, WalkPlan(folds=2))
    first, second = (service.workers.walk_forward([case], Here())[0] for _ in range(2))
    assert [fold.cached for fold in first.folds] == [False, False]
    assert [fold.cached for fold in second.folds] == [True, True]
    walked = service.walk_forward.run(history, spec, WalkPlan(folds=2))
    assert all(fold.cached for fold in walked.folds)  # the same keys
    assert dataclasses.asdict(walked.backtest.verdict) == dataclasses.asdict(first.backtest.verdict)
