"""Every forecaster on every market: coins by horizons by forecasters, on real candles.

    python -m benchmarks.forecasters --data FOLDER [--coins BTC,ETH] [--intervals 1h]
                                     [--horizons 1,24] [--forecasters cone,lstm] [--fresh]

FOLDER holds the price files named in ``histories.FILES``; one that is absent is left out. Each cell
is what ``backtest --json`` gives with the same prices, network and horizon, all else at its
default: fitted on the first 80 %, scored on the last 20 %. Errors are relative to those of the last
price, and of the cone, on the same origins. A saved model is used as it is; where it may have seen
the test span the row says so, and a step before its last one has no verdict of its own.

A finished cell is stored in the home folder for the next run, until the code that makes it or the
prices change. ``--fresh`` computes it again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

from benchmarks import measure
from benchmarks.histories import FILES, read_one
from cryptoforecast.errors import UnknownModel
from cryptoforecast.forecasting import stack
from cryptoforecast.forecasting.baselines import BASELINES
from cryptoforecast.json_views import finite
from cryptoforecast.learning import specs, training_cache
from cryptoforecast.service import Service
from cryptoforecast.settings import ROOT, Settings
from cryptoforecast.types import Backtest, ModelSpec, PriceHistory, TrainedModel


@dataclass(frozen=True)
class Cell:
    """What came out for one forecaster; ``None`` where undefined.

    Attributes:
        origins: Origins of the test span.
        start: Day of the first of them.
        pinball: Pinball loss, log-return, at the step in question, as all figures are.
        mae: Mean absolute error, USD.
        price_beats: Whether the verdict says that it beats the last price; ``None`` for a step
            that the verdict is not of.
        band_beats: Whether the interval of its band's skill against the cone's is above 0.
        seen: Whether the model may have been fitted on the test span.
        verdict: The sentence of the verdict.
        seconds: Seconds of fit, forecasts and verdict.
    """

    origins: int
    start: str
    pinball: float | None
    pinball_naive: float | None
    pinball_cone: float | None
    mae: float | None
    mae_naive: float | None
    coverage_80: float | None
    coverage_95: float | None
    price_beats: bool | None
    band_beats: bool | None
    seen: bool
    verdict: str | None
    seconds: float


#: Coins by default; ``histories.FILES`` has their files.
COINS = ("BTC", "ETH", "BNB", "XRP", "LTC")
#: Steps ahead, by interval.
HORIZONS: Mapping[str, tuple[int, ...]] = {"1h": (1, 6, 24), "1d": (1, 7)}
#: One name a forecaster: a baseline, a network that is trained, the stack of an LSTM, or a saved
#: model.
FORECASTERS = (
    "naive", "cone", "drift", "har", "linear", "boosting",
    "dense", "lstm", "stack",
    "global-1h-lstm", "global-1d-lstm",
)  # fmt: skip
#: The network of the stack.
STACKED = "lstm"


@dataclass(frozen=True)
class Bench:
    """What answers a cell.

    Attributes:
        service: Tests the forecasters, as it does for the command line.
        folder: Folder of finished cells.
        version: Version of the code that makes them.
        fresh: Whether finished cells are computed again.
    """

    service: Service
    folder: Path
    version: str
    fresh: bool

    def cell(self, history: PriceHistory, who: str, horizon: int) -> Cell | None:
        """Return one cell, from the folder if it is there.

        Returns:
            ``None`` if a saved model is absent, or is of other candles or a shorter horizon.
        """
        if who in (*BASELINES, *specs.NETWORKS, stack.NAME):
            network = STACKED if who == stack.NAME else who
            spec = specs.make(network=network, horizon=horizon, rows=len(history))
            key = training_cache.key(history, spec, self.version, who)
            return self._finished(key) or self._new(key, history, who, horizon, spec)
        try:
            model = self.service.saved_models.load(who).model
        except UnknownModel:
            print(f"left out: no saved model is named {who}.", file=sys.stderr)
            return None
        if model.card.interval != history.interval or model.spec.horizon < horizon:
            return None
        key = training_cache.key(history, model.spec, self.version, model.card.created, horizon)
        return self._finished(key) or self._new(key, history, who, horizon, model)

    def _finished(self, key: str) -> Cell | None:
        path = self.folder / f"{key}.json"
        if self.fresh or not path.is_file():
            return None
        return Cell(**json.loads(path.read_text()))

    def _new(
        self,
        key: str,
        history: PriceHistory,
        who: str,
        horizon: int,
        model: ModelSpec | TrainedModel,
    ) -> Cell:
        label = f"{history.coin} {history.interval}, {horizon} ahead, {who}"
        print(f"{label} ...", file=sys.stderr, flush=True)
        began = time.perf_counter()
        if isinstance(model, ModelSpec):
            result = self.service.backtests.run(history, model)
        else:
            result = self.service.backtests.of_saved(history, model)
        name = who if who == stack.NAME else result.spec.network
        cell = figures(result, name, horizon, time.perf_counter() - began)
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{key}.json"
        path.with_suffix(".new").write_text(json.dumps(vars(cell)))
        path.with_suffix(".new").replace(path)
        return cell


def figures(result: Backtest, who: str, horizon: int, seconds: float) -> Cell:
    """Take what the table needs of one predictor out of a backtest, at one step of it."""
    own, naive, cone = (result.scores[name][horizon - 1] for name in (who, "naive", "cone"))
    verdict = result.verdicts[who] if horizon == result.spec.horizon else None
    return Cell(
        origins=len(result.forecasts["naive"]),
        start=f"{result.forecasts['naive'].origins[0]:%Y-%m-%d}",
        pinball=finite(own.pinball),
        pinball_naive=finite(naive.pinball),
        pinball_cone=finite(cone.pinball),
        mae=finite(own.mae),
        mae_naive=finite(naive.mae),
        coverage_80=finite(own.coverage_80),
        coverage_95=finite(own.coverage_95),
        price_beats=None if verdict is None else verdict.beats_baseline,
        band_beats=None if verdict is None else verdict.band_low > 0,
        seen=result.seen,
        verdict=None if verdict is None else verdict.sentence,
        seconds=seconds,
    )


def row(coin: str, interval: str, horizon: int, who: str, cell: Cell) -> dict[str, str]:
    """Write one cell as a row of the table."""
    return {
        "coin": coin,
        "ahead": f"{horizon} {interval[-1]}",
        "forecaster": who + (" (may have seen these candles)" if cell.seen else ""),
        "band error / last price's": _ratio(cell.pinball, cell.pinball_naive),
        "/ cone's": _ratio(cell.pinball, cell.pinball_cone),
        "MAE / last price's": _ratio(cell.mae, cell.mae_naive),
        "80 % band covers": _share(cell.coverage_80),
        "95 %": _share(cell.coverage_95),
        "price beats": _word(cell.price_beats),
        "band beats the cone's": _word(cell.band_beats),
    }


def wide(raw: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Put the band errors of one market and horizon in one row, the least in bold.

    A model that may have seen the candles is left out.
    """
    fair = [cell for cell in raw if not cell["seen"]]
    names = [name for name in dict.fromkeys(cell["forecaster"] for cell in fair) if name != "naive"]
    rows = []
    for market in dict.fromkeys((c["coin"], c["interval"], c["horizon"]) for c in fair):
        cells = {
            cell["forecaster"]: cell
            for cell in fair
            if (cell["coin"], cell["interval"], cell["horizon"]) == market
        }
        errors = {name: cell["pinball"] / cell["pinball_naive"] for name, cell in cells.items()}
        least = min(errors.values())
        texts = {
            name: f"**{error:.3f}**" if error == least else f"{error:.3f}"
            for name, error in errors.items()
        }
        own = cells.get("stack")
        covers = (
            "" if own is None else f"{_share(own['coverage_80'])}, {_share(own['coverage_95'])}"
        )
        rows.append(
            {"coin": market[0], "ahead": f"{market[2]} {market[1][-1]}"}
            | {name: texts.get(name, "") for name in names}
            | {"stack covers (80, 95 %)": covers}
        )
    return rows


