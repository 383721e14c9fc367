"""Champion and challenger: whether a renewed model may take the place of the one before.

Both forecast the newest candles, from which neither has learnt, from the same origins. The test is
stated before it is run: the challenger may take the place if the 95 % interval of the difference
of the mean pinball losses leaves out that it is worse by ``MARGIN`` or more.
"""

from __future__ import annotations

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
        test: The challenger's own test on these origins, with the quick baselines beside.
        origins: When the forecasts could be made, UTC.
    """

    difference: Difference
    champion_loss: float
    challenger_loss: float
    test: Backtest
    origins: pd.DatetimeIndex


def check_card(card: ModelCard) -> None:
    """Refuse a model that can't be renewed, whatever the prices are.

    Raises:
        InvalidInput: If it is a model for all coins.
    """
    if card.scope == "global":
        raise InvalidInput(
            "Only a model of one coin can be renewed. Received: a model that learnt from "
            f"{card.source}, and forecasts any coin: a test on a few coins would not show whether "
            "it became worse for the others. Train a model of the coin that you need."
        )


def check(history: PriceHistory, card: ModelCard) -> None:
    """Refuse prices that can't renew a model.

    Raises:
        InvalidInput: If they are of another market or candle length, or one is simulated and the
            other is not.
    """
    check_card(card)
    if history.simulated != card.simulated:
        kinds = {True: "simulated", False: "real"}
        raise InvalidInput(
            f"A model that learnt from {kinds[card.simulated]} prices is renewed by such prices "
            f"alone. Received: {kinds[history.simulated]} ones."
        )
    if (history.market, history.interval) != (card.market, card.interval):
        raise InvalidInput(
            f"This model is renewed by {card.interval} candles of {card.market}. Received: "
            f"{history.interval} candles of {history.market}."
        )


def split(history: PriceHistory, spec: ModelSpec, card: ModelCard) -> Split:
    """Divide a history into what a challenger learns from and what it is compared on.

    Compared are the newer half of the candles since the champion's cutoff, but at most
    ``MAX_ORIGINS`` forecasts, and in any case as many as a claim needs (``min_origins``). What is
    before them is divided between training and validation as in the champion's own training.

    Args:
        history: ``n`` candles in one unit.
        spec: Settings of both.
        card: Card of the champion.

    Raises:
        NotEnoughData: If too few candles are new, or too few are left to learn from.
    """
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
    share = (1 - spec.test - spec.validation) / (1 - spec.test)
    result = Split(rows, round(start * share), start, spec.horizon, samples.gaps(history))
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


def compete(
    history: PriceHistory, champion: TrainedModel, challenger: TrainedModel, cut: Split
) -> Contest:
    """Let both forecast the test span of a split, with bands as they are served.

    Args:
        history: ``n`` candles in one unit.
        champion: The model before.
        challenger: The model that was fitted on the rows before the test span.
        cut: Split of the history.

    Raises:
        InvalidInput: If one of them may have learnt from the test span.
        NotEnoughData: If the history is too short for the test.
    """
    since, step = history.candles.index[cut.test_start], cut.horizon
    tests = [
        backtest.saved(history, model, since=since, baselines=names)
        for model, names in ((champion, ()), (challenger, QUICK))
    ]
    if any(test.seen for test in tests):
        raise InvalidInput(
            "Champion and challenger are compared on candles that neither has learnt from. "
            f"Received: one that learnt from candles after {since:%Y-%m-%d %H:%M} UTC."
        )
    reference, own = (test.forecasts[champion.spec.network] for test in tests)
    before, after = (losses.of_metric(each, "pinball", step) for each in (reference, own))
    difference = compare({"challenger": after}, before, step)["challenger"]
    return Contest(
        difference,
        float(np.mean(before)),
        float(np.mean(after)),
        tests[1],
        own.closes_at(0)[np.isfinite(own.actual[:, step - 1])],
    )
