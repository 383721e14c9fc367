"""Warnings: sentences on what limits the trust in a forecast or a test."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pandas as pd

from cryptoforecast.forecasting.calibration import MIN_OUTCOMES
from cryptoforecast.learning import features
from cryptoforecast.learning.samples import (
    MAX_ABSENT_CANDLES,
    dead_tail,
    gaps,
    unit_changes,
)
from cryptoforecast.learning.scaling import scale_inputs, unused_inputs
from cryptoforecast.prices.candles import ticks
from cryptoforecast.types import (
    ModelCard,
    PriceHistory,
    Split,
    TrainedModel,
    input_name,
    span_text,
)
from cryptoforecast.types.prices import UNKNOWN_COIN

#: An input farther from its mean, in standard deviations, is unlike all that the model learnt from.
MAX_DEVIATION = 12.0
#: A model is out of date if its last training candle lies farther than this before the last candle
#: of the prices.
MAX_AGE = pd.Timedelta(days=730)
# Changes of unit that are named; earlier ones are counted.
_LISTED = 3


def of_prices(history: PriceHistory) -> tuple[str, ...]:
    """Warn of what limits any forecast from these prices."""
    sentences = []
    if history.simulated:
        sentences.append("These prices are simulated: nothing here says anything of a real market.")
    return (
        *sentences,
        *of_delay(history),
        *_of_changes(history),
        *_of_tick(history),
        *_of_end(history),
    )


def of_delay(history: PriceHistory) -> tuple[str, ...]:
    """Warn of prices that were old when they were read."""
    # A candle is labelled by its open and closes one interval later.
    age = history.fetched_at - (history.end + history.candle_length)
    if age <= 2 * history.candle_length:
        return ()
    late = span_text(age, close=True)
    return (f"The prices end {late} before they were read, on {history.closes_at:%Y-%m-%d}.",)


def of_test(history: PriceHistory, split: Split, needs: int = 1) -> tuple[str, ...]:
    """Warn of what limits a test on these prices.

    Args:
        history: ``n`` candles.
        split: Split of these candles.
        needs: Candles that each forecast reads.
    """
    changes = {*unit_changes(history)}
    absent = tuple(row for row in split.gaps if row not in changes)
    sentences = list(_of_changes(history, tested=True))
    count = dataclasses.replace(split, gaps=absent).across_gaps(needs)
    if count:
        sentences.append(
            f"Test forecasts that reach across a gap of more than {MAX_ABSENT_CANDLES} candles: "
            f"{count:,} of {len(split.test_origins()):,}."
        )
    return (*sentences, *_of_tick(history), *_of_end(history))


def of_forecast(history: PriceHistory, model: TrainedModel) -> tuple[str, ...]:
    """Warn of what limits this model's forecast from the last candle."""
    card, sentences = model.card, list(of_prices(history))
    close = float(history.candles["close"].iloc[-1])
    for beyond, word in ((close / card.highest - 1, "above"), (1 - close / card.lowest, "below")):
        if model.spec.target == "price" and beyond > 0:
            sentences.append(
                f"The last close is {100 * beyond:.1f} % {word} anything seen in training."
            )
    changes = unit_changes(history)
    after = [row for row in gaps(history) if row not in changes]
    if after and after[-1] > len(history) - card.needs:
        sentences.append(
            f"This forecast reads across a gap of more than {MAX_ABSENT_CANDLES} candles."
        )
    sentences += of_inputs(history, model, card.needs)
    strange = _strange(history, model)
    if strange:
        these = "This input lies" if len(strange) == 1 else "These inputs lie"
        sentences.append(
            f"{these} far outside of what the model learnt from: "
            f"{', '.join(map(input_name, strange))}. Expect a worse forecast."
        )
    return (*sentences, *of_origin(history, card), *_of_age(history, card))


def of_inputs(history: PriceHistory, model: TrainedModel, rows: int) -> tuple[str, ...]:
    """Warn of inputs that are not there, such as the volume of prices without volumes.

    Args:
        history: ``n`` candles.
        model: A trained network.
        rows: Candles at the end of the history that are read, the warm-up included.
    """
    spec = model.spec
    unused = unused_inputs(spec, model.scaler)
    sentences = []
    if unused:
        sentences.append(
            f"The network has learnt nothing from {_named(unused)}, which never varied in "
            "its training candles."
        )
    candles = history.candles.iloc[-rows:]
    if np.ptp(candles["close"].to_numpy(float)) == 0:
        return tuple(sentences)
    still = features.constant(features.matrix(candles, spec.features), spec.features)
    missing = [name for name in still if name not in {*unused, *features.CLOCK}]
    if missing:
        sentences.append(
            f"The network reads {_named(missing)}, which never "
            f"{'varies' if len(missing) == 1 else 'vary'} in these prices. Expect a worse "
            "forecast, or choose a model that does without."
        )
    began = [name for name in unused if name not in still]
    if began:
        sentences.append(
            f"In these prices {_named(began)} {'varies' if len(began) == 1 else 'vary'}: "
            "the network can't tell what that means. Train it on prices that have this input."
        )
    return tuple(sentences)


