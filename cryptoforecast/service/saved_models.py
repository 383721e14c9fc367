"""Models on disk: those that the user saved, and those that come with the project."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from cryptoforecast import json_views
from cryptoforecast.cache import LruCache
from cryptoforecast.errors import AlreadyExists, InvalidBundle, InvalidInput, UnknownModel
from cryptoforecast.forecasting.baselines import BASELINES
from cryptoforecast.learning import bundles
from cryptoforecast.learning.bundles import parameters
from cryptoforecast.learning.samples import unused_inputs
from cryptoforecast.learning.specs import NETWORKS
from cryptoforecast.settings import Settings
from cryptoforecast.types import Backtest, SavedModel, TrainedModel

__all__ = ["SavedModelService", "parameters", "unused_inputs", "with_scores"]

#: Saved models in memory.
MAX_LOADED = 64


class SavedModelService:
    """Saved models by name; the user's own come before the shipped ones.

    Args:
        settings: Where the two kinds of models are.
    """

    def __init__(self, settings: Settings) -> None:
        self._own, self._shipped = settings.home / "models", settings.shipped
        self._loaded: LruCache[TrainedModel] = LruCache(MAX_LOADED)
        bundles.tidy(self._own)

    def all(self) -> list[SavedModel]:
        """Return every model that can be read: the user's own first, then the shipped ones."""
        models: dict[str, SavedModel] = {}
        for folder in (self._own, self._shipped):
            for name in bundles.names(folder):
                try:
                    model = self._load(folder / name)
                except (InvalidBundle, UnknownModel):
                    continue  # in `damaged`, or deleted a moment ago
                models.setdefault(name, SavedModel(name, folder == self._shipped, model))
        return list(models.values())

    def damaged(self) -> dict[str, str]:
        """Return why a model cannot be read, for each model where this is so."""
        reasons: dict[str, str] = {}
        for folder in (self._own, self._shipped):
            for name in bundles.names(folder):
                try:
                    self._load(folder / name)
                except UnknownModel:
                    continue  # deleted a moment ago
                except InvalidBundle as error:
                    reasons[name] = str(error)
        return reasons

    def load(self, name: str) -> SavedModel:
        """Load a model by name.

        Raises:
            InvalidInput: If the name cannot be one of a model.
            UnknownModel: If there is no model of this name.
            InvalidBundle: If the model cannot be read.
        """
        bundles.check_name(name)
        for folder in (self._own, self._shipped):
            if (folder / name / "bundle.json").is_file():
                return SavedModel(name, folder == self._shipped, self._load(folder / name))
        other = (
            f" Use `backtest --network {name}` for the forecaster of this name."
            if name in (*NETWORKS, *BASELINES)
            else ""
        )
        raise UnknownModel(
            f"No saved model is named {name}. "
            f"There are: {', '.join(saved.name for saved in self.all()) or 'none'}.{other}"
        )

    def check_free(self, name: str, *, force: bool = False) -> None:
        """Refuse a name that ``save`` would refuse.

        Raises:
            InvalidInput: If the name cannot be one of a model.
            AlreadyExists: If the name belongs to a shipped model, or to one of the user's own
                and ``force`` is false.
        """
        bundles.check_name(name)
        if (self._shipped / name).exists():
            raise AlreadyExists(f"{name} is a model of the project's own. Choose another name.")
        bundles.check_free(self._own, name, force=force)

    def save(self, result: Backtest, name: str, *, force: bool = False) -> SavedModel:
        """Save the network of a backtest, with its scores on its card.

        Args:
            result: A backtest of a network on the prices that it was trained on.
            name: Name of the saved model.
            force: Whether a model of the user's own may be overwritten.

        Raises:
            InvalidInput: If a baseline was tested, or the network on other prices than those it
                was trained on, or the name cannot be one of a model.
            AlreadyExists: If the name is taken.
        """
        if result.model is None:
            raise InvalidInput("Only a trained network can be saved, not a baseline.")
        if not result.own:
            raise InvalidInput(
                "A network is saved with its scores on the prices it was trained on. Received: "
                f"scores on other {result.history.coin} prices. Choose {result.model.card.coin} "
                "and the history it was trained on, or train it again."
            )
        return self.add(with_scores(result), name, force=force)

    def add(self, model: TrainedModel, name: str, *, force: bool = False) -> SavedModel:
        """Save a network with its card as it is.

        Args:
            model: The network.
            name: Name of the saved model.
            force: Whether a model of the user's own may be overwritten.

        Raises:
            InvalidInput: If the name cannot be one of a model.
            AlreadyExists: If the name is taken.
        """
        self.check_free(name, force=force)
        bundles.save(model, self._own, name, force=force)
        return self.load(name)

    def read(self, path: Path) -> SavedModel:
        """Load a model from a folder of any place, named as the folder is.

        Raises:
            UnknownModel: If there is no model.
            InvalidBundle: If the model cannot be read.
        """
        return SavedModel(path.resolve().name, False, self._load(path))

    def delete(self, name: str) -> None:
        """Delete a model of the user's own.

        Raises:
            InvalidInput: If it is a shipped one, or the name cannot be one of a model.
            UnknownModel: If there is no model of this name.
        """
        bundles.check_name(name)
        own = (self._own / name / "bundle.json").is_file()
        if not own and (self._shipped / name).is_dir():
            raise InvalidInput(f"{name} comes with the project and can't be deleted.")
        bundles.delete(self._own, name)

    def _load(self, path: Path) -> TrainedModel:
        """Load a model; one that has changed on disk is read again."""
        try:
            changed = (path / "bundle.json").stat().st_mtime_ns
        except FileNotFoundError:
            return bundles.load(path)  # deleted meanwhile: raises UnknownModel
        return self._loaded.get_or_make((path, changed), lambda: bundles.load(path))


def with_scores(result: Backtest) -> TrainedModel:
    """Return the network of a backtest with the verdict and the scores on its card.

    Raises:
        InvalidInput: If a baseline was tested.
    """
    model = result.model
    if model is None:
        raise InvalidInput("Only a trained network has a card. Received: a baseline.")
    card = dataclasses.replace(
        model.card,
        verdict=result.verdict.sentence,
        scores={name: json_views.step_json(steps[-1]) for name, steps in result.scores.items()},
    )
    return dataclasses.replace(model, card=card)
