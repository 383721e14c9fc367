"""The stack: no later candle changes it, and the better member counts for more."""

import dataclasses

import numpy as np
import pytest

from cryptoforecast.errors import InvalidInput
from cryptoforecast.evaluation import scores
from cryptoforecast.forecasting import (
    band_width,
    calibration,
    level_factors,
    middle,
    network,
    next_steps,
    stack,
)
from cryptoforecast.forecasting.bands import RollingBand
from cryptoforecast.forecasting.baselines import BASELINES
from cryptoforecast.forecasting.network import NetworkPredictor
from cryptoforecast.forecasting.stack import Stack
from cryptoforecast.learning.targets import actual_prices
from cryptoforecast.types import MEDIAN, QUANTILES, Forecast, Split
from tests import synthetic

HORIZON, FIRST, START, STOP = 3, 40, 1900, 2700
#: The split of a test that begins at ``START``.
SPLIT = Split(STOP + HORIZON + 5, 1500, START, HORIZON)
NORMAL = np.array([-1.95996, -1.64485, -1.28155, -0.67449, 0, 0.67449, 1.28155, 1.64485, 1.95996])


@pytest.fixture(scope="module")
def history():
    return synthetic.history(STOP + HORIZON + 5)


def small(**spec):
    """Make a network whose nine quantiles lie well apart: its weights are small."""
    model = synthetic.model(synthetic.spec(horizon=HORIZON, **spec))
    return dataclasses.replace(model, weights=tuple(0.1 * each for each in model.weights))


def stacked(history, model=None, before=START):
    har = BASELINES["har"].fit(history, before, HORIZON)
    return Stack(NetworkPredictor(model or small(), RollingBand(FIRST, 8000)), (har,))


def forecast(history, name, sigma, moves=0.0, rows=range(FIRST, STOP)):
    """Make a forecast with normal bands of the given width, moved by so much."""
    close = history.candles["close"].to_numpy()
    size = len(rows), HORIZON
    root = np.sqrt(np.arange(1, HORIZON + 1))
    widths = np.broadcast_to(np.asarray(sigma).reshape(-1, 1) * root, size)
    moves = np.broadcast_to(np.asarray(moves).reshape(-1, 1), size)
    quantiles = (moves[..., None] + widths[..., None] * NORMAL).astype(np.float32)
    last = close[rows.start : rows.stop]
    return Forecast(
        predictor=name,
        interval="1h",
        origins=history.candles.index[rows.start : rows.stop],
        close=last,
        predicted=last[:, None] * np.exp(moves),
        quantiles=quantiles,
        actual=actual_prices(close, rows, HORIZON),
        candles=history.candles.index,
    )


@pytest.mark.parametrize("loss", ["quantile", "mse"])
def test_no_later_candle_changes_a_forecast(history, loss):
    model = small(loss=loss)
    row = START + 400
    later = synthetic.altered(history, row + 1)
    bands = []
    for each in (history, later):
        har = BASELINES["har"].fit(each, START, HORIZON)
        whole = Stack(network.for_test(model, SPLIT), (har,))
        bands.append(whole.with_members(each, range(START, STOP)).forecasts)
    for name, one in bands[0].items():
        other = bands[1][name]
        upto = row - START + 1
        np.testing.assert_array_equal(one.quantiles[:upto], other.quantiles[:upto])
        np.testing.assert_array_equal(one.predicted[:upto], other.predicted[:upto])
        assert not np.array_equal(one.quantiles[upto], other.quantiles[upto])


def test_members_forecast_as_they_do_alone(history):
    whole = stacked(history)
    rows = range(START, STOP)
    together = whole.with_members(history, rows).forecasts
    assert list(together) == ["har", "dense", "stack"]
    for member in (whole.network, *whole.others):
        alone = member.forecast(history, rows)
        np.testing.assert_array_equal(together[member.name].quantiles, alone.quantiles)
        np.testing.assert_array_equal(together[member.name].predicted, alone.predicted)


