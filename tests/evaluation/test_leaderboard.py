"""A leaderboard equals slow versions of itself, and finds what is known to be better."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptoforecast.errors import InvalidInput
from cryptoforecast.evaluation import backtest, judgement
from cryptoforecast.evaluation import scores as metrics
from cryptoforecast.evaluation.comparison import compare, holm
from cryptoforecast.evaluation.leaderboard import METRICS, leaderboard
from cryptoforecast.evaluation.leaderboard import standing as row_of
from cryptoforecast.evaluation.losses import of_metric
from cryptoforecast.evaluation.significance import (
    diebold_mariano,
    difference_interval,
    skill_interval,
)
from cryptoforecast.learning import specs
from cryptoforecast.types import Backtest, Forecast
from tests import synthetic

HORIZON = 3
QUICK = ("naive", "cone", "drift", "har")


@pytest.fixture(scope="module")
def result() -> Backtest:
    spec = specs.make(network="har", horizon=HORIZON)
    return backtest.holdout(synthetic.history(1500), spec, baselines=QUICK)


def with_predictor(result: Backtest, name: str, predicted: np.ndarray) -> Backtest:
    """The same backtest with one more predictor, which has naive's band."""
    forecast = dataclasses.replace(result.forecasts["naive"], predictor=name, predicted=predicted)
    scores = {**result.scores, name: metrics.score(forecast, 1.0)}
    return dataclasses.replace(
        result, forecasts={**result.forecasts, name: forecast}, scores=scores
    )


def standing(board, name):
    return next(each for each in board.standings if each.predictor == name)


def by_hand(forecast: Forecast, metric: str, step: int) -> list[float]:
    """Losses by a loop over origins and, of the band, over quantiles."""
    own_losses = []
    for i in range(len(forecast)):
        close, actual, predicted = (
            forecast.close[i],
            forecast.actual[i, step - 1],
            forecast.predicted[i, step - 1],
        )
        error = abs(actual - predicted)
        if metric == "pinball":
            parts = []
            for q, f in zip((0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975),
                            forecast.quantiles[i, step - 1], strict=True):  # fmt: skip
                miss = math.log(actual / close) - f
                parts.append(q * miss if miss > 0 else (q - 1) * miss)
            own_losses.append(sum(parts) / 9)
        elif metric in ("coverage_80", "coverage_95"):
            low, high = (2, 6) if metric == "coverage_80" else (0, 8)
            ends = (
                close * math.exp(forecast.quantiles[i, step - 1, low]),
                close * math.exp(forecast.quantiles[i, step - 1, high]),
            )
            own_losses.append(float(ends[0] <= actual <= ends[1]))
        elif metric == "directional_accuracy":
            own_losses.append(float((predicted > close) != (actual > close)))
        else:
            relative = {"mape": error / actual, "smape": 2 * error / (actual + predicted),
                        "rmse": error * error}  # fmt: skip
            own_losses.append(relative.get(metric, error))
    return own_losses


@pytest.mark.parametrize("metric", METRICS)
def test_losses_are_those_of_a_loop(result, metric):
    forecast = result.forecasts["drift"]
    for step in (1, HORIZON):
        assert of_metric(forecast, metric, step) == pytest.approx(by_hand(forecast, metric, step))


@pytest.mark.parametrize("metric", ["mae", "rmse", "mape", "smape", "pinball"])
def test_the_skill_is_that_of_the_scores(result, metric):
    board = leaderboard(result, metric, 2, "cone")
    assert (board.metric, board.step, board.reference) == (metric, 2, "cone")
    assert board.origins == len(result.forecast)
    for name, steps in result.scores.items():
        own, base = (getattr(each[1], metric) for each in (steps, result.scores["cone"]))
        assert standing(board, name).value == own
        assert standing(board, name).skill == pytest.approx(1 - own / base)
    values = [each.value for each in board.standings]
    assert values == sorted(values)


def alone(own: np.ndarray, base: np.ndarray, step: int) -> tuple[float, float, float]:
    """The skill with the ends of both methods' 95 % intervals, the outer ones."""
    skill, low, high = skill_interval(own, base, step)
    ends = [low, high, *difference_interval(own, base, step, 0.95)]
    return skill, float(np.nanmin(ends)), float(np.nanmax(ends))


def test_interval_and_p_value_are_those_of_significance(result):
    board = leaderboard(result, "pinball", 3)
    own, base = (of_metric(result.forecasts[name], "pinball", 3) for name in ("har", "naive"))
    entry = standing(board, "har")  # the one that is tested, a group of its own
    assert (entry.skill, entry.low, entry.high) == pytest.approx(alone(own, base, 3))
    assert entry.p_value == diebold_mariano(own, base, 3) == entry.p_holm


