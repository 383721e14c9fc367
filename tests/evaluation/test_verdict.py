"""The sentence of a verdict agrees with its numbers."""

import math
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from scipy.stats import t as student

from cryptoforecast.errors import InvalidInput
from cryptoforecast.evaluation.comparison import min_origins
from cryptoforecast.evaluation.difference_text import difference_text
from cryptoforecast.evaluation.scores import pinball
from cryptoforecast.evaluation.verdict import direction_gain, judge
from cryptoforecast.types import QUANTILES, Forecast

#: Fields of a forecast that have one entry an origin.
PER_ORIGIN = ("origins", "close", "predicted", "quantiles", "actual")


def naive(n=3000, horizon=1, interval="1h", seed=0) -> Forecast:
    rng = np.random.default_rng(seed)
    path = 50_000 * np.exp(np.cumsum(rng.standard_t(4, n + horizon) * 0.004))
    close = path[:n]
    return Forecast(
        predictor="naive",
        interval=interval,
        origins=pd.date_range("2024-01-01", periods=n, freq="h", tz="UTC", name="time"),
        close=close,
        predicted=np.repeat(close[:, None], horizon, axis=1),
        quantiles=np.zeros((n, horizon, 9)),
        actual=np.stack([path[k : n + k] for k in range(1, horizon + 1)], axis=1),
    )


def pulled(base: Forecast, share: float) -> Forecast:
    """Move the last price towards the actual (or away from it): skill is about ``share``."""
    predicted = base.predicted + share * (base.actual - base.predicted)
    return replace(base, predictor="lstm", predicted=predicted)


def jittered(base: Forecast, size: float, seed=1) -> Forecast:
    noise = np.random.default_rng(seed).normal(0, size, base.predicted.shape)
    return replace(base, predictor="lstm", predicted=base.predicted * (1 + noise))


def test_a_better_forecast_beats():
    verdict = judge(pulled(naive(), 0.05), naive())
    assert verdict.beats_baseline
    assert (verdict.baseline, verdict.metric) == ("naive", "mae")
    assert verdict.skill == pytest.approx(0.05)
    assert verdict.sentence.startswith(
        "Beats the last price: its error is 5.0 % smaller (beyond chance: 4.8 to 5.2 %) over "
        "3,000 hours."
    )
    assert "Following its direction gained" in verdict.sentence


def test_a_worse_forecast_loses_and_the_interval_is_of_the_error():
    verdict = judge(jittered(naive(), 0.003), naive())
    assert not verdict.beats_baseline
    assert verdict.low < verdict.skill < verdict.high < 0
    larger, low, high = (f"{-100 * v:.1f}" for v in (verdict.skill, verdict.high, verdict.low))
    assert float(low) < float(larger) < float(high)
    assert verdict.sentence == (
        f"Loses to the last price: its error is {larger} % larger "
        f"(beyond chance: {low} to {high} %) over 3,000 hours."
    )


def test_an_error_many_times_as_large_is_given_in_times():
    verdict = judge(jittered(naive(), 0.02), naive())
    times, low, high = (f"{1 - v:.1f}" for v in (verdict.skill, verdict.high, verdict.low))
    assert verdict.skill < -1
    assert verdict.sentence == (
        f"Loses badly to the last price: its error is {times} times as large "
        f"(beyond chance: {low} to {high} times) over 3,000 hours."
    )
    assert float(low) < float(times) < float(high)


def test_an_error_many_times_as_large_within_chance_does_not_lose_badly():
    """One forecast is wildly off: three times the error, but nothing to conclude from."""
    base = naive(n=400)
    better = pulled(base, 0.05)
    predicted = better.predicted.copy()
    predicted[200] += 2 * np.abs(base.actual - base.predicted).sum()
    verdict = judge(replace(better, predicted=predicted), base)
    assert verdict.skill < -1
    assert verdict.low < -1 < 0 < verdict.high
    times, low, high = (f"{1 - v:.1f}" for v in (verdict.skill, verdict.high, verdict.low))
    assert verdict.sentence == (
        f"Does not beat the last price: its error is {times} times as large "
        f"(within chance: {low} to {high} times) over 400 hours."
    )


def find(condition, size=0.0004, share=0.0):
    base = naive(n=400)
    for seed in range(200):
        verdict = judge(jittered(pulled(base, share), size, seed), base)
        if condition(verdict):
            return verdict
    raise AssertionError("no seed gives this case")


