"""Warnings say what makes a forecast or a test less trustworthy than it looks."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.forecasting import warnings
from cryptoforecast.learning import features, samples
from cryptoforecast.types import INTERVALS
from cryptoforecast.types.prices import UNKNOWN_COIN
from tests import synthetic

GAP = "This forecast reads across a gap of more than 6 candles."


def test_usual_prices_have_no_warning():
    assert warnings.of_forecast(synthetic.history(), synthetic.model()) == ()


def test_a_gap_is_named_while_the_forecast_reads_across_it():
    model = synthetic.model()
    needs, history = model.card.needs, synthetic.history(600)

    def warnings_at(row, absent=7):
        return warnings.of_forecast(synthetic.parted(history, {row: absent}), model)

    def late(row):
        """``parted`` makes the history end later than its prices were read."""
        return GAP in warnings_at(row)

    assert late(599)
    assert late(600 - needs + 1)
    assert not late(600 - needs)
    assert GAP not in warnings_at(599, absent=6)
    # Of several gaps the newest counts.
    both = synthetic.parted(history, {100: 7, 599: 7})
    assert GAP in warnings.of_forecast(both, model)


@pytest.mark.parametrize("volume", [0.0, np.nan])
def test_a_dead_market_is_named(volume):
    notes = warnings.of_prices(synthetic.dead(synthetic.history(600), 60, volume))
    assert notes == (
        "The last 60 candles repeat one price without volume, from 2024-01-23 12:00 UTC on: "
        "the market seems dead.",
    )
    assert warnings.of_prices(synthetic.dead(synthetic.history(600), 40, volume)) == ()


@pytest.mark.parametrize(
    ("interval", "age", "words"),
    [
        ("1m", "5min", "5 minutes"),
        ("1h", "3h", "3 hours"),
        ("1h", "26h", "26 hours"),
        ("1d", "5D", "5 days"),
    ],
)
def test_late_prices_are_named_with_their_age(interval, age, words):
    history = synthetic.history(60)
    closed = history.end + INTERVALS[interval]
    late = dataclasses.replace(
        history, interval=interval, fetched_at=closed + pd.Timedelta(age), simulated=False
    )
    assert warnings.of_prices(late) == (
        f"The prices end {words} before they were read, on {late.closes_at:%Y-%m-%d}.",
    )
    assert warnings.of_prices(dataclasses.replace(late, fetched_at=closed)) == ()


def test_prices_are_late_from_two_candles_on():
    history = synthetic.history(60)
    bound = history.end + 3 * history.candle_length  # the last candle closed two candles before
    assert warnings.of_prices(dataclasses.replace(history, fetched_at=bound)) == ()
    later = dataclasses.replace(history, fetched_at=bound + pd.Timedelta("1s"))
    assert len(warnings.of_prices(later)) == 1


def test_simulated_prices_are_named():
    assert warnings.of_prices(synthetic.history(60, simulated=True)) == (
        "These prices are simulated: nothing here says anything of a real market.",
    )


def test_a_test_names_its_gaps_and_a_dead_market():
    history = synthetic.parted(synthetic.history(600), {550: 7})
    cut = samples.split(history, synthetic.spec(horizon=2), trained=True)
    # Two origins have targets beyond the gap, nine more read candles before it.
    gap = f"candles: 11 of {600 - 480 - 2}."
    assert [text.endswith(gap) for text in warnings.of_test(history, cut, needs=10)] == [True]
    assert warnings.of_test(history, cut)[0].endswith(f"candles: 2 of {600 - 480 - 2}.")
    quiet = synthetic.dead(synthetic.history(600), 60)
    cut = samples.split(quiet, synthetic.spec(), trained=True)
    assert warnings.of_test(quiet, cut) == warnings.of_prices(quiet)


def without_inputs(history, rows, **changes):
    """The same history, some columns of its last ``rows`` candles replaced."""
    candles = history.candles.copy()
    for name, values in changes.items():
        candles.iloc[-rows:, candles.columns.get_loc(name)] = values
    return dataclasses.replace(history, candles=candles)


def test_inputs_that_never_vary_in_what_is_read_are_named():
    history, model = synthetic.history(300), synthetic.model()
    needs, close = model.card.needs, history.candles["close"].to_numpy()
    silent = without_inputs(history, needs, volume=5.0)
    advice = "Expect a worse forecast, or choose a model that does without."
    notes = (f"The network reads volume, which never varies in these prices. {advice}",)
    assert warnings.of_inputs(silent, model, needs) == notes
    assert warnings.of_forecast(silent, model) == notes
    assert warnings.of_inputs(silent, model, needs + 1) == ()
    assert warnings.of_inputs(without_inputs(history, needs - 1, volume=5.0), model, needs) == ()
    closes = without_inputs(silent, 300, open=close, high=close, low=close)
    assert warnings.of_inputs(closes, model, needs) == (
        "The network reads range of the candle and volume, which never vary in these prices. "
        f"{advice}",
    )
    flat = without_inputs(silent, needs, open=9.0, high=9.0, low=9.0, close=9.0)
    assert warnings.of_inputs(flat, model, needs) == ()


@pytest.mark.parametrize(
    ("names", "listed", "vary"),
    [
        (("volume",), "volume", "varies"),
        (("range", "volume"), "range of the candle and volume", "vary"),
    ],
)
def test_inputs_that_nothing_was_learnt_from_are_named(names, listed, vary):
    history, model = synthetic.history(300), synthetic.model()
    owners = features.owners(model.spec.features)
    scale = np.where(np.isin(owners, names), 1.0, model.scaler.scale)
    model = dataclasses.replace(model, scaler=dataclasses.replace(model.scaler, scale=scale))
    unused = f"The network has learnt nothing from {listed}, which never varied in its training "
    unused += "candles."
    assert warnings.of_forecast(history, model) == (
        unused,
        f"In these prices {listed} {vary}: the network can't tell what that means. Train it on "
        "prices that have this input.",
    )
    close = history.candles["close"].to_numpy()
    absent = without_inputs(history, 300, volume=np.nan)
    if "range" in names:
        absent = without_inputs(absent, 300, open=close, high=close, low=close)
    assert warnings.of_forecast(absent, model) == (unused,)


def test_a_change_of_the_unit_is_named_in_forecasts_and_in_tests():
    history = synthetic.history(600)
    candles = history.candles.copy()
    candles.iloc[:520, :4] /= 1_000
    whole = samples.in_one_unit(dataclasses.replace(history, candles=candles))
    sentence = (
        "The unit of the coin changed at 2024-01-22 16:00 UTC. Prices before are shown in the new "
        "unit, and nothing was learnt across the change."
    )
    assert warnings.of_prices(whole) == (sentence,)
    cut = samples.split(whole, synthetic.spec(), trained=True)
    assert warnings.of_test(whole, cut) == (f"{sentence} No forecast is tested across the change.",)


@pytest.mark.parametrize(
    ("changes", "before"),
    [(2, ""), (3, ""), (4, ", and 1 more time before"), (6, ", and 3 more times before")],
)
def test_the_last_changes_of_the_unit_are_named_and_the_others_counted(changes, before):
    history = synthetic.history(600)
    index = history.candles.index[100 : 100 + 10 * changes : 10]
    changed = dataclasses.replace(history, unit_changes=tuple(index))
    times = ", ".join(f"{time:%Y-%m-%d %H:%M} UTC" for time in index[-3:])
    sentence = (
        f"The unit of the coin changed at {times}{before}. Prices before are shown in the new "
        "unit, and nothing was learnt across such a change."
    )
    assert warnings.of_prices(changed) == (sentence,)
    cut = samples.split(changed, synthetic.spec(), trained=True)
    tested = f"{sentence} No forecast is tested across such a change."
    assert warnings.of_test(changed, cut) == (tested,)


def test_a_change_of_the_unit_that_is_read_across_is_no_gap():
    history = synthetic.history(600)
    changed = dataclasses.replace(history, unit_changes=(history.candles.index[595],))
    (sentence,) = warnings.of_forecast(changed, synthetic.model())
    assert sentence.startswith("The unit of the coin changed at ")
    parted = synthetic.parted(history, {590: 7})
    both = dataclasses.replace(parted, unit_changes=(parted.candles.index[595],))
    assert GAP in warnings.of_forecast(both, synthetic.model())


def test_a_thin_market_is_named_in_forecasts_and_in_tests():
    history = synthetic.history(600)
    candles = history.candles.copy()
    candles.iloc[:, :4] = candles.iloc[:, :4].round()
    thin = dataclasses.replace(history, candles=candles)
    (sentence,) = warnings.of_prices(thin)
    assert sentence.startswith("A thin market: one tick, 1, is ")
    cut = samples.split(thin, synthetic.spec(), trained=True)
    assert warnings.of_test(thin, cut) == (sentence,)


def test_a_close_beyond_those_of_the_training_is_named_where_prices_are_predicted():
    history = synthetic.history(300)
    close = history.candles["close"].iloc[-1]
    price = synthetic.spec(target="price", features=("close",))

    def named(spec, lowest, highest):
        model = synthetic.model(spec, lowest=lowest, highest=highest)
        notes = warnings.of_forecast(history, model)
        return [text for text in notes if "seen in training" in text]

    assert named(price, close, close) == []
    assert named(price, close / 2, close / 1.14) == [
        "The last close is 14.0 % above anything seen in training."
    ]
    assert named(price, close / 0.8, 2 * close) == [
        "The last close is 20.0 % below anything seen in training."
    ]
    assert named(synthetic.spec(), close / 0.8, 2 * close) == []


def test_another_coin_interval_or_kind_of_prices_is_named():
    history = synthetic.history(300)
    card = synthetic.model().card
    assert warnings.of_origin(history, card) == ()
    assert warnings.of_origin(history, dataclasses.replace(card, coin="any")) == ()
    other = dataclasses.replace(card, coin="ETH", interval="1d", simulated=True)
    assert warnings.of_origin(history, other) == (
        "This model learnt from 1d candles, not 1h.",
        "This model learnt from ETH, not BTC.",
        "This model learnt from simulated prices; these are real.",
    )
    simulated = dataclasses.replace(history, simulated=True)
    assert warnings.of_origin(simulated, card) == (
        "This model learnt from real prices; these are simulated.",
    )


def test_prices_of_a_coin_that_nobody_says_are_not_called_another():
    unknown = dataclasses.replace(synthetic.history(300), coin=UNKNOWN_COIN)
    assert warnings.of_origin(unknown, synthetic.model().card) == (
        "This model learnt from BTC. Nobody says which coin these prices are of.",
    )


def test_prices_in_another_currency_are_named():
    card = synthetic.model().card
    euros = synthetic.history(300, quote="EUR")
    sentence = "This model learnt from prices in USD, not EUR."
    assert warnings.of_origin(euros, card) == (sentence,)
    assert sentence in warnings.of_forecast(euros, synthetic.model())
    for quote in ("EUR", "any"):
        assert warnings.of_origin(euros, dataclasses.replace(card, quote=quote)) == ()


def test_another_signal_of_the_same_name_is_named():
    card = dataclasses.replace(synthetic.model().card, signals={"mood": "of hours", "fees": "all"})
    same = synthetic.history(300, signals={"mood": "of hours", "fees": "all", "more": "x"})
    assert warnings.of_origin(same, card) == ()
    # A signal that is absent is missed elsewhere.
    assert warnings.of_origin(synthetic.history(300), card) == ()
    other = synthetic.history(300, signals={"mood": "of days", "fees": "all"})
    assert warnings.of_origin(other, card) == (
        "This model learnt from another signal mood: of hours. This one is of days.",
    )


def test_a_band_that_could_not_be_measured_is_named():
    assert warnings.of_band(1234) == (
        "How often the band holds on these prices is not known: 200 forecasts with an outcome are "
        "needed, of prices that the model has not learnt from. There are 1,234.",
    )


def far_outside(history, model):
    """Return the sentences that name inputs unlike those of the training."""
    return [text for text in warnings.of_forecast(history, model) if "far outside" in text]


def jumped(factor, back):
    """Multiply the last ``back`` candles, so that one return is the logarithm of the factor."""
    history = synthetic.history(300)
    candles = history.candles.copy()
    candles.iloc[-back:] *= factor
    return dataclasses.replace(history, candles=candles)


@pytest.mark.parametrize("factor", [1e9, 1e-9])
@pytest.mark.parametrize("back", [1, 4, 8])
def test_a_jump_or_a_crash_that_is_read_is_far_outside(factor, back):
    model = synthetic.model(synthetic.spec(features=("return", "hour"), lookback=8))
    assert far_outside(synthetic.history(300), model) == []
    assert far_outside(jumped(factor, back), model) == [
        "This input lies far outside of what the model learnt from: move. Expect a worse forecast."
    ]


@pytest.mark.parametrize("factor", [1e9, 1e-9])
def test_a_jump_before_the_candles_that_are_read_does_not_matter(factor):
    model = synthetic.model(synthetic.spec(features=("return", "hour"), lookback=8))
    for back in (9, 40):
        assert far_outside(jumped(factor, back), model) == []
    # Prices have levels of their own, which ``card.lowest`` and ``card.highest`` bound.
    price = synthetic.model(synthetic.spec(target="price", features=("close",)))
    assert far_outside(jumped(factor, 1), price) == []


def test_a_history_shorter_than_the_model_reads_names_no_input():
    model = synthetic.model(synthetic.spec(features=("return",), lookback=8))
    history, needs = jumped(1e9, 1), model.card.needs
    for rows, named in ((needs - 1, []), (needs, [True])):
        short = dataclasses.replace(history, candles=history.candles.iloc[-rows:])
        assert [": move." in text for text in far_outside(short, model)] == named


@pytest.mark.parametrize("sign", [1, -1])
def test_far_outside_is_more_than_twelve_standard_deviations(sign):
    spec = synthetic.spec(features=("hour", "weekend", "return"))
    model = synthetic.model(spec)
    offset, scale = np.zeros_like(model.scaler.offset), np.ones_like(model.scaler.scale)
    scale[-1] = 0.02
    scaler = dataclasses.replace(model.scaler, offset=offset, scale=scale)
    model = dataclasses.replace(model, scaler=scaler)
    usual = np.log(synthetic.history(300).candles["close"]).diff().iloc[-1]
    for deviation, named in ((11.9, False), (12.1, True)):
        history = jumped(np.exp(sign * 0.02 * deviation - usual), 1)
        assert [": move." in text for text in far_outside(history, model)] == [True] * named


@pytest.mark.parametrize(("offset", "named"), [(-12.0, False), (-12.00001, True)])
def test_exactly_twelve_standard_deviations_are_not_far_outside(offset, named):
    model = synthetic.model(synthetic.spec(features=("weekend", "return")))
    offsets, scale = np.zeros(2), np.array([1.0, 99.0])
    offsets[0] = offset  # the last candles are of a working day, of which the input is 0
    scaler = dataclasses.replace(model.scaler, offset=offsets, scale=scale)
    sentences = far_outside(synthetic.history(200), dataclasses.replace(model, scaler=scaler))
    assert [": weekend." in text for text in sentences] == [True] * named


def test_inputs_far_outside_are_each_named_once_in_their_order():
    """The hour is two inputs of the network, and both are far from usual."""
    spec = synthetic.spec(features=("range", "hour", "return"))
    model = synthetic.model(spec)
    scaler = dataclasses.replace(model.scaler, offset=np.full_like(model.scaler.offset, -99.0))
    model = dataclasses.replace(model, scaler=scaler)
    assert far_outside(synthetic.history(300), model) == [
        "These inputs lie far outside of what the model learnt from: range of the candle, hour of "
        "the day, move. Expect a worse forecast."
    ]


def test_a_model_past_its_date_says_so():
    history = synthetic.history(300)

    def named(age, **changes):
        cutoff = (history.end - pd.Timedelta(age)).isoformat()
        notes = warnings.of_forecast(
            dataclasses.replace(history, **changes), synthetic.model(cutoff=cutoff)
        )
        return [text for text in notes if "learnt from prices up to" in text]

    assert named("743D 20h") == [
        "This model learnt from prices up to 2021-12-30, 744 days before the last candle. "
        "Markets change: train a newer one."
    ]
    assert len(named("730D 1h")) == 1
    assert named("730D") == []
    # Simulated prices have no age.
    assert named("743D", simulated=True) == []