def test_a_forecast_keeps_nothing_of_the_rows_that_it_learnt_from(history):
    """A test in a cache, or one next step, held several times its own size."""
    whole = stacked(history)
    rows = range(FIRST, STOP)
    several = whole.with_members(history, rows).forecasts
    for each in (*several.values(), whole.forecast(history, rows)):
        for name in ("close", "predicted", "quantiles", "actual"):
            values = getattr(each, name)
            base = values if values.base is None else values.base
            assert base.nbytes == values.nbytes, (each.predictor, name)


def test_the_next_steps_are_those_of_the_same_origin_in_a_backtest(history):
    model = synthetic.model(synthetic.spec(horizon=HORIZON), cutoff="2023-10-20T00:00:00+00:00")
    alone = next_steps.of_model(history, model)
    last = history.last_row
    har = BASELINES["har"].fit(history, len(history), HORIZON)
    whole = Stack(network.for_next_steps(model, history), (har,))
    pair = whole.with_members(history, last)
    np.testing.assert_array_equal(alone.forecast.quantiles, pair.forecast.quantiles)
    rows = range(last.start - 5, last.stop)
    several = whole.with_members(history, rows).forecast
    # Levels are measured anew at the first origin of a test, which lies five rows earlier here.
    np.testing.assert_allclose(several.quantiles[-1], alone.forecast.quantiles[0], rtol=0.05)
    assert {each.name for each in alone.members} == {"dense", "har"}
    np.testing.assert_allclose(sum(each.weights for each in alone.members), 1)


def test_with_few_outcomes_it_is_the_mean_of_the_members_around_the_last_price(history):
    one = forecast(history, "lstm", 0.005, moves=0.01)[:150]
    other = forecast(history, "har", 0.02)[:150]
    band, members, factors = stack.combined([one, other], history, 149)
    np.testing.assert_allclose(band.quantiles[0, 0], 0.01 * NORMAL, atol=1e-7)
    np.testing.assert_array_equal(band.predicted[0], band.close[0])
    assert (factors == 1).all()
    for member in members:
        np.testing.assert_array_equal(member.weights, 0.5)


def test_the_forecast_is_that_of_its_four_stages_done_by_hand(history):
    rng = np.random.default_rng(10)
    rows = range(FIRST, FIRST + 1860)
    sigma = 0.01 * np.exp(rng.normal(0, 0.3, (3, len(rows))))
    close = history.candles["close"].to_numpy()
    outcome = np.log(close[rows.start + 1 : rows.stop + 1] / close[rows.start : rows.stop])
    moves = outcome + rng.normal(0, 0.02, len(rows))
    members = [
        forecast(history, "lstm", sigma[0], moves=moves, rows=rows),
        forecast(history, "har", sigma[1], rows=rows),
        forecast(history, "cone", sigma[2], rows=rows),
    ]
    bands = [each.quantiles.copy() for each in members]
    # One member has no band for a while, and no width at one origin.
    bands[1][600:700] = np.nan
    bands[2][1200] = 0
    members = [
        dataclasses.replace(each, quantiles=band) for each, band in zip(members, bands, strict=True)
    ]
    bands = np.array(bands, dtype=float)
    logs = np.log(np.maximum(bands[..., 6] - bands[..., 2], 1e-9))
    shapes = (bands - bands[..., [MEDIAN]]) / np.exp(logs)[..., None]
    width = np.nanmean(logs, axis=0)
    mean = np.exp(width)[..., None] * np.nanmean(shapes, axis=0)
    apart = np.nan_to_num(logs - width)
    deviations = np.column_stack([apart[i, :, j] for i in (0, 1) for j in (0, 2)])
    by_hand = dataclasses.replace(members[0], predictor="stack", quantiles=mean)
    widths, weights = band_width.fit(by_hand, history, deviations, (300.0, 20.0))
    shift = members[0].quantiles[..., MEDIAN] * middle.shares(members[0])
    moved = dataclasses.replace(
        by_hand,
        quantiles=mean * widths[..., None] + shift[..., None],
        predicted=by_hand.close[:, None] * np.exp(shift),
    )
    burn_in = 100
    by = level_factors.factors(moved, burn_in)
    expected = calibration.calibrated(moved, burn_in, by)
    band, shares, factors = stack.combined(members, history, burn_in)
    assert band.predictor == "stack"
    assert band.quantiles.dtype == np.float32
    assert (np.abs(shift[1000:, 0]) > 1e-5).any()
    np.testing.assert_allclose(band.quantiles, expected.quantiles, rtol=2e-3, atol=2e-6)
    np.testing.assert_allclose(band.predicted, expected.predicted, rtol=1e-9)
    np.testing.assert_allclose(factors, widths[-1][:, None] * by[-1], rtol=1e-4)
    assert [each.name for each in shares] == ["lstm", "har", "cone"]
    effects = np.vstack([weights[0] + weights[1], weights[2] + weights[3], np.zeros(HORIZON)])
    for share, effect in zip(shares, effects, strict=True):
        exact = 1 / 3 + effect - effects.sum(axis=0) / 3
        np.testing.assert_allclose(share.weights, exact, atol=1e-4)


