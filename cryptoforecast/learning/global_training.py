"""Train one network across the histories of many coins: a global model.

What it reads and says must have no scale of its own (scale-free inputs, returns in units of the
average true range), so that it can forecast a coin it has never seen. Source of the idea and its
name: Montero-Manso and Hyndman (2021), "Principles and algorithms for forecasting groups of time
series".
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from cryptoforecast.errors import InvalidInput, NotEnoughData
from cryptoforecast.learning import features, networks, samples, specs, training
from cryptoforecast.types import ModelCard, ModelSpec, PriceHistory, Progress, Split, TrainedModel

#: What the card of a global model calls its coin.
ANY = "any"
_RANGES = ("scaled_return", "scaled_move", "scaled_range", "short_range")
#: How the models of the project are made, by candle length. Coins move together: a larger network
#: learns their common past by heart, and forecasts others less well. Days are few besides.
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
    report: Callable[[Progress], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> TrainedModel:
    """Fit one network to all histories together.

    Args:
        histories: of one interval and different coins.
        spec: what to train; ``validation`` is the last share of all candles before ``until``,
            ``test`` is not looked at: judge the model on later months or other coins.
        until: candles that open then or later are not looked at; all are by default.
        report: called with the progress.
        cancelled: asked before every update.

    Raises:
        InvalidInput: if an input has a scale of its own, or the intervals differ.
        NotEnoughData: if a span of all histories together would be too short.
        Cancelled: if ``cancelled()`` became true.
    """
    _check(histories, spec)
    seen = [_before(history, until) for history in histories]
    kept = [history for history in seen if history is not None]
    parts = [(samples.measure(h, spec), cut) for h, cut in zip(kept, cuts(kept, spec), strict=True)]
    prepared, scaler = samples.pooled(parts, spec)
    weights, record = training.fit_networks(spec, prepared, report, cancelled)
    return TrainedModel(spec, scaler, weights, None, record, _card(kept, spec))


def cuts(histories: Sequence[PriceHistory], spec: ModelSpec) -> tuple[Split, ...]:
    """Cut every history at the one moment after which ``spec.validation`` of all candles open.

    Raises:
        NotEnoughData: if a span of all histories together would be too short.
    """
    opens = [history.candles.index.asi8 for history in histories]
    times = np.sort(np.concatenate([np.empty(0, np.int64), *opens]))
    border = times[int(len(times) * (1 - spec.validation))] if len(times) else 0
    found = tuple(
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
        ("training", [cut.train_origins(needed) for cut in found]),
        ("validation", [cut.validation_origins(needed) for cut in found]),
    ):
        count = sum(len(rows) for one in stretches for rows in one)
        if count < samples.FEWEST[name]:
            raise NotEnoughData(
                f"The {name} spans of all histories must hold at least {samples.FEWEST[name]} "
                f"origins together. Received: {count} from {len(times):,} candles of "
                f"{len(histories)} histories. Give more or longer histories."
            )
    return found


def _check(histories: Sequence[PriceHistory], spec: ModelSpec) -> None:
    specs.check(spec)
    scaled = [name for name in spec.features if not features.FEATURES[name].scale_free]
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


def _before(history: PriceHistory, until: pd.Timestamp | None) -> PriceHistory | None:
    candles = history.candles if until is None else history.candles[history.candles.index < until]
    return dataclasses.replace(history, candles=candles) if len(candles) else None


def _card(histories: Sequence[PriceHistory], spec: ModelSpec) -> ModelCard:
    content = ",".join(history.fingerprint for history in histories)
    return ModelCard(
        coin=ANY,
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
    )
