"""What further members or other constants would do to the stack, on validation rows alone.

    pip install -r benchmarks/requirements.txt
    python -m benchmarks.stack_choices --data FOLDER [--coins BTC,ETH] [--horizons 6,24]

FOLDER holds the hourly files named in ``histories.FILES``. The last 20 % of each history, on which
the published tables are, are left out. The network and the baselines are fitted on the first part
of the rest, and the forecasts of its last 20 % are scored at the last step. Trees and GARCH stand
beside HAR as further members, then constants are changed one at a time. Errors are mean pinball
losses, relative to those of the last price with a constant band.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import numpy as np

import cryptoforecast as cf
from benchmarks import histories, measure
from benchmarks.garch import Garch
from cryptoforecast.evaluation import losses
from cryptoforecast.forecasting import band_width, baselines, level_factors, network, stack
from cryptoforecast.learning import samples
from cryptoforecast.types import Forecast, PriceHistory

HORIZONS = (6, 24)
#: Sets of members beside the network; the first is that of the stack.
MEMBERS = (("har",), ("har", "boosting"), ("har", "garch"), ("har", "boosting", "garch"))
#: Constants, and what is tried in their place.
CONSTANTS: tuple[tuple[ModuleType, str, tuple[object, ...]], ...] = (
    (stack, "PENALTIES", ((100.0, 20.0), (1_000.0, 20.0), (300.0, 5.0), (300.0, 300.0))),
    (level_factors, "SHRINKAGE", (100.0, 1_000.0)),
    (level_factors, "LARGE_SHRINKAGE", (50.0, 1_600.0)),
    (band_width, "SPANS", ((1, 4, 24, 168), (24, 168), (8, 24, 168, 672, 2_016))),
)


@dataclasses.dataclass(frozen=True)
class Market:
    """Forecasts of one coin and horizon.

    Attributes:
        history: The candles that all of them read.
        burn_in: First rows, which only give outcomes.
        network: The network's, as ``stack.combined`` takes them.
        others: Those of the other members by name, from the same rows.
        reference: Mean pinball loss of the last price with a constant band.
    """

    history: PriceHistory
    burn_in: int
    network: Forecast
    others: Mapping[str, Forecast]
    reference: float

    def error(self, names: Sequence[str]) -> float:
        """Combine the network with these members, and return the relative band error."""
        members = [self.network, *(self.others[name] for name in names)]
        forecast, _, _ = stack.combined(members, self.history, self.burn_in)
        return _loss(forecast) / self.reference


def market(history: PriceHistory, horizon: int) -> Market:
    """Fit every member on the first part of a history, and let it forecast the rest."""
    model = cf.backtest(cf.Prices(history), "lstm", horizon=horizon).model
    if model is None:
        raise RuntimeError("A backtest of a network gives a model. Received: none.")
    split = samples.split(history, model.spec, trained=True)
    predictor, rows = network.for_test(model.network, split), split.test_origins()
    earlier = predictor.with_burn_in(rows)
    # The burn-in gives outcomes, so the trees may not have learnt from it either.
    trees = baselines.BASELINES["boosting"].fit(history, split.train_end, horizon)
    har, naive = (baselines.fit({name}, history, split)[0] for name in ("har", "naive"))
    others = {each.name: each.forecast(history, earlier) for each in (har, trees, Garch(horizon))}
    own = predictor.uncalibrated_forecast(history, earlier)
    reference = _loss(naive.forecast(history, rows))
    return Market(history, len(earlier) - len(rows), own, others, reference)


def variants() -> Iterator[tuple[str, Sequence[str]]]:
    """Name each variant and its members; while one is out, its constant is in force."""
    for members in MEMBERS:
        yield f"members lstm, {', '.join(members)}", members
    for module, name, values in CONSTANTS:
        for value in values:
            with _replaced(module, name, value):
                yield f"{module.__name__.rpartition('.')[2]}.{name} = {value}", MEMBERS[0]


@contextmanager
def _replaced(module: ModuleType, name: str, value: object) -> Iterator[None]:
    before = getattr(module, name)
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, before)


def _loss(forecast: Forecast) -> float:
    last = forecast.actual_returns[:, -1], forecast.quantiles[:, -1]
    return float(np.nanmean(losses.pinball_of_origins(*last)))


def main() -> None:
    """Forecast every market, combine each in every way, print and write the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of price files")
    parser.add_argument("--coins", default=",".join(histories.FILES["1h"]))
    parser.add_argument("--horizons", default=",".join(map(str, HORIZONS)))
    args = parser.parse_args()
    horizons, coins = [*map(int, args.horizons.split(","))], args.coins.split(",")
    markets = {}
    for coin, horizon in itertools.product(coins, horizons):
        print(f"{coin}, {horizon} ahead ...", file=sys.stderr, flush=True)
        whole = samples.in_one_unit(histories.read_one(args.data, "1h", coin))
        known = dataclasses.replace(whole, candles=whole.candles.iloc[: int(0.8 * len(whole))])
        markets[coin, horizon] = market(known, horizon)
    results = [
        {"variant": name, "horizon": horizon}
        | {coin: markets[coin, horizon].error(members) for coin in coins}
        for name, members in variants()
        for horizon in horizons
    ]
    rows = [
        {"variant": each["variant"], "horizon": f"{each['horizon']} h"}
        | {coin: f"{each[coin]:.4f}" for coin in coins}
        | {"mean": f"{np.mean([each[coin] for coin in coins]):.4f}"}
        for each in results
    ]
    measure.publish(
        "stack_choices", "python -m benchmarks.stack_choices --data FOLDER", rows, results
    )


if __name__ == "__main__":
    main()
