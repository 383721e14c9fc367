"""What a training or a test takes: estimates of its seconds and its memory, before it starts.

The constants were fitted to some twenty trainings of very different shapes, on two busy cores. The
trainings of this process then show how fast this machine is.
"""

from __future__ import annotations

import dataclasses
import math
import threading
from collections import deque
from dataclasses import dataclass

from cryptoforecast.forecasting.baselines import QUICK
from cryptoforecast.learning import features, fitting, networks, specs
from cryptoforecast.types import ModelSpec

# Seconds of an update: for each layer; for each candle that a layer reads after another; for each
# value of a layer; for each output; for each multiplication; and for each weight.
_LAYER, _CANDLE, _VALUE, _OUTPUT = 4e-3, 6e-5, 130e-9, 50e-9
_PRODUCT, _WEIGHT = 0.07e-9, 30e-9
# The same of a Dense network, which reads all candles at once.
_DENSE_LAYER, _DENSE_VALUE = 1e-3, 20e-9
# Seconds before the first update, and the factor by which the validation lengthens an epoch.
_START, _VALIDATION = 5.0, 1.1
# Megabytes of a training as such; bytes of each number in a row of inputs and targets, and of each
# value and output of a batch in training and in validation; bytes of a weight.
_BASE, _CELL = 40.0, 24
_TRAIN_VALUE, _TRAIN_OUTPUT, _TEST_VALUE, _TEST_OUTPUT, _WEIGHT_BYTES = 70, 40, 34, 17, 16
# Windows or sequences of a batch in validation.
_TEST_BATCH = 512
# Megabytes that TensorFlow takes when it is loaded.
TENSORFLOW = 600.0
# Bytes for each candle that a heavy baseline is fitted on, and more for each step of its horizon.
_HEAVY_BYTES, _HEAVY_STEP_BYTES = 1500, 80
# Bytes for each step of a forecast: nine quantiles, the outcome, and what is computed from them.
_FORECAST_BYTES = 100


@dataclass(frozen=True)
class Effort:
    """What a training takes.

    Attributes:
        seconds: On a machine as fast as that of the constants.
        megabytes: At its peak, without TensorFlow itself.
    """

    seconds: float
    megabytes: float


def of_training(spec: ModelSpec, rows: int) -> Effort:
    """Estimate what it takes to train on a history, if no early stop shortens it.

    Args:
        spec: Settings of the network.
        rows: Candles of the history, with those that are only tested on.
    """
    train = max(1.0, rows * (1 - spec.test - spec.validation))
    held_out = max(1.0, rows * spec.validation)
    seconds = spec.epochs * _epoch(spec, train)
    seconds += spec.final_epochs * _epoch(spec, train + held_out)
    shape = _Batch.of(spec, train)
    tested = _Batch.of(dataclasses.replace(spec, batch_size=_TEST_BATCH), held_out)
    columns = features.width(spec.features) + spec.horizon
    in_batch = max(
        shape.values * _TRAIN_VALUE + shape.outputs * _TRAIN_OUTPUT,
        (tested.values * _TEST_VALUE + tested.outputs * _TEST_OUTPUT) * tested.chunks,
    )
    total = rows * columns * _CELL + in_batch + _weights(spec) * _WEIGHT_BYTES
    return Effort(_START + spec.ensemble * seconds * _VALIDATION, _BASE + total / 1e6)


def megabytes_of_test(origins: int, horizon: int, predictors: int) -> float:
    """Estimate the memory of the forecasts that so many predictors make in a test."""
    return origins * horizon * predictors * _FORECAST_BYTES / 1e6


def predictors(spec: ModelSpec) -> int:
    """Count the predictors of a test: the quick baselines, and a network with its stack."""
    if specs.is_network(spec):
        return len(QUICK) + 2
    return len({*QUICK, spec.network})


def megabytes_of_heavy(rows: int, horizon: int) -> float:
    """Estimate the memory of fitting and testing a heavy baseline."""
    return rows * (_HEAVY_BYTES + horizon * _HEAVY_STEP_BYTES) / 1e6


@dataclass(frozen=True)
class _Batch:
    """One update of a training: how much is computed.

    Attributes:
        size: Windows or sequences in it.
        length: Candles of each window or sequence, one after the other.
        targets: How many of these candles are targets.
        chunks: Updates that follow one another in a sequence.
        batches: Batches in an epoch; each has ``chunks`` updates.
        values: Numbers that its layers give.
        outputs: Numbers that its last layer gives.
    """

    size: float
    length: int
    targets: int
    chunks: int
    batches: float
    values: float
    outputs: float

    @classmethod
    def of(cls, spec: ModelSpec, origins: float) -> _Batch:
        """Shape the batches of an epoch over so many origins, as ``networks`` does."""
        windows = spec.training == "windows"
        targets = 1 if windows else int(max(1, min(spec.chunk, origins / 2)))
        chunks = 1 if windows else int(max(1, min(fitting.MAX_CHUNKS, origins / 4 // targets)))
        sequences = origins / (targets * chunks)
        batches = math.ceil(sequences / spec.batch_size)
        size = sequences / batches
        length = spec.lookback if windows else targets
        read = length if spec.network == "lstm" else 1
        return cls(
            size=size,
            length=length,
            targets=targets,
            chunks=chunks,
            batches=batches,
            values=size * read * sum(spec.units) + size * length * features.width(spec.features),
            outputs=size * targets * networks.outputs(spec),
        )


def _epoch(spec: ModelSpec, origins: float) -> float:
    """Estimate the seconds of an epoch over so many origins."""
    batch = _Batch.of(spec, origins)
    weights = _weights(spec)
    if spec.network == "lstm":
        # The run-in is read once for all chunks of a sequence, without a gradient.
        read = batch.length + (
            0 if spec.training == "windows" else spec.lookback / batch.chunks / 2
        )
        seconds = len(spec.units) * (_LAYER + read * _CANDLE)
        seconds += batch.size * read * (sum(spec.units) * _VALUE + weights * _PRODUCT)
    else:
        seconds = len(spec.units) * _DENSE_LAYER + batch.values * _DENSE_VALUE
        seconds += batch.size * weights * _PRODUCT
    seconds += batch.outputs * _OUTPUT + weights * _WEIGHT
    return seconds * batch.batches * batch.chunks


def _weights(spec: ModelSpec) -> int:
    """Count the weights of the network, roughly."""
    width = features.width(spec.features) * (1 if spec.network == "lstm" else spec.lookback)
    count = 0
    for units in spec.units:
        count += 4 * units * (width + units) if spec.network == "lstm" else units * width
        width = units
    return count + width * networks.outputs(spec)


class Pace:
    """How much slower or faster this machine trains than the constants say.

    It starts with the constants. Then it is the median of the latest trainings, within bounds, so
    that no single training decides.
    """

    #: Trainings that count, and the bounds.
    LATEST, LOWEST, HIGHEST = 5, 0.2, 3.0
    #: Seconds that a training must have run to count.
    MIN_SECONDS = 2.0

    def __init__(self) -> None:
        self._ratios: deque[float] = deque(maxlen=self.LATEST)
        self._lock = threading.Lock()

    @property
    def factor(self) -> float:
        """Seconds on this machine for each second that was estimated."""
        with self._lock:
            return sorted(self._ratios)[len(self._ratios) // 2] if self._ratios else 1.0

    def learn(self, estimated: float, measured: float) -> None:
        """Take account of work that was estimated and then measured, in seconds."""
        if measured >= self.MIN_SECONDS and estimated > 0:
            with self._lock:
                self._ratios.append(min(max(measured / estimated, self.LOWEST), self.HIGHEST))