def test_within_chance_and_larger():
    verdict = find(lambda v: v.skill < -0.001 and v.high > 0.001)
    assert not verdict.beats_baseline
    assert verdict.sentence == (
        f"Does not beat the last price: its error is {-100 * verdict.skill:.1f} % larger "
        f"(within chance: {-100 * verdict.high:.1f} to {-100 * verdict.low:.1f} %) "
        "over 400 hours."
    )
    assert "(within chance: -" in verdict.sentence


def test_within_chance_and_smaller_is_no_win():
    verdict = find(lambda v: v.skill > 0.001 and v.low < -0.001)
    assert not verdict.beats_baseline
    assert verdict.sentence == (
        f"Does not beat the last price: its error is {100 * verdict.skill:.1f} % smaller "
        f"(within chance: {100 * verdict.low:.1f} to {100 * verdict.high:.1f} %) "
        "over 400 hours."
    )


def test_the_interval_covers_those_of_both_methods_and_decides_alone():
    for target in (
        lambda v: v.ci_low > 0 and v.p_value >= 0.05,  # the bootstrap alone finds a difference
        lambda v: v.ci_low < 0 < v.ci_high and v.p_value < 0.05,  # the test alone does
    ):
        verdict = find(target, size=0.0008, share=0.03)
        assert not verdict.beats_baseline
        assert verdict.low <= verdict.ci_low < verdict.ci_high <= verdict.high
        assert verdict.low < 0 < verdict.skill
        assert verdict.sentence.startswith("Does not beat the last price: its error is ")
        assert "% smaller (within chance: -" in verdict.sentence
        assert "p = " not in verdict.sentence
    base = naive(n=400)
    worse = judge(jittered(pulled(base, 0.1), 0.002, 189), base)
    assert worse.p_value < 0.05
    assert worse.low < worse.skill < 0 < worse.high
    assert worse.sentence.startswith("Does not beat the last price: its error is ")


def test_a_claim_is_divided_among_those_that_are_tested():
    base = naive(n=400)
    alone = find(lambda v: v.beats_baseline and v.p_value > 0.025, size=0.0008, share=0.03)
    seed = next(s for s in range(200) if judge(make(base, s), base) == alone)
    tested, other = make(base, seed), jittered(base, 0.001, 7)
    beside = judge(tested, base, others=[other])
    assert beside.p_value == alone.p_value
    assert (beside.ci_low, beside.ci_high) == (alone.ci_low, alone.ci_high)
    assert beside.low < 0 < alone.low
    assert beside.sentence.startswith("Does not beat the last price: its error is ")
    assert "within chance" in beside.sentence


def make(base: Forecast, seed: int) -> Forecast:
    return jittered(pulled(base, 0.03), 0.0008, seed)


# The embedded market's verdicts are far from these ends; any interval has to be written truly.
ENDS = st.one_of(st.just(0.0), st.floats(1e-9, 30), st.floats(-30, -1e-9))


@given(st.lists(ENDS, min_size=3, max_size=3).map(sorted), st.booleans())
@example([-4.0, -3.0, -0.01], True)  # 1.01 times, which is not 1.0 times
@example([0.0000004, 0.01, 0.02], False)
def test_the_words_of_a_difference_agree_with_the_interval_that_is_shown(ends, named):
    low, skill, high = ends[0], ends[1], min(ends[2], 1.0)
    assume(low <= skill <= high)
    text = difference_text(skill, low, high, "that of the cone" if named else "")
    if low == high == 0:
        assert "chance" not in text
        return
    shown = re.search(r" \((?:within|beyond) chance: (-?[\d.]+) to (-?[\d.]+) (%|times)\)$", text)
    assert shown is not None
    first, last, same = float(shown[1]), float(shown[2]), 1 if shown[3] == "times" else 0
    assert first <= last
    leaves_out = first > same or last < same
    assert leaves_out is (low > 0 or high < 0)
    assert ("within chance" in text) is (not leaves_out)
    if leaves_out and same:
        assert first > same  # an error that is larger
    elif leaves_out:
        assert first > 0
        assert (" smaller" in text) is (skill > 0)


