"""The options of ``ledger`` and ``tick``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from cryptoforecast.cli import arguments

#: Adds a command to those that it is made for: its name and its help.
Add = Callable[[str, str], argparse.ArgumentParser]


def add(action: Add) -> None:
    """Add the commands of ``ledger``."""
    record = action("record", "Forecast now, and write the forecasts before their outcome.")
    add_record(record)
    action("grade", "Write the outcome of every forecast whose candles have closed.")
    show = action("show", "Show what is recorded, how it turned out, and what is due.")
    for name, help in (
        ("model", "only forecasts of this model"),
        ("predictor", "only those of this predictor, e.g. stack"),
        ("coin", "only those of this coin or pair"),
        ("interval", "only those of this candle length"),
    ):
        show.add_argument(f"--{name}", metavar=name[0].upper(), help=help)
    show.add_argument(
        "--step", metavar="N", type=arguments.whole, help="judge this step (default the last)"
    )
    show.add_argument(
        "--limit", metavar="N", type=arguments.whole, default=10, help="forecasts (default 10)"
    )
    verify = action(
        "verify", "Find every rewrite of the ledger. The exit status is 1 if there is one."
    )
    verify.add_argument("--head", metavar="HASH", help="a head that was published, with --at")
    verify.add_argument(
        "--at", metavar="N", type=arguments.whole, help="how many entries it is the head of"
    )
    action("head", "Print the end of the chain, to be published where nobody can change it.")
    action("rebuild", "Count anew what lies beside the entries, from the entries.")
    export = action("export", "Write forecasts and outcomes to a file, the newest first.")
    export.add_argument(
        "--to",
        metavar="FILE",
        type=Path,
        help="one row for each forecast and step: .csv, .csv.gz or .parquet",
    )
    export.add_argument(
        "--html", metavar="FILE", type=Path, help="a page that anyone, also a crawler, can read"
    )
    export.add_argument(
        "--limit",
        metavar="N",
        type=arguments.whole,
        default=10_000,
        help="forecasts (default 10000)",
    )
    export.add_argument("--force", action="store_true", help="overwrite existing files")


def add_record(command: argparse.ArgumentParser) -> None:
    """Add what is to be forecast by whom."""
    command.add_argument(
        "--models",
        metavar="A,B",
        type=arguments.words,
        default=(),
        help="saved models, or baselines such as har (default the models for all coins)",
    )
    command.add_argument(
        "--coins",
        metavar="A,B",
        type=arguments.words,
        default=(),
        help="coins or pairs (default that of the model, or BTC,ETH)",
    )
    command.add_argument(
        "--intervals",
        metavar="A,B",
        type=arguments.words,
        default=(),
        help="candle lengths (default that of each model)",
    )
    command.add_argument(
        "--predictor", metavar="NAME", help="a member of each model's stack (default the stack)"
    )
    command.add_argument(
        "--prices",
        metavar="P",
        default="live",
        help="live: only prices of a live source (default); any: practise on simulated prices too, "
        "which counts nowhere",
    )
