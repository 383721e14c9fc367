"""Training: the way from a price history to a ``TrainedModel``."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd

from cryptoforecast.errors import InvalidInput
from cryptoforecast.learning import features, fitting, inference, networks, samples, specs
from cryptoforecast.types import (
    UNWATCHED,
    Array,
    ModelCard,
    ModelSpec,
    Monitor,
    PriceHistory,
    Progress,
    Split,
    TrainedModel,
    TrainingRecord,
    signal_name,
)


def train(
    history: PriceHistory,
    spec: ModelSpec,
    monitor: Monitor = UNWATCHED,
) -> TrainedModel:
    """Fit a network on the training rows and choose its epoch on the validation rows.

    If ``spec`` has final epochs, they then train on the validation rows too. The test rows are cut
    off before any feature or target is computed.

    Args:
        history: ``n`` candles. Nothing is learnt from the last ``spec.test`` share of them.
        spec: The network and how it is trained.
        monitor: Follows the progress, and may stop the work.

    Raises:
        InvalidInput: See ``check``.
        NotEnoughData: See ``check``.
        Cancelled: If the monitor stopped the work.
        CryptoForecastError: If the loss is no longer finite.
    """
    history = samples.in_one_unit(history)
    cut = check(history, spec)
    past = dataclasses.replace(history, candles=history.candles.iloc[: cut.test_start])
    return fit(history, spec, cut, samples.raw_samples(past, spec), monitor)


def fit(
    history: PriceHistory,
    spec: ModelSpec,
    cut: Split,
    raw: samples.RawSamples,
    monitor: Monitor = UNWATCHED,
    initial: TrainedModel | None = None,
) -> TrainedModel:
    """Fit a network to any split of a history; see ``train``.

    Args:
        history: ``n`` candles. No row from ``cut.fit_end`` on shapes the model.
        spec: The network and how it is trained.
        cut: A split that ``check`` accepts.
        raw: Features and targets of the history, at least up to ``cut.fit_end``.
        monitor: Follows the progress, and may stop the work.
        initial: A model of the same shape, whose weights the fit starts from. Without it the
            weights are random.

    Raises:
        Cancelled: If the monitor stopped the work.
        CryptoForecastError: If the loss is no longer finite.
    """
    history = samples.in_one_unit(history)
    prepared, scaler = samples.prepare_raw(raw.before(cut.fit_end), spec, cut)
    weights, record = fit_networks(spec, prepared, monitor, initial)
    past = dataclasses.replace(history, candles=history.candles.iloc[: cut.fit_end])
    close = past.candles["close"].to_numpy(float)[cut.first : cut.train_end]
    card = ModelCard(
        coin=history.coin,
        interval=history.interval,
        needs=specs.needs(spec),
        start=history.start.isoformat(),
        end=history.end.isoformat(),
        cutoff=past.end.isoformat(),
        source=history.source,
        fingerprint=history.fingerprint,
        simulated=history.simulated,
        created=pd.Timestamp.now("UTC").floor("s").isoformat(),
        rows=len(history),
        lowest=float(np.min(close)),
        highest=float(np.max(close)),
        libraries=networks.libraries(),
        quote=history.quote,
        signals={
            signal_name(name): history.signals.get(signal_name(name), "")
            for name in features.signals(spec.features)
        },
    )
    model = TrainedModel(spec, scaler, weights, None, record, card)
    if spec.loss == "mse":
        origins = cut.validation_origins(card.needs)
        residuals = inference.residual_quantiles(model, past, origins)
        model = dataclasses.replace(model, residuals=residuals)
    return model


def fit_networks(
    spec: ModelSpec,
    prepared: samples.Samples,
    monitor: Monitor = UNWATCHED,
    initial: TrainedModel | None = None,
) -> tuple[tuple[Array, ...], TrainingRecord]:
    """Fit the networks of an ensemble one after the other, each with the next seed.

    Args:
        spec: The networks and how they are trained.
        prepared: Scaled samples.
        monitor: Follows the progress, and may stop the work.
        initial: An ensemble of the same shape, whose weights the fits start from.

    Returns:
        The weights of all networks, and one record: the sum of their epochs and seconds, the
        median of their speeds, and the best epoch and the loss curve of the first network.

    Raises:
        Cancelled: If the monitor stopped the work.
        CryptoForecastError: If the loss is no longer finite.
    """
    initials = [None] * spec.ensemble if initial is None else inference.members(initial)
    weights: list[Array] = []
    records: list[TrainingRecord] = []
    for i, member in enumerate(initials):
        past = sum(record.seconds for record in records)

        def report_whole(progress: Progress, i: int = i, past: float = past) -> None:
            done, seconds = (i + progress.done) / spec.ensemble, past + progress.seconds
            monitor.report(dataclasses.replace(progress, done=done, seconds=seconds))

        own_spec = dataclasses.replace(spec, seed=spec.seed + i)
        own_initial = None if member is None else member.weights
        own_monitor = Monitor(report_whole, monitor.cancelled)
        own_weights, record = fitting.fit(own_spec, prepared, own_monitor, own_initial)
        weights += own_weights
        records.append(record)
    return tuple(weights), dataclasses.replace(
        records[0],
        epochs=sum(record.epochs for record in records),
        seconds=sum(record.seconds for record in records),
        targets_per_second=float(np.median([record.targets_per_second for record in records])),
    )


def check(history: PriceHistory, spec: ModelSpec, cut: Split | None = None) -> Split:
    """Refuse a training that can't succeed, before it starts.

    Args:
        history: ``n`` candles.
        spec: The network and how it would be trained.
        cut: A split other than that by the shares of ``spec``. The length of its spans and the
            inputs are then not checked here.

    Returns:
        The split of the history.

    Raises:
        InvalidInput: If ``spec`` names a baseline or breaks a rule, if the training prices never
            move, if the history ends in a dead market, or if ``check_inputs`` refuses an input.
        NotEnoughData: If a span of the split would be too short.
    """
    specs.check(spec)
    specs.check_network(spec.network)
    history = samples.in_one_unit(history)
    whole = cut is None
    if cut is None:
        cut = samples.split(history, spec)
    close = history.candles["close"].to_numpy(float)
    closes = close[cut.first : cut.train_end]
    if np.ptp(closes) == 0:
        raise InvalidInput(
            f"Training needs prices that move. Received: {len(closes):,} training candles that "
            f"all close at {closes[0]:g} {history.quote}. Choose another history."
        )
    tail, rows = samples.dead_tail(history), len(history)
    if tail:
        raise InvalidInput(
            "Training needs a market that is alive at its end. Received: the last "
            f"{tail:,} of {rows:,} candles ({100 * tail / rows:.0f} %) repeat {close[-1]:g} "
            f"{history.quote} without volume, from "
            f"{history.candles.index[-tail]:%Y-%m-%d %H:%M} UTC on. Choose an earlier "
            "end, or cut them off (Repairs on the Data page; --repair flat_tail on the command "
            'line, repair="flat_tail" in Python).'
        )
    if whole:
        check_inputs(history, spec, cut)
    return cut


def check_inputs(history: PriceHistory, spec: ModelSpec, cut: Split) -> None:
    """Refuse an input that the user chose and that never varies, such as an absent volume.

    The inputs of a preset may be constant; then nothing is learnt from them.

    Args:
        history: ``n`` candles in one unit.
        spec: Its ``features`` are the inputs.
        cut: A split of the history.

    Raises:
        InvalidInput: If there is such an input; the message names all of them.
    """
    candles = history.candles.iloc[cut.first : cut.train_end]
    chosen = specs.has_chosen_inputs(spec)
    inputs = spec.features if chosen else features.signals(spec.features)
    absent = features.constant(features.matrix(candles, inputs), inputs) if inputs else ()
    if not absent:
        return
    other = tuple(name for name in spec.features if name not in absent)
    remedy = f"Leave {_plural(absent, 'it', 'them')} out" + (
        f" (--features {','.join(other)} on the command line, features= in Python)" if other else ""
    )
    raise InvalidInput(
        "An input must vary over the training candles. Received: "
        f"{' and '.join(absent)}, which never {_plural(absent, 'does', 'do')}"
        f"{_about_volume(candles) if 'volume' in absent else ''}. {remedy}, or choose other prices."
    )


def _plural(names: tuple[str, ...], one: str, several: str) -> str:
    return one if len(names) == 1 else several


def _about_volume(candles: pd.DataFrame) -> str:
    """Say why there is no volume to learn from, in brackets."""
    volume = candles["volume"].to_numpy(float)
    if np.isnan(volume).all():
        return " (these prices have no volume)"
    if not (np.nan_to_num(volume) > 0).any():
        return " (the volume is 0 in all of them)"
    return f" (the volume is {np.nanmedian(volume):,.6g} in all of them)"
