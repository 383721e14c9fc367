"""Read small files that unpack to something huge: each within 5 s and 150 MB, or it is refused.

Each file is read in a process of its own, as the Data page does it: the names of its columns, its
prices as they are, and its prices merged into hours. Measured are the CPU seconds of each of these,
and the peak of resident memory above the process that has imported everything. Linux alone, whose
``/proc`` knows the peak. Exits with 1 if a file breaks a bound, or an error is not ours.

    python -m benchmarks.bombs [--only TEXT] [--kinds text JSON archive Parquet Feather]
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import signal
import sys
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import pyarrow.compute
import pyarrow.csv
import pyarrow.parquet  # noqa: F401

from cryptoforecast.errors import CryptoForecastError
from cryptoforecast.prices import read
from cryptoforecast.prices.files.column_names import column_names
from cryptoforecast.settings import Settings
from tests.prices.files.bombs import bombs, good_rows
from tests.prices.files.text_bombs import text_bombs

MAX_SECONDS, MAX_MEGABYTES = 5.0, 150.0
# Candles that a session of the Data page may have.
MAX_CANDLES = Settings.session_candles
# CPU seconds after which a reading is ended, and memory that it can't go beyond.
_PATIENCE, _MEMORY = 60, 12_000_000_000


@dataclass(frozen=True)
class Outcome:
    """What became of one file.

    Attributes:
        seconds: Of the slowest of the three readings.
        megabytes: The peak above the process before.
        answer: Rows, or the refusal.
        ours: Whether it was read, or refused with an error of ours.
    """

    seconds: float
    megabytes: float
    answer: str
    ours: bool

    @property
    def good(self) -> bool:
        """Whether it is within the bounds."""
        return self.ours and self.seconds <= MAX_SECONDS and self.megabytes <= MAX_MEGABYTES


def main() -> int:
    """Read all files, print the table; return 1 if one breaks a bound."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", default="", help="a part of the names")
    parser.add_argument("--kinds", nargs="*", help="kinds of files")
    parser.add_argument("--rows", type=int, default=9_000_000, help="rows of Parquet and Feather")
    args = parser.parse_args()
    outcomes: dict[str, list[tuple[str, Outcome]]] = defaultdict(list)
    for kind, name, make in (*bombs(args.rows), *text_bombs()):
        if args.only in name and (not args.kinds or kind in args.kinds):
            content = make()
            outcome = measured(content)
            outcomes[kind].append((name, outcome))
            mark = " " if outcome.good else "!"
            print(
                f"{mark} {kind:8} {name:38.38} {len(content) / 1e6:7.2f} MB "
                f"{outcome.seconds:6.2f} s {outcome.megabytes:+6.0f} MB  {outcome.answer[:90]}",
                flush=True,
            )
    broken = [name for many in outcomes.values() for name, outcome in many if not outcome.good]
    print("\n| kind | files | read | slowest, s | most memory, MB | outside the bounds |")
    print("|---|---|---|---|---|---|")
    for kind, many in outcomes.items():
        results = [outcome for _, outcome in many]
        print(
            f"| {kind} | {len(many)} | {sum(one.answer.isdigit() for one in results)} "
            f"| {max(one.seconds for one in results):.2f} "
            f"| {max(one.megabytes for one in results):.0f} "
            f"| {sum(not one.good for one in results)} |"
        )
    print(f"{sum(map(len, outcomes.values()))} files, {len(broken)} outside the bounds")
    return int(bool(broken))


def measured(content: bytes) -> Outcome:
    """Read a file in a process of its own."""
    receiver, sender = os.pipe()
    child = os.fork()
    if not child:
        os.close(receiver)
        with os.fdopen(sender, "w") as answer:
            json.dump(_reading(content), answer)
        os._exit(0)
    os.close(sender)
    with os.fdopen(receiver) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    if not text:
        return Outcome(_PATIENCE, 0.0, "was ended", ours=False)
    return Outcome(*json.loads(text))


def _reading(content: bytes) -> tuple[float, float, str, bool]:
    """Read a file; return the seconds, the megabytes, the answer and whether it is ours."""
    signal.setitimer(signal.ITIMER_PROF, _PATIENCE)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    for sound in (good_rows(), b"[[1,1,1,1,1],[2,1,1,1,1]]"):
        _read(sound, "1h")
    before = _memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    slowest, answer, ours = 0.0, "", True
    for interval in ("names", None, "1h"):
        started = time.process_time()
        sentence, fine = _read(content, interval)
        slowest = max(slowest, time.process_time() - started)
        ours &= fine
        answer = sentence if interval is None or not fine else answer
    return slowest, _memory("VmHWM") - before, answer, ours


def _read(content: bytes, interval: str | None) -> tuple[str, bool]:
    try:
        if interval == "names":
            return str(len(column_names(content))), True
        return str(len(read(content, "x", interval=interval, max_candles=MAX_CANDLES))), True
    except CryptoForecastError as error:
        return f"{str(error).replace('x cannot be read. ', '')}", True
    except BaseException as error:  # what is looked for
        return f"{type(error).__name__}: {error}", False


def _memory(field: str) -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.findall(rf"{field}:\s+(\d+)", status)[0]) / 1024


if __name__ == "__main__":
    sys.exit(main())
