"""A PostgreSQL server of the tests' own, from the installed binaries."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

#: Where the packages of a system put the server, which is not on the path.
FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin")


def missing() -> str:
    """Return why no server can be started; empty where one can."""
    if _binaries() is None:
        return "needs a PostgreSQL server: install postgresql"
    try:
        import psycopg  # noqa: F401
    except ImportError:
        return "needs psycopg"
    if os.geteuid() == 0 and _owner() is None:
        return "PostgreSQL does not run as root, and there is no user postgres"
    return ""


@contextlib.contextmanager
def server() -> Iterator[str]:
    """Start a server that only this machine's sockets reach, and return its socket's folder."""
    binaries, owner = _binaries(), _owner() if os.geteuid() == 0 else None
    assert binaries is not None
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    if owner is not None:
        shutil.chown(folder, owner)

    def run(name: str, *options: str) -> None:
        subprocess.run(
            [str(binaries / name), *options], check=True, user=owner, cwd="/",
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60,
        )  # fmt: skip

    data = str(folder / "data")
    try:
        run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C",
            "--no-sync")  # fmt: skip
        quick = f"-k {folder} -c listen_addresses= -c fsync=off -c max_connections=40"
        run("pg_ctl", "-D", data, "-o", quick, "-l", str(folder / "log"), "-w", "start")
        try:
            yield str(folder)
        finally:
            run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> Path | None:
    folders = sorted(path for pattern in FOLDERS for path in Path("/").glob(pattern[1:]))
    return next((path for path in reversed(folders) if (path / "initdb").exists()), None)


def _owner() -> str | None:
    with contextlib.suppress(KeyError):
        return pwd.getpwnam("postgres").pw_name
    return None
