"""Do alarms come as often as their threshold promises, on real prices and on simulated ones?

    python -m benchmarks.anomalies --data FOLDER

Every candle is compared with the forecast that was made one candle before, as on the Anomalies
page. A threshold promises that one candle in so many raises an alarm; *alarms* is how many there
were over how many were promised, with the 95 % interval from the counts of weeks (for days: of
quarters), all coins together, because coins jump together. *Spike rule* is the same of a plain
rule: a move beyond as many standard deviations of the 100 moves before as would keep the promise
if moves were normal. *Together* is the same of the surprises of 24 hours (for days: 7) taken
together.

Real hours are those of five coins after all that the network, ``btc-1h-dense``, has learnt from.
Real days are the last fifth of each coin's history, with a network that was trained on the other
coins before it. Simulated prices are many markets of the embedded kind, with the shipped models.
How the tails are measured was chosen on earlier hours of the same coins and on other markets.

Besides the table it writes ``cryptoforecast/evaluation/anomaly_rates.json``, which the page shows.
FOLDER holds ``hourly/`` and ``daily/``; see ``histories``.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import histories, leave_one_out, measure
from cryptoforecast.evaluation import anomalies
from cryptoforecast.learning import samples
from cryptoforecast.prices.simulation.market import simulate
from cryptoforecast.service import Service
from cryptoforecast.settings import Settings
from cryptoforecast.types import (
    AlarmRate,
    Array,
    PriceHistory,
    Surprises,
    candles_a_month,
)

#: What is counted for the table besides the thresholds that the page offers: 1 in so many.
ALSO = {"1h": (1000,), "1d": ()}
#: The network of real hours, and that of simulated candles.
REAL_MODEL, SIMULATED_MODEL = "btc-1h-dense", "global-{}-lstm"
#: Simulated markets: the seed of the first, and the end of their prices.
FIRST_SEED, END = 8000, pd.Timestamp("2026-01-01", tz="UTC")
BLOCKS = {"1h": "W", "1d": "Q"}
PAGE_RATES = Path(anomalies.__file__).with_name("anomaly_rates.json")

Row = dict[str, str]


@dataclass(frozen=True)
class Market:
    """The surprises of one history, from a time on."""

    surprises: Surprises
    since: pd.Timestamp

    def flags(self, alarms: float) -> pd.DataFrame:
        """Mark what fires at each candle that is counted: ``alarms``, ``spikes``, ``together``."""
        alerts = anomalies.find(self.surprises, alarms)
        has_value = np.isfinite(self.surprises.rarity) & (self.surprises.closes_at > self.since)
        together = np.nan_to_num(self.surprises.rarity_together) >= alerts.threshold
        table = pd.DataFrame(
            {"alarms": alerts.alarms, "spikes": alerts.spikes, "together": together},
            index=self.surprises.closes_at,
        )
        return table[has_value]


def main() -> None:
    """Measure, print the table, and write the rates that the page shows."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of price files")
    parser.add_argument("--interval", nargs="+", default=list(ALSO), choices=ALSO)
    parser.add_argument("--markets", type=int, default=20, help="simulated ones")
    args = parser.parse_args()
    service = Service(Settings.from_environment())
    rows, raw = [], {}
    shown = json.loads(PAGE_RATES.read_text("utf-8"))
    for interval in args.interval:
        real_markets = histories.read_all(args.data, interval)
        real = list(_real(service, real_markets) if interval == "1h" else _real_days(real_markets))
        simulated = list(_simulated(service, interval, args.markets))
        kinds = {"real": real, "simulated": simulated}
        titles = {
            "real": ", ".join(each.surprises.history.coin for each in real),
            "simulated": f"{len(simulated)} simulated markets",
        }
        month = candles_a_month(interval)
        offered = anomalies.choices(interval)
        shown[interval] = {
            f"{alarms:g}": {
                kind: dataclasses.asdict(_rate(markets, alarms, titles[kind]))
                for kind, markets in kinds.items()
            }
            for alarms in offered
        }
        rates = sorted({*(month / each for each in offered), *ALSO[interval]})
        raw[interval] = {kind: _counts(markets, rates) for kind, markets in kinds.items()}
        rows += [_row(interval, rate, kinds) for rate in rates]
    PAGE_RATES.write_text(json.dumps(shown, indent=1) + "\n", encoding="utf-8")
    measure.publish("anomalies", "python -m benchmarks.anomalies --data FOLDER", rows, raw)


