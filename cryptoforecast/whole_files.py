"""Files that are there as a whole or not at all, whenever the process is killed or power is cut.

A file is written under another name and then renamed. While a process writes a file, it holds a
lock on it. The operating system releases the lock when the process ends, in whatever way, so that
a file that a killed process left can be told from one that is still being written. No reader waits
for a lock.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

#: The names of temporary files: short enough in any folder, and nobody else's.
TEMPORARY = ".cryptoforecast-*.tmp"
#: Seconds after which a file is abandoned where the file system has no locks.
ABANDONED_AFTER = 3600.0


def replace(path: Path, write: Callable[[Path], object]) -> os.stat_result:
    """Write a file under another name, then rename it to ``path``.

    Args:
        path: The file to make; an existing one is replaced.
        write: Writes the content to the path that it is called with.

    Returns:
        What identifies the new file, even if another process replaces it at once.

    Raises:
        OSError: If it can't be written. A file that was there is unchanged.
    """
    with create(temporary_names(path.parent)) as file:
        try:
            write(Path(file.name))
            status = os.fstat(file.fileno())
            publish(file, path)
        finally:
            with contextlib.suppress(OSError):
                Path(file.name).unlink(missing_ok=True)
    return status


def check_writable(folder: Path) -> None:
    """Write a file and remove it, which is the one sure sign that a folder can be written to.

    The file is closed first, because Windows removes no open file. From then on it is no longer
    locked, so that another process may have removed it as ``tidy`` does.

    Raises:
        OSError: If it can't.
    """
    with create(temporary_names(folder)) as file:
        path = Path(file.name)
    path.unlink(missing_ok=True)


def create(names: Iterable[Path]) -> BinaryIO:
    """Make a new file, locked until it is closed, under the first name that is free.

    Args:
        names: The names to try.

    Raises:
        FileExistsError: If no name is free.
        OSError: If the file can't be made.
    """
    for path in names:
        with contextlib.suppress(FileExistsError):
            file = path.open("xb")
            if lock(file):
                return file
            file.close()  # another process took it for abandoned in this moment
    raise FileExistsError(f"No name is free: {names}")


def temporary_names(folder: Path) -> Iterator[Path]:
    """Give names of temporary files, which ``tidy`` removes when nobody writes them any more."""
    return (folder / TEMPORARY.replace("*", uuid.uuid4().hex) for _ in itertools.count())


def publish(file: BinaryIO, path: Path, *, overwrite: bool = True) -> None:
    """Rename a file of ``create`` to ``path``, so that it is there even after a power cut.

    Args:
        file: A file in the folder of ``path``, wholly written. It stays locked until it is closed.
        path: Its name from now on.
        overwrite: Whether a file of this name is replaced.

    Raises:
        FileExistsError: If ``overwrite`` is false and there is such a file.
        OSError: If it can't be renamed.
    """
    sync(file)
    name = Path(file.name)
    if sys.platform == "win32":
        file.close()  # no open file can be renamed there
    if overwrite:
        name.replace(path)
    else:
        _rename_to_free_name(name, path)
    sync_folder(path.parent)


def sync(file: BinaryIO) -> None:
    """Wait until the content of a file is on the disk."""
    file.flush()
    os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk, where a system can say so."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def tidy(folder: Path, pattern: str = TEMPORARY) -> None:
    """Remove the temporary files of a folder that no process is writing any more.

    Args:
        folder: The folder; it need not exist.
        pattern: The names of temporary files.
    """
    with contextlib.suppress(OSError):
        for path in folder.glob(pattern):
            remove_unused(path)


def remove_unused(path: Path, is_needed: Callable[[], bool] = lambda: False) -> None:
    """Remove a file unless a process is writing it, or it is needed.

    Args:
        path: A file of ``create``, open nowhere else in this thread.
        is_needed: Is asked when no process can be writing the file any more.
    """
    with contextlib.suppress(OSError):
        if not path.is_file():
            return
        if sys.platform == "win32":
            if not is_needed():
                path.unlink()  # fails if a process has the file open
            return
        with path.open("r+b") as file:
            if lock(file, is_mine=False) and not is_needed():
                path.unlink()


def lock(file: BinaryIO, *, is_mine: bool = True) -> bool:
    """Lock an open file; return whether it is this process's alone and still has its name.

    Args:
        file: The file; its lock ends when it is closed.
        is_mine: The answer where the file system has no locks, unless the file is old.
    """
    if sys.platform == "win32":
        return True
    import fcntl

    status = os.fstat(file.fileno())
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return is_mine or time.time() - status.st_mtime > ABANDONED_AFTER
    try:
        return os.path.samestat(status, Path(file.name).stat())
    except FileNotFoundError:
        return False


def _rename_to_free_name(name: Path, path: Path) -> None:
    try:
        os.link(name, path)  # unlike renaming, this fails if there is such a file
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if os.path.lexists(path):
            raise FileExistsError(f"{path} exists") from None
        name.replace(path)
    else:
        name.unlink()
