"""What the stack costs beyond its members: CPU seconds of forecasts on simulated hours.

    python -m benchmarks.stack_speed [--rows 71000]

The shipped global network and HAR forecast the last fifth of the hours for 24 steps, first each by
itself and then as a stack, which returns the forecasts of both as well. Likewise the next steps
from the last hour alone, where only those of the stack are wanted. The smallest of several runs
counts, since other programs can only add to the time. The network learnt from real prices, so all
simulated hours are new to it.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import pandas as pd

from benchmarks import measure
from cryptoforecast.forecasting.bands import RollingBand
from cryptoforecast.forecasting.baselines import BASELINES
from cryptoforecast.forecasting.calibration import CALIBRATION_ROWS
from cryptoforecast.forecasting.network import NetworkPredictor
from cryptoforecast.forecasting.stack import Stack
from cryptoforecast.learning import bundles, specs
from cryptoforecast.prices.simulation.market import DEFAULT, EPOCH, simulate
from cryptoforecast.settings import ROOT
from cryptoforecast.types import PriceHistory

RUNS = 5


def main() -> None:
    """Time the members, the stack and the next steps."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=71_000, help="hours of the market")
    args = parser.parse_args()
    end = EPOCH + pd.Timedelta(hours=args.rows)
    history = simulate("BTC", end=end, now=end, parameters=DEFAULT, seed=0)
    test = range(len(history) * 4 // 5, len(history) - 24)
    rows = [
        _row("last fifth", history, test),
        _row("next steps", history, history.last_row),
    ]
    command = f"python -m benchmarks.stack_speed --rows {args.rows}"
    measure.publish("stack_speed", command, rows, rows)


def _row(name: str, history: PriceHistory, rows: range) -> dict[str, str]:
    model = bundles.load(ROOT / "models" / "global-1h-lstm")
    band = RollingBand(specs.needs(model.spec) - 1, CALIBRATION_ROWS + 1)
    network = NetworkPredictor(model, band)

    def har() -> None:
        BASELINES["har"].fit(history, rows.start, model.spec.horizon).forecast(history, rows)

    def stack() -> None:
        fitted = BASELINES["har"].fit(history, rows.start, model.spec.horizon)
        whole = Stack(network, (fitted,))
        (whole.with_members if len(rows) > 1 else whole.alone)(history, rows)

    alone, other, whole = (
        _seconds(work) for work in (lambda: network.forecast(history, rows), har, stack)
    )
    return {
        "forecasts": name,
        "origins": f"{len(rows):,}",
        "network, s": f"{alone:.3f}",
        "HAR, s": f"{other:.3f}",
        "stack, s": f"{whole:.3f}",
        "stack / members": f"{whole / (alone + other):.2f}",
    }


def _seconds(work: Callable[[], object]) -> float:
    """Return the fewest CPU seconds that work takes; the first run, which warms up, is left out."""
    work()
    taken = []
    for _ in range(RUNS):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return min(taken)


if __name__ == "__main__":
    main()
