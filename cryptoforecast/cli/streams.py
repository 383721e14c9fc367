"""What reaches which stream: results alone on stdout, our own messages alone on stderr.

``-`` as the name of a file stands for standard input or output.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from cryptoforecast.cli import progress, tables
from cryptoforecast.errors import InvalidInput

#: The name of standard input and output.
STANDARD = Path("-")
#: The options that name files to write, and the ending that each has on standard output.
OUTPUTS = {"to": ".csv", "paths": ".csv", "forecasts": ".csv", "html": ".html"}
#: The variable that, set to 1, lets libraries write to stderr and shows where a failure was.
DEBUG = "CRYPTOFORECAST_DEBUG"


@contextlib.contextmanager
def ours_alone() -> Iterator[None]:
    """Keep what libraries print, native code included, out of both streams.

    ``progress.say`` still reaches stderr. With ``DEBUG``, what libraries print does too.
    """
    if sys.stdout is None or sys.stderr is None:
        yield
        return
    sys.stdout.flush()
    sys.stderr.flush()
    copies = os.dup(1), os.dup(2)
    with contextlib.ExitStack() as stack:
        tables.fit(_width())
        stack.callback(tables.fit, None)
        stack.callback(_restore, copies)
        if os.environ.get(DEBUG) == "1":
            os.dup2(2, 1)
            stack.enter_context(contextlib.redirect_stdout(sys.stderr))
        else:
            progress.write_to(_own_stderr(copies[1]))
            stack.callback(progress.write_to, None)
            nowhere = stack.enter_context(Path(os.devnull).open("w"))
            os.dup2(nowhere.fileno(), 1)
            os.dup2(nowhere.fileno(), 2)
            stack.enter_context(contextlib.redirect_stdout(nowhere))
            stack.enter_context(contextlib.redirect_stderr(nowhere))
        yield


def _restore(copies: tuple[int, int]) -> None:
    for number, copy in enumerate(copies, start=1):
        os.dup2(copy, number)
        os.close(copy)


def _own_stderr(copy: int) -> io.TextIOBase:
    """Return a stream for our messages while stderr itself leads nowhere."""
    try:
        is_real = sys.stderr.fileno() == 2
    except (OSError, ValueError):  # a stream of its own, as in tests
        is_real = False
    if not is_real:
        return cast(io.TextIOBase, sys.stderr)
    return open(copy, "w", encoding=sys.stderr.encoding, errors="backslashreplace", closefd=False)


def _width() -> int | None:
    """Return the columns that tables must fit: those of the terminal, if stdout is one."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


@contextlib.contextmanager
def standard_output(args: argparse.Namespace) -> Iterator[Path | None]:
    """Replace ``-`` among the files to write by a temporary file.

    Args:
        args: The options; the one that is ``-`` is changed.

    Yields:
        The temporary file, whose content is the result; ``None`` without ``-``.

    Raises:
        InvalidInput: If two results would go to standard output.
    """
    named = [name for name in OUTPUTS if getattr(args, name, None) == STANDARD]
    if not named:
        yield None
        return
    if len(named) > 1 or args.json:
        other = "--json" if args.json else f"--{named[1]} -"
        raise InvalidInput(
            f"Standard output takes one result. Received: --{named[0]} - and {other}. Name a file "
            "for one of them."
        )
    with tempfile.TemporaryDirectory() as folder:
        ending = OUTPUTS[named[0]]
        if args.command == "models":
            ending = ".zip" if args.format is None else f".{args.format}"
        path = Path(folder, f"stdout{ending}")
        setattr(args, named[0], path)
        yield path


def write(content: str | bytes) -> None:
    """Write the result; a reader that closes the pipe (``| head``) is no failure."""
    if sys.stdout is None:
        return
    if isinstance(sys.stdout, io.TextIOWrapper):
        # The name of a file may have characters that the terminal cannot show.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        if isinstance(content, bytes):
            sys.stdout.buffer.write(content)
        else:
            sys.stdout.write(content)
        sys.stdout.flush()
    except OSError as error:
        # The interpreter flushes again when it exits, and would fail a second time.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        if not isinstance(error, BrokenPipeError):
            raise