def test_the_others_are_corrected_for_their_number(result):
    result = with_predictor(result, "other", result.forecasts["naive"].predicted * 1.0005)
    board = leaderboard(result, "mae", 3)
    base = of_metric(result.forecasts["naive"], "mae", 3)
    p = {name: standing(board, name).p_value for name in ("other", "drift")}
    corrected = dict(zip(p, holm([*p.values()]), strict=True))
    for name in p:
        own = of_metric(result.forecasts[name], "mae", 3)
        entry, narrower = standing(board, name), alone(own, base, 3)
        assert entry.p_holm == corrected[name]
        level = 1 - 0.05 * p[name] / corrected[name]
        ends = [*skill_interval(own, base, 3, level=level)[1:],
                *difference_interval(own, base, 3, level)]  # fmt: skip
        assert (entry.low, entry.high) == (min(ends), max(ends))
        assert entry.low <= narrower[1] < narrower[2] <= entry.high
    assert max(corrected[name] / p[name] for name in p) == pytest.approx(2)


@pytest.mark.parametrize("metric", ["mae", "pinball"])
def test_a_leaderboard_says_the_same_as_the_verdict_whoever_else_is_on_it(result, metric):
    half = result.forecasts["naive"].predicted * 1.001
    reference = "naive" if metric == "mae" else "cone"
    for each in (result, with_predictor(result, "other", half)):
        entry, verdict = standing(leaderboard(each, metric, 3, reference), "har"), each.verdict
        ends = (verdict.low, verdict.high) if metric == "mae" else (
            verdict.band_low, verdict.band_high)  # fmt: skip
        assert (entry.low, entry.high) == ends


@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.floats(-0.2, 0.2)), min_size=1, max_size=5),
    st.sampled_from([1, 3]),
)
@settings(max_examples=40, deadline=None)
def test_an_interval_leaves_out_zero_only_where_the_corrected_p_value_is_significant(seeds, step):
    base = np.abs(np.random.default_rng(1).standard_t(4, 120)) + 0.1
    losses = {
        str(i): base * (1 - share + np.random.default_rng(seed).normal(0, 0.3, 120))
        for i, (seed, share) in enumerate(seeds)
    }
    for name, value in compare(losses, base, step).items():
        low, high = difference_interval(
            losses[name], base, step, 1 - 0.05 * value.p_value / value.p_holm
        )
        assert (low > 0 or high < 0) is (value.p_holm < 0.05)
        assert value.low <= low <= value.skill <= high
        assert min(1.0, high) <= value.high
        if value.low > 0 or value.high < 0:
            assert value.p_holm < 0.05


def test_a_p_value_too_small_for_a_number_is_corrected_for_all():
    base = np.abs(np.random.default_rng(1).standard_t(4, 3000)) + 1
    small = np.random.default_rng(2).normal(0, 1e-6, 3000)
    differences = compare({"a": base - 0.5 + small, "b": base - 0.4 - small}, base, 1)
    assert [each.p_holm for each in differences.values()] == [0, 0]
    assert 0 < differences["b"].low < differences["a"].low < differences["a"].skill


def test_the_reference_has_no_interval_and_no_p_value(result):
    entry = standing(leaderboard(result, "pinball", 1, "har"), "har")
    assert entry.skill == 0
    assert all(math.isnan(each) for each in (entry.low, entry.high, entry.p_value, entry.p_holm))


def test_the_error_of_a_root_has_the_interval_of_a_root(result):
    losses = {n: of_metric(result.forecasts[n], "rmse", 1) for n in ("drift", "cone", "naive")}
    base = losses.pop("naive")
    drift = compare(losses, base, 1)["drift"]
    squares = drift.skill, drift.low, drift.high
    entry = standing(leaderboard(result, "rmse", 1), "drift")
    assert (entry.skill, entry.low, entry.high) == pytest.approx(
        tuple(1 - math.sqrt(1 - each) for each in squares)
    )
    assert entry.low <= entry.skill <= entry.high


def test_a_predictor_that_knows_half_of_the_move_comes_first(result):
    naive = result.forecasts["naive"]
    half = with_predictor(result, "half", (naive.predicted + naive.actual) / 2)
    for metric in ("mae", "rmse", "mape", "smape", "mase", "directional_accuracy"):
        board = leaderboard(half, metric, 2)
        first = board.standings[0]
        assert first.predictor == "half", metric
        assert first.low > 0
        # Right every time against a coin toss: a difference that never varies has no p-value.
        assert first.p_holm < 0.001 or metric == "directional_accuracy"
    assert standing(leaderboard(half, "mae", 2), "half").skill == pytest.approx(0.5)
    assert standing(leaderboard(half, "directional_accuracy", 2), "half").skill == 1


