"""The options of ``anomalies``."""

from __future__ import annotations

import argparse
from pathlib import Path

from cryptoforecast.cli import arguments, groups

COMMAND = (
    "anomalies",
    "Find past candles that the forecast made before them called very unlikely.",
)


def add(command: argparse.ArgumentParser) -> None:
    """Add the options to the command."""
    command.add_argument(
        "--model",
        metavar="NAME",
        help="a saved model, combined with har, or har alone (default the global model of this "
        "candle length, or else har)",
    )
    command.add_argument(
        "--alarms",
        metavar="N",
        type=arguments.number,
        help="alarms in 30 days that the threshold promises (default 1, or as near to it as the "
        "candle length allows)",
    )
    command.add_argument(
        "--to", metavar="FILE", type=Path, help="write the list: .csv, .csv.gz or .parquet"
    )
    command.add_argument(
        "--all", action="store_true", help="with --to: every candle, not only those of the list"
    )
    command.add_argument("--force", action="store_true", help="overwrite an existing file")
    groups.add_prices(command)
    groups.add_signals(command)
