"""How well the seconds and the memory of a training are estimated before it starts.

    python -m benchmarks.effort [--seconds 20]

Trains networks of very different shapes, each in a process of its own and for some seconds, and
compares the whole time that they would take, and the memory at their peak, with the estimates on
which refusals rest. The constants of ``cryptoforecast/service/effort.py`` were fitted to it.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import measure
from cryptoforecast.errors import Cancelled
from cryptoforecast.learning import specs, training
from cryptoforecast.prices import frames
from cryptoforecast.service import effort, memory
from cryptoforecast.types import Monitor, PriceHistory, Progress

#: Candles, preset, network and changed settings.
CASES: list[tuple[int, str, str, dict[str, object]]] = [
    (8760, "classic", "lstm", {}),
    (17500, "quick", "lstm", {"batch_size": 256}),
    (17500, "quick", "lstm", {"training": "windows"}),
    (17500, "quick", "lstm", {"training": "windows", "lookback": 200, "units": (64,)}),
    (17500, "quick", "lstm", {"units": (256,)}),
    (17500, "quick", "lstm", {"units": (256, 256), "batch_size": 256}),
    (17500, "quick", "lstm", {"units": (16, 16, 16, 16)}),
    (17500, "quick", "lstm", {"lookback": 400, "chunk": 200}),
    (17500, "quick", "lstm", {"training": "windows", "units": (512,)}),
    (17500, "quick", "dense", {"units": (512, 512), "lookback": 500}),
    (200_000, "quick", "lstm", {"horizon": 48}),
    (1_000_000, "quick", "lstm", {}),
    (1_000_000, "quick", "dense", {"horizon": 24}),
]


def walk(rows: int) -> PriceHistory:
    """Return random minutes."""
    random = np.random.default_rng(0)
    close = 100 * np.exp(np.cumsum(random.normal(0, 1e-3, rows)))
    wick = 1 + random.uniform(0, 1e-3, rows)
    times = pd.date_range("2020-01-01", periods=rows, freq="min", tz="UTC", name="time")
    columns = {"open": close, "high": close * wick, "low": close / wick, "close": close}
    frame = pd.DataFrame({**columns, "volume": random.uniform(1, 9, rows)}, index=times)
    return frames.read(frame, coin="BTC", interval="1m", source="random")


def case(number: int, seconds: float) -> dict[str, float]:
    """Train for some seconds; return measured and estimated seconds and memory of the whole."""
    rows, preset, network, changes = CASES[number]
    spec = specs.make(preset, network, rows=rows, volume=True, **changes)
    training.train(walk(1000), specs.make(rows=1000, epochs=1))  # loads TensorFlow
    history = walk(rows)
    Path("/proc/self/clear_refs").write_text("5", "ascii")  # the peak begins anew
    before, began = memory.used(), time.monotonic()
    seen: list[Progress] = []
    try:
        monitor = Monitor(seen.append, lambda: time.monotonic() - began > seconds)
        training.train(history, spec, monitor)
    except Cancelled:
        pass
    first, last = seen[0], seen[-1]
    expected = effort.of_training(spec, rows)
    return {
        "seconds": (last.seconds - first.seconds) / max(last.done - first.done, 1e-9),
        "expected_seconds": expected.seconds,
        "megabytes": _peak() - before,
        "expected_megabytes": expected.megabytes,
    }


def _peak() -> float:
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) / 1e3 for line in lines if line.startswith("VmHWM"))


def main() -> None:
    """Measure every case, and print it beside the estimate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="for each training")
    parser.add_argument("--case", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.case is not None:
        print(json.dumps(case(args.case, args.seconds)))
        return
    print("| training | seconds | estimate | ratio | MB | estimate | ratio |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for number, (rows, preset, network, changes) in enumerate(CASES):
        command = [sys.executable, "-m", "benchmarks.effort", "--case", str(number)]
        text = measure.run([*command, "--seconds", str(args.seconds)]).output
        words = " ".join(f"{name} {value}" for name, value in changes.items())
        cells = [f"{preset} {network}, {rows:,} candles {words}".rstrip()]
        for unit in ("seconds", "megabytes"):
            real, expected = text[unit], text[f"expected_{unit}"]
            cells += [f"{real:,.0f}", f"{expected:,.0f}", f"{expected / max(real, 1):.2f}"]
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