def _ratio(one: float | None, other: float | None) -> str:
    return f"{one / other:.4f}" if one is not None and other else "–"


def _share(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


def _word(beats: bool | None) -> str:
    return "–" if beats is None else "yes" if beats else ""


def code_version() -> str:
    """Hash the source of what fits and judges."""
    digest = hashlib.sha256()
    for folder in ("learning", "forecasting", "evaluation"):
        for path in sorted((ROOT / "cryptoforecast" / folder).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _selected(args: argparse.Namespace) -> list[tuple[str, str]]:
    """Return interval and coin of the selected price files that exist."""
    markets = []
    for interval, coin in product(args.intervals, args.coins):
        file = args.data / FILES[interval].get(coin, f"{coin} {interval}")
        if file.is_file():
            markets.append((interval, coin))
        else:
            print(f"left out: {file} is not there.", file=sys.stderr)
    return markets


def main() -> None:
    """Ask every cell, print the table, write it with every figure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])

    def several(name: str, lengths: tuple[str, ...], text: str) -> None:
        parser.add_argument(
            f"--{name}",
            type=lambda words: tuple(words.split(",")),
            default=lengths,
            help=f"{text}, out of {', '.join(lengths)}",
        )

    parser.add_argument("--data", type=Path, required=True, help="folder of price files")
    several("coins", COINS, "coins")
    several("intervals", tuple(HORIZONS), "candle lengths")
    steps = dict.fromkeys(str(step) for lengths in HORIZONS.values() for step in lengths)
    several("horizons", tuple(steps), "steps ahead")
    parser.add_argument(
        "--forecasters", type=lambda words: tuple(words.split(",")), default=FORECASTERS,
        help=f"out of {', '.join(FORECASTERS)}, or the name of any saved model",
    )  # fmt: skip
    parser.add_argument("--fresh", action="store_true", help="leave finished cells aside")
    args = parser.parse_args()
    if not set(args.intervals) <= set(HORIZONS):
        parser.error(f"--intervals must be of {', '.join(HORIZONS)}. Received: {args.intervals}.")
    settings = replace(Settings.from_environment(os.environ), live=False)
    folder = settings.home / "benchmarks" / "forecasters"
    bench = Bench(Service(settings), folder, code_version(), args.fresh)
    rows, raw = [], []
    for interval, coin in _selected(args):
        history = read_one(args.data, interval, coin)
        for horizon in HORIZONS[interval]:
            for who in args.forecasters if str(horizon) in args.horizons else ():
                cell = bench.cell(history, who, horizon)
                if cell is not None:
                    rows.append(row(coin, interval, horizon, who, cell))
                    named = {"coin": coin, "interval": interval, "horizon": horizon}
                    raw.append({**named, "forecaster": who, **vars(cell)})
    if not rows:
        parser.error("No cell is left. Choose other coins, intervals, horizons or forecasters.")
    options = {
        name: ",".join(getattr(args, name))
        for name in ("coins", "intervals", "horizons", "forecasters")
        if getattr(args, name) != parser.get_default(name)
    }
    command = "python -m benchmarks.forecasters --data FOLDER"
    command += "".join(f" --{name} {words}" for name, words in options.items())
    measure.publish("forecasters", command, rows, raw)
    print(f"\nBand error / last price's, in short:\n\n{measure.table(wide(raw))}")


if __name__ == "__main__":
    main()
