"""Models renewed every month beside a frozen one, on twelve months of hours.

    python -m benchmarks.renewal --data FOLDER [--horizon 1] [--coin BTC]

A small network learns from the two years before the last twelve months of the history. One copy of
it stays as it is. Another is renewed at the start of every month as ``retrain`` does: on the last
two years, warm or fresh, and it is replaced only if the test of ``evaluation.renewal`` allows it.
Both forecast every hour of the month. Their mean pinball losses over all months are compared.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import histories, measure
from cryptoforecast.evaluation import losses, renewal, walk_forward
from cryptoforecast.evaluation.comparison import compare
from cryptoforecast.evaluation.difference_text import difference_text
from cryptoforecast.forecasting import network
from cryptoforecast.learning import samples, specs, training
from cryptoforecast.types import Array, PriceHistory, Split, TrainedModel

#: Hours that a training reads, and share of the rows before a month that correct its bands.
ROWS, VALIDATION = 2 * 8760, 0.16
FEATURES = ("scaled_return", "scaled_move", "scaled_range", "short_range", "long_range", "hour")


def part(history: PriceHistory, first: int, stop: int) -> PriceHistory:
    """Return some rows of a history."""
    return dataclasses.replace(history, candles=history.candles.iloc[max(0, first) : stop])


def fit(history: PriceHistory, cut: Split, model: TrainedModel, *, fresh: bool) -> TrainedModel:
    """Train a challenger as ``RenewalService`` does."""
    spec = model.spec if fresh else walk_forward.shortened(model.spec)
    raw = samples.raw_samples(part(history, 0, cut.fit_end), spec)
    result = training.fit(history, spec, cut, raw, initial=None if fresh else model)
    return dataclasses.replace(result, spec=model.spec)


def losses_of(history: PriceHistory, model: TrainedModel, begins: pd.Timestamp) -> Array:
    """Return the pinball loss of each hour from a time on, at the last step."""
    start, horizon = int(history.candles.index.searchsorted(begins)), model.spec.horizon
    cut = Split(len(history), round(start * (1 - VALIDATION)), start, horizon)
    forecast = network.for_test(model, cut).forecast(history, cut.test_origins())
    return losses.of_metric(forecast, "pinball", horizon)


def month(
    history: PriceHistory, begins: pd.Timestamp, ends: pd.Timestamp, horizon: int
) -> PriceHistory:
    """Return a month and the rows before it; targets of its last hours lie in the next one."""
    first, stop = (int(history.candles.index.searchsorted(time)) for time in (begins, ends))
    return part(history, first - ROWS, stop + horizon)


def months_of(history: PriceHistory, count: int) -> list[pd.Timestamp]:
    """Return the starts of the last months, and the end of the last one."""
    end = history.closes_at.normalize().replace(day=1)
    return [end - pd.DateOffset(months=count - i) for i in range(count + 1)]


def renewed(
    history: PriceHistory, model: TrainedModel, months: list[pd.Timestamp], *, fresh: bool
) -> tuple[list[Array], int]:
    """Renew a model every month; return its losses and how often it was replaced."""
    opens, result, replaced = history.candles.index, [], 0
    for begins, ends in pairwise(months):
        now = int(opens.searchsorted(begins))
        if begins != months[0]:
            past = part(history, now - ROWS, now)
            cut = renewal.split(past, model.spec, model.card)
            challenger = fit(past, cut, model, fresh=fresh)
            since = past.candles.index[cut.test_start]
            contest = renewal.compete([past], model, challenger, since)
            passed = contest.difference.low > -renewal.MARGIN
            replaced += passed
            model = challenger if passed else model
            print(
                f"{begins:%Y-%m} {'fresh' if fresh else 'warm'}: {contest.difference.skill:+.4f} "
                f"({contest.difference.low:+.4f} to {contest.difference.high:+.4f}), "
                f"{'replaced' if passed else 'kept'}",
                flush=True,
            )
        result.append(losses_of(month(history, begins, ends, model.spec.horizon), model, begins))
    return result, replaced


def main() -> int:
    """Run the months three times: frozen, warm and fresh."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of price files")
    parser.add_argument("--coin", default="BTC")
    parser.add_argument("--horizon", type=int, default=1)
    parser.add_argument("--months", type=int, default=12)
    args = parser.parse_args()
    began = time.perf_counter()
    history = samples.in_one_unit(histories.read_one(args.data, "1h", args.coin))
    months = months_of(history, args.months)
    now = int(history.candles.index.searchsorted(months[0]))
    spec = specs.make(features=FEATURES, units=(16,), horizon=args.horizon)
    past = part(history, now - ROWS, now)
    # All candles before the first month, none of which is compared.
    cut = Split(len(past), round(0.8 * len(past)), len(past), spec.horizon, samples.gaps(past))
    model = training.fit(past, spec, cut, samples.raw_samples(past, spec))
    frozen = np.concatenate([
        losses_of(month(history, *ends, spec.horizon), model, ends[0]) for ends in pairwise(months)
    ])  # fmt: skip
    rows: list[dict[str, str]] = []
    raw: list[dict[str, object]] = []
    for fresh in (False, True):
        own, replaced = renewed(history, model, months, fresh=fresh)
        joined = np.concatenate(own)
        difference = compare({"renewed": joined}, frozen, spec.horizon)["renewed"]
        start = "fresh" if fresh else "warm"
        error = difference_text(difference.skill, difference.low, difference.high, "frozen")
        print(f"{start}: {error}; replaced {replaced} of {args.months - 1} times", flush=True)
        rows.append({
            "start": start, "replaced": f"{replaced} of {args.months - 1}",
            "pinball, 1e-4": f"{1e4 * joined.mean():.4f}",
            "frozen, 1e-4": f"{1e4 * frozen.mean():.4f}", "error": error,
        })  # fmt: skip
        raw.append({"start": start, "hours": len(joined), **dataclasses.asdict(difference)})
    print(f"{months[0]:%Y-%m-%d} to {months[-1]:%Y-%m-%d}, {time.perf_counter() - began:.0f} s")
    command = f"python -m benchmarks.renewal --data FOLDER --horizon {args.horizon}"
    measure.publish(f"renewal_{args.horizon}", command, rows, raw)
    return 0


if __name__ == "__main__":
    sys.exit(main())
