"""Cost against size: which stage grows how, from 1,000 to 1,000,000 candles.

    python -m benchmarks.scale [--repeats 3] [--largest 1000000]

Random minutes go the whole way: read from text, made into inputs, one epoch of the LSTM (preset
quick), the forecasts of the last fifth with exactly their own candles each, their figures, the
verdict, the chart. Each size runs in a process of its own; the table has medians, and the last
column the exponent b of seconds ~ candles^b between the two largest sizes. The plot is
``results/scale.html``.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from benchmarks import measure

SIZES = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)


def stages(size: int) -> dict[str, float]:
    """Run every stage once; return the seconds of each, and the peak of memory in MB."""
    from cryptoforecast import charts
    from cryptoforecast.evaluation import metrics, verdict
    from cryptoforecast.learning import baselines, features, inference, specs, training
    from cryptoforecast.prices import read

    text = _text(size)
    spent: dict[str, float] = {}
    with _timed(spent, "read"):
        history = read(text, "BTCUSD_1m.csv")
    del text
    spec = specs.make(epochs=2)
    with _timed(spent, "inputs"):
        features.matrix(history.candles, spec.features)
    with _timed(spent, "train"):
        model = training.train(history, spec)
    record = model.record
    spent["one epoch"] = record.curve[1].seconds - record.curve[0].seconds
    del spent["train"]
    cut = training.samples.split(history, spec)
    rows = cut.test_origins()
    with _timed(spent, "forecasts"):
        said = inference.forecast(model, history, rows)
    with _timed(spent, "baselines"):
        given = {
            name: baselines.BASELINES[name].fit(history, cut.test_start, 1).forecast(history, rows)
            for name in ("naive", "cone")
        }
    scale = metrics.naive_scale(history.candles["close"].to_numpy(), cut.train_end)
    with _timed(spent, "figures"):
        for forecast in (said, *given.values()):
            metrics.score(forecast, scale)
    with _timed(spent, "verdict"):
        verdict.judge(said, given["naive"])
    with _timed(spent, "chart"):
        charts.candles(history).to_json()
    spent["peak MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return spent


@contextmanager
def _timed(spent: dict[str, float], stage: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    spent[stage] = time.perf_counter() - began


def _text(size: int) -> bytes:
    """A price file of random minutes."""
    rng = np.random.default_rng(0)
    close = 30_000 * np.exp(np.cumsum(rng.normal(0, 5e-4, size)))
    frame = pd.DataFrame({"open": close, "high": close * 1.0004, "low": close * 0.9996})
    frame["close"], frame["volume"] = close, rng.exponential(5, size)
    frame.index = pd.Index(1_325_376_000 + 60 * np.arange(size), name="time")
    return frame.round(2).to_csv().encode()


def main() -> None:
    """Run every size in turns, print the table, write the plot."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3, help="rounds")
    parser.add_argument("--largest", type=int, default=SIZES[-1], help="candles at most")
    parser.add_argument("--stages", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.stages:
        print(json.dumps(stages(given.stages)))
        return
    sizes = [size for size in SIZES if size <= given.largest]
    commands = {
        f"{size:,}": [sys.executable, "-m", "benchmarks.scale", "--stages", str(size)]
        for size in sizes
    }
    found = measure.rounds(commands, given.repeats)
    raw = {name: [dict(one.said) for one in done] for name, done in found.items()}
    median = {
        stage: [statistics.median(one[stage] for one in raw[name]) for name in raw]
        for stage in raw[next(iter(raw))][0]
    }
    rows = [
        {"": stage, **{name: f"{value:.3g}" for name, value in zip(raw, values, strict=True)},
         "grows as n^b, b": f"{_exponent(sizes, values):.2f}"}
        for stage, values in median.items()
    ]  # fmt: skip
    measure.publish("scale", "python -m benchmarks.scale", rows, raw)
    path = measure.RESULTS / "scale.html"
    _plot(sizes, median).write_html(path, include_plotlyjs="cdn")
    print(f"The plot: {path.relative_to(measure.ROOT)}")


def _exponent(sizes: list[int], values: list[float]) -> float:
    if len(sizes) < 2:
        return math.nan
    return math.log(values[-1] / values[-2]) / math.log(sizes[-1] / sizes[-2])


def _plot(sizes: list[int], median: dict[str, list[float]]) -> go.Figure:
    figure = go.Figure()
    for stage, values in median.items():
        if stage != "peak MB":
            figure.add_scatter(x=sizes, y=values, name=stage, mode="lines+markers")
    figure.update_layout(
        title="Seconds against candles, medians",
        xaxis={"type": "log", "title": "candles"},
        yaxis={"type": "log", "title": "seconds"},
        width=900,
        height=560,
    )
    return figure


if __name__ == "__main__":
    main()