@pytest.mark.parametrize(
    ("times", "words"),
    [(1.94, "94.0 % larger"), (2.0, "2.0 times as large"), (2.06, "2.1 times as large")],
)
def test_from_twice_the_error_on_it_is_given_in_times(times, words):
    base = naive(n=100)
    # Prices are powers of two, so that twice the error is exactly that.
    close, actual = np.full(100, 64.0), np.full((100, 1), 65.0)
    base = replace(base, close=close, predicted=np.full((100, 1), 64.0), actual=actual)
    model = replace(base, predictor="lstm", predicted=65.0 - times * np.ones((100, 1)))
    sentence = judge(model, base).sentence
    assert f"its error is {words} " in sentence
    assert sentence.startswith("Loses badly" if times >= 2 else "Loses to")
    too_few = [
        replace(each, **{name: getattr(each, name)[:29] for name in PER_ORIGIN})
        for each in (model, base)
    ]
    than = "than" if "%" in words else "as"
    assert f"its error is {words} {than} that of the last price" in judge(*too_few).sentence


@pytest.mark.parametrize(
    ("times", "words"), [(1.94, "94.0 % larger than"), (2.06, "2.1 times as large as")]
)
def test_from_twice_the_error_of_a_band_on_it_is_given_in_times(times, words):
    base = naive(n=100)
    # All quantiles lie below the outcome, by 1 % and by some times as much.
    near, far = (
        np.repeat(base.actual_returns[..., None] - each, 9, axis=-1)
        for each in (0.01, 0.01 * times)
    )
    model = replace(jittered(base, 0.001), quantiles=far)
    verdict = judge(model, base, replace(base, predictor="cone", quantiles=near))
    assert verdict.band_skill == pytest.approx(1 - times)
    assert (
        f" Its band's error is {words} that of the volatility cone (beyond chance: "
        in verdict.sentence
    )


@pytest.mark.parametrize(
    ("scale", "share", "wrong", "words"),
    [
        (1.0, 0.05, 0.0, "gained {:.1f} basis points a forecast before fees; a usual fee is 10"),
        (0.2, 0.05, 0.0, "gained {:.1f} basis points a forecast before fees; less than the usual"
                         " fee of 10"),
        (0.01, 0.05, 0.0, "gained {:.1f} basis points a forecast before fees; less than the usual"
                          " fee of 10"),
        (1.0, 0.5, 0.003, "lost {:.1f} basis points a forecast before fees; less than the usual "
                          "fee of 10"),
    ],
)  # fmt: skip
def test_the_gain_of_its_direction_is_compared_with_a_fee(scale, share, wrong, words):
    """``wrong``: where the price moves by more, a little in the wrong direction is predicted."""
    base = naive()
    actual = base.close[:, None] * (base.actual / base.close[:, None]) ** scale
    base = replace(base, actual=actual)
    move = base.actual - base.predicted
    far = np.abs(move) > (wrong or math.inf) * base.close[:, None]
    model = replace(
        base, predictor="lstm", predicted=base.predicted + move * np.where(far, -1e-6, share)
    )
    verdict, gain = judge(model, base), direction_gain(model)
    assert verdict.beats_baseline
    assert verdict.sentence.endswith(f" Following its direction {words.format(abs(gain))} a trade.")


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.00115, "0.1"), (0.000995, "0.10"), (0.0006, "0.06"), (0.0004, "0.04"),
        (0.000_099, "0.010"), (0.000_04, "0.004"), (0.000_006, "0.0006"),
    ],
)  # fmt: skip
def test_small_differences_are_not_rounded_to_zero(share, words):
    base = naive()
    verdict = judge(pulled(base, share), base)
    assert verdict.sentence.startswith(
        f"Beats the last price: its error is {words} % smaller (beyond chance: "
    )


def test_a_longer_horizon_and_simulated_prices_are_named():
    base = naive(horizon=24)
    verdict = judge(pulled(base, 0.1), base, simulated=True)
    assert verdict.sentence.startswith(
        "Beats the last price 24 hours ahead: its error is 10.0 % smaller "
    )
    assert "over 3,000 simulated hours." in verdict.sentence
    daily = naive(horizon=7, interval="1d")
    assert "7 days ahead" in judge(jittered(daily, 0.001), daily).sentence
    quarters = naive(horizon=12, interval="15m")
    assert " 3 hours ahead: " in judge(jittered(quarters, 0.001), quarters).sentence


