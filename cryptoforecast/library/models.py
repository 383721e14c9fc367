"""Models of the library: networks to train, save, load, test and forecast with."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from cryptoforecast.errors import InvalidBundle, InvalidInput, UnknownModel
from cryptoforecast.library.forecasts import Forecast, probabilities
from cryptoforecast.library.prices import Prices, history_of
from cryptoforecast.library.signals import Signals, beside
from cryptoforecast.library.values import Value, digest, heading, paragraphs, table
from cryptoforecast.service import choices, shared
from cryptoforecast.service.saved_models import with_scores
from cryptoforecast.types import (
    OWNER,
    UNWATCHED,
    ModelCard,
    ModelSpec,
    Monitor,
    Progress,
    SavedModel,
    TrainedModel,
    WalkPlan,
)
from cryptoforecast.types.renewal import Renewal

if TYPE_CHECKING:
    from cryptoforecast.library.backtest_results import Backtest


@dataclass(frozen=True, eq=False, repr=False)
class Model(Value):
    """A trained network, made by ``train``, ``load``, ``models`` or ``Backtest.model``.

    Two are equal if their weights and settings are.

    Attributes:
        network: The network as the app itself uses it.
        name: Of a saved model; ``None`` if it is not saved.
        shipped: Whether it comes with the project.
        folder: Where it was loaded from by its path; ``None`` if it has its name from our list.
        loaded_version: Digest of what was loaded; ``None`` if it was not.
    """

    network: TrainedModel
    name: str | None = None
    shipped: bool = False
    folder: Path | None = None
    loaded_version: str | None = None

    @property
    def card(self) -> ModelCard:
        """Where it comes from, what it needs and how it scored."""
        return self.network.card

    @property
    def spec(self) -> ModelSpec:
        """The settings it was made with."""
        return self.network.spec

    @cached_property
    def fingerprint(self) -> str:
        """Content hash of the settings and all weights, 16 hexadecimal digits."""
        network = self.network
        scaler = network.scaler
        return digest(
            network.spec,
            *(scaler.offset, scaler.scale, scaler.target_offset, scaler.target_scale),
            *network.weights,
            network.residuals,
        )

    @cached_property
    def version(self) -> str | None:
        """Digest of a saved model, as the REST API names it; ``None`` if it is not saved."""
        if self.loaded_version is not None or self.name is None:
            return self.loaded_version
        return shared().saved_models.version(self.name)  # it was saved a moment ago

    def forecast(
        self,
        prices: Prices,
        above: float | Iterable[float] = (),
        below: float | Iterable[float] = (),
        touch: float | Iterable[float] = (),
        predictor: str = "stack",
        signals: Signals = (),
    ) -> Forecast:
        """Forecast the steps after the last closed candle.

        Args:
            prices: At least ``card.needs`` candles.
            above: Levels in the currency of ``prices``, at most 40 with those of ``below`` and
                ``touch``; ``Forecast.probabilities`` then has the probability of ending above each.
            below: Likewise of ending below.
            touch: Levels; ``Forecast.touch`` then has the probability that a high or a low reaches
                each of them by each step.
            predictor: ``"stack"``, which combines the network and HAR, or one of the two by its
                name: ``"lstm"`` or ``"dense"``, and ``"har"``.
            signals: Signals of yours that the network reads beside the price; see ``signal``.

        Returns:
            The forecast, with its band and its warnings.

        Raises:
            NotEnoughData: If there are fewer candles than the model needs.
            InvalidInput: If ``prices`` are not ``Prices``, a level can't be a price, or the stack
                has no such member.
            SourceUnavailable: If a signal that the network reads can't be had.

        Example:
            >>> import cryptoforecast as cf
            >>> prices = cf.fetch("BTC", start="2024-01-01", end="2024-03-01", simulated="only")
            >>> forecast = cf.load("btc-1h-lstm-close").forecast(prices, above=60_000)
            >>> len(forecast), forecast.probabilities["probability"].between(0, 1).all()
            (1, np.True_)
        """
        history = beside(history_of(prices), self.spec.features, signals)
        steps = shared().forecasts.next_steps(history, self.network, self.name, predictor)
        return Forecast(
            steps, self.network, *probabilities(steps, above, below, touch), self.version
        )

    def backtest(
        self,
        prices: Prices,
        *,
        test: float | None = None,
        validation: float | None = None,
        since: str | date | pd.Timestamp | None = None,
        signals: Signals = (),
    ) -> Backtest:
        """Test the network on the last share of prices, with its weights as they are.

        The same as ``backtest(prices, model)``.

        Args:
            prices: Prices; those after ``card.cutoff`` are new to the network.
            test: Share of the candles to test on, the last ones; 0.2 by default, at most 0.95.
            validation: Share of the candles before those, on which the band of a network trained
                with squared error is measured.
            since: Test on all candles from this time on, in place of ``test``; ``"cutoff"`` for
                all that are new to the network.
            signals: Signals of yours that the network reads beside the price; see ``signal``.

        Returns:
            The test, beside every baseline.

        Raises:
            InvalidInput: If ``prices`` are not ``Prices``, or a share or ``since`` is outside the
                rules.
            NotEnoughData: If a span would be too short.
            SourceUnavailable: If a signal that the network reads can't be had.
        """
        from cryptoforecast.library.backtests import backtest

        return backtest(
            prices, self, test=test, validation=validation, since=since, signals=signals
        )

    def retrain(
        self,
        prices: Prices | Sequence[Prices] | None = None,
        *,
        fresh: bool = False,
        save: str | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> Renewal:
        """Train a saved model on newer prices, and replace it if that is not worse.

        Both are compared on the newest candles, from which neither has learnt.

        Args:
            prices: The prices to learn from; for a model of all coins, those of each coin that it
                learnt from. By default the newest ones are fetched.
            fresh: Whether to train from random weights; else the training goes on from its own.
            save: Name of the renewed model; by default the name of this one, or for a shipped one
                its name with ``-renewed``.
            progress: Called repeatedly with a ``Progress`` while the network is trained.

        Returns:
            What came of it. ``saved`` is the name to ``load`` the renewed model by, or ``None`` if
            this one stays; ``sentence`` says why.

        Raises:
            InvalidInput: If this model is not saved, or the prices are those of another market.
            NotEnoughData: If too few candles are new to it.
            SourceUnavailable: If its newest prices can't be had.
        """
        given = [prices] if isinstance(prices, Prices) else prices
        histories = None if given is None else [history_of(one) for one in given]
        monitor = UNWATCHED if progress is None else Monitor(progress)
        return shared().renewals.renew(
            self._saved_name(), histories, monitor, user=OWNER, fresh=fresh, save=save
        )

    def rollback(self, to: str | None = None) -> Model:
        """Bring a version from before a renewal back.

        Args:
            to: First digits of the version; by default the one before the current one.

        Returns:
            The model as it is now.

        Raises:
            InvalidInput: If this model is not saved, or there is no such version.
        """
        name = self._saved_name()
        shared().renewals.rollback(name, to, user=OWNER)
        return load(name)

    def _saved_name(self) -> str:
        if self.name is None or self.folder is not None:
            raise InvalidInput(
                "Only a model that is saved under a name can be renewed. Received: one that is "
                "not. Save it first."
            )
        return self.name

    def save(self, name: str, *, force: bool = False) -> Model:
        """Save the network, with its card, among your models.

        Args:
            name: 1 to 64 small letters, digits, dots, hyphens or underscores.
            force: Whether a model of your own may be overwritten.

        Returns:
            The saved model; ``load`` finds it by its name, and so do the app and the command line.

        Raises:
            InvalidInput: If a model can't have this name.
            AlreadyExists: If the name is taken.
        """
        if not isinstance(name, str):
            raise InvalidInput(
                f"A model's name must be text. Received: {type(name).__name__}. Models are all "
                "saved in one folder, so give a name such as 'btc-day' and no path."
            )
        saved = shared().saved_models.add(self.network, name, user=OWNER, force=force)
        return of_saved(saved)

    def __repr__(self) -> str:
        card, spec = self.card, self.spec
        name = "not saved" if self.name is None else repr(self.name)
        steps = f"{spec.horizon} step{'' if spec.horizon == 1 else 's'}"
        simulated = " simulated" if card.simulated else ""
        return (
            f"Model({name}, {spec.network}, {card.market} {card.interval}{simulated}, {steps}, "
            f"reads {card.needs:,} candles)"
        )

    def _repr_html_(self) -> str:
        card = self.card
        verdict = heading(card.verdict) if card.verdict else ""
        about = {
            "network": self.spec.network,
            "inputs": ", ".join(self.spec.features),
            "steps": self.spec.horizon,
            "candles it reads": card.needs,
            "trained on": f"{card.market} {card.interval}, {card.source}",
            "priced in": card.quote_words,
            "learnt up to": card.learnt_until.isoformat(),
            "made": card.created,
        }
        frame = pd.DataFrame({"": about.values()}, index=list(about), dtype=object)
        return verdict + paragraphs([repr(self)]) + table(frame)


def train(
    prices: Prices,
    network: str = "lstm",
    *,
    preset: str = "quick",
    signals: Signals = (),
    progress: Callable[[Progress], None] | None = None,
    cache: bool = True,
    **spec: object,
) -> Model:
    """Train a network on prices, and test it on the last ones, which it does not see.

    Args:
        prices: Prices, at least about 450 candles.
        network: ``"lstm"`` or ``"dense"``.
        preset: ``"quick"``, ``"careful"`` or ``"classic"``, the popular recipe.
        signals: What it reads beside the price: names such as ``"fear_greed"``, or results of
            ``signal``. They are added to the other inputs.
        progress: Called repeatedly with a ``Progress`` while the network is trained.
        cache: Whether the same training, done before on the same prices, may be used again.
        spec: Settings of ``cryptoforecast.types.ModelSpec`` to change, such as ``horizon=24``,
            ``lookback=60``, ``features=("return", "volume")``, ``epochs=30``, ``test=0.2`` or
            ``seed=1``.

    Returns:
        The network. Its card has the scores and the verdict of the test.

    Raises:
        InvalidInput: If ``network`` is no network, or a setting is outside the rules.
        NotEnoughData: If there are too few candles.
        SourceUnavailable: If a signal can't be had.

    Example:
        >>> import cryptoforecast as cf
        >>> prices = cf.fetch("BTC", start="2024-01-01", end="2024-03-01", simulated="only")
        >>> cf.train(prices, "dense", epochs=2, units=(8,), features=("return",), unit="fixed")
        Model(not saved, dense, BTC 1h simulated, 1 step, reads 61 candles)
    """
    from cryptoforecast.library.backtests import of_kind

    choices.check_network(network)
    walked = sorted({field.name for field in fields(WalkPlan)} & spec.keys())
    if walked:
        raise InvalidInput(
            f"A network is trained once. Received: `{walked[0]}`. Leave it out, or use `backtest`, "
            "which walks forward."
        )
    options = {"preset": preset, **spec}
    result = of_kind(
        history_of(prices), network, options, signals=signals, progress=progress, cache=cache
    )
    return Model(with_scores(result.result))


def load(name_or_path: str | os.PathLike[str]) -> Model:
    """Load a saved model; nothing that comes with it is executed.

    Args:
        name_or_path: Name of one of ``models()``, or path of a saved model's folder.

    Returns:
        The model with its card.

    Raises:
        UnknownModel: If there is no such model.
        InvalidBundle: If the model can't be read.
        InvalidInput: If this is neither a name nor a path.

    Example:
        >>> import cryptoforecast as cf
        >>> cf.load("btc-1h-lstm-close")
        Model('btc-1h-lstm-close', lstm, BTC 1h, 1 step, reads 60 candles)
    """
    service = shared().saved_models
    if isinstance(name_or_path, str) and not {"/", os.sep} & {*name_or_path}:
        return of_saved(service.load(name_or_path))
    if not isinstance(name_or_path, str | os.PathLike):
        raise InvalidInput(
            "A model is loaded by its name or by the path of its folder. Received: "
            f"{type(name_or_path).__name__}. Use the name of one of models()."
        )
    folder = Path(name_or_path)
    return replace(of_saved(service.read(folder)), folder=folder)


def models() -> list[Model]:
    """List the saved models that can be read.

    Returns:
        Your own models first, then the shipped ones.

    Example:
        >>> import cryptoforecast as cf
        >>> [model.name for model in cf.models() if model.shipped]
        ['btc-1h-dense', 'btc-1h-lstm-close', 'global-1d-lstm', 'global-1h-lstm']
    """
    service, loaded = shared().saved_models, []
    for summary in service.all():
        with contextlib.suppress(InvalidBundle, UnknownModel):  # deleted or damaged a moment ago
            loaded.append(of_saved(service.load(summary.name)))
    return loaded


def of_saved(saved: SavedModel) -> Model:
    """Make the library's model of a saved one."""
    return Model(saved.model, saved.name, saved.shipped, loaded_version=saved.version)
