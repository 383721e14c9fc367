"""The command line: ``python -m cryptoforecast COMMAND``.

The answer alone goes to stdout; progress, notes and refusals go to stderr. Status 0 done, 2 bad
input or refused, 1 unexpected, 130 interrupted.
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
from cryptoforecast.errors import CryptoForecastError
from cryptoforecast.service import Service
from cryptoforecast.settings import Settings

Result = TypeVar("Result")

#: Seconds an interrupted command gets to stop by itself.
GRACE = 0.5


def main(argv: Sequence[str] | None = None) -> int:
    """Carry out one command and return the exit status."""
    parser = options.parser()
    args = parser.parse_args(argv)
    try:
        if args.command is None:
            _write(parser.format_help())
            return 0
        if args.command == "app":
            return dashboard.serve(args.host, args.port)
        with _nothing_on_stdout():
            found = _interruptible(
                lambda cancelled: commands.answer(
                    Service(Settings.from_environment()), args, cancelled
                )
            )
        if args.json:
            _write(json.dumps(found.json, indent=2, allow_nan=False) + "\n")
        elif found.refusal is None:
            _write(found.text)
        if found.refusal is not None:
            say(f"error: {one_line(found.refusal)}")
        return 0 if found.refusal is None else 2
    except KeyboardInterrupt:
        say("Interrupted.")
        return 130
    except CryptoForecastError as error:
        return _failed(error, f"error: {one_line(str(error))}", 2)
    except Exception as error:
        # The last boundary: a person gets one line; the traceback is there for the asking.
        hint = " (CRYPTOFORECAST_DEBUG=1 shows where)"
        what = f"{type(error).__name__}: {one_line(str(error))}"
        return _failed(error, f"unexpected error: {what}{hint}", 1)


def _failed(error: Exception, line: str, status: int) -> int:
    if os.environ.get("CRYPTOFORECAST_DEBUG") == "1":
        say("".join(traceback.format_exception(error)))
    say(line)
    return status


def _interruptible(work: Callable[[Callable[[], bool]], Result]) -> Result:
    """Work in a second thread, so that Ctrl-C is heard whatever native code is busy.

    Raises:
        KeyboardInterrupt: at most ``GRACE`` seconds after Ctrl-C; the thread may still run, so
            the process should end.
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
    """Send to stderr what libraries print, native code included."""
    if sys.stdout is None or sys.stderr is None:
        yield
        return
    sys.stdout.flush()
    kept = os.dup(1)
    try:
        os.dup2(2, 1)
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def _write(text: str) -> None:
    """Write the answer; a reader who has seen enough (``| head``) is no failure."""
    if sys.stdout is None:
        return
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A file's name may hold what the terminal's encoding can't show.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        # The interpreter flushes again on its way out, and would complain once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        if not isinstance(error, BrokenPipeError):
            raise
