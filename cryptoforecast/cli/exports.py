"""A backtest as files: the report as HTML, the forecasts as a table."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from cryptoforecast.json_views import Json
from cryptoforecast.prices.files import price_file

#: Options that name a file to write, in the order they are told.
OPTIONS = ("html", "forecasts")


def check(args: argparse.Namespace) -> None:
    """Refuse file names before the work is done rather than after.

    Raises:
        InvalidInput: for an extension that can't be meant, or a folder that does not exist.
        AlreadyExists: if there is such a file and ``--force`` was not given.
    """
    if args.html is not None:
        price_file.check_page(args.html, force=args.force)
    if args.forecasts is not None:
        price_file.check_target(args.forecasts, force=args.force)


def write(
    args: argparse.Namespace, page: Callable[[], str], forecasts: Callable[[], pd.DataFrame]
) -> Json:
    """Write what was asked for.

    Args:
        args: with the options of ``OPTIONS``.
        page: makes the report.
        forecasts: makes the table.

    Returns:
        As JSON: ``files``, their names by option; empty where nothing was asked for.

    Raises:
        InvalidInput: if a folder can't be written.
    """
    if args.html is not None:
        whole = page()
        price_file.put(args.html, lambda path: path.write_text(whole, "utf-8"))
    if args.forecasts is not None:
        frame, target = forecasts(), args.forecasts
        price_file.put(target, lambda path: _write_table(frame, path, target.name.lower()))
    return {"files": {name: str(path) for name, path in _asked(args).items()}}


def told(args: argparse.Namespace) -> str:
    """Say in words what was written; empty for nothing."""
    return "".join(
        f"{'Report' if name == 'html' else 'Forecasts'} written to {path}.\n"
        for name, path in _asked(args).items()
    )


def _asked(args: argparse.Namespace) -> dict[str, Path]:
    return {name: getattr(args, name) for name in OPTIONS if getattr(args, name) is not None}


def _write_table(frame: pd.DataFrame, path: Path, name: str) -> None:
    if name.endswith(".parquet"):
        frame.to_parquet(path, index=False)
    else:
        frame.to_csv(path, index=False, compression="gzip" if name.endswith(".gz") else None)
