"""The options of ``search``."""

from __future__ import annotations

import argparse
from pathlib import Path

from cryptoforecast.cli import arguments, groups

COMMAND = (
    "search",
    "Find better settings of a network by prices before the test, and test the winner once.",
)


def add(command: argparse.ArgumentParser) -> None:
    """Add the options to the command."""
    group = command.add_argument_group("search")
    group.add_argument(
        "--trials", metavar="N", type=arguments.whole, help="settings to try (default 50)"
    )
    group.add_argument(
        "--time",
        metavar="T",
        type=arguments.seconds,
        help="begin no further trial after this time, e.g. 20m or 2h",
    )
    group.add_argument(
        "--space",
        metavar="FILE",
        type=Path,
        help="what to choose among, as JSON or TOML (default: network, inputs, lookback, units, "
        "dropout, learning rate, loss)",
    )
    group.add_argument(
        "--metric",
        metavar="M",
        help="what decides: pinball, the error of the band (default), or mae, of the price",
    )
    group.add_argument(
        "--finalists",
        metavar="N",
        type=arguments.whole,
        help="best trials to train again with other seeds (default 3)",
    )
    group.add_argument(
        "--seeds",
        metavar="N",
        type=arguments.whole,
        help="seeds of each finalist and of the test (default 3)",
    )
    group.add_argument(
        "--storage",
        metavar="URL",
        help="keep the search in sqlite:///PATH or postgresql://… (default a file in the home "
        "folder)",
    )
    group.add_argument(
        "--resume",
        action="store_true",
        help="go on with the latest search of the same prices and settings",
    )
    group.add_argument(
        "--save-preset", metavar="FILE", type=Path, help="write the winner, for --preset FILE"
    )
    group.add_argument("--force", action="store_true", help="overwrite an existing file")
    groups.add_coins(command)
    groups.add_prices(command)
    groups.add_signals(command)
    groups.add_spec(command, networks="lstm, dense, or both: lstm,dense (default both)")
    groups.add_workers(command)