def test_it_says_how_many_outcomes_it_rests_on_from_enough_of_them_on(history):
    whole = stacked(history)
    most = calibration.MIN_OUTCOMES
    row = FIRST + HORIZON + most - 1  # the first with so many outcomes of the last step
    few = whole.alone(history, range(row - 1, row)).calibration
    assert few is None
    enough = whole.alone(history, range(row, row + 1)).calibration
    assert enough.outcomes == most
    assert enough.since == history.candles.index[FIRST]
    later = whole.alone(history, range(row, row + 5)).calibration
    assert later.outcomes == most + 4


def test_three_members_share_the_weights_as_they_deserve():
    """Each hour is calm or wild by chance; one of three members knows of the next hour."""
    rng = np.random.default_rng(5)
    size = 6000
    sigma, *wrong = np.exp(0.6 * rng.choice([-1.0, 1.0], (3, size))) * 0.01
    history = market(rng.normal(0, sigma), sigma)
    rows = range(FIRST, size - HORIZON)
    ahead = [np.roll(each, -1)[FIRST : rows.stop] for each in (*wrong, sigma)]
    members = [
        forecast(history, name, each, rows=rows)
        for name, each in zip(("lstm", "cone", "har"), ahead, strict=True)
    ]
    for order in ([0, 1, 2], [2, 0, 1], [0, 2, 1]):
        _, weights, _ = stack.combined([members[i] for i in order], history, 3000)
        by_name = {each.name: each.weights for each in weights}
        np.testing.assert_allclose(sum(by_name.values()), 1)
        assert by_name["har"][0] > 0.9
        assert np.abs(by_name["lstm"][0]) < 0.1
        assert np.abs(by_name["cone"][0]) < 0.1


def test_the_member_that_knows_the_width_gets_the_larger_weight():
    """Each hour is calm or wild by chance; one member knows of the next hour, the other is lost."""
    rng = np.random.default_rng(5)
    size = 6000
    sigma, wrong = np.exp(0.6 * rng.choice([-1.0, 1.0], (2, size))) * 0.01
    history = market(rng.normal(0, sigma), sigma)
    rows = range(FIRST, size - HORIZON)
    knows = forecast(history, "lstm", np.roll(sigma, -1)[FIRST : rows.stop], rows=rows)
    lost = forecast(history, "har", np.roll(wrong, -1)[FIRST : rows.stop], rows=rows)
    for members in ([knows, lost], [lost, knows]):
        band, weights, _ = stack.combined(members, history, 3000)
        by_name = {each.name: each.weights for each in weights}
        assert by_name["lstm"][0] > 0.9
        losses = {
            name: scores.score(each, 1.0)[0].pinball
            for name, each in (("stack", band), ("knows", knows[3000:]), ("lost", lost[3000:]))
        }
        assert losses["stack"] < 1.02 * losses["knows"]
        assert losses["lost"] > 1.05 * losses["knows"]


def market(returns, sigma):
    """Make candles of these returns, with highs and lows that show how wild an hour was."""
    history = synthetic.history(len(returns))
    close = 100 * np.exp(np.cumsum(returns))
    opened = np.append(100.0, close[:-1])
    candles = history.candles.assign(
        open=opened,
        high=np.maximum(opened, close) * (1 + sigma / 2),
        low=np.minimum(opened, close) * (1 - sigma / 2),
        close=close,
    )
    return dataclasses.replace(history, candles=candles)