def _real(service: Service, markets: Sequence[PriceHistory]) -> Iterator[Market]:
    """Yield real hours, judged after all that the network has learnt from."""
    model = service.saved_models.load(REAL_MODEL).model
    since = pd.Timestamp(model.card.cutoff) + markets[0].candle_length
    for history in markets:
        yield Market(anomalies.surprises(history, model), since)


def _real_days(markets: Sequence[PriceHistory]) -> Iterator[Market]:
    """Yield real days, each coin judged with a network that knows the other coins' past alone."""
    for history in markets:
        model = leave_one_out.trained_without(history, markets)
        begins = samples.split(history, model.spec).test_start
        yield Market(anomalies.surprises(history, model), history.candles.index[begins])


def _simulated(service: Service, interval: str, markets: int) -> Iterator[Market]:
    model = service.saved_models.load(SIMULATED_MODEL.format(interval)).model
    for seed in range(FIRST_SEED, FIRST_SEED + markets):
        history = simulate("BTC", interval, end=END, seed=seed)
        yield Market(anomalies.surprises(history, model), history.start)


def _rate(markets: Sequence[Market], alarms: float, prices: str) -> AlarmRate:
    """Count over all markets, for the page."""
    tables = [each.flags(alarms) for each in markets]
    candles = sum(map(len, tables))
    month = candles_a_month(markets[0].surprises.history.interval)
    return AlarmRate(
        prices=prices,
        candles=candles,
        start=min(table.index[0] for table in tables).isoformat(),
        end=max(table.index[-1] for table in tables).isoformat(),
        expected=round(candles * alarms / month, 2),
        alarms=sum(int(table["alarms"].sum()) for table in tables),
        spikes=sum(int(table["spikes"].sum()) for table in tables),
    )


def _counts(markets: Sequence[Market], rates: Sequence[float]) -> list[dict[str, object]]:
    """Count each market by itself, for the result file."""
    counts: list[dict[str, object]] = []
    for number, market in enumerate(markets):
        history = market.surprises.history
        name = f"{history.coin} {number}" if history.simulated else history.coin
        for rate in rates:
            table = market.flags(candles_a_month(history.interval) / rate)
            figures = {key: int(table[key].sum()) for key in table}
            counts.append({"prices": name, "one in": rate, "candles": len(table), **figures})
    return counts


def _row(interval: str, rate: float, kinds: dict[str, list[Market]]) -> Row:
    """Write how often each rule fired at one threshold, over how often it should."""
    row = {"candles": interval, "one in": f"{rate:,.0f}"}
    for kind, markets in kinds.items():
        tables = [each.flags(candles_a_month(interval) / rate) for each in markets]
        promised = sum(map(len, tables)) / rate
        row[f"promised, {kind}"] = f"{promised:,.0f}"
        row[f"alarms, {kind}"] = _with_interval(tables, promised, interval, kind)
        for name in ("spikes", "together"):
            count = sum(int(table[name].sum()) for table in tables)
            row[f"{name}, {kind}"] = f"{count / promised:.2f}"
    return row


def _with_interval(
    tables: Sequence[pd.DataFrame], promised: float, interval: str, kind: str
) -> str:
    """Write the ratio of alarms to promised ones, with its 95 % interval.

    Real coins jump together, so that their counts of one block are added up. Simulated markets
    are independent: each is a block.
    """
    if kind == "real":
        flags = pd.concat([table["alarms"] for table in tables])
        blocks = flags.groupby(flags.index.tz_localize(None).to_period(BLOCKS[interval])).sum()
        counts: Array = blocks.to_numpy(float)
    else:
        counts = np.array([table["alarms"].sum() for table in tables], float)
    error = float(np.sqrt(len(counts)) * counts.std(ddof=1)) / promised
    ratio = float(counts.sum()) / promised
    return f"{ratio:.2f} ({max(0, ratio - 1.96 * error):.2f}-{ratio + 1.96 * error:.2f})"


if __name__ == "__main__":
    main()
