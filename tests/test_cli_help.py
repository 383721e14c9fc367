"""The command line before it works: its help, its completion, and how little it loads for them."""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from cryptoforecast.cli import completion, examples, names, options
from cryptoforecast.cli.tables import aligned, fit, pairs
from cryptoforecast.service import choices
from cryptoforecast.service.signals import SIGNALS
from cryptoforecast.types import INTERVALS

ROOT = Path(__file__).resolve().parent.parent
#: Loaded modules are listed after the command, whatever its status.
_LOADED = """
import sys
from cryptoforecast.cli import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
print(*sys.modules, file=sys.stderr)
"""


def loaded(*args: object) -> tuple[str, set[str]]:
    """Run a command in a process; return stdout and the modules that it has loaded."""
    done = subprocess.run(
        [sys.executable, "-c", _LOADED, *map(str, args)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout, set(done.stderr.split())


def parsers(
    parser: argparse.ArgumentParser, command: str = ""
) -> dict[str, argparse.ArgumentParser]:
    """Return the parser of each command by its name."""
    result = {command: parser}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, each in action.choices.items():
                result |= parsers(each, f"{command} {name}".strip())
    return result


PARSERS = parsers(options.parser())


@pytest.mark.parametrize("args", [("--help",), ("backtest", "--help"), ("convert", "--help"), ()])
def test_help_loads_no_library(args: tuple[str, ...]) -> None:
    out, modules = loaded(*args)
    assert out.startswith("usage: cryptoforecast")
    assert "examples:\n  cryptoforecast " in out
    heavy = {"numpy", "pandas", "pyarrow", "shtab", "cryptoforecast.service"}
    assert not modules & heavy


def test_a_price_file_is_converted_without_what_forecasts(tmp_path: Path) -> None:
    source = tmp_path / "BTCUSD.csv"
    rows = [f"2024-01-01T{hour:02d}:00:00Z,10,11,9,10.5,1" for hour in range(24)]
    source.write_text("\n".join(["time,open,high,low,close,volume", *rows]) + "\n")
    out, modules = loaded("convert", source, "--to", tmp_path / "out.csv", "--json")
    assert '"rows": 24' in out
    ours = {name.split(".")[1] for name in modules if name.startswith("cryptoforecast.")}
    assert not ours & {"charts", "evaluation", "forecasting", "learning", "library"}
    assert not {"sklearn", "plotly", "yfinance", "tensorflow", "fastapi"} & modules


def test_the_names_in_the_helps_are_those_of_their_owners() -> None:
    assert tuple(INTERVALS) == names.INTERVALS
    assert names.METRICS == choices.METRICS
    assert names.ROLES == choices.ASSIGNABLE
    assert tuple(choices.PRESETS) == names.PRESETS
    assert names.NETWORKS == choices.NETWORKS
    assert tuple(choices.BASELINES) == names.BASELINES
    assert tuple(choices.FEATURES) == names.FEATURES
    assert tuple(SIGNALS) == names.SIGNALS
    assert names.FORMATS == choices.FORMATS
    assert {name: repair.help for name, repair in choices.REPAIRS.items()} == names.REPAIRS
    assert names.CUTOFF == choices.CUTOFF


def test_a_training_names_the_networks_that_it_takes() -> None:
    (network,) = [one for one in PARSERS["train"]._actions if one.dest == "network"]
    assert network.help == "lstm (default) or dense"


def test_every_help_has_examples_that_can_be_meant() -> None:
    assert PARSERS.keys() == examples.EXAMPLES.keys()
    for command, lines in examples.EXAMPLES.items():
        assert PARSERS[command].format_help().rstrip().endswith(lines[-1])
        for line in lines:
            words = shlex.split(line)
            words = words[: min((words.index(each) for each in "<|" if each in words), default=99)]
            assert line.startswith(command)
            options.parser().parse_args(words)


@pytest.mark.parametrize("shell", completion.SHELLS)
def test_a_shell_completes_commands_options_and_names(shell: str) -> None:
    out, _ = loaded("--print-completion", shell)
    assert all(word in out for word in ("backtest", "--leaderboard", "boosting"))
    if shell == "bash":
        script = out + (
            'complete_words() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); '
            '_shtab_cryptoforecast; echo "${COMPREPLY[@]}"; }\n'
            "complete_words cryptoforecast mod\n"
            "complete_words cryptoforecast models ex\n"
            "complete_words cryptoforecast backtest --network bo\n"
        )
        done = subprocess.run(
            ["bash", "-c", script], capture_output=True, text=True, check=True, timeout=60
        )
        assert done.stdout.split() == ["models", "export", "boosting"]


def test_a_table_that_is_too_wide_becomes_blocks_of_lines() -> None:
    header = ("step", "closes at (UTC)", "median, USD", "80 % band, USD")
    rows = [["1", "2024-01-01 01:00", "60,000.00", "59,000.00 to 61,000.00"]]
    wide = aligned(header, rows)
    assert len(wide) == 2
    try:
        fit(40)
        narrow = aligned(header, rows)
        assert narrow[0] == "step 1"
        assert "60,000.00" in narrow[2]
        assert max(map(len, narrow)) == 40
        assert aligned(header[:2], [row[:2] for row in rows])[0].startswith("step")
        fit(30)
        assert max(map(len, aligned(header, rows))) == 30
        assert pairs({"reads": "60 candles", "prices": "BTC, ETH and LTC from Binance"}) == [
            "reads   60 candles", "prices  BTC, ETH and LTC from", "        Binance",
        ]  # fmt: skip
    finally:
        fit(None)
    assert aligned(header, rows) == wide
    assert pairs({"reads": "60 candles", "to": "x"}) == ["reads  60 candles", "to     x"]
