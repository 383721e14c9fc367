"""The training cache: what was trained once is never trained again, also after a restart.

One bundle a question under ``results/``. The key holds the data, the spec and a version of the
recipe, so a change of the code that trains asks every question anew.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import importlib.metadata
import json
import logging
import os
import shutil
from functools import cache
from pathlib import Path

from cryptoforecast.errors import CryptoForecastError, InvalidBundle, UnknownModel
from cryptoforecast.learning import bundles
from cryptoforecast.types import ModelSpec, PriceHistory, TrainedModel

log = logging.getLogger(__name__)

PACKAGE = Path(__file__).resolve().parent.parent
#: The modules that decide what a training gives; ``types`` holds the split.
RECIPE = (
    "learning/features.py", "learning/indicators.py", "learning/inference.py",
    "learning/networks.py", "learning/ranges.py", "learning/samples.py", "learning/specs.py",
    "learning/targets.py", "learning/training.py", "types/learning.py", "types/prices.py",
)  # fmt: skip


class TrainingCache:
    """Trained models by question, the least recently used dropped first.

    Args:
        folder: where they are kept; made when needed.
        limit: how many.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self.folder, self.limit = folder, limit

    def get(self, key: str) -> TrainedModel | None:
        """Return the model that answers this question, if it was trained before."""
        path = self.folder / key
        try:
            model = bundles.load(path)
        except UnknownModel:
            return None
        except InvalidBundle:
            # Half-written by another version or damaged: a cache may always be asked anew.
            shutil.rmtree(path, ignore_errors=True)
            return None
        with contextlib.suppress(OSError):  # a read-only cache still answers
            os.utime(path)
        return model

    def put(self, key: str, model: TrainedModel) -> None:
        """Keep a model; drop the least recently used beyond the limit.

        Where the disk is full or read-only the model is not kept: no reason to lose a training.
        """
        try:
            bundles.save(model, self.folder, key, force=True)
            kept = sorted(
                (self.folder / name for name in bundles.names(self.folder)),
                key=lambda path: path.stat().st_mtime_ns,
            )
        except (CryptoForecastError, OSError) as error:
            log.warning("The training cache did not keep a model: %s", error)
            return
        for path in kept[: max(0, len(kept) - self.limit)]:
            shutil.rmtree(path, ignore_errors=True)


def key(history: PriceHistory, spec: ModelSpec, *more: object) -> str:
    """Name a question: 32 hexadecimal digits of its data, spec and recipe.

    Args:
        history: the prices it is asked on.
        spec: what is trained.
        more: whatever else shapes the answer and can be written as JSON, such as other borders.
    """
    question = [history.coin, history.source, history.fingerprint, recipe_version(), *more]
    text = json.dumps([*question, dataclasses.asdict(spec)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@cache
def recipe_version() -> str:
    """Hash the source of the recipe and the versions of the libraries that carry it out."""
    digest = hashlib.sha256()
    for name in RECIPE:
        digest.update((PACKAGE / name).read_bytes())
    for library in ("keras", "numpy"):
        digest.update(importlib.metadata.version(library).encode())
    return digest.hexdigest()[:12]


def is_key(text: str) -> bool:
    """Whether ``text`` can be a question's key, and so a safe folder name."""
    return len(text) == 32 and set(text) <= set("0123456789abcdef")
