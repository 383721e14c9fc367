"""The commands and their options.

An option that is not given is ``None``: the preset then sets the value. The parser checks only how
a value is written. The service checks what it may be, so that the pages, the API and the command
line refuse the same values in the same words.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn, TypeAlias

import pandas as pd

from cryptoforecast import __version__
from cryptoforecast.cli.progress import one_line
from cryptoforecast.service import choices
from cryptoforecast.types import INTERVALS

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


class _Parser(argparse.ArgumentParser):
    """A parser that reports an error in one line, without the usage before it."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {one_line(message)} (see {self.prog} --help)\n")


def parser() -> argparse.ArgumentParser:
    """Build the parser; ``args.command`` is ``None`` if no command is given."""
    top = _Parser(
        prog="cryptoforecast",
        description="Forecast crypto prices, and see whether it beats doing nothing.",
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=__version__)
    commands = top.add_subparsers(dest="command", metavar="COMMAND")
    _add_app(commands)
    _add_backtest(commands)
    _add_train(commands)
    _add_forecast(commands)
    _add_anomalies(commands)
    _add_models(commands)
    _add_inspect(commands)
    _add_convert(commands)
    _add_fetch(commands)
    _add_doctor(commands)
    return top


Commands: TypeAlias = "argparse._SubParsersAction[_Parser]"


def _command(commands: Commands, name: str, help: str) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=help, description=help, allow_abbrev=False)
    command.add_argument("--json", action="store_true", help="write the result as JSON")
    return command


def _add_app(commands: Commands) -> None:
    help = "Open the dashboard in the browser. Ctrl-C ends it."
    command = commands.add_parser("app", help=help, description=help, allow_abbrev=False)
    command.add_argument(
        "--port", metavar="N", type=_port, help="port to listen on (default 8501, or the next free)"
    )
    command.add_argument(
        "--host",
        metavar="H",
        default="localhost",
        help="address to listen on (default localhost, for this computer only); 0.0.0.0 listens on "
        "all addresses",
    )


def _add_backtest(commands: Commands) -> None:
    command = _command(
        commands, "backtest", "Test a model against the last price, on candles it has not seen."
    )
    command.add_argument("--model", metavar="NAME", help="test this saved model without training")
    command.add_argument(
        "--since",
        metavar="TIME",
        type=_since,
        help="with --model: test on all candles from this time on, UTC; cutoff: on all candles "
        "that the model has not seen",
    )
    _add_prices(command)
    _add_spec(command)
    _add_walk(command)
    group = command.add_argument_group("leaderboard: who is best, and is it more than chance?")
    group.add_argument(
        "--leaderboard", metavar="METRIC", help=f"sort by {', '.join(choices.METRICS)}"
    )
    group.add_argument(
        "--against", metavar="NAME", help="compare with this predictor (default naive)"
    )
    group.add_argument(
        "--step", metavar="N", type=_whole, help="step of the horizon (default the last)"
    )
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
    group.add_argument("--force", action="store_true", help="overwrite existing files")


def _add_train(commands: Commands) -> None:
    command = _command(commands, "train", "Train and test a network, and save it.")
    command.add_argument("--save", metavar="NAME", help="save it under this name")
    command.add_argument("--force", action="store_true", help="overwrite a model of this name")
    _add_prices(command)
    _add_spec(command)


def _add_forecast(commands: Commands) -> None:
    command = _command(commands, "forecast", "Forecast the steps after the last closed candle.")
    command.add_argument("--model", metavar="NAME", required=True, help="a saved model")
    command.add_argument(
        "--predictor",
        metavar="NAME",
        default="stack",
        help="stack, which combines the model and har (the default), or one of the two by its "
        "name: lstm, dense or har",
    )
    for direction in ("above", "below"):
        command.add_argument(
            f"--{direction}",
            metavar="PRICE",
            type=_number,
            action="append",
            default=[],
            help=f"add the probability of ending {direction} this price; can be repeated",
        )
    command.add_argument(
        "--touch",
        metavar="PRICE",
        type=_number,
        action="append",
        default=[],
        help="add the probability that the price touches this level by each step; can be repeated",
    )
    command.add_argument(
        "--paths",
        metavar="FILE",
        type=Path,
        help="write a thousand joint paths of the next steps: .csv, .csv.gz or .parquet",
    )
    command.add_argument("--force", action="store_true", help="overwrite an existing file")
    _add_prices(command)


