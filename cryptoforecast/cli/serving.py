"""The command that serves the API by itself, without the dashboard."""

from __future__ import annotations

import argparse
import os
import runpy
import sys

from cryptoforecast.errors import InvalidInput
from cryptoforecast.settings import API_VARIABLES

#: The module that serves. It is run by its name, because the command line may not import the
#: server, which lies above it.
MODULE = "cryptoforecast.server.alone"
#: Processes that answer, at most.
MAX_WORKERS = 64


def serve(args: argparse.Namespace) -> int:
    """Serve the API until it is stopped, and return the exit status.

    Workers read their options from the environment, so these are set there.

    Args:
        args: ``host``, ``port``, ``workers``, ``key``, ``cors`` and ``allow_training``.

    Raises:
        InvalidInput: If there are too many workers, or none, or a key has a comma.
    """
    if not 1 <= args.workers <= MAX_WORKERS:
        raise InvalidInput(f"--workers must be 1 to {MAX_WORKERS}. Received: {args.workers}.")
    for key in args.key or ():
        if "," in key:  # keys are separated by commas in the variable
            raise InvalidInput(
                f"--key must have no comma. Received: one in a key of {len(key)} characters. "
                "Choose another key. For several keys, repeat --key."
            )
    for name, texts in (("KEYS", args.key), ("CORS", args.cors)):
        if texts:
            os.environ[f"{API_VARIABLES}{name}"] = ",".join(texts)
    if args.allow_training:
        os.environ[f"{API_VARIABLES}TRAINING"] = "1"
    sys.argv = [MODULE, args.host, str(args.port), str(args.workers)]
    try:
        runpy.run_module(MODULE, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0
