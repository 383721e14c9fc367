"""Cost against size: which stage grows how, from 1,000 to 1,000,000 candles.

    python -m benchmarks.scale [--repeats 3] [--largest 1000000] [--budget 120]

Random minutes go the whole way: read from text, made into inputs, one epoch of the LSTM (preset
quick), the forecasts of the last fifth with exactly their own candles each, the quick baselines
and the boosted trees fitted and applied to the same origins, their figures, the verdict, the chart.
Each size runs in a process of its own, once a small round has loaded the libraries. A stage that is
expected to take longer than the budget is left out from that size on (a dash), and a size that
takes longer is measured fewer times. The table has medians, and its last column the exponent b of
seconds ~ candles^b between the largest size and a hundredth of it. The plot is
``results/scale.svg``.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import statistics
import sys
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
import pandas as pd

from benchmarks import measure, plot
from cryptoforecast.types import Forecast

SIZES = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
#: The exponent is taken between the largest size and one so many times smaller.
DECADES = 100
#: Of the small round.
WARM_UP = 3_000
PEAK = "peak MB"
#: What the training that an epoch is taken from costs: two epochs, their validation, tracing.
EPOCHS_PAID = 4


def stages(size: int, skip: Collection[str]) -> dict[str, float]:
    """Run every stage once but those in ``skip``, after a small round that loads the libraries.

    Returns:
        The seconds of each, and the peak of memory in MB.
    """
    _walk(WARM_UP, {"one epoch"})
    spent = _walk(size, skip)
    spent[PEAK] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return spent


def _walk(size: int, skip: Collection[str]) -> dict[str, float]:
    from cryptoforecast import charts
    from cryptoforecast.evaluation import scores, verdict
    from cryptoforecast.forecasting import baselines
    from cryptoforecast.learning import features, inference, samples, specs, training
    from cryptoforecast.prices import read

    text = _text(size)
    spent: dict[str, float] = {}
    with _timed(spent, "read"):
        history = read(text, "BTCUSD_1m.csv")
    del text
    spec = specs.make(rows=size, epochs=2)
    cut = samples.split(history, spec)
    rows = cut.test_origins()
    with _timed(spent, "inputs"):
        features.matrix(history.candles, spec.features)
    if "one epoch" not in skip:
        model = training.train(history, spec)
        first, second = model.record.curve
        spent["one epoch"] = second.seconds - first.seconds
        if "forecasts" not in skip:
            with _timed(spent, "forecasts"):
                inference.forecast(model, history, rows)

    def forecasts(names: Sequence[str]) -> list[Forecast]:
        kinds = (baselines.BASELINES[name] for name in names)
        return [kind.fit(history, cut.test_start, 1).forecast(history, rows) for kind in kinds]

    with _timed(spent, "baselines"):
        quick = forecasts(baselines.QUICK)
    if "boosted trees" not in skip:
        with _timed(spent, "boosted trees"):
            forecasts(["boosting"])
    scale = scores.naive_scale(history.candles["close"].to_numpy(), cut.train_end)
    with _timed(spent, "figures"):
        for forecast in quick:
            scores.score(forecast, scale)
    naive, cone, *_, last = quick
    with _timed(spent, "verdict"):
        verdict.judge(last, naive, cone)
    with _timed(spent, "chart"):
        charts.candles(history).to_json()
    return spent


@contextmanager
def _timed(spent: dict[str, float], stage: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    spent[stage] = time.perf_counter() - began


def _text(size: int) -> bytes:
    """Make a price file of random minutes."""
    rng = np.random.default_rng(0)
    close = 30_000 * np.exp(np.cumsum(rng.normal(0, 5e-4, size)))
    frame = pd.DataFrame({"open": close, "high": close * 1.0004, "low": close * 0.9996})
    frame["close"], frame["volume"] = close, rng.exponential(5, size)
    frame.index = pd.Index(1_325_376_000 + 60 * np.arange(size), name="time")
    return frame.round(2).to_csv().encode()


def measured(
    sizes: Sequence[int], repeats: int, budget: float
) -> dict[int, list[Mapping[str, float]]]:
    """Run every size, the small ones first, as often as the budget allows."""
    outcomes: dict[int, list[Mapping[str, float]]] = {}
    skip: set[str] = set()
    for size in sizes:
        command = [sys.executable, "-m", "benchmarks.scale", "--stages", str(size)]
        command += ["--skip", ",".join(sorted(skip))]
        done: list[measure.Outcome] = []
        while len(done) < repeats and sum(one.seconds for one in done) <= 2 * budget:
            print(f"{size:,} candles, round {len(done) + 1} ...", file=sys.stderr, flush=True)
            done.append(measure.run(command))
        outcomes[size] = [one.output for one in done]
        larger = [other for other in sizes if other > size]
        if larger:
            skip |= _too_long(_medians(outcomes[size]), larger[0] / size, budget)
    return outcomes


def _too_long(seconds: Mapping[str, float], times: float, budget: float) -> set[str]:
    """Name the stages that are expected to be over the budget with so many times the candles."""
    paid = {"one epoch": EPOCHS_PAID, PEAK: 0}
    long = {name for name, value in seconds.items() if value * times * paid.get(name, 1) > budget}
    return long | ({"forecasts"} if "one epoch" in long else set())


def _medians(rounds: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {stage: statistics.median(one[stage] for one in rounds) for stage in rounds[0]}


def main() -> None:
    """Run every size, print the table, write the plot."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3, help="rounds, at most")
    parser.add_argument("--largest", type=int, default=SIZES[-1], help="candles at most")
    parser.add_argument("--budget", type=float, default=120.0, help="seconds a stage may take")
    parser.add_argument("--stages", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--skip", default="", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.stages:
        print(json.dumps(stages(args.stages, args.skip.split(","))))
        return
    sizes = [size for size in SIZES if size <= args.largest]
    if not sizes:
        parser.error(f"--largest must be at least {SIZES[0]}. Received: {args.largest}.")
    outcomes = measured(sizes, args.repeats, args.budget)
    medians = {size: _medians(rounds) for size, rounds in outcomes.items()}
    series = {
        stage: {size: median[stage] for size, median in medians.items() if stage in median}
        for stage in medians[sizes[0]]
    }
    rows = [
        {
            "seconds": stage,
            **{f"{size:,}": _number(by[size]) if size in by else "–" for size in sizes},
            "b": f"{_exponent(by):.2f}",
        }
        for stage, by in series.items()
    ]
    command = f"python -m benchmarks.scale --repeats {args.repeats} --budget {args.budget:g}"
    measure.publish(
        "scale", command, rows, {f"{size}": rounds for size, rounds in outcomes.items()}
    )
    path = measure.RESULTS / "scale.svg"
    slowest = sorted(series, key=lambda stage: -max(series[stage].values()))
    lines = {stage: series[stage] for stage in slowest if stage != PEAK}
    path.write_text(plot.lines(lines, "candles", "seconds"), encoding="utf-8")
    print(f"The plot: {path.relative_to(measure.ROOT)}")


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}"


def _exponent(by: Mapping[int, float]) -> float:
    """Compute the slope of the logarithms over the last ``DECADES``, or over what there is."""
    size = max(by)
    before = min((other for other in by if other >= size / DECADES), default=size)
    if before == size:
        return math.nan
    return math.log(by[size] / by[before]) / math.log(size / before)


if __name__ == "__main__":
    main()