def test_the_last_price_itself_and_a_forecast_equal_to_it():
    base = naive()
    itself = judge(base, base)
    assert (itself.skill, itself.ci_low, itself.ci_high) == (0, 0, 0)
    assert math.isnan(itself.p_value)
    assert not itself.beats_baseline
    assert itself.sentence.startswith("This is the last price itself")
    cone = judge(replace(base, predictor="cone"), base)
    assert cone.sentence == "Does not beat the last price: it has the same error over 3,000 hours."


def test_thirty_origins_and_twenty_a_step_are_needed():
    assert [min_origins(horizon) for horizon in (1, 2, 24)] == [30, 40, 480]


@pytest.mark.parametrize("horizon", [1, 24])
def test_too_few_origins_claim_nothing(horizon):
    few, enough = min_origins(horizon) - 1, min_origins(horizon)
    base = naive(n=few, horizon=horizon)
    verdict = judge(pulled(base, 0.3), base)
    assert not verdict.beats_baseline
    assert verdict.skill == pytest.approx(0.3)
    assert all(map(math.isnan, (verdict.ci_low, verdict.ci_high, verdict.p_value)))
    assert verdict.sentence.startswith("Too few forecasts to tell")
    assert f"30.0 % smaller than that of the last price over {few} hours" in verdict.sentence
    same = judge(replace(base, predictor="cone"), base).sentence
    assert f"its error is the same as that of the last price over {few} hours" in same
    worse = replace(base, predictor="x", predicted=base.actual + 5 * (base.predicted - base.actual))
    assert (
        "its error is 5.0 times as large as that of the last price" in judge(worse, base).sentence
    )
    base = naive(n=enough, horizon=horizon)
    verdict = judge(pulled(base, 0.3), base)
    assert verdict.beats_baseline
    assert (verdict.ci_low, verdict.ci_high) == pytest.approx((0.3, 0.3), abs=0.1)


def test_a_single_forecast_is_over_one_hour():
    base = naive(n=1)
    assert (
        "than that of the last price over 1 hour; 30 are" in judge(pulled(base, 0.3), base).sentence
    )
    two = naive(n=2)
    assert "over 2 hours;" in judge(pulled(two, 0.3), two).sentence


@pytest.mark.parametrize(
    ("fall", "words"), [(0.5, "gained 0.0"), (0.4999, "lost 1.0"), (0.49995, "lost 0.5")]
)
def test_a_direction_that_gains_nothing_loses_nothing(fall, words):
    """Dear coins double and cheap ones halve, in turns; a little more is always predicted."""
    base = naive(n=400)
    rises = np.arange(400) % 2 == 0
    close = np.where(rises, 64.0, 1.0)
    base = replace(
        base,
        close=close,
        predicted=close[:, None],
        actual=np.where(rises, 2 * close, fall * close)[:, None],
    )
    model = replace(base, predictor="lstm", predicted=1.125 * close[:, None])
    assert direction_gain(model) == pytest.approx(5000 * math.log(2 * fall), abs=1e-9)
    verdict = judge(model, base)
    assert verdict.beats_baseline
    assert f" Following its direction {words} basis points" in verdict.sentence


def test_a_forecast_that_cannot_be_judged_says_why():
    base = naive(n=100)
    broken = base.predicted.copy()
    broken[:3] = math.nan
    verdict = judge(replace(base, predictor="lstm", predicted=broken), base)
    assert verdict.sentence == (
        "Can't be judged: 3 of its forecasts are not numbers, over 100 hours."
    )
    flat = replace(base, close=np.ones(100), predicted=np.ones((100, 1)), actual=np.ones((100, 1)))
    verdict = judge(replace(flat, predictor="lstm", predicted=flat.predicted * 1.1), flat)
    assert verdict.sentence == "Can't be judged: the price never moved, over 100 hours."
    unknown = replace(base, actual=np.full((100, 1), math.nan))
    verdict = judge(replace(unknown, predictor="lstm"), unknown)
    assert verdict.sentence == "Can't be judged: no price after an origin is known yet."
    assert math.isnan(verdict.skill)
    assert not verdict.beats_baseline


def test_different_origins_are_refused():
    base = naive(n=100)
    with pytest.raises(InvalidInput, match=r"same origins.*Received: 100 .* 99 with 1"):
        judge(base, naive(n=99))
    with pytest.raises(InvalidInput, match="same origins"):
        judge(base, replace(base, origins=base.origins + pd.Timedelta(hours=1)))
    with pytest.raises(InvalidInput, match="100 origins with 1 steps and 100 with 2"):
        judge(base, naive(n=100, horizon=2))


