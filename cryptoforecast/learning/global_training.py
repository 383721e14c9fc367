"""The global model: one network trained on the histories of many coins.

Its inputs and outputs must not depend on a coin's scale (scale-free inputs, returns in units of
the average true range), so that it can forecast a coin that it was not trained on. Source of the
idea and its name: Montero-Manso and Hyndman (2021), "Principles and algorithms for forecasting
groups of time series".
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence

import numpy as np
import pandas as pd

from cryptoforecast.errors import InvalidInput, NotEnoughData
from cryptoforecast.learning import features, networks, samples, specs, training
from cryptoforecast.types import (
    UNWATCHED,
    ModelCard,
    ModelSpec,
    Monitor,
    PriceHistory,
    Split,
    TrainedModel,
)

#: The coin on the card of a global model.
ANY_COIN = "any"
#: The quote on its card: it learns from relative moves, which no currency changes.
ANY_QUOTE = "any"
_RANGES = ("scaled_return", "scaled_move", "scaled_range", "short_range")
#: The specs of the shipped global models, by candle length. Coins move together, so a larger
#: network memorises their common past and forecasts other coins less well. There are few daily
#: candles, so their network is the smallest.
SPECS = {
    "1h": specs.make(
        features=(*_RANGES, "long_range", "hour", "half_day", "week"),
        units=(32,),
        horizon=24,
        validation=0.1,
    ),
    "1d": specs.make(features=(*_RANGES, "week"), units=(16,), horizon=7, validation=0.1),
}


def train(
    histories: Sequence[PriceHistory],
    spec: ModelSpec,
    until: pd.Timestamp | None = None,
    monitor: Monitor = UNWATCHED,
    initial: TrainedModel | None = None,
) -> TrainedModel:
    """Fit one network to all histories together.

    Args:
        histories: Histories of one interval and of different coins.
        spec: The network and how it is trained. Validation is the last ``spec.validation`` share
            of all candles before ``until``. ``spec.test`` is not used: test the model on later
            months or on other coins.
        until: Candles that open then or later, UTC, are not read; ``None`` reads all.
        monitor: Follows the progress, and may stop the work.
        initial: A model of the same shape, whose weights the fit starts from. Without it the
            weights are random.

    Raises:
        InvalidInput: If an input depends on a coin's scale, or the intervals or quotes differ.
        NotEnoughData: If a span of all histories together would be too short.
        Cancelled: If the monitor stopped the work.
        CryptoForecastError: If the loss is no longer finite.
    """
    check(histories, spec)
    earlier = [_before(history, until) for history in histories]
    in_one_unit = [samples.in_one_unit(history) for history in earlier if history is not None]
    parts = [
        (samples.raw_samples(history, spec), cut)
        for history, cut in zip(in_one_unit, cuts(in_one_unit, spec), strict=True)
    ]
    prepared, scaler = samples.prepare_pooled(parts, spec)
    weights, record = training.fit_networks(spec, prepared, monitor, initial)
    return TrainedModel(spec, scaler, weights, None, record, _card(in_one_unit, spec))


def cuts(histories: Sequence[PriceHistory], spec: ModelSpec) -> tuple[Split, ...]:
    """Split every history at the same moment, before which all training candles open.

    Args:
        histories: Histories of one interval.
        spec: Its ``validation`` is the share of all candles that open at that moment or later.

    Raises:
        NotEnoughData: If a span of all histories together would be too short.
    """
    histories = [samples.in_one_unit(history) for history in histories]
    opens = [history.candles.index.asi8 for history in histories]
    times = np.sort(np.concatenate([np.empty(0, np.int64), *opens]))
    border = times[int(len(times) * (1 - spec.validation))] if len(times) else 0
    splits = tuple(
        Split(
            rows=len(history),
            train_end=int(np.searchsorted(history.candles.index.asi8, border)),
            test_start=len(history),
            horizon=spec.horizon,
            gaps=samples.gaps(history),
        )
        for history in histories
    )
    needed = specs.needs(spec)
    for name, stretches in (
        ("training", [cut.train_origins(needed) for cut in splits]),
        ("validation", [cut.validation_origins(needed) for cut in splits]),
    ):
        count = sum(len(rows) for own in stretches for rows in own)
        if count < samples.MIN_ORIGINS[name]:
            raise NotEnoughData(
                f"The {name} spans of all histories must hold at least {samples.MIN_ORIGINS[name]} "
                f"origins together. Received: {count} from {len(times):,} candles of "
                f"{len(histories)} histories. Give more or longer histories."
            )
    return splits


def check(histories: Sequence[PriceHistory], spec: ModelSpec) -> None:
    """Refuse what a global model can't be trained on or with.

    Args:
        histories: Histories of different coins.
        spec: The network and how it would be trained.

    Raises:
        InvalidInput: If an input depends on a coin's scale, or the intervals or quotes differ.
    """
    specs.check(spec)
    scaled = [name for name in spec.features if not features.of(name).scale_free]
    if scaled or spec.unit != "range" or spec.loss != "quantile":
        raise InvalidInput(
            "A global model needs inputs without a scale of their own, the range as its unit "
            f"and the quantile loss. Received: {', '.join(scaled) or 'scale-free inputs'}, "
            f"{spec.unit}, {spec.loss}."
        )
    intervals = sorted({history.interval for history in histories})
    if len(intervals) != 1:
        raise InvalidInput(
            f"A global model needs candles of one length. Received: {', '.join(intervals) or '-'}."
        )
    quotes = sorted({history.quote for history in histories})
    if len(quotes) != 1:
        raise InvalidInput(
            f"A global model needs prices in one currency. Received: {', '.join(quotes)}. Leave "
            "out the histories in other currencies."
        )


def _before(history: PriceHistory, until: pd.Timestamp | None) -> PriceHistory | None:
    candles = history.candles if until is None else history.candles[history.candles.index < until]
    return dataclasses.replace(history, candles=candles) if len(candles) else None


def _card(histories: Sequence[PriceHistory], spec: ModelSpec) -> ModelCard:
    content = ",".join(history.fingerprint for history in histories)
    return ModelCard(
        coin=ANY_COIN,
        scope="global",
        interval=histories[0].interval,
        needs=specs.needs(spec),
        start=min(history.start for history in histories).isoformat(),
        end=max(history.end for history in histories).isoformat(),
        cutoff=max(history.end for history in histories).isoformat(),
        source=", ".join(sorted({history.coin for history in histories})),
        fingerprint=hashlib.sha256(content.encode()).hexdigest()[:16],
        simulated=any(history.simulated for history in histories),
        created=pd.Timestamp.now("UTC").floor("s").isoformat(),
        rows=sum(map(len, histories)),
        libraries=networks.libraries(),
        quote=ANY_QUOTE,
    )
