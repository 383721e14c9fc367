"""Champion and challenger: whether a renewed model may take the place of the one before.

Both forecast the newest candles, from which neither has learnt, from the same origins. The test is
stated before it is run: the challenger may take the place if the 95 % interval of the difference
of the mean pinball losses leaves out that it is worse by ``MARGIN`` or more. A model for all coins
is compared on every coin that it learnt from, and the losses of one time are averaged over them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cryptoforecast.errors import InvalidInput, NotEnoughData
from cryptoforecast.evaluation import backtest, losses
from cryptoforecast.evaluation.comparison import Difference, compare, min_origins
from cryptoforecast.forecasting.baselines import QUICK
from cryptoforecast.learning import samples, specs
from cryptoforecast.types import Backtest, ModelCard, ModelSpec, PriceHistory, Split, TrainedModel

#: How much larger the challenger's loss may be at most, a fraction of the champion's.
MARGIN = 0.01
#: Forecasts that are compared, at most, unless the horizon needs more.
MAX_ORIGINS = 1_000


@dataclass(frozen=True, eq=False)
class Contest:
    """What champion and challenger did on the same origins.

    Attributes:
        difference: Skill of the challenger against the champion, with its interval.
        champion_loss: Mean pinball loss of the champion at the last step, in log-return.
        challenger_loss: That of the challenger.
        tests: The challenger's own test on these origins for each coin, which the quick baselines
            take part in.
        origins: Forecasts that were compared.
        first: When the first of them could be made, UTC.
        last: When the last of them could be made, UTC.
    """

    difference: Difference
    champion_loss: float
    challenger_loss: float
    tests: tuple[Backtest, ...]
    origins: int
    first: pd.Timestamp
    last: pd.Timestamp


def check(histories: Sequence[PriceHistory], card: ModelCard) -> None:
    """Refuse prices that can't renew a model.

    Args:
        histories: One of each coin that the model learnt from.
        card: Card of the model.

    Raises:
        InvalidInput: If they are of other markets or another candle length, or if the model learnt
            from real prices and some of these are simulated, or the other way round.
    """
    kinds = {True: "simulated", False: "real"}
    for history in histories:
        if history.simulated != card.simulated:
            raise InvalidInput(
                f"A model that learnt from {kinds[card.simulated]} prices is renewed by such "
                f"prices alone. Received: {kinds[history.simulated]} ones."
            )
    if card.scope == "global":
        prices = [f"{history.coin} {history.interval}" for history in histories]
        if sorted(prices) != sorted(f"{coin} {card.interval}" for coin in card.coins):
            raise InvalidInput(
                "A model for all coins is renewed by prices of every coin that it learnt from: "
                f"{card.interval} candles of {', '.join(card.coins)}. Received: "
                f"{', '.join(prices) or 'none'}."
            )
    elif [(one.market, one.interval) for one in histories] != [(card.market, card.interval)]:
        prices = [f"{one.interval} candles of {one.market}" for one in histories]
        raise InvalidInput(
            f"This model is renewed by {card.interval} candles of {card.market}. Received: "
            f"{', '.join(prices) or 'none'}."
        )


def moment(histories: Sequence[PriceHistory], spec: ModelSpec, card: ModelCard) -> pd.Timestamp:
    """Return the open of the first candle that a model for all coins is compared on, UTC.

    It is that of ``split`` for the coin whose prices are the newest.

    Args:
        histories: One of each coin, in one unit.
        spec: Settings of champion and challenger.
        card: Card of the champion.

    Raises:
        NotEnoughData: If too few candles are new.
    """
    newest = max(histories, key=lambda history: history.end)
    time: pd.Timestamp = newest.candles.index[_first_compared(newest, spec, card)]
    return time


def split(history: PriceHistory, spec: ModelSpec, card: ModelCard) -> Split:
    """Divide a history into what a challenger learns from and what it is compared on.

    Forecasts are compared on the newer half of the candles since the champion's cutoff. There are
    at most ``MAX_ORIGINS`` of them, and in any case as many as a claim needs (``min_origins``). The
    candles before them are divided between training and validation as in the champion's own
    training.

    Args:
        history: ``n`` candles in one unit.
        spec: Settings of both.
        card: Card of the champion.

    Raises:
        NotEnoughData: If too few candles are new, or too few are left to learn from.
    """
    start = _first_compared(history, spec, card)
    share = (1 - spec.test - spec.validation) / (1 - spec.test)
    result = Split(len(history), round(start * share), start, spec.horizon, samples.gaps(history))
    needed = specs.needs(spec)
    for name, stretches in (
        ("training", result.train_origins(needed)),
        ("validation", result.validation_origins(needed)),
    ):
        origins = sum(map(len, stretches))
        if origins < samples.MIN_ORIGINS[name]:
            raise NotEnoughData(
                f"The {name} span must hold at least {samples.MIN_ORIGINS[name]} origins. "
                f"Received: {origins} of {start:,} candles to learn from. Choose a longer history."
            )
    return result


def _first_compared(history: PriceHistory, spec: ModelSpec, card: ModelCard) -> int:
    """Return the row of the first candle that champion and challenger are compared on."""
    rows, least = len(history), min_origins(spec.horizon)
    cutoff = int(history.candles.index.searchsorted(pd.Timestamp(card.cutoff), side="right"))
    count = max(min((rows - cutoff) // 2, MAX_ORIGINS), least)
    start = rows - count - spec.horizon
    if start <= cutoff:
        needed = least + spec.horizon + 1
        raise NotEnoughData(
            f"A renewed model is compared on at least {least:,} forecasts of candles that neither "
            f"has learnt from, so at least {needed:,} new candles are needed. Received: "
            f"{rows - cutoff:,} after {card.learnt_until:%Y-%m-%d %H:%M} UTC. Renew it later."
        )
    return start


def compete(
    histories: Sequence[PriceHistory],
    champion: TrainedModel,
    challenger: TrainedModel,
    since: pd.Timestamp,
) -> Contest:
    """Let both forecast the newest candles, with bands as they are served.

    Args:
        histories: One of each coin, in one unit.
        champion: The model before.
        challenger: The model that was fitted on candles before ``since``.
        since: Open of the first candle that they are compared on, UTC.

    Raises:
        InvalidInput: If one of them may have learnt from these candles.
        NotEnoughData: If a history is too short for the test.
    """
    own = [_tested(history, challenger, since, QUICK) for history in histories]
    reference = [_tested(history, champion, since, ()) for history in histories]
    before, after = _losses(reference), _losses(own)
    step = champion.spec.horizon
    mean_before, mean_after = (each.mean(axis=1).to_numpy() for each in (before, after))
    return Contest(
        compare({"challenger": mean_after}, mean_before, step)["challenger"],
        float(np.mean(mean_before)),
        float(np.mean(mean_after)),
        tuple(own),
        int(after.notna().to_numpy().sum()),
        after.index[0],
        after.index[-1],
    )


def _tested(
    history: PriceHistory, model: TrainedModel, since: pd.Timestamp, baselines: Sequence[str]
) -> Backtest:
    test = backtest.saved(history, model, since=since, baselines=baselines)
    if test.seen:
        raise InvalidInput(
            "Champion and challenger are compared on candles that neither has learnt from. "
            f"Received: one that learnt from candles after {since:%Y-%m-%d %H:%M} UTC."
        )
    return test


def _losses(tests: Sequence[Backtest]) -> pd.DataFrame:
    """Compute the pinball losses at the last step, ``(times, coins)``, by when a forecast was made.

    NaN where a coin has no forecast of that time.
    """
    columns = {}
    for test in tests:
        forecast, step = test.forecasts[test.spec.network], test.spec.horizon
        times = forecast.closes_at(0)[np.isfinite(forecast.actual[:, step - 1])]
        columns[test.history.coin] = pd.Series(losses.of_metric(forecast, "pinball", step), times)
    return pd.DataFrame(columns).sort_index()
