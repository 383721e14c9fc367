"""How much memory the process may use, and whether large work fits into it."""

from __future__ import annotations

import contextlib
import math
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from cryptoforecast.errors import InvalidInput

#: Work of more megabytes is done one at a time: together it might not fit, although each does.
LARGE = 100.0
_MEGABYTE = 1e6
_CGROUPS = Path("/sys/fs/cgroup")


class Memory:
    """The memory of this process.

    Args:
        limit: Megabytes that the process may use; ``None`` for what the system allows it.
    """

    def __init__(self, limit: float | None = None) -> None:
        self._limit = allowed() if limit is None else limit
        self._one_large = threading.Lock()
        self._reserved = 0.0
        self._counter = threading.Lock()

    @property
    def free(self) -> float:
        """The megabytes that are neither used nor reserved; infinite if unknown."""
        return math.inf if self._limit is None else max(0.0, self._limit - used() - self._reserved)

    def check(self, what: str, megabytes: float, remedy: str) -> None:
        """Refuse work that can't fit into the memory, before it starts.

        Args:
            what: Names the work, such as "A training".
            megabytes: What the work needs beyond what the process uses already.
            remedy: What the user can do, a sentence.

        Raises:
            InvalidInput: If that is more than there is.
        """
        free = None if self._limit is None else max(0.0, self._limit - used())
        if free is not None and megabytes > free:
            raise InvalidInput(
                f"{what} must fit into the memory, of which {free:,.0f} MB are free. Received: "
                f"one that needs about {megabytes:,.0f} MB. {remedy}"
            )

    @contextlib.contextmanager
    def reserved(self, what: str, megabytes: float, remedy: str) -> Iterator[None]:
        """Check that work fits, and reserve its memory until the context ends.

        Work of more than ``LARGE`` megabytes first waits until no other such work runs.

        Raises:
            InvalidInput: See ``check``.
        """
        with self._one_large if megabytes > LARGE else contextlib.nullcontext():
            self.check(what, megabytes, remedy)
            self._reserve(megabytes)
            try:
                yield
            finally:
                self._reserve(-megabytes)

    def _reserve(self, megabytes: float) -> None:
        with self._counter:
            self._reserved += megabytes


def allowed(proc: Path = Path("/proc/self/cgroup"), cgroups: Path = _CGROUPS) -> float | None:
    """Return the megabytes that the system lets this process use; ``None`` where it is unknown.

    That is the smallest of the limits of its control groups (version 2 or 1) and of the memory of
    the machine.

    Args:
        proc: The file that names the control groups of the process.
        cgroups: The folder in which their limits are.
    """
    limits = [*_limits(proc, cgroups), *_physical()]
    return min(limits) / _MEGABYTE if limits else None


def used() -> float:
    """Return the megabytes that this process holds now; 0 where it is unknown."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return _peak()
    return pages * os.sysconf("SC_PAGE_SIZE") / _MEGABYTE


def _limits(proc: Path, cgroups: Path) -> Iterator[int]:
    """Yield the limits of the control groups that the process is in, in bytes."""
    try:
        lines = proc.read_text("utf-8").splitlines()
    except (OSError, ValueError):
        return
    for line in lines:
        _, controllers, own = (*line.split(":", 2), "", "")[:3]
        if controllers == "":
            folder, name = cgroups, "memory.max"
        elif "memory" in controllers.split(","):
            folder, name = cgroups / "memory", "memory.limit_in_bytes"
        else:
            continue
        # In a container, the group may be the root itself, or the path may be one that only exists
        # outside. So every folder up to the root is read.
        path = folder / own.strip("/")
        for group in (path, *path.parents):
            with contextlib.suppress(OSError, ValueError):
                yield int((group / name).read_text("ascii"))
            if group == folder:
                break


def _physical() -> Iterator[int]:
    with contextlib.suppress(AttributeError, OSError, ValueError):
        yield os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _peak() -> float:
    """Return the most megabytes that the process has held; 0 where it is unknown."""
    try:
        import resource
    except ImportError:
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (_MEGABYTE if sys.platform == "darwin" else 1e3)
