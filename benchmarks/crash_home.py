"""A small home of the app for ``benchmarks.crashes``, and how to look at what is in it.

Every saved model, cached training, cached price and written file carries a number, its version.
"""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import json
from functools import cache
from pathlib import Path

import pandas as pd

from cryptoforecast.errors import InvalidBundle, UnknownModel
from cryptoforecast.learning import bundle_versions, bundles
from cryptoforecast.learning.training_cache import TrainingCache
from cryptoforecast.prices.live.disk_cache import Entry, PriceCache
from cryptoforecast.prices.simulation.market import simulate
from cryptoforecast.service import files
from cryptoforecast.service.saved_models import SavedModelService
from cryptoforecast.settings import Settings
from cryptoforecast.types import PriceHistory, TrainedModel

#: What is in a home: a version by kind and name. A damaged thing has a text instead.
Snapshot = dict[tuple[str, str], int | str]

#: Trainings and written files of a home.
KEYS = [f"{number:032x}" for number in range(4)]
FILES = ["a.csv", "a.csv.gz", "a.parquet"]
#: Trainings and price files that the caches may keep.
MAX_KEPT = 2


@cache
def model(version: int) -> TrainedModel:
    """Make a model of this version; its weights and its card say so."""
    weights = [array.copy() for array in _shipped().weights]
    weights[-1][:] = version
    card = dataclasses.replace(_shipped().card, verdict=str(version))
    return dataclasses.replace(_shipped(), weights=tuple(weights), card=card)


@cache
def _shipped() -> TrainedModel:
    return bundles.load(Settings.shipped / "global-1d-lstm")


def version_of(saved: TrainedModel) -> int | str:
    """Return a model's version, or that its two files are not of the same model."""
    if any(saved.weights[-1] != float(saved.card.verdict)):
        return "mixed"
    return int(saved.card.verdict)


@cache
def _history() -> PriceHistory:
    return simulate("BTC", end=pd.Timestamp("2022-02-01", tz="UTC"))


@cache
def entry(version: int) -> Entry:
    """Make cached prices of this version: so many candles more than ten."""
    candles = _history().candles.iloc[: 10 + version]
    return Entry(candles, pd.Timestamp("2026-01-01", tz="UTC"), None, "kraken", "usd")


def models_of(home: Path) -> Path:
    """Return the folder of saved models."""
    return home / "models"


def cache_of(home: Path, max_models: int = MAX_KEPT) -> TrainingCache:
    """Open the training cache as a start of the app does."""
    return TrainingCache(home / "results", max_models)


def prices_of(home: Path, max_files: int = MAX_KEPT) -> PriceCache:
    """Open the price cache as a start of the app does."""
    return PriceCache(home / "prices", max_files)


def price_key(name: str) -> tuple[str, str, str]:
    """Return the key of cached prices."""
    return "kraken", f"{name}-USD", "1h"


def write_prices(home: Path, name: str, version: int) -> None:
    """Write candles as ``convert --to`` does; an existing file is replaced."""
    history = dataclasses.replace(_history(), candles=entry(version).candles)
    files.write_prices(history, home / "exports" / name, force=True)


def write_text(home: Path, name: str, version: int) -> None:
    """Write a document as ``--html`` does; an existing one is replaced."""
    files.write_text(f"{version}\n" * 20_000, home / "exports" / name)


def renew(home: Path, name: str, version: int) -> None:
    """Let a model take the place of a saved one, which is stored as a version."""
    folder = models_of(home)
    before = bundles.version(folder / name)
    bundle_versions.replace(folder, name, before, model(version))


def roll_back(home: Path, name: str) -> None:
    """Bring the only stored version of a model back, if it can be read."""
    for stored in bundle_versions.history(models_of(home), name)[1:]:
        bundle_versions.restore(models_of(home), name, stored.version)


