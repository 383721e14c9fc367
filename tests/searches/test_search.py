"""Whole searches: failures are told, a resumed one ends as it would have, nothing is claimed."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from cryptoforecast.errors import Cancelled, InvalidInput
from cryptoforecast.searches import finals, run, wording
from cryptoforecast.types import Finalist, Monitor, Progress, Search, SearchPlan, SearchTest
from cryptoforecast.types.ablation import Contribution
from tests import synthetic
from tests.searches import making


def test_failed_trials_are_told_and_the_others_go_on(tmp_path: Path) -> None:
    choices = {"units": [[2], [4]], "lookback": [4, 400]}  # 400 candles leave too few origins
    reports: list[Progress] = []
    plan = SearchPlan(trials=4, finalists=1, seeds=2)
    result = making.search(tmp_path, plan=plan, monitor=Monitor(reports.append), choices=choices)
    failed = [each for each in result.trials if each.state == "failed"]
    assert failed
    assert all(each.values["lookback"] == 400 for each in failed)
    assert all("at least 200 training origins" in each.reason for each in failed)
    assert result.count("complete") == 4 - len(failed)
    assert f"4 settings were tried ({len(failed)} failed)" in result.sentence
    assert [each.done for each in reports] == sorted(each.done for each in reports)
    assert {each.folds for each in reports} == {4 + finals.trainings(plan)}


def test_where_every_trial_fails_the_first_reason_is_told(tmp_path: Path) -> None:
    choices = {"lookback": [400, 401]}
    plan = SearchPlan(trials=2, finalists=1, seeds=2)
    with pytest.raises(InvalidInput, match=r"2 trials, none of them complete.* 200 training"):
        making.search(tmp_path, plan=plan, choices=choices)


def test_a_cancelled_search_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A network that another test has trained would report nothing, so nothing would cancel it.
    monkeypatch.setattr(making, "_MODELS", {})
    plan = SearchPlan(trials=3, finalists=1, seeds=2)
    seen: list[Progress] = []

    def cancelled() -> bool:
        return any(each.fold == 3 for each in seen)

    with pytest.raises(Cancelled):
        making.search(tmp_path / "parted", plan=plan, monitor=Monitor(seen.append, cancelled))
    resumed = making.search(tmp_path / "parted", plan=plan, resume=True)
    whole = making.search(tmp_path / "whole", plan=plan)
    assert [each.values for each in resumed.trials] == [each.values for each in whole.trials]
    assert [each.loss for each in resumed.trials] == [each.loss for each in whole.trials]
    assert resumed.finalists == whole.finalists
    assert resumed.winner == whole.winner
    assert resumed.test == whole.test


def test_time_ends_the_trials_and_where_the_default_wins_no_test_is_looked_at(tmp_path) -> None:
    plan = SearchPlan(trials=50, seconds=1e-3, finalists=1, seeds=2)
    result = making.search(tmp_path, plan=plan)
    (first,) = result.trials  # the default settings is tried first
    assert making.make(first.values) == result.default == result.winner
    assert [each.trial for each in result.finalists] == [0]
    assert result.test is None
    assert result.sentence.startswith("No better settings were found: 1 setting was tried, and on ")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"metric": "rmse"}, "pinball or mae"),
        ({"trials": 0}, "`trials`"),
        ({"trials": 10**6}, "`trials`"),
        ({"finalists": 0}, "`finalists`"),
        ({"seeds": 1}, "`seeds`"),
        ({"seconds": 0.0}, "30 days"),
        ({"seconds": float("nan")}, "30 days"),
    ],
)
def test_a_plan_that_cannot_be_meant_is_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        run.check(dataclasses.replace(SearchPlan(), **changes))  # type: ignore[arg-type]


def result_of(low: float, high: float, naive: float, metric: str = "pinball") -> Search:
    """A search whose winner's skill has this interval, and whose last price is so much worse."""
    skill = (low + high) / 2
    one = Contribution(metric, 1.0, 1.1, skill, low, high, (skill, skill))
    test = SearchTest(metric, 1, 1_200, (0, 1), one, one, naive, naive - 0.01, naive + 0.01)
    spec = synthetic.spec()
    result = Search(
        study="key-1", coin="BTC", interval="1h", simulated=False,
        plan=SearchPlan(metric=metric), default=spec, trials=(), importances={},
        finalists=(Finalist(0, spec, (1.0, 1.1)),), winner=spec, test=test, seconds=1.0,
        sentence="",
    )  # fmt: skip
    return dataclasses.replace(result, sentence=wording.sentence(result))


def test_better_needs_more_than_the_default_preset_it_needs_more_than_nothing() -> None:
    better = result_of(0.02, 0.06, 0.05)
    assert better.test is not None
    assert better.test.better
    assert better.sentence.startswith(
        "Better than the default settings: the error of the range is 4.0 % smaller than that of "
        "the default settings (beyond chance: 2.0 to 6.0 %), over 1,200 hours and 2 trainings each."
    )
    useless = result_of(0.02, 0.06, 0.0)
    assert useless.test is not None
    assert not useless.test.better
    assert useless.sentence.startswith("No better than doing nothing: the error of the range is ")
    assert "but the last price with a constant range does as well." in useless.sentence
    tie = result_of(-0.02, 0.06, 0.05, "mae")
    assert tie.sentence.startswith(
        "No better than the default settings: the error of the price is "
    )
    worse = result_of(-0.06, -0.02, 0.05)
    assert worse.sentence.startswith("Worse than the default settings: ")
    unknown = result_of(float("nan"), float("nan"), 0.05)
    assert unknown.sentence.startswith("Too few forecasts to tell")
    none = dataclasses.replace(better, test=None)
    assert wording.sentence(none).endswith("The test prices were not looked at.")


def test_nothing_is_claimed_where_there_is_nothing_to_find(tmp_path: Path) -> None:
    """A short form of ``benchmarks/search_honesty.py``: a market without signal."""
    plan = SearchPlan(trials=2, finalists=1, seeds=2)
    result = making.search(tmp_path, synthetic.history(700, 1), plan)
    assert result.test is None or not result.test.better
