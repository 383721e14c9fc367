"""A year of hourly ticks on the simulated market, in fast motion: does the record keep the promise?

    python -m benchmarks.ledger_year [--hours 8760] [--to FOLDER]

Each hour the ledger grades what is due and records the next 24 hours as the HAR regression
forecasts them. The regression is fitted once, on the year before. The forecasts are all made
beforehand, each from candles up to its origin alone; recording and grading go hour by hour.

With ``--to`` the ledger stays in a folder, as a home of the app for its pictures: it ends now, with
its last forecasts still open, says that its prices are simulated, and has two coins.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from cryptoforecast.forecasting.baselines import BASELINES
from cryptoforecast.ledger import grading, reading, verification
from cryptoforecast.ledger.database import Database
from cryptoforecast.ledger.store import Ledger
from cryptoforecast.prices import simulate
from cryptoforecast.types import Forecast, PriceHistory
from cryptoforecast.types.ledger import LedgerForecast, SeriesName
from cryptoforecast.types.ledger_record import anytime_sentence

HORIZON, FITTED = 24, 8760
_HOUR = pd.Timedelta(hours=1)


def main() -> None:
    """Print how often the ranges held, and whether anything was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=int, default=8760)
    parser.add_argument("--to", type=Path)
    options = parser.parse_args()
    hours, stays = options.hours, options.to is not None
    end = pd.Timestamp.now("UTC").floor("h")
    graded = 0 if stays else HORIZON
    histories = {
        coin: simulate(coin, "1h", end - (FITTED + hours + graded) * _HOUR, end)
        for coin in (("BTC", "ETH") if stays else ("BTC",))
    }
    forecasts = {coin: _forecasts(history, hours) for coin, history in histories.items()}
    begin, times = time.perf_counter(), histories["BTC"].candles.index
    now = times[FITTED]
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{(options.to or Path(folder)) / 'ledger.sqlite'}")
        ledger = Ledger(database, lambda: now)
        for row in range(hours + graded):
            now = times[FITTED + row] + _HOUR + pd.Timedelta(minutes=1)
            with database.reading() as connection:
                due = reading.due(connection, now, 10)
            outcomes = [
                grading.grade(one.position, one.forecast, histories[one.forecast.series.coin], now)
                for one in due
            ]
            ledger.grade([outcome for outcome in outcomes if outcome is not None])
            if row < hours:
                ledger.record(
                    [_entry(coin, forecasts[coin], row, simulated=stays) for coin in forecasts]
                )
        seconds = time.perf_counter() - begin
        with database.reading() as connection:
            series = reading.series(connection)[0]
            records = [reading.record(connection, series.name, step) for step in (1, HORIZON)]
            intact = verification.verify(connection).intact
        database.close()
    print(
        f"{hours:,} hours in {seconds:.0f} s: {series.recorded:,} recorded, "
        f"{series.settled:,} graded, {series.open} open, {series.void} void, intact: {intact}"
    )
    for record in records:
        for share in record.shares:
            print(
                f"step {record.step}: the {share.level} % range held {share.value:.1%} (exact "
                f"interval of {share.separate:,}: {share.low:.1%} to {share.high:.1%}), holds: "
                f"{share.holds}"
            )
        for verdict in record.verdicts:
            print(f"step {record.step}: {anytime_sentence(verdict)} {verdict.skill:+.2%}")


def _forecasts(history: PriceHistory, hours: int) -> dict[str, Forecast]:
    return {
        name: BASELINES[name]
        .fit(history, FITTED, HORIZON)
        .forecast(history, range(FITTED, FITTED + hours))
        for name in ("har", "naive", "cone")
    }


def _entry(
    coin: str, forecasts: dict[str, Forecast], row: int, *, simulated: bool
) -> LedgerForecast:
    har = forecasts["har"]
    prices = {name: each[row : row + 1].quantile_prices[0] for name, each in forecasts.items()}
    return LedgerForecast(
        series=SeriesName("har", "har", coin, "USD", "1h", simulated, HORIZON),
        made_at=har.origins[row],
        version="benchmark",
        fingerprint="0" * 16,
        source="simulated",
        origin=har.origins[row],
        last_close=float(np.float64(har.close[row])),
        quantiles=prices["har"],
        naive=prices["naive"],
        cone=prices["cone"],
    )


if __name__ == "__main__":
    main()