def _named(inputs: Sequence[str]) -> str:
    return " and ".join(map(input_name, inputs))


def _strange(history: PriceHistory, model: TrainedModel) -> list[str]:
    """Name the inputs that lie more than ``MAX_DEVIATION`` from usual in a candle that is read."""
    spec = model.spec
    if spec.target == "price" or len(history) < model.card.needs:
        return []
    candles = history.candles.iloc[-model.card.needs :]
    inputs = scale_inputs(features.matrix(candles, spec.features), model.scaler)
    far = (np.abs(inputs[-spec.lookback :]) > MAX_DEVIATION).any(axis=0)
    owned = zip(features.owners(spec.features), far, strict=True)
    return list(dict.fromkeys(name for name, is_far in owned if is_far))


def _of_age(history: PriceHistory, card: ModelCard) -> tuple[str, ...]:
    """Warn of a model that is out of date."""
    since = history.end - pd.Timestamp(card.cutoff)
    if card.simulated != history.simulated or since <= MAX_AGE:
        return ()
    return (
        f"This model learnt from prices up to {card.learnt_until:%Y-%m-%d}, "
        f"{span_text(since, close=True)} before the last candle. "
        "Markets change: train a newer one.",
    )


def of_band(outcomes: int) -> tuple[str, ...]:
    """Warn of a band that could not be measured on these prices.

    Args:
        outcomes: Number of the model's forecasts with a known outcome, on rows that it was not
            fitted on.
    """
    return (
        f"How often the band holds on these prices is not known: {MIN_OUTCOMES} forecasts with "
        "an outcome are needed, of prices that the model has not learnt from. There are "
        f"{outcomes:,}.",
    )


def of_origin(history: PriceHistory, card: ModelCard) -> tuple[str, ...]:
    """Warn of a model that learnt from other prices or signals than these."""
    sentences = []
    if card.interval != history.interval:
        sentences.append(f"This model learnt from {card.interval} candles, not {history.interval}.")
    if card.coin not in ("any", history.coin):
        sentences.append(
            f"This model learnt from {card.coin}. Nobody says which coin these prices are of."
            if history.coin == UNKNOWN_COIN
            else f"This model learnt from {card.coin}, not {history.coin}."
        )
    if card.quote not in ("any", history.quote):
        sentences.append(f"This model learnt from prices in {card.quote}, not {history.quote}.")
    if card.simulated != history.simulated:
        was, now = ("simulated", "real") if card.simulated else ("real", "simulated")
        sentences.append(f"This model learnt from {was} prices; these are {now}.")
    for name, about in card.signals.items():
        current = history.signals.get(name, about)
        if current != about:
            sentences.append(
                f"This model learnt from another signal {name}: {about}. This one is {current}."
            )
    return tuple(sentences)


def _of_changes(history: PriceHistory, *, tested: bool = False) -> tuple[str, ...]:
    """Say where the coin's unit changed; ``tested`` if forecasts are."""
    rows = unit_changes(history)
    if not rows:
        return ()
    times = ", ".join(f"{history.candles.index[row]:%Y-%m-%d %H:%M} UTC" for row in rows[-_LISTED:])
    more = len(rows) - _LISTED
    earlier = f", and {more} more time{'s' * (more > 1)} before" if more > 0 else ""
    change = "the change" if len(rows) == 1 else "such a change"
    untested = f" No forecast is tested across {change}." if tested else ""
    return (
        f"The unit of the coin changed at {times}{earlier}. Prices before are shown in the new "
        f"unit, and nothing was learnt across {change}.{untested}",
    )


def _of_tick(history: PriceHistory) -> tuple[str, ...]:
    tick = ticks.coarse_tick(history.candles)
    if tick is None:
        return ()
    return (f"A thin market: {ticks.tick_text(tick)}. A forecast can't be finer than that.",)


def _of_end(history: PriceHistory) -> tuple[str, ...]:
    tail = dead_tail(history)
    if not tail:
        return ()
    since = f"{history.candles.index[-tail]:%Y-%m-%d %H:%M}"
    return (
        f"The last {tail:,} candles repeat one price without volume, from {since} UTC on: "
        "the market seems dead.",
    )
