"""What reading three bombs at once costs everyone else.

    python -m benchmarks.bombs_at_once [--seconds 60] [--rate 20]

Three users upload one bomb after the other to the Data page of one server: files of every format
that are small and would unpack to something huge. Meanwhile predictions are asked for at a steady
rate, and another user opens the landing page. The limits: a page within 3 s, 99 of 100 predictions
within 100 ms, at most 600 MB of memory. Exits with 1 if one is broken. Linux alone, whose ``/proc``
knows the memory.
"""

from __future__ import annotations

import argparse
import itertools
import json
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks import measure, server
from benchmarks.page_client import PageClient
from benchmarks.pages import NO_XSRF
from tests.prices.files.bombs import bombs

MAX_PAGE_SECONDS, MAX_P99, MAX_MEGABYTES = 3.0, 100.0, 600.0
USERS = 3
#: Every so many of the bombs are uploaded, so that each format is among them.
EVERY = 6
#: Larger files are left out, because they are not small.
MAX_BYTES = 15_000_000
#: Seconds between two uploads of one user.
PAUSE = 1.0


@dataclass
class Uploads:
    """Users who upload bombs until they are told to stop.

    Attributes:
        files: The bombs.
        count: How many were uploaded and answered.
        failures: What went wrong for a user.
    """

    files: Sequence[bytes]
    count: int = 0
    failures: list[str] = field(default_factory=list)
    _end: threading.Event = field(default_factory=threading.Event)

    def run(self, url: str, first: int) -> None:
        """Be one user after the other, the first with the bomb of this number."""
        try:
            for place in itertools.count(first):
                if self._end.is_set():
                    break
                with PageClient(url, 120) as tab:
                    tab.open("data")
                    tab.upload("upload", "prices.csv", self.files[place % len(self.files)])
                self.count += 1
                self._end.wait(PAUSE)
        except Exception as error:  # reported with the results
            self.failures.append(repr(error))

    def stop(self) -> None:
        """Let each user finish the upload that is under way, and leave."""
        self._end.set()


def main() -> int:
    """Upload, predict and open pages; return 1 if a limit is broken."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rate", type=int, default=20, help="predictions a second")
    args = parser.parse_args()
    files = [file for _, _, make in list(bombs())[::EVERY] if len(file := make()) <= MAX_BYTES]
    with server.app(NO_XSRF) as one:
        _page(one.url)
        quiet = _paced(one.port, 5, args.rate)
        before = one.megabytes()
        uploads = Uploads(files)
        users = [
            threading.Thread(target=uploads.run, args=(one.url, i * len(files) // USERS))
            for i in range(USERS)
        ]
        for user in users:
            user.start()
        pages: list[float] = []
        user = threading.Thread(target=_visit, args=(one.url, args.seconds, pages))
        user.start()
        busy = _paced(one.port, args.seconds, args.rate)
        user.join()
        uploads.stop()
        for user in users:
            user.join()
        peak = one.peak()
    row = {
        "bombs answered": f"{uploads.count}",
        "p99 before, ms": f"{quiet['p99']:.1f}",
        "p99, ms": f"{busy['p99']:.1f}",
        "worst, ms": f"{busy['worst']:.1f}",
        "worst page, s": f"{max(pages):.1f}",
        "memory before, MB": f"{before:.0f}",
        "peak memory, MB": f"{peak:.0f}",
    }
    print(measure.table([row]))
    print("\n".join(uploads.failures), file=sys.stderr)
    in_bounds = max(pages) <= MAX_PAGE_SECONDS and busy["p99"] <= MAX_P99 and peak <= MAX_MEGABYTES
    return int(not in_bounds or bool(uploads.failures))


def _paced(port: int, seconds: float, rate: int) -> dict[str, float]:
    """Ask for predictions from a process of its own."""
    command = [sys.executable, "-m", "benchmarks.load", str(port), "pace", str(seconds), str(rate)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


def _visit(url: str, seconds: float, taken: list[float]) -> None:
    """Open the landing page again and again, each time as a new user."""
    end = time.perf_counter() + seconds
    while (began := time.perf_counter()) < end:
        _page(url)
        taken.append(time.perf_counter() - began)
        time.sleep(1)


def _page(url: str) -> None:
    with PageClient(url, 60) as tab:
        tab.open()


if __name__ == "__main__":
    sys.exit(main())
