"""A judgement has the numbers of a hand loop, and words only for what is more than chance."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from cryptoforecast.evaluation import backtest
from cryptoforecast.evaluation import scores as metrics
from cryptoforecast.evaluation.judgement import compare, contest, judge
from cryptoforecast.learning import specs
from cryptoforecast.types import Backtest, Comparison, Forecast
from tests import synthetic

HORIZON = 2


@pytest.fixture(scope="module")
def result() -> Backtest:
    spec = specs.make(network="har", horizon=HORIZON)
    return backtest.holdout(synthetic.history(1500), spec, baselines=("naive", "cone", "har"))


def moved(forecast: Forecast, share: float) -> Forecast:
    """The last price moved towards the actual price, or away from it, with its range."""
    predicted = forecast.predicted + share * (forecast.actual - forecast.predicted)
    shift = np.log(predicted / forecast.close[:, None])[:, :, None]
    return dataclasses.replace(
        forecast, predictor="moved", predicted=predicted, quantiles=forecast.quantiles + shift
    )


def among(result: Backtest, forecast: Forecast) -> Backtest:
    """The same test with one more predictor."""
    return dataclasses.replace(
        result,
        forecasts={**result.forecasts, "moved": forecast},
        scores={**result.scores, "moved": metrics.score(forecast, 1.0)},
    )


def test_a_judgement_has_the_numbers_of_a_hand_loop(result):
    forecast = moved(result.forecasts["naive"], 0.3)
    opinion = judge(among(result, forecast), "moved")
    errors, references, right, hits = [], [], [], []
    for i, close in enumerate(forecast.close):
        actual, predicted = forecast.actual[i, 1], forecast.predicted[i, 1]
        errors.append(abs(actual - predicted))
        references.append(abs(actual - close))
        if actual != close:
            right.append((actual > close) == (predicted > close))
        low, high = (close * math.exp(forecast.quantiles[i, 1, k]) for k in (2, 6))
        hits.append(low <= actual <= high)
    assert opinion.origins == len(errors) == len(forecast)
    assert opinion.error == pytest.approx(sum(errors) / len(errors))
    assert opinion.reference == pytest.approx(sum(references) / len(references))
    assert opinion.direction.share == pytest.approx(sum(right) / len(right)) == 1.0
    assert opinion.coverage.share == pytest.approx(sum(hits) / len(hits))
    assert (opinion.direction.promised, opinion.coverage.promised) == (0.5, 0.8)
    assert (opinion.outcome, opinion.direction.outcome) == ("better", "better")


@pytest.mark.parametrize(
    ("share", "outcome"), [(0.3, "better"), (0.0, "tie"), (1e-9, "better"), (-0.3, "worse")]
)
def test_a_comparison_says_which_of_two_misses_less(result, share, outcome):
    naive = result.forecasts["naive"]
    compared = compare(moved(naive, share), naive)
    assert compared.outcome == outcome
    assert compared.difference == pytest.approx(share * compared.other, rel=1e-3, abs=1e-12)
    assert compare(naive, moved(naive, share)).difference == pytest.approx(-compared.difference)


def test_what_chance_could_do_is_a_tie(result):
    naive = result.forecasts["naive"]
    noise = np.random.default_rng(0).normal(0, 2e-4, naive.predicted.shape)
    jittered = dataclasses.replace(naive, predicted=naive.predicted * (1 + noise))
    compared = compare(jittered, naive)
    assert compared.outcome == "tie"
    assert compared.error != compared.other


def test_too_few_past_forecasts_say_nothing():
    spec = specs.make(network="har", horizon=HORIZON)
    few = backtest.holdout(synthetic.history(200), spec, baselines=("naive", "har"))
    opinion = judge(few)
    assert opinion.outcome == opinion.direction.outcome == opinion.coverage.outcome == "unknown"
    assert opinion.error > 0
    naive = few.forecasts["naive"]
    assert compare(moved(naive, 0.5), naive).outcome == "unknown"


def test_two_are_compared_where_both_have_forecasts(result):
    """Half of the origins of each are the other's too."""
    naive = result.forecasts["naive"]
    n = len(naive)
    first, second = part(moved(naive, 0.3), 0, 2 * n // 3), part(naive, n // 3, n)
    verdicts = contest({"first": first, "second": second}, ["second"])
    compared = verdicts.comparisons["second"]
    both = slice(n // 3, 2 * n // 3)
    error = np.abs(naive.actual[both, 1] - moved(naive, 0.3).predicted[both, 1]).mean()
    assert compared.origins == 2 * n // 3 - n // 3
    assert compared.error == pytest.approx(error)
    assert compared.other == pytest.approx(np.abs(naive.actual - naive.predicted)[both, 1].mean())
    assert compared.outcome == "better"
    assert (verdicts.origins, verdicts.errors) == (
        compared.origins, {"first": compared.error, "second": compared.other},
    )  # fmt: skip
    assert part(naive, 0, 3).origins.intersection(part(naive, 3, n).origins).empty


def part(forecast: Forecast, first: int, end: int) -> Forecast:
    """The forecasts of some of the origins."""
    fields = ("origins", "close", "predicted", "quantiles", "actual")
    return dataclasses.replace(
        forecast, **{name: getattr(forecast, name)[first:end] for name in fields}
    )


def test_other_horizons_are_compared_on_the_steps_that_all_have(result):
    naive = result.forecasts["naive"]
    shorter = dataclasses.replace(
        moved(naive, 0.3),
        **{
            name: getattr(moved(naive, 0.3), name)[:, :1]
            for name in ("predicted", "quantiles", "actual")
        },
    )
    for pair in ({"own": naive, "other": shorter}, {"own": shorter, "other": naive}):
        verdicts = contest(pair, ["other"])
        assert verdicts.step == 1 < naive.horizon
        errors = [np.abs(each.actual[:, 0] - each.predicted[:, 0]).mean() for each in pair.values()]
        assert list(verdicts.errors.values()) == pytest.approx(errors)
        # The same as if the longer one had never looked farther.
        cut = [
            dataclasses.replace(
                each,
                **{
                    name: getattr(each, name)[:, :1]
                    for name in ("predicted", "quantiles", "actual")
                },
            )
            for each in pair.values()
        ]
        assert verdicts.comparisons["other"] == compare(*cut)


def test_a_difference_is_how_much_smaller_the_first_error_is():
    assert math.isnan(Comparison("unknown", 0, math.nan, math.nan).difference)
    assert Comparison("tie", 5, 3.0, 4.0).difference == 1.0


def test_a_range_that_is_too_narrow_or_too_wide_is_told(result):
    cone = result.forecasts["cone"]
    for factor, outcome in ((0.3, "worse"), (1.0, "tie"), (3.0, "better")):
        forecast = dataclasses.replace(cone, predictor="moved", quantiles=factor * cone.quantiles)
        coverage = judge(among(result, forecast), "moved").coverage
        assert coverage.outcome == outcome, (factor, coverage)


def test_a_better_range_shows_where_the_middles_are_alike(result):
    cone = result.forecasts["cone"]
    narrow = dataclasses.replace(cone, quantiles=0.2 * cone.quantiles)
    compared = compare(cone, narrow)
    assert compared.difference == 0
    assert compared.outcome == "tie"
    assert compared.range_outcome == "better"
    assert compared.range_skill > 0
    assert compare(narrow, cone).range_outcome == "worse"


def test_prices_that_were_learnt_from_are_no_fair_test(result):
    assert not judge(result).seen
    assert judge(dataclasses.replace(result, seen=True)).seen


@pytest.mark.parametrize(
    ("named", "is_judged"), [(0.45, False), (0.5, True), (0.55, True), (1.0, True)]
)
def test_a_direction_is_judged_where_most_forecasts_name_one(result, named, is_judged):
    naive, ahead = result.forecasts["naive"], moved(result.forecasts["naive"], 0.3)
    count = round(named * len(naive))
    some = np.arange(len(naive))[:, None] < count
    mostly = dataclasses.replace(ahead, predicted=np.where(some, ahead.predicted, naive.predicted))
    direction = judge(among(result, mostly), "moved").direction
    assert count / len(naive) == pytest.approx(named, abs=0.002)
    assert direction.promised == 0.5
    assert math.isnan(direction.share) != is_judged
    assert (direction.outcome != "unknown") == is_judged


@pytest.mark.parametrize("step", [1, HORIZON])
def test_only_directions_at_the_last_step_count(result, step):
    naive, ahead = result.forecasts["naive"], moved(result.forecasts["naive"], 0.3)
    at = np.arange(1, HORIZON + 1) == step
    once = dataclasses.replace(ahead, predicted=np.where(at, ahead.predicted, naive.predicted))
    direction = judge(among(result, once), "moved").direction
    assert (direction.outcome == "better") == (step == HORIZON)
    assert math.isnan(direction.share) == (step != HORIZON)
