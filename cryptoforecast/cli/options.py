"""The commands and their options.

An option that is not given is ``None``: the preset then sets the value. The parser checks only how
a value is written. The service checks what it may be, so that the pages, the API and the command
line refuse the same values in the same words.
"""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

from cryptoforecast import __version__
from cryptoforecast.cli import (
    alarms_options,
    anomalies_options,
    arguments,
    completion,
    examples,
    groups,
    ledger_options,
    model_options,
    names,
    search_options,
)


class _Parser(argparse.ArgumentParser):
    """A parser that reports an error in one line, with the name that may have been meant."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """Refuse what is unknown here, where the options of the command are known."""
        result, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(self._unknown(unknown))
        return result, unknown

    def _unknown(self, words: Sequence[str]) -> str:
        """Say that a command does not take these words."""
        text = f"{' '.join(words):.200}"
        if not words[0].startswith("-"):
            return f"There are more words than this command takes. Received: {text}."
        name = words[0].partition("=")[0]
        meant = _meant(name, self._option_string_actions)
        return f"There is no such option here. Received: {text}.{meant}"

    def _check_value(self, action: argparse.Action, value: object) -> None:
        """Refuse a word that is none of the choices."""
        if action.choices is None or value in action.choices:
            return
        meant = _meant(str(value), action.choices)
        name = action.option_strings[0] if action.option_strings else str(action.metavar)
        rule = f"{name} must be one of {', '.join(map(str, action.choices))}"
        if meant and not action.option_strings:
            rule = f"There is no such {name.lower()}"
        raise argparse.ArgumentError(None, f"{rule}. Received: {value!r:.60}.{meant}")

    def error(self, message: str) -> NoReturn:
        from cryptoforecast.cli.progress import one_line

        self.exit(2, f"error: {one_line(message)} (see {self.prog} --help)\n")


def _meant(word: str, names: Iterable[object]) -> str:
    """Ask whether the name nearest to a word was meant; ask nothing if none is near."""
    near = difflib.get_close_matches(word, [str(name) for name in names], n=1)
    return f" Did you mean {near[0]}?" if near else ""


def parser() -> argparse.ArgumentParser:
    """Build the parser; ``args.command`` is ``None`` if no command is given."""
    top = _Parser(
        prog="cryptoforecast",
        description="Forecast crypto prices, and see whether it beats doing nothing.",
        epilog=examples.text(""),
        formatter_class=examples.Formatter,
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=__version__)
    top.add_argument(
        "--print-completion",
        action=completion.Print,
        choices=completion.SHELLS,
        help="print the completion of commands and options, for a shell to read",
    )
    commands = top.add_subparsers(dest="command", metavar="COMMAND")
    _add_app(commands)
    _add_serve(commands)
    _parser(commands, "mcp", "Serve an assistant on this computer, by the Model Context Protocol.")
    _add_backtest(commands)
    _add_train(commands)
    _add_retrain(commands)
    _add_forecast(commands)
    anomalies_options.add(_command(commands, *anomalies_options.COMMAND))
    search_options.add(_command(commands, *search_options.COMMAND))
    _add_ledger(commands)
    _add_tick(commands)
    _add_alarms(commands)
    _add_models(commands)
    _add_inspect(commands)
    _add_convert(commands)
    _add_fetch(commands)
    _add_doctor(commands)
    return top


Commands: TypeAlias = "argparse._SubParsersAction[_Parser]"


def _command(commands: Commands, name: str, help: str) -> _Parser:
    """Add a command that answers as text or as JSON."""
    command = _parser(commands, name, help)
    command.add_argument("--json", action="store_true", help="write the result as JSON")
    return command


def _parser(commands: Commands, name: str, help: str, parent: str = "") -> _Parser:
    """Add a command, with its examples at the end of its help."""
    return commands.add_parser(
        name,
        help=help,
        description=help,
        epilog=examples.text(f"{parent} {name}".strip()),
        formatter_class=examples.Formatter,
        allow_abbrev=False,
    )


def _add_app(commands: Commands) -> None:
    help = "Open the dashboard in the browser. Ctrl-C ends it."
    command = _parser(commands, "app", help)
    command.add_argument(
        "--port",
        metavar="N",
        type=arguments.port,
        help="port to listen on (default 8501, or the next free)",
    )
    command.add_argument(
        "--host",
        metavar="H",
        default="localhost",
        help="address to listen on (default localhost, for this computer only); 0.0.0.0 listens on "
        "all addresses",
    )


def _add_serve(commands: Commands) -> None:
    help = "Serve the REST API by itself, without the dashboard. Ctrl-C ends it."
    command = _parser(commands, "serve", help)
    command.add_argument(
        "--port",
        metavar="N",
        type=arguments.port,
        default=8000,
        help="port to listen on (default 8000)",
    )
    command.add_argument(
        "--host",
        metavar="H",
        default="127.0.0.1",
        help="address to listen on (default 127.0.0.1, for this computer only); 0.0.0.0 listens "
        "on all addresses",
    )
    command.add_argument(
        "--workers",
        metavar="N",
        type=arguments.whole,
        default=1,
        help="processes that answer (default 1)",
    )
    command.add_argument(
        "--key",
        metavar="KEY",
        action="append",
        help="a key that requests must have; can be repeated. Other users of this computer see "
        "it: the variable CRYPTOFORECAST_API_KEYS hides it from them",
    )
    command.add_argument(
        "--cors",
        metavar="SITE",
        action="append",
        help="a site whose pages may ask, such as https://example.org; can be repeated",
    )
    command.add_argument(
        "--allow-training",
        action="store_true",
        help="let those who have a key test and train networks",
    )


def _add_backtest(commands: Commands) -> None:
    command = _command(
        commands, "backtest", "Test a model against the last price, on candles it has not seen."
    )
    command.add_argument(
        "--model",
        metavar="NAME",
        help="test this saved model as it is, or this baseline, as --network does",
    )
    command.add_argument(
        "--since",
        metavar="TIME",
        type=arguments.since,
        help="with a saved model: test on all candles from this time on, UTC; cutoff: on all "
        "candles that the model has not seen",
    )
    groups.add_coins(command)
    groups.add_prices(command)
    groups.add_signals(command)
    groups.add_spec(command)
    groups.add_walk(command)
    groups.add_workers(command)
    group = command.add_argument_group("leaderboard: who is best, and is it more than chance?")
    group.add_argument(
        "--leaderboard", metavar="METRIC", help=f"sort by {', '.join(names.METRICS)}"
    )
    group.add_argument(
        "--against", metavar="NAME", help="compare with this predictor (default naive)"
    )
    group.add_argument(
        "--step", metavar="N", type=arguments.whole, help="step of the horizon (default the last)"
    )
    group = command.add_argument_group("with and without: do some inputs help?")
    group.add_argument(
        "--ablate",
        metavar="A,B",
        type=arguments.words,
        help="train the network without these inputs too, e.g. signal:fear_greed, which is added "
        "to the others, and compare",
    )
    group.add_argument(
        "--seeds",
        metavar="N",
        type=arguments.whole,
        help="trainings of each, with a seed each (default 3)",
    )
    groups.add_reports(command)


def _add_train(commands: Commands) -> None:
    command = _command(commands, "train", "Train and test a network, and save it.")
    command.add_argument("--save", metavar="NAME", help="save it under this name")
    command.add_argument("--force", action="store_true", help="overwrite a model of this name")
    groups.add_coins(command)
    groups.add_global(command)
    groups.add_prices(command, several="with --global")
    groups.add_signals(command)
    groups.add_spec(command, networks="lstm (default) or dense")
    groups.add_workers(command)


def _add_retrain(commands: Commands) -> None:
    command = _command(
        commands,
        "retrain",
        "Train one of your models on newer prices, and replace it if that is not worse.",
    )
    model_options.add_retrain(command)
    groups.add_prices(command, several="of a model for all coins")
    groups.add_signals(command)


def _add_forecast(commands: Commands) -> None:
    command = _command(commands, "forecast", "Forecast the steps after the last closed candle.")
    command.add_argument(
        "--model",
        metavar="NAME",
        required=True,
        help=f"a saved model, or a baseline, which needs no training: {', '.join(names.BASELINES)}",
    )
    command.add_argument(
        "--predictor",
        metavar="NAME",
        help="of a saved model: stack (default), which combines it with har; or one of the two by "
        "its name: lstm, dense or har",
    )
    command.add_argument(
        "--horizon",
        metavar="N",
        type=arguments.whole,
        help="steps of a baseline (default 1)",
    )
    for direction in ("above", "below"):
        command.add_argument(
            f"--{direction}",
            metavar="PRICE",
            type=arguments.number,
            action="append",
            default=[],
            help=f"add the probability of ending {direction} this price; can be repeated",
        )
    command.add_argument(
        "--touch",
        metavar="PRICE",
        type=arguments.number,
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
    groups.add_coins(command)
    groups.add_prices(command)
    groups.add_signals(command)


def _add_models(commands: Commands) -> None:
    models = _parser(
        commands, "models", "List, show, rename, delete, export or import saved models."
    )
    actions = models.add_subparsers(dest="action", required=True, metavar="ACTION")
    model_options.add(lambda name, help: _action(actions, name, help))


def _add_ledger(commands: Commands) -> None:
    ledger = _parser(
        commands, "ledger", "Record forecasts before their outcome, grade them, find rewrites."
    )
    actions = ledger.add_subparsers(dest="action", required=True, metavar="ACTION")
    ledger_options.add(lambda name, help: _action(actions, name, help, "ledger"))


def _add_tick(commands: Commands) -> None:
    command = _command(
        commands,
        "tick",
        "Grade what is due, record what comes next, renew a model that is past its date, and raise "
        "alarms, for cron or a workflow.",
    )
    ledger_options.add_record(command)


def _add_alarms(commands: Commands) -> None:
    alarms = _parser(commands, "alarms", "Be told, once, of what rarely happens.")
    actions = alarms.add_subparsers(dest="action", required=True, metavar="ACTION")
    alarms_options.add(lambda name, help: _action(actions, name, help, "alarms"))


def _action(actions: Commands, name: str, help: str, parent: str = "models") -> _Parser:
    """Add a command of ``models``, ``ledger`` or ``alarms``."""
    action = _parser(actions, name, help, parent)
    action.add_argument("--json", action="store_true", help="write the result as JSON")
    return action


def _add_inspect(commands: Commands) -> None:
    command = _command(commands, "inspect", "Read a price file and report what is in it.")
    groups.add_file(command)
    groups.add_reading(command)


def _add_convert(commands: Commands) -> None:
    command = _command(commands, "convert", "Read a price file and write it as plain candles.")
    groups.add_file(command)
    groups.add_target(command)
    groups.add_reading(command)


def _add_fetch(commands: Commands) -> None:
    command = _command(commands, "fetch", "Fetch live prices and write them to a file.")
    command.add_argument("--coin", metavar="C", required=True, help="e.g. BTC or BTC-EUR")
    command.add_argument(
        "--interval", metavar="I", default="1h", help=f"candle length: {', '.join(names.INTERVALS)}"
    )
    groups.add_window(command)
    groups.add_price_rule(command, "live")
    groups.add_target(command)


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
