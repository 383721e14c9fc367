"""How long the lists take with many saved models: command line, Models page, model selector.

python -m benchmarks.saved_models 10 200 2000
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import time
from pathlib import Path

from benchmarks import page_client, server
from cryptoforecast.settings import ROOT

#: Runs of a page after its first one; the fastest is printed.
RUNS = 3


def main() -> None:
    """Measure with each number of saved models, and print a row for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("counts", type=int, nargs="+", help="saved models of the user's own")
    print(
        "| saved models | `models list` s | Models page, first s | again s | Forecast page s | MB |"
    )
    print("| --- | --- | --- | --- | --- | --- |")
    for count in parser.parse_args().counts:
        print(_row(count), flush=True)


def _row(count: int) -> str:
    with server.app() as app:
        home = _home(app.pid)
        _fill(home, count)
        began = time.perf_counter()
        command = [sys.executable, "-m", "cryptoforecast", "models", "list", "--json"]
        subprocess.run(
            command, cwd=ROOT, env={"CRYPTOFORECAST_HOME": str(home)}, stdout=subprocess.DEVNULL,
            check=True,
        )  # fmt: skip
        listed = time.perf_counter() - began
        with page_client.PageClient(app.url) as user:
            first = user.open("models").seconds
            again = min(user.rerun().seconds for _ in range(RUNS))
            user.open()
            forecast = min(user.rerun().seconds for _ in range(RUNS))
        return (
            f"| {count:,} | {listed:.2f} | {first:.2f} | {again:.3f} | {forecast:.3f} "
            f"| {app.megabytes():.0f} |"
        )


def _home(pid: int) -> Path:
    environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    variable = next(one for one in environment if one.startswith(b"CRYPTOFORECAST_HOME="))
    return Path(variable.partition(b"=")[2].decode())


def _fill(home: Path, count: int) -> None:
    """Save copies of a shipped model under names of their own."""
    for number in range(count):
        shutil.copytree(ROOT / "models" / "global-1h-lstm", home / "models" / f"copy-{number:05d}")


if __name__ == "__main__":
    main()
