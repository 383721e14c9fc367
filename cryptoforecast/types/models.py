"""Models: what a training gives, what a user should know about it, and how it is saved."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from cryptoforecast.types.judgement import Outcome
from cryptoforecast.types.learning import ModelSpec, Scaler, TrainingRecord
from cryptoforecast.types.prices import INTERVALS, Array
from cryptoforecast.types.quotes import DEFAULT_QUOTE, market_name


@dataclass(frozen=True)
class ModelCard:
    """What a user should know about a model before relying on it.

    Attributes:
        coin: Ticker of the coin that it was trained on; ``"any"`` for a global model.
        interval: Candle length, a key of ``INTERVALS``.
        needs: Candles that a forecast reads: the lookback and the warm-up of its features.
        start: Open of the first candle of its history, ISO 8601.
        end: Open of the last candle of its history, test span included, ISO 8601.
        cutoff: Open of the last candle that shaped the weights, ISO 8601.
        source: Where its prices come from; for a global model, the coins.
        fingerprint: Hash of its history, see ``PriceHistory.fingerprint``; for a global model, of
            the hashes of all its histories.
        simulated: Whether it was trained on simulated prices.
        created: When it was trained, ISO 8601, UTC.
        scope: ``"coin"`` for a model of one coin, ``"global"`` for one of many.
        rows: Candles of its history, or of all its histories.
        lowest: Lowest close of its training rows, in ``quote``; NaN where unknown.
        highest: Highest close of its training rows, in ``quote``; NaN where unknown.
        verdict: The verdict of its test in one sentence; ``""`` if there was no test.
        outcomes: How the price error compared with the last price's in that test, for the network
            alone, by its kind, and for the ``"stack"``; see ``Outcome``.
        origins: Past forecasts of that test; 0 where unknown.
        gain: Mean gain of following the network's direction in it, before fees, basis points
            (0.01 %) of the price a forecast; ``None`` where unknown.
        libraries: Versions of the libraries that trained it, by name.
        scores: Test scores at the last step, by predictor and metric, as in ``backtest --json``;
            ``None`` where a score is undefined.
        quote: Currency of the prices that it was trained on; ``"any"`` for a global model.
        guest: Whether a guest of a server saved it, not the owner of the installation.
        signals: The signals that it reads beside the candles, by name; see ``Signal.about``.
    """

    coin: str
    interval: str
    needs: int
    start: str
    end: str
    cutoff: str
    source: str
    fingerprint: str
    simulated: bool
    created: str
    scope: str = "coin"
    rows: int = 0
    lowest: float = float("nan")
    highest: float = float("nan")
    verdict: str = ""
    libraries: Mapping[str, str] = field(default_factory=dict)
    scores: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)
    quote: str = DEFAULT_QUOTE
    guest: bool = False
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    origins: int = 0
    gain: float | None = None
    signals: Mapping[str, str] = field(default_factory=dict)

    @property
    def coins(self) -> tuple[str, ...]:
        """Tickers of the coins that it learnt from."""
        return tuple(self.source.split(", ")) if self.scope == "global" else (self.coin,)

    @property
    def market(self) -> str:
        """Name of its market, as ``PriceHistory.market``; ``"any"`` for a global model."""
        return self.coin if self._any_quote else market_name(self.coin, self.quote)

    @property
    def learnt_until(self) -> pd.Timestamp:
        """Close of the last candle that shaped the weights, UTC."""
        return pd.Timestamp(self.cutoff) + INTERVALS[self.interval]

    @property
    def quote_words(self) -> str:
        """The currency of its prices in words."""
        return "any currency" if self._any_quote else self.quote

    @property
    def _any_quote(self) -> bool:
        return "any" in (self.coin, self.quote)


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """A network's weights, and everything that is needed to use them without TensorFlow.

    Attributes:
        spec: The network and how it was trained.
        scaler: Scaling of its inputs and targets, fitted on its training rows.
        weights: Float32 arrays in Keras' order, network by network and layer by layer: ``kernel,
            recurrent kernel, bias`` of each LSTM layer, ``kernel, bias`` of each Dense layer.
        residuals: ``(horizon, 9)`` quantiles of ln(actual / predicted) on the validation rows:
            the band of a model trained with squared error. ``None`` with the quantile loss.
        record: How the fit went.
        card: What a user should know about the model.
    """

    spec: ModelSpec
    scaler: Scaler
    weights: tuple[Array, ...]
    residuals: Array | None
    record: TrainingRecord
    card: ModelCard

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the settings, the scaling and all weights, 64 hexadecimal digits."""
        digest = hashlib.sha256(repr(self.spec).encode())
        scaler = self.scaler
        for array in (
            scaler.offset, scaler.scale, scaler.target_offset, scaler.target_scale, *self.weights,
            *(() if self.residuals is None else (self.residuals,)),
        ):  # fmt: skip
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class ModelSummary:
    """What a list of saved models says of one of them: all but its weights.

    Attributes:
        name: Its name, also that of its folder.
        shipped: Whether it comes with the project, and so can't be replaced or deleted.
        spec: The network and how it was trained.
        scaler: Scaling of its inputs and targets, fitted on its training rows.
        record: How the fit went.
        card: What a user should know about the model.
        parameters: Numbers that its networks learnt.
    """

    name: str
    shipped: bool
    spec: ModelSpec
    scaler: Scaler
    record: TrainingRecord
    card: ModelCard
    parameters: int


@dataclass(frozen=True, eq=False)
class SavedModel:
    """A model with the name under which it is saved.

    Attributes:
        name: Its name, also that of its folder.
        shipped: Whether it comes with the project, and so can't be replaced or deleted.
        model: The model itself.
        version: Digest of what was loaded, see ``bundle_format.version``; ``None`` for one that was
            not loaded.
    """

    name: str
    shipped: bool
    model: TrainedModel
    version: str | None = None

    @property
    def summary(self) -> ModelSummary:
        """The model as lists know it."""
        model = self.model
        return ModelSummary(
            name=self.name,
            shipped=self.shipped,
            spec=model.spec,
            scaler=model.scaler,
            record=model.record,
            card=model.card,
            parameters=sum(array.size for array in model.weights),
        )