def test_levels_cover_what_they_promise_though_both_members_are_too_narrow(history):
    rows = range(FIRST, STOP)
    one, other = (forecast(history, name, 0.006) for name in ("lstm", "har"))
    band, _, factors = stack.combined([one, other], history, START - FIRST)
    assert len(band) == STOP - START
    for step, figures in enumerate(scores.score(band, 1.0)):
        narrow = scores.score(one[START - FIRST :], 1.0)[step]
        assert narrow.coverage_80 < 0.65
        assert figures.coverage_80 == pytest.approx(0.78, abs=0.05)
        assert figures.coverage_95 == pytest.approx(0.94, abs=0.02)
    assert (np.delete(factors, MEDIAN, axis=1) > 1.3).all()
    assert len(rows) == len(one)


def test_a_member_without_a_band_is_left_out_where_it_has_none(history):
    one, other = forecast(history, "lstm", 0.01), forecast(history, "har", 0.04)
    gone = other.quantiles.copy()
    gone[:1000] = np.nan
    band, _, _ = stack.combined([one, dataclasses.replace(other, quantiles=gone)], history, 100)
    assert np.isfinite(band.quantiles).all()
    np.testing.assert_allclose(band.quantiles[0, 0], 0.01 * NORMAL, atol=1e-7)
    alone, members, _ = stack.combined([one], history, 100)
    assert np.isfinite(alone.quantiles).all()
    np.testing.assert_array_equal(members[0].weights, 1)


@pytest.mark.parametrize("level", [slice(None), QUANTILES.index(0.1), QUANTILES.index(0.9)])
def test_where_no_member_has_a_band_there_is_none(history, level):
    gone = forecast(history, "lstm", 0.01).quantiles.copy()
    gone[:20, 1:, level] = np.nan
    members = [
        dataclasses.replace(forecast(history, name, 0.01), quantiles=gone)[:150]
        for name in ("lstm", "har")
    ]
    band, _, _ = stack.combined(members, history, 0)
    assert np.isnan(band.quantiles[:20, 1:]).all()
    assert np.isfinite(band.quantiles[:20, 0]).all()
    assert np.isfinite(band.quantiles[20:]).all()


def test_a_market_that_stands_still_has_a_band_without_width():
    history = market(np.zeros(900), np.zeros(900))
    one, other = (forecast(history, name, 0.0, rows=range(100, 890)) for name in ("lstm", "har"))
    band, _, _ = stack.combined([one, other], history, 500)
    assert (np.abs(band.quantiles) < 1e-6).all()
    np.testing.assert_allclose(band.predicted, 100)


def test_a_direction_that_is_real_stays_and_one_that_is_not_goes():
    """Half of each return is foretold by one network, and nothing by another."""
    rng = np.random.default_rng(3)
    size = 5000
    foretold, noise = rng.normal(0, 0.005, (2, size))
    history = market(foretold + rng.normal(0, 0.01, size), np.full(size, 0.01))
    rows = range(FIRST, size - HORIZON)

    def shares(moves):
        moves = np.roll(moves, -1)[FIRST : rows.stop]
        return middle.shares(forecast(history, "lstm", 0.011, moves=moves, rows=rows))

    real, chance = shares(foretold), shares(noise)
    assert (real[:200] == 0).all()  # nothing is known yet
    assert (real[1000:, 0] > 0.7).all()
    assert (real[3000:] > 0.7).all()
    assert chance[1000:].mean() < 0.1
    backwards = shares(-foretold)
    assert (backwards == 0).all()


def test_a_move_that_is_twice_too_far_is_halved():
    rng = np.random.default_rng(4)
    size = 6000
    foretold = rng.normal(0, 0.01, size)
    history = market(foretold + rng.normal(0, 0.005, size), np.full(size, 0.01))
    rows = range(FIRST, size - HORIZON)
    moves = 2 * np.roll(foretold, -1)[FIRST : rows.stop]
    shares = middle.shares(forecast(history, "lstm", 0.011, moves=moves, rows=rows))
    assert np.median(shares[3000:, 0]) == pytest.approx(0.5, abs=0.11)


