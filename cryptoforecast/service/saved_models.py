"""Models on disk: those that the user saved, and those that come with the project."""

from __future__ import annotations

import dataclasses
import math
import os
import threading
from pathlib import Path

from cryptoforecast import json_views
from cryptoforecast.cache import LruCache
from cryptoforecast.errors import (
    AlreadyExists,
    InvalidInput,
    NameTaken,
    NotAllowed,
    UnknownModel,
)
from cryptoforecast.evaluation.verdict import USUAL_FEE, direction_gain
from cryptoforecast.forecasting import stack
from cryptoforecast.forecasting.baselines import BASELINES
from cryptoforecast.learning import bundle_archive, bundle_format, bundles, exports
from cryptoforecast.learning.bundles import parameters
from cryptoforecast.learning.scaling import unused_inputs
from cryptoforecast.learning.specs import NETWORKS
from cryptoforecast.service.model_index import ModelIndex
from cryptoforecast.settings import Settings
from cryptoforecast.types import Backtest, ModelSummary, SavedModel, TrainedModel, User

__all__ = [
    "USUAL_FEE", "SavedModelService", "direction_gain", "parameters", "unused_inputs",
    "with_scores",
]  # fmt: skip

#: Saved models in memory.
MAX_LOADED = 64
#: How the names of trainings that are not saved begin.
RUN = "run-"


