"""A backtest as files: the report as HTML, the forecasts as a table."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from cryptoforecast.json_views import Json
from cryptoforecast.service import files

if TYPE_CHECKING:
    import pandas as pd

#: Options that name a file to write, in the order in which the files are listed.
OPTIONS = ("html", "forecasts")


def check(args: argparse.Namespace) -> None:
    """Refuse file names that ``write`` could not use, before the work is done.

    Raises:
        InvalidInput: For a wrong extension, or a folder that does not exist.
        AlreadyExists: If the file exists and ``--force`` was not given.
    """
    if args.html is not None:
        files.check_page(args.html, force=args.force)
    if args.forecasts is not None:
        files.check_target(args.forecasts, force=args.force)


def write(
    args: argparse.Namespace, page: Callable[[], str], forecasts: Callable[[], pd.DataFrame]
) -> Json:
    """Write the files that the options name.

    Args:
        args: With the options of ``OPTIONS``.
        page: Makes the report.
        forecasts: Makes the table.

    Returns:
        As JSON: ``files``, their names by option; empty if no option names one.

    Raises:
        InvalidInput: If a folder cannot be written to.
    """
    if args.html is not None:
        files.write_text(page(), args.html)
    if args.forecasts is not None:
        files.write_table(forecasts(), args.forecasts)
    return {"files": {name: str(path) for name, path in _paths(args).items()}}


def sentences(args: argparse.Namespace) -> str:
    """Say which files were written; empty if none was."""
    return "".join(
        f"{'Report' if name == 'html' else 'Forecasts'} written to {path}.\n"
        for name, path in _paths(args).items()
    )


def _paths(args: argparse.Namespace) -> dict[str, Path]:
    return {name: getattr(args, name) for name in OPTIONS if getattr(args, name) is not None}