@pytest.mark.parametrize("row", [2 * 168, 3 * 168])
def test_the_shares_of_a_hand_count(history, row):
    """Of the last outcomes, the share with the smallest errors, drawn to 0 by its uncertainty."""
    rng = np.random.default_rng(6)
    close = history.candles["close"].to_numpy()
    outcome = np.log(close[FIRST + 2 : STOP + 2] / close[FIRST:STOP])
    # So much of what follows is foretold that a share of it is kept.
    moves = outcome + rng.normal(0, 0.02, STOP - FIRST)
    member = forecast(history, "lstm", 0.01, moves=moves)
    step = 2
    width = 0.01 * np.sqrt(step) * 2 * 1.28155
    move = member.quantiles[: row - step + 1, step - 1, MEDIAN].astype(float) / width
    result = outcome[: row - step + 1] / width
    gains = np.abs(result) - np.abs(result - middle.SHARES[:, None] * move)
    best = gains.mean(axis=1).argmax()
    noise = gains[best].var() * step / len(result)
    trust = max(0.0, 1 - middle.SHRINKAGE * noise / max(gains[best].mean() ** 2, 1e-300))
    shares = middle.shares(member)[:, step - 1]
    assert shares[row] > 0.1
    assert shares[row] == pytest.approx(middle.SHARES[best] * trust, abs=1e-4)
    assert (shares[row : row + 168] == shares[row]).all()


def test_the_factors_of_a_hand_count(history):
    member = forecast(history, "lstm", 0.006)
    burn_in, step = 1500, 2
    factors = level_factors.factors(member, burn_in)
    close = history.candles["close"].to_numpy()
    for block in (0, 1):
        end = burn_in + block * calibration.REFRESH_ROWS - step + 1
        returns = np.log(close[FIRST + 2 : FIRST + 2 + end] / close[FIRST : FIRST + end])
        quantiles = np.quantile(returns, QUANTILES) / (0.006 * np.sqrt(step) * 2 * 1.28155)
        logs = np.log(np.delete(quantiles, MEDIAN) / np.delete(NORMAL / (2 * 1.28155), MEDIAN))
        evidence = (
            end / step * (1 / level_factors.SHRINKAGE + logs**2 / level_factors.LARGE_SHRINKAGE)
        )
        expected = np.exp(logs * evidence / (1 + evidence))
        measured = factors[block, step - 1]
        np.testing.assert_allclose(np.delete(measured, MEDIAN), expected, rtol=1e-3)
        assert measured[MEDIAN] == 1
    few = level_factors.factors(member[: calibration.MIN_OUTCOMES], calibration.MIN_OUTCOMES - 1)
    assert (few == 1).all()


def test_outcomes_far_back_no_longer_count(history):
    """A market that was three times as wild long ago has the factors of today."""
    calm = np.random.default_rng(8).normal(0, 0.01, 14_000)
    calm[:3000] *= 3
    made_of = market(calm, np.full(len(calm), 0.01))
    rows = range(FIRST, 13_900)
    factors = level_factors.factors(forecast(made_of, "lstm", 0.01, rows=rows), 13_000)
    assert np.abs(np.log(factors)).max() < 0.1


def test_a_predictor_that_is_no_member_is_refused(history):
    with pytest.raises(InvalidInput, match="must be one of stack, dense, har"):
        next_steps.of_model(history, synthetic.model(), "lstm")


def test_each_member_can_be_asked_for(history):
    model = synthetic.model(synthetic.spec(horizon=HORIZON))
    by_name = {
        name: next_steps.of_model(history, model, name) for name in ("stack", "dense", "har")
    }
    for name, steps in by_name.items():
        assert steps.forecast.predictor == name
        assert bool(steps.members) == (name == "stack")
    sentence = next_steps.members_sentence(by_name["stack"].members)
    assert "dense network" in sentence
    assert "HAR regression" in sentence


def test_prices_too_few_for_har_are_forecast_by_the_network_alone():
    short = synthetic.history(60)
    model = synthetic.model(synthetic.spec(horizon=24))
    steps = next_steps.of_model(short, model)
    assert [each.name for each in steps.members] == ["dense"]
    assert "alone" in next_steps.members_sentence(steps.members)
    assert steps.calibration is None
