"""A clock that can be set: a library that is loaded before the C library's own.

It adds an offset to the clock of one process, for Python and pandas alike; see ``environment``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SHIM = """
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
static long offset = 0;
void set_offset(long seconds) { offset = seconds; }
int clock_gettime(clockid_t clock, struct timespec *t) {
    int failed = syscall(SYS_clock_gettime, clock, t);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) t->tv_sec += offset;
    return failed;
}
int gettimeofday(struct timeval *restrict t, void *restrict zone) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    t->tv_sec = now.tv_sec;
    t->tv_usec = now.tv_nsec / 1000;
    return 0;
}
time_t time(time_t *t) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (t) *t = now.tv_sec;
    return now.tv_sec;
}
"""


def built(folder: Path) -> Path:
    """Build the library in a folder, or skip the test where that can't be done."""
    compiler = shutil.which("cc")
    if compiler is None or not sys.platform.startswith("linux"):
        pytest.skip("The shim needs a C compiler and Linux.")
    (folder / "clock.c").write_text(SHIM)
    command = [compiler, "-shared", "-fPIC", "-o", "clock.so", "clock.c"]
    subprocess.run(command, cwd=folder, check=True)
    return folder / "clock.so"


def environment(shim: Path) -> dict[str, str]:
    """Return the environment of a process whose clock can be set; it may ask local servers."""
    return {**os.environ, "LD_PRELOAD": str(shim), "NO_PROXY": "127.0.0.1"}