def test_a_reference_that_predicts_no_direction_counts_as_a_coin_toss(result):
    wrong = with_predictor(result, "wrong", result.forecasts["naive"].predicted * 1.0001)
    entry = standing(leaderboard(wrong, "directional_accuracy", 1), "wrong")
    assert entry.skill == pytest.approx(1 - (1 - entry.value) / 0.5)
    # One that predicts a direction is taken as it is.
    board = leaderboard(wrong, "directional_accuracy", 1, "drift")
    own, base = standing(board, "wrong"), standing(board, "drift")
    assert own.skill == pytest.approx(1 - (1 - own.value) / (1 - base.value))
    board = leaderboard(result, "directional_accuracy", 1)
    assert math.isnan(standing(board, "cone").value)
    assert math.isnan(standing(board, "cone").skill)
    assert math.isnan(board.standings[-1].value)


@pytest.mark.parametrize(("metric", "promised"), [("coverage_80", 0.8), ("coverage_95", 0.95)])
def test_coverage_is_compared_with_its_level_and_not_with_the_reference(result, metric, promised):
    board = leaderboard(result, metric, 1, "naive")
    assert board.standings == leaderboard(result, metric, 1, "har").standings
    for each in board.standings:
        assert each.skill == pytest.approx(each.value - promised)
        assert each.low <= each.skill <= each.high
    hits = of_metric(result.forecasts["har"], metric, 1)
    skill, low, high = alone(hits, np.full(len(hits), promised), 1)
    entry = standing(board, "har")
    expected = (-promised * skill, -promised * high, -promised * low)
    assert (entry.skill, entry.low, entry.high) == pytest.approx(expected)
    assert entry.p_value == diebold_mariano(hits, np.full(len(hits), promised), 1)
    misses = [abs(each.value - promised) for each in board.standings]
    assert misses == sorted(misses)


@pytest.mark.parametrize(("metric", "level"), [("coverage_80", 0.8), ("coverage_95", 0.95)])
def test_the_nearer_coverage_stands_first_if_only_by_one_origin(result, metric, level):
    """One band holds too many outcomes and one too few, in turns the nearer."""
    naive = result.forecasts["naive"]
    promised = level * len(naive)
    for wide, narrow in ((5, -3), (3, -5)):
        hits = {"cone": math.ceil(promised) + wide, "drift": math.floor(promised) + narrow}
        forecasts = {**result.forecasts}
        for name, count in hits.items():
            quantiles = np.tile(np.linspace(-9.0, 9.0, 9), (len(naive), HORIZON, 1))
            quantiles[count:] += 20  # beyond what any price reaches
            forecasts[name] = dataclasses.replace(
                naive, predictor=name, quantiles=quantiles, predicted=naive.predicted
            )
        other = dataclasses.replace(
            result,
            forecasts=forecasts,
            scores={name: metrics.score(each, 1.0) for name, each in forecasts.items()},
        )
        order = [each.predictor for each in leaderboard(other, metric, 1).standings]
        first = "drift" if wide > -narrow else "cone"
        assert min(("cone", "drift"), key=order.index) == first


def test_a_band_that_is_far_too_narrow_has_a_small_p_value(result):
    naive = result.forecasts["naive"]
    narrow = dataclasses.replace(naive, quantiles=naive.quantiles * 0.3)
    wrong = dataclasses.replace(
        result,
        forecasts={**result.forecasts, "cone": narrow},
        scores={**result.scores, "cone": metrics.score(narrow, 1.0)},
    )
    entry = standing(leaderboard(wrong, "coverage_80", 1), "cone")
    assert entry.high < 0
    assert entry.p_holm < 0.001


def test_an_undefined_band_is_undefined(result):
    naive = result.forecasts["naive"]
    none = dataclasses.replace(naive, quantiles=np.full_like(naive.quantiles, np.nan))
    bare = dataclasses.replace(
        result,
        forecasts={**result.forecasts, "cone": none},
        scores={**result.scores, "cone": metrics.score(none, 1.0)},
    )
    for metric in ("pinball", "coverage_80"):
        board = leaderboard(bare, metric, 1)
        assert board.standings[-1].predictor == "cone"
        assert math.isnan(board.standings[-1].skill)
        assert math.isnan(board.standings[-1].p_value)
    against = leaderboard(bare, "pinball", 1, "cone")
    assert all(math.isnan(each.skill) for each in against.standings if each.predictor != "cone")


def test_too_few_origins_claim_nothing():
    spec = specs.make(network="cone", horizon=HORIZON)
    short = backtest.holdout(synthetic.history(250), spec, baselines=QUICK)
    board = leaderboard(short, "pinball", HORIZON)
    assert board.origins < 60
    for each in board.standings:
        assert math.isnan(each.low)
        assert math.isnan(each.p_value)
        assert math.isfinite(each.skill)


