"""The command line: ``python -m cryptoforecast COMMAND``.

Only the result goes to stdout. Progress, notes and refusals go to stderr. The exit status is 0 if
the command is done, 2 if it is refused, 3 if live prices are required and can't be had, 1 after an
unexpected failure, and 130 after Ctrl-C.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from cryptoforecast.cli import commands, dashboard, options
from cryptoforecast.cli.progress import one_line, say
from cryptoforecast.errors import CryptoForecastError, SourceUnavailable
from cryptoforecast.service import Service
from cryptoforecast.settings import Settings

Result = TypeVar("Result")

#: Seconds that a command has to stop after Ctrl-C.
GRACE = 0.5


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status."""
    parser = options.parser()
    args = parser.parse_args(argv)
    try:
        if args.command is None:
            _write(parser.format_help())
            return 0
        if args.command == "app":
            return dashboard.serve(args.host, args.port)
        with _nothing_on_stdout():
            answer = _interruptible(
                lambda cancelled: commands.answer(
                    Service(Settings.from_environment()), args, cancelled
                )
            )
        if args.json:
            _write(json.dumps(answer.json, indent=2, allow_nan=False) + "\n")
        elif answer.refusal is None:
            _write(answer.text)
        if answer.refusal is not None:
            say(f"error: {one_line(answer.refusal)}")
        return answer.status if answer.refusal is None else 2
    except KeyboardInterrupt:
        say("Interrupted.")
        return 130
    except CryptoForecastError as error:
        status = 3 if isinstance(error, SourceUnavailable) else 2
        return _failed(error, f"error: {one_line(str(error))}", status)
    except Exception as error:  # the user gets one line, and the traceback only on request
        hint = " (CRYPTOFORECAST_DEBUG=1 shows where)"
        reason = f"{type(error).__name__}: {one_line(str(error))}"
        return _failed(error, f"unexpected error: {reason}{hint}", 1)


def _failed(error: Exception, line: str, status: int) -> int:
    if os.environ.get("CRYPTOFORECAST_DEBUG") == "1":
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


@contextlib.contextmanager
def _nothing_on_stdout() -> Iterator[None]:
    """Send to stderr what libraries print, including native code."""
    if sys.stdout is None or sys.stderr is None:
        yield
        return
    sys.stdout.flush()
    stdout = os.dup(1)
    try:
        os.dup2(2, 1)
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        os.dup2(stdout, 1)
        os.close(stdout)


def _write(text: str) -> None:
    """Write the result; a reader that closes the pipe (``| head``) is no failure."""
    if sys.stdout is None:
        return
    if isinstance(sys.stdout, io.TextIOWrapper):
        # The name of a file may have characters that the terminal cannot show.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        # The interpreter flushes again when it exits, and would fail a second time.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        if not isinstance(error, BrokenPipeError):
            raise
