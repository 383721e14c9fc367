"""The training cache: a network that was trained once is not trained again, even after a restart.

Each training is kept as a bundle in a folder that is named by its key. The key is made of the
prices, the spec and the version of the recipe. The version is a hash of what the training code
*does*: a changed number or operator gives another version, a changed docstring, comment or file
name does not.
"""

from __future__ import annotations

import ast
import contextlib
import dataclasses
import hashlib
import importlib.metadata
import json
import logging
import os
import threading
from functools import cache
from pathlib import Path

from cryptoforecast.errors import CryptoForecastError, InvalidBundle, UnknownModel
from cryptoforecast.learning import bundles
from cryptoforecast.types import ModelSpec, PriceHistory, TrainedModel

log = logging.getLogger(__name__)

PACKAGE = Path(__file__).resolve().parent.parent
_OWN_PACKAGE = __name__.partition(".")[0]
_ONE_PARSES = threading.Lock()
#: The modules that decide what a training gives. A test runs a training and checks that the list
#: is complete.
RECIPE = (
    "learning/columns.py", "learning/feature_values.py", "learning/features.py",
    "learning/fitting.py", "learning/forward.py", "learning/indicators.py",
    "learning/inference.py", "learning/networks.py", "learning/ranges.py", "learning/samples.py",
    "learning/scaling.py", "learning/specs.py", "learning/targets.py", "learning/training.py",
    "prices/candles/level_shifts.py", "prices/candles/quality.py", "prices/candles/ranges.py",
    "prices/candles/ticks.py", "types/forecasts.py", "types/learning.py", "types/models.py",
    "types/prices.py", "types/signals.py",
)  # fmt: skip


class TrainingCache:
    """Trained models by key; beyond the limit the least recently used one is dropped.

    Args:
        folder: Where the models are kept. It is made when the first model is put.
        max_models: Models, at most.
    """

    def __init__(self, folder: Path, max_models: int) -> None:
        self.folder, self.max_models = folder, max_models
        bundles.tidy(folder)

    def get(self, key: str) -> TrainedModel | None:
        """Return the model with this key; ``None`` if there is none."""
        path = self.folder / key
        try:
            model = bundles.load(path)
        except UnknownModel:
            return None
        except InvalidBundle:
            # Damaged, or written by another version: it can be trained again.
            _drop(path)
            return None
        with contextlib.suppress(OSError):  # a read-only cache can still be read
            os.utime(path)
        return model

    def put(self, key: str, model: TrainedModel) -> None:
        """Keep a model, and drop the least recently used ones beyond the limit.

        Where the disk is full or read-only, the model is not kept and a warning is logged. No
        error is raised, because the caller has a finished training that must not be lost.
        """
        try:
            bundles.save(model, self.folder, key, force=True)
        except CryptoForecastError as error:
            log.warning("The training cache did not keep a model: %s", error)
            return
        with contextlib.suppress(OSError):  # where one can't be looked at, none is dropped
            paths = [self.folder / name for name in bundles.names(self.folder)]
            paths.sort(key=_used_at)
            for path in paths[: max(0, len(paths) - self.max_models)]:
                _drop(path)


def _used_at(path: Path) -> int:
    """Return the time of the last use in ns; 0 if another process has dropped the model."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _drop(path: Path) -> None:
    with contextlib.suppress(OSError):  # dropped by another process, or a read-only cache
        bundles.discard(path)


def key(history: PriceHistory, spec: ModelSpec, *more: object) -> str:
    """Make the key of a training: 32 hexadecimal digits of its prices, spec and recipe.

    Args:
        history: The prices that it is trained on.
        spec: The network and how it is trained.
        more: Everything else that shapes the model and can be written as JSON, for example the
            borders of a split.
    """
    parts = [history.coin, history.source, history.fingerprint, recipe_version(), *more]
    text = json.dumps([*parts, dataclasses.asdict(spec)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@cache
def recipe_version() -> str:
    """Hash what the recipe does and the versions of Keras and NumPy, 12 hexadecimal digits."""
    # Sorted by content, so that the name and the place of a file do not count. Python's parser may
    # raise SystemError where two threads use it at once, as the first trainings of a server do.
    with _ONE_PARSES:
        codes = sorted(code_only((PACKAGE / name).read_text("utf-8")) for name in RECIPE)
    versions = [importlib.metadata.version(library) for library in ("keras", "numpy")]
    return hashlib.sha256("\n".join([*codes, *versions]).encode()).hexdigest()[:12]


def code_only(source: str) -> str:
    """Write down what a module does, without anything that has no effect.

    Left out are comments, line breaks, docstrings, annotations other than those of a class's
    fields, and imports that nothing but annotations needs. Of an import of our own code the path
    is left out, because the code behind it is part of the recipe itself.

    Args:
        source: Text of a Python module.

    Returns:
        The imported names, sorted, and the syntax tree. Two modules with the same text do the
        same.
    """
    code = _Code()
    text = code.text(ast.parse(source))
    return "\n".join([*sorted(code.imports[name] for name in code.names & set(code.imports)), text])


class _Code:
    """Writes a syntax tree down; see ``code_only``.

    Attributes:
        imports: Where each imported name comes from.
        names: The names that the code uses.
    """

    #: Parts of a node that have no effect.
    SKIPPED = frozenset({"ctx", "returns", "type_comment"})

    def __init__(self) -> None:
        self.imports: dict[str, str] = {}
        self.names: set[str] = set()
        self._fields: set[ast.AST] = set()

    def text(self, node: object) -> str:
        """Write down a node, a list of nodes or a plain value; "" if it has no effect."""
        if isinstance(node, list):
            return f"[{','.join(filter(None, map(self.text, node)))}]"
        if not isinstance(node, ast.AST):
            return repr(node)
        if isinstance(node, ast.Import | ast.ImportFrom):
            self._note_imports(node)
            return ""
        if _has_no_effect(node):
            return ""
        if isinstance(node, ast.ClassDef):
            # The annotations of a dataclass decide what its fields are.
            self._fields |= {part for part in node.body if isinstance(part, ast.AnnAssign)}
        if isinstance(node, ast.AnnAssign) and node not in self._fields:
            return self._assignment(node)
        if isinstance(node, ast.Name):
            self.names.add(node.id)
        skipped = self.SKIPPED | ({"annotation"} if isinstance(node, ast.arg) else set())
        parts = (
            self.text(getattr(node, name, None)) for name in node._fields if name not in skipped
        )
        return f"{type(node).__name__}({','.join(parts)})"

    def _assignment(self, node: ast.AnnAssign) -> str:
        """Write down an assignment without its annotation; "" if it assigns nothing."""
        return "" if node.value is None else self.text(ast.Assign([node.target], node.value))

    def _note_imports(self, node: ast.Import | ast.ImportFrom) -> None:
        """Note each imported name and its origin; our own modules may lie anywhere."""
        origin = ""
        if isinstance(node, ast.ImportFrom) and not node.level:
            origin = node.module or ""
            if origin.partition(".")[0] == _OWN_PACKAGE:
                origin = ""
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            self.imports[name] = f"{name}: {alias.name} of {origin}"


def _has_no_effect(node: ast.AST) -> bool:
    """Return whether a statement is a docstring, or serves type checkers alone."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    if isinstance(node, ast.If):
        only_types = isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        return only_types and not node.orelse
    return False


def is_key(text: str) -> bool:
    """Return whether a text can be a key, and so is safe as the name of a folder."""
    return len(text) == 32 and set(text) <= set("0123456789abcdef")
