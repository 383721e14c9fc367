"""Read many damaged files and noise: each must give candles or one of our errors.

Damages small files in every known layout and, given a folder, the beginnings of real files. Prints
how many were read and refused, the slowest, and the growth of memory. Exits with 1 after a failure,
and prints the seed that repeats it.

    python benchmarks/fuzz_import.py --inputs 20000 --data FOLDER
"""

from __future__ import annotations

import argparse
import gzip
import random
import resource
import sys
import time
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from cryptoforecast.errors import CryptoForecastError  # noqa: E402
from cryptoforecast.prices.files.price_file import read  # noqa: E402
from tests.prices.files import samples  # noqa: E402
from tests.prices.files.damage import damaged, noise  # noqa: E402

_HEAD = 40_000
_SLOW = 10.0
_GROWTH_MB = 400


def good_files(folder: Path | None) -> list[bytes]:
    """Return small files in every layout, and the beginnings of the real files in a folder."""
    hours, days = samples.candles("1h", 40), samples.candles("1d", 40)
    files = [make(hours) for make in samples.HOURLY.values()]
    files += [make(days) for make in samples.DAILY.values()]
    for path in sorted(folder.rglob("*.*")) if folder else []:
        if path.suffix == ".parquet":
            continue
        with path.open("rb") as packed:
            if path.suffix == ".gz":
                with gzip.GzipFile(fileobj=packed) as stream:
                    files.append(stream.read(_HEAD).rpartition(b"\n")[0])
            else:
                files.append(packed.read(_HEAD).rpartition(b"\n")[0])
    return files


def memory() -> float:
    """Return the peak resident memory so far, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> int:
    """Read the inputs; return 1 if any failed, was slow, or took much memory."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--inputs", type=int, default=2000)
    parser.add_argument("--data", type=Path, help="folder of real price files")
    parser.add_argument("--seed", type=int, default=0, help="first of the seeds")
    args = parser.parse_args()
    good = good_files(args.data)
    counts = {"read": 0, "refused": 0}
    slowest, failures = 0.0, 0
    for content in good[:40]:
        _read(content)
    before = memory()
    for seed in range(args.seed, args.seed + args.inputs):
        dice = random.Random(seed)
        content = noise(dice) if dice.random() < 0.25 else damaged(dice.choice(good), dice)
        started = time.monotonic()
        try:
            counts["read" if _read(content) else "refused"] += 1
        except Exception:  # the failure looked for: shown, counted, and the exit status
            failures += 1
            print(f"seed {seed}: {traceback.format_exc(limit=-3)}", flush=True)
        slowest = max(slowest, time.monotonic() - started)
    grown = memory() - before
    print(
        f"{args.inputs:,} inputs: {counts['read']:,} read, {counts['refused']:,} refused, "
        f"{failures} failed; slowest {slowest:.2f} s; peak memory grew by {grown:.0f} MB"
    )
    return int(failures > 0 or slowest > _SLOW or grown > _GROWTH_MB)


def _read(content: bytes) -> bool:
    """Read a file; return whether it gave candles."""
    try:
        read(content, "prices.csv")
    except CryptoForecastError:
        return False
    return True


if __name__ == "__main__":
    raise SystemExit(main())
