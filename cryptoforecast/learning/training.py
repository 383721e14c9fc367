"""Train a network on a history: the one way from prices to a ``TrainedModel``."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pandas as pd

from cryptoforecast.errors import InvalidInput
from cryptoforecast.learning import inference, networks, samples, specs
from cryptoforecast.types import (
    Array,
    ModelCard,
    ModelSpec,
    PriceHistory,
    Progress,
    Split,
    TrainedModel,
    TrainingRecord,
)


def train(
    history: PriceHistory,
    spec: ModelSpec,
    report: Callable[[Progress], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> TrainedModel:
    """Fit a network on the training rows, stop it on the validation rows.

    The test rows are cut off before anything is computed.

    Args:
        history: ``n`` candles, the last ``spec.test`` share of which is not looked at.
        spec: what to train.
        report: called with the progress.
        cancelled: asked before every update.

    Raises:
        InvalidInput: as ``check`` does.
        Cancelled: if ``cancelled()`` became true.
    """
    cut = check(history, spec)
    seen = dataclasses.replace(history, candles=history.candles.iloc[: cut.test_start])
    return fit(history, spec, cut, samples.measure(seen, spec), report, cancelled)


def fit(
    history: PriceHistory,
    spec: ModelSpec,
    cut: Split,
    measured: samples.Measured,
    report: Callable[[Progress], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
    initial: TrainedModel | None = None,
) -> TrainedModel:
    """Fit a network to any cut of a history; see ``train``.

    Args:
        history: ``n`` candles; no row from ``cut.fit_end`` on shapes the model.
        spec: what to train.
        cut: a split that ``check`` accepts.
        measured: features and targets of the history, at least up to ``cut.fit_end``.
        report: called with the progress.
        cancelled: asked before every update.
        initial: a model of the same shape whose weights to start from.

    Raises:
        Cancelled: if ``cancelled()`` became true.
    """
    prepared, scaler = samples.scaled(measured.before(cut.fit_end), spec, cut)
    weights, record = fit_networks(spec, prepared, report, cancelled, initial)
    seen = dataclasses.replace(history, candles=history.candles.iloc[: cut.fit_end])
    close = seen.candles["close"].to_numpy(float)[cut.first : cut.train_end]
    card = ModelCard(
        coin=history.coin,
        interval=history.interval,
        needs=specs.needs(spec),
        start=history.start.isoformat(),
        end=history.end.isoformat(),
        cutoff=seen.end.isoformat(),
        source=history.source,
        fingerprint=history.fingerprint,
        simulated=history.simulated,
        created=pd.Timestamp.now("UTC").floor("s").isoformat(),
        rows=len(history),
        lowest=float(np.min(close)),
        highest=float(np.max(close)),
        libraries=networks.libraries(),
    )
    model = TrainedModel(spec, scaler, weights, None, record, card)
    if spec.loss == "mse":
        origins = cut.validation_origins(card.needs)
        residuals = inference.residual_quantiles(model, seen, origins)
        model = dataclasses.replace(model, residuals=residuals)
    return model


def fit_networks(
    spec: ModelSpec,
    prepared: samples.Samples,
    report: Callable[[Progress], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
    initial: TrainedModel | None = None,
) -> tuple[tuple[Array, ...], TrainingRecord]:
    """Fit the networks of an ensemble one after the other, each with the next seed.

    Returns:
        The weights of all; of the records the sum of epochs and seconds, the median speed, and
        the first one's curve.
    """
    starts = [None] * spec.ensemble if initial is None else inference.members(initial)
    weights: list[Array] = []
    records: list[TrainingRecord] = []
    for i, start in enumerate(starts):
        past = sum(record.seconds for record in records)

        def tell(progress: Progress, i: int = i, past: float = past) -> None:
            done, seconds = (i + progress.done) / spec.ensemble, past + progress.seconds
            report(dataclasses.replace(progress, done=done, seconds=seconds))

        one = dataclasses.replace(spec, seed=spec.seed + i)
        found, record = networks.fit(
            one, prepared, tell, cancelled, None if start is None else start.weights
        )
        weights += found
        records.append(record)
    return tuple(weights), dataclasses.replace(
        records[0],
        epochs=sum(record.epochs for record in records),
        seconds=sum(record.seconds for record in records),
        targets_per_second=float(np.median([one.targets_per_second for one in records])),
    )


def check(history: PriceHistory, spec: ModelSpec, cut: Split | None = None) -> Split:
    """Refuse at once what can't be trained, and return how the history is cut.

    Args:
        history: ``n`` candles.
        spec: what would be trained.
        cut: where to cut, if not by the shares of ``spec``; its spans are not counted here.

    Raises:
        InvalidInput: if ``spec`` names a baseline or breaks a rule, if the training prices never
            move, or if the history ends in a dead market.
        NotEnoughData: if a span of the split would be too short.
    """
    specs.check(spec)
    specs.check_network(spec.network)
    if cut is None:
        cut = samples.split(history, spec)
    close = history.candles["close"].to_numpy(float)
    learnt = close[cut.first : cut.train_end]
    if np.ptp(learnt) == 0:
        raise InvalidInput(
            f"Training needs prices that move. Received: {len(learnt):,} training candles that "
            f"all close at {learnt[0]:g} USD. Choose another history."
        )
    tail, rows = samples.dead_tail(history), len(history)
    if tail:
        raise InvalidInput(
            "Training needs a market that is alive at its end. Received: the last "
            f"{tail:,} of {rows:,} candles ({tail / rows:.0%}) repeat {close[-1]:g} USD without "
            f"volume, from {history.candles.index[-tail]:%Y-%m-%d %H:%M} UTC on. Choose an earlier "
            "end, or cut them off: the repair flat_tail on the Data page, --repair flat_tail on "
            "the command line."
        )
    return cut
