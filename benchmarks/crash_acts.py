"""Everything that writes files, as acts that ``benchmarks.crashes`` disturbs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from benchmarks.crash_home import (
    FILES,
    KEYS,
    cache_of,
    entry,
    model,
    models_of,
    price_key,
    prices_of,
    renew,
    roll_back,
    write_prices,
    write_text,
)
from cryptoforecast.learning import bundles

Act = Callable[[Path], None]


def save_new(home: Path) -> None:
    """Save a model under a new name."""
    bundles.save(model(1), models_of(home), "new")


def overwrite(home: Path) -> None:
    """Replace a saved model."""
    bundles.save(model(1), models_of(home), "mine", force=True)


def overwrite_again(home: Path) -> None:
    """Replace a saved model that was replaced before."""
    bundles.save(model(2), models_of(home), "twice", force=True)


def delete(home: Path) -> None:
    """Delete a saved model."""
    bundles.delete(models_of(home), "mine")


def rename(home: Path) -> None:
    """Give a saved model another name."""
    bundles.rename(models_of(home), "mine", "renamed")


def renew_one(home: Path) -> None:
    """Let a renewed model take the place of a saved one."""
    renew(home, "mine", 1)


def renew_again(home: Path) -> None:
    """Renew a model that was renewed before."""
    renew(home, "renewed", 5)


def roll_one_back(home: Path) -> None:
    """Bring the version before a renewal back."""
    roll_back(home, "renewed")


def delete_renewed(home: Path) -> None:
    """Delete a model with its versions."""
    bundles.delete(models_of(home), "renewed")


def rename_renewed(home: Path) -> None:
    """Give a model with versions another name."""
    bundles.rename(models_of(home), "renewed", "moved")


def cache_training(home: Path) -> None:
    """Put a training into the full cache, which drops another one."""
    cache_of(home).put(KEYS[2], model(1))


def cache_training_again(home: Path) -> None:
    """Put a training into the cache that is in it."""
    cache_of(home).put(KEYS[1], model(1))


def cache_prices(home: Path) -> None:
    """Replace cached prices."""
    prices_of(home).store(price_key("B"), entry(5))


def cache_more_prices(home: Path) -> None:
    """Put prices into the full cache, which drops others."""
    prices_of(home).store(price_key("C"), entry(5))


def convert(home: Path) -> None:
    """Write prices to files that exist, in the three formats."""
    for name in FILES:
        write_prices(home, name, 5)


def report(home: Path) -> None:
    """Write a document to a file that exists, and to a new one."""
    for name in ("a.html", "b.html"):
        write_text(home, name, 5)


ACTS: tuple[Act, ...] = (
    save_new, overwrite, overwrite_again, delete, rename,
    renew_one, renew_again, roll_one_back, delete_renewed, rename_renewed,
    cache_training, cache_training_again,
    cache_prices, cache_more_prices, convert, report,
)  # fmt: skip
SHORT_ACTS = (save_new, overwrite_again, delete, rename, renew_again, cache_prices)
#: In the short form, of acts of many moments only every third one is disturbed.
LONG_ACTS = (renew_again,)