def test_origins_without_an_outcome_are_left_out(result):
    def ended(forecast: Forecast) -> Forecast:
        actual = forecast.actual.copy()
        actual[-5:, 1:] = np.nan
        return dataclasses.replace(forecast, actual=actual)

    forecasts = {name: ended(forecast) for name, forecast in result.forecasts.items()}
    scores = {name: metrics.score(forecast, 1.0) for name, forecast in forecasts.items()}
    board = leaderboard(dataclasses.replace(result, forecasts=forecasts, scores=scores), "mae", 2)
    assert board.origins == len(result.forecast) - 5
    assert all(math.isfinite(each.value) for each in board.standings)


@pytest.mark.parametrize(("origins", "enough"), [(39, False), (40, True)])
def test_twenty_origins_a_step_are_enough_for_an_interval(result, origins, enough):
    def shortened(forecast: Forecast) -> Forecast:
        actual = forecast.actual.copy()
        actual[origins:] = np.nan
        return dataclasses.replace(forecast, actual=actual)

    forecasts = {name: shortened(forecast) for name, forecast in result.forecasts.items()}
    scores = {name: metrics.score(forecast, 1.0) for name, forecast in forecasts.items()}
    few = dataclasses.replace(result, forecasts=forecasts, scores=scores)
    entry = standing(leaderboard(few, "pinball", 2), "har")
    assert all(math.isfinite(each) == enough for each in (entry.low, entry.high, entry.p_value))
    none = shortened(result.forecasts["har"])[origins:]
    nothing = dataclasses.replace(
        result, forecasts=dict.fromkeys(result.forecasts, none),
        scores=dict.fromkeys(result.scores, metrics.score(none, 1.0)),
    )  # fmt: skip
    entry = standing(leaderboard(nothing, "mae", 2), "har")
    assert math.isnan(entry.skill)
    assert leaderboard(nothing, "mae", 2).origins == 0


def test_the_last_step_and_the_pinball_loss_are_the_default(result):
    assert leaderboard(result) == leaderboard(result, "pinball", HORIZON, "naive")


def test_holm_by_hand():
    nan = math.nan
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.4]) == pytest.approx([0.8, 0.8])
    p_holm = holm([nan, 0.02, nan, 0.03])
    assert p_holm[1::2] == pytest.approx([0.04, 0.04])
    assert math.isnan(p_holm[0])
    assert math.isnan(p_holm[2])
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), max_size=12))
@settings(max_examples=60, deadline=None)
def test_holm_lies_between_the_plain_value_and_bonferronis(p_values):
    p_holm = holm(p_values)
    for p, corrected in zip(p_values, p_holm, strict=True):
        assert p <= corrected <= min(1.0, len(p_values) * p) + 1e-12
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    assert [p_holm[i] for i in order] == sorted(p_holm)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("speed", 1, "naive"), "`metric` must be one of mae, "),
        (("mae", 0, "naive"), "`step` must be 1 to the horizon, 3. Received: 0"),
        (("mae", 4, "naive"), "Received: 4"),
        (("mae", 1, "lstm"), "`reference` must be one of .*naive.* Received: 'lstm'"),
    ],
)
def test_an_unknown_metric_step_or_reference_is_refused(result, arguments, message):
    with pytest.raises(InvalidInput, match=message):
        leaderboard(result, *arguments)
    with pytest.raises(InvalidInput, match=message):
        row_of(result, "har", *arguments)


@pytest.mark.parametrize("metric", ["mae", "coverage_80", "directional_accuracy"])
def test_a_row_by_itself_is_that_of_the_board(result, metric):
    for reference in ("naive", "drift"):
        board = leaderboard(result, metric, 2, reference)
        assert len(board.standings) == len(QUICK)
        for each in board.standings:
            alone = row_of(result, each.predictor, metric, 2, reference)
            assert dataclasses.astuple(alone) == pytest.approx(
                dataclasses.astuple(each), nan_ok=True
            )


def test_the_judgement_has_the_outcomes_of_the_leaderboards(result):
    wrong = with_predictor(result, "wrong", result.forecasts["naive"].predicted * 1.05)
    outcomes = set()
    for name in wrong.forecasts:
        opinion = judgement.judge(wrong, name)
        for metric, outcome in (
            ("mae", opinion.outcome),
            ("directional_accuracy", opinion.direction.outcome),
            ("coverage_80", opinion.coverage.outcome),
        ):
            entry = standing(leaderboard(wrong, metric, HORIZON), name)
            if metric == "mae" and name == result.predictor:
                entry = result.verdict
            expected = "better" if entry.low > 0 else "worse" if entry.high < 0 else "tie"
            assert outcome == ("unknown" if math.isnan(entry.low) else expected), (name, metric)
            outcomes.add(outcome)
    assert outcomes >= {"worse", "tie", "unknown"}
