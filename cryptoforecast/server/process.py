"""Sets up the process that serves: turns of threads, freed memory, open files.

Imports no other module of this package.
"""

from __future__ import annotations

import ctypes
import sys

#: Seconds for which a thread may hold the interpreter while others wait. An answer needs the
#: interpreter several times. With Python's default of 5 ms it would wait longer than it computes.
SWITCH_INTERVAL = 0.0001
#: Blocks of memory of at least so many bytes get a mapping of their own, which is given back to the
#: system as soon as the block is freed. With 1 MB, a forecast of 8,000 origins took a tenth longer,
#: because memory that was given back has to be requested again.
MIN_MAPPED_BYTES = 3 * 2**19
#: Free bytes that may stay at the end of a heap. 1 MB had the same cost as above.
MAX_FREE_BYTES = 4 * 2**20
#: Heaps that the threads share. Each heap keeps what was freed in the middle of it.
MAX_HEAPS = 2
#: Files and connections that this process may have open, where the system allows it.
MAX_FILES = 8_192

# Numbers of the options in <malloc.h>.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8


def set_up() -> None:
    """Prepare this process to serve; a second call changes nothing."""
    sys.setswitchinterval(SWITCH_INTERVAL)
    _limit_free_memory()
    max_open_files()


def max_open_files() -> int:
    """Return how many files this process may have open, after raising that number.

    A usual limit is 1,024, and a process may raise it to the hard limit of its user.
    """
    if sys.platform == "win32":
        return MAX_FILES
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MAX_FILES if hard == resource.RLIM_INFINITY else min(MAX_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        return most
    return MAX_FILES if soft == resource.RLIM_INFINITY else soft


def trim() -> None:
    """Give all freed memory back now; do nothing without glibc."""
    if sys.platform == "linux":
        library = ctypes.CDLL(None)
        if hasattr(library, "malloc_trim"):
            library.malloc_trim(0)


def _limit_free_memory() -> None:
    """Make glibc give freed memory back early; do nothing without glibc.

    By default, glibc raises the threshold of mappings up to 32 MB as large arrays come and go.
    These arrays then leave holes in the heaps, and glibc opens up to eight heaps for each core.
    """
    if sys.platform != "linux":
        return
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(_ARENA_MAX, MAX_HEAPS)
        library.mallopt(_MMAP_THRESHOLD, MIN_MAPPED_BYTES)
        library.mallopt(_TRIM_THRESHOLD, MAX_FREE_BYTES)
