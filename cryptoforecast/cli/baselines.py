"""Baselines that ``backtest`` tests: named by ``--model`` or ``--network``, without signals."""

from __future__ import annotations

import argparse

from cryptoforecast.cli import signals
from cryptoforecast.cli.groups import SPEC_OPTIONS
from cryptoforecast.cli.prices import set_options
from cryptoforecast.cli.progress import say
from cryptoforecast.errors import InvalidInput
from cryptoforecast.service import Service, choices


def take(service: Service, args: argparse.Namespace) -> None:
    """Take a baseline that ``--model`` names as one of ``--network``.

    A saved model of such a name comes first.

    Raises:
        InvalidInput: If ``--network`` is given too, or signals are, which no baseline reads.
    """
    if args.model in choices.BASELINES and not service.saved_models.has(args.model):
        if args.network not in (None, args.model):
            raise InvalidInput(
                f"--model or --network names what is tested. Received: {args.model} and "
                f"{args.network!r:.60}. Leave one out."
            )
        args.network, args.model = args.model, None
    if args.model is None and args.network in choices.BASELINES:
        signals.check_baseline(args, args.network)


def say_unused(args: argparse.Namespace) -> None:
    """Say which options a baseline has ignored; the commands take them for every ``--network``."""
    given = set_options(args, ("preset", *SPEC_OPTIONS))
    unused = choices.unused_settings(args.network, given)
    if unused:
        options = ", ".join(f"--{name.replace('_', '-')}" for name in unused)
        say(f"note: {args.network} ignores {options}: only networks have such settings.")
