"""Completion of the command line in a shell, written by shtab from the parser itself."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from cryptoforecast.cli import names
from cryptoforecast.cli.streams import write

#: The shells that shtab knows.
SHELLS = ("bash", "zsh", "tcsh")
# What can follow an option. The parser itself does not check it: the service does.
_VALUES = {
    "--interval": names.INTERVALS,
    "--leaderboard": names.METRICS,
    "--network": (*names.NETWORKS, *names.BASELINES),
    "--preset": names.PRESETS,
    "--format": names.FORMATS,
    "--prices": ("live", "any"),
}


class Print(argparse.Action):
    """Prints the script that a shell reads, and ends the process."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        """Print the script for the shell in ``values``."""
        import shtab

        del namespace, option_string
        for action in _actions(parser):
            if action.type is Path:
                action.complete = shtab.FILE  # type: ignore[attr-defined]
            for option in action.option_strings:
                action.choices = _VALUES.get(option, action.choices)
        write(shtab.complete(parser, str(values)) + "\n")
        parser.exit()


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Give the options and arguments of a parser and of its commands."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from _actions(command)
        else:
            yield action
