"""Progress on stderr: one line that updates on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import contextlib
import io
import shutil
import sys
import time
from typing import TYPE_CHECKING, TextIO, cast

if TYPE_CHECKING:
    from cryptoforecast.types import Progress, TeamProgress

#: Seconds between two lines where stderr is not a terminal.
LINE_EVERY = 5.0
#: Characters of a message, at most: the text that it quotes may have any length.
LINE_LENGTH = 600

_stream: io.TextIOBase | None = None


def one_line(message: str) -> str:
    """Put a message on one line of printable characters."""
    from cryptoforecast.texts import printable

    return printable(" ".join(message.split())[:LINE_LENGTH])


def write_to(stream: io.TextIOBase | None) -> None:
    """Send messages to this stream; ``None`` for stderr."""
    global _stream
    _stream = stream


def _messages() -> TextIO | None:
    """Return the stream of messages; ``None`` if stderr is closed."""
    return cast("TextIO | None", sys.stderr if _stream is None else _stream)


def say(text: str, end: str = "\n") -> None:
    """Write a message to stderr; the work goes on if stderr is closed."""
    stream = _messages()
    if stream is not None:
        with contextlib.suppress(OSError, ValueError):
            print(text, end=end, file=stream, flush=True)


class Line:
    """One line on stderr that updates on a terminal; a line now and then elsewhere.

    Args:
        stream: The line updates if this is a terminal; stderr by default.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        stream = stream or _messages()
        self._terminal = stream is not None and stream.isatty()
        self._shown = time.monotonic()
        self._open = False

    def show(self, text: str) -> None:
        """Show the text; off a terminal at most every ``LINE_EVERY`` seconds."""
        if self._terminal:
            width = shutil.get_terminal_size().columns - 1
            say("\r\x1b[K" + text[:width], end="")
            self._open = True
        elif time.monotonic() - self._shown >= LINE_EVERY:
            self._shown = time.monotonic()
            say(text)

    def close(self) -> None:
        """End the updating line, so that the next message starts on a new one."""
        if self._open:
            self._open = False
            say("")


class Reading(Line):
    """Shows how much of a file has been read.

    Args:
        name: Name of the file.
        stream: See ``Line``.
    """

    def __init__(self, name: str, stream: TextIO | None = None) -> None:
        super().__init__(stream)
        self._name = one_line(name)
        self._percent = -1

    def __call__(self, share: float) -> None:
        percent = int(100 * share)
        if percent != self._percent:
            self._percent = percent
            self.show(f"Reading {self._name}: {percent} %")


class Meter(Line):
    """Shows the progress of a training.

    Args:
        title: Describes the training.
        stream: See ``Line``.
        part: What one of several fits is called.
    """

    def __init__(self, title: str, stream: TextIO | None = None, part: str = "fold") -> None:
        super().__init__(stream)
        self._title, self._part = one_line(title), part

    def __call__(self, progress: Progress) -> None:
        self.show(self.line(progress))

    def line(self, progress: Progress) -> str:
        """Describe progress; after the last update the network is tested."""
        if hasattr(progress, "workers"):
            return self._of_all(cast("TeamProgress", progress))
        fold = f"{self._part} {progress.fold} of {progress.folds}, " if progress.folds > 1 else ""
        parts = [f"{self._title}: {fold}epoch {progress.epoch} of {progress.epochs}"]
        if progress.curve:
            last = progress.curve[-1]
            parts.append(f"loss {last.loss:.4g}, validation {last.val_loss:.4g}")
        parts.append(f"{progress.seconds:.0f} s")
        if progress.done >= 1:
            parts.append("trained; testing it now")
        else:
            parts += _remaining(progress)
        return ", ".join(parts)

    def _of_all(self, progress: TeamProgress) -> str:
        """Describe the progress of several workers together."""
        several = "s" if progress.workers != 1 else ""
        parts = [
            f"{self._title}: {progress.finished} of {progress.folds} done",
            f"{progress.workers} worker{several}",
            f"{progress.seconds:.0f} s",
            *_remaining(progress),
        ]
        return ", ".join(parts)


def _remaining(progress: Progress) -> list[str]:
    """Estimate the seconds left; nothing at the start and at the end."""
    if not 0.02 < progress.done < 1:
        return []
    seconds = progress.seconds * (1 - progress.done) / progress.done
    return [f"about {seconds:.0f} s left"]