def banded(base: Forecast, scale: float, predictor: str) -> Forecast:
    """Draw the right band of these returns (Student's t), ``scale`` times as wide."""
    one = 0.004 * scale * student.ppf(QUANTILES, 4)
    return replace(base, predictor=predictor, quantiles=np.broadcast_to(one, (len(base), 1, 9)))


def test_a_better_band_does_not_count_as_a_better_price():
    base = naive()
    cone = banded(base, 2.0, "cone")
    model = banded(jittered(base, 0.003), 1.0, "lstm")
    verdict = judge(model, base, cone)
    losses = [
        pinball(base.actual_returns[:, 0], forecast.quantiles[:, 0]) for forecast in (model, cone)
    ]
    assert verdict.band_skill == pytest.approx(1 - losses[0] / losses[1])
    assert 0 < verdict.band_low < verdict.band_skill < verdict.band_high
    assert verdict.sentence.startswith(judge(model, base).sentence)
    ends = (verdict.band_skill, verdict.band_low, verdict.band_high)
    size, low, high = (f"{100 * value:.1f}" for value in ends)
    covered = np.mean(np.abs(base.actual_returns) <= 0.004 * student.ppf(0.9, 4))
    assert verdict.sentence.endswith(
        f" Its band's error is {size} % smaller than that of the volatility cone (beyond chance: "
        f"{low} to {high} %); "
        f"its 80 % band covers {100 * covered:.1f} %."
    )
    assert not verdict.beats_baseline
    assert math.isnan(judge(model, base).band_skill)


def test_a_worse_band_an_equal_band_and_the_band_of_the_cone():
    base = naive()
    cone = banded(base, 1.0, "cone")
    wider = judge(banded(base, 2.0, "lstm"), base, cone)
    assert wider.band_low < wider.band_skill < wider.band_high < 0
    larger, low, high = (
        f"{-100 * v:.1f}" for v in (wider.band_skill, wider.band_high, wider.band_low)
    )
    assert (
        f"error is {larger} % larger than that of the volatility cone (beyond chance: {low} to "
        f"{high} %)" in wider.sentence
    )
    awful = judge(banded(base, 40.0, "lstm"), base, cone)
    assert "times as large as that of the volatility cone (beyond chance" in awful.sentence
    own = judge(cone, base, cone)
    assert (own.band_skill, own.band_low, own.band_high) == (0, 0, 0)
    assert "cone" not in own.sentence
    assert " Its 80 % band covers " in own.sentence
    equal = judge(replace(cone, predictor="lstm"), base, cone)
    assert "error is the same as that of the volatility cone;" in equal.sentence
    close = judge(banded(naive(n=60), 1.02, "lstm"), naive(n=60), banded(naive(n=60), 1.0, "cone"))
    assert close.band_low < 0 < close.band_high
    assert close.band_skill > 0
    assert " smaller than that of the volatility cone (within chance: -" in close.sentence
    wide = judge(banded(naive(n=60), 1.1, "lstm"), naive(n=60), banded(naive(n=60), 1.0, "cone"))
    assert wide.band_skill < 0 < wide.band_high
    assert " larger than that of the volatility cone (within chance: -" in wide.sentence


def test_a_band_that_cannot_be_judged_is_not_mentioned():
    few = naive(n=min_origins(1) - 1)
    verdict = judge(banded(few, 0.5, "lstm"), few, banded(few, 1.0, "cone"))
    assert math.isnan(verdict.band_low)
    assert "band" not in verdict.sentence
    base = naive(n=100)
    undefined = replace(base, predictor="cone", quantiles=base.quantiles * math.nan)
    verdict = judge(banded(base, 1.0, "lstm"), base, undefined)
    assert math.isnan(verdict.band_skill)
    assert "band" not in verdict.sentence


def test_direction_gain_equals_a_hand_loop():
    base = naive(n=200)
    model = jittered(base, 0.001)
    total = 0.0
    for close, predicted, actual in zip(base.close, model.predicted, base.actual, strict=True):
        bet = 1 if predicted[0] > close else -1 if predicted[0] < close else 0
        total += bet * math.log(actual[0] / close)
    assert direction_gain(model) == pytest.approx(total / 200 * 1e4)
    assert direction_gain(base) == 0
    assert math.isnan(direction_gain(replace(base, actual=base.actual * math.nan)))
