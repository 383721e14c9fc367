"""The command line: ``python -m cryptoforecast COMMAND``.

Only the result goes to stdout. Progress, notes and refusals go to stderr. The exit status is 0 if
the command is done, 2 if it is refused, 3 if live prices are required and can't be had, and 130
after Ctrl-C. It is 1 after an unexpected failure, and where a check fails: ``doctor``,
``ledger verify`` and ``alarms test``. A command loads what only it needs.
"""

from __future__ import annotations

import argparse
import json
import os
import threading
import traceback
from collections.abc import Callable, Sequence
from typing import TypeVar

from cryptoforecast.cli import options, streams
from cryptoforecast.cli.answer import Answer, status_of, words_of
from cryptoforecast.cli.progress import one_line, say
from cryptoforecast.errors import CryptoForecastError

Result = TypeVar("Result")

#: Seconds that a command has to stop after Ctrl-C.
GRACE = 0.5


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status."""
    parser = options.parser()
    args = parser.parse_args(argv)
    try:
        if args.command is None:
            streams.write(parser.format_help())
            return 0
        if args.command in _SERVERS:
            return _SERVERS[args.command](args)
        with streams.standard_output(args) as output:
            with streams.ours_alone():
                answer = _interruptible(lambda cancelled: _answer(args, cancelled))
            if args.json:
                streams.write(json.dumps(answer.json, indent=2, allow_nan=False) + "\n")
            elif answer.refusal is None:
                streams.write(answer.text if output is None else output.read_bytes())
        if answer.refusal is not None:
            say(f"error: {one_line(answer.refusal)}")
        return answer.status if answer.refusal is None else 2
    except KeyboardInterrupt:
        say("Interrupted.")
        return 130
    except CryptoForecastError as error:
        return _failed(error, f"error: {one_line(words_of(error))}", status_of(error))
    except Exception as error:  # the user gets one line, and the traceback only on request
        hint = f" ({streams.DEBUG}=1 shows where)"
        reason = f"{type(error).__name__}: {one_line(str(error))}"
        return _failed(error, f"unexpected error: {reason}{hint}", 1)


def _answer(args: argparse.Namespace, cancelled: Callable[[], bool]) -> Answer:
    """Load what the command needs, and run it."""
    from cryptoforecast.cli import prices
    from cryptoforecast.service.prices import PriceService
    from cryptoforecast.settings import Settings

    settings = Settings.from_environment()
    if args.command in prices.COMMANDS:
        return prices.answer(PriceService(settings), args)
    from cryptoforecast.cli import commands
    from cryptoforecast.service import Service

    return commands.answer(Service(settings), args, cancelled)


def _app(args: argparse.Namespace) -> int:
    from cryptoforecast.cli import dashboard

    return dashboard.serve(args.host, args.port)


def _serve(args: argparse.Namespace) -> int:
    from cryptoforecast.cli import serving

    return serving.serve(args)


def _mcp(args: argparse.Namespace) -> int:
    from cryptoforecast.cli import assistants

    del args
    return assistants.serve()


#: The commands that serve until they are stopped, and answer nothing themselves.
_SERVERS: dict[str, Callable[[argparse.Namespace], int]] = {
    "app": _app,
    "mcp": _mcp,
    "serve": _serve,
}


def _failed(error: Exception, line: str, status: int) -> int:
    if os.environ.get(streams.DEBUG) == "1":
        say("".join(traceback.format_exception(error)))
    say(line)
    return status


def _interruptible(work: Callable[[Callable[[], bool]], Result]) -> Result:
    """Work in a second thread, so that Ctrl-C is handled while native code is busy.

    Args:
        work: Gets a function that returns true after Ctrl-C.

    Raises:
        KeyboardInterrupt: At most ``GRACE`` seconds after Ctrl-C. The thread may still run, so the
            process should end.
    """
    cancel = threading.Event()
    results: list[Result] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work(cancel.is_set))
        except BaseException as error:  # raised again below, in the caller's thread
            errors.append(error)

    worker = threading.Thread(target=run, name="command", daemon=True)
    worker.start()
    try:
        while worker.is_alive():
            worker.join(0.1)
    except KeyboardInterrupt:
        cancel.set()
        worker.join(GRACE)
        raise
    if errors:
        raise errors[0]
    return results[0]