def _add_anomalies(commands: Commands) -> None:
    command = _command(
        commands,
        "anomalies",
        "Find past candles that the forecast made before them called very unlikely.",
    )
    command.add_argument(
        "--model",
        metavar="NAME",
        help="a saved model, combined with har, or har alone (default the global model of this "
        "candle length, or else har)",
    )
    command.add_argument(
        "--alarms",
        metavar="N",
        type=_number,
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
    _add_prices(command)


def _add_models(commands: Commands) -> None:
    models = commands.add_parser(
        "models", help="List, show, rename, delete, export or import saved models."
    )
    actions = models.add_subparsers(
        dest="action", required=True, metavar="list|show|rename|delete|export|import"
    )
    _command(actions, "list", "List the saved models.")
    for name, help in (
        ("show", "Show one model's card."),
        ("delete", "Delete one of your models."),
    ):
        _command(actions, name, help).add_argument("name", metavar="NAME")
    rename = _command(actions, "rename", "Give one of your models another name.")
    rename.add_argument("name", metavar="OLD")
    rename.add_argument("new", metavar="NEW")
    export = _command(actions, "export", "Write a model to one file, to take it elsewhere.")
    export.add_argument("name", metavar="NAME")
    export.add_argument(
        "--format",
        metavar="F",
        help=f"{', '.join(choices.FORMATS)}: for other programs (default: for `models import`)",
    )
    export.add_argument(
        "--to",
        metavar="FILE",
        type=Path,
        required=True,
        help="a name in .zip; or one that ends as the format: one file from closes to prices, of a "
        "network that reads closes alone",
    )
    export.add_argument("--force", action="store_true", help="overwrite an existing file")
    importing = _command(actions, "import", "Save the model of a file that `models export` wrote.")
    importing.add_argument("file", metavar="FILE", type=Path)
    importing.add_argument("--name", metavar="NAME", help="save it under this name")
    importing.add_argument("--force", action="store_true", help="overwrite a model of this name")


def _add_inspect(commands: Commands) -> None:
    command = _command(commands, "inspect", "Read a price file and report what is in it.")
    command.add_argument("file", metavar="FILE", type=Path)
    _add_file(command)
    _add_reading(command)


def _add_convert(commands: Commands) -> None:
    command = _command(commands, "convert", "Read a price file and write it as plain candles.")
    command.add_argument("file", metavar="FILE", type=Path)
    _add_file(command)
    _add_to(command)
    _add_reading(command)


def _add_file(command: argparse.ArgumentParser) -> None:
    command.add_argument("--interval", metavar="I", help="merge into longer candles, e.g. 1h")
    command.add_argument("--coin", metavar="C", help="the file's coin, if its name does not say it")


def _add_fetch(commands: Commands) -> None:
    command = _command(commands, "fetch", "Fetch live prices and write them to a file.")
    command.add_argument("--coin", metavar="C", required=True, help="e.g. BTC or BTC-EUR")
    command.add_argument(
        "--interval", metavar="I", default="1h", help=f"candle length: {', '.join(INTERVALS)}"
    )
    _add_window(command)
    _add_price_rule(command, "live")
    _add_to(command)


def _add_doctor(commands: Commands) -> None:
    command = _command(
        commands,
        "doctor",
        "Ask each live source by itself, without the cache, and say how it answers. "
        "The exit status is 1 if none can be used.",
    )
    command.add_argument("--coin", metavar="C", default="BTC", help="e.g. ETH (default BTC)")
    command.add_argument(
        "--all", action="store_true", help="ask for all coins of the list too, within two minutes"
    )
    command.add_argument(
        "--record",
        metavar="DIR",
        type=Path,
        help="keep the answers in a new folder: status, headers and five rows, never cookies",
    )


def _add_to(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--to", metavar="FILE", type=Path, required=True, help="a name in .csv, .csv.gz or .parquet"
    )
    command.add_argument("--force", action="store_true", help="overwrite an existing file")


def _add_prices(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("prices")
    group.add_argument("--data", metavar="FILE", type=Path, help="a price file")
    group.add_argument(
        "--coin",
        metavar="C",
        help="fetch prices, e.g. of BTC or BTC-EUR; with --data, the file's coin",
    )
    group.add_argument("--interval", metavar="I", help=f"candle length: {', '.join(INTERVALS)}")
    _add_window(group, "with --coin: ")
    _add_price_rule(group, "any")
    _add_reading(command, " (with --data)")


def _add_reading(command: argparse.ArgumentParser, when: str = "") -> None:
    """Add what a user can say about a price file; the reader decides what is left out."""
    group = command.add_argument_group(f"how to read the file, if the reader is wrong{when}")
    group.add_argument(
        "--delimiter", metavar="C", type=_delimiter, help="character between columns, or tab"
    )
    group.add_argument(
        "--columns",
        metavar="ROLE=NAME,..",
        type=_pairs,
        help="which column is what, e.g. time=Date,close=Last; the third column is also called "
        f"'column 3'; roles: {', '.join(choices.ASSIGNABLE)}",
    )
    group.add_argument(
        "--dates",
        metavar="ORDER",
        type=_order,
        help="how to read 03/04/2024: day-first or month-first",
    )
    group.add_argument(
        "--zone", metavar="ZONE", help="zone of times without one, e.g. Europe/Berlin (default UTC)"
    )
    group.add_argument("--label", metavar="END", help="what a time is of its candle: open or close")
    group.add_argument(
        "--decimal", metavar="MARK", type=_decimal, help="decimal mark: point or comma"
    )
    group.add_argument(
        "--only",
        metavar="NAME",
        help="the one series to read of a file that has several, e.g. ETH; as its symbols, or any "
        "other column, or its column names have it",
    )
    group.add_argument(
        "--quote",
        metavar="CODE",
        help="currency of the prices, e.g. EUR or BTC (default what the file says, else USD)",
    )
    group.add_argument(
        "--repair",
        metavar="A,B",
        type=_words,
        help="; ".join(
            f"{name}: {repair.help[:1].lower()}{repair.help[1:-1]}"
            for name, repair in choices.REPAIRS.items()
        ),
    )


def _add_window(group: argparse._ActionsContainer, when: str = "") -> None:
    group.add_argument("--start", metavar="TIME", type=_time, help=f"{when}first time, UTC")
    group.add_argument("--end", metavar="TIME", type=_time, help=f"{when}last time, UTC")
    group.add_argument("--days", metavar="N", type=_number, help=f"{when}the last N days")


def _add_price_rule(group: argparse._ActionsContainer, default: str) -> None:
    group.add_argument(
        "--prices",
        metavar="P",
        help="live: end with status 3 if no live source has answered, now or before; any: else "
        f"take simulated prices (default {default})",
    )


def _add_spec(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("model")

    def add(name: str, metavar: str, help: str, kind: Callable[[str], object] = str) -> None:
        group.add_argument(f"--{name}", metavar=metavar, help=help, type=kind)

    add("preset", "P", f"{', '.join(choices.PRESETS)} (default quick)")
    add("network", "N", f"lstm (default), dense, or a baseline: {', '.join(choices.BASELINES)}")
    add("target", "T", "return (log-return, default) or price (min-max)")
    add("loss", "L", "quantile (default) or mse")
    add("training", "T", "sequences (default for lstm) or windows")
    add("features", "A,B", f"inputs, out of {', '.join(choices.FEATURES)}", _words)
    add("lookback", "N", "candles that the network sees", _whole)
    add("horizon", "N", "steps predicted at once", _whole)
    add("units", "N,M", "width of each hidden layer", _wholes)
    add("dropout", "X", "share of units switched off at random in training", _number)
    add("learning-rate", "X", "Adam's step size", _number)
    add("schedule", "S", "cosine or constant step size")
    add("batch-size", "N", "sequences or windows in one update", _whole)
    add("chunk", "N", "targets in one training sequence", _whole)
    add("epochs", "N", "passes over the training rows, at most", _whole)
    add("patience", "N", "epochs without improvement before stopping; 0: never", _whole)
    test = "share of rows to test on, the last ones (default 0.2, at most 0.5; 0.95 with --model)"
    add("test", "X", test, _number)
    add("validation", "X", "share of rows before those (default 0.16)", _number)
    add("seed", "N", "random seed of weights, dropout and order", _whole)
    add("unit", "U", "unit of returns: range (average true range, default) or fixed")
    add("final", "X", "share of epochs to add on validation rows too (default 0.33)", _number)
    add("ensemble", "N", "networks to average, one seed each (default 1)", _whole)
    group.add_argument(
        "--no-cache", action="store_true", help="train again, even if the network is cached"
    )


def _add_walk(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("walk forward: a new fit before each part of the test span")
    group.add_argument(
        "--folds", metavar="N", type=_whole, help="parts of the test span (default 1)"
    )
    group.add_argument(
        "--refit-every",
        metavar="N",
        type=_whole,
        help="fit again every N candles, in place of --folds",
    )
    group.add_argument(
        "--window",
        metavar="W",
        help="candles to fit on: expanding (all before, default) or sliding (the last ones)",
    )
    group.add_argument(
        "--window-rows", metavar="N", type=_whole, help="candles in a sliding window"
    )
    group.add_argument(
        "--gap",
        metavar="N",
        type=_whole,
        help="candles between the last origin to learn from and the first to test (default: the "
        "horizon)",
    )
    group.add_argument(
        "--warm-start",
        action="store_true",
        default=None,
        help="start from the weights of the fold before, for a third of the epochs",
    )


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(_must("be a whole number", text)) from error


def _port(text: str) -> int:
    port = int(text) if text.isascii() and text.isdigit() else 0
    if not 0 < port < 2**16:
        raise argparse.ArgumentTypeError(_must("be a whole number from 1 to 65535", text))
    return port


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(_must("be a number", text)) from error


def _wholes(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        rule = "be whole numbers separated by commas, such as 64,32"
        raise argparse.ArgumentTypeError(_must(rule, text)) from error


def _pairs(text: str) -> dict[str, str]:
    rule = "be roles and columns such as time=Date,close=Last; quote a name that has a comma in it"
    pairs: dict[str, str] = {}
    try:
        parts = next(csv.reader([text], skipinitialspace=True), [])
    except csv.Error as error:
        raise argparse.ArgumentTypeError(_must(rule, text)) from error
    for part in parts:
        role, equals, name = part.partition("=")
        if not equals or not name.strip() or role.strip() in pairs:
            raise argparse.ArgumentTypeError(_must(rule, text))
        pairs[role.strip()] = name.strip()
    return pairs


def _delimiter(text: str) -> str:
    return "\t" if text == "tab" else text


def _order(text: str) -> bool:
    """Return whether the day comes first."""
    if text not in ("day-first", "month-first"):
        raise argparse.ArgumentTypeError(_must("be day-first or month-first", text))
    return text == "day-first"


def _decimal(text: str) -> str:
    return {"point": ".", "comma": ","}.get(text, text)


def _words(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(","))


def _time(text: str) -> pd.Timestamp:
    try:
        return choices.parse_time(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(_must(f"be {choices.TIME_RULE}", text)) from error


def _since(text: str) -> pd.Timestamp | str:
    return text if text == choices.CUTOFF else _time(text)


def _must(rule: str, text: str) -> str:
    return f"must {rule}. Received: {text[:60]!r}."
