"""Do everything on a disk that is really full, for ``benchmarks.crashes``."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from benchmarks.crash_home import leftovers, prepare, snapshot
from benchmarks.crash_moments import Tally

#: Bytes that are free on the disk.
ROOM = (0, 4096, 8192, 12_288, 40_960)


def on_a_full_disk(
    name: str, folder: Path, run: Callable[[Path], int], refused: tuple[int, ...]
) -> Tally | None:
    """Do something with little or no room left.

    Args:
        name: What is done.
        folder: An empty folder; a small file system is mounted there.
        run: Does it in a process of its own and returns the exit status.
        refused: The statuses that are no foreign error.

    Returns:
        What was lost; ``None`` where no file system can be mounted.
    """
    tally = Tally()
    folder.mkdir(exist_ok=True)
    for room in ROOM:
        mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
        if subprocess.run(mount, stderr=subprocess.DEVNULL).returncode:
            return None
        try:
            home = folder / "home"
            prepare(home)
            before = snapshot(home)
            _fill(folder / "full", room)
            status = run(home)
            after = snapshot(home)
            problems = [] if status in refused else ["foreign error"]
            problems += [f"{key}: {value}" for key, value in after.items() if type(value) is str]
            problems += [f"left: {file}" for file in leftovers(home)]
            if not status and before == after:
                problems += [] if "cache" in name else ["nothing was done, and nobody was told"]
            tally.add(f"{name}, {room} bytes free", problems)
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
    return tally


def _fill(path: Path, room: int) -> None:
    """Write until the disk is full, then free some room."""
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            size = os.fstat(file.fileno()).st_size
    os.truncate(path, size // 4096 * 4096 - room)