def prepare(home: Path) -> None:
    """Make a home in which everything is there once."""
    (home / "exports").mkdir(parents=True)
    for name, versions in (("mine", [0]), ("other", [7]), ("twice", [0, 1])):
        for version in versions:
            bundles.save(model(version), models_of(home), name, force=True)
    bundles.save(model(3), models_of(home), "renewed")
    renew(home, "renewed", 4)
    for name in ("A", "B"):
        prices_of(home).store(price_key(name), entry(1))
    for key in KEYS[:2]:
        cache_of(home).put(key, model(0))
    for name in FILES:
        write_prices(home, name, 1)
    write_text(home, "a.html", 1)


def start(home: Path) -> None:
    """Do what a start of the app does, and write a file beside the others."""
    SavedModelService(Settings(home=home))
    cache_of(home)
    prices_of(home)
    write_text(home, "another.html", 0)
    (home / "exports" / "another.html").unlink()


def snapshot(home: Path) -> Snapshot:
    """Look at everything that is in a home, as the app sees it.

    Homes with the same bytes in the same files are looked at once.
    """
    contents = _contents(home)
    if contents not in _snapshots:
        _snapshots[contents] = _look(home)
    return dict(_snapshots[contents])


#: What was seen in a home, by its contents.
_snapshots: dict[bytes, Snapshot] = {}


def _contents(home: Path) -> bytes:
    """Return a digest of all names, permissions and bytes of a home."""
    digest = hashlib.sha256()
    for path in sorted(home.rglob("*")):
        content = path.read_bytes() if path.is_file() else b""
        digest.update(repr((path.relative_to(home), path.lstat().st_mode, len(content))).encode())
        digest.update(content)
    return digest.digest()


def _look(home: Path) -> Snapshot:
    result: Snapshot = {}
    for name in bundles.names(models_of(home)):
        result["model", name] = _loaded(models_of(home) / name)
        result |= {("version", f"{name} {number}"): number for number in _versions(home, name)}
    for name in bundles.names(home / "results"):
        result["training", name] = _loaded(home / "results" / name)
    for path in sorted((home / "prices").glob("*.parquet")):
        source, symbol, interval = path.stem.split("_")
        entry = prices_of(home).load((source, symbol, interval))
        result["price", symbol] = "damaged" if entry is None else len(entry.candles) - 10
    for path in sorted((home / "exports").glob("[!.]*")):
        result["file", path.name] = _written(path)
    return result


def _versions(home: Path, name: str) -> list[int]:
    """Return the versions of a model, also the current one, as its history lists them."""
    try:
        history = bundle_versions.history(models_of(home), name)
    except (InvalidBundle, UnknownModel):  # deleted or damaged, as the model itself says
        return []
    return [int(one.summary.card.verdict) for one in history]


def _loaded(path: Path) -> int | str:
    try:
        return version_of(bundles.load(path))
    except (InvalidBundle, UnknownModel) as error:
        return str(error)


def _written(path: Path) -> int | str:
    """Return the version of a written file; a text if it is not whole."""
    try:
        if path.suffix == ".parquet":
            return len(pd.read_parquet(path)) - 10
        content = path.read_bytes()
        lines = (gzip.decompress(content) if path.suffix == ".gz" else content).splitlines()
        if path.suffix == ".html":
            return int(lines[0]) if lines == [lines[0]] * 20_000 else "cut"
        return len(lines) - 11 if lines[-1].count(b",") == lines[0].count(b",") else "cut"
    except Exception as error:  # a damaged file, whatever its reader says
        return f"{type(error).__name__}: {error}"


def leftovers(home: Path) -> list[str]:
    """List what is in a home besides whole models, prices and written files."""
    expected: set[Path] = set()
    for folder in (models_of(home), home / "results"):
        versions = [*folder.glob("[!.]*/versions/[!.]*/bundle.json")]
        expected |= {path.parent.parent for path in versions}
        for bundle in [*folder.glob("[!.]*/bundle.json"), *versions]:
            names = json.loads(bundle.read_text())["checksums"]
            expected |= {bundle, bundle.parent, *(bundle.with_name(name) for name in names)}
    expected |= {*home.glob("prices/[!.]*.parquet"), *home.glob("exports/[!.]*")}
    expected |= {home / name for name in ("models", "results", "prices", "exports")}
    return sorted(str(path.relative_to(home)) for path in set(home.rglob("*")) - expected)