class SavedModelService:
    """Saved models by name; the user's own come before the shipped ones.

    Args:
        settings: Where the two kinds of models are, and how many there may be.
        remedy: What a user who may not do something can do, in one sentence.
    """

    def __init__(self, settings: Settings, remedy: str = "") -> None:
        self._settings, self._remedy = settings, remedy
        self._saving = threading.Lock()
        self._own, self._shipped = settings.home / "models", settings.shipped
        self._indexes = (
            ModelIndex(self._own, shipped=False), ModelIndex(self._shipped, shipped=True),
        )  # fmt: skip
        self._loaded: LruCache[tuple[TrainedModel, str]] = LruCache(MAX_LOADED)
        bundles.tidy(self._own)

    def all(self) -> list[ModelSummary]:
        """Return every model that can be read: the user's own first, then the shipped ones."""
        models: dict[str, ModelSummary] = {}
        for index in self._indexes:
            for name, entry in index.entries().items():
                if entry.summary is not None:
                    models.setdefault(name, entry.summary)
        return list(models.values())

    def damaged(self) -> dict[str, str]:
        """Return why a model cannot be read, for each model where this is so."""
        return {
            name: entry.problem
            for index in self._indexes
            for name, entry in index.entries().items()
            if entry.problem
        }

    def load(self, name: str) -> SavedModel:
        """Load a model by name.

        Raises:
            InvalidInput: If the name cannot be one of a model.
            UnknownModel: If there is no model of this name.
            InvalidBundle: If the model cannot be read.
        """
        bundles.check_name(name)
        for folder in (self._own, self._shipped):
            if _is_saved(folder / name):
                return SavedModel(name, folder == self._shipped, *self._load(folder / name))
        raise UnknownModel(
            f"No saved model is named {name}. "
            f"There are: {', '.join(saved.name for saved in self.all()) or 'none'}.",
            name,
        )

    def has(self, name: str) -> bool:
        """Return whether a model of this name is there, whether or not it can be read."""
        return any(_is_saved(folder / name) for folder in (self._own, self._shipped))

    def version(self, name: str) -> str:
        """Return the digest of what a model is: ``"sha256:…"``.

        It changes with the weights and with everything on the card, and stays the same when the
        model is renamed, or copied to another installation.

        Raises:
            InvalidInput: If the name cannot be one of a model.
            UnknownModel: If there is no model of this name.
            InvalidBundle: If the model cannot be read.
        """
        return str(self.load(name).version)

    def check_free(self, name: str, *, user: User, force: bool = False) -> None:
        """Refuse a name that ``save`` would refuse.

        Raises:
            NotAllowed: If a model would be overwritten, and the user is not the owner.
            InvalidInput: If the name cannot be one of a model, or there are too many models.
            AlreadyExists: If the name belongs to a shipped model, or to one of the user's own
                and ``force`` is false.
        """
        self._check_unused(name, user=user, force=force)
        self._check_places(name)

    def check_writable(self) -> None:
        """Refuse to go on where no model can be saved, before one is trained.

        Raises:
            CryptoForecastError: If the folder of saved models can't be written to.
        """
        bundles.check_writable(self._own)

    def _check_unused(self, name: str, *, user: User, force: bool) -> None:
        """Refuse a name that a model can't have, or that is taken; see ``check_free``."""
        bundles.check_name(name)
        # The owner may call a network after its kind; no forecast is asked for by that name.
        methods = (*BASELINES, stack.NAME, *(() if user.owner else NETWORKS))
        if name in methods or name.startswith(RUN):
            kinds = "a baseline or a stack" if user.owner else "a baseline, a stack or a network"
            raise InvalidInput(
                f"The name must not be that of {kinds}, nor begin with {RUN}. Received: {name}. "
                "Choose another."
            )
        if (self._shipped / name).exists():
            raise AlreadyExists(f"{name} is a model of the project's own. Choose another name.")
        if not user.owner and os.path.lexists(self._own / name):
            if force:
                raise NotAllowed(
                    f"Only the owner of this installation may overwrite a saved model. Received: "
                    f"{name}. Choose another name. {self._remedy}"
                )
            raise NameTaken(
                f"A model named {name} exists, and only the owner of this installation may replace "
                "it. Choose another name.",
                name,
            )
        bundles.check_free(self._own, name, force=force)

    def save(self, result: Backtest, name: str, *, user: User, force: bool = False) -> SavedModel:
        """Save the network of a backtest, with its scores on its card.

        Args:
            result: A backtest of a network on the prices that it was trained on.
            name: Name of the saved model.
            user: Who saves it.
            force: Whether a model of this name may be overwritten; only the owner may.

        Raises:
            NotAllowed: If a model would be overwritten, and the user is not the owner.
            InvalidInput: If a baseline was tested, or the network on other prices than those it
                was trained on, there are too many models, or the name cannot be one of a model.
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
        return self.add(with_scores(result), name, user=user, force=force)

    def add(self, model: TrainedModel, name: str, *, user: User, force: bool = False) -> SavedModel:
        """Save a network with its card as it is.

        Args:
            model: The network.
            name: Name of the saved model.
            user: Who saves it.
            force: Whether a model of this name may be overwritten; only the owner may.

        Raises:
            NotAllowed: If a model would be overwritten, and the user is not the owner.
            InvalidInput: If there are too many models, or the name cannot be one of a model.
            AlreadyExists: If the name is taken.
        """
        card = dataclasses.replace(model.card, guest=not user.owner)
        model = dataclasses.replace(model, card=card)
        with self._saving:  # so that two users do not both take the last place
            self.check_free(name, user=user, force=force)
            if not user.owner:
                self._check_room_of_guests(model)
            # Somebody else may have saved a model of this name a moment ago.
            bundles.save(model, self._own, name, force=force and user.owner)
        # Not loaded again: another process may have replaced or deleted it since.
        return SavedModel(name, False, model)

    def read(self, path: Path) -> SavedModel:
        """Load a model from any folder; the model has the name of the folder.

        Raises:
            UnknownModel: If there is no model.
            InvalidBundle: If the model cannot be read.
        """
        return SavedModel(path.resolve().name, False, *self._load(path))

    def delete(self, name: str, *, user: User) -> None:
        """Delete a model that was saved here.

        Raises:
            NotAllowed: If the user is not the owner.
            InvalidInput: If it is a shipped one, or the name cannot be one of a model.
            UnknownModel: If there is no model of this name.
        """
        self._check_own(name, "delete", "deleted", user)
        bundles.delete(self._own, name)

    def rename(self, name: str, new: str, *, user: User) -> None:
        """Give a model that was saved here another name.

        Args:
            name: Its name.
            new: Its new name; no other model may have it.
            user: Who renames it; only the owner may.

        Raises:
            NotAllowed: If the user is not the owner.
            InvalidInput: If it is a shipped one, or a name cannot be one of a model.
            UnknownModel: If there is no model of this name.
            AlreadyExists: If the new name is taken.
        """
        self._check_own(name, "rename", "renamed", user)
        with self._saving:
            self._check_unused(new, user=user, force=False)
            bundles.rename(self._own, name, new)

    def zipped(self, name: str) -> bytes:
        """Return a model as a zip archive of its folder, to take it elsewhere.

        Raises:
            InvalidInput: If the name cannot be one of a model, or the archive would be too large.
            UnknownModel: If there is no model of this name.
            InvalidBundle: If the model cannot be read.
        """
        return bundle_archive.pack(self.load(name).model, name)

    def check_zipped(self, name: str) -> None:
        """Refuse a model that ``zipped`` would refuse as too large, without reading it.

        Raises:
            InvalidInput: If its files are too large for an archive.
        """
        entries = (index.entries().get(name) for index in self._indexes)
        entry = next((entry for entry in entries if entry is not None), None)
        if entry is not None:
            bundle_archive.check_size(entry.archive_bytes, name)

    def exported(self, name: str, format: str, *, alone: bool) -> bytes:
        """Return a model in a format of other programs; see ``learning.exports.content``.

        Raises:
            InvalidInput: If the format is unknown, can't hold the network, or the name cannot be
                one of a model.
            UnknownModel: If there is no model of this name.
            InvalidBundle: If the model cannot be read.
        """
        return exports.content(self.load(name).model, name, format, alone=alone)

    def add_zipped(
        self, archive: bytes, name: str | None, *, user: User, force: bool = False
    ) -> SavedModel:
        """Save the model of a zip archive, see ``zipped``; nothing in it is executed.

        Args:
            archive: Content of the archive.
            name: Name of the saved model; ``None`` for the one in the archive.
            user: Who saves it.
            force: Whether a model of this name may be overwritten; only the owner may.

        Raises:
            InvalidBundle: If the archive holds no model, or more than one.
            NotAllowed: See ``add``.
            InvalidInput: See ``add``.
            AlreadyExists: See ``add``.
        """
        own_name, model = bundle_archive.unpack(archive)
        return self.add(model, own_name if name is None else name, user=user, force=force)

    def _check_own(self, name: str, verb: str, participle: str, user: User) -> None:
        """Refuse to change a model that is not one of those saved here, or not this user's.

        Raises:
            NotAllowed: If the user is not the owner.
            InvalidInput: If it is a shipped one, or the name cannot be one of a model.
        """
        bundles.check_name(name)
        if not _is_saved(self._own / name) and (self._shipped / name).is_dir():
            raise InvalidInput(f"{name} comes with the project and can't be {participle}.")
        if not user.owner:
            raise NotAllowed(
                f"Only the owner of this installation may {verb} a saved model. Received: {name}. "
                f"{self._remedy}"
            )

    def _check_places(self, name: str) -> None:
        """Refuse a new model where there are as many as there may be.

        Raises:
            InvalidInput: If there is no place for it.
        """
        saved, most = bundles.names(self._own), self._settings.models
        if len(saved) >= most and name not in saved:
            raise InvalidInput(
                f"At most {most:,} models can be saved here. There are {len(saved):,}. Delete one "
                "first, or set CRYPTOFORECAST_MODELS."
            )

    def _check_room_of_guests(self, model: TrainedModel) -> None:
        """Refuse the model of a guest where guests have as much as they may.

        Raises:
            InvalidInput: If there is no room for it.
        """
        entries = self._indexes[0].entries().values()
        theirs = [one for one in entries if one.summary is not None and one.summary.card.guest]
        most, limit = self._settings.guest_models, self._settings.guest_megabytes
        size = sum(one.bytes for one in theirs) + _max_bytes(model)
        if len(theirs) >= most or size > limit * 1_000_000:
            raise InvalidInput(
                f"Guests can save {most:,} models of {limit:,} MB in all here. Received: one more "
                f"than {len(theirs):,}, of up to {_max_bytes(model) / 1e6:.1f} MB. Only the owner "
                "can delete some."
            )

    def _load(self, path: Path) -> tuple[TrainedModel, str]:
        """Load a model and its version; one that has changed on disk is read again."""
        try:
            file = (path / "bundle.json").stat()
        except OSError:
            return bundles.load_versioned(path)  # raises what is the matter
        changed = (path, file.st_ino, file.st_mtime_ns)
        return self._loaded.get_or_make(changed, lambda: bundles.load_versioned(path))


def _is_saved(path: Path) -> bool:
    try:
        return (path / "bundle.json").is_file()
    except OSError:  # the folder may not be opened
        return False


def _max_bytes(model: TrainedModel) -> int:
    """Return the bytes that a model takes on disk at most."""
    return bundle_format.MAX_JSON_BYTES + bundle_format.max_archive_bytes(model.spec)


def with_scores(result: Backtest) -> TrainedModel:
    """Return the network of a backtest with the verdict and the scores on its card.

    Raises:
        InvalidInput: If a baseline was tested.
    """
    model = result.model
    if model is None:
        raise InvalidInput("Only a trained network has a card. Received: a baseline.")
    name = model.spec.network
    gain = direction_gain(result.forecasts[name])
    card = dataclasses.replace(
        model.card,
        verdict=result.verdicts[name].sentence,
        outcomes={other: verdict.outcome for other, verdict in result.verdicts.items()},
        origins=len(result.forecasts[name].at(result.spec.horizon)),
        gain=gain if math.isfinite(gain) else None,
        scores={other: json_views.step_json(steps[-1]) for other, steps in result.scores.items()},
    )
    return dataclasses.replace(model, card=card)
