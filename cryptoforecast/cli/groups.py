"""Groups of options that several commands have."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from cryptoforecast.cli import arguments, names

#: Options that say how a price file is read.
READING_OPTIONS = (
    "delimiter", "columns", "dates", "zone", "label", "decimal", "only", "quote", "repair",
)  # fmt: skip

#: Options that set a field of ``WalkPlan`` of the same name.
WALK_OPTIONS = ("folds", "window", "window_rows", "gap", "warm_start")

#: Options that set a field of ``ModelSpec`` of the same name.
SPEC_OPTIONS = (
    "target", "loss", "training", "features", "lookback", "horizon", "units", "dropout",
    "learning_rate", "schedule", "batch_size", "chunk", "epochs", "patience", "test",
    "validation", "seed", "unit", "final", "ensemble",
)  # fmt: skip


def add_coins(command: argparse.ArgumentParser) -> None:
    """Add several coins in place of one."""
    command.add_argument(
        "--coins",
        metavar="A,B",
        type=arguments.words,
        help="several coins in one table, e.g. BTC,ETH,SOL, in place of --coin",
    )


def add_global(command: argparse.ArgumentParser) -> None:
    """Add one network for all coins."""
    command.add_argument(
        "--global",
        dest="all_coins",
        action="store_true",
        help="one network of all --coins, or of all files of --data, as the shipped global models",
    )
    command.add_argument(
        "--leave-one-out",
        action="store_true",
        help="with --global: train and test without each coin as well, for the scores on its card",
    )


def add_file(command: argparse.ArgumentParser) -> None:
    """Add the file to read, and what it is read as."""
    command.add_argument("file", metavar="FILE", type=Path, help="a price file; - for stdin")
    command.add_argument("--interval", metavar="I", help="merge into longer candles, e.g. 1h")
    command.add_argument("--coin", metavar="C", help="the file's coin, if its name does not say it")


def add_target(command: argparse.ArgumentParser) -> None:
    """Add the file to write."""
    command.add_argument(
        "--to",
        metavar="FILE",
        type=Path,
        required=True,
        help="a name in .csv, .csv.gz or .parquet; - writes CSV to stdout",
    )
    command.add_argument("--force", action="store_true", help="overwrite an existing file")


def add_prices(command: argparse.ArgumentParser, *, several: str = "") -> None:
    """Add where the prices come from: one file, or several in a list.

    Args:
        command: The command.
        several: When several files are taken, in words; never by default.
    """
    group = command.add_argument_group("prices")
    if several:
        help = f"a price file, or {several} several; - for stdin"
        group.add_argument("--data", metavar="FILE", type=Path, nargs="+", help=help)
    else:
        group.add_argument("--data", metavar="FILE", type=Path, help="a price file; - for stdin")
    group.add_argument(
        "--coin",
        metavar="C",
        help="fetch prices, e.g. of BTC or BTC-EUR; with --data, the file's coin",
    )
    group.add_argument(
        "--interval", metavar="I", help=f"candle length: {', '.join(names.INTERVALS)}"
    )
    add_window(group, "with --coin: ")
    add_price_rule(group, "any")
    add_reading(command, " (with --data)")


def add_reading(command: argparse.ArgumentParser, when: str = "") -> None:
    """Add what a user can say about a price file; the reader decides what is left out."""
    group = command.add_argument_group(f"how to read the file, if the reader is wrong{when}")
    group.add_argument(
        "--delimiter",
        metavar="C",
        help="character between columns, or tab",
    )
    group.add_argument(
        "--columns",
        metavar="ROLE=NAME,..",
        type=arguments.pairs,
        help="which column is what, e.g. time=Date,close=Last; the third column is also called "
        f"'column 3'; roles: {', '.join(names.ROLES)}",
    )
    group.add_argument(
        "--dates",
        metavar="ORDER",
        type=arguments.order,
        help="how to read 03/04/2024: day-first or month-first",
    )
    group.add_argument(
        "--zone", metavar="ZONE", help="zone of times without one, e.g. Europe/Berlin (default UTC)"
    )
    group.add_argument("--label", metavar="END", help="what a time is of its candle: open or close")
    group.add_argument(
        "--decimal", metavar="MARK", type=arguments.decimal, help="decimal mark: point or comma"
    )
    group.add_argument(
        "--only",
        metavar="NAME",
        help="the one series to read of a file that has several, e.g. ETH, named as in its symbol "
        "column, in another column, or in its column names",
    )
    group.add_argument(
        "--quote",
        metavar="CODE",
        help="currency of the prices, e.g. EUR or BTC (default what the file says, else USD)",
    )
    group.add_argument(
        "--repair",
        metavar="A,B",
        type=arguments.words,
        help="; ".join(
            f"{name}: {help[:1].lower()}{help[1:-1]}" for name, help in names.REPAIRS.items()
        ),
    )


def add_window(group: argparse._ActionsContainer, when: str = "") -> None:
    """Add the span of live prices."""
    group.add_argument(
        "--start", metavar="TIME", type=arguments.time, help=f"{when}first time, UTC"
    )
    group.add_argument("--end", metavar="TIME", type=arguments.time, help=f"{when}last time, UTC")
    group.add_argument("--days", metavar="N", type=arguments.number, help=f"{when}the last N days")


def add_price_rule(group: argparse._ActionsContainer, default: str) -> None:
    """Add which prices may answer."""
    group.add_argument(
        "--prices",
        metavar="P",
        help="live: end with status 3 if no live source has answered, now or before; any: else "
        f"take simulated prices (default {default})",
    )


def add_signals(command: argparse.ArgumentParser) -> None:
    """Add signals beside the price."""
    group = command.add_argument_group("signals beside the price")
    group.add_argument(
        "--signal",
        metavar="S",
        action="append",
        help=f"one of {', '.join(names.SIGNALS)}, the ticker of another coin such as eth, or a "
        "file of times and values (FILE or NAME=FILE); can be repeated",
    )
    group.add_argument(
        "--lag",
        metavar="SPAN",
        help="with a file: how long after its time a value is known, e.g. 1d (default the usual "
        "distance of two values)",
    )
    group.add_argument(
        "--max-age",
        metavar="SPAN",
        help="with a file: for how long after that a value is used (default three such distances)",
    )
    group.add_argument(
        "--value", metavar="COLUMN", help="with a file: the column of values, if it has several"
    )


def add_spec(command: argparse.ArgumentParser, networks: str = "") -> None:
    """Add the settings of a model.

    Args:
        command: To which they are added.
        networks: Help of the kinds of networks; all predictors by default.
    """
    group = command.add_argument_group("model")

    def add(name: str, metavar: str, help: str, kind: Callable[[str], object] = str) -> None:
        group.add_argument(f"--{name}", metavar=metavar, help=help, type=kind)

    presets = f"{', '.join(names.PRESETS)} (default quick), or a file that search has written"
    add("preset", "P", presets)
    baselines = f"a baseline, which needs no training: {', '.join(names.BASELINES)}"
    add("network", "N", networks or f"lstm (default), dense, or {baselines}")
    add("target", "T", "return (log-return, default) or price (min-max)")
    add("loss", "L", "quantile (default) or mse")
    add("training", "T", "sequences (default for lstm) or windows")
    inputs = f"inputs, out of {', '.join(names.FEATURES)}; or signals, such as signal:fear_greed"
    add("features", "A,B", inputs, arguments.words)
    add("lookback", "N", "candles that the network sees", arguments.whole)
    add("horizon", "N", "steps predicted at once", arguments.whole)
    add("units", "N,M", "width of each hidden layer", arguments.wholes)
    add("dropout", "X", "share of units switched off at random in training", arguments.number)
    add("learning-rate", "X", "Adam's step size", arguments.number)
    add("schedule", "S", "cosine or constant step size")
    add("batch-size", "N", "sequences or windows in one update", arguments.whole)
    add("chunk", "N", "targets in one training sequence", arguments.whole)
    add("epochs", "N", "passes over the training rows, at most", arguments.whole)
    add("patience", "N", "epochs without improvement before stopping; 0: never", arguments.whole)
    test = "share of rows to test on, the last ones (default 0.2, at most 0.5; a saved model 0.95)"
    add("test", "X", test, arguments.number)
    add("validation", "X", "share of rows before those (default 0.16)", arguments.number)
    add("seed", "N", "random seed of weights, dropout and order", arguments.whole)
    add("unit", "U", "unit of returns: range (average true range, default) or fixed")
    add(
        "final",
        "X",
        "further epochs on training and validation rows together, as a share of the epochs "
        "(default 0.33)",
        arguments.number,
    )
    add("ensemble", "N", "networks to average, one seed each (default 1)", arguments.whole)
    group.add_argument(
        "--no-cache", action="store_true", help="train again, even if the network is cached"
    )


def add_walk(command: argparse.ArgumentParser) -> None:
    """Add the plan of a walk-forward test."""
    group = command.add_argument_group("walk forward: a new fit before each part of the test span")
    group.add_argument(
        "--folds", metavar="N", type=arguments.whole, help="parts of the test span (default 1)"
    )
    group.add_argument(
        "--refit-every",
        metavar="N",
        type=arguments.whole,
        help="fit again every N candles, in place of --folds",
    )
    group.add_argument(
        "--window",
        metavar="W",
        help="candles to fit on: expanding (all before, default) or sliding (the last ones)",
    )
    group.add_argument(
        "--window-rows", metavar="N", type=arguments.whole, help="candles in a sliding window"
    )
    group.add_argument(
        "--gap",
        metavar="N",
        type=arguments.whole,
        help="candles between the last origin to learn from and the first to test (default: the "
        "horizon)",
    )
    group.add_argument(
        "--warm-start",
        action="store_true",
        default=None,
        help="start from the weights of the fold before, for a third of the epochs",
    )


def add_workers(command: argparse.ArgumentParser) -> None:
    """Add who does the work, where there is much of it."""
    group = command.add_argument_group("workers: several trainings and tests at once")
    group.add_argument(
        "--workers",
        metavar="N",
        type=arguments.whole,
        help="processes of this machine, each with one thread",
    )
    group.add_argument(
        "--scheduler",
        metavar="URL",
        help="a Dask scheduler whose workers do it, e.g. tcp://host:8786",
    )


def add_reports(command: argparse.ArgumentParser) -> None:
    """Add the files that a test can write."""
    group = command.add_argument_group("files")
    group.add_argument(
        "--html", metavar="FILE", type=Path, help="write the whole report, with charts and tables"
    )
    group.add_argument(
        "--forecasts",
        metavar="FILE",
        type=Path,
        help="write every forecast of the test: .csv, .csv.gz or .parquet",
    )
    group.add_argument(
        "--style",
        metavar="S",
        help="with --forecasts: cf (the tested predictor, default) or nixtla (all predictors side "
        "by side, as Nixtla's libraries name them)",
    )
    group.add_argument("--force", action="store_true", help="overwrite existing files")
