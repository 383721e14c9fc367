"""Minutes of many years made into hours: against Polars, DuckDB and pandas, in one run.

    pip install -r benchmarks/requirements.txt
    python -m benchmarks.convert_minutes [--data FILE] [--repeats 5]

Without ``--data`` the files hold random prices in the layout of Kaggle's minute data: 3.55 and
7.6 million rows. *Stage* is reading and merging inside the process, for us with the quality
report; *whole* is the process from start to a Parquet file on disk, for us the command
``convert``.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks import measure

ROWS = (3_551_033, 7_600_000)
_START = 1_325_376_060
_PART = 200_000
_ROW = "{:d},{:.2f},{:.2f},{:.2f},{:.2f},{:.8g}\n"

_OURS = """
import json, sys, time
from pathlib import Path
from cryptoforecast.prices import read
began = time.perf_counter()
history = read(Path(sys.argv[1]), sys.argv[1], interval="1h")
print(json.dumps({"stage": time.perf_counter() - began, "rows": len(history)}))
"""
_POLARS = """
import json, sys, time
import polars as pl
began = time.perf_counter()
hour = (pl.col("Timestamp") // 3600 * 3600).cast(pl.Int64).alias("time")
hours = (
    pl.scan_csv(sys.argv[1]).group_by(hour)
    .agg(pl.col("Open").first(), pl.col("High").max(), pl.col("Low").min(),
         pl.col("Close").last(), pl.col("Volume").sum())
    .sort("time").collect(engine="streaming")
)
stage = time.perf_counter() - began
hours.write_parquet(sys.argv[2])
print(json.dumps({"stage": stage, "rows": len(hours)}))
"""
_DUCKDB = """
import json, sys, time
import duckdb
began = time.perf_counter()
database = duckdb.connect()
database.execute(
    "create table hours as select Timestamp // 3600 * 3600 as time, "
    "arg_min(Open, Timestamp) as open, max(High) as high, min(Low) as low, "
    "arg_max(Close, Timestamp) as close, sum(Volume) as volume "
    f"from read_csv('{sys.argv[1]}') group by 1 order by 1"
)
stage = time.perf_counter() - began
database.execute(f"copy hours to '{sys.argv[2]}' (format parquet)")
rows = database.execute("select count(*) from hours").fetchone()[0]
print(json.dumps({"stage": stage, "rows": rows}))
"""
_PANDAS = """
import json, sys, time
import pandas as pd
began = time.perf_counter()
minutes = pd.read_csv(sys.argv[1])
minutes.index = pd.to_datetime(minutes.pop("Timestamp"), unit="s", utc=True)
hours = minutes.resample("1h").agg(
    {"Open": "first", "High": "max", "Low": "min", "Close": "last", "Volume": "sum"}
)
stage = time.perf_counter() - began
hours.to_parquet(sys.argv[2])
print(json.dumps({"stage": stage, "rows": len(hours)}))
"""
_PEERS = {
    "Polars": ("polars", _POLARS),
    "DuckDB": ("duckdb", _DUCKDB),
    "pandas": ("pandas", _PANDAS),
}


def main() -> None:
    """Make the files, run the contenders in turns, print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, help="a minute file in Kaggle's layout, as plain CSV")
    parser.add_argument("--repeats", type=int, default=5, help="rounds")
    args = parser.parse_args()
    rows: list[dict[str, str]] = []
    raw: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file in [args.data] if args.data else _files(folder):
            figures, outcomes = _compare(file.resolve(), folder, args.repeats)
            rows += figures
            raw[file.name] = outcomes
            if not args.data:
                file.unlink()
    command = "python -m benchmarks.convert_minutes"
    measure.publish("convert_minutes", command, rows, raw)


def _files(folder: Path) -> Iterator[Path]:
    for rows in ROWS:
        path = folder / f"minutes_{rows}.csv"
        _write(path, rows)
        yield path


def _write(path: Path, rows: int) -> None:
    """Write random minutes: prices with 2 digits, as many without a trade as Kaggle's file has."""
    rng = np.random.default_rng(0)
    price = 100.0
    with path.open("w", encoding="ascii") as file:
        file.write("Timestamp,Open,High,Low,Close,Volume\n")
        for begin in range(0, rows, _PART):
            size = min(_PART, rows - begin)
            traded = rng.random(size) < 0.6
            close = price * np.exp(np.cumsum(rng.normal(0, 7e-4, size) * traded))
            open_ = np.r_[price, close[:-1]]
            high = np.maximum(open_, close) * (1 + rng.exponential(2e-4, size) * traded)
            low = np.minimum(open_, close) * (1 - rng.exponential(2e-4, size) * traded)
            volume = rng.exponential(5, size) * traded
            times = _START + 60 * np.arange(begin, begin + size)
            columns = (column.tolist() for column in (times, open_, high, low, close, volume))
            file.writelines(_ROW.format(*row) for row in zip(*columns, strict=True))
            # Stay near where prices can be, whatever the seed.
            price = float(np.clip(close[-1], 10, 100_000))


def _compare(
    file: Path, folder: Path, repeats: int
) -> tuple[list[dict[str, str]], dict[str, object]]:
    """Run every contender on one file."""
    to = folder / "hours.parquet"
    python = sys.executable
    commands: dict[str, list[str | Path]] = {
        "stage": [python, "-c", _OURS, file],
        "CryptoForecast": [python, "-m", "cryptoforecast", "convert", file,
                           "--interval", "1h", "--to", to, "--force", "--json"],
    }  # fmt: skip
    for name, (module, program) in _PEERS.items():
        if importlib.util.find_spec(module) is None:
            sys.exit(f"{name} is not installed: pip install -r benchmarks/requirements.txt")
        commands[name] = [python, "-c", program, file, to]
    outcomes = measure.rounds(commands, repeats)
    stage = {
        name: [one.output.get("stage", 0.0) for one in done] for name, done in outcomes.items()
    }
    stage["CryptoForecast"] = stage.pop("stage")
    whole = {name: [one.seconds for one in done] for name, done in outcomes.items()}
    rows = [
        {
            "file": f"{file.stat().st_size / 1e6:.0f} MB",
            "": name,
            "stage, s": measure.spread(stage[name]),
            "ours / theirs": f"{measure.ratio(stage['CryptoForecast'], stage[name]):.2f}",
            "whole, s": measure.spread(whole[name]),
            "ours / theirs ": f"{measure.ratio(whole['CryptoForecast'], whole[name]):.2f}",
            "peak, MB": measure.spread([one.megabytes for one in outcomes[name]], 0),
        }
        for name in ("CryptoForecast", *_PEERS)
    ]
    raw: dict[str, object] = {name: [vars(one) for one in done] for name, done in outcomes.items()}
    return rows, raw


if __name__ == "__main__":
    main()
